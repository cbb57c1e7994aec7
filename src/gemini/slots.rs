//! The slots in which model calls run. Each has a thread, and an agent of its own, because shutting
//! an agent down is the only way to end a blocked call at once.
//!
//! Owner: [`Slots`] holds the threads and the agents that wait for their next call. Invariant: an
//! agent is either in one slot or in the free list, and one that was shut down is in neither; so a
//! canceller can never reach a later call.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{self, Instant};
use crate::http::{Fault, Limits, Transport};
use crate::threads::{Panicked, Pool, Thread};
use parking_lot::Mutex;
use tokio::sync::oneshot;

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
    threads: Pool,
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
    /// Absent on the thread itself. Given back after the agent, which makes a waiting call find it.
    thread: Option<Thread>,
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
    /// As many slots as the pool has threads.
    pub(crate) fn new(transport: Transport, threads: Pool) -> Self {
        let shared = Shared {
            transport,
            threads,
            idle: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Waits for a free slot, first come first served. Safe to drop while waiting.
    pub(crate) async fn take(&self) -> Slot {
        self.slot(self.shared.threads.take().await)
    }

    /// A slot that is free now, if nobody waits for one.
    pub(crate) fn try_take(&self) -> Option<Slot> {
        Some(self.slot(self.shared.threads.try_take()?))
    }

    fn slot(&self, thread: Thread) -> Slot {
        let idle = self.shared.idle.lock().pop();
        let agent = idle.map_or_else(|| self.shared.transport.agent(LIMITS), |idle| idle.agent);
        Slot {
            agent,
            fate: Arc::new(Mutex::new(Fate::Running)),
            home: Arc::clone(&self.shared),
            thread: Some(thread),
        }
    }

    /// Lets go of agents that have been idle for over a minute.
    pub(crate) fn prune(&self, now: Instant) {
        let mut idle = self.shared.idle.lock();
        idle.retain(|idle| now.saturating_duration_since(idle.since) <= IDLE);
        idle.shrink_to_fit();
    }

    /// How many slots are free; a cancelled one is not until its thread has ended the call.
    #[cfg(test)]
    pub(crate) fn free(&self) -> usize {
        self.shared.threads.free()
    }
}

impl Slot {
    /// Runs the calls of this slot on its thread, and then tells their end, by when the slot is free
    /// again. They go on when nobody waits for them any more.
    pub(crate) fn run_then<T, F, G>(mut self, work: F, tell: G)
    where
        T: 'static,
        F: FnOnce(Self) -> T + Send + 'static,
        G: FnOnce(T) + Send + 'static,
    {
        if let Some(thread) = self.thread.take() {
            thread.run_then(move || work(self), tell);
        }
    }

    /// As [`Slot::run_then`], for one who waits.
    pub(crate) fn run<T, F>(self, work: F) -> impl Future<Output = Result<T, Panicked>>
    where
        T: Send + 'static,
        F: FnOnce(Self) -> T + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        self.run_then(work, move |done| drop(answer.send(done)));
        async move { answered.await.map_err(|_gone| Panicked) }
    }

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
        let transport = Transport::new(None, IpFamily::Auto, None).unwrap();
        Slots::new(transport, Pool::new("test", size).unwrap())
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
        assert_eq!(slots.free(), 0);
        canceller.cancel();
        assert_eq!(call.join().unwrap(), Fault::ShutDown);
        hung.join().unwrap();
        assert_eq!((slots.free(), idle(&slots)), (1, 0));
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
        assert_eq!(slots.free(), 0);
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
