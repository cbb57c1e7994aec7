//! What there is to see of a call while it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::sync::watch;

use super::By;
use crate::app::ending::Cancel;
use crate::chat::answer::Viewer;
use crate::clock::Timestamp;
use crate::config::Stream;
use crate::gemini::Progress;

/// What a call has shown so far; the newest state wins and nobody is waited for.
#[derive(Debug, Default, Clone)]
pub(crate) struct Visible {
    pub(crate) text: String,
    /// Reads that gave bytes, comments of the stream included: proof that the service is alive.
    pub(crate) signs: u64,
    /// Events received, thoughts included.
    pub(crate) events: u64,
    /// The model has said that it is done.
    pub(crate) is_finished: bool,
    /// It waits for a key.
    pub(crate) queued: Option<Queued>,
}

impl Visible {
    pub(super) fn take(&mut self, progress: Progress<'_>) {
        match progress {
            Progress::Bytes => self.signs += 1,
            Progress::Event { text, is_finished } => {
                self.events += 1;
                self.is_finished |= is_finished;
                self.text.push_str(text);
            }
        }
    }
}

/// A place in the queue for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Queued {
    /// How many go first.
    pub(crate) ahead: usize,
    /// When it is its turn, by the steady count.
    pub(crate) wakes: Timestamp,
}

/// The beginning of an answer that broke off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Beginning {
    pub(crate) text: String,
    /// What made it, where that is known.
    pub(crate) by: Option<By>,
}

/// What there is to see of the answer to one question, over all attempts at it. Shared by the turn
/// that fills it, the one that shows it, and the scheduler, which may have to end the turn.
#[derive(Debug)]
pub(crate) struct Sight {
    pub(crate) visible: watch::Sender<Visible>,
    /// Whether a person has seen a part of the text: then that is kept where nothing better comes.
    pub(crate) seen: Arc<AtomicBool>,
    /// The longest text of attempts that are over. A frame of it may be under way still, so whether
    /// a person has seen any is known at the end.
    kept: Mutex<Option<Beginning>>,
    /// The text of the calls of this turn that are over, where another one follows them.
    said: Mutex<String>,
}

impl Sight {
    pub(crate) fn new() -> Self {
        Self {
            visible: watch::Sender::default(),
            seen: Arc::default(),
            kept: Mutex::default(),
            said: Mutex::default(),
        }
    }

    /// An earlier run of the bot has shown this.
    pub(crate) fn shown_earlier(&self, text: &str) {
        *self.kept.lock() = Some(Beginning {
            text: text.to_owned(),
            by: None,
        });
        self.seen.store(true, Ordering::Relaxed);
    }

    /// What the calls that are over said and the longest text of this one, if a person has seen any.
    pub(crate) fn so_far(&self) -> Option<String> {
        let kept = self.kept.lock().as_ref().map(|kept| kept.text.clone());
        let visible = Some(self.visible.borrow().text.clone());
        let longest = kept.into_iter().chain(visible).max_by_key(String::len);
        let text = self.said.lock().clone() + &longest.unwrap_or_default();
        (self.is_seen() && !text.is_empty()).then_some(text)
    }

    /// Whether a person has seen a part of the text.
    pub(crate) fn is_seen(&self) -> bool {
        self.seen.load(Ordering::Relaxed)
    }

    /// An attempt is over: keeps its text. Tells whether there was any, and a person has seen some.
    pub(super) fn keep(&self, by: Option<By>) -> bool {
        let text = self.visible.borrow().text.clone();
        if text.is_empty() {
            return false;
        }
        let mut kept = self.kept.lock();
        if kept
            .as_ref()
            .is_none_or(|kept| kept.text.len() < text.len())
        {
            *kept = Some(Beginning { text, by });
        }
        self.is_seen()
    }

    /// A filter has spoken: nothing of what was seen stays.
    pub(super) fn withdraw(&self) {
        *self.kept.lock() = None;
    }

    /// Another attempt begins.
    pub(super) fn clear(&self) {
        self.visible.send_replace(Visible::default());
    }

    /// Another call begins, after one whose answer stays whatever comes of this one.
    pub(crate) fn goes_on(&self) {
        let answered = self.visible.send_replace(Visible::default());
        self.said.lock().push_str(&answered.text);
        *self.kept.lock() = None;
    }

    /// What a person has seen, where there will be no other attempt.
    pub(super) fn taken(&self) -> Option<Beginning> {
        self.kept.lock().take().filter(|_| self.is_seen())
    }
}

/// Where the text of a call goes while it grows, and who may end it.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) stream: Stream,
    /// What was printed cannot be replaced; a message in a chat can, so there another attempt follows
    /// a broken answer.
    pub(crate) viewer: Viewer,
    pub(crate) sight: &'a Sight,
    pub(crate) cancel: &'a Cancel,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows(sight: &Sight, text: &str, is_seen: bool) -> bool {
        sight.clear();
        let event = Progress::Event {
            text,
            is_finished: false,
        };
        sight.visible.send_modify(|visible| visible.take(event));
        sight.seen.store(is_seen, Ordering::Relaxed);
        sight.keep(None)
    }

    #[test]
    fn the_longest_text_is_kept_once_a_person_has_seen_some() {
        let sight = Sight::new();
        assert!(!shows(&sight, "a", false));
        assert_eq!(sight.so_far(), None);
        // Its frame was under way when the attempt ended.
        sight.seen.store(true, Ordering::Relaxed);
        assert_eq!(sight.so_far().as_deref(), Some("a"));
        assert!(!shows(&sight, "", true));
        assert!(shows(&sight, "longer", true));
        assert!(shows(&sight, "less", true));
        assert_eq!(sight.so_far().as_deref(), Some("longer"));
        sight.clear();
        assert_eq!(sight.so_far().as_deref(), Some("longer"));
        assert_eq!(sight.taken().unwrap().text, "longer");
        assert_eq!(sight.taken(), None);
        let unseen = Sight::new();
        shows(&unseen, "a", false);
        assert_eq!(unseen.taken(), None);
    }

    #[test]
    fn what_a_filter_withdraws_is_not_kept() {
        let sight = Sight::new();
        sight.shown_earlier("from before the restart");
        assert!(sight.so_far().is_some());
        shows(&sight, "seen", true);
        sight.withdraw();
        assert_eq!(sight.taken(), None);
    }
}
