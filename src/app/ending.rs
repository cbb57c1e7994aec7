//! What can become of a question: the one list of the ways in which a turn ends, and the way to end
//! one from outside. What an ending writes, of the chat, the history and the inbox, stands in
//! `turn::close`; what becomes of a job that is still there in [`Ending::next`].
//!
//! Invariant: every turn ends in exactly one of these, and its lane is free afterwards.

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::chat::answer::{Failure, Finish};
use crate::queue::Past;

/// How a turn ends. The history keeps something only where the role of the person has rounds
/// remembered.
///
/// | Ending | The person reads | The history keeps | The job |
/// |---|---|---|---|
/// | `Answered` | the answer | the round | leaves the inbox |
/// | `Broken`, `Stopped` | what there is of it, or the better answer from before | the round, or the one from before | leaves |
/// | `Failed`, `GivenUp` | an apology | the question, for Retry | leaves |
/// | `Told` | a sentence of the bot | nothing | leaves |
/// | `Unkept` | an apology | what it kept before | leaves |
/// | `Discarded` | nothing, and what was shown is undone | nothing | leaves |
/// | `Gone` | nothing | nothing | left before |
/// | `Changed` | nothing yet | nothing | stays, and is answered from the beginning |
/// | `Panicked` | nothing yet | nothing | stays, and is answered once more |
/// | `NotStored` | nothing yet | nothing | stays for the next start |
/// | `Interrupted` | nothing yet | nothing | stays for the next start, with what was seen |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The model came to an end of its own.
    Answered,
    /// The answer broke off when the person had seen a part of it, and nothing better came.
    Broken,
    /// The person stopped the answer when they had seen a part of it.
    Stopped,
    /// There is no answer, for this reason.
    Failed(Failure),
    /// The bot died of the question, or panicked twice: it is not tried any more.
    GivenUp,
    /// The bot had something of its own to say, and asked no model.
    Told,
    /// There is an answer or an apology that the data file does not take: nothing but words is
    /// left.
    Unkept(Failure),
    /// The person wants nothing of it, or stopped it before there was anything to see.
    Discarded,
    /// Its job is not in the inbox any more: a command was there before.
    Gone,
    /// The question is another one by now.
    Changed,
    /// A fault of ours. The second one gives the question up.
    Panicked,
    /// The disk was in the way, or the bot stopped while the turn was to be stored.
    NotStored,
    /// The bot stopped first.
    Interrupted,
}

/// What may be requested of a turn from outside: to end as [`Ending::Stopped`],
/// [`Ending::Discarded`] or [`Ending::Changed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    Stopped,
    Discarded,
    Changed,
}

impl From<Request> for Ending {
    fn from(request: Request) -> Self {
        match request {
            Request::Stopped => Self::Stopped,
            Request::Discarded => Self::Discarded,
            Request::Changed => Self::Changed,
        }
    }
}

impl From<Failure> for Ending {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Finish> for Ending {
    fn from(finish: Finish) -> Self {
        match finish {
            Finish::Complete | Finish::LengthLimit | Finish::Continuation | Finish::Unnamed => {
                Self::Answered
            }
            Finish::Broken => Self::Broken,
            Finish::Stopped => Self::Stopped,
        }
    }
}

/// What becomes of the job of a turn that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// It has left the inbox.
    Left,
    /// It is to leave the inbox unanswered.
    Discard,
    /// It stays in the inbox for the next start; a crash until then is none of its.
    Stay,
    /// The same; what was seen of its answer stays with it.
    Resume,
    /// It is answered again, with this behind it.
    Again(Past),
}

impl Ending {
    /// What becomes of the job. `requested` is what was requested from outside: what its person
    /// discarded or stopped is never answered, however the turn ended.
    pub(crate) fn next(self, requested: Option<Request>, past: Past) -> Next {
        let is_unwanted = matches!(requested, Some(Request::Stopped | Request::Discarded));
        match self {
            Self::Answered
            | Self::Broken
            | Self::Stopped
            | Self::Failed(_)
            | Self::GivenUp
            | Self::Told
            | Self::Unkept(_)
            | Self::Discarded
            | Self::Gone => Next::Left,
            Self::Interrupted => Next::Resume,
            Self::Changed | Self::Panicked | Self::NotStored if is_unwanted => Next::Discard,
            // Of another question nothing is known.
            Self::Changed => Next::Again(Past::default()),
            Self::Panicked if requested == Some(Request::Changed) => Next::Again(Past::default()),
            Self::Panicked => Next::Again(past.panicked()),
            Self::NotStored => Next::Stay,
        }
    }

    /// Whether what the person reads is the model's: an answer, or what there is of one.
    pub(crate) const fn is_answer(self) -> bool {
        matches!(self, Self::Answered | Self::Broken | Self::Stopped)
    }

    /// How an answer counts as finished of which only the text that a person has seen is left, because
    /// a call ended in this way; `None` where that text is dropped.
    pub(crate) const fn keeps_seen(self) -> Option<Finish> {
        if let Self::Failed(_) = self {
            Some(Finish::Broken)
        } else if let Self::Stopped = self {
            Some(Finish::Stopped)
        } else {
            None
        }
    }
}

/// The way to end a turn from outside.
#[derive(Debug, Default)]
pub(crate) struct Cancel {
    token: CancellationToken,
    requested: Mutex<Option<Request>>,
}

impl Cancel {
    /// Ends the turn. The first request counts, but what is stopped or discarded is not asked again.
    pub(crate) fn end(&self, requested: Request) {
        let mut known = self.requested.lock();
        if known.is_none_or(|known| known == Request::Changed) {
            *known = Some(requested);
        }
        drop(known);
        self.token.cancel();
    }

    /// What is requested; `None` while the turn may go on.
    pub(crate) fn requested(&self) -> Option<Request> {
        *self.requested.lock()
    }

    /// Waits until the turn is to end; as what.
    pub(crate) async fn cancelled(&self) -> Ending {
        self.token.cancelled().await;
        self.requested().unwrap_or(Request::Discarded).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_job_is_discarded_however_its_turn_ended_and_others_are_not() {
        let past = Past {
            is_recalled: true,
            crashes: 1,
            panics: 0,
            others: 1,
        };
        let asked_again = Next::Again(Past::default());
        let once_more = Next::Again(Past { panics: 1, ..past });
        let stopped = [Some(Request::Stopped), Some(Request::Discarded)];
        let [left, discarded, stays] = [Next::Left, Next::Discard, Next::Stay];
        for (ending, when_stopped, when_changed, otherwise) in [
            (Ending::Answered, left, left, left),
            (Ending::Broken, left, left, left),
            (Ending::Stopped, left, left, left),
            (Ending::Failed(Failure::Busy), left, left, left),
            (Ending::GivenUp, left, left, left),
            (Ending::Told, left, left, left),
            (Ending::Unkept(Failure::Unkept), left, left, left),
            (Ending::Discarded, left, left, left),
            (Ending::Gone, left, left, left),
            (Ending::Changed, discarded, asked_again, asked_again),
            (Ending::NotStored, discarded, stays, stays),
            (Ending::Panicked, discarded, asked_again, once_more),
            (
                Ending::Interrupted,
                Next::Resume,
                Next::Resume,
                Next::Resume,
            ),
        ] {
            for requested in stopped {
                assert_eq!(ending.next(requested, past), when_stopped, "{ending:?}");
            }
            assert_eq!(ending.next(Some(Request::Changed), past), when_changed);
            assert_eq!(ending.next(None, past), otherwise);
        }
    }

    #[test]
    fn what_is_discarded_is_not_asked_again_and_the_first_request_counts() {
        let cancel = Cancel::default();
        assert_eq!(cancel.requested(), None);
        for (request, requested) in [
            (Request::Changed, Request::Changed),
            (Request::Stopped, Request::Stopped),
            (Request::Discarded, Request::Stopped),
            (Request::Changed, Request::Stopped),
        ] {
            cancel.end(request);
            assert_eq!(cancel.requested(), Some(requested));
        }
    }
}
