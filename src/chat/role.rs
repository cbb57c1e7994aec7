//! Who a person is to the bot, and what that gives them (design §3). Pure.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// The five roles, highest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    Owner,
    Vip,
    Premium,
    Normal,
    Guest,
}

/// A role somebody was given, until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) role: Role,
    pub(crate) until: Option<Timestamp>,
}

/// What the registry keeps of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) language: Option<String>,
    pub(crate) grant: Option<Grant>,
    pub(crate) first_seen: Timestamp,
    pub(crate) last_seen: Timestamp,
    /// A stranger who has been told once that the Owner must approve.
    pub(crate) told: bool,
    /// False after Telegram said that we may not write to them.
    pub(crate) reachable: bool,
}
