//! One message from job to reply: load, ask, render, commit. Delivery follows from the rows it
//! commits.
//!
//! Invariant: the end of a turn is one commit; before it the job is still in the inbox, after it
//! the answer is in the outbox.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use log::info;

use crate::app::call::{self, Ended, Question, View};
use crate::app::engine::{Engine, Settings};
use crate::chat::admit::Known;
use crate::chat::answer::Answer;
use crate::chat::prompt::{self, Facts, Prompt};
use crate::chat::role::{Role, Terms};
use crate::chat::{
    ChatKind, Job, JobId, Lane, Notice, Outbound, Parcel, Part, Rank, StoredTurn, Task, Tier,
    TierReason, UserId, render,
};
use crate::clock::{self, Timestamp};
use crate::keys::Change;
use crate::locale::Locale;
use crate::outgoing::Head;
use crate::store::StoreError;

/// Turns begun for one job before the person is told that it cannot be done.
const MOST_BEGUN: u8 = 2;
/// Tokens of context a question carries at the most: enough for ten long rounds, and a small part
/// of a free key's minute.
const CONTEXT_TOKENS: u64 = 24_000;

/// What a turn left behind.
#[derive(Debug, Default)]
pub(crate) struct Concluded {
    /// Its rows in the outbox.
    pub(crate) rows: Vec<Head>,
    /// What the person is told, for an origin that the outbox does not serve.
    pub(crate) text: String,
}

/// What the person gets, and what is kept of it.
#[derive(Default)]
struct Reply {
    text: String,
    /// The round, where it is remembered.
    round: Option<StoredTurn>,
    changes: Vec<Change>,
}

impl Reply {
    fn say(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

/// Answers one job of the inbox.
pub(crate) async fn answer(
    engine: &Arc<Engine>,
    id: JobId,
    view: View<'_>,
) -> Result<Concluded, StoreError> {
    // Commits before the ledger row of the first call does: writes are first come, first served.
    let begun = engine.store.write(move |rows| rows.begin_job(id));
    let settings = engine.settings();
    let Some(job) = engine.store.read(move |rows| rows.job(id)).await? else {
        return Ok(Concluded::default());
    };
    let locale = settings.locale_for(&job.sender);
    let reply = match &job.task {
        Task::Question { .. } if job.attempts < MOST_BEGUN => {
            ask(engine, &settings, &job, view).await?
        }
        Task::Question { .. } | Task::Command(_) => Reply::say(locale.notice(&Notice::GaveUp)),
        Task::Tell(notice) => Reply::say(locale.notice(notice)),
    };
    begun.await?;
    conclude(engine, job, reply).await
}

async fn ask(
    engine: &Arc<Engine>,
    settings: &Settings,
    job: &Job,
    view: View<'_>,
) -> Result<Reply, StoreError> {
    let locale = settings.locale_for(&job.sender);
    let Some(role) = role_now(engine, settings, job).await? else {
        return Ok(Reply::say(locale.notice(&Notice::NeedsApproval)));
    };
    let terms = settings.roles.terms(role);
    let prompt = Arc::new(compose(engine, settings, job, terms).await?);
    // Every question goes to the lite tier until tier choice comes with the key pool's routers.
    let tier = Tier::Lite;
    let groups: Vec<_> = terms.groups().collect();
    let question = Question { prompt, tier, groups: &groups, view };
    let outcome = call::until_answered(engine, settings, question).await?;
    let mut reply = match outcome.ended {
        Ended::Answered(answer) => {
            engine.metrics.answered(clock::now().since(job.accepted));
            info!(job = job.id.0, model = answer.model.as_str(); "answered");
            let text = locale.answer(&answer);
            let round = (terms.rounds > 0).then(|| round(job, answer));
            Reply { text, round, changes: Vec::new() }
        }
        Ended::Failed(failure) => {
            engine.metrics.failures.fetch_add(1, Ordering::Relaxed);
            info!(job = job.id.0, failure:? = failure; "not answered");
            Reply::say(locale.failure(failure))
        }
        // Whoever cancelled has said so already.
        Ended::Cancelled => Reply::default(),
    };
    reply.changes = outcome.changes;
    Ok(reply)
}

/// The role of this moment: a grant may have ended, or been taken back, while the job waited.
async fn role_now(
    engine: &Engine,
    settings: &Settings,
    job: &Job,
) -> Result<Option<Role>, StoreError> {
    let Lane::Telegram { chat, .. } = job.lane else { return Ok(Some(Role::Owner)) };
    let person = engine.store.person(job.sender.id).await?;
    let group = match job.kind {
        ChatKind::Private => None,
        ChatKind::Group => engine.store.person(UserId(chat.0)).await?,
    };
    let known = Known { person: person.as_deref(), group: group.as_deref() };
    Ok(settings.gate().role(&job.sender, job.kind, known, clock::now()))
}

async fn compose(
    engine: &Engine,
    settings: &Settings,
    job: &Job,
    terms: &Terms,
) -> Result<Prompt, StoreError> {
    let Task::Question { text, quote } = &job.task else { return Ok(prompt::empty()) };
    let context = engine.store.context(job.lane, usize::from(terms.rounds)).await?;
    let speaker = match job.kind {
        ChatKind::Private => None,
        ChatKind::Group => Some(job.sender.name.as_str()),
    };
    let today = clock::date(clock::now(), &settings.config.time_zone);
    let facts = Facts {
        persona: settings.persona(),
        today: &today,
        language: job.sender.language.as_deref(),
        budget: CONTEXT_TOKENS,
    };
    let question = prompt::Question { text, quote: quote.as_deref(), speaker };
    Ok(prompt::build(&facts, &context, &question))
}

/// The round as the next questions will see it.
fn round(job: &Job, answer: Answer) -> StoredTurn {
    let question = match &job.task {
        Task::Question { text, .. } => vec![Part::Text(text.clone())],
        Task::Command(_) | Task::Tell(_) => Vec::new(),
    };
    let signed = answer.signed.into_iter().map(Part::Signed);
    StoredTurn {
        asked: job.accepted,
        question_messages: job.messages.clone(),
        answer_messages: Vec::new(),
        model: answer.model,
        reason: TierReason::Smalltalk,
        question,
        answer: std::iter::once(Part::Text(answer.text)).chain(signed).collect(),
    }
}

/// The one commit: round, key health, outbox rows; the job leaves the inbox.
async fn conclude(engine: &Arc<Engine>, job: Job, reply: Reply) -> Result<Concluded, StoreError> {
    let rows = outbound(&job, &reply.text);
    let Reply { text, round, changes } = reply;
    let pool = Arc::clone(engine);
    let heads = engine.store.write(move |store| {
        pool.put_changes(store, &changes)?;
        if let Some(round) = &round {
            store.append_turn(job.lane, job.id, round)?;
        }
        store.remove_job(job.id)?;
        rows.iter().map(|row| Ok(Head::of(store.put_outbound(row)?, row))).collect()
    });
    Ok(Concluded { rows: heads.await?, text })
}

/// The parts of a reply as outbox rows; an origin without a chat has none.
fn outbound(job: &Job, text: &str) -> Vec<Outbound> {
    let Lane::Telegram { chat, topic, .. } = job.lane else { return Vec::new() };
    let reply_to = match job.kind {
        ChatKind::Private => None,
        ChatKind::Group => job.messages.first().copied(),
    };
    let row = |(part, text): (u16, String)| Outbound {
        chat,
        topic,
        rank: Rank::Final,
        not_before: Timestamp::default(),
        part_of: Some((job.lane, job.id, part)),
        parcel: Parcel::Send { text, reply_to: reply_to.filter(|_| part == 0), button: None },
    };
    (0..).zip(render::parts(text)).map(row).collect()
}
