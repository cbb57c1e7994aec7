//! Who has a VIP seat, and who is kept off one, as `sessions` keeps them.

use serde::{Deserialize, Serialize};

use super::Record;
use crate::chat::UserId;
use crate::clock::Timestamp;
use crate::people::seats::Session;
use crate::store::StoreError;
use crate::store::key;

impl Record for Session {
    const TABLE: &'static str = "sessions";

    type Shape<'n> = SessionRow;
    type Key = UserId;

    fn key(bytes: &[u8]) -> Result<UserId, StoreError> {
        key::session(bytes)
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) enum SessionRow {
    Seated { since: u64, active: u64 },
    KeptOff { since: u64 },
}

impl From<&Session> for SessionRow {
    fn from(noun: &Session) -> Self {
        match *noun {
            Session::Seated { since, active } => Self::Seated {
                since: since.0,
                active: active.0,
            },
            Session::KeptOff { since } => Self::KeptOff { since: since.0 },
        }
    }
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        match row {
            SessionRow::Seated { since, active } => Self::Seated {
                since: Timestamp(since),
                active: Timestamp(active),
            },
            SessionRow::KeptOff { since } => Self::KeptOff {
                since: Timestamp(since),
            },
        }
    }
}
