//! What the walk in [`super::markdown`] has written so far, and what is open at its present place.
//! Pure. The steps of the walk are methods of [`Page`]: those for blocks in [`super::blocks`], those
//! inside a line in [`super::spans`].

use super::footnotes::Footnotes;
use super::math::Masked;
use super::rich_writer::RichWriter;
use super::table::Table;
use crate::chat::rich::Rich;

/// What was written, and what is open.
pub(super) struct Page<'p> {
    /// The answer, and the formulas that were taken out of it.
    pub(super) masked: &'p Masked<'p>,
    /// The question.
    pub(super) asked: &'p str,
    pub(super) writer: RichWriter,
    /// Writers that wait while a cell, a note or a raised text is written apart.
    pub(super) held: Vec<RichWriter>,
    /// Numbers of the next items; none for lists of bullets.
    pub(super) lists: Vec<Option<u64>>,
    pub(super) blocks: Vec<Block>,
    pub(super) links: Vec<Link>,
    pub(super) table: Table,
    pub(super) row: Vec<Rich>,
    pub(super) code: Option<Code>,
    /// Labels of the footnotes being defined.
    pub(super) labels: Vec<String>,
    pub(super) notes: Footnotes,
}

impl<'p> Page<'p> {
    /// One on which nothing was written.
    pub(super) fn new(masked: &'p Masked<'p>, asked: &'p str) -> Self {
        Self {
            masked,
            asked,
            writer: RichWriter::default(),
            held: Vec::new(),
            lists: Vec::new(),
            blocks: Vec::new(),
            links: Vec::new(),
            table: Table::default(),
            row: Vec::new(),
            code: None,
            labels: Vec::new(),
            notes: Footnotes::default(),
        }
    }
}

/// What holds blocks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    /// An item whose texts stand close together.
    Close,
    /// An item with paragraphs.
    Loose,
    /// A quote whose blocks begin at this byte.
    Quote(usize),
}

/// A link whose end has not come.
pub(super) struct Link {
    pub(super) url: String,
    /// Whether it is a link for Telegram too.
    pub(super) linked: bool,
    /// Whether it stands in another one, which tells enough.
    pub(super) inner: bool,
    /// Where its text begins.
    pub(super) from: usize,
}

/// A code block whose end has not come.
pub(super) struct Code {
    pub(super) language: Option<String>,
    pub(super) text: String,
}
