//! The slots in which model calls run. Each has an agent of its own, because shutting an agent
//! down is the only way to end a blocked call at once.
//!
//! Owner: [`Slots`] holds the permits and the agents that wait for their next call. Invariant: an
//! agent is either in one slot or in the free list, and one that was shut down is in neither; so a
//! canceller can never reach a later call.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clock::{self, Instant};
use crate::http::{Fault, Limits, Transport};

/// An agent unused for this long is let go; its connection is as good as closed by then.
const IDLE: Duration = Duration::from_mins(1);
/// Deadlines of last resort: the shell's own timers are shorter (first byte 60 s, then 20 s; a
/// stream of 300 s), so these only free a thread that nobody waits for.
const LIMITS: Limits = Limits {
    first_byte: Duration::from_secs(65),
    body: Some(Duration::from_secs(330)),
    between_bytes: Some(Duration::from_secs(65)),
    idle_connections: 1,
};

/// A fixed number of slots. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Slots {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    transport: Transport,
    permits: Arc<Semaphore>,
    #[cfg(test)]
    size: usize,
    /// Last in, first out: a warm connection is used again, and the rest age.
    idle: Mutex<Vec<Idle>>,
}

#[derive(Debug)]
struct Idle {
    agent: ureq::Agent,
    since: Instant,
}

/// The right to make one call after another, until it is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    agent: ureq::Agent,
    fate: Arc<Mutex<Fate>>,
    home: Arc<Shared>,
    /// Given back after the agent, which makes a waiting call find it.
    _permit: OwnedSemaphorePermit,
}

/// What becomes of a slot's agent; leaves `Running` once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Running,
    Cancelled,
    WentHome,
}

/// Ends the calls of one slot, from any thread.
#[derive(Debug, Clone)]
pub(crate) struct Canceller {
    agent: ureq::Agent,
    fate: Arc<Mutex<Fate>>,
}

impl Slots {
    pub(crate) fn new(transport: Transport, size: usize) -> Self {
        let shared = Shared {
            transport,
            permits: Arc::new(Semaphore::new(size)),
            #[cfg(test)]
            size,
            idle: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Waits for a free slot, first come first served. Take it before going to a blocking thread.
    /// Safe to drop while waiting.
    pub(crate) async fn take(&self) -> Slot {
        let permits = Arc::clone(&self.shared.permits);
        #[expect(clippy::expect_used, reason = "nobody closes the semaphore")]
        let permit = permits
            .acquire_owned()
            .await
            .expect("slots are never closed");
        self.slot(permit)
    }

    /// A slot that is free now, if nobody waits for one.
    pub(crate) fn try_take(&self) -> Option<Slot> {
        let permits = Arc::clone(&self.shared.permits);
        let permit = permits.try_acquire_owned().ok()?;
        Some(self.slot(permit))
    }

    fn slot(&self, permit: OwnedSemaphorePermit) -> Slot {
        let idle = self.shared.idle.lock().pop();
        let agent = idle.map_or_else(|| self.shared.transport.agent(LIMITS), |idle| idle.agent);
        Slot {
            agent,
            fate: Arc::new(Mutex::new(Fate::Running)),
            home: Arc::clone(&self.shared),
            _permit: permit,
        }
    }

    /// Lets go of agents that have been idle for over a minute.
    pub(crate) fn prune(&self, now: Instant) {
        let mut idle = self.shared.idle.lock();
        idle.retain(|idle| now.saturating_duration_since(idle.since) <= IDLE);
        idle.shrink_to_fit();
    }

    /// How many slots are taken; a cancelled one counts until its thread has ended.
    #[cfg(test)]
    pub(crate) fn in_use(&self) -> usize {
        let free = self.shared.permits.available_permits();
        self.shared.size.saturating_sub(free)
    }
}

impl Slot {
    pub(crate) fn canceller(&self) -> Canceller {
        Canceller {
            agent: self.agent.clone(),
            fate: Arc::clone(&self.fate),
        }
    }

    pub(super) const fn agent(&self) -> &ureq::Agent {
        &self.agent
    }

    /// A fault as it is to be judged: what we ended ourselves is nobody's fault.
    pub(super) fn own(&self, fault: Fault) -> Fault {
        match *self.fate.lock() {
            Fate::Cancelled => Fault::ShutDown,
            Fate::Running | Fate::WentHome => fault,
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut fate = self.fate.lock();
        if *fate == Fate::Running {
            *fate = Fate::WentHome;
            self.home.idle.lock().push(Idle {
                agent: self.agent.clone(),
                since: clock::instant(),
            });
        }
    }
}

impl Canceller {
    /// Ends the call under way at once (a name being resolved or a connection being made runs into
    /// its own short deadline), and lets the slot make no other. Does nothing once the slot was
    /// given back.
    pub(crate) fn cancel(&self) {
        let mut fate = self.fate.lock();
        if *fate == Fate::Running {
            *fate = Fate::Cancelled;
            drop(fate);
            self.agent.clone().shutdown();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::TcpListener;
    use std::sync::mpsc;
    use std::thread;

    use super::*;
    use crate::http::{IpFamily, fault};

    fn slots(size: usize) -> Slots {
        Slots::new(Transport::new(None, IpFamily::Auto, None).unwrap(), size)
    }

    fn idle(slots: &Slots) -> usize {
        slots.shared.idle.lock().len()
    }

    #[tokio::test]
    async fn a_hung_call_is_ended_and_its_slot_comes_back_with_another_agent() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (asked, asking) = mpsc::channel();
        let hung = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            assert!(stream.read(&mut [0; 64]).unwrap() > 0);
            asked.send(()).unwrap();
            // Never answers; ends when the other side closes.
            let mut rest = Vec::new();
            let _reset = stream.read_to_end(&mut rest);
        });
        let slots = slots(1);
        let slot = slots.take().await;
        let canceller = slot.canceller();
        let call = thread::spawn(move || {
            let error = slot.agent().get(url).call().unwrap_err();
            slot.own(fault(&error))
        });
        asking.recv().unwrap();
        assert_eq!(slots.in_use(), 1);
        canceller.cancel();
        assert_eq!(call.join().unwrap(), Fault::ShutDown);
        hung.join().unwrap();
        assert_eq!((slots.in_use(), idle(&slots)), (0, 0));
        let again = slots.take().await;
        assert_eq!(again.own(Fault::Closed), Fault::Closed);
    }

    #[tokio::test]
    async fn an_agent_goes_home_and_is_out_of_its_cancellers_reach() {
        let slots = slots(2);
        let first = slots.take().await;
        let canceller = first.canceller();
        drop(first);
        assert_eq!(idle(&slots), 1);
        let second = slots.take().await;
        assert_eq!(idle(&slots), 0);
        canceller.cancel();
        let closed = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let error = second.agent().get(format!("http://{closed}/")).call();
        assert_eq!(fault(&error.unwrap_err()), Fault::Connect);
    }

    #[tokio::test]
    async fn no_more_slots_are_given_than_there_are() {
        let slots = slots(1);
        let only = slots.take().await;
        let mut waiting = std::pin::pin!(slots.take());
        let polled =
            std::future::poll_fn(|cx| std::task::Poll::Ready(waiting.as_mut().poll(cx).is_ready()));
        assert!(!polled.await);
        drop(only);
        let _next = waiting.await;
        assert_eq!(slots.in_use(), 1);
    }

    #[tokio::test]
    async fn agents_that_idle_for_over_a_minute_are_let_go() {
        let slots = slots(3);
        let (first, second) = (slots.take().await, slots.take().await);
        drop((first, second));
        let now = clock::instant();
        slots.prune(now + IDLE / 2);
        assert_eq!(idle(&slots), 2);
        slots.prune(now + IDLE * 2);
        assert_eq!(idle(&slots), 0);
    }
}
