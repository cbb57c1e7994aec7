//! Buttons that carry commands. Invariant: one that the bot did not make for its presser does nothing.

use super::Engine;
use crate::chat::callback::CommandCallback;
use crate::chat::reminder::Reminder;
use crate::chat::{Button, UserId};

impl Engine {
    /// A button that carries out `/name arguments` when this person presses it; the line has at most
    /// [`CommandCallback::LONGEST_LINE`] bytes.
    pub(crate) fn command_button(
        &self,
        person: UserId,
        label: impl Into<String>,
        line: String,
    ) -> Button {
        debug_assert!(line.len() <= CommandCallback::LONGEST_LINE, "{line}");
        let tag = self.command_tag(person, &line);
        Button::callback(label, CommandCallback { tag, line }.data())
    }

    /// A button that takes a reminder back.
    pub(crate) fn reminder_button(&self, reminder: &Reminder, label: impl Into<String>) -> Button {
        let line = format!("/remind cancel {}", reminder.at.0 / 1000);
        self.command_button(reminder.person, label, line)
    }

    /// Whether the bot made this button, and for this person.
    pub(crate) fn is_for(&self, person: UserId, asked: &CommandCallback) -> bool {
        self.command_tag(person, &asked.line) == asked.tag
    }

    /// Nobody without the secret of the data file finds the tag of another line or person; whoever
    /// tries one of 2^32 is asked for their rights all the same.
    fn command_tag(&self, person: UserId, line: &str) -> String {
        let of = self.store.fingerprint(&format!("button {person} {line}"));
        let [a, b, c, d, ..] = of;
        format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
    }
}
