//! Formulas in LaTeX to Unicode, on a line wherever that is possible. Pure. Invariant: what is not
//! understood stays as it was written; nothing is lost but spacing and sizes.

mod block;
mod fractions;
mod one_line;
mod scripts;
mod symbols;

use std::mem;

use fractions::{divided, rooted};
use one_line::Line;
pub(super) use scripts::script;
use scripts::{accent, alphabet, is_accent};
use symbols::Symbol;

/// Deeper groups stay as they are written.
const DEEPEST: usize = 16;
/// In characters; further on no end is looked for.
const LONGEST_OPTION: usize = 64;
/// End a row and a cell, until the environment around them says how that looks. No text holds them.
const ROW: char = '\u{fde3}';
const CELL: char = '\u{fde4}';

/// The formula as text, in one line unless it has rows of its own.
pub(super) fn unicode(tex: &str) -> String {
    let mut reader = Reader {
        rest: tex,
        depth: 0,
    };
    let shown = reader.sequence(Until::End);
    let rows = shown.replace(CELL, " ").replace(ROW, "\n");
    let lines = rows.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

/// What ends a sequence; it is taken with it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    End,
    Brace,
    Bracket,
    Environment,
}

impl<'a> Reader<'a> {
    fn sequence(&mut self, until: Until) -> String {
        let mut line = Line::default();
        while let Some(c) = self.rest.chars().next() {
            let (_, after) = self.rest.split_at(c.len_utf8());
            match c {
                '}' if until == Until::Brace => {
                    self.rest = after;
                    break;
                }
                ']' if until == Until::Bracket => {
                    self.rest = after;
                    break;
                }
                '\\' if until == Until::Environment && self.rest.starts_with("\\end{") => break,
                _ => self.step(&mut line),
            }
        }
        line.text
    }

    /// Reads one thing; there must be one.
    fn step(&mut self, line: &mut Line) {
        let mut chars = self.rest.chars();
        let Some(c) = chars.next() else { return };
        let named = mem::take(&mut line.named);
        let whole = mem::replace(&mut self.rest, chars.as_str());
        match c {
            '\\' => self.command(line),
            '{' => {
                self.rest = whole;
                let group = self.argument();
                line.atom(&group);
            }
            '^' | '_' => {
                let script = self.argument();
                if script.trim().is_empty() {
                    line.text.push(c);
                } else {
                    line.script(&script, c == '^');
                }
            }
            '&' => line.text.push(CELL),
            '~' => line.space(),
            '-' => line.atom("−"),
            '\'' => line.atom("′"),
            c if c.is_whitespace() && named && self.binds() => {}
            c if c.is_whitespace() => line.space(),
            c => line.atom(c.encode_utf8(&mut [0; 4])),
        }
    }

    /// Whether the space before what is next only ended a command's name.
    fn binds(&self) -> bool {
        let next = self.rest.trim_start();
        next.starts_with(|c: char| c.is_alphanumeric() || "\\({".contains(c))
    }

    /// The next group or single thing, for a command; empty where there is none.
    fn argument(&mut self) -> String {
        self.rest = self.rest.trim_start();
        let Some(c) = self.rest.chars().next() else {
            return String::new();
        };
        if self.depth >= DEEPEST {
            return self.raw_argument().to_owned();
        }
        match c {
            '{' => {
                self.rest = self.rest.split_at(1).1;
                self.deeper(|reader| reader.sequence(Until::Brace))
            }
            '}' | '^' | '_' | '&' => String::new(),
            '\\' if self.rest.starts_with("\\end{") => String::new(),
            _ => self.deeper(|reader| {
                let mut line = Line::default();
                reader.step(&mut line);
                line.text
            }),
        }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    /// The next group without its braces, or the next character, as it is written.
    fn raw_argument(&mut self) -> &'a str {
        let rest = self.rest.trim_start();
        let Some(inner) = rest.strip_prefix('{') else {
            let (taken, after) = rest.split_at(rest.chars().next().map_or(0, char::len_utf8));
            self.rest = after;
            return taken;
        };
        let mut depth = 0_usize;
        let mut escaped = false;
        for (at, c) in inner.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '{' => depth += 1,
                '}' if depth == 0 => {
                    let (taken, after) = inner.split_at(at);
                    self.rest = after.split_at(1).1;
                    return taken;
                }
                '}' => depth -= 1,
                _ => {}
            }
        }
        self.rest = "";
        inner
    }

    /// What stands in square brackets right here.
    fn option(&mut self) -> Option<String> {
        let inner = self.rest.strip_prefix('[')?;
        let ends = inner.chars().take(LONGEST_OPTION).any(|c| c == ']');
        if self.depth >= DEEPEST || !ends {
            return None;
        }
        self.rest = inner;
        Some(self.deeper(|reader| reader.sequence(Until::Bracket)))
    }

    fn command(&mut self, line: &mut Line) {
        let end = self.rest.find(|c: char| !c.is_ascii_alphabetic());
        let mut end = end.unwrap_or(self.rest.len());
        if end == 0 {
            end = self.rest.chars().next().map_or(0, char::len_utf8);
        }
        let (name, after) = self.rest.split_at(end);
        self.rest = after;
        match symbols::symbol(name) {
            Some(Symbol::Letter(sign)) => {
                line.atom(sign);
                line.named = name.starts_with(|c: char| c.is_ascii_alphabetic());
            }
            Some(Symbol::Operator(sign)) => {
                if line.operator(sign) {
                    self.rest = self.rest.trim_start();
                }
            }
            Some(Symbol::Function(name)) => line.function(name),
            None => {
                let known = self.spacing(name, line)
                    || self.construct(name, line)
                    || self.decoration(name, line);
                if !known {
                    self.unknown(name, line);
                }
            }
        }
    }

    /// Commands of space and size.
    fn spacing(&mut self, name: &str, line: &mut Line) -> bool {
        match name {
            "," | ";" | ":" | " " | ">" | "quad" | "qquad" | "thinspace" | "enspace" | "\n" => {
                line.space();
            }
            "!" | "displaystyle" | "textstyle" | "scriptstyle" | "limits" | "nolimits"
            | "hline" | "nonumber" | "notag" | "big" | "Big" | "bigg" | "Bigg" | "bigl"
            | "bigr" | "Bigl" | "Bigr" | "biggl" | "biggr" | "Biggl" | "Biggr" | "bigm"
            | "Bigm" | "(" | ")" => {}
            "\\" | "cr" | "newline" => {
                line.text.push(ROW);
                self.skip_height();
            }
            "left" => {
                self.delimiter(line);
                self.rest = self.rest.trim_start();
            }
            "right" | "middle" => {
                line.close();
                self.delimiter(line);
            }
            _ => return false,
        }
        true
    }

    /// `\\[2pt]` tells how far apart rows are.
    fn skip_height(&mut self) {
        let inner = self.rest.strip_prefix('[');
        let height = inner.and_then(|inner| inner.split_once(']'));
        if let Some((height, after)) = height
            && height.ends_with(|c: char| c.is_ascii_lowercase())
            && height.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.')
        {
            self.rest = after;
        }
    }

    fn delimiter(&mut self, line: &mut Line) {
        self.rest = self.rest.trim_start();
        if let Some(after) = self.rest.strip_prefix('.') {
            self.rest = after;
        } else {
            let sign = self.argument();
            line.atom(&sign);
        }
    }

    /// Commands that build something of their arguments.
    fn construct(&mut self, name: &str, line: &mut Line) -> bool {
        match name {
            "frac" | "dfrac" | "tfrac" | "cfrac" => {
                let (above, below) = (self.argument(), self.argument());
                divided(&above, &below, line);
            }
            "binom" | "dbinom" | "tbinom" => {
                let (above, below) = (self.argument(), self.argument());
                line.part();
                line.atom(&format!("C({}, {})", above.trim(), below.trim()));
            }
            "sqrt" => {
                let degree = self.option();
                let root = self.argument();
                rooted(degree.as_deref(), &root, line);
            }
            "begin" => self.environment(line),
            "boxed" | "fbox" => {
                let inner = self.argument();
                line.atom(&format!("[{}]", inner.trim()));
            }
            "overset" | "stackrel" | "underset" => {
                let (script, base) = (self.argument(), self.argument());
                line.atom(base.trim());
                line.script(&script, name != "underset");
            }
            "xrightarrow" | "xleftarrow" => {
                let script = self.argument();
                line.space();
                line.atom(if name == "xrightarrow" { "→" } else { "←" });
                line.script(&script, true);
                line.space();
            }
            "pmod" => {
                let modulus = self.argument();
                line.space();
                line.atom(&format!("(mod {})", modulus.trim()));
            }
            "tag" => {
                let tag = self.argument();
                line.space();
                line.atom(&format!("({})", tag.trim()));
            }
            "not" => {
                let mut sign = self.argument();
                sign.push('\u{338}');
                line.operator(sign.trim());
            }
            _ => return false,
        }
        true
    }

    /// Commands that change how their argument looks.
    fn decoration(&mut self, name: &str, line: &mut Line) -> bool {
        match name {
            "text" | "textbf" | "textit" | "textrm" | "textsf" | "texttt" | "textnormal"
            | "mbox" | "hbox" | "emph" => {
                let text = plain(self.raw_argument());
                if text.starts_with(' ') {
                    line.space();
                }
                line.atom(text.trim_start());
            }
            "mathrm" | "mathit" | "mathsf" | "mathtt" | "mathnormal" | "underbrace"
            | "overbrace" | "mathop" | "mathbin" | "mathrel" | "substack" => {
                let inner = self.argument();
                line.atom(inner.replace(ROW, ", ").trim());
            }
            "operatorname" => {
                self.rest = self.rest.strip_prefix('*').unwrap_or(self.rest);
                let name = self.argument();
                line.function(name.trim());
            }
            "textcolor" | "color" | "colorbox" => {
                self.raw_argument();
            }
            _ => {
                if let Some(mark) = accent(name) {
                    let inner = self.argument();
                    line.atom(&accented(&inner, mark));
                } else if alphabet(name, "").is_some() {
                    let inner = self.argument();
                    line.atom(&alphabet(name, &inner).unwrap_or(inner));
                } else {
                    return false;
                }
            }
        }
        true
    }

    /// An unknown command keeps its name, and its arguments their braces.
    fn unknown(&mut self, name: &str, line: &mut Line) {
        line.atom("\\");
        line.text.push_str(name);
        while self.rest.starts_with('{') {
            let inner = self.argument();
            line.text.extend(["{", &inner, "}"]);
        }
    }
}

/// The text with an accent on every letter, after those it has.
fn accented(text: &str, mark: char) -> String {
    let mut accented = String::with_capacity(text.len() * 2);
    let mut chars = text.trim().chars().peekable();
    while let Some(c) = chars.next() {
        accented.push(c);
        let goes_on = chars.peek().copied().is_some_and(is_accent);
        if !goes_on && !c.is_whitespace() {
            accented.push(mark);
        }
    }
    accented
}

/// Text inside a formula, with its escapes read.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next_if(|c| !c.is_alphanumeric()) {
                Some(escaped) => plain.push(escaped),
                None => plain.push('\\'),
            },
            '{' | '}' | '$' => {}
            '~' | '\n' => plain.push(' '),
            c => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests;
