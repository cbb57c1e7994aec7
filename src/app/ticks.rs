//! What happens by the clock, not because of a message.

pub(crate) mod alerts;
mod grants;
pub(crate) mod retest;
pub(crate) mod upkeep;
