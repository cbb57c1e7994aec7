//! A batch of updates to inbox rows: decode each alone, ask the gate, one commit for all.
//!
//! Invariant: the commit that stores the jobs also stores the offset and marks every update seen,
//! also those that are dropped or not understood.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use log::{debug, info, warn};

use crate::app::Ctx;
use crate::app::engine::Settings;
use crate::chat::admit::{Admission, Known, admit};
use crate::chat::role::{Grant, Held, Person, Role};
use crate::chat::{
    ChatId, ChatKind, Content, Event, Inbound, Job, JobId, Lane, Notice, Origin, Outbound, Parcel,
    Pressed, Rank, Sender, Task, UpdateId, UserId,
};
use crate::clock::{self, Timestamp};
use crate::locale::{Language, Locale};
use crate::outgoing::Head;
use crate::store::{Disposition, StoreError, Write};
use crate::telegram::Me;
use crate::telegram::decode::{Decoded, decode};
use crate::telegram::poll::Batch;

/// What the button under the notice of old mail says to us.
pub(super) const HELD: &str = "held";
/// Old mail that comes within this time is of one outage, and told of once.
const ONE_OUTAGE: Duration = Duration::from_hours(1);
/// A person's row is touched this seldom when nothing else of it changes.
const SEEN_STEP: Duration = Duration::from_hours(1);

/// What one update comes to.
enum Entry {
    /// A job; its number is given by the commit.
    Job(Job),
    /// A button, with what it asks for.
    Pressed {
        acknowledge: Outbound,
        job: Option<Job>,
    },
    Dropped,
    Skipped,
    Reachable {
        chat: ChatId,
        reachable: bool,
    },
    Migrated {
        from: ChatId,
        to: ChatId,
    },
}

/// What a batch left on disk.
#[derive(Default)]
pub(super) struct Journaled {
    /// Jobs in the order of their updates.
    pub(super) jobs: Vec<Job>,
    /// Rows that leave at once.
    pub(super) rows: Vec<Head>,
}

/// Stores a batch.
pub(super) async fn store(ctx: &Ctx, batch: &Batch, me: &Me) -> Result<Journaled, StoreError> {
    let mut desk = Sorter {
        ctx,
        settings: ctx.engine.settings(),
        now: clock::now(),
        rows: HashMap::new(),
        expired: Vec::new(),
    };
    let mut entries = Vec::with_capacity(batch.updates.len());
    for update in &batch.updates {
        entries.push((
            update.id,
            desk.sort(update.id, decode(update.id, update.json.get(), me))
                .await?,
        ));
    }
    let Sorter {
        now, rows, expired, ..
    } = desk;
    let changed: Vec<(UserId, Person)> = rows
        .into_iter()
        .filter(|(_, row)| row.is_changed)
        .filter_map(|(id, row)| Some((id, row.person?)))
        .collect();
    let bot = me.id.0;
    let stored = ctx.engine.store.write(move |rows| {
        let mut journaled = Journaled::default();
        for (id, person) in &changed {
            // A command may have changed the grant since it was read: what is stored stands.
            let grant = rows
                .person(*id)?
                .map_or(person.grant, |stored| stored.grant);
            rows.put_person(
                *id,
                &Person {
                    grant,
                    ..person.clone()
                },
            )?;
        }
        for ended in &expired {
            ended.enter(rows, &mut journaled)?;
        }
        for (update, entry) in &entries {
            if rows.was_seen(bot, *update)?.is_none() {
                enter(rows, entry, &mut journaled)?;
                rows.mark_seen(bot, *update, now, disposition(entry))?;
            }
            rows.set_offset(bot, update.0 + 1, now)?;
        }
        Ok(journaled)
    });
    stored.await
}

fn enter(rows: &mut Write<'_>, entry: &Entry, into: &mut Journaled) -> Result<(), StoreError> {
    match entry {
        Entry::Job(draft) => {
            let job = Job {
                id: rows.next_job_id()?,
                ..draft.clone()
            };
            rows.put_job(&job)?;
            into.jobs.push(job);
        }
        Entry::Pressed { acknowledge, job } => {
            let id = rows.put_outbound(acknowledge)?;
            into.rows.push(Head::of(id, acknowledge));
            if let Some(job) = job {
                enter(rows, &Entry::Job(job.clone()), into)?;
            }
        }
        Entry::Reachable { chat, reachable } => {
            set_reachable(rows, *chat, *reachable)?;
            if !reachable {
                rows.drop_outbound_of(*chat)?;
            }
        }
        Entry::Migrated { from, to } => rows.migrate_chat(*from, *to)?,
        Entry::Dropped | Entry::Skipped => {}
    }
    Ok(())
}

const fn disposition(entry: &Entry) -> Disposition {
    match entry {
        Entry::Job(_)
        | Entry::Pressed { .. }
        | Entry::Reachable { .. }
        | Entry::Migrated { .. } => Disposition::Accepted,
        Entry::Dropped => Disposition::Dropped,
        Entry::Skipped => Disposition::Skipped,
    }
}

/// A row of the registry as this batch sees it.
struct Row {
    person: Option<Person>,
    is_changed: bool,
}

/// Sorts updates one after the other, so that the second of a person sees what the first changed.
struct Sorter<'a> {
    ctx: &'a Ctx,
    settings: Arc<Settings>,
    now: Timestamp,
    rows: HashMap<UserId, Row>,
    /// Grants whose days are over.
    expired: Vec<Expired>,
}

impl Sorter<'_> {
    async fn sort(&mut self, update: UpdateId, decoded: Decoded) -> Result<Entry, StoreError> {
        match decoded {
            Decoded::Event(Event::Message(inbound)) => self.message(inbound).await,
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
        info!(update = inbound.update.0, chat = inbound.chat.0, role:? = role; "accepted");
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
            Notice::NeedsApproval | Notice::NoOwner => self.person(&inbound.sender).told = true,
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
                person.held = Some(held(inbound, told.unwrap_or(now))?);
                return told.is_none().then_some(notice);
            }
            Notice::CannotRead { .. }
            | Notice::OwnersOnly
            | Notice::PrivateOnly
            | Notice::SayMore
            | Notice::GaveUp => {}
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
            task: Task::Question {
                text: held.text,
                quote: held.quote,
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

/// A grant that ended, and what is said of it to whom.
struct Expired {
    person: UserId,
    grant: Grant,
    falls_to: Grant,
    tell: Vec<(UserId, String)>,
}

impl Expired {
    fn enter(&self, rows: &mut Write<'_>, into: &mut Journaled) -> Result<(), StoreError> {
        let Some(person) = rows.person(self.person)? else {
            return Ok(());
        };
        // Told already, or granted anew in the meantime.
        if person.grant != Some(self.grant) {
            return Ok(());
        }
        rows.put_person(
            self.person,
            &Person {
                grant: Some(self.falls_to),
                ..person
            },
        )?;
        for (to, text) in &self.tell {
            let row = Outbound {
                chat: ChatId(to.0),
                topic: None,
                rank: Rank::Final,
                not_before: Timestamp::default(),
                part_of: None,
                parcel: Parcel::Send {
                    text: text.clone(),
                    reply_to: None,
                    button: None,
                },
            };
            into.rows.push(Head::of(rows.put_outbound(&row)?, &row));
        }
        Ok(())
    }
}

/// Whether we may write to somebody; nothing is remembered of people who never wrote.
pub(super) fn set_reachable(
    rows: &mut Write<'_>,
    chat: ChatId,
    reachable: bool,
) -> Result<(), StoreError> {
    let id = UserId(chat.0);
    match rows.person(id)? {
        Some(person) => rows.put_person(
            id,
            &Person {
                reachable,
                ..person
            },
        ),
        None => Ok(()),
    }
}

/// The question of old mail, kept so that the person may still have it answered.
fn held(inbound: &Inbound, told: Timestamp) -> Option<Held> {
    let (Content::Text(text) | Content::Media { caption: text, .. }) = &inbound.content;
    (!text.is_empty()).then(|| Held {
        message: inbound.message,
        topic: inbound.topic,
        text: text.clone(),
        quote: inbound.quote.clone(),
        sent: inbound.sent,
        told,
    })
}
