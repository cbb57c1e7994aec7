//! The commands, and whatever else needs no model: a notice. They wait neither for turns nor for
//! keys. Each family of commands has a file: what calls each, who may give it, what it does and
//! what it says.
//!
//! Invariant: the effect, the reply and the end of the job are one commit.

use std::sync::Arc;
use std::time::Duration;

use log::{error, warn};
use tokio::time::sleep;

use self::entry::{Entry, Given, Reply};
pub(super) use self::who::takes_somebody;
use crate::app::ending::Request;
use crate::app::engine::Engine;
use crate::app::scheduler::{Cancelled, Hold};
use crate::app::{Ctx, GRACE};
use crate::chat::command::{Command, Place, Rights};
use crate::chat::rich::Rich;
use crate::chat::{ChatKind, Job, Lane, Notice, Outbound, Payload, Rank, Role, Task};
use crate::locale::Locale;
use crate::outgoing::Head;
use crate::render;
use crate::store::StoreError;

mod about;
mod alerts;
mod ask;
mod audit;
pub(in crate::app) mod broadcast;
mod card;
mod claim;
mod conversation;
mod entry;
mod export;
mod grant_request;
mod keys;
pub(super) mod knocks;
mod making;
mod menu;
mod notice;
mod people;
mod persona;
mod preferences;
mod privacy;
pub(super) mod rare;
mod remind;
mod remind_request;
mod seats;
mod stats;
mod users;
mod who;

pub(super) use menu::menu;

/// How often a command that could not be stored is tried.
const MOST_TRIES: u32 = 5;
/// Wait before it is tried again.
const MISHAP: Duration = Duration::from_secs(2);

/// Every command, in the order of `/help`.
const FAMILIES: &[&[Entry]] = &[
    conversation::COMMANDS,
    making::COMMANDS,
    ask::COMMANDS,
    preferences::COMMANDS,
    persona::COMMANDS,
    remind::COMMANDS,
    stats::COMMANDS,
    privacy::COMMANDS,
    about::COMMANDS,
    people::COMMANDS,
    seats::COMMANDS,
    keys::COMMANDS,
    broadcast::COMMANDS,
    alerts::COMMANDS,
    users::COMMANDS,
    claim::COMMANDS,
    knocks::COMMANDS,
    audit::COMMANDS,
];

fn find(command: &Command) -> Option<&'static Entry> {
    let mut entries = FAMILIES.iter().copied().flatten();
    entries.find(|entry| entry.names.contains(&command.name.as_str()))
}

/// Who may give this command; `None` when there is none of that name.
pub(crate) fn rights(command: &Command) -> Option<Rights> {
    find(command).map(|entry| entry.rights)
}

/// How a command ends what its lane waits for and runs; `None`: it leaves that alone, or may not be
/// given there by this role.
pub(super) fn ends(command: &Command, role: Role, place: Place) -> Option<Request> {
    permitted(command, role, place).and_then(|entry| entry.ends)
}

/// Carries out a command, or says a notice, and ends its job. One that cannot be stored stays in
/// the inbox for the next start. The lane of a command that [`ends`] something is held until then.
pub(super) async fn run(ctx: &Ctx, job: Job, mut hold: Option<Hold>) {
    let locale = ctx.engine.settings().locale_for(&job.sender);
    let cancelled = match &mut hold {
        Some(hold) => hold.idle(GRACE).await,
        None => Cancelled::default(),
    };
    let reply = match &job.task {
        Task::Command(command) => {
            let linked = linked(command, job.role, job.kind);
            let command = linked.as_ref().unwrap_or(command);
            let given = Given {
                command,
                lane: job.lane,
                message: job.messages.first().copied(),
                role: job.role,
                locale,
                engine: &ctx.engine,
                bot: Some(ctx),
                pressed: job.places.first().copied(),
                cancelled,
                all: FAMILIES,
            };
            match permitted(command, job.role, job.kind.into()) {
                Some(entry) => (entry.run)(given).await,
                None => match permitted(command, job.role, Place::Private) {
                    Some(entry) => {
                        let card = who::card_link(command);
                        let link = card.unwrap_or_else(|| entry.name().to_owned());
                        notice::in_private(ctx, locale, &link)
                    }
                    None => about::unknown(&given),
                },
            }
        }
        Task::Tell(notice) => notice::tell(locale, notice, &job),
        Task::Question { .. } => return,
    };
    let reply = Arc::new(reply);
    let job = Arc::new(job);
    for _ in 0..MOST_TRIES {
        match finish(ctx, &job, &reply).await {
            Ok(rows) => {
                if let Some(whose) = reply.discards {
                    ctx.desk.discard(whose).await;
                }
                return ctx.mail.push(&rows).await;
            }
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

/// The command of that name, if this role may give it in this place. The gate has asked the same, but
/// a command in the inbox may be from before an update: the older version knew no command of that
/// name and let it in, and the new one has it for the Owner only.
fn permitted(command: &Command, role: Role, place: Place) -> Option<&'static Entry> {
    find(command).filter(|entry| entry.rights.permit(role, place))
}

/// What `/start PAYLOAD` stands for in private: links of the bot name a command that works there only. It
/// gets no argument, so that nobody's link changes anything, but for the code of a claim, and for whose
/// card is shown.
fn linked(command: &Command, role: Role, kind: ChatKind) -> Option<Command> {
    let linked = command.linked().filter(|_| kind == ChatKind::Private)?;
    let entry = permitted(&linked, role, Place::Private)?;
    if entry.rights.places.contains(&Place::Group) {
        return None;
    }
    let arguments = match entry.name() {
        "claim" | "users" => linked.arguments,
        _ => String::new(),
    };
    Some(Command {
        arguments,
        ..linked
    })
}

/// What a command says that the Owner gives at the terminal; `None` for one that is not for there.
pub(super) async fn run_at_terminal(
    engine: &Arc<Engine>,
    locale: &'static Locale,
    command: &Command,
) -> Result<Option<String>, StoreError> {
    let Some(entry) = permitted(command, Role::Owner, Place::Terminal) else {
        return Ok(None);
    };
    let given = Given {
        command,
        lane: Lane::Terminal,
        message: None,
        role: Role::Owner,
        locale,
        engine,
        bot: None,
        pressed: None,
        cancelled: Cancelled::default(),
        all: FAMILIES,
    };
    let reply = (entry.run)(given).await;
    if let Some(effect) = reply.effect {
        engine.store.write(move |store| effect(store)).await?;
    }
    Ok(Some(reply.text))
}

async fn finish(ctx: &Ctx, job: &Arc<Job>, reply: &Arc<Reply>) -> Result<Vec<Head>, StoreError> {
    let (job, reply) = (Arc::clone(job), Arc::clone(reply));
    let rows = outbound(&job, &reply);
    let stored = ctx.engine.store.write(move |store| {
        let mut heads = match &reply.effect {
            Some(effect) => effect(store)?,
            None => Vec::new(),
        };
        store.remove_job(job.id)?;
        for row in &rows {
            heads.push(Head::of(store.put_outbound(row)?, row));
        }
        Ok(heads)
    });
    stored.await
}

/// How the reply to a task ranks among what is sent.
fn rank_of(task: &Task) -> Rank {
    match task {
        Task::Tell(
            Notice::NeedsApproval
            | Notice::GroupNeedsApproval
            | Notice::NoOwner
            | Notice::StillWaiting
            | Notice::NotLetIn,
        ) => Rank::Stranger,
        Task::Tell(_) | Task::Command(_) | Task::Question { .. } => Rank::Final,
    }
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
        let payload = Payload::Send {
            body,
            reply_to,
            buttons: Vec::new(),
        };
        Outbound {
            rank: rank_of(&job.task),
            ..Outbound::new(chat, topic, payload)
        }
    };
    let parts = match reply.entities.as_slice() {
        [] => render::parts_of_text(&reply.text),
        entities => render::parts(&Rich {
            text: reply.text.clone(),
            entities: entities.to_vec(),
        }),
    };
    let mut rows: Vec<Outbound> = parts.into_iter().map(row).collect();
    if let Some(buttons) = rows.last_mut().and_then(|row| row.payload.buttons_mut()) {
        buttons.clone_from(&reply.buttons);
    }
    // The reply to a button stands where the button stood.
    for (row, place) in rows.iter_mut().zip(&job.places) {
        row.payload = row.payload.clone().taking_over(*place);
    }
    rows
}

#[cfg(test)]
mod tests;
