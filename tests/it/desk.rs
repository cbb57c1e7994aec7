//! The Owner's desk: who is meant, the card and its buttons, the list, bans, the audit; and that nobody
//! else gets anything of it.

use std::time::Duration;

use serde_json::json;

use crate::world::telegram::{Message, Person, contact, forward, forward_of};
use crate::world::{PATIENCE, World, eventually};

/// The commands of the desk as somebody gives them about person 7.
const COMMANDS: [&str; 8] = [
    "/grant 7 vip",
    "/revoke 7",
    "/ban 7",
    "/unban 7",
    "/users",
    "/users 7",
    "/audit",
    "/grant 7",
];

/// What whoever presses the button of somebody else is told.
const NOT_YOURS: &str = "These buttons belong to whoever asked.";

/// What the desk says and nobody else does.
const OF_THE_DESK: [&str; 7] = [
    "Id: 7",
    "is now",
    "no longer",
    "is banned",
    "here, newest",
    "ago: ",
    "Last here",
];

/// Presses a button and waits until its message has other words.
#[track_caller]
fn presses(person: &Person, message: &Message, label: &str) -> Message {
    person.presses_on(message.id, label);
    turns(person, message)
}

/// Waits until a message has other words or buttons.
#[track_caller]
fn turns(person: &Person, message: &Message) -> Message {
    let is_it = |shown: &&Message| {
        let labels = |message: &Message| {
            let labels = message.buttons.iter();
            labels
                .map(|button| button.label.clone())
                .collect::<Vec<_>>()
        };
        shown.id == message.id && (shown.text != message.text || labels(shown) != labels(message))
    };
    let shown = person.sees("what was pressed for", |shown| {
        shown.iter().any(|one| is_it(&one))
    });
    shown.iter().find(is_it).expect("just seen").clone()
}

/// Says it, and hears the reply with its buttons.
#[track_caller]
fn gets(person: &Person, text: &str) -> Message {
    person.says(text);
    person.hears()
}

/// All that is under way has ended: what comes after was asked after.
#[track_caller]
fn is_still(world: &World) {
    eventually(PATIENCE, "all is confirmed", || world.telegram.is_drained());
    world.notes_all();
}

/// What somebody is to the bot.
#[track_caller]
fn role_of(person: &Person) -> String {
    let told = person.asks("/status");
    let line = told
        .lines()
        .find_map(|line| line.strip_prefix("Your role: "));
    line.unwrap_or_else(|| panic!("no role in: {told}"))
        .to_owned()
}

#[test]
fn a_card_changes_everything_by_tapping_and_the_person_hears_of_it() {
    let world = World::new().open().start();
    let (owner, ann) = (
        world.telegram.person(1),
        world.telegram.person(7).called("Ann @ann_k"),
    );
    ann.is_answered("hello");
    let card = gets(&owner, "/users 7");
    assert!(
        card.text
            .starts_with("Ann @ann_k\nId: 7\nNo role\nLast here "),
        "{}",
        card.text
    );
    let card = presses(&owner, &card, "VIP");
    assert!(
        card.text
            .starts_with("Ann (7) is now VIP, with no end.\n\n"),
        "{}",
        card.text
    );
    assert!(card.button("✓ VIP").is_some());
    assert_eq!(ann.hears().text, "The owner has made you VIP.");
    assert_eq!(role_of(&ann), "VIP");
    let card = presses(&owner, &card, "30 days");
    assert!(
        card.text.contains("\nRole: VIP, 30 d left\n"),
        "{}",
        card.text
    );
    assert_eq!(ann.hears().text, "The owner has made you VIP for 30 d.");
    let card = presses(&owner, &card, "Normal");
    assert_eq!(ann.hears().text, "The owner has made you Normal.");
    let card = presses(&owner, &card, "Take the role back");
    assert!(card.text.contains("\nNo role\n"), "{}", card.text);
    let told = ann.hears().text;
    assert_eq!(
        told,
        "Your time as Normal is over: the owner has taken the role back. If you write to me again, I'll go by what holds for everybody."
    );
    let card = presses(&owner, &card, "Ban");
    assert!(card.text.contains("\nBanned "), "{}", card.text);
    assert!(ann.hears().text.contains("not to answer you any more"));
    let card = presses(&owner, &card, "Lift the ban");
    assert!(ann.hears().text.contains("you can write to me again"));
    assert!(ann.is_answered("thank you").contains("echo["));
    let list = presses(&owner, &card, "Everybody");
    assert!(
        list.text.contains(". Ann @ann_k – no role, "),
        "{}",
        list.text
    );
    assert_eq!(owner.shows().len(), 1, "one message, edited in place");
    world.stop();
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
fn somebody_is_meant_by_id_name_reply_forward_and_contact() {
    let world = World::new().open().start();
    let owner = world.telegram.person(1);
    let ann = world.telegram.person(7).called("Ann @ann_k");
    let eve = world.telegram.person(8).called("Eve");
    for person in [&ann, &eve] {
        person.is_answered("hello");
    }
    let is_about = |reply: &str, id: i64| {
        assert!(reply.contains(&format!("\nId: {id}\n")), "{id}: {reply}");
    };
    for text in [
        "/grant 7 vip",
        "/grant @ANN_k 贵宾 7d",
        "/grant ann premium 2099-01-01",
    ] {
        let reply = owner.asks(text);
        if text.contains("2099") {
            assert!(reply.contains("“2099-01-01” is no time"), "{reply}");
        } else {
            is_about(&reply, 7);
        }
    }
    // Somebody whom the bot has never met.
    is_about(&owner.asks("/grant 9000000001 normal"), 9_000_000_001);
    // By a reply to what was forwarded before, which is about somebody by itself.
    let message = owner.sends(forward_of(&eve, "let me in"));
    is_about(&owner.hears().text, 8);
    let reply = {
        owner.replies(message, "/grant premium 30");
        owner.hears().text
    };
    assert!(
        reply.starts_with("Eve (8) is now Premium for 30 d."),
        "{reply}"
    );
    // By the contact alone, of somebody new too.
    owner.sends(contact("Zoe", Some(9)));
    let card = owner.hears().text;
    assert!(
        card.starts_with("Zoe\nId: 9\nNo role\nHas never written to me"),
        "{card}"
    );
    // Whose account it is may be hidden.
    owner.sends(contact("Zoe", None));
    assert!(
        owner
            .hears()
            .text
            .contains("Telegram doesn't tell me whose account")
    );
    let message = owner.sends(forward("Zoe", "hello"));
    assert!(
        owner
            .hears()
            .text
            .contains("Telegram doesn't tell me whose account")
    );
    owner.replies(message, "/ban");
    assert!(
        owner
            .hears()
            .text
            .contains("Telegram doesn't tell me whose account")
    );
    // Nobody, Telegram itself, and too many.
    assert!(
        owner
            .asks("/ban @nobody_here")
            .contains("I know nobody by “@nobody_here”")
    );
    assert!(
        owner
            .asks("/grant 777000 vip")
            .contains("belongs to Telegram")
    );
    world.telegram.person(10).called("Ann").is_answered("hello");
    let several = gets(&owner, "/grant Ann guest");
    assert!(
        several.text.contains("Several people go by “Ann”"),
        "{}",
        several.text
    );
    let card = presses(&owner, &several, "Ann (10)");
    assert!(
        card.text.starts_with("Ann (10) is now Guest"),
        "{}",
        card.text
    );
    world.stop();
}

#[test]
fn a_forward_with_a_comment_is_a_question_and_so_are_two_forwards() {
    let world = World::new().open().start();
    let owner = world.telegram.person(1);
    let ann = world.telegram.person(7);
    owner.sends_together(vec![
        json!({"text": "what does she mean?"}),
        forward_of(&ann, "the rain in Spain"),
    ]);
    owner.hears_about("what does she mean?");
    let asked = world.gemini.calls_about("the rain in Spain");
    assert!(!asked.is_empty(), "the forward belongs to the question");
    is_still(&world);
    owner.sends_together(vec![
        forward_of(&ann, "one fish"),
        forward_of(&ann, "two fish"),
    ]);
    eventually(PATIENCE, "both are asked about", || {
        !world.gemini.calls_about("two fish").is_empty()
    });
    world.stop();
}

#[test]
fn people_are_listed_searched_and_leafed_through() {
    let world = World::new().open().start();
    let owner = world.telegram.person(1);
    for id in 101..=112 {
        world.telegram.person(id).asks("/help");
    }
    owner.asks("/ban 101");
    owner.asks("/grant -500 normal");
    let list = gets(&owner, "/users");
    assert!(
        list.text
            .starts_with("13 here, newest first (page 1 of 2):\n1. "),
        "{}",
        list.text
    );
    assert!(list.button("Banned (1)").is_some() && list.button("Groups (1)").is_some());
    let list = presses(&owner, &list, "Older");
    assert!(list.text.contains("(page 2 of 2)"), "{}", list.text);
    assert_eq!(list.text.lines().count(), 4, "{}", list.text);
    let list = presses(&owner, &list, "Banned");
    assert!(list.text.contains("1. P101 – banned, "), "{}", list.text);
    let list = presses(&owner, &list, "Groups");
    assert!(list.text.contains("-500"), "{}", list.text);
    let found = gets(&owner, "/users P11");
    assert!(
        found.text.starts_with("3 found for “P11”"),
        "{}",
        found.text
    );
    let card = presses(&owner, &found, "P112");
    assert!(card.text.starts_with("P112\nId: 112\n"), "{}", card.text);
    assert!(owner.asks("/users p112").starts_with("P112\nId: 112\n"));
    assert!(owner.asks("/users xyzzy").contains("Nobody."));
    world.stop();
}

#[test]
fn whoever_is_banned_is_not_heard_in_any_way_over_a_restart_too() {
    let mut world = World::new().open().env("STREAM", "off").start();
    let (owner, ann) = (world.telegram.person(1), world.telegram.person(7));
    owner.asks("/grant -123 normal");
    let group = world.telegram.group(-123);
    let in_group = group.member(7);
    let first = ann.is_answered("apple");
    assert!(first.contains("echo["));
    let message = ann.says("pear");
    ann.hears_about("pear");
    let answer = ann.shows().last().expect("an answer").id;
    // One runs and the others wait.
    world.gemini.holds("plum");
    ann.says("plum");
    world.gemini.awaits_calls(3);
    in_group.says("@testbot cherry plum");
    owner.asks("/ban 7");
    assert!(ann.hears().text.contains("not to answer you any more"));
    eventually(PATIENCE, "nothing waits or runs", || {
        world.questions() == (0, 0)
    });
    world.gemini.lets_go("plum");
    let said = ann.shows().len();
    let calls = world.gemini.calls().len();
    for life in 0..2 {
        ann.says("are you there?");
        ann.says("/help");
        ann.edits(message, "quince");
        in_group.says("@testbot are you here?");
        in_group.says("/help@testbot");
        let press = ann.presses_data(answer, "retry");
        assert_eq!(ann.is_told(&press), "");
        let press = ann.presses_with(json!({"data": "retry"}));
        assert_eq!(ann.is_told(&press), "");
        is_still(&world);
        assert_eq!(ann.shows().len(), said, "life {life}");
        assert!(group.shows().is_empty());
        assert_eq!(world.gemini.calls().len(), calls);
        world.kill();
        world.restart();
    }
    // Others there are heard, and an Owner cannot be banned.
    group.member(8).says("@testbot melon");
    assert!(group.hears().text.contains("melon"));
    owner.says("/ban 1");
    owner.hears_about("an owner can't be banned");
    assert!(owner.is_answered("still here").contains("echo["));
    owner.asks("/unban 7");
    assert!(ann.hears_about("write to me again").text.contains("lifted"));
    assert!(ann.is_answered("thank you").contains("echo["));
    world.stop();
}

#[test]
fn a_banned_group_is_not_heard() {
    let world = World::new().open().start();
    let owner = world.telegram.person(1);
    let group = world.telegram.group(-123);
    owner.asks("/grant -123 premium");
    group.member(7).says("@testbot apple");
    assert!(group.hears().text.contains("apple"));
    assert!(owner.asks("/ban -123").contains("G-123 (-123) is banned"));
    group.member(7).says("@testbot pear");
    group.member(1).says("@testbot plum");
    is_still(&world);
    assert_eq!(group.shows().len(), 1);
    owner.asks("/unban -123");
    group.member(7).says("@testbot quince");
    assert!(group.hears().text.contains("quince"));
    world.stop();
}

#[test]
fn a_banned_group_that_becomes_a_supergroup_is_not_heard_either() {
    let world = World::new().open().env("GROUPS", "approve").start();
    let owner = world.telegram.person(1);
    let group = world.telegram.group(-123);
    owner.asks("/grant -123 normal");
    group.member(7).says("@testbot apple");
    assert!(group.hears().text.contains("apple"));
    owner.asks("/ban -123");
    // Something is heard of the new chat before the news of the move.
    let moved = world.telegram.group(-1_000_000_000_123);
    moved.member(7).says("@testbot pear");
    assert!(!moved.hears().text.contains("pear"));
    group.tells_its_move_to(-1_000_000_000_123);
    moved.member(7).says("@testbot plum");
    moved.member(1).says("@testbot quince");
    is_still(&world);
    assert_eq!(moved.shows().len(), 1);
    owner.says("/unban -1000000000123");
    owner.hears_about("no longer banned");
    moved.member(7).says("@testbot melon");
    assert!(moved.hears().text.contains("melon"));
    world.stop();
}

#[test]
fn a_group_is_shown_by_its_name_and_by_when_it_was_here_last() {
    let mut world = World::new().open().start();
    let owner = world.telegram.person(1);
    let group = world.telegram.group(-123);
    group.member(7).says("@testbot apple");
    assert!(group.hears().text.contains("apple"));
    let list = owner.asks("/users groups");
    assert!(list.contains("G-123"), "{list}");
    world.terminate();
    world.moves_on(Duration::from_hours(72));
    world.restart();
    let card = owner.asks("/users -123");
    assert!(card.contains("3 d"), "{card}");
    group.member(7).says("@testbot pear");
    assert!(group.hears().text.contains("pear"));
    let card = owner.asks("/users -123");
    assert!(card.contains("G-123") && !card.contains("3 d"), "{card}");
    world.stop();
}

#[test]
fn a_channel_is_listed_among_people_and_cannot_be_left() {
    const NEWS: i64 = -1_000_000_000_777;
    let world = World::new().open().start();
    let owner = world.telegram.person(1);
    let group = world.telegram.group(-123);
    group.member(7).speaking_as(NEWS).says("@testbot apple");
    assert!(group.hears().text.contains("apple"));
    let groups = owner.asks("/users groups");
    assert!(
        groups.contains("-123") && !groups.contains("777"),
        "{groups}"
    );
    let people = owner.asks("/users");
    assert!(people.contains("777"), "{people}");
    let card = gets(&owner, "/users -1000000000777");
    assert!(card.button("Leave").is_none() && card.button("Premium").is_some());
    owner.asks("/grant -1000000000777 normal");
    let told = owner.asks("/leave -1000000000777");
    assert!(told.contains("don't know a group"), "{told}");
    let card = owner.asks("/users -1000000000777");
    assert!(card.contains("Role: Normal"), "{card}");
    world.stop();
}

#[test]
fn whose_role_is_taken_back_while_questions_wait_hears_that_and_nothing_else() {
    let mut world = World::new()
        .env("ACCESS", "approve")
        .env("STREAM", "off")
        .start();
    let owner = world.telegram.person(1);
    owner.asks("/grant 7 vip");
    owner.asks("/grant -123 normal");
    let (ann, group) = (world.telegram.person(7), world.telegram.group(-123));
    ann.is_answered("apple");
    world.gemini.holds("plum");
    ann.says("a plum");
    group.member(8).says("@testbot cherry plum");
    world.gemini.awaits_calls(3);
    ann.says("another plum");
    group.member(8).says("@testbot blue plum");
    eventually(PATIENCE, "all is fetched", || world.telegram.is_drained());
    owner.asks("/revoke 7");
    owner.asks("/revoke -123");
    world.gemini.lets_go("plum");
    eventually(PATIENCE, "nothing waits or runs", || {
        world.questions() == (0, 0)
    });
    is_still(&world);
    let said = |shown: Vec<Message>| shown.into_iter().map(|it| it.text).collect::<Vec<_>>();
    let (to_ann, to_group) = (said(ann.shows()), said(group.shows()));
    let told = |words| to_ann.iter().filter(|text| text.contains(words)).count();
    assert_eq!(told("Your time as VIP is over"), 1, "{to_ann:?}");
    assert_eq!(told("asked the owner"), 0, "{to_ann:?}");
    assert!(
        to_group.iter().all(|text| text.contains("plum")),
        "{to_group:?}"
    );
    assert!(!to_group.concat().contains("blue"), "{to_group:?}");
    // The next message is one of a stranger.
    ann.says("and now?");
    ann.hears_about("asked the owner");
    world.stop();
}

#[test]
fn in_a_group_a_reply_leads_to_the_card_in_private() {
    let world = World::new().open().start();
    let owner = world.telegram.person(1);
    owner.asks("/grant -123 normal");
    let group = world.telegram.group(-123);
    let message = group.member(7).called("Ann").says("good morning");
    group.member(1).replies(message, "/grant@testbot vip");
    let told = group.hears();
    let button = told.buttons.first().expect("a button");
    assert_eq!(button.url, "https://t.me/testbot?start=users_7");
    let said = format!("{} {}", told.text, button.label);
    assert!(!said.contains("Ann") && !said.contains('7'), "{said}");
    let card = owner.asks("/start users_7");
    assert!(card.contains("Id: 7\nNo role"), "{card}");
    // Nobody else is shown it.
    let bob = world.telegram.person(8);
    assert!(!bob.asks("/start users_7").contains("Id: 7"));
    world.stop();
}

#[test]
fn what_an_owner_did_is_written_down_and_stays() {
    let mut world = World::new().open().start();
    let owner = world.telegram.person(1).called("Olga");
    world.telegram.person(7).called("Ann").asks("/help");
    assert!(owner.asks("/audit").contains("Nothing was done"));
    owner.asks("/grant 7 vip 30");
    owner.asks("/ban 7");
    owner.asks("/ban 7");
    owner.asks("/unban 7");
    owner.asks("/revoke 7");
    owner.asks("/grant 7 nonsense");
    world.kill();
    world.restart();
    owner.says("/audit");
    let told = owner.hears_about("What was done").text;
    let deeds: Vec<&str> = told
        .lines()
        .filter_map(|line| line.split_once(" ago: ").map(|(_, deed)| deed))
        .collect();
    assert_eq!(
        deeds,
        [
            "Olga (1) took back the role of Ann (7)",
            "Olga (1) lifted the ban of Ann (7)",
            "Olga (1) banned Ann (7)",
            "Olga (1) made Ann (7) VIP for 30 d",
        ]
    );
    for _ in 0..4 {
        owner.asks("/grant 7 vip");
        owner.asks("/revoke 7");
    }
    owner.says("/audit");
    let page = owner.hears_about("(page 1 of 2)");
    let page = presses(&owner, &page, "Older");
    assert!(page.text.contains("(page 2 of 2)"), "{}", page.text);
    let page = presses(&owner, &page, "Newer");
    assert!(page.text.contains("(page 1 of 2)"), "{}", page.text);
    world.stop();
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
fn nobody_but_the_owner_gets_anything_of_it() {
    let mut world = World::new().env("ACCESS", "approve").start();
    let owner = world.telegram.person(1);
    for (id, role) in [(2, "vip"), (3, "premium"), (4, "normal"), (5, "guest")] {
        owner.asks(&format!("/grant {id} {role}"));
    }
    owner.asks("/grant -123 premium");
    owner.asks("/ban 6");
    let card = gets(&owner, "/users 7");
    let group = world.telegram.group(-123);
    let askers: Vec<Person> = (2..=6)
        .chain([9])
        .flat_map(|id| [world.telegram.person(id), group.member(id)])
        .chain([group.member(1)])
        .collect();
    for asker in &askers {
        for command in COMMANDS {
            asker.says(command);
        }
        is_still(&world);
    }
    let said = |chat| {
        let said = world.telegram.said_to(chat);
        said.into_iter()
            .map(|message| message.text)
            .collect::<Vec<_>>()
    };
    for chat in (2..=6).chain([9, -123]) {
        for text in said(chat) {
            let leak = OF_THE_DESK.iter().find(|word| text.contains(**word));
            assert_eq!(leak, None, "{chat} heard: {text}");
        }
    }
    assert!(said(6).is_empty(), "whoever is banned hears nothing");
    // Nor by the buttons of the Owner, made up or handed on, nor once the role is lost.
    let data: Vec<String> = card
        .buttons
        .iter()
        .map(|button| button.data.clone())
        .collect();
    let stranger = world.telegram.person(4);
    let shown = stranger.shows().last().expect("a message").id;
    for data in &data {
        let press = stranger.presses_data(shown, data);
        assert!(stranger.is_told(&press).starts_with(NOT_YOURS));
        let forged = format!("00000000{}", &data[8..]);
        let press = owner.presses_data(card.id, &forged);
        assert!(owner.is_told(&press).starts_with(NOT_YOURS));
    }
    world.terminate();
    world.sets("OWNER_IDS", "99");
    world.restart();
    let before = owner.shows();
    for data in &data {
        let press = owner.presses_data(card.id, data);
        assert_eq!(owner.is_told(&press), "");
    }
    is_still(&world);
    assert_eq!(owner.shows(), before);
    let now_owner = world.telegram.person(99);
    let audit = now_owner.asks("/audit");
    let deeds = audit.lines().filter_map(|line| line.split_once(" ago: "));
    for (_, deed) in deeds {
        let is_about_seven = deed.split_whitespace().any(|word| word == "7");
        assert!(!is_about_seven, "it was done all the same: {deed}");
    }
    world.stop();
}

#[test]
fn a_button_pressed_twice_does_the_same_once() {
    let world = World::new().open().start();
    let (owner, ann) = (world.telegram.person(1), world.telegram.person(7));
    ann.is_answered("hello");
    let card = gets(&owner, "/users 7");
    let ban = card.button("Ban").expect("a button").data.clone();
    presses(&owner, &card, "Ban");
    assert!(ann.hears().text.contains("not to answer you any more"));
    // The second press was made before the card had changed.
    let keyboard = json!({"inline_keyboard": [[{"text": "Ban", "callback_data": ban}]]});
    let held = json!({"message_id": card.id, "date": 5, "chat": {"id": 1, "type": "private"},
        "reply_markup": keyboard});
    let press = owner.presses_with(json!({"message": held, "data": ban}));
    assert_eq!(owner.is_told(&press), "");
    owner.sees("that it was done before", |shown| {
        shown
            .iter()
            .any(|message| message.text.contains("was banned already"))
    });
    is_still(&world);
    assert_eq!(ann.shows().len(), 2, "they are told once");
    let deeds = owner.asks("/audit");
    assert_eq!(deeds.matches("banned P7").count(), 1, "{deeds}");
    world.stop();
}
