//! The text of documents and slides: paragraphs as lines, the cells of a table apart. Pure.

use rawzip::ReaderAt;

use super::xml::{Piece, Stopped, attribute};
use super::{Entry, Reading, numbered};

/// Most spaces that one tag stands for.
const MOST_SPACES: usize = 100;

/// The body of a DOCX, then its notes.
pub(super) fn word<R: ReaderAt>(
    reading: &mut Reading<'_, R>,
    entries: &[Entry],
) -> Result<(), Stopped> {
    for part in [
        "word/document.xml",
        "word/footnotes.xml",
        "word/endnotes.xml",
    ] {
        if let Some(entry) = entries.iter().find(|entry| entry.name == part) {
            office(reading, entry)?;
        }
    }
    Ok(())
}

/// The slides of a PPTX, in order.
pub(super) fn slides<R: ReaderAt>(
    reading: &mut Reading<'_, R>,
    entries: &[Entry],
) -> Result<(), Stopped> {
    for (number, entry) in numbered(entries, "ppt/slides/slide") {
        reading.heading("Slide", number);
        office(reading, entry)?;
    }
    Ok(())
}

/// `WordprocessingML` and `DrawingML` name their text, breaks, paragraphs and tables alike.
fn office<R: ReaderAt>(reading: &mut Reading<'_, R>, entry: &Entry) -> Result<(), Stopped> {
    let (mut in_text, mut in_cell) = (0_u32, 0_u32);
    reading.walk(entry, |piece, text| {
        match piece {
            Piece::Open("t", _) => in_text += 1,
            Piece::Close("t") => in_text = in_text.saturating_sub(1),
            Piece::Text(words) if in_text > 0 => text.push_str(words),
            Piece::Open("tc", _) => in_cell += 1,
            Piece::Close("tc") => {
                in_cell = in_cell.saturating_sub(1);
                end_cell(text);
            }
            Piece::Open("br" | "cr", _) | Piece::Close("tr") => text.push('\n'),
            Piece::Close("p") => text.push(if in_cell > 0 { ' ' } else { '\n' }),
            Piece::Open(..) | Piece::Close(_) | Piece::Text(_) => {}
        }
        Ok(())
    })
}

/// The content of a file of `OpenDocument`.
pub(super) fn open<R: ReaderAt>(
    reading: &mut Reading<'_, R>,
    entries: &[Entry],
) -> Result<(), Stopped> {
    let Some(entry) = entries.iter().find(|entry| entry.name == "content.xml") else {
        return Ok(());
    };
    let (mut in_text, mut in_cell, mut in_changes) = (0_u32, 0_u32, 0_u32);
    reading.walk(entry, |piece, text| {
        match piece {
            Piece::Open("tracked-changes", _) => in_changes += 1,
            Piece::Close("tracked-changes") => in_changes = in_changes.saturating_sub(1),
            _ if in_changes > 0 => {}
            Piece::Open("p" | "h", _) => in_text += 1,
            Piece::Close("p" | "h") => {
                in_text = in_text.saturating_sub(1);
                text.push(if in_cell > 0 { ' ' } else { '\n' });
            }
            Piece::Text(words) if in_text > 0 => text.push_str(words),
            Piece::Open("s", tag) => {
                let count = attribute(tag, "text:c").and_then(|count| count.parse().ok());
                text.push_str(&" ".repeat(count.unwrap_or(1).min(MOST_SPACES)));
            }
            Piece::Open("table-cell", _) => in_cell += 1,
            Piece::Open("tab", _) => text.push('\t'),
            Piece::Close("table-cell") => {
                in_cell = in_cell.saturating_sub(1);
                end_cell(text);
            }
            Piece::Open("line-break", _) | Piece::Close("table-row") => text.push('\n'),
            Piece::Open(..) | Piece::Close(_) | Piece::Text(_) => {}
        }
        Ok(())
    })
}

/// A tab, without the space that the last paragraph of the cell has left.
fn end_cell(text: &mut String) {
    if text.ends_with(' ') {
        text.pop();
    }
    text.push('\t');
}
