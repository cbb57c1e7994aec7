//! What the Owners are told without asking: so far, of the disk and of keys.
//!
//! Invariant: a cause is told of once when it begins and once when it ends.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::watch::Receiver;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::app::Ctx;
use crate::chat::{ChatId, Outbound};
use crate::locale::{DiskNews, Language, Locale};
use crate::outgoing::Head;
use crate::store::Condition;

/// A disk that comes and goes is told of this often at the most.
const BETWEEN_NEWS: Duration = Duration::from_secs(10);

/// Tells the Owners when the data file cannot be written, and when it can again. The message itself
/// cannot be stored, so it goes without the outbox.
pub(crate) async fn run(ctx: Arc<Ctx>, stop: CancellationToken) -> anyhow::Result<()> {
    let mut condition = ctx.engine.store.condition();
    let mut told = Condition::Fine;
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            now = other_than(told, &mut condition) => told = now,
        }
        tell_owners(&ctx, told).await;
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = sleep(BETWEEN_NEWS) => {}
        }
    }
}

/// Hands the rows with news of keys to delivery.
pub(crate) async fn pass_on(
    ctx: Arc<Ctx>,
    mut of_keys: mpsc::Receiver<Head>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let passing = async {
        while let Some(head) = of_keys.recv().await {
            ctx.mail.push(&[head]).await;
        }
    };
    stop.run_until_cancelled(passing).await;
    stop.cancelled().await;
    Ok(())
}

/// The next condition that is another one; never comes once the store has closed.
async fn other_than(told: Condition, condition: &mut Receiver<Condition>) -> Condition {
    let now = condition.wait_for(|now| *now != told).await.map(|now| *now);
    match now {
        Ok(now) => now,
        Err(_) => std::future::pending().await,
    }
}

async fn tell_owners(ctx: &Ctx, condition: Condition) {
    let news = match condition {
        Condition::Fine => DiskNews::Fine,
        Condition::DiskFull => DiskNews::Full,
        Condition::Failing => DiskNews::Failing,
        // The bot is about to leave.
        Condition::Ended => return,
    };
    let config = &ctx.engine.settings().config;
    let text = Locale::of(Language::pick(config.language, None)).disk(news);
    for owner in &config.people.owners {
        let row = Outbound::message(ChatId(owner.0), None, text.to_owned());
        ctx.mail.pass(row).await;
    }
}
