//! Sorts the updates of one batch, one after the other, so that the second of a person sees what
//! the first changed. Reads the registry; changes nothing but its own copies.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use log::{debug, info, warn};

use super::{Entry, Expired, HELD};
use crate::app::Ctx;
use crate::app::engine::Settings;
use crate::chat::admit::{Admission, Known, admit};
use crate::chat::command::Command;
use crate::chat::role::{Grant, Held, Person, Role};
use crate::chat::{
    Basis, ChatKind, Content, Event, Inbound, Job, JobId, Lane, Notice, Origin, Outbound, Parcel,
    Pressed, Rank, Sender, Task, UpdateId, UserId,
};
use crate::clock::{self, Timestamp};
use crate::locale::{Language, Locale};
use crate::store::StoreError;
use crate::telegram::decode::Decoded;

/// Old mail that comes within this time is of one outage, and told of once.
const ONE_OUTAGE: Duration = Duration::from_hours(1);
/// A person's row is touched this seldom when nothing else of it changes.
const SEEN_STEP: Duration = Duration::from_hours(1);

/// A row of the registry as this batch sees it.
pub(super) struct Row {
    pub(super) person: Option<Person>,
    pub(super) is_changed: bool,
}

/// The state of one batch.
pub(super) struct Sorter<'a> {
    ctx: &'a Ctx,
    settings: Arc<Settings>,
    pub(super) now: Timestamp,
    pub(super) rows: HashMap<UserId, Row>,
    /// Grants whose days are over.
    pub(super) expired: Vec<Expired>,
}

impl<'a> Sorter<'a> {
    pub(super) fn new(ctx: &'a Ctx) -> Self {
        Self {
            ctx,
            settings: ctx.engine.settings(),
            now: clock::now(),
            rows: HashMap::new(),
            expired: Vec::new(),
        }
    }
}

impl Sorter<'_> {
    pub(super) async fn sort(
        &mut self,
        update: UpdateId,
        decoded: Decoded,
    ) -> Result<Entry, StoreError> {
        match decoded {
            Decoded::Event(Event::Message(inbound)) => self.message(inbound).await,
            Decoded::Event(Event::Edited(_) | Event::Stopped { .. }) => Ok(Entry::Skipped),
            Decoded::Event(Event::Pressed(pressed)) => self.pressed(pressed).await,
            Decoded::Event(Event::Reachable { chat, reachable }) => {
                Ok(Entry::Reachable { chat, reachable })
            }
            Decoded::Event(Event::Migrated { from, to }) => Ok(Entry::Migrated { from, to }),
            Decoded::Skipped { kind } => {
                debug!(update = update.0, kind = kind.as_str(); "update skipped");
                Ok(Entry::Skipped)
            }
            Decoded::Undecodable => {
                warn!(update = update.0; "update not understood, skipped");
                Ok(Entry::Skipped)
            }
        }
    }

    async fn message(&mut self, inbound: Inbound) -> Result<Entry, StoreError> {
        let group = match inbound.kind {
            ChatKind::Private => None,
            ChatKind::Group => Some(UserId(inbound.chat.0)),
        };
        self.load(inbound.sender.id).await?;
        if let Some(group) = group {
            self.load(group).await?;
        }
        let known = Known {
            person: self.known(inbound.sender.id),
            group: group.and_then(|group| self.known(group)),
        };
        let admission = admit(&inbound, &self.settings.gate(), known, self.now);
        let (role, task) = match admission {
            Admission::Serve { role, task } => (role, task),
            Admission::Tell(notice) => match self.tell(&inbound, group, notice) {
                Some(notice) => (Role::Guest, Task::Tell(notice)),
                None => return Ok(Entry::Dropped),
            },
            Admission::Ignore(why) => {
                debug!(update = inbound.update.0, chat = inbound.chat.0, why:? = why; "message dropped");
                return Ok(Entry::Dropped);
            }
        };
        self.touch(&inbound.sender);
        self.end_grant(&inbound.sender);
        debug!(update = inbound.update.0, chat = inbound.chat.0, role:? = role; "accepted");
        Ok(Entry::Job(self.draft(&inbound, role, task)))
    }

    /// A button is pressed by whoever has it now, so the gate is asked again.
    async fn pressed(&mut self, pressed: Pressed) -> Result<Entry, StoreError> {
        self.load(pressed.sender.id).await?;
        let known = Known {
            person: self.known(pressed.sender.id),
            group: None,
        };
        let role = self
            .settings
            .gate()
            .role(&pressed.sender, pressed.kind, known, self.now);
        let held = match (role, pressed.data.as_str()) {
            (Some(role), HELD) => self.take_held(&pressed).map(|held| (role, held)),
            (Some(_) | None, _) => None,
        };
        let acknowledge = Outbound {
            chat: pressed.chat,
            topic: None,
            rank: Rank::Acknowledge,
            not_before: Timestamp::default(),
            part_of: None,
            parcel: Parcel::Answer {
                callback: pressed.callback.clone(),
                text: String::new(),
            },
        };
        let job = held.map(|(role, held)| self.job_of(&pressed, role, held));
        Ok(Entry::Pressed { acknowledge, job })
    }

    fn take_held(&mut self, pressed: &Pressed) -> Option<Held> {
        let row = self.rows.get_mut(&pressed.sender.id)?;
        let held = row.person.as_mut()?.held.take()?;
        row.is_changed = true;
        Some(held)
    }

    /// What is told of a notice, once: `None` when it was told before.
    fn tell(&mut self, inbound: &Inbound, group: Option<UserId>, notice: Notice) -> Option<Notice> {
        match notice {
            Notice::NeedsApproval | Notice::NoOwner => {
                info!(user = inbound.sender.id.0; "a stranger asks to be let in: /grant gives a role");
                self.person(&inbound.sender).told = true;
            }
            Notice::GroupNeedsApproval => {
                let group = Sender {
                    id: group?,
                    name: String::new(),
                    language: None,
                    is_chat: true,
                };
                self.person(&group).told = true;
            }
            Notice::TooOld => {
                let now = self.now;
                let person = self.person(&inbound.sender);
                let before = person.held.as_ref().map(|held| held.told);
                let told = before.filter(|told| now.since(*told) < ONE_OUTAGE);
                let Some(held) = held(inbound, told.unwrap_or(now)) else {
                    return Some(Notice::Missed);
                };
                person.held = Some(held);
                return told.is_none().then_some(notice);
            }
            Notice::CannotRead { .. }
            | Notice::OwnersOnly
            | Notice::PrivateOnly
            | Notice::SayMore
            | Notice::GaveUp
            | Notice::Missed => {}
        }
        Some(notice)
    }

    fn draft(&self, inbound: &Inbound, role: Role, task: Task) -> Job {
        Job {
            id: JobId(0),
            origin: Origin::Updates(vec![inbound.update]),
            lane: inbound.lane(),
            kind: inbound.kind,
            messages: vec![inbound.message],
            sender: inbound.sender.clone(),
            role,
            sent: inbound.sent,
            accepted: self.now,
            attempts: 0,
            places: Vec::new(),
            task,
        }
    }

    fn job_of(&self, pressed: &Pressed, role: Role, held: Held) -> Job {
        Job {
            id: JobId(0),
            origin: Origin::Updates(vec![pressed.update]),
            lane: Lane::Telegram {
                chat: pressed.chat,
                topic: held.topic,
                person: pressed.sender.id,
            },
            kind: pressed.kind,
            messages: vec![held.message],
            sender: pressed.sender.clone(),
            role,
            sent: held.sent,
            accepted: self.now,
            attempts: 0,
            places: Vec::new(),
            task: Task::Question {
                text: held.text,
                quote: held.quote,
                basis: Basis::Newest,
            },
        }
    }

    async fn load(&mut self, id: UserId) -> Result<(), StoreError> {
        if !self.rows.contains_key(&id) {
            let person = self.ctx.engine.store.person(id).await?;
            let person = person.map(|person| Person::clone(&person));
            self.rows.insert(
                id,
                Row {
                    person,
                    is_changed: false,
                },
            );
        }
        Ok(())
    }

    fn known(&self, id: UserId) -> Option<&Person> {
        self.rows.get(&id)?.person.as_ref()
    }

    /// The sender's row, made when there is none, to be changed.
    fn person(&mut self, sender: &Sender) -> &mut Person {
        let row = self.rows.entry(sender.id).or_insert(Row {
            person: None,
            is_changed: false,
        });
        row.is_changed = true;
        row.person
            .get_or_insert_with(|| Person::new(sender, self.now))
    }

    /// A grant that has run out becomes what it falls back to, and those whom it concerns are told.
    fn end_grant(&mut self, sender: &Sender) {
        let now = self.now;
        let Some(row) = self.rows.get_mut(&sender.id) else {
            return;
        };
        let Some(grant) = row.person.as_ref().and_then(|person| person.grant) else {
            return;
        };
        if !grant.has_expired(now) || sender.is_chat {
            return;
        }
        let (before, role) = (grant.role, grant.role_at(now));
        let owners = self.settings.config.people.owners.iter();
        let locale = Locale::of(Language::pick(self.settings.config.language, None));
        let told = owners.map(|owner| (*owner, locale.role_expired_of(sender.id, before, role)));
        let own = self.settings.locale_for(sender).role_expired(before, role);
        self.expired.push(Expired {
            person: sender.id,
            grant,
            falls_to: Grant { role, until: None },
            tell: told.chain([(sender.id, own)]).collect(),
        });
    }

    /// Keeps name, language and the last sign of life up to date, without a write per message.
    fn touch(&mut self, sender: &Sender) {
        let now = self.now;
        let is_fresh = self.known(sender.id).is_some_and(|person| {
            person.name == sender.name
                && person.language == sender.language
                && person.reachable
                && now.since(person.last_seen) < SEEN_STEP
        });
        if !is_fresh {
            let person = self.person(sender);
            person.name.clone_from(&sender.name);
            person.language.clone_from(&sender.language);
            person.reachable = true;
            person.last_seen = now;
        }
    }
}

/// The question of old mail, kept so that the person may still have it answered.
fn held(inbound: &Inbound, told: Timestamp) -> Option<Held> {
    let (Content::Text(text) | Content::Media { caption: text, .. }) = &inbound.content;
    let is_question = !text.is_empty() && Command::parse(text).is_none();
    is_question.then(|| Held {
        message: inbound.message,
        topic: inbound.topic,
        text: text.clone(),
        quote: inbound.quote.clone(),
        sent: inbound.sent,
        told,
    })
}
