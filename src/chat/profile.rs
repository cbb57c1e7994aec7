//! What Telegram itself shows of the bot: its menus of commands and its descriptions. Pure.

use super::ChatId;

/// Where a menu of commands is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MenuOf {
    PrivateChats,
    Groups,
    /// One chat, where it hides the others.
    Chat(ChatId),
}

/// A part of the bot's profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProfilePart {
    Menu(MenuOf),
    Description,
    ShortDescription,
}

/// Whose app shows a text. Telegram looks for the one in the app's language, then for the one
/// without a language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    Everybody,
    Chinese,
}

/// A part of the profile in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProfileField {
    pub(crate) part: ProfilePart,
    pub(crate) readers: Readers,
}

/// What a part of the profile says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ProfileText {
    Menu(MenuOf, Vec<MenuLine>),
    /// In a chat in which nothing was said yet; at most 512 characters.
    Description(String),
    /// On the profile page and beside links to the bot; at most 120 characters.
    ShortDescription(String),
}

/// A command in a menu (Bot API, `BotCommand`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MenuLine {
    /// Without its slash.
    pub(crate) command: &'static str,
    /// 1 to 256 characters.
    pub(crate) description: String,
}

impl Readers {
    pub(crate) const ALL: [Self; 2] = [Self::Everybody, Self::Chinese];

    /// The language of their apps (ISO 639-1); none for everybody.
    pub(crate) const fn language(self) -> Option<&'static str> {
        match self {
            Self::Everybody => None,
            Self::Chinese => Some("zh"),
        }
    }
}

impl ProfileText {
    pub(crate) const fn part(&self) -> ProfilePart {
        match self {
            Self::Menu(of, _) => ProfilePart::Menu(*of),
            Self::Description(_) => ProfilePart::Description,
            Self::ShortDescription(_) => ProfilePart::ShortDescription,
        }
    }
}
