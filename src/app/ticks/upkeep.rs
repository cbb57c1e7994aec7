//! Upkeep that nobody waits for: prunes what is old, and has what is due done. Each step is bounded, so that it occupies the
//! writer only for a moment.

use std::sync::Arc;
use std::time::Duration;

use log::{debug, warn};
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::app::Ctx;
use crate::app::engine::Backend;
use crate::app::intake::journal::SEEN_FOR;
use crate::app::ticks::grants::Walk;
use crate::app::ticks::retest;
use crate::clock::{self, Timestamp};
use crate::keys::pacific;
use crate::people::person::Held;
use crate::people::usage::DAYS_KEPT;
use crate::store::{Pending, Read, StoreError, Unseen};

const TICK: Duration = Duration::from_mins(1);
/// How often dead keys are retested whose time has come, the first of which may be due after a minute,
/// and grants ended whose days are over.
const LOOK: Duration = Duration::from_secs(20);
const DAY: Duration = Duration::from_hours(24);
/// Most steps of one pruning in one tick: enough to keep up with the busiest bot.
const STEPS: u32 = 200;

/// Ticks until `stop`.
pub(crate) async fn run(ctx: Arc<Ctx>, stop: CancellationToken) -> anyhow::Result<()> {
    let mut grants = Walk::default();
    loop {
        let slow = async {
            for _ in 0..TICK.as_secs() / LOOK.as_secs() {
                sleep(LOOK).await;
                retest::look_at_due(&ctx.engine).await;
                grants.goes_on(&ctx).await;
            }
            tick(&ctx).await;
        };
        if stop.run_until_cancelled(slow).await.is_none() {
            return Ok(());
        }
    }
}

async fn tick(ctx: &Ctx) {
    match &ctx.engine.backend {
        Backend::Gemini { slots, .. } => slots.prune(clock::instant()),
        Backend::Offline => {}
    }
    let (spool, store) = (ctx.engine.spool.clone(), ctx.engine.store.clone());
    let swept = spawn_blocking(move || spool.sweep(|| store.read_now(Read::outgoing_files)));
    if let Ok(Err(error)) = swept.await {
        warn!(err:% = error; "files that nobody is sent are not cleared away");
    }
    if clock::is_confirmed() {
        prune(ctx, clock::now()).await;
    }
}

/// Removes what is old, only while Telegram agrees with our clock: what is removed by a wrong one
/// is lost.
async fn prune(ctx: &Ctx, now: Timestamp) {
    let store = &ctx.engine.store;
    let before = now.before(SEEN_FOR);
    let seen = repeat(|| store.write_soon(move |rows| rows.prune_seen(before)));
    report("update ids", seen.await);
    let before = now.before(DAY * ctx.engine.settings().config.data.history_days);
    let rounds = repeat(|| store.write_soon(move |rows| rows.prune_history(before)));
    report("rounds", rounds.await);
    let settings = ctx.engine.settings();
    let data = &settings.config.data;
    let unseen = Unseen {
        // A restored backup has to be told who was forgotten.
        since: now.before(DAY * data.history_days.max(data.backup_keep)),
        owners: settings.owners.clone(),
        held_since: now.before(Held::KEPT),
    };
    let persons = repeat(|| {
        let unseen = unseen.clone();
        store.write_soon(move |rows| rows.prune_persons(&unseen))
    });
    report("people", persons.await);
    let today = settings.today(now).number;
    let days = repeat(|| store.write_soon(move |rows| rows.prune_days(today - DAYS_KEPT)));
    report("days of people", days.await);
    let looked_at = repeat(|| store.write_soon(move |rows| rows.prune_looked_at(today - 1)));
    report("days of files", looked_at.await);
    let today = pacific::day_of(now).number;
    let had = repeat(|| store.write_soon(move |rows| rows.prune_had(today - 1)));
    report("shares of keys", had.await);
}

/// Repeats a step, each a commit of its own, while it finds something to remove; returns how much
/// that was.
async fn repeat(step: impl Fn() -> Pending<u64>) -> Result<u64, StoreError> {
    let mut removed = 0;
    for _ in 0..STEPS {
        match step().await? {
            0 => break,
            more => removed += more,
        }
    }
    Ok(removed)
}

fn report(what: &'static str, pruned: Result<u64, StoreError>) {
    match pruned {
        Ok(0) => {}
        Ok(rows) => debug!(what, rows; "old rows pruned"),
        Err(error) => warn!(what, err:% = error; "old rows not pruned"),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::store::{Open, Store};

    /// Steps taken, and what they removed, when each of the first `full` finds 1,000 rows.
    async fn repeated(full: u32) -> (u32, u64) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("bot.redb"), Open::CreateIfMissing).unwrap();
        let taken = Cell::new(0);
        let step = || {
            taken.set(taken.get() + 1);
            let found = if taken.get() <= full { 1000 } else { 0 };
            store.write(move |_| Ok(found))
        };
        let removed = repeat(step).await.unwrap();
        (taken.get(), removed)
    }

    #[tokio::test]
    async fn a_step_is_repeated_until_it_finds_nothing_and_not_without_end() {
        assert_eq!(repeated(0).await, (1, 0));
        assert_eq!(repeated(3).await, (4, 3000));
        assert_eq!(repeated(u32::MAX).await, (200, 200_000));
    }
}
