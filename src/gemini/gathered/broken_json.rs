//! Reads JSON that breaks the rules of JSON inside its strings, so that no text is lost for one bad
//! character. Pure.
//!
//! Gateways that cut text by UTF-16 units write a character beyond U+FFFF as two halves in two events
//! (`"\ud83d"`, then `"\ude00"`); others write half an escape, or a line break as it is.
//!
//! A half that stands alone becomes a stand-in of the last private-use block, which is given out to
//! nobody, and [`join`] makes a character of two halves that meet.

use serde::de::DeserializeOwned;

/// Stand-ins of U+D800 to U+DFFF.
const FIRST_STAND_IN: u32 = 0x0010_F800;
const FIRST_HALF: u16 = 0xD800;
const FIRST_SECOND_HALF: u16 = 0xDC00;
const LAST_HALF: u16 = 0xDFFF;

/// Reads JSON as it is, or mended; tells whether it had to be.
pub(super) fn parsed<T: DeserializeOwned>(json: &str) -> Option<(T, bool)> {
    if let Ok(value) = serde_json::from_str(json) {
        return Some((value, false));
    }
    let value = serde_json::from_str(&mended(json)).ok()?;
    Some((value, true))
}

/// The same JSON with every string in a form that can be read.
fn mended(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + 16);
    let mut rest = json.chars();
    let mut in_string = false;
    while let Some(c) = rest.next() {
        match c {
            '\\' if in_string => escape(&mut rest, &mut out),
            c if in_string && u32::from(c) < 0x20 => {
                out.push_str("\\u00");
                let digit = |digit| char::from_digit(digit, 16);
                let digits = [u32::from(c) / 16, u32::from(c) % 16];
                out.extend(digits.into_iter().filter_map(digit));
            }
            '"' => {
                in_string = !in_string;
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// Copies what follows a backslash.
fn escape(rest: &mut std::str::Chars<'_>, out: &mut String) {
    let ahead = rest.as_str();
    match rest.next() {
        Some('u') => match unit(ahead) {
            Some(first @ FIRST_HALF..=LAST_HALF) => {
                rest.nth(3);
                let second = rest.as_str().strip_prefix('\\').and_then(unit);
                match second.and_then(|second| whole(first, second)) {
                    Some(c) => {
                        rest.nth(5);
                        out.push(c);
                    }
                    None => out.extend(stand_in(first)),
                }
            }
            Some(_) => {
                out.push('\\');
                out.push_str(ahead.get(..5).unwrap_or_default());
                rest.nth(3);
            }
            None => out.push(char::REPLACEMENT_CHARACTER),
        },
        Some(c @ ('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't')) => out.extend(['\\', c]),
        // No escape of JSON: what was meant is the backslash itself.
        Some(c) => out.extend(['\\', '\\', c]),
        None => {}
    }
}

/// The UTF-16 unit of `uXXXX`.
fn unit(escape: &str) -> Option<u16> {
    let digits = escape.strip_prefix('u')?.get(..4)?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u16::from_str_radix(digits, 16).ok().filter(|_| is_hex)
}

/// The character of two halves.
fn whole(first: u16, second: u16) -> Option<char> {
    char::decode_utf16([first, second]).next()?.ok()
}

fn stand_in(half: u16) -> Option<char> {
    char::from_u32(FIRST_STAND_IN + u32::from(half - FIRST_HALF))
}

/// The half that a stand-in stands for.
fn half_of(c: char) -> Option<u16> {
    let offset = u32::from(c).checked_sub(FIRST_STAND_IN)?;
    Some(FIRST_HALF + u16::try_from(offset).ok()?)
}

/// Adds a text to what came before it. `half` is the one that ended what came before; the one that
/// ends this text is returned. A half that stays alone is shown as U+FFFD.
pub(super) fn join(to: &mut String, half: Option<u16>, text: &str, is_mended: bool) -> Option<u16> {
    let mut open = half;
    for c in text.chars() {
        let half = half_of(c).filter(|_| is_mended);
        if let (Some(first), Some(second)) = (open, half)
            && let Some(c) = whole(first, second)
        {
            to.push(c);
            open = None;
            continue;
        }
        to.extend(open.take().map(|_| char::REPLACEMENT_CHARACTER));
        match half {
            Some(first) if first < FIRST_SECOND_HALF => open = Some(first),
            Some(_) => to.push(char::REPLACEMENT_CHARACTER),
            None => to.push(c),
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<(String, bool)> {
        parsed::<String>(json).map(|(text, is_mended)| {
            let mut joined = String::new();
            let open = join(&mut joined, None, &text, is_mended);
            joined.extend(open.map(|_| char::REPLACEMENT_CHARACTER));
            (joined, is_mended)
        })
    }

    #[test]
    fn what_is_sound_is_read_as_it_is_and_what_is_not_is_mended() {
        for (json, text, is_mended) in [
            (r#""a\n\"\u00e9\ud83d\ude00""#, "a\n\"é😀", false),
            ("\"\u{10f83d}\"", "\u{10f83d}", false),
            (r#""a\ud83d""#, "a\u{fffd}", true),
            (r#""a\ud83d b""#, "a\u{fffd} b", true),
            (r#""\ude00a""#, "\u{fffd}a", true),
            (r#""\ud83d\ud83d\ude00\n""#, "\u{fffd}😀\n", true),
            (r#""a\u12 b""#, "a\u{fffd}12 b", true),
            (r#""a\u+123b""#, "a\u{fffd}+123b", true),
            (r#""C:\x\'""#, "C:\\x\\'", true),
            ("\"a\nb\tc\"", "a\nb\tc", true),
            (r#""\ud83d\u0041\\""#, "\u{fffd}A\\", true),
        ] {
            assert_eq!(read(json), Some((text.to_owned(), is_mended)), "{json}");
        }
        for json in ["\"", "\"\\", "oops", r#""\u""#, "\"\\ud83d"] {
            assert!(
                read(json).is_none_or(|(text, _)| text == "\u{fffd}"),
                "{json}"
            );
        }
    }

    #[test]
    fn halves_that_meet_are_one_character() {
        let texts = [r#""a\ud83d""#, r#""\ude00b""#, r#""c\ud83d""#, r#""d""#];
        let (mut to, mut half) = (String::new(), None);
        for json in texts {
            let (text, is_mended) = parsed::<String>(json).unwrap();
            half = join(&mut to, half, &text, is_mended);
        }
        assert_eq!((to.as_str(), half), ("a😀bc\u{fffd}d", None));
    }
}
