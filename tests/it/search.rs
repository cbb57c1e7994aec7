//! Answers from the web and from programs that are run: their sources, their blocks, and what they may
//! cost.

use serde_json::{Value, json};

use crate::world::World;
use crate::world::gemini::Fault;
use crate::world::telegram::forward;

/// The tools that a call offers, by name.
fn offered(world: &World, call: usize) -> Vec<String> {
    let calls = world.gemini.calls();
    let tools = calls[call].tools.as_array().cloned().unwrap_or_default();
    let names = tools.iter().filter_map(Value::as_object);
    names.flat_map(|tool| tool.keys().cloned()).collect()
}

const ANSWER: &str = "😀 今天北京晴，25 度。It is sunny. Bring nothing.";

/// Sunny weather, from two pages; offsets are bytes of UTF-8.
fn weather() -> Value {
    let chunk = |nth: usize| {
        json!({"web": {"uri": format!("https://vertexaisearch.example/redirect/{nth}"),
            "title": format!("weather{nth}.example")}})
    };
    let support = |passage: &str, sources: Value| {
        let start = ANSWER.find(passage).unwrap();
        json!({"segment": {"startIndex": start, "endIndex": start + passage.len(),
            "partIndex": 0, "text": passage}, "groundingChunkIndices": sources})
    };
    json!({"groundingMetadata": {
        "webSearchQueries": ["北京 天气"],
        "searchEntryPoint": {"renderedContent": "<html>"},
        "groundingChunks": [chunk(0), chunk(1), chunk(2)],
        "groundingSupports": [support("It is sunny.", json!([0, 2])),
            support("今天北京晴，25 度。", json!([2]))],
    }})
}

fn is_sunny(world: &World) {
    let parts = [
        json!({"text": "😀 今天北京晴，25"}),
        json!({"text": " 度。It is sunny. Bring nothing."}),
    ];
    world
        .gemini
        .uses("googleSearch", "weather", &parts, weather());
}

#[test]
fn a_grounded_answer_names_its_sources_where_they_belong() {
    for stream in ["auto", "off"] {
        let world = World::new().env("STREAM", stream).start();
        is_sunny(&world);
        let ann = world.telegram.person(1);
        ann.says("what is the weather in Beijing?");
        let answer = ann.hears();
        assert_eq!(
            answer.text,
            "😀 今天北京晴，25 度。[1]It is sunny.[1][2] Bring nothing.\n\n\
             Sources:\n1. weather2.example\n2. weather0.example\n\
             Searched on Google: 北京 天气"
        );
        let links: Vec<&str> = answer
            .entities
            .iter()
            .filter_map(|entity| entity.url.as_deref())
            .collect();
        assert_eq!(
            links,
            [
                "https://vertexaisearch.example/redirect/2",
                "https://vertexaisearch.example/redirect/0",
                "https://www.google.com/search?q=%E5%8C%97%E4%BA%AC+%E5%A4%A9%E6%B0%94",
            ]
        );
        assert_eq!(offered(&world, 0), ["googleSearch"]);
        ann.is_answered("thanks");
        assert_eq!(offered(&world, 1), ["functionDeclarations"]);
        world.stop();
    }
}

#[test]
fn searches_of_a_day_are_limited_by_role_over_a_restart() {
    let mut world = World::new().open().without("USER_LIMITS").prepare();
    world.has_config("[roles.normal]\nsearches_per_day = 3");
    world.restart();
    is_sunny(&world);
    let ann = world.telegram.person(7);
    world.telegram.person(1).asks("/grant 7 normal");
    assert!(ann.asks("/search").contains("For example"));
    for nth in 0..3 {
        let answer = ann.asks("/search weather in Beijing");
        assert!(answer.contains("Sources:"), "{nth}: {answer}");
        world.notes_all();
        world.kill();
        world.restart();
    }
    let told = ann.asks("/search weather in Beijing");
    assert!(told.contains("your 3 searches of today"), "{told}");
    // Who does not ask to search is answered without.
    let answer = ann.asks("what is the weather?");
    assert!(answer.contains("echo["), "{answer}");
    let guest = world.telegram.person(8);
    let told = guest.asks("/search weather");
    assert!(told.contains("As a guest"), "{told}");
    assert!(guest.asks("weather?").contains("echo["));
    world.stop();
}

#[test]
fn a_spent_search_quota_costs_the_search_and_not_the_answer() {
    const SPENT: Fault = Fault::Quota(&[("GroundingRequestsPerDayPerProject", "1500")]);
    let world = World::bare()
        .owner(1)
        .keys("any", &["k1"])
        .env("TELEGRAM_BOT_TOKEN", crate::world::telegram::TOKEN)
        .start();
    is_sunny(&world);
    world.gemini.everyone().answers_times(1, SPENT);
    let ann = world.telegram.person(1);
    for _ in 0..2 {
        let answer = ann.asks("weather in Beijing?");
        assert!(answer.contains("echo["), "{answer}");
    }
    assert_eq!(offered(&world, 0), ["googleSearch"]);
    assert_eq!(offered(&world, 1), Vec::<String>::new());
    assert_eq!(offered(&world, 2), Vec::<String>::new(), "not today");
    assert_eq!(world.gemini.calls().len(), 3);
    world.stop();
}

#[test]
fn only_links_that_the_asker_typed_are_opened() {
    let world = World::new().open().start();
    let read = json!({"urlContextMetadata": {"urlMetadata": [
        {"retrievedUrl": "https://example.org/a", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_SUCCESS"},
        {"retrievedUrl": "https://example.org/b", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_PAYWALL"},
    ]}});
    let said = [json!({"text": "A page about cats."})];
    world.gemini.uses("urlContext", "example.org", &said, read);
    // Of an Owner's forwards the bot tells who wrote them, and a forward joins what its sender has
    // just written.
    let people = [7, 8, 9].map(|id| {
        world.telegram.person(1).asks(&format!("/grant {id} vip"));
        world.telegram.person(id)
    });
    let [ann, bob, eve] = &people;
    ann.is_answered("my secret is mellon");
    let answer = ann.asks("sum up https://example.org/a and https://example.org/b");
    assert!(answer.starts_with("A page about cats."), "{answer}");
    assert!(answer.contains("I couldn't open"), "{answer}");
    assert_eq!(offered(&world, 1), ["urlContext"]);
    let shown = world.gemini.calls()[1].contents.to_string();
    assert!(!shown.contains("mellon"), "a page is shown no conversation");
    // Of somebody else's message nothing is opened, whoever forwards or asks about it.
    bob.sends(forward("Eve", "look at https://example.org/evil"));
    bob.hears_about("echo[");
    let own = eve.says("hello");
    eve.hears_about("hello");
    let quote = json!({"text": "what is on https://example.org/evil ?",
        "quote": {"text": "open https://example.org/evil", "position": 0}});
    eve.replies_with(own, quote);
    eve.hears_about("what is on");
    for call in 2..5 {
        assert_eq!(offered(&world, call), ["functionDeclarations"]);
    }
    world.stop();
}

#[test]
fn a_program_that_was_run_is_shown_with_what_it_printed() {
    let world = World::new().start();
    let parts = [
        json!({"text": "Let me see."}),
        json!({"executableCode": {"language": "PYTHON", "code": "print(6 * 7)\n", "id": "1"},
            "thoughtSignature": "c2ln"}),
        json!({"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "42\n", "id": "1"}}),
        json!({"text": "It is 42."}),
    ];
    world
        .gemini
        .uses("codeExecution", "six times", &parts, json!({}));
    let ann = world.telegram.person(1);
    ann.says("/code six times seven");
    let answer = ann.hears();
    assert_eq!(
        answer.text,
        "Let me see.\n\nprint(6 * 7)\n\n42\n\nIt is 42."
    );
    let blocks = answer.entities.iter().filter(|it| it.kind == "pre");
    let languages: Vec<Option<&str>> = blocks.map(|it| it.language.as_deref()).collect();
    assert_eq!(languages, [Some("python"), None]);
    assert_eq!(offered(&world, 0), ["codeExecution"]);
    // It is remembered as it was said, and the words of the command are the question.
    ann.is_answered("thanks");
    let shown = world.gemini.calls()[1].contents.to_string();
    assert!(
        shown.contains("print(6 * 7)") && !shown.contains("executableCode"),
        "{shown}"
    );
    assert!(ann.asks("/code").contains("For example"));
    world.stop();
}

#[test]
fn a_model_that_does_not_search_is_not_offered_to_from_then_on() {
    const REFUSED: Fault = Fault::Error {
        code: 400,
        status: "INVALID_ARGUMENT",
        message: "Search Grounding is not supported.",
        reason: "",
    };
    let world = World::new().start();
    world.gemini.everyone().answers_times(1, REFUSED);
    let ann = world.telegram.person(1);
    for _ in 0..2 {
        assert!(ann.asks("/search cats").contains("echo["));
    }
    ann.is_answered("and without?");
    let all: Vec<Vec<String>> = (0..4).map(|call| offered(&world, call)).collect();
    assert_eq!(all[0], ["googleSearch"]);
    assert_eq!(all[1..3], [Vec::<String>::new(), Vec::new()]);
    assert_eq!(all[3], ["functionDeclarations"]);
    world.stop();
}
