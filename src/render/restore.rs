//! An old answer for the message that it is to be in again. Pure.

use super::{answer, parts};
use crate::chat::rich::Rich;
use crate::chat::{Button, MessageId, Outbound, Payload};

/// The row with its payload rendered, where that is left to the moment of sending. Renders a whole
/// answer: for a thread that may block.
pub(crate) fn rendered(row: Outbound) -> Outbound {
    let Payload::Restore {
        message,
        answer,
        asked,
        buttons,
    } = &row.payload
    else {
        return row;
    };
    Outbound {
        payload: beginning(*message, (answer, asked), buttons),
        ..row
    }
}

/// The first part of an answer, for the message that it is to be in again. Renders: for a thread that
/// may block.
fn beginning(
    message: Option<MessageId>,
    (answer, asked): (&str, &str),
    buttons: &[Button],
) -> Payload {
    let mut parts = parts(&self::answer(answer, asked)).into_iter();
    // Of an answer with nothing to see, what there is was shown as it is.
    let body = parts.next().unwrap_or_else(|| Rich::plain(answer));
    let is_whole = parts.next().is_none();
    let buttons = buttons.iter().filter(|_| is_whole).cloned().collect();
    match message {
        Some(message) => Payload::Edit {
            message,
            body,
            buttons,
        },
        None => Payload::Send {
            body,
            reply_to: None,
            buttons,
        },
    }
}
