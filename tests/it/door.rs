//! Those who ask to be let in: what they hear, the cards that the Owner gets of them and what each button
//! does; and the groups that the bot is put into.

use std::time::Duration;

use serde_json::json;

use crate::world::telegram::{Message, Person};
use crate::world::{PATIENCE, World, eventually};

const ASKED: &str = "I've asked the owner";
const WAITS: &str = "hasn't decided yet";
const DENIED: &str = "has not let you in";
const LET_IN: &str = "The owner has let you in";
const INTRODUCTION: &str = "I answer here when you mention me";
const GROUP: i64 = -1_000_000_000_777;

/// Strangers and groups ask the Owner, who has written to the bot before.
fn approving() -> World {
    let world = World::new().env("ACCESS", "approve").start();
    world.telegram.person(1).asks("/status");
    world
}

/// What the Owner was sent beside that.
fn sent(owner: &Person) -> usize {
    owner.shows().len() - 1
}

/// The card that the Owner gets of somebody, by their name.
fn card(owner: &Person, name: &str) -> Message {
    owner.hears_about(&format!("{name} asks to be let in"))
}

fn labels(card: &Message) -> Vec<&str> {
    card.buttons
        .iter()
        .map(|button| button.label.as_str())
        .collect()
}

/// Waits until the message with the card is another text, which it is then.
fn decided(owner: &Person, card: &Message) -> String {
    let shown = owner.sees("a decided card", |shown| {
        let same = shown.iter().find(|message| message.id == card.id);
        same.is_some_and(|message| message.text != card.text)
    });
    let same = shown.into_iter().find(|message| message.id == card.id);
    same.unwrap().text
}

#[test]
fn a_stranger_waits_and_hears_it_and_the_owner_gets_one_card() {
    let mut world = approving();
    let owner = world.telegram.person(1);
    let anna = world.telegram.person(5);
    let first = anna.asks("hello, I'm @Anna from t.me/garden");
    assert!(
        first.contains(ASKED) && first.contains("Your id is 5"),
        "{first}"
    );
    let card = card(&owner, "P5");
    assert!(card.text.contains("\nid 5\n"), "{}", card.text);
    // Her words are hers: nothing in them is a mention or a link.
    assert!(
        card.text
            .contains("“hello, I'm @\u{2060}Anna from t.\u{2060}me/\u{2060}garden”")
    );
    assert_eq!(labels(&card), ["Normal", "Premium", "VIP", "Deny", "Ban"]);
    assert!(anna.asks("anybody there?").contains(WAITS));
    // Not a third time within the hour, also in the next life of the bot.
    anna.says("hello?");
    world.notes_all();
    world.kill();
    world.restart();
    anna.says("hello??");
    let bob = world.telegram.person(6);
    assert!(bob.asks("/start").contains(ASKED));
    assert_eq!(anna.shows().len(), 2, "{:?}", anna.shows());
    // Everybody begins with `/start`, which is no word of theirs.
    let of_bob = self::card(&owner, "P6");
    assert!(!of_bob.text.contains("start"), "{}", of_bob.text);
    // What he says then stands on the card that there is, over a restart too.
    world.notes_all();
    world.kill();
    world.restart();
    bob.says("it's me, Bob from the choir");
    owner.sees("his words on the card", |shown| {
        let card = shown.iter().find(|one| one.id == of_bob.id);
        card.is_some_and(|card| card.text.contains("Bob from the choir"))
    });
    assert_eq!(sent(&owner), 2, "one card each");
    assert!(world.gemini.calls().is_empty());
    world.stop();
}

#[test]
fn each_button_of_a_card_does_what_it_says_and_the_person_hears_of_it() {
    let world = approving();
    let owner = world.telegram.person(1);
    for (id, label, role) in [
        (5, "Normal", "Normal"),
        (6, "Premium", "Premium"),
        (7, "VIP", "VIP"),
    ] {
        let person = world.telegram.person(id);
        person.asks("please");
        let card = card(&owner, &format!("P{id}"));
        owner.presses_on(card.id, label);
        let said = decided(&owner, &card);
        assert!(said.contains(role), "{said}");
        person.hears_about(LET_IN);
        person.is_answered(&format!("question of {id}"));
    }
    let denied = world.telegram.person(8);
    denied.asks("please");
    let card = card(&owner, "P8");
    owner.presses_on(card.id, "Deny");
    assert!(decided(&owner, &card).contains("P8 (8) is not let in"));
    denied.hears_about(DENIED);
    denied.says("oh");
    // Nothing more, until the Owner thinks better of it.
    owner.asks("/status");
    owner.says("/grant 8 guest");
    denied.hears_about(LET_IN);
    assert_eq!(denied.shows().len(), 3, "{:?}", denied.shows());
    denied.is_answered("thank you");
    let banned = world.telegram.person(9);
    banned.asks("buy my watches");
    let card = self::card(&owner, "P9");
    owner.presses_on(card.id, "Ban");
    decided(&owner, &card);
    banned.hears();
    banned.says("watches!");
    owner.asks("/status");
    assert_eq!(
        banned.shows().len(),
        2,
        "asked, and told once: {:?}",
        banned.shows()
    );
    world.stop();
}

#[test]
fn who_waits_hears_of_it_again_after_an_hour_and_who_is_denied_after_a_day() {
    const HOUR: Duration = Duration::from_secs(3601);
    let world = approving();
    let owner = world.telegram.person(1);
    let anna = world.telegram.person(5);
    anna.asks("please");
    let card = card(&owner, "P5");
    assert!(anna.asks("please?").contains(WAITS));
    anna.says("please!");
    world.telegram.moves_on(HOUR);
    // Two answers of the service tell the bot what time it is.
    for _ in 0..3 {
        owner.asks("/status");
    }
    assert!(anna.asks("and now?").contains(WAITS));
    assert_eq!(anna.shows().len(), 3, "{:?}", anna.shows());
    owner.presses_on(card.id, "Deny");
    anna.hears_about(DENIED);
    anna.says("why?");
    world.telegram.moves_on(24 * HOUR);
    for _ in 0..3 {
        owner.asks("/status");
    }
    assert!(anna.asks("and now?").contains(DENIED));
    assert_eq!(anna.shows().len(), 5, "{:?}", anna.shows());
    world.stop();
}

#[test]
fn an_owner_who_never_wrote_hears_of_those_who_wait_with_their_first_message() {
    let world = World::new().env("ACCESS", "approve").start();
    let anna = world.telegram.person(5);
    assert!(anna.asks("please").contains(ASKED));
    let owner = world.telegram.person(1);
    owner.says("/start");
    let summary = owner.hears_about("There are more who ask");
    owner.presses_on(summary.id, "See who waits");
    assert!(decided(&owner, &summary).contains("P5 asks to be let in"));
    // There can be cards from now on, also of those who had none.
    anna.says("hello?");
    card(&owner, "P5");
    world.stop();
}

#[test]
fn a_card_is_worth_nothing_to_others_and_after_the_role_was_lost() {
    let mut world = approving();
    let owner = world.telegram.person(1);
    let anna = world.telegram.person(5);
    anna.asks("please");
    let card = card(&owner, "P5");
    let data = card.button("VIP").unwrap().data.clone();
    // She has the data of the button from somewhere, and presses it under a message of her own chat.
    let own = anna.shows().pop().unwrap();
    let press = anna.presses_data(own.id, &data);
    anna.is_told(&press);
    let press = anna.presses_data(own.id, "00000000/grant 5 vip");
    anna.is_told(&press);
    world.terminate();
    world.sets("OWNER_IDS", "2");
    world.restart();
    let press = owner.presses_on(card.id, "VIP");
    owner.is_told(&press);
    assert!(anna.asks("am I in?").contains(WAITS));
    assert_eq!(sent(&owner), 1);
    world.stop();
}

#[test]
fn for_eleven_strangers_there_are_ten_cards_and_one_that_pages() {
    let world = approving();
    let owner = world.telegram.person(1);
    let strangers: Vec<Person> = (11..=22).map(|id| world.telegram.person(id)).collect();
    for stranger in &strangers {
        assert!(stranger.asks("please").contains(ASKED));
    }
    let summary = owner.hears_about("There are more who ask");
    assert_eq!(sent(&owner), 11, "{:?}", owner.shows());
    owner.presses_on(summary.id, "See who waits");
    let first = decided(&owner, &summary);
    assert!(first.contains("P11 asks to be let in"), "{first}");
    let page = |text: &str| Message {
        text: text.to_owned(),
        ..summary.clone()
    };
    owner.presses_on(summary.id, "Next (12 waiting)");
    let second = decided(&owner, &page(&first));
    assert!(second.contains("P12 asks to be let in"), "{second}");
    owner.presses_on(summary.id, "Normal");
    decided(&owner, &page(&second));
    strangers[1].hears_about(LET_IN);
    owner.says("/waiting 22");
    let round = owner.hears();
    assert!(
        round.text.contains("P11 asks"),
        "from the beginning: {}",
        round.text
    );
    assert!(round.button("Next (11 waiting)").is_some(), "{round:?}");
    owner.presses_on(round.id, "Deny");
    let denied = decided(&owner, &round);
    assert!(denied.contains("P11 (11) is not let in"), "{denied}");
    let shown = owner.shows();
    let shown = shown.iter().find(|message| message.id == round.id).unwrap();
    assert!(shown.button("Next (10 waiting)").is_some(), "{shown:?}");
    world.stop();
}

#[test]
fn ten_thousand_strangers_are_eleven_messages_to_the_owner_who_is_answered_meanwhile() {
    const STRANGERS: i64 = 10_000;
    let world = approving();
    let owner = world.telegram.person(1);
    let some = |from: i64, to: i64| {
        for id in from..to {
            world.telegram.person(id).says("let me in");
        }
    };
    some(100, 100 + STRANGERS / 2);
    owner.says("/status");
    some(100 + STRANGERS / 2, 100 + STRANGERS);
    owner.hears_about("Running for");
    let all_are_taken = || world.telegram.is_drained();
    eventually(10 * PATIENCE, "all of them are heard", all_are_taken);
    owner.says("/status");
    owner.hears_about("Running for");
    let shown = owner.shows();
    let cards = shown
        .iter()
        .filter(|message| message.text.contains("asks to be let in"));
    let summaries = shown
        .iter()
        .filter(|message| message.text.contains("There are more who ask"));
    assert_eq!((cards.count(), summaries.count()), (10, 1));
    assert_eq!(sent(&owner), 2 + 11);
    world.stop();
}

#[test]
fn who_is_silent_to_strangers_gives_no_card_and_an_open_bot_answers_them() {
    for (access, answers) in [("closed", false), ("open", true)] {
        let world = World::new().env("ACCESS", access).start();
        let stranger = world.telegram.person(5);
        stranger.says("hello you");
        if answers {
            stranger.hears_about("hello you");
        }
        let owner = world.telegram.person(1);
        owner.asks("/status");
        assert_eq!(owner.shows().len(), 1, "{access}");
        assert_eq!(stranger.shows().len(), usize::from(answers), "{access}");
        world.stop();
    }
}

#[test]
fn a_group_asks_once_and_is_answered_in_once_it_is_let_in() {
    let world = approving();
    let owner = world.telegram.person(1);
    let group = world.telegram.group(GROUP);
    group.takes_in_the_bot(9);
    let card = owner.hears_about("in the group");
    assert!(card.text.contains(&format!("G{GROUP}")), "{}", card.text);
    assert!(card.text.contains("P9 · id 9"), "{}", card.text);
    assert!(!card.text.contains("privacy") && !card.text.contains("only get"));
    assert_eq!(labels(&card), ["Normal", "Guest", "Leave"]);
    // A card for the group, and none for any of its members.
    for (id, expected) in [(11, WAITS), (12, ""), (13, "")] {
        group.member(id).says("@testbot hello");
        if !expected.is_empty() {
            assert!(group.hears().text.contains(expected));
        }
    }
    owner.presses_on(card.id, "Normal");
    decided(&owner, &card);
    assert!(group.hears().text.contains(INTRODUCTION));
    group.member(12).says("@testbot what is new?");
    assert!(group.hears().text.contains("what is new?"));
    assert_eq!(sent(&owner), 1);
    // Taken in again, it says so again and asks nobody.
    group.puts_out_the_bot(9);
    group.takes_in_the_bot(9);
    assert!(group.hears().text.contains(INTRODUCTION));
    assert_eq!(sent(&owner), 1);
    world.stop();
}

#[test]
fn a_group_that_the_bot_was_in_before_asks_when_somebody_speaks_to_it() {
    let mut world = World::new().env("ACCESS", "approve").prepare();
    world.telegram.has_privacy_mode();
    world.restart();
    let owner = world.telegram.person(1);
    owner.asks("/status");
    let group = world.telegram.group(GROUP);
    group.member(9).says("@testbot hello");
    assert!(group.hears().text.contains("only answer in groups"));
    let card = owner.hears_about("in the group");
    assert!(card.text.contains("P9 · id 9"), "{}", card.text);
    assert!(
        card.text.contains("I only get what is meant for me"),
        "{}",
        card.text
    );
    owner.presses_on(card.id, "Guest");
    assert!(group.hears().text.contains(INTRODUCTION));
    world.stop();
}

#[test]
fn a_group_that_is_denied_is_left_and_only_an_owner_brings_the_bot_back() {
    let mut world = approving();
    let owner = world.telegram.person(1);
    let group = world.telegram.group(GROUP);
    group.takes_in_the_bot(9);
    let card = owner.hears_about("in the group");
    owner.presses_on(card.id, "Leave");
    assert!(decided(&owner, &card).contains("I'm leaving"));
    let is_left = || !group.has_the_bot();
    eventually(PATIENCE, "the group is left", is_left);
    world.kill();
    world.restart();
    let leaves = || world.telegram.calls("leaveChat").len();
    let before = leaves();
    group.takes_in_the_bot(9);
    let is_left_again = || leaves() > before && !group.has_the_bot();
    eventually(PATIENCE, "the group is left again", is_left_again);
    assert_eq!(sent(&owner), 1, "nobody is asked");
    group.takes_in_the_bot(1);
    let card = owner.hears_about("in the group");
    owner.presses_on(card.id, "Normal");
    assert!(group.hears().text.contains(INTRODUCTION));
    assert!(group.has_the_bot());
    world.stop();
}

#[test]
fn a_bot_for_no_groups_leaves_those_it_is_put_into_and_those_it_was_in() {
    let world = World::new().env("GROUPS", "leave").start();
    let new = world.telegram.group(GROUP);
    new.takes_in_the_bot(1);
    eventually(PATIENCE, "the new group is left", || !new.has_the_bot());
    let old = world.telegram.group(GROUP - 1);
    for text in ["@testbot hello", "nothing", "@testbot are you there?"] {
        old.member(1).says(text);
    }
    eventually(PATIENCE, "the old group is left", || !old.has_the_bot());
    let owner = world.telegram.person(1);
    owner.asks("/status");
    assert_eq!(world.telegram.calls("leaveChat").len(), 2, "once each");
    assert_eq!(owner.shows().len(), 1, "no cards");
    assert!(new.shows().is_empty() && old.shows().is_empty());
    world.stop();
}

#[test]
fn an_open_bot_introduces_itself_where_it_is_put() {
    let world = World::new().env("GROUPS", "open").start();
    let group = world.telegram.group(GROUP);
    group.takes_in_the_bot(9);
    assert!(group.hears().text.contains(INTRODUCTION));
    let owner = world.telegram.person(1);
    owner.asks("/status");
    assert_eq!(owner.shows().len(), 1, "no card");
    world.stop();
}

#[test]
fn in_a_group_a_private_command_leads_to_the_private_chat() {
    let world = World::new().env("GROUPS", "open").start();
    let group = world.telegram.group(GROUP);
    let (owner, admin) = (world.telegram.person(1), group.member(1));
    admin.says("/keys@testbot");
    let hint = group.hears();
    assert!(hint.text.contains("in private"), "{}", hint.text);
    assert!(!hint.text.contains("K1"), "{}", hint.text);
    let button = hint.button("Open our chat").unwrap();
    assert_eq!(button.url, "https://t.me/testbot?start=keys");
    assert!(owner.asks("/start keys").contains("K1"));
    // Such a link changes nothing, whoever made it, and gives nobody a right.
    owner.asks("/start revoke_5");
    let guest = world.telegram.person(5);
    assert!(guest.asks("/start keys").contains(ASKED));
    admin.says("/help@testbot");
    let help = group.hears().text;
    assert!(help.contains("/stop") && !help.contains("/grant"), "{help}");
    world.stop();
}

#[test]
fn who_speaks_as_a_chat_or_is_a_bot_never_decides_or_knocks() {
    let world = approving();
    let group = world.telegram.group(GROUP);
    let admin = group.member(1).speaking_as(GROUP);
    admin.says("/grant@testbot 5 vip");
    admin.says("@testbot hello");
    assert!(group.hears().text.contains("only answer in groups"));
    let robot = json!({"id": 77, "is_bot": true, "first_name": "R"});
    world
        .telegram
        .raw_update(json!({"message": {"message_id": 3, "from": robot,
        "chat": {"id": 77, "type": "private"}, "date": 1, "text": "let me in"}}));
    let owner = world.telegram.person(1);
    owner.hears_about("in the group");
    owner.asks("/status");
    assert_eq!(sent(&owner), 2);
    world.stop();
}

#[test]
fn what_one_owner_decides_the_others_read_on_their_cards() {
    let mut world = World::new()
        .env("OWNER_IDS", "1,2,3")
        .env("ACCESS", "approve")
        .start();
    let owners = [1, 2, 3].map(|id| world.telegram.person(id));
    for owner in &owners {
        owner.asks("/status");
    }
    let chinese = owners[2].clone().speaking("zh");
    chinese.asks("/status");
    world.telegram.person(5).asks("please");
    world.telegram.person(6).asks("me too");
    let cards_of = |name: &str| {
        let words = format!("{name} ");
        owners.each_ref().map(|owner| {
            let shown = owner.sees("a card", |shown| {
                shown.iter().any(|one| one.text.starts_with(&words))
            });
            shown
                .into_iter()
                .find(|one| one.text.starts_with(&words))
                .unwrap()
        })
    };
    let (of_five, of_six) = (cards_of("P5"), cards_of("P6"));
    world.notes_all();
    world.kill();
    world.restart();
    owners[0].presses_on(of_five[0].id, "VIP");
    assert!(decided(&owners[0], &of_five[0]).starts_with("P5 (5) is now VIP"));
    let told = decided(&owners[1], &of_five[1]);
    assert_eq!(told, "P1 (1) made P5 (5) VIP, with no end");
    let told = decided(&owners[2], &of_five[2]);
    assert!(told.contains("P1 (1)") && told.contains("P5 (5)") && !told.contains("made"));
    let shown = owners[1].shows();
    let card = shown.iter().find(|one| one.id == of_five[1].id).unwrap();
    assert!(card.buttons.is_empty(), "{card:?}");
    // Whoever types it has a card, too.
    owners[1].says("/deny 6");
    for (owner, card) in owners.iter().zip(&of_six).take(2) {
        let told = decided(owner, card);
        assert_eq!(told, "P2 (2) didn't let P6 (6) in");
    }
    world.stop();
}
