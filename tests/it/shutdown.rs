//! SIGTERM: gone within five seconds whatever is waiting, and nothing forgotten. The deadline and
//! the exit code are checked by `World::terminate`.

use crate::world::gemini::Fault;
use crate::world::http::Trouble;
use crate::world::{PATIENCE, World, eventually};

#[test]
fn an_idle_bot_leaves_while_its_poll_waits() {
    let world = World::new().start();
    world.telegram.person(1).is_answered("hello");
    world.stop();
}

#[test]
fn a_bot_with_hung_calls_leaves_in_time_and_answers_after_the_restart() {
    let mut world = World::new().open().start();
    world.gemini.everyone().answers(Fault::Line(Trouble::Hang));
    for id in 7..11 {
        world.telegram.person(id).says("hello");
    }
    world.gemini.awaits_calls(4);
    world.telegram.once("getUpdates", Trouble::Hang);
    world.telegram.person(11).says("/help");
    world.telegram.person(11).hears();
    world.terminate();
    world.gemini.everyone().recovers();
    world.restart();
    for id in 7..11 {
        let heard = world.telegram.person(id).hears().text;
        assert!(heard.contains("hello"), "{id} heard first: {heard}");
    }
    world.stop();
}

#[test]
fn a_stream_in_the_middle_does_not_hold_it() {
    let mut world = World::new().open().start();
    world.gemini.everyone().answers(Fault::Stall);
    world.telegram.person(7).says("hello");
    world.gemini.awaits_calls(1);
    assert!(world.gemini.calls()[0].streamed);
    world.terminate();
    world.gemini.everyone().recovers();
    world.restart();
    world.telegram.person(7).hears_about("hello");
    world.stop();
}

#[test]
fn it_leaves_while_telegram_is_down_or_hangs() {
    for how in [Trouble::HangUp, Trouble::Hang] {
        let mut world = World::new().open().start();
        world.telegram.goes_down(how);
        let calls = world.telegram.calls("").len();
        eventually(PATIENCE, "the outage is felt", || {
            world.telegram.calls("").len() > calls
        });
        world.terminate();
        world.telegram.comes_back();
        world.restart();
        world.telegram.person(7).is_answered("hello");
        world.stop();
    }
}

#[test]
fn it_leaves_while_it_cannot_even_start() {
    let mut world = World::new().prepare();
    world.telegram.goes_down(Trouble::Hang);
    world.launch();
    eventually(PATIENCE, "it tries", || {
        !world.telegram.calls("").is_empty()
    });
    world.terminate();
    world.stop();
}

#[test]
fn start_and_stop_with_a_conversation_between() {
    let world = World::new().open().start();
    world.telegram.person(7).is_answered("hello");
    world.stop();
}
