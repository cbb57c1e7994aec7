//! What the bot does for the model: functions in a bounded loop, and what that may cost.

use serde_json::{Value, json};

use crate::world::gemini::Fault;
use crate::world::{PATIENCE, World, eventually};

const fn refused(message: &'static str) -> Fault {
    Fault::Error {
        code: 400,
        status: "INVALID_ARGUMENT",
        message,
        reason: "",
    }
}

/// What the newest call was told of its functions.
fn told(world: &World) -> Value {
    let calls = world.gemini.calls();
    let contents = calls.last().expect("a call").contents.clone();
    let last = contents.as_array().and_then(|turns| turns.last()).cloned();
    last.expect("a turn")["parts"].clone()
}

#[test]
fn functions_are_called_and_the_answer_is_what_comes_of_them() {
    let world = World::new().open().start();
    world.gemini.calls_functions(
        "how much",
        &[
            &[
                (
                    "calculator",
                    json!({"expression": "12345678901234567890*3"}),
                ),
                ("time", json!({"zone": "Asia/Shanghai"})),
            ],
            &[("calculator", json!({"expression": "1/0"}))],
        ],
    );
    let ann = world.telegram.person(1);
    let answer = ann.asks("how much is that?");
    assert!(answer.contains("that divides by zero"), "{answer}");
    let calls = world.gemini.calls();
    assert_eq!(calls.len(), 3, "each step is a call of its own");
    let first = &calls[1].contents[2]["parts"];
    assert_eq!(
        first[0]["functionResponse"]["response"]["output"],
        json!({"result": "37037036703703703670", "exact": true})
    );
    assert_eq!(
        first[1]["functionResponse"]["response"]["output"]["zone"],
        "Asia/Shanghai"
    );
    // Of the loop only what was said is remembered.
    let next = ann.asks("thanks");
    assert!(next.contains("thanks"), "{next}");
    world.stop();
}

#[test]
fn a_model_that_calls_for_ever_ends_at_the_bound() {
    let world = World::new().open().start();
    world.gemini.calls_for_ever("dig", &[("time", json!({}))]);
    let answer = world.telegram.person(7).asks("dig");
    assert!(answer.contains("stopped without saying why"), "{answer}");
    assert_eq!(world.gemini.calls().len(), 8);
    world.telegram.person(7).is_answered("and now?");
    world.stop();
}

#[test]
fn a_refused_signature_is_repaired_once_and_the_conversation_lives_on() {
    const REFUSED: Fault =
        refused("Function call `time` in the 2. content block is missing a thought_signature.");
    for refusal in [REFUSED, Fault::Finish("MISSING_THOUGHT_SIGNATURE")] {
        let world = World::new().open().start();
        world
            .gemini
            .calls_functions("what time", &[&[("time", json!({}))]]);
        world.gemini.when_told().answers_times(1, refusal);
        let ann = world.telegram.person(1);
        let answer = ann.asks("what time is it?");
        assert!(answer.contains("utc_offset"), "{answer}");
        let calls = world.gemini.calls();
        assert_eq!(calls.len(), 3);
        let signed = |call: usize| {
            calls[call].contents[1]["parts"][0]["thoughtSignature"]
                .as_str()
                .map(str::to_owned)
        };
        assert_ne!(
            signed(1).as_deref(),
            Some("skip_thought_signature_validator")
        );
        assert_eq!(
            signed(2).as_deref(),
            Some("skip_thought_signature_validator")
        );
        ann.is_answered("and now?");
        world.stop();
    }
}

#[test]
fn a_second_model_is_given_no_signature_of_the_first() {
    let world = World::new().open().start();
    world
        .gemini
        .calls_functions("what time", &[&[("time", json!({}))]]);
    let first = "gemini-3.5-flash-lite";
    world.gemini.when_told().answers_times(1, Fault::OVERLOADED);
    let answer = world.telegram.person(7).asks("what time is it?");
    assert!(answer.contains("utc_offset"), "{answer}");
    let calls = world.gemini.calls();
    let last = calls.last().unwrap();
    assert_ne!(last.model, first);
    assert_eq!(
        last.contents[1]["parts"][0]["thoughtSignature"],
        "skip_thought_signature_validator"
    );
    world.stop();
}

#[test]
fn what_is_not_offered_is_not_done_whoever_asks_for_it() {
    let world = World::new().open().start();
    world.gemini.calls_functions(
        "please",
        &[&[
            ("delete_everything", json!({})),
            ("recall", json!({"words": "secret"})),
        ]],
    );
    // A guest has no history.
    let answer = world.telegram.person(7).asks("please");
    assert_eq!(
        answer.matches("there is no such function").count(),
        2,
        "{answer}"
    );
    world.stop();
}

#[test]
fn a_model_that_takes_no_functions_is_asked_without_from_then_on() {
    const REFUSED: Fault =
        refused("Function calling is not enabled for models/gemini-3.5-flash-lite");
    let world = World::new().open().start();
    world.gemini.everyone().answers_times(1, REFUSED);
    let ann = world.telegram.person(7);
    ann.is_answered("hello");
    ann.is_answered("hello again");
    let calls = world.gemini.calls();
    let offered: Vec<bool> = calls.iter().map(|call| !call.tools.is_null()).collect();
    assert_eq!(offered, [true, false, false]);
    world.stop();
}

#[test]
fn what_was_said_long_ago_is_found_by_its_words_and_only_in_this_chat() {
    let world = World::new().env("GROUPS", "open").start();
    let ann = world.telegram.person(1);
    ann.is_answered("my bicycle is turquoise");
    world
        .telegram
        .group(-5)
        .member(1)
        .asks("@testbot the bicycle in the group is black");
    for nth in 0..12 {
        ann.is_answered(&format!("round {nth}"));
    }
    world.gemini.calls_functions(
        "which colour",
        &[&[("recall", json!({"words": "bicycle"}))]],
    );
    let answer = ann.asks("which colour was it?");
    assert!(answer.contains("turquoise"), "{answer}");
    assert!(!answer.contains("black"), "{answer}");
    ann.asks("/new");
    let answer = ann.asks("which colour was it?");
    assert!(!answer.contains("turquoise"), "{answer}");
    let told = told(&world);
    let found = &told[0]["functionResponse"]["response"]["output"]["found"];
    assert_eq!(found, &json!([]));
    world.stop();
}

#[test]
fn of_a_long_conversation_what_is_not_shown_any_more_is_there_in_short() {
    let mut world = World::new().start();
    world
        .gemini
        .when_asked("The person said", "NOTES: it began with the sea.");
    world.gemini.when_asked("long", "字".repeat(3_000).as_str());
    let ann = world.telegram.person(1);
    let long = |nth: usize| format!("long {nth} {}", "海".repeat(3_000));
    let notes = |call: &crate::world::gemini::Call| {
        let system = call.system.clone().unwrap_or_default();
        system.contains("> NOTES: it began with the sea.")
    };
    let mut asked = 0;
    eventually(8 * PATIENCE, "the notes are shown", || {
        ann.asks(&long(asked));
        asked += 1;
        world
            .gemini
            .calls_about(&format!("long {}", asked - 1))
            .iter()
            .any(notes)
    });
    let summed_up = world.gemini.calls_about("The person said");
    assert!(summed_up[0].question().contains("> long 0 "));
    assert!(summed_up.iter().all(|call| call.tools.is_null()));
    world.notes_all();
    world.kill();
    world.restart();
    let about = format!("long {asked}");
    ann.says(&long(asked));
    eventually(PATIENCE, "the question is asked", || {
        !world.gemini.calls_about(&about).is_empty()
    });
    assert!(world.gemini.calls_about(&about).iter().any(notes));
    ann.says("/new");
    ann.hears_about("A new conversation");
    ann.is_answered("short");
    assert!(!world.gemini.calls_about("short").iter().any(notes));
    world.stop();
}
