//! The cells of an XLSX: a line for each row, a tab between columns. Pure.

use rawzip::ReaderAt;

use super::super::MOST_TEXT;
use super::xml::{Piece, Stopped, attribute};
use super::{Entry, Reading, numbered};

/// Most empty columns that are shown side by side.
const MOST_GAP: usize = 30;

/// Every sheet, in the order of their numbers.
pub(super) fn sheets<R: ReaderAt>(
    reading: &mut Reading<'_, R>,
    entries: &[Entry],
) -> Result<(), Stopped> {
    let shared = shared_strings(reading, entries)?;
    for (number, entry) in numbered(entries, "xl/worksheets/sheet") {
        reading.heading("Sheet", number);
        sheet(reading, entry, &shared)?;
    }
    Ok(())
}

/// The texts that cells refer to by number.
fn shared_strings<R: ReaderAt>(
    reading: &mut Reading<'_, R>,
    entries: &[Entry],
) -> Result<Vec<String>, Stopped> {
    let mut strings: Vec<String> = Vec::new();
    let shared = |entry: &&Entry| entry.name == "xl/sharedStrings.xml";
    let Some(entry) = entries.iter().find(shared) else {
        return Ok(strings);
    };
    let (mut in_text, mut in_reading, mut bytes) = (0_u32, 0_u32, 0);
    reading.walk(entry, |piece, _| {
        match piece {
            Piece::Open("si", _) => {
                bytes += size_of::<String>();
                strings.push(String::new());
            }
            // How a text is read aloud stands beside it.
            Piece::Open("rPh", _) => in_reading += 1,
            Piece::Close("rPh") => in_reading = in_reading.saturating_sub(1),
            Piece::Open("t", _) => in_text += 1,
            Piece::Close("t") => in_text = in_text.saturating_sub(1),
            Piece::Text(words) if in_text > 0 && in_reading == 0 => {
                bytes += words.len();
                if let Some(last) = strings.last_mut() {
                    last.push_str(words);
                }
            }
            Piece::Open(..) | Piece::Close(_) | Piece::Text(_) => {}
        }
        if bytes > 2 * MOST_TEXT {
            return Err(Stopped::Bomb);
        }
        Ok(())
    })?;
    Ok(strings)
}

/// A cell while it is read.
#[derive(Default)]
struct Cell {
    is_shared: bool,
    value: String,
}

impl Cell {
    fn of(attribute: Option<&str>) -> Self {
        Self {
            is_shared: attribute == Some("s"),
            value: String::new(),
        }
    }

    fn text<'a>(&'a self, shared: &'a [String]) -> &'a str {
        let number = self.value.parse().ok().filter(|_| self.is_shared);
        let of_all = number.and_then(|number: usize| shared.get(number));
        of_all.unwrap_or(&self.value)
    }
}

fn sheet<R: ReaderAt>(
    reading: &mut Reading<'_, R>,
    entry: &Entry,
    shared: &[String],
) -> Result<(), Stopped> {
    let mut cell = Cell::default();
    let (mut in_value, mut at) = (0_u32, 0_usize);
    reading.walk(entry, |piece, text| {
        match piece {
            Piece::Open("row", _) => at = 0,
            Piece::Open("c", tag) => {
                cell = Cell::of(attribute(tag, "t").as_deref());
                let place = attribute(tag, "r");
                let column = place.and_then(|place| column(&place)).unwrap_or(at + 1);
                let gap = column.saturating_sub(at).min(MOST_GAP);
                text.push_str(&"\t".repeat(gap));
                at = column;
            }
            Piece::Open("v" | "t", _) => in_value += 1,
            Piece::Close("v" | "t") => in_value = in_value.saturating_sub(1),
            Piece::Text(words) if in_value > 0 => {
                cell.value.push_str(words);
                if cell.value.len() > MOST_TEXT {
                    return Err(Stopped::Bomb);
                }
            }
            Piece::Close("c") => text.push_str(cell.text(shared)),
            Piece::Close("row") => text.push('\n'),
            Piece::Open(..) | Piece::Close(_) | Piece::Text(_) => {}
        }
        Ok(())
    })
}

/// The column of a place such as `AB12`, from 0.
fn column(place: &str) -> Option<usize> {
    let letters = place.bytes().take_while(u8::is_ascii_uppercase);
    let digit = |letter: u8| usize::from(letter - b'A') + 1;
    let number = letters
        .take(3)
        .fold(0, |number, letter| number * 26 + digit(letter));
    number.checked_sub(1)
}
