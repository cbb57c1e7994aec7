//! The newest question of each lane, for a while after it was asked: a message that is forwarded right
//! after a comment belongs to it, also when the comment was answered meanwhile.
//!
//! Invariant: at most [`MOST`] questions of at most [`LONGEST`] bytes are kept, however many people
//! ask.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::app::commands;
use crate::chat::{Job, Lane, Task};
use crate::clock::Instant;

/// How long a question is kept; whether a message belongs to it is decided by the dates that
/// Telegram gave both.
const KEPT_FOR: Duration = Duration::from_secs(30);
/// Most questions that are kept.
const MOST: usize = 256;
/// Longest question that is kept, in bytes.
const LONGEST: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<(Instant, Arc<Job>)>);

impl Recent {
    /// Takes note of a job that is handed over. A command that ends the conversation, or what it was
    /// about, leaves nothing that a forward could belong to.
    pub(super) fn note(&mut self, job: &Job, now: Instant) {
        match &job.task {
            Task::Question { text, .. } => {
                self.forget(job.lane);
                if text.len() <= LONGEST {
                    self.0.truncate(MOST - 1);
                    self.0.push_front((now, Arc::new(job.clone())));
                }
            }
            Task::Command(command) => {
                if commands::ends(command, job.role, job.kind.into()).is_some() {
                    self.forget(job.lane);
                }
            }
            Task::Tell(_) => {}
        }
    }

    /// The questions of the last seconds.
    pub(super) fn questions(&mut self, now: Instant) -> HashMap<Lane, Arc<Job>> {
        self.0
            .retain(|(at, _)| now.saturating_duration_since(*at) < KEPT_FOR);
        let kept = self.0.iter();
        kept.map(|(_, job)| (job.lane, Arc::clone(job))).collect()
    }

    fn forget(&mut self, lane: Lane) {
        self.0.retain(|(_, job)| job.lane != lane);
    }
}
