//! Runs turns: takes waiting questions from the queue, one at a time per lane, at most as many as
//! there are model slots. Owns the queue, the running turns and their stop.
//!
//! A command that changes its lane holds it meanwhile ([`Hold`]): nothing else waits for that.
//!
//! Invariant: whatever a turn does (ends, fails, panics), its lane is freed exactly once.

mod desk;
mod ended;
mod holds;
mod one;
mod suspects;

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use log::{error, info, warn};
use tokio::sync::oneshot;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::app::call::{End, Halt, Sight};
use crate::app::intake::BEYOND_LIMIT;
use crate::app::turn::{self, Concluded};
use crate::app::{Ctx, GRACE};
use crate::chat::{JobId, Lane, draft_of};
use crate::clock;
use crate::queue::{Queue, Waiting};
use crate::store::StoreError;
pub(crate) use desk::{Cancelled, Desk, Order, Orders};
use ended::{Next, Outcome, next};
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
    halt: Arc<Halt>,
    sight: Arc<Sight>,
}

struct Scheduler {
    ctx: Arc<Ctx>,
    queue: Queue,
    turns: JoinSet<Result<Concluded, StoreError>>,
    running: HashMap<Id, Running>,
    holds: Holds,
    /// Stopped jobs on their way out of the inbox.
    removals: JoinSet<()>,
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
        removals: JoinSet::new(),
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
                end,
                taken,
                idle,
            } => self.cancel(lane, end, taken, idle),
            Order::Stop { lane, draft } => self.stop(lane, draft),
            Order::Anew(job) => {
                let mut turns = self.running.values();
                if let Some(running) = turns.find(|running| running.waiting.job == job) {
                    running.halt.call(End::Anew);
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
            running.halt.call(End::Kept);
            return;
        }
        let waiting = self.queue.waiting_in(lane).find(|job| is_meant(*job));
        if let Some(job) = waiting.filter(|job| self.queue.take(lane, *job)) {
            self.take_back(job);
        }
    }

    /// A job that was stopped and does not run leaves the inbox.
    fn take_back(&mut self, job: JobId) {
        let ctx = Arc::clone(&self.ctx);
        let settings = ctx.engine.settings();
        let removed = ctx
            .engine
            .store
            .write(move |rows| turn::take_back(rows, &settings, job));
        while self.removals.try_join_next().is_some() {}
        self.removals.spawn(async move {
            match removed.await {
                Ok(rows) => ctx.mail.push(&rows).await,
                Err(error) => {
                    warn!(job = job.0, err:% = error; "stopped job left in the inbox");
                }
            }
        });
    }

    fn cancel(
        &mut self,
        lane: Lane,
        end: End,
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
            running.halt.call(end);
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
        let halt = Arc::<Halt>::default();
        let sight = Arc::new(Sight::new());
        let turn = one::turn(
            Arc::clone(&self.ctx),
            waiting,
            Arc::clone(&halt),
            Arc::clone(&sight),
        );
        let task = self.turns.spawn(turn);
        self.running.insert(
            task.id(),
            Running {
                waiting,
                halt,
                sight,
            },
        );
    }

    fn ended(&mut self, ended: Result<(Id, Result<Concluded, StoreError>), JoinError>) {
        let (id, result) = match ended {
            Ok((id, result)) => (id, Ok(result)),
            Err(error) => (error.id(), Err(error)),
        };
        let Some(running) = self.running.remove(&id) else {
            return;
        };
        let waiting = running.waiting;
        self.queue.done(waiting.lane);
        let outcome = self.outcome(waiting.job, result);
        match next(outcome, running.halt.why(), waiting.past) {
            Next::Nothing => {}
            Next::TakeBack => self.take_back(waiting.job),
            Next::Rests => self.rests(waiting),
            Next::Again(past) => {
                if outcome == Outcome::Panicked {
                    self.rests(waiting);
                }
                self.obey(Order::Ask(Waiting { past, ..waiting }));
            }
        }
        self.holds.give(waiting.lane);
    }

    fn outcome(
        &self,
        job: JobId,
        result: Result<Result<Concluded, StoreError>, JoinError>,
    ) -> Outcome {
        match result {
            Ok(Ok(concluded)) if concluded.again => Outcome::AskedAnew,
            Ok(Ok(_)) => Outcome::Concluded,
            Ok(Err(error)) => {
                warn!(job = job.0, err:% = error; "turn could not be stored");
                Outcome::NotStored
            }
            Err(error) => {
                error!(job = job.0, err:% = error; "turn panicked");
                let panics = &self.ctx.engine.metrics.panics;
                panics.fetch_add(1, Ordering::Relaxed);
                Outcome::Panicked
            }
        }
    }

    /// A turn has ended and its job has not: a later crash is none of its.
    fn rests(&mut self, waiting: Waiting) {
        let run = one::run_of(waiting);
        let store = &self.ctx.engine.store;
        let marked = store.write_soon(move |rows| run.rests(rows));
        self.removals.spawn(async move {
            if let Err(error) = marked.await {
                warn!(job = run.job.0, err:% = error; "an ended turn could not be marked");
            }
        });
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
        let left = self.running.values();
        let left: Vec<_> = left
            .map(|running| (one::run_of(running.waiting), running.sight.so_far()))
            .collect();
        info!(turns = left.len(); "turns left to the next start");
        self.turns.abort_all();
        let forgiven = self.ctx.engine.store.write(move |rows| {
            left.iter().try_for_each(|(run, seen)| {
                rows.interrupt_job(run.job, run.crashes, seen.as_deref())
            })
        });
        if let Ok(Err(error)) = timeout(GRACE, forgiven).await {
            warn!(err:% = error; "interrupted turns could not be marked");
        }
    }
}
