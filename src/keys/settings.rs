//! What the owner configures: the keys with their groups, and the numbers of the policy (design §4,
//! `KEY_*`). Pure values; a key's text is not among them.

use std::time::Duration;

use serde::Deserialize;

/// The four key groups of design §4; a key outside all of them serves every role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub(crate) enum Group {
    A,
    B,
    C,
    D,
}

/// The owner's numbers (design §4, `KEY_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Policy {
    /// `KEY_RPM` when it is set: taken as it stands. Unset: 10 or the catalogue's number, whichever
    /// is lower.
    pub(crate) rpm: Option<u32>,
    /// `KEY_DAILY_PERCENT` of the model's daily limit; above 100: no daily cap of our own.
    pub(crate) daily_percent: u32,
    /// `KEY_COOLDOWN_SECS`.
    pub(crate) cooldown: Duration,
    /// `KEY_MAX_ERRORS`: strikes in a row until a key is blacklisted.
    pub(crate) max_errors: u32,
    /// `KEY_BLACKLIST_SECS`: the first blacklisting; each further one doubles it.
    pub(crate) blacklist: Duration,
    /// `PAID_DAILY_USD` in millionths of a dollar.
    pub(crate) paid_daily: u64,
}

/// One configured key in one of its groups, without its text. One that stands in several groups
/// comes once for each, and is still one key with one ledger.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeySpec {
    pub(crate) fingerprint: Fingerprint,
    /// Whose quota it spends: its `@project`, or its own fingerprint.
    pub(crate) project: Fingerprint,
    /// None: serves every role.
    pub(crate) group: Option<Group>,
    /// Marked `:paid`.
    pub(crate) paid: bool,
    /// What people see of it, e.g. `A3 …f9Qk`.
    pub(crate) label: String,
}

/// A keyed hash of a key or of a project's name; what is stored and logged instead of it.
pub(crate) type Fingerprint = [u8; 16];
