//! Runs the jobs that bypass the queue, commands and notices: they do not wait for turns, nor turns
//! for them, and the poll waits for none of them.
//!
//! Invariant: a person's jobs begin in the order they came, at most [`AT_ONCE`] are under way, and
//! no person's flood holds up another's.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use log::{error, warn};
use tokio::task::{Id, JoinError, JoinSet};

use crate::app::scheduler::Hold;
use crate::app::{Ctx, commands};
use crate::chat::{Job, Notice, Task, UserId};
use fair_queue::FairQueue;

mod fair_queue;

/// Commands and notices under way at once.
const AT_ONCE: usize = 32;
/// Those that may wait to begin; beyond that the poll is slowed. They are in the inbox, too.
const WAITING: usize = 512;
const ONCE_A_MINUTE: Quota = Quota::per_minute(NonZeroU32::MIN);

/// A job, with the lane it holds until it has ended.
struct BypassJob(Job, Option<Hold>);

/// The jobs that bypass the queue. Owned by the intake.
pub(super) struct Bypass {
    ctx: Arc<Ctx>,
    under_way: JoinSet<()>,
    /// The person of each task under way.
    persons: HashMap<Id, UserId>,
    waiting: FairQueue<BypassJob>,
    /// Who may be told that a command of theirs is not run: once a minute each.
    told: DefaultKeyedRateLimiter<UserId>,
}

impl Bypass {
    pub(super) fn new(ctx: Arc<Ctx>) -> Self {
        Self {
            ctx,
            under_way: JoinSet::new(),
            persons: HashMap::new(),
            waiting: FairQueue::default(),
            told: RateLimiter::keyed(ONCE_A_MINUTE),
        }
    }

    /// Whether one job more of its person may wait. When not, it is not run and leaves the inbox:
    /// to slow the poll for one person's flood would keep everybody waiting.
    pub(super) fn admits(&self, job: &Job) -> bool {
        self.waiting.has_room(job.sender.id)
    }

    /// Does not run a command: its person hears of it once a minute, and it leaves the inbox.
    pub(super) fn discard(&mut self, job: Job) {
        let id = job.id;
        warn!(job = id.0, person = job.sender.id.0; "too many commands at once, one is dropped");
        if self.told.check_key(&job.sender.id).is_ok() {
            // Who has had their minute is forgotten.
            self.told.retain_recent();
            let task = Task::Tell(Notice::TooManyCommands);
            let sentence = Job { task, ..job };
            self.waiting
                .push(sentence.sender.id, BypassJob(sentence, None));
            return;
        }
        let store = &self.ctx.engine.store;
        let removed = store.write_soon(move |rows| rows.remove_job(id).map(drop));
        // Whoever stops now finds it at the next start.
        drop(removed);
    }

    /// Starts a job, or lets it wait until another one has ended. Waits itself only while as many
    /// wait as may, which takes a flood from many people.
    pub(super) async fn start(&mut self, job: Job, hold: Option<Hold>) {
        self.waiting.push(job.sender.id, BypassJob(job, hold));
        self.begin();
        while self.waiting.len() >= WAITING {
            self.one_has_ended().await;
        }
    }

    pub(super) fn is_under_way(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// Waits for the next one that ends, and starts the next that waits. Cancel safe.
    pub(super) async fn one_has_ended(&mut self) {
        if let Some(ended) = self.under_way.join_next_with_id().await {
            self.note(ended);
        }
        self.begin();
    }

    fn begin(&mut self) {
        while let Some(ended) = self.under_way.try_join_next_with_id() {
            self.note(ended);
        }
        while self.under_way.len() < AT_ONCE
            && let Some((person, BypassJob(job, hold))) = self.waiting.pop()
        {
            let ctx = Arc::clone(&self.ctx);
            let run = async move { commands::run(&ctx, job, hold).await };
            let task = self.under_way.spawn(run);
            self.persons.insert(task.id(), person);
        }
    }

    fn note(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                error!(err:% = error; "command panicked, left to the next start");
                error.id()
            }
        };
        if let Some(person) = self.persons.remove(&id) {
            self.waiting.ended(person);
        }
    }
}
