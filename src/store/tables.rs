//! The tables and what their rows are. Owns no state. Invariant: the redb types of a table never
//! change (redb refuses a file where they differ) and are the same for all; what may change is
//! inside the bytes, under the version of `codec`.

use std::ops::RangeBounds;
use std::time::Duration;

use redb::{ReadOnlyTable, ReadableTable, Table, TableDefinition};
use serde::{Deserialize, Serialize};

use super::codec::{self, CodecError, Record};
use super::key::{self, Key};
use super::{Disposition, StoreError};
use crate::chat::{ChatId, Job, JobId, Lane, Outbound, StoredTurn};
use crate::clock::{Pause, Timestamp};
use crate::keys::{Health, Ledger, Scope, Spend};
use crate::people::person::Person;

/// What all tables are for redb: bytes under a [`Key`].
pub(super) type Rows<'t> = Table<'t, &'static [u8], &'static [u8]>;
pub(super) type ReadOnlyRows = ReadOnlyTable<&'static [u8], &'static [u8]>;
pub(super) type Definition = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// `schema`, `secret`, counters, and `offset/<bot>`.
pub(super) const META: Definition = Definition::new("meta");
/// By job.
pub(super) const INBOX: Definition = Definition::new("inbox");
/// By bot and update; behind them by bot, chat and message.
pub(super) const SEEN: Definition = Definition::new("seen");
/// By the order of sending.
pub(super) const OUTBOX: Definition = Definition::new("outbox");
/// By chat, topic, person (of `Lane::key`), then the job.
pub(super) const HISTORY: Definition = Definition::new("chat_history");
/// By chat and message.
pub(super) const BY_MESSAGE: Definition = Definition::new("by_message");
pub(super) const PERSONS: Definition = Definition::new("user_registry");
/// By project and model.
pub(super) const KEY_LEDGER: Definition = Definition::new("key_ledger");
/// The key is an encoded [`Scope`].
pub(super) const KEY_STATE: Definition = Definition::new("key_state");
/// Rows of inbox and outbox that could not be read at a start, kept for a look.
pub(super) const SET_ASIDE: Definition = Definition::new("set_aside");

/// Names in `meta`.
pub(super) const SCHEMA: &[u8] = b"schema";
pub(super) const SECRET: &[u8] = b"secret";
pub(super) const NEXT_JOB: &[u8] = b"next job";
pub(super) const NEXT_OUTBOX: &[u8] = b"next outbox";
pub(super) const SEEN_CURSOR: &[u8] = b"seen cursor";
pub(super) const HISTORY_CURSOR: &[u8] = b"history cursor";
/// What paid keys have cost today.
pub(super) const SPEND: &[u8] = b"spend";
/// Chats that Telegram told to wait.
pub(super) const PARKED: &[u8] = b"parked";
/// In `meta`: when the bot was found to have died.
pub(super) const DEATHS: &[u8] = b"deaths";
/// Commits of the writer so far.
pub(super) const COMMITS: &[u8] = b"commits";

/// What the names of offsets in `meta` begin with.
pub(super) const OFFSETS: &str = "offset/";

/// The name of a bot's offset in `meta`.
pub(super) fn offset_name(bot: i64) -> Vec<u8> {
    format!("{OFFSETS}{bot}").into_bytes()
}

/// When an update was first seen, or a message taken, and what became of it.
#[derive(Serialize, Deserialize)]
pub(super) struct SeenRow(pub(super) Timestamp, pub(super) Disposition);

/// The turn that a message belongs to.
#[derive(Serialize, Deserialize)]
pub(super) struct TurnRef(pub(super) Lane, pub(super) JobId);

/// Telegram's offset and when it was true.
#[derive(Serialize, Deserialize)]
pub(super) struct OffsetRow(pub(super) i64, pub(super) Timestamp);

/// Where the pruning of a table goes on.
#[derive(Serialize, Deserialize)]
pub(super) struct Cursor(pub(super) Key);

/// How long each chat has to wait.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Parked(pub(super) Vec<(ChatId, Pause)>);

/// The newest starts after a crash, oldest first.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Deaths(pub(super) Vec<Timestamp>);

impl Deaths {
    /// Those within `span` of `now`, whichever way a clock was set since.
    pub(super) fn of_late(self, now: Timestamp, span: Duration) -> Vec<Timestamp> {
        let is_recent = |at: &Timestamp| now.since(*at) < span && at.since(now) < span;
        self.0.into_iter().filter(is_recent).collect()
    }
}

macro_rules! records {
    ($($record:ty => $table:literal,)*) => {$(
        impl Record for $record {
            const TABLE: &'static str = $table;
        }
    )*};
}

records! {
    Job => "inbox",
    SeenRow => "seen",
    Outbound => "outbox",
    StoredTurn => "chat_history",
    TurnRef => "by_message",
    Person => "user_registry",
    Ledger => "key_ledger",
    Scope => "key_state",
    Health => "key_state",
    OffsetRow => "meta",
    Cursor => "meta",
    Spend => "meta",
    Parked => "meta",
    Deaths => "meta",
}

/// Bytes of a row, with the table's name on the error.
pub(super) fn encoded<R: Record>(record: &R) -> Result<Vec<u8>, StoreError> {
    codec::encode(record).map_err(row_error::<R>)
}

/// Value of a row, with the table's name on the error.
pub(super) fn decoded<R: Record>(bytes: &[u8]) -> Result<R, StoreError> {
    codec::decode(bytes).map_err(row_error::<R>)
}

/// Number and value of a row among many that do not depend on it; `None`, with a warning, when it
/// cannot be read.
pub(super) fn readable<R: Record>(key: &[u8], bytes: &[u8]) -> Option<(u64, R)> {
    numbered(key, bytes)
        .inspect_err(|error| {
            // No row has the number 0.
            let id = key::number(R::TABLE, key).unwrap_or(0);
            log::warn!(table = R::TABLE, id, err:% = error; "unreadable row passed over");
        })
        .ok()
}

/// Number and value of a row.
pub(super) fn numbered<R: Record>(key: &[u8], bytes: &[u8]) -> Result<(u64, R), StoreError> {
    Ok((key::number(R::TABLE, key)?, decoded(bytes)?))
}

fn row_error<R: Record>(error: CodecError) -> StoreError {
    StoreError::Row {
        table: R::TABLE,
        error,
    }
}

/// The row of `key`.
pub(super) fn row<R: Record>(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    key: &[u8],
) -> Result<Option<R>, StoreError> {
    match table.get(key)? {
        Some(bytes) => decoded(bytes.value()).map(Some),
        None => Ok(None),
    }
}

/// The rows of these keys, in order.
pub(super) fn rows<'t>(
    table: &'t impl ReadableTable<&'static [u8], &'static [u8]>,
    keys: &impl RangeBounds<Key>,
) -> Result<redb::Range<'t, &'static [u8], &'static [u8]>, StoreError> {
    let keys = (
        keys.start_bound().map(|key| &**key),
        keys.end_bound().map(|key| &**key),
    );
    Ok(table.range::<&[u8]>(keys)?)
}

/// Writes the row of `key`.
pub(super) fn put<R: Record>(
    table: &mut Rows<'_>,
    key: &[u8],
    record: &R,
) -> Result<(), StoreError> {
    table.insert(key, encoded(record)?.as_slice())?;
    Ok(())
}

/// Removes a row that a walk just found. In a damaged tree it may not be found again, and whoever
/// goes on until nothing is left would do so for ever.
pub(super) fn take(table: &mut Rows<'_>, key: &[u8]) -> Result<(), StoreError> {
    match table.remove(key)? {
        Some(_) => Ok(()),
        None => Err(StoreError::Damaged("a row cannot be removed".to_owned())),
    }
}

/// A counter in `meta`; zero when it was never set.
pub(super) fn counter(
    meta: &impl ReadableTable<&'static [u8], &'static [u8]>,
    name: &[u8],
) -> Result<u64, StoreError> {
    let Some(bytes) = meta.get(name)? else {
        return Ok(0);
    };
    let bytes = <[u8; 8]>::try_from(bytes.value())
        .map_err(|error| StoreError::Damaged(format!("meta `{}`: {error}", name.escape_ascii())))?;
    Ok(u64::from_le_bytes(bytes))
}
