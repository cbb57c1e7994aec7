//! Rows that cannot be read: of a version that this program does not know, or scribbled. Such a row
//! counts as absent and never stops anybody; the writer moves it into `set_aside`, with its table, key
//! and bytes, where it is counted and can be looked at. Owns what one transaction has met. Invariant:
//! nothing that cannot be read is overwritten before it is kept.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;
use redb::{ReadableTable, WriteTransaction};

use super::StoreError;
use super::key::{self, Key};
use super::rows::Record;
use super::tables::{self, Rows};
use crate::clock;

/// A row that was met and could not be read.
pub(super) struct Unreadable {
    table: &'static str,
    key: Key,
    set_aside: fn(&WriteTransaction, &[u8]) -> Result<(), StoreError>,
}

impl Unreadable {
    /// Moves it into `set_aside`, unless it is gone or was replaced since.
    pub(super) fn set_aside(&self, txn: &WriteTransaction) -> Result<(), StoreError> {
        (self.set_aside)(txn, &self.key)
    }
}

/// The rows that one transaction has met and could not read.
#[derive(Default)]
pub(super) struct Met(RefCell<Vec<Unreadable>>);

impl Met {
    /// The row of `key`; none where it cannot be read.
    pub(super) fn row<R: Record>(
        &self,
        table: &impl ReadableTable<&'static [u8], &'static [u8]>,
        key: &[u8],
    ) -> Result<Option<R>, StoreError> {
        let Some(bytes) = table.get(key)? else {
            return Ok(None);
        };
        Ok(self.read(key, bytes.value()).map(|(_, record)| record))
    }

    /// What a row among others says; none where it cannot be read.
    pub(super) fn read<R: Record>(&self, key: &[u8], bytes: &[u8]) -> Option<(R::Key, R)> {
        let read = tables::read::<R>(key, bytes);
        if read.is_err() {
            self.0.borrow_mut().push(Unreadable {
                table: R::TABLE,
                key: key.into(),
                set_aside: set_aside::<R>,
            });
        }
        read.ok()
    }

    /// Hands them over, and forgets them.
    pub(super) fn take(&self) -> Vec<Unreadable> {
        self.0.take()
    }
}

/// The rows that readers have met and that wait for the writer to set them aside: who meets one of them
/// again does not queue it again.
#[derive(Clone, Default)]
pub(super) struct Queued(Arc<Mutex<BTreeSet<Key>>>);

/// Rows of [`Queued`]; with its end they may be queued again.
pub(super) struct Batch {
    rows: Vec<Unreadable>,
    queued: Queued,
}

impl Queued {
    /// Takes in those of the rows that are not there yet; none where all are.
    pub(super) fn add(&self, mut rows: Vec<Unreadable>) -> Option<Batch> {
        let mut queued = self.0.lock();
        rows.retain(|row| queued.insert(Key::set_aside(row.table, &row.key)));
        (!rows.is_empty()).then(|| Batch {
            rows,
            queued: self.clone(),
        })
    }
}

impl Batch {
    pub(super) fn rows(&self) -> &[Unreadable] {
        &self.rows
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        let mut queued = self.queued.0.lock();
        for row in &self.rows {
            queued.remove(&Key::set_aside(row.table, &row.key));
        }
    }
}

fn set_aside<R: Record>(txn: &WriteTransaction, key: &[u8]) -> Result<(), StoreError> {
    let mut table = txn.open_table(tables::of::<R>())?;
    let Some(bytes) = table.get(key)? else {
        return Ok(());
    };
    let Err(error) = tables::read::<R>(key, bytes.value()) else {
        return Ok(());
    };
    keep::<R>(txn, key, bytes.value(), &error)?;
    drop(bytes);
    table.remove(key)?;
    if let (Some(instead), Ok(_)) = (R::instead(clock::now()), R::key(key)) {
        table.insert(key, tables::encoded(&instead)?.as_slice())?;
    }
    Ok(())
}

/// Keeps the bytes of a row that cannot be read.
pub(super) fn keep<R: Record>(
    txn: &WriteTransaction,
    key: &[u8],
    bytes: &[u8],
    error: &StoreError,
) -> Result<(), StoreError> {
    let mut aside = txn.open_table(tables::SET_ASIDE)?;
    put(&mut aside, Key::set_aside(R::TABLE, key), bytes)?;
    // No row has the number 0.
    let id = key::number(R::TABLE, key).unwrap_or(0);
    log::warn!(table = R::TABLE, id, err:% = error; "unreadable row set aside");
    Ok(())
}

/// Puts a row into `set_aside`. Others of the same table and key stay: a zero byte more tells them apart.
pub(super) fn put(aside: &mut Rows<'_>, mut place: Key, bytes: &[u8]) -> Result<(), StoreError> {
    while aside.get(&*place)?.is_some() {
        place = place.longer();
    }
    aside.insert(&*place, bytes)?;
    Ok(())
}
