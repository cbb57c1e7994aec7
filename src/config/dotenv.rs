//! The `.env` file's syntax: `KEY=value` lines, an optional `export `, quotes, comments. Pure.
//!
//! Invariant: what is wrong with a line is said without repeating it, for it may hold a secret.

/// One line that sets something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) value: String,
}

/// A line that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadLine {
    pub(super) line: usize,
    pub(super) remedy: &'static str,
}

/// Reads a whole file; the good lines count even where others are bad.
pub(super) fn parse(text: &str) -> (Vec<Assignment>, Vec<BadLine>) {
    let mut good = Vec::new();
    let mut bad = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (at, raw) in text.lines().enumerate() {
        let line = at + 1;
        match assignment(raw.trim()) {
            Ok(Some((name, value))) => good.push(Assignment { line, name, value }),
            Ok(None) => {}
            Err(remedy) => bad.push(BadLine { line, remedy }),
        }
    }
    (good, bad)
}

fn assignment(line: &str) -> Result<Option<(String, String)>, &'static str> {
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let line = line
        .strip_prefix("export")
        .filter(|rest| rest.starts_with([' ', '\t']))
        .unwrap_or(line);
    let (name, value) = line
        .split_once('=')
        .ok_or("must be NAME=value, or begin with # if it is a comment")?;
    let name = name.trim();
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name {
        return Err("must begin with a name of letters, digits and _, then =");
    }
    Ok(Some((name.to_owned(), value_of(value.trim())?)))
}

fn value_of(text: &str) -> Result<String, &'static str> {
    match text.chars().next() {
        Some(quote @ ('"' | '\'')) => quoted(text, quote),
        _ => Ok(without_comment(text).to_owned()),
    }
}

/// A `#` begins a comment only after a blank: `a#b` is a value.
fn without_comment(text: &str) -> &str {
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if c == '#' && before.is_whitespace() {
            return text.get(..at).unwrap_or(text).trim_end();
        }
        before = c;
    }
    text
}

/// Single quotes take everything as it stands; double quotes know `\n`, `\t`, `\r`, `\"`, `\\`.
fn quoted(text: &str, quote: char) -> Result<String, &'static str> {
    let mut value = String::new();
    let mut rest = text.chars();
    rest.next();
    while let Some(c) = rest.next() {
        if c == quote {
            let after = rest.as_str().trim_start();
            let clean = after.is_empty() || after.starts_with('#');
            return clean
                .then_some(value)
                .ok_or("has something after the closing quote");
        }
        match (quote, c) {
            ('"', '\\') => match rest.next() {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some('r') => value.push('\r'),
                Some(escaped @ ('"' | '\\' | '$')) => value.push(escaped),
                Some(other) => value.extend(['\\', other]),
                None => break,
            },
            _ => value.push(c),
        }
    }
    Err("has no closing quote; write a line break inside double quotes as \\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(line: &str) -> Result<String, &'static str> {
        let (good, bad) = parse(line);
        match (good.first(), bad.first()) {
            (Some(found), None) => Ok(found.value.clone()),
            (_, Some(bad)) => Err(bad.remedy),
            (None, None) => Ok("nothing".to_owned()),
        }
    }

    #[test]
    fn a_line_gives_its_value() {
        for (line, expected) in [
            ("A=b", "b"),
            ("  A = b  ", "b"),
            ("export A=b", "b"),
            ("export\tA=b", "b"),
            ("exported=b", "b"),
            ("A=", ""),
            ("A=b # why", "b"),
            ("A=# why", ""),
            ("A=b#c", "b#c"),
            ("A=b=c", "b=c"),
            ("A=\"b # c\" # why", "b # c"),
            (
                "A=\"two\\nlines \\\"q\\\" \\\\ \\d\"",
                "two\nlines \"q\" \\ \\d",
            ),
            ("A='b \\n \"c\"'", "b \\n \"c\""),
            ("A=''", ""),
            ("A=it's", "it's"),
            ("\u{feff}A=b", "b"),
            ("A=b\r", "b"),
            ("# A=b", "nothing"),
            ("   ", "nothing"),
        ] {
            assert_eq!(value(line).as_deref(), Ok(expected), "{line:?}");
        }
    }

    #[test]
    fn a_line_that_cannot_be_understood_says_how_it_must_look() {
        for (line, remedy) in [
            ("just words", "must be NAME=value"),
            ("=b", "must begin with a name"),
            ("A B=c", "must begin with a name"),
            ("A=\"b", "has no closing quote"),
            ("A=\"b\\", "has no closing quote"),
            ("A='b' c", "after the closing quote"),
        ] {
            assert!(value(line).unwrap_err().contains(remedy), "{line:?}");
        }
    }

    #[test]
    fn lines_are_counted_from_one_whatever_ends_them() {
        let (good, bad) = parse("\u{feff}# first\r\nA=1\r\n\r\nbad\r\nB=2");
        let lines: Vec<_> = good.iter().map(|found| found.line).collect();
        assert_eq!(lines, [2, 5]);
        assert_eq!(bad.first().map(|bad| bad.line), Some(4));
    }

    proptest! {
        #[test]
        fn what_single_quotes_hold_comes_out_unchanged(text in "[^'\r\n]*") {
            prop_assert_eq!(value(&format!("A='{text}'")), Ok(text));
        }

        #[test]
        fn no_text_is_too_strange(text in ".*") {
            parse(&text);
        }
    }
}
