//! What a failed call means, for the keys and for the person. Pure; [`super::verdict`] decides it.

use crate::chat::answer::Failure;
use crate::keys::{Counted, Effect, Next, Verdict};

/// What a call that gave no answer means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Judgement {
    pub(crate) verdict: Verdict,
    pub(crate) failure: Failure,
}

impl Judgement {
    pub(super) const fn new(effect: Effect, next: Next, failure: Failure) -> Self {
        Self {
            verdict: Verdict {
                effect,
                next,
                learned: Vec::new(),
                counted: Counted::Yes,
                tokens: None,
            },
            failure,
        }
    }

    /// Not the key's fault, and no other key would help.
    pub(super) const fn refused(failure: Failure) -> Self {
        Self::new(Effect::Innocent, Next::Nowhere, failure)
    }

    pub(super) const fn another_key(effect: Effect, failure: Failure) -> Self {
        Self::new(effect, Next::AnotherKey, failure)
    }
}
