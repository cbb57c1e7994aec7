//! What an operator sees of the running bot: its status, and the socket that tells it.

pub(crate) mod control;
pub(crate) mod status;
