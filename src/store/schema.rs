//! What a data file must hold to be ours, and how an older one is brought along. Owns the list of
//! migrations. Invariant: looking at a file changes nothing; each step of an opening is one transaction:
//! making the file, or bringing it to today's version; then setting aside what cannot be read in it.

use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, TableError, WriteTransaction,
};
use ring::rand::SecureRandom;

use super::StoreError;
use super::key::{self, Key};
use super::quarantine::{Met, Unreadable};
use super::rows::{
    AskedBy, BotProfile, Cursor, Deaths, Offset, Owner, Parked, Record, Seen, SharedPersonas,
    Strangers, TurnRef,
};
use super::tables::{self, Definition, ReadOnlyRows};
use crate::alerts::Alerts;
use crate::chat::long_job::LongJob;
use crate::chat::{Job, Outbound, StoredTurn, UserId};
use crate::keys::{Health, Ledger, Spend};
use crate::people::audit::Audited;
use crate::people::claim::Claim;
use crate::people::fair_share::Had;
use crate::people::knock::{Cards, OpenCards};
use crate::people::media::LookedAt;
use crate::people::person::Person;
use crate::people::seats::Session;
use crate::people::usage::DayOf;

/// Brings the rows of one version to the next.
pub(super) type Migration = fn(&WriteTransaction) -> Result<(), StoreError>;

/// The ways from version 1 to today's: the first entry leads from 1 to 2. A new shape of a record adds
/// an entry, though the rows are brought along when they are read (`rows`): so a copy of the file is
/// kept, and a program that knows less refuses it. It brings a fixture of the old one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schema(pub(super) &'static [Migration]);

/// Today's schema.
pub(super) const CURRENT: Schema = Schema(&[
    the_registry_has_profiles,
    rounds_stand_by_topic,
    days_count_searches,
]);

/// To 2: its rows are brought along when they are read.
#[expect(clippy::unnecessary_wraps, reason = "a migration may fail")]
fn the_registry_has_profiles(_: &WriteTransaction) -> Result<(), StoreError> {
    Ok(())
}

/// To 3: the rounds of groups stand in the order of their topics, too. The rows of the registry, which
/// tell a channel from a group, are brought along when they are read.
fn rounds_stand_by_topic(txn: &WriteTransaction) -> Result<(), StoreError> {
    let history = txn.open_table(tables::HISTORY)?;
    let mut by_topic = txn.open_table(tables::BY_TOPIC)?;
    for entry in tables::range(&history, &key::of_groups())? {
        // One that cannot be read is set aside later.
        if let Ok(((chat, topic, person), job)) = key::turn(entry?.0.value()) {
            let asked_by = tables::encoded(&AskedBy(UserId(person)))?;
            by_topic.insert(&*Key::in_topic(chat, topic, job), asked_by.as_slice())?;
        }
    }
    Ok(())
}

/// To 4: its rows are brought along when they are read.
#[expect(clippy::unnecessary_wraps, reason = "a migration may fail")]
fn days_count_searches(_: &WriteTransaction) -> Result<(), StoreError> {
    Ok(())
}

/// Length of the secret under which keys are hashed.
const SECRET_BYTES: usize = 32;

impl Schema {
    pub(super) fn version(self) -> u32 {
        u32::try_from(self.0.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1)
    }
}

/// What a look at an opened file found.
pub(super) enum Findings {
    /// No table at all: just created.
    New,
    /// A redb file of somebody else.
    Foreign,
    /// Ours, of this version (older, or newer than we know).
    Other(u32),
    /// Ours, of today's version.
    Current {
        /// A table is not there yet.
        incomplete: bool,
        /// Rows that cannot be read.
        unreadable: Vec<Unreadable>,
    },
}

/// Reads the root of every table and the first and last row of each, and every row of those that a
/// start reads whole.
pub(super) fn inspect(db: &Database, schema: Schema) -> Result<Findings, StoreError> {
    let read = db.begin_read()?;
    if read.list_tables()?.next().is_none() {
        return Ok(Findings::New);
    }
    let version = match read.open_table(tables::META) {
        Ok(meta) => meta.get(tables::SCHEMA)?.map(|row| row.value().to_vec()),
        Err(TableError::TableDoesNotExist(_) | TableError::TableTypeMismatch { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let Some(version) = version.and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()) else {
        return Ok(Findings::Foreign);
    };
    let version = u32::from_le_bytes(version);
    if version != schema.version() {
        return Ok(Findings::Other(version));
    }
    sound_secret(&read)?;
    let mut look = Look {
        read,
        incomplete: false,
        met: Met::default(),
    };
    look.all::<Job>()?;
    look.all::<Outbound>()?;
    look.all::<Ledger>()?;
    look.all::<Health>()?;
    look.all::<Session>()?;
    look.ends::<Seen>()?;
    look.ends::<StoredTurn>()?;
    look.ends::<AskedBy>()?;
    look.ends::<TurnRef>()?;
    look.ends::<Person>()?;
    look.all::<LongJob>()?;
    look.ends::<Audited>()?;
    look.ends::<DayOf>()?;
    look.ends::<Had>()?;
    look.ends::<LookedAt>()?;
    look.facts()?;
    look.table(tables::SET_ASIDE)?;
    Ok(Findings::Current {
        incomplete: look.incomplete,
        unreadable: look.met.take(),
    })
}

struct Look {
    read: ReadTransaction,
    incomplete: bool,
    met: Met,
}

impl Look {
    fn table(&mut self, table: Definition) -> Result<Option<ReadOnlyRows>, StoreError> {
        match self.read.open_table(table) {
            Ok(table) => Ok(Some(table)),
            Err(TableError::TableDoesNotExist(_)) => {
                self.incomplete = true;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn ends<R: Record>(&mut self) -> Result<(), StoreError> {
        let Some(table) = self.table(tables::of::<R>())? else {
            return Ok(());
        };
        for (key, row) in table.first()?.into_iter().chain(table.last()?) {
            self.look_at::<R>(key.value(), row.value());
        }
        Ok(())
    }

    fn all<R: Record>(&mut self) -> Result<(), StoreError> {
        let Some(table) = self.table(tables::of::<R>())? else {
            return Ok(());
        };
        for entry in table.iter()? {
            let (key, row) = entry?;
            self.look_at::<R>(key.value(), row.value());
        }
        Ok(())
    }

    /// Each fact is a record of its own kind. The numbers that are given out next are none: without
    /// them nothing can be written.
    fn facts(&mut self) -> Result<(), StoreError> {
        let Some(meta) = self.table(tables::META)? else {
            return Ok(());
        };
        for counter in [
            tables::NEXT_JOB,
            tables::NEXT_OUTBOX,
            tables::NEXT_AUDIT,
            tables::COMMITS,
        ] {
            tables::counter(&meta, counter)?;
        }
        for entry in meta.iter()? {
            let (name, row) = entry?;
            let (name, row) = (name.value(), row.value());
            match name {
                tables::SEEN_CURSOR | tables::HISTORY_CURSOR | tables::PERSONS_CURSOR => {
                    self.look_at::<Cursor>(name, row);
                }
                tables::SPEND => self.look_at::<Spend>(name, row),
                tables::PARKED => self.look_at::<Parked>(name, row),
                tables::ALERTS => self.look_at::<Alerts>(name, row),
                tables::SHARED_PERSONAS => self.look_at::<SharedPersonas>(name, row),
                tables::PROFILE => self.look_at::<BotProfile>(name, row),
                tables::DEATHS => self.look_at::<Deaths>(name, row),
                tables::STRANGERS => self.look_at::<Strangers>(name, row),
                tables::OWNER => self.look_at::<Owner>(name, row),
                tables::CLAIM => self.look_at::<Claim>(name, row),
                tables::CARDS => self.look_at::<Cards>(name, row),
                tables::OPEN_CARDS => self.look_at::<OpenCards>(name, row),
                _ if name.starts_with(tables::OFFSETS.as_bytes()) => {
                    self.look_at::<Offset>(name, row);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn look_at<R: Record>(&self, key: &[u8], row: &[u8]) {
        drop(self.met.read::<R>(key, row));
    }
}

/// Makes the file what today's schema asks for; costs nothing when it already is.
pub(super) fn prepare(
    db: &Database,
    findings: &Findings,
    schema: Schema,
) -> Result<(), StoreError> {
    let (migrations, unreadable): (&[Migration], &[Unreadable]) = match findings {
        Findings::New | Findings::Foreign => (&[], &[]),
        Findings::Other(from) => {
            let done = usize::try_from(from.saturating_sub(1)).unwrap_or(usize::MAX);
            (schema.0.get(done..).unwrap_or_default(), &[])
        }
        Findings::Current {
            incomplete,
            unreadable,
        } => {
            if !incomplete && unreadable.is_empty() {
                return Ok(());
            }
            (&[], unreadable)
        }
    };
    let txn = db.begin_write()?;
    for migrate in migrations {
        migrate(&txn)?;
    }
    create_tables(&txn)?;
    for row in unreadable {
        row.set_aside(&txn)?;
    }
    let mut meta = txn.open_table(tables::META)?;
    let version = schema.version().to_le_bytes();
    meta.insert(tables::SCHEMA, version.as_slice())?;
    if meta.get(tables::SECRET)?.is_none() {
        meta.insert(tables::SECRET, new_secret()?.as_slice())?;
    }
    drop(meta);
    txn.commit()?;
    match findings {
        // What was migrated is looked through like any other file.
        Findings::Other(_) => prepare(db, &inspect(db, schema)?, schema),
        Findings::New | Findings::Foreign | Findings::Current { .. } => Ok(()),
    }
}

fn create_tables(txn: &WriteTransaction) -> Result<(), StoreError> {
    txn.open_table(tables::META)?;
    txn.open_table(tables::INBOX)?;
    txn.open_table(tables::SEEN)?;
    txn.open_table(tables::OUTBOX)?;
    txn.open_table(tables::HISTORY)?;
    txn.open_table(tables::BY_TOPIC)?;
    txn.open_table(tables::BY_MESSAGE)?;
    txn.open_table(tables::PERSONS)?;
    txn.open_table(tables::SESSIONS)?;
    txn.open_table(tables::AUDIT)?;
    txn.open_table(tables::KEY_LEDGER)?;
    txn.open_table(tables::KEY_STATE)?;
    txn.open_table(tables::JOBS)?;
    txn.open_table(tables::STATS)?;
    txn.open_table(tables::FAIR_SHARES)?;
    txn.open_table(tables::LOOKED_AT)?;
    txn.open_table(tables::SET_ASIDE)?;
    Ok(())
}

fn new_secret() -> Result<[u8; SECRET_BYTES], StoreError> {
    let mut secret = [0; SECRET_BYTES];
    ring::rand::SystemRandom::new()
        .fill(&mut secret)
        .map_err(|error| StoreError::Io(std::io::Error::other(error.to_string())))?;
    Ok(secret)
}

/// The secret under which keys are hashed.
pub(super) fn secret(db: &Database) -> Result<Vec<u8>, StoreError> {
    sound_secret(&db.begin_read()?)
}

fn sound_secret(read: &ReadTransaction) -> Result<Vec<u8>, StoreError> {
    match read.open_table(tables::META)?.get(tables::SECRET)? {
        Some(secret) if secret.value().len() >= SECRET_BYTES => Ok(secret.value().to_vec()),
        _ => Err(StoreError::Damaged("meta: no secret".to_owned())),
    }
}
