//! The rounds that a question builds on. Invariant: those of everybody in a group's topic are one
//! conversation, in the order of their questions, and what is read of it does not grow with the people.

use std::sync::Arc;

use super::Read;
use crate::chat::{JobId, Lane, Remembered, StoredTurn, UserId};
use crate::store::StoreError;
use crate::store::key::{self, Key, LaneKey};
use crate::store::rows::AskedBy;
use crate::store::tables;

/// Rounds of a conversation that are looked at: what stands before a long row of failures is not
/// looked for.
const LOOKED: usize = 200;

/// Rounds, oldest first.
type Rounds = Vec<(JobId, Remembered)>;
/// Where people began anew.
type Beginnings = Vec<(UserId, JobId)>;

/// Rounds of one conversation as they are collected, newest first.
struct Collected {
    rounds: Rounds,
    beginnings: Beginnings,
    /// Most rounds.
    count: usize,
}

impl Read {
    /// The newest rounds of a lane's conversation up to a job that have an answer, oldest first, and
    /// where people began anew since.
    pub(in crate::store) fn conversation(
        &self,
        lane: Lane,
        last: JobId,
        count: usize,
    ) -> Result<(Rounds, Beginnings), StoreError> {
        let lane = key::of_lane(lane);
        let mut found = Collected {
            rounds: Vec::new(),
            beginnings: Vec::new(),
            count,
        };
        if key::conversation(lane) == lane {
            self.collect_of_lane(lane, last, &mut found)?;
        } else {
            self.collect_of_topic(lane, last, &mut found)?;
        }
        found.rounds.reverse();
        Ok((found.rounds, found.beginnings))
    }

    /// Shows the rounds of one lane that have an answer, newest first, back to where its person began
    /// anew; so many rows at the most.
    pub(crate) fn walk_back(
        &self,
        lane: Lane,
        most: usize,
        mut visit: impl FnMut(StoredTurn),
    ) -> Result<(), StoreError> {
        let history = self.table::<StoredTurn>()?;
        for entry in tables::range(&history, &key::turns_of(lane))?
            .rev()
            .take(most)
        {
            let (key, row) = entry?;
            let Some((_, turn)) = self.met.read::<StoredTurn>(key.value(), row.value()) else {
                continue;
            };
            if turn.is_beginning() {
                break;
            }
            if turn.is_answered() {
                visit(turn);
            }
        }
        Ok(())
    }

    fn collect_of_lane(
        &self,
        lane: LaneKey,
        last: JobId,
        into: &mut Collected,
    ) -> Result<(), StoreError> {
        let (_, _, person) = lane;
        let history = self.table::<StoredTurn>()?;
        let rounds = tables::range(&history, &key::turns_up_to(lane, last))?;
        for entry in rounds.rev().take(LOOKED) {
            let (key, row) = entry?;
            if let Some(((_, job), turn)) = self.met.read(key.value(), row.value()) {
                into.add(UserId(person), job, turn);
            }
            if into.is_full() {
                break;
            }
        }
        Ok(())
    }

    fn collect_of_topic(
        &self,
        (chat, topic, _): LaneKey,
        last: JobId,
        into: &mut Collected,
    ) -> Result<(), StoreError> {
        let history = self.table::<StoredTurn>()?;
        let by_topic = self.table::<AskedBy>()?;
        let rounds = tables::range(&by_topic, &key::in_topic_up_to((chat, topic, 0), last))?;
        for entry in rounds.rev().take(LOOKED) {
            let (key, row) = entry?;
            let read = self.met.read::<AskedBy>(key.value(), row.value());
            let Some(((.., job), AskedBy(person))) = read else {
                continue;
            };
            let key = Key::turn((chat, topic, person.0), job);
            if let Some(turn) = self.met.row(&history, &key)? {
                into.add(person, job, turn);
            }
            if into.is_full() {
                break;
            }
        }
        Ok(())
    }
}

impl Collected {
    /// Takes in the next older round: those of somebody count back to where they began anew.
    fn add(&mut self, person: UserId, job: JobId, turn: StoredTurn) {
        if self.beginnings.iter().any(|(of, _)| *of == person) {
            return;
        }
        if turn.is_beginning() {
            self.beginnings.push((person, job));
        } else if turn.is_answered() {
            let turn = Arc::new(turn);
            self.rounds.push((job, Remembered { person, job, turn }));
        }
    }

    fn is_full(&self) -> bool {
        self.rounds.len() >= self.count
    }
}
