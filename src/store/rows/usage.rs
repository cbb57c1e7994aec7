//! What each person used on one day, as `stats` keeps it, of a group's keys, as `fair_shares` does, and
//! of their files, as `looked_at` does.

use serde::{Deserialize, Serialize};

use super::Record;
use crate::chat::UserId;
use crate::clock::Timestamp;
use crate::people::fair_share::Had;
use crate::people::media::LookedAt;
use crate::people::usage::{DayOf, Usage};
use crate::store::StoreError;
use crate::store::key;

impl Record for DayOf {
    const TABLE: &'static str = "stats";

    type Shape<'n> = DayOfRow;
    type Key = (i32, UserId);

    fn key(bytes: &[u8]) -> Result<Self::Key, StoreError> {
        key::day_of(bytes)
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct DayOfRow {
    messages: u32,
    lite: u32,
    flash: u32,
    pro: u32,
    searches: u32,
    recent: Vec<u64>,
}

impl From<&DayOf> for DayOfRow {
    fn from(noun: &DayOf) -> Self {
        let Usage {
            messages,
            lite,
            flash,
            pro,
            searches,
        } = noun.usage;
        Self {
            messages,
            lite,
            flash,
            pro,
            searches,
            recent: noun.recent.iter().map(|at| at.0).collect(),
        }
    }
}

impl From<DayOfRow> for DayOf {
    fn from(row: DayOfRow) -> Self {
        let DayOfRow {
            messages,
            lite,
            flash,
            pro,
            searches,
            recent,
        } = row;
        Self {
            usage: Usage {
                messages,
                lite,
                flash,
                pro,
                searches,
            },
            recent: recent.into_iter().map(Timestamp).collect(),
        }
    }
}

impl Record for Had {
    const TABLE: &'static str = "fair_shares";

    type Shape<'n> = HadRow;
    type Key = ();

    /// Rows are found by their keys, and nobody reads those.
    fn key(_bytes: &[u8]) -> Result<(), StoreError> {
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct HadRow {
    answers: u32,
    people: u32,
}

impl From<&Had> for HadRow {
    fn from(noun: &Had) -> Self {
        Self {
            answers: noun.answers,
            people: noun.people,
        }
    }
}

impl From<HadRow> for Had {
    fn from(row: HadRow) -> Self {
        Self {
            answers: row.answers,
            people: row.people,
        }
    }
}

impl Record for LookedAt {
    const TABLE: &'static str = "looked_at";

    type Shape<'n> = LookedAtRow;
    type Key = ();

    /// Rows are found by their keys, and nobody reads those.
    fn key(_bytes: &[u8]) -> Result<(), StoreError> {
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct LookedAtRow {
    files: u32,
    bytes: u64,
}

impl From<&LookedAt> for LookedAtRow {
    fn from(noun: &LookedAt) -> Self {
        Self {
            files: noun.files,
            bytes: noun.bytes,
        }
    }
}

impl From<LookedAtRow> for LookedAt {
    fn from(row: LookedAtRow) -> Self {
        Self {
            files: row.files,
            bytes: row.bytes,
        }
    }
}
