//! What an operator sees of the bot: its status, the way to own it, and the socket that tells both.

pub(crate) mod claim;
pub(crate) mod control;
pub(crate) mod status;
