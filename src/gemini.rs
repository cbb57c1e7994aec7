//! To be written.

pub(crate) mod body;
mod wire;
