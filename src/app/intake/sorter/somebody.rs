//! Owners who mean somebody without naming them: by a reply, a forward, or a contact. What is given is
//! as if they had typed the id. A text is meant by a reply alike.

use super::Sorter;
use crate::app::commands;
use crate::chat::command::Command;
use crate::chat::{Account, Author, ChatId, ChatKind, Content, Inbound, Notice, Role, Shown, Task};
use crate::people::gate::Admission;
use crate::people::person::Person;
use crate::store::StoreError;

impl Sorter<'_> {
    /// The same admission, with whom an Owner means put into it.
    pub(super) async fn about_somebody(
        &mut self,
        inbound: &Inbound,
        admission: Admission,
    ) -> Result<Admission, StoreError> {
        let Some(shown) = &inbound.shown else {
            return Ok(admission);
        };
        let task = match admission {
            Admission::Serve {
                role: Role::Owner,
                task: Task::Command(command),
            } if commands::takes_somebody(&command) => {
                self.named(command, shown, inbound.chat).await?
            }
            Admission::Serve {
                role: Role::Owner,
                task: task @ Task::Question { .. },
            } if is_private_forward(inbound) => self.with_account(task, inbound, shown).await?,
            // An Owner who sends a contact wants to see who that is.
            Admission::Serve {
                role: Role::Owner,
                task: Task::Question { .. },
            } if is_private_contact(inbound) => {
                let command = Command {
                    name: "users".to_owned(),
                    arguments: String::new(),
                };
                self.named(command, shown, inbound.chat).await?
            }
            Admission::Serve { .. } | Admission::Tell(_) | Admission::Ignore(_) => {
                return Ok(admission);
            }
        };
        let role = Role::Owner;
        Ok(match task {
            Task::Tell(notice) => Admission::Tell(notice),
            Task::Command(_) | Task::Question { .. } => Admission::Serve { role, task },
        })
    }

    /// The command, with whoever is shown before its arguments.
    async fn named(
        &mut self,
        command: Command,
        shown: &Shown,
        chat: ChatId,
    ) -> Result<Task, StoreError> {
        let Shown::Account(account) = shown else {
            return Ok(Task::Tell(Notice::HiddenAccount));
        };
        self.acquaint(account, chat).await?;
        let arguments = format!("{} {}", account.id, command.arguments);
        Ok(Task::Command(Command {
            arguments: arguments.trim().to_owned(),
            ..command
        }))
    }

    /// A forward that may turn out to be all that is sent: then it is about whoever wrote it. An Owner's
    /// own words, and those of the bot, are about nobody.
    async fn with_account(
        &mut self,
        task: Task,
        inbound: &Inbound,
        shown: &Shown,
    ) -> Result<Task, StoreError> {
        Ok(match shown {
            Shown::Hidden => task.with_account(None),
            Shown::Account(account) if account.id == inbound.sender.id => task,
            Shown::Account(account) => {
                self.acquaint(account, inbound.chat).await?;
                task.with_account(Some(account.id))
            }
        })
    }

    /// Keeps what Telegram tells of somebody whom the registry does not have; in a group, a chat that is
    /// not the group itself is a channel.
    async fn acquaint(&mut self, account: &Account, chat: ChatId) -> Result<(), StoreError> {
        self.load_row(account.id).await?;
        let now = self.now;
        if let Some(row) = self.rows.get_mut(&account.id)
            && row.person.is_none()
        {
            row.is_changed = true;
            row.person = Some(Person {
                name: account.name.clone(),
                other_names: account.other_names.clone(),
                is_channel: account.id.0 < 0 && account.id.0 != chat.0,
                ..Person::unseen(now)
            });
        }
        Ok(())
    }
}

/// Someone's contact, in private.
fn is_private_contact(inbound: &Inbound) -> bool {
    let is_contact = matches!(
        &inbound.content,
        Content::Media { attachment, .. } if attachment.kind == "contact"
    );
    is_contact && inbound.kind == ChatKind::Private
}

/// The same admission, with the text that a command wants as its sender has formatted it: its own, or that
/// of the message that is replied to.
pub(super) fn with_text(inbound: &Inbound, admission: Admission) -> Admission {
    match admission {
        Admission::Serve {
            role,
            task: Task::Command(command),
        } if commands::broadcast::takes_text(&command) => {
            let text = text_of(inbound, &command);
            let arguments = text.unwrap_or(command.arguments);
            let task = Task::Command(Command {
                arguments,
                ..command
            });
            Admission::Serve { role, task }
        }
        admission @ (Admission::Serve { .. } | Admission::Tell(_) | Admission::Ignore(_)) => {
            admission
        }
    }
}

fn text_of(inbound: &Inbound, command: &Command) -> Option<String> {
    if command.arguments.is_empty() {
        let quote = inbound.quote_markdown.as_ref().or(inbound.quote.as_ref());
        return quote.map(|text| text.trim().to_owned());
    }
    let formatted = inbound.markdown.as_deref().and_then(Command::parse);
    formatted.map(|formatted| formatted.arguments)
}

/// Somebody else's message, in private. An album is something to look at.
fn is_private_forward(inbound: &Inbound) -> bool {
    let is_forward = match inbound.author {
        Author::Forwarded { .. } => true,
        Author::Sender | Author::InlineBot => false,
    };
    is_forward && inbound.kind == ChatKind::Private && inbound.album.is_none()
}
