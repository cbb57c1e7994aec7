//! Runs turns: takes waiting questions from the queue, one at a time per lane, at most as many as
//! there are model slots. Owns the queue, the running turns and their stop.
//!
//! A command that changes its lane holds it meanwhile ([`Hold`]): nothing else waits for that.
//!
//! Invariant: whatever a turn does (ends, fails, panics), its lane is freed exactly once.

mod desk;
mod holds;

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use log::{error, info, warn};
use tokio::sync::{oneshot, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::app::call::{End, Halt, View, Visible};
use crate::app::intake::BEYOND_LIMIT;
use crate::app::live::Live;
use crate::app::turn::{self, Concluded};
use crate::app::{Ctx, GRACE};
use crate::chat::answer::Audience;
use crate::chat::{JobId, Lane, draft_of};
use crate::queue::{Queue, Waiting};
use crate::store::StoreError;
pub(crate) use desk::{Cancelled, Desk, Order, Orders};
pub(crate) use holds::Hold;
use holds::{Holds, Release};

/// Orders that may wait for the scheduler; beyond that the poll is slowed.
const ORDERS: usize = 256;

/// Turns that may wait for a key beside those that are answered; each keeps its context in memory.
const MOST_WAITING: usize = 64;

/// How often a turn that could not be stored is tried.
const MOST_TRIES: u32 = 5;
/// Wait before a turn that could not be stored is tried again.
const MISHAP: Duration = Duration::from_secs(2);

/// A turn under way.
struct Running {
    waiting: Waiting,
    halt: Arc<Halt>,
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
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(ended) = scheduler.turns.join_next_with_id() => scheduler.ended(ended),
            Some(release) = orders.released.recv() => scheduler.release(release),
            Some(order) = orders.asked.recv() => scheduler.obey(order),
            () = ctx.engine.lending.somebody_waits() => {}
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
        while self.running.len() < self.room + waiting {
            let Some(waiting) = self.queue.pop() else {
                break;
            };
            let halt = Arc::<Halt>::default();
            let turn = one_turn(Arc::clone(&self.ctx), waiting.job, Arc::clone(&halt));
            let task = self.turns.spawn(turn);
            self.running.insert(task.id(), Running { waiting, halt });
        }
    }

    fn ended(&mut self, ended: Result<(Id, Result<Concluded, StoreError>), JoinError>) {
        let (id, result) = match ended {
            Ok((id, result)) => (id, Ok(result)),
            Err(error) => (error.id(), Err(error)),
        };
        let Some(running) = self.running.remove(&id) else {
            return;
        };
        let job = running.waiting.job;
        self.queue.done(running.waiting.lane);
        match result {
            Ok(Ok(concluded)) if !concluded.again => {}
            // Whose question was changed, whether or not we have been told of that yet, asks again.
            Ok(Ok(_)) => match running.halt.why() {
                Some(End::Kept | End::Discarded) => self.take_back(job),
                Some(End::Anew) | None => self.obey(Order::Ask(running.waiting)),
            },
            Ok(Err(error)) => {
                warn!(job = job.0, err:% = error; "turn left to the next start");
            }
            Err(error) => {
                error!(job = job.0, err:% = error; "turn panicked");
                self.ctx
                    .engine
                    .metrics
                    .panics
                    .fetch_add(1, Ordering::Relaxed);
                // Again: the inbox row has counted this try, so the second one is apologised for.
                self.obey(Order::Ask(running.waiting));
            }
        }
        self.holds.give(running.waiting.lane);
    }

    /// Lets running turns finish for a while. One that does not is begun again at the next start,
    /// and the try that we broke off is not held against it.
    async fn drain(mut self) {
        let rest = async {
            while let Some(ended) = self.turns.join_next_with_id().await {
                self.ended(ended);
            }
        };
        if timeout(GRACE, rest).await.is_ok() {
            return;
        }
        let left: Vec<JobId> = self
            .running
            .values()
            .map(|running| running.waiting.job)
            .collect();
        info!(turns = left.len(); "turns left to the next start");
        self.turns.abort_all();
        let forgiven = self
            .ctx
            .engine
            .store
            .write(move |rows| left.iter().try_for_each(|job| rows.reset_attempts(*job)));
        if let Ok(Err(error)) = timeout(GRACE, forgiven).await {
            warn!(err:% = error; "interrupted turns could not be marked");
        }
    }
}

/// A turn, what is seen of it meanwhile, and the hand-over of its rows to delivery.
async fn one_turn(ctx: Arc<Ctx>, job: JobId, halt: Arc<Halt>) -> Result<Concluded, StoreError> {
    let engine = &ctx.engine;
    let (visible, watched) = watch::channel(Visible::default());
    let live = match engine.store.read(move |rows| rows.job(job)).await? {
        Some(job) => Live::of(&ctx, &job, watched),
        None => return Ok(Concluded::default()),
    };
    let unseen = Arc::default();
    let view = View {
        way: engine.settings().config.answers.stream,
        audience: Audience::Nobody,
        visible: &visible,
        seen: live.as_ref().map_or(&unseen, |live| &live.seen),
        halt: &halt,
    };
    let mut tries = 1;
    let answered = async {
        loop {
            match turn::answer(engine, job, view).await {
                Err(error) if once_more(job, &mut tries, &error).await => {}
                ended => break ended,
            }
        }
    };
    let _closing = live.as_deref().map(Closing);
    let finished = match &live {
        Some(live) => tokio::select! {
            finished = answered => finished,
            never = live.run(&ctx) => match never {},
        },
        None => answered.await,
    };
    let shown = match &live {
        Some(live) => live.close(&ctx).await,
        None => None,
    };
    let Some(finished) = finished? else {
        return Ok(Concluded::default());
    };
    let mut tries = 1;
    let concluded = loop {
        match turn::conclude(engine, &finished, shown).await {
            Err(error) if once_more(job, &mut tries, &error).await => {}
            ended => break ended?,
        }
    };
    ctx.mail.push(&concluded.rows).await;
    Ok(concluded)
}

/// However a turn ends, nothing more of its answer is shown.
struct Closing<'a>(&'a Live);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

/// Whether a half of a turn is to be done again because the disk was in the way: the row is still in
/// the inbox, and the lane stays ours.
async fn once_more(job: JobId, tries: &mut u32, error: &StoreError) -> bool {
    let may = error.may_pass() && *tries < MOST_TRIES;
    if may {
        warn!(job = job.0, err:% = error; "turn not stored, once more");
        *tries += 1;
        sleep(MISHAP).await;
    }
    may
}
