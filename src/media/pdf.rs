//! How many pages a PDF has, as far as that can be read without unpacking it. Pure.

use std::io::{self, Read};

/// What stands before the kind of an object.
const KIND: &[u8] = b"/Type";
/// Longest text of which it depends whether an object is a page: the key, white space, the name and
/// what ends it.
const LONGEST: usize = 32;
const BLOCK: usize = 16 << 10;

/// Counts the objects that are pages; those in packed streams are not found.
pub(super) fn count_pages(mut file: impl Read) -> io::Result<u64> {
    let mut pages = 0;
    let mut window = Vec::with_capacity(BLOCK + LONGEST);
    loop {
        let read = file.by_ref().take(BLOCK as u64).read_to_end(&mut window)?;
        let is_last = read == 0;
        // What begins too near the end is looked at with the next block.
        let end = if is_last {
            window.len()
        } else {
            window.len().saturating_sub(LONGEST)
        };
        let starts = (0..end).filter(|at| window.get(*at..).is_some_and(is_page));
        pages += starts.count() as u64;
        if is_last {
            return Ok(pages);
        }
        window.drain(..end);
    }
}

fn is_page(bytes: &[u8]) -> bool {
    let Some(rest) = bytes.strip_prefix(KIND) else {
        return false;
    };
    let rest = rest.trim_ascii_start();
    rest.strip_prefix(b"/Page").is_some_and(|rest| {
        let next = rest.first().copied().unwrap_or(b' ');
        !next.is_ascii_alphanumeric()
    })
}
