//! Sets what Telegram shows of the bot itself. Part of the edge. Telegram limits these calls by the
//! day, so the caller makes one only for what has changed.

use frankenstein::TelegramApi;
use frankenstein::methods::{
    DeleteMyCommandsParams, SetMyCommandsParams, SetMyDescriptionParams,
    SetMyShortDescriptionParams,
};
use frankenstein::types::{BotCommand, BotCommandScope, BotCommandScopeChat, ChatId};

use super::{CallError, Client};
use crate::chat::profile::{MenuLine, MenuOf, ProfileText, Readers};

/// Has these readers see this. Blocks.
pub(crate) fn set(client: &Client, readers: Readers, text: &ProfileText) -> Result<(), CallError> {
    let language = readers.language();
    match text {
        ProfileText::Menu(of, lines) => {
            let params = SetMyCommandsParams::builder()
                .commands(lines.iter().map(command).collect::<Vec<_>>())
                .scope(scope(*of))
                .maybe_language_code(language)
                .build();
            client.set_my_commands(&params).map(drop)
        }
        ProfileText::Description(words) => {
            let params = SetMyDescriptionParams::builder()
                .description(words)
                .maybe_language_code(language)
                .build();
            client.set_my_description(&params).map(drop)
        }
        ProfileText::ShortDescription(words) => {
            let params = SetMyShortDescriptionParams::builder()
                .short_description(words)
                .maybe_language_code(language)
                .build();
            client.set_my_short_description(&params).map(drop)
        }
    }
}

/// Takes a menu back, so that a more general one is shown. Blocks.
pub(crate) fn remove_menu(client: &Client, readers: Readers, of: MenuOf) -> Result<(), CallError> {
    let params = DeleteMyCommandsParams::builder()
        .scope(scope(of))
        .maybe_language_code(readers.language())
        .build();
    client.delete_my_commands(&params).map(drop)
}

fn command(line: &MenuLine) -> BotCommand {
    BotCommand::builder()
        .command(line.command)
        .description(&line.description)
        .build()
}

const fn scope(of: MenuOf) -> BotCommandScope {
    match of {
        MenuOf::PrivateChats => BotCommandScope::AllPrivateChats,
        MenuOf::Groups => BotCommandScope::AllGroupChats,
        MenuOf::Chat(chat) => BotCommandScope::Chat(BotCommandScopeChat {
            chat_id: ChatId::Integer(chat.0),
        }),
    }
}
