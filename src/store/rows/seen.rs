//! What became of updates and messages, as `seen` keeps it.

use serde::{Deserialize, Serialize};

use super::{Record, plain};
use crate::clock::Timestamp;
use crate::store::{Disposition, StoreError};

/// When an update was first seen, or a message taken, and what became of it.
pub(in crate::store) struct Seen(
    pub(in crate::store) Timestamp,
    pub(in crate::store) Disposition,
);

impl Record for Seen {
    const TABLE: &'static str = "seen";

    type Shape<'n> = SeenRow;
    type Key = ();

    /// Two kinds of keys stand here, and nobody reads them.
    fn key(_bytes: &[u8]) -> Result<(), StoreError> {
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct SeenRow(u64, DispositionRow);

plain! { DispositionRow is Disposition { Accepted, Skipped, Dropped } }

impl From<&Seen> for SeenRow {
    fn from(noun: &Seen) -> Self {
        Self(noun.0.0, noun.1.into())
    }
}

impl From<SeenRow> for Seen {
    fn from(row: SeenRow) -> Self {
        Self(Timestamp(row.0), row.1.into())
    }
}
