use std::collections::BTreeSet;

use super::*;
use crate::chat::command::Who;
use crate::locale::Language;
use crate::locale::commands::Text;

const LANGUAGES: [Language; 2] = [Language::En, Language::Zh];

/// What each family declares to say.
const TEXTS: &[&[Text]] = &[
    conversation::TEXTS,
    making::TEXTS,
    ask::TEXTS,
    preferences::TEXTS,
    persona::TEXTS,
    remind::TEXTS,
    stats::TEXTS,
    privacy::TEXTS,
    export::TEXTS,
    about::TEXTS,
    people::TEXTS,
    seats::TEXTS,
    keys::TEXTS,
    broadcast::TEXTS,
    alerts::TEXTS,
    users::TEXTS,
    card::TEXTS,
    who::TEXTS,
    claim::TEXTS,
    knocks::TEXTS,
    audit::TEXTS,
];

fn entries() -> impl Iterator<Item = &'static Entry> {
    FAMILIES.iter().copied().flatten()
}

fn typed(text: &str) -> Command {
    Command::parse(text).unwrap()
}

#[test]
fn every_sentence_of_a_command_is_in_both_languages_and_no_other() {
    let helps = entries().map(|entry| format!("{}.help", entry.name()));
    let helps: BTreeSet<_> = helps.collect();
    let declared = TEXTS.iter().copied().flatten().map(|text| text.path());
    let declared: BTreeSet<_> = declared.collect();
    for language in LANGUAGES {
        let paths = Locale::of(language).command_paths();
        let said: BTreeSet<_> = paths.filter(|path| !helps.contains(*path)).collect();
        assert_eq!(said, declared, "{language:?}");
    }
}

/// Bot API, `BotCommand`: a name of 1 to 32 lower-case letters, digits and underscores, and a
/// description of 1 to 256 characters.
#[test]
fn every_line_of_help_makes_a_menu() {
    for (entry, language) in entries().flat_map(|entry| LANGUAGES.map(|one| (entry, one))) {
        let name = entry.name();
        assert_eq!(typed(&format!("/{name}")).name, name);
        let Some(help) = Locale::of(language).command_help(name) else {
            assert!(["start", "claim"].contains(&name), "{name} is not told of");
            continue;
        };
        for line in help.lines() {
            let (form, description) = line.split_once(" – ").unwrap();
            assert_eq!(typed(form).name, name, "{line:?}");
            assert!((1..=256).contains(&description.chars().count()), "{line:?}");
        }
    }
}

#[test]
fn every_name_means_one_command() {
    let names: Vec<_> = entries().flat_map(|entry| entry.names).collect();
    let distinct: BTreeSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len());
    for (text, name) in [
        ("/new", Some("new")),
        ("/reset", Some("new")),
        ("/Clear", Some("new")),
        ("/stop@bot", Some("stop")),
        ("/KEYS@bot  Retest ", Some("keys")),
        ("/foo bar", None),
        ("/unknown", None),
    ] {
        assert_eq!(find(&typed(text)).map(Entry::name), name, "{text}");
    }
}

#[test]
fn only_the_owner_may_ask_for_people_and_keys() {
    for (text, who) in [
        ("/grant 1 vip", Some(Who::Owner)),
        ("/revoke 1", Some(Who::Owner)),
        ("/keys", Some(Who::Owner)),
        ("/keys retest", Some(Who::Owner)),
        ("/broadcast hello", Some(Who::Owner)),
        ("/alerts off", Some(Who::Owner)),
        ("/status", Some(Who::Everybody)),
        ("/help", Some(Who::Everybody)),
        ("/nonsense", None),
    ] {
        assert_eq!(rights(&typed(text)).map(|rights| rights.who), who, "{text}");
    }
    let owners = entries().filter(|entry| entry.rights.who == Who::Owner);
    for entry in owners {
        assert!(
            !entry.rights.places.contains(&Place::Group),
            "{}",
            entry.name()
        );
    }
}

#[test]
fn what_is_not_permitted_is_not_run_whoever_let_it_in() {
    let places = [Place::Private, Place::Group, Place::Terminal];
    for (text, of_a_guest, of_the_owner) in [
        ("/new", [true, true, true], [true, true, true]),
        ("/help", [true, true, false], [true, true, false]),
        ("/grant 1 vip", [false; 3], [true, false, false]),
        ("/keys", [false; 3], [true, false, true]),
        ("/broadcast hello", [false; 3], [true, false, false]),
        ("/alerts", [false; 3], [true, false, false]),
        ("/nonsense", [false; 3], [false; 3]),
    ] {
        for (role, expected) in [(Role::Guest, of_a_guest), (Role::Owner, of_the_owner)] {
            let may = places.map(|place| permitted(&typed(text), role, place).is_some());
            assert_eq!(may, expected, "{text} {role:?}");
        }
    }
}

#[test]
fn a_command_ends_what_its_lane_asked_or_leaves_it_alone() {
    for (text, end) in [
        ("/new", Some(Request::Discarded)),
        ("/reset", Some(Request::Discarded)),
        ("/stop", Some(Request::Stopped)),
        ("/status", None),
        ("/nonsense", None),
    ] {
        let ended = ends(&typed(text), Role::Guest, Place::Private);
        assert_eq!(ended, end, "{text}");
    }
}

#[test]
fn a_link_gives_a_command_that_works_in_private_only_and_changes_nothing() {
    for (text, of_a_guest, of_the_owner) in [
        ("/start", None, None),
        ("/start hello", None, None),
        ("/start new", None, None),
        ("/start keys", None, Some("/keys")),
        ("/start grant_7", None, Some("/grant")),
        ("/start leave_7", None, Some("/leave")),
        (
            "/start claim_k7m2",
            Some("/claim k7m2"),
            Some("/claim k7m2"),
        ),
    ] {
        for (role, expected) in [(Role::Guest, of_a_guest), (Role::Owner, of_the_owner)] {
            let given = linked(&typed(text), role, ChatKind::Private);
            assert_eq!(given, expected.map(typed), "{text} {role:?}");
            assert_eq!(linked(&typed(text), role, ChatKind::Group), None);
        }
    }
}
