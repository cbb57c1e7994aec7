use proptest::prelude::*;

use super::*;

pub(in crate::gemini) fn events<'a>(reads: impl IntoIterator<Item = &'a [u8]>) -> Vec<Event> {
    let mut events = Vec::new();
    let mut lines = Lines::default();
    for read in reads {
        lines.feed(read, &mut |event| events.push(event));
    }
    lines.finish(&mut |event| events.push(event));
    events
}

fn data(text: &str) -> Event {
    Event::Json(text.to_owned())
}

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
}
