//! What a command does, and what a notice says: everything that needs no model. Neither waits for
//! turns or keys.
//!
//! Invariant: the effect, the reply and the end of the job are one commit.

use std::sync::Arc;
use std::time::Duration;

use log::{error, info, warn};
use tokio::time::sleep;

use crate::app::ending::Ending;
use crate::app::engine::{Engine, Settings};
use crate::app::ops::status;
use crate::app::scheduler::{Cancelled, Hold};
use crate::app::ticks::retest;
use crate::app::{Ctx, GRACE, turn};
use crate::chat::callback::Callback;
use crate::chat::command::{
    Command, GrantMistake, GrantRequest, KeysRequest, parse_grant, parse_keys, parse_revoke,
};
use crate::chat::rich::Rich;
use crate::chat::{
    Button, ChatId, ChatKind, Job, JobId, Lane, Notice, Outbound, Payload, Sender, Task, UserId,
};
use crate::clock;
use crate::keys::{KeyReport, pacific};
use crate::locale::key_report::KeyTable;
use crate::locale::{Language, Locale};
use crate::outgoing::Head;
use crate::people::person::{Grant, Person};
use crate::render;
use crate::store::{StoreError, Write};

const DAY: Duration = Duration::from_hours(24);
/// How often a command that could not be stored is tried.
const MOST_TRIES: u32 = 5;
/// Wait before it is tried again.
const MISHAP: Duration = Duration::from_secs(2);

/// What a command changes.
enum Effect {
    Nothing,
    /// The lane forgets its rounds, and the questions that waited in it.
    Forget {
        jobs: Vec<JobId>,
    },
    /// Questions that waited are taken back.
    TakeBack {
        jobs: Vec<JobId>,
    },
    Grant {
        user: UserId,
        grant: Grant,
        /// For somebody who was told to wait: that it is over.
        welcome: Option<Box<Outbound>>,
    },
    Revoke {
        user: UserId,
    },
}

/// What is said, and with which button.
struct Reply {
    text: String,
    button: Option<Button>,
    effect: Effect,
}

impl Reply {
    fn say(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            button: None,
            effect: Effect::Nothing,
        }
    }

    fn after(self, effect: Effect) -> Self {
        Self { effect, ..self }
    }
}

/// How a command ends what its lane waits for and runs; `None`: it leaves that alone.
pub(super) const fn ends(command: &Command) -> Option<Ending> {
    match command {
        Command::New => Some(Ending::Discarded),
        Command::Stop => Some(Ending::Stopped),
        Command::Start { .. }
        | Command::Help
        | Command::Status
        | Command::Grant { .. }
        | Command::Revoke { .. }
        | Command::Keys { .. }
        | Command::Unknown { .. } => None,
    }
}

/// Carries out a command, or says a notice, and ends its job. One that cannot be stored stays in
/// the inbox for the next start. The lane of a command that [`ends`] something is held until then.
pub(super) async fn run(ctx: &Ctx, job: Job, mut hold: Option<Hold>) {
    let settings = ctx.engine.settings();
    let cancelled = match &mut hold {
        Some(hold) => hold.idle(GRACE).await,
        None => Cancelled::default(),
    };
    let reply = match &job.task {
        Task::Command(command) => obey(ctx, &settings, &job, command, cancelled).await,
        Task::Tell(notice) => tell(settings.locale_for(&job.sender), notice, &job),
        Task::Question { .. } => return,
    };
    let reply = Arc::new(reply);
    let job = Arc::new(job);
    for _ in 0..MOST_TRIES {
        match finish(ctx, &job, &reply).await {
            Ok(rows) => return ctx.mail.push(&rows).await,
            Err(error) if error.may_pass() => {
                warn!(job = job.id.0, err:% = error; "command not stored, once more");
                sleep(MISHAP).await;
            }
            Err(StoreError::Closed) => return,
            Err(error) => {
                error!(job = job.id.0, err:% = error; "command cannot be stored");
                return;
            }
        }
    }
    error!(job = job.id.0; "command left to the next start");
}

async fn obey(
    ctx: &Ctx,
    settings: &Settings,
    job: &Job,
    command: &Command,
    cancelled: Cancelled,
) -> Reply {
    let locale = settings.locale_for(&job.sender);
    match command {
        Command::Start { .. } => {
            Reply::say(locale.start(job.role, settings.config.data.history_days))
        }
        Command::Help => Reply::say(locale.help(job.role)),
        Command::New => Reply::say(locale.new_conversation()).after(Effect::Forget {
            jobs: cancelled.waiting,
        }),
        Command::Stop => {
            let had_none = cancelled.waiting.is_empty() && !cancelled.running;
            let text = if had_none {
                locale.nothing_to_stop()
            } else {
                locale.stopped()
            };
            Reply::say(text).after(Effect::TakeBack {
                jobs: cancelled.waiting,
            })
        }
        Command::Status => {
            let last = status::last_answer(&ctx.engine, job.lane, job.role).await;
            Reply::say(
                status::of(ctx)
                    .await
                    .text(locale, job.role, last.as_deref()),
            )
        }
        Command::Grant { arguments } => match parse_grant(arguments) {
            Ok(request) => grant(ctx, locale, request).await,
            Err(mistake) => Reply::say(locale.grant_mistake(&mistake)),
        },
        Command::Revoke { arguments } => match parse_revoke(arguments) {
            Ok(user) => revoke(ctx, locale, user).await,
            Err(mistake) => Reply::say(locale.grant_mistake(&mistake)),
        },
        Command::Keys { arguments } => Reply::say(keys(&ctx.engine, locale, arguments).await),
        Command::Unknown { name } => Reply::say(locale.unknown_command(name)),
    }
}

async fn grant(ctx: &Ctx, locale: &Locale, request: GrantRequest) -> Reply {
    let settings = ctx.engine.settings();
    let user = request.user;
    if settings.config.people.owners.contains(&user) {
        return Reply::say(locale.grant_mistake(&GrantMistake::OwnerRole));
    }
    let until = request.days.map(|days| clock::now().after(DAY * days));
    let grant = Grant {
        role: request.role,
        until,
    };
    // A welcome that cannot be made is no reason to refuse the role.
    let known = ctx.engine.store.person(user).await.ok().flatten();
    let waits = known.filter(|person| person.told && user.0 > 0);
    let welcome = waits.map(|person| {
        let tag = person.language.as_deref();
        let text = Locale::of(Language::pick(settings.config.language, tag)).welcome();
        Box::new(Outbound::message(ChatId(user.0), None, text.to_owned()))
    });
    info!(user = user.0, role:? = request.role, days:? = request.days; "role granted");
    Reply::say(locale.granted(request)).after(Effect::Grant {
        user,
        grant,
        welcome,
    })
}

async fn revoke(ctx: &Ctx, locale: &Locale, user: UserId) -> Reply {
    let known = ctx.engine.store.person(user).await;
    match known {
        Ok(Some(person)) if person.grant.is_some() => {
            info!(user = user.0; "role revoked");
            Reply::say(locale.revoked(user)).after(Effect::Revoke { user })
        }
        Ok(_) => Reply::say(locale.nothing_to_revoke(user)),
        Err(error) => {
            error!(user = user.0, err:% = error; "registry not read");
            Reply::say(locale.failure(crate::chat::answer::Failure::Unexplained))
        }
    }
}

/// Answer to `/keys`. What a look at keys has shown is stored before it is told.
pub(super) async fn keys(engine: &Arc<Engine>, locale: &Locale, arguments: &str) -> String {
    match parse_keys(arguments) {
        None => locale.keys_usage().to_owned(),
        Some(KeysRequest::Report) => key_table(engine, locale),
        Some(KeysRequest::Retest) => locale.looked(&retest::look_at_all(engine).await),
    }
}

fn key_table(engine: &Engine, locale: &Locale) -> String {
    let settings = engine.settings();
    let now = clock::now();
    let (tally, reports, spend) = engine
        .lending
        .with(|pool| (pool.count(now), pool.report(now), pool.spend()));
    let has_paid = reports.iter().any(|key| key.paid);
    let most = settings.config.key_policy.paid_daily;
    let money = spend
        .filter(|_| has_paid)
        .map(|spend| (spend.on(&pacific::day_of(now)), most));
    let with_project = |report: KeyReport| {
        let entry = settings.key(&report.key);
        (report, entry.and_then(|entry| entry.project.as_deref()))
    };
    locale.key_table(&KeyTable {
        tally,
        keys: reports.into_iter().map(with_project).collect(),
        money,
        now,
    })
}

fn tell(locale: &Locale, notice: &Notice, job: &Job) -> Reply {
    let whose = match (notice, job.lane) {
        (Notice::GroupNeedsApproval, Lane::Telegram { chat, .. }) => UserId(chat.0),
        _ => job.sender.id,
    };
    let button = match notice {
        Notice::TooOld => Some(locale.button(Callback::Held)),
        Notice::NeedsApproval
        | Notice::NoOwner
        | Notice::GroupNeedsApproval
        | Notice::CannotRead { .. }
        | Notice::OwnersOnly
        | Notice::PrivateOnly
        | Notice::SayMore
        | Notice::GaveUp
        | Notice::Missed
        | Notice::TooMany
        | Notice::TooManyCommands => None,
    };
    Reply {
        button,
        ..Reply::say(locale.notice(notice, whose))
    }
}

async fn finish(ctx: &Ctx, job: &Arc<Job>, reply: &Arc<Reply>) -> Result<Vec<Head>, StoreError> {
    let (job, reply) = (Arc::clone(job), Arc::clone(reply));
    let rows = outbound(&job, &reply);
    let settings = ctx.engine.settings();
    let stored = ctx.engine.store.write(move |store| {
        let undone = apply(store, &settings, job.lane, &reply.effect)?;
        store.remove_job(job.id)?;
        let welcome = match &reply.effect {
            Effect::Grant { welcome, .. } => welcome.as_deref(),
            Effect::Nothing
            | Effect::Forget { .. }
            | Effect::TakeBack { .. }
            | Effect::Revoke { .. } => None,
        };
        let put = |row| Ok(Head::of(store.put_outbound(row)?, row));
        let said = rows.iter().chain(welcome).map(put);
        undone.into_iter().map(Ok).chain(said).collect()
    });
    stored.await
}

/// Changes what the command is about; rows of what that undoes in the chat.
fn apply(
    store: &mut Write<'_>,
    settings: &Settings,
    lane: Lane,
    effect: &Effect,
) -> Result<Vec<Head>, StoreError> {
    let mut take_back = |jobs: &[JobId]| {
        let undone: Result<Vec<Vec<Head>>, StoreError> = jobs
            .iter()
            .map(|job| turn::discard(store, settings, *job))
            .collect();
        undone.map(|rows| rows.concat())
    };
    match effect {
        Effect::Nothing => {}
        Effect::Forget { jobs } => {
            let undone = take_back(jobs)?;
            store.clear_lane(lane)?;
            return Ok(undone);
        }
        Effect::TakeBack { jobs } => return take_back(jobs),
        Effect::Grant { user, grant, .. } => set_grant(store, *user, Some(*grant))?,
        Effect::Revoke { user } => set_grant(store, *user, None)?,
    }
    Ok(Vec::new())
}

/// Somebody who never wrote may be granted a role, too; who loses one is told again how to get in.
fn set_grant(store: &mut Write<'_>, user: UserId, grant: Option<Grant>) -> Result<(), StoreError> {
    let unknown = || {
        let sender = Sender {
            id: user,
            name: String::new(),
            language: None,
            is_chat: user.0 < 0,
        };
        Person::new(&sender, clock::now())
    };
    let person = store.person(user)?.unwrap_or_else(unknown);
    store.put_person(
        user,
        &Person {
            grant,
            told: false,
            ..person
        },
    )
}

fn outbound(job: &Job, reply: &Reply) -> Vec<Outbound> {
    let Lane::Telegram { chat, topic, .. } = job.lane else {
        return Vec::new();
    };
    let reply_to = match job.kind {
        ChatKind::Private => None,
        ChatKind::Group => job.messages.first().copied(),
    };
    let row = |body: Rich| {
        let buttons = reply.button.clone().into_iter().collect();
        let payload = Payload::Send {
            body,
            reply_to,
            buttons,
        };
        Outbound::new(chat, topic, payload)
    };
    render::parts_of_text(&reply.text)
        .into_iter()
        .map(row)
        .collect()
}
