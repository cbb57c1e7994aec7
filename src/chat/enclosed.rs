//! What belongs to a question beside the asker's own words: messages that were forwarded with it, and
//! files that the bot cannot see. Pure. Invariant: what stands here is never taken for the asker's
//! words, and a file that cannot be seen is never left out in silence.

use super::command::Command;
use super::{Basis, Content, Inbound, Task, UserId, Whose, wish};

/// Longest forwarded text, in characters: as much as one message holds (Bot API, `Message.text`).
const LONGEST_FORWARD: usize = 4096;

/// Whose words a message holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Author {
    /// The sender typed them. Only then can they be a command.
    Sender,
    /// An inline bot made them and the sender chose them (`via_bot`).
    InlineBot,
    /// Somebody else's, which the sender handed on; by whom, as far as Telegram tells.
    Forwarded { from: Option<String> },
}

impl Author {
    pub(crate) const fn is_forwarded(&self) -> bool {
        match self {
            Self::Forwarded { .. } => true,
            Self::Sender | Self::InlineBot => false,
        }
    }
}

/// One thing that belongs to a question. A `kind` is the Bot API's name of the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Enclosed {
    /// A message of somebody else that the asker forwarded.
    Forward {
        from: Option<String>,
        text: String,
        /// The file it carries, which the bot cannot see.
        file: Option<String>,
    },
    /// A file of the asker that the bot cannot see.
    File { kind: String, album: Option<String> },
    /// The file of the message that is replied to, which the bot cannot see.
    FileOfReply { kind: String },
    /// Whose account the forward is of that an Owner handed on; none where Telegram does not tell. It
    /// stands beside a forward as long as that is alone.
    Account { id: Option<UserId> },
}

impl Enclosed {
    /// The kind of the file that cannot be seen, if it is one or holds one.
    pub(crate) fn unseen(&self) -> Option<&str> {
        match self {
            Self::Forward { file, .. } => file.as_deref(),
            Self::File { kind, .. } | Self::FileOfReply { kind } => Some(kind),
            Self::Account { .. } => None,
        }
    }

    /// The words of somebody else that it holds.
    pub(crate) fn words(&self) -> Option<&str> {
        match self {
            Self::Forward { text, .. } => Some(text.as_str()).filter(|text| !text.is_empty()),
            Self::File { .. } | Self::FileOfReply { .. } | Self::Account { .. } => None,
        }
    }

    const fn is_own_file(&self) -> bool {
        match self {
            Self::File { .. } => true,
            Self::Forward { .. } | Self::FileOfReply { .. } | Self::Account { .. } => false,
        }
    }

    /// The album that it is an item of.
    pub(crate) fn album(&self) -> Option<&str> {
        match self {
            Self::File { album, .. } => album.as_deref(),
            Self::Forward { .. } | Self::FileOfReply { .. } | Self::Account { .. } => None,
        }
    }

    /// About how much memory it takes beside itself.
    pub(crate) fn bytes(&self) -> usize {
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        match self {
            Self::Forward { from, text, file } => text.len() + length(from) + length(file),
            Self::File { kind, album } => kind.len() + length(album),
            Self::FileOfReply { kind } => kind.len(),
            Self::Account { .. } => 0,
        }
    }

    pub(crate) const fn is_forward(&self) -> bool {
        match self {
            Self::Forward { .. } => true,
            Self::File { .. } | Self::FileOfReply { .. } | Self::Account { .. } => false,
        }
    }
}

impl Task {
    /// Notes whose account a forward is of.
    pub(crate) fn with_account(mut self, id: Option<UserId>) -> Self {
        if let Self::Question { enclosed, .. } = &mut self {
            enclosed.push(Enclosed::Account { id });
        }
        self
    }

    /// Whose the forward is that is all there is to this question.
    pub(crate) fn account_alone(&self) -> Option<Whose> {
        let Self::Question { text, enclosed, .. } = self else {
            return None;
        };
        match enclosed.as_slice() {
            [Enclosed::Forward { .. }, Enclosed::Account { id }] if text.is_empty() => {
                Some(id.map_or(Whose::Hidden, Whose::User))
            }
            _ => None,
        }
    }

    /// Something was joined to the question: it is not about an account any more.
    pub(crate) fn forget_account(&mut self) {
        if let Self::Question { enclosed, .. } = self {
            enclosed.retain(|one| !matches!(one, Enclosed::Account { .. }));
        }
    }
}

/// The kinds of files in these that cannot be seen, each once.
pub(crate) fn unseen(enclosed: &[Enclosed]) -> Vec<&str> {
    let mut kinds = Vec::new();
    for kind in enclosed.iter().filter_map(Enclosed::unseen) {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

impl Inbound {
    /// The text of the question that a command makes of it, where it is one.
    pub(crate) fn asked_by_command(&self) -> Option<String> {
        let (Content::Text(text) | Content::Media { caption: text, .. }) = &self.content;
        let is_about_something = self.quote.is_some()
            || self.file_of_reply.is_some()
            || matches!(self.content, Content::Media { .. });
        match self.author {
            Author::Sender => wish::asked_by(&Command::parse(text)?, is_about_something),
            Author::InlineBot | Author::Forwarded { .. } => None,
        }
    }

    /// What the message asks, as if it were a question.
    pub(crate) fn question(&self) -> Task {
        let asked = self.asked_by_command();
        let (words, file) = match &self.content {
            Content::Text(text) => (text.trim(), None),
            Content::Media { kind, caption } => (caption.trim(), Some(kind.clone())),
        };
        let (text, quote, enclosed) = match &self.author {
            Author::Forwarded { from } => {
                let forward = Enclosed::Forward {
                    from: from.clone(),
                    text: words.chars().take(LONGEST_FORWARD).collect(),
                    file,
                };
                (String::new(), None, vec![forward])
            }
            Author::Sender | Author::InlineBot => {
                let album = self.album.clone();
                let own = file.map(|kind| Enclosed::File { kind, album });
                let replied = self.file_of_reply.clone();
                let replied = replied.map(|kind| Enclosed::FileOfReply { kind });
                let enclosed = own.into_iter().chain(replied).collect();
                let words = asked.unwrap_or_else(|| words.to_owned());
                (words, self.quote.clone(), enclosed)
            }
        };
        Task::Question {
            text,
            quote,
            enclosed,
            basis: Basis::Newest,
        }
    }
}

impl Task {
    /// Whether it is a question that holds words, so that the model can be asked. A message that is
    /// replied to counts when the reply is a bare mention: it asks about that message; a file does not.
    pub(crate) fn has_words(&self) -> bool {
        match self {
            Self::Question {
                text,
                quote,
                enclosed,
                ..
            } => {
                let has_file = enclosed.iter().any(Enclosed::is_own_file);
                !text.is_empty()
                    || (quote.is_some() && !has_file)
                    || enclosed.iter().any(|one| one.words().is_some())
            }
            Self::Command(_) | Self::Tell(_) => false,
        }
    }

    /// What belongs to the question.
    pub(crate) fn enclosed(&self) -> &[Enclosed] {
        match self {
            Self::Question { enclosed, .. } => enclosed,
            Self::Command(_) | Self::Tell(_) => &[],
        }
    }
}
