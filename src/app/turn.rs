//! One message from job to reply: load and ask ([`answer`]), then render and commit ([`conclude`]).
//! Delivery follows from the rows that commits.
//!
//! Invariant: the end of a turn is one commit; before it the job is still in the inbox, after it
//! the answer is in the outbox.

mod close;
mod files;
pub(crate) mod live;
mod made;
mod picture;
mod question;
mod reply;
mod rounds;
pub(crate) mod run;
mod said;
mod speech;
pub(crate) mod sum_up;

use std::sync::Arc;

use log::warn;

use crate::app::call::{Called, Question, Run, View};
use crate::app::downloads::Downloads;
use crate::app::ending::Ending;
use crate::app::engine::Engine;
use crate::app::tools::Toolbox;
use crate::catalog::Kind;
use crate::chat::part::text_of;
use crate::chat::wish::Wish;
use crate::chat::{Job, MessageId, Notice, Role, Task};
use crate::clock;
use crate::gemini::shape::Output;
use crate::outgoing::Head;
use crate::queue::Past;
use crate::store::StoreError;
pub(crate) use close::discard;
use close::{Close, close};
use question::{Asked, Means};
pub(crate) use reply::Finished;
use reply::{Answered, Reply};

/// The rank of whoever has had enough: behind all roles.
const LAST: u8 = 5;

/// What a turn left behind.
#[derive(Debug)]
pub(crate) struct Concluded {
    pub(crate) ending: Ending,
    /// Its rows in the outbox.
    pub(crate) rows: Vec<Head>,
    /// What the person is told, for an origin that the outbox does not serve.
    pub(crate) text: String,
}

/// Answers one job of the inbox. `past` is what it has behind it; files come by `downloads`.
pub(crate) async fn answer(
    engine: &Arc<Engine>,
    downloads: Option<&Downloads>,
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
    // served. Of a job that an earlier run has left it is known first, in case it ends this one at
    // once.
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
            let person = engine.store.person(job.sender.id).await?;
            let preferences = person.map(|person| person.preferences.clone());
            let preferences = preferences.unwrap_or_default();
            let asked = Asked {
                engine,
                settings: &settings,
                locale,
                job,
                text,
                quote: quote.as_deref(),
                basis: *basis,
                preferences,
            };
            match asked.role_now().await? {
                // They may not ask any more, which whoever decided so has told them, or the next
                // message does.
                None => Reply::new(Ending::Discarded, Vec::new()),
                Some(role) if past.is_proven() => give_up(&asked, role, past),
                Some(role) => ask(&asked, downloads, role, (run, view)).await?,
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

/// Asks the model, unless there is something to say first.
async fn ask(
    asked: &Asked<'_>,
    downloads: Option<&Downloads>,
    role: Role,
    (run, view): (Run, View<'_>),
) -> Result<Reply, StoreError> {
    if let Some(sentence) = asked.unreadable() {
        return Ok(Reply::say(Ending::Told, sentence));
    }
    let terms = asked.settings.roles.terms(role);
    let means = Means::of((terms, role), downloads, (run, view));
    if let Some(reply) = make(asked, &means).await? {
        return Ok(reply);
    }
    let context = asked
        .engine
        .store
        .context(asked.job.lane, asked.basis, usize::from(terms.rounds))
        .await?;
    let shared = asked.shared(terms);
    let has_had_enough = asked.has_had_enough(role, shared).await?;
    let (choice, highest) = asked.choose(terms, &context, has_had_enough);
    let looked = tokio::select! {
        looked = asked.look(downloads, terms, &context) => looked?,
        ending = view.cancel.cancelled() => return Ok(Reply::new(ending, Vec::new())),
    };
    if let Some(sentence) = asked.in_vain(&looked) {
        return Ok(Reply::say(Ending::Told, sentence));
    }
    let mut toolbox = asked.toolbox(terms, &context);
    let composed = asked.composed(terms, (&context, &looked.files), &toolbox);
    let composed = match composed.await? {
        Ok(composed) => composed,
        Err(sentence) => return Ok(Reply::say(Ending::Told, sentence)),
    };
    let question = Question {
        prompt: Arc::new(composed.prompt),
        kind: choice.tier.into(),
        output: Output::Text,
        signed_by: composed.signed_by,
        groups: terms.groups().collect(),
        rank: if has_had_enough { LAST } else { role.rank() },
        deadline: clock::instant() + asked.settings.config.limits.answer_deadline,
        run,
        view,
    };
    let called =
        rounds::until_answered(asked.engine, asked.settings, question, &mut toolbox).await?;
    let answered = Answered {
        choice,
        ceiling: choice.wanted.min(highest),
        by: called.by,
        is_kept: terms.rounds > 0,
        shared,
        has_had_enough,
        looked: &looked,
    };
    let mut reply = replied(asked, called, &answered, (toolbox, &means)).await?;
    reply.sum_up = composed.sum_up;
    Ok(reply)
}

/// What comes of the calls of a turn.
async fn replied(
    asked: &Asked<'_>,
    called: Called,
    answered: &Answered<'_>,
    (toolbox, means): (Toolbox<'_>, &Means<'_>),
) -> Result<Reply, StoreError> {
    let mut reply = match called.result {
        Ok(mut answer) => {
            answer.parts = made::kept(answer.parts, called.files).await;
            let reply = asked.setting(asked.answered(answer, answered), toolbox.reminders);
            asked.voiced(reply, means).await?
        }
        Err(Ending::Failed(failure)) => asked.failed(failure, answered.is_kept),
        // Whoever cancelled has said so already.
        Err(ending) => Reply::new(ending, Vec::new()),
    };
    reply.changes.extend(called.changes);
    Ok(reply)
}

/// The reply to whoever wants something else than an answer. Nothing for plain words about a picture that
/// cannot be drawn: they may mean something else, so they are answered all the same.
async fn make(asked: &Asked<'_>, means: &Means<'_>) -> Result<Option<Reply>, StoreError> {
    let can_make = |kind| asked.can_make(kind, means.terms);
    Ok(match asked.job.task.wish() {
        Wish::Picture { words, .. } if can_make(Kind::Pictures) => {
            Some(asked.draw(words, means).await?)
        }
        Wish::Speech { words } if can_make(Kind::Speech) => Some(asked.say(words, means).await?),
        Wish::Picture { is_command, .. } => {
            is_command.then(|| Reply::say(Ending::Told, asked.no_pictures()))
        }
        Wish::Speech { .. } => Some(Reply::say(Ending::Told, asked.locale.no_speech())),
        Wish::Answer => None,
    })
}

/// The bot died while nothing but this ran, or it panicked twice.
fn give_up(asked: &Asked<'_>, role: Role, past: Past) -> Reply {
    warn!(job = asked.job.id.0, crashes = past.crashes, panics = past.panics; "given up");
    let is_kept = asked.settings.roles.terms(role).rounds > 0;
    let text = asked.locale.notice(&Notice::GaveUp, asked.job.sender.id);
    asked.without_answer(Reply::say(Ending::GivenUp, text), is_kept, true)
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
    let settings = engine.settings();
    let locale = settings.locale_for(&job.sender);
    let today = settings.today(clock::now()).number;
    let said = said::rendered(&reply, &job, locale).await;
    let sets_reminders = !reply.reminders.is_empty();
    let writer = Arc::clone(engine);
    let stored = engine.store.write(move |store| {
        writer.put_changes(store, &reply.changes)?;
        let end = Close {
            reply: &reply,
            said: &said,
            shown,
            locale,
            today,
        };
        close(store, &job, &end)
    });
    let (ending, rows) = stored.await?;
    if sets_reminders {
        engine.reminders.notify_one();
    }
    Ok(Concluded { ending, rows, text })
}
