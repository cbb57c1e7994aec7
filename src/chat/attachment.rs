//! What a message carries beside its words: a file that Telegram hands out on demand, or something that
//! can be said in words. Pure.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// What a message carries beside its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attachment {
    /// The Bot API's name of the field.
    pub(crate) kind: String,
    /// The file that can be looked at.
    pub(crate) file: Option<TelegramFile>,
    /// What it says: a place, a poll, the emoji of a sticker.
    pub(crate) words: Option<String>,
}

/// A file at Telegram (Bot API, `File`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TelegramFile {
    /// Valid for this bot alone, and for ever (`file_id`).
    pub(crate) id: String,
    /// Its length, as far as Telegram tells.
    pub(crate) bytes: Option<u64>,
    /// As its sender called it. Shown and never used as a path.
    pub(crate) name: Option<String>,
    /// Of sound and film.
    pub(crate) seconds: Option<u32>,
}

impl Attachment {
    /// Something of which no more than its kind is known.
    pub(crate) fn of_kind(kind: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            file: None,
            words: None,
        }
    }

    /// Whether there is anything in it that the model could be shown.
    pub(crate) const fn is_readable(&self) -> bool {
        self.file.is_some() || self.words.is_some()
    }

    /// Whether it is a picture that can be looked at, by its kind or by its name.
    pub(crate) fn is_picture(&self) -> bool {
        let Some(file) = &self.file else {
            return false;
        };
        let name = file.name.as_deref().unwrap_or_default().to_lowercase();
        let endings = [".png", ".jpg", ".jpeg", ".webp", ".heic", ".heif"];
        match self.kind.as_str() {
            "photo" | "live_photo" | "sticker" => true,
            "document" => endings.iter().any(|ending| name.ends_with(ending)),
            _ => false,
        }
    }

    /// Whether it is speech, which the person recorded instead of typing.
    pub(crate) fn is_spoken(&self) -> bool {
        matches!(self.kind.as_str(), "voice" | "video_note")
    }

    /// About how much memory it takes beside itself.
    pub(crate) fn bytes(&self) -> usize {
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let file = self.file.as_ref();
        self.kind.len()
            + length(&self.words)
            + file.map_or(0, |file| file.id.len() + length(&file.name))
    }
}

/// What the model is shown of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The file as it is.
    Media {
        mime: &'static str,
        file: PathBuf,
        bytes: u64,
        /// About what it costs the model to look at it.
        tokens: u64,
    },
    /// The text that is in it.
    Text { text: String, is_cut: bool },
}

/// What the model is shown of files, by their `file_id`.
pub(crate) type Files = BTreeMap<String, Seen>;
