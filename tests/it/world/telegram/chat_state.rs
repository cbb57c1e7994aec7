//! One chat as the service keeps it, and the shapes in which tests see what is in it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use super::check;
use super::limits::Bucket;
use super::permissions::Mood;

/// A draft is shown this long after its last frame.
pub(super) const DRAFT_LIFE: Duration = Duration::from_secs(30);

/// A message of the bot as a chat shows it now.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Message {
    pub(crate) id: i64,
    pub(crate) text: String,
    /// In order of their offsets.
    pub(crate) entities: Vec<Entity>,
    /// Row by row.
    pub(crate) buttons: Vec<Button>,
    /// The file it carries.
    pub(crate) file: Option<File>,
    pub(crate) topic: Option<i64>,
    pub(crate) reply_to: Option<i64>,
    /// When it arrived, since 1970.
    pub(crate) at: Duration,
    /// The bot took it back.
    pub(crate) is_deleted: bool,
}

impl Message {
    /// The button with this word in its label.
    pub(crate) fn button(&self, label: &str) -> Option<&Button> {
        let named = |button: &&Button| button.label.contains(label);
        self.buttons.iter().find(named)
    }
}

/// A stretch of formatted text; offset and length in UTF-16 units.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entity {
    pub(crate) offset: usize,
    pub(crate) length: usize,
    pub(crate) kind: String,
    pub(crate) url: Option<String>,
    pub(crate) language: Option<String>,
}

/// An inline button; `data` is empty when it is no callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Button {
    pub(crate) label: String,
    pub(crate) data: String,
    /// What it opens, empty when it opens nothing.
    pub(crate) url: String,
}

/// A file under a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) name: String,
    /// As far as it is text.
    pub(crate) content: String,
    pub(crate) bytes: Vec<u8>,
    /// The parameter as which it was sent: `photo`, `voice`, `document`.
    pub(crate) kind: &'static str,
}

/// What a message became by an edit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Edit {
    pub(crate) text: String,
    pub(crate) entities: Vec<Entity>,
    pub(crate) buttons: Vec<Button>,
    pub(crate) at: Duration,
}

/// A draft with all its frames.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Draft {
    pub(crate) id: i64,
    pub(crate) topic: Option<i64>,
    pub(crate) frames: Vec<Frame>,
    /// The chat shows it now.
    pub(crate) is_alive: bool,
}

/// What a draft showed from a moment on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Frame {
    pub(crate) text: String,
    pub(crate) entities: Vec<Entity>,
    pub(crate) can_stop: bool,
    pub(crate) at: Duration,
}

/// "typing" and the like.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Action {
    pub(crate) name: String,
    pub(crate) topic: Option<i64>,
    pub(crate) at: Duration,
}

/// A draft as the service keeps it: gone when its time comes or a message does.
#[derive(Debug)]
pub(super) struct Preview {
    pub(super) id: i64,
    pub(super) topic: Option<i64>,
    pub(super) frames: Vec<Frame>,
    pub(super) until: Duration,
    pub(super) stays_when_stopped: bool,
}

impl Preview {
    pub(super) fn seen_at(&self, now: Duration) -> Draft {
        Draft {
            id: self.id,
            topic: self.topic,
            frames: self.frames.clone(),
            is_alive: now < self.until,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Chat {
    pub(super) last_message: i64,
    /// Every message that is there, as updates show it.
    pub(super) messages: BTreeMap<i64, Value>,
    pub(super) topics: BTreeSet<i64>,
    /// The inbox of a channel: its topics are the conversations of those who write there.
    pub(super) is_inbox: bool,
    /// What the bot said, in order of arrival.
    pub(super) sent: Vec<Message>,
    /// How many of them `hears` has handed out.
    pub(super) heard: usize,
    pub(super) edits: Vec<(i64, Edit)>,
    pub(super) previews: Vec<Preview>,
    pub(super) actions: Vec<Action>,
    pub(super) mood: Mood,
    pub(super) refuses_drafts: bool,
    /// Bytes of the entities of one message that are taken here, where that is not the usual.
    pub(super) most_entity_bytes: Option<usize>,
    pub(super) moved_to: Option<i64>,
    /// The pace of messages and edits, and that of drafts.
    pub(super) texts: Bucket,
    pub(super) frames: Bucket,
}

/// The entities of a text as the chat shows it: the service trims the text and shifts them.
pub(super) fn shown_entities(text: &str, list: &Value) -> Vec<Entity> {
    let lead = check::units(text) - check::units(text.trim_start());
    let whole = check::units(text.trim());
    let owned = |value: &Value| value.as_str().map(str::to_owned);
    let number = |value: &Value| value.as_u64().and_then(|n| usize::try_from(n).ok());
    let shown = list.as_array().into_iter().flatten().filter_map(|entity| {
        let (start, length) = (number(&entity["offset"])?, number(&entity["length"])?);
        let end = (start + length).saturating_sub(lead).min(whole);
        let offset = start.saturating_sub(lead);
        (offset < end).then(|| Entity {
            offset,
            length: end - offset,
            kind: owned(&entity["type"]).unwrap_or_default(),
            url: owned(&entity["url"]),
            language: owned(&entity["language"]),
        })
    });
    let mut shown: Vec<Entity> = shown.collect();
    shown.sort();
    shown
}

/// The buttons of a `reply_markup`, row by row.
pub(super) fn shown_buttons(markup: &Value) -> Vec<Button> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows = markup["inline_keyboard"].as_array().into_iter().flatten();
    let buttons = rows.flat_map(|row| row.as_array().into_iter().flatten());
    buttons
        .map(|button| Button {
            label: text(&button["text"]),
            data: text(&button["callback_data"]),
            url: text(&button["url"]),
        })
        .collect()
}
