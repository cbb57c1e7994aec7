//! Pictures: `/imagine` and plain requests for one, its buttons, what is said where none comes, and that
//! none is lost or paid for twice.

use crate::world::gemini::making::picture;
use crate::world::http::When;
use crate::world::telegram::{ALWAYS, Message, Person, photo};
use crate::world::{PATIENCE, World, eventually};

/// A world with a key that may draw.
fn with_billing() -> World {
    World::new()
        .keys("any", &["k1", "k2:paid"])
        .env("PAID_DAILY_USD", "10")
        .start()
}

fn labels(message: &Message) -> Vec<&str> {
    let labels = message.buttons.iter();
    labels.map(|button| button.label.as_str()).collect()
}

/// The next message, which is the picture of this call, once the bot knows that it was sent.
#[track_caller]
fn sees_picture(world: &World, person: &Person, call: usize) -> Message {
    let message = person.hears();
    let file = message
        .file
        .as_ref()
        .unwrap_or_else(|| panic!("no picture: {message:?}"));
    assert_eq!((file.kind, file.name.as_str()), ("photo", "picture.png"));
    assert!(file.bytes == picture(call), "the picture of another call");
    world.notes_all();
    message
}

#[test]
fn a_picture_is_drawn_by_command_and_by_plain_words() {
    let world = with_billing();
    let owner = world.telegram.person(1);
    owner.says("/imagine a lighthouse in a storm, 16:9");
    let shown = sees_picture(&world, &owner, 0);
    assert_eq!(shown.text, "a lighthouse in a storm, 16:9");
    assert_eq!(labels(&shown), ["Again", "Vary"]);
    let call = world.gemini.calls().pop().expect("a call");
    assert_eq!(call.model, "gemini-nano-banana-2.1");
    assert_eq!(call.key, "k2");
    assert_eq!(call.question(), "a lighthouse in a storm, 16:9");
    assert_eq!(call.config["imageConfig"]["aspectRatio"], "16:9");
    owner.says("画一只猫");
    assert_eq!(sees_picture(&world, &owner, 1).text, "画一只猫");
    let call = world.gemini.calls().pop().expect("a call");
    assert!(call.config["imageConfig"].is_null());
    assert!(
        owner.drafts().is_empty(),
        "a picture does not grow in a draft"
    );
    // What only sounds like it is answered, and the model knows what was drawn.
    assert!(
        owner
            .asks("draw a conclusion from that")
            .contains("2 rounds")
    );
    eventually(PATIENCE, "no file is left", || world.spooled() == 0);
    world.stop();
}

#[test]
fn whoever_waits_for_a_picture_sees_that_it_is_drawn() {
    let world = with_billing();
    let owner = world.telegram.person(1);
    world.gemini.holds("boat");
    owner.says("/imagine a boat");
    eventually(PATIENCE, "drawing is shown", || {
        owner
            .actions()
            .iter()
            .any(|action| action.name == "upload_photo")
    });
    world.gemini.lets_go("boat");
    sees_picture(&world, &owner, 0);
    world.stop();
}

#[test]
fn the_buttons_draw_another_and_a_varied_picture_beside_it() {
    let world = with_billing();
    let owner = world.telegram.person(1);
    owner.says("/imagine a cat");
    let first = sees_picture(&world, &owner, 0);
    owner.presses_on(first.id, "Again");
    let second = sees_picture(&world, &owner, 1);
    assert_eq!(second.text, "a cat");
    owner.presses_on(second.id, "Vary");
    let third = sees_picture(&world, &owner, 2);
    let asked = world.gemini.calls().pop().expect("a call").question();
    assert!(
        asked.starts_with("Another version") && asked.ends_with(" a cat"),
        "{asked}"
    );
    owner.presses_on(third.id, "Vary");
    sees_picture(&world, &owner, 3);
    assert_eq!(
        world.gemini.calls().pop().expect("a call").question(),
        asked
    );
    // All of them stay, and each may be drawn again.
    owner.presses_on(first.id, "Again");
    sees_picture(&world, &owner, 4);
    assert_eq!(
        owner
            .shows()
            .iter()
            .filter(|shown| shown.file.is_some())
            .count(),
        5
    );
    world.stop();
}

#[test]
fn with_free_keys_alone_the_sentence_says_what_it_takes() {
    let world = World::new().open().start();
    let (owner, guest) = (world.telegram.person(1), world.telegram.person(7));
    for typed in ["/imagine", "/imagine a cat"] {
        owner.says(typed);
        let said = owner.hears().text;
        assert!(
            said.contains(":paid") && said.contains("PAID_DAILY_USD"),
            "{said}"
        );
        guest.says(typed);
        let said = guest.hears().text;
        assert!(
            said.contains("can't draw") && !said.contains("paid"),
            "{said}"
        );
    }
    assert!(world.gemini.calls().is_empty());
    // Plain words may mean something else: they are answered, with the sentence below.
    guest.says("draw a cat");
    let said = guest.hears().text;
    assert!(
        said.contains("draw a cat") && said.contains("can't draw"),
        "{said}"
    );
    world.stop();
}

#[test]
fn every_end_without_a_picture_is_explained() {
    let world = with_billing();
    let owner = world.telegram.person(1);
    for (words, finish, said, calls) in [
        ("", "IMAGE_SAFETY", "safety filter withheld the picture", 1),
        (
            "",
            "IMAGE_PROHIBITED_CONTENT",
            "safety filter withheld the picture",
            1,
        ),
        ("", "PROHIBITED_CONTENT", "doesn't allow this topic", 1),
        ("", "NO_IMAGE", "No picture came out", 2),
        ("", "IMAGE_OTHER", "No picture came out", 2),
        ("", "STOP", "empty answer", 2),
        ("I would rather not.", "STOP", "I would rather not.", 1),
    ] {
        world.gemini.draws_nothing(words, finish);
        let before = world.gemini.calls().len();
        owner.says(&format!("/imagine {finish}"));
        let heard = owner.hears().text;
        assert!(heard.contains(said), "{finish}: {heard}");
        let made = world.gemini.calls().len() - before;
        assert!(made >= calls, "{finish}: {made} calls");
        if finish == "NO_IMAGE" {
            let again = world.gemini.calls().pop().expect("a call").question();
            assert!(again.contains("with a picture"), "{again}");
        }
        if !words.is_empty() {
            assert!(heard.contains("No picture came out"), "{heard}");
        }
    }
    world.stop();
}

#[test]
fn a_chat_that_takes_no_photos_gets_it_as_a_file_and_else_its_words() {
    let world = with_billing();
    let owner = world.telegram.person(1);
    owner.refuses(
        ("sendPhoto", 1),
        (400, "Bad Request: PHOTO_INVALID_DIMENSIONS"),
    );
    owner.says("/imagine a very long train");
    let shown = owner.hears();
    assert_eq!(shown.file.expect("a file").kind, "document");
    assert_eq!(shown.text, "a very long train");
    let no_files = (
        400,
        "Bad Request: not enough rights to send documents to the chat",
    );
    owner.refuses(("sendPhoto", 1), (400, "Bad Request: IMAGE_PROCESS_FAILED"));
    owner.refuses(("sendDocument", ALWAYS), no_files);
    owner.says("/imagine a short train");
    let shown = owner.hears();
    assert_eq!((shown.text.as_str(), shown.file), ("a short train", None));
    eventually(PATIENCE, "no file is left", || world.spooled() == 0);
    world.stop();
}

/// Draws a picture while the bot dies as it delivers it, and starts it again: the pictures that the chat
/// shows in the end, and the calls for them.
fn dies_at_the_delivery(when: When) -> (usize, usize) {
    let mut world = with_billing();
    let owner = world.telegram.person(1);
    world.crash_point.arm_at("/sendPhoto", 0, when);
    owner.says("/imagine a boat");
    eventually(PATIENCE, "the picture is on its way", || {
        world.crash_point.is_reached()
    });
    assert_eq!(world.spooled(), 1);
    world.crash_point.disarm();
    world.kill();
    world.restart();
    eventually(PATIENCE, "all is sent", || {
        world.telegram.is_drained() && world.questions() == (0, 0) && world.unsent() == 0
    });
    eventually(PATIENCE, "no file is left", || world.spooled() == 0);
    let shown = owner.shows();
    let pictures = shown.iter().filter_map(|shown| shown.file.as_ref());
    let pictures = pictures.filter(|file| file.bytes == picture(0)).count();
    assert_eq!(shown.len(), pictures, "{shown:?}");
    let calls = world.gemini.calls().len();
    world.stop();
    (pictures, calls)
}

#[test]
fn killed_between_the_picture_and_its_delivery_it_arrives_and_is_paid_for_once() {
    assert_eq!(dies_at_the_delivery(When::Before), (1, 1));
    // What Telegram took and could not acknowledge may be sent again.
    let (pictures, calls) = dies_at_the_delivery(When::After);
    assert!((1..=2).contains(&pictures), "{pictures}");
    assert_eq!(calls, 1);
}

#[test]
fn a_picture_that_no_row_names_any_more_is_cleared_away_at_the_start() {
    let mut world = with_billing();
    let owner = world.telegram.person(1);
    world.crash_point.arm_at("/sendPhoto", 0, When::Before);
    owner.says("/imagine a boat");
    eventually(PATIENCE, "the picture is on its way", || {
        world.crash_point.is_reached()
    });
    world.kill();
    let lost = world.data_file().with_extension("redb.spool").join("0123");
    std::fs::write(&lost, "half a picture").expect("a file");
    world.crash_point.disarm();
    world.restart();
    sees_picture(&world, &owner, 0);
    eventually(PATIENCE, "no file is left", || world.spooled() == 0);
    world.stop();
}

#[test]
fn a_picture_within_an_answer_stands_where_the_model_put_it() {
    for stream in ["auto", "off"] {
        let world = World::new().env("STREAM", stream).start();
        let owner = world.telegram.person(1);
        world
            .gemini
            .when_asked("plot", "Here it is:{picture}That is all.");
        owner.says("plot it");
        assert_eq!(owner.hears().text, "Here it is:");
        let shown = sees_picture(&world, &owner, 0);
        assert_eq!((shown.text.as_str(), shown.buttons.len()), ("", 0));
        let last = owner.hears();
        assert_eq!(
            (last.text.as_str(), labels(&last)),
            ("That is all.", vec!["Retry"])
        );
        // Asked again, the new answer takes the place of all of it.
        world.gemini.when_asked("plot", "No picture this time.");
        owner.presses("Retry");
        owner.sees("only the new answer", |shown| {
            shown.len() == 1 && shown[0].text == "No picture this time."
        });
        eventually(PATIENCE, "no file is left", || world.spooled() == 0);
        world.stop();
    }
}

#[test]
fn a_picture_is_changed_by_a_reply_or_sent_with_what_is_to_become_of_it() {
    let world = with_billing();
    let owner = world.telegram.person(1);
    let last_call = || world.gemini.calls().pop().expect("a call");
    let drawn = |number| vec![("image/png".to_owned(), picture(number))];
    owner.says("/imagine a cat");
    let first = sees_picture(&world, &owner, 0);
    owner.replies(first.id, "make it blue");
    let second = sees_picture(&world, &owner, 1);
    assert_eq!(second.text, "make it blue");
    assert_eq!(last_call().media(), drawn(0));
    assert_eq!(last_call().question(), "make it blue");
    owner.presses_on(second.id, "Vary");
    sees_picture(&world, &owner, 2);
    assert_eq!(last_call().media(), drawn(1));
    owner.sends(photo("把背景换成海边，横屏"));
    sees_picture(&world, &owner, 3);
    assert_eq!(last_call().config["imageConfig"]["aspectRatio"], "16:9");
    let media = last_call().media();
    assert!(
        media.len() == 1 && media[0].0 == "image/jpeg",
        "{}",
        media.len()
    );
    owner.sends_an_album(&["/imagine them on a beach", ""]);
    sees_picture(&world, &owner, 4);
    assert_eq!(last_call().question(), "them on a beach");
    // What is asked about a picture is answered.
    owner.replies(first.id, "what is this?");
    assert!(owner.hears().text.contains("what is this?"));
    assert!(last_call().media().contains(&drawn(0)[0]));
    eventually(PATIENCE, "no file is left", || world.spooled() == 0);
    world.stop();
}
