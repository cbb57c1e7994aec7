//! Fractions and roots in one line, with brackets where they would be read wrong. Pure.

use super::one_line::Line;
use super::scripts::{fraction, is_accent, is_script, script};

/// A fraction in one line.
pub(super) fn divided(above: &str, below: &str, line: &mut Line) {
    let (above, below) = (above.trim(), below.trim());
    if let Some(fraction) = fraction(above, below) {
        line.atom(fraction);
        return;
    }
    line.part();
    let above = if is_product(above) {
        above.to_owned()
    } else {
        format!("({above})")
    };
    let below = if is_factor(below) {
        below.to_owned()
    } else {
        format!("({below})")
    };
    line.atom(&format!("{above}/{below}"));
    line.owes_space = true;
}

/// A root of any degree.
pub(super) fn rooted(degree: Option<&str>, root: &str, line: &mut Line) {
    let sign = match degree.map(str::trim) {
        None | Some("" | "2") => "√".to_owned(),
        Some("3") => "∛".to_owned(),
        Some("4") => "∜".to_owned(),
        Some(degree) => match script(degree, true) {
            Some(small) => format!("{small}√"),
            None => format!("({degree})√"),
        },
    };
    let root = root.trim();
    line.atom(&sign);
    if is_factor(root) && !root.starts_with('√') {
        line.text.push_str(root);
    } else {
        line.text.extend(["(", root, ")"]);
    }
    line.owes_space = true;
}

/// Whether a fraction's upper part needs no brackets: nothing in it adds or compares.
fn is_product(text: &str) -> bool {
    let text = text.strip_prefix('−').unwrap_or(text);
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return false,
            ')' => depth -= 1,
            c if depth == 0 && !is_close(c) => return false,
            _ => {}
        }
    }
    depth == 0 && !text.is_empty()
}

/// Whether a text needs no brackets under a fraction or a root: a number, a letter, `dx`.
fn is_factor(text: &str) -> bool {
    if is_bracketed(text) {
        return true;
    }
    let bare = text
        .strip_prefix(['d', '∂', 'Δ'])
        .filter(|rest| !rest.is_empty());
    let bases: String = bare
        .unwrap_or(text)
        .chars()
        .filter(|c| !is_script(*c))
        .collect();
    let is_number = bases.chars().all(|c| c.is_ascii_digit() || c == '.');
    let letters = bases.chars().filter(|c| c.is_alphanumeric() || *c == '√');
    !text.is_empty() && text.chars().all(is_close) && (is_number || letters.count() == 1)
}

/// Whether a character binds closer than a fraction.
fn is_close(c: char) -> bool {
    c.is_alphanumeric() || is_script(c) || "°∞∂∇√.!′".contains(c) || is_accent(c)
}

/// Whether one pair of brackets holds all of it.
fn is_bracketed(text: &str) -> bool {
    let inner = text
        .strip_prefix('(')
        .and_then(|inner| inner.strip_suffix(')'));
    inner.is_some_and(|inner| !inner.contains(['(', ')']))
}
