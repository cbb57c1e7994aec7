//! To be written.

pub(crate) mod body;
mod stream;
mod wire;
