//! A formula's line as it grows: which signs stand close and which apart. Pure.

use std::mem;

use super::scripts::script as script_of;
use super::{CELL, ROW};

/// What was read so far.
#[derive(Default)]
pub(super) struct Line {
    pub(super) text: String,
    /// Whether a letter or digit must not follow without a space.
    pub(super) owes_space: bool,
    /// Whether the name of a command ended here: the spaces after it are only its end.
    pub(super) named: bool,
}

impl Line {
    pub(super) fn atom(&mut self, text: &str) {
        if text.starts_with(['⌋', '⌉', '⟩']) {
            self.close();
        }
        if mem::take(&mut self.owes_space) && text.starts_with(char::is_alphanumeric) {
            self.space();
        }
        self.text.push_str(text);
    }

    /// What comes next closes a bracket.
    pub(super) fn close(&mut self) {
        let length = self.text.trim_end_matches(' ').len();
        self.text.truncate(length);
    }

    pub(super) fn space(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with([' ', ROW, CELL]) {
            self.text.push(' ');
        }
    }

    /// A space where a letter or digit stands before.
    pub(super) fn part(&mut self) {
        if self
            .text
            .ends_with(|c: char| c.is_alphanumeric() || c == ')')
        {
            self.space();
        }
    }

    /// A sign between two things; at the beginning it belongs to the next one, and the answer is
    /// true.
    pub(super) fn operator(&mut self, sign: &str) -> bool {
        let leads = self.text.is_empty() || self.text.ends_with(['(', '[', '{', '|', ROW, CELL]);
        if leads {
            self.text.push_str(sign);
            self.owes_space = sign.ends_with(char::is_alphanumeric);
        } else {
            self.space();
            self.text.push_str(sign);
            self.text.push(' ');
            self.owes_space = false;
        }
        leads
    }

    pub(super) fn function(&mut self, name: &str) {
        self.part();
        self.text.push_str(name);
        self.owes_space = true;
    }

    pub(super) fn script(&mut self, script: &str, raised: bool) {
        let close = tight(script);
        let sign = if raised { '^' } else { '_' };
        match script_of(&close, raised) {
            Some(small) => self.text.push_str(&small),
            None if raised && matches!(close.as_str(), "∘" | "°") => self.text.push('°'),
            None => {
                self.text.push(sign);
                if close.chars().nth(1).is_some() {
                    self.text.extend(["(", &close, ")"]);
                } else {
                    self.text.push_str(&close);
                }
            }
        }
    }
}

/// The text without spaces, except those that part two words.
fn tight(text: &str) -> String {
    let mut tight = String::with_capacity(text.len());
    let mut spaced = false;
    for c in text.trim().chars() {
        if c.is_whitespace() {
            spaced = true;
            continue;
        }
        if spaced && c.is_alphanumeric() && tight.ends_with(char::is_alphanumeric) {
            tight.push(' ');
        }
        spaced = false;
        tight.push(c);
    }
    tight
}
