//! Turns an answer in markdown to what Telegram shows. Pure: [`markdown`] gives text and entities,
//! [`split`] cuts them to parts that fit a message, [`growing`] finds the stable prefix of an
//! answer that is not whole yet.

mod growing;
mod split;

pub(crate) use growing::stable_prefix;
pub(crate) use split::{Shown, halves, parts, parts_of_text, shown};

mod blocks;
pub(crate) mod chart;
mod defused;
mod dialect;
mod flanks;
mod footnotes;
mod headings;
mod html;
mod latex;
#[cfg(test)]
mod legal;
mod links;
mod markdown;
mod math;
mod page;
mod restore;
mod rich_writer;
mod spans;
pub(crate) mod spoken;
mod table;
mod tokens;

pub(crate) use defused::defused;
pub(crate) use markdown::answer;
pub(crate) use restore::rendered;

/// Longest text of one message. Telegram counts UTF-16 units, so an emoji costs two.
pub(crate) const LONGEST_TEXT: usize = 4096;

/// Most entities of one message: Telegram drops further ones silently.
pub(crate) const MOST_ENTITIES: usize = 100;

/// Most bytes of the entities of one message, addresses included: Telegram refuses more with
/// `ENTITIES_TOO_LONG`.
pub(crate) const MOST_ENTITY_BYTES: usize = 8_000;

/// Most messages of one answer; a longer one is attached as a file.
pub(crate) const MOST_PARTS: usize = 10;

/// Whether a character shows nothing: Telegram refuses a message made of such alone.
pub(crate) fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}
