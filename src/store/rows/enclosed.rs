//! What belongs to a question beside its words, as jobs, rounds and persons hold it. Variants `OfKind` are
//! for what no more is known of than its kind; the others came later.

use serde::{Deserialize, Serialize};

use super::Text;
use crate::chat::{Attachment, Enclosed, TelegramFile, UserId};

#[derive(Serialize, Deserialize)]
pub(super) enum EnclosedRow<'n> {
    ForwardOfKind {
        from: Option<Text<'n>>,
        text: Text<'n>,
        file: Option<Text<'n>>,
    },
    FileOfKind {
        kind: Text<'n>,
        album: Option<Text<'n>>,
    },
    FileOfReplyOfKind {
        kind: Text<'n>,
    },
    Account {
        id: Option<i64>,
    },
    Forward {
        from: Option<Text<'n>>,
        text: Text<'n>,
        file: AttachmentRow<'n>,
    },
    File {
        attachment: AttachmentRow<'n>,
        album: Option<Text<'n>>,
    },
    FileOfReply {
        attachment: AttachmentRow<'n>,
    },
}

#[derive(Serialize, Deserialize)]
pub(super) struct AttachmentRow<'n> {
    kind: Text<'n>,
    file: Option<FileRow<'n>>,
    words: Option<Text<'n>>,
}

#[derive(Serialize, Deserialize)]
struct FileRow<'n> {
    id: Text<'n>,
    bytes: Option<u64>,
    name: Option<Text<'n>>,
    seconds: Option<u32>,
}

impl<'n> From<&'n Enclosed> for EnclosedRow<'n> {
    fn from(noun: &'n Enclosed) -> Self {
        let kind = |one: &'n Attachment| Text::Borrowed(one.kind.as_str());
        match noun {
            Enclosed::Forward {
                from,
                text: words,
                file,
            } => {
                let (from, text) = (from.as_deref().map(Text::Borrowed), words.into());
                match file {
                    Some(file) if file.is_readable() => Self::Forward {
                        from,
                        text,
                        file: file.into(),
                    },
                    file => Self::ForwardOfKind {
                        from,
                        text,
                        file: file.as_ref().map(kind),
                    },
                }
            }
            Enclosed::File { attachment, album } => {
                let album = album.as_deref().map(Text::Borrowed);
                if attachment.is_readable() {
                    let attachment = attachment.into();
                    Self::File { attachment, album }
                } else {
                    let kind = kind(attachment);
                    Self::FileOfKind { kind, album }
                }
            }
            Enclosed::FileOfReply(attachment) if attachment.is_readable() => Self::FileOfReply {
                attachment: attachment.into(),
            },
            Enclosed::FileOfReply(attachment) => Self::FileOfReplyOfKind {
                kind: kind(attachment),
            },
            Enclosed::Account { id } => Self::Account {
                id: id.map(|id| id.0),
            },
        }
    }
}

impl From<EnclosedRow<'_>> for Enclosed {
    fn from(row: EnclosedRow<'_>) -> Self {
        let of_kind = |kind: Text<'_>| Attachment::of_kind(&kind);
        match row {
            EnclosedRow::ForwardOfKind { from, text, file } => Self::Forward {
                from: from.map(Text::into_owned),
                text: text.into(),
                file: file.map(of_kind),
            },
            EnclosedRow::FileOfKind { kind, album } => Self::File {
                attachment: of_kind(kind),
                album: album.map(Text::into_owned),
            },
            EnclosedRow::FileOfReplyOfKind { kind } => Self::FileOfReply(of_kind(kind)),
            EnclosedRow::Account { id } => Self::Account { id: id.map(UserId) },
            EnclosedRow::Forward { from, text, file } => Self::Forward {
                from: from.map(Text::into_owned),
                text: text.into(),
                file: Some(file.into()),
            },
            EnclosedRow::File { attachment, album } => Self::File {
                attachment: attachment.into(),
                album: album.map(Text::into_owned),
            },
            EnclosedRow::FileOfReply { attachment } => Self::FileOfReply(attachment.into()),
        }
    }
}

impl<'n> From<&'n Attachment> for AttachmentRow<'n> {
    fn from(noun: &'n Attachment) -> Self {
        let Attachment { kind, file, words } = noun;
        let file = file.as_ref().map(|file| {
            let TelegramFile {
                id,
                bytes,
                name,
                seconds,
            } = file;
            FileRow {
                id: id.into(),
                bytes: *bytes,
                name: name.as_deref().map(Text::Borrowed),
                seconds: *seconds,
            }
        });
        Self {
            kind: kind.into(),
            file,
            words: words.as_deref().map(Text::Borrowed),
        }
    }
}

impl From<AttachmentRow<'_>> for Attachment {
    fn from(row: AttachmentRow<'_>) -> Self {
        let file = row.file.map(|file| TelegramFile {
            id: file.id.into(),
            bytes: file.bytes,
            name: file.name.map(Text::into_owned),
            seconds: file.seconds,
        });
        Self {
            kind: row.kind.into(),
            file,
            words: row.words.map(Text::into_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attachment(id: Option<&str>, words: Option<&str>) -> Attachment {
        Attachment {
            file: id.map(|id| TelegramFile {
                id: id.to_owned(),
                bytes: Some(5),
                name: Some("a.pdf".to_owned()),
                seconds: Some(7),
            }),
            words: words.map(str::to_owned),
            ..Attachment::of_kind("document")
        }
    }

    #[test]
    fn whatever_is_known_of_a_file_comes_back_as_it_was_written() {
        for attachment in [
            attachment(None, None),
            attachment(Some("f"), None),
            attachment(None, Some("52.5, 13.4")),
            attachment(Some("f"), Some("🙂")),
        ] {
            let forward = |file| Enclosed::Forward {
                from: Some("Ben".to_owned()),
                text: "look".to_owned(),
                file,
            };
            for noun in [
                forward(None),
                forward(Some(attachment.clone())),
                Enclosed::File {
                    attachment: attachment.clone(),
                    album: Some("a".to_owned()),
                },
                Enclosed::FileOfReply(attachment.clone()),
            ] {
                assert_eq!(Enclosed::from(EnclosedRow::from(&noun)), noun);
            }
        }
    }
}
