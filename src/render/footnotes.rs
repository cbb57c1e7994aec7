//! Footnotes: numbers in the text, the notes at its end. Pure.

use std::collections::HashMap;

use super::rich_writer::RichWriter;
use crate::chat::rich::Rich;

/// Numbers of footnotes by their labels, and what they say.
#[derive(Default)]
pub(super) struct Footnotes {
    numbers: HashMap<String, usize>,
    notes: Vec<Option<Rich>>,
}

impl Footnotes {
    /// The number of a note, small and raised, given at its first use.
    pub(super) fn mark(&mut self, label: &str) -> String {
        raised(self.place(label).saturating_add(1))
    }

    pub(super) fn define(&mut self, label: &str, note: Rich) {
        let place = self.place(label);
        if let Some(held) = self.notes.get_mut(place) {
            *held = Some(note);
        }
    }

    fn place(&mut self, label: &str) -> usize {
        let next = self.notes.len();
        let place = *self.numbers.entry(label.to_lowercase()).or_insert(next);
        if place == next {
            self.notes.push(None);
        }
        place
    }

    /// Writes the notes, each on its line.
    pub(super) fn list(self, writer: &mut RichWriter) {
        writer.blank();
        for (place, note) in self.notes.iter().enumerate() {
            let Some(note) = note else { continue };
            writer.line();
            writer.push(&raised(place.saturating_add(1)));
            writer.push(" ");
            writer.append(note);
        }
    }
}

fn raised(number: usize) -> String {
    let digits = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let number = number.to_string();
    let raised = number.chars().filter_map(|c| {
        let digit = usize::try_from(c.to_digit(10)?).ok()?;
        digits.get(digit).copied()
    });
    raised.collect()
}
