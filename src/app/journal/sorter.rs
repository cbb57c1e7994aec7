//! Sorts the updates of one batch, one after the other, so that the second of a person sees what
//! the first changed. Reads the registry; changes nothing but its own copies, and what is known of
//! where the bot may write, which the updates after it in the batch depend on.

mod control;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use log::{debug, info, warn};

use super::{Draft, Entry, Expired};
use crate::app::Ctx;
use crate::app::engine::Settings;
use crate::chat::admit::{Admission, Known, admit};
use crate::chat::command::Command;
use crate::chat::paste::Seam;
use crate::chat::role::{Grant, Held, Person, Role};
use crate::chat::{
    Addressed, ChatId, ChatKind, Content, Event, Inbound, Job, JobId, Lane, Notice, Origin, Sender,
    Task, UpdateId, UserId,
};
use crate::clock::{self, Timestamp};
use crate::locale::{Language, Locale};
use crate::outgoing::Place;
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
    /// The same by Telegram's clock, which also dates the messages: how old a message is does not
    /// hang on ours.
    theirs: Timestamp,
    pub(super) rows: HashMap<UserId, Row>,
    /// Grants whose days are over.
    pub(super) expired: Vec<Expired>,
    /// Questions that are known to nobody but the intake yet.
    seams: &'a HashMap<Lane, Seam>,
}

impl<'a> Sorter<'a> {
    /// `date` is that of Telegram's answer which brought the batch.
    pub(super) fn new(
        ctx: &'a Ctx,
        seams: &'a HashMap<Lane, Seam>,
        date: Option<Timestamp>,
    ) -> Self {
        let now = clock::now();
        Self {
            now,
            theirs: date.unwrap_or(now),
            ctx,
            settings: ctx.engine.settings(),
            rows: HashMap::new(),
            expired: Vec::new(),
            seams,
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
            Decoded::Event(Event::Edited(inbound)) => self.edited(inbound).await,
            Decoded::Event(Event::Stopped { chat, topic, draft }) => Ok(Entry::Stopped {
                lane: Lane::Telegram {
                    chat,
                    topic,
                    person: UserId(chat.0),
                },
                draft,
            }),
            Decoded::Event(Event::Pressed(pressed)) => self.pressed(pressed).await,
            Decoded::Event(Event::Reachable { chat, reachable }) => {
                if reachable {
                    self.ctx.mail.may_write(chat);
                } else {
                    self.ctx.mail.may_not_write(Place::Chat(chat));
                }
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

    /// Whether nobody would read an answer to this. A command may change more than the chat.
    fn is_unanswerable(&self, inbound: &Inbound) -> bool {
        let place = Place::Topic(inbound.chat, inbound.topic);
        inbound.addressed != Addressed::Command && self.ctx.mail.is_closed(place)
    }

    async fn message(&mut self, inbound: Inbound) -> Result<Entry, StoreError> {
        if self.is_unanswerable(&inbound) {
            debug!(update = inbound.update.0, chat = inbound.chat.0; "nothing can be said there: dropped");
            return Ok(Entry::Dropped);
        }
        self.load(inbound.sender.id, inbound.chat, inbound.kind)
            .await?;
        let known = self.known_of(inbound.sender.id, inbound.chat, inbound.kind);
        let admission = admit(&inbound, &self.settings.gate(), known, self.theirs);
        let (role, task) = match admission {
            Admission::Serve { role, task } => (role, task),
            Admission::Tell(notice) => match self.tell(&inbound, notice) {
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
        let is_behind = match inbound.replies_to {
            Some(_) => !self.jobs_of(inbound.lane()).await?.is_empty(),
            None => false,
        };
        let is_own = inbound.quote.is_none() && inbound.replies_to.is_none();
        Ok(Entry::Job(Draft {
            job: self.draft(&inbound, role, task),
            replies_to: inbound.replies_to,
            chose_quote: inbound.chose_quote,
            is_behind,
            is_piece: is_own && matches!(inbound.content, Content::Text(_)),
        }))
    }

    /// What is told of a notice, once: `None` when it was told before.
    fn tell(&mut self, inbound: &Inbound, notice: Notice) -> Option<Notice> {
        match notice {
            Notice::NeedsApproval | Notice::NoOwner => {
                info!(user = inbound.sender.id.0; "a stranger asks to be let in: /grant gives a role");
                self.person(&inbound.sender).told = true;
            }
            Notice::GroupNeedsApproval => {
                let group = Sender {
                    id: UserId(inbound.chat.0),
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
                let told = before.filter(|told| now.is_within(ONE_OUTAGE, *told));
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
            | Notice::Missed
            | Notice::TooMany => {}
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

    /// Gets the rows of somebody and of the group they are in.
    async fn load(
        &mut self,
        person: UserId,
        chat: ChatId,
        kind: ChatKind,
    ) -> Result<(), StoreError> {
        self.load_row(person).await?;
        match kind {
            ChatKind::Private => Ok(()),
            ChatKind::Group => self.load_row(UserId(chat.0)).await,
        }
    }

    async fn load_row(&mut self, id: UserId) -> Result<(), StoreError> {
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

    fn known_of(&self, person: UserId, chat: ChatId, kind: ChatKind) -> Known<'_> {
        Known {
            person: self.known(person),
            group: match kind {
                ChatKind::Private => None,
                ChatKind::Group => self.known(UserId(chat.0)),
            },
        }
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
        let now = self.theirs;
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
                && now.is_within(SEEN_STEP, person.last_seen)
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
