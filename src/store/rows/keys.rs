//! Counters and health of keys, as `key_ledger` and `key_state` keep them, and the money spent.

use serde::{Deserialize, Serialize};

use super::{Record, meta, nouns, plain, shapes};
use crate::clock::Timestamp;
use crate::keys::{
    Breaker, Cause, Cooling, Death, Fingerprint, Health, Known, Learned, LearnedLimits, Ledger,
    Quota, Scope, Spend, pacific,
};
use crate::store::StoreError;
use crate::store::key;

/// Requests of a day whose count is lost: more than any daily limit in use. Without a daily cap
/// (`u32::MAX`) there is room for more, also when the counts of many keys are added up.
const LOST_DAY: u32 = 10_000_000;

/// Requests of a minute whose count is lost: more than any limit of the catalogue, and few enough to
/// keep. Where `KEY_RPM` allows more, that minute may be overdrawn.
const LOST_MINUTE: usize = 1_000;

impl Record for Ledger {
    const TABLE: &'static str = "key_ledger";

    type Shape<'n> = LedgerRow;
    type Key = (Fingerprint, String);

    fn key(bytes: &[u8]) -> Result<Self::Key, StoreError> {
        let (project, model) = key::ledger(bytes)?;
        Ok((project, model.to_owned()))
    }

    /// A count that is lost may have been anything: the day counts as spent and the minute as full
    /// (design §6, P4). Both are those of the clock when the row is set aside, for most at the opening:
    /// where it is wrong then, so are they.
    fn instead(now: Timestamp) -> Option<Self> {
        Some(Self {
            day: pacific::day_of(now).number,
            used: LOST_DAY,
            recent: vec![now; LOST_MINUTE],
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct LedgerRow {
    day: i32,
    used: u32,
    recent: Vec<u64>,
}

impl From<&Ledger> for LedgerRow {
    fn from(noun: &Ledger) -> Self {
        Self {
            day: noun.day,
            used: noun.used,
            recent: noun.recent.iter().map(|at| at.0).collect(),
        }
    }
}

impl From<LedgerRow> for Ledger {
    fn from(row: LedgerRow) -> Self {
        Self {
            day: row.day,
            used: row.used,
            recent: row.recent.into_iter().map(Timestamp).collect(),
        }
    }
}

impl Record for Spend {
    const TABLE: &'static str = meta::TABLE;

    type Shape<'n> = SpendRow;
    type Key = ();

    fn key(_name: &[u8]) -> Result<(), StoreError> {
        Ok(())
    }

    /// As with a ledger: all the money of the day counts as spent.
    fn instead(now: Timestamp) -> Option<Self> {
        Some(Self {
            day: pacific::day_of(now).number,
            micro_usd: u64::MAX,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct SpendRow {
    day: i32,
    micro_usd: u64,
}

impl From<&Spend> for SpendRow {
    fn from(noun: &Spend) -> Self {
        Self {
            day: noun.day,
            micro_usd: noun.micro_usd,
        }
    }
}

impl From<SpendRow> for Spend {
    fn from(row: SpendRow) -> Self {
        Self {
            day: row.day,
            micro_usd: row.micro_usd,
        }
    }
}

/// Of a scope whose health is lost nothing is known, as of a new one: what is wrong with it shows at
/// the next call.
impl Record for Health {
    const TABLE: &'static str = "key_state";

    type Shape<'n> = HealthRow;
    type Key = Scope;

    fn key(bytes: &[u8]) -> Result<Scope, StoreError> {
        key::scope(bytes)
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct HealthRow {
    dead: Option<(DeathRow, u64)>,
    rests_until: Option<u64>,
    rests_since: Option<u64>,
    cause: Option<CauseRow>,
    probe_at: Option<u64>,
    strikes: u32,
    trips: u32,
    died_together: bool,
    learned: Vec<KnownRow>,
}

plain! {
    DeathRow is Death {
        Invalid,
        WrongType,
        Leaked,
        Suspended,
        ProjectDenied,
        Restricted,
        Unlisted,
    }
}

#[derive(Serialize, Deserialize)]
enum CauseRow {
    Day { looks: u32 },
    Missing { at: Fingerprint, times: u32 },
    Endpoint { at: Fingerprint },
    SpendingCap,
}

#[derive(Serialize, Deserialize)]
struct KnownRow {
    learned: LearnedRow,
    at: u64,
    paid: bool,
}

#[derive(Serialize, Deserialize)]
struct LearnedRow {
    quota: QuotaRow,
    limit: u64,
}

plain! { QuotaRow is Quota { RequestsPerMinute, RequestsPerDay, TokensPerMinute, TokensPerDay } }

impl From<&Health> for HealthRow {
    fn from(noun: &Health) -> Self {
        let number = |moment: Option<Timestamp>| moment.map(|moment| moment.0);
        let Health {
            dead,
            cooling,
            breaker,
            died_together,
            learned,
        } = noun;
        Self {
            dead: dead.map(|(death, at)| (death.into(), at.0)),
            rests_until: number(cooling.until),
            rests_since: number(cooling.since),
            cause: cooling.cause.map(CauseRow::from),
            probe_at: number(cooling.probe_at),
            strikes: breaker.strikes,
            trips: breaker.trips,
            died_together: *died_together,
            learned: shapes(&learned.known),
        }
    }
}

impl From<HealthRow> for Health {
    fn from(row: HealthRow) -> Self {
        Self {
            dead: row.dead.map(|(death, at)| (death.into(), Timestamp(at))),
            cooling: Cooling {
                until: row.rests_until.map(Timestamp),
                since: row.rests_since.map(Timestamp),
                cause: row.cause.map(Cause::from),
                probe_at: row.probe_at.map(Timestamp),
            },
            breaker: Breaker {
                strikes: row.strikes,
                trips: row.trips,
            },
            died_together: row.died_together,
            learned: LearnedLimits {
                known: nouns(row.learned),
            },
        }
    }
}

impl From<Cause> for CauseRow {
    fn from(noun: Cause) -> Self {
        match noun {
            Cause::Day { looks } => Self::Day { looks },
            Cause::Missing { at, times } => Self::Missing { at, times },
            Cause::Endpoint { at } => Self::Endpoint { at },
            Cause::SpendingCap => Self::SpendingCap,
        }
    }
}

impl From<CauseRow> for Cause {
    fn from(row: CauseRow) -> Self {
        match row {
            CauseRow::Day { looks } => Self::Day { looks },
            CauseRow::Missing { at, times } => Self::Missing { at, times },
            CauseRow::Endpoint { at } => Self::Endpoint { at },
            CauseRow::SpendingCap => Self::SpendingCap,
        }
    }
}

impl From<&Known> for KnownRow {
    fn from(noun: &Known) -> Self {
        let Learned { quota, limit } = noun.learned;
        Self {
            learned: LearnedRow {
                quota: quota.into(),
                limit,
            },
            at: noun.at.0,
            paid: noun.paid,
        }
    }
}

impl From<KnownRow> for Known {
    fn from(row: KnownRow) -> Self {
        let LearnedRow { quota, limit } = row.learned;
        Self {
            learned: Learned {
                quota: quota.into(),
                limit,
            },
            at: Timestamp(row.at),
            paid: row.paid,
        }
    }
}
