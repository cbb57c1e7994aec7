//! Changes of the rounds of a lane. Invariants: `by_message` names only turns that are there, and `by_topic`
//! every turn of a group that can be read.

use std::ops::RangeInclusive;

use super::Write;
use crate::chat::{ChatId, ChatKind, JobId, Lane, MessageId, Part, StoredTurn, UserId};
use crate::clock::Timestamp;
use crate::store::StoreError;
use crate::store::key::{self, Key, LaneKey};
use crate::store::rows::{AskedBy, Record, TurnRef};
use crate::store::tables::{self, Rows};

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
        self.touched.lanes.push(key::of_lane(lane));
        self.put_turn(key::of_lane(lane), job, turn)?;
        for message in messages_of(turn) {
            self.name_message(lane, job, message)?;
        }
        Ok(())
    }

    /// Puts a round to the others of its lane, and of its topic.
    pub(super) fn put_turn(
        &self,
        lane: LaneKey,
        job: JobId,
        turn: &StoredTurn,
    ) -> Result<(), StoreError> {
        self.put(&Key::turn(lane, job), turn)?;
        let (chat, topic, person) = lane;
        if chat >= 0 {
            return Ok(());
        }
        let asked_by = AskedBy(UserId(person));
        self.put(&Key::in_topic(chat, topic, job), &asked_by)
    }

    /// Notes which message a part of an answer became; tells whether the round is kept at all.
    pub(crate) fn record_answer_message(
        &mut self,
        lane: Lane,
        job: JobId,
        part: u16,
        message: MessageId,
    ) -> Result<bool, StoreError> {
        let replaced = self.change_turn(lane, job, |turn| take_over(turn, part, message))?;
        let Some(replaced) = replaced else {
            return Ok(false);
        };
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
        })?;
        Ok(())
    }

    /// Keeps what was said up to the end of a round, in short; nothing where the round is gone.
    pub(crate) fn sum_up_to(
        &mut self,
        lane: Lane,
        job: JobId,
        summary: &str,
    ) -> Result<(), StoreError> {
        self.change_turn(lane, job, |turn| {
            turn.answer.retain(|part| !matches!(part, Part::Summary(_)));
            turn.answer.push(Part::Summary(summary.to_owned()));
        })?;
        Ok(())
    }

    /// Changes a round, if it is there; hands on what the change gives.
    pub(super) fn change_turn<T>(
        &mut self,
        lane: Lane,
        job: JobId,
        change: impl FnOnce(&mut StoredTurn) -> T,
    ) -> Result<Option<T>, StoreError> {
        let given = self.change(&Key::turn(key::of_lane(lane), job), change)?;
        if given.is_some() {
            self.touched.lanes.push(key::of_lane(lane));
        }
        Ok(given)
    }

    pub(crate) fn turn(&self, lane: Lane, job: JobId) -> Result<Option<StoredTurn>, StoreError> {
        self.row(&Key::turn(key::of_lane(lane), job))
    }

    /// The job of the lane's newest round.
    pub(crate) fn newest_turn(&self, lane: Lane) -> Result<Option<JobId>, StoreError> {
        let history = self.table::<StoredTurn>()?;
        for entry in tables::range(&history, &key::turns_of(lane))?.rev() {
            let (key, row) = entry?;
            if let Some(((_, job), _)) = self.met.read::<StoredTurn>(key.value(), row.value()) {
                return Ok(Some(job));
            }
        }
        Ok(None)
    }

    /// The round that a message asked or answered.
    pub(crate) fn by_message(
        &self,
        chat: ChatId,
        message: MessageId,
    ) -> Result<Option<(Lane, JobId)>, StoreError> {
        let row = self.row(&Key::message(chat, message))?;
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
        self.touched.lanes.push(key::of_lane(lane));
        let round = (
            Key::turn(key::of_lane(lane), job),
            messages_of(&turn).collect(),
        );
        self.rounds()?.forget(vec![round])?;
        self.drop_outbound(|row| {
            row.part_of
                .is_some_and(|(of, round, _)| (of, round) == (lane, job))
        })?;
        Ok(Some(turn))
    }

    /// Begins a conversation anew: forgets the rounds of the lane; what others said in its topic no
    /// longer counts for its person.
    pub(crate) fn begin_anew(&mut self, lane: Lane, now: Timestamp) -> Result<(), StoreError> {
        self.clear_lane(lane)?;
        match lane.kind() {
            ChatKind::Private => Ok(()),
            ChatKind::Group => {
                let since = self.next_job_id()?;
                self.append_turn(lane, since, &StoredTurn::beginning(now))
            }
        }
    }

    /// Forgets the rounds of a lane, also those that cannot be read; returns how many.
    pub(crate) fn clear_lane(&mut self, lane: Lane) -> Result<u64, StoreError> {
        self.touched.lanes.push(key::of_lane(lane));
        self.forget_set_aside(lane)?;
        let mut tables = self.rounds()?;
        let mut removed = 0;
        loop {
            let mut rounds = Vec::new();
            for entry in tables::range(&tables.history, &key::turns_of(lane))?.take(CLEAR_TURNS) {
                let (key, row) = entry?;
                // Of one that cannot be read the messages stay named and lead to nothing.
                let turn = tables::decoded::<StoredTurn>(row.value());
                let messages =
                    turn.map_or_else(|_| Vec::new(), |turn| messages_of(&turn).collect());
                rounds.push((Key::from(key.value()), messages));
            }
            if rounds.is_empty() {
                return Ok(removed);
            }
            removed += tables.forget(rounds)?;
        }
    }

    /// Forgets the rounds of a lane that were set aside.
    fn forget_set_aside(&self, lane: Lane) -> Result<(), StoreError> {
        let mut aside = self.txn.open_table(tables::SET_ASIDE)?;
        let (first, last) = rounds_set_aside(key::turns_of(lane)).into_inner();
        aside.retain_in::<&[u8], _>(&*first..=&*last, |_, _| false)?;
        self.changed_aside.set(true);
        Ok(())
    }

    fn name_message(&self, lane: Lane, job: JobId, message: MessageId) -> Result<(), StoreError> {
        let Some(chat) = lane.chat() else {
            return Ok(());
        };
        self.put(&Key::message(chat, message), &TurnRef(lane, job))
    }
}

impl<'t> Write<'t> {
    /// The tables that tell of rounds.
    pub(super) fn rounds(&self) -> Result<Rounds<'t>, StoreError> {
        Ok(Rounds {
            history: self.table::<StoredTurn>()?,
            by_topic: self.table::<AskedBy>()?,
            by_message: self.table::<TurnRef>()?,
        })
    }
}

/// Where rounds of these keys are that were set aside.
pub(super) fn rounds_set_aside(rounds: RangeInclusive<Key>) -> RangeInclusive<Key> {
    let (first, last) = rounds.into_inner();
    let of = |round: Key| Key::set_aside(StoredTurn::TABLE, &round);
    of(first)..=of(last).past_all()
}

/// The tables that tell of rounds, open together.
pub(super) struct Rounds<'t> {
    pub(super) history: Rows<'t>,
    by_topic: Rows<'t>,
    by_message: Rows<'t>,
}

impl Rounds<'_> {
    /// Takes out rounds, each with the names of its messages; returns how many.
    pub(super) fn forget(&mut self, rounds: Vec<(Key, Vec<MessageId>)>) -> Result<u64, StoreError> {
        let mut removed = 0;
        for (key, messages) in rounds {
            tables::take(&mut self.history, &key)?;
            removed += 1;
            let Ok(((chat, topic, _), job)) = key::turn(&key) else {
                continue;
            };
            self.by_topic.remove(&*Key::in_topic(chat, topic, job))?;
            for message in messages {
                self.by_message
                    .remove(&*Key::message(ChatId(chat), message))?;
            }
        }
        Ok(removed)
    }
}

/// Lets a message be the part of an answer; returns those that were it before.
fn take_over(turn: &mut StoredTurn, part: u16, message: MessageId) -> Vec<MessageId> {
    let replaced: Vec<MessageId> = turn
        .answer_messages
        .extract_if(.., |(known, at)| *known == part && *at != message)
        .map(|(_, at)| at)
        .collect();
    turn.answer_messages.retain(|(known, _)| *known != part);
    turn.files.retain(|file| !replaced.contains(file));
    turn.answer_messages.push((part, message));
    turn.answer_messages.sort_by_key(|(part, _)| *part);
    replaced
}

pub(super) fn messages_of(turn: &StoredTurn) -> impl Iterator<Item = MessageId> {
    let answers = turn.answer_messages.iter().map(|(_, message)| *message);
    turn.question_messages.iter().copied().chain(answers)
}
