//! Forms with files (`multipart/form-data`) read into the parameters they stand for. Pure.

use serde_json::{Map, Value, json};

use super::{Kind, signature};

/// The parameters of a form; a file becomes `{file_name, content}`.
pub(super) fn read(method: &str, kind: &str, body: &[u8]) -> Result<Value, String> {
    let (_, boundary) = kind.split_once("boundary=").ok_or("no boundary")?;
    let body = String::from_utf8_lossy(body);
    let line = format!("--{boundary}");
    let whole = body.strip_suffix(&format!("{line}--\r\n"));
    let parts = whole.ok_or("the form does not end")?.split(&line);
    let mut params = Map::new();
    for part in parts.filter(|part| !part.is_empty()) {
        let (head, value) = part.split_once("\r\n\r\n").ok_or("a part without a head")?;
        let value = value.strip_suffix("\r\n").ok_or("a part does not end")?;
        let name = quoted(head, "; name=").ok_or("a part without a name")?;
        let value = match quoted(head, "filename=") {
            Some(file) => json!({"file_name": file, "content": value}),
            None => field(method, name, value),
        };
        params.insert(name.to_owned(), value);
    }
    Ok(Value::Object(params))
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
