//! Answers that break off, end oddly or do not fit: what was read stays where nothing better comes,
//! no text is lost, and nobody is left without a word. Default settings, but for the deadline where it
//! is the scenario.

use std::time::Duration;

use crate::world::gemini::Fault;
use crate::world::telegram::Message;
use crate::world::{Builder, PATIENCE, World, eventually, now, time_passes};

/// A bot as it comes, with person 7 as its owner.
fn plain() -> Builder {
    let limits = ["USER_LIMITS", "KEY_RPM", "KEY_DAILY_PERCENT"];
    let world = World::new().owner(7).open();
    limits.into_iter().fold(world, Builder::without)
}

/// Whether this is the beginning `text`, told to be one.
fn is_kept(message: &Message, text: &str) -> bool {
    message.text.starts_with(text)
        && message.text.contains("not complete")
        && message.button("Continue").is_some()
}

const BEGINNING: &str = "One two three";

#[test]
fn a_draft_that_was_read_stays_when_no_attempt_brings_more() {
    let world = plain().start();
    let person = world.telegram.person(7);
    world.gemini.begins("One two three ");
    person.says("count");
    person.sees_a_draft("One");
    world.gemini.everyone().answers(Fault::INTERNAL);
    world.gemini.ends("");
    person.sees("what was read", |shown| {
        shown.len() == 1 && is_kept(&shown[0], BEGINNING)
    });
    world.stop();
}

#[test]
fn what_was_read_stays_when_no_other_key_is_left() {
    let world = plain().start();
    world.telegram.person(7).asks("/grant 8 normal");
    let person = world.telegram.person(8);
    world.gemini.begins("One two three ");
    person.says("count");
    person.sees_a_draft("One");
    world.gemini.everyone().answers(Fault::INVALID_KEY);
    world.gemini.ends("");
    let kept = |shown: &[Message]| shown.last().is_some_and(|last| is_kept(last, BEGINNING));
    person.sees("what was read", kept);
    world.stop();
}

#[test]
fn a_message_that_was_read_stays_when_no_attempt_brings_more() {
    let world = plain().start();
    let group = world.telegram.group(-123);
    world.gemini.begins("One two three ");
    group.member(7).says("@testbot count");
    let grown = group.sees("One", |shown| !shown.is_empty())[0].id;
    world.gemini.everyone().answers(Fault::OVERLOADED);
    world.gemini.ends("");
    let shown = group.sees("what was read", |shown| is_kept(&shown[0], BEGINNING));
    assert_eq!(
        (shown.len(), shown[0].id),
        (1, grown),
        "the message that grew"
    );
    world.stop();
}

#[test]
fn a_whole_answer_of_another_attempt_takes_the_place_of_what_was_read() {
    let world = plain().start();
    let person = world.telegram.person(7);
    world.gemini.begins("One two three ");
    person.says("count");
    person.sees_a_draft("One");
    world.gemini.ends("");
    let shown = person.sees("the echo", |shown| !shown.is_empty());
    assert_eq!(shown.len(), 1);
    assert!(shown[0].text.contains("count"), "{shown:#?}");
    assert!(!shown[0].text.contains("One"), "{shown:#?}");
    world.stop();
}

#[test]
fn what_was_read_stays_when_it_breaks_after_the_deadline() {
    let deadline = Duration::from_secs(5);
    let world = plain().env("ANSWER_DEADLINE_SECS", "5").start();
    let person = world.telegram.person(7);
    world.gemini.begins("One two three ");
    person.says("count");
    person.sees_a_draft("One");
    let since = now().saturating_sub(world.gemini.calls()[0].at);
    time_passes(deadline.saturating_sub(since) + Duration::from_secs(1));
    world.gemini.ends("");
    person.sees("what was read", |shown| {
        shown.len() == 1 && is_kept(&shown[0], BEGINNING)
    });
    assert_eq!(world.gemini.calls().len(), 1, "it is too late for another");
    world.stop();
}

#[test]
fn what_was_read_before_a_stop_of_the_bot_stays_when_nothing_better_comes_after_it() {
    let mut world = plain().start();
    let person = world.telegram.person(7);
    world.gemini.begins("One two three ");
    person.says("count");
    person.sees_a_draft("One");
    world.terminate();
    world.gemini.everyone().answers(Fault::INTERNAL);
    world.restart();
    person.sees("what was read", |shown| {
        shown.len() == 1 && is_kept(&shown[0], BEGINNING)
    });
    world.stop();
}

#[test]
fn what_a_filter_withdraws_does_not_stay() {
    let world = plain().start();
    let person = world.telegram.person(7);
    world.gemini.begins("One two three ");
    person.says("count");
    person.sees_a_draft("One");
    world.gemini.everyone().answers(Fault::Finish("SAFETY"));
    world.gemini.ends("");
    let shown = person.sees("an apology", |shown| !shown.is_empty());
    assert!(shown[0].text.contains("safety filter"), "{shown:#?}");
    assert!(!shown[0].text.contains("One"), "{shown:#?}");
    world.stop();
}

#[test]
fn a_reason_that_nobody_knows_keeps_the_text_and_costs_no_second_call() {
    let world = plain().start();
    let person = world.telegram.person(7);
    for (nth, finish) in [(1, "OTHER"), (2, "INVENTED_IN_2027"), (3, "stop")] {
        let text = format!("The answer that ends with {finish}.");
        world.gemini.streams_until(
            &["The answer that ends with ", &format!("{finish}.")],
            Duration::ZERO,
            finish,
        );
        person.says("say it");
        person.sees("the text", |shown| {
            shown.len() == nth && shown[nth - 1].text == text
        });
        assert_eq!(world.gemini.calls().len(), nth);
    }
    world.stop();
}

#[test]
fn a_body_that_stays_open_after_the_finish_holds_nobody() {
    let world = plain().start();
    let person = world.telegram.person(7);
    world.gemini.everyone().answers(Fault::StaysOpen);
    for nth in 1..=2 {
        let question = format!("question {nth}");
        person.says(&question);
        let shown = person.sees("the answer", |shown| shown.len() == nth);
        let last = &shown[nth - 1];
        assert!(
            last.text.ends_with(&question),
            "whole, and without a note: {last:?}"
        );
        assert_eq!(world.gemini.calls().len(), nth, "nothing is asked twice");
    }
    eventually(PATIENCE, "the calls are over", || {
        world.gemini.in_flight() == 0
    });
    world.stop();
}

#[test]
fn an_answer_that_cannot_be_stored_ends_with_a_word() {
    let mut world = plain().start();
    let person = world.telegram.person(7);
    // More than a row may hold, in lines that are quick to format.
    let much = format!("{}\n\n", "x".repeat(1000)).repeat(2300);
    world.gemini.when_asked("much", &much);
    person.says("how much");
    let enough = PATIENCE * 6;
    eventually(enough, "an apology", || {
        person
            .shows()
            .last()
            .is_some_and(|last| last.text.contains("larger than I can keep"))
    });
    assert!(
        person.shows()[0].button("Retry").is_some(),
        "{:#?}",
        person.shows()
    );
    assert_eq!(world.questions(), (0, 0), "the job has ended");
    person.is_answered("still there?");
    world.stop();
}
