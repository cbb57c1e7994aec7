//! What a turn makes of the things that belong to its question beside the asker's words.

use super::Asked;
use crate::chat::enclosed::unseen;
use crate::chat::{Enclosed, Notice};

impl Asked<'_> {
    /// What is said of an album or of forwards to which no words came; nothing of a question that can be
    /// asked.
    pub(super) fn unreadable(&self) -> Option<String> {
        if self.job.task.has_words() {
            return None;
        }
        let kind = unseen(self.job.task.enclosed()).first().copied();
        let kind = kind.unwrap_or_default().to_owned();
        let notice = Notice::CannotRead { kind };
        Some(self.locale.notice(&notice, self.job.sender.id))
    }

    /// All words of others that the question is about.
    pub(super) fn words_of_others(&self) -> Option<String> {
        let forwarded = self.job.task.enclosed().iter().filter_map(Enclosed::words);
        let words: Vec<&str> = self.quote.into_iter().chain(forwarded).collect();
        (!words.is_empty()).then(|| words.join("\n"))
    }

    /// What stands under an answer to a question with files that nobody looked at.
    pub(super) fn note_on_files(&self) -> Option<String> {
        self.locale.unseen(&unseen(self.job.task.enclosed()))
    }
}
