use proptest::prelude::*;
use serde_json::json;

use super::turns::without_signed_text;
use super::*;
use crate::catalog::ToolKind;
use crate::chat::prompt::Message;
use crate::chat::tool::Declaration;
use crate::gemini::gathered::Gathered;
use crate::gemini::stream::Event;
use crate::keys::Repair;

fn said(speaker: Speaker, text: &str) -> Message {
    Message {
        speaker,
        parts: vec![PromptPart::Text(text.to_owned())],
    }
}

fn prompt(messages: Vec<Message>) -> Prompt {
    Prompt::new("be kind".to_owned(), messages)
}

fn sent(prompt: &Prompt, shape: &Shape) -> Value {
    let body = Body::build(prompt, shape);
    let mut bytes = Vec::new();
    body.open().unwrap().read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len() as u64, body.len());
    serde_json::from_slice(&bytes).unwrap()
}

use Speaker::{Model, Person};

#[test]
fn a_request_holds_the_turns_the_persona_and_lenient_filters() {
    let shape = Shape {
        thinking: Some("LOW".to_owned()),
        max_output: Some(8192),
        ..Shape::default()
    };
    let request = sent(&prompt(vec![said(Person, "say \"hi\"\n\u{2028}")]), &shape);
    assert_eq!(
        request["contents"],
        json!([{"role": "user", "parts": [{"text": "say \"hi\"\n\u{2028}"}]}])
    );
    assert_eq!(
        request["systemInstruction"],
        json!({"parts": [{"text": "be kind"}]})
    );
    assert_eq!(
        request["generationConfig"],
        json!({"maxOutputTokens": 8192, "thinkingConfig": {"thinkingLevel": "LOW"}})
    );
    let filters = request["safetySettings"].as_array().unwrap();
    assert_eq!(filters.len(), 4);
    assert!(filters.iter().all(|f| f["threshold"] == "BLOCK_ONLY_HIGH"));
}

#[test]
fn nothing_is_sent_that_was_not_asked_for() {
    let silent = Prompt::new(String::new(), vec![said(Person, "hi")]);
    let request = sent(&silent, &Shape::default());
    assert_eq!(request.get("systemInstruction"), None);
    assert_eq!(request.get("generationConfig"), None);
}

#[test]
fn speakers_alternate_and_a_person_speaks_last() {
    let turns = vec![
        said(Person, "a"),
        said(Person, "b"),
        said(Model, ""),
        said(Person, "c"),
        said(Model, "d"),
        said(Model, "e"),
        said(Person, "f"),
        said(Model, "unfinished"),
    ];
    let request = sent(&prompt(turns), &Shape::default());
    assert_eq!(
        request["contents"],
        json!([
            {"role": "user", "parts": [{"text": "a"}, {"text": "b"}, {"text": "c"}]},
            {"role": "model", "parts": [{"text": "d"}, {"text": "e"}]},
            {"role": "user", "parts": [{"text": "f"}]},
        ])
    );
}

#[test]
fn a_model_without_system_instructions_gets_them_before_the_first_question() {
    let shape = Shape {
        system_in_first_turn: true,
        ..Shape::default()
    };
    for (turns, roles) in [
        (vec![said(Person, "hi")], vec!["user"]),
        (
            vec![said(Model, "x"), said(Person, "hi")],
            vec!["user", "model", "user"],
        ),
    ] {
        let request = sent(&prompt(turns), &shape);
        assert_eq!(request.get("systemInstruction"), None);
        assert_eq!(
            request["contents"][0]["parts"][0],
            json!({"text": "be kind"})
        );
        let contents = request["contents"].as_array().unwrap();
        let found: Vec<_> = contents
            .iter()
            .map(|turn| turn["role"].as_str().unwrap())
            .collect();
        assert_eq!(found, roles);
    }
}

fn signed_history(text: &str, signed: &str) -> Prompt {
    prompt(vec![
        said(Person, "q"),
        Message {
            speaker: Model,
            parts: vec![
                PromptPart::Text(text.to_owned()),
                PromptPart::Signed(signed.as_bytes().to_vec()),
            ],
        },
        said(Person, "next"),
    ])
}

#[test]
fn a_signed_part_is_replayed_byte_for_byte() {
    let signed = r#"{ "thoughtSignature" : "AbC+/=", "text":"", "x":1e2 }"#;
    let body = Body::build(&signed_history("hello", signed), &Shape::default());
    let mut text = String::new();
    body.open().unwrap().read_to_string(&mut text).unwrap();
    assert!(text.contains(&format!(r#"[{{"text":"hello"}},{signed}]"#)));
}

#[test]
fn text_that_a_signed_part_holds_is_said_once() {
    let signed = r#"{"text":" world","thoughtSignature":"s"}"#;
    for (text, parts) in [
        (
            "hello world",
            json!([{"text": "hello"}, {"text": " world", "thoughtSignature": "s"}]),
        ),
        (
            " world",
            json!([{"text": " world", "thoughtSignature": "s"}]),
        ),
        ("edited", json!([{"text": "edited"}])),
    ] {
        let request = sent(&signed_history(text, signed), &Shape::default());
        assert_eq!(request["contents"][1]["parts"], parts);
    }
}

#[test]
fn each_text_gives_way_to_the_signed_parts_right_behind_it() {
    let signed = |text: &str| {
        let json = json!({"text": text, "thoughtSignature": "s"});
        PromptPart::Signed(json.to_string().into_bytes())
    };
    let text = |text: &str| PromptPart::Text(text.to_owned());
    let said = without_signed_text(&[
        text("one two"),
        signed(" two"),
        text("edited"),
        signed("three"),
        text("four"),
    ]);
    assert_eq!(
        said,
        [text("one"), signed(" two"), text("edited"), text("four")]
    );
}

#[test]
fn a_signed_part_before_any_text_is_replayed_before_it() {
    let signed = r#"{"text":"","thoughtSignature":"s"}"#;
    let mut gathered = Gathered::default();
    let parts = format!(r#"[{signed},{{"text":"hello"}}]"#);
    gathered.take(Event::Json(format!(
        r#"{{"candidates":[{{"content":{{"parts":{parts}}}}}]}}"#
    )));
    let history = prompt(vec![said(Person, "q")]);
    let mut history = history.followed_by(&gathered.parts, Vec::new());
    history.messages.push(said(Person, "next"));
    let request = sent(&history, &Shape::default());
    assert_eq!(
        request["contents"][1]["parts"],
        json!([{"text": "", "thoughtSignature": "s"}, {"text": "hello"}])
    );
}

#[test]
fn an_unreadable_signed_part_is_left_out() {
    let request = sent(&signed_history("hello", "{oops"), &Shape::default());
    assert_eq!(request["contents"][1]["parts"], json!([{"text": "hello"}]));
}

#[test]
fn every_repair_changes_what_it_names() {
    let shape = Shape {
        thinking: Some("HIGH".to_owned()),
        less_thinking: Some("LOW".to_owned()),
        ..Shape::default()
    };
    let signed = r#"{"text":"","thoughtSignature":"s"}"#;
    let repaired = |repair| sent(&signed_history("hello", signed), &shape.repaired(repair));
    let level = "/generationConfig/thinkingConfig/thinkingLevel";
    let request = repaired(Repair::LessThinking);
    assert_eq!(request.pointer(level), Some(&json!("LOW")));
    assert_eq!(repaired(Repair::NoThinkingConfig).pointer(level), None);
    let request = repaired(Repair::OwnWords);
    let system = request.pointer("/systemInstruction/parts/0/text").unwrap();
    assert!(system.as_str().unwrap().starts_with("be kind\n\n"));
    assert!(system.as_str().unwrap().contains("own words"));
    let request = repaired(Repair::PlainSignatures);
    assert_eq!(
        request["contents"][1]["parts"][1]["thoughtSignature"],
        PLACEHOLDER
    );
    let untouched = sent(&signed_history("hello", signed), &shape);
    for repair in [Repair::NoTools, Repair::Same] {
        assert_eq!(repaired(repair), untouched);
    }
}

fn with_file(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photo");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn asking_about(file: PathBuf, bytes: u64) -> Prompt {
    let media = PromptPart::Media {
        mime: "image/jpeg".to_owned(),
        file,
        bytes,
        tokens: 1_120,
    };
    prompt(vec![Message {
        speaker: Person,
        parts: vec![media.clone(), PromptPart::Text("what?".to_owned()), media],
    }])
}

#[test]
fn a_file_that_is_gone_or_changed_is_told_when_it_is_opened_or_read() {
    let (folder, path) = with_file(b"12345");
    let body = Body::build(&asking_about(path.clone(), 5), &Shape::default());
    let mut reader = body.open().unwrap();
    std::fs::write(&path, b"12").unwrap();
    let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
    assert!(error.get_ref().unwrap().is::<FileChanged>());
    let error = body.open().err().unwrap();
    assert!(error.get_ref().unwrap().is::<FileChanged>());
    drop(folder);
    assert_eq!(body.open().err().unwrap().kind(), io::ErrorKind::NotFound);
}

proptest! {
    #[test]
    fn the_length_is_true_and_the_file_arrives_whole(
        bytes in proptest::collection::vec(any::<u8>(), 0..3 * STRIDE),
        step in 1_usize..5000,
    ) {
        let (_folder, path) = with_file(&bytes);
        let body = Body::build(&asking_about(path, bytes.len() as u64), &Shape::default());
        for _attempt in 0..2 {
            let mut reader = body.open().unwrap();
            let mut all = Vec::new();
            let mut buf = vec![0; step];
            loop {
                let read = reader.read(&mut buf).unwrap();
                if read == 0 { break }
                all.extend_from_slice(&buf[..read]);
            }
            prop_assert_eq!(all.len() as u64, body.len());
            let request: Value = serde_json::from_slice(&all).unwrap();
            for part in [0, 2] {
                let data = &request["contents"][0]["parts"][part]["inlineData"]["data"];
                prop_assert_eq!(&STANDARD.decode(data.as_str().unwrap()).unwrap(), &bytes);
            }
        }
    }
}

#[test]
fn what_is_to_be_made_stands_in_the_settings_and_nothing_of_it_where_it_is_text() {
    let picture = |ratio| Output::Picture { ratio };
    let voice = json!({"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}});
    for (output, settings) in [
        (Output::Text, Value::Null),
        (
            picture(None),
            json!({"responseModalities": ["TEXT", "IMAGE"]}),
        ),
        (
            picture(Some("16:9")),
            json!({"responseModalities": ["TEXT", "IMAGE"], "imageConfig": {"aspectRatio": "16:9"}}),
        ),
        (
            Output::Speech,
            json!({"responseModalities": ["AUDIO"], "speechConfig": voice}),
        ),
    ] {
        let shape = Shape {
            output,
            ..Shape::default()
        };
        let request = sent(&prompt(vec![said(Person, "hi")]), &shape);
        assert_eq!(request["generationConfig"], settings, "{output:?}");
    }
}

#[test]
fn a_model_that_draws_is_told_once_more_and_one_that_speaks_is_told_nothing() {
    let silent = Prompt::new(String::new(), vec![said(Person, "a cat")]);
    let told = |output, repair| {
        let shape = Shape {
            output,
            system_in_first_turn: true,
            ..Shape::default()
        };
        let request = sent(&silent, &shape.repaired(repair));
        request["contents"][0]["parts"].clone()
    };
    let drawn = told(Output::Picture { ratio: None }, Repair::InsistOnPicture);
    assert_eq!(drawn, json!([{"text": PICTURE}, {"text": "a cat"}]));
    let spoken = told(Output::Speech, Repair::OwnWords);
    assert_eq!(spoken, json!([{"text": "a cat"}]));
}

/// A question that the model answers by calling two functions at once, the first of which is signed.
fn called(ids: [Option<&str>; 2]) -> Prompt {
    let mut gathered = Gathered::default();
    let call = |name: &str, id: Option<&str>| match id {
        Some(id) => json!({"functionCall": {"id": id, "name": name, "args": {"a": 1}}}),
        None => json!({"functionCall": {"name": name, "args": {"a": 1}}}),
    };
    let [mut first, second] = [call("time", ids[0]), call("calculator", ids[1])];
    first["thoughtSignature"] = "s".into();
    let parts = json!([{"text": "let me see"}, first, second]);
    gathered.take(Event::Json(
        json!({"candidates": [{"content": {"parts": parts}}]}).to_string(),
    ));
    let [time, sum] = &*gathered.calls else {
        panic!("{:?}", gathered.calls);
    };
    let results = [
        time.result(Ok(json!("noon"))),
        sum.result(Err("no sum".to_owned())),
    ];
    let results = results.map(PromptPart::Result).to_vec();
    let functions = vec![Declaration {
        name: "time",
        description: "tells the time".to_owned(),
        parameters: json!({"type": "object"}),
    }];
    Prompt {
        tools: Toolset::Functions(functions),
        ..prompt(vec![said(Person, "q")]).followed_by(&gathered.parts, results)
    }
}

fn taking(tools: &[ToolKind]) -> Shape {
    Shape {
        tools: tools.to_vec(),
        ..Shape::default()
    }
}

#[test]
fn calls_are_replayed_as_they_came_and_each_result_names_its_call() {
    let shape = taking(&[ToolKind::Functions]);
    let request = sent(&called([Some("c1"), Some("c2")]), &shape);
    assert_eq!(
        request["contents"],
        json!([
            {"role": "user", "parts": [{"text": "q"}]},
            {"role": "model", "parts": [
                {"text": "let me see"},
                {"functionCall": {"id": "c1", "name": "time", "args": {"a": 1}},
                    "thoughtSignature": "s"},
                {"functionCall": {"id": "c2", "name": "calculator", "args": {"a": 1}}},
            ]},
            {"role": "user", "parts": [
                {"functionResponse": {"id": "c1", "name": "time", "response": {"output": "noon"}}},
                {"functionResponse": {"id": "c2", "name": "calculator",
                    "response": {"error": "no sum"}}},
            ]},
        ])
    );
    assert_eq!(
        request["tools"],
        json!([{"functionDeclarations": [{"name": "time", "description": "tells the time",
            "parametersJsonSchema": {"type": "object"}}]}])
    );
    let without_ids = sent(&called([None, None]), &shape);
    let result = &without_ids["contents"][2]["parts"][0]["functionResponse"];
    assert_eq!(result.get("id"), None);
}

#[test]
fn for_another_model_the_first_call_alone_has_the_placeholder() {
    let shape = taking(&[ToolKind::Functions]).repaired(Repair::PlainSignatures);
    let request = sent(&called([None, None]), &shape);
    let parts = &request["contents"][1]["parts"];
    assert_eq!(parts[1]["thoughtSignature"], PLACEHOLDER);
    assert_eq!(parts[2].get("thoughtSignature"), None);
}

#[test]
fn a_model_that_takes_no_functions_is_told_in_words_what_came_of_them() {
    for shape in [
        taking(&[]),
        taking(&ToolKind::ALL).repaired(Repair::NoTools),
        taking(&ToolKind::ALL).repaired(Repair::Without(ToolKind::Functions)),
    ] {
        let request = sent(&called([None, None]), &shape);
        assert_eq!(request.get("tools"), None);
        let parts = |turn: usize| request["contents"][turn]["parts"].clone();
        assert_eq!(parts(1), json!([{"text": "let me see"}]));
        assert_eq!(
            parts(2)[0],
            json!({"text": "(What time told: {\"output\":\"noon\"})"})
        );
    }
}

#[test]
fn what_google_runs_itself_is_offered_to_models_that_take_it() {
    let all = taking(&ToolKind::ALL);
    for (tools, kind, field) in [
        (Toolset::Search, ToolKind::Search, "googleSearch"),
        (Toolset::Pages, ToolKind::Pages, "urlContext"),
        (Toolset::Code, ToolKind::Code, "codeExecution"),
    ] {
        let asked = Prompt {
            tools,
            ..prompt(vec![said(Person, "q")])
        };
        assert_eq!(sent(&asked, &all)["tools"], json!([{ field: {} }]));
        for refusing in [
            taking(&[]),
            all.repaired(Repair::NoTools),
            all.repaired(Repair::Without(kind)),
        ] {
            assert_eq!(sent(&asked, &refusing).get("tools"), None, "{kind:?}");
        }
        let spent = sent(&asked, &all.repaired(Repair::NoSearchToday));
        assert_eq!(spent.get("tools").is_none(), kind.searches());
    }
}
