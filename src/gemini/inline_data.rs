//! Takes media out of an answer while it comes: the base64 in `inlineData.data` is decoded into a file,
//! a piece at a time, and the file's name takes its place in the JSON. So no picture is ever whole in
//! memory, and the bound on a line of a stream is one on what is left. Pure, but for the files, which
//! [`Files`] makes.
//!
//! Invariant: everything else passes byte for byte, however the bytes are cut into reads.

use std::io;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

/// Base64 decoded at a time: a multiple of four.
const STRIDE: usize = 4 << 10;
/// Some write a picture's last characters so that a strict decoder refuses them.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, NO_PAD.with_decode_allow_trailing_bits(true));
/// Longest name of a field that is looked at, and one byte more.
const LONGEST_NAME: usize = 12;

/// Where the media of an answer go.
pub(crate) trait Files {
    /// A new file; one that was not finished is gone.
    fn begin(&mut self) -> io::Result<()>;

    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// The file is complete: its name, of letters and digits.
    fn finish(&mut self) -> io::Result<String>;
}

/// What stands in the place of media that could not be stored or decoded.
pub(super) const LOST: &str = "";

/// An answer on its way from the wire to whoever reads its JSON.
pub(super) struct InlineData<'a> {
    files: &'a mut dyn Files,
    place: Place,
    /// The beginning of the newest string.
    word: Vec<u8>,
    /// What that string is, if it may be the name of a field.
    name: Option<Name>,
    /// A colon stands behind it.
    is_named: bool,
    depth: u32,
    /// The depth of the `inlineData` object.
    within: Option<u32>,
    base64: Vec<u8>,
    is_lost: bool,
}

/// Where in the JSON the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    /// In a string that passes.
    Text {
        is_escaped: bool,
    },
    /// In one that is decoded.
    Data(Escape),
}

/// What of an escape in the base64 has come: some write `/` and `=` as escapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escape {
    None,
    Begun,
    /// So many digits of `\uXXXX`, and what they make.
    Digits(u8, u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    InlineData,
    Data,
}

impl<'a> InlineData<'a> {
    pub(super) fn new(files: &'a mut dyn Files) -> Self {
        Self {
            files,
            place: Place::Outside,
            word: Vec::new(),
            name: None,
            is_named: false,
            depth: 0,
            within: None,
            base64: Vec::new(),
            is_lost: false,
        }
    }

    /// Takes what one read gave, and puts what is left of it behind `rest`.
    pub(super) fn feed(&mut self, bytes: &[u8], rest: &mut Vec<u8>) {
        for &byte in bytes {
            match self.place {
                Place::Outside => {
                    rest.push(byte);
                    self.outside(byte);
                }
                Place::Text { is_escaped } => {
                    rest.push(byte);
                    self.text(byte, is_escaped);
                }
                Place::Data(escape) => self.data(byte, escape, rest),
            }
        }
    }

    fn outside(&mut self, byte: u8) {
        match byte {
            b'"' if self.is_of(Name::Data) && self.within == Some(self.depth) => {
                self.forget_name();
                self.is_lost = self.files.begin().is_err();
                self.base64.clear();
                self.place = Place::Data(Escape::None);
            }
            b'"' => {
                self.forget_name();
                self.word.clear();
                self.place = Place::Text { is_escaped: false };
            }
            b':' => self.is_named = true,
            b'{' => {
                self.depth = self.depth.saturating_add(1);
                if self.is_of(Name::InlineData) {
                    self.within = Some(self.depth);
                }
                self.forget_name();
            }
            b'}' => {
                if self.within == Some(self.depth) {
                    self.within = None;
                }
                self.depth = self.depth.saturating_sub(1);
                self.forget_name();
            }
            byte if byte.is_ascii_whitespace() => {}
            _ => self.forget_name(),
        }
    }

    fn is_of(&self, name: Name) -> bool {
        self.is_named && self.name == Some(name)
    }

    fn forget_name(&mut self) {
        self.name = None;
        self.is_named = false;
    }

    fn text(&mut self, byte: u8, is_escaped: bool) {
        match byte {
            // No string of JSON goes over a line: this one was cut short.
            b'\n' | b'\r' => self.place = Place::Outside,
            b'"' if !is_escaped => {
                self.name = match self.word.as_slice() {
                    b"inlineData" | b"inline_data" => Some(Name::InlineData),
                    b"data" => Some(Name::Data),
                    _ => None,
                };
                self.place = Place::Outside;
            }
            _ => {
                if self.word.len() < LONGEST_NAME {
                    self.word.push(byte);
                }
                let is_escaped = byte == b'\\' && !is_escaped;
                self.place = Place::Text { is_escaped };
            }
        }
    }

    fn data(&mut self, byte: u8, escape: Escape, rest: &mut Vec<u8>) {
        let next = match (escape, byte) {
            (Escape::None, b'"') => {
                rest.extend_from_slice(self.finished().as_bytes());
                rest.push(b'"');
                self.place = Place::Outside;
                return;
            }
            (Escape::None, b'\\') => Escape::Begun,
            (Escape::Begun, b'u') => Escape::Digits(0, 0),
            (Escape::Digits(3, code), digit) => {
                let code = code << 4 | hex(digit);
                self.character(u8::try_from(code).unwrap_or_default());
                Escape::None
            }
            (Escape::Digits(count, code), digit) => {
                Escape::Digits(count + 1, code << 4 | hex(digit))
            }
            // `\n` and its like break a long text into lines.
            (Escape::Begun, b'n' | b'r' | b't') => Escape::None,
            (Escape::Begun | Escape::None, character) => {
                self.character(character);
                Escape::None
            }
        };
        self.place = Place::Data(next);
    }

    /// Takes a character of the base64, of either alphabet.
    fn character(&mut self, character: u8) {
        match character {
            b'=' => return,
            blank if blank.is_ascii_whitespace() => return,
            b'-' => self.base64.push(b'+'),
            b'_' => self.base64.push(b'/'),
            other => self.base64.push(other),
        }
        if self.base64.len() >= STRIDE {
            self.decode();
        }
    }

    fn decode(&mut self) {
        let decoded = LENIENT.decode(&self.base64);
        self.base64.clear();
        let written = decoded.is_ok_and(|bytes| self.is_lost || self.files.write(&bytes).is_ok());
        self.is_lost |= !written;
    }

    /// The name of the file that is complete, or [`LOST`].
    fn finished(&mut self) -> String {
        self.decode();
        let lost = || LOST.to_owned();
        if self.is_lost {
            return lost();
        }
        self.files.finish().unwrap_or_else(|_full| lost())
    }
}

fn hex(digit: u8) -> u32 {
    char::from(digit).to_digit(16).unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests {
    use base64::engine::general_purpose;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// Files in memory, named by their number.
    #[derive(Debug, Default)]
    pub(in crate::gemini) struct InMemory {
        draft: Vec<u8>,
        pub(in crate::gemini) finished: Vec<Vec<u8>>,
        most: Option<usize>,
    }

    impl Files for InMemory {
        fn begin(&mut self) -> io::Result<()> {
            self.draft.clear();
            Ok(())
        }

        fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
            self.draft.extend_from_slice(bytes);
            match self.most {
                Some(most) if self.draft.len() > most => Err(io::ErrorKind::FileTooLarge.into()),
                _ => Ok(()),
            }
        }

        fn finish(&mut self) -> io::Result<String> {
            self.finished.push(std::mem::take(&mut self.draft));
            Ok(format!("f{}", self.finished.len()))
        }
    }

    /// What is left of an answer that comes in pieces of this size, and the files.
    fn diverted(answer: &str, size: usize, most: Option<usize>) -> (String, Vec<Vec<u8>>) {
        let mut files = InMemory {
            most,
            ..InMemory::default()
        };
        let mut rest = Vec::new();
        let mut inline = InlineData::new(&mut files);
        for piece in answer.as_bytes().chunks(size.max(1)) {
            inline.feed(piece, &mut rest);
        }
        (String::from_utf8(rest).unwrap(), files.finished)
    }

    fn answer_with(data: &str) -> String {
        format!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"text":"\"data\":\"AAAA\""}},{{"inlineData":{{"mimeType":"image/png","data":"{data}"}}}}]}}}}]}}"#
        )
    }

    fn data_of(left: &str) -> Value {
        let left: Value = serde_json::from_str(left).unwrap();
        left["candidates"][0]["content"]["parts"][1]["inlineData"]["data"].clone()
    }

    #[test]
    fn a_file_takes_the_place_of_its_base64_however_that_is_written() {
        for (written, bytes) in [
            ("aGVsbG8=", &b"hello"[..]),
            ("aGVsbG8", b"hello"),
            (r"aGVsbG8\u003d", b"hello"),
            (r"aGVs\nbG8=", b"hello"),
            (r"\/\/8=", b"\xff\xff"),
            ("__8", b"\xff\xff"),
            ("", b""),
        ] {
            for size in [1, 2, 7, 1000] {
                let (left, files) = diverted(&answer_with(written), size, None);
                assert_eq!(data_of(&left), "f1", "{written}");
                assert_eq!(files, [bytes], "{written}");
            }
        }
    }

    #[test]
    fn what_cannot_be_decoded_or_stored_is_lost_and_the_rest_stays() {
        let long = general_purpose::STANDARD.encode([7; 9000]);
        for (written, most) in [("a*b", None), (long.as_str(), Some(5000))] {
            let (left, files) = diverted(&answer_with(written), 100, most);
            assert_eq!(data_of(&left), LOST);
            assert!(files.is_empty());
        }
    }

    #[test]
    fn only_data_of_inline_data_is_taken() {
        for answer in [
            r#"{"functionCall":{"args":{"data":"aGVsbG8="}}}"#,
            r#"{"text":"inlineData"} {"data":"aGVsbG8="}"#,
            r#"{"inlineData":{"mimeType":"image/png","more":{"data":"aGVsbG8="}}}"#,
            r#"{"inlineData":null,"data":"aGVsbG8="}"#,
            ": it's a \"comment\n\ndata: {\"text\":\"\\\\\"}\n\n",
        ] {
            let (left, files) = diverted(answer, 3, None);
            assert_eq!((left.as_str(), files.len()), (answer, 0));
        }
    }

    #[test]
    fn several_files_in_a_stream_keep_their_order() {
        let event = |data: &str| format!("data: {}\r\n\r\n", answer_with(data));
        let stream = format!("{}{}", event("b25l"), event("dHdv"));
        let (left, files) = diverted(&stream, 5, None);
        assert_eq!(left, format!("{}{}", event("f1"), event("f2")));
        assert_eq!(files, [b"one", b"two"]);
    }

    proptest! {
        #[test]
        fn any_bytes_come_out_as_they_went_in(bytes: Vec<u8>, text in "\\PC*", size in 1_usize..64) {
            let data = general_purpose::STANDARD.encode(&bytes);
            let answer = json!({"a": text, "inlineData": {"data": data, "mimeType": text}});
            let (left, files) = diverted(&answer.to_string(), size, None);
            let left: Value = serde_json::from_str(&left).unwrap();
            prop_assert_eq!(&left["a"], &answer["a"]);
            prop_assert_eq!(&left["inlineData"]["data"], "f1");
            prop_assert_eq!(files, vec![bytes]);
        }
    }
}
