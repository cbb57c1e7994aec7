//! The markdown that models write, as the parser is told to read it. Pure.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser};

/// What the parser finds in a text, and where.
pub(super) fn events(markdown: &str) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
    // GitHub's.
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM;
    Parser::new_ext(markdown, options).into_offset_iter()
}
