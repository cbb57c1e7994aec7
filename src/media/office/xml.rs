//! XML piece by piece, within bounds. Pure.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read};

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

/// Longest tag, text or comment, in bytes.
const MOST_EVENT: u64 = 1 << 20;
const BUFFER: usize = 8 << 10;

/// Why the reading of a document ends before it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopped {
    /// There is as much text as is taken.
    Full,
    /// It unpacks to too much, takes too long, or defines entities of its own.
    Bomb,
    Damaged,
}

/// What a document consists of; names without their prefix.
pub(super) enum Piece<'a> {
    /// A tag that opens, with its attributes. One that closes itself comes as two.
    Open(&'a str, &'a BytesStart<'a>),
    Close(&'a str),
    Text(&'a str),
}

/// Hands a document over. `left` is how many bytes may still be unpacked.
pub(super) fn walk(
    document: &mut dyn Read,
    left: &mut u64,
    is_late: &dyn Fn() -> bool,
    mut take: impl FnMut(Piece<'_>) -> Result<(), Stopped>,
) -> Result<(), Stopped> {
    let bounded = Bounded {
        document,
        left,
        is_late,
    };
    let mut reader = Reader::from_reader(Paced {
        inner: BufReader::with_capacity(BUFFER, bounded),
        since: 0,
    });
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_dangling_amp = true;
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        reader.get_mut().since = 0;
        let event = reader.read_event_into(&mut buffer);
        match event.map_err(|error| stopped(&error))? {
            Event::Start(tag) => take(Piece::Open(tag.local_name().as_ref(), &tag))?,
            Event::Empty(tag) => {
                take(Piece::Open(tag.local_name().as_ref(), &tag))?;
                take(Piece::Close(tag.local_name().as_ref()))?;
            }
            Event::End(tag) => take(Piece::Close(tag.local_name().as_ref()))?,
            Event::Text(text) => take(Piece::Text(&text))?,
            Event::CData(text) => take(Piece::Text(&text))?,
            Event::GeneralRef(reference) => {
                let mut encoded = [0; 4];
                let text = match reference.resolve_char_ref() {
                    Ok(Some(character)) => Some(&*character.encode_utf8(&mut encoded)),
                    Ok(None) => resolve_predefined_entity(&reference),
                    Err(_) => return Err(Stopped::Damaged),
                };
                // Office files define no entities of their own.
                take(Piece::Text(text.ok_or(Stopped::Bomb)?))?;
            }
            Event::DocType(_) => return Err(Stopped::Bomb),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => return Ok(()),
        }
    }
}

fn stopped(error: &quick_xml::Error) -> Stopped {
    if let quick_xml::Error::Io(error) = error
        && error.kind() == io::ErrorKind::QuotaExceeded
    {
        Stopped::Bomb
    } else {
        Stopped::Damaged
    }
}

/// An attribute of a tag.
pub(super) fn attribute<'a>(tag: &'a BytesStart<'_>, name: &str) -> Option<Cow<'a, str>> {
    Some(tag.try_get_attribute(name).ok()??.value)
}

/// What is unpacked, up to a bound of bytes and of time.
struct Bounded<'a> {
    document: &'a mut dyn Read,
    left: &'a mut u64,
    is_late: &'a dyn Fn() -> bool,
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if (self.is_late)() {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let read = self.document.read(buffer)?;
        let left = self.left.checked_sub(read as u64);
        *self.left = left.ok_or(io::ErrorKind::QuotaExceeded)?;
        Ok(read)
    }
}

/// Fails when one piece of XML goes on for too long: all of it would be held in memory.
struct Paced<R> {
    inner: R,
    /// Bytes since the last piece.
    since: u64,
}

impl<R: Read> Read for Paced<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer)
    }
}

impl<R: BufRead> BufRead for Paced<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.since > MOST_EVENT {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.since = self.since.saturating_add(amount as u64);
        self.inner.consume(amount);
    }
}
