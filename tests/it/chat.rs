//! What people see: who is answered, with how much memory, where, and in which words.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::telegram::Person;
use crate::world::{PATIENCE, World, eventually};

/// Whether a text is the stand-in model's answer, not a sentence of the bot itself.
fn is_answer(text: &str) -> bool {
    text.contains("echo[")
}

#[test]
fn a_private_question_is_answered() {
    let world = World::new().open().start();
    let answer = world.telegram.person(7).is_answered("hello");
    assert_eq!(answer, "echo[0 rounds]: hello");
    world.stop();
}

#[test]
fn each_role_remembers_its_number_of_rounds() {
    let world = World::new().open().start();
    let owner = world.telegram.person(1);
    let table = [
        (1, "", 10),
        (2, "vip", 7),
        (3, "premium", 5),
        (4, "normal", 3),
        (5, "", 0),
    ];
    for (id, role, rounds) in table {
        if !role.is_empty() {
            owner.asks(&format!("/grant {id} {role}"));
        }
        let person = world.telegram.person(id);
        for asked in 0..rounds + 2 {
            let answer = person.is_answered(&format!("question {asked} of {id}"));
            let seen = asked.min(rounds);
            assert!(
                answer.contains(&format!("echo[{seen} rounds]")),
                "{role} {id}: {answer}"
            );
        }
    }
    world.stop();
}

#[test]
fn the_model_is_told_who_it_is() {
    let world = World::new()
        .env("SYSTEM_PROMPT", "You are a lighthouse.")
        .start();
    world.telegram.person(1).is_answered("hello");
    let system = world.gemini.calls()[0].system.clone().unwrap_or_default();
    assert!(system.contains("You are a lighthouse."), "{system}");
    world.stop();
}

#[test]
fn two_people_at_once_are_kept_apart() {
    let world = World::new().open().start();
    world.gemini.works_for(Duration::from_millis(200));
    let owner = world.telegram.person(1);
    owner.asks("/grant 7 vip");
    owner.asks("/grant 8 vip");
    let (ann, bob) = (world.telegram.person(7), world.telegram.person(8));
    for round in 0..4 {
        ann.says(&format!("apple {round}"));
        bob.says(&format!("brick {round}"));
    }
    for round in 0..4 {
        let to_ann = ann.hears_about("echo[").text;
        let to_bob = bob.hears_about("echo[").text;
        assert_eq!(to_ann, format!("echo[{round} rounds]: apple {round}"));
        assert_eq!(to_bob, format!("echo[{round} rounds]: brick {round}"));
    }
    for call in world.gemini.calls() {
        let seen = call.contents.to_string();
        assert!(
            !(seen.contains("apple") && seen.contains("brick")),
            "mixed: {seen}"
        );
    }
    world.stop();
}

#[test]
fn twenty_messages_of_one_person_are_answered_in_order() {
    let world = World::new().start();
    world.gemini.works_for(Duration::from_millis(50));
    let owner = world.telegram.person(1);
    for number in 0..20 {
        owner.says(&format!("number {number}."));
    }
    for number in 0..20 {
        let answer = owner.hears_about("echo[").text;
        assert!(
            answer.contains(&format!("number {number}.")),
            "{number}: {answer}"
        );
    }
    world.stop();
}

#[test]
fn a_group_hears_only_what_is_meant_for_it() {
    let world = World::new().open().start();
    let group = world.telegram.group(-123);
    let ann = group.member(7);
    ann.says("just talking");
    ann.says("/help@otherbot");
    ann.says("@someone what is testbot?");
    ann.forwards("testbot, hear this");
    let question = ann.says("@testbot first");
    let answer = group.hears();
    assert!(
        is_answer(&answer.text) && answer.text.contains("first"),
        "{answer:?}"
    );
    assert_eq!(answer.reply_to, Some(question));
    assert!(
        !answer.text.contains("@testbot"),
        "the mention is taken out: {answer:?}"
    );
    ann.replies(question, "talking to each other");
    let question = group.member(8).replies(answer.id, "second");
    let answer = group.hears();
    assert!(answer.text.contains("second"), "{answer:?}");
    assert_eq!(answer.reply_to, Some(question));
    ann.says("/help@testbot");
    assert!(!is_answer(&group.hears().text));
    assert_eq!(world.gemini.calls().len(), 2);
    world.stop();
}

#[test]
fn topics_of_a_group_are_kept_apart() {
    let world = World::new().open().start();
    let group = world.telegram.group(-1_001_234_567_890);
    let (here, there) = (group.member(1).in_topic(50), group.member(1).in_topic(60));
    for (place, topic, rounds) in [(&here, 50, 0), (&there, 60, 0), (&here, 50, 1)] {
        place.says("@testbot where are we?");
        let answer = place.hears();
        assert_eq!(answer.topic, Some(topic));
        assert!(
            answer.text.contains(&format!("echo[{rounds} rounds]")),
            "{answer:?}"
        );
    }
    here.says("a reply to the topic's first message is none to the bot");
    here.says("@testbot fence");
    here.hears_about("fence");
    assert_eq!(world.gemini.calls().len(), 4);
    world.stop();
}

/// What the model was shown last, a line for each side.
fn shown_to_model(world: &World) -> Vec<String> {
    let calls = world.gemini.calls();
    let sides = calls.last().unwrap().contents.as_array().unwrap();
    let words = |side: &Value| side["parts"][0]["text"].as_str().unwrap().to_owned();
    sides.iter().map(words).collect()
}

#[test]
fn a_topic_of_a_group_is_one_conversation_with_its_speakers_named() {
    let mut world = World::new().open().start();
    world.telegram.person(1).asks("/grant -123 premium");
    let group = world.telegram.group(-123);
    let (ann, ben) = (group.member(7), group.member(8));
    let asks = |person: &Person, words: &str| {
        person.says(&format!("@testbot {words}"));
        group.sees(words, |shown| {
            shown
                .last()
                .is_some_and(|last| is_answer(&last.text) && last.text.contains(words))
        });
    };
    asks(&ann, "the colour is blue");
    asks(&ben, "which colour?");
    let anns = [
        "P7: the colour is blue",
        "echo[0 rounds]: P7: the colour is blue",
    ];
    let bens = ["P8: which colour?", "echo[1 rounds]: P8: which colour?"];
    assert_eq!(shown_to_model(&world), [&anns[..], &bens[..1]].concat());
    world.kill();
    world.restart();
    asks(&ann, "and why?");
    let why = "P7: and why?";
    assert_eq!(
        shown_to_model(&world),
        [&anns[..], &bens[..], &[why]].concat()
    );
    // Who begins anew does so for themselves.
    ben.says("/new@testbot");
    group.sees("a new conversation", |shown| {
        shown
            .last()
            .is_some_and(|last| last.text.contains("new conversation"))
    });
    asks(&ben, "hello");
    assert_eq!(shown_to_model(&world), ["P8: hello"]);
    asks(&ann, "what else?");
    let hello = ["P8: hello", "echo[0 rounds]: P8: hello"];
    let whys = [why, "echo[2 rounds]: P7: and why?"];
    let else_ = ["P7: what else?"];
    assert_eq!(
        shown_to_model(&world),
        [&anns[..], &whys[..], &hello[..], &else_[..]].concat()
    );
    asks(&group.member(7).in_topic(5), "elsewhere");
    assert_eq!(shown_to_model(&world), ["P7: elsewhere"]);
    world.stop();
}

#[test]
fn in_the_inbox_of_a_channel_each_conversation_gets_its_own_answers() {
    let world = World::new().open().env("GROUPS", "open").start();
    let inbox = world.telegram.group(-1_000_000_000_123);
    let large = 1 << 51;
    for (id, topic) in [(7, large), (8, large + 1)] {
        let person = inbox.member(id).in_conversation(topic);
        world.gemini.begins(&format!("Hello {id}, "));
        let question = person.says(&format!("@testbot hello from {id}"));
        let begins = format!("Hello {id}");
        inbox.sees(&begins, |shown| {
            shown.last().is_some_and(|last| last.text.contains(&begins))
        });
        world.gemini.goes_on("how are you?");
        world.gemini.ends("STOP");
        let shown = inbox.sees("the whole answer", |shown| {
            shown
                .last()
                .is_some_and(|last| last.text.ends_with("how are you?"))
        });
        let last = shown.last().unwrap();
        assert_eq!((last.topic, last.reply_to), (Some(topic), Some(question)));
    }
    let long: Vec<String> = (0..6_000).map(|number| format!("word{number}")).collect();
    world.gemini.when_asked("everything", &long.join(" "));
    let person = inbox.member(7).in_conversation(large);
    person.says("@testbot tell me everything");
    let shown = inbox.sees("a file", |shown| {
        shown.last().is_some_and(|last| last.file.is_some())
    });
    assert_eq!(shown.last().unwrap().topic, Some(large));
    assert!(world.telegram.calls("sendChatAction").is_empty());
    world.stop();
}

#[test]
fn a_group_that_becomes_a_supergroup_gets_its_answer_at_the_new_address() {
    let world = World::new().open().start();
    world.gemini.works_for(Duration::from_millis(300));
    let group = world.telegram.group(-123);
    group.member(7).says("@testbot hello");
    world.gemini.awaits_calls(1);
    let moved = group.moves_to(-1_001_234_567_890);
    assert!(moved.hears().text.contains("hello"));
    world.stop();
}

#[test]
fn commands_are_answered_without_the_model() {
    let world = World::new().open().start();
    for id in [1, 7] {
        let person = world.telegram.person(id);
        for command in [
            "/start",
            "/help",
            "/new",
            "/status",
            "/HELP",
            "/start payload",
        ] {
            let reply = person.asks(command);
            assert!(!is_answer(&reply), "{command}: {reply}");
        }
        assert!(person.asks("/help").contains("/new"));
    }
    assert!(world.gemini.calls().is_empty());
    world.stop();
}

#[test]
fn a_new_conversation_forgets_the_old_one() {
    let world = World::new().start();
    let owner = world.telegram.person(1);
    owner.is_answered("one");
    assert!(owner.is_answered("two").contains("[1 rounds]"));
    for alias in ["/new", "/reset", "/clear"] {
        owner.asks(alias);
        assert!(
            owner.is_answered("fresh").contains("[0 rounds]"),
            "after {alias}"
        );
    }
    world.stop();
}

#[test]
fn the_owner_lets_people_in_and_out() {
    let world = World::new().env("ACCESS", "approve").start();
    let (owner, ann) = (world.telegram.person(1), world.telegram.person(7));
    // A bot may write to nobody who has not written to it.
    owner.is_answered("hello");
    assert!(!is_answer(&ann.asks("let me in")));
    owner.hears_about("asks to be let in");
    ann.says("/grant 7 vip");
    owner.asks("/grant 7 normal");
    assert!(is_answer(&ann.is_answered("now?")));
    owner.asks("/revoke 7");
    ann.says("and now?");
    owner.hears_about("asks to be let in");
    eventually(PATIENCE, "the question is taken", || {
        world.telegram.is_drained()
    });
    assert!(!is_answer(&owner.asks("/status")));
    assert!(world.gemini.calls_about("and now?").is_empty());
    world.stop();
}

#[test]
fn a_stranger_waiting_for_approval_is_told_so_and_once_an_hour_that_they_still_wait() {
    let world = World::new().env("ACCESS", "approve").start();
    let telegram = std::sync::Arc::clone(&world.telegram);
    let ann = telegram.person(7);
    assert!(!is_answer(&ann.asks("hello?")));
    ann.says("hello??");
    ann.says("hello???");
    telegram.person(1).is_answered("fence");
    world.stop();
    assert_eq!(telegram.said_to(7).len(), 2);
}

#[test]
fn a_closed_bot_is_silent_to_strangers() {
    let world = World::new().env("ACCESS", "closed").start();
    let telegram = std::sync::Arc::clone(&world.telegram);
    telegram.person(7).says("hello?");
    telegram.person(7).says("/start");
    telegram.person(1).is_answered("fence");
    world.stop();
    assert_eq!(telegram.said_to(7), []);
}

#[test]
fn a_long_answer_comes_in_parts_that_join_to_the_whole() {
    let world = World::new().open().start();
    let paragraph = "A sentence with 👩‍👩‍👧 and 漢字 in it. ".repeat(40);
    let whole = format!("{paragraph}\n\n").repeat(7);
    world.gemini.when_asked("at length", &whole);
    let person = world.telegram.person(7);
    person.says("tell me at length");
    let ink = |text: &str| text.split_whitespace().collect::<String>();
    let (mut heard, mut parts) = (String::new(), 0);
    while heard.len() < ink(&whole).len() {
        heard.push_str(&ink(&person.hears().text));
        parts += 1;
    }
    assert_eq!(heard, ink(&whole));
    let least = whole.trim().encode_utf16().count().div_ceil(4096);
    assert!(
        (least..=least + 1).contains(&parts),
        "{parts} parts, {least} would do"
    );
    world.stop();
}

#[test]
fn people_are_spoken_to_in_their_language() {
    let world = World::new().open().start();
    let chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..'\u{9fff}').contains(&c));
    for (id, language, is_chinese) in [
        (7, "zh-hans", true),
        (8, "zh-TW", true),
        (9, "en", false),
        (10, "de", false),
    ] {
        let help = world.telegram.person(id).speaking(language).asks("/help");
        assert_eq!(chinese(&help), is_chinese, "{language}: {help}");
    }
    world.stop();
}

#[test]
fn updates_of_unknown_kinds_and_shapes_stop_nobody() {
    let mut world = World::new().open().prepare();
    world
        .telegram
        .raw_update(json!({"hologram": {"id": 5, "of": ["whom"]}}));
    world
        .telegram
        .raw_update(json!({"message": {"message_id": "seven", "chat": null}}));
    world.telegram.raw_update(json!({"message": 5}));
    world.telegram.raw_update(json!({}));
    let person = world.telegram.person(7);
    person.sends(json!({"pinned_message": {"message_id": 1}}));
    person.sends(json!({"left_chat_member": {"id": 9, "is_bot": false, "first_name": "x"}}));
    person.says("hello");
    world.restart();
    let answer = person.hears_about("echo[0 rounds]: hello");
    person.presses_data(answer.id, "a button of tomorrow");
    person.is_answered("still there?");
    eventually(PATIENCE, "all is confirmed", || world.telegram.is_drained());
    world.stop();
}

#[test]
fn a_photo_without_a_word_is_a_question() {
    let world = World::new().open().start();
    let person = world.telegram.person(7);
    person.sends_a_photo();
    assert!(is_answer(&person.hears().text));
    assert_eq!(world.gemini.calls()[0].media().len(), 1);
    world.stop();
}

#[test]
fn a_stale_question_is_not_answered_as_if_it_were_new() {
    let mut world = World::new().open().prepare();
    let telegram = std::sync::Arc::clone(&world.telegram);
    let old = |person: Person| person.some_time_ago(Duration::from_mins(31));
    old(telegram.group(-123).member(7)).says("@testbot an old question");
    old(telegram.person(7)).says("first old question");
    old(telegram.person(7)).says("second old question");
    world.restart();
    let ann = telegram.person(7);
    let notice = ann.hears();
    assert!(!is_answer(&notice.text), "one notice");
    ann.says("new question");
    assert!(
        ann.hears().text.contains("echo[0 rounds]: new question"),
        "and no second notice"
    );
    assert!(world.gemini.calls_about("old question").is_empty());
    ann.presses_data(notice.id, "held");
    ann.hears_about("second old question");
    ann.presses_data(notice.id, "held");
    ann.is_answered("a fence");
    assert_eq!(world.gemini.calls_about("old question").len(), 1, "once");
    world.stop();
    assert_eq!(telegram.said_to(-123), []);
}

#[test]
fn somebody_who_blocked_the_bot_holds_up_nobody() {
    let world = World::new().open().start();
    world.gemini.works_for(Duration::from_millis(200));
    let (ann, bob) = (world.telegram.person(7), world.telegram.person(8));
    ann.says("never mind");
    world.gemini.awaits_calls(1);
    ann.blocks_the_bot();
    bob.is_answered("hello");
    ann.unblocks_the_bot();
    ann.is_answered("here I am again");
    world.stop();
}
