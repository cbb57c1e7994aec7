//! Buttons do something for those whom they were made for, while they are there and while the role
//! lasts. Pressed by somebody else, made up, pressed again once they are gone, or after the role was lost,
//! they do nothing, and are answered, or they would spin.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::settings::tests_that_are_there;
use crate::world::telegram::{Message, Person};
use crate::world::{PATIENCE, World, eventually};

/// What buttons ask for here: the name of a command, or the kind of the others.
const HERE: [&str; 22] = [
    "again",
    "alerts",
    "audit",
    "ban",
    "broadcast",
    "continue",
    "deny",
    "example",
    "forget",
    "grant",
    "held",
    "kick",
    "lang",
    "leave",
    "model",
    "persona",
    "retry",
    "revoke",
    "say",
    "unban",
    "users",
    "vary",
];
/// The same, with the test that shows it.
const ELSEWHERE: [(&str, &str); 3] = [
    (
        "keys",
        "a_button_gives_its_command_for_whom_it_was_made_and_the_reply_takes_its_place",
    ),
    ("stop", "only_the_asker_and_the_owner_may_stop_a_turn"),
    (
        "waiting",
        "for_eleven_strangers_there_are_ten_cards_and_one_that_pages",
    ),
];

const GROUP: i64 = -1_000_000_000_050;
/// What somebody is told who presses what was not made for them, or what nobody made.
const NOT_YOURS: &str = "These buttons belong to whoever asked";

/// A button under a message, as its person sees it.
#[derive(Debug, Clone)]
struct Seen {
    chat: i64,
    message: i64,
    data: String,
}

impl Seen {
    /// The name of the command, or the kind of the button.
    fn kind(&self) -> &str {
        let is_a_letter = |c: char| c.is_ascii_lowercase();
        let words = match self.data.split_once('/') {
            Some((_, line)) => line,
            None => &self.data,
        };
        words.split(|c| !is_a_letter(c)).next().unwrap_or_default()
    }

    fn is_command(&self) -> bool {
        self.data.contains('/')
    }
}

/// One button of each kind in these chats.
fn seen(world: &World, chats: &[i64]) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut kinds = BTreeSet::new();
    for chat in chats {
        for message in world.telegram.shows(*chat) {
            for button in message.buttons.iter().filter(|one| !one.data.is_empty()) {
                let one = Seen {
                    chat: *chat,
                    message: message.id,
                    data: button.data.clone(),
                };
                if kinds.insert((*chat, one.kind().to_owned())) {
                    seen.push(one);
                }
            }
        }
    }
    seen
}

fn person_of(world: &World, one: &Seen) -> Person {
    world.telegram.person(one.chat)
}

/// What buttons can ask for, read from the sources: the lines behind buttons, and the other kinds.
fn kinds_in_the_sources() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut kinds = BTreeSet::new();
    for file in fs::read_dir(root.join("app/commands")).unwrap() {
        let path = file.unwrap().path();
        if path.file_name().is_some_and(|name| name == "tests.rs") {
            continue;
        }
        let source = fs::read_to_string(path).unwrap();
        let (code, _) = source.split_once("#[cfg(test)]").unwrap_or((&source, ""));
        for line in code.split("\"/").skip(1) {
            let name: String = line.chars().take_while(char::is_ascii_lowercase).collect();
            kinds.extend((!name.is_empty()).then_some(name));
        }
    }
    let source = fs::read_to_string(root.join("chat/callback.rs")).unwrap();
    let (_, data) = source.split_once("fn data(self)").unwrap();
    let (data, _) = data.split_once("\n    }\n").unwrap();
    for word in data.split('"').skip(1).step_by(2) {
        kinds.extend(word.split(':').next().map(str::to_owned));
    }
    kinds
}

#[test]
fn every_kind_of_button_is_tried() {
    let here = HERE.iter().map(|kind| (*kind).to_owned());
    let elsewhere = ELSEWHERE.iter().map(|(kind, _)| (*kind).to_owned());
    let tried: BTreeSet<String> = here.chain(elsewhere).collect();
    assert_eq!(tried, kinds_in_the_sources());
    for (kind, test) in ELSEWHERE {
        assert!(tests_that_are_there().contains(test), "{kind}");
    }
}

/// Chats with everything that has buttons: those of an Owner 1, and of 7 and 8, who are Normal.
fn with_buttons() -> World {
    let mut world = World::new().env("ACCESS", "approve").prepare();
    let telegram = std::sync::Arc::clone(&world.telegram);
    world.restart();
    let owner = telegram.person(1);
    owner.asks("/status");
    for (id, role) in [(7, "normal"), (8, "normal"), (11, "vip"), (15, "guest")] {
        owner.says(&format!("/grant {id} {role}"));
        owner.hears_about(&format!("{id} is now"));
    }
    // With these there are two pages of what was done.
    for line in ["/ban 14", "/unban 14"].repeat(3) {
        owner.says(line);
        owner.hears_about("banned");
    }
    owner.says("/ban 14");
    owner.hears_about("14 is banned");
    telegram.person(11).is_answered("I take a seat");
    telegram.person(12).asks("let me in");
    owner.hears_about("P12 asks");
    telegram.group(GROUP).takes_in_the_bot(9);
    owner.hears_about("in the group");
    for (line, words) in [
        ("/users 7", "Id: 7"),
        ("/kick", "VIP seats: 1 of 3"),
        ("/audit", "page 1 of 2"),
        ("/alerts", "All is well"),
        ("/broadcast Hear, hear", "It is for:"),
    ] {
        owner.says(line);
        owner.hears_about(words);
    }
    for id in [7, 8] {
        let person = telegram.person(id);
        for (line, words) in [
            ("/start", "Ask me anything"),
            ("/persona", "Persona:"),
            ("/model", "Model:"),
            ("/lang", "I speak"),
            ("/say", "To have something spoken"),
            ("/forget", "Shall I forget"),
            ("How are you?", "echo["),
        ] {
            person.says(line);
            person.hears_about(words);
        }
        person
            .some_time_ago(Duration::from_mins(40))
            .says("an old question");
        telegram
            .person(id)
            .hears_about("I was away when your message came");
    }
    world.notes_all();
    world
}

/// All that anybody has read, and how often the model was asked.
fn everything(world: &World) -> (Vec<Vec<Message>>, usize) {
    let chats = [1, 7, 8, 11, 12, 14, 15, GROUP];
    // The machine of the test may have little space left, of which an Owner is told.
    let is_of_the_machine = |one: &Message| one.text.starts_with("My disk is nearly full");
    let said = chats.map(|chat| {
        let mut shown = world.telegram.shows(chat);
        shown.retain(|one| !is_of_the_machine(one));
        shown
    });
    (said.to_vec(), world.gemini.calls().len())
}

/// Fails with what has changed.
#[track_caller]
fn is_unchanged(world: &World, before: &(Vec<Vec<Message>>, usize)) {
    let now = everything(world);
    let pairs = before
        .0
        .iter()
        .zip(&now.0)
        .filter(|(before, now)| before != now);
    let changed = pairs.flat_map(|(before, now)| now.iter().filter(|one| !before.contains(one)));
    let changed: Vec<&Message> = changed.collect();
    assert!(changed.is_empty(), "{changed:#?}");
    assert_eq!(now.1, before.1, "the model was asked");
}

/// Everything that was pressed is done with.
#[track_caller]
fn is_done_with(world: &mut World) {
    eventually(PATIENCE, "all is confirmed", || world.telegram.is_drained());
    world.terminate();
    assert_eq!(world.telegram.unanswered_presses(), 0, "nothing spins");
}

/// The data with its last letter changed.
fn changed(data: &str) -> String {
    let mut letters: Vec<char> = data.chars().collect();
    if let Some(last) = letters.last_mut() {
        *last = if *last == 'x' { 'y' } else { 'x' };
    }
    letters.into_iter().collect()
}

/// The data under a tag of another first letter.
fn retagged(data: &str) -> String {
    let first = if data.starts_with('0') { "1" } else { "0" };
    format!("{first}{}", &data[1..])
}

/// Buttons of every kind that is tried here.
fn of_every_kind(world: &World) -> Vec<Seen> {
    let mut all = seen(world, &[1, 7, 8]);
    // What an answer of this kind has no button for may be made up.
    let answers: Vec<Seen> = all
        .iter()
        .filter(|one| one.kind() == "retry")
        .cloned()
        .collect();
    for data in ["continue", "again", "vary"] {
        let of_answer = |answer: &Seen| Seen {
            data: data.to_owned(),
            ..answer.clone()
        };
        all.extend(answers.iter().map(of_answer));
    }
    let kinds = all.iter().map(Seen::kind).filter(|kind| *kind != "waiting");
    assert_eq!(kinds.collect::<BTreeSet<&str>>(), BTreeSet::from(HERE));
    all
}

/// Presses buttons that nobody made, and those of others; all are answered.
fn pressed_in_vain(world: &World, all: &[Seen]) {
    let person = |id: i64| -> Person { world.telegram.person(id) };
    let without = |id: i64, data: &str| {
        let shown = world.telegram.shows(id);
        let has_it = |one: &Message| one.buttons.iter().any(|button| button.data == data);
        let mut others = shown.iter().filter(|one| !has_it(one));
        others.next().expect("another message").id
    };
    let mut presses = Vec::new();
    for one in all {
        for data in [changed(&one.data), retagged(&one.data)] {
            // A letter less and it is no command any more.
            let is_command = one.is_command() && data.get(8..9) == Some("/");
            let press = person(one.chat).presses_data(one.message, &data);
            presses.push((one.chat, press, data, is_command));
        }
        for other in [1, 7, 8, 12].into_iter().filter(|id| *id != one.chat) {
            let press = person(other).presses_data(without(other, &one.data), &one.data);
            presses.push((other, press, one.data.clone(), one.is_command()));
        }
    }
    for (id, press, data, is_command) in presses {
        let told = person(id).is_told(&press);
        assert_eq!(told.starts_with(NOT_YOURS), is_command, "{data}: {told}");
    }
}

#[test]
fn no_button_does_anything_for_others_made_up_or_after_the_role_was_lost() {
    let mut world = with_buttons();
    let all = of_every_kind(&world);
    let before = everything(&world);
    pressed_in_vain(&world, &all);
    is_done_with(&mut world);
    is_unchanged(&world, &before);
    world.sets("OWNER_IDS", "99");
    world.restart();
    let now_owner = world.telegram.person(99);
    now_owner.asks("/revoke 7");
    now_owner.asks("/ban 8");
    world
        .telegram
        .person(7)
        .hears_about("has taken the role back");
    world
        .telegram
        .person(8)
        .hears_about("not to answer you any more");
    world.notes_all();
    let before = everything(&world);
    let press = |one: &Seen| person_of(&world, one).presses_data(one.message, &one.data);
    let presses: Vec<String> = all.iter().map(press).collect();
    for (one, press) in all.iter().zip(presses) {
        let told = person_of(&world, one).is_told(&press);
        let is_nothing = told.is_empty() || told.contains("no longer remember");
        assert!(is_nothing, "{one:?}: {told}");
    }
    is_done_with(&mut world);
    is_unchanged(&world, &before);
    world.stop();
}

#[test]
fn a_button_that_is_gone_does_nothing_any_more() {
    let mut world = with_buttons();
    let person = |id: i64| -> Person { world.telegram.person(id) };
    // What is pressed first takes the other away.
    for (id, words, first, other) in [
        (1, "P12 asks", "Deny", ""),
        (1, "Id: 7", "Everybody", "Ban"),
        (1, "VIP seats: 1 of 3", "Free the seat", ""),
        (1, "It is for:", "Cancel", "Send it"),
        (7, "Shall I forget", "Keep it", "Forget it all"),
    ] {
        let shown = world.telegram.shows(id);
        let message = shown.iter().find(|one| one.text.contains(words)).unwrap();
        let data = message
            .button(if other.is_empty() { first } else { other })
            .unwrap()
            .data
            .clone();
        person(id).presses_on(message.id, first);
        let is_changed = |shown: &[Message]| {
            shown
                .iter()
                .any(|one| one.id == message.id && one.text != message.text)
        };
        person(id).sees("that it was done", is_changed);
        world.notes_all();
        let before = everything(&world);
        let press = person(id).presses_data(message.id, &data);
        assert_eq!(person(id).is_told(&press), "", "{words}");
        person(15).asks("/status");
        assert_eq!(everything(&world).0[..4], before.0[..4], "{words}");
    }
    let before = everything(&world);
    is_done_with(&mut world);
    is_unchanged(&world, &before);
    world.stop();
}

#[test]
fn what_is_pressed_while_the_bot_is_away_for_long_is_not_done() {
    let mut world = with_buttons();
    world.terminate();
    let before = everything(&world);
    let all = seen(&world, &[1, 7]);
    let press_all = |world: &World| -> Vec<(i64, String)> {
        let press = |one: &Seen| {
            let person = world.telegram.person(one.chat);
            (one.chat, person.presses_data(one.message, &one.data))
        };
        all.iter().map(press).collect()
    };
    let presses = press_all(&world);
    world.moves_on(Duration::from_mins(31));
    world.restart();
    for (id, press) in presses {
        let told = world.telegram.person(id).is_told(&press);
        assert!(told.starts_with("I was away when you pressed"), "{told}");
    }
    is_done_with(&mut world);
    is_unchanged(&world, &before);
    // Away for a moment it misses nothing, and once it is back all is as it was.
    let ban = all.iter().find(|one| one.kind() == "ban").unwrap();
    let owner = world.telegram.person(1);
    let press = owner.presses_data(ban.message, &ban.data);
    world.restart();
    assert_eq!(owner.is_told(&press), "");
    owner.sees("that somebody is banned", |shown| {
        shown
            .iter()
            .any(|one| one.id == ban.message && one.text.contains("is banned"))
    });
    world.stop();
}
