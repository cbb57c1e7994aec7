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
use crate::store::codec::{self, CodecError};
use crate::store::key;

impl Record for DayOf {
    const TABLE: &'static str = "stats";
    const VERSION: u8 = 2;

    type Shape<'n> = DayOfRow;
    type Key = (i32, UserId);

    fn key(bytes: &[u8]) -> Result<Self::Key, StoreError> {
        key::day_of(bytes)
    }

    fn older(version: u8, body: &[u8]) -> Result<DayOfRow, CodecError> {
        match version {
            1 => Ok(codec::decode::<DayOfV1>(body)?.into()),
            _ => Err(CodecError::Version(version)),
        }
    }
}

/// Without searches.
#[derive(Serialize, Deserialize)]
struct DayOfV1 {
    messages: u32,
    lite: u32,
    flash: u32,
    pro: u32,
    recent: Vec<u64>,
}

impl From<DayOfV1> for DayOfRow {
    fn from(older: DayOfV1) -> Self {
        let DayOfV1 {
            messages,
            lite,
            flash,
            pro,
            recent,
        } = older;
        Self {
            messages,
            lite,
            flash,
            pro,
            searches: 0,
            recent,
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tables;

    #[test]
    fn a_day_on_which_nobody_searched_yet_is_read() {
        let older = DayOfV1 {
            messages: 9,
            lite: 4,
            flash: 3,
            pro: 2,
            recent: vec![7],
        };
        let bytes = codec::encode(1, &older).unwrap();
        let day = DayOf {
            usage: Usage {
                messages: 9,
                lite: 4,
                flash: 3,
                pro: 2,
                searches: 0,
            },
            recent: vec![Timestamp(7)],
        };
        assert_eq!(tables::decoded::<DayOf>(&bytes).unwrap(), day);
    }
}
