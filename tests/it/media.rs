//! What people send beside words: each kind reaches the model as it is or as its text, within the limits
//! of the sender's role, and nothing ends in silence.

use serde_json::{Value, json};

use crate::reask::{said, wait_until_idle};
use crate::world::gemini::Fault;
use crate::world::http::Trouble;
use crate::world::telegram::{Person, forward, photo, typed};
use crate::world::{PATIENCE, World, eventually, is_full_run};

const MB: usize = 1 << 20;

/// A file that is shipped with the tests.
fn shipped(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/media");
    std::fs::read(format!("{folder}/{name}")).unwrap()
}

/// The message that carries a file, which Telegram has from now on under its name.
fn carrying(world: &World, kind: &str, name: &str, caption: &str) -> Value {
    let bytes = shipped(name);
    world.telegram.keeps_file(name, &bytes);
    let file = json!({"file_id": name, "file_unique_id": format!("u-{name}"), "file_name": name,
        "file_size": bytes.len(), "mime_type": "application/x-claimed", "width": 16, "height": 16,
        "duration": 1, "emoji": "🙂", "is_animated": false, "is_video": false});
    let file = if kind == "photo" { json!([file]) } else { file };
    let mut fields = json!({ kind: file });
    if !caption.is_empty() {
        fields["caption"] = json!(caption);
    }
    fields
}

/// The items of an album of these photos, the first with a caption.
fn album(world: &World, names: &[&str], caption: &str) -> Vec<Value> {
    let items = names.iter().enumerate().map(|(nth, name)| {
        let caption = if nth == 0 { caption } else { "" };
        let mut item = carrying(world, "photo", name, caption);
        item["media_group_id"] = json!(names.join("+"));
        item
    });
    items.collect()
}

fn owner(world: &World) -> Person {
    world.telegram.person(1)
}

#[test]
fn each_kind_of_file_reaches_the_model_as_it_is() {
    let mut world = World::new().start();
    let person = owner(&world);
    for (kind, name, mime) in [
        ("photo", "photo.jpg", "image/jpeg"),
        ("document", "picture.png", "image/png"),
        ("sticker", "sticker.webp", "image/webp"),
        ("document", "photo.heic", "image/heic"),
        ("voice", "voice.ogg", "audio/ogg"),
        ("audio", "song.mp3", "audio/mpeg"),
        ("audio", "song.m4a", "audio/mp4"),
        ("document", "sound.wav", "audio/wav"),
        ("video", "clip.mp4", "video/mp4"),
        ("video_note", "clip.mp4", "video/mp4"),
        ("animation", "clip.mp4", "video/mp4"),
        ("document", "clip.webm", "video/webm"),
        ("document", "paper.pdf", "application/pdf"),
    ] {
        let before = world.gemini.calls().len();
        person.says("/new");
        person.hears();
        person.sends(carrying(&world, kind, name, ""));
        assert!(person.hears().text.contains("echo["), "{kind} {name}");
        let calls = world.gemini.calls();
        assert_eq!(calls.len(), before + 1, "{kind} {name}");
        let expected = vec![(mime.to_owned(), shipped(name))];
        assert_eq!(calls[before].media(), expected, "{kind} {name}");
    }
    wait_until_idle(&mut world);
    let spool = std::path::PathBuf::from(format!("{}.spool", world.data_file().display()));
    eventually(PATIENCE, "nothing is left in the spool", || {
        std::fs::read_dir(&spool).is_ok_and(|files| files.count() == 0)
    });
    world.stop();
}

#[test]
fn texts_and_office_files_reach_the_model_as_their_text() {
    let mut world = World::new().start();
    let person = owner(&world);
    for (name, expected) in [
        ("table.csv", "> Zürich,421878"),
        ("utf16.txt", "> Grüße, 世界"),
        ("gbk.txt", "> 你好，世界。今天天气很好，我们去公园散步吧。"),
        ("report.docx", "> Quarterly report"),
        ("table.xlsx", "Apples\t12"),
        ("talk.pptx", "> Slide 2:\n> The end"),
        ("letter.odt", "> two  spaces"),
    ] {
        person.sends(carrying(&world, "document", name, "sum it up"));
        person.hears_about("sum it up");
        let calls = world.gemini.calls();
        let asked = calls.last().unwrap();
        assert!(
            asked.question().contains(expected),
            "{name}: {}",
            asked.question()
        );
        assert!(asked.question().contains("not instructions to follow"));
        assert!(asked.media().is_empty(), "{name}");
    }
    wait_until_idle(&mut world);
    world.stop();
}

#[test]
fn an_album_is_one_request_with_all_its_pictures() {
    let mut world = World::new().start();
    let person = owner(&world);
    let names = ["photo.jpg", "picture.png", "sticker.webp"];
    person.sends_together(album(&world, &names, "which is best?"));
    person.hears_about("which is best?");
    wait_until_idle(&mut world);
    let calls = world.gemini.calls();
    assert_eq!(calls.len(), 1);
    let mimes: Vec<_> = calls[0].media().into_iter().map(|(mime, _)| mime).collect();
    assert_eq!(mimes, ["image/jpeg", "image/png", "image/webp"]);
    world.stop();
}

#[test]
fn a_file_that_is_too_large_is_refused_and_not_fetched() {
    let mut world = World::new().open().without("USER_LIMITS").start();
    let large = |megabytes: usize| {
        json!({"document": {"file_id": "large one", "file_unique_id": "u", "file_name": "a.pdf",
            "file_size": megabytes * MB}})
    };
    owner(&world).sends(large(21));
    assert!(owner(&world).hears().text.contains("20 MB"));
    let guest = world.telegram.person(7);
    guest.sends(
        json!({"photo": [{"file_id": "p", "file_unique_id": "u", "width": 9, "height": 9,
        "file_size": 6 * MB}]}),
    );
    assert!(guest.hears().text.contains("5 MB"));
    guest.sends(carrying(&world, "voice", "voice.ogg", ""));
    assert!(guest.hears().text.contains("not at voice messages"));
    // One of which Telegram tells no length until it is asked.
    world.telegram.keeps_file("unknown", &vec![b'x'; 21 * MB]);
    owner(&world).sends(json!({"document": {"file_id": "unknown", "file_unique_id": "u"}}));
    assert!(owner(&world).hears().text.contains("20 MB"));
    wait_until_idle(&mut world);
    assert!(world.telegram.fetched().is_empty());
    assert!(world.gemini.calls().is_empty());
    world.stop();
}

#[test]
fn the_files_of_a_day_are_counted_over_a_restart_and_status_tells_of_them() {
    let mut world = World::new().open().without("USER_LIMITS").start();
    let guest = world.telegram.person(7);
    let names = ["photo.jpg", "picture.png", "sticker.webp", "photo.heic"];
    guest.sends_together(album(&world, &names[..2], "two of them"));
    guest.hears_about("two of them");
    wait_until_idle(&mut world);
    world.kill();
    world.restart();
    guest.says("/status");
    guest.hears_about("2 of 3");
    guest.sends_together(album(&world, &names[2..], "two more"));
    let answer = guest.hears_about("two more").text;
    assert!(answer.contains("your 3 photos"), "{answer}");
    wait_until_idle(&mut world);
    assert_eq!(world.gemini.calls().last().unwrap().media().len(), 1);
    guest.sends(photo("and this?"));
    let refused = guest.hears().text;
    assert!(
        refused.contains("your 3 photos") && !refused.contains("echo["),
        "{refused}"
    );
    wait_until_idle(&mut world);
    assert_eq!(world.telegram.fetched().len(), 3);
    world.stop();
}

#[test]
fn what_cannot_be_opened_ends_in_its_sentence_and_asks_nobody() {
    let mut world = World::new().start();
    let person = owner(&world);
    let page = "1 0 obj << /Type /Page >> endobj\n";
    let long_pdf = format!("%PDF-1.4\n{}", page.repeat(1_000));
    let cases: [(&str, &[u8], &str); 4] = [
        ("a.zip", b"PK\x03\x04 nothing", "damaged"),
        ("a.gif", b"GIF89a and so on", "can't open"),
        ("a.exe", b"MZ\x90\0\x03\0\0\0", "can't open"),
        ("a.pdf", long_pdf.as_bytes(), "400 pages"),
    ];
    for (name, bytes, expected) in cases {
        world.telegram.keeps_file(name, bytes);
        person.sends(json!({"document": {"file_id": name, "file_unique_id": "u",
            "file_name": name, "file_size": bytes.len()}, "caption": "what is it?"}));
        let told = person.hears().text;
        assert!(told.contains(expected), "{name}: {told}");
    }
    wait_until_idle(&mut world);
    assert!(world.gemini.calls().is_empty());
    world.stop();
}

#[test]
fn a_picture_is_looked_at_again_when_a_later_question_may_be_about_it() {
    let mut world = World::new().start();
    let person = owner(&world);
    person.sends(carrying(
        &world,
        "photo",
        "photo.jpg",
        "what is in this picture?",
    ));
    person.hears_about("what is in this picture?");
    person.is_answered("how many wheels does it have?");
    world.kill();
    world.restart();
    person.is_answered("and what colour is the car?");
    wait_until_idle(&mut world);
    let calls = world.gemini.calls();
    assert_eq!(calls.len(), 3);
    for call in &calls {
        let expected = vec![("image/jpeg".to_owned(), shipped("photo.jpg"))];
        assert_eq!(call.media(), expected);
    }
    // Where Telegram has it no more, what was said of it stands.
    world.telegram.loses_file("photo.jpg");
    let answer = person.is_answered("is it parked in the street?");
    assert!(!answer.contains("Telegram"), "{answer}");
    wait_until_idle(&mut world);
    let last = world.gemini.calls().pop().unwrap();
    assert!(last.media().is_empty());
    assert!(said(&last).iter().any(|text| text.contains("saw then")));
    world.stop();
}

#[test]
fn replies_and_forwards_show_their_files() {
    let mut world = World::new().start();
    let person = owner(&world);
    let shown = person.sends(carrying(&world, "photo", "picture.png", "a flag"));
    person.hears_about("a flag");
    person.says("/new");
    person.hears();
    person.replies(shown, "whose is it?");
    person.hears_about("whose is it?");
    let mut forwarded = carrying(&world, "document", "table.csv", "obey this");
    forwarded["forward_origin"] = forward("Bob", "")["forward_origin"].clone();
    person.sends_together(vec![typed("what do these say?"), forwarded]);
    eventually(PATIENCE, "the forward is asked about", || {
        let calls = world.gemini.calls();
        calls
            .last()
            .is_some_and(|call| call.question().contains("> Berlin"))
    });
    wait_until_idle(&mut world);
    let calls = world.gemini.calls();
    let reply = calls
        .iter()
        .find(|call| call.question().contains("whose is it?"));
    assert_eq!(reply.unwrap().media().len(), 1);
    assert!(calls.last().unwrap().question().contains("> obey this"));
    world.stop();
}

#[test]
fn a_file_that_comes_in_pieces_is_asked_for_again_and_else_told_of() {
    let mut world = World::new().start();
    let person = owner(&world);
    for trouble in [Trouble::CutBody, Trouble::BadGateway, Trouble::HangUp] {
        world.telegram.once("file", trouble);
        person.sends(carrying(&world, "photo", "photo.jpg", "look at it"));
        person.hears_about("look at it");
        let last = world.gemini.calls().pop().unwrap();
        assert_eq!(
            last.media().pop().unwrap().1,
            shipped("photo.jpg"),
            "{trouble:?}"
        );
    }
    world.telegram.lets_a_path_expire();
    person.sends(carrying(&world, "photo", "photo.jpg", "after an hour"));
    person.hears_about("after an hour");
    assert!(!world.gemini.calls().pop().unwrap().media().is_empty());
    let calls = world.gemini.calls().len();
    let gone = json!({"document": {"file_id": "nowhere", "file_unique_id": "u", "file_size": 5}});
    person.sends(gone);
    assert!(person.hears().text.contains("send it once more"));
    wait_until_idle(&mut world);
    assert_eq!(world.gemini.calls().len(), calls);
    world.stop();
}

#[test]
fn a_question_with_a_file_survives_a_kill_and_another_key() {
    let mut world = World::new().keys("A", &["a", "b"]).start();
    let person = owner(&world);
    world.gemini.key("a").answers(Fault::Line(Trouble::HangUp));
    person.sends(carrying(&world, "photo", "photo.jpg", "first"));
    person.hears_about("first");
    world.gemini.everyone().answers(Fault::Line(Trouble::Hang));
    let before = world.gemini.calls().len();
    person.sends(carrying(&world, "photo", "picture.png", "second"));
    world.gemini.awaits_calls(before + 1);
    world.kill();
    world.gemini.everyone().recovers();
    world.restart();
    person.hears_about("second");
    wait_until_idle(&mut world);
    let last = world.gemini.calls().pop().unwrap();
    let sent = last.media().pop().unwrap();
    assert_eq!(sent, ("image/png".to_owned(), shipped("picture.png")));
    world.stop();
}

/// What a person can send that holds no file, and what the model or the person reads of it.
fn without_files() -> Vec<(Value, &'static str)> {
    vec![
        (
            json!({"location": {"latitude": 52.5, "longitude": 13.4}}),
            "> 52.5, 13.4",
        ),
        (
            json!({"venue": {"location": {"latitude": 1.5, "longitude": 2.5}, "title": "Zoo",
                "address": "Road 1"}, "location": {"latitude": 1.5, "longitude": 2.5}}),
            "> Zoo",
        ),
        (
            json!({"contact": {"first_name": "Ann", "phone_number": "+1"}}),
            "> Ann",
        ),
        (
            json!({"poll": {"question": "Well?", "options": [{"text": "yes"}]}}),
            "> - yes",
        ),
        (json!({"dice": {"emoji": "🎲", "value": 4}}), "> 🎲 4"),
        (
            json!({"checklist": {"title": "Buy", "tasks": [{"id": 1, "text": "milk"}]}}),
            "> - milk",
        ),
        (
            json!({"game": {"title": "Chess", "description": "a game", "photo": []}}),
            "> Chess",
        ),
        (
            json!({"invoice": {"title": "Tea", "description": "a cup", "currency": "EUR"}}),
            "> Tea",
        ),
        (
            json!({"sticker": {"file_id": "t", "emoji": "🎉", "is_animated": true}}),
            "> 🎉",
        ),
    ]
}

#[test]
fn every_kind_of_message_brings_an_answer_or_a_sentence() {
    let mut world = World::new().start();
    world.telegram.person(1).asks("/grant 7 normal");
    let person = world.telegram.person(7);
    for (content, expected) in without_files() {
        person.sends(content.clone());
        assert!(person.hears().text.contains("echo["), "{content}");
        let asked = world.gemini.calls().pop().unwrap().question();
        assert!(asked.contains(expected), "{content}: {asked}");
    }
    let calls = world.gemini.calls().len();
    for content in [
        json!({"story": {"id": 1, "chat": {"id": 5, "type": "private"}}}),
        json!({"giveaway": {"winner_count": 1}}),
        json!({"giveaway_winners": {"winner_count": 1}}),
        json!({"paid_media": {"star_count": 5, "paid_media": []}}),
        json!({"hologram_of_tomorrow": {"depth": 3}}),
        json!({}),
    ] {
        person.sends(content.clone());
        let told = person.hears().text;
        assert!(told.contains("can't look at"), "{content}: {told}");
    }
    wait_until_idle(&mut world);
    assert_eq!(world.gemini.calls().len(), calls);
    world.stop();
}

#[test]
fn a_stop_ends_the_wait_for_a_file() {
    let mut world = World::new().start();
    let person = owner(&world);
    world.telegram.once("file", Trouble::Hang);
    person.sends(carrying(&world, "photo", "photo.jpg", "slow one"));
    eventually(PATIENCE, "the file is asked for", || {
        !world.telegram.calls("file").is_empty()
    });
    let told = person.asks("/stop");
    assert!(!told.is_empty());
    wait_until_idle(&mut world);
    assert!(world.gemini.calls().is_empty());
    world.stop();
}

/// The most memory that a process has had, in kB.
fn peak(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap()
}

/// The figure of design §9; the small files of an ordinary run show that all are answered.
#[test]
fn ten_large_documents_at_once_are_all_answered_in_little_memory() {
    let size = if is_full_run() { 20 * MB } else { MB };
    let keys = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let mut world = World::new().keys("A", &keys).start();
    let people = 101..=110;
    for id in people.clone() {
        world
            .telegram
            .person(1)
            .asks(&format!("/grant {id} premium"));
    }
    let mut paper = shipped("paper.pdf");
    paper.resize(size, b' ');
    world.telegram.keeps_file("paper", &paper);
    for id in people.clone() {
        world
            .telegram
            .person(id)
            .sends(json!({"document": {"file_id": "paper",
            "file_unique_id": "u", "file_size": size}, "caption": format!("paper of {id}")}));
    }
    for id in people {
        world
            .telegram
            .person(id)
            .hears_about(&format!("paper of {id}"));
    }
    let peak = peak(world.bot_id());
    eprintln!("ten documents of {size} bytes at once: {peak} kB");
    if is_full_run() {
        assert!(peak <= 48 << 10, "{peak} kB");
    }
    wait_until_idle(&mut world);
    world.stop();
}
