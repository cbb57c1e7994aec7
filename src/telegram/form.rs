//! The bodies of calls: JSON, or a form with files that are read while they are sent. Part of the
//! edge: it opens the files.
//!
//! Invariant: the length is known before the first byte goes out, and no file is ever in memory.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};

use super::CallError;
use super::verdict::Refusal;

/// What the Bot API takes by multipart.
const MAX_FILE: u64 = 50 << 20;

/// A body ready to be sent, once.
pub(super) struct Body {
    pub(super) content_type: String,
    /// In bytes.
    pub(super) length: u64,
    pub(super) reader: Box<dyn Read>,
}

/// A file that goes as one part of a form.
pub(super) struct Upload<'a> {
    /// The parameter it is.
    pub(super) field: &'a str,
    /// The name people see. Never used as a path.
    pub(super) name: String,
    pub(super) content: Content<'a>,
}

/// What a file holds.
pub(super) enum Content<'a> {
    /// As the file at that path.
    File(&'a Path),
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl Body {
    pub(super) fn json<P: Serialize>(params: &P) -> Result<Self, CallError> {
        let json = serde_json::to_string(params).map_err(io::Error::from)?;
        let mut body = Self::empty("application/json".to_owned());
        // The server wants an object, also for a method without parameters.
        body.push(if json == "null" {
            "{}".to_owned()
        } else {
            json
        });
        Ok(body)
    }

    pub(super) fn form<P: Serialize>(params: &P, files: &[Upload<'_>]) -> Result<Self, CallError> {
        let boundary = format!("svs-bot-{:032x}", fastrand::u128(..));
        let mut body = Self::empty(format!("multipart/form-data; boundary={boundary}"));
        for (field, value) in fields(params)? {
            if files.iter().any(|file| file.field == field) {
                continue;
            }
            let value = match value {
                Value::String(text) => text,
                other @ (Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Array(_)
                | Value::Object(_)) => other.to_string(),
            };
            body.push(format!(
                "--{boundary}\r\ncontent-disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n"
            ));
        }
        for file in files {
            let Upload {
                field,
                name,
                content,
            } = file;
            let name = quotable(name);
            body.push(format!(
                "--{boundary}\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\
                 content-type: application/octet-stream\r\n\r\n"
            ));
            match content {
                Content::File(path) => body.push_file(path)?,
                Content::Text(text) => body.push(*text),
                Content::Bytes(bytes) => body.push(*bytes),
            }
            body.push("\r\n");
        }
        body.push(format!("--{boundary}--\r\n"));
        Ok(body)
    }

    fn empty(content_type: String) -> Self {
        Self {
            content_type,
            length: 0,
            reader: Box::new(io::empty()),
        }
    }

    fn push(&mut self, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.append(Cursor::new(bytes), length);
    }

    fn push_file(&mut self, path: &Path) -> Result<(), CallError> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        if length > MAX_FILE {
            return Err(Refusal::FileTooLarge.into());
        }
        self.append(Whole(file.take(length)), length);
        Ok(())
    }

    fn append(&mut self, next: impl Read + 'static, length: u64) {
        let before = std::mem::replace(&mut self.reader, Box::new(io::empty()));
        self.reader = Box::new(before.chain(next));
        self.length = self.length.saturating_add(length);
    }
}

fn fields<P: Serialize>(params: &P) -> Result<Map<String, Value>, CallError> {
    let value = serde_json::to_value(params).map_err(io::Error::from)?;
    Ok(serde_json::from_value(value).map_err(io::Error::from)?)
}

/// A header's quoted string must not end early.
fn quotable(name: &str) -> String {
    name.replace(['"', '\\', '\r', '\n'], "_")
}

/// A file as long as it was when it was opened; one that shrank breaks the request off.
struct Whole(io::Take<File>);

impl Read for Whole {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        if read == 0 && !buffer.is_empty() && self.0.limit() > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_shrank_since_it_was_opened_breaks_the_request_off() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("spool");
        std::fs::write(&path, "whole").unwrap();
        let upload = Upload {
            field: "document",
            name: "a".to_owned(),
            content: Content::File(&path),
        };
        let mut body = Body::form(&Map::new(), &[upload]).unwrap();
        File::options()
            .write(true)
            .open(&path)
            .and_then(|file| file.set_len(2))
            .unwrap();
        let error = body.reader.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
