//! The rounds of one person, in whatever chats they were asked. Rounds stand by chat, topic and
//! person, so those of others in a group are jumped over: what is looked at is their own rounds, and
//! one row for each place in which others talked.

use std::cmp::Ordering;

use redb::ReadableTable;

use super::key::{self, Key};
use super::{StoreError, tables};
use crate::chat::{ChatId, JobId, StoredTurn, UserId};

/// How far a walk over the rounds of a person has come.
#[derive(Debug, Clone)]
pub(crate) struct Walked(Key);

impl Walked {
    /// Nothing was looked at yet.
    pub(crate) const NOTHING: Self = Self(Key::FRONT);
}

/// Some of the rounds of a person.
pub(crate) struct OwnRounds {
    /// Each with the chat it was asked in.
    pub(crate) rounds: Vec<(ChatId, StoredTurn)>,
    /// How far the walk came, or `None` at its end.
    pub(crate) walked: Option<Walked>,
}

/// A row as it lies there.
pub(super) struct Found {
    pub(super) key: Key,
    pub(super) row: Vec<u8>,
    /// The walk up to and with this row.
    pub(super) walked: Walked,
}

/// The next round of the person; `None` when there are no more.
pub(super) fn next(
    history: &impl ReadableTable<&'static [u8], &'static [u8]>,
    person: UserId,
    walked: &Walked,
) -> Result<Option<Found>, StoreError> {
    let mut from = walked.0.clone();
    loop {
        let mut rows = tables::range(history, &(from..))?;
        let Some(entry) = rows.next() else {
            return Ok(None);
        };
        let (row_key, row) = entry?;
        let row_key = Key::from(row_key.value());
        let Ok(((chat, topic, asker), _)) = key::turn(&row_key) else {
            from = row_key.longer();
            continue;
        };
        // A private chat has the number of its person, and groups stand before all of these.
        if chat > person.0 {
            return Ok(None);
        }
        if (0..person.0).contains(&chat) {
            from = Key::turn((person.0, i64::MIN, i64::MIN), JobId(0));
            continue;
        }
        from = match asker.cmp(&person.0) {
            Ordering::Less => Key::turn((chat, topic, person.0), JobId(0)),
            Ordering::Greater => Key::turn((chat, topic, i64::MAX), JobId(u64::MAX)).longer(),
            Ordering::Equal => {
                return Ok(Some(Found {
                    walked: Walked(row_key.clone().longer()),
                    row: row.value().to_vec(),
                    key: row_key,
                }));
            }
        };
    }
}
