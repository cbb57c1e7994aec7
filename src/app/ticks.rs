//! What happens by the clock, not because of a message.

pub(crate) mod alerts;
pub(crate) mod broadcast;
mod grants;
pub(crate) mod reminders;
pub(crate) mod retest;
pub(crate) mod upkeep;
