//! Decides for each update of a batch what it is to the bot, one after the other, so that the
//! second of a person sees what the first changed. Reads the registry and changes only its own
//! copies of the rows; where the bot may write is noted at once, as later updates of the batch
//! depend on it.

mod knocks;
mod notices;
mod presses_and_edits;
mod seats;
mod somebody;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use log::{debug, warn};

use self::somebody::with_text;
use super::before::Before;
use super::draft::Draft;
use super::journal_entry::Entry;
use super::knocking::Knocking;
use crate::app::engine::Settings;
use crate::app::expired::Expired;
use crate::app::{Ctx, commands};
use crate::chat::Role;
use crate::chat::pieces::Piece;
use crate::chat::{
    Addressed, ChatId, ChatKind, Content, Event, Inbound, Job, Language, Origin, Outbound, Sender,
    Task, UpdateId, UserId,
};
use crate::clock::{self, Timestamp};
use crate::outgoing::Place;
use crate::people::gate::{Admission, Ignored, Known, admit};
use crate::people::person::Person;
use crate::store::StoreError;
use crate::telegram::decode::Decoded;
use seats::AskedIn;

/// How often a person's row is written at most when only `last_seen` changes.
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
    bot: i64,
    pub(super) now: Timestamp,
    /// The same by Telegram's clock, which also dates the messages: how old a message is does not
    /// depend on ours.
    theirs: Timestamp,
    pub(super) rows: HashMap<UserId, Row>,
    /// Grants whose days are over.
    pub(super) expired: Vec<Expired>,
    /// A VIP asked something, which may have changed who sits.
    pub(super) asked_for_seats: bool,
    /// Those who ask to be let in.
    pub(super) knocking: Vec<Knocking>,
    /// What is said or done besides: in groups, and to VIPs without a seat.
    pub(super) aside: Vec<Outbound>,
    before: &'a Before,
}

impl<'a> Sorter<'a> {
    /// `date` is that of Telegram's answer which brought the batch.
    pub(super) fn new(ctx: &'a Ctx, bot: i64, before: &'a Before, date: Option<Timestamp>) -> Self {
        let now = clock::now();
        Self {
            now,
            theirs: date.unwrap_or(now),
            ctx,
            bot,
            settings: ctx.engine.settings(),
            rows: HashMap::new(),
            expired: Vec::new(),
            asked_for_seats: false,
            knocking: Vec::new(),
            aside: Vec::new(),
            before,
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
            Decoded::Event(Event::Stopped { chat, topic, draft }) => {
                self.stopped(chat, topic, draft).await
            }
            Decoded::Event(Event::Pressed(pressed)) => self.pressed(pressed).await,
            Decoded::Event(Event::PressedInVain {
                callback,
                sender,
                is_old,
            }) => self.pressed_in_vain(callback, &sender, is_old).await,
            Decoded::Event(Event::Reachable { chat, reachable }) => {
                self.reachable(chat, reachable).await
            }
            Decoded::Event(Event::Added(added)) => self.added(added).await,
            Decoded::Event(Event::Migrated { from, to }) => self.migrated(from, to).await,
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

    /// What follows in the batch finds the group under its new id as the transaction will store it.
    async fn migrated(&mut self, from: ChatId, to: ChatId) -> Result<Entry, StoreError> {
        let (old, new) = (UserId(from.0), UserId(to.0));
        self.load_row(old).await?;
        self.load_row(new).await?;
        let before = self.known(old).cloned();
        if let (Some(before), Some(row)) = (before, self.rows.get_mut(&new)) {
            row.person = Some(match row.person.take() {
                Some(newer) => before.joined(newer),
                None => before,
            });
        }
        Ok(Entry::Migrated { from, to })
    }

    /// Whether nobody would read an answer to this, as the bot may not write there. A command is
    /// run all the same: it may change more than the chat.
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
        let admission = admit(
            &inbound,
            commands::rights,
            &self.settings.gate(),
            known,
            self.theirs,
        );
        let admission = with_text(&inbound, self.about_somebody(&inbound, admission).await?);
        let (role, task, is_aside) = match admission {
            Admission::Serve { role, task } => match self.answerable(&inbound, task) {
                Some(task @ Task::Question { .. }) => {
                    (self.served(role, &inbound).await?, task, false)
                }
                Some(task) => (role, task, false),
                None => return Ok(Entry::Dropped),
            },
            Admission::Tell(notice) => match self.told(&inbound, notice).await? {
                Some(notice) => (Role::Guest, Task::Tell(notice), false),
                None => return Ok(Entry::Dropped),
            },
            Admission::Ignore(why) => {
                if matches!(why, Ignored::NoGroups | Ignored::Denied) {
                    self.leave_in_time(inbound.chat);
                }
                let Some(role) = self.role_of_aside(&inbound, why) else {
                    debug!(update = inbound.update.0, chat = inbound.chat.0, why:? = why; "message dropped");
                    return Ok(Entry::Dropped);
                };
                (role, inbound.question(), true)
            }
        };
        if !is_aside {
            self.meets_owner(&inbound).await?;
            self.note_language(&inbound);
            self.touch(&inbound);
            self.end_grant(&inbound.sender);
            debug!(update = inbound.update.0, chat = inbound.chat.0, role:? = role; "accepted");
        }
        let job = self.draft(&inbound, role, task);
        Ok(Entry::Job(self.drafted(&inbound, job, is_aside).await?))
    }

    /// The job, with what decides in the transaction whether it joins another question.
    pub(super) async fn drafted(
        &self,
        inbound: &Inbound,
        job: Job,
        is_aside: bool,
    ) -> Result<Draft, StoreError> {
        let piece = Piece::of(inbound);
        let known = if inbound.replies_to.is_some() || piece == Some(Piece::Forward) {
            self.jobs_of(job.lane).await?
        } else {
            Vec::new()
        };
        Ok(Draft {
            replies_to: inbound.replies_to,
            chose_quote: inbound.chose_quote,
            recent: self.before.recent.get(&job.lane).map(Arc::clone),
            job,
            piece,
            is_aside,
            known,
            bot: self.bot,
        })
    }

    /// The role of whoever sent a message that is not addressed to the bot and may be a piece of a
    /// question all the same: something forwarded into a group, or an item of an album there.
    fn role_of_aside(&self, inbound: &Inbound, why: Ignored) -> Option<Role> {
        let may_belong = match Piece::of(inbound) {
            Some(Piece::Forward | Piece::Album(_)) => why == Ignored::NotAddressed,
            Some(Piece::Text) | None => false,
        };
        if !may_belong {
            return None;
        }
        let known = self.known_of(inbound.sender.id, inbound.chat, inbound.kind);
        let gate = self.settings.gate();
        let role = gate.role(&inbound.sender, inbound.kind, known, self.theirs)?;
        Some(self.ctx.engine.served_now_as(role, inbound.sender.id))
    }

    /// The role in which the question of a message is served.
    async fn served(&mut self, role: Role, inbound: &Inbound) -> Result<Role, StoreError> {
        let place = AskedIn {
            chat: inbound.chat,
            topic: inbound.topic,
            message: inbound.message,
        };
        self.served_as(role, &inbound.sender, place).await
    }

    fn draft(&self, inbound: &Inbound, role: Role, task: Task) -> Job {
        let origin = Origin::Updates(vec![inbound.update]);
        let (lane, sender) = (inbound.lane(), self.spoken_to(&inbound.sender));
        Job {
            messages: vec![inbound.message],
            role,
            sent: inbound.sent,
            ..Job::new(origin, lane, sender, task, self.now)
        }
    }

    /// The sender, with the language in which they are spoken to.
    fn spoken_to(&self, sender: &Sender) -> Sender {
        let app = sender.language.as_deref();
        Sender {
            language: self.settings.tag_for(app, self.known(sender.id)),
            ..sender.clone()
        }
    }

    /// Whoever's app names no language is answered in the one they write in, also where a later
    /// message does not show it.
    fn note_language(&mut self, inbound: &Inbound) {
        let (Content::Text(text) | Content::Media { caption: text, .. }) = &inbound.content;
        if inbound.sender.language.is_some() || text.starts_with('/') {
            return;
        }
        let shown = Language::of_text(text);
        let known = self.known(inbound.sender.id);
        if shown.is_some() && known.and_then(|person| person.writes) != shown {
            self.person(&inbound.sender).writes = shown;
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

    /// The row of a group, to be changed.
    fn group(&mut self, chat: ChatId) -> &mut Person {
        let group = Sender {
            id: UserId(chat.0),
            name: String::new(),
            language: None,
            is_chat: true,
        };
        self.person(&group)
    }

    /// A grant that has run out becomes what it falls back to, and those whom it concerns are told.
    fn end_grant(&mut self, sender: &Sender) {
        let Some(row) = self.known(sender.id).filter(|_| !sender.is_chat) else {
            return;
        };
        let expired = Expired::of(sender.id, row, self.theirs);
        self.expired.extend(expired);
    }

    /// Keeps name, language and the last sign of life up to date, those of the group too, without a
    /// write per message.
    fn touch(&mut self, inbound: &Inbound) {
        let now = self.now;
        let (sender, other_names) = (&inbound.sender, &inbound.other_names);
        let is_private = inbound.kind == ChatKind::Private;
        let is_of_a_group = !is_private && sender.id.0 != inbound.chat.0;
        if is_of_a_group {
            self.touch_group(inbound);
        }
        let is_channel = sender.is_chat && is_of_a_group;
        let is_fresh = self.known(sender.id).is_some_and(|person| {
            person.name == sender.name
                && person.is_channel == is_channel
                && person.other_names == *other_names
                && person.language == sender.language
                && ((person.in_private && person.reachable) || !is_private)
                && now.is_within(SEEN_STEP, person.last_seen)
        });
        if !is_fresh {
            let person = self.person(sender);
            person.name.clone_from(&sender.name);
            person.is_channel = is_channel;
            person.other_names.clone_from(other_names);
            person.language.clone_from(&sender.language);
            // Whoever has blocked the bot in private may still write in a group.
            person.reachable |= is_private;
            person.in_private |= is_private;
            person.last_seen = now;
        }
    }

    fn touch_group(&mut self, inbound: &Inbound) {
        let now = self.now;
        let is_fresh = self.known(UserId(inbound.chat.0)).is_some_and(|group| {
            let is_called_so = inbound.title.is_empty() || group.name == inbound.title;
            is_called_so && now.is_within(SEEN_STEP, group.last_seen)
        });
        if !is_fresh {
            self.name_group(inbound.chat, &inbound.title, &inbound.sender);
        }
    }
}
