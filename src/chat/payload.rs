//! What an outgoing row does in its chat. Pure.
//!
//! What one kind has in common with others is asked of it here, so that a further kind is added here, in
//! `telegram::send` (how it is sent) and in `store::rows::outbox` (how it lies in the data file).

use super::MessageId;
use super::rich::Rich;

/// What an outgoing row does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Payload {
    Send {
        body: Rich,
        reply_to: Option<MessageId>,
        buttons: Vec<Button>,
    },
    /// Turns a message of ours into this one; where it is gone, this is sent as a new one.
    Edit {
        message: MessageId,
        body: Rich,
        buttons: Vec<Button>,
    },
    /// Gives a message of ours the beginning of an answer back that was in it; where its number is not
    /// known any more, that comes as a new message.
    Restore {
        message: Option<MessageId>,
        /// The model's markdown, rendered only when this is sent: rows are stored by the one writer of
        /// all chats.
        answer: String,
        /// The words of the person, who may have mentioned somebody.
        asked: String,
        /// Under an answer of one part.
        buttons: Vec<Button>,
    },
    Delete {
        message: MessageId,
    },
    File {
        name: String,
        path: String,
        reply_to: Option<MessageId>,
    },
    /// A text as a file.
    Document {
        name: String,
        text: String,
        reply_to: Option<MessageId>,
    },
    /// `answerCallbackQuery`.
    Answer {
        callback: String,
        text: String,
    },
    /// Leaves the group (`leaveChat`).
    Leave,
    /// A picture; some kilobytes, as it lies in the outbox.
    Photo {
        png: Vec<u8>,
        /// At most 1024 UTF-16 units.
        caption: String,
    },
    /// A file that the model made.
    Made {
        form: Form,
        /// As people see it.
        name: String,
        /// Its name in the spool.
        file: String,
        /// At most 1024 UTF-16 units.
        caption: String,
        reply_to: Option<MessageId>,
        buttons: Vec<Button>,
    },
}

/// As what a file is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Photo,
    /// A voice message: Opus in an Ogg stream.
    Voice,
    Document,
}

/// An inline button under an outgoing message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Button {
    pub(crate) label: String,
    pub(crate) action: Action,
}

/// What a button does when it is pressed (Bot API, `InlineKeyboardButton`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Sends the bot this `callback_data`, at most 64 bytes.
    Callback(String),
    /// Opens this address, which begins with `https://`.
    Url(String),
}

impl Button {
    pub(crate) fn callback(label: impl Into<String>, data: String) -> Self {
        Self {
            label: label.into(),
            action: Action::Callback(data),
        }
    }

    pub(crate) fn url(label: impl Into<String>, address: String) -> Self {
        Self {
            label: label.into(),
            action: Action::Url(address),
        }
    }
}

impl Action {
    const SCHEME: &'static str = "https://";

    /// The one text that an action is, as the data file has it; no `callback_data` is an address.
    pub(crate) fn text(&self) -> &str {
        let (Self::Callback(text) | Self::Url(text)) = self;
        text
    }

    /// The action that is this text.
    pub(crate) fn of(text: String) -> Self {
        if text.starts_with(Self::SCHEME) {
            Self::Url(text)
        } else {
            Self::Callback(text)
        }
    }
}

impl Payload {
    /// A new message, without a reply or a button.
    pub(crate) const fn message(body: Rich) -> Self {
        Self::Send {
            body,
            reply_to: None,
            buttons: Vec::new(),
        }
    }

    /// Whether it makes or changes a message of text.
    pub(crate) const fn is_message(&self) -> bool {
        matches!(self, Self::Send { .. } | Self::Edit { .. })
    }

    /// Whether it makes a message that can be deleted, and not be edited.
    pub(crate) const fn is_file(&self) -> bool {
        matches!(
            self,
            Self::File { .. } | Self::Document { .. } | Self::Photo { .. } | Self::Made { .. }
        )
    }

    /// The name of the file that the spool keeps for it.
    pub(crate) fn spooled(&self) -> Option<&str> {
        match self {
            Self::File { path, .. } => path.rsplit('/').next(),
            Self::Made { file, .. } => Some(file),
            Self::Send { .. }
            | Self::Edit { .. }
            | Self::Restore { .. }
            | Self::Delete { .. }
            | Self::Document { .. }
            | Self::Answer { .. }
            | Self::Leave
            | Self::Photo { .. } => None,
        }
    }

    /// Whether it puts something into the chat that was not there before.
    pub(crate) const fn is_new(&self) -> bool {
        matches!(self, Self::Send { .. }) || self.is_file()
    }

    /// The message that it turns into another one.
    pub(crate) const fn place(&self) -> Option<MessageId> {
        if let Self::Edit { message, .. } = self {
            Some(*message)
        } else {
            None
        }
    }

    /// The text of a message.
    pub(crate) const fn body(&self) -> Option<&Rich> {
        if let Self::Send { body, .. } | Self::Edit { body, .. } = self {
            Some(body)
        } else {
            None
        }
    }

    pub(crate) const fn body_mut(&mut self) -> Option<&mut Rich> {
        if let Self::Send { body, .. } | Self::Edit { body, .. } = self {
            Some(body)
        } else {
            None
        }
    }

    /// Whether buttons can stand under it.
    pub(crate) const fn takes_buttons(&self) -> bool {
        self.is_message() || matches!(self, Self::Made { .. })
    }

    /// The buttons under it, where there can be some.
    pub(crate) const fn buttons_mut(&mut self) -> Option<&mut Vec<Button>> {
        if let Self::Send { buttons, .. }
        | Self::Edit { buttons, .. }
        | Self::Made { buttons, .. } = self
        {
            Some(buttons)
        } else {
            None
        }
    }

    /// The message that something new replies to.
    pub(crate) const fn reply_to_mut(&mut self) -> Option<&mut Option<MessageId>> {
        if let Self::Send { reply_to, .. }
        | Self::File { reply_to, .. }
        | Self::Document { reply_to, .. }
        | Self::Made { reply_to, .. } = self
        {
            Some(reply_to)
        } else {
            None
        }
    }

    /// A text in the place of this message; anything else as it is.
    pub(crate) fn taking_over(self, message: MessageId) -> Self {
        if let Self::Send { body, buttons, .. } | Self::Edit { body, buttons, .. } = self {
            Self::Edit {
                message,
                body,
                buttons,
            }
        } else {
            self
        }
    }

    /// What would change a message as a new one; anything else as it is.
    pub(crate) fn into_new(self) -> Self {
        if let Self::Edit { body, buttons, .. } = self {
            Self::Send {
                body,
                reply_to: None,
                buttons,
            }
        } else {
            self
        }
    }

    /// The same in a chat whose messages have other numbers: what was to take one over is a new message,
    /// and what was only about one is gone.
    pub(crate) fn without_messages(self) -> Option<Self> {
        let mut payload = self.into_new();
        if let Some(reply_to) = payload.reply_to_mut() {
            *reply_to = None;
        }
        match &mut payload {
            Self::Delete { .. } => return None,
            Self::Restore { message, .. } => *message = None,
            Self::Send { .. }
            | Self::Edit { .. }
            | Self::File { .. }
            | Self::Document { .. }
            | Self::Answer { .. }
            | Self::Leave
            | Self::Photo { .. }
            | Self::Made { .. } => {}
        }
        Some(payload)
    }
}
