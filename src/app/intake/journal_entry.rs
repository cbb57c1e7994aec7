//! What an update is to the bot, once it is decoded and sorted.

use super::asked::Asked;
use super::draft::Draft;
use super::person_limits::PersonLimits;
use super::reask::{Edit, Press};
use crate::chat::{ChatId, Job, Lane, Outbound, Task, UserId};
use crate::store::{StoreError, Write};

/// What one update is to the bot.
pub(super) enum Entry {
    Job(Draft),
    /// A press that asks no question.
    Pressed {
        acknowledge: Outbound,
        job: Option<Job>,
    },
    /// A press that asks a question without a look at earlier rounds.
    Asked(Asked),
    /// A press of a button under an answer.
    Reask(Press),
    Edited(Edit),
    /// The native Stop of a draft.
    Stopped {
        lane: Lane,
        draft: i32,
    },
    Dropped,
    Skipped,
    Reachable {
        chat: ChatId,
        reachable: bool,
    },
    Migrated {
        from: ChatId,
        to: ChatId,
    },
}

impl Entry {
    /// Whether it takes a place in the queue: a question within the limits of its person.
    pub(super) fn takes_room(
        &self,
        rows: &Write<'_>,
        limits: &PersonLimits,
    ) -> Result<bool, StoreError> {
        Ok(match self {
            Self::Job(draft) => {
                let is_question = matches!(draft.job.task, Task::Question { .. });
                is_question && !draft.is_aside && limits.refuses(rows, &draft.job)?.is_none()
            }
            Self::Pressed { .. }
            | Self::Asked(_)
            | Self::Reask(_)
            | Self::Edited(_)
            | Self::Stopped { .. }
            | Self::Dropped
            | Self::Skipped
            | Self::Reachable { .. }
            | Self::Migrated { .. } => false,
        })
    }

    /// Whose question it may come to.
    pub(super) fn asker(&self) -> Option<UserId> {
        match self {
            Self::Job(draft) => match draft.job.task {
                Task::Question { .. } => draft.job.lane.person(),
                Task::Command(_) | Task::Tell(_) => None,
            },
            Self::Edited(edit) => edit.draft.job.lane.person(),
            Self::Reask(press) => Some(press.pressed.sender.id),
            Self::Asked(asked) => asked.job.lane.person(),
            Self::Pressed { .. }
            | Self::Stopped { .. }
            | Self::Dropped
            | Self::Skipped
            | Self::Reachable { .. }
            | Self::Migrated { .. } => None,
        }
    }
}
