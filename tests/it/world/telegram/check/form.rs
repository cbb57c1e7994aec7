//! Forms with files (`multipart/form-data`) read into the parameters they stand for. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{Kind, signature};

/// The parameters of a form; a file becomes `{file_name, content, base64}`, its content as far as it is
/// text.
pub(super) fn read(method: &str, kind: &str, body: &[u8]) -> Result<Value, String> {
    let (_, boundary) = kind.split_once("boundary=").ok_or("no boundary")?;
    let line = format!("--{boundary}");
    let whole = body.strip_suffix(format!("{line}--\r\n").as_bytes());
    let mut rest = whole.ok_or("the form does not end")?;
    let mut params = Map::new();
    while let Some((part, after)) = split_once(rest, line.as_bytes()) {
        rest = after;
        if part.is_empty() {
            continue;
        }
        let (name, value) = read_part(method, part)?;
        params.insert(name, value);
    }
    if !rest.is_empty() {
        let (name, value) = read_part(method, rest)?;
        params.insert(name, value);
    }
    Ok(Value::Object(params))
}

fn read_part(method: &str, part: &[u8]) -> Result<(String, Value), String> {
    let (head, value) = split_once(part, b"\r\n\r\n").ok_or("a part without a head")?;
    let value = value.strip_suffix(b"\r\n").ok_or("a part does not end")?;
    let (head, text) = (
        String::from_utf8_lossy(head),
        String::from_utf8_lossy(value),
    );
    let name = quoted(&head, "; name=").ok_or("a part without a name")?;
    let value = match quoted(&head, "filename=") {
        Some(file) => json!({"file_name": file, "content": text, "base64": STANDARD.encode(value)}),
        None => field(method, name, &text),
    };
    Ok((name.to_owned(), value))
}

/// What stands before and behind some bytes.
fn split_once<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let found = bytes.windows(at.len()).position(|window| window == at)?;
    Some((&bytes[..found], &bytes[found + at.len()..]))
}

fn quoted<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = head.split_once(&format!("{name}\""))?;
    Some(rest.split_once('"')?.0)
}

/// A field of a form is text, which stands for JSON wherever a method takes no text.
fn field(method: &str, name: &str, value: &str) -> Value {
    let known = signature(method).unwrap_or_default();
    let is_text = known
        .iter()
        .any(|(known, kind)| known.trim_end_matches('!') == name && matches!(kind, Kind::Text));
    let text = || Value::String(value.to_owned());
    if is_text {
        text()
    } else {
        serde_json::from_str(value).unwrap_or_else(|_| text())
    }
}
