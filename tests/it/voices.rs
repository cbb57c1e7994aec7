//! Speech: `/say`, and answers that are spoken as well. What is sent is decoded by a decoder that has
//! nothing to do with what encoded it.

use std::io::Cursor;

use ogg::PacketReader;
use opus_decoder::OpusDecoder;

use crate::world::gemini::Fault;
use crate::world::telegram::{ALWAYS, Message, Person};
use crate::world::{PATIENCE, World, eventually};

/// Seconds of sound in a voice message; it holds a tone, and no silence.
#[track_caller]
fn seconds_of(message: &Message) -> f64 {
    let file = message
        .file
        .as_ref()
        .unwrap_or_else(|| panic!("no voice: {message:?}"));
    assert_eq!((file.kind, file.name.as_str()), ("voice", "voice.ogg"));
    let mut packets = PacketReader::new(Cursor::new(&file.bytes));
    for header in ["OpusHead", "OpusTags"] {
        let packet = packets.read_packet_expected().expect("a header");
        assert!(packet.data.starts_with(header.as_bytes()));
    }
    let mut decoder = OpusDecoder::new(48_000, 1).expect("a decoder");
    let (mut samples, mut loudness) = (0.0, 0.0);
    while let Some(packet) = packets.read_packet().expect("a packet") {
        let mut pcm = vec![0; 5760];
        let count = decoder
            .decode(&packet.data, &mut pcm, false)
            .expect("sound");
        samples += f64::from(u32::try_from(count).expect("a frame"));
        let power = pcm[..count].iter().map(|sample| f64::from(*sample).powi(2));
        loudness += power.sum::<f64>();
    }
    assert!((loudness / samples).sqrt() > 3_000.0, "it is silent");
    samples / 48_000.0
}

/// The next message that is a file.
#[track_caller]
fn hears_a_voice(person: &Person) -> Message {
    let shown = person.sees("a voice", |shown| {
        shown.last().is_some_and(|last| last.file.is_some())
    });
    shown.into_iter().next_back().expect("a voice")
}

#[test]
fn a_text_is_spoken_and_so_is_a_message_that_is_replied_to() {
    let world = World::new().start();
    let owner = world.telegram.person(1);
    owner.says("/say Good **morning**, everybody, and a very good day to you.");
    let voice = owner.hears();
    let seconds = seconds_of(&voice);
    assert!((3.9..4.3).contains(&seconds), "{seconds}");
    let call = world.gemini.calls().pop().expect("a call");
    assert_eq!(call.model, "gemini-3.8-flash-lite-tts");
    assert_eq!(
        call.question(),
        "Good morning, everybody, and a very good day to you."
    );
    owner.says("hello");
    let answer = owner.hears();
    world.notes_all();
    owner.replies(answer.id, "/say");
    seconds_of(&hears_a_voice(&owner));
    let call = world.gemini.calls().pop().expect("a call");
    assert_eq!(call.question(), answer.text);
    eventually(PATIENCE, "no file is left", || world.spooled() == 0);
    world.stop();
}

#[test]
fn with_the_switch_on_answers_are_spoken_as_well_over_a_crash() {
    let mut world = World::new().start();
    let owner = world.telegram.person(1);
    owner.says("/say on");
    assert!(owner.hears().text.contains("text and as a voice message"));
    world.notes_all();
    world.kill();
    world.restart();
    world
        .gemini
        .when_asked("hello", "Hello, _you_!\n\n```\ncode\n```");
    owner.says("hello");
    let text = owner.hears();
    assert!(text.text.starts_with("Hello, you!"), "{}", text.text);
    let voice = hears_a_voice(&owner);
    seconds_of(&voice);
    let call = world.gemini.calls().pop().expect("a call");
    assert_eq!(call.question(), "Hello, you!");
    assert!(!voice.buttons.is_empty() && text.buttons.is_empty());
    owner.says("/say");
    let shown = owner.hears_about("voice message");
    owner.presses_on(shown.id, "Text only");
    owner.sees("it is off", |shown| {
        shown
            .iter()
            .any(|one| one.text.starts_with("My answers to you come as text."))
    });
    let before = world.gemini.calls().len();
    owner.is_answered("and now?");
    assert_eq!(world.gemini.calls().len(), before + 1);
    world.stop();
}

#[test]
fn an_answer_that_cannot_be_spoken_comes_as_text_and_says_so() {
    let world = World::new().start();
    let owner = world.telegram.person(1);
    owner.says("/say on");
    owner.hears();
    for model in ["gemini-3.8-flash-lite-tts", "gemini-3.8-flash-tts"] {
        world.gemini.model(model).answers(Fault::ZERO_QUOTA);
    }
    owner.says("hello");
    let heard = owner.hears().text;
    assert!(
        heard.contains("hello") && heard.contains("couldn't speak"),
        "{heard}"
    );
    world.stop();
}

#[test]
fn who_takes_no_voice_messages_gets_a_file() {
    let world = World::new().start();
    let owner = world.telegram.person(1);
    owner.refuses(
        ("sendVoice", ALWAYS),
        (400, "Bad Request: VOICE_MESSAGES_FORBIDDEN"),
    );
    owner.says("/say Good morning.");
    let heard = owner.hears();
    assert_eq!(heard.file.expect("a file").kind, "document");
    world.stop();
}

#[test]
fn a_long_text_is_spoken_in_pieces_up_to_a_bound() {
    let world = World::new().start();
    let owner = world.telegram.person(1);
    let text = "This is one of very many sentences. ".repeat(105);
    owner.says(&format!("/say {text}"));
    seconds_of(&owner.hears());
    let pieces = world.gemini.calls();
    assert!(pieces.len() == 2, "{}", pieces.len());
    assert!(
        pieces
            .iter()
            .all(|call| call.question().ends_with("sentences."))
    );
    world.stop();
}
