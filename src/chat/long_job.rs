//! What goes on by itself for longer than one question: a row of the table `jobs`. Pure.

use super::broadcast::Broadcast;
use super::reminder::Reminder;

/// A job that outlives questions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LongJob {
    Broadcast(Broadcast),
    Reminder(Reminder),
}

impl LongJob {
    pub(crate) fn broadcast(self) -> Option<Broadcast> {
        match self {
            Self::Broadcast(broadcast) => Some(broadcast),
            Self::Reminder(_) => None,
        }
    }

    pub(crate) fn reminder(self) -> Option<Reminder> {
        match self {
            Self::Reminder(reminder) => Some(reminder),
            Self::Broadcast(_) => None,
        }
    }
}
