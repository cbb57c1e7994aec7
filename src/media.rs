//! What is in a file, by its bytes: whether the model can look at it as it is, or at the text that is in
//! it. Pure: it reads what it is given. Names and claims of whoever sent the file count for nothing.
//!
//! Invariant: whatever the bytes are, a look takes bounded memory and, by the clock that it is handed,
//! bounded time; and nothing is unpacked that was packed twice.

use std::io::{self, Read, Seek};

use self::sniff::Kind;

mod office;
mod pdf;
mod sniff;
mod text;

/// A picture at full resolution (gemini-api §8).
const PICTURE_TOKENS: u64 = 1_120;
/// Of sound and of film, for each second (gemini-api §8).
const SOUND_TOKENS: u64 = 32;
const FILM_TOKENS: u64 = 300;
/// A page of a PDF, at the most (gemini-api §8).
const PAGE_TOKENS: u64 = 560;
/// Bytes of a second of sound, and of film, where nobody tells how long it lasts.
const SOUND_BYTES: u64 = 4_000;
const FILM_BYTES: u64 = 60_000;
/// Bytes of a page, where its pages cannot be counted.
const PAGE_BYTES: u64 = 100_000;
/// Most pages of a PDF: they fill the minute of a free key.
pub(crate) const MOST_PAGES: u64 = 400;
/// Most bytes of text that are taken out of one file (design §10).
const MOST_TEXT: usize = 2 << 20;

/// What the model can be shown of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// The file as it is; `tokens` is about what it costs the model to look at it.
    Media { mime: &'static str, tokens: u64 },
    /// Its text, perhaps without its end.
    Text { text: String, is_cut: bool },
}

/// Why the model can be shown nothing of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is of no kind that the model or we could read.
    Kind,
    /// There is no text in it.
    Empty,
    /// It is not what it begins as.
    Damaged,
    /// It unpacks to far more than it should, or asks for far too much work.
    Bomb,
    /// It is a PDF of more than [`MOST_PAGES`].
    Pages,
}

/// Looks into a file. `bytes` is its length and `seconds` how long it lasts, as far as that is known;
/// `is_late` tells when it has taken long enough. An error is one of reading it.
pub(crate) fn look<R: Read + Seek>(
    mut file: R,
    bytes: u64,
    seconds: Option<u32>,
    is_late: &dyn Fn() -> bool,
) -> io::Result<Result<Content, Unfit>> {
    let mut head = Vec::new();
    file.by_ref().take(sniff::HEAD).read_to_end(&mut head)?;
    file.rewind()?;
    let lasting = |mime, tokens: u64, bytes_each: u64| {
        let seconds = seconds.map_or(bytes / bytes_each, u64::from).max(1);
        Ok(Content::Media {
            mime,
            tokens: seconds.saturating_mul(tokens),
        })
    };
    Ok(match sniff::kind(&head) {
        Kind::Picture(mime) => Ok(Content::Media {
            mime,
            tokens: PICTURE_TOKENS,
        }),
        Kind::Sound(mime) => lasting(mime, SOUND_TOKENS, SOUND_BYTES),
        Kind::Film(mime) => lasting(mime, FILM_TOKENS, FILM_BYTES),
        Kind::Pdf => pages(pdf::count_pages(file)?, bytes),
        Kind::Zip => office::text(file, is_late),
        Kind::Other => Err(Unfit::Kind),
        Kind::Unknown => text::read(file)?,
    })
}

/// A PDF of so many pages; none could be counted where they are packed.
fn pages(counted: u64, bytes: u64) -> Result<Content, Unfit> {
    if counted > MOST_PAGES {
        return Err(Unfit::Pages);
    }
    let pages = match counted {
        0 => (bytes / PAGE_BYTES).clamp(1, MOST_PAGES),
        counted => counted,
    };
    Ok(Content::Media {
        mime: "application/pdf",
        tokens: pages * PAGE_TOKENS,
    })
}

#[cfg(test)]
mod tests;
