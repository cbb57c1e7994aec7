//! A text of an Owner to many people, from its preview to its report: a row of the table `jobs`. Pure.
//!
//! Invariant: whoever stands up to the cursor has got their row of the outbox, and nobody behind it.

use super::{MessageId, OutboxId, Role, UserId};

/// A text to many people, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broadcast {
    /// Who sends it; gets none of it but the preview and the report.
    pub(crate) owner: UserId,
    /// The Owner's message that shows the preview and then how it goes; known once it is sent off.
    pub(crate) message: Option<MessageId>,
    /// Markdown, as the Owner wrote it.
    pub(crate) text: String,
    pub(crate) to: Audience,
    pub(crate) stage: Stage,
    /// How many people it was for when it was sent off.
    pub(crate) people: u64,
    /// The last person of the registry, in the order of their ids, that was looked at.
    pub(crate) cursor: UserId,
    /// People who got a row of the outbox.
    pub(crate) put: u64,
    /// Of these, people to whom Telegram has delivered it.
    pub(crate) delivered: u64,
    /// Of these, people who do not let the bot write to them any more.
    pub(crate) blocked: u64,
    /// The row that changes the Owner's message, until it is sent.
    pub(crate) progress: Option<OutboxId>,
}

/// Whom it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    Everybody,
    /// People with this role now.
    Role(Role),
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The Owner looks at it.
    Preview,
    Sending,
    /// The Owner has stopped it.
    Stopped,
    Done,
}

impl Broadcast {
    /// One that its Owner looks at first.
    pub(crate) const fn new(owner: UserId, text: String) -> Self {
        Self {
            owner,
            message: None,
            text,
            to: Audience::Everybody,
            stage: Stage::Preview,
            people: 0,
            cursor: UserId(0),
            put: 0,
            delivered: 0,
            blocked: 0,
            progress: None,
        }
    }

    /// Whether it is for somebody of this role.
    pub(crate) fn is_for(&self, person: UserId, role: Role) -> bool {
        let is_meant = match self.to {
            Audience::Everybody => true,
            Audience::Role(meant) => meant == role,
        };
        is_meant && person != self.owner
    }

    /// People who got a row of which nothing is known any more, once none of them is left.
    pub(crate) const fn lost(&self) -> u64 {
        self.put
            .saturating_sub(self.delivered)
            .saturating_sub(self.blocked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_for_those_of_its_role_and_never_for_whoever_sends_it() {
        let everybody = Broadcast::new(UserId(1), String::new());
        let vips = Broadcast {
            to: Audience::Role(Role::Vip),
            ..everybody.clone()
        };
        for role in Role::ALL {
            assert!(everybody.is_for(UserId(2), role));
            assert_eq!(vips.is_for(UserId(2), role), role == Role::Vip);
            assert!(!everybody.is_for(UserId(1), role) && !vips.is_for(UserId(1), role));
        }
    }
}
