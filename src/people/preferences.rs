//! What a person has chosen for themselves: the language the bot speaks with them, the size of model
//! that answers, and how the bot is to be. Pure.

use crate::catalog::Tier;
use crate::chat::Language;

/// Longest text of a persona of one's own or of a shared one, in characters: it goes with every
/// question.
pub(crate) const LONGEST_PERSONA: usize = 1500;

/// What a person has chosen; nothing is the default of each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Preferences {
    pub(crate) language: Option<Language>,
    /// `None`: the bot chooses for each question.
    pub(crate) tier: Option<Tier>,
    pub(crate) persona: Option<ChosenPersona>,
    /// Answers are spoken as well.
    pub(crate) speaks: bool,
    /// The name of their time zone (`zones`); `None`: that of the bot.
    pub(crate) zone: Option<String>,
}

/// How the bot is to be with a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ChosenPersona {
    /// One of the shipped or shared ones, by its name. One that is no more counts as none.
    Named(String),
    /// In the person's own words, at most [`LONGEST_PERSONA`].
    Own(String),
}

impl ChosenPersona {
    /// Bytes of its text.
    pub(crate) const fn bytes(&self) -> usize {
        let (Self::Named(text) | Self::Own(text)) = self;
        text.len()
    }
}

/// A persona that an Owner has added for everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SharedPersona {
    /// One word.
    pub(crate) name: String,
    pub(crate) text: String,
}
