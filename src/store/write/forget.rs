//! Forgetting a person: their rounds in all chats, step by step, and then the rest at once. Invariant:
//! a step holds the writer only for a moment; their role, a ban and the record that they are
//! forgotten stay.

use super::Write;
use super::turns::{messages_of, rounds_set_aside};
use crate::chat::{ChatId, Job, Lane, StoredTurn, Task, UserId};
use crate::clock::Timestamp;
use crate::people::person::Person;
use crate::store::StoreError;
use crate::store::key::{self, Key};
use crate::store::own_rounds::{self, Walked};
use crate::store::rows::Record;
use crate::store::tables;

/// Rounds that one step takes out.
const ROUNDS: usize = 64;

impl Write<'_> {
    /// One step of forgetting the rounds of a person, those that cannot be read too; how far it came,
    /// or `None` when there are no more.
    pub(crate) fn forget_rounds(
        &mut self,
        person: UserId,
        walked: &Walked,
    ) -> Result<Option<Walked>, StoreError> {
        let mut tables = self.rounds()?;
        let mut walked = walked.clone();
        let mut rounds = Vec::new();
        while rounds.len() < ROUNDS {
            let Some(found) = own_rounds::next(&tables.history, person, &walked)? else {
                break;
            };
            // Of one that cannot be read the messages stay named and lead to nothing.
            let turn = tables::decoded::<StoredTurn>(&found.row);
            let messages = turn.map_or_else(|_| Vec::new(), |turn| messages_of(&turn).collect());
            let (lane, _) = key::turn(&found.key)?;
            self.touched.lanes.push(lane);
            rounds.push((found.key, messages));
            walked = found.walked;
        }
        self.touched.lanes.dedup();
        let is_last = rounds.len() < ROUNDS;
        tables.forget(rounds)?;
        Ok((!is_last).then_some(walked))
    }

    /// Forgets what there is of a person beside rounds: what was set aside of them, their questions in
    /// the inbox, what is on its way to them, and what the registry knows but for their rights.
    pub(crate) fn forget_person(
        &mut self,
        person: UserId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.forget_set_aside_of(person)?;
        let mut asked = Vec::new();
        self.each(|id, job: Job| {
            let is_own = job.sender.id == person && !matches!(job.task, Task::Command(_));
            asked.extend(is_own.then_some(id));
        })?;
        for job in asked {
            self.remove_job(job)?;
        }
        self.forget_reminders(person)?;
        // What a turn has left behind since the last step.
        self.forget_rounds(person, &Walked::NOTHING)?;
        let is_of = |lane: Lane| lane.person() == Some(person);
        self.drop_outbound(|row| {
            row.chat == ChatId(person.0) || row.part_of.is_some_and(|(lane, ..)| is_of(lane))
        })?;
        let known = self.person(person)?;
        let known = known.unwrap_or_else(|| Person::unseen(now));
        self.put_person(person, &known.forgotten_at(now))
    }

    fn forget_set_aside_of(&self, person: UserId) -> Result<(), StoreError> {
        let mut aside = self.txn.open_table(tables::SET_ASIDE)?;
        let front = Key::set_aside(StoredTurn::TABLE, &[]);
        let (first, last) = rounds_set_aside(Key::FRONT..=Key::FRONT).into_inner();
        let is_anothers = |key: &[u8], _: &[u8]| {
            let round = key.strip_prefix(&*front).map(key::turn);
            !matches!(round, Some(Ok(((_, _, asker), _))) if asker == person.0)
        };
        aside.retain_in::<&[u8], _>(&*first..=&*last, is_anothers)?;
        aside.remove(&*Key::set_aside(Person::TABLE, &Key::person(person)))?;
        self.changed_aside.set(true);
        Ok(())
    }
}
