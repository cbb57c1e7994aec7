//! Messages that are pieces of one question (design §5): a paste that the person's app cut into several
//! messages, an album, and a comment with the messages that were forwarded with it. Pure.
//!
//! An app sends at most 4096 UTF-16 units in one message. It cuts a longer text at a line or a space
//! where it can, and Telegram takes the white space at the ends of a message away. The items of an
//! album and the messages of a forward come as updates of their own, and nothing marks the last.

use std::time::Duration;

use super::enclosed::Enclosed;
use super::rich::units;
use super::{Author, Content, Inbound, Job, JobId, Task};
use crate::clock::Timestamp;

/// Most units of one message (Bot API).
const FULL: usize = 4096;
/// A message from here on may be a piece of something longer.
const NEARLY_FULL: usize = 3800;
/// How long a further piece is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_millis(1200);
/// Pieces of one question are received within this time of each other; Telegram tells whole seconds.
const TOGETHER: Duration = Duration::from_secs(2);
/// Most messages of one paste, and of one album (Bot API, `sendMediaGroup`).
const MOST_PIECES: usize = 10;
/// Most messages that a person's app forwards at once.
const MOST_FORWARDS: usize = 100;
/// Most units of one question, with all that was forwarded.
const MOST_UNITS: usize = 100_000;

/// As what a message may be a piece of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Plain words of one's own, in reply to nothing: a part of a paste, or a comment.
    Text,
    Forward,
    /// An item of the album with this id.
    Album(String),
}

impl Piece {
    /// What a message may be; `None` when it stands alone.
    pub(crate) fn of(inbound: &Inbound) -> Option<Self> {
        match (&inbound.author, &inbound.content, &inbound.album) {
            (Author::Forwarded { .. }, ..) => Some(Self::Forward),
            (_, Content::Media { .. }, Some(album)) => Some(Self::Album(album.clone())),
            (_, Content::Text(_), _) => {
                let is_own = inbound.quote.is_none()
                    && inbound.file_of_reply.is_none()
                    && inbound.replies_to.is_none();
                is_own.then_some(Self::Text)
            }
            (_, Content::Media { .. }, None) => None,
        }
    }
}

/// The open end of a question that waits for a further piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seam {
    pub(crate) job: JobId,
    /// When Telegram received the last piece.
    sent: Timestamp,
    open: Open,
}

/// What may follow.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Open {
    /// The rest of a text; `is_hard`: the app had to cut it in the middle of a word.
    Text { is_hard: bool },
    /// Further forwards, and the comment to them, if there is none yet.
    Forwards,
    /// Further items of this album.
    Album(String),
}

impl Seam {
    /// The open end of a new question; none when nothing can follow. A short text has none: the
    /// forwards that follow it find it among the questions that wait or run.
    pub(crate) fn of(job: &Job) -> Option<Self> {
        let Task::Question { text, enclosed, .. } = &job.task else {
            return None;
        };
        let album = enclosed.iter().find_map(Enclosed::album);
        let open = if text.is_empty() && enclosed.iter().any(Enclosed::is_forward) {
            Some(Open::Forwards)
        } else if let Some(album) = album {
            Some(Open::Album(album.to_owned()))
        } else {
            Open::after(text)
        };
        Some(Self {
            job: job.id,
            sent: job.sent,
            open: open?,
        })
    }

    /// The open end of a question that the last run left behind. A text that was held back stays as it
    /// is: what a person writes after a restart is hardly the rest of it.
    pub(crate) fn recalled(job: &Job) -> Option<Self> {
        Self::of(job).filter(|seam| match seam.open {
            Open::Forwards | Open::Album(_) => true,
            Open::Text { .. } => false,
        })
    }

    /// Puts a further message at the end of the question; the open end after it, if it has one, or
    /// `Err` when it is a question of its own.
    pub(crate) fn join(
        self,
        question: &mut Job,
        next: &Job,
        piece: &Piece,
    ) -> Result<Option<Self>, Apart> {
        if !is_near(self.sent, next.sent) {
            return Err(Apart);
        }
        let (Task::Question { text: own, .. }, Task::Question { text: more, .. }) =
            (&question.task, &next.task)
        else {
            return Err(Apart);
        };
        let most = MOST_PIECES;
        let open = match (self.open, piece) {
            (Open::Text { is_hard }, Piece::Text) => {
                fits(question, next, most)?;
                append(question, more, is_hard);
                Open::after(more)
            }
            (Open::Forwards, Piece::Text) if own.is_empty() => {
                fits(question, next, MOST_FORWARDS)?;
                append(question, more, true);
                Open::after(more)
            }
            (Open::Text { .. } | Open::Forwards, Piece::Forward) => {
                fits(question, next, MOST_FORWARDS)?;
                enclose(question, next);
                Some(Open::Forwards)
            }
            (Open::Album(album), Piece::Album(of)) if album == *of => {
                fits(question, next, most)?;
                append(question, more, false);
                enclose(question, next);
                Some(Open::Album(album))
            }
            (Open::Text { .. } | Open::Forwards | Open::Album(_), _) => return Err(Apart),
        };
        take_over(question, next);
        let is_full = match open {
            Some(Open::Text { .. } | Open::Album(_)) => question.messages.len() >= most,
            Some(Open::Forwards) => question.messages.len() >= MOST_FORWARDS,
            None => true,
        };
        let after = open.filter(|_| !is_full).map(|open| Self {
            job: question.id,
            sent: next.sent,
            open,
        });
        Ok(after)
    }
}

impl Open {
    /// After a piece of this text; `None` when it is too short to be cut.
    fn after(text: &str) -> Option<Self> {
        let units = units(text);
        let is_hard = units >= FULL;
        (units >= NEARLY_FULL).then_some(Self::Text { is_hard })
    }
}

/// Puts a forwarded message to the question that it was commented with, whether that waits, runs, or
/// was answered a moment ago.
pub(crate) fn forward_to(question: &mut Job, next: &Job) -> Result<(), Apart> {
    let is_asked = match &question.task {
        Task::Question { text, .. } => !text.is_empty() && !question.messages.is_empty(),
        Task::Command(_) | Task::Tell(_) => false,
    };
    if !is_asked || !is_near(question.sent, next.sent) {
        return Err(Apart);
    }
    fits(question, next, MOST_FORWARDS)?;
    enclose(question, next);
    take_over(question, next);
    Ok(())
}

/// Whether the words of a question were all typed in one message: only then is it known which of them a
/// change of that message is about.
pub(crate) fn is_of_one_message(messages: usize, enclosed: &[Enclosed]) -> bool {
    let forwards = enclosed.iter().filter(|one| one.is_forward()).count();
    messages.saturating_sub(forwards) == 1
}

fn is_near(one: Timestamp, other: Timestamp) -> bool {
    one.since(other).max(other.since(one)) <= TOGETHER
}

fn fits(question: &Job, next: &Job, most: usize) -> Result<(), Apart> {
    let is_one_person = question.sender.id == next.sender.id;
    let has_room = question.messages.len() < most && size(question) + size(next) < MOST_UNITS;
    if is_one_person && has_room {
        Ok(())
    } else {
        Err(Apart)
    }
}

/// Units of all words.
fn size(job: &Job) -> usize {
    let Task::Question { text, enclosed, .. } = &job.task else {
        return 0;
    };
    let forwarded = enclosed.iter().filter_map(Enclosed::words).map(units);
    units(text) + forwarded.sum::<usize>()
}

/// Puts words at the end; without a line break where they were cut in the middle of a word.
fn append(question: &mut Job, more: &str, is_hard: bool) {
    let Task::Question { text, .. } = &mut question.task else {
        return;
    };
    let is_apart = text.is_empty()
        || more.is_empty()
        || text.ends_with(char::is_whitespace)
        || more.starts_with(char::is_whitespace);
    if !is_apart && !is_hard {
        text.push('\n');
    }
    text.push_str(more);
}

fn enclose(question: &mut Job, next: &Job) {
    let Task::Question { enclosed, .. } = &mut question.task else {
        return;
    };
    for one in next.task.enclosed() {
        // Every item of an album may reply to the same message.
        let is_known = matches!(one, Enclosed::FileOfReply(_)) && enclosed.contains(one);
        if !is_known {
            enclosed.push(one.clone());
        }
    }
}

fn take_over(question: &mut Job, next: &Job) {
    question.task.forget_account();
    question.messages.extend(&next.messages);
    question.origin.join(&next.origin);
}

/// Why two messages are two questions: they are no pieces of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Apart;

#[cfg(test)]
mod tests;
