//! The rules of the Bot API for photos and voice messages. Pure.

const LARGEST_PHOTO: usize = 10 << 20;
const MOST_PIXELS: u32 = 10_000;

/// What is wrong with a file that is sent so, and the service's words for it.
pub(in crate::world::telegram) fn media(
    method: &str,
    file: &[u8],
) -> Option<(&'static str, &'static str)> {
    match method {
        "sendPhoto" => photo(file),
        "sendVoice" => voice(file),
        _ => None,
    }
}

fn photo(file: &[u8]) -> Option<(&'static str, &'static str)> {
    if file.len() > LARGEST_PHOTO {
        return Some(("a photo of more than 10 MB", "file is too big"));
    }
    let is_jpeg = file.starts_with(b"\xff\xd8\xff");
    let is_webp = file.starts_with(b"RIFF") && file.get(8..12) == Some(b"WEBP");
    if is_jpeg || is_webp {
        return None;
    }
    let Some(size) = file
        .strip_prefix(b"\x89PNG\r\n\x1a\n")
        .and_then(|file| file.get(8..16))
    else {
        return Some(("no picture", "IMAGE_PROCESS_FAILED"));
    };
    let number = |at: usize| u32::from_be_bytes(size[at..at + 4].try_into().expect("four bytes"));
    let (width, height) = (number(0), number(4));
    let is_slim = width.max(height) > width.min(height).saturating_mul(20);
    (width.saturating_add(height) > MOST_PIXELS || is_slim)
        .then_some(("a photo of an impossible size", "PHOTO_INVALID_DIMENSIONS"))
}

/// Opus in an Ogg stream that has its end, MP3 or M4A.
fn voice(file: &[u8]) -> Option<(&'static str, &'static str)> {
    const LAST: u8 = 4;
    let pages = || {
        file.windows(6)
            .filter(|window| window.starts_with(b"OggS\0"))
    };
    let is_opus = file.starts_with(b"OggS") && file.get(28..36) == Some(b"OpusHead");
    let ends = pages().next_back().is_some_and(|page| page[5] & LAST != 0);
    let is_other = file.starts_with(b"ID3") || file.get(4..8) == Some(b"ftyp");
    let is_fine = is_other || (is_opus && ends);
    (!is_fine).then_some(("no voice message", "VOICE_PROCESS_FAILED"))
}
