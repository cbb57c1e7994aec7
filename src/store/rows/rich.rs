//! Text with its formatting, as outgoing rows and rounds hold it.

use serde::{Deserialize, Serialize};

use super::{Text, nouns, shapes};
use crate::chat::rich::{Entity, Rich, Style};

#[derive(Serialize, Deserialize)]
pub(super) struct RichRow<'n> {
    text: Text<'n>,
    entities: Vec<EntityRow<'n>>,
}

#[derive(Serialize, Deserialize)]
struct EntityRow<'n> {
    offset: u32,
    length: u32,
    style: StyleRow<'n>,
}

#[derive(Serialize, Deserialize)]
enum StyleRow<'n> {
    Bold,
    Italic,
    Underline,
    Strikethrough,
    Spoiler,
    Code,
    Pre { language: Option<Text<'n>> },
    Link { url: Text<'n> },
    Quote,
    LongQuote,
}

impl<'n> From<&'n Rich> for RichRow<'n> {
    fn from(noun: &'n Rich) -> Self {
        Self {
            text: (&noun.text).into(),
            entities: shapes(&noun.entities),
        }
    }
}

impl From<RichRow<'_>> for Rich {
    fn from(row: RichRow<'_>) -> Self {
        Self {
            text: row.text.into(),
            entities: nouns(row.entities),
        }
    }
}

impl<'n> From<&'n Entity> for EntityRow<'n> {
    fn from(noun: &'n Entity) -> Self {
        Self {
            offset: noun.offset,
            length: noun.length,
            style: (&noun.style).into(),
        }
    }
}

impl From<EntityRow<'_>> for Entity {
    fn from(row: EntityRow<'_>) -> Self {
        Self {
            offset: row.offset,
            length: row.length,
            style: row.style.into(),
        }
    }
}

impl<'n> From<&'n Style> for StyleRow<'n> {
    fn from(noun: &'n Style) -> Self {
        match noun {
            Style::Bold => Self::Bold,
            Style::Italic => Self::Italic,
            Style::Underline => Self::Underline,
            Style::Strikethrough => Self::Strikethrough,
            Style::Spoiler => Self::Spoiler,
            Style::Code => Self::Code,
            Style::Pre { language } => Self::Pre {
                language: language.as_deref().map(Text::Borrowed),
            },
            Style::Link { url } => Self::Link { url: url.into() },
            Style::Quote => Self::Quote,
            Style::LongQuote => Self::LongQuote,
        }
    }
}

impl From<StyleRow<'_>> for Style {
    fn from(row: StyleRow<'_>) -> Self {
        match row {
            StyleRow::Bold => Self::Bold,
            StyleRow::Italic => Self::Italic,
            StyleRow::Underline => Self::Underline,
            StyleRow::Strikethrough => Self::Strikethrough,
            StyleRow::Spoiler => Self::Spoiler,
            StyleRow::Code => Self::Code,
            StyleRow::Pre { language } => Self::Pre {
                language: language.map(Text::into_owned),
            },
            StyleRow::Link { url } => Self::Link { url: url.into() },
            StyleRow::Quote => Self::Quote,
            StyleRow::LongQuote => Self::LongQuote,
        }
    }
}
