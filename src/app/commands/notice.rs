//! What the bot says of itself: a refusal, a notice. It needs no model, so it is said as commands
//! are carried out.

use super::entry::Reply;
use crate::app::Ctx;
use crate::chat::callback::Callback;
use crate::chat::{Button, Job, Lane, Notice, UserId};
use crate::locale::Locale;

pub(super) fn tell(locale: &Locale, notice: &Notice, job: &Job) -> Reply {
    let whose = match (notice, job.lane) {
        (Notice::GroupNeedsApproval, Lane::Telegram { chat, .. }) => UserId(chat.0),
        _ => job.sender.id,
    };
    let button = match notice {
        Notice::TooOld => Some(locale.button(Callback::Held)),
        Notice::NeedsApproval
        | Notice::NoOwner
        | Notice::GroupNeedsApproval
        | Notice::CannotRead { .. }
        | Notice::OwnersOnly
        | Notice::PrivateOnly
        | Notice::SayMore
        | Notice::GaveUp
        | Notice::Missed
        | Notice::TooMany
        | Notice::TooManyCommands
        | Notice::HiddenAccount
        | Notice::StillWaiting
        | Notice::NotLetIn => None,
    };
    Reply::say(locale.notice(notice, whose)).with_buttons(button)
}

/// Said of a command that works in private only, with a button that opens the private chat and gives it
/// there.
pub(super) fn in_private(ctx: &Ctx, locale: &Locale, command: &str) -> Reply {
    let text = locale.notice(&Notice::PrivateOnly, UserId(0));
    let bot = ctx.me.get().map(|me| me.username.as_str());
    let button = bot.filter(|bot| !bot.is_empty()).map(|bot| {
        let address = format!("https://t.me/{bot}?start={command}");
        Button::url(locale.open_chat(), address)
    });
    Reply::say(text).with_buttons(button)
}
