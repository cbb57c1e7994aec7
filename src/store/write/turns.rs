//! Changes of the rounds of a lane. Invariant: `by_message` names only turns that are there.

use super::Write;
use crate::chat::{ChatId, JobId, Lane, MessageId, StoredTurn};
use crate::store::StoreError;
use crate::store::key::{self, Key};
use crate::store::tables::{self, Rows, TurnRef};

/// Turns taken out at a time, so that a long history is not in memory at once.
const CLEAR_TURNS: usize = 64;

impl Write<'_> {
    /// Keeps a finished round under the job that asked, findable by the messages of both sides.
    pub(crate) fn append_turn(
        &mut self,
        lane: Lane,
        job: JobId,
        turn: &StoredTurn,
    ) -> Result<(), StoreError> {
        self.touched.lanes.push(lane.key());
        let mut history = self.txn.open_table(tables::HISTORY)?;
        tables::put(&mut history, &Key::turn(lane.key(), job), turn)?;
        for message in messages_of(turn) {
            self.name_message(lane, job, message)?;
        }
        Ok(())
    }

    /// Notes which message a part of an answer became; tells whether the round is kept at all.
    pub(crate) fn record_answer_message(
        &mut self,
        lane: Lane,
        job: JobId,
        part: u16,
        message: MessageId,
    ) -> Result<bool, StoreError> {
        let mut history = self.txn.open_table(tables::HISTORY)?;
        let key = Key::turn(lane.key(), job);
        let Some(mut turn) = tables::row::<StoredTurn>(&history, &key)? else {
            return Ok(false);
        };
        let replaced: Vec<MessageId> = turn
            .answer_messages
            .extract_if(.., |(known, at)| *known == part && *at != message)
            .map(|(_, at)| at)
            .collect();
        turn.answer_messages.retain(|(known, _)| *known != part);
        turn.files.retain(|file| !replaced.contains(file));
        turn.answer_messages.push((part, message));
        turn.answer_messages.sort_by_key(|(part, _)| *part);
        tables::put(&mut history, &key, &turn)?;
        self.touched.lanes.push(lane.key());
        if let Some(chat) = lane.chat() {
            let mut by_message = self.txn.open_table(tables::BY_MESSAGE)?;
            for old in replaced {
                by_message.remove(&*Key::message(chat, old))?;
            }
        }
        self.name_message(lane, job, message)?;
        Ok(true)
    }

    /// Notes that a message of an answer is a file; nothing when the round is not kept.
    pub(crate) fn record_answer_file(
        &mut self,
        lane: Lane,
        job: JobId,
        message: MessageId,
    ) -> Result<(), StoreError> {
        self.change_turn(lane, job, |turn| {
            if !turn.files.contains(&message) {
                turn.files.push(message);
            }
        })
    }

    /// Changes a round that is there, in what names none of its messages.
    pub(super) fn change_turn(
        &mut self,
        lane: Lane,
        job: JobId,
        change: impl FnOnce(&mut StoredTurn),
    ) -> Result<(), StoreError> {
        let mut history = self.txn.open_table(tables::HISTORY)?;
        let key = Key::turn(lane.key(), job);
        let Some(mut turn) = tables::row::<StoredTurn>(&history, &key)? else {
            return Ok(());
        };
        change(&mut turn);
        self.touched.lanes.push(lane.key());
        tables::put(&mut history, &key, &turn)
    }

    pub(crate) fn turn(&self, lane: Lane, job: JobId) -> Result<Option<StoredTurn>, StoreError> {
        let history = self.txn.open_table(tables::HISTORY)?;
        tables::row(&history, &Key::turn(lane.key(), job))
    }

    /// The job of the lane's newest round.
    pub(crate) fn newest_turn(&self, lane: Lane) -> Result<Option<JobId>, StoreError> {
        let history = self.txn.open_table(tables::HISTORY)?;
        let mut rounds = tables::rows(&history, &key::turns_of(lane))?;
        let Some(newest) = rounds.next_back() else {
            return Ok(None);
        };
        let (_, job) = key::turn(newest?.0.value())?;
        Ok(Some(job))
    }

    /// The round that a message asked or answered.
    pub(crate) fn by_message(
        &self,
        chat: ChatId,
        message: MessageId,
    ) -> Result<Option<(Lane, JobId)>, StoreError> {
        let by_message = self.txn.open_table(tables::BY_MESSAGE)?;
        let row = tables::row(&by_message, &Key::message(chat, message))?;
        Ok(row.map(|TurnRef(lane, job)| (lane, job)))
    }

    /// Forgets one round, with the names of its messages and the parts of its answer that were not
    /// sent yet. Returns the round, if it was there and could be read.
    pub(crate) fn remove_turn(
        &mut self,
        lane: Lane,
        job: JobId,
    ) -> Result<Option<StoredTurn>, StoreError> {
        let Some(turn) = self.turn(lane, job)? else {
            return Ok(None);
        };
        self.touched.lanes.push(lane.key());
        let mut history = self.txn.open_table(tables::HISTORY)?;
        let mut by_message = self.txn.open_table(tables::BY_MESSAGE)?;
        let round = (Key::turn(lane.key(), job), messages_of(&turn).collect());
        forget(&mut history, &mut by_message, vec![round])?;
        self.drop_outbound(|row| {
            row.part_of
                .is_some_and(|(of, round, _)| (of, round) == (lane, job))
        })?;
        Ok(Some(turn))
    }

    /// Forgets the rounds of a lane; returns how many.
    pub(crate) fn clear_lane(&mut self, lane: Lane) -> Result<u64, StoreError> {
        self.touched.lanes.push(lane.key());
        let mut history = self.txn.open_table(tables::HISTORY)?;
        let mut by_message = self.txn.open_table(tables::BY_MESSAGE)?;
        let mut removed = 0;
        loop {
            let mut rounds = Vec::new();
            for entry in tables::rows(&history, &key::turns_of(lane))?.take(CLEAR_TURNS) {
                let (key, row) = entry?;
                // A round that cannot be read is forgotten all the same; its messages stay named
                // and lead to nothing.
                let turn = tables::decoded::<StoredTurn>(row.value());
                let messages =
                    turn.map_or_else(|_| Vec::new(), |turn| messages_of(&turn).collect());
                rounds.push((Key::from(key.value()), messages));
            }
            if rounds.is_empty() {
                return Ok(removed);
            }
            removed += forget(&mut history, &mut by_message, rounds)?;
        }
    }

    fn name_message(&self, lane: Lane, job: JobId, message: MessageId) -> Result<(), StoreError> {
        let Some(chat) = lane.chat() else {
            return Ok(());
        };
        let mut by_message = self.txn.open_table(tables::BY_MESSAGE)?;
        let key = Key::message(chat, message);
        tables::put(&mut by_message, &key, &TurnRef(lane, job))
    }
}

/// Takes out rounds, each with the names of its messages; returns how many.
pub(super) fn forget(
    history: &mut Rows<'_>,
    by_message: &mut Rows<'_>,
    rounds: Vec<(Key, Vec<MessageId>)>,
) -> Result<u64, StoreError> {
    let mut removed = 0;
    for (key, messages) in rounds {
        tables::take(history, &key)?;
        removed += 1;
        let Ok(((chat, ..), _)) = key::turn(&key) else {
            continue;
        };
        for message in messages {
            by_message.remove(&*Key::message(ChatId(chat), message))?;
        }
    }
    Ok(removed)
}

pub(super) fn messages_of(turn: &StoredTurn) -> impl Iterator<Item = MessageId> {
    let answers = turn.answer_messages.iter().map(|(_, message)| *message);
    turn.question_messages.iter().copied().chain(answers)
}
