//! A row of the outbox that goes as several. Pure.
//!
//! Invariants: what was to be read in an order is read in that order, also where a part takes over an
//! older message and the next one is new; every part of an answer keeps a number of its own, and the
//! numbers rise with the order.

use super::{MessageId, Outbound};

/// What `pieces` and the rows behind them in their chat become, in order, when the pieces go in the
/// place of the first. Of `behind`, further parts of the same answer are renumbered, and the
/// messages that these were to take over are taken over in order: a piece that came as a new message
/// would stand below them.
pub(crate) fn in_order(pieces: &[Outbound], behind: Vec<Outbound>) -> Vec<Outbound> {
    let Some((first, further)) = pieces.split_first() else {
        return behind;
    };
    let is_later = |row: &Outbound| is_behind(row, first);
    let later = behind.iter().filter(|row| is_later(row));
    let places: Vec<MessageId> = later.filter_map(|row| row.payload.place()).collect();
    let mut places = places.into_iter();
    let more = u16::try_from(further.len()).unwrap_or(u16::MAX);
    let mut all = vec![first.clone()];
    for (by, row) in (1..).zip(further) {
        all.push(placed(numbered(row.clone(), by), places.next()));
    }
    for row in behind {
        all.push(match (is_later(&row), row.payload.is_message()) {
            (true, true) => placed(numbered(row, more), places.next()),
            (true, false) => numbered(row, more),
            (false, _) => row,
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
fn placed(row: Outbound, place: Option<MessageId>) -> Outbound {
    let payload = match place {
        Some(message) => row.payload.taking_over(message),
        None => row.payload.into_new(),
    };
    Outbound { payload, ..row }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::fixtures::private;
    use crate::chat::rich::Rich;
    use crate::chat::{ChatId, JobId, Lane, Payload};

    const LANE: Lane = private(7);

    fn part(at: u16, text: &str, place: Option<i32>) -> Outbound {
        let new = Payload::message(Rich::plain(text));
        let payload = match place {
            Some(message) => new.taking_over(MessageId(message)),
            None => new,
        };
        Outbound {
            part_of: Some((LANE, JobId(2), at)),
            ..Outbound::new(ChatId(7), None, payload)
        }
    }

    /// Text, place and part number of each.
    fn seen(rows: &[Outbound]) -> Vec<(String, Option<i32>, Option<u16>)> {
        let seen = rows.iter().map(|row| {
            let part = row.part_of.map(|(_, _, part)| part);
            let body = row.payload.body().unwrap();
            let place = row.payload.place().map(|place| place.0);
            (body.text.clone(), place, part)
        });
        seen.collect()
    }

    fn row(text: &str, place: Option<i32>, part: u16) -> (String, Option<i32>, Option<u16>) {
        (text.to_owned(), place, Some(part))
    }

    #[test]
    fn later_parts_are_renumbered_and_other_rows_stay_as_they_are() {
        let other = Outbound::message(ChatId(7), None, "other".to_owned());
        let foreign = Outbound {
            part_of: Some((LANE, JobId(3), 1)),
            ..other.clone()
        };
        let rows = in_order(
            &[part(0, "a", None), part(0, "b", None), part(0, "c", None)],
            vec![part(1, "d", None), other, foreign],
        );
        assert_eq!(
            seen(&rows),
            [
                row("a", None, 0),
                row("b", None, 1),
                row("c", None, 2),
                row("d", None, 3),
                ("other".to_owned(), None, None),
                row("other", None, 1),
            ]
        );
    }

    #[test]
    fn old_messages_are_taken_over_in_order() {
        let rows = in_order(
            &[part(0, "a", Some(11)), part(0, "b", None)],
            vec![
                part(1, "c", Some(12)),
                part(2, "d", Some(13)),
                part(3, "e", None),
            ],
        );
        assert_eq!(
            seen(&rows),
            [
                row("a", Some(11), 0),
                row("b", Some(12), 1),
                row("c", Some(13), 2),
                row("d", None, 3),
                row("e", None, 4),
            ]
        );
    }

    #[test]
    fn in_place_of_nothing_the_rest_goes_on() {
        let behind = vec![part(1, "c", Some(12))];
        assert_eq!(in_order(&[], behind.clone()), behind);
    }
}
