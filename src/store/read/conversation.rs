//! The rounds that a question builds on. Invariant: those of everybody in a group's topic are one
//! conversation, in the order of their questions.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Read;
use crate::chat::{JobId, Lane, Remembered, StoredTurn, UserId};
use crate::store::StoreError;
use crate::store::key::{self, LaneKey};
use crate::store::tables::{self, ReadOnlyRows};

/// Rounds, oldest first.
type Rounds = Vec<(JobId, Remembered)>;
/// Where people began anew.
type Beginnings = Vec<(UserId, JobId)>;

/// Rounds of one conversation as they are collected.
struct Collected {
    rounds: BTreeMap<JobId, Remembered>,
    beginnings: Beginnings,
    /// Most rounds; the newest stay.
    count: usize,
}

impl Read {
    /// The newest rounds of a lane's conversation up to a job that have an answer, oldest first, and
    /// where people began anew since; what stands before a long row of failures is not looked for.
    pub(in crate::store) fn conversation(
        &self,
        lane: Lane,
        last: JobId,
        count: usize,
    ) -> Result<(Rounds, Beginnings), StoreError> {
        let history = self.table::<StoredTurn>()?;
        let lane = key::of_lane(lane);
        let mut found = Collected {
            rounds: BTreeMap::new(),
            beginnings: Vec::new(),
            count,
        };
        if key::conversation(lane) == lane {
            self.collect(&history, lane, last, &mut found)?;
        } else {
            let (chat, topic, _) = lane;
            let mut before = (chat, topic, i64::MIN);
            while let Some(next) = next_lane(&history, before)? {
                self.collect(&history, next, last, &mut found)?;
                before = next;
            }
        }
        Ok((found.rounds.into_iter().collect(), found.beginnings))
    }

    /// Takes the rounds of one lane that are among the newest, back to where its person began anew.
    fn collect(
        &self,
        history: &ReadOnlyRows,
        lane: LaneKey,
        last: JobId,
        into: &mut Collected,
    ) -> Result<(), StoreError> {
        let (_, _, person) = lane;
        let person = UserId(person);
        let rows = tables::range(history, &key::turns_up_to(lane, last))?;
        let mut answered = 0;
        for entry in rows.rev().take(into.count.saturating_mul(4)) {
            let (key, row) = entry?;
            let Some(((_, job), turn)) = self.met.read::<StoredTurn>(key.value(), row.value())
            else {
                continue;
            };
            if turn.is_beginning() {
                into.beginnings.push((person, job));
                break;
            }
            if !turn.is_answered() {
                continue;
            }
            answered += 1;
            let turn = Arc::new(turn);
            if !into.add(job, Remembered { person, turn }) || answered == into.count {
                break;
            }
        }
        Ok(())
    }
}

impl Collected {
    /// Whether the round is among the newest.
    fn add(&mut self, job: JobId, round: Remembered) -> bool {
        self.rounds.insert(job, round);
        let oldest = (self.rounds.len() > self.count).then(|| self.rounds.pop_first());
        oldest.flatten().is_none_or(|(oldest, _)| oldest != job)
    }
}

/// The lane of the next person in a topic who has rounds there.
fn next_lane(history: &ReadOnlyRows, before: LaneKey) -> Result<Option<LaneKey>, StoreError> {
    for entry in tables::range(history, &key::turns_after(before))? {
        let (key, _) = entry?;
        // One that cannot be read stands in nobody's way.
        if let Ok((lane, _)) = key::turn(key.value()) {
            return Ok(Some(lane));
        }
    }
    Ok(None)
}
