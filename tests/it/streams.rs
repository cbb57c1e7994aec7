//! How an answer grows before it is whole: drafts in private chats, edits elsewhere, within every
//! limit of Telegram, and how it ends: once, whole, with its buttons.

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use crate::world::telegram::{Call, Message, Passed, Person, Traffic};
use crate::world::{PATIENCE, World, eventually, is_full_run, now};

const MINUTE: Duration = Duration::from_mins(1);

/// The texts of several messages and their files as one, without white space: a cut may fall
/// anywhere.
fn ink(messages: &[Message]) -> String {
    let texts = messages.iter().map(|message| {
        let file = message.file.as_ref();
        let content = file.map_or("", |file| file.content.as_str());
        format!("{}{content}", message.text)
    });
    let texts: String = texts.collect();
    texts.split_whitespace().collect()
}

/// Waits until the chat's one message is this text and nothing of the stream is left.
#[track_caller]
fn ends_with_one(person: &Person, text: &str) -> Message {
    let shown = person.sees(text, |shown| {
        shown.last().is_some_and(|last| last.text == text)
    });
    assert_eq!(shown.len(), 1, "one message: {shown:#?}");
    assert!(person.drafts().iter().all(|draft| !draft.is_alive));
    shown[0].clone()
}

/// Calls of a method about a chat that were answered with this status.
fn calls(world: &World, method: &str, status: u16) -> Vec<Call> {
    let mut calls = world.telegram.calls(method);
    calls.retain(|call| call.chat.is_some() && call.status == status);
    calls
}

/// The most of some traffic that one chat saw in any minute.
fn busiest_minute(world: &World, chat: i64, counts: impl Fn(Traffic) -> bool) -> usize {
    let counted = |passed: &Passed| passed.chat == chat && counts(passed.what);
    world.telegram.busiest(MINUTE, counted)
}

#[test]
fn a_private_chat_gets_drafts_and_then_exactly_one_message() {
    let world = World::new().open().start();
    let person = world.telegram.person(7);
    world.gemini.begins("One ");
    person.says("count");
    person.sees_a_draft("One");
    world.gemini.goes_on("two ");
    person.sees_a_draft("two");
    world.gemini.goes_on("three.");
    let draft = person.sees_a_draft("three");
    assert_eq!(person.shows(), [], "nothing is said before the end");
    world.gemini.ends("STOP");
    ends_with_one(&person, "One two three.");
    assert!(draft.frames.iter().all(|frame| frame.can_stop));
    let longer = |pair: &[String]| longer_text(&pair[0], &pair[1]);
    let texts: Vec<String> = draft
        .frames
        .iter()
        .map(|frame| frame.text.clone())
        .collect();
    assert!(texts.windows(2).all(longer), "{texts:?}");
    assert_eq!(person.drafts().len(), 1, "one preview that grows");
    assert_eq!(world.telegram.said_to(7).len(), 1);
    assert!(world.telegram.calls("editMessageText").is_empty());
    person.is_answered("a fence");
    let (shown, drafts) = (person.shows(), person.drafts());
    let last = drafts[0].frames.last().unwrap();
    assert!(last.at <= shown[0].at, "no frame comes after the message");
    world.stop();
}

/// Whether a frame shows what the one before did and perhaps more, a mark of what is to come aside.
fn longer_text(before: &str, after: &str) -> bool {
    let ink = |text: &str| {
        text.trim_end_matches(|c: char| !c.is_alphanumeric())
            .to_owned()
    };
    after.starts_with(&ink(before))
}

#[test]
fn a_group_sees_the_answer_grow_by_edits() {
    let world = World::new().open().start();
    let group = world.telegram.group(-123);
    world.gemini.begins("One ");
    let question = group.member(7).says("@testbot count");
    let holds = |word: &'static str| {
        move |shown: &[Message]| shown.first().is_some_and(|first| first.text.contains(word))
    };
    let first = group.sees("One", holds("One"))[0].clone();
    assert_eq!(first.reply_to, Some(question));
    world.gemini.goes_on("two ");
    group.sees("two", holds("two"));
    world.gemini.goes_on("three.");
    world.gemini.ends("STOP");
    let shown = group.sees("the end", |shown| {
        shown
            .first()
            .is_some_and(|first| first.text == "One two three.")
    });
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].id, first.id, "the message that grew");
    assert!(group.edits_of(first.id).len() >= 2);
    assert!(world.telegram.calls("sendMessageDraft").is_empty());
    world.stop();
}

#[test]
fn where_drafts_are_refused_the_answer_grows_by_edits() {
    let world = World::new().open().start();
    let person = world.telegram.person(7);
    person.refuses_drafts();
    for (question, nth) in [("count", 1), ("count again", 2)] {
        world.gemini.begins("One ");
        person.says(question);
        let grows = |shown: &[Message]| shown.len() == nth && shown[nth - 1].text.contains("One");
        let growing = person.sees("One", grows).pop().unwrap();
        world.gemini.goes_on("two.");
        world.gemini.ends("STOP");
        person.sees("the end", |shown| {
            shown.last().is_some_and(|last| last.text == "One two.")
        });
        assert!(!person.edits_of(growing.id).is_empty());
    }
    assert_eq!(
        calls(&world, "sendMessageDraft", 400).len(),
        1,
        "it is not asked again"
    );
    assert_eq!(person.shows().len(), 2);
    world.stop();
}

#[test]
fn a_long_stream_keeps_to_every_pace_and_arrives_whole() {
    let world = World::new().open().start();
    let chunks = if is_full_run() { 1_800 } else { 100 };
    let words: Vec<String> = (0..chunks).map(|number| format!("word{number} ")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    world.gemini.streams(&words, Duration::from_millis(100));
    let ann = world.telegram.person(7);
    let group = world.telegram.group(-123);
    ann.says("at length");
    group.member(8).says("@testbot at length");
    let last = words.last().unwrap().trim();
    let patience = PATIENCE + Duration::from_millis(200) * chunks;
    for chat in [7, -123] {
        let whole = || ink(&world.telegram.shows(chat));
        eventually(patience, "the last word", || whole().contains(last));
        assert!(holds_in_order(&whole(), &words.concat()), "{}", whole());
    }
    let frames: usize = ann.drafts().iter().map(|draft| draft.frames.len()).sum();
    assert!(frames >= 5, "{frames} frames");
    assert!(ann.drafts().iter().all(|draft| !draft.is_alive));
    let is_edit = |what| what == Traffic::Edit;
    assert!((1..=10).contains(&busiest_minute(&world, -123, is_edit)));
    assert_eq!(world.telegram.provoked_429s(), 0);
    assert_eq!(calls(&world, "", 400).len(), 0);
    world.stop();
}

/// The figure that the full run prints: from the model's first words to their sight.
#[test]
#[expect(clippy::print_stdout, reason = "a figure of the full run")]
fn the_first_words_are_seen_while_the_model_speaks() {
    let world = World::new().owner(1).open().start();
    let rounds = if is_full_run() { 40 } else { 2 };
    let mut waits = Vec::new();
    for id in 100..100 + rounds {
        let person = world.telegram.person(id);
        world.gemini.begins("One ");
        person.says("count");
        let draft = person.sees_a_draft("One");
        let spoken = world.gemini.calls().last().unwrap().at;
        let seen = draft.frames.iter().find(|frame| frame.text.contains("One"));
        waits.push(seen.unwrap().at.saturating_sub(spoken));
        world.gemini.ends("STOP");
        person.sees("the end", |shown| !shown.is_empty());
    }
    waits.sort();
    let (median, longest) = (waits[waits.len() / 2], waits[waits.len() - 1]);
    println!("first words seen after {median:?} (median of {rounds}), {longest:?} at the longest");
    world.stop();
}

#[test]
fn a_flood_ban_in_the_middle_delays_the_end_and_loses_nothing() {
    let world = World::new().open().start();
    let (person, group) = (world.telegram.person(7), world.telegram.group(-123));
    let seconds = if is_full_run() { 120 } else { 3 };
    for (chat, says) in [(7, person.clone()), (-123, group.member(8))] {
        world.gemini.begins("One ");
        says.says("@testbot count");
        if chat > 0 {
            person.sees_a_draft("One");
        } else {
            group.sees("One", |shown| !shown.is_empty());
        }
        let start = now();
        world.telegram.floods(chat, seconds);
        world.gemini.goes_on("two ");
        world.gemini.goes_on("three.");
        world.gemini.ends("STOP");
        let ban = Duration::from_secs(seconds);
        eventually(PATIENCE + ban, "the whole answer", || {
            let shown = world.telegram.shows(chat);
            shown.iter().any(|one| one.text == "One two three.")
        });
        let waited = now().saturating_sub(start);
        assert!(waited >= ban, "{waited:?}");
        assert_eq!(world.telegram.shows(chat).len(), 1, "once");
    }
    assert_eq!(world.telegram.provoked_429s(), 0);
    world.stop();
}

#[test]
fn a_stopped_draft_ends_the_call_and_the_chat_goes_on() {
    let world = World::new().open().start();
    let person = world.telegram.person(7);
    world.gemini.begins("One ");
    person.says("count");
    let draft = person.sees_a_draft("One");
    assert!(person.stops(draft.id), "it has the button");
    eventually(PATIENCE, "the call is over", || {
        world.gemini.in_flight() == 0
    });
    person.is_answered("still there?");
    assert!(person.drafts().iter().all(|draft| !draft.is_alive));
    world.stop();
}

#[test]
fn the_stop_button_of_a_group_ends_the_call() {
    let world = World::new().open().start();
    let ann = world.telegram.group(-123).member(7);
    world.gemini.begins("One ");
    ann.says("@testbot count");
    let press = ann.presses("Stop");
    ann.is_told(&press);
    eventually(PATIENCE, "the call is over", || {
        world.gemini.in_flight() == 0
    });
    let no_stop = |shown: &[Message]| shown.iter().all(|one| one.button("Stop").is_none());
    ann.sees("no Stop any more", no_stop);
    world.stop();
}

#[test]
fn the_last_part_of_an_answer_has_its_buttons() {
    let world = World::new().owner(7).start();
    let paragraph = "A sentence that fills a line of its own.\n\n".repeat(150);
    let person = world.telegram.person(7);
    for (finish, goes_on) in [("STOP", false), ("MAX_TOKENS", true)] {
        let end = format!("The end of {finish}.");
        world
            .gemini
            .streams_until(&[&paragraph, &end], Duration::ZERO, finish);
        let before = person.shows().len();
        person.says("at length");
        let shown = person.sees(&end, |shown| {
            shown
                .last()
                .is_some_and(|last| last.text.contains(&end) && !last.buttons.is_empty())
        });
        let (last, others) = shown[before..].split_last().unwrap();
        assert!(last.button("Retry").is_some(), "{last:?}");
        assert_eq!(last.button("Continue").is_some(), goes_on, "{last:?}");
        assert!(!others.is_empty() && others.iter().all(|part| part.buttons.is_empty()));
    }
    world.stop();
}

#[test]
fn an_answer_that_fails_while_it_grows_over_an_older_one_gives_it_back() {
    let world = World::new().owner(7).start();
    let person = world.telegram.person(7);
    let answer = person.asks("count");
    world.notes_all();
    world.gemini.begins("Something that must not be said ");
    person.presses("Retry");
    person.sees("the new answer", |shown| {
        shown[0].text.contains("must not be said")
    });
    world.gemini.ends("SAFETY");
    let shown = person.sees("the old answer and an apology", |shown| {
        shown.len() == 2 && shown[0].text == answer
    });
    assert!(shown[1].text.contains("safety filter"), "{shown:#?}");
    world.stop();
}

#[test]
fn an_answer_that_is_taken_back_leaves_the_chat_as_it_was() {
    let world = World::new().owner(7).start();
    let person = world.telegram.person(7);
    let answer = person.asks("count");
    world.notes_all();
    world.gemini.begins("Something else ");
    person.presses("Retry");
    person.sees("the new answer", |shown| shown[0].text.contains("else"));
    person.says("/new");
    person.sees("the old answer", |shown| {
        shown.len() == 2 && shown[0].text == answer
    });
    let group = world.telegram.group(-123);
    world.gemini.begins("Something ");
    group.member(7).says("@testbot count");
    group.sees("the beginning", |shown| !shown.is_empty());
    group.member(7).says("/new@testbot");
    group.sees("nothing of the answer", |shown| {
        shown.len() == 1 && !shown[0].text.contains("Something")
    });
    world.stop();
}

/// The words of a model's markdown that rendering has no reason to change: those of lines without
/// links, formulas, markup or escapes.
fn plain_words(markdown: &str) -> Vec<&str> {
    const CHANGING: [&str; 9] = ["](", "]:", "[^", "$", "\\", "<", "&", "```", "~~~"];
    let plain = |line: &&str| !CHANGING.iter().any(|mark| line.contains(mark));
    let lines = markdown.lines().filter(plain);
    let words = lines.flat_map(|line| line.split(|c: char| !c.is_alphanumeric()));
    words.filter(|word| word.chars().count() > 2).collect()
}

/// Whether the plain words of a markdown text stand in an ink in their order; those of tables, which
/// may be told row by row, and of texts with footnotes, which go to the end, in any.
fn holds_in_order(ink: &str, markdown: &str) -> bool {
    let has_notes = markdown.contains("[^");
    let is_row = |line: &&str| has_notes || line.trim_start().starts_with('|');
    let (rows, lines): (Vec<&str>, Vec<&str>) = markdown.lines().partition(is_row);
    let mut rest = ink;
    let in_order = plain_words(&lines.join("\n")).iter().all(|word| {
        let found = rest.find(word);
        rest = found.map_or("", |at| &rest[at + word.len()..]);
        found.is_some()
    });
    in_order
        && plain_words(&rows.join("\n"))
            .iter()
            .all(|word| ink.contains(word))
}

#[test]
fn a_word_that_is_lost_or_moved_is_noticed() {
    let markdown = "# Head\n\n- **bold**est `code_here`\n- [gone](https://a.b)\n$x$\nend 1234.";
    for (ink, whole) in [
        ("Head•boldestcode_heregonexend1234.", true),
        ("Headboldestcodehereend1234", true),
        ("Headboldestcode_hereend", false),
        ("boldestHeadcode_hereend1234", false),
        ("Headboldestcode_1234end", false),
    ] {
        assert_eq!(holds_in_order(ink, markdown), whole, "{ink}");
    }
}

#[test]
fn every_kind_of_answer_arrives_whole() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/answers");
    let files = fs::read_dir(&folder).expect("a folder of answers");
    let mut answers: Vec<(String, String)> = files
        .map(|file| file.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "md"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy();
            (
                format!("<{name}>"),
                fs::read_to_string(&path).expect("text"),
            )
        })
        .collect();
    answers.sort();
    assert!(answers.len() >= 20, "{} answers", answers.len());
    let world = World::new().open().start();
    for ((name, text), id) in answers.iter().zip(100..) {
        world.gemini.when_asked(name, text);
        world
            .telegram
            .person(id)
            .says(&format!("the answer {name}"));
    }
    for ((name, text), id) in answers.iter().zip(100..) {
        let whole = |shown: &[Message]| !shown.is_empty() && holds_in_order(&ink(shown), text);
        world.telegram.person(id).sees(name, whole);
    }
    for status in [400, 429] {
        let refused = calls(&world, "", status);
        assert!(refused.is_empty(), "{refused:#?}");
    }
    world.stop();
}

/// Everybody in these chats says hello at once and hears one answer.
fn all_say_hello(world: &World, chats: Range<i64>) {
    for id in chats.clone() {
        let person = world.telegram.person(id);
        person.says(&format!("hello from {id}."));
    }
    let answered = |id: i64| {
        let said = world.telegram.said_to(id);
        said.iter()
            .any(|one| one.text.contains(&format!("hello from {id}.")))
    };
    let mut waiting: Vec<i64> = chats.clone().collect();
    eventually(Duration::from_secs(90), "all are answered", || {
        waiting.retain(|&id| !answered(id));
        waiting.is_empty()
    });
    for id in chats {
        assert_eq!(world.telegram.said_to(id).len(), 1, "{id} heard it once");
    }
    let busiest = world.telegram.busiest(Duration::from_secs(1), |_| true);
    let provoked = world.telegram.provoked_429s();
    eprintln!("busiest second: {busiest} calls let in; {provoked} refused");
}

#[test]
fn five_hundred_chats_at_once_stay_inside_thirty_a_second() {
    let world = World::new().open().env("SEND_RATE", "30").start();
    world.telegram.limits_all(30);
    all_say_hello(&world, 1_001..1_501);
    assert_eq!(world.telegram.provoked_429s(), 0);
    world.stop();
}

#[test]
fn who_is_refused_by_several_chats_slows_down_for_all() {
    let world = World::new().open().start();
    world.telegram.limits_all(30);
    all_say_hello(&world, 1_001..1_201);
    let provoked = world.telegram.provoked_429s();
    assert!(provoked <= 60, "{provoked}");
    // A machine that cannot do more than thirty a second is refused by chats of their own mood.
    let mut others = 2_001..;
    eventually(PATIENCE * 2, "the bot goes slower", || {
        let is_slow = world.log().contains("several chats are flooded");
        let three = others.by_ref().take(if is_slow { 0 } else { 3 });
        let three: Vec<Person> = three.map(|id| world.telegram.person(id)).collect();
        for person in &three {
            person.has_flood_control(1);
            person.says("hello");
        }
        for person in &three {
            person.hears_about("hello");
        }
        is_slow
    });
    all_say_hello(&world, 3_001..3_201);
    assert_eq!(world.telegram.provoked_429s(), provoked, "it went too fast");
    world.stop();
}
