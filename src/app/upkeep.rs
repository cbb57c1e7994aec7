//! Slow ticks: what nobody waits for. Each step is bounded, so that it holds the writer only for a
//! moment.

use std::sync::Arc;
use std::time::Duration;

use log::{debug, warn};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::app::Ctx;
use crate::app::engine::Backend;
use crate::clock;

const TICK: Duration = Duration::from_mins(1);
/// Update ids are remembered for a day (design §2).
pub(super) const SEEN_FOR: Duration = Duration::from_hours(24);

/// Ticks until `stop`.
pub(crate) async fn run(ctx: Arc<Ctx>, stop: CancellationToken) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = sleep(TICK) => tick(&ctx).await,
        }
    }
}

async fn tick(ctx: &Ctx) {
    match &ctx.engine.backend {
        Backend::Gemini { slots, .. } => slots.prune(clock::instant()),
        Backend::Offline => {}
    }
    let before = clock::now().before(SEEN_FOR);
    match ctx
        .engine
        .store
        .write_soon(move |rows| rows.prune_seen(before))
        .await
    {
        Ok(0) => {}
        Ok(pruned) => debug!(rows = pruned; "old update ids forgotten"),
        Err(error) => warn!(err:% = error; "old update ids not forgotten"),
    }
}
