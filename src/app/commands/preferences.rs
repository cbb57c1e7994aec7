//! What a person chooses for themselves: `/model`, how large a model answers, and `/lang`, the language
//! the bot speaks with them.

use log::error;

use super::entry::{EVERYBODY_IN_CHATS, Entry, Given, Reply};
use crate::catalog::Tier;
use crate::chat::answer::Failure;
use crate::chat::{Button, Language, UserId};
use crate::clock;
use crate::locale::Locale;
use crate::locale::commands::{Text, texts};
use crate::people::person::Person;
use crate::people::preferences::Preferences;
use crate::store::{StoreError, Write};

pub(super) const COMMANDS: &[Entry] = &[
    Entry {
        names: &["model"],
        rights: EVERYBODY_IN_CHATS,
        ends: None,
        run: |given| Box::pin(model(given)),
    },
    Entry {
        names: &["lang", "language"],
        rights: EVERYBODY_IN_CHATS,
        ends: None,
        run: |given| Box::pin(lang(given)),
    },
];

texts! {
    "model" {
        MODEL_AUTOMATIC = "automatic",
        MODEL_CHOSEN = "chosen",
        MODEL_SIZES = "sizes",
        MODEL_ONLY_SMALL = "only_small",
        MODEL_TOO_LARGE = "too_large",
        MODEL_USAGE = "usage",
        LABEL_AUTOMATIC = "label_automatic",
        LABEL_LITE = "label_lite",
        LABEL_FLASH = "label_flash",
        LABEL_PRO = "label_pro",
    }
    "lang" {
        LANG_AUTOMATIC = "automatic",
        LANG_CHOSEN = "chosen",
        LANG_USAGE = "usage",
        LANG_LABEL_AUTOMATIC = "label_automatic",
    }
}

/// Tiers, smallest first, with their label and the words for them.
const SIZES: [(Tier, Text, &[&str]); 3] = [
    (Tier::Lite, LABEL_LITE, &["lite", "small", "小"]),
    (
        Tier::Flash,
        LABEL_FLASH,
        &["flash", "middle", "medium", "中"],
    ),
    (Tier::Pro, LABEL_PRO, &["pro", "large", "big", "大"]),
];

/// Words for leaving the choice to the bot.
pub(super) const AUTOMATIC: [&str; 3] = ["auto", "automatic", "自动"];

/// Whether one of these words was typed, in any case.
pub(super) fn is_one_of(typed: &str, words: &[&str]) -> bool {
    words.iter().any(|word| typed.eq_ignore_ascii_case(word))
}

/// The label of a choice, marked where it is the one that holds.
pub(super) fn marked(label: &str, is_chosen: bool) -> String {
    if is_chosen {
        format!("✓ {label}")
    } else {
        label.to_owned()
    }
}

/// Changes what a person has chosen, also of one who has no row yet.
pub(super) fn change(
    store: &mut Write<'_>,
    user: UserId,
    change: impl FnOnce(&mut Preferences),
) -> Result<(), StoreError> {
    let person = store.person(user)?;
    let mut person = person.unwrap_or_else(|| Person::unseen(clock::now()));
    change(&mut person.preferences);
    store.put_person(user, &person)
}

/// Not a size of model that is known.
#[derive(Debug, PartialEq, Eq)]
struct UnknownSize;

/// Reads the size that `/model` asks for; none: the bot is to choose.
fn parse_size(typed: &str) -> Result<Option<Tier>, UnknownSize> {
    if is_one_of(typed, &AUTOMATIC) {
        return Ok(None);
    }
    let mut sizes = SIZES.iter();
    let found = sizes.find(|(.., words)| is_one_of(typed, words));
    found.map(|(tier, ..)| Some(*tier)).ok_or(UnknownSize)
}

fn label_of(locale: &Locale, tier: Tier) -> String {
    let label = match tier {
        Tier::Lite => LABEL_LITE,
        Tier::Flash => LABEL_FLASH,
        Tier::Pro => LABEL_PRO,
    };
    locale.command(label, &[])
}

async fn model(given: Given<'_>) -> Reply {
    let locale = given.locale;
    let Some((user, person)) = giver(&given).await else {
        return Reply::say(locale.failure(Failure::Unexplained));
    };
    let highest = given.engine.settings().roles.terms(given.role).highest_tier;
    let before = person.preferences.tier;
    let typed = given.command.arguments.as_str();
    let wish = match parse_size(typed) {
        _ if typed.is_empty() => before,
        Ok(Some(tier)) if tier > highest => {
            let (role, size) = (locale.role(given.role), label_of(locale, highest));
            let said = locale.command(MODEL_TOO_LARGE, &[("role", role), ("size", &size)]);
            return Reply::say(said).with_buttons(sizes(&given, before, highest));
        }
        Ok(wish) => wish,
        Err(UnknownSize) => return Reply::say(locale.command(MODEL_USAGE, &[])),
    };
    let reply =
        Reply::say(model_text(locale, wish, highest)).with_buttons(sizes(&given, wish, highest));
    if wish == before {
        return reply;
    }
    reply.with_effect(move |store| {
        change(store, user, |preferences| preferences.tier = wish)?;
        Ok(Vec::new())
    })
}

/// What holds now, and what the sizes are for.
fn model_text(locale: &Locale, wish: Option<Tier>, highest: Tier) -> String {
    if highest == Tier::Lite {
        return locale.command(MODEL_ONLY_SMALL, &[]);
    }
    let now = match wish {
        None => locale.command(MODEL_AUTOMATIC, &[]),
        Some(tier) => locale.command(MODEL_CHOSEN, &[("size", &label_of(locale, tier))]),
    };
    format!("{now}\n\n{}", locale.command(MODEL_SIZES, &[]))
}

/// A button for each size that the role may have.
fn sizes(given: &Given<'_>, wish: Option<Tier>, highest: Tier) -> Vec<Button> {
    if highest == Tier::Lite {
        return Vec::new();
    }
    let locale = given.locale;
    let automatic = marked(&locale.command(LABEL_AUTOMATIC, &[]), wish.is_none());
    let automatic = given.button(automatic, "/model auto");
    let offered = SIZES.iter().filter(|(tier, ..)| *tier <= highest);
    let sizes = offered.filter_map(|(tier, label, words)| {
        let label = marked(&locale.command(*label, &[]), wish == Some(*tier));
        given.button(label, format!("/model {}", words.first()?))
    });
    automatic.into_iter().chain(sizes).collect()
}

async fn lang(given: Given<'_>) -> Reply {
    let Some((user, person)) = giver(&given).await else {
        return Reply::say(given.locale.failure(Failure::Unexplained));
    };
    let before = person.preferences.language;
    let typed = given.command.arguments.as_str();
    let language = match Language::parse(typed) {
        _ if typed.is_empty() => before,
        None if is_one_of(typed, &AUTOMATIC) => None,
        Some(language) => Some(language),
        None => return Reply::say(given.locale.command(LANG_USAGE, &[])),
    };
    // What was chosen is said in the language that was chosen.
    let mut person = person;
    person.preferences.language = language;
    let locale = given.engine.settings().locale_of(Some(&person));
    let said = match language {
        None => locale.command(LANG_AUTOMATIC, &[]),
        Some(language) => locale.command(LANG_CHOSEN, &[("language", language.own_name())]),
    };
    let automatic = marked(
        &locale.command(LANG_LABEL_AUTOMATIC, &[]),
        language.is_none(),
    );
    let automatic = given.button(automatic, "/lang auto");
    let named = Language::ALL.into_iter().filter_map(|one| {
        let label = marked(one.own_name(), language == Some(one));
        given.button(label, format!("/lang {}", one.tag()))
    });
    let reply = Reply::say(said).with_buttons(automatic.into_iter().chain(named));
    if language == before {
        return reply;
    }
    reply.with_effect(move |store| {
        change(store, user, |preferences| preferences.language = language)?;
        Ok(Vec::new())
    })
}

/// Whoever gave the command, with what the registry has of them.
pub(super) async fn giver(given: &Given<'_>) -> Option<(UserId, Person)> {
    let user = given.lane.person()?;
    let known = given.engine.store.person(user).await;
    match known {
        Ok(known) => {
            let person = known.map(|person| Person::clone(&person));
            let person = person.unwrap_or_else(|| Person::unseen(clock::now()));
            Some((user, person))
        }
        Err(error) => {
            error!(user = user.0, err:% = error; "registry not read");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_known_by_words_that_people_use() {
        for (typed, expected) in [
            ("auto", Ok(None)),
            ("自动", Ok(None)),
            ("lite", Ok(Some(Tier::Lite))),
            ("Small", Ok(Some(Tier::Lite))),
            ("middle", Ok(Some(Tier::Flash))),
            ("中", Ok(Some(Tier::Flash))),
            ("PRO", Ok(Some(Tier::Pro))),
            ("大", Ok(Some(Tier::Pro))),
            ("huge", Err(UnknownSize)),
            ("small please", Err(UnknownSize)),
        ] {
            assert_eq!(parse_size(typed), expected, "{typed}");
        }
    }

    #[test]
    fn who_has_one_size_only_is_told_so() {
        for language in Language::ALL {
            let locale = Locale::of(language);
            let of_a_guest = model_text(locale, None, Tier::Lite);
            assert_eq!(of_a_guest, locale.command(MODEL_ONLY_SMALL, &[]));
            let automatic = model_text(locale, None, Tier::Pro);
            assert_ne!(automatic, model_text(locale, Some(Tier::Pro), Tier::Pro));
        }
    }
}
