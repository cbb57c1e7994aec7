//! The gate: who may speak, about what, and whether a message is too stale for an answer (design §2
//! "Old mail", §3 "Strangers" and "Groups"). Pure; the registry's rows come in as [`Known`].
//! Invariant: nothing that was said to others in a group is ever answered.

use std::time::Duration;

use super::knock::Stage;
use super::person::{Grant, Person, role_of};
use crate::chat::Role;
use crate::chat::command::{Command, Rights, Who};
use crate::chat::enclosed::unseen;
use crate::chat::{Addressed, Author, ChatKind, Content, Inbound, Notice, Sender, Task, UserId};
use crate::clock::Timestamp;

/// How often somebody who waits hears that they still wait.
const REMINDED: Duration = Duration::from_hours(1);
/// How often somebody whom an Owner said no to hears of it.
const DENIED: Duration = Duration::from_hours(24);

/// `ACCESS`: what happens to a stranger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Is a Guest.
    Open,
    /// Asks the Owners to be let in, and is told so.
    Approve,
    /// Hears nothing.
    Closed,
}

/// `GROUPS`: what happens in a group without a grant, to people without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Groups {
    /// Are told that the Owners are asked to let the group in.
    Approve,
    /// Are Guests.
    Open,
    /// The bot leaves every group, and until then hears nothing there.
    Leave,
}

/// The settings of the gate.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    pub(crate) access: Access,
    pub(crate) groups: Groups,
    /// Who owns the bot; nobody yet when empty.
    pub(crate) owners: Vec<UserId>,
    /// `STALE_MINUTES`: older questions are not answered as if they were new.
    pub(crate) stale_after: Duration,
}

/// What the registry knows of the sender and their group.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Known<'a> {
    /// The row of the sender.
    pub(crate) person: Option<&'a Person>,
    /// The row of the group it was said in (its chat id taken as a user id).
    pub(crate) group: Option<&'a Person>,
}

/// What is to be done with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Goes to the inbox, and from there to a turn or to the commands.
    Serve { role: Role, task: Task },
    /// Goes to the inbox as [`Task::Tell`]. With [`Notice::NeedsApproval`] the person knocks, with
    /// [`Notice::GroupNeedsApproval`] the group; with any other notice to a stranger they count as told.
    Tell(Notice),
    /// Journaled and dropped, unless it turns out to be a further piece of a question.
    Ignore(Ignored),
}

/// Why a message is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ignored {
    /// Said to others in a group.
    NotAddressed,
    /// A command in a group that is perhaps another bot's.
    UnknownCommand,
    /// An Owner banned the person, or the group.
    Banned,
    /// `GROUPS=leave`.
    NoGroups,
    /// `ACCESS=closed`.
    Closed,
    /// A stranger, or a group, that was told lately.
    AlreadyTold,
    /// A group that an Owner said no to.
    Denied,
    /// An Owner's command by a stranger.
    NotOwner,
    /// A stale message in a group.
    Stale,
}

impl Gate {
    /// Whether nobody hears this person in this kind of chat: they are banned, or the group is. An
    /// Owner cannot be.
    pub(crate) fn is_banned(&self, sender: &Sender, kind: ChatKind, known: Known<'_>) -> bool {
        let has_ban = |row: Option<&Person>| row.is_some_and(|row| row.banned.is_some());
        let is_owner = !sender.is_chat && self.owners.contains(&sender.id);
        let is_group_banned = match kind {
            ChatKind::Private => false,
            ChatKind::Group => has_ban(known.group),
        };
        (has_ban(known.person) && !is_owner) || is_group_banned
    }

    /// The role that counts for this person in this kind of chat: the better of their own and the
    /// group's; `None` for a stranger whom nothing lets in, and for whoever is banned.
    pub(crate) fn role(
        &self,
        sender: &Sender,
        kind: ChatKind,
        known: Known<'_>,
        now: Timestamp,
    ) -> Option<Role> {
        if self.is_banned(sender, kind, known) {
            return None;
        }
        let own = role_of(sender, &self.owners, grant_of(known.person), now);
        let given = match (kind, self.access, self.groups) {
            // Until there is an owner nobody is a guest.
            _ if self.owners.is_empty() => None,
            (ChatKind::Private, Access::Open, _) | (ChatKind::Group, _, Groups::Open) => {
                Some(Role::Guest)
            }
            (ChatKind::Private, Access::Approve | Access::Closed, _)
            | (ChatKind::Group, _, Groups::Approve | Groups::Leave) => None,
        };
        let group = match kind {
            ChatKind::Private => None,
            ChatKind::Group => {
                grant_of(known.group).map(|grant| grant.role_at(now).at_most(Role::Premium))
            }
        };
        [own, group, given]
            .into_iter()
            .flatten()
            .reduce(Role::or_better)
    }
}

/// Decides what becomes of a message. `rights_of` tells who may give a command; `None` where no
/// command has that name.
pub(crate) fn admit(
    inbound: &Inbound,
    rights_of: fn(&Command) -> Option<Rights>,
    gate: &Gate,
    known: Known<'_>,
    now: Timestamp,
) -> Admission {
    if let Some(ignored) = not_for_us(inbound, gate) {
        return Admission::Ignore(ignored);
    }
    if gate.is_banned(&inbound.sender, inbound.kind, known) {
        return Admission::Ignore(Ignored::Banned);
    }
    let command = command_of(inbound);
    if let Some(command) = claim_of(inbound.kind, gate, command.as_ref()) {
        let task = Task::Command(command);
        let role = Role::Guest;
        return Admission::Serve { role, task };
    }
    let rights = command.as_ref().and_then(rights_of);
    let is_unknown = command.is_some() && rights.is_none();
    if is_unknown && inbound.addressed == Addressed::Command {
        return Admission::Ignore(Ignored::UnknownCommand);
    }
    let owners = rights.is_some_and(|rights| rights.who == Who::Owner);
    let role = gate.role(&inbound.sender, inbound.kind, known, now);
    let is_owner = role == Some(Role::Owner);
    let is_hidden = owners && !is_owner && grant_of(known.person).is_none();
    if is_hidden && !gate.owners.is_empty() {
        return Admission::Ignore(Ignored::NotOwner);
    }
    let Some(role) = role else {
        return stranger(inbound.kind, gate, known, now);
    };
    match command {
        Some(_) if owners && !is_owner => Admission::Tell(Notice::OwnersOnly),
        Some(_) if owners && is_stale(inbound, gate, now) => stale(inbound.kind),
        Some(command) => Admission::Serve {
            role,
            task: Task::Command(command),
        },
        None if is_stale(inbound, gate, now) => stale(inbound.kind),
        None => question(inbound, role),
    }
}

/// Why a message is dropped whoever sent it, if it is.
fn not_for_us(inbound: &Inbound, gate: &Gate) -> Option<Ignored> {
    match inbound.kind {
        ChatKind::Private => return None,
        ChatKind::Group => {}
    }
    if gate.groups == Groups::Leave {
        return Some(Ignored::NoGroups);
    }
    match inbound.addressed {
        Addressed::No => Some(Ignored::NotAddressed),
        Addressed::Private | Addressed::Mention | Addressed::Reply | Addressed::Command => None,
    }
}

/// The command with which somebody claims a bot that has no owner.
fn claim_of(kind: ChatKind, gate: &Gate, command: Option<&Command>) -> Option<Command> {
    let is_ownerless = gate.owners.is_empty() && kind == ChatKind::Private;
    command
        .filter(|command| is_ownerless && command.is_claim())
        .cloned()
}

/// A stranger is told at once how they stand, and not again before a while.
fn stranger(kind: ChatKind, gate: &Gate, known: Known<'_>, now: Timestamp) -> Admission {
    let row = match kind {
        ChatKind::Private => known.person,
        ChatKind::Group => known.group,
    };
    let once_in = |span: Duration, notice: Notice| {
        let told = row.and_then(|row| row.told);
        if told.is_some_and(|told| now.is_within(span, told)) {
            Admission::Ignore(Ignored::AlreadyTold)
        } else {
            Admission::Tell(notice)
        }
    };
    if gate.owners.is_empty() {
        return once_in(REMINDED, Notice::NoOwner);
    }
    if kind == ChatKind::Private && gate.access == Access::Closed {
        return Admission::Ignore(Ignored::Closed);
    }
    let stage = row
        .and_then(|row| row.knock.as_ref())
        .map(|knock| knock.stage);
    match (stage, kind) {
        (None, ChatKind::Private) => Admission::Tell(Notice::NeedsApproval),
        (None, ChatKind::Group) => Admission::Tell(Notice::GroupNeedsApproval),
        (Some(Stage::New | Stage::Shown), _) => once_in(REMINDED, Notice::StillWaiting),
        (Some(Stage::Denied), ChatKind::Private) => once_in(DENIED, Notice::NotLetIn),
        (Some(Stage::Denied), ChatKind::Group) => Admission::Ignore(Ignored::Denied),
    }
}

/// What the model is asked, or the notice for a message that asks nothing. Items of an album and
/// forwards without words are served too, as the words may come with a further piece.
fn question(inbound: &Inbound, role: Role) -> Admission {
    let task = inbound.question();
    let may_grow = inbound.album.is_some() || inbound.author.is_forwarded();
    let kind = unseen(task.enclosed()).first().copied();
    match kind.map(str::to_owned) {
        // "@bot" in reply to a message asks about that message.
        Some(_) | None if task.asks_something() => Admission::Serve { role, task },
        Some(_) if may_grow => Admission::Serve { role, task },
        Some(kind) => Admission::Tell(Notice::CannotRead { kind }),
        None => Admission::Tell(Notice::SayMore),
    }
}

fn stale(kind: ChatKind) -> Admission {
    match kind {
        ChatKind::Private => Admission::Tell(Notice::TooOld),
        ChatKind::Group => Admission::Ignore(Ignored::Stale),
    }
}

fn is_stale(inbound: &Inbound, gate: &Gate, now: Timestamp) -> bool {
    now.since(inbound.sent) > gate.stale_after
}

/// A command counts only when the sender typed it, and it is not a question in the form of one.
pub(crate) fn command_of(inbound: &Inbound) -> Option<Command> {
    if inbound.asked_by_command().is_some() {
        return None;
    }
    let (Content::Text(text) | Content::Media { caption: text, .. }) = &inbound.content;
    match inbound.author {
        Author::Sender if Command::question(text).is_some() => None,
        Author::Sender => Command::parse(text),
        Author::InlineBot | Author::Forwarded { .. } => None,
    }
}

fn grant_of(row: Option<&Person>) -> Option<Grant> {
    row.and_then(|row| row.grant)
}

#[cfg(test)]
mod tests;
