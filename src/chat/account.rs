//! Whose account a message hands on, for the commands that are about somebody. Pure.

use super::{OtherNames, UserId};

/// Somebody whom a message shows without naming them: by a forwarded message of theirs, by their
/// contact, or by a reply to what they wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shown {
    Account(Account),
    /// Telegram does not tell whose account it is: its owner hides it in forwards, or a contact has
    /// none.
    Hidden,
}

/// Whose a forward is, as far as Telegram tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    User(UserId),
    Hidden,
}

/// What Telegram tells of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) id: UserId,
    /// First name, or the title of a chat that speaks.
    pub(crate) name: String,
    pub(crate) other_names: OtherNames,
}
