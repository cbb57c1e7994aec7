//! Threads for work that blocks, in pools of a bounded size: one each for model calls, sends and
//! reads of the store, so that no class of work starves another. An edge: it speaks to the system's
//! scheduler.
//!
//! Owner of the state: [`Pool`]. Invariants: a pool has one thread at least from its making on;
//! work begins only on a thread that exists; and where a thread cannot be made (a task limit), its
//! place is withdrawn for [`RETRY`] instead of a panic.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use log::{info, warn};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout_at;

use crate::clock::{self, Instant};

/// Stack of every thread; the deepest path, a TLS handshake under a model call, needs less.
pub(crate) const STACK: usize = if cfg!(debug_assertions) {
    2 << 20
} else {
    256 << 10
};
/// A thread that had nothing to do for so long ends, unless it is the last of its pool.
const IDLE: Duration = Duration::from_secs(15);
/// How long the place of a thread that could not be made is withdrawn.
const RETRY: Duration = Duration::from_secs(5);
/// Threads that a pool always keeps.
const CORE: usize = 1;

/// The work panicked; the panic is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("panicked")]
pub(crate) struct Panicked;

/// A pool of threads. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Pool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    name: &'static str,
    /// One for each thread that may be at work.
    permits: Arc<Semaphore>,
    state: Mutex<State>,
    /// Makes a thread; tests put one in that fails.
    spawn: fn(&Arc<Self>, u64, Receiver<Job>) -> io::Result<()>,
}

#[derive(Debug, Default)]
struct State {
    /// The last one in is the first one out, so that threads that are not needed grow idle and end.
    idle: Vec<Idle>,
    /// Threads, idle and at work.
    threads: usize,
    /// The number of the next thread.
    next: u64,
    withdrawn: Option<Withdrawn>,
}

/// Places without a thread.
#[derive(Debug, Clone, Copy)]
struct Withdrawn {
    places: usize,
    until: Instant,
}

/// The handle of a thread that waits for work.
#[derive(Debug, Clone)]
struct Idle {
    number: u64,
    jobs: SyncSender<Job>,
}

/// Work, with what comes back when it has ended.
struct Job {
    /// Gives back what is left to do once the thread is free again.
    work: Box<dyn FnOnce() -> Box<dyn FnOnce()> + Send>,
    thread: Idle,
    permit: OwnedSemaphorePermit,
}

/// A thread that was taken and waits for its work; given back when dropped.
#[derive(Debug)]
pub(crate) struct Thread {
    /// Absent once it has been given work.
    taken: Option<(Idle, OwnedSemaphorePermit)>,
    home: Weak<Shared>,
}

impl Pool {
    /// A pool of at most `size` threads, one of which is made at once.
    pub(crate) fn new(name: &'static str, size: usize) -> io::Result<Self> {
        Self::spawning(name, size, spawn)
    }

    fn spawning(
        name: &'static str,
        size: usize,
        spawn: fn(&Arc<Shared>, u64, Receiver<Job>) -> io::Result<()>,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            name,
            permits: Arc::new(Semaphore::new(size.max(CORE))),
            state: Mutex::default(),
            spawn,
        });
        let mut state = shared.state.lock();
        let first = shared.make(&mut state)?;
        state.idle.push(first);
        drop(state);
        Ok(Self(shared))
    }

    /// Waits for a thread, first come first served. Safe to drop while waiting.
    pub(crate) async fn take(&self) -> Thread {
        loop {
            let permit = self.0.permit().await;
            if let Some(thread) = self.0.thread(permit) {
                return thread;
            }
        }
    }

    /// A thread that is free now, if nobody waits for one.
    pub(crate) fn try_take(&self) -> Option<Thread> {
        self.0.offer_again();
        let permits = Arc::clone(&self.0.permits);
        self.0.thread(permits.try_acquire_owned().ok()?)
    }

    /// Runs work on a thread of the pool, as soon as there is one. Work that has begun goes on when
    /// nobody waits for it any more.
    pub(crate) async fn run<T, F>(&self, work: F) -> Result<T, Panicked>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.take().await.run(work).await
    }

    /// Places that are free; work that was cancelled counts until its thread has ended it.
    #[cfg(test)]
    pub(crate) fn free(&self) -> usize {
        self.0.permits.available_permits()
    }
}

impl Shared {
    /// Waits for a place. Whoever waits offers withdrawn places again when it is time: every thread
    /// there is may be at work for minutes.
    async fn permit(&self) -> OwnedSemaphorePermit {
        let mut place = pin!(Arc::clone(&self.permits).acquire_owned());
        loop {
            let look = self.offer_again();
            if let Ok(permit) = timeout_at(look, &mut place).await {
                #[expect(clippy::expect_used, reason = "nobody closes the semaphore")]
                return permit.expect("a pool never closes");
            }
        }
    }

    /// Gives back the places whose time has come; returns when to look again.
    fn offer_again(&self) -> Instant {
        self.give_back(&mut self.state.lock())
    }

    fn give_back(&self, state: &mut State) -> Instant {
        let now = clock::instant();
        if let Some(withdrawn) = state.withdrawn.take_if(|places| places.until <= now) {
            self.permits.add_permits(withdrawn.places);
        }
        // A place that is withdrawn after this wakes nobody.
        state.withdrawn.map_or(now + RETRY, |places| places.until)
    }

    /// A thread for this permit; without one the place is withdrawn for a while.
    fn thread(self: &Arc<Self>, permit: OwnedSemaphorePermit) -> Option<Thread> {
        let mut state = self.state.lock();
        self.give_back(&mut state);
        let idle = match state.idle.pop() {
            Some(idle) => idle,
            None => match self.make(&mut state) {
                Ok(made) => made,
                Err(error) => {
                    self.withdraw(&mut state, permit, &error);
                    return None;
                }
            },
        };
        Some(Thread {
            taken: Some((idle, permit)),
            home: Arc::downgrade(self),
        })
    }

    fn make(self: &Arc<Self>, state: &mut State) -> io::Result<Idle> {
        let (jobs, inbox) = sync_channel(1);
        let idle = Idle {
            number: state.next,
            jobs,
        };
        (self.spawn)(self, idle.number, inbox)?;
        state.next += 1;
        state.threads += 1;
        Ok(idle)
    }

    fn withdraw(&self, state: &mut State, permit: OwnedSemaphorePermit, error: &io::Error) {
        permit.forget();
        let until = clock::instant() + RETRY;
        let threads = state.threads;
        let withdrawn = state.withdrawn.get_or_insert_with(|| {
            warn!(pool = self.name, threads, err:% = error; "no thread can be made; fewer work at once");
            Withdrawn { places: 0, until }
        });
        withdrawn.places += 1;
    }

    /// Takes a thread back. Its permit is given back after this, so whoever gets it finds the thread.
    fn put_back(&self, idle: Idle) {
        self.state.lock().idle.push(idle);
    }

    /// Whether a thread that has waited for long may end.
    fn may_end(&self, number: u64) -> bool {
        let mut state = self.state.lock();
        let at = state.idle.iter().position(|idle| idle.number == number);
        match at {
            Some(at) if state.threads > CORE => {
                state.idle.remove(at);
                state.threads -= 1;
                true
            }
            // It was taken a moment ago, or is the last.
            Some(_) | None => false,
        }
    }
}

impl Thread {
    /// Runs work, within the runtime of the one who calls. It goes on when nobody waits for it any
    /// more.
    pub(crate) fn run<T, F>(self, work: F) -> impl Future<Output = Result<T, Panicked>>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        // Nobody may wait for it any more.
        self.run_then(work, move |done| drop(answer.send(done)));
        async move { answered.await.map_err(|_gone| Panicked) }
    }

    /// Runs work and then hands what came of it to `tell`, when the thread is free again: whoever
    /// needs a thread to act on it finds this one.
    pub(crate) fn run_then<T, F, G>(mut self, work: F, tell: G)
    where
        T: 'static,
        F: FnOnce() -> T + Send + 'static,
        G: FnOnce(T) + Send + 'static,
    {
        let runtime = Handle::try_current().ok();
        let work = Box::new(move || {
            let _within = runtime.as_ref().map(Handle::enter);
            let done = work();
            let runtime = runtime.clone();
            Box::new(move || {
                let _within = runtime.as_ref().map(Handle::enter);
                tell(done);
            }) as Box<dyn FnOnce()>
        });
        if let Some((thread, permit)) = self.taken.take() {
            let jobs = thread.jobs.clone();
            // A thread that was taken waits for exactly this; if it died, nobody is told.
            drop(jobs.try_send(Job {
                work,
                thread,
                permit,
            }));
        }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        if let (Some((idle, _permit)), Some(home)) = (self.taken.take(), self.home.upgrade()) {
            home.put_back(idle);
        }
    }
}

fn spawn(home: &Arc<Shared>, number: u64, inbox: Receiver<Job>) -> io::Result<()> {
    let builder = thread::Builder::new()
        .name(home.name.to_owned())
        .stack_size(STACK);
    let home = Arc::downgrade(home);
    builder.spawn(move || work(&home, number, &inbox))?;
    Ok(())
}

/// Works until the pool is gone, or has no use for this thread.
fn work(home: &Weak<Shared>, number: u64, inbox: &Receiver<Job>) {
    loop {
        match inbox.recv_timeout(IDLE) {
            Ok(Job {
                work,
                thread,
                permit,
            }) => {
                // The hook has logged a panic, and the caller sees that no answer comes.
                let told = catch_unwind(AssertUnwindSafe(work));
                if let Some(home) = home.upgrade() {
                    home.put_back(thread);
                }
                drop(permit);
                if let Ok(tell) = told {
                    drop(catch_unwind(AssertUnwindSafe(tell)));
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                if home.upgrade().is_none_or(|home| home.may_end(number)) {
                    return;
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Makes the blocking threads of a runtime once and for all: those that its own pool makes later
/// could fail to be made, and work would then wait for ever. `keep_alive` of the runtime is long.
pub(crate) fn warm_up(runtime: &Handle, threads: usize, patience: Duration) -> io::Result<()> {
    let gate = Arc::new(Mutex::new(()));
    let (there, count) = sync_channel(threads);
    let closed = gate.lock();
    for _ in 0..threads {
        let (gate, there) = (Arc::clone(&gate), there.clone());
        drop(runtime.spawn_blocking(move || {
            there.send(()).ok();
            // Kept until all are there, so that no thread takes the part of two.
            drop(gate.lock());
        }));
    }
    let all = (0..threads).all(|_| count.recv_timeout(patience).is_ok());
    drop(closed);
    if !all {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    info!(threads; "threads are ready");
    Ok(())
}

#[cfg(test)]
mod tests;
