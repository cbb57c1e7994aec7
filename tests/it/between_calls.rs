//! Kill -9 at every single call that a re-ask makes to either service, just before the service does
//! it and just after: whatever the moment, the chat ends with the new answer.

use crate::world::http::When;
use crate::world::telegram::Person;
use crate::world::{PATIENCE, World, eventually};

/// Nothing runs and nothing is left to send.
fn is_idle(world: &mut World) -> bool {
    world.telegram.is_drained() && world.questions() == (0, 0) && world.unsent() == 0
}

fn wait_until_idle(world: &mut World) {
    eventually(PATIENCE, "all is done", || is_idle(world));
}

/// Does something after so many calls of which the bot dies, and starts it again. The texts that the
/// chat shows in the end, or `None` when there are not so many calls.
fn dies_at(call: usize, when: When, act: impl Fn(&Person, i64, i64)) -> Option<Vec<String>> {
    let mut world = World::new().start();
    let owner = world.telegram.person(1);
    let question = owner.says("hello");
    let answer = owner.hears().id;
    wait_until_idle(&mut world);
    world.gemini.when_asked("hello", "Another answer.");
    world.crash_point.arm(call, when);
    act(&owner, question, answer);
    let mut is_over = false;
    eventually(
        PATIENCE,
        "the crash point is reached, or all is done",
        || {
            let shown = world.telegram.shows(1);
            let is_new = shown
                .iter()
                .any(|message| message.text == "Another answer.");
            is_over = is_new && is_idle(&mut world);
            is_over || world.crash_point.is_reached()
        },
    );
    world.crash_point.disarm();
    let is_reached = world.crash_point.is_reached();
    world.kill();
    world.restart();
    wait_until_idle(&mut world);
    let shown = world.telegram.shows(1);
    let texts = shown.into_iter().map(|message| message.text).collect();
    owner.is_answered("one more");
    world.stop();
    is_reached.then_some(texts)
}

/// Tries every moment; how many there are.
fn at_every_call(act: impl Fn(&Person, i64, i64)) -> usize {
    let mut moments = 0;
    for when in [When::Before, When::After] {
        for call in 0.. {
            let Some(texts) = dies_at(call, when, &act) else {
                assert!(call >= 2, "a model call and a message at least");
                break;
            };
            moments += 1;
            let new = texts.iter().filter(|text| *text == "Another answer.");
            let new = new.count();
            // What Telegram took and could not acknowledge may be said again.
            let most = if when == When::After { 2 } else { 1 };
            assert!((1..=most).contains(&new), "{when:?} call {call}: {texts:?}");
            assert_eq!(new, texts.len(), "{when:?} call {call}: {texts:?}");
        }
    }
    moments
}

#[test]
fn killed_at_any_call_of_a_retry_the_new_answer_stands_in_the_end() {
    let moments = at_every_call(|owner, _, answer| {
        owner.presses_data(answer, "retry");
    });
    eprintln!("retry: killed at {moments} moments");
}

#[test]
fn killed_at_any_call_of_an_edited_question_the_new_answer_stands_in_the_end() {
    let moments = at_every_call(|owner, question, _| owner.edits(question, "hello again"));
    eprintln!("edit: killed at {moments} moments");
}
