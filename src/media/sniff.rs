//! What kind of file it is, by its first bytes. Pure. The MIME types are those that the model takes
//! (gemini-api §8).

/// Bytes of a file that tell its kind.
pub(super) const HEAD: u64 = 4096;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Picture(&'static str),
    Sound(&'static str),
    Film(&'static str),
    Pdf,
    /// An archive, which may be an office file.
    Zip,
    /// Something that is known and of no use.
    Other,
    /// Perhaps text.
    Unknown,
}

/// What begins with these bytes and is of one kind only.
const MAGIC: [(&[u8], Kind); 20] = [
    (b"\xff\xd8\xff", Kind::Picture("image/jpeg")),
    (b"\x89PNG\r\n\x1a\n", Kind::Picture("image/png")),
    (b"fLaC", Kind::Sound("audio/flac")),
    (b"ID3", Kind::Sound("audio/mpeg")),
    (b"FLV\x01", Kind::Film("video/x-flv")),
    (b"\0\0\x01\xba", Kind::Film("video/mpeg")),
    (b"\0\0\x01\xb3", Kind::Film("video/mpeg")),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Kind::Film("video/wmv")),
    (b"PK\x03\x04", Kind::Zip),
    (b"PK\x05\x06", Kind::Other),
    (b"GIF8", Kind::Other),
    (b"\x1f\x8b", Kind::Other),
    (b"BZh", Kind::Other),
    (b"\xfd7zXZ\0", Kind::Other),
    (b"7z\xbc\xaf\x27\x1c", Kind::Other),
    (b"Rar!\x1a\x07", Kind::Other),
    (b"\xd0\xcf\x11\xe0", Kind::Other),
    (b"\x7fELF", Kind::Other),
    (b"\xff\xfe", Kind::Unknown),
    (b"\xfe\xff", Kind::Unknown),
];

pub(super) fn kind(head: &[u8]) -> Kind {
    let known = MAGIC.iter().find(|(magic, _)| head.starts_with(magic));
    if let Some((_, kind)) = known {
        return *kind;
    }
    let has = |needle: &[u8]| head.windows(needle.len()).any(|bytes| bytes == needle);
    let at = |offset: usize| head.get(offset..offset + 4).unwrap_or_default();
    match (at(0), at(4), at(8)) {
        (b"RIFF", _, b"WEBP") => Kind::Picture("image/webp"),
        (b"RIFF", _, b"WAVE") => Kind::Sound("audio/wav"),
        (b"RIFF", _, b"AVI ") => Kind::Film("video/avi"),
        (b"FORM", _, b"AIFF" | b"AIFC") => Kind::Sound("audio/aiff"),
        (b"OggS", ..) if has(b"theora") => Kind::Other,
        (b"OggS", ..) => Kind::Sound("audio/ogg"),
        (b"\x1a\x45\xdf\xa3", ..) if has(b"webm") => Kind::Film("video/webm"),
        (b"\x1a\x45\xdf\xa3", ..) => Kind::Other,
        (_, b"ftyp", brand) => base_media(brand, head),
        _ if has_pdf_header(head) => Kind::Pdf,
        _ => mpeg_sound(head).map_or(Kind::Unknown, Kind::Sound),
    }
}

/// A file of boxes (ISO 14496-12), by its brand, or by those that it says it is compatible with.
fn base_media(brand: &[u8], head: &[u8]) -> Kind {
    let length = head
        .first_chunk()
        .map_or(0, |length| u32::from_be_bytes(*length));
    let length = usize::try_from(length)
        .unwrap_or(usize::MAX)
        .min(head.len());
    let mut compatible = head.get(16..length).unwrap_or_default().chunks_exact(4);
    match brand {
        b"heic" | b"heix" | b"hevc" | b"hevx" | b"heim" | b"heis" => Kind::Picture("image/heic"),
        b"mif1" | b"msf1" | b"heif" => {
            let is_hevc = compatible.any(|brand| matches!(brand, b"heic" | b"heix"));
            Kind::Picture(if is_hevc { "image/heic" } else { "image/heif" })
        }
        b"avif" | b"avis" => Kind::Other,
        b"M4A " | b"M4B " => Kind::Sound("audio/mp4"),
        b"qt  " => Kind::Film("video/quicktime"),
        [b'3', b'g', ..] => Kind::Film("video/3gpp"),
        _ => Kind::Film("video/mp4"),
    }
}

/// Readers look for it in the first kilobyte (PDF 1.7, appendix H).
fn has_pdf_header(head: &[u8]) -> bool {
    let head = head.get(..1024).unwrap_or(head);
    head.windows(5).any(|bytes| bytes == b"%PDF-")
}

/// The header of a frame: eleven bits that are set, then version, layer, rates (ISO 11172-3, 13818-7).
fn mpeg_sound(head: &[u8]) -> Option<&'static str> {
    let [0xff, second, third, _] = head.first_chunk()? else {
        return None;
    };
    let is_reserved = second & 0x18 == 0x08 || third & 0xf0 == 0xf0 || third & 0x0c == 0x0c;
    match second & 0xe6 {
        0xe0 if second & 0xf0 == 0xf0 => Some("audio/aac"),
        0xe2 if !is_reserved => Some("audio/mpeg"),
        _ => None,
    }
}
