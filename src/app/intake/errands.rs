//! Commands and notices under way beside the queue: they do not wait for turns, nor turns for them,
//! and the poll waits for none of them.
//!
//! Invariant: an errand begins in the order it came, and at most [`AT_ONCE`] are under way.

use std::collections::VecDeque;
use std::sync::Arc;

use log::error;
use tokio::task::{JoinError, JoinSet};

use crate::app::scheduler::Hold;
use crate::app::{Ctx, commands};
use crate::chat::Job;

/// Commands and notices under way at once.
const AT_ONCE: usize = 32;
/// Those that may wait to begin; beyond that the poll is slowed. They are in the inbox, too.
const WAITING: usize = 512;

/// A job, with the lane it holds until it has ended.
struct Errand(Job, Option<Hold>);

/// Owned by the intake.
pub(super) struct Errands {
    ctx: Arc<Ctx>,
    under_way: JoinSet<()>,
    waiting: VecDeque<Errand>,
}

impl Errands {
    pub(super) fn new(ctx: Arc<Ctx>) -> Self {
        Self {
            ctx,
            under_way: JoinSet::new(),
            waiting: VecDeque::new(),
        }
    }

    /// Sends one off, or lets it wait until another one is back. Comes back at once but for a flood.
    pub(super) async fn send(&mut self, job: Job, hold: Option<Hold>) {
        self.waiting.push_back(Errand(job, hold));
        self.begin();
        while self.waiting.len() >= WAITING {
            self.one_is_back().await;
        }
    }

    pub(super) fn are_under_way(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// Waits for the next one that comes back, and sends off the next that waits. Safe to drop.
    pub(super) async fn one_is_back(&mut self) {
        if let Some(ended) = self.under_way.join_next().await {
            note(ended);
        }
        self.begin();
    }

    fn begin(&mut self) {
        while let Some(ended) = self.under_way.try_join_next() {
            note(ended);
        }
        while self.under_way.len() < AT_ONCE
            && let Some(Errand(job, hold)) = self.waiting.pop_front()
        {
            let ctx = Arc::clone(&self.ctx);
            self.under_way
                .spawn(async move { commands::run(&ctx, job, hold).await });
        }
    }
}

fn note(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        error!(err:% = error; "command panicked, left to the next start");
    }
}
