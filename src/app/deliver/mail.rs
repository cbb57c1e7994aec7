//! The way to the delivery, and what everybody may ask of it. Owns what is known of chats that take no
//! drafts or no messages.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::app::turn::live::Live;
use crate::chat::{ChatId, JobId, OutboxId};
use crate::clock;
use crate::outgoing::{Closed, Frame, Head, Place};
use crate::store::Divided;

/// Chats that are remembered to take no drafts; beyond that they are asked once more.
const LATCHED: usize = 10_000;
/// Rows that may wait to be told to the delivery; they are on disk already.
pub(super) const LETTERS: usize = 256;

/// The way to the delivery.
#[derive(Clone)]
pub(crate) struct Mail {
    letters: mpsc::Sender<Letter>,
    pub(super) waiting: Arc<AtomicUsize>,
    /// Chats that take no drafts.
    latched: Arc<Mutex<HashSet<ChatId>>>,
    /// Groups and topics where the bot may not write.
    closed: Arc<Mutex<Closed>>,
}

/// What the delivery is told.
pub(crate) enum Letter {
    /// A row that was just stored.
    Row(Head),
    /// Rows of a chat that have other ids now, or are gone.
    Moved(ChatId, Vec<OutboxId>),
    /// A chat we may not write to any more; its rows are gone.
    Closed(ChatId),
    /// A growing answer wants to show what it has.
    Frame(Arc<Live>, Frame),
    /// It wants nothing more.
    Over(ChatId, JobId),
}

impl Mail {
    /// The mail slot, and the end of it that [`super::run`] listens to.
    pub(crate) fn open() -> (Self, mpsc::Receiver<Letter>) {
        let (letters, slot) = mpsc::channel(LETTERS);
        let mail = Self {
            letters,
            waiting: Arc::default(),
            latched: Arc::default(),
            closed: Arc::default(),
        };
        (mail, slot)
    }

    /// Rows to be sent. After the stop they are left to the next start.
    pub(crate) async fn push(&self, rows: &[Head]) {
        for row in rows {
            self.tell(Letter::Row(*row)).await;
        }
    }

    /// Rows went in the place of one, and those behind it behind them.
    pub(crate) async fn replace(&self, chat: ChatId, divided: Divided) {
        self.tell(Letter::Moved(chat, divided.moved)).await;
        self.push(&divided.heads).await;
    }

    /// A row was taken out of the outbox.
    pub(crate) async fn forget(&self, chat: ChatId, row: OutboxId) {
        self.tell(Letter::Moved(chat, vec![row])).await;
    }

    /// A growing answer wants to show what it has by the time it may.
    pub(crate) async fn wish(&self, live: &Arc<Live>, frame: Frame) {
        self.tell(Letter::Frame(Arc::clone(live), frame)).await;
    }

    /// An answer wishes to show nothing more.
    pub(crate) async fn over(&self, chat: ChatId, job: JobId) {
        self.tell(Letter::Over(chat, job)).await;
    }

    /// Whether answers cannot grow in drafts in this chat.
    pub(crate) fn refuses_drafts(&self, chat: ChatId) -> bool {
        self.latched.lock().contains(&chat)
    }

    pub(super) fn refused_drafts(&self, chat: ChatId) {
        let mut latched = self.latched.lock();
        if latched.len() >= LATCHED {
            latched.clear();
        }
        latched.insert(chat);
    }

    /// The bot was told that it may not write there.
    pub(crate) fn may_not_write(&self, place: Place) {
        let (Place::Chat(chat) | Place::Topic(chat, _)) = place;
        // Who closes a private chat asks nothing there.
        if chat.0 < 0 {
            self.closed.lock().note(place, clock::steady());
        }
    }

    /// It was told that it may write in the chat, or has done so.
    pub(crate) fn may_write(&self, chat: ChatId) {
        self.closed.lock().opened(chat);
    }

    /// A bare text was refused there in words that are not known: whether that is about the chat, as
    /// another one was refused just before.
    pub(super) fn refuses_all(&self, chat: ChatId, text: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let text = hasher.finish();
        self.closed.lock().refuses_all(chat, text, clock::steady())
    }

    /// Whether nobody there would read an answer.
    pub(crate) fn is_closed(&self, place: Place) -> bool {
        self.closed.lock().holds(place, clock::steady())
    }

    /// Nothing more goes to this chat.
    pub(crate) async fn close(&self, chat: ChatId) {
        self.tell(Letter::Closed(chat)).await;
    }

    async fn tell(&self, letter: Letter) {
        // Fails only once the delivery has stopped.
        drop(self.letters.send(letter).await);
    }

    /// Rows waiting or under way.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}
