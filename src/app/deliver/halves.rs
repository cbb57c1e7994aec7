//! A row that is sent as several: halves of a message that is too long, or a file's text as messages.
//! Renders: for a thread that may block.

use crate::chat::rich::{Rich, units};
use crate::chat::{Button, Outbound, Payload};
use crate::render;

/// No text of so few UTF-16 units and no entities of so few bytes are too much for a message: where
/// such a one is refused, a smaller one would be, too.
const SMALL_TEXT: usize = 512;
const SMALL_ENTITIES: usize = 1_000;

/// The row in pieces of half its text or less, which keep all its formatting: the first as the row was,
/// the others as new messages, the last with the buttons. Nothing where smaller pieces would not help.
pub(super) fn halves(row: &Outbound) -> Vec<Outbound> {
    let (Payload::Send { body, buttons, .. } | Payload::Edit { body, buttons, .. }) = &row.payload
    else {
        return Vec::new();
    };
    let bodies = cut(body);
    let last = bodies.len().saturating_sub(1);
    let piece = |(at, body): (usize, Rich)| {
        let buttons = buttons.iter().filter(|_| at == last).cloned().collect();
        let payload = match (at, &row.payload) {
            (0, Payload::Edit { message, .. }) => Payload::Edit {
                message: *message,
                body,
                buttons,
            },
            (0, Payload::Send { reply_to, .. }) => Payload::Send {
                body,
                reply_to: *reply_to,
                buttons,
            },
            (_, _) => new_message(body, buttons),
        };
        in_place_of(row, payload)
    };
    bodies.into_iter().enumerate().map(piece).collect()
}

fn cut(body: &Rich) -> Vec<Rich> {
    let bytes = body.entity_bytes();
    if units(&body.text) <= SMALL_TEXT && bytes <= SMALL_ENTITIES {
        return Vec::new();
    }
    let halves = render::halves(body);
    let heaviest = halves.iter().map(Rich::entity_bytes).max();
    // One address that is too long goes with every half.
    if bytes > SMALL_ENTITIES && heaviest == Some(bytes) {
        return Vec::new();
    }
    halves
}

/// The text of a file as messages in its place, however many they are.
pub(super) fn messages(row: &Outbound, text: &str) -> Vec<Outbound> {
    let parts = render::parts(&render::answer(text, ""));
    parts
        .into_iter()
        .map(|body| in_place_of(row, new_message(body, Vec::new())))
        .collect()
}

const fn new_message(body: Rich, buttons: Vec<Button>) -> Payload {
    Payload::Send {
        body,
        reply_to: None,
        buttons,
    }
}

fn in_place_of(row: &Outbound, payload: Payload) -> Outbound {
    Outbound {
        rank: row.rank,
        failing: row.failing.after_an_answer(),
        part_of: row.part_of,
        ..Outbound::new(row.chat, row.topic, payload)
    }
}

#[cfg(test)]
mod tests;
