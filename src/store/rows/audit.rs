//! What the Owners did, as `audit` keeps it.

use serde::{Deserialize, Serialize};

use super::Record;
use super::people::GrantRow;
use crate::chat::UserId;
use crate::clock::Timestamp;
use crate::people::audit::{Audited, Deed};
use crate::store::StoreError;
use crate::store::key;

impl Record for Audited {
    const TABLE: &'static str = "audit";

    type Shape<'n> = AuditedRow;
    type Key = u64;

    fn key(bytes: &[u8]) -> Result<u64, StoreError> {
        key::number(Self::TABLE, bytes)
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct AuditedRow {
    at: u64,
    by: i64,
    deed: DeedRow,
    whom: Option<i64>,
}

#[derive(Serialize, Deserialize)]
enum DeedRow {
    Granted(GrantRow),
    Revoked,
    Banned,
    Unbanned,
    Kicked,
    Denied,
    Left,
    Claimed,
    Broadcast { people: u32 },
    StoppedBroadcast,
    AlertsOn,
    AlertsOff,
    RetestedKeys,
    SharedPersona,
    RemovedPersona,
}

impl From<&Audited> for AuditedRow {
    fn from(noun: &Audited) -> Self {
        Self {
            at: noun.at.0,
            by: noun.by.0,
            deed: noun.deed.into(),
            whom: noun.whom.map(|whom| whom.0),
        }
    }
}

impl From<AuditedRow> for Audited {
    fn from(row: AuditedRow) -> Self {
        Self {
            at: Timestamp(row.at),
            by: UserId(row.by),
            deed: row.deed.into(),
            whom: row.whom.map(UserId),
        }
    }
}

impl From<Deed> for DeedRow {
    fn from(noun: Deed) -> Self {
        match noun {
            Deed::Granted(grant) => Self::Granted(grant.into()),
            Deed::Revoked => Self::Revoked,
            Deed::Banned => Self::Banned,
            Deed::Unbanned => Self::Unbanned,
            Deed::Kicked => Self::Kicked,
            Deed::Denied => Self::Denied,
            Deed::Left => Self::Left,
            Deed::Claimed => Self::Claimed,
            Deed::Broadcast { people } => Self::Broadcast { people },
            Deed::StoppedBroadcast => Self::StoppedBroadcast,
            Deed::AlertsOn => Self::AlertsOn,
            Deed::AlertsOff => Self::AlertsOff,
            Deed::RetestedKeys => Self::RetestedKeys,
            Deed::SharedPersona => Self::SharedPersona,
            Deed::RemovedPersona => Self::RemovedPersona,
        }
    }
}

impl From<DeedRow> for Deed {
    fn from(row: DeedRow) -> Self {
        match row {
            DeedRow::Granted(grant) => Self::Granted(grant.into()),
            DeedRow::Revoked => Self::Revoked,
            DeedRow::Banned => Self::Banned,
            DeedRow::Unbanned => Self::Unbanned,
            DeedRow::Kicked => Self::Kicked,
            DeedRow::Denied => Self::Denied,
            DeedRow::Left => Self::Left,
            DeedRow::Claimed => Self::Claimed,
            DeedRow::Broadcast { people } => Self::Broadcast { people },
            DeedRow::StoppedBroadcast => Self::StoppedBroadcast,
            DeedRow::AlertsOn => Self::AlertsOn,
            DeedRow::AlertsOff => Self::AlertsOff,
            DeedRow::RetestedKeys => Self::RetestedKeys,
            DeedRow::SharedPersona => Self::SharedPersona,
            DeedRow::RemovedPersona => Self::RemovedPersona,
        }
    }
}
