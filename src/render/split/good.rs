//! Where a text may be cut, and which place is the best. Pure.

use crate::chat::rich::units;

/// A place between two characters, counted in both ways.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) byte: usize,
    pub(super) unit: u32,
}

impl Place {
    pub(super) fn after(self, text: &str) -> Self {
        let units = u32::try_from(units(text)).unwrap_or(u32::MAX);
        Self {
            byte: self.byte + text.len(),
            unit: self.unit.saturating_add(units),
        }
    }
}

/// The last place of each kind to cut at.
#[derive(Debug, Default)]
pub(super) struct Good {
    paragraph: Option<Place>,
    line: Option<Place>,
    sentence: Option<Place>,
    word: Option<Place>,
    /// An empty line of a code block, then the end of any of its lines, then a space in one.
    code_paragraph: Option<Place>,
    code_line: Option<Place>,
    code_word: Option<Place>,
    /// Between any two graphemes.
    any: Option<Place>,
}

impl Good {
    /// Sorts the place between `before` and the text `after` it.
    pub(super) fn note(&mut self, here: Place, before: char, after: &str, in_code: bool) {
        let here = Some(here);
        let next = after.chars().next().unwrap_or(' ');
        let (paragraph, line, word) = if in_code {
            (
                &mut self.code_paragraph,
                &mut self.code_line,
                &mut self.code_word,
            )
        } else {
            (&mut self.paragraph, &mut self.line, &mut self.word)
        };
        if ends_paragraph(after) {
            *paragraph = here;
        }
        if matches!(next, '\n' | '\r') {
            *line = here;
        }
        if next.is_whitespace() {
            *word = here;
        }
        if !in_code && ends_sentence(before, next) {
            self.sentence = here;
        }
        self.any = here;
    }

    /// The best of them. A good place in the first half would make many small parts of one long
    /// text; code is cut only where nothing around it will do, and then between two lines.
    pub(super) fn best(&self, start: Place, end: Place) -> Option<Place> {
        let far = |place: &Place| (place.byte - start.byte) * 2 >= end.byte - start.byte;
        [
            self.paragraph,
            self.line,
            self.sentence,
            self.code_paragraph,
            self.code_line,
        ]
        .into_iter()
        .flatten()
        .find(far)
        .or(self.word.max(self.code_line))
        .or(self.code_word)
        .or(self.any)
    }
}

/// Whether an empty line follows.
fn ends_paragraph(after: &str) -> bool {
    let Some(next) = after.strip_prefix("\r\n").or(after.strip_prefix('\n')) else {
        return false;
    };
    next.trim_start_matches([' ', '\t', '\r']).starts_with('\n')
}

/// Whether a sentence ends between these two; Chinese and Japanese put no space after it, and keep
/// a closing quotation mark with it.
fn ends_sentence(before: char, after: char) -> bool {
    match before {
        '.' | '!' | '?' | '؟' | '۔' | '।' => after.is_whitespace(),
        '。' | '！' | '？' => {
            !matches!(after, '。' | '！' | '？' | '”' | '’' | '」' | '』' | '）')
        }
        _ => false,
    }
}
