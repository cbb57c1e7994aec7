//! The text of a message, and where in it accounts, persons and commands are named. Pure.
//!
//! Invariant: every mark lies on character boundaries of the text.

use std::ops::Range;

use serde_json::Value;

use crate::chat::UserId;
use crate::telegram::Me;
use crate::telegram::wire::{Entity, Message};

/// Text, caption or flattened rich message, with what is named in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct MessageText {
    pub(super) text: String,
    marks: Vec<Mark>,
}

#[derive(Debug, PartialEq, Eq)]
struct Mark {
    /// In bytes.
    range: Range<usize>,
    names: Named,
}

#[derive(Debug, PartialEq, Eq)]
enum Named {
    /// `@Name`, without `@`.
    Account(String),
    /// A name that links to a user.
    Person { id: UserId, is_bot: bool },
    /// `/command`, with the bot it names.
    Command(Option<String>),
}

/// Whom a text addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Address {
    /// It opens with a command that is ours, or anybody's.
    Command,
    /// It names us.
    Us,
    /// It names another bot and not us.
    AnotherBot,
    Nobody,
}

impl MessageText {
    /// What a person typed in this message; `None` when it carries no words at all.
    pub(super) fn of(message: &Message<'_>) -> Option<Self> {
        if let Some(text) = &message.text {
            return Some(Self::typed(text, message.entities.as_deref()));
        }
        if let Some(rich) = &message.rich_message {
            let mut words = Self::default();
            words.blocks(&rich.blocks);
            return Some(words);
        }
        let caption = message.caption.as_deref()?;
        Some(Self::typed(caption, message.caption_entities.as_deref()))
    }

    fn typed(text: &str, entities: Option<&[Entity]>) -> Self {
        let mark = |entity: &Entity| {
            let range = utf16_range(text, entity.offset, entity.length)?;
            let covered = text.get(range.clone())?;
            let names = match entity.kind.as_str() {
                "mention" => Named::Account(covered.strip_prefix('@')?.to_owned()),
                "text_mention" => {
                    let user = entity.user.as_ref()?;
                    let (id, is_bot) = (user.id, user.is_bot);
                    Named::Person { id, is_bot }
                }
                "bot_command" => Named::Command(bot_of(covered)),
                _ => return None,
            };
            Some(Mark { range, names })
        };
        let mut marks: Vec<_> = entities.into_iter().flatten().filter_map(mark).collect();
        marks.sort_by_key(|mark| mark.range.start);
        Self {
            text: text.to_owned(),
            marks,
        }
    }

    /// Decides by marks alone: what merely looks like a name is text.
    pub(super) fn address(&self, me: &Me) -> Address {
        let opening = self.marks.iter().find_map(|mark| match &mark.names {
            Named::Command(bot) if self.opens_with(mark) => Some(bot.as_deref()),
            Named::Command(_) | Named::Account(_) | Named::Person { .. } => None,
        });
        match opening {
            Some(None) => Address::Command,
            Some(Some(bot)) if is_name(me, bot) => Address::Command,
            _ if self.marks.iter().any(|mark| mark.names.is(me)) => Address::Us,
            _ if self.marks.iter().any(|mark| mark.names.is_a_bot()) => Address::AnotherBot,
            Some(Some(_)) | None => Address::Nobody,
        }
    }

    fn opens_with(&self, mark: &Mark) -> bool {
        let before = self.text.get(..mark.range.start);
        before.is_some_and(|before| before.trim().is_empty())
    }

    /// The text with our own name taken out, also from `/command@name`.
    pub(super) fn without(&self, me: &Me) -> String {
        let mut kept = String::new();
        let mut from = 0;
        for mark in self.marks.iter().filter(|mark| mark.names.is(me)) {
            let cut = self.cut(mark);
            let Some(before) = self.text.get(from..cut.start) else {
                continue;
            };
            kept.push_str(before);
            let after = self.text.get(cut.end..).unwrap_or_default();
            let rest = if kept.trim().is_empty() {
                after.trim_start_matches([' ', ',', ':'])
            } else if kept.ends_with(char::is_whitespace) {
                after.trim_start_matches(' ')
            } else {
                after
            };
            from = self.text.len() - rest.len();
        }
        kept.push_str(self.text.get(from..).unwrap_or_default());
        kept.trim().to_owned()
    }

    fn cut(&self, mark: &Mark) -> Range<usize> {
        let covered = self.text.get(mark.range.clone()).unwrap_or_default();
        let start = match mark.names {
            Named::Command(_) => covered.find('@').unwrap_or(covered.len()),
            Named::Account(_) | Named::Person { .. } => 0,
        };
        mark.range.start + start..mark.range.end
    }

    /// Flattens blocks to lines; what is not text (media, dividers, buttons) is left out.
    fn blocks(&mut self, blocks: &[Value]) {
        for block in blocks {
            for name in ["summary", "text", "expression"] {
                self.inline(field(block, name));
            }
            self.end_line();
            self.blocks(list(field(block, "blocks")));
            for item in list(field(block, "items")) {
                self.inline(field(item, "label"));
                self.text.push(' ');
                self.blocks(list(field(item, "blocks")));
                self.end_line();
            }
            for row in list(field(block, "cells")) {
                for cell in list(row) {
                    self.inline(cell);
                    self.text.push('\t');
                }
                self.end_line();
            }
            for name in ["caption", "credit"] {
                self.inline(field(block, name));
                self.end_line();
            }
        }
    }

    /// Rich text is a string, a list of rich texts, or an object around one.
    fn inline(&mut self, text: &Value) {
        match text {
            Value::String(text) => self.text.push_str(text),
            Value::Array(texts) => texts.iter().for_each(|text| self.inline(text)),
            Value::Object(_) => {
                let start = self.text.len();
                for name in ["text", "alternative_text", "expression"] {
                    self.inline(field(text, name));
                }
                self.mark(start, text);
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn mark(&mut self, start: usize, text: &Value) {
        let range = start..self.text.len();
        let names = match field(text, "type").as_str() {
            Some("mention") => field(text, "username")
                .as_str()
                .map(|name| Named::Account(name.trim_start_matches('@').to_owned())),
            Some("text_mention") => {
                let id = text.pointer("/user/id").and_then(Value::as_i64);
                let is_bot = text.pointer("/user/is_bot") == Some(&Value::Bool(true));
                id.map(UserId).map(|id| Named::Person { id, is_bot })
            }
            Some("bot_command") => self
                .text
                .get(range.clone())
                .map(|covered| Named::Command(bot_of(covered))),
            _ => None,
        };
        self.marks.extend(names.map(|names| Mark { range, names }));
    }

    fn end_line(&mut self) {
        let end = self.text.trim_end_matches([' ', '\t']).len();
        let marked = self.marks.last().map_or(0, |mark| mark.range.end);
        self.text.truncate(end.max(marked));
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }
}

impl Named {
    fn is(&self, me: &Me) -> bool {
        match self {
            Self::Account(name) | Self::Command(Some(name)) => is_name(me, name),
            Self::Person { id, .. } => *id == me.id,
            Self::Command(None) => false,
        }
    }

    /// Names of bots end with "bot" (Bot API, "How do I create a bot?").
    fn is_a_bot(&self) -> bool {
        match self {
            Self::Account(name) => {
                let end = name.len().saturating_sub(3);
                name.get(end..)
                    .is_some_and(|end| end.eq_ignore_ascii_case("bot"))
            }
            Self::Person { is_bot, .. } => *is_bot,
            Self::Command(bot) => bot.is_some(),
        }
    }
}

/// User names are ASCII and ignore case.
fn is_name(me: &Me, name: &str) -> bool {
    name.eq_ignore_ascii_case(&me.username)
}

fn bot_of(command: &str) -> Option<String> {
    let (_, bot) = command.split_once('@')?;
    Some(bot.to_owned())
}

fn field<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The bytes that an entity covers; `None` when it does not lie on characters of the text.
pub(super) fn utf16_range(text: &str, offset: usize, length: usize) -> Option<Range<usize>> {
    let end = offset.checked_add(length)?;
    let mut units = 0;
    let (mut from, mut to) = (None, None);
    for (at, char) in text.char_indices().chain([(text.len(), '\0')]) {
        if units == offset {
            from = Some(at);
        }
        if units == end {
            to = Some(at);
            break;
        }
        units += char.len_utf16();
    }
    Some(from?..to?)
}
