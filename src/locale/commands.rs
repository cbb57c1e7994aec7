//! What the commands say: `[commands.NAME]` of the locale files. The file of a command declares its
//! sentences with [`texts`], so that a new one needs no entry here. Pure.

use super::{Locale, fill};

/// One sentence of a command, by the names of the command and of the sentence: `grant.done`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Text(&'static str);

impl Text {
    /// For [`texts`], which has it looked for in the locale files by a test.
    pub(crate) const fn declared(path: &'static str) -> Self {
        Self(path)
    }

    #[cfg(test)]
    pub(crate) const fn path(self) -> &'static str {
        self.0
    }
}

/// Declares the sentences of a file's commands beside their `help`; a test holds both languages to
/// the whole list, which is `TEXTS`.
macro_rules! texts {
    ($($command:literal { $($text:ident = $name:literal),* $(,)? })*) => {
        $($(
            const $text: $crate::locale::commands::Text =
                $crate::locale::commands::Text::declared(concat!($command, ".", $name));
        )*)*
        #[cfg(test)]
        pub(super) const TEXTS: &[$crate::locale::commands::Text] = &[$($($text),*),*];
    };
}
pub(crate) use texts;

/// Whether each name in braces of a template has a value.
fn has_all(template: &str, values: &[(&str, &str)]) -> bool {
    let mut names = template.split('{').skip(1);
    names.all(|rest| {
        values
            .iter()
            .any(|(name, _)| rest.starts_with(&format!("{name}}}")))
    })
}

impl Locale {
    /// A sentence of a command, with these values in it.
    pub(crate) fn command(&self, text: Text, values: &[(&str, &str)]) -> String {
        let template = self.sentences.commands.get(text.0);
        debug_assert!(
            template.is_some_and(|template| has_all(template, values)),
            "{} has a name that is not filled in",
            text.0
        );
        fill(template.map_or("", String::as_str), values)
    }

    /// The lines of `/help` on a command, as in `/grant ID ROLE [DAYS] – give …`; `None` for one
    /// that is not told of. What follows the dash in the first of them describes the command in a
    /// menu.
    pub(crate) fn command_help(&self, command: &str) -> Option<&str> {
        let help = self.sentences.commands.get(&format!("{command}.help"));
        help.map(String::as_str)
    }

    /// The paths of all sentences of commands.
    #[cfg(test)]
    pub(crate) fn command_paths(&self) -> impl Iterator<Item = &str> {
        self.sentences.commands.keys().map(String::as_str)
    }
}
