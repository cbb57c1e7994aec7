//! Who may give which command where, and what everybody else gets of it (design §3): every command, by
//! every name, as each role, as a stranger and as somebody who is banned, in private and in a group. The
//! table is written from the design, and a command that it lacks fails the test.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::world::gemini::key_text;
use crate::world::telegram::{Message, Person};
use crate::world::{PATIENCE, World, eventually};

mod buttons;

/// Whom a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    Everybody,
    /// It is about whoever gives it, and works in private only.
    EverybodyInPrivate,
    /// In private only.
    Owner,
}

/// Every name of every command: whom it is for, what is typed after it (`{}`: somebody whom nobody
/// knows), and words of what whoever may give it is told; in a group, or a guest, perhaps the second.
const COMMANDS: &[(&str, For, &str, &[&str])] = &[
    (
        "start",
        For::Everybody,
        "",
        &["Ask me anything", "Mention me"],
    ),
    ("help", For::Everybody, "", &["Just write to me"]),
    ("new", For::Everybody, "", &["A new conversation"]),
    ("reset", For::Everybody, "", &["A new conversation"]),
    ("clear", For::Everybody, "", &["A new conversation"]),
    ("stop", For::Everybody, "", &["nothing to stop"]),
    ("status", For::Everybody, "", &["Your role: "]),
    ("model", For::Everybody, "", &["Model: ", "small model"]),
    ("persona", For::Everybody, "", &["Persona: "]),
    ("lang", For::Everybody, "", &["I speak the language"]),
    ("language", For::Everybody, "", &["I speak the language"]),
    (
        "stats",
        For::Everybody,
        "",
        &["What you have used", "What everybody has used"],
    ),
    (
        "imagine",
        For::Everybody,
        "",
        &[
            "Tell me what to draw",
            "I can't draw pictures here",
            "I can't draw pictures yet",
        ],
    ),
    (
        "say",
        For::Everybody,
        "",
        &["To have something spoken", "I can't speak right now"],
    ),
    ("privacy", For::Everybody, "", &["/export gives you"]),
    ("search", For::Everybody, "", &["What shall I look up"]),
    ("code", For::Everybody, "", &["What shall the program do"]),
    ("remind", For::Everybody, "", &["You have no reminders"]),
    ("reminders", For::Everybody, "", &["You have no reminders"]),
    (
        "export",
        For::EverybodyInPrivate,
        "",
        &[
            "I keep no questions of yours",
            "Others are getting theirs right now",
        ],
    ),
    (
        "forget",
        For::EverybodyInPrivate,
        "",
        &["Shall I forget everything"],
    ),
    (
        "claim",
        For::EverybodyInPrivate,
        "",
        &["has an owner already", "is yours already"],
    ),
    ("grant", For::Owner, "{} vip", &["{} is now VIP"]),
    ("revoke", For::Owner, "{}", &["{} had no role"]),
    ("ban", For::Owner, "{}", &["{} is banned"]),
    ("unban", For::Owner, "{}", &["{} wasn't banned"]),
    ("kick", For::Owner, "{}", &["{} has no VIP seat"]),
    ("deny", For::Owner, "{}", &["I don't know anybody"]),
    ("leave", For::Owner, "-{}", &["I don't know a group"]),
    (
        "waiting",
        For::Owner,
        "",
        &["asks to be let in", "Nobody is waiting"],
    ),
    ("users", For::Owner, "", &["here, newest first"]),
    ("audit", For::Owner, "", &["What was done, newest first"]),
    ("keys", For::Owner, "", &["available"]),
    ("alerts", For::Owner, "", &["All is well", "(for "]),
    ("broadcast", For::Owner, "Hear, hear", &["It is for:"]),
];

/// Who gives a command; each command is given by people of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Giver {
    Owner,
    Vip,
    Premium,
    Normal,
    Guest,
    Stranger,
    Banned,
}

impl Giver {
    const ALL: [Self; 7] = [
        Self::Owner,
        Self::Vip,
        Self::Premium,
        Self::Normal,
        Self::Guest,
        Self::Stranger,
        Self::Banned,
    ];

    /// What an Owner has to say to make somebody that.
    fn made_by(self, id: i64) -> Option<String> {
        match self {
            Self::Owner | Self::Stranger => None,
            Self::Vip => Some(format!("/grant {id} vip")),
            Self::Premium => Some(format!("/grant {id} premium")),
            Self::Normal => Some(format!("/grant {id} normal")),
            Self::Guest => Some(format!("/grant {id} guest")),
            Self::Banned => Some(format!("/ban {id}")),
        }
    }

    /// Of the people of a command.
    fn id(self, command: usize) -> i64 {
        let command = i64::try_from(command).unwrap();
        11_000 + 10 * command + self as i64
    }

    /// Whom this giver means with a command about somebody.
    fn means(self, command: usize) -> i64 {
        self.id(command) + 880_000
    }
}

/// What becomes of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Answered,
    /// It leads to the private chat.
    InPrivate,
    OwnersOnly,
    /// They ask to be let in, and hear it.
    Knocks,
    Silence,
}

impl Fate {
    /// In private with the bot, which strangers ask to be let in to.
    fn in_private(giver: Giver, whom: For) -> Self {
        match (giver, whom) {
            (Giver::Banned, _) | (Giver::Stranger, For::Owner) => Self::Silence,
            (Giver::Stranger, For::Everybody | For::EverybodyInPrivate) => Self::Knocks,
            (Giver::Owner, _) | (_, For::Everybody | For::EverybodyInPrivate) => Self::Answered,
            (_, For::Owner) => Self::OwnersOnly,
        }
    }

    /// In a group that was let in, whose role its members have.
    fn in_group(giver: Giver, whom: For) -> Self {
        match (giver, whom) {
            (Giver::Banned, _) | (Giver::Stranger, For::Owner) => Self::Silence,
            (_, For::Everybody) => Self::Answered,
            (_, For::EverybodyInPrivate) | (Giver::Owner, For::Owner) => Self::InPrivate,
            (_, For::Owner) => Self::OwnersOnly,
        }
    }

    /// Words of what is said then, or other words.
    fn words(self, command: usize, giver: Giver) -> Vec<String> {
        let means = giver.means(command).to_string();
        let says = COMMANDS[command].3.iter();
        match self {
            Self::Answered => says.map(|words| words.replace("{}", &means)).collect(),
            Self::InPrivate => vec!["I do that in private only".to_owned()],
            Self::OwnersOnly => vec!["That command is for the bot's owner".to_owned()],
            Self::Knocks => vec!["I've asked the owner".to_owned()],
            Self::Silence => Vec::new(),
        }
    }
}

/// The names under which `app::commands` has commands, read from its sources.
pub(crate) fn names_in_the_sources() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/app/commands");
    let mut names = BTreeSet::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let source = fs::read_to_string(path).unwrap();
        for list in source.split("names: &[").skip(1) {
            let (list, _) = list.split_once(']').unwrap();
            names.extend(list.split('"').skip(1).step_by(2).map(str::to_owned));
        }
    }
    names
}

#[test]
fn the_table_has_every_command_by_every_name() {
    let table: BTreeSet<String> = COMMANDS.iter().map(|row| row.0.to_owned()).collect();
    assert_eq!(table, names_in_the_sources());
    assert_eq!(table.len(), COMMANDS.len());
}

/// A bot with an Owner for each command, so that no chat has more to hear than Telegram lets it.
fn with_owners() -> World {
    let owners = (0..COMMANDS.len()).map(|command| Giver::Owner.id(command).to_string());
    let owners: Vec<String> = owners.collect();
    World::new()
        .env("OWNER_IDS", &owners.join(","))
        .env("ACCESS", "approve")
        .start()
}

/// The group in which a command is given.
fn group_of(command: usize) -> i64 {
    -Giver::Owner.id(command)
}

/// What somebody types who gives a command.
fn typed(giver: Giver, command: usize, bot: &str) -> String {
    let (name, _, after, _) = COMMANDS[command];
    let after = after.replace("{}", &giver.means(command).to_string());
    format!("/{name}{bot} {after}").trim_end().to_owned()
}

/// Every command with every giver.
fn all() -> impl Iterator<Item = (usize, Giver)> {
    let commands = 0..COMMANDS.len();
    commands.flat_map(|command| Giver::ALL.map(|giver| (command, giver)))
}

/// Waits until a chat shows something of these words, as a reply to this message where one is named.
#[track_caller]
fn shows(world: &World, chat: i64, to: Option<i64>, words: &[String]) {
    let is_it = |message: &Message| {
        let is_said = words.iter().any(|words| message.text.contains(words));
        is_said && (to.is_none() || message.reply_to == to)
    };
    eventually(PATIENCE, &format!("{words:?} in {chat}"), || {
        world.telegram.shows(chat).iter().any(is_it)
    });
}

/// Strangers are strangers, and the Owners make all others what they are, and let the groups in.
fn all_become_what_they_are(world: &World) {
    let person = |giver: Giver, command| world.telegram.person(giver.id(command));
    // Before an Owner was here, so that there are no cards between what the Owners are told.
    for command in 0..COMMANDS.len() {
        let giver = Giver::Stranger;
        person(giver, command).says(&typed(giver, command, ""));
    }
    for (command, giver) in all() {
        let made = giver.made_by(giver.id(command));
        made.map(|line| person(Giver::Owner, command).says(&line));
    }
    for command in 0..COMMANDS.len() {
        let owner = person(Giver::Owner, command);
        owner.says(&format!("/grant {} normal", group_of(command)));
    }
    for command in 0..COMMANDS.len() {
        let id = |giver: Giver| giver.id(command);
        for words in [
            format!("{} is now VIP", id(Giver::Vip)),
            format!("{} is now Premium", id(Giver::Premium)),
            format!("{} is now Normal", id(Giver::Normal)),
            format!("{} is now Guest", id(Giver::Guest)),
            format!("{} is banned", id(Giver::Banned)),
            format!("{} is now Normal", group_of(command)),
        ] {
            shows(world, id(Giver::Owner), None, &[words]);
        }
    }
}

/// What was said in groups, by command and giver.
type Given = BTreeMap<(usize, Giver), i64>;

/// Everybody gives every command in private, unless they did, and in a group.
fn all_give_their_commands(world: &World) -> Given {
    let mut given = BTreeMap::new();
    for (command, giver) in all() {
        let id = giver.id(command);
        if giver != Giver::Stranger {
            world.telegram.person(id).says(&typed(giver, command, ""));
        }
        let member = world.telegram.group(group_of(command)).member(id);
        let message = member.says(&typed(giver, command, "@testbot"));
        given.insert((command, giver), message);
    }
    given
}

/// Waits until whoever is to be told something is.
fn all_are_told(world: &World, given: &Given) {
    for (command, giver) in all() {
        let whom = COMMANDS[command].1;
        let fate = Fate::in_private(giver, whom);
        if fate != Fate::Silence {
            let words = fate.words(command, giver);
            shows(world, giver.id(command), None, &words);
        }
        let fate = Fate::in_group(giver, whom);
        if fate != Fate::Silence {
            let message = given[&(command, giver)];
            let words = fate.words(command, giver);
            shows(world, group_of(command), Some(message), &words);
        }
    }
}

/// Nobody else was told anything.
fn nobody_else_is(world: &World, given: &Given) {
    for (command, giver) in all() {
        let (name, whom, ..) = COMMANDS[command];
        if Fate::in_private(giver, whom) == Fate::Silence {
            let said = world.telegram.said_to(giver.id(command));
            assert!(said.is_empty(), "/{name} by {giver:?}: {said:?}");
        }
        if Fate::in_group(giver, whom) == Fate::Silence {
            let mut said = world.telegram.said_to(group_of(command));
            said.retain(|message| message.reply_to == Some(given[&(command, giver)]));
            assert!(said.is_empty(), "/{name} by {giver:?} in a group: {said:?}");
        }
    }
}

#[test]
fn each_command_is_for_whom_the_design_has_it_in_private_and_in_a_group() {
    let mut world = with_owners();
    all_become_what_they_are(&world);
    let given = all_give_their_commands(&world);
    all_are_told(&world, &given);
    nothing_was_done(&world);
    world.terminate();
    nobody_else_is(&world, &given);
    groups_have_read_nothing(&world);
    world.stop();
}

#[test]
fn what_an_owner_commands_while_the_bot_is_away_for_long_is_not_done() {
    let mut world = World::new().env("ACCESS", "approve").prepare();
    let telegram = std::sync::Arc::clone(&world.telegram);
    let owner = telegram.person(1);
    let long_ago = owner.clone().some_time_ago(Duration::from_mins(31));
    for line in [
        "/grant 7 vip",
        "/ban 8",
        "/alerts off",
        "/broadcast Hear, hear",
        "/keys",
    ] {
        long_ago.says(line);
    }
    world.restart();
    assert!(owner.hears().text.contains("left it undone"));
    assert!(owner.asks("/audit").contains("Nothing was done"));
    for id in [7, 8] {
        let card = owner.asks(&format!("/users {id}"));
        assert!(card.contains("No role"), "{card}");
    }
    assert_eq!(owner.shows().len(), 4, "one sentence for all of them");
    world.stop();
}

/// Nobody got a role, a ban or a text because of somebody who is no Owner.
fn nothing_was_done(world: &World) {
    for (command, giver) in all() {
        let (name, ..) = COMMANDS[command];
        if giver != Giver::Owner && matches!(name, "grant" | "ban") {
            let owner: Person = world.telegram.person(Giver::Owner.id(giver as usize));
            let whom = giver.means(command);
            owner.says(&format!("/users {whom}"));
            let card = owner.hears_about(&format!("Id: {whom}")).text;
            assert!(card.contains("No role"), "/{name} by {giver:?}: {card}");
        }
    }
    for (command, giver) in all() {
        let said = world.telegram.said_to(giver.id(command));
        let heard = said.iter().filter(|it| it.text.contains("Hear, hear"));
        let is_preview = giver == Giver::Owner && COMMANDS[command].0 == "broadcast";
        assert_eq!(heard.count(), usize::from(is_preview), "{giver:?}");
    }
}

/// No name, id, key or file is in any group, whoever gave whatever there.
fn groups_have_read_nothing(world: &World) {
    let key = key_text("k1");
    let secrets = [
        &key[key.len() - 4..],
        "K1",
        "…",
        "Id: ",
        "redb",
        "/data",
        "Keys: ",
        "VIP seats",
    ];
    for command in 0..COMMANDS.len() {
        for message in world.telegram.said_to(group_of(command)) {
            let labels = message.buttons.iter().map(|button| button.label.as_str());
            let text = labels.fold(message.text.clone(), |text, label| text + " " + label);
            assert!(message.file.is_none(), "{message:?}");
            let leak = secrets.iter().find(|secret| text.contains(**secret));
            assert_eq!(leak, None, "{text}");
            for (_, giver) in all() {
                for id in [giver.id(command), giver.means(command)] {
                    assert!(!text.contains(&id.to_string()), "{text}");
                }
            }
        }
    }
}
