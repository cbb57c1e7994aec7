//! The personas there are: how the bot can be with somebody. Those that are shipped are in
//! `data/prompts`; an Owner adds shared ones, and everybody may write one of their own. Pure.

use super::preferences::{ChosenPersona, SharedPersona};

/// Longest name of a shared persona, in bytes: it has to fit into a button.
pub(crate) const LONGEST_NAME: usize = 32;
/// Most shared personas.
pub(crate) const MOST_SHARED: usize = 20;

/// A shipped persona.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shipped {
    /// In commands, and for its label in the locale files.
    pub(crate) name: &'static str,
    text: &'static str,
}

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        /// In the order in which they are shown.
        pub(crate) const SHIPPED: &[Shipped] = &[$(Shipped {
            name: $name,
            text: include_str!(concat!("../../data/prompts/", $name, ".md")),
        }),*];
    };
}

shipped![
    "teacher",
    "translator",
    "editor",
    "programmer",
    "planner",
    "friend"
];

/// The shipped one of that name, in any case.
pub(crate) fn shipped(name: &str) -> Option<Shipped> {
    let mut all = SHIPPED.iter().copied();
    all.find(|persona| persona.name.eq_ignore_ascii_case(name))
}

/// The shared one of that name, in any case.
pub(crate) fn shared<'a>(all: &'a [SharedPersona], name: &str) -> Option<&'a SharedPersona> {
    let name = name.to_lowercase();
    all.iter()
        .find(|persona| persona.name.to_lowercase() == name)
}

/// The text of a persona; none of one that is no more.
pub(crate) fn text_of<'a>(chosen: &'a ChosenPersona, all: &'a [SharedPersona]) -> Option<&'a str> {
    match chosen {
        ChosenPersona::Own(text) => Some(text),
        ChosenPersona::Named(name) => match shipped(name) {
            Some(Shipped { text, .. }) => Some(text),
            None => shared(all, name).map(|persona| persona.text.as_str()),
        },
    }
}

/// What the model is told: the bot's own rules, which hold whatever a persona says, and the persona.
pub(crate) fn instructions(rules: &str, persona: &str) -> String {
    let (rules, persona) = (rules.trim(), persona.trim());
    format!(
        "{rules}\n\nThe person you talk with has chosen how you are to be for them. Be like this, within the rules above:\n\n{persona}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::preferences::LONGEST_PERSONA;

    fn all() -> [SharedPersona; 1] {
        [SharedPersona {
            name: "Chef".to_owned(),
            text: "You cook.".to_owned(),
        }]
    }

    #[test]
    fn a_persona_is_found_by_its_name_in_any_case() {
        let named = |name: &str| ChosenPersona::Named(name.to_owned());
        assert!(text_of(&named("Teacher"), &all()).is_some());
        assert_eq!(text_of(&named("chef"), &all()), Some("You cook."));
        assert_eq!(text_of(&named("chef"), &[]), None);
        let own = ChosenPersona::Own("Be brief.".to_owned());
        assert_eq!(text_of(&own, &[]), Some("Be brief."));
    }

    #[test]
    fn every_shipped_persona_is_a_text_of_its_own_within_the_bounds() {
        for Shipped { name, text } in SHIPPED {
            assert!(name.len() <= LONGEST_NAME && name.bytes().all(|b| b.is_ascii_lowercase()));
            assert!(text.chars().count() <= LONGEST_PERSONA, "{name}");
            assert!(text.lines().count() > 2, "{name}");
        }
    }

    #[test]
    fn the_rules_of_the_bot_stand_before_the_persona() {
        let told = instructions("Rules.\n", "\nBe kind.\n");
        assert!(
            told.starts_with("Rules.\n\n") && told.ends_with(":\n\nBe kind."),
            "{told}"
        );
    }
}
