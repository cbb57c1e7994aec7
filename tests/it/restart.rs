//! What survives `kill -9`: questions that were accepted, answers that were made, roles, history.

use std::time::Duration;

use crate::world::gemini::Fault;
use crate::world::http::Trouble;
use crate::world::{PATIENCE, World, eventually};

#[test]
fn a_question_that_was_accepted_is_answered_after_a_kill() {
    let mut world = World::new().open().start();
    world.gemini.everyone().answers(Fault::Line(Trouble::Hang));
    for id in 7..12 {
        world.telegram.person(id).says("hello");
    }
    world.gemini.awaits_calls(5);
    eventually(PATIENCE, "all is confirmed", || world.telegram.is_drained());
    world.kill();
    world.gemini.everyone().recovers();
    world.restart();
    for id in 7..12 {
        world.telegram.person(id).hears_about("hello");
    }
    world.stop();
}

#[test]
fn roles_and_history_survive_a_kill() {
    let mut world = World::new().env("ACCESS", "closed").start();
    let (owner, ann) = (world.telegram.person(1), world.telegram.person(7));
    owner.asks("/grant 7 vip");
    ann.is_answered("one");
    ann.is_answered("two");
    world.kill();
    world.restart();
    assert!(ann.is_answered("three").contains("[2 rounds]"));
    owner.asks("/revoke 7");
    world.kill();
    world.restart();
    ann.says("four");
    owner.is_answered("fence");
    assert!(world.gemini.calls_about("four").is_empty());
    world.stop();
}

#[test]
fn an_answer_made_while_telegram_is_down_arrives_after_a_restart() {
    let mut world = World::new().open().start();
    world.gemini.works_for(Duration::from_millis(400));
    let ann = world.telegram.person(7);
    ann.says("hello");
    world.gemini.awaits_calls(1);
    world.telegram.goes_down(Trouble::HangUp);
    eventually(PATIENCE, "the bot tries to send", || {
        !world.telegram.calls("sendMessage").is_empty()
    });
    world.kill();
    world.telegram.comes_back();
    world.restart();
    ann.hears_about("hello");
    assert_eq!(
        world.gemini.calls().len(),
        1,
        "the model was not asked twice"
    );
    world.stop();
}

#[test]
fn flood_control_is_obeyed_across_a_kill() {
    let mut world = World::new().open().start();
    let ann = world.telegram.person(7);
    ann.is_answered("before");
    ann.has_flood_control(4);
    ann.says("during");
    eventually(PATIENCE, "the bot knows of it", || {
        world.log().contains("chat has to wait")
    });
    // What is stored after it is on disk.
    world.telegram.person(8).is_answered("meanwhile");
    world.kill();
    world.restart();
    ann.hears_about("during");
    world.stop();
}

#[test]
fn a_restart_polls_before_the_backlog_is_done() {
    let mut world = World::new().open().env("MAX_IN_FLIGHT", "2").start();
    world.gemini.everyone().answers(Fault::Line(Trouble::Hang));
    for id in 7..27 {
        world.telegram.person(id).says("hello");
    }
    world.gemini.awaits_calls(2);
    eventually(PATIENCE, "all is confirmed", || world.telegram.is_drained());
    world.kill();
    world.restart();
    world.telegram.person(1).asks("/help");
    let (waiting, _) = world.questions();
    assert_eq!(waiting, 18, "the backlog is still there");
    world.gemini.everyone().recovers();
    world.kill();
    world.restart();
    // Whoever's turn was killed twice may be told so instead.
    for id in 7..27 {
        world.telegram.person(id).hears();
    }
    world.stop();
}

#[test]
fn a_clean_restart_answers_nothing_twice() {
    let mut world = World::new().open().start();
    let ann = world.telegram.person(7);
    for round in 0..4 {
        ann.is_answered(&format!("question {round}."));
        world.terminate();
        world.restart();
    }
    ann.is_answered("last");
    assert_eq!(world.telegram.said_to(7).len(), 5);
    assert_eq!(world.gemini.calls().len(), 5);
    world.stop();
}
