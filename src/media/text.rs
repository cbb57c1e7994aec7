//! A file of text, in whatever encoding. Pure.

use std::io::{self, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8};

use super::{Content, MOST_TEXT, Unfit};

/// Of so many characters at most one may be what no text holds.
const ODD: usize = 100;

/// The text of a file, if it is one.
pub(super) fn read(file: impl Read) -> io::Result<Result<Content, Unfit>> {
    let mut bytes = Vec::new();
    file.take(MOST_TEXT as u64 + 1).read_to_end(&mut bytes)?;
    let is_cut = bytes.len() > MOST_TEXT;
    bytes.truncate(MOST_TEXT);
    let text = decoded(&bytes, is_cut);
    Ok(if text.trim().is_empty() {
        Err(Unfit::Empty)
    } else if odd(&text) <= text.chars().count() / ODD {
        Ok(Content::Text { text, is_cut })
    } else {
        Err(Unfit::Kind)
    })
}

/// By its byte order mark, else as UTF-8 where it is that, else as what it most looks like.
fn decoded(bytes: &[u8], is_cut: bool) -> String {
    let (encoding, mark) = match Encoding::for_bom(bytes) {
        Some(marked) => marked,
        None if is_utf8(bytes, is_cut) => (UTF_8, 0),
        None => {
            let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
            detector.feed(bytes, true);
            (detector.guess(None, Utf8Detection::Deny), 0)
        }
    };
    let bytes = bytes.get(mark..).unwrap_or_default();
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

/// A text that was cut may end within a character.
fn is_utf8(bytes: &[u8], is_cut: bool) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => is_cut && error.error_len().is_none(),
    }
}

/// Characters that stand in no text: what could not be decoded, and control characters. A single NUL
/// weighs as much as a whole text.
fn odd(text: &str) -> usize {
    let weight = |c: char| match c {
        '\0' => text.len(),
        '\t' | '\n' | '\r' | '\x0c' | '\x1b' => 0,
        '\u{fffd}' => 1,
        c => usize::from(c.is_control()),
    };
    text.chars().map(weight).fold(0, usize::saturating_add)
}
