//! One message from job to reply: load and ask ([`answer`]), then render and commit ([`conclude`]).
//! Delivery follows from the rows that commits.
//!
//! Invariant: the end of a turn is one commit; before it the job is still in the inbox, after it
//! the answer is in the outbox.

mod close;
mod enclosed;
pub(crate) mod live;
mod reply;
pub(crate) mod run;
mod said;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use log::{info, warn};

use crate::app::call::{self, By, Question, Run, View};
use crate::app::ending::Ending;
use crate::app::engine::{Engine, Settings};
use crate::catalog::{Tier, TierReason};
use crate::chat::Role;
use crate::chat::answer::{Answer, Failure};
use crate::chat::callback::Callback;
use crate::chat::part::text_of;
use crate::chat::prompt::{self, Facts, Prompt};
use crate::chat::{Basis, ChatKind, Job, Lane, MessageId, Notice, Part, StoredTurn, Task, UserId};
use crate::clock;
use crate::keys::Group;
use crate::locale::Locale;
use crate::outgoing::Head;
use crate::people::gate::Known;
use crate::people::roles::Terms;
use crate::queue::Past;
use crate::store::StoreError;
use crate::tier::{self, Choice, Day, Left};
pub(crate) use close::take_back;
use close::{Close, close};
pub(crate) use reply::Finished;
use reply::Reply;

/// Tokens of context a question carries at the most: enough for ten long rounds, and a small part
/// of a free key's minute.
const CONTEXT_TOKENS: u64 = 24_000;

/// What a turn left behind.
#[derive(Debug)]
pub(crate) struct Concluded {
    pub(crate) ending: Ending,
    /// Its rows in the outbox.
    pub(crate) rows: Vec<Head>,
    /// What the person is told, for an origin that the outbox does not serve.
    pub(crate) text: String,
}

/// Answers one job of the inbox. `past` is what it has behind it.
pub(crate) async fn answer(
    engine: &Arc<Engine>,
    job: &Job,
    past: Past,
    view: View<'_>,
) -> Result<Finished, StoreError> {
    let settings = engine.settings();
    let run = Run {
        job: job.id,
        crashes: past.crashes,
    };
    // Shares the commit of the first call's unit, and comes before it: writes are first come, first
    // served. Of a job that an earlier run has left it is known first, in case it ends this one at once.
    let begun = engine.store.write_soon(move |rows| run.begins(rows));
    if past.is_recalled {
        begun.await?;
    } else {
        // Nothing waits for it: the end of the turn comes after it.
        drop(begun);
    }
    let locale = settings.locale_for(&job.sender);
    let reply = match &job.task {
        Task::Question {
            text, quote, basis, ..
        } => {
            let asked = Asked {
                engine,
                settings: &settings,
                locale,
                job,
                text,
                quote: quote.as_deref(),
                basis: *basis,
            };
            if past.is_proven() {
                asked.give_up(past).await?
            } else {
                asked.reply(run, view).await?
            }
        }
        Task::Command(_) => {
            let text = locale.notice(&Notice::GaveUp, job.sender.id);
            Reply::say(Ending::GivenUp, text)
        }
        Task::Tell(notice) => Reply::say(Ending::Told, locale.notice(notice, job.sender.id)),
    };
    Ok(Finished {
        job: job.clone(),
        reply,
    })
}

/// How a question came to its answer.
struct Answered {
    choice: Choice,
    /// What it would be if every tier had its whole day left.
    ceiling: Tier,
    by: Option<By>,
    /// Whether the round is remembered.
    is_kept: bool,
}

impl Answered {
    fn reason(&self) -> TierReason {
        match self.by {
            Some(by) if by.tier < self.choice.tier => TierReason::Degraded,
            Some(_) | None => self.choice.reason,
        }
    }
}

/// A question with all that is known of it.
struct Asked<'a> {
    engine: &'a Arc<Engine>,
    settings: &'a Settings,
    locale: &'static Locale,
    job: &'a Job,
    text: &'a str,
    quote: Option<&'a str>,
    basis: Basis,
}

impl Asked<'_> {
    async fn reply(&self, run: Run, view: View<'_>) -> Result<Reply, StoreError> {
        let Some(role) = self.role_now().await? else {
            let text = self
                .locale
                .notice(&Notice::NeedsApproval, self.job.sender.id);
            return Ok(Reply::say(Ending::Told, text));
        };
        if let Some(sentence) = self.unreadable() {
            return Ok(Reply::say(Ending::Told, sentence));
        }
        let terms = self.settings.roles.terms(role);
        let context = self
            .engine
            .store
            .context(self.job.lane, self.basis, usize::from(terms.rounds))
            .await?;
        let (choice, highest) = self.choose(terms, &context);
        let question = Question {
            prompt: Arc::new(self.compose(&context)),
            tier: choice.tier,
            signed_by: StoredTurn::only_model(&context),
            groups: terms.groups().collect(),
            rank: role.rank(),
            run,
            view,
        };
        let called = call::until_answered(self.engine, self.settings, question).await?;
        let answered = Answered {
            choice,
            ceiling: choice.wanted.min(highest),
            by: called.by,
            is_kept: terms.rounds > 0,
        };
        let reply = match called.result {
            Ok(answer) => self.answered(answer, &answered),
            Err(Ending::Failed(failure)) => self.failed(failure, answered.is_kept),
            // Whoever cancelled has said so already.
            Err(ending) => Reply::new(ending, Vec::new()),
        };
        Ok(Reply {
            changes: called.changes,
            ..reply
        })
    }

    /// The bot died while nothing but this ran, or it panicked twice.
    async fn give_up(&self, past: Past) -> Result<Reply, StoreError> {
        warn!(job = self.job.id.0, crashes = past.crashes, panics = past.panics; "given up");
        let role = self.role_now().await?;
        let is_kept = role.is_some_and(|role| self.settings.roles.terms(role).rounds > 0);
        let text = self.locale.notice(&Notice::GaveUp, self.job.sender.id);
        Ok(self.without_answer(Reply::say(Ending::GivenUp, text), is_kept, true))
    }

    /// The tier for the question, and the highest one that the role and its keys offer.
    fn choose(&self, terms: &Terms, context: &[Arc<StoredTurn>]) -> (Choice, Tier) {
        let groups: Vec<Group> = terms.groups().collect();
        let now = clock::now();
        let left = |tier| {
            let lending = &self.engine.lending;
            lending.with(|pool| pool.left(tier, &groups, now))
        };
        let days = [Tier::Lite, Tier::Flash, Tier::Pro].map(|tier| (tier, left(tier)));
        let offered = days.iter().filter(|(_, day)| day.is_some());
        let highest = offered.map(|(tier, _)| *tier).max().unwrap_or(Tier::Lite);
        let highest = highest.min(terms.highest_tier);
        let [lite, flash, pro] = days.map(|(_, day)| day.unwrap_or(Day::Gone));
        let reasons: Vec<TierReason> = context.iter().map(|turn| turn.reason).collect();
        let quote = self.words_of_others();
        let facts = tier::Facts {
            text: self.text,
            quote: quote.as_deref(),
            attachments: 0,
            context: &reasons,
            highest,
            // Until there is /model.
            wish: None,
            left: Left { lite, flash, pro },
        };
        (tier::choose(&facts), highest)
    }

    fn answered(&self, answer: Answer, answered: &Answered) -> Reply {
        self.engine
            .metrics
            .answered(clock::now().since(self.job.accepted));
        let reason = answered.reason();
        info!(job = self.job.id.0, model = answer.model.as_str(), reason:?; "answered");
        let goes_on = answer.finish.goes_on().then_some(Callback::Continue);
        let buttons = [Callback::Retry].into_iter().chain(goes_on);
        let buttons = buttons.filter(|_| answered.is_kept);
        Reply {
            notes: self.notes(&answer, answered),
            buttons: buttons.map(|button| self.locale.button(button)).collect(),
            round: answered.is_kept.then(|| self.round(&answer, reason)),
            ..Reply::new(answer.finish.into(), answer.parts)
        }
    }

    fn failed(&self, failure: Failure, is_kept: bool) -> Reply {
        self.engine.metrics.failures.fetch_add(1, Ordering::Relaxed);
        info!(job = self.job.id.0, failure:?; "not answered");
        let said = Reply::say(Ending::Failed(failure), self.locale.failure(failure));
        self.without_answer(said, is_kept, failure.may_pass())
    }

    /// A question that got no answer is kept all the same, to be found when it is asked again.
    fn without_answer(&self, said: Reply, is_kept: bool, may_pass: bool) -> Reply {
        let button = (is_kept && may_pass).then(|| self.locale.button(Callback::Retry));
        Reply {
            buttons: button.into_iter().collect(),
            round: is_kept.then(|| self.unanswered()),
            ..said
        }
    }

    /// An answer that is not whole says so, one by another model or key than the wanted one, and one to a
    /// question with a file that nobody looked at.
    fn notes(&self, answer: &Answer, answered: &Answered) -> Vec<String> {
        let by = match answered.by {
            Some(by) if by.tier < answered.ceiling => Some(self.locale.degraded(by.tier)),
            Some(by) if by.borrowed => Some(self.locale.borrowed()),
            Some(_) | None => None,
        };
        let finish = self.locale.finish(answer.finish);
        let said = finish.into_iter().chain(by).map(str::to_owned);
        said.chain(self.note_on_files()).collect()
    }

    /// The role of this moment: a grant may have ended, or been taken back, while the job waited.
    async fn role_now(&self) -> Result<Option<Role>, StoreError> {
        let job = self.job;
        let Lane::Telegram { chat, .. } = job.lane else {
            return Ok(Some(job.role));
        };
        let person = self.engine.store.person(job.sender.id).await?;
        let group = match job.kind {
            ChatKind::Private => None,
            ChatKind::Group => self.engine.store.person(UserId(chat.0)).await?,
        };
        let known = Known {
            person: person.as_deref(),
            group: group.as_deref(),
        };
        Ok(self
            .settings
            .gate()
            .role(&job.sender, job.kind, known, clock::now()))
    }

    fn compose(&self, context: &[Arc<StoredTurn>]) -> Prompt {
        let speaker = match self.job.kind {
            ChatKind::Private => None,
            ChatKind::Group => Some(self.job.sender.name.as_str()),
        };
        let facts = Facts {
            persona: self.settings.persona(),
            today: &clock::date(clock::now(), &self.settings.config.time_zone),
            language: self.job.sender.language.as_deref(),
            budget: CONTEXT_TOKENS,
        };
        let question = prompt::Question {
            text: self.text,
            quote: self.quote,
            enclosed: self.job.task.enclosed(),
            speaker,
        };
        prompt::build(&facts, context, &question)
    }

    /// The round as the next questions will see it.
    fn round(&self, answer: &Answer, reason: TierReason) -> StoredTurn {
        StoredTurn {
            model: answer.model.clone(),
            reason,
            answer: answer.parts.clone(),
            ..self.unanswered()
        }
    }

    fn unanswered(&self) -> StoredTurn {
        let quote = self.quote.map(|quote| Part::Quote(quote.to_owned()));
        let enclosed = self.job.task.enclosed().iter();
        let enclosed = enclosed.cloned().map(Part::Enclosed);
        let text = Part::Text(self.text.to_owned());
        StoredTurn {
            asked: self.job.accepted,
            question_messages: self.job.messages.clone(),
            answer_messages: Vec::new(),
            files: Vec::new(),
            beginning: None,
            model: String::new(),
            reason: TierReason::Smalltalk,
            question: quote.into_iter().chain(enclosed).chain([text]).collect(),
            answer: Vec::new(),
        }
    }
}

/// The one commit: round, key health, outbox rows; the job leaves the inbox. `shown` is the message
/// in which the answer has grown. A question that was changed meanwhile stays there, and what was
/// answered is worth nothing.
pub(crate) async fn conclude(
    engine: &Arc<Engine>,
    finished: &Finished,
    shown: Option<MessageId>,
) -> Result<Concluded, StoreError> {
    let Finished { job, reply } = finished.clone();
    let notes = reply.notes.iter().map(|note| format!("\n\n{note}"));
    let text = format!("{}{}", text_of(&reply.parts), notes.collect::<String>());
    let locale = engine.settings().locale_for(&job.sender);
    let said = said::rendered(&reply, &job, locale).await;
    let pool = Arc::clone(engine);
    let stored = engine.store.write(move |store| {
        let news = pool.put_changes(store, &reply.changes)?;
        let end = Close {
            reply: &reply,
            said: &said,
            shown,
            locale,
        };
        Ok((close(store, &job, &end)?, news))
    });
    let ((ending, rows), news) = stored.await?;
    engine.announce(news);
    Ok(Concluded { ending, rows, text })
}
