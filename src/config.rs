//! To be written.

pub(crate) mod secret;
