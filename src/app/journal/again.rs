//! Questions that build on what was asked before: pieces of a paste, replies to an answer, changed
//! messages, and the buttons under an answer. What becomes of them depends on what waits, runs and is
//! kept, so it is decided in the writer's transaction, where that stands still.

use super::{Draft, Journaled};
use crate::chat::callback::Callback;
use crate::chat::paste::Seam;
use crate::chat::role::Role;
use crate::chat::{
    Basis, Job, JobId, Lane, MessageId, Origin, Outbound, Parcel, Pressed, Sender, StoredTurn,
    Task, UserId, draft_of,
};
use crate::clock::Timestamp;
use crate::locale::{Denied, Locale};
use crate::outgoing::Head;
use crate::store::{StoreError, Write};

impl Draft {
    /// Joins the question it is a piece of, or becomes a job.
    pub(super) fn enter(
        &self,
        rows: &mut Write<'_>,
        into: &mut Journaled,
    ) -> Result<(), StoreError> {
        let lane = self.job.lane;
        if self.is_piece
            && let Some(seam) = into.seams.get(&lane).copied()
            && let Some(mut question) = rows.job(seam.job)?
            && let Ok(open) = seam.join(&mut question, &self.job)
        {
            match open {
                Some(seam) => into.seams.insert(lane, seam),
                None => into.seams.remove(&lane),
            };
            return into.change(rows, question);
        }
        let mut job = self.job.clone();
        if !into.door.admits(&job) {
            return into.refuse(rows, job);
        }
        self.place(rows, into, &mut job)?;
        let id = into.add(rows, job)?;
        let open = into.jobs.last().filter(|_| self.is_piece);
        if let Some(seam) = open.and_then(Seam::of).filter(|seam| seam.job == id) {
            into.seams.insert(lane, seam);
        }
        Ok(())
    }

    /// A reply to an answer of the lane that is not its newest stands after that round. The bot's own words need no
    /// quotation then, unless the person chose some of them.
    fn place(&self, rows: &Write<'_>, into: &Journaled, job: &mut Job) -> Result<(), StoreError> {
        let (Some(message), Some(chat)) = (self.replies_to, job.lane.chat()) else {
            return Ok(());
        };
        let Task::Question { quote, basis, .. } = &mut job.task else {
            return Ok(());
        };
        let Some((lane, round)) = rows.by_message(chat, message)? else {
            return Ok(());
        };
        let turn = rows.turn(lane, round)?;
        if lane != job.lane || !turn.is_some_and(|turn| turn.is_answered()) {
            return Ok(());
        }
        let is_behind = self.is_behind || into.jobs.iter().any(|job| job.lane == lane);
        if is_behind || rows.newest_turn(lane)? != Some(round) {
            *basis = Basis::Round(round);
        }
        if !self.chose_quote {
            *quote = None;
        }
        Ok(())
    }
}

/// The jobs among these, and those of the batch, that are still in the inbox.
fn under_way(
    rows: &Write<'_>,
    into: &Journaled,
    known: &[JobId],
    lane: Lane,
) -> Result<Vec<Job>, StoreError> {
    let of_batch = into.jobs.iter().filter(|job| job.lane == lane);
    let mut jobs = Vec::new();
    for id in known.iter().copied().chain(of_batch.map(|job| job.id)) {
        jobs.extend(rows.job(id)?.filter(|job| job.lane == lane));
    }
    Ok(jobs)
}

/// A message that was changed.
pub(super) struct Edit {
    /// The question as it is now, as if it were new.
    pub(super) draft: Job,
    pub(super) message: MessageId,
    /// Jobs of its lane that wait or run.
    pub(super) known: Vec<JobId>,
}

impl Edit {
    /// Changes the question that waits or runs, or asks the newest one again.
    pub(super) fn enter(
        &self,
        rows: &mut Write<'_>,
        into: &mut Journaled,
    ) -> Result<(), StoreError> {
        let Task::Question { text: new, .. } = &self.draft.task else {
            return Ok(());
        };
        let jobs = under_way(rows, into, &self.known, self.draft.lane)?;
        let asking = jobs
            .into_iter()
            .rev()
            .find(|job| job.messages.contains(&self.message));
        let Some(mut job) = asking else {
            return self.ask_again(rows, into, new);
        };
        // Which words of a joined paste this message made is not known any more.
        let is_whole = job.messages.len() == 1;
        if let Task::Question { text, .. } = &mut job.task
            && is_whole
            && text != new
        {
            text.clone_from(new);
            job.attempts = 0;
            let seam = into.seams.get(&job.lane);
            let is_held_back = seam.is_some_and(|seam| seam.job == job.id);
            if is_held_back {
                into.seams.remove(&job.lane);
            } else if !into.jobs.iter().any(|new| new.id == job.id) {
                into.changed.push(job.id);
            }
            into.change(rows, job)?;
        }
        Ok(())
    }

    fn ask_again(
        &self,
        rows: &mut Write<'_>,
        into: &mut Journaled,
        new: &str,
    ) -> Result<(), StoreError> {
        let lane = self.draft.lane;
        let Some(chat) = lane.chat() else {
            return Ok(());
        };
        let Some((_, round)) = rows
            .by_message(chat, self.message)?
            .filter(|(of, _)| *of == lane)
        else {
            return Ok(());
        };
        let is_newest = rows.newest_turn(lane)? == Some(round);
        let Some(turn) = rows.turn(lane, round)?.filter(|_| is_newest) else {
            return Ok(());
        };
        if turn.question_messages != [self.message] || turn.asked_text() == new {
            return Ok(());
        }
        let mut job = instead_of(self.draft.clone(), round, &turn);
        if let Task::Question { text, .. } = &mut job.task {
            new.clone_into(text);
        }
        if into.door.admits(&job) {
            into.add(rows, job).map(drop)
        } else {
            into.refuse(rows, job)
        }
    }
}

/// The same question once more, in the place of its round.
fn instead_of(draft: Job, round: JobId, turn: &StoredTurn) -> Job {
    let places = turn.answer_messages.iter().map(|(_, message)| *message);
    Job {
        messages: turn.question_messages.clone(),
        places: places.collect(),
        task: Task::Question {
            text: turn.asked_text(),
            quote: turn.quote().map(str::to_owned),
            basis: Basis::InsteadOf(round),
        },
        ..draft
    }
}

const fn basis_of(job: &Job) -> Option<Basis> {
    match &job.task {
        Task::Question { basis, .. } => Some(*basis),
        Task::Command(_) | Task::Tell(_) => None,
    }
}

/// A press of a button under an answer.
pub(super) struct Press {
    pub(super) pressed: Pressed,
    pub(super) callback: Callback,
    pub(super) acknowledge: Outbound,
    /// What the presser is today; `None`: nothing lets them in.
    pub(super) role: Option<Role>,
    pub(super) locale: &'static Locale,
    pub(super) now: Timestamp,
    /// Jobs that wait or run in the lane of the answer.
    pub(super) known: Vec<JobId>,
}

impl Press {
    /// Does what the button says, or says why not.
    pub(super) fn enter(
        &self,
        rows: &mut Write<'_>,
        into: &mut Journaled,
    ) -> Result<(), StoreError> {
        let denied = match self.callback {
            Callback::Held => None,
            Callback::Stop(job) => self.stop(rows, into, job)?,
            Callback::Retry | Callback::Continue => self.ask_again(rows, into)?,
        };
        let mut row = self.acknowledge.clone();
        if let (Parcel::Answer { text, .. }, Some(why)) = (&mut row.parcel, denied) {
            self.locale.denied(why).clone_into(text);
        }
        into.rows.push(Head::of(rows.put_outbound(&row)?, &row));
        Ok(())
    }

    /// Whether the presser may decide over what this lane asked.
    fn may_decide(&self, lane: Lane) -> bool {
        let Lane::Telegram { person, .. } = lane else {
            return false;
        };
        self.pressed.sender.id == person || self.role == Some(Role::Owner)
    }

    fn stop(
        &self,
        rows: &Write<'_>,
        into: &mut Journaled,
        id: JobId,
    ) -> Result<Option<Denied>, StoreError> {
        let job = rows.job(id)?;
        let Some(job) = job.filter(|job| job.lane.chat() == Some(self.pressed.chat)) else {
            // It has ended.
            return Ok(None);
        };
        if !self.may_decide(job.lane) {
            return Ok(Some(Denied::NotYours));
        }
        into.stopped.push((job.lane, draft_of(id)));
        Ok(None)
    }

    fn ask_again(
        &self,
        rows: &mut Write<'_>,
        into: &mut Journaled,
    ) -> Result<Option<Denied>, StoreError> {
        let Some((lane, round)) = rows.by_message(self.pressed.chat, self.pressed.message)? else {
            return Ok(Some(Denied::Forgotten));
        };
        if !self.may_decide(lane) {
            return Ok(Some(Denied::NotYours));
        }
        let (Some(role), Some(turn)) = (self.role, rows.turn(lane, round)?) else {
            return Ok(Some(Denied::Forgotten));
        };
        let is_retry = self.callback == Callback::Retry;
        if is_retry && rows.newest_turn(lane)? != Some(round) {
            return Ok(Some(Denied::NotNewest));
        }
        let draft = self.draft(rows, lane, round)?;
        let job = if is_retry {
            instead_of(draft, round, &turn)
        } else {
            draft
        };
        // Whoever presses twice wants it once. A changed question is asked again already.
        let is_same =
            |other: &Job| other.messages == job.messages && basis_of(other) == basis_of(&job);
        let others = under_way(rows, into, &self.known, lane)?;
        if others.iter().any(is_same) {
            return Ok(None);
        }
        // A round that is made anew goes to the end, and must not stand behind a later question.
        let is_question = |other: &Job| matches!(other.task, Task::Question { .. });
        if is_retry && others.iter().any(is_question) {
            return Ok(Some(Denied::NotNewest));
        }
        let job = Job { role, ..job };
        if !into.door.admits(&job) {
            return Ok(Some(Denied::TooMany));
        }
        into.add(rows, job)?;
        Ok(None)
    }

    /// The job of Continue, of which Retry changes the question.
    fn draft(&self, rows: &Write<'_>, lane: Lane, round: JobId) -> Result<Job, StoreError> {
        Ok(Job {
            id: JobId(0),
            origin: Origin::Updates(vec![self.pressed.update]),
            lane,
            kind: self.pressed.kind,
            messages: Vec::new(),
            sender: self.asker(rows, lane)?,
            role: Role::Guest,
            sent: self.now,
            accepted: self.now,
            attempts: 0,
            places: Vec::new(),
            task: Task::Question {
                text: self.locale.go_on_question().to_owned(),
                quote: None,
                basis: Basis::Round(round),
            },
        })
    }

    /// Whose question it is: an Owner presses for somebody else.
    fn asker(&self, rows: &Write<'_>, lane: Lane) -> Result<Sender, StoreError> {
        let presser = &self.pressed.sender;
        let id = match lane {
            Lane::Telegram { person, .. } => person,
            Lane::Terminal => UserId(0),
        };
        if id == presser.id {
            return Ok(presser.clone());
        }
        let person = rows.person(id)?;
        let (name, language) =
            person.map_or_else(Default::default, |person| (person.name, person.language));
        Ok(Sender {
            id,
            name,
            language,
            is_chat: id.0 < 0,
        })
    }
}
