//! How many messages a person may send in a minute and on a day, all strangers together, and what of a
//! group's day one person may have.

use std::time::Duration;

use crate::world::gemini::Fault;
use crate::world::http::Trouble;
use crate::world::telegram::{Message, Person};
use crate::world::{Builder, PATIENCE, World, eventually, is_full_run, now, time_passes};

const MINUTE: Duration = Duration::from_mins(1);
/// What they are told whose minute or day is used up, and strangers when too many write.
const OF_THIS_MINUTE: &str = "messages of this minute";
const OF_TODAY: &str = "messages of today";
const NEW_PEOPLE: &str = "Many new people";
/// A question that no small model gets.
const HARD: &str = "Prove rigorously that root";

/// Roles with their messages a minute and a day (design §3), each with somebody who has it.
const ROLES: [(i64, &str, usize, usize); 4] = [
    (11, "vip", 20, 500),
    (12, "premium", 12, 200),
    (13, "normal", 8, 100),
    (14, "guest", 4, 20),
];

/// A bot with limits, at about noon of its day. No answer is shown growing: it is not about answers.
fn limited() -> Builder {
    World::new()
        .without("USER_LIMITS")
        .env("STREAM", "off")
        .env("TIME_ZONE", &zone(noon()))
}

/// How many hours east of Greenwich it is between noon and one o'clock.
fn noon() -> i64 {
    let hour = i64::try_from(now().as_secs() / 3600 % 24).unwrap();
    12 - hour
}

/// A zone so many hours east of Greenwich; POSIX counts them westward.
fn zone(east: i64) -> String {
    format!("Etc/GMT{:+}", -east)
}

/// The lines of the config file that let people have any number of questions waiting, and what else
/// is to be said of each role.
fn roles(more: &str) -> String {
    let roles = ROLES.iter();
    let of_role = |role| format!("[roles.{role}]\nwaiting = 1000\n{more}\n");
    roles.map(|(_, role, ..)| of_role(role)).collect()
}

/// The world once everybody has their role.
fn with_roles(config: &str) -> World {
    let mut world = limited().prepare();
    world.has_config(config);
    world.restart();
    for (id, role, ..) in ROLES {
        let told = world
            .telegram
            .person(1)
            .asks(&format!("/grant {id} {role}"));
        assert!(told.contains(&id.to_string()), "{told}");
    }
    world.gemini.everyone().answers(Fault::Line(Trouble::Hang));
    world
}

/// Sends so many questions, which come in one batch as far as a batch holds them.
fn floods(person: &Person, count: usize) {
    let question = |number| serde_json::json!({"text": format!("question {number}")});
    person.sends_together((0..count).map(question).collect());
}

/// What somebody was told that says this.
fn told(world: &World, id: i64, words: &str) -> Vec<Message> {
    let mut said = world.telegram.said_to(id);
    said.retain(|it| it.text.contains(words));
    said
}

fn all_is_taken(world: &World) {
    eventually(PATIENCE, "all is fetched", || world.telegram.is_drained());
}

/// Waits until so many questions wait or run.
fn holds(world: &mut World, count: usize) {
    let held = |world: &mut World| {
        let (waiting, running) = world.questions();
        waiting + running
    };
    eventually(PATIENCE, &format!("{count} questions are let in"), || {
        held(world) == count
    });
}

#[test]
fn each_role_has_its_messages_of_a_minute_and_one_more_is_refused_over_a_restart_too() {
    let mut world = with_roles(&roles(""));
    let began = now();
    let mut all = 0;
    for (id, _, per_minute, _) in ROLES {
        // The last of a minute begins the next: every message of this is within one.
        floods(&world.telegram.person(id), per_minute + 3);
        all += per_minute;
        all_is_taken(&world);
        eventually(PATIENCE, "they are told", || {
            told(&world, id, OF_THIS_MINUTE).len() == 1
        });
        let refusal = told(&world, id, OF_THIS_MINUTE).remove(0).text;
        let of_minute = format!("your {per_minute} messages of this minute");
        assert!(refusal.contains(&of_minute), "{refusal}");
        assert!(refusal.contains("can come in 1 min"), "{refusal}");
    }
    holds(&mut world, all);
    // The Owner has no such limit: one runs here and twenty wait.
    floods(&world.telegram.person(1), 21);
    holds(&mut world, all + 21);
    assert_eq!(told(&world, 1, OF_THIS_MINUTE).len(), 0);
    world.notes_all();
    world.kill();
    world.restart();
    for (id, ..) in ROLES {
        world.telegram.person(id).says("one more?");
    }
    all_is_taken(&world);
    let refused = |world: &World| ROLES.map(|(id, ..)| told(world, id, OF_THIS_MINUTE).len());
    // Whatever does not come within the minute is let in.
    eventually(PATIENCE, "they are told again", || {
        refused(&world) == [2; 4] || now().saturating_sub(began) >= MINUTE
    });
    world.stop();
}

#[test]
fn each_role_has_its_messages_of_a_day_and_one_more_is_refused_over_a_restart_too() {
    let east = noon();
    let mut world = with_roles(&roles("per_minute = \"none\""));
    let mut all = 0;
    for (id, _, _, per_day) in ROLES {
        let person = world.telegram.person(id);
        for begun in (0..per_day).step_by(100) {
            floods(&person, (per_day - begun).min(100));
        }
        all += per_day;
        holds(&mut world, all);
        assert_eq!(told(&world, id, OF_TODAY).len(), 0);
        floods(&person, 2);
        let refusal = person.hears_about(OF_TODAY).text;
        let of_today = format!("your {per_day} messages of today");
        assert!(refusal.contains(&of_today), "{refusal}");
        // It was between noon and one o'clock when the world began.
        let mut until_midnight = [12, 11, 10]
            .map(|hours| format!("can come in {hours} h"))
            .into_iter();
        assert!(until_midnight.any(|it| refusal.contains(&it)), "{refusal}");
        let status = person.asks("/status");
        let used = format!("Today: {per_day} of {per_day} messages");
        assert!(status.contains(&used), "{status}");
    }
    let owner = world.telegram.person(1);
    owner.says("/status");
    let status = owner.hears_about("Your role").text;
    assert!(!status.contains("Today:"), "{status}");
    world.notes_all();
    world.kill();
    world.restart();
    for (id, ..) in ROLES {
        let person = world.telegram.person(id);
        person.says("one more?");
        person.hears_about(OF_TODAY);
    }
    all_is_taken(&world);
    holds(&mut world, all);
    // A role that changes does so at once.
    owner.says("/grant 14 normal");
    owner.hears_about("is now Normal");
    world.telegram.person(14).says("and now?");
    holds(&mut world, all + 1);
    // The next day is another one.
    world.terminate();
    let another = if east <= 1 { east + 13 } else { east - 14 };
    world.sets("TIME_ZONE", &zone(another));
    world.restart();
    for (id, ..) in ROLES {
        world.telegram.person(id).says("good morning");
    }
    holds(&mut world, all + 1 + ROLES.len());
    world.stop();
}

#[test]
fn a_refusal_is_said_once_a_minute_and_in_a_group_to_the_one_it_is_for() {
    let world = {
        let mut world = limited().env("ACCESS", "open").prepare();
        world.has_config("[roles.guest]\nper_day = 1");
        world.restart();
        world
    };
    let began = now();
    let group = world.telegram.group(-100);
    group.member(7).says("@testbot one");
    group.member(7).hears_about("one");
    let messages: Vec<i64> = (0..5)
        .map(|_| group.member(7).says("@testbot more"))
        .collect();
    let refusal = group.member(7).hears_about(OF_TODAY);
    assert_eq!(refusal.reply_to, Some(messages[0]));
    all_is_taken(&world);
    // Commands are no messages of the day.
    group.member(7).asks("/help@testbot");
    group.member(8).says("@testbot and I?");
    group.member(8).hears_about("and I?");
    let is_within_a_minute = now().saturating_sub(began) < MINUTE;
    assert!(told(&world, -100, OF_TODAY).len() == 1 || !is_within_a_minute);
    world.stop();
}

#[test]
fn retry_continue_and_a_change_count_and_are_refused_like_messages() {
    let mut world = limited().prepare();
    world.has_config("[roles.normal]\nper_day = 5");
    world.restart();
    let owner = world.telegram.person(1);
    owner.asks("/grant 7 normal");
    let ann = world.telegram.person(7);
    let used = |count: usize| {
        let status = ann.asks("/status");
        let line = format!("Today: {count} of 5 messages");
        assert!(status.contains(&line), "{status}");
    };
    let question = ann.says("What is one?");
    let answer = ann.hears_about("one");
    world.notes_all();
    used(1);
    ann.presses_data(answer.id, "retry");
    world.gemini.awaits_calls(2);
    world.notes_all();
    used(2);
    ann.edits(question, "What is two?");
    ann.sees("the answer to the change", |shown| {
        shown.iter().any(|it| it.text.contains("two"))
    });
    world.notes_all();
    used(3);
    // The same words ask nothing new.
    ann.edits(question, "What is two?");
    used(3);
    ann.presses_data(answer.id, "continue");
    let newest = ann.hears_about("Go on from the last word");
    world.notes_all();
    used(4);
    // A change of what runs makes it run once more.
    world.gemini.everyone().answers(Fault::Line(Trouble::Hang));
    let running = ann.says("What is three?");
    world.gemini.awaits_calls(5);
    used(5);
    ann.edits(running, "What is four?");
    let refusal = ann.hears_about(OF_TODAY).text;
    assert!(refusal.contains("your 5 messages"), "{refusal}");
    ann.asks("/stop");
    world.gemini.everyone().recovers();
    let press = ann.presses_data(newest.id, "retry");
    let toast = ann.is_told(&press);
    assert!(toast.contains(OF_TODAY), "{toast}");
    used(5);
    assert!(world.gemini.calls_about("four").is_empty());
    world.stop();
}

#[test]
fn all_strangers_together_have_thirty_messages_a_minute_and_guests_by_name_their_own() {
    let mut world = limited().env("ACCESS", "open").start();
    let owner = world.telegram.person(1);
    owner.asks("/grant 7 guest");
    world.gemini.everyone().answers(Fault::Line(Trouble::Hang));
    world.terminate();
    // What is there before the first poll comes in one batch.
    for id in 100..140 {
        world.telegram.person(id).says("hello");
    }
    let began = now();
    world.telegram.person(7).says("hello");
    world.restart();
    holds(&mut world, 31);
    let refused = |world: &World, ids: std::ops::Range<i64>| {
        ids.filter(|id| told(world, *id, NEW_PEOPLE).len() == 1)
            .count()
    };
    eventually(PATIENCE, "ten are told", || refused(&world, 130..140) == 10);
    assert_eq!(refused(&world, 100..130), 0);
    world.notes_all();
    world.kill();
    world.restart();
    world.telegram.person(200).says("hello");
    let is_over = || now().saturating_sub(began) >= MINUTE;
    eventually(PATIENCE, "one more is told", || {
        refused(&world, 200..201) == 1 || is_over()
    });
    world.telegram.person(7).says("hello");
    eventually(PATIENCE, "a guest by name is let in", || {
        let (waiting, running) = world.questions();
        waiting + running >= 32
    });
    world.stop();
}

#[test]
fn a_minute_passes() {
    if !is_full_run() {
        return;
    }
    let mut world = with_roles(&roles(""));
    floods(&world.telegram.person(14), 5);
    holds(&mut world, 4);
    world.telegram.person(14).hears_about(OF_THIS_MINUTE);
    time_passes(MINUTE);
    floods(&world.telegram.person(14), 5);
    holds(&mut world, 8);
    world.stop();
}

#[test]
fn without_limits_nothing_is_refused_and_everything_is_let_in() {
    let mut world = World::new().open().env("STREAM", "off").prepare();
    world.has_config("[roles.guest]\nper_day = 1\nper_minute = 1");
    world.gemini.everyone().answers(Fault::Line(Trouble::Hang));
    for id in 100..140 {
        world.telegram.person(id).says("hello");
    }
    floods(&world.telegram.person(7), 50);
    world.restart();
    holds(&mut world, 90);
    assert!(!world.telegram.person(8).asks("/status").contains("Today:"));
    for words in [OF_THIS_MINUTE, OF_TODAY, NEW_PEOPLE] {
        let refused = (7..140).filter(|id| !told(&world, *id, words).is_empty());
        assert_eq!(refused.count(), 0, "{words}");
    }
    world.stop();
}

/// One key whose larger models answer twelve times a day, all by one model.
const TWELVE_A_DAY: &str = r#"
[[model]]
id = "gemini-3.5-flash-lite"
tier = "lite"
rpm = 1000
tpm = 100_000_000
rpd = 500
free = true
price_in = 0.3
price_out = 2.5
context_tokens = 1_048_576
max_output = 65_536

[[model]]
id = "gemini-3.8-flash"
tier = "flash"
rpm = 1000
tpm = 100_000_000
rpd = 12
free = true
price_in = 1.5
price_out = 7.5
context_tokens = 1_048_576
max_output = 65_536

[roles.normal]
per_minute = "none"
"#;

#[test]
fn whoever_had_more_than_twice_the_even_share_goes_to_the_small_model_once_half_is_spent() {
    let mut world = limited()
        .without("GEMINI_API_KEYS")
        .keys("C", &["c1"])
        .env("KEY_DAILY_PERCENT", "100")
        .prepare();
    world.has_config(TWELVE_A_DAY);
    world.restart();
    let [ann, ben, cleo] = [7, 8, 9].map(|id| {
        let (owner, person) = (world.telegram.person(1), world.telegram.person(id));
        owner.asks(&format!("/grant {id} normal"));
        person
    });
    ben.is_answered("hello");
    cleo.is_answered("hello");
    let flash = |world: &World, person: &Person, number: u32| {
        let question = format!("{HARD} {number} is irrational.");
        let answer = person.is_answered(&question);
        let calls = world.gemini.calls_about(&question);
        let is_flash = calls.last().unwrap().model == "gemini-3.8-flash";
        let is_told = answer.contains("more than your share");
        assert_ne!(is_flash, is_told, "{answer}");
        is_flash
    };
    // Half of twelve.
    for number in 0..6 {
        assert!(flash(&world, &ann, number), "{number}");
    }
    assert!(
        !flash(&world, &ann, 6),
        "she had six of six, three people are here"
    );
    assert!(flash(&world, &ben, 7));
    world.notes_all();
    world.kill();
    world.restart();
    assert!(!flash(&world, &ann, 8), "six of seven");
    assert!(flash(&world, &cleo, 9));
    world.terminate();
    world.sets("USER_LIMITS", "off");
    world.restart();
    assert!(flash(&world, &ann, 10), "shares do not count");
    world.stop();
}

#[test]
fn a_press_that_asks_counts_as_a_message_and_is_refused_like_one() {
    let guest = "[roles.guest]\nper_minute = \"none\"\nper_day = 3\nwaiting = 1000\n\
        [roles.normal]\nwaiting = 1000";
    let mut world = with_roles(guest);
    let (owner, guest) = (world.telegram.person(1), world.telegram.person(14));
    let old = guest.some_time_ago(Duration::from_mins(31));
    old.says("an old question");
    let notice = old.hears_about("away").id;
    let guest = world.telegram.person(14);
    guest.says("/start");
    let start = guest.hears_about("Ask me anything").id;
    for _ in 0..3 {
        let press = guest.presses_data(start, "example:1");
        assert_eq!(guest.is_told(&press), "");
    }
    holds(&mut world, 3);
    for (message, data) in [(start, "example:2"), (notice, "held"), (start, "example:1")] {
        let press = guest.presses_data(message, data);
        let told = guest.is_told(&press);
        assert!(told.contains(OF_TODAY), "{data}: {told}");
    }
    holds(&mut world, 3);
    // The old question is held as before.
    owner.says("/grant 14 normal");
    owner.hears_about("is now Normal");
    for _ in 0..2 {
        let press = guest.presses_data(notice, "held");
        assert_eq!(guest.is_told(&press), "");
        holds(&mut world, 4);
    }
    world.stop();
}

#[test]
fn presses_that_come_together_take_no_more_places_than_there_are() {
    let mut world = with_roles("");
    let guest = world.telegram.person(14);
    guest.says("/start");
    let start = guest.hears_about("Ask me anything").id;
    let presses: Vec<String> = (0..20)
        .map(|_| guest.presses_data(start, "example:1"))
        .collect();
    let refused = presses
        .iter()
        .filter(|press| !guest.is_told(press).is_empty());
    // One runs and one waits.
    assert_eq!(refused.count(), 18);
    holds(&mut world, 2);
    world.stop();
}

#[test]
fn the_channels_that_speak_in_a_group_share_what_one_of_them_may_have() {
    let normal = "[roles.normal]\nper_minute = \"none\"\nper_day = 3\nwaiting = 1000";
    let mut world = with_roles(normal);
    let (owner, group) = (world.telegram.person(1), world.telegram.group(-5));
    owner.asks("/grant -5 normal");
    let channel = |number: i64| group.member(7).speaking_as(-1_000_000_000_000 - number);
    for number in 1..=3 {
        channel(number).says("@testbot a question");
    }
    holds(&mut world, 3);
    channel(4).says("@testbot a question");
    channel(4).hears_about(OF_TODAY);
    // People there have their own, and so has a channel that an Owner lets in.
    group.member(7).says("@testbot a question");
    holds(&mut world, 4);
    owner.asks("/grant -1000000000004 normal");
    channel(4).says("@testbot another question");
    holds(&mut world, 5);
    world.stop();
}
