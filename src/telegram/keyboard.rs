//! How the buttons under a message stand in rows. Pure. Telegram gives the buttons of a row the same
//! width and cuts a label that does not fit, so a row is as full as its longest label allows.

use unicode_width::UnicodeWidthStr as _;

use crate::chat::Button;

/// Columns of text that a row of one button shows on a phone.
const COLUMNS: usize = 32;
/// Columns that the edges of one more button take.
const EDGES: usize = 2;
/// Most buttons in a row (Bot API, `InlineKeyboardMarkup`).
const MOST: usize = 8;

/// The rows, from top to bottom, in the order of the buttons.
pub(super) fn rows(buttons: &[Button]) -> impl Iterator<Item = &[Button]> {
    let mut rest = buttons;
    std::iter::from_fn(move || {
        let (row, after) = rest.split_at(fitting(rest));
        rest = after;
        (!row.is_empty()).then_some(row)
    })
}

/// How many of the first buttons fit into one row; at least one, where there is one.
fn fitting(buttons: &[Button]) -> usize {
    let mut widest = 0;
    let fits = |(count, button): (usize, &Button)| {
        widest = widest.max(button.label.width());
        count == 0 || (widest + EDGES) * (count + 1) <= COLUMNS + EDGES && count < MOST
    };
    buttons
        .iter()
        .enumerate()
        .map(fits)
        .take_while(|fits| *fits)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn widths(labels: &[&str]) -> Vec<usize> {
        let button = |label: &&str| Button::callback(*label, "x".to_owned());
        let buttons: Vec<Button> = labels.iter().map(button).collect();
        rows(&buttons).map(<[Button]>::len).collect()
    }

    #[test]
    fn a_row_is_as_full_as_its_longest_label_allows() {
        let cases: [(&[&str], &[usize]); 7] = [
            (&[], &[]),
            (&["Retry"], &[1]),
            (&["Retry", "Continue"], &[2]),
            (&["Normal", "Premium", "VIP", "Deny", "Ban"], &[3, 2]),
            (
                &["a label that fills more than a whole row", "next"],
                &[1, 1],
            ),
            (&["普通", "高级", "贵宾", "拒绝", "封禁"], &[5]),
            (&["1"; 9], &[8, 1]),
        ];
        for (labels, expected) in cases {
            assert_eq!(widths(labels), expected, "{labels:?}");
        }
    }
}
