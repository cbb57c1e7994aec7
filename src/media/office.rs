//! The text of office files: DOCX, XLSX, PPTX (ECMA-376) and those of `OpenDocument`. They are archives
//! of XML. Pure.
//!
//! Invariants (design §10): at most [`MOST_ENTRIES`] entries are looked at and [`MOST_INFLATED`] bytes
//! unpacked; no archive within is opened; no entity is expanded; and no piece of XML is held that is
//! longer than a megabyte.

use std::fmt::Write as _;
use std::io::{Read, Seek};

use flate2::read::DeflateDecoder;
use rawzip::ZipArchiveEntryWayfinder as Place;
use rawzip::{CompressionMethod, RECOMMENDED_BUFFER_SIZE, ReaderAt, ZipArchive};

use self::xml::{Stopped, walk};
use super::{Content, MOST_TEXT, Unfit};

mod documents;
mod sheets;
mod xml;

const MOST_ENTRIES: usize = 1_000;
const MOST_INFLATED: u64 = 64 << 20;

/// An entry that may hold text.
struct Entry {
    name: String,
    method: CompressionMethod,
    place: Place,
}

/// The text of an archive, if it is an office file.
pub(super) fn text<R: Read + Seek>(file: R, is_late: &dyn Fn() -> bool) -> Result<Content, Unfit> {
    let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
    let archive = ZipArchive::from_seekable(file, &mut buffer);
    let archive = archive.map_err(|_broken| Unfit::Damaged)?;
    let entries = entries(&archive, &mut buffer)?;
    drop(buffer);
    let mut reading = Reading {
        archive: &archive,
        left: MOST_INFLATED,
        is_late,
        text: String::new(),
    };
    let read = match format(&entries) {
        Some(Format::Word) => documents::word(&mut reading, &entries),
        Some(Format::Slides) => documents::slides(&mut reading, &entries),
        Some(Format::Sheets) => sheets::sheets(&mut reading, &entries),
        Some(Format::Open) => documents::open(&mut reading, &entries),
        None => return Err(Unfit::Kind),
    };
    let text = reading.text.trim_end().to_owned();
    match read {
        Ok(()) if text.is_empty() => Err(Unfit::Empty),
        Ok(()) => Ok(Content::Text {
            text,
            is_cut: false,
        }),
        Err(Stopped::Full) => Ok(Content::Text { text, is_cut: true }),
        Err(Stopped::Bomb) => Err(Unfit::Bomb),
        Err(Stopped::Damaged) => Err(Unfit::Damaged),
    }
}

enum Format {
    Word,
    Slides,
    Sheets,
    Open,
}

fn format(entries: &[Entry]) -> Option<Format> {
    let has = |name: &str| entries.iter().any(|entry| entry.name == name);
    if has("word/document.xml") {
        Some(Format::Word)
    } else if has("ppt/presentation.xml") {
        Some(Format::Slides)
    } else if has("xl/workbook.xml") {
        Some(Format::Sheets)
    } else {
        (has("mimetype") && has("content.xml")).then_some(Format::Open)
    }
}

/// The entries whose text may be wanted.
fn entries<R: ReaderAt>(archive: &ZipArchive<R>, buffer: &mut [u8]) -> Result<Vec<Entry>, Unfit> {
    let mut found = Vec::new();
    let mut entries = archive.entries(buffer);
    let mut count = 0;
    while let Some(entry) = entries.next_entry().map_err(|_broken| Unfit::Damaged)? {
        count += 1;
        if count > MOST_ENTRIES {
            return Err(Unfit::Bomb);
        }
        let Ok(name) = std::str::from_utf8(entry.file_path().as_bytes()) else {
            continue;
        };
        // They are named so by the standards, in lower case.
        let is_xml = name.rsplit_once('.').is_some_and(|(_, kind)| kind == "xml");
        if is_xml || name == "mimetype" {
            found.push(Entry {
                name: name.to_owned(),
                method: entry.compression_method(),
                place: entry.wayfinder(),
            });
        }
    }
    Ok(found)
}

/// The entries whose names are this text, a number and `.xml`, in the order of their numbers.
fn numbered<'a>(entries: &'a [Entry], prefix: &str) -> Vec<(u32, &'a Entry)> {
    let number = |entry: &'a Entry| {
        let rest = entry.name.strip_prefix(prefix)?;
        let number = rest.strip_suffix(".xml")?.parse().ok()?;
        Some((number, entry))
    };
    let mut found: Vec<_> = entries.iter().filter_map(number).collect();
    found.sort_by_key(|(number, _)| *number);
    found
}

/// An archive that is being read, and the text found so far.
struct Reading<'a, R> {
    archive: &'a ZipArchive<R>,
    /// Bytes that may still be unpacked.
    left: u64,
    is_late: &'a dyn Fn() -> bool,
    text: String,
}

impl<R: ReaderAt> Reading<'_, R> {
    /// A line above what follows, as in `Slide 3:`.
    fn heading(&mut self, name: &str, number: u32) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        // Writing to a text cannot fail.
        writeln!(self.text, "{name} {number}:").ok();
    }

    /// Hands the XML of an entry over piece by piece.
    fn walk(
        &mut self,
        entry: &Entry,
        mut take: impl FnMut(xml::Piece<'_>, &mut String) -> Result<(), Stopped>,
    ) -> Result<(), Stopped> {
        let Self {
            archive,
            left,
            is_late,
            text,
        } = self;
        let packed = archive
            .get_entry(entry.place)
            .map_err(|_broken| Stopped::Damaged)?;
        let packed = packed.reader();
        let mut stored;
        let mut deflated;
        let unpacked: &mut dyn Read = if entry.method == CompressionMethod::STORE {
            stored = packed;
            &mut stored
        } else if entry.method == CompressionMethod::DEFLATE {
            deflated = DeflateDecoder::new(packed);
            &mut deflated
        } else {
            return Err(Stopped::Damaged);
        };
        walk(unpacked, left, *is_late, |piece| {
            take(piece, text)?;
            if text.len() > MOST_TEXT {
                let end = text.floor_char_boundary(MOST_TEXT);
                text.truncate(end);
                return Err(Stopped::Full);
            }
            Ok(())
        })
    }
}
