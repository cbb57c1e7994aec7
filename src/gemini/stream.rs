//! Reads a streamed answer: bytes to events, events to an answer in the making. Pure.
//!
//! Owner: one [`Lines`] and one [`Gathered`] per call. Invariant: however the bytes are cut into
//! reads, the events are the same; and what is kept at a time is bounded by [`MAX_LINE`].

use super::wire::{Chunk, Part};
use crate::chat::answer::Usage;

/// Longest line, and longest error without `data:` prefix. Events hold a few words each; one with
/// a picture is the largest we can imagine.
const MAX_LINE: usize = 4 << 20;

/// What the stream said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// The text of one `data:` line, or of JSON that came without `data:` (how Google writes
    /// errors in mid-stream).
    Json(String),
    /// A line longer than [`MAX_LINE`]; nothing after it is read.
    TooLong,
}

/// Cuts bytes into events. Lines end at CR or LF only: JSON strings may hold U+2028, U+2029 and
/// U+0085 as they are.
#[derive(Debug, Default)]
pub(super) struct Lines {
    line: Vec<u8>,
    raw: Option<Raw>,
    overflown: bool,
}

/// JSON spread over lines, until its braces balance.
#[derive(Debug, Default)]
struct Raw {
    text: String,
    depth: u32,
    in_string: bool,
    escaped: bool,
}

impl Lines {
    /// Takes what one read gave and says what became complete.
    pub(super) fn feed(&mut self, mut bytes: &[u8], on: &mut impl FnMut(Event)) {
        while let Some(at) = bytes.iter().position(|b| matches!(b, b'\r' | b'\n')) {
            let (head, tail) = bytes.split_at(at);
            self.extend(head, on);
            self.end_of_line(on);
            bytes = tail.get(1..).unwrap_or_default();
        }
        self.extend(bytes, on);
    }

    /// The body ended: what is left is a line, even without its end.
    pub(super) fn finish(mut self, on: &mut impl FnMut(Event)) {
        self.end_of_line(on);
        if let Some(raw) = self.raw.take() {
            on(Event::Json(raw.text));
        }
    }

    fn extend(&mut self, bytes: &[u8], on: &mut impl FnMut(Event)) {
        let pending = self.raw.as_ref().map_or(0, |raw| raw.text.len());
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
        let line = String::from_utf8_lossy(&self.line);
        if let Some(data) = line.strip_prefix("data:") {
            // A data line inside raw JSON: the JSON was cut short.
            if let Some(raw) = self.raw.take() {
                on(Event::Json(raw.text));
            }
            let data = data.trim();
            if !data.is_empty() {
                on(Event::Json(data.to_owned()));
            }
        } else if self.raw.is_some() || line.trim_start().starts_with(['{', '[']) {
            // Anything else is a comment, another field, or nothing.
            let raw = self.raw.get_or_insert_default();
            raw.push(&line);
            if raw.depth == 0 {
                let text = std::mem::take(&mut raw.text);
                self.raw = None;
                on(Event::Json(text));
            }
        }
        self.line.clear();
    }
}

impl Raw {
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

/// An answer in the making; from a stream, or from the one chunk of a whole response.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Gathered {
    /// What a person may see.
    pub(super) text: String,
    /// Parts with a signature, as they came.
    pub(super) signed: Vec<Vec<u8>>,
    /// The counts are cumulative: the last ones count.
    pub(super) usage: Usage,
    pub(super) finish_reason: Option<String>,
    pub(super) block_reason: Option<String>,
    pub(super) model: Option<String>,
    /// The first error the stream held, as JSON; what comes after it does not matter.
    pub(super) error: Option<String>,
}

impl Gathered {
    /// Takes one event and returns the text it added.
    pub(super) fn take(&mut self, event: Event) -> &str {
        let before = self.text.len();
        if self.error.is_none() {
            match event {
                Event::Json(json) => self.take_json(json),
                Event::TooLong => self.error = Some("{\"message\":\"line too long\"}".to_owned()),
            }
        }
        self.text.get(before..).unwrap_or_default()
    }

    fn take_json(&mut self, json: String) {
        let chunks: Result<Vec<Chunk>, _> = if json.starts_with('[') {
            serde_json::from_str(&json)
        } else {
            serde_json::from_str(&json).map(|chunk| vec![chunk])
        };
        match chunks {
            Ok(chunks) => chunks.into_iter().for_each(|chunk| self.add(chunk)),
            // OpenAI-style gateways end with it; Google does not.
            Err(_) if json == "[DONE]" => {}
            Err(_) => self.error = Some(json),
        }
    }

    /// Adds a chunk that holds only what is new.
    pub(super) fn add(&mut self, chunk: Chunk) {
        if let Some(error) = chunk.error {
            self.error = Some(error.get().to_owned());
            return;
        }
        if let Some(usage) = chunk.usage_metadata {
            self.usage = Usage {
                prompt: usage.prompt.0,
                answer: usage.candidates.0,
                thoughts: usage.thoughts.0,
            };
        }
        if let Some(feedback) = chunk.prompt_feedback {
            self.block_reason = self.block_reason.take().or(feedback.block_reason);
        }
        self.model = chunk.model_version.or_else(|| self.model.take());
        let Some(first) = chunk.candidates.and_then(|all| all.into_iter().next()) else {
            return;
        };
        self.finish_reason = first.finish_reason.or_else(|| self.finish_reason.take());
        let parts = first.content.and_then(|content| content.parts);
        for raw in parts.unwrap_or_default() {
            let Ok(part) = serde_json::from_str::<Part>(raw.get()) else {
                continue;
            };
            if part.thought != Some(true) {
                self.text.push_str(part.text.as_deref().unwrap_or_default());
            }
            if part.thought_signature.is_some() {
                self.signed.push(raw.get().as_bytes().to_vec());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events<'a>(reads: impl IntoIterator<Item = &'a [u8]>) -> Vec<Event> {
        let mut events = Vec::new();
        let mut lines = Lines::default();
        for read in reads {
            lines.feed(read, &mut |event| events.push(event));
        }
        lines.finish(&mut |event| events.push(event));
        events
    }

    fn gathered(stream: &str) -> Gathered {
        let mut gathered = Gathered::default();
        for event in events([stream.as_bytes()]) {
            gathered.take(event);
        }
        gathered
    }

    fn data(text: &str) -> Event {
        Event::Json(text.to_owned())
    }

    const WHOLE: &str = r#"data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hel"}]}}],"usageMetadata":{"promptTokenCount":4,"totalTokenCount":5}}

data: {"candidates":[{"content":{"role":"model","parts":[{"text":"lo"}]}}],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":2,"totalTokenCount":6}}

data: {"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":2,"thoughtsTokenCount":9,"totalTokenCount":15},"modelVersion":"m-1"}
"#;

    #[test]
    fn lines_end_at_cr_or_lf_and_at_the_end_of_the_body() {
        for (stream, expected) in [
            ("data: a\n\ndata: b\n\n", vec![data("a"), data("b")]),
            ("data: a\r\n\r\ndata: b\r\n\r\n", vec![data("a"), data("b")]),
            ("data:a\rdata:b", vec![data("a"), data("b")]),
            (
                ": hello\nevent: x\nid: 1\n\ndata: a\ndata:\n",
                vec![data("a")],
            ),
            (
                "data: x\u{2028}\u{2029}\u{85}y\n",
                vec![data("x\u{2028}\u{2029}\u{85}y")],
            ),
            ("", vec![]),
        ] {
            assert_eq!(events([stream.as_bytes()]), expected, "{stream:?}");
        }
    }

    #[test]
    fn raw_json_is_collected_until_its_braces_balance_outside_strings() {
        let error = "[{\r\n  \"error\": {\r\n    \"message\": \"a } \\\" ] b\"\r\n  }\r\n}\r\n]";
        let stream = format!("data: a\r\n\r\n{error}\r\ndata: b\r\n");
        let found = events([stream.as_bytes()]);
        assert_eq!(found.len(), 3);
        let Event::Json(raw) = &found[1] else {
            panic!("{found:?}")
        };
        let expected: serde_json::Value = serde_json::from_str(error).unwrap();
        let read: serde_json::Value = serde_json::from_str(raw).unwrap();
        assert_eq!(read, expected);
        assert_eq!(found[2], data("b"));
    }

    #[test]
    fn raw_json_that_is_cut_short_is_still_told() {
        for stream in ["{\"error\":\n{\n", "{\"error\":\n{\ndata: b"] {
            let found = events([stream.as_bytes()]);
            assert_eq!(found[0], Event::Json("{\"error\":\n{\n".to_owned()));
        }
    }

    #[test]
    fn an_endless_line_is_refused_once() {
        let block = vec![b'x'; MAX_LINE / 4];
        let mut lines = Lines::default();
        let mut found = Vec::new();
        for _ in 0..10 {
            lines.feed(&block, &mut |event| found.push(event));
        }
        lines.feed(b"\ndata: a\n", &mut |event| found.push(event));
        lines.finish(&mut |event| found.push(event));
        assert_eq!(found, [Event::TooLong]);
    }

    #[test]
    fn an_answer_is_its_deltas_its_last_usage_and_its_finish() {
        let whole = gathered(WHOLE);
        assert_eq!(whole.text, "Hello");
        assert_eq!(whole.finish_reason.as_deref(), Some("STOP"));
        assert_eq!(whole.model.as_deref(), Some("m-1"));
        let usage = Usage {
            prompt: 4,
            answer: 2,
            thoughts: 9,
        };
        assert_eq!(whole.usage, usage);
    }

    #[test]
    fn each_event_tells_the_text_it_added() {
        let mut gathered = Gathered::default();
        let mut deltas = Vec::new();
        for event in events([WHOLE.as_bytes()]) {
            deltas.push(gathered.take(event).to_owned());
        }
        assert_eq!(deltas, ["Hel", "lo", ""]);
    }

    #[test]
    fn what_follows_an_early_finish_still_counts_and_a_cut_stream_has_none() {
        let early = "data: {\"candidates\":[{\"finishReason\":\"STOP\",\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}\n\n\
             data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"b\"}]}}]}\n\n";
        let whole = gathered(early);
        assert_eq!(whole.text, "ab");
        assert_eq!(whole.finish_reason.as_deref(), Some("STOP"));
        let cut = gathered(early.split_once("\n\n").unwrap().1);
        assert_eq!(cut.finish_reason, None);
    }

    #[test]
    fn thoughts_are_not_shown_and_signed_parts_are_kept_as_they_came() {
        let signed = r#"{ "text":"", "thoughtSignature":"AbC=" }"#;
        let stream = format!(
            "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"hm\",\"thought\":true}},\
             {{\"text\":\"yes\"}},{signed}]}}}}]}}\n\n"
        );
        let found = gathered(&stream);
        assert_eq!(found.text, "yes");
        assert_eq!(found.signed, [signed.as_bytes()]);
    }

    #[test]
    fn both_forms_of_an_error_in_mid_stream_end_the_answer() {
        let head = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hel\"}]}}]}\n\n";
        let tail = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"lo\"}]}}]}\n\n";
        for error in [
            "data: {\"error\":{\"code\":503,\"status\":\"UNAVAILABLE\"}}\n\n",
            "{\n \"error\": {\n \"code\": 503,\n \"status\": \"UNAVAILABLE\"\n }\n}\n",
        ] {
            let found = gathered(&format!("{head}{error}{tail}"));
            assert_eq!(found.text, "Hel");
            let error = found.error.unwrap();
            assert!(error.contains("UNAVAILABLE"), "{error}");
        }
        let garbage = gathered(&format!("{head}data: oops\n\n"));
        assert_eq!(garbage.error.as_deref(), Some("oops"));
        assert_eq!(gathered(&format!("{head}data: [DONE]\n\n")).error, None);
    }

    #[test]
    fn a_blocked_prompt_names_its_reason_with_and_without_the_prefix() {
        let blocked = r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#;
        for stream in [
            format!("data: {blocked}\n\n"),
            blocked.to_owned(),
            format!("[{blocked}\n]"),
        ] {
            let found = gathered(&stream);
            assert_eq!(found.block_reason.as_deref(), Some("SAFETY"), "{stream}");
        }
    }

    const MIXED: &str = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\u{1f600}é\u{2028}\"}]}}]}\r\n\r\n\
         : note\r\n{\r\n  \"error\": {\r\n    \"message\": \"} \\\" {\"\r\n  }\r\n}\r\ndata: last";

    proptest! {
        #[test]
        fn reads_of_any_size_give_the_same_events(
            mut cuts in proptest::collection::vec(0..=MIXED.len(), 0..12),
        ) {
            cuts.extend([0, MIXED.len()]);
            cuts.sort_unstable();
            let bytes = MIXED.as_bytes();
            let reads: Vec<_> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(events(reads), events([bytes]));
        }

        #[test]
        fn no_bytes_are_a_danger(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut found = Gathered::default();
            for event in events([&bytes[..]]) {
                found.take(event);
            }
        }
    }
}
