//! Runs turns: takes waiting questions from the queue, one at a time per lane, at most as many as
//! there are model slots. Owns the queue, the running turns and their stop.
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

use crate::app::call::Sight;
use crate::app::ending::{Cancel, Ending, Next};
use crate::app::intake::BEYOND_LIMIT;
use crate::app::turn::run;
use crate::app::{Ctx, GRACE};
use crate::chat::{JobId, Lane, draft_of};
use crate::clock;
use crate::queue::{Queue, Waiting};
pub(crate) use desk::{Cancelled, Desk, Order, Orders};
pub(crate) use holds::Hold;
use holds::{Holds, Release};
use suspects::Turns;

/// Orders that may wait for the scheduler; beyond that the poll is slowed.
const ORDERS: usize = 256;

/// Turns that may wait for a key beside those that are answered; each keeps its context in memory.
const MOST_WAITING: usize = 64;

/// A turn under way.
struct Running {
    waiting: Waiting,
    cancel: Arc<Cancel>,
    sight: Arc<Sight>,
}

struct Scheduler {
    ctx: Arc<Ctx>,
    queue: Queue,
    turns: JoinSet<Ending>,
    running: HashMap<Id, Running>,
    holds: Holds,
    /// What ends made of jobs, on its way to the store.
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
                ending,
                taken,
                idle,
            } => self.cancel(lane, ending, taken, idle),
            Order::Stop { lane, draft } => self.stop(lane, draft),
            Order::Reask(job) => {
                let mut turns = self.running.values();
                if let Some(running) = turns.find(|running| running.waiting.job == job) {
                    running.cancel.end(Ending::Changed);
                }
            }
            Order::Jobs { lane, told } => {
                let running = self.running.values().map(|running| running.waiting);
                let running = running.filter(|running| running.lane == lane);
                let running = running.map(|running| running.job);
                drop(told.send(running.chain(self.queue.waiting_in(lane)).collect()));
            }
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
            running.cancel.end(Ending::Stopped);
            return;
        }
        let waiting = self.queue.waiting_in(lane).find(|job| is_meant(*job));
        if let Some(job) = waiting.filter(|job| self.queue.take(lane, *job)) {
            self.take_back(job);
        }
    }

    /// A job that was stopped and does not run leaves the inbox.
    fn take_back(&mut self, job: JobId) {
        let removed = run::take_back(&self.ctx, job);
        self.stored(removed);
    }

    /// Follows a change of a job that is on its way to the store.
    fn stored(&mut self, change: impl Future<Output = ()> + Send + 'static) {
        while self.changes.try_join_next().is_some() {}
        self.changes.spawn(change);
    }

    fn cancel(
        &mut self,
        lane: Lane,
        ending: Ending,
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
            running.cancel.end(ending);
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
        let cancel = Arc::<Cancel>::default();
        let sight = Arc::new(Sight::new());
        let turn = run::turn(
            Arc::clone(&self.ctx),
            waiting,
            Arc::clone(&cancel),
            Arc::clone(&sight),
        );
        let task = self.turns.spawn(turn);
        self.running.insert(
            task.id(),
            Running {
                waiting,
                cancel,
                sight,
            },
        );
    }

    fn ended(&mut self, ended: Result<(Id, Ending), JoinError>) {
        let id = match &ended {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        let Some(running) = self.running.remove(&id) else {
            return;
        };
        let waiting = running.waiting;
        let ending = match ended {
            Ok((_, ending)) => ending,
            Err(error) => run::panicked(&self.ctx, waiting.job, &error),
        };
        self.queue.done(waiting.lane);
        self.settle(&running, ending);
        self.holds.give(waiting.lane);
    }

    /// What becomes of the job of a turn that has ended.
    fn settle(&mut self, running: &Running, ending: Ending) {
        let waiting = running.waiting;
        match ending.next(running.cancel.wished(), waiting.past) {
            Next::Left => {}
            Next::Remove => self.take_back(waiting.job),
            Next::Stay => self.stored(run::rests(&self.ctx, waiting)),
            Next::Resume => {
                let seen = running.sight.so_far();
                self.stored(run::resumes(&self.ctx, waiting, seen));
            }
            Next::Again(past) => {
                if ending == Ending::Panicked {
                    self.stored(run::rests(&self.ctx, waiting));
                }
                self.obey(Order::Ask(Waiting { past, ..waiting }));
            }
        }
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
            self.settle(running, Ending::Interrupted);
        }
        let stored = async { while self.changes.join_next().await.is_some() {} };
        if timeout(GRACE, stored).await.is_err() {
            warn!("the data file is slow, interrupted turns may not be marked");
        }
    }
}
