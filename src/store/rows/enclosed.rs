//! What belongs to a question beside its words, as jobs, rounds and persons hold it.

use serde::{Deserialize, Serialize};

use super::Text;
use crate::chat::{Enclosed, UserId};

#[derive(Serialize, Deserialize)]
pub(super) enum EnclosedRow<'n> {
    Forward {
        from: Option<Text<'n>>,
        text: Text<'n>,
        file: Option<Text<'n>>,
    },
    File {
        kind: Text<'n>,
        album: Option<Text<'n>>,
    },
    FileOfReply {
        kind: Text<'n>,
    },
    Account {
        id: Option<i64>,
    },
}

impl<'n> From<&'n Enclosed> for EnclosedRow<'n> {
    fn from(noun: &'n Enclosed) -> Self {
        match noun {
            Enclosed::Forward {
                from,
                text: words,
                file,
            } => Self::Forward {
                from: from.as_deref().map(Text::Borrowed),
                text: words.into(),
                file: file.as_deref().map(Text::Borrowed),
            },
            Enclosed::File { kind, album } => Self::File {
                kind: kind.into(),
                album: album.as_deref().map(Text::Borrowed),
            },
            Enclosed::FileOfReply { kind } => Self::FileOfReply { kind: kind.into() },
            Enclosed::Account { id } => Self::Account {
                id: id.map(|id| id.0),
            },
        }
    }
}

impl From<EnclosedRow<'_>> for Enclosed {
    fn from(row: EnclosedRow<'_>) -> Self {
        match row {
            EnclosedRow::Forward { from, text, file } => Self::Forward {
                from: from.map(Text::into_owned),
                text: text.into(),
                file: file.map(Text::into_owned),
            },
            EnclosedRow::File { kind, album } => Self::File {
                kind: kind.into(),
                album: album.map(Text::into_owned),
            },
            EnclosedRow::FileOfReply { kind } => Self::FileOfReply { kind: kind.into() },
            EnclosedRow::Account { id } => Self::Account { id: id.map(UserId) },
        }
    }
}
