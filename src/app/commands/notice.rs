//! What the bot says of itself: a refusal, a notice. It needs no model, so it is said as commands
//! are carried out.

use super::entry::Reply;
use crate::chat::callback::Callback;
use crate::chat::{Job, Lane, Notice, UserId};
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
        | Notice::TooManyCommands => None,
    };
    Reply::say(locale.notice(notice, whose)).with_buttons(button)
}
