//! What the Owners did, as the audit keeps it. Pure. Invariant: an entry tells who did what to whom and
//! when, and holds nothing that anybody wrote.

use super::person::Grant;
use crate::chat::UserId;
use crate::clock::Timestamp;

/// One thing that an Owner did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Audited {
    pub(crate) at: Timestamp,
    /// The Owner.
    pub(crate) by: UserId,
    pub(crate) deed: Deed,
    /// The person or group it was done to; none where it concerns nobody in particular.
    pub(crate) whom: Option<UserId>,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Granted(Grant),
    Revoked,
    Banned,
    Unbanned,
    /// Taken off a VIP seat.
    Kicked,
    /// Not let in.
    Denied,
    /// The bot left a group.
    Left,
    /// Became the first owner.
    Claimed,
    /// Began a broadcast to so many people.
    Broadcast {
        people: u32,
    },
    StoppedBroadcast,
    AlertsOn,
    AlertsOff,
    RetestedKeys,
    /// Offered everybody a persona.
    SharedPersona,
    RemovedPersona,
}
