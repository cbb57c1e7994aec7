//! The tables and what their rows are. Owns no state. Invariant: the redb types of a table never
//! change (redb refuses a file where they differ); what may change is inside the bytes, under the
//! version of `codec`.

use redb::{ReadableTable, Table, TableDefinition};
use serde::{Deserialize, Serialize};

use super::codec::{self, CodecError, Record};
use super::{Disposition, StoreError};
use crate::chat::role::Person;
use crate::chat::{ChatId, Job, JobId, Lane, MessageId, Outbound, StoredTurn};
use crate::clock::Timestamp;
use crate::keys::{Fingerprint, Health, Ledger, Scope, Spend};

/// Chat, topic, person (of `Lane::key`), then the job.
pub(super) type TurnKey = (i64, i32, i64, u64);

/// `schema`, `secret`, counters, and `offset/<bot>`.
pub(super) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
pub(super) const INBOX: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("inbox");
/// (Bot, update).
pub(super) const SEEN: TableDefinition<'_, (i64, i64), &[u8]> = TableDefinition::new("seen");
pub(super) const OUTBOX: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("outbox");
pub(super) const HISTORY: TableDefinition<'_, TurnKey, &[u8]> =
    TableDefinition::new("chat_history");
/// (Chat, message).
pub(super) const BY_MESSAGE: TableDefinition<'_, (i64, i32), &[u8]> =
    TableDefinition::new("by_message");
pub(super) const PERSONS: TableDefinition<'_, i64, &[u8]> = TableDefinition::new("user_registry");
/// (Project, model).
pub(super) const KEY_LEDGER: TableDefinition<'_, (&[u8], &str), &[u8]> =
    TableDefinition::new("key_ledger");
/// The key is an encoded [`Scope`].
pub(super) const KEY_STATE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("key_state");
/// Rows of inbox (`"inbox"`) and outbox that could not be read at a start, kept for a look.
pub(super) const SET_ASIDE: TableDefinition<'_, (&str, u64), &[u8]> =
    TableDefinition::new("set_aside");

/// Names in `meta`.
pub(super) const SCHEMA: &str = "schema";
pub(super) const SECRET: &str = "secret";
pub(super) const NEXT_JOB: &str = "next job";
pub(super) const NEXT_OUTBOX: &str = "next outbox";
pub(super) const SEEN_CURSOR: &str = "seen cursor";
pub(super) const HISTORY_CURSOR: &str = "history cursor";
/// What paid keys have cost today.
pub(super) const SPEND: &str = "spend";
/// Chats that Telegram told to wait.
pub(super) const PARKED: &str = "parked";
/// Commits of the writer so far.
pub(super) const COMMITS: &str = "commits";

/// What the names of offsets in `meta` begin with.
pub(super) const OFFSETS: &str = "offset/";

/// The name of a bot's offset in `meta`.
pub(super) fn offset_name(bot: i64) -> String {
    format!("{OFFSETS}{bot}")
}

/// When an update was first seen, and what became of it.
#[derive(Serialize, Deserialize)]
pub(super) struct SeenRow(pub(super) Timestamp, pub(super) Disposition);

/// The turn that a message belongs to.
#[derive(Serialize, Deserialize)]
pub(super) struct TurnRef(pub(super) Lane, pub(super) JobId);

/// Telegram's offset and when it was true.
#[derive(Serialize, Deserialize)]
pub(super) struct OffsetRow(pub(super) i64, pub(super) Timestamp);

/// Where the pruning of `seen` goes on.
#[derive(Serialize, Deserialize)]
pub(super) struct SeenCursor(pub(super) i64, pub(super) i64);

impl SeenCursor {
    pub(super) const FRONT: Self = Self(i64::MIN, i64::MIN);
}

/// Where the pruning of the history goes on.
#[derive(Serialize, Deserialize)]
pub(super) struct HistoryCursor(pub(super) TurnKey);

impl HistoryCursor {
    pub(super) const FRONT: Self = Self((i64::MIN, i32::MIN, i64::MIN, 0));
}

/// Until when each chat has to wait.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Parked(pub(super) Vec<(ChatId, Timestamp)>);

macro_rules! records {
    ($($record:ty => $table:literal $(version $version:literal)?,)*) => {$(
        impl Record for $record {
            const TABLE: &'static str = $table;
            $(const VERSION: u8 = $version;)?
        }
    )*};
}

records! {
    Job => "inbox" version 2,
    SeenRow => "seen",
    Outbound => "outbox" version 2,
    StoredTurn => "chat_history",
    TurnRef => "by_message",
    Person => "user_registry",
    Ledger => "key_ledger",
    Scope => "key_state",
    Health => "key_state",
    OffsetRow => "meta",
    SeenCursor => "meta",
    HistoryCursor => "meta",
    Spend => "meta",
    Parked => "meta",
}

/// Bytes of a row, with the table's name on the error.
pub(super) fn encoded<R: Record>(record: &R) -> Result<Vec<u8>, StoreError> {
    codec::encode(record).map_err(row_error::<R>)
}

/// Value of a row, with the table's name on the error.
pub(super) fn decoded<R: Record>(bytes: &[u8]) -> Result<R, StoreError> {
    codec::decode(bytes).map_err(row_error::<R>)
}

/// Value of a row among many that do not depend on it; `None`, with a warning, when it cannot be
/// read.
pub(super) fn readable<R: Record>(id: u64, bytes: &[u8]) -> Option<R> {
    codec::decode(bytes)
        .inspect_err(
            |error| log::warn!(table = R::TABLE, id, err:% = error; "unreadable row passed over"),
        )
        .ok()
}

fn row_error<R: Record>(error: CodecError) -> StoreError {
    StoreError::Row {
        table: R::TABLE,
        error,
    }
}

/// The row of `key`.
pub(super) fn row<K: redb::Key + 'static, R: Record>(
    table: &impl ReadableTable<K, &'static [u8]>,
    key: K::SelfType<'_>,
) -> Result<Option<R>, StoreError> {
    match table.get(key)? {
        Some(bytes) => decoded(bytes.value()).map(Some),
        None => Ok(None),
    }
}

/// Writes the row of `key`.
pub(super) fn put<K: redb::Key + 'static, R: Record>(
    table: &mut Table<'_, K, &'static [u8]>,
    key: K::SelfType<'_>,
    record: &R,
) -> Result<(), StoreError> {
    table.insert(key, encoded(record)?.as_slice())?;
    Ok(())
}

/// Removes a row that a walk just found. In a damaged tree it may not be found again, and whoever
/// goes on until nothing is left would do so for ever.
pub(super) fn take<K: redb::Key + 'static>(
    table: &mut Table<'_, K, &'static [u8]>,
    key: K::SelfType<'_>,
) -> Result<(), StoreError> {
    match table.remove(key)? {
        Some(_) => Ok(()),
        None => Err(StoreError::Damaged("a row cannot be removed".to_owned())),
    }
}

/// A counter in `meta`; zero when it was never set.
pub(super) fn counter(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
    name: &str,
) -> Result<u64, StoreError> {
    let Some(bytes) = meta.get(name)? else {
        return Ok(0);
    };
    let bytes = <[u8; 8]>::try_from(bytes.value())
        .map_err(|error| StoreError::Damaged(format!("meta `{name}`: {error}")))?;
    Ok(u64::from_le_bytes(bytes))
}

/// The key of a turn.
pub(super) const fn turn_key(lane: Lane, job: JobId) -> TurnKey {
    let (chat, topic, person) = lane.key();
    (chat, topic, person, job.0)
}

/// All turns of a lane.
pub(super) const fn lane_range(lane: Lane) -> std::ops::RangeInclusive<TurnKey> {
    turn_key(lane, JobId(0))..=turn_key(lane, JobId(u64::MAX))
}

/// All turns of a chat.
pub(super) const fn chat_range(chat: ChatId) -> std::ops::RangeInclusive<TurnKey> {
    (chat.0, i32::MIN, i64::MIN, 0)..=(chat.0, i32::MAX, i64::MAX, u64::MAX)
}

/// The key of a message.
pub(super) const fn message_key(chat: ChatId, message: MessageId) -> (i64, i32) {
    (chat.0, message.0)
}

/// The project of a ledger's key.
pub(super) fn fingerprint(bytes: &[u8]) -> Result<Fingerprint, StoreError> {
    Fingerprint::try_from(bytes)
        .map_err(|error| StoreError::Damaged(format!("key_ledger: {error}")))
}
