//! What a command is made of: what calls it, who may give it, what it does, and what it says.

use std::pin::Pin;
use std::sync::Arc;

use crate::app::Ctx;
use crate::app::ending::Request;
use crate::app::engine::Engine;
use crate::app::scheduler::Cancelled;
use crate::chat::command::{Command, Place, Rights, Who};
use crate::chat::rich::{Entity, Rich};
use crate::chat::{Button, Lane, MessageId, Role, UserId};
use crate::clock;
use crate::locale::Locale;
use crate::outgoing::Head;
use crate::people::audit::{Audited, Deed};
use crate::store::{StoreError, Write};

/// One command. What `/help` and a menu tell of it is in the locale files, under its name
/// ([`Locale::command_help`]); where the menu has it follows from its rights.
pub(super) struct Entry {
    /// Lower case; the first is its name, the others are aliases.
    pub(super) names: &'static [&'static str],
    pub(super) rights: Rights,
    /// How it ends what its lane waits for and runs; `None`: it leaves that alone.
    pub(super) ends: Option<Request>,
    pub(super) run: for<'a> fn(Given<'a>) -> Running<'a>,
}

impl Entry {
    pub(super) fn name(&self) -> &'static str {
        self.names.first().copied().unwrap_or_default()
    }
}

/// For everybody, everywhere.
pub(super) const EVERYBODY: Rights = Rights {
    who: Who::Everybody,
    places: &[Place::Private, Place::Group, Place::Terminal],
};
/// For everybody, in chats only: the terminal greets with a help text of its own.
pub(super) const EVERYBODY_IN_CHATS: Rights = Rights {
    who: Who::Everybody,
    places: &[Place::Private, Place::Group],
};
/// For everybody, about themselves and so in private only.
pub(super) const EVERYBODY_IN_PRIVATE: Rights = Rights {
    who: Who::Everybody,
    places: &[Place::Private],
};
/// For the Owner in private: it is about people, whom the terminal has none of.
pub(super) const OWNER: Rights = Rights {
    who: Who::Owner,
    places: &[Place::Private],
};
/// For the Owner, in private and at the terminal.
pub(super) const OWNER_AND_TERMINAL: Rights = Rights {
    who: Who::Owner,
    places: &[Place::Private, Place::Terminal],
};

/// A command that was given, and what it may use.
pub(super) struct Given<'a> {
    pub(super) command: &'a Command,
    pub(super) lane: Lane,
    /// In which it was typed.
    pub(super) message: Option<MessageId>,
    /// Of whoever gave it.
    pub(super) role: Role,
    pub(super) locale: &'static Locale,
    pub(super) engine: &'a Arc<Engine>,
    /// The running bot; none at the terminal.
    pub(super) bot: Option<&'a Ctx>,
    /// The message of ours whose button gave it; `None`: it was typed.
    pub(super) pressed: Option<MessageId>,
    /// What ended in its lane on account of it ([`Entry::ends`]).
    pub(super) cancelled: Cancelled,
    /// All the commands there are, in the order of `/help`.
    pub(super) all: &'static [&'static [Entry]],
}

impl Given<'_> {
    /// The entry of the audit for what this command does now; the terminal is nobody's (0).
    pub(super) fn does(&self, deed: Deed, whom: Option<UserId>) -> Audited {
        Audited {
            at: clock::now(),
            by: self.lane.person().unwrap_or(UserId(0)),
            deed,
            whom,
        }
    }

    /// Whether an Owner gave it where nobody else reads the reply.
    pub(super) fn is_owner_in_private(&self) -> bool {
        let is_private = match self.lane {
            Lane::Terminal => true,
            Lane::Telegram { chat, person, .. } => chat.0 == person.0,
        };
        self.role == Role::Owner && is_private
    }

    /// A button that carries out this line when whoever gave the command presses it; none at the
    /// terminal.
    pub(super) fn button(
        &self,
        label: impl Into<String>,
        line: impl Into<String>,
    ) -> Option<Button> {
        let (person, line) = (self.lane.person()?, line.into());
        Some(self.engine.command_button(person, label, line))
    }
}

/// A command that is being carried out.
pub(super) type Running<'a> = Pin<Box<dyn Future<Output = Reply> + Send + 'a>>;

/// What a command changes, within the transaction that ends its job; gives back the rows it put
/// into the outbox. It is called again where a transaction failed.
pub(super) type Effect = Arc<dyn Fn(&mut Write<'_>) -> Result<Vec<Head>, StoreError> + Send + Sync>;

/// What is said, with which buttons, and what changes in the same transaction.
pub(super) struct Reply {
    pub(super) text: String,
    /// How the text looks.
    pub(super) entities: Vec<Entity>,
    pub(super) buttons: Vec<Button>,
    pub(super) effect: Option<Effect>,
    /// Whose questions end with it, waiting and running: a person's, or all of a group.
    pub(super) discards: Option<UserId>,
}

impl Reply {
    pub(super) fn say(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            entities: Vec::new(),
            buttons: Vec::new(),
            effect: None,
            discards: None,
        }
    }

    /// A text that is formatted.
    pub(super) fn show(body: Rich) -> Self {
        Self {
            entities: body.entities,
            ..Self::say(body.text)
        }
    }

    /// Under the last message of the reply.
    pub(super) fn with_buttons(self, buttons: impl IntoIterator<Item = Button>) -> Self {
        let buttons = buttons.into_iter().collect();
        Self { buttons, ..self }
    }

    pub(super) fn with_effect(
        self,
        effect: impl Fn(&mut Write<'_>) -> Result<Vec<Head>, StoreError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            effect: Some(Arc::new(effect)),
            ..self
        }
    }

    /// Once it is stored, nothing that this person, or anybody in this group, asked is answered.
    pub(super) fn discarding(self, whose: UserId) -> Self {
        Self {
            discards: Some(whose),
            ..self
        }
    }

    /// The same, which changes more in the same transaction, and before it.
    pub(super) fn and_before(
        self,
        more: impl Fn(&mut Write<'_>) -> Result<Vec<Head>, StoreError> + Send + Sync + 'static,
    ) -> Self {
        let effect = self.effect.clone();
        self.with_effect(move |store| {
            let mut heads = more(store)?;
            if let Some(effect) = &effect {
                heads.extend(effect(store)?);
            }
            Ok(heads)
        })
    }

    /// The same, with an entry in the audit; what changes is changed by the same transaction.
    pub(super) fn audited(self, entry: Audited) -> Self {
        self.and_before(move |store| {
            store.audit(&entry)?;
            Ok(Vec::new())
        })
    }

    /// As a command that has nothing to wait for.
    pub(super) fn at_once<'a>(self) -> Running<'a> {
        Box::pin(std::future::ready(self))
    }
}
