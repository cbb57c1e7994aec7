//! A setting as one source writes it, before it is known which source wins. Pure.

use super::mistake::Origin;

/// One line of a source: name in capitals, value, place.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) origin: Origin,
}
