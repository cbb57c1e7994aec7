//! Commands and notices under way beside the queue: they do not wait for turns, nor turns for them,
//! and the poll waits for none of them.
//!
//! Invariant: a person's errands begin in the order they came, at most [`AT_ONCE`] are under way, and
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
use shares::Shares;

mod shares;

/// Commands and notices under way at once.
const AT_ONCE: usize = 32;
/// Those that may wait to begin; beyond that the poll is slowed. They are in the inbox, too.
const WAITING: usize = 512;
const ONCE_A_MINUTE: Quota = Quota::per_minute(NonZeroU32::MIN);

/// A job, with the lane it holds until it has ended.
struct Errand(Job, Option<Hold>);

/// Owned by the intake.
pub(super) struct Errands {
    ctx: Arc<Ctx>,
    under_way: JoinSet<()>,
    /// Whose they are.
    whose: HashMap<Id, UserId>,
    shares: Shares<Errand>,
    /// Who may be told that a command of theirs is not run: once a minute each.
    told: DefaultKeyedRateLimiter<UserId>,
}

impl Errands {
    pub(super) fn new(ctx: Arc<Ctx>) -> Self {
        Self {
            ctx,
            under_way: JoinSet::new(),
            whose: HashMap::new(),
            shares: Shares::default(),
            told: RateLimiter::keyed(ONCE_A_MINUTE),
        }
    }

    /// Whether an errand of this job may wait. Of a person with as many waiting as may, one more is
    /// not run and leaves the inbox: to wait for it would be to keep everybody waiting.
    pub(super) fn admits(&self, job: &Job) -> bool {
        self.shares.has_room(job.sender.id)
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
            self.shares.push(sentence.sender.id, Errand(sentence, None));
            return;
        }
        let store = &self.ctx.engine.store;
        let removed = store.write_soon(move |rows| rows.remove_job(id).map(drop));
        // Whoever stops now finds it at the next start.
        drop(removed);
    }

    /// Sends one off, or lets it wait until another one is back. Comes back at once but for a flood of
    /// many people.
    pub(super) async fn send(&mut self, job: Job, hold: Option<Hold>) {
        self.shares.push(job.sender.id, Errand(job, hold));
        self.begin();
        while self.shares.waiting() >= WAITING {
            self.one_is_back().await;
        }
    }

    pub(super) fn are_under_way(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// Waits for the next one that comes back, and sends off the next that waits. Safe to drop.
    pub(super) async fn one_is_back(&mut self) {
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
            && let Some((person, Errand(job, hold))) = self.shares.pop()
        {
            let ctx = Arc::clone(&self.ctx);
            let errand = async move { commands::run(&ctx, job, hold).await };
            let task = self.under_way.spawn(errand);
            self.whose.insert(task.id(), person);
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
        if let Some(person) = self.whose.remove(&id) {
            self.shares.is_back(person);
        }
    }
}
