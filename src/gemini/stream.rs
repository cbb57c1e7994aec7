//! Cuts a streamed answer into events. Pure.
//!
//! The form is the event stream of the WHATWG HTML standard (section 9.2, "Server-sent events"), with
//! what Google and gateways write beside it: JSON without `data:`, and events without a blank line
//! between them. Owner: one [`Lines`] per call. Invariant: however the bytes are cut into reads, the
//! events are the same; and what is kept at a time is bounded by [`MAX_LINE`].

/// Longest line, and longest event spread over several. Events hold a few words each; one with
/// a picture is the largest we can imagine.
const MAX_LINE: usize = 4 << 20;

/// UTF-8's byte-order mark; the format allows one before the first line.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What the stream said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// The data of one event, or JSON that came without `data:` (how Google writes errors in
    /// mid-stream).
    Json(String),
    /// A line that is neither a field of the format nor JSON. It is passed over.
    Stray,
    /// A line or event longer than [`MAX_LINE`]; nothing after it is read.
    TooLong,
}

/// Cuts bytes into events. Lines end at CR, LF or CRLF only: JSON strings may hold U+2028, U+2029
/// and U+0085 as they are.
#[derive(Debug, Default)]
pub(super) struct Lines {
    line: Vec<u8>,
    pending: Option<Pending>,
    /// The first line is over, and with it the place for a byte-order mark.
    is_begun: bool,
    /// The last byte was a CR: an LF after it ends the same line.
    after_cr: bool,
    overflown: bool,
}

/// JSON spread over lines, until its braces balance.
#[derive(Debug, Default)]
struct Pending {
    /// It came in `data:` lines, and a blank line ends it.
    is_data: bool,
    text: String,
    depth: u32,
    in_string: bool,
    escaped: bool,
}

impl Lines {
    /// Takes what one read gave and says what became complete.
    pub(super) fn feed(&mut self, mut bytes: &[u8], on: &mut impl FnMut(Event)) {
        if self.after_cr && !bytes.is_empty() {
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
            self.after_cr = false;
        }
        while let Some(at) = bytes.iter().position(|b| matches!(b, b'\r' | b'\n')) {
            let (head, end) = bytes.split_at(at);
            self.extend(head, on);
            self.end_of_line(on);
            let crlf = end.strip_prefix(b"\r\n");
            bytes = crlf.or_else(|| end.get(1..)).unwrap_or_default();
            self.after_cr = bytes.is_empty() && end == b"\r";
        }
        self.extend(bytes, on);
    }

    /// The body ended: what is left is a line, and an event, even without its end.
    pub(super) fn finish(mut self, on: &mut impl FnMut(Event)) {
        self.end_of_line(on);
        self.flush(on);
    }

    fn extend(&mut self, bytes: &[u8], on: &mut impl FnMut(Event)) {
        let pending = self.pending.as_ref().map_or(0, |json| json.text.len());
        if self.overflown {
            return;
        }
        if self.line.len() + bytes.len() + pending > MAX_LINE {
            *self = Self {
                overflown: true,
                ..Self::default()
            };
            on(Event::TooLong);
            return;
        }
        self.line.extend_from_slice(bytes);
    }

    fn end_of_line(&mut self, on: &mut impl FnMut(Event)) {
        let bytes = std::mem::take(&mut self.line);
        let mut line = bytes.as_slice();
        if !std::mem::replace(&mut self.is_begun, true) {
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        self.take_line(&String::from_utf8_lossy(line), on);
        // The next line needs room of the same size.
        self.line = bytes;
        self.line.clear();
    }

    fn take_line(&mut self, line: &str, on: &mut impl FnMut(Event)) {
        let field = line.split_once(':').unwrap_or((line, ""));
        let is_bare = line.trim_start().starts_with(['{', '[']);
        match (&self.pending, field) {
            (_, ("data", value)) => self.take_data(value.strip_prefix(' ').unwrap_or(value), on),
            (Some(Pending { is_data: false, .. }), _) => self.push(false, line, on),
            (_, _) if is_bare => {
                self.flush(on);
                self.push(false, line, on);
            }
            _ if line.trim().is_empty() => self.flush(on),
            // A comment, and the fields that say nothing about the answer.
            (_, ("" | "event" | "id" | "retry", _)) => {}
            _ => on(Event::Stray),
        }
    }

    fn take_data(&mut self, value: &str, on: &mut impl FnMut(Event)) {
        let is_going_on = self.pending.as_ref().is_some_and(|json| json.is_data);
        if !is_going_on {
            // A data line inside bare JSON: the JSON was cut short.
            self.flush(on);
        }
        if is_going_on || !value.trim().is_empty() {
            self.push(true, value, on);
        }
    }

    /// Adds a line to the JSON that is pending, and says it when its braces balance: some gateways
    /// leave out the blank line after an event.
    fn push(&mut self, is_data: bool, line: &str, on: &mut impl FnMut(Event)) {
        let json = self.pending.get_or_insert_default();
        json.is_data = is_data;
        json.push(line);
        if json.depth == 0 {
            self.flush(on);
        }
    }

    fn flush(&mut self, on: &mut impl FnMut(Event)) {
        if let Some(json) = self.pending.take() {
            on(Event::Json(if json.is_data {
                json.text.trim().to_owned()
            } else {
                json.text
            }));
        }
    }
}

impl Pending {
    fn push(&mut self, line: &str) {
        for c in line.chars() {
            match c {
                _ if self.escaped => self.escaped = false,
                '\\' if self.in_string => self.escaped = true,
                '"' => self.in_string = !self.in_string,
                '{' | '[' if !self.in_string => self.depth += 1,
                '}' | ']' if !self.in_string => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
        if !line.is_empty() {
            self.text.push_str(line);
            self.text.push('\n');
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
