//! The tables and what their rows are. Owns no state. Invariant: the redb types of a table never
//! change (redb refuses a file where they differ) and are the same for all; what may change is
//! inside the bytes (`rows`).

use std::ops::RangeBounds;

use redb::{ReadOnlyTable, ReadableTable, Table, TableDefinition};

use super::StoreError;
use super::codec::CodecError;
use super::key::Key;
use super::rows::{self, AskedBy, Record, Seen, TurnRef};
use crate::chat::long_job::LongJob;
use crate::chat::{Job, Outbound, StoredTurn};
use crate::keys::{Health, Ledger};
use crate::people::audit::Audited;
use crate::people::fair_share::Had;
use crate::people::media::LookedAt;
use crate::people::person::Person;
use crate::people::seats::Session;
use crate::people::usage::DayOf;

/// What all tables are for redb: bytes under a [`Key`].
pub(super) type Rows<'t> = Table<'t, &'static [u8], &'static [u8]>;
pub(super) type ReadOnlyRows = ReadOnlyTable<&'static [u8], &'static [u8]>;
pub(super) type Definition = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// The table of a record.
pub(super) const fn of<R: Record>() -> Definition {
    Definition::new(R::TABLE)
}

/// `schema`, `secret`, counters, `offset/<bot>` and other facts.
pub(super) const META: Definition = Definition::new(rows::META);
/// By job.
pub(super) const INBOX: Definition = of::<Job>();
/// By bot and update; behind them by bot, chat and message.
pub(super) const SEEN: Definition = of::<Seen>();
/// By the order of sending.
pub(super) const OUTBOX: Definition = of::<Outbound>();
/// By chat, topic, person, then the job.
pub(super) const HISTORY: Definition = of::<StoredTurn>();
/// By chat, topic, then the job: the rounds of groups, whoever asked them.
pub(super) const BY_TOPIC: Definition = of::<AskedBy>();
/// By chat and message.
pub(super) const BY_MESSAGE: Definition = of::<TurnRef>();
pub(super) const PERSONS: Definition = of::<Person>();
/// By person; VIPs with a seat, and those who are kept off one.
pub(super) const SESSIONS: Definition = of::<Session>();
/// By number.
pub(super) const AUDIT: Definition = of::<Audited>();
/// By project and model.
pub(super) const KEY_LEDGER: Definition = of::<Ledger>();
/// By scope.
pub(super) const KEY_STATE: Definition = of::<Health>();
/// By job.
pub(super) const JOBS: Definition = of::<LongJob>();
/// By day, then the person.
pub(super) const STATS: Definition = of::<DayOf>();
/// By Pacific day, whose keys, and the person; behind those who share the keys, all together.
pub(super) const FAIR_SHARES: Definition = of::<Had>();
/// By day, then the person; before them all strangers together.
pub(super) const LOOKED_AT: Definition = of::<LookedAt>();
/// Rows that could not be read, by the name of their table and their key there.
pub(super) const SET_ASIDE: Definition = Definition::new("set_aside");

/// Names in `meta`.
pub(super) const SCHEMA: &[u8] = b"schema";
pub(super) const SECRET: &[u8] = b"secret";
pub(super) const NEXT_JOB: &[u8] = b"next job";
pub(super) const NEXT_OUTBOX: &[u8] = b"next outbox";
pub(super) const NEXT_AUDIT: &[u8] = b"next audit";
pub(super) const SEEN_CURSOR: &[u8] = b"seen cursor";
pub(super) const HISTORY_CURSOR: &[u8] = b"history cursor";
pub(super) const PERSONS_CURSOR: &[u8] = b"persons cursor";
/// What paid keys have cost today.
pub(super) const SPEND: &[u8] = b"spend";
/// Chats that Telegram told to wait.
pub(super) const PARKED: &[u8] = b"parked";
/// In `meta`: when the bot was found to have died.
pub(super) const DEATHS: &[u8] = b"deaths";
/// What the Owners were told without asking.
pub(super) const ALERTS: &[u8] = b"alerts";
/// Who claimed the bot.
pub(super) const OWNER: &[u8] = b"owner";
/// The codes with which somebody may claim it.
pub(super) const CLAIM: &[u8] = b"claim";
/// Cards that the Owners were given of late.
pub(super) const CARDS: &[u8] = b"cards";
/// Cards that nobody has decided on.
pub(super) const OPEN_CARDS: &[u8] = b"open cards";
/// What Telegram shows of the bot.
pub(super) const PROFILE: &[u8] = b"profile";
/// Personas for everybody.
pub(super) const SHARED_PERSONAS: &[u8] = b"shared personas";
/// When messages of strangers were let in of late.
pub(super) const STRANGERS: &[u8] = b"strangers";
/// Commits of the writer so far.
pub(super) const COMMITS: &[u8] = b"commits";

/// What the names of offsets in `meta` begin with.
pub(super) const OFFSETS: &str = "offset/";

/// The name of a bot's offset in `meta`.
pub(super) fn offset_name(bot: i64) -> Vec<u8> {
    format!("{OFFSETS}{bot}").into_bytes()
}

/// Bytes of a row, with the table's name on the error.
pub(super) fn encoded<R: Record>(record: &R) -> Result<Vec<u8>, StoreError> {
    rows::encode(record).map_err(row_error::<R>)
}

/// Value of a row, with the table's name on the error.
pub(super) fn decoded<R: Record>(bytes: &[u8]) -> Result<R, StoreError> {
    rows::decode(bytes).map_err(row_error::<R>)
}

/// What a row says, its key included.
pub(super) fn read<R: Record>(key: &[u8], bytes: &[u8]) -> Result<(R::Key, R), StoreError> {
    Ok((R::key(key)?, decoded(bytes)?))
}

fn row_error<R: Record>(error: CodecError) -> StoreError {
    StoreError::Row {
        table: R::TABLE,
        error,
    }
}

/// The rows of these keys, in order.
pub(super) fn range<'t>(
    table: &'t impl ReadableTable<&'static [u8], &'static [u8]>,
    keys: &impl RangeBounds<Key>,
) -> Result<redb::Range<'t, &'static [u8], &'static [u8]>, StoreError> {
    let keys = (
        keys.start_bound().map(|key| &**key),
        keys.end_bound().map(|key| &**key),
    );
    Ok(table.range::<&[u8]>(keys)?)
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
