//! Text with its formatting, as the Bot API takes it (`MessageEntity`): plain text and entities beside
//! it. Pure. Invariants of what `render` makes: entities are in order, an outer one before what it
//! holds; none is empty, and none begins or ends inside a character.

/// A text and how parts of it look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rich {
    pub(crate) text: String,
    pub(crate) entities: Vec<Entity>,
}

/// How a part of a text looks. Offsets and lengths are in UTF-16 units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entity {
    pub(crate) offset: u32,
    pub(crate) length: u32,
    pub(crate) style: Style,
}

/// Kinds of formatting (Bot API, `MessageEntity.type`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Style {
    Bold,
    Italic,
    Underline,
    Strikethrough,
    Spoiler,
    /// Inline code.
    Code,
    /// A code block.
    Pre {
        language: Option<String>,
    },
    /// A text that leads elsewhere (`text_link`).
    Link {
        url: String,
    },
    Quote,
    /// A quote that is folded until it is tapped (`expandable_blockquote`).
    LongQuote,
}

impl Style {
    /// Bytes that an entity of this style takes of a message, by a generous estimate: its kind and
    /// place, and what it holds.
    pub(crate) const fn bytes(&self) -> usize {
        const KIND_AND_PLACE: usize = 32;
        KIND_AND_PLACE
            + match self {
                Self::Link { url } => url.len(),
                Self::Pre {
                    language: Some(language),
                } => language.len(),
                Self::Bold
                | Self::Italic
                | Self::Underline
                | Self::Strikethrough
                | Self::Spoiler
                | Self::Code
                | Self::Pre { language: None }
                | Self::Quote
                | Self::LongQuote => 0,
            }
    }
}

impl Rich {
    /// A text without formatting.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            entities: Vec::new(),
        }
    }

    /// Bytes that its entities take of a message.
    pub(crate) fn entity_bytes(&self) -> usize {
        self.entities
            .iter()
            .map(|entity| entity.style.bytes())
            .sum()
    }
}

impl Entity {
    /// The unit after the last one.
    pub(crate) const fn end(&self) -> u32 {
        self.offset.saturating_add(self.length)
    }
}

/// Length in UTF-16 units, as Telegram counts.
pub(crate) fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}
