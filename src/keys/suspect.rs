//! Whom a failed call may be about, kept after its lease has gone back. Pure values.

use super::settings::Fingerprint;
use super::state::Target;
use crate::clock::Timestamp;

/// A key that failed a question on a model, and may be to blame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Suspect {
    pub(super) target: Target,
    pub(super) generation: u64,
    /// When its call left.
    pub(super) at: Timestamp,
}

/// The facts of a call that are needed after its lease has gone back.
#[derive(Debug, Clone)]
pub(crate) struct Attempted {
    pub(crate) key: Fingerprint,
    pub(crate) model: String,
    pub(super) suspect: Suspect,
}

impl Attempted {
    pub(super) fn target(&self) -> Target {
        self.suspect.target
    }

    /// When its call left.
    pub(super) fn left(&self) -> Timestamp {
        self.suspect.at
    }
}
