//! A group that became a supergroup takes its rounds, jobs, parts and registry entry along, and none of
//! its message ids: a supergroup numbers its messages from the beginning (Bot API,
//! `migrate_to_chat_id`), so an old number would mean somebody else's message. Invariant: afterwards
//! the old chat has no round (none set aside either, so that whoever forgets the new chat's forgets all),
//! message, waiting job, waiting part or entry in the registry, nothing that moved names a message, and
//! what the new chat already had is kept.

use redb::ReadableTable;

use super::Write;
use super::turns::rounds_set_aside;
use crate::chat::{ChatId, Job, JobId, Lane, Outbound, StoredTurn, UserId};
use crate::people::person::Person;
use crate::store::StoreError;
use crate::store::key::{self, Key, LaneKey};
use crate::store::quarantine;
use crate::store::tables;

/// A round and where it stands.
type Round = ((LaneKey, JobId), StoredTurn);

/// Rows moved at a time, so that a long history is not in memory at once.
const MOVE_ROWS: usize = 64;

impl Write<'_> {
    /// Stores whether the bot may write to somebody; nothing is stored of people who never wrote to it.
    pub(crate) fn set_reachable(
        &mut self,
        chat: ChatId,
        reachable: bool,
    ) -> Result<(), StoreError> {
        let id = UserId(chat.0);
        match self.person(id)? {
            Some(person) => self.put_person(
                id,
                &Person {
                    reachable,
                    ..person
                },
            ),
            None => Ok(()),
        }
    }

    /// Moves rounds, entry in the registry, waiting jobs and waiting parts of a chat to its new id, and
    /// forgets the numbers of its messages.
    pub(crate) fn migrate_chat(&mut self, from: ChatId, to: ChatId) -> Result<(), StoreError> {
        if from == to {
            return Ok(());
        }
        self.move_history(from, to)?;
        self.move_set_aside(from, to)?;
        self.forget_messages(from)?;
        self.move_registered(UserId(from.0), UserId(to.0))?;
        self.move_reminders(from, to)?;
        let mut jobs = Vec::new();
        self.each(|_, job: Job| jobs.extend((job.lane.chat() == Some(from)).then_some(job)))?;
        for mut job in jobs {
            job.lane = moved(job.lane, from, to);
            job.messages.clear();
            job.places.clear();
            self.put_job(&job)?;
        }
        let mut parts = Vec::new();
        self.each(|id, row: Outbound| parts.extend((row.chat == from).then_some((id, row))))?;
        for (id, mut row) in parts {
            row.chat = to;
            row.part_of = row
                .part_of
                .map(|(lane, job, part)| (moved(lane, from, to), job, part));
            match row.payload.without_messages() {
                Some(payload) => drop(self.set_outbound(id, &Outbound { payload, ..row })?),
                None => drop(self.remove_outbound(id)?),
            }
        }
        Ok(())
    }

    /// Moves the rounds; what cannot be read among them is set aside.
    fn move_history(&mut self, from: ChatId, to: ChatId) -> Result<(), StoreError> {
        loop {
            let rounds = self.first_rounds(from)?;
            // What was met is out of the way of the next look.
            self.set_met_aside()?;
            if rounds.is_empty() {
                return Ok(());
            }
            for ((lane, job), mut turn) in rounds {
                let (_, topic, person) = lane;
                let moved = (to.0, topic, person);
                let mut rounds = self.rounds()?;
                rounds.forget(vec![(Key::turn(lane, job), Vec::new())])?;
                let key = Key::turn(moved, job);
                let is_free = rounds.history.get(&*key)?.is_none();
                drop(rounds);
                if is_free {
                    turn.question_messages.clear();
                    turn.answer_messages.clear();
                    turn.files.clear();
                    self.put_turn(moved, job, &turn)?;
                }
                self.touched.lanes.push(lane);
                self.touched.lanes.push(moved);
            }
            self.touched.lanes.dedup();
        }
    }

    /// Moves the rounds that were set aside.
    fn move_set_aside(&self, from: ChatId, to: ChatId) -> Result<(), StoreError> {
        let mut aside = self.txn.open_table(tables::SET_ASIDE)?;
        let old = rounds_set_aside(key::rows_of(from));
        let new = rounds_set_aside(key::rows_of(to));
        loop {
            let mut rows = Vec::new();
            for entry in tables::range(&aside, &old)?.take(MOVE_ROWS) {
                let (key, row) = entry?;
                rows.push((Key::from(key.value()), row.value().to_vec()));
            }
            if rows.is_empty() {
                return Ok(());
            }
            for (key, bytes) in rows {
                tables::take(&mut aside, &key)?;
                let place = key.with_front(old.start(), new.start());
                quarantine::put(&mut aside, place, &bytes)?;
            }
        }
    }

    /// Some of the rounds of a chat; none when there are no more that can be read.
    fn first_rounds(&self, chat: ChatId) -> Result<Vec<Round>, StoreError> {
        let history = self.table::<StoredTurn>()?;
        let mut rounds = Vec::new();
        for entry in tables::range(&history, &key::rows_of(chat))? {
            let (key, row) = entry?;
            rounds.extend(self.met.read(key.value(), row.value()));
            if rounds.len() == MOVE_ROWS {
                break;
            }
        }
        Ok(rounds)
    }

    fn forget_messages(&self, chat: ChatId) -> Result<(), StoreError> {
        let mut by_message = self.txn.open_table(tables::BY_MESSAGE)?;
        loop {
            let mut rows = Vec::new();
            for entry in tables::range(&by_message, &key::rows_of(chat))?.take(MOVE_ROWS) {
                rows.push(Key::from(entry?.0.value()));
            }
            if rows.is_empty() {
                return Ok(());
            }
            for key in rows {
                tables::take(&mut by_message, &key)?;
            }
        }
    }

    fn move_registered(&mut self, from: UserId, to: UserId) -> Result<(), StoreError> {
        let Some(old) = self.person(from)? else {
            return Ok(());
        };
        let group = match self.person(to)? {
            Some(new) => old.joined(new),
            None => old,
        };
        self.put_person(to, &group)?;
        self.touched.persons.push(from);
        let mut persons = self.txn.open_table(tables::PERSONS)?;
        tables::take(&mut persons, &Key::person(from))
    }
}

fn moved(lane: Lane, from: ChatId, to: ChatId) -> Lane {
    match lane {
        Lane::Telegram {
            chat,
            topic,
            person,
        } if chat == from => Lane::Telegram {
            chat: to,
            topic,
            person,
        },
        Lane::Telegram { .. } | Lane::Terminal => lane,
    }
}
