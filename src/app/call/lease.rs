//! From a question to a key that may be called: the queue, the place for a call, and the unit on disk.
//!
//! Invariant: whoever waits holds no place for a call, and a unit is stored before it is spent.

use std::sync::Arc;
use std::time::Duration;

use log::debug;
use tokio::time::{sleep_until, timeout_at};

use super::{Call, Queued};
use crate::app::ending::Ending;
use crate::app::engine::lending::{Asked, Step, Waiter};
use crate::chat::answer::Failure;
use crate::clock;
use crate::gemini::slots::Slot;
use crate::keys::{Lease, Pool, Wait, Why};
use crate::store::StoreError;

/// A unit is stored again where storing it took this long or longer.
const FRESH: Duration = Duration::from_millis(200);
/// How often at the most, for a disk that is always slow.
const MOST_JOURNALED: u32 = 3;

impl Call<'_> {
    /// A place for the call.
    async fn slot(&self) -> Result<Slot, Ending> {
        tokio::select! {
            biased;
            ending = self.question.view.cancel.cancelled() => Err(ending),
            slot = timeout_at(self.question.deadline, self.slots.take()) => {
                slot.map_err(|_late| Failure::TooSlow.into())
            }
        }
    }

    /// Lends a key and stores the unit it costs; waits in the queue for one that is free in time.
    /// Whoever waits there holds no place for a call, and what is counted waits for none.
    pub(super) async fn lease(&mut self) -> Result<Result<(Slot, Lease), Ending>, StoreError> {
        let mut held = None;
        while clock::instant() < self.question.deadline {
            let lease = match self.engine.lending.reserve(self.route.ask()) {
                Asked::Lent(lease) => lease,
                Asked::Refused(wait) => return Ok(Err(why_not(wait).into())),
                Asked::Queued(waiter) => {
                    held = None;
                    match self.wait(waiter).await {
                        Ok(lease) => lease,
                        Err(ending) => return Ok(Err(ending)),
                    }
                }
            };
            let Some(slot) = held.take().or_else(|| self.slots.try_take()) else {
                self.give_back(lease);
                match self.slot().await {
                    Ok(slot) => held = Some(slot),
                    Err(ending) => return Ok(Err(ending)),
                }
                self.route.renew_patience(clock::steady());
                continue;
            };
            match self.journal(lease).await? {
                Some(lease) => return Ok(Ok((slot, lease))),
                None => held = Some(slot),
            }
        }
        Ok(Err(Failure::TooSlow.into()))
    }

    /// Waits in the queue, and lets whoever watches know at which place. Whoever only waits there is no
    /// suspect when the bot dies.
    async fn wait(&mut self, mut waiter: Waiter<'_>) -> Result<Lease, Ending> {
        let run = self.question.run;
        if std::mem::take(&mut self.is_marked) {
            drop(self.engine.store.write_soon(move |rows| run.stops(rows)));
        }
        let visible = &self.question.view.sight.visible;
        let ended = loop {
            let place = waiter.place();
            debug!(why:? = place.why, ahead = place.ahead; "waiting for a key");
            visible.send_modify(|visible| {
                visible.queued = Some(Queued {
                    ahead: place.ahead,
                    wakes: place.wakes,
                });
            });
            tokio::select! {
                biased;
                ending = self.question.view.cancel.cancelled() => break Err(ending),
                () = sleep_until(self.question.deadline) => break Err(Failure::TooSlow.into()),
                step = waiter.step() => match step {
                    Step::Lent(lease) => break Ok(lease),
                    Step::Waits => {}
                    Step::Over => {
                        let wait = self.engine.lending.why_not(self.route.ask());
                        break Err(why_not(wait).into());
                    }
                },
            }
        };
        visible.send_modify(|visible| visible.queued = None);
        ended
    }

    /// Stores the unit: a crash after this may count it without a call, never a call without it.
    /// `None` when the key must not be called any more. Where storing took long, the unit is stored
    /// again as of the moment it is spent.
    async fn journal(&mut self, mut lease: Lease) -> Result<Option<Lease>, StoreError> {
        for _ in 0..MOST_JOURNALED {
            if let Err(error) = self.store_unit(&lease).await {
                self.give_back(lease);
                return Err(error);
            }
            let counted = lease.at;
            let leaves = |pool: &mut Pool| pool.leave(&mut lease, clock::now());
            if !self.engine.lending.with(leaves) {
                self.give_back(lease);
                return Ok(None);
            }
            if lease.at.since(counted) < FRESH {
                break;
            }
        }
        Ok(Some(lease))
    }

    /// Stores the counters of a lease, and whatever else has no commit of its own.
    async fn store_unit(&mut self, lease: &Lease) -> Result<(), StoreError> {
        let bucket = (lease.project, lease.model.clone());
        let unsaved = Arc::new(self.engine.lending.with(Pool::take_unsaved));
        let (engine, changes) = (Arc::clone(self.engine), Arc::clone(&unsaved));
        let run = (!self.is_marked).then_some(self.question.run);
        let stored = self.engine.store.write(move |rows| {
            run.map_or(Ok(()), |run| run.begins(rows))?;
            engine.put_ledger(rows, &bucket)?;
            engine.put_changes(rows, &changes)
        });
        let stored = stored.await;
        if stored.is_err() {
            let kept = unsaved.to_vec();
            self.engine.lending.with(|pool| pool.keep_unsaved(kept));
        }
        stored?;
        self.is_marked = true;
        Ok(())
    }

    /// Returns a lease whose call never left. The stored row keeps the unit: over, never under.
    pub(super) fn give_back(&self, lease: Lease) {
        self.engine.lending.with(|pool| drop(pool.refund(lease)));
    }
}

/// The sentence for a question that gets no key.
pub(super) fn why_not(wait: Wait) -> Failure {
    let wakes = wait.until.map(|until| until.since(clock::now()));
    match wait.why {
        Why::Slots
        | Why::Minute
        | Why::Cooldown
        | Why::Day
        | Why::SpendingCap
        | Why::Money
        | Why::Line => Failure::CoolingDown { wakes },
        Why::Endpoint => Failure::Misconfigured,
        Why::Model | Why::Address | Why::Retries => Failure::Overloaded { wakes },
        Why::Region => Failure::Region,
        Why::TooLarge { limit } => Failure::OverMinute { limit },
        Why::Missing | Why::Dead | Why::NoKeys => Failure::NoKeys,
    }
}
