//! Runs turns: takes waiting questions from the queue, one at a time per lane, at most as many as
//! there are model slots. Owns the queue and the set of the running turns; how one of them runs and
//! ends stands in `turn::run`.
//!
//! A command that changes its lane holds it meanwhile ([`Hold`]): nothing else waits for that.
//!
//! Invariant: whatever a turn does (ends, fails, panics), its lane is freed exactly once.

mod desk;
mod holds;
mod suspects;

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use log::{info, warn};
use tokio::sync::oneshot;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::app::ending::{Ending, Request};
use crate::app::turn::run::{self, After, Change, Running};
use crate::app::{Ctx, GRACE};
use crate::chat::{JobId, Lane, UserId, draft_of};
use crate::clock;
use crate::queue::{Queue, Waiting};
pub(crate) use desk::{Desk, Order, Orders};
pub(crate) use holds::{Cancelled, Hold};
use holds::{Holds, Release};
use suspects::Turns;

/// Questions beyond `QUEUE_LIMIT` that the queue takes all the same: a batch or two may be fetched
/// already when the limit is reached.
const BEYOND_LIMIT: usize = 200;

/// Turns that may wait for a key beside those that are answered; each keeps its context in memory.
const MOST_WAITING: usize = 64;

struct Scheduler {
    ctx: Arc<Ctx>,
    queue: Queue,
    turns: JoinSet<Ending>,
    running: HashMap<Id, Running>,
    holds: Holds,
    /// What follows from the ends of turns, on its way to the store.
    changes: JoinSet<()>,
    /// At most this many turns at once that do not wait for a key.
    room: usize,
    /// Whose time it is after a crash.
    suspects: Turns,
}

/// Runs until `stop`; then running turns get [`GRACE`] and the rest stays in the inbox.
pub(crate) async fn run(
    ctx: Arc<Ctx>,
    mut orders: Orders,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let settings = ctx.engine.settings();
    let limits = settings.config.limits;
    let group_parallel = NonZeroUsize::new(limits.group_parallel).unwrap_or(NonZeroUsize::MIN);
    let mut scheduler = Scheduler {
        suspects: Turns::new(clock::instant()),
        queue: Queue::new(
            limits.queue + BEYOND_LIMIT,
            group_parallel,
            settings.shares(),
        ),
        room: limits.in_flight,
        turns: JoinSet::new(),
        running: HashMap::new(),
        holds: Holds::default(),
        changes: JoinSet::new(),
        ctx: Arc::clone(&ctx),
    };
    loop {
        scheduler.start_what_fits();
        scheduler.tell_load();
        let wakes = scheduler.suspects.wakes(clock::instant());
        let has_suspects = scheduler.queue.has_suspects();
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(ended) = scheduler.turns.join_next_with_id() => scheduler.ended(ended),
            Some(release) = orders.released.recv() => scheduler.release(release),
            Some(order) = orders.asked.recv() => scheduler.obey(order),
            () = ctx.engine.lending.somebody_waits() => {}
            () = sleep_until(wakes), if has_suspects => {}
        }
    }
    scheduler.drain().await;
    Ok(())
}

impl Scheduler {
    fn obey(&mut self, order: Order) {
        match order {
            Order::Ask(waiting) => {
                if self.queue.push(waiting).is_err() {
                    // The poll stops long before; what got here all the same waits in the inbox.
                    warn!(job = waiting.job.0; "queue full, question left in the inbox");
                }
            }
            Order::Cancel {
                lane,
                request,
                taken,
                idle,
            } => self.cancel(lane, request, taken, idle),
            Order::Stop { lane, draft } => self.stop(lane, draft),
            Order::Discard { whose } => self.discard(whose),
            Order::Reask(job) => {
                let mut turns = self.running.values();
                if let Some(running) = turns.find(|running| running.waiting.job == job) {
                    running.cancel(Request::Changed);
                }
            }
            Order::Jobs { lane, told } => {
                let running = self.running.values().map(|running| running.waiting);
                let running = running.filter(|running| running.lane == lane);
                let running = running.map(|running| running.job);
                drop(told.send(running.chain(self.queue.waiting_in(lane)).collect()));
            }
            Order::Oldest(told) => drop(told.send(self.queue.oldest())),
            Order::Shares { persons, told } => {
                let share = |person| (person, self.queue.share_of(person));
                drop(told.send(persons.into_iter().map(share).collect()));
            }
        }
    }

    fn stop(&mut self, lane: Lane, draft: i32) {
        let is_meant = |job: JobId| draft_of(job) == draft;
        let mut turns = self.running.values_mut();
        let running =
            turns.find(|running| running.waiting.lane == lane && is_meant(running.waiting.job));
        if let Some(running) = running {
            running.cancel(Request::Stopped);
            return;
        }
        let waiting = self.queue.waiting_in(lane).find(|job| is_meant(*job));
        if let Some(job) = waiting.filter(|job| self.queue.take(lane, *job)) {
            let change = run::discard(&self.ctx, job);
            self.watch(change);
        }
    }

    fn discard(&mut self, whose: UserId) {
        for (lane, job) in self.queue.waiting_of(whose) {
            if self.queue.take(lane, job) {
                let change = run::discard(&self.ctx, job);
                self.watch(change);
            }
        }
        let turns = self.running.values();
        for running in turns.filter(|running| running.waiting.lane.is_of(whose)) {
            running.cancel(Request::Discarded);
        }
    }

    fn cancel(
        &mut self,
        lane: Lane,
        request: Request,
        taken: oneshot::Sender<Cancelled>,
        idle: oneshot::Sender<()>,
    ) {
        let waiting = self.queue.take_lane(lane);
        let mut turns = self.running.values_mut();
        let running = turns.find(|running| running.waiting.lane == lane);
        // Whoever asked may have been dropped at the stop.
        drop(taken.send(Cancelled {
            waiting,
            running: running.is_some(),
        }));
        let is_idle = running.is_none();
        if let Some(running) = running {
            running.cancel(request);
        }
        self.queue.hold(lane);
        self.holds.add(lane, idle);
        if is_idle {
            self.holds.give(lane);
        }
    }

    /// A command is done with its lane: it is the next one's, or what waits there goes on.
    fn release(&mut self, release: Release) {
        let lane = release.lane;
        if self.holds.remove(release) {
            self.queue.release(lane);
        } else if !self.runs(lane) {
            self.holds.give(lane);
        }
    }

    fn runs(&self, lane: Lane) -> bool {
        let mut turns = self.running.values();
        turns.any(|running| running.waiting.lane == lane)
    }

    fn tell_load(&self) {
        let load = &self.ctx.desk.load;
        load.waiting.store(self.queue.len(), Ordering::Relaxed);
        load.running.store(self.queue.running(), Ordering::Relaxed);
    }

    fn start_what_fits(&mut self) {
        // Who waits for a key does not hold up whom a free one waits for.
        let waiting = self.ctx.engine.lending.waiting().min(MOST_WAITING);
        let is_alone = |running: &Running| running.waiting.past.is_suspect();
        while self.running.len() < self.room + waiting && !self.running.values().any(is_alone) {
            let now = suspects::Now {
                at: clock::instant(),
                has_suspects: self.queue.has_suspects(),
                has_others: self.queue.has_ready(),
                is_idle: self.running.is_empty(),
            };
            let next = match self.suspects.next(now) {
                suspects::Next::Others => self.queue.pop(),
                suspects::Next::Suspect => self.queue.pop_suspect(),
                suspects::Next::Nobody => None,
            };
            let Some(waiting) = next else {
                break;
            };
            self.start(waiting);
        }
    }

    fn start(&mut self, waiting: Waiting) {
        if waiting.past.is_suspect() {
            info!(job = waiting.job.0, crashes = waiting.past.crashes; "a suspect of the crashes runs alone");
        }
        let running = Running::new(waiting);
        let task = self.turns.spawn(running.turn(&self.ctx));
        self.running.insert(task.id(), running);
    }

    fn ended(&mut self, ended: Result<(Id, Ending), JoinError>) {
        let (id, joined) = match ended {
            Ok((id, ending)) => (id, Ok(ending)),
            Err(error) => (error.id(), Err(error)),
        };
        let Some(running) = self.running.remove(&id) else {
            return;
        };
        let lane = running.waiting.lane;
        self.queue.done(lane);
        let ending = running.ending(&self.ctx, joined);
        self.follow(running.after(&self.ctx, ending));
        self.holds.give(lane);
    }

    fn follow(&mut self, after: After) {
        if let Some(change) = after.change {
            self.watch(change);
        }
        if let Some(waiting) = after.again {
            self.obey(Order::Ask(waiting));
        }
    }

    fn watch(&mut self, change: Change) {
        while self.changes.try_join_next().is_some() {}
        self.changes.spawn(change);
    }

    /// Lets running turns finish for a while. One that does not is begun again at the next start:
    /// the try that we broke off is not held against it, and what was read of it is kept.
    async fn drain(mut self) {
        let rest = async {
            while let Some(ended) = self.turns.join_next_with_id().await {
                self.ended(ended);
            }
        };
        if timeout(GRACE, rest).await.is_ok() {
            return;
        }
        let left = std::mem::take(&mut self.running);
        info!(turns = left.len(); "turns left to the next start");
        self.turns.abort_all();
        for running in left.values() {
            self.follow(running.after(&self.ctx, Ending::Interrupted));
        }
        let stored = async { while self.changes.join_next().await.is_some() {} };
        if timeout(GRACE, stored).await.is_err() {
            warn!("the data file is slow, interrupted turns may not be marked");
        }
    }
}
