//! Ends the grants whose days are over although nobody has written: the registry is walked step by
//! step, so that neither its size nor how many end at once keeps anybody waiting.
//!
//! Invariant: whoever walks long enough gets round the whole registry.

use log::{info, warn};

use crate::app::Ctx;
use crate::app::expired::Expired;
use crate::chat::UserId;
use crate::clock;
use crate::store::{GrantsOver, StoreError};

/// Rows that one step looks at: as much as takes a few milliseconds.
const LOOKED: usize = 1000;
/// Steps at a time. A walk of three a minute sees each of 15,000 people every minute.
const STEPS: usize = 5;

/// A walk through the registry.
#[derive(Default)]
pub(super) struct Walk {
    /// Where it goes on; `None`: at the front.
    next: Option<UserId>,
}

impl Walk {
    /// A few steps on, at most once round; only while Telegram agrees with our clock, as a grant that
    /// a wrong one ends is lost.
    pub(super) async fn goes_on(&mut self, ctx: &Ctx) {
        for _ in 0..STEPS {
            if !clock::is_confirmed() {
                return;
            }
            match self.step(ctx).await {
                Ok(()) => {}
                Err(error) => return warn!(err:% = error; "grants that are over not ended"),
            }
            if self.next.is_none() {
                return;
            }
        }
    }

    async fn step(&mut self, ctx: &Ctx) -> Result<(), StoreError> {
        let (now, from) = (clock::now(), self.next);
        let store = &ctx.engine.store;
        let GrantsOver { over, next } = store
            .read(move |rows| rows.grants_over(from, LOOKED, now))
            .await?;
        self.next = next;
        let expired: Vec<Expired> = over
            .iter()
            .filter_map(|(id, row)| Expired::of(*id, row, now))
            .collect();
        if expired.is_empty() {
            return Ok(());
        }
        let settings = ctx.engine.settings();
        info!(grants = expired.len(); "grants are over");
        let stored = store.write(move |rows| {
            let told: Result<Vec<_>, StoreError> = expired
                .iter()
                .map(|one| one.enter(rows, &settings))
                .collect();
            Ok(told?.concat())
        });
        ctx.mail.push(&stored.await?).await;
        Ok(())
    }
}
