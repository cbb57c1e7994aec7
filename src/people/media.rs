//! What of the files that somebody sends is looked at (design §3): of which kinds, how large, and how
//! many a day, by their role; and how much a day of all people together whom nobody let in by name. Pure.

use std::time::Duration;

use super::roles::{MediaKinds, Terms};
use crate::chat::{Attachment, TelegramFile};

/// Bytes a day that are fetched for all people together who are guests only because everybody may be
/// one.
pub(crate) const STRANGERS_PER_DAY: u64 = 200 << 20;
/// Bytes of all files of one question: with base64 they stay below what one request may hold
/// (gemini-api §8).
pub(crate) const MOST_AT_ONCE: u64 = 60 << 20;

/// Why the bot does not look at something that somebody sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unseen {
    /// Their role has photos only.
    PhotosOnly,
    TooLarge {
        megabytes: u32,
    },
    /// So many were looked at on this day, as many as may be.
    Day {
        limit: u32,
        wait: Duration,
    },
    /// So much was fetched for all strangers on this day.
    Strangers {
        wait: Duration,
    },
    /// It came with more than fits into one question.
    TooMuch,
    /// It is of no kind that can be read.
    Kind,
    /// There is no text in it.
    Empty,
    Damaged,
    /// It unpacks to far too much.
    Bomb,
    /// It is a PDF of too many pages.
    Pages,
    /// Telegram did not hand it out.
    NotFetched,
}

/// What was looked at on one day, of one person or of all strangers together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LookedAt {
    pub(crate) files: u32,
    pub(crate) bytes: u64,
}

impl LookedAt {
    /// One file more.
    pub(crate) const fn add(&mut self, bytes: u64) {
        self.files = self.files.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// The most bytes that a role may send in one file.
pub(crate) fn largest(terms: &Terms) -> u64 {
    u64::from(terms.media_megabytes.get()) << 20
}

/// Why a file is not even fetched, if it is not.
pub(crate) fn check(terms: &Terms, attachment: &Attachment, file: &TelegramFile) -> Option<Unseen> {
    let is_photo = matches!(attachment.kind.as_str(), "photo" | "sticker");
    if terms.media == MediaKinds::Photos && !is_photo {
        return Some(Unseen::PhotosOnly);
    }
    let is_too_large = file.bytes.is_some_and(|bytes| bytes > largest(terms));
    is_too_large.then_some(Unseen::TooLarge {
        megabytes: terms.media_megabytes.get(),
    })
}

/// How many of these files, by their bytes, are looked at, and why the next one is not.
pub(crate) fn admitted(
    sizes: &[u64],
    (used, limit): (u32, Option<u32>),
    strangers: Option<u64>,
    wait: Duration,
) -> (usize, Option<Unseen>) {
    let left = limit.map_or(usize::MAX, |limit| {
        usize::try_from(limit.saturating_sub(used)).unwrap_or(usize::MAX)
    });
    let mut fetched = strangers.unwrap_or(0);
    for (nth, bytes) in sizes.iter().enumerate() {
        if let Some(limit) = limit.filter(|_| nth >= left) {
            return (nth, Some(Unseen::Day { limit, wait }));
        }
        fetched = fetched.saturating_add(*bytes);
        if strangers.is_some() && fetched > STRANGERS_PER_DAY {
            return (nth, Some(Unseen::Strangers { wait }));
        }
    }
    (sizes.len(), None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Role;
    use crate::people::roles::{DEFAULT_ROLES, Roles};

    const MB: u64 = 1 << 20;
    const WAIT: Duration = Duration::from_hours(5);

    fn of(kind: &str, bytes: Option<u64>) -> (Attachment, TelegramFile) {
        let file = TelegramFile {
            id: "f".to_owned(),
            bytes,
            name: None,
            seconds: None,
        };
        let attachment = Attachment {
            file: Some(file.clone()),
            ..Attachment::of_kind(kind)
        };
        (attachment, file)
    }

    #[test]
    fn each_role_has_its_kinds_and_its_largest_file() {
        let roles = Roles::parse(DEFAULT_ROLES, None).unwrap();
        let check = |role, kind, bytes| {
            let (attachment, file) = of(kind, bytes);
            check(roles.terms(role), &attachment, &file)
        };
        for (role, megabytes) in [
            (Role::Owner, 20),
            (Role::Vip, 20),
            (Role::Premium, 20),
            (Role::Normal, 10),
            (Role::Guest, 5),
        ] {
            let most = u64::from(megabytes) * MB;
            assert_eq!(check(role, "photo", Some(most)), None, "{role:?}");
            assert_eq!(check(role, "photo", None), None, "{role:?}");
            let refused = Some(Unseen::TooLarge { megabytes });
            assert_eq!(check(role, "photo", Some(most + 1)), refused, "{role:?}");
            let voice = (role == Role::Guest).then_some(Unseen::PhotosOnly);
            assert_eq!(check(role, "voice", Some(1)), voice, "{role:?}");
        }
    }

    #[test]
    fn a_day_ends_with_its_last_file_also_within_an_album() {
        let day = Some(Unseen::Day {
            limit: 3,
            wait: WAIT,
        });
        let three = [MB; 3];
        assert_eq!(admitted(&three, (0, Some(3)), None, WAIT), (3, None));
        assert_eq!(admitted(&three, (1, Some(3)), None, WAIT), (2, day));
        assert_eq!(admitted(&three, (9, Some(3)), None, WAIT), (0, day));
        assert_eq!(admitted(&three, (9, None), None, WAIT), (3, None));
    }

    #[test]
    fn strangers_share_the_bytes_of_a_day() {
        let sizes = [5 * MB, 5 * MB];
        let refused = Some(Unseen::Strangers { wait: WAIT });
        for (fetched, expected) in [
            (0, (2, None)),
            (190 * MB, (2, None)),
            (191 * MB, (1, refused)),
            (200 * MB, (0, refused)),
        ] {
            assert_eq!(
                admitted(&sizes, (0, Some(3)), Some(fetched), WAIT),
                expected
            );
        }
    }
}
