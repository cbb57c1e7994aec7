//! What people choose for themselves, and what they may know of what is kept of them: `/model`, `/lang`,
//! `/persona`, `/privacy`, `/export`, `/forget`.

use std::collections::BTreeSet;
use std::fs;

use crate::world::telegram::{ALWAYS, Message, Person};
use crate::world::{PATIENCE, World, eventually};

const LITE: &str = "lite";
const HARD: &str = "Prove step by step that there are infinitely many primes, and then that the square \
    root of two is irrational; derive every lemma, weigh two proofs against each other, analyse \
    where each breaks down, and design an algorithm with its complexity.";

fn labels(message: &Message) -> Vec<&str> {
    let labels = message.buttons.iter();
    labels.map(|button| button.label.as_str()).collect()
}

/// The newest message with buttons that a chat shows.
fn newest(person: &Person) -> Message {
    person.shows().pop().expect("something was said")
}

/// Presses a button and waits until the message that held it says what is expected.
#[track_caller]
fn presses_and_reads(person: &Person, label: &str, word: &str) -> Message {
    let place = newest(person).id;
    let press = person.presses(label);
    assert_eq!(person.is_told(&press), "");
    let shown = person.sees(word, |shown| {
        shown
            .iter()
            .any(|one| one.id == place && one.text.contains(word))
    });
    shown.into_iter().find(|one| one.id == place).unwrap()
}

/// The model that answered the last call.
fn last_model(world: &World) -> String {
    world.gemini.calls().last().expect("a call").model.clone()
}

#[test]
fn a_size_of_model_is_chosen_by_button_and_holds_over_a_crash() {
    let mut world = World::new().start();
    let owner = world.telegram.person(1);
    owner.says("/model");
    let shown = owner.hears();
    assert!(
        shown.text.contains("I choose for each question"),
        "{}",
        shown.text
    );
    assert_eq!(labels(&shown), ["✓ Automatic", "Small", "Middle", "Large"]);
    let shown = presses_and_reads(&owner, "Small", "Model: Small");
    assert_eq!(labels(&shown), ["Automatic", "✓ Small", "Middle", "Large"]);
    owner.is_answered(&format!("{HARD} (0)"));
    assert!(last_model(&world).contains(LITE), "{}", last_model(&world));
    world.notes_all();
    world.kill();
    world.restart();
    owner.is_answered(&format!("{HARD} (1)"));
    assert!(last_model(&world).contains(LITE));
    let told = owner.asks("/status");
    assert!(told.contains("because you asked for that size"), "{told}");
    let told = owner.asks("/model large");
    assert!(told.contains("Model: Large"), "{told}");
    owner.is_answered(&format!("{HARD} (2)"));
    assert!(!last_model(&world).contains(LITE));
    let told = owner.asks("/model auto");
    assert!(told.contains("I choose for each question"), "{told}");
    let told = owner.asks("/model huge");
    assert!(told.contains("/model small"), "{told}");
    world.stop();
}

#[test]
fn a_role_has_the_sizes_that_go_with_it() {
    let world = World::new().open().start();
    let owner = world.telegram.person(1);
    for (id, role, sizes) in [
        (11, "vip", vec!["✓ Automatic", "Small", "Middle", "Large"]),
        (12, "premium", vec!["✓ Automatic", "Small", "Middle"]),
        (13, "normal", vec!["✓ Automatic", "Small", "Middle"]),
        (14, "guest", vec![]),
    ] {
        owner.asks(&format!("/grant {id} {role}"));
        let person = world.telegram.person(id);
        person.says("/model");
        let shown = person.hears_about("odel");
        assert_eq!(labels(&shown), sizes, "{role}");
    }
    let premium = world.telegram.person(12);
    let told = premium.asks("/model pro");
    assert!(
        told.contains("Premium goes with models up to “Middle”"),
        "{told}"
    );
    let guest = world.telegram.person(14);
    let told = guest.asks("/model middle");
    assert!(told.contains("up to “Small”"), "{told}");
    let told = guest.asks("/model");
    assert!(
        told.contains("always answered by the small model"),
        "{told}"
    );
    world.stop();
}

#[test]
fn a_chosen_language_beats_that_of_the_app_and_of_the_settings() {
    for setting in ["auto", "zh"] {
        let mut world = World::new().open().env("UI_LANGUAGE", setting).start();
        let ann = world.telegram.person(7).speaking("zh-hans");
        ann.says("/lang");
        assert_eq!(labels(&ann.hears()), ["✓ 自动", "English", "中文"]);
        let shown = presses_and_reads(&ann, "English", "I speak English");
        assert_eq!(labels(&shown), ["Automatic", "✓ English", "中文"]);
        assert!(ann.asks("/status").contains("Your role: Guest"));
        world.notes_all();
        world.kill();
        world.restart();
        assert!(ann.asks("/status").contains("Your role: Guest"));
        // In a group, too, and for nobody else there.
        let group = world.telegram.group(-5);
        world.telegram.person(1).asks("/grant -5 guest");
        group.member(7).speaking("zh").says("/status");
        assert!(group.hears().text.contains("Your role"));
        group.member(8).speaking("zh").says("/status");
        assert!(group.hears().text.contains("你的身份"));
        let told = ann.asks("/lang auto");
        assert!(told.contains("Telegram 所用的语言"), "{told}");
        assert!(ann.asks("/status").contains("你的身份：访客"));
        assert!(ann.asks("/lang klingon").contains("/lang en"));
        world.stop();
    }
}

#[test]
fn in_a_group_a_button_changes_its_own_message_and_nobody_elses() {
    let world = World::new().open().env("STREAM", "off").start();
    let group = world.telegram.group(-123);
    let (ann, bob) = (group.member(7), group.member(8));
    bob.says("@testbot how tall is a fence?");
    let answer = group.hears();
    ann.says("/lang");
    let choice = group.hears();
    // A program may name any message.
    let data = &choice.button("English").expect("a button").data;
    let press = ann.presses_data(answer.id, data);
    assert_eq!(ann.is_told(&press), "");
    world.notes_all();
    ann.presses_on(choice.id, "English");
    let shown = group.sees("the choice", |shown| {
        shown
            .iter()
            .any(|one| one.id == choice.id && one.text.contains("I speak English"))
    });
    assert!(shown.contains(&answer), "{shown:?}");
    assert_eq!(shown.len(), 2, "{shown:?}");
    world.stop();
}

#[test]
fn whose_app_names_no_language_is_answered_in_the_one_they_write() {
    let mut world = World::new().open().start();
    let ann = world.telegram.person(7).speaking("");
    assert!(ann.asks("/status").contains("Your role"));
    ann.is_answered("你好");
    assert!(ann.asks("/status").contains("你的身份"));
    world.notes_all();
    world.kill();
    world.restart();
    assert!(ann.asks("/status").contains("你的身份"), "it is remembered");
    ann.is_answered("now in English please");
    assert!(ann.asks("/status").contains("Your role"));
    ann.is_answered("2 + 2?");
    assert!(ann.asks("/status").contains("Your role"));
    world.stop();
}

#[test]
fn a_persona_goes_with_every_question_of_whoever_chose_it() {
    let mut world = World::new().open().start();
    let (ann, ben) = (world.telegram.person(7), world.telegram.person(8));
    let told_to_model = |word: &str| {
        let calls = systems_of(&world, word);
        calls.last().expect("a call").clone()
    };
    ann.is_answered("before anything");
    let usual = told_to_model("before anything");
    assert!(!usual.contains("teacher"), "{usual}");
    ann.says("/persona");
    let shown = ann.hears();
    assert!(
        shown.text.starts_with("Persona: As usual"),
        "{}",
        shown.text
    );
    assert_eq!(labels(&shown)[0], "✓ As usual");
    assert!(labels(&shown).len() >= 6, "{:?}", labels(&shown));
    assert!(!shown.text.contains("/persona add"), "only an Owner may");
    presses_and_reads(&ann, "Teacher", "Persona: Teacher");
    ann.is_answered("as a pupil");
    let asked = told_to_model("as a pupil");
    // The bot's own rules stay.
    let rules = usual.split("\n\nToday is").next().unwrap();
    assert!(
        asked.starts_with(rules) && asked.contains("patient teacher"),
        "{asked}"
    );
    ben.is_answered("as nobody");
    assert!(!told_to_model("as nobody").contains("teacher"));
    let told = ann.asks("/persona own Answer like an old sea captain.");
    assert!(told.contains("“Answer like an old sea captain.”"), "{told}");
    world.notes_all();
    world.kill();
    world.restart();
    ann.is_answered("after a crash");
    let asked = systems_of(&world, "after a crash").pop().unwrap();
    assert!(
        asked.contains("old sea captain") && !asked.contains("patient teacher"),
        "{asked}"
    );
    let told = ann.asks(&format!("/persona own {}", "x".repeat(1501)));
    assert!(told.contains("1501") && told.contains("1500"), "{told}");
    let told = ann.asks("/persona pirate");
    assert!(told.contains("no persona “pirate”"), "{told}");
    let told = ann.asks("/persona usual");
    assert!(told.starts_with("Persona: As usual"), "{told}");
    ann.is_answered("as ever");
    assert_eq!(systems_of(&world, "as ever").pop().unwrap(), usual);
    world.stop();
}

/// Whether a file is an export.
fn is_export(name: &str) -> bool {
    std::path::Path::new(name)
        .extension()
        .is_some_and(|extension| extension == "jsonl")
}

/// What the model was told before each question that holds this word.
fn systems_of(world: &World, question: &str) -> Vec<String> {
    let calls = world.gemini.calls_about(question).into_iter();
    calls.filter_map(|asked| asked.system).collect()
}

#[test]
fn an_owner_shares_personas_and_takes_them_away() {
    let mut world = World::new().open().start();
    let (owner, ann) = (world.telegram.person(1), world.telegram.person(7));
    let told = owner.asks("/persona");
    assert!(told.contains("/persona add NAME TEXT"), "{told}");
    // Who may not is told what a stranger to the word is told.
    let told = ann.asks("/persona add chef You are a cook.");
    assert!(told.contains("no persona"), "{told}");
    let told = owner.asks("/persona add Chef You are a cook who knows what is in season.");
    assert_eq!(told, "Everybody can choose “Chef” now.");
    assert!(
        owner
            .asks("/persona add teacher x")
            .contains("another name")
    );
    world.notes_all();
    world.kill();
    world.restart();
    ann.says("/persona");
    ann.hears();
    presses_and_reads(&ann, "Chef", "Persona: Chef");
    ann.is_answered("what is for dinner?");
    let asked = systems_of(&world, "for dinner").pop().unwrap();
    assert!(asked.contains("what is in season"), "{asked}");
    assert!(
        owner
            .asks("/persona remove nobody")
            .contains("no shared persona")
    );
    let told = owner.asks("/persona remove chef");
    assert!(told.contains("“Chef” is gone"), "{told}");
    ann.is_answered("and for breakfast?");
    let asked = systems_of(&world, "for breakfast").pop().unwrap();
    assert!(!asked.contains("in season"), "{asked}");
    assert!(ann.asks("/persona").starts_with("Persona: As usual"));
    world.stop();
}

#[test]
fn everybody_reads_what_is_kept_of_them() {
    let world = World::new().open().env("HISTORY_DAYS", "45").start();
    let owner = world.telegram.person(1);
    let told = owner.asks("/privacy");
    for word in ["45 days", "Google", "/export", "/forget"] {
        assert!(told.contains(word), "{told}");
    }
    let told = world.telegram.person(7).asks("/privacy");
    assert!(told.contains("not kept") && !told.contains("45"), "{told}");
    let group = world.telegram.group(-5);
    group.member(1).says("/privacy");
    assert!(group.hears().text.contains("45 days"));
    world.stop();
}

/// The questions of an export, in its order.
fn questions(file: &Message) -> Vec<String> {
    let file = file.file.as_ref().expect("a file");
    let lines = file.content.lines();
    let read = |line: &str| -> serde_json::Value { serde_json::from_str(line).expect("JSON") };
    lines
        .map(read)
        .map(|line| {
            assert!(!line["answer"].as_str().unwrap().is_empty());
            assert!(line["asked"].as_str().unwrap().ends_with('Z'));
            line["question"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn an_export_holds_ones_own_rounds_from_everywhere_and_nobody_elses() {
    let world = World::new().open().start();
    let owner = world.telegram.person(1);
    for id in [7, 8, -5] {
        owner.asks(&format!("/grant {id} normal"));
    }
    let (ann, ben) = (world.telegram.person(7), world.telegram.person(8));
    let group = world.telegram.group(-5);
    ann.is_answered("in private");
    ben.is_answered("of another");
    for (id, text) in [
        (6, "six in the group"),
        (7, "seven in the group"),
        (8, "eight in the group"),
    ] {
        group.member(id).says(&format!("@testbot {text}"));
        group.hears();
    }
    group
        .member(7)
        .in_topic(99)
        .says("@testbot seven in a topic");
    group.hears();
    ann.says("/export");
    let file = ann.hears();
    let asked: BTreeSet<String> = questions(&file).into_iter().collect();
    let expected = ["in private", "seven in the group", "seven in a topic"];
    assert_eq!(asked, expected.map(str::to_owned).into());
    assert!(is_export(&file.file.unwrap().name));
    let told = ann.hears().text;
    assert!(told.contains("3 questions"), "{told}");
    let guest = world.telegram.person(9);
    guest.is_answered("a guest's");
    let told = guest.asks("/export");
    assert!(told.contains("keep no questions of yours"), "{told}");
    // In a group it is not done, whoever asks.
    group.member(7).says("/export");
    assert!(group.hears().text.contains("private"));
    world.stop();
}

#[test]
fn a_long_export_comes_in_files_of_bounded_size() {
    const ANSWERS: usize = 4;
    let world = World::new().start();
    let owner = world.telegram.person(1);
    let long = "many words ".repeat(30_000);
    for number in 0..ANSWERS {
        world.gemini.when_asked(&format!("long {number}"), &long);
        owner.says(&format!("long {number}"));
        // The beginning as messages, and the whole as a file.
        owner.sees("the whole answer", |shown| {
            shown.iter().filter(|one| one.file.is_some()).count() == number + 1
        });
    }
    owner.says("/export");
    let told = owner.hears_about("with my answers").text;
    assert!(
        told.contains("4 questions that I keep, with my answers, in 2 files"),
        "{told}"
    );
    let files = owner.shows().into_iter();
    let files: Vec<Message> = files
        .filter(|one| one.file.as_ref().is_some_and(|file| is_export(&file.name)))
        .collect();
    let asked: Vec<String> = files.iter().flat_map(questions).collect();
    assert_eq!(files.len(), 2);
    let expected: Vec<String> = (0..ANSWERS)
        .map(|number| format!("long {number}"))
        .collect();
    assert_eq!(asked, expected);
    world.stop();
}

#[test]
fn the_next_file_of_an_export_waits_for_the_last_and_no_second_export_begins() {
    const ANSWERS: usize = 4;
    let world = World::new().start();
    let owner = world.telegram.person(1);
    let long = "many words ".repeat(30_000);
    for number in 0..ANSWERS {
        world.gemini.when_asked(&format!("long {number}"), &long);
        owner.says(&format!("long {number}"));
        owner.sees("the whole answer", |shown| {
            shown.iter().filter(|one| one.file.is_some()).count() == number + 1
        });
    }
    world.notes_all();
    owner.refuses(("sendDocument", ALWAYS), (500, "Internal Server Error"));
    owner.says("/export");
    let failed = |world: &World| {
        let calls = world.telegram.calls("sendDocument").into_iter();
        calls.filter(|call| call.status == 500).count()
    };
    eventually(PATIENCE, "a file is tried", || failed(&world) > 0);
    owner.says("/export");
    eventually(PATIENCE, "nothing but two rows waits", || {
        world.unsent() == 2
    });
    owner.refuses_nothing();
    owner.hears_about("in 2 files");
    let told = owner.shows().into_iter();
    let told = told.filter(|one| one.text.contains("already handing over"));
    assert_eq!(told.count(), 1);
    let files = owner.shows().into_iter();
    let files = files.filter(|one| one.file.as_ref().is_some_and(|file| is_export(&file.name)));
    assert_eq!(files.count(), 2);
    world.stop();
}

#[test]
fn an_example_is_answered_in_the_topic_where_it_is_pressed() {
    let world = World::new().start();
    let owner = world.telegram.person(1).in_topic(42);
    owner.says("/start");
    let start = owner.hears();
    assert_eq!(start.topic, Some(42));
    owner.presses_on(start.id, "black holes");
    let answer = owner.hears_about("black holes");
    assert_eq!(answer.topic, Some(42));
    world.stop();
}

#[test]
fn forgetting_is_asked_for_twice_and_takes_all_of_ones_own_and_nothing_else() {
    let mut world = World::new().start();
    let owner = world.telegram.person(1);
    for id in [7, 8, -5] {
        owner.asks(&format!("/grant {id} normal"));
    }
    let (ann, ben) = (world.telegram.person(7), world.telegram.person(8));
    let group = world.telegram.group(-5);
    ann.is_answered("my secret in private");
    ben.is_answered("ben's own");
    for id in [7, 8] {
        group
            .member(id)
            .says(&format!("@testbot secret of {id} in the group"));
        group.hears();
    }
    ann.asks("/persona teacher");
    ann.says("/forget");
    let shown = ann.hears();
    assert_eq!(labels(&shown), ["Forget it all", "Keep it"]);
    presses_and_reads(&ann, "Keep it", "nothing is forgotten");
    ann.says("/export");
    assert_eq!(questions(&ann.hears()).len(), 2);
    ann.hears();
    ann.says("/forget");
    let message = ann.hears().id;
    let shown = presses_and_reads(&ann, "Forget it all", "I have forgotten");
    assert!(!shown.text.contains("ackup"), "{}", shown.text);
    assert!(shown.buttons.is_empty() && shown.id == message);
    world.notes_all();
    world.kill();
    world.restart();
    let told = ann.asks("/export");
    assert!(told.contains("keep no questions of yours"), "{told}");
    assert!(ann.asks("/persona").starts_with("Persona: As usual"));
    // The role stays, and so does what others asked.
    assert!(ann.asks("/status").contains("Your role: Normal"));
    ann.is_answered("a new beginning");
    let call = world.gemini.calls_about("a new beginning").pop().unwrap();
    assert!(
        !call.contents.to_string().contains("secret"),
        "{}",
        call.contents
    );
    ben.says("/export");
    assert_eq!(questions(&ben.hears()).len(), 2);
    world.stop();
}

#[test]
fn backups_are_spoken_of_only_where_there_are_any() {
    let mut world = World::new().env("BACKUP_KEEP", "3").prepare();
    let folder = world.folder().join("copies");
    world.sets("BACKUP_DIR", &folder.display().to_string());
    world.restart();
    let owner = world.telegram.person(1);
    let forgets = || {
        owner.says("/forget");
        owner.hears();
        presses_and_reads(&owner, "Forget it all", "I have forgotten").text
    };
    assert!(!forgets().contains("ackup"));
    fs::create_dir(&folder).unwrap();
    assert!(!forgets().contains("ackup"), "an empty folder");
    fs::write(folder.join("svs-bot-2026-11-29.redb"), "rows").unwrap();
    let told = forgets();
    assert!(
        told.contains("Backups of mine still hold it for up to 3 days"),
        "{told}"
    );
    world.stop();
}

#[test]
fn what_is_asked_while_all_is_forgotten_is_not_answered_and_not_kept() {
    let world = World::new().start();
    let owner = world.telegram.person(1);
    owner.is_answered("remember me");
    world.gemini.holds("a long one");
    owner.says("a long one");
    world.gemini.awaits_calls(2);
    owner.says("and what waits behind it");
    owner.says("/forget yes");
    let told = owner.hears_about("forgotten").text;
    assert!(told.contains("I have forgotten"), "{told}");
    world.gemini.lets_go("a long one");
    let told = owner.asks("/export");
    assert!(told.contains("keep no questions of yours"), "{told}");
    eventually(PATIENCE, "nothing is asked any more", || {
        world.gemini.in_flight() == 0
    });
    assert!(world.gemini.calls_about("what waits behind it").is_empty());
    world.stop();
}

#[test]
fn nobody_presses_the_buttons_of_another() {
    let world = World::new().start();
    let owner = world.telegram.person(1);
    for id in [7, 8, -5] {
        owner.asks(&format!("/grant {id} normal"));
    }
    let group = world.telegram.group(-5);
    let (ann, ben) = (group.member(7), group.member(8));
    ann.says("/model");
    let message = group.hears().id;
    let press = ben.presses_on(message, "Small");
    assert!(ben.is_told(&press).contains("whoever asked"));
    ben.says("/model");
    let shown = group.hears();
    assert_eq!(labels(&shown)[0], "✓ Automatic");
    world.stop();
}

#[test]
fn a_start_offers_two_examples_which_are_asked_by_a_press() {
    let world = World::new().open().start();
    let owner = world.telegram.person(1);
    owner.says("/start");
    let shown = owner.hears();
    assert!(shown.text.contains("last 10 questions"), "{}", shown.text);
    assert_eq!(labels(&shown).len(), 2);
    let example = shown.buttons[0].label.clone();
    let press = owner.presses(&example);
    assert_eq!(owner.is_told(&press), "");
    owner.hears_about(&example);
    assert_eq!(world.gemini.calls().last().unwrap().question(), example);
    // It is a message like any other.
    owner.says("/stats");
    owner.hears_about("Messages today: 1 ");
    let chinese = world.telegram.person(7).speaking("zh");
    chinese.says("/start");
    let shown = chinese.hears();
    assert!(shown.text.contains("访客"), "{}", shown.text);
    let example = shown.buttons[1].label.clone();
    chinese.presses(&example);
    chinese.hears_about(&example);
    let group = world.telegram.group(-5);
    group.member(1).says("/start");
    let shown = group.hears();
    assert!(
        shown.buttons.is_empty() && shown.text.contains("Mention me"),
        "{}",
        shown.text
    );
    world.stop();
}

#[test]
fn a_stranger_presses_no_example() {
    let world = World::new().env("ACCESS", "approve").start();
    let owner = world.telegram.person(1);
    owner.asks("/grant 7 normal");
    let ann = world.telegram.person(7);
    ann.says("/start");
    let message = ann.hears().id;
    owner.asks("/revoke 7");
    let press = ann.presses_on(message, "black holes");
    assert_eq!(ann.is_told(&press), "");
    owner.is_answered("hello");
    assert!(world.gemini.calls_about("black holes").is_empty());
    world.stop();
}

#[test]
fn everybody_sees_their_own_use_and_the_owner_everybodys_with_a_chart() {
    let mut world = World::new().open().start();
    let (owner, ann) = (world.telegram.person(1), world.telegram.person(7));
    // An Owner alone has nothing to show yet.
    assert!(owner.asks("/stats").contains("people today: 0"));
    for text in ["one", "two"] {
        ann.is_answered(text);
    }
    owner.is_answered(HARD);
    let told = ann.asks("/stats");
    assert!(
        told.contains("Messages today: 2 (answers: small 2, middle 0, large 0)"),
        "{told}"
    );
    assert!(told.contains("Messages in 7 days: 2 "), "{told}");
    assert!(!told.contains("everybody"), "{told}");
    world.notes_all();
    world.kill();
    world.restart();
    owner.says("/stats");
    let chart = owner.hears();
    let file = chart.file.expect("a picture");
    assert!(file.name == "chart.png" && file.content.contains("PNG"));
    assert!(chart.text.contains("🟦 small"), "{}", chart.text);
    let told = owner.hears().text;
    assert!(told.contains("Messages today: 1 "), "{told}");
    assert!(told.contains("people today: 2"), "{told}");
    assert!(
        told.contains("Messages today: 3 (answers: small 2,"),
        "{told}"
    );
    // In a group it is about nobody but whoever asks.
    let group = world.telegram.group(-5);
    group.member(1).says("/stats");
    let told = group.hears().text;
    assert!(
        told.contains("Messages today: 1 ") && !told.contains("everybody"),
        "{told}"
    );
    world.stop();
}
