//! What happens by the clock, beside the messages.

pub(crate) mod alerts;
pub(crate) mod retest;
pub(crate) mod upkeep;
