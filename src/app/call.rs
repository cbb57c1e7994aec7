//! Lease a key, ask Gemini, settle: until there is an answer, a failure that no other key could
//! mend, or the deadline. Knows no chat.
//!
//! Invariant: the unit of quota is on disk before the request leaves.

mod attempt;
mod lease;
pub(crate) mod look;
mod made;
mod sight;
mod timeouts;

use attempt::Attempt;
use lease::why_not;
pub(crate) use sight::{Queued, Sight, View, Visible};

use std::sync::Arc;
use std::time::Duration;

use log::{debug, warn};
use tokio::time::sleep_until;

use crate::app::ending::Ending;
use crate::app::engine::{Backend, Engine, Settings};
use crate::catalog::Kind;
use crate::chat::JobId;
use crate::chat::answer::{Answer, Failure, Finish};
use crate::chat::prompt::Prompt;
use crate::clock::{self, Instant};
use crate::gemini::Outcome as Report;
use crate::gemini::shape::Output;
use crate::gemini::slots::Slots;
use crate::keys::{Change, Effect, Fingerprint, Group, Next, Route, Start, Why};
use crate::offline;
use crate::spool::Spooled;
use crate::store::{StoreError, Write};

/// How long a chat question waits for the next free key (design §4).
const KEY_PATIENCE: Duration = Duration::from_secs(15);

/// The job for which a call is made, as far as crashes are concerned (design §2, rule 7): its row
/// tells the next start whether it ran when this process died.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    pub(crate) job: JobId,
    /// Crashes at which it ran, before this run of the bot.
    pub(crate) crashes: u8,
}

impl Run {
    /// It runs from now on.
    pub(crate) fn begins(self, rows: &mut Write<'_>) -> Result<(), StoreError> {
        rows.set_attempts(self.job, self.crashes.saturating_add(1))
    }

    /// It does not run for now: it has ended, or waits for a key. A crash from now on is not counted
    /// against it.
    pub(crate) fn stops(self, rows: &mut Write<'_>) -> Result<(), StoreError> {
        rows.set_attempts(self.job, self.crashes)
    }
}

/// What the model is asked, once or again with what came of its answer, and for whom.
pub(crate) struct Question<'a> {
    pub(crate) prompt: Arc<Prompt>,
    pub(crate) kind: Kind,
    /// What the model is to make.
    pub(crate) output: Output,
    /// The one model that made all of the history, if it was one.
    pub(crate) signed_by: Option<String>,
    /// The asker's own key group first, then those it may borrow from.
    pub(crate) groups: Vec<Group>,
    /// Of the asker's role: lower goes first in the queue for a key.
    pub(crate) rank: u8,
    /// Until when the first text of an answer must be there; one moment for all calls of a turn.
    pub(crate) deadline: Instant,
    pub(crate) run: Run,
    pub(crate) view: View<'a>,
}

/// What came of a call, and what the pool learned on the way (to be stored with the turn).
pub(crate) struct Called {
    /// Without an answer, how the turn ends.
    pub(crate) result: Result<Answer, Ending>,
    pub(crate) changes: Vec<Change>,
    /// Whose key made the answer, and which kind of model.
    pub(crate) by: Option<By>,
    /// The files that the answer names.
    pub(crate) files: Vec<Spooled>,
}

/// What made an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct By {
    pub(crate) kind: Kind,
    /// A key of a lower group.
    pub(crate) borrowed: bool,
}

/// Asks until there is an end.
pub(crate) async fn until_answered(
    engine: &Arc<Engine>,
    settings: &Settings,
    question: &Question<'_>,
) -> Result<Called, StoreError> {
    match &engine.backend {
        Backend::Offline => Ok(answer_offline(question)),
        Backend::Gemini { slots, .. } => {
            let start = Start {
                kind: question.kind,
                groups: question.groups.clone(),
                tokens: question.prompt.tokens(),
                rank: question.rank,
                since: clock::steady(),
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
                files: Vec::new(),
                is_marked: true,
            };
            let result = call.run().await?;
            Ok(Called {
                result,
                changes: call.changes,
                by: call.by,
                files: call.files,
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
            .sight
            .visible
            .send_modify(|visible| visible.text.push_str(piece));
    }
    Called {
        result: Ok(Answer::of_text(text, Finish::Complete, "offline")),
        changes: Vec::new(),
        by: None,
        files: Vec::new(),
    }
}

struct Call<'a> {
    engine: &'a Arc<Engine>,
    settings: &'a Settings,
    slots: &'a Slots,
    question: &'a Question<'a>,
    route: Route,
    changes: Vec<Change>,
    /// The newest call's.
    by: Option<By>,
    /// Of the newest call.
    files: Vec<Spooled>,
    /// The row of the job tells that it runs.
    is_marked: bool,
}

impl Call<'_> {
    /// What a person has seen stays where nothing better came, however it came to an end.
    async fn run(&mut self) -> Result<Result<Answer, Ending>, StoreError> {
        let ending = match self.asked().await? {
            Ok(answer) => return Ok(Ok(answer)),
            Err(ending) => ending,
        };
        let seen = self.question.view.sight.taken();
        Ok(match (ending.keeps_seen(), seen) {
            (Some(finish), Some(seen)) => {
                if let Ending::Failed(failure) = ending {
                    debug!(failure:?; "nothing better came, what was seen is kept");
                }
                self.by = seen.by;
                Ok(beginning(seen.text, finish))
            }
            (Some(Finish::Stopped), None) => Err(Ending::Discarded),
            (Some(_) | None, _) => Err(ending),
        })
    }

    async fn asked(&mut self) -> Result<Result<Answer, Ending>, StoreError> {
        let mut failure = Failure::Unexplained;
        loop {
            let (slot, lease) = match self.lease().await? {
                Ok(both) => both,
                Err(Ending::Failed(waiting)) if self.route.attempts() > 0 => {
                    debug!(failure:? = waiting; "no other key for another attempt");
                    // What the service said of the question tells more than that no key is left,
                    // unless it was about the key.
                    let about_the_key = failure == Failure::NoKeys;
                    let failure = if about_the_key { waiting } else { failure };
                    return Ok(Err(failure.into()));
                }
                Err(ending) => return Ok(Err(ending)),
            };
            self.by = Some(By {
                kind: lease.kind,
                borrowed: lease.borrowed,
            });
            let (call, project) = (lease.attempted(), lease.project);
            let attempt = self.attempt(slot, lease).await;
            let is_seen = self.question.view.sight.keep(self.by);
            let goes_on = match attempt {
                Attempt::Cancelled(ending) => return Ok(Err(ending)),
                Attempt::UnknownKey => {
                    warn!(model = call.model.as_str(); "the pool lent a key that is not in this turn's settings");
                    failure = Failure::NoKeys;
                    self.route.passes_over(&call)
                }
                Attempt::TimedOut => {
                    // Whoever reads has waited long enough.
                    if is_seen || clock::instant() >= self.question.deadline {
                        return Ok(Err(Failure::TooSlow.into()));
                    }
                    failure = Failure::TooSlow;
                    self.route.timed_out(&call, clock::steady())
                }
                Attempt::Reported(report) => {
                    let Report { result, verdict } = *report;
                    failure = match result {
                        Ok(answer) => return Ok(Ok(answer)),
                        Err(why) => why,
                    };
                    if failure.withdraws() {
                        self.question.view.sight.withdraw();
                    }
                    self.remember(&call.model, project, verdict.next);
                    let goes_on = self.route.goes_on(&call, &verdict, clock::steady());
                    if goes_on {
                        self.pause(verdict.effect).await;
                    } else if verdict.effect == Effect::Page {
                        failure = self.page_again();
                    }
                    goes_on
                }
            };
            if !goes_on {
                return Ok(Err(self.in_the_end(failure).into()));
            }
            self.question.view.sight.clear();
        }
    }

    /// What further requests are to be changed by.
    fn remember(&self, model: &str, project: Fingerprint, next: Next) {
        if let Next::Repaired(repair) = next {
            self.engine.remember_repair(model, project, repair);
        }
    }

    /// What is said when no further call is made: refusals of single keys say nothing of the
    /// others, so the pool is asked once more.
    fn in_the_end(&self, failure: Failure) -> Failure {
        if !matches!(failure, Failure::NoKeys | Failure::CoolingDown { .. }) {
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

    /// What failed on the wire is tried again a little later, not in the same instant
    /// (gemini-api §15, row 26).
    async fn pause(&self, effect: Effect) {
        if let Effect::Innocent | Effect::Suspect(_) | Effect::Page = effect {
            let base = 200 * u64::from(self.route.attempts());
            let pause = Duration::from_millis(fastrand::u64(base..base * 3));
            sleep_until((clock::instant() + pause).min(self.question.deadline)).await;
        }
    }
}

/// An answer of which there is only what was shown.
fn beginning(text: String, finish: Finish) -> Answer {
    Answer::of_text(text, finish, "")
}

#[cfg(test)]
mod tests;
