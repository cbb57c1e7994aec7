//! Lease a key, ask Gemini, settle: until there is an answer, a failure that no other key could
//! mend, or the deadline. Knows no chat.
//!
//! Invariant: the unit of quota is on disk before the request leaves.

mod attempt;
mod lease;

use attempt::Attempt;
use lease::why_not;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use log::debug;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

use crate::app::engine::{Backend, Engine, Settings};
use crate::chat::Tier;
use crate::chat::answer::{Answer, Audience, Failure, Finish, Usage};
use crate::chat::prompt::Prompt;
use crate::clock::{self, Instant, Timestamp};
use crate::config::Stream;
use crate::gemini::Outcome as Report;
use crate::gemini::slots::Slots;
use crate::keys::{Change, Effect, Group, Next, Route, Start, Why};
use crate::offline;
use crate::store::StoreError;

/// How long a chat question waits for the next free key (design §4).
const KEY_PATIENCE: Duration = Duration::from_secs(15);

/// What a call has shown so far; the newest state wins and nobody is waited for.
#[derive(Debug, Default, Clone)]
pub(crate) struct Visible {
    pub(crate) text: String,
    /// Pieces received, thoughts included: proof that the service is alive.
    pub(crate) pieces: u64,
    /// It waits for a key.
    pub(crate) queued: Option<Queued>,
}

/// A place in the line for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Queued {
    /// How many go first.
    pub(crate) ahead: usize,
    /// When it is its turn.
    pub(crate) wakes: Timestamp,
}

/// Where the text of a call goes while it grows, and who may end it.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) way: Stream,
    /// What was printed cannot be taken back; what stands in a chat can, so there a broken answer is
    /// begun anew.
    pub(crate) audience: Audience,
    pub(crate) visible: &'a watch::Sender<Visible>,
    /// Whether a person has seen a part of the text: then that is kept where nothing better comes.
    pub(crate) seen: &'a Arc<AtomicBool>,
    pub(crate) halt: &'a Halt,
}

impl View<'_> {
    /// The text so far, if a person has seen some of it.
    fn shown(&self) -> Option<String> {
        let text = self.visible.borrow().text.clone();
        (self.seen.load(Ordering::Relaxed) && !text.is_empty()).then_some(text)
    }
}

/// Why a call is ended from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The person has enough: what they have seen stays.
    Kept,
    /// Nothing of it is wanted.
    Discarded,
    /// The question was changed and is to be asked again.
    Anew,
}

/// The way to end a call from outside.
#[derive(Debug, Default)]
pub(crate) struct Halt {
    token: CancellationToken,
    end: Mutex<Option<End>>,
}

impl Halt {
    /// Ends the call. What is taken back is not asked again.
    pub(crate) fn call(&self, end: End) {
        let mut known = self.end.lock();
        if known.is_none_or(|known| known == End::Anew) {
            *known = Some(end);
        }
        drop(known);
        self.token.cancel();
    }

    /// Why it was ended; `None` when it was not.
    pub(crate) fn why(&self) -> Option<End> {
        *self.end.lock()
    }

    async fn called(&self) {
        self.token.cancelled().await;
    }
}

/// One question on its way to the model.
pub(crate) struct Question<'a> {
    pub(crate) prompt: Arc<Prompt>,
    pub(crate) tier: Tier,
    /// The one model that made all of the history, if it was one.
    pub(crate) signed_by: Option<String>,
    /// The asker's own key group first, then those it may borrow from.
    pub(crate) groups: Vec<Group>,
    /// Of the asker's role: lower goes first in the line for a key.
    pub(crate) rank: u8,
    pub(crate) view: View<'a>,
}

/// How the question ended, and what the pool learned on the way (to be stored with the turn).
pub(crate) struct Called {
    pub(crate) ended: Ended,
    pub(crate) changes: Vec<Change>,
    /// Whose key made the answer, and of which tier.
    pub(crate) by: Option<By>,
}

/// What made an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct By {
    pub(crate) tier: Tier,
    /// A key of a lower group.
    pub(crate) borrowed: bool,
}

/// How the question ended.
pub(crate) enum Ended {
    Answered(Answer),
    Failed(Failure),
    /// The person took it back.
    Cancelled,
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Asks until there is an end.
pub(crate) async fn until_answered(
    engine: &Arc<Engine>,
    settings: &Settings,
    question: Question<'_>,
) -> Result<Called, StoreError> {
    match &engine.backend {
        Backend::Offline => Ok(answer_offline(&question)),
        Backend::Gemini { slots, .. } => {
            let start = Start {
                tier: question.tier,
                groups: question.groups.clone(),
                tokens: question.prompt.tokens(),
                rank: question.rank,
                since: clock::now(),
                patience: KEY_PATIENCE,
            };
            let mut call = Call {
                engine,
                settings,
                slots,
                question,
                route: Route::new(start, &settings.catalog),
                changes: Vec::new(),
                by: None,
                deadline: clock::instant() + settings.config.limits.answer_deadline,
            };
            let ended = call.run().await?;
            Ok(Called {
                ended,
                changes: call.changes,
                by: call.by,
            })
        }
    }
}

/// The built-in model answers at once, word by word.
fn answer_offline(question: &Question<'_>) -> Called {
    let text = offline::reply(&question.prompt);
    for piece in offline::chunks(&text) {
        question
            .view
            .visible
            .send_modify(|visible| visible.text.push_str(piece));
    }
    let answer = Answer {
        text,
        finish: Finish::Complete,
        model: "offline".to_owned(),
        signed: Vec::new(),
        usage: Usage::default(),
    };
    Called {
        ended: Ended::Answered(answer),
        changes: Vec::new(),
        by: None,
    }
}

struct Call<'a> {
    engine: &'a Arc<Engine>,
    settings: &'a Settings,
    slots: &'a Slots,
    question: Question<'a>,
    route: Route,
    changes: Vec<Change>,
    /// The newest call's.
    by: Option<By>,
    /// Until when the first text must be there.
    deadline: Instant,
}

impl Call<'_> {
    async fn run(&mut self) -> Result<Ended, StoreError> {
        let mut failure = Failure::Unexplained;
        loop {
            let (slot, lease) = match self.lease().await? {
                Ok(both) => both,
                Err(Ended::Failed(waiting)) if self.route.attempts() > 0 => {
                    debug!(failure:? = waiting; "no other key for another attempt");
                    // What the service said of the question tells more than that no key is left,
                    // unless it was about the key.
                    let about_the_key = failure == Failure::NoKeys;
                    return Ok(Ended::Failed(if about_the_key { waiting } else { failure }));
                }
                Err(ended) => return Ok(ended),
            };
            self.by = Some(By {
                tier: lease.tier,
                borrowed: lease.borrowed,
            });
            let call = lease.attempted();
            let goes_on = match self.attempt(slot, lease).await {
                Attempt::Cancelled => return Ok(self.cancelled()),
                Attempt::TimedOut => {
                    if let Some(ended) = self.cut_short() {
                        return Ok(ended);
                    }
                    failure = Failure::TooSlow;
                    self.route.timed_out(&call, clock::now())
                }
                Attempt::Reported(Report { result, verdict }) => {
                    failure = match result {
                        Ok(answer) => return Ok(Ended::Answered(answer)),
                        Err(why) => why,
                    };
                    if let Next::Repaired(repair) = verdict.next {
                        self.engine.remember_repair(&call.model, repair);
                    }
                    let goes_on = self.route.goes_on(&call, &verdict, clock::now());
                    if goes_on {
                        self.pause(verdict.effect).await;
                    } else if verdict.effect == Effect::Page {
                        failure = self.page_again();
                    }
                    goes_on
                }
            };
            if !goes_on {
                return Ok(Ended::Failed(self.in_the_end(failure)));
            }
            self.question
                .view
                .visible
                .send_modify(|visible| *visible = Visible::default());
        }
    }

    /// What is said when no further call is made: refusals of single keys say nothing of the others,
    /// so the pool is asked once more.
    fn in_the_end(&self, failure: Failure) -> Failure {
        if !matches!(failure, Failure::NoKeys | Failure::Resting { .. }) {
            return failure;
        }
        let wait = self.engine.lending.why_not(self.route.ask());
        if wait.until.is_some_and(|until| until <= clock::now()) {
            return Failure::Unexplained;
        }
        why_not(wait)
    }

    /// The question was answered with a page twice: while others pass, the fault is its own.
    fn page_again(&self) -> Failure {
        let wait = self.engine.lending.why_not(self.route.ask());
        if wait.why == Why::Address {
            why_not(wait)
        } else {
            Failure::BadRequest
        }
    }

    /// Our deadline ended an answer: what was shown is kept, or the question is over, or `None`
    /// when another key may still try.
    fn cut_short(&self) -> Option<Ended> {
        let is_late = clock::instant() >= self.deadline;
        match self.question.view.shown() {
            Some(text) => Some(beginning(text, Finish::Broken)),
            None => is_late.then_some(Ended::Failed(Failure::TooSlow)),
        }
    }

    /// The person has stopped the answer, or wants none any more.
    fn cancelled(&self) -> Ended {
        let view = self.question.view;
        let is_kept = view.halt.why() == Some(End::Kept);
        match view.shown().filter(|_| is_kept) {
            Some(text) => beginning(text, Finish::Stopped),
            None => Ended::Cancelled,
        }
    }

    /// What failed on the wire is tried again a little later, not in the same instant
    /// (gemini-api §15, row 26).
    async fn pause(&self, effect: Effect) {
        if let Effect::Innocent | Effect::Suspect(_) | Effect::Page = effect {
            let base = 200 * u64::from(self.route.attempts());
            let pause = Duration::from_millis(fastrand::u64(base..base * 3));
            sleep_until((clock::instant() + pause).min(self.deadline)).await;
        }
    }
}

/// An answer of which there is only what was shown.
fn beginning(text: String, finish: Finish) -> Ended {
    Ended::Answered(Answer {
        text,
        finish,
        model: String::new(),
        signed: Vec::new(),
        usage: Usage::default(),
    })
}
