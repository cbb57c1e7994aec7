//! One message from job to reply: load, ask ([`answer`]), then render and commit ([`conclude`]).
//! Delivery follows from the rows that commits.
//!
//! Invariant: the end of a turn is one commit; before it the job is still in the inbox, after it
//! the answer is in the outbox.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use log::{info, warn};

use crate::app::call::{self, By, Ended, Question, View};
use crate::app::engine::{Engine, Settings};
use crate::chat::admit::Known;
use crate::chat::answer::Answer;
use crate::chat::prompt::{self, Facts, Prompt};
use crate::chat::rich::Rich;
use crate::chat::role::{Role, Terms};
use crate::chat::tier::{self, Choice, Day, Left};
use crate::chat::{
    ChatKind, Job, JobId, Lane, MessageId, Notice, Outbound, Parcel, Part, StoredTurn, Task, Tier,
    TierReason, UserId, render,
};
use crate::clock;
use crate::keys::{Change, Group};
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

/// A job with what came of it, to be concluded.
pub(crate) struct Finished {
    job: Job,
    reply: Reply,
}

/// What the person gets, and what is kept of it.
#[derive(Default, Clone)]
struct Reply {
    text: String,
    /// The round, where it is remembered.
    round: Option<StoredTurn>,
    changes: Vec<Change>,
}

impl Reply {
    fn say(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }
}

/// Answers one job of the inbox; `None` when it is not there any more.
pub(crate) async fn answer(
    engine: &Arc<Engine>,
    id: JobId,
    view: View<'_>,
) -> Result<Option<Finished>, StoreError> {
    let settings = engine.settings();
    let Some(job) = engine.store.read(move |rows| rows.job(id)).await? else {
        return Ok(None);
    };
    // Commits before the ledger row of the first call does: writes are first come, first served.
    let begun = engine.store.write(move |rows| rows.begin_job(id));
    let locale = settings.locale_for(&job.sender);
    let reply = match &job.task {
        Task::Question { text, quote, .. } if job.attempts < MOST_BEGUN => {
            let asked = Asked {
                engine,
                settings: &settings,
                locale,
                job: &job,
                text,
                quote: quote.as_deref(),
            };
            asked.reply(view).await?
        }
        Task::Question { .. } | Task::Command(_) => {
            warn!(job = id.0, begun = job.attempts; "given up, it did not end before");
            Reply::say(locale.notice(&Notice::GaveUp, job.sender.id))
        }
        Task::Tell(notice) => Reply::say(locale.notice(notice, job.sender.id)),
    };
    begun.await?;
    Ok(Some(Finished { job, reply }))
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
}

impl Asked<'_> {
    async fn reply(&self, view: View<'_>) -> Result<Reply, StoreError> {
        let Some(role) = self.role_now().await? else {
            return Ok(Reply::say(
                self.locale
                    .notice(&Notice::NeedsApproval, self.job.sender.id),
            ));
        };
        let terms = self.settings.roles.terms(role);
        let context = self
            .engine
            .store
            .context(self.job.lane, usize::from(terms.rounds))
            .await?;
        let (choice, highest) = self.choose(terms, &context);
        let question = Question {
            prompt: Arc::new(self.compose(&context)),
            tier: choice.tier,
            signed_by: only_model(&context),
            groups: terms.groups().collect(),
            rank: rank_of(role),
            view,
        };
        let called = call::until_answered(self.engine, self.settings, question).await?;
        let answered = Answered {
            choice,
            ceiling: choice.wanted.min(highest),
            by: called.by,
            is_kept: terms.rounds > 0,
        };
        let reply = self.after(called.ended, &answered);
        Ok(Reply {
            changes: called.changes,
            ..reply
        })
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
        let facts = tier::Facts {
            text: self.text,
            quote: self.quote,
            attachments: 0,
            context: &reasons,
            highest,
            // Until there is /model.
            wish: None,
            left: Left { lite, flash, pro },
        };
        (tier::choose(&facts), highest)
    }

    fn after(&self, ended: Ended, answered: &Answered) -> Reply {
        let job = self.job.id.0;
        match ended {
            Ended::Answered(answer) => {
                self.engine
                    .metrics
                    .answered(clock::now().since(self.job.accepted));
                let reason = answered.reason();
                info!(job, model = answer.model.as_str(), reason:?; "answered");
                let text = self.with_note(self.locale.answer(&answer), answered);
                let round = answered.is_kept.then(|| self.round(answer, reason));
                Reply {
                    text,
                    round,
                    changes: Vec::new(),
                }
            }
            Ended::Failed(failure) => {
                self.engine.metrics.failures.fetch_add(1, Ordering::Relaxed);
                info!(job, failure:? = failure; "not answered");
                Reply::say(self.locale.failure(failure))
            }
            // Whoever cancelled has said so already.
            Ended::Cancelled => Reply::default(),
        }
    }

    /// An answer by another model or key than the wanted one says so.
    fn with_note(&self, text: String, answered: &Answered) -> String {
        let note = match answered.by {
            Some(by) if by.tier < answered.ceiling => self.locale.degraded(by.tier),
            Some(by) if by.borrowed => self.locale.borrowed(),
            Some(_) | None => return text,
        };
        format!("{text}\n\n{note}")
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
            speaker,
        };
        prompt::build(&facts, context, &question)
    }

    /// The round as the next questions will see it.
    fn round(&self, answer: Answer, reason: TierReason) -> StoredTurn {
        let signed = answer.signed.into_iter().map(Part::Signed);
        StoredTurn {
            asked: self.job.accepted,
            question_messages: self.job.messages.clone(),
            answer_messages: Vec::new(),
            model: answer.model,
            reason,
            question: vec![Part::Text(self.text.to_owned())],
            answer: std::iter::once(Part::Text(answer.text))
                .chain(signed)
                .collect(),
        }
    }
}

/// The model that made all of this, if it was one: only to it do the signatures mean anything.
fn only_model(context: &[Arc<StoredTurn>]) -> Option<String> {
    let first = context.first()?;
    context
        .iter()
        .all(|turn| turn.model == first.model)
        .then(|| first.model.clone())
}

/// The place of a role in the line for a key.
fn rank_of(role: Role) -> u8 {
    match role {
        Role::Owner => 0,
        Role::Vip => 1,
        Role::Premium => 2,
        Role::Normal => 3,
        Role::Guest => 4,
    }
}

/// The one commit: round, key health, outbox rows; the job leaves the inbox. `shown` is the message
/// in which the answer has grown.
pub(crate) async fn conclude(
    engine: &Arc<Engine>,
    finished: &Finished,
    shown: Option<MessageId>,
) -> Result<Concluded, StoreError> {
    let Finished { job, reply } = finished;
    let mut job = job.clone();
    if let Some(shown) = shown.filter(|shown| !job.places.contains(shown)) {
        job.places.insert(0, shown);
    }
    let rows = outbound(&job, &reply.text);
    let Reply {
        text,
        round,
        changes,
    } = reply.clone();
    let pool = Arc::clone(engine);
    let stored = engine.store.write(move |store| {
        let news = pool.put_changes(store, &changes)?;
        if let Some(round) = &round {
            store.append_turn(job.lane, job.id, round)?;
        }
        store.remove_job(job.id)?;
        let heads: Result<Vec<Head>, StoreError> = rows
            .iter()
            .map(|row| Ok(Head::of(store.put_outbound(row)?, row)))
            .collect();
        Ok((heads?, news))
    });
    let (rows, news) = stored.await?;
    engine.announce(news);
    Ok(Concluded { rows, text })
}

/// The parts of a reply as outbox rows; an origin without a chat has none.
fn outbound(job: &Job, text: &str) -> Vec<Outbound> {
    let Lane::Telegram { chat, topic, .. } = job.lane else {
        return Vec::new();
    };
    let reply_to = match job.kind {
        ChatKind::Private => None,
        ChatKind::Group => job.messages.first().copied(),
    };
    let row = |(part, body): (u16, Rich)| Outbound {
        part_of: Some((job.lane, job.id, part)),
        parcel: Parcel::Send {
            body,
            reply_to: reply_to.filter(|_| part == 0),
            buttons: Vec::new(),
        },
        ..Outbound::message(chat, topic, String::new())
    };
    (0..).zip(render::parts_of_text(text)).map(row).collect()
}
