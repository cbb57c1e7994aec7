use proptest::prelude::*;

use super::*;
use crate::chat::part::text_of;
use crate::gemini::stream::tests::{data, events};

fn gathered(stream: &str) -> Gathered {
    let mut gathered = Gathered::default();
    for event in events([stream.as_bytes()]) {
        gathered.take(event);
    }
    gathered
}

const WHOLE: &str = r#"data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hel"}]}}],"usageMetadata":{"promptTokenCount":4,"totalTokenCount":5}}

data: {"candidates":[{"content":{"role":"model","parts":[{"text":"lo"}]}}],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":2,"totalTokenCount":6}}

data: {"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":2,"thoughtsTokenCount":9,"totalTokenCount":15},"modelVersion":"m-1"}
"#;

/// What comes of a stream whose candidates hold these texts, as written in JSON.
fn with_texts(texts: &[&str]) -> Gathered {
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
        let found = with_texts(texts);
        assert_eq!(text_of(&found.parts), text);
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
    assert_eq!(
        (text_of(&found.parts).as_str(), found.oddities),
        ("a", oddities)
    );
}

#[test]
fn a_finish_reason_in_small_letters_or_as_a_number_ends_the_answer() {
    for (written, reason) in [(r#""stop""#, "STOP"), ("1", "STOP"), ("2", "MAX_TOKENS")] {
        let stream = format!(
            "data: {{\"candidates\":[{{\"finishReason\":{written},\"content\":{{\"parts\":[{{\"text\":\"a\"}}]}}}}]}}\n\n"
        );
        let found = gathered(&stream);
        assert_eq!(
            (
                text_of(&found.parts).as_str(),
                found.finish_reason.as_deref()
            ),
            ("a", Some(reason))
        );
    }
}

#[test]
fn an_answer_is_its_deltas_its_last_usage_and_its_finish() {
    let whole = gathered(WHOLE);
    assert_eq!(text_of(&whole.parts), "Hello");
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
        gathered.take(event);
        deltas.push(gathered.added.clone());
    }
    assert_eq!(deltas, ["Hel", "lo", ""]);
}

#[test]
fn what_follows_an_early_finish_still_counts_and_a_cut_stream_has_none() {
    let early = "data: {\"candidates\":[{\"finishReason\":\"STOP\",\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}\n\n\
         data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"b\"}]}}]}\n\n";
    let whole = gathered(early);
    assert_eq!(text_of(&whole.parts), "ab");
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
    let signed = Part::Signed(signed.as_bytes().to_vec());
    assert_eq!(found.parts, [Part::Text("yes".to_owned()), signed]);
}

#[test]
fn a_field_of_a_strange_type_takes_no_text_with_it() {
    let part: Received =
        serde_json::from_str(r#"{"text":"hi","thought":"no","thoughtSignature":7}"#).unwrap();
    assert_eq!(part.text.as_deref(), Some("hi"));
    assert_eq!((part.thought, part.thought_signature), (None, None));
}

#[test]
fn a_text_that_a_signature_cuts_is_one_part() {
    let signed = r#"{"text":"b","thoughtSignature":"s"}"#;
    let stream = format!(
        "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"a\"}},{signed},\
         {{\"text\":\"c\"}}]}}}}]}}\n\n"
    );
    let found = gathered(&stream);
    let signed = Part::Signed(signed.as_bytes().to_vec());
    assert_eq!(found.parts, [Part::Text("abc".to_owned()), signed]);
    assert_eq!(found.added, "abc");
}

#[test]
fn a_text_behind_something_else_is_a_part_and_a_line_of_its_own() {
    let file = Part::File {
        file_id: "id".to_owned(),
        description: String::new(),
    };
    let text = |text: &str| Part::Text(text.to_owned());
    let mut gathered = Gathered {
        parts: vec![text("a"), file.clone(), Part::Signed(vec![1])],
        ..Gathered::default()
    };
    let chunk = r#"{"candidates":[{"content":{"parts":[{"text":"b"},{"text":"c"}]}}]}"#;
    gathered.take(data(chunk));
    let whole = [text("a"), file, Part::Signed(vec![1]), text("bc")];
    assert_eq!(gathered.parts, whole);
    assert_eq!(format!("a{}", gathered.added), text_of(&whole));
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
        assert_eq!(text_of(&found.parts), "Hel");
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

proptest! {
    #[test]
    fn no_bytes_are_a_danger(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut found = Gathered::default();
        for event in events([&bytes[..]]) {
            found.take(event);
        }
    }
}

/// What comes of an answer of these parts, as written in JSON.
fn of_parts(parts: &str) -> Gathered {
    gathered(&format!(
        "data: {{\"candidates\":[{{\"content\":{{\"parts\":{parts}}},\"finishReason\":\"STOP\"}}]}}\n\n"
    ))
}

fn made(file: &str) -> Part {
    Part::Made {
        mime: "image/png".to_owned(),
        file: file.to_owned(),
    }
}

#[test]
fn files_stand_among_the_texts_in_their_order_and_drafts_of_thought_do_not() {
    let file = |name: &str, more: &str| {
        format!(r#"{{"inlineData":{{"mimeType":"image/png","data":"{name}"}}{more}}}"#)
    };
    let parts = [
        file("f1", r#","thought":true"#),
        r#"{"text":"before"}"#.to_owned(),
        file("f2", r#","thoughtSignature":"c2ln""#),
        r#"{"text":"after"}"#.to_owned(),
        file("f3", ""),
    ];
    let found = of_parts(&format!("[{}]", parts.join(",")));
    let text = |text: &str| Part::Text(text.to_owned());
    assert_eq!(
        found.parts,
        [text("before"), made("f2"), text("after"), made("f3")],
        "and no signature of what is not kept"
    );
    assert!(found.shows_anything() && !found.has_lost_a_file);
}

#[test]
fn a_file_that_could_not_be_stored_is_missed() {
    let found = of_parts(r#"[{"inlineData":{"mimeType":"image/png","data":""}}]"#);
    assert!(found.parts.is_empty() && found.has_lost_a_file);
    assert!(!found.shows_anything());
}
