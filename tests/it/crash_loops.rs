//! A question that the bot dies of (design §2, rule 7). The stand-in keeps a call open and the test
//! kills the bot when its question is seen: a crash at the very moment the model reads it.

use crate::world::gemini::Fault;
use crate::world::telegram::{Message, Person};
use crate::world::{PATIENCE, World, eventually};

const POISON: &str = "poison";

/// Innocent people, beside the one who asks the poisonous question.
const INNOCENT: std::ops::Range<i64> = 11..16;

fn is_given_up(message: &Message) -> bool {
    message.text.contains("went wrong again and again")
}

/// Person 1 asks the poisonous question, the others innocent ones; in two lives of the bot all are
/// asked at once, and it dies each time.
fn died_twice() -> (World, Person) {
    let mut world = World::new().open().start();
    let owner = world.telegram.person(1);
    world.gemini.holds("?");
    for id in INNOCENT {
        world.telegram.person(id).says(&format!("innocent {id}?"));
    }
    owner.says(&format!("{POISON}?"));
    let all = INNOCENT.count() + 1;
    for life in 1..=2 {
        world.gemini.awaits_calls(all * life);
        eventually(PATIENCE, "all is confirmed", || world.telegram.is_drained());
        world.kill();
        world.launch();
    }
    world.gemini.lets_go("?");
    world.gemini.holds(POISON);
    (world, owner)
}

/// Waits until the model is asked the poisonous question once more, with nothing else under way.
#[track_caller]
fn runs_alone(world: &World, times: usize) {
    let asked = || world.gemini.calls_about(POISON).len();
    eventually(PATIENCE * 3, "the poison runs again", || asked() == times);
    assert_eq!(world.gemini.in_flight(), 1, "it runs alone");
}

#[track_caller]
fn all_are_answered(world: &World) {
    for id in INNOCENT {
        let person = world.telegram.person(id);
        let answer = format!("innocent {id}?");
        eventually(PATIENCE * 3, &answer, || {
            person.shows().iter().any(|one| one.text.contains(&answer))
        });
        assert_eq!(person.shows().len(), 1, "{:#?}", person.shows());
    }
}

#[test]
fn a_question_that_kills_the_bot_three_times_is_given_up_and_the_others_are_answered() {
    let (mut world, owner) = died_twice();
    runs_alone(&world, 3);
    world.kill();
    world.launch();
    let given_up = |shown: &[Message]| shown.iter().any(is_given_up);
    eventually(PATIENCE * 3, "an apology", || given_up(&owner.shows()));
    let shown = world.telegram.shows(1);
    assert_eq!(shown.len(), 1, "{shown:#?}");
    assert!(shown[0].button("Retry").is_some(), "{shown:#?}");
    all_are_answered(&world);
    assert_eq!(world.gemini.calls_about(POISON).len(), 3);
    // A press is a new question, and nothing is held against it.
    world.gemini.lets_go(POISON);
    world.notes_all();
    owner.presses("Retry");
    owner.sees("an answer", |shown| {
        shown.iter().any(|one| one.text.contains("echo"))
    });
    world.stop();
}

#[test]
fn a_suspect_that_ends_is_answered_and_whoever_comes_meanwhile_does_not_wait_for_it() {
    let (world, owner) = died_twice();
    // Before any suspect runs.
    let newcomer = world.telegram.person(20);
    newcomer.is_answered("hello");
    runs_alone(&world, 3);
    world.telegram.person(21).says("good evening");
    world.gemini.lets_go(POISON);
    owner.hears_about(POISON);
    world.telegram.person(21).hears_about("good evening");
    all_are_answered(&world);
    world.stop();
}

#[test]
fn a_stop_of_the_bot_is_no_crash() {
    let (mut world, owner) = died_twice();
    runs_alone(&world, 3);
    world.terminate();
    world.launch();
    runs_alone(&world, 4);
    world.terminate();
    world.gemini.lets_go(POISON);
    world.launch();
    eventually(PATIENCE * 3, "an answer", || {
        owner.shows().iter().any(|one| one.text.contains(POISON))
    });
    assert!(!owner.shows().iter().any(is_given_up));
    all_are_answered(&world);
    world.stop();
}

#[test]
fn who_only_waits_for_a_key_is_no_suspect() {
    let mut world = World::new()
        .without("KEY_RPM")
        .open()
        .keys("any", &["k1"])
        .start();
    // The one key cools down.
    world.gemini.everyone().answers_times(1, Fault::UNHEARD);
    world.telegram.person(8).says("hello");
    world.gemini.awaits_calls(1);
    let person = world.telegram.person(7);
    person.says("patient");
    let mut before = 0;
    for life in 0..3 {
        eventually(PATIENCE, "both wait in the line", || {
            world.log()[before..].contains("waiting for a key why=Cooldown ahead=1")
        });
        // What is stored after it is on disk.
        world.telegram.person(20 + life).asks("/help");
        world.kill();
        before = world.log().len();
        world.launch();
    }
    person.hears_about("patient");
    assert!(
        !world.log().contains("runs alone"),
        "it never did more than wait"
    );
    world.stop();
}
