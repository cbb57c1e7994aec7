//! A row of the outbox that goes as several. Pure.
//!
//! Invariants: what was to be read in an order is read in that order, also where a part takes over an
//! older message and the next one is new; every part of an answer keeps a number of its own, and the
//! numbers rise with the order.

use super::{Outbound, Parcel};

/// What `pieces` and the rows behind them in their chat become, in order, when the pieces go in the
/// place of the first. Of `behind`, further parts of the same answer are numbered anew, and the
/// messages that these were to take over are taken over in order: a piece that came as a new message
/// would stand below them.
pub(crate) fn in_order(pieces: Vec<Outbound>, behind: Vec<Outbound>) -> Vec<Outbound> {
    let Some((first, further)) = pieces.split_first() else {
        return behind;
    };
    let is_later = |row: &Outbound| is_behind(row, first);
    let later = behind.iter().filter(|row| is_later(row));
    let mut places = later.filter_map(|row| match row.parcel {
        Parcel::Edit { message, .. } => Some(message),
        Parcel::Send { .. }
        | Parcel::Restore { .. }
        | Parcel::Delete { .. }
        | Parcel::File { .. }
        | Parcel::Document { .. }
        | Parcel::Answer { .. } => None,
    });
    let mut all = vec![first.clone()];
    let more = u16::try_from(further.len()).unwrap_or(u16::MAX);
    for (row, by) in (1..).zip(further).map(|(by, row)| (row, by)) {
        all.push(placed(numbered(row.clone(), by), places.next()));
    }
    for row in &behind {
        all.push(if is_later(row) {
            let is_message = matches!(row.parcel, Parcel::Send { .. } | Parcel::Edit { .. });
            let place = if is_message { places.next() } else { None };
            placed(numbered(row.clone(), more), place)
        } else {
            row.clone()
        });
    }
    all
}

/// Whether a row is a later part of the same answer.
pub(crate) fn is_behind(row: &Outbound, first: &Outbound) -> bool {
    let (Some((lane, job, part)), Some((of, round, at))) = (row.part_of, first.part_of) else {
        return false;
    };
    (lane, job) == (of, round) && part > at
}

/// The row as a part so much further on.
pub(crate) fn numbered(row: Outbound, by: u16) -> Outbound {
    let part_of = row.part_of;
    Outbound {
        part_of: part_of.map(|(lane, job, part)| (lane, job, part.saturating_add(by))),
        ..row
    }
}

/// A message that takes this one over, or comes as a new one.
fn placed(row: Outbound, place: Option<super::MessageId>) -> Outbound {
    let parcel = match (row.parcel, place) {
        (
            Parcel::Send { body, buttons, .. } | Parcel::Edit { body, buttons, .. },
            Some(message),
        ) => Parcel::Edit {
            message,
            body,
            buttons,
        },
        (Parcel::Edit { body, buttons, .. }, None) => Parcel::Send {
            body,
            reply_to: None,
            buttons,
        },
        (parcel, _) => parcel,
    };
    Outbound { parcel, ..row }
}
