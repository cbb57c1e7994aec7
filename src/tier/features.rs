//! What a text looks like, whatever its words: marks of code and formulas, numbers, lists, length.
//! Counted in one pass; each rule that weighs the counts is one line of a table. Pure.

use super::words::Axis;

/// Counts of what a text looks like.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Features {
    visible: u16,
    /// Marks that code is full of.
    marks: u16,
    /// Marks of formulas.
    operators: u16,
    /// Figures, and Chinese numerals before a measure.
    numbers: u16,
    /// Names of code: `camelCase` counts one, `snake_case`, which no trade mark has, two.
    names: u16,
    /// Lines that begin with space, as in code and stack traces.
    indented: u16,
    /// Lines that begin with a comment mark, as where several files are pasted.
    comments: u16,
    lines: u16,
    /// Commas and their like, where a list or a sentence goes on.
    commas: u16,
    /// Ends of sentences before the last.
    stops: u16,
    /// Words that ask: how, which, why.
    asks: u16,
    fences: u16,
    emoji: u16,
}

impl Features {
    pub(super) fn of(chars: &[char]) -> Self {
        let mut features = Self::default();
        let mut before = '\n';
        let mut run = 0_u8;
        for (at, &c) in chars.iter().enumerate() {
            let next = chars.get(at + 1).copied().unwrap_or('\n');
            if is_letter(c) {
                features.visible += 1;
                features.names += u16::from(c.is_ascii_uppercase() && before.is_ascii_lowercase());
                features.numbers += u16::from(is_numeral(c) && MEASURES.contains(next));
                let begins = !before.is_ascii_alphabetic();
                features.asks += u16::from(begins && asks(chars.get(at..).unwrap_or_default()));
                (before, run) = (c, 0);
                continue;
            }
            let [space, digit] = [c.is_whitespace(), c.is_ascii_digit()];
            features.visible += u16::from(!space);
            features.lines += u16::from(c == '\n');
            features.indented += u16::from(before == '\n' && space && c != '\n');
            features.comments += u16::from(before == '\n' && c == next && c == '/');
            features.numbers += u16::from(digit && !before.is_ascii_digit() && before != '.');
            features.add_mark(c, next);
            features.names += 2 * u16::from(c == '_' && before.is_ascii_alphanumeric());
            run = if c == '`' { run.saturating_add(1) } else { 0 };
            features.fences += u16::from(run == 3);
            before = c;
        }
        features
    }

    fn add_mark(&mut self, c: char, next: char) {
        match c {
            '{' | '}' | '[' | ']' | '(' | ')' | ';' | '=' | '<' | '>' | '$' | '\\' | '#' | '|' => {
                self.marks += 1;
            }
            ',' | '、' | ':' => self.commas += 1,
            '√' | '∫' | '∑' | '∀' | '∃' => self.operators += 3,
            _ => {}
        }
        let ends = c == '。' || (matches!(c, '.' | '?' | '!') && next == ' ');
        self.stops += u16::from(ends && next != '\n');
        self.operators += u16::from(matches!(
            c,
            '^' | '=' | '²' | '³' | '≤' | '≥' | '≠' | 'π' | '∞'
        ));
        self.emoji += u16::from(matches!(c, '\u{1f300}'..='\u{1faff}' | '☀' | '❤' | '☺'));
    }

    /// What the counts speak for, and how much. `bytes` measures length alike in all scripts, since
    /// a Chinese character is three bytes and says about as much as half an English word.
    pub(super) fn weights(self, bytes: usize) -> [(Axis, u16); 4] {
        let percent = |part: u16| u32::from(part) * 100 / u32::from(self.visible.max(1));
        let code = [
            (self.fences > 0, 6),
            (self.marks >= 5 && percent(self.marks) >= 8, 3),
            (self.names >= 2, 2),
            (self.names >= 4, 1),
            (self.indented >= 2, 2),
        ];
        let analysis = [
            (self.operators >= 1, 1),
            (self.operators >= 3, 2),
            (bytes >= 40 && self.numbers >= 2, 1),
            (bytes >= 40 && self.numbers >= 3, 1),
            (self.numbers >= 4, 1),
            (self.numbers >= 7, 2),
            (bytes >= 80 && self.commas + self.stops >= 2, 1),
            (bytes >= 120 && self.commas + self.stops >= 4, 1),
            (bytes >= 75, 1),
            (bytes >= 100, 1),
            (bytes >= 200, 1),
            (bytes >= 400, 2),
            (bytes >= 800, 2),
            (self.lines >= 6, 1),
        ];
        let hard = [
            (bytes >= 140 && self.commas >= 4, 1),
            (bytes >= 200 && self.commas + self.stops >= 6, 1),
            (bytes >= 400 && self.commas + self.stops >= 12, 1),
            (bytes >= 250 && self.asks >= 3, 2),
            (self.comments >= 3, 2),
        ];
        [
            (Axis::Chat, sum(&[(self.emoji >= 1, 2)])),
            (Axis::Code, sum(&code)),
            (Axis::Analysis, sum(&analysis)),
            (Axis::Hard, sum(&hard)),
        ]
    }
}

/// A Chinese numeral; not "one", which is an article too.
fn is_numeral(c: char) -> bool {
    matches!(
        c,
        '二' | '两'
            | '兩'
            | '三'
            | '四'
            | '五'
            | '六'
            | '七'
            | '八'
            | '九'
            | '十'
            | '百'
            | '千'
            | '万'
            | '萬'
    )
}

/// What is counted in texts with quantities.
const MEASURES: &str =
    "天周年月岁歲秒分小元块塊万萬平米公斤次条條台页頁字章道步层層间間张張口成倍度位名";

/// What questions of how and which begin with.
const ASKING: [&str; 9] = [
    "how ", "why ", "what ", "which ", "怎", "哪", "如何", "为何", "為何",
];

/// Whether a text begins with a word that asks.
fn asks(text: &[char]) -> bool {
    let may_ask = |c| matches!(c, 'h' | 'H' | 'w' | 'W' | '怎' | '哪' | '如' | '为' | '為');
    text.first().is_some_and(|&c| may_ask(c))
        && ASKING.iter().any(|word| {
            let mut text = text.iter();
            word.chars().all(|c| {
                text.next()
                    .is_some_and(|other| other.eq_ignore_ascii_case(&c))
            })
        })
}

/// The weights of the rules that are met.
fn sum(rules: &[(bool, u16)]) -> u16 {
    let met = rules.iter().filter(|(met, _)| *met);
    met.map(|(_, weight)| weight).sum()
}

/// A letter of the most common scripts; no mark, number or space.
fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || ('\u{3400}'..='\u{9fff}').contains(&c)
}
