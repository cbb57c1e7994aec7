//! `/persona`: how the bot is with a person, by one of the shipped or shared personas or in their own
//! words. The Owner adds shared ones and takes them away.

use log::{error, info};

use super::entry::{EVERYBODY_IN_CHATS, Entry, Given, Reply};
use super::preferences::{AUTOMATIC, change, giver, is_one_of, marked};
use crate::chat::answer::Failure;
use crate::chat::{Button, ChatKind, Language, Role};
use crate::locale::Locale;
use crate::locale::commands::texts;
use crate::people::audit::Deed;
use crate::people::personas::{self, LONGEST_NAME, MOST_SHARED, SHIPPED};
use crate::people::preferences::{ChosenPersona, LONGEST_PERSONA, SharedPersona};
use crate::store::Read;

pub(super) const COMMANDS: &[Entry] = &[Entry {
    names: &["persona"],
    rights: EVERYBODY_IN_CHATS,
    ends: None,
    run: |given| Box::pin(persona(given)),
}];

texts! {
    "persona" {
        NOW = "now",
        OWN_NOW = "own_now",
        OWN_IN_GROUP = "own_in_group",
        HINT = "hint",
        HINT_OWNER = "hint_owner",
        UNKNOWN = "unknown",
        OWN_USAGE = "own_usage",
        TOO_LONG = "too_long",
        ADDED = "added",
        REMOVED = "removed",
        NOT_THERE = "not_there",
        BAD_NAME = "bad_name",
        FULL = "full",
        ADD_USAGE = "add_usage",
        LABEL_USUAL = "usual",
    }
}

/// What `/persona …` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Request {
    /// To see what there is.
    List,
    /// The bot as it is by itself.
    Usual,
    /// This text.
    Own(String),
    /// The one of this name.
    Named(String),
    /// The Owner shares one.
    Add(SharedPersona),
    /// The Owner takes a shared one away.
    Remove(String),
}

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mistake {
    OwnUsage,
    AddUsage,
    TooLong { characters: usize },
    BadName,
}

fn parse(arguments: &str, role: Role) -> Result<Request, Mistake> {
    let (word, rest) = arguments
        .split_once(char::is_whitespace)
        .map_or((arguments, ""), |(word, rest)| (word, rest.trim()));
    let is_owner = role == Role::Owner;
    if arguments.is_empty() {
        Ok(Request::List)
    } else if is_one_of(word, &["own", "自定"]) {
        match text(rest)? {
            "" => Err(Mistake::OwnUsage),
            text => Ok(Request::Own(text.to_owned())),
        }
    } else if is_owner && is_one_of(word, &["add", "添加"]) {
        let (name, words) = rest
            .split_once(char::is_whitespace)
            .ok_or(Mistake::AddUsage)?;
        let is_taken = personas::shipped(name).is_some() || is_label(name) || is_word_of_ours(name);
        if is_taken || name.len() > LONGEST_NAME {
            return Err(Mistake::BadName);
        }
        Ok(Request::Add(SharedPersona {
            name: name.to_owned(),
            text: text(words.trim())?.to_owned(),
        }))
    } else if is_owner && is_one_of(word, &["remove", "删除"]) {
        match rest {
            "" => Err(Mistake::AddUsage),
            name => Ok(Request::Remove(name.to_owned())),
        }
    } else if is_one_of(arguments, &AUTOMATIC) || is_one_of(arguments, &["usual", "默认"]) {
        Ok(Request::Usual)
    } else {
        Ok(Request::Named(arguments.to_owned()))
    }
}

fn text(words: &str) -> Result<&str, Mistake> {
    match words.chars().count() {
        characters if characters > LONGEST_PERSONA => Err(Mistake::TooLong { characters }),
        _ => Ok(words),
    }
}

/// Whether a shipped persona is called so in any language.
fn is_label(name: &str) -> bool {
    let is_so_called = |locale: &Locale| {
        let mut labels = SHIPPED.iter().map(|persona| locale.persona(persona.name));
        labels.any(|label| is_one_of(name, &[label]))
    };
    Language::ALL.into_iter().map(Locale::of).any(is_so_called)
}

/// Words that stand for something else behind the command.
fn is_word_of_ours(name: &str) -> bool {
    let words = [
        "own", "自定", "add", "添加", "remove", "删除", "usual", "默认",
    ];
    is_one_of(name, &words) || is_one_of(name, &AUTOMATIC)
}

/// What is known when the command is given.
struct Known {
    chosen: Option<ChosenPersona>,
    shared: Vec<SharedPersona>,
}

async fn persona(given: Given<'_>) -> Reply {
    let locale = given.locale;
    let request = match parse(&given.command.arguments, given.role) {
        Ok(request) => request,
        Err(mistake) => return Reply::say(told_of(locale, mistake)),
    };
    let shared = given.engine.store.read(Read::shared_personas).await;
    let (Some((user, person)), Ok(shared)) = (giver(&given).await, shared) else {
        error!("personas not read");
        return Reply::say(locale.failure(Failure::Unexplained));
    };
    let mut known = Known {
        chosen: person.preferences.persona,
        shared,
    };
    let chosen = match request {
        Request::List => return list(&given, &known),
        Request::Add(persona) => return add(&given, &known, persona),
        Request::Remove(name) => return remove(&given, &known, &name),
        Request::Usual => None,
        Request::Own(text) => Some(ChosenPersona::Own(text)),
        Request::Named(name) => {
            let Some(name) = name_of(locale, &known.shared, &name) else {
                let typed: String = name.chars().take(32).collect();
                let said = locale.command(UNKNOWN, &[("given", &typed)]);
                return Reply::say(said).with_buttons(choices(&given, &known));
            };
            Some(ChosenPersona::Named(name))
        }
    };
    known.chosen.clone_from(&chosen);
    list(&given, &known).with_effect(move |store| {
        let chosen = chosen.clone();
        change(store, user, |preferences| preferences.persona = chosen)?;
        Ok(Vec::new())
    })
}

/// The name under which a persona is kept, by that name or its label.
fn name_of(locale: &Locale, all: &[SharedPersona], typed: &str) -> Option<String> {
    let by_label = || {
        let mut shipped = SHIPPED.iter();
        shipped.find(|persona| is_one_of(typed, &[locale.persona(persona.name)]))
    };
    if let Some(shipped) = personas::shipped(typed).or_else(|| by_label().copied()) {
        return Some(shipped.name.to_owned());
    }
    personas::shared(all, typed).map(|persona| persona.name.clone())
}

/// Which one holds, and a button for each.
fn list(given: &Given<'_>, known: &Known) -> Reply {
    let locale = given.locale;
    let usual = || locale.command(LABEL_USUAL, &[]);
    let is_shared = given.lane.kind() == ChatKind::Group;
    let now = match &known.chosen {
        // What somebody wrote for themselves is not for a group to read.
        Some(ChosenPersona::Own(_)) if is_shared => locale.command(OWN_IN_GROUP, &[]),
        Some(ChosenPersona::Own(text)) => locale.command(OWN_NOW, &[("text", text)]),
        Some(chosen @ ChosenPersona::Named(name))
            if personas::text_of(chosen, &known.shared).is_some() =>
        {
            locale.command(NOW, &[("persona", label(locale, name))])
        }
        Some(ChosenPersona::Named(_)) | None => locale.command(NOW, &[("persona", &usual())]),
    };
    let mut said = format!("{now}\n\n{}", locale.command(HINT, &[]));
    if given.role == Role::Owner && !is_shared {
        said.push_str("\n\n");
        said.push_str(&locale.command(HINT_OWNER, &[]));
    }
    Reply::say(said).with_buttons(choices(given, known))
}

fn choices(given: &Given<'_>, known: &Known) -> Vec<Button> {
    let locale = given.locale;
    let is_chosen =
        |name: &str| matches!(&known.chosen, Some(ChosenPersona::Named(chosen)) if chosen == name);
    let usual = marked(&locale.command(LABEL_USUAL, &[]), known.chosen.is_none());
    let usual = given.button(usual, "/persona usual");
    let shipped = SHIPPED.iter().map(|persona| persona.name);
    let shared = known.shared.iter().map(|persona| persona.name.as_str());
    let named = shipped.chain(shared).filter_map(|name| {
        let label = marked(label(locale, name), is_chosen(name));
        given.button(label, format!("/persona {name}"))
    });
    usual.into_iter().chain(named).collect()
}

/// What a persona is called; a shared one is called what its Owner called it.
fn label<'a>(locale: &'a Locale, name: &'a str) -> &'a str {
    match personas::shipped(name) {
        Some(shipped) => locale.persona(shipped.name),
        None => name,
    }
}

fn add(given: &Given<'_>, known: &Known, persona: SharedPersona) -> Reply {
    let locale = given.locale;
    let is_new = personas::shared(&known.shared, &persona.name).is_none();
    if is_new && known.shared.len() >= MOST_SHARED {
        return Reply::say(locale.command(FULL, &[("most", &MOST_SHARED.to_string())]));
    }
    info!(name = persona.name.as_str(); "persona shared");
    let said = locale.command(ADDED, &[("name", &persona.name)]);
    let shares = Reply::say(said).with_effect(move |store| {
        let mut all = store.shared_personas()?;
        let name = persona.name.to_lowercase();
        all.retain(|known| known.name.to_lowercase() != name);
        all.push(persona.clone());
        store.put_shared_personas(&all)?;
        Ok(Vec::new())
    });
    shares.audited(given.does(Deed::SharedPersona, None))
}

fn remove(given: &Given<'_>, known: &Known, name: &str) -> Reply {
    let locale = given.locale;
    let Some(gone) = personas::shared(&known.shared, name) else {
        let name: String = name.chars().take(32).collect();
        return Reply::say(locale.command(NOT_THERE, &[("given", &name)]));
    };
    let name = gone.name.clone();
    info!(name = name.as_str(); "shared persona removed");
    let said = locale.command(REMOVED, &[("name", &name)]);
    let removes = Reply::say(said).with_effect(move |store| {
        let mut all = store.shared_personas()?;
        all.retain(|known| known.name != name);
        store.put_shared_personas(&all)?;
        Ok(Vec::new())
    });
    removes.audited(given.does(Deed::RemovedPersona, None))
}

fn told_of(locale: &Locale, mistake: Mistake) -> String {
    match mistake {
        Mistake::OwnUsage => locale.command(OWN_USAGE, &[]),
        Mistake::AddUsage => locale.command(ADD_USAGE, &[]),
        Mistake::BadName => locale.command(BAD_NAME, &[]),
        Mistake::TooLong { characters } => {
            let (length, most) = (characters.to_string(), LONGEST_PERSONA.to_string());
            locale.command(TOO_LONG, &[("length", &length), ("most", &most)])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(name: &str, text: &str) -> SharedPersona {
        SharedPersona {
            name: name.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_persona_is_named_written_or_shared() {
        let named = |name: &str| Ok(Request::Named(name.to_owned()));
        let own = |text: &str| Ok(Request::Own(text.to_owned()));
        let too_long = format!("own {}", "x".repeat(LONGEST_PERSONA + 1));
        let cases = [
            ("", Role::Guest, Ok(Request::List)),
            ("teacher", Role::Guest, named("teacher")),
            ("auto", Role::Guest, Ok(Request::Usual)),
            ("默认", Role::Guest, Ok(Request::Usual)),
            ("own Be brief.", Role::Guest, own("Be brief.")),
            ("自定 你是一位诗人", Role::Guest, own("你是一位诗人")),
            ("own", Role::Guest, Err(Mistake::OwnUsage)),
            (
                &too_long,
                Role::Guest,
                Err(Mistake::TooLong {
                    characters: LONGEST_PERSONA + 1,
                }),
            ),
            ("add chef You cook.", Role::Vip, named("add chef You cook.")),
            (
                "add chef You cook.",
                Role::Owner,
                Ok(Request::Add(shared("chef", "You cook."))),
            ),
            ("add chef", Role::Owner, Err(Mistake::AddUsage)),
            ("add Teacher You teach.", Role::Owner, Err(Mistake::BadName)),
            ("add own You own.", Role::Owner, Err(Mistake::BadName)),
            ("add 老师 你教书。", Role::Owner, Err(Mistake::BadName)),
            (
                "删除 chef",
                Role::Owner,
                Ok(Request::Remove("chef".to_owned())),
            ),
            ("remove", Role::Owner, Err(Mistake::AddUsage)),
        ];
        for (typed, role, expected) in cases {
            assert_eq!(parse(typed, role), expected, "{typed} {role:?}");
        }
    }

    #[test]
    fn a_persona_is_found_by_its_label_in_either_language() {
        for language in Language::ALL {
            let locale = Locale::of(language);
            for persona in SHIPPED {
                let label = locale.persona(persona.name);
                assert!(!label.is_empty(), "{}", persona.name);
                assert_eq!(name_of(locale, &[], label).as_deref(), Some(persona.name));
            }
            let all = [shared("Koch", "…")];
            assert_eq!(name_of(locale, &all, "koch").as_deref(), Some("Koch"));
            assert_eq!(name_of(locale, &all, "cook"), None);
        }
    }
}
