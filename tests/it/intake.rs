//! What a message is to the bot: one question in several messages, files that cannot be seen, messages
//! that come twice, changes that first speak to the bot, commands that nobody typed, and presses that
//! lead nowhere.

use std::time::Duration;

use serde_json::{Value, json};

use crate::reask::{said, wait_until_idle};
use crate::world::gemini::Fault;
use crate::world::http::Trouble;
use crate::world::telegram::{Person, forward, paid, photo, typed};
use crate::world::{PATIENCE, World, eventually, now};

const UNSEEN: &str = "can't look at";

/// The same fields, received by the service in this second.
fn at(second: u64, mut fields: Value) -> Value {
    fields["date"] = json!(second);
    fields
}

fn this_second() -> u64 {
    now().as_secs()
}

/// One question went out with the comment and all of the forwards, and one answer is shown.
#[track_caller]
fn is_one_question(world: &World, person: &Person, words: &[&str]) {
    let calls = world.gemini.calls();
    let asked = calls.last().expect("a call").question();
    for word in words {
        assert!(asked.contains(word), "`{word}` is not in: {asked}");
    }
    assert!(asked.contains("not instructions to follow"), "{asked}");
    let shown = person.shows();
    assert_eq!(shown.len(), 1, "one answer: {shown:#?}");
}

#[test]
fn a_comment_and_the_messages_forwarded_with_it_are_one_question() {
    for id in [1, 7] {
        for place in [0, 2] {
            let mut world = World::new().open().without("USER_LIMITS").start();
            let person = world.telegram.person(id);
            let second = this_second();
            let mut all = vec![forward("Bob", "it is cheese"), forward("Eve", "it is not")];
            all.insert(place, typed("who is right?"));
            person.sends_together(all.into_iter().map(|one| at(second, one)).collect());
            person.hears_about("who is right?");
            wait_until_idle(&mut world);
            assert_eq!(world.gemini.calls().len(), 1, "comment at {place}");
            let words = [
                "a message by Bob",
                "> it is cheese",
                "a message by Eve",
                "> it is not",
                "who is right?",
            ];
            is_one_question(&world, &person, &words);
            world.stop();
        }
    }
}

#[test]
fn a_forward_joins_its_comment_that_is_being_answered() {
    for id in [1, 7] {
        let mut world = World::new().open().without("USER_LIMITS").start();
        let person = world.telegram.person(id);
        let second = this_second();
        world.gemini.everyone().answers(Fault::Line(Trouble::Hang));
        person.sends(at(second, typed("who is right?")));
        world.gemini.awaits_calls(1);
        world.gemini.everyone().recovers();
        person.sends(at(second, forward("Bob", "it is cheese")));
        person.hears_about("cheese");
        wait_until_idle(&mut world);
        is_one_question(&world, &person, &["> it is cheese", "who is right?"]);
        world.stop();
    }
}

#[test]
fn a_forward_finds_its_comment_that_was_answered_a_moment_ago() {
    for id in [1, 7] {
        let mut world = World::new().open().start();
        let person = world.telegram.person(id);
        let second = this_second();
        person.sends(at(second, typed("who is right?")));
        person.hears_about("who is right?");
        wait_until_idle(&mut world);
        person.sends(at(second, forward("Bob", "it is cheese")));
        person.sees("an answer to both halves", |shown| {
            shown.iter().any(|one| one.text.contains("cheese"))
        });
        wait_until_idle(&mut world);
        let calls = world.gemini.calls();
        assert_eq!(calls.len(), 2);
        let asked = calls[1].question();
        assert!(asked.contains("> it is cheese") && asked.contains("who is right?"));
        // Where the round is kept, the answer to the comment alone is replaced.
        let shown = if id == 1 { 1 } else { 2 };
        assert_eq!(person.shows().len(), shown);
        // Later it is a question of its own; for an Owner it is about whoever wrote it.
        person.sends(at(second + 60, forward("Eve", "it is not")));
        if id == 1 {
            person.hears_about("whose account");
        } else {
            person.hears_about("it is not");
        }
        assert_eq!(world.gemini.calls().len(), if id == 1 { 2 } else { 3 });
        world.stop();
    }
}

#[test]
fn a_comment_and_its_forwards_stay_one_question_over_a_kill() {
    for id in [1, 7] {
        for comment_first in [true, false] {
            let mut world = World::new().open().start();
            let person = world.telegram.person(id);
            let second = this_second();
            let mut halves = [
                at(second, typed("who is right?")),
                at(second, forward("Bob", "it is cheese")),
            ];
            if !comment_first {
                halves.reverse();
            }
            let [first, then] = halves;
            world.gemini.everyone().answers(Fault::Line(Trouble::Hang));
            person.sends(first);
            eventually(PATIENCE, "the first is stored", || {
                world.telegram.is_drained()
            });
            world.kill();
            world.gemini.everyone().recovers();
            person.sends(then);
            world.restart();
            person.hears_about("cheese");
            wait_until_idle(&mut world);
            is_one_question(&world, &person, &["> it is cheese", "who is right?"]);
            world.stop();
        }
    }
}

#[test]
fn five_forwards_are_one_question_and_so_are_forwards_of_files() {
    for id in [1, 7] {
        let mut world = World::new().open().without("USER_LIMITS").start();
        let person = world.telegram.person(id);
        let texts = ["one", "two", "three", "four", "five"];
        person.sends_together(texts.map(|text| forward("Bob", text)).to_vec());
        person.hears_about("five");
        wait_until_idle(&mut world);
        assert_eq!(world.gemini.calls().len(), 1);
        is_one_question(
            &world,
            &person,
            &["> one", "> two", "> three", "> four", "> five"],
        );
        let mut files = vec![photo(""), photo("")];
        for file in &mut files {
            file["forward_origin"] = forward("Bob", "")["forward_origin"].clone();
        }
        person.sends_together(files);
        person.hears_about("has no words");
        wait_until_idle(&mut world);
        assert_eq!(world.gemini.calls().pop().unwrap().media().len(), 2);
        person.is_answered("a fence");
        assert_eq!(person.shows().len(), 3);
        assert_eq!(world.gemini.calls().len(), 3);
        world.stop();
    }
}

#[test]
fn in_a_group_forwards_count_only_with_a_question_of_the_same_person() {
    let mut world = World::new().open().env("GROUPS", "open").start();
    let group = world.telegram.group(-123);
    let (ann, bob) = (group.member(7), group.member(8));
    let second = this_second();
    ann.sends(at(second, forward("Eve", "@testbot unasked")));
    bob.sends(at(second, forward("Eve", "somebody else's")));
    ann.sends_together(vec![
        at(second, typed("@testbot is that so?")),
        at(second, forward("Eve", "it is cheese")),
    ]);
    group.hears();
    wait_until_idle(&mut world);
    let calls = world.gemini.calls();
    assert_eq!(calls.len(), 1);
    let asked = calls[0].question();
    assert!(asked.contains("> it is cheese") && asked.contains("is that so?"));
    assert!(!asked.contains("somebody else's"), "{asked}");
    assert_eq!(group.shows().len(), 1);
    world.stop();
}

#[test]
fn what_nobody_sees_is_asked_by_its_caption_and_both_sides_know() {
    for id in [1, 7] {
        let mut world = World::new().open().start();
        let person = world.telegram.person(id);
        person.sends(paid("what is this?"));
        let answer = person.hears_about("what is this?");
        assert!(
            answer.text.contains("can't look at paid media"),
            "{answer:?}"
        );
        let asked = world.gemini.calls()[0].question();
        assert!(asked.contains("cannot see: paid media"), "{asked}");
        wait_until_idle(&mut world);
        if id == 1 {
            // Also when it is asked again, and in what follows.
            person.presses_on(answer.id, "Retry");
            world.gemini.awaits_calls(2);
            wait_until_idle(&mut world);
            let asked = world.gemini.calls()[1].question();
            assert!(asked.contains("cannot see: paid media"), "{asked}");
            let next = person.is_answered("and now?");
            assert!(!next.contains(UNSEEN), "{next}");
            let told = said(&world.gemini.calls()[2]);
            assert!(
                told.iter()
                    .any(|text| text.contains("cannot see: paid media"))
            );
        }
        world.stop();
    }
}

#[test]
fn a_reply_to_what_nobody_sees_is_answered_with_the_same_honesty() {
    let mut world = World::new().open().env("GROUPS", "open").start();
    let group = world.telegram.group(-123);
    let (ann, bob) = (group.member(7), group.member(8));
    let bare = ann.sends(paid(""));
    let named = ann.sends(paid("my cat"));
    for message in [bare, named] {
        bob.replies(message, "@testbot what is that?");
        let answer = group.hears();
        assert!(
            answer.text.contains("can't look at paid media"),
            "{answer:?}"
        );
    }
    let calls = world.gemini.calls();
    assert_eq!(calls.len(), 2);
    assert!(calls[0].question().contains("cannot see: paid media"));
    assert!(calls[1].question().contains("cannot see: paid media"));
    assert!(calls[1].question().contains("> my cat"));
    wait_until_idle(&mut world);
    world.stop();
}

#[test]
fn an_album_is_one_question_with_words_or_without() {
    let mut world = World::new().open().start();
    let person = world.telegram.person(7);
    person.sends_an_album(&["", "which is best?", ""]);
    person.hears_about("which is best?");
    person.sends_an_album(&[""; 10]);
    person.hears_about("This message carries");
    person.is_answered("a fence");
    wait_until_idle(&mut world);
    assert_eq!(person.shows().len(), 3);
    assert_eq!(world.gemini.calls().len(), 3);
    world.stop();
}

#[test]
fn what_nobody_sees_brings_a_sentence_in_private_and_news_of_the_chat_none() {
    let mut world = World::new().open().start();
    let person = world.telegram.person(7);
    for content in [
        json!({"giveaway": {"winner_count": 1}}),
        json!({"giveaway_winners": {"winner_count": 1}}),
        paid(""),
        json!({"story": {"id": 1}}),
        json!({"hologram_of_tomorrow": {"depth": 3}}),
    ] {
        person.sends(content.clone());
        let told = person.hears().text;
        assert!(told.contains(UNSEEN), "{content}: {told}");
    }
    let sentences = person.shows().len();
    for news in [
        json!({"pinned_message": {"message_id": 1}}),
        json!({"message_auto_delete_timer_changed": {"message_auto_delete_time": 60}}),
        json!({"giveaway_created": {}}),
        json!({"forum_topic_edited": {"name": "x"}}),
    ] {
        person.sends(news);
    }
    person.is_answered("a fence");
    wait_until_idle(&mut world);
    assert_eq!(person.shows().len(), sentences + 1);
    world.stop();
}

#[test]
fn in_a_group_what_cannot_be_read_is_said_once_an_hour_and_only_in_reply() {
    let mut world = World::new().open().env("GROUPS", "open").start();
    let group = world.telegram.group(-123);
    let (ann, bob) = (group.member(7), group.member(8));
    ann.says("@testbot hello");
    let answer = group.hears();
    let story = || json!({"story": {"id": 1}});
    ann.sends(story());
    ann.sends_an_album(&["", ""]);
    ann.replies_with(answer.id, story());
    assert!(group.hears().text.contains("stories"));
    wait_until_idle(&mut world);
    world.terminate();
    world.restart();
    ann.replies_with(answer.id, story());
    bob.replies_with(answer.id, paid(""));
    bob.says("@testbot a fence");
    assert!(group.hears().text.contains("a fence"));
    // Whoever calls the bot by name is told each time.
    for _ in 0..2 {
        ann.sends(paid("@testbot"));
        assert!(group.hears().text.contains("paid media"));
    }
    wait_until_idle(&mut world);
    assert_eq!(group.shows().len(), 5);
    world.stop();
}

#[test]
fn an_old_album_brings_one_word() {
    let mut world = World::new().open().prepare();
    let person = world.telegram.person(7);
    let old = person.clone().some_time_ago(Duration::from_mins(31));
    old.sends_an_album(&[""; 5]);
    old.sends(json!({"sticker": {"file_id": "s"}}));
    world.restart();
    person.hears();
    person.is_answered("a fence");
    wait_until_idle(&mut world);
    assert_eq!(person.shows().len(), 2);
    world.stop();
}

#[test]
fn a_message_that_comes_under_two_update_ids_is_answered_and_charged_once() {
    for id in [1, 7] {
        let mut world = World::new().open().start();
        let person = world.telegram.person(id);
        world.gemini.everyone().answers(Fault::Line(Trouble::Hang));
        let question = person.says("hello");
        world.gemini.awaits_calls(1);
        world.telegram.repeats(id, question);
        eventually(PATIENCE, "it is confirmed", || world.telegram.is_drained());
        world.kill();
        world.telegram.repeats(id, question);
        world.gemini.everyone().recovers();
        world.restart();
        person.hears_about("hello");
        let help = person.says("/help");
        person.hears();
        wait_until_idle(&mut world);
        world.terminate();
        world.telegram.repeats(id, question);
        world.telegram.repeats(id, help);
        world.restart();
        person.is_answered("a fence");
        wait_until_idle(&mut world);
        let shown = world.telegram.shows(id);
        assert_eq!(shown.len(), 3, "{shown:?}");
        assert_eq!(world.gemini.calls_about("hello").len(), 2, "the kill's own");
        world.stop();
    }
}

#[test]
fn a_change_that_adds_the_forgotten_mention_is_a_question() {
    let mut world = World::new().open().env("GROUPS", "open").start();
    let group = world.telegram.group(-123);
    let ann = group.member(7);
    let question = ann.says("how are you?");
    let late = ann
        .clone()
        .some_time_ago(Duration::from_mins(6))
        .says("too late");
    eventually(PATIENCE, "all is confirmed", || world.telegram.is_drained());
    world.kill();
    ann.edits(late, "@testbot too late");
    ann.edits(question, "@testbot how are you?");
    world.restart();
    let answer = group.hears();
    assert!(answer.text.contains("how are you?"), "{answer:?}");
    assert_eq!(answer.reply_to, Some(question));
    // A guest's round is not kept; the same message asks once all the same.
    wait_until_idle(&mut world);
    ann.edits(question, "@testbot how are you now?");
    ann.says("@testbot a fence");
    assert!(group.hears().text.contains("a fence"));
    wait_until_idle(&mut world);
    assert_eq!(world.gemini.calls().len(), 2);
    world.stop();
}

#[test]
fn a_caption_that_is_added_is_a_question() {
    let mut world = World::new().open().start();
    let person = world.telegram.person(7);
    let shot = person.sends(paid(""));
    assert!(person.hears().text.contains(UNSEEN));
    person.edits(shot, "what is this?");
    let answer = person.hears().text;
    assert!(answer.contains("what is this?") && answer.contains(UNSEEN));
    wait_until_idle(&mut world);
    world.stop();
}

#[test]
fn a_reply_to_the_bot_that_names_another_bot_is_not_for_it() {
    let mut world = World::new().open().env("GROUPS", "open").start();
    let group = world.telegram.group(-123);
    let ann = group.member(7);
    ann.says("@testbot hello");
    let answer = group.hears();
    ann.replies(answer.id, "@OtherBot what do you say to that?");
    ann.replies(answer.id, "well, /ask@otherbot then");
    ann.replies(answer.id, "@bob look");
    assert!(group.hears().text.contains("@bob look"));
    ann.replies(answer.id, "@otherbot and @testbot too?");
    assert!(group.hears().text.contains("@otherbot and"));
    wait_until_idle(&mut world);
    assert_eq!(world.gemini.calls().len(), 3);
    world.stop();
}

#[test]
fn a_bare_mention_in_reply_to_an_answer_asks_about_it() {
    for role in ["guest", "normal"] {
        let mut world = World::new().start();
        let grant = format!("/grant -123 {role}");
        world.telegram.person(1).asks(&grant);
        let group = world.telegram.group(-123);
        let ann = group.member(7);
        ann.says("@testbot hello");
        let answer = group.hears();
        wait_until_idle(&mut world);
        ann.replies(answer.id, "@testbot");
        group.hears();
        let asked = world.gemini.calls()[1].question();
        assert!(asked.contains("> echo["), "{role}: {asked}");
        wait_until_idle(&mut world);
        world.stop();
    }
}

#[test]
fn the_buttons_of_what_a_chat_asked_may_be_pressed_by_whoever_is_let_in() {
    for speaker in [-123, -1_001_234_567_890] {
        let mut world = World::new().start();
        world.telegram.person(1).asks("/grant -123 normal");
        let group = world.telegram.group(-123);
        let admin = group.member(7).speaking_as(speaker);
        admin.says("@testbot hello");
        let answer = group.sees("its button", |shown| {
            shown
                .last()
                .is_some_and(|last| last.button("Retry").is_some())
        });
        wait_until_idle(&mut world);
        let pressed = group.member(8).presses_on(answer[0].id, "Retry");
        assert_eq!(group.member(8).is_told(&pressed), "");
        world.gemini.awaits_calls(2);
        wait_until_idle(&mut world);
        world.stop();
    }
}

#[test]
fn every_press_is_answered() {
    let mut world = World::new().env("ACCESS", "closed").start();
    let owner = world.telegram.person(1);
    owner.says("hello");
    let answer = owner.hears();
    let held = json!({"message_id": answer.id, "date": 5, "chat": {"id": 1, "type": "private"}});
    let post = json!({"message_id": 3, "date": 5, "chat": {"id": -1005, "type": "channel"}});
    let gone = json!({"message_id": 3, "date": 0, "chat": {"id": 1, "type": "private"}});
    for (fields, told) in [
        (json!({"data": "retry"}), ""),
        (json!({"inline_message_id": "x", "data": "retry"}), ""),
        (json!({"message": held}), ""),
        (json!({"message": held, "game_short_name": "chess"}), ""),
        (json!({"message": held, "data": {"of": "tomorrow"}}), ""),
        (json!({"message": held, "data": "of another version"}), ""),
        (json!({"message": {"of": "tomorrow"}, "data": "retry"}), ""),
        (json!({"message": post, "data": "retry"}), ""),
        (
            json!({"message": gone, "data": "retry"}),
            "no longer remember",
        ),
    ] {
        for person in [&owner, &world.telegram.person(66)] {
            let press = person.presses_with(fields.clone());
            let heard = person.is_told(&press);
            assert!(
                heard.contains(told) && heard.is_empty() == told.is_empty(),
                "{fields}"
            );
        }
    }
    // A stranger to whom the bot is closed.
    let press = world
        .telegram
        .person(66)
        .presses_with(json!({"message": held, "data": "retry"}));
    assert_eq!(world.telegram.person(66).is_told(&press), "");
    assert_eq!(world.telegram.unanswered_presses(), 0);
    wait_until_idle(&mut world);
    assert_eq!(world.gemini.calls().len(), 1);
    world.stop();
}

#[test]
fn a_command_that_nobody_typed_gives_no_role() {
    let mut world = World::new()
        .open()
        .without("USER_LIMITS")
        .without("KEY_RPM")
        .without("KEY_DAILY_PERCENT")
        .start();
    let owner = world.telegram.person(1);
    let forms = [
        (
            "via_bot",
            json!({"id": 50, "is_bot": true, "first_name": "B", "username": "abot"}),
        ),
        (
            "forward_origin",
            forward("Mallory", "")["forward_origin"].clone(),
        ),
        ("forward_origin", json!({"type": "of tomorrow"})),
        (
            "forward_from",
            json!({"id": 9, "is_bot": false, "first_name": "Mallory"}),
        ),
        (
            "forward_from_chat",
            json!({"id": -1009, "type": "channel", "title": "M"}),
        ),
        ("forward_sender_name", json!("Mallory")),
        ("forward_date", json!(1_700_000_000)),
    ];
    // Minutes lie between them, so that each is a question of its own.
    let minutes = (1..).map(|number| this_second() - 60 * number);
    for ((name, how), second) in forms.into_iter().zip(minutes) {
        let mut message = at(second, typed("/grant 7 vip"));
        message[name] = how;
        owner.sends(message);
        owner.hears();
        wait_until_idle(&mut world);
        let told = world.telegram.person(7).asks("/status");
        assert!(told.contains("Your role: Guest"), "{name}: {told}");
    }
    owner.asks("/grant 7 vip");
    let ann = world.telegram.person(7);
    ann.hears_about("made you VIP");
    let told = ann.asks("/status");
    assert!(told.contains("Your role: VIP"), "{told}");
    world.stop();
}

#[test]
fn after_a_group_became_a_supergroup_an_old_number_means_nothing() {
    let mut world = World::new().start();
    world.telegram.person(1).asks("/grant -123 normal");
    let group = world.telegram.group(-123);
    group.member(8).says("not for the bot");
    group.member(7).says("@testbot about cats");
    let old = group.hears().id;
    wait_until_idle(&mut world);
    let moved = group.tells_its_move_to(-1_001_234_567_890);
    // Not a part of any round, so that nothing but its number could tie it to one.
    moved.member(8).says("/help@testbot");
    let help = moved.hears();
    assert_eq!(help.id, old, "the numbers begin anew");
    wait_until_idle(&mut world);
    moved.member(7).replies(help.id, "@testbot and why?");
    moved.hears();
    let asked = world.gemini.calls_about("and why?")[0].question();
    assert!(
        asked.contains("> /new"),
        "what it replies to is quoted: {asked}"
    );
    // What the group said before is still known, but no button of it.
    let told = said(&world.gemini.calls_about("and why?")[0]);
    assert!(
        told.iter().any(|text| text.contains("about cats")),
        "{told:?}"
    );
    wait_until_idle(&mut world);
    world.stop();
}
