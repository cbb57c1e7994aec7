//! Pastes that the person's app cut into several messages, and how they become one question again
//! (design §5). Pure.
//!
//! An app sends at most 4096 UTF-16 units in one message. It cuts a longer text at a line or a space
//! where it can, and Telegram takes the white space at the ends of a message away.

use std::time::Duration;

use super::rich::units;
use super::{Job, JobId, Task};
use crate::clock::Timestamp;

/// Most units of one message (Bot API).
const FULL: usize = 4096;
/// A message from here on may be a piece of something longer.
const NEARLY_FULL: usize = 3800;
/// How long a further piece is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_millis(1200);
/// Pieces of one paste are received within this time of each other; Telegram tells whole seconds.
const TOGETHER: Duration = Duration::from_secs(2);
/// Most pieces of one question.
const MOST_PIECES: usize = 10;
/// Most units of one question.
const MOST_UNITS: usize = 100_000;

/// The open end of a question that waits for a further piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seam {
    pub(crate) job: JobId,
    /// When Telegram received the last piece.
    sent: Timestamp,
    /// Whether the app had to cut the last piece in the middle of a word.
    is_hard: bool,
}

impl Seam {
    /// After a piece of this text; `None` when it is too short to be cut.
    fn after(job: JobId, text: &str, sent: Timestamp) -> Option<Self> {
        let units = units(text);
        (units >= NEARLY_FULL).then_some(Self {
            job,
            sent,
            is_hard: units >= FULL,
        })
    }

    /// The open end of a new question; none when it is not long enough to be a piece.
    pub(crate) fn of(job: &Job) -> Option<Self> {
        match &job.task {
            Task::Question { text, .. } => Self::after(job.id, text, job.sent),
            Task::Command(_) | Task::Tell(_) => None,
        }
    }

    /// Puts a further message at the end of the question; the open end after it, if it has one, or
    /// `Err` when it is a question of its own.
    pub(crate) fn join(self, question: &mut Job, next: &Job) -> Result<Option<Self>, Apart> {
        let (Task::Question { text, .. }, Task::Question { text: piece, .. }) =
            (&mut question.task, &next.task)
        else {
            return Err(Apart);
        };
        let fits = question.messages.len() < MOST_PIECES && units(text) + units(piece) < MOST_UNITS;
        let is_near = next.sent.since(self.sent) <= TOGETHER;
        if !fits || !is_near || question.sender.id != next.sender.id {
            return Err(Apart);
        }
        let has_space =
            text.ends_with(char::is_whitespace) || piece.starts_with(char::is_whitespace);
        if !has_space && !self.is_hard {
            text.push('\n');
        }
        text.push_str(piece);
        let after = Self::after(question.id, piece, next.sent);
        question.messages.extend(&next.messages);
        question.origin.join(&next.origin);
        let is_full = question.messages.len() >= MOST_PIECES;
        Ok(after.filter(|_| !is_full))
    }
}

/// Why two messages are two questions: they are no pieces of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Apart;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::role::Role;
    use crate::chat::{Basis, ChatKind, Lane, MessageId, Origin, Sender, UpdateId, UserId};

    fn question(id: i32, text: &str, second: u64) -> Job {
        Job {
            id: JobId(1),
            origin: Origin::Updates(vec![UpdateId(id.into())]),
            lane: Lane::Terminal,
            kind: ChatKind::Private,
            messages: vec![MessageId(id)],
            sender: Sender {
                id: UserId(7),
                name: "Ann".to_owned(),
                language: None,
                is_chat: false,
            },
            role: Role::Normal,
            sent: Timestamp::from_secs(second),
            accepted: Timestamp::from_secs(second),
            attempts: 0,
            seen: None,
            places: Vec::new(),
            task: Task::Question {
                text: text.to_owned(),
                quote: None,
                basis: Basis::Newest,
            },
        }
    }

    fn text(job: &Job) -> &str {
        match &job.task {
            Task::Question { text, .. } => text,
            Task::Command(_) | Task::Tell(_) => panic!("{job:?}"),
        }
    }

    #[test]
    fn pieces_are_joined_where_the_app_cut_them() {
        let (full, line) = ("x".repeat(4096), "x".repeat(4000));
        for (first, second, between) in [
            (full, "rest", ""),
            (format!("{line} "), "rest", ""),
            (line.clone(), "\nrest", ""),
            (line, "rest", "\n"),
            ("漢".repeat(4096), "rest", ""),
            ("👋".repeat(2047), "rest", "\n"),
        ] {
            let mut job = question(1, &first, 10);
            let seam = Seam::of(&job).unwrap();
            let next = seam.join(&mut job, &question(2, second, 11));
            assert_eq!(next, Ok(None));
            assert_eq!(text(&job), format!("{first}{between}{second}"));
            assert_eq!(job.messages, [MessageId(1), MessageId(2)]);
            let updates = Origin::Updates(vec![UpdateId(1), UpdateId(2)]);
            assert_eq!(job.origin, updates);
        }
    }

    #[test]
    fn a_short_message_is_never_held_back() {
        for short in ["hi".to_owned(), "x".repeat(3799), "👋".repeat(1899)] {
            assert_eq!(Seam::of(&question(1, &short, 10)), None);
        }
        assert!(Seam::of(&question(1, &"👋".repeat(1900), 10)).is_some());
    }

    #[test]
    fn what_comes_later_or_from_somebody_else_is_a_question_of_its_own() {
        let mut job = question(1, &"x".repeat(4096), 10);
        let whole = job.clone();
        let seam = Seam::of(&job).unwrap();
        assert_eq!(seam.join(&mut job, &question(2, "late", 13)), Err(Apart));
        let mut other = question(2, "mine", 10);
        other.sender.id = UserId(8);
        assert_eq!(seam.join(&mut job, &other), Err(Apart));
        assert_eq!(job, whole);
    }

    #[test]
    fn a_full_piece_waits_for_the_next_up_to_ten() {
        let mut job = question(1, &"x".repeat(4096), 10);
        let mut seam = Seam::of(&job);
        let mut pieces = 1;
        while let Some(open) = seam {
            pieces += 1;
            let piece = question(pieces, &"y".repeat(4096), 10);
            seam = open.join(&mut job, &piece).unwrap();
        }
        assert_eq!(pieces, 10);
        assert_eq!(units(text(&job)), 40_960);
    }
}
