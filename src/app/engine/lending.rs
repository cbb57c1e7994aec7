//! The shell around the key pool: its one mutex (never held over `.await`), and those who wait in
//! its line.
//!
//! Invariant: a lease that was granted is handed to whoever waits for it, or given back.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};
use tokio::time::sleep;

use crate::clock::{self, Reading};
use crate::keys::{Ask, Lease, Place, Pool, Reserved, Ticket, Wait};

/// A wait is never so short that waiting turns into a busy loop.
const SHORTEST_WAIT: Duration = Duration::from_millis(5);

/// The pool with those who wait.
pub(crate) struct Lending {
    inner: Mutex<Inner>,
    /// Reads the clock, always while the pool is held: readings reach it in their order.
    read: fn() -> Reading,
    /// Somebody began to wait.
    joined: Notify,
}

struct Inner {
    pool: Pool,
    waiting: HashMap<Ticket, oneshot::Sender<Lease>>,
}

/// What became of a wish for a key.
pub(crate) enum Asked<'a> {
    Lent(Lease),
    Queued(Waiter<'a>),
    Refused(Wait),
}

/// Somebody in the line; dropping it leaves the line.
pub(crate) struct Waiter<'a> {
    lending: &'a Lending,
    place: Place,
    granted: oneshot::Receiver<Lease>,
}

impl Lending {
    pub(crate) fn new(pool: Pool) -> Self {
        Self::by(clock::reading, pool)
    }

    /// One that goes by this clock.
    fn by(read: fn() -> Reading, pool: Pool) -> Self {
        Self {
            read,
            inner: Mutex::new(Inner {
                pool,
                waiting: HashMap::new(),
            }),
            joined: Notify::new(),
        }
    }

    /// Does something with the pool, and hands out what that has freed.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut Pool) -> R) -> R {
        let mut inner = self.inner.lock();
        let result = act(&mut inner.pool);
        inner.hand_out(self.read);
        result
    }

    /// Counts a call and lends the key for it, or lets the question wait in the line.
    pub(crate) fn reserve(&self, ask: &Ask) -> Asked<'_> {
        let mut inner = self.inner.lock();
        let mut rng = fastrand::Rng::new();
        let asked = match inner.pool.reserve(ask, (self.read)(), &mut rng) {
            Reserved::Lent(lease) => Asked::Lent(lease),
            Reserved::Refused(wait) => Asked::Refused(wait),
            Reserved::Queued(place) => {
                let (grant, granted) = oneshot::channel();
                inner.waiting.insert(place.ticket, grant);
                self.joined.notify_one();
                Asked::Queued(Waiter {
                    lending: self,
                    place,
                    granted,
                })
            }
        };
        inner.hand_out(self.read);
        asked
    }

    /// What stands in the way of a question now.
    pub(crate) fn why_not(&self, ask: &Ask) -> Wait {
        let mut rng = fastrand::Rng::new();
        self.with(|pool| pool.why_not(ask, (self.read)(), &mut rng))
    }

    /// How many wait in the line.
    pub(crate) fn waiting(&self) -> usize {
        self.inner.lock().waiting.len()
    }

    /// Comes back when somebody has begun to wait since the last time. For one listener; safe to
    /// drop.
    pub(crate) async fn somebody_waits(&self) {
        self.joined.notified().await;
    }

    /// Serves the line and says where somebody stands then; none: served, or too late.
    fn look(&self, ticket: Ticket) -> Option<Place> {
        let mut inner = self.inner.lock();
        inner.hand_out(self.read);
        inner.pool.place(ticket, (self.read)())
    }
}

impl Inner {
    fn hand_out(&mut self, read: fn() -> Reading) {
        if self.waiting.is_empty() {
            return;
        }
        let mut rng = fastrand::Rng::new();
        for (ticket, lease) in self.pool.tick(read(), &mut rng) {
            let waiter = self.waiting.remove(&ticket);
            let unclaimed = match waiter {
                Some(waiter) => waiter.send(lease).err(),
                None => Some(lease),
            };
            if let Some(lease) = unclaimed {
                let _row = self.pool.refund(lease);
            }
        }
        for ticket in self.pool.take_hopeless() {
            // Without a sender the wait is over.
            self.waiting.remove(&ticket);
        }
    }
}

impl Waiter<'_> {
    /// Where it stands.
    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// Waits until the lease is there, or until it is time to look where one stands.
    pub(crate) async fn step(&mut self) -> Step {
        let look = self.place.look.since((self.lending.read)().steady);
        let look = look.max(SHORTEST_WAIT);
        tokio::select! {
            biased;
            lease = &mut self.granted => lease.map_or(Step::Over, Step::Lent),
            () = sleep(look) => {
                match self.lending.look(self.place.ticket) {
                    Some(place) => {
                        self.place = place;
                        Step::Waits
                    }
                    None => match self.granted.try_recv() {
                        Ok(lease) => Step::Lent(lease),
                        Err(_) => Step::Over,
                    },
                }
            }
        }
    }
}

/// What a while of waiting has brought.
pub(crate) enum Step {
    Lent(Lease),
    Waits,
    /// Its patience is over.
    Over,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut inner = self.lending.inner.lock();
        inner.waiting.remove(&self.place.ticket);
        inner.pool.withdraw(self.place.ticket);
        if let Ok(lease) = self.granted.try_recv() {
            let _row = inner.pool.refund(lease);
        }
        inner.hand_out(self.lending.read);
    }
}

#[cfg(test)]
mod tests;
