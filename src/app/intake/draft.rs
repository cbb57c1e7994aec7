//! A new message that enters the inbox: whether it is a piece of another question, and which round
//! it follows. That depends on what waits, runs and is kept, so it is decided in the writer's
//! transaction, in which nothing of it changes.

use std::sync::Arc;

use super::journaled::Journaled;
use crate::chat::pieces::{Piece, Seam, forward_to};
use crate::chat::wish::Wish;
use crate::chat::{Basis, ChatId, Enclosed, Job, JobId, MessageId, Origin, StoredTurn, Task};
use crate::store::{Disposition, StoreError, Write};

/// A job as one message makes it; its number is given by the commit.
pub(super) struct Draft {
    pub(super) job: Job,
    /// The message of the bot that it replies to.
    pub(super) replies_to: Option<MessageId>,
    /// The person chose the words that are quoted.
    pub(super) chose_quote: bool,
    /// What kind of piece of another question it may be.
    pub(super) piece: Option<Piece>,
    /// It was said to others in a group: it counts only as a piece of a question.
    pub(super) is_aside: bool,
    /// Jobs that wait or run in its lane, where it matters: they will be newer rounds than any that is
    /// kept now.
    pub(super) known: Vec<JobId>,
    /// The newest question of its lane, also when it was answered already.
    pub(super) recent: Option<Arc<Job>>,
    /// The bot that it was sent to.
    pub(super) bot: i64,
}

impl Draft {
    /// Joins the question it is a piece of, or becomes a job.
    pub(super) fn enter(
        &self,
        rows: &mut Write<'_>,
        into: &mut Journaled,
    ) -> Result<Disposition, StoreError> {
        let is_joined = match &self.piece {
            Some(piece) => self.join(rows, into, piece)?,
            None => false,
        };
        if !is_joined && self.is_aside {
            return Ok(Disposition::Dropped);
        }
        let refused = into.refused;
        if !is_joined {
            self.begin(rows, into)?;
        }
        if let Some((chat, message)) = self.place_of_message() {
            let disposition = match &self.job.task {
                Task::Question { .. } if into.refused > refused => Disposition::Dropped,
                Task::Question { .. } | Task::Command(_) => Disposition::Accepted,
                Task::Tell(_) => Disposition::Dropped,
            };
            rows.mark_taken(self.bot, (chat, message), self.job.accepted, disposition)?;
        }
        Ok(Disposition::Accepted)
    }

    /// The message that it was made of.
    pub(super) fn place_of_message(&self) -> Option<(ChatId, MessageId)> {
        Some((self.job.lane.chat()?, *self.job.messages.first()?))
    }

    fn begin(&self, rows: &mut Write<'_>, into: &mut Journaled) -> Result<(), StoreError> {
        let lane = self.job.lane;
        let mut job = self.job.clone();
        if let Some(refusal) = into.limits.refuses(rows, &job)? {
            return into.refuse(rows, &job, refusal);
        }
        self.place(rows, into, &mut job)?;
        let id = into.add(rows, job)?;
        let new = into.jobs.last().filter(|_| self.piece.is_some());
        if let Some(seam) = new.and_then(Seam::of).filter(|seam| seam.job == id) {
            into.seams.insert(lane, seam);
        }
        Ok(())
    }

    fn join(
        &self,
        rows: &mut Write<'_>,
        into: &mut Journaled,
        piece: &Piece,
    ) -> Result<bool, StoreError> {
        let lane = self.job.lane;
        if let Some(seam) = into.seams.get(&lane).cloned()
            && let Some(mut question) = rows.job(seam.job)?
            && let Ok(open) = seam.join(&mut question, &self.job, piece)
        {
            match open {
                Some(seam) => into.seams.insert(lane, seam),
                None => into.seams.remove(&lane),
            };
            into.change(rows, question)?;
            return Ok(true);
        }
        match piece {
            Piece::Forward => self.join_comment(rows, into),
            Piece::Text | Piece::Album(_) => Ok(false),
        }
    }

    /// A forward belongs to the comment that came right before it, although that was asked at once:
    /// it is re-asked, as a question that was changed.
    fn join_comment(&self, rows: &mut Write<'_>, into: &mut Journaled) -> Result<bool, StoreError> {
        let jobs = into.under_way(rows, &self.known, self.job.lane)?;
        let newest = jobs.into_iter().max_by_key(|job| job.id);
        let Some(mut question) = newest else {
            return match &self.recent {
                Some(comment) => self.join_answered(rows, into, comment),
                None => Ok(false),
            };
        };
        if forward_to(&mut question, &self.job).is_err() {
            return Ok(false);
        }
        question.attempts = 0;
        into.note_change(&question);
        into.change(rows, question)?;
        Ok(true)
    }

    /// The comment has its answer already. Where the round is kept, it is re-asked in its place.
    fn join_answered(
        &self,
        rows: &mut Write<'_>,
        into: &mut Journaled,
        comment: &Job,
    ) -> Result<bool, StoreError> {
        let lane = self.job.lane;
        let draft = Job {
            origin: Origin::Updates(Vec::new()),
            messages: comment.messages.clone(),
            sent: comment.sent,
            task: comment.task.clone(),
            ..self.job.clone()
        };
        let mut question = match rows.turn(lane, comment.id)? {
            None => draft,
            Some(turn) if rows.newest_turn(lane)? == Some(comment.id) => {
                instead_of(draft, comment.id, &turn)
            }
            Some(_) => return Ok(false),
        };
        if forward_to(&mut question, &self.job).is_err() {
            return Ok(false);
        }
        match into.limits.refuses(rows, &question)? {
            None => into.add(rows, question).map(drop)?,
            Some(refusal) => into.refuse(rows, &question, refusal)?,
        }
        Ok(true)
    }

    /// A reply to an answer of the lane that is not its newest stands after that round. The bot's own
    /// words need no quotation then, unless the person chose some of them.
    fn place(&self, rows: &Write<'_>, into: &Journaled, job: &mut Job) -> Result<(), StoreError> {
        let (Some(message), Some(chat)) = (self.replies_to, job.lane.chat()) else {
            return Ok(());
        };
        let Task::Question {
            text,
            quote,
            enclosed,
            basis,
        } = &mut job.task
        else {
            return Ok(());
        };
        let Some((lane, round)) = rows.by_message(chat, message)? else {
            return Ok(());
        };
        let turn = rows.turn(lane, round)?;
        if lane != job.lane || !turn.is_some_and(|turn| turn.is_answered()) {
            return Ok(());
        }
        let is_behind = !self.known.is_empty() || into.jobs.iter().any(|job| job.lane == lane);
        if is_behind || rows.newest_turn(lane)? != Some(round) {
            *basis = Basis::Round(round);
        }
        // A bare mention, or a command without words, is about the answer itself.
        if !self.chose_quote && !text.is_empty() && !Wish::of(text, false).is_about_what_is_quoted()
        {
            *quote = None;
        }
        // A long answer comes as a document that holds its words.
        enclosed.retain(|one| match one {
            Enclosed::FileOfReply(of_answer) => of_answer.kind != "document",
            Enclosed::Forward { .. } | Enclosed::File { .. } | Enclosed::Account { .. } => true,
        });
        Ok(())
    }
}

/// The same question once more, in the place of its round.
pub(super) fn instead_of(draft: Job, round: JobId, turn: &StoredTurn) -> Job {
    let places = turn.answer_messages.iter().map(|(_, message)| *message);
    Job {
        messages: turn.question_messages.clone(),
        places: places.collect(),
        task: Task::Question {
            text: turn.asked_text(),
            quote: turn.quote().map(str::to_owned),
            enclosed: turn.enclosed(),
            basis: Basis::InsteadOf(round),
        },
        ..draft
    }
}
