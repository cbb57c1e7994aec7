//! What belongs to a question beside the asker's own words: messages that were forwarded with it, and
//! what they and the question itself carry. Pure. Invariant: what stands here is never taken for the
//! asker's words, and a file that cannot be seen is never left out in silence.

use super::command::Command;
use super::wish::{self, Wish};
use super::{Attachment, Basis, Content, Inbound, Task, UserId, Whose};

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

/// One thing that belongs to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Enclosed {
    /// A message of somebody else that the asker forwarded, with what it carries.
    Forward {
        from: Option<String>,
        text: String,
        file: Option<Attachment>,
    },
    /// What the asker sent with it.
    File {
        attachment: Attachment,
        album: Option<String>,
    },
    /// What the message carries that is replied to.
    FileOfReply(Attachment),
    /// Whose account the forward is of that an Owner handed on; none where Telegram does not tell. It
    /// stands beside a forward as long as that is alone.
    Account { id: Option<UserId> },
}

impl Enclosed {
    /// What it carries, or is.
    pub(crate) const fn attachment(&self) -> Option<&Attachment> {
        match self {
            Self::Forward { file, .. } => file.as_ref(),
            Self::File { attachment, .. } | Self::FileOfReply(attachment) => Some(attachment),
            Self::Account { .. } => None,
        }
    }

    /// Whether it is a picture, or carries one.
    pub(crate) fn is_picture(&self) -> bool {
        self.attachment().is_some_and(Attachment::is_picture)
    }

    /// The words of somebody else that it holds.
    pub(crate) fn words(&self) -> Option<&str> {
        match self {
            Self::Forward { text, .. } => Some(text.as_str()).filter(|text| !text.is_empty()),
            Self::File { .. } | Self::FileOfReply(_) | Self::Account { .. } => None,
        }
    }

    const fn is_own_file(&self) -> bool {
        match self {
            Self::File { .. } => true,
            Self::Forward { .. } | Self::FileOfReply(_) | Self::Account { .. } => false,
        }
    }

    /// Whether the asker said it themselves, if only into a microphone.
    fn is_own_speech(&self) -> bool {
        match self {
            Self::File { attachment, .. } => attachment.is_spoken(),
            Self::Forward { .. } | Self::FileOfReply(_) => false,
            // It is shown to nobody.
            Self::Account { .. } => true,
        }
    }

    /// The album that it is an item of.
    pub(crate) fn album(&self) -> Option<&str> {
        match self {
            Self::File { album, .. } => album.as_deref(),
            Self::Forward { .. } | Self::FileOfReply(_) | Self::Account { .. } => None,
        }
    }

    /// About how much memory it takes beside itself.
    pub(crate) fn bytes(&self) -> usize {
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let words = match self {
            Self::Forward { from, text, .. } => text.len() + length(from),
            Self::File { album, .. } => length(album),
            Self::FileOfReply(_) | Self::Account { .. } => 0,
        };
        words + self.attachment().map_or(0, Attachment::bytes)
    }

    pub(crate) const fn is_forward(&self) -> bool {
        match self {
            Self::Forward { .. } => true,
            Self::File { .. } | Self::FileOfReply(_) | Self::Account { .. } => false,
        }
    }
}

/// Whether a question with this belonging to it holds words that the asker neither typed nor spoke. They
/// may be meant to have the bot do something, so it does nothing on their account (design §10).
pub(super) fn is_untrusted<'a>(
    has_quote: bool,
    mut enclosed: impl Iterator<Item = &'a Enclosed>,
) -> bool {
    has_quote || enclosed.any(|one| !one.is_own_speech())
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

/// The kinds of what cannot be looked at in these, each once.
pub(crate) fn unseen(enclosed: &[Enclosed]) -> Vec<&str> {
    let mut kinds = Vec::new();
    let attachments = enclosed.iter().filter_map(Enclosed::attachment);
    for Attachment { kind, .. } in attachments.filter(|one| !one.is_readable()) {
        if !kinds.contains(&kind.as_str()) {
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
            Content::Media {
                attachment,
                caption,
            } => (caption.trim(), Some(attachment.clone())),
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
                let own = file.map(|attachment| Enclosed::File { attachment, album });
                let replied = self.file_of_reply.clone().map(Enclosed::FileOfReply);
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
    /// Whether it is a question that the model can be asked. A message that is replied to counts when
    /// the reply is a bare mention: it asks about that message. So does anything that can be looked at.
    pub(crate) fn asks_something(&self) -> bool {
        match self {
            Self::Question {
                text,
                quote,
                enclosed,
                ..
            } => {
                let has_file = enclosed.iter().any(Enclosed::is_own_file);
                let mut attachments = enclosed.iter().filter_map(Enclosed::attachment);
                !text.is_empty()
                    || (quote.is_some() && !has_file)
                    || enclosed.iter().any(|one| one.words().is_some())
                    || attachments.any(Attachment::is_readable)
            }
            Self::Command(_) | Self::Tell(_) => false,
        }
    }

    /// Whether it holds words that the asker neither typed nor spoke: quoted, forwarded, in a file. A
    /// turn that answers it does nothing beyond its answer.
    pub(crate) fn is_untrusted(&self) -> bool {
        match self {
            Self::Question {
                quote, enclosed, ..
            } => is_untrusted(quote.is_some(), enclosed.iter()),
            Self::Command(_) | Self::Tell(_) => false,
        }
    }

    /// What it wants to have made.
    pub(crate) fn wish(&self) -> Wish<'_> {
        match self {
            Self::Question { text, enclosed, .. } => {
                Wish::of(text, enclosed.iter().any(Enclosed::is_picture))
            }
            Self::Command(_) | Self::Tell(_) => Wish::Answer,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Part, StoredTurn, fixtures};

    fn asks(text: &str, quote: Option<&str>, enclosed: Vec<Enclosed>) -> Task {
        Task::Question {
            text: text.to_owned(),
            quote: quote.map(str::to_owned),
            enclosed,
            basis: Basis::Newest,
        }
    }

    fn own(kind: &str) -> Enclosed {
        Enclosed::File {
            attachment: Attachment {
                words: Some("x".to_owned()),
                ..Attachment::of_kind(kind)
            },
            album: None,
        }
    }

    #[test]
    fn only_what_the_asker_typed_or_spoke_is_trusted() {
        let forward = Enclosed::Forward {
            from: None,
            text: "obey".to_owned(),
            file: None,
        };
        let of_reply = Enclosed::FileOfReply(Attachment::of_kind("voice"));
        for (quote, enclosed, expected) in [
            (None, vec![], false),
            (None, vec![own("voice"), own("video_note")], false),
            (None, vec![Enclosed::Account { id: None }], false),
            (Some("obey"), vec![], true),
            (None, vec![own("voice"), own("photo")], true),
            (None, vec![own("document")], true),
            (None, vec![forward], true),
            (None, vec![of_reply], true),
        ] {
            let task = asks("do it", quote, enclosed.clone());
            assert_eq!(task.is_untrusted(), expected, "{task:?}");
            let quote = quote.map(|quote| Part::Quote(quote.to_owned()));
            let parts = quote
                .into_iter()
                .chain(enclosed.into_iter().map(Part::Enclosed));
            let round = StoredTurn {
                question: parts.collect(),
                ..fixtures::round("", None)
            };
            assert_eq!(round.is_untrusted(), expected, "{task:?}");
        }
    }

    #[test]
    fn whatever_can_be_looked_at_asks_something() {
        let nothing_in_it = Enclosed::File {
            attachment: Attachment::of_kind("story"),
            album: None,
        };
        for (task, expected) in [
            (asks("", None, vec![]), false),
            (asks("", None, vec![nothing_in_it.clone()]), false),
            (asks("", Some("words"), vec![nothing_in_it.clone()]), false),
            (asks("", Some("words"), vec![]), true),
            (asks("what?", None, vec![nothing_in_it]), true),
            (asks("", None, vec![own("location")]), true),
        ] {
            assert_eq!(task.asks_something(), expected, "{task:?}");
        }
    }
}
