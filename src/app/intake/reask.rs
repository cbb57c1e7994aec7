//! Questions that are re-asked: changed messages, and the buttons under an answer. What becomes of
//! them depends on what waits, runs and is kept, so it is decided in the writer's transaction, in
//! which nothing of it changes.

use super::draft::{Draft, instead_of};
use super::journaled::Journaled;
use crate::chat::Role;
use crate::chat::callback::Callback;
use crate::chat::pieces::is_of_one_message;
use crate::chat::wish::Wish;
use crate::chat::{
    Basis, ChatId, Enclosed, Job, JobId, Lane, MessageId, Origin, Outbound, Payload, Pressed,
    Sender, StoredTurn, Task, UserId, draft_of,
};
use crate::clock::Timestamp;
use crate::locale::{Denied, Locale};
use crate::outgoing::Head;
use crate::store::{Disposition, StoreError, Write};

/// A message that was changed.
pub(super) struct Edit {
    /// The question as it is now, as if it were new.
    pub(super) draft: Draft,
    pub(super) message: MessageId,
    /// The message is so new that the change may be what makes it a question: a mention that had
    /// been forgotten, words for a file.
    pub(super) is_soon: bool,
}

impl Edit {
    /// Changes the question that waits or runs, re-asks the newest one, or asks it for the first
    /// time.
    pub(super) fn enter(
        &self,
        rows: &mut Write<'_>,
        into: &mut Journaled,
    ) -> Result<(), StoreError> {
        let Task::Question { text: new, .. } = &self.draft.job.task else {
            return Ok(());
        };
        let lane = self.draft.job.lane;
        let jobs = into.under_way(rows, &self.draft.known, lane)?;
        let asking = jobs
            .into_iter()
            .rev()
            .find(|job| job.messages.contains(&self.message));
        let Some(mut job) = asking else {
            return self.reask(rows, into, new);
        };
        // Which words of a joined paste came with this message is not known any more.
        let is_whole = is_of_one_message(job.messages.len(), job.task.enclosed());
        let Task::Question { text, .. } = &mut job.task else {
            return Ok(());
        };
        if !is_whole || text == new {
            return Ok(());
        }
        text.clone_from(new);
        job.attempts = 0;
        job.seen = None;
        if into.is_held_back(&job) {
            into.seams.remove(&job.lane);
            return into.change(rows, job);
        }
        if let Some(refusal) = into.limits.refuses_message(rows, &self.draft.job)? {
            return into.refuse(rows, &self.draft.job, refusal);
        }
        into.limits.count(rows, &self.draft.job)?;
        into.note_change(&job);
        into.change(rows, job)
    }

    fn reask(
        &self,
        rows: &mut Write<'_>,
        into: &mut Journaled,
        new: &str,
    ) -> Result<(), StoreError> {
        let lane = self.draft.job.lane;
        let Some(chat) = lane.chat() else {
            return Ok(());
        };
        let Some((_, round)) = rows
            .by_message(chat, self.message)?
            .filter(|(of, _)| *of == lane)
        else {
            return self.ask_first(rows, into, chat);
        };
        let is_newest = rows.newest_turn(lane)? == Some(round);
        let Some(turn) = rows.turn(lane, round)?.filter(|_| is_newest) else {
            return Ok(());
        };
        let is_whole = is_of_one_message(turn.question_messages.len(), &turn.enclosed());
        if !is_whole || turn.asked_text() == new {
            return Ok(());
        }
        let mut job = instead_of(self.draft.job.clone(), round, &turn);
        if let Task::Question { text, .. } = &mut job.task {
            new.clone_into(text);
        }
        match into.limits.refuses(rows, &job)? {
            None => into.add(rows, job).map(drop),
            Some(refusal) => into.refuse(rows, &job, refusal),
        }
    }

    /// Only a message that was no question before is asked for the first time; one whose round is
    /// not kept is not asked a second time.
    fn ask_first(
        &self,
        rows: &mut Write<'_>,
        into: &mut Journaled,
        chat: ChatId,
    ) -> Result<(), StoreError> {
        let taken = rows.was_taken(self.draft.bot, chat, self.message)?;
        let was_asked = taken.is_some_and(|(_, as_what)| as_what == Disposition::Accepted);
        if self.is_soon && !was_asked {
            self.draft.enter(rows, into)?;
        }
        Ok(())
    }
}

/// The question of a round once more, or a like one, beside it.
fn another(draft: Job, turn: &StoredTurn, text: String, enclosed: Vec<Enclosed>) -> Job {
    Job {
        messages: turn.question_messages.clone(),
        task: Task::Question {
            text,
            quote: turn.quote().map(str::to_owned),
            enclosed,
            basis: Basis::Newest,
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
            Callback::Held | Callback::Example(_) => None,
            Callback::Stop(job) => self.stop(rows, into, job)?,
            Callback::Retry | Callback::Continue | Callback::Again | Callback::Vary => {
                self.reask(rows, into)?
            }
        };
        let mut row = self.acknowledge.clone();
        if let (Payload::Answer { text, .. }, Some(why)) = (&mut row.payload, denied) {
            *text = self.locale.denied(why);
        }
        into.rows.push(Head::of(rows.put_outbound(&row)?, &row));
        Ok(())
    }

    /// Whether the presser may decide over what this lane asked. A press never comes from a chat:
    /// what an anonymous admin or a channel asked belongs to everybody in the group whom the gate
    /// lets in.
    fn may_decide(&self, lane: Lane) -> bool {
        let Lane::Telegram { person, .. } = lane else {
            return false;
        };
        let is_of_a_chat = person.0 < 0;
        self.pressed.sender.id == person
            || self.role == Some(Role::Owner)
            || (is_of_a_chat && self.role.is_some())
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

    fn reask(
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
        let job = match self.callback {
            Callback::Retry => instead_of(draft, round, &turn),
            Callback::Again => another(draft, &turn, turn.asked_text(), turn.enclosed()),
            Callback::Vary => {
                let picture = self.pressed.picture.clone().map(Enclosed::FileOfReply);
                let text = self.varied(&turn.asked_text());
                another(draft, &turn, text, picture.into_iter().collect())
            }
            Callback::Held | Callback::Example(_) | Callback::Continue | Callback::Stop(_) => draft,
        };
        // Whoever presses twice wants it once. A changed question is re-asked already.
        let is_same = |other: &Job| {
            let is_alike = is_retry || other.task == job.task;
            other.messages == job.messages && basis_of(other) == basis_of(&job) && is_alike
        };
        let others = into.under_way(rows, &self.known, lane)?;
        if others.iter().any(is_same) {
            return Ok(None);
        }
        // A round that is re-asked goes to the end, and must not stand behind a later question.
        let is_question = |other: &Job| matches!(other.task, Task::Question { .. });
        if is_retry && others.iter().any(is_question) {
            return Ok(Some(Denied::NotNewest));
        }
        let job = Job { role, ..job };
        if let Some(refusal) = into.limits.refuses(rows, &job)? {
            return Ok(Some(Denied::Refused(refusal)));
        }
        into.add(rows, job)?;
        Ok(None)
    }

    /// The job of Continue, of which Retry changes the question.
    fn draft(&self, rows: &Write<'_>, lane: Lane, round: JobId) -> Result<Job, StoreError> {
        let origin = Origin::Updates(vec![self.pressed.update]);
        let text = self.locale.go_on_question().to_owned();
        let task = Task::question(text, Basis::Round(round));
        let sender = self.asker(rows, lane)?;
        Ok(Job::new(origin, lane, sender, task, self.now))
    }

    /// The request for another version of a picture; of one that is such a version, the same.
    fn varied(&self, text: &str) -> String {
        let words = match Wish::of(text, false) {
            Wish::Picture { words, .. } | Wish::Speech { words } => words,
            Wish::Answer => text,
        };
        let request = self.locale.vary_request();
        if words.starts_with(request) {
            text.to_owned()
        } else {
            format!("/imagine {request} {words}")
        }
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
