use std::io::{Cursor, Write as _};
use std::path::Path;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use proptest::prelude::*;
use rawzip::ZipArchiveWriter;

use super::*;

const NEVER: &dyn Fn() -> bool = &|| false;

fn shipped(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/media");
    std::fs::read(Path::new(folder).join(name)).unwrap()
}

fn look_at(bytes: &[u8]) -> Result<Content, Unfit> {
    look(Cursor::new(bytes), bytes.len() as u64, None, NEVER).unwrap()
}

fn text_of(bytes: &[u8]) -> (String, bool) {
    match look_at(bytes) {
        Ok(Content::Text { text, is_cut }) => (text, is_cut),
        other => panic!("{other:?}"),
    }
}

/// An archive of these entries.
fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = ZipArchiveWriter::new(&mut bytes);
    for (name, content) in entries {
        let (mut entry, config) = archive
            .new_file(name)
            .compression_method(rawzip::CompressionMethod::DEFLATE)
            .start()
            .unwrap();
        let encoder = DeflateEncoder::new(&mut entry, Compression::best());
        let mut writer = config.wrap(encoder);
        writer.write_all(content).unwrap();
        let (encoder, output) = writer.finish().unwrap();
        encoder.finish().unwrap();
        entry.finish(output).unwrap();
    }
    archive.finish().unwrap();
    bytes
}

fn docx(body: &[u8]) -> Vec<u8> {
    archive(&[("word/document.xml", body)])
}

#[test]
fn each_kind_that_the_model_takes_is_known_by_its_bytes() {
    for (name, mime) in [
        ("photo.jpg", "image/jpeg"),
        ("picture.png", "image/png"),
        ("sticker.webp", "image/webp"),
        ("photo.heic", "image/heic"),
        ("voice.ogg", "audio/ogg"),
        ("song.mp3", "audio/mpeg"),
        ("song.m4a", "audio/mp4"),
        ("sound.wav", "audio/wav"),
        ("clip.mp4", "video/mp4"),
        ("clip.webm", "video/webm"),
        ("paper.pdf", "application/pdf"),
    ] {
        let seen = look_at(&shipped(name));
        let Ok(Content::Media { mime: told, tokens }) = seen else {
            panic!("{name}: {seen:?}");
        };
        assert_eq!(told, mime, "{name}");
        assert!(tokens > 0, "{name}");
    }
}

#[test]
fn texts_of_any_encoding_are_read() {
    for (name, expected) in [
        ("table.csv", "city,people\nBerlin,3677472\nZürich,421878\n"),
        ("utf16.txt", "Grüße, 世界\n"),
        ("gbk.txt", "你好，世界。今天天气很好，我们去公园散步吧。\n"),
    ] {
        assert_eq!(
            text_of(&shipped(name)),
            (expected.to_owned(), false),
            "{name}"
        );
    }
}

#[test]
fn office_files_are_read_as_their_text() {
    for (name, lines) in [
        (
            "report.docx",
            &["Quarterly report", "Apples\t12", "Tom & Jerry"][..],
        ),
        ("table.xlsx", &["Sheet 1:", "Apples\t12", "\tthird"]),
        ("talk.pptx", &["Slide 1:", "Welcome", "Slide 2:", "The end"]),
        ("letter.odt", &["Dear Ann", "two  spaces"]),
    ] {
        let (text, is_cut) = text_of(&shipped(name));
        assert!(!is_cut, "{name}");
        for line in lines {
            assert!(text.contains(line), "{name}: {line:?} in {text:?}");
        }
    }
}

#[test]
fn what_nobody_can_read_is_told_apart_from_what_is_broken() {
    let zip = archive(&[("a.txt", b"hello")]);
    let nested = archive(&[("word/other.xml", b"<a/>"), ("inner.zip", &zip)]);
    for (bytes, expected) in [
        (&zip[..], Unfit::Kind),
        (&nested, Unfit::Kind),
        (b"PK\x03\x04 and no more", Unfit::Damaged),
        (b"GIF89a......", Unfit::Kind),
        (b"\x7fELF\x02\x01\x01", Unfit::Kind),
        (b"one\0two", Unfit::Kind),
        (b"", Unfit::Empty),
        (b" \n", Unfit::Empty),
        (&docx(b"<w:p><w:pict/></w:p>"), Unfit::Empty),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Unfit::Kind),
        (&docx(b"<w:p><w:t>\xff\xff</w:t></w:p>"), Unfit::Damaged),
    ] {
        assert_eq!(
            look_at(bytes),
            Err(expected),
            "{:?}",
            &bytes[..bytes.len().min(20)]
        );
    }
}

#[test]
fn a_bomb_is_told_within_its_bounds() {
    let entity =
        br#"<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><w:p><w:t>&c;</w:t></w:p>"#;
    let undefined = b"<w:p><w:t>&lol;</w:t></w:p>";
    let one_event = [&b"<!--"[..], &vec![b'x'; 2 << 20], b"-->"].concat();
    let long = b"<w:x></w:x>".repeat((65 << 20) / 11);
    let many: Vec<_> = (0..1_001).map(|nth| format!("word/{nth}.xml")).collect();
    let many: Vec<_> = many
        .iter()
        .map(|name| (name.as_str(), &b"<a/>"[..]))
        .collect();
    let strings = [&b"<sst>"[..], &b"<si/>".repeat(200_000), b"</sst>"].concat();
    let sheet = archive(&[
        ("xl/workbook.xml", b"<a/>"),
        ("xl/sharedStrings.xml", &strings),
    ]);
    for bytes in [
        docx(entity),
        docx(undefined),
        docx(&one_event),
        docx(&long),
        archive(&many),
        sheet,
    ] {
        assert!(bytes.len() < 1 << 20);
        assert_eq!(look_at(&bytes), Err(Unfit::Bomb));
    }
    let file = docx(b"<w:p><w:t>in time</w:t></w:p>");
    let late = look(Cursor::new(&file), 0, None, &|| true).unwrap();
    assert_eq!(late, Err(Unfit::Bomb));
}

#[test]
fn a_long_text_is_cut_and_told_to_be() {
    let (text, is_cut) = text_of("é".repeat(MOST_TEXT).as_bytes());
    assert!(is_cut && text.len() <= MOST_TEXT + 3);
    let paragraph = "<w:p><w:t>é is a letter</w:t></w:p>".repeat(200_000);
    let (text, is_cut) = text_of(&docx(paragraph.as_bytes()));
    assert!(is_cut && text.len() <= MOST_TEXT, "{}", text.len());
    // A thousand cells that refer to one long text.
    let strings = format!("<sst><si><t>{}</t></si></sst>", "x".repeat(100_000));
    let cells = format!("<row>{}</row>", r#"<c t="s"><v>0</v></c>"#.repeat(1_000));
    let (text, is_cut) = text_of(&archive(&[
        ("xl/workbook.xml", b"<a/>"),
        ("xl/sharedStrings.xml", strings.as_bytes()),
        ("xl/worksheets/sheet1.xml", cells.as_bytes()),
    ]));
    assert!(is_cut && text.len() <= MOST_TEXT);
}

#[test]
fn the_pages_of_a_pdf_are_counted_across_blocks() {
    let of = |pages: usize| {
        let page = "1 0 obj << /Type /Page /Parent 2 0 R >> endobj ";
        let kinds = "<< /Type /Pages >> << /Type/PageLabel >> ";
        format!("%PDF-1.4\n{kinds}{}", page.repeat(pages)).into_bytes()
    };
    for pages in [1, 7, 400] {
        assert_eq!(pdf::count_pages(&of(pages)[..]).unwrap(), pages as u64);
    }
    assert_eq!(look_at(&of(1_000)), Err(Unfit::Pages));
    let tight = b"%PDF-1.4 <</Type/Page>>".to_vec();
    assert_eq!(pdf::count_pages(&tight[..]).unwrap(), 1);
}

#[test]
fn sound_and_film_cost_by_the_second() {
    let cost = |seconds| match look(Cursor::new(b"fLaC0000"), 8, seconds, NEVER).unwrap() {
        Ok(Content::Media { tokens, .. }) => tokens,
        other => panic!("{other:?}"),
    };
    assert_eq!((cost(Some(10)), cost(Some(0)), cost(None)), (320, 32, 32));
}

proptest! {
    #[test]
    fn no_bytes_whatever_panic(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let _seen = look_at(&bytes);
        let _seen = look_at(&[&b"PK\x03\x04"[..], &bytes].concat());
        let _seen = look_at(&docx(&bytes));
    }

    #[test]
    fn a_text_is_read_as_it_is(text in "[a-zA-Zäöü你好 \n]{1,300}") {
        prop_assume!(!text.trim().is_empty());
        prop_assert_eq!(text_of(text.as_bytes()), (text, false));
    }
}
