//! To be written.

pub(crate) mod body;
mod finish;
mod quota;
pub(crate) mod shape;
mod stream;
pub(crate) mod verdict;
mod wire;
