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
fn every_form_of_a_line_that_the_format_allows_is_understood() {
    let two = vec![data("{\"a\":1}"), data("{\"b\":2}")];
    for stream in [
        "data: {\"a\":1}\n\ndata: {\"b\":2}\n\n",
        "data:{\"a\":1}\r\rdata:{\"b\":2}\r\r",
        "\u{feff}data: {\"a\":1}\r\n\r\ndata:{\"b\":2}",
        // Several fields, comments, a field without a colon, a field without a value.
        "event: message\nid\ndata: {\"a\":1}\nretry: 10\n\n: still there\n\ndata: {\"b\":2}\ndata\n\n",
        // One event in several lines; an event without data.
        "data: {\ndata: \"a\"\ndata: :1}\n\nevent: ping\n\ndata:{\ndata:\ndata:\"b\":2\ndata:}\n\n",
        "data: {\r\ndata: \"a\":\r\n: a comment within\r\ndata:1}\r\n\r\ndata: {\"b\":2}\r\n",
        // No blank line between two events, as some gateways have it.
        "data: {\"a\":1}\ndata: {\"b\":2}\n",
    ] {
        let compact = |event: Event| match event {
            Event::Json(json) => Event::Json(json.split_whitespace().collect()),
            Event::Stray | Event::TooLong => event,
        };
        let found: Vec<Event> = events([stream.as_bytes()])
            .into_iter()
            .map(compact)
            .collect();
        assert_eq!(found, two, "{stream:?}");
        let bytes = stream.as_bytes().chunks(1).chain([&b""[..]]);
        assert_eq!(events(bytes).len(), 2, "byte by byte: {stream:?}");
    }
}

#[test]
fn a_blank_line_ends_an_event_that_is_cut_short() {
    for stream in [
        "data: {\"a\":\n\ndata: {\"b\":2}\n\n",
        "data: {\"a\":\r\n\r\ndata: {\"b\":2}\r\n\r\n",
    ] {
        let found = events([stream.as_bytes()]);
        assert_eq!(found, [data("{\"a\":"), data("{\"b\":2}")], "{stream:?}");
    }
}

#[test]
fn a_line_that_says_nothing_is_told_apart_from_a_comment() {
    let found = events([b": comment\nhello there\nDATA: x\n\ndata: a\n".as_slice()]);
    assert_eq!(found, [Event::Stray, Event::Stray, data("a")]);
}

/// The text of a stream whose candidates hold these texts, as written in JSON.
fn text_of(texts: &[&str]) -> Gathered {
    let event = |text: &&str| {
        format!(
            "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{text}\"}}]}}}}]}}\n\n"
        )
    };
    gathered(&texts.iter().map(event).collect::<String>())
}

#[test]
fn a_broken_escape_costs_one_character_and_no_text() {
    for (texts, text, mended) in [
        (&["a", "b"][..], "ab", 0),
        (&[r"a\ud83d b", "c"], "a\u{fffd} bc", 1),
        // One character in two events.
        (&[r"a\ud83d", r"\ude00b"], "a😀b", 2),
        (&[r"a\ud83d", "b"], "a\u{fffd}b", 1),
        (&[r"a\u12", r"\x b"], "a\u{fffd}12\\x b", 2),
        (&["a\tb"], "a\tb", 1),
    ] {
        let found = text_of(texts);
        assert_eq!(found.text, text);
        assert_eq!(found.error, None);
        assert_eq!(found.oddities.mended, mended, "{texts:?}");
    }
}

#[test]
fn what_cannot_be_read_is_counted() {
    let stream =
        "hello\ndata: {\"candidates\":[{\"content\":{\"parts\":[7,{\"text\":\"a\"}]}}]}\n\n";
    let found = gathered(stream);
    let oddities = Oddities {
        lines: 1,
        parts: 1,
        mended: 0,
    };
    assert_eq!((found.text.as_str(), found.oddities), ("a", oddities));
}

#[test]
fn a_finish_reason_in_small_letters_or_as_a_number_ends_the_answer() {
    for (written, reason) in [(r#""stop""#, "STOP"), ("1", "STOP"), ("2", "MAX_TOKENS")] {
        let stream = format!(
            "data: {{\"candidates\":[{{\"finishReason\":{written},\"content\":{{\"parts\":[{{\"text\":\"a\"}}]}}}}]}}\n\n"
        );
        let found = gathered(&stream);
        assert_eq!(
            (found.text.as_str(), found.finish_reason.as_deref()),
            ("a", Some(reason))
        );
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
