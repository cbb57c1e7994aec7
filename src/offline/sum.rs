//! Sums for the offline model: a question that is one is read and worked out. Pure. Invariant:
//! text that is not wholly a sum is none.

use std::iter::Peekable;
use std::str::Chars;

/// Deepest nesting of parentheses and signs.
const DEEPEST: usize = 32;

const OPENINGS: &str = "what is|what's|how much is|calculate|compute|请问|计算一下|计算|算一下|算";
const ENDINGS: &str = "?|？|=|等于多少|等于几|是多少|等于|.|。";

/// A sum with what comes out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sum {
    /// As it was typed, without the words around it.
    pub(super) expression: String,
    /// `None` when it divides by zero.
    pub(super) result: Option<String>,
}

/// Reads a question that is a sum of two or more numbers, and nothing else.
pub(super) fn read(question: &str) -> Option<Sum> {
    let lower = question.to_lowercase();
    let mut text = lower.trim();
    for opening in OPENINGS.split('|') {
        text = text.strip_prefix(opening).unwrap_or(text).trim_start();
    }
    while let Some(shorter) = ENDINGS.split('|').find_map(|end| text.strip_suffix(end)) {
        text = shorter.trim_end();
    }
    let compact: String = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(plain)
        .collect();
    let mut reader = Reader {
        rest: compact.chars().peekable(),
        numbers: 0,
    };
    let value = reader.terms(0)?;
    let is_whole = reader.rest.peek().is_none() && reader.numbers > 1;
    // Without a division, what is not finite is only too large.
    if !is_whole || !(value.is_finite() || compact.contains('/')) {
        return None;
    }
    Some(Sum {
        expression: text.to_owned(),
        result: value.is_finite().then(|| number(value)),
    })
}

/// The sign as a keyboard has it.
const fn plain(c: char) -> char {
    match c {
        '×' | 'x' => '*',
        '÷' => '/',
        '−' | '–' => '-',
        '＋' => '+',
        '（' => '(',
        '）' => ')',
        other => other,
    }
}

/// Ten decimals hide what binary fractions cannot say exactly.
fn number(value: f64) -> String {
    let text = format!("{value:.10}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

/// A sum being read, character by character.
struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    numbers: usize,
}

impl Reader<'_> {
    fn terms(&mut self, depth: usize) -> Option<f64> {
        let mut value = self.factors(depth)?;
        while let Some(sign) = self.rest.next_if(|c| matches!(c, '+' | '-')) {
            let right = self.factors(depth)?;
            value = if sign == '+' {
                value + right
            } else {
                value - right
            };
        }
        Some(value)
    }

    fn factors(&mut self, depth: usize) -> Option<f64> {
        let mut value = self.factor(depth)?;
        while let Some(sign) = self.rest.next_if(|c| matches!(c, '*' | '/')) {
            let right = self.factor(depth)?;
            value = if sign == '*' {
                value * right
            } else {
                value / right
            };
        }
        Some(value)
    }

    fn factor(&mut self, depth: usize) -> Option<f64> {
        if depth > DEEPEST {
            return None;
        }
        if self.rest.next_if_eq(&'-').is_some() {
            return Some(-self.factor(depth + 1)?);
        }
        if self.rest.next_if_eq(&'(').is_some() {
            let value = self.terms(depth + 1)?;
            self.rest.next_if_eq(&')')?;
            return Some(value);
        }
        let mut digits = String::new();
        while let Some(c) = self.rest.next_if(|c| c.is_ascii_digit() || *c == '.') {
            digits.push(c);
        }
        self.numbers += 1;
        digits.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_worked_out() {
        let cases = [
            ("1+2", "1+2", Some("3")),
            ("What is 2 + 3 * 4?", "2 + 3 * 4", Some("14")),
            ("(2+3)*4 =", "(2+3)*4", Some("20")),
            ("calculate 7/2", "7/2", Some("3.5")),
            ("0.1 + 0.2", "0.1 + 0.2", Some("0.3")),
            ("-3 - -3", "-3 - -3", Some("0")),
            ("-(2 - 5)", "-(2 - 5)", Some("3")),
            ("3 x 4 ÷ 6", "3 x 4 ÷ 6", Some("2")),
            ("请问（1+2）×3等于多少？", "（1+2）×3", Some("9")),
            ("10 - 4 - 3", "10 - 4 - 3", Some("3")),
            ("100 / 10 / 5", "100 / 10 / 5", Some("2")),
            ("1/0", "1/0", None),
            ("0/0", "0/0", None),
            ("算一下 1/(2-2)", "1/(2-2)", None),
        ];
        for (question, expression, result) in cases {
            let expected = Sum {
                expression: expression.to_owned(),
                result: result.map(str::to_owned),
            };
            assert_eq!(read(question), Some(expected), "{question:?}");
        }
    }

    #[test]
    fn what_is_no_sum_is_not_taken_for_one() {
        let deep = format!("{}1+1{}", "(".repeat(1000), ")".repeat(1000));
        let signs = format!("1+{}1", "-".repeat(1000));
        let huge = format!("{0}*{0}", "9".repeat(200));
        let cases = [
            "",
            "?",
            "42",
            "-5",
            "1+",
            "1 + two",
            "(1+2",
            "1+2)",
            "1..2+3",
            "2 cats + 3",
            "()",
            "what is",
        ];
        for question in cases.into_iter().chain([&*deep, &signs, &huge]) {
            assert_eq!(read(question), None, "{question:?}");
        }
    }
}
