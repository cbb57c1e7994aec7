//! The operations that wait for the writer thread. Owns the queue and the phase of the store's
//! life. Invariant: what goes in comes out in the same order, and after [`Waiting::begin_close`]
//! nothing more goes in.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::{Semaphore, TryAcquireError, oneshot};

use super::StoreError;
use super::write::Write;

/// Operations that share one commit at most.
const BATCH: usize = 256;

/// Operations that may wait; whoever brings one more waits for room.
const LIMIT: usize = 4096;

/// How long operations that can wait do so for others to share their commit.
const SHARE: Duration = Duration::from_millis(40);

/// How long [`Waiting::close`] waits for the writer.
const CLOSE_PATIENCE: Duration = Duration::from_secs(10);

/// Whether an operation wants its commit at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    Now,
    Soon,
}

/// An operation of any result, as the queue keeps it.
pub(super) trait Op: Send {
    /// Runs it within a transaction; keeps the result until it is committed.
    fn run(&mut self, write: &mut Write<'_>) -> Result<(), StoreError>;
    /// Tells whoever waits how it ended.
    fn answer(self: Box<Self>, outcome: Result<(), StoreError>);
}

/// Where the answer to an operation comes from.
pub(super) type Answer<T> = oneshot::Receiver<Result<T, StoreError>>;

struct Task<T, F> {
    op: F,
    result: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Op for Task<T, F>
where
    T: Send,
    F: Fn(&mut Write<'_>) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, write: &mut Write<'_>) -> Result<(), StoreError> {
        self.result = Some((self.op)(write)?);
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Self { result, reply, .. } = *self;
        let answer = outcome.and_then(|()| result.ok_or(StoreError::Closed));
        // Nobody has to wait for the answer.
        drop(reply.send(answer));
    }
}

/// An operation for the queue, and where its answer will come from.
pub(super) fn task<T, F>(op: F) -> (Box<dyn Op>, Answer<T>)
where
    T: Send + 'static,
    F: Fn(&mut Write<'_>) -> Result<T, StoreError> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let task = Task {
        op,
        result: None,
        reply,
    };
    (Box::new(task), answer)
}

/// The queue between the callers and the writer thread.
pub(super) struct Waiting {
    queue: Mutex<Queue>,
    /// A permit for each operation more that may wait; closed when none may any more.
    room: Semaphore,
    wake: Condvar,
    ended: Condvar,
}

struct Queue {
    ops: VecDeque<(Pace, Box<dyn Op>)>,
    /// How many of them want their commit at once.
    urgent: usize,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    Closing,
    Closed,
}

/// The writer is to end.
pub(super) struct Stopped;

impl Waiting {
    pub(super) fn new() -> Self {
        Self {
            queue: Mutex::new(Queue {
                ops: VecDeque::new(),
                urgent: 0,
                phase: Phase::Open,
            }),
            room: Semaphore::new(LIMIT),
            wake: Condvar::new(),
            ended: Condvar::new(),
        }
    }

    /// Queues an operation, or gives it back when there is no room.
    pub(super) fn submit(&self, pace: Pace, op: Box<dyn Op>) -> Result<(), Box<dyn Op>> {
        match self.room.try_acquire() {
            Ok(permit) => permit.forget(),
            Err(TryAcquireError::NoPermits) => return Err(op),
            // It will be told that the store is closed.
            Err(TryAcquireError::Closed) => {}
        }
        self.push(pace, op);
        Ok(())
    }

    /// Queues an operation as soon as there is room.
    pub(super) async fn submit_in_turn(&self, pace: Pace, op: Box<dyn Op>) {
        if let Ok(permit) = self.room.acquire().await {
            permit.forget();
        }
        self.push(pace, op);
    }

    /// Takes an operation that has its permit; the one who takes it out gives the permit back.
    fn push(&self, pace: Pace, op: Box<dyn Op>) {
        let mut queue = self.queue.lock();
        if queue.phase == Phase::Open {
            queue.urgent += usize::from(pace == Pace::Now);
            queue.ops.push_back((pace, op));
            self.wake.notify_all();
        } else {
            op.answer(Err(StoreError::Closed));
        }
    }

    /// Waits for operations and takes those that share the next commit, or none when nothing came
    /// for so long; `None` at the end.
    pub(super) fn next_batch(&self, idle_for: Duration) -> Option<Vec<Box<dyn Op>>> {
        let mut queue = self.queue.lock();
        let idle = |queue: &mut Queue| queue.ops.is_empty() && queue.phase == Phase::Open;
        if self
            .wake
            .wait_while_for(&mut queue, idle, idle_for)
            .timed_out()
        {
            return Some(Vec::new());
        }
        let patient = |queue: &mut Queue| {
            queue.urgent == 0 && queue.ops.len() < BATCH && queue.phase == Phase::Open
        };
        self.wake.wait_while_for(&mut queue, patient, SHARE);
        let count = queue.ops.len().min(BATCH);
        let taken: Vec<_> = queue.ops.drain(..count).collect();
        let urgent = taken.iter().filter(|(pace, _)| *pace == Pace::Now).count();
        queue.urgent = queue.urgent.saturating_sub(urgent);
        drop(queue);
        self.room.add_permits(count);
        if taken.is_empty() {
            return None;
        }
        Some(taken.into_iter().map(|(_, op)| op).collect())
    }

    /// Lets the writer pause; cut short when it is to end.
    pub(super) fn rest(&self, pause: Duration) -> Result<(), Stopped> {
        let mut queue = self.queue.lock();
        let open = |queue: &mut Queue| queue.phase == Phase::Open;
        let waited = self.wake.wait_while_for(&mut queue, open, pause);
        if waited.timed_out() {
            Ok(())
        } else {
            Err(Stopped)
        }
    }

    /// Takes no more operations; the writer ends after those that wait.
    pub(super) fn begin_close(&self) {
        let mut queue = self.queue.lock();
        if queue.phase == Phase::Open {
            queue.phase = Phase::Closing;
        }
        self.room.close();
        self.wake.notify_all();
    }

    /// Waits until everything that waited is committed and the writer has ended.
    pub(super) fn close(&self) -> Result<(), StoreError> {
        self.begin_close();
        let mut queue = self.queue.lock();
        let running = |queue: &mut Queue| queue.phase != Phase::Closed;
        let waited = self
            .ended
            .wait_while_for(&mut queue, running, CLOSE_PATIENCE);
        if waited.timed_out() {
            return Err(StoreError::Unavailable);
        }
        Ok(())
    }

    /// Says that the writer has ended.
    pub(super) fn end(&self) {
        let mut queue = self.queue.lock();
        queue.phase = Phase::Closed;
        queue.ops.clear();
        self.ended.notify_all();
    }
}
