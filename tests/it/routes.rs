//! Where questions go, with the default numbers: a wrong address, models that are missing or only
//! seem so, keys in several groups, and what the Owner opens again by asking.

use crate::world::gemini::Fault;
use crate::world::telegram::{Message, Person};
use crate::world::{Builder, PATIENCE, World, eventually};

/// No setting but keys and who may write.
fn by_default(builder: Builder) -> Builder {
    builder
        .without("KEY_RPM")
        .without("KEY_DAILY_PERCENT")
        .without("USER_LIMITS")
        .without("LOG_LEVEL")
}

/// How often a message with these words was said to somebody.
fn told(world: &World, person: i64, words: &str) -> usize {
    let said = world.telegram.said_to(person);
    said.iter().filter(|it| it.text.contains(words)).count()
}

/// The answer to `/keys`, past whatever is said before it.
#[track_caller]
fn keys(owner: &Person) -> String {
    owner.says("/keys");
    owner.hears_about("Keys: ").text
}

#[test]
fn a_wrong_address_blames_no_key_and_no_model_and_is_over_once_it_is_put_right() {
    let mut world = by_default(World::new()).open().prepare();
    let right = world.setting_of("GEMINI_API_URL").to_owned();
    world.sets("GEMINI_API_URL", &format!("{right}/gateway"));
    world.restart();
    let owner = world.telegram.person(1);
    let words = "no Gemini API at the address of GEMINI_API_URL in the environment";
    for number in 0..4 {
        owner.says(&format!("question {number}."));
        owner.hears_about(words);
    }
    // Beside the four answers there is one alert.
    eventually(PATIENCE, "the Owner is alerted", || {
        told(&world, 1, words) == 5
    });
    let ann = world.telegram.person(7);
    eventually(PATIENCE, "others hear that the Owner knows", || {
        ann.says("is anybody there?");
        let heard = ann.hears_about("something in my settings is wrong").text;
        assert!(!heard.contains("GEMINI_API_URL"), "{heard}");
        heard.contains("I've told the bot's owner")
    });
    assert!(world.gemini.misrouted() >= 2, "it takes two voices");
    assert!(world.log().contains("no Gemini API at the address"));
    let report = keys(&owner);
    assert!(
        report.starts_with("Keys: 3 (0 available, 3 resting, 0 blacklisted, 0 dead)")
            || report.starts_with("Keys: 3 (3 available, 0 resting, 0 blacklisted, 0 dead)"),
        "{report}"
    );
    assert!(report.contains("last: address refused, "), "{report}");
    assert!(!report.contains("model not found"), "{report}");
    world.terminate();
    world.sets("GEMINI_API_URL", &right);
    world.restart();
    owner.is_answered("is it right now?");
    world.kill();
    world.restart();
    owner.is_answered("and after a kill?");
    assert_eq!(world.gemini.calls().len(), 2);
    owner.sees("that it is over", |shown| {
        let over = |it: &&Message| it.text.contains(words) && it.text.contains("Over, after");
        shown.iter().filter(over).count() == 1
    });
    world.stop();
}

#[test]
fn an_address_with_its_version_is_used_without_it_and_that_is_said() {
    let mut world = by_default(World::new()).prepare();
    let right = world.setting_of("GEMINI_API_URL").to_owned();
    world.sets("GEMINI_API_URL", &format!("{right}/v1beta/"));
    world.restart();
    world.telegram.person(1).is_answered("hello");
    assert!(
        world
            .log()
            .contains("GEMINI_API_URL ends with what is put behind it anyway")
    );
    world.terminate();
    world.sets("GEMINI_API_URL", &format!("{right}/v1beta/openai/"));
    let ended = world.run(&["run"], "");
    assert_eq!(ended.code, Some(78), "{}", ended.stderr);
    assert!(ended.stderr.contains("without /openai"), "{}", ended.stderr);
    world.stop();
}

#[test]
fn two_passing_404s_among_good_answers_switch_no_model_off() {
    let world = by_default(World::new()).start();
    let owner = world.telegram.person(1);
    owner.is_answered("which model is first?");
    let first = world.gemini.calls()[0].model.clone();
    world
        .gemini
        .model(&first)
        .answers_times(2, Fault::MODEL_GONE);
    owner.is_answered("it flaps.");
    // One key of three never missed it, and serves on.
    for number in 0..3 {
        owner.is_answered(&format!("question {number}."));
    }
    assert_eq!(world.gemini.calls().last().unwrap().model, first);
    assert_eq!(told(&world, 1, "does not exist"), 0);
    world.stop();
}

#[test]
fn a_model_that_is_gone_is_left_out_told_once_and_looked_for_when_the_owner_asks() {
    let mut world = by_default(World::new()).start();
    let owner = world.telegram.person(1);
    let first = "gemini-3.5-flash-lite";
    world.gemini.model(first).answers(Fault::MODEL_GONE);
    let vain = |world: &World| {
        let calls = world.gemini.calls().into_iter();
        calls.filter(|call| call.model == first).count()
    };
    for number in 0..3 {
        owner.is_answered(&format!("question {number}."));
    }
    eventually(PATIENCE, "the Owner is told", || {
        told(&world, 1, &format!("the model {first} does not exist")) == 1
    });
    assert_eq!(vain(&world), 2, "two voices");
    let report = keys(&owner);
    assert!(report.starts_with("Keys: 3 (3 available, "), "{report}");
    assert!(
        report.contains(&format!("{first}: model not found, ")),
        "{report}"
    );
    world.kill();
    world.restart();
    owner.is_answered("after a kill");
    assert_eq!(vain(&world), 2);
    world.gemini.model(first).recovers();
    owner.says("/keys retest");
    owner.hears_about("accepted, so I use it again");
    owner.is_answered("is it back?");
    assert_eq!(vain(&world), 3);
    assert_eq!(told(&world, 1, "does not exist"), 1);
    world.stop();
}

#[test]
fn a_key_in_several_groups_serves_each_of_them_out_of_one_ledger() {
    let mut world = by_default(World::new())
        .without("GEMINI_API_KEYS")
        .keys("A", &["k1@shop"])
        .keys("D", &["k1@shop"])
        .start();
    // Group D has a key, so strangers are guests.
    world.telegram.person(7).is_answered("a guest");
    let owner = world.telegram.person(1);
    owner.is_answered("the owner");
    owner.asks("/grant 8 premium");
    world.telegram.person(8).is_answered("who borrows");
    assert_eq!(world.gemini.calls_by("k1"), 3);
    assert!(world.tells_of_keys().starts_with("Keys: 1 (1 available, "));
    let report = keys(&owner);
    assert!(
        report.contains("(shop, also: Group D) – available"),
        "{report}"
    );
    assert!(report.contains("today: lite 3/"), "{report}");
    world.terminate();
    // With other marks in one of its groups it is a mistake.
    world.has_keys(&[("A", &["k1@shop"]), ("any", &["k1"])]);
    let ended = world.run(&["run"], "");
    assert_eq!(ended.code, Some(78), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("is the same key as A1"),
        "{}",
        ended.stderr
    );
    world.has_keys(&[("A", &["k1@shop"]), ("any", &["k1@shop"])]);
    world.sets("ACCESS", "open");
    world.restart();
    world.telegram.person(9).is_answered("everybody's now");
    world.stop();
}

#[test]
fn whatever_rests_is_looked_at_when_the_owner_asks() {
    let world = by_default(World::new()).keys("any", &["k1"]).start();
    let owner = world.telegram.person(1);
    for fault in [Fault::BILLING, Fault::SPENDING_CAP, Fault::DAY_QUOTA] {
        world.gemini.key("k1").answers(fault);
        owner.asks("hello");
        let models = world.gemini.calls().len();
        if fault == Fault::SPENDING_CAP {
            eventually(PATIENCE, "the Owner is told of the cap", || {
                told(&world, 1, "has reached its monthly spending cap") == 1
            });
        }
        world.gemini.key("k1").recovers();
        owner.says("/keys retest");
        owner.hears_about("K1 …zT4w: accepted, so I use it again");
        owner.is_answered(&format!("after {fault:?}."));
        assert_eq!(world.gemini.calls().len(), models + 1, "{fault:?}");
    }
    eventually(PATIENCE, "the same message says that it is over", || {
        let said = world.telegram.said_to(1);
        let of_cap = |it: &&Message| it.text.contains("has reached its monthly spending cap");
        let mut told = said.iter().filter(of_cap);
        let first = told.next().unwrap();
        told.next().is_none() && first.text.contains("Over, after")
    });
    world.stop();
}
