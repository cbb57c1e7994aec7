//! What becomes of a job whose turn has ended. Pure. A turn that was stopped is over however it ended:
//! what its person took back is never answered.

use crate::app::call::End;
use crate::queue::Past;

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// What came of it is stored.
    Concluded,
    /// It found its question changed, and stored nothing.
    AskedAnew,
    /// What came of it could not be stored.
    NotStored,
    Panicked,
}

/// What becomes of its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Nothing,
    /// It leaves the inbox.
    TakeBack,
    /// It stays in the inbox for the next start.
    Rests,
    /// It is answered from the beginning, with this behind it.
    Again(Past),
}

/// What becomes of the job of a turn that ended so; `halted`: how it was stopped, if it was.
pub(super) fn next(outcome: Outcome, halted: Option<End>, past: Past) -> Next {
    match (outcome, halted) {
        (Outcome::Concluded, _) => Next::Nothing,
        (
            Outcome::AskedAnew | Outcome::NotStored | Outcome::Panicked,
            Some(End::Kept | End::Discarded),
        ) => Next::TakeBack,
        // Whose question was changed, whether or not we have been told of that yet, asks again. Of
        // another question nothing is known.
        (Outcome::AskedAnew, Some(End::Anew) | None) | (Outcome::Panicked, Some(End::Anew)) => {
            Next::Again(Past::default())
        }
        (Outcome::NotStored, Some(End::Anew) | None) => Next::Rests,
        // Again; the second time it is apologised for.
        (Outcome::Panicked, None) => Next::Again(Past {
            panics: past.panics.saturating_add(1),
            ..past
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_job_is_taken_back_however_its_turn_ended_and_others_are_not() {
        let past = Past {
            is_recalled: true,
            crashes: 1,
            panics: 0,
            others: 1,
        };
        let anew = Next::Again(Past::default());
        let once_more = Next::Again(Past { panics: 1, ..past });
        let stopped = [Some(End::Kept), Some(End::Discarded)];
        let [nothing, taken_back, rests] = [Next::Nothing, Next::TakeBack, Next::Rests];
        for (outcome, when_stopped, when_changed, otherwise) in [
            (Outcome::Concluded, nothing, nothing, nothing),
            (Outcome::AskedAnew, taken_back, anew, anew),
            (Outcome::NotStored, taken_back, rests, rests),
            (Outcome::Panicked, taken_back, anew, once_more),
        ] {
            for halted in stopped {
                assert_eq!(next(outcome, halted, past), when_stopped, "{outcome:?}");
            }
            assert_eq!(next(outcome, Some(End::Anew), past), when_changed);
            assert_eq!(next(outcome, None, past), otherwise);
        }
    }
}
