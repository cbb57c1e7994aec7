//! Tables: a narrow one is drawn in monospace, a wide one is listed row by row. Pure.

use std::iter;

use pulldown_cmark::Alignment;
use unicode_width::UnicodeWidthStr;

use super::rich_writer::RichWriter;
use crate::chat::rich::{Rich, Style};

/// Columns of monospace that a phone shows without wrapping.
const WIDEST: usize = 36;
const BETWEEN: &str = " │ ";
const CROSSING: &str = "─┼─";
/// A list of rows repeats the header for each; more than this many bytes of it would only bury the
/// rows.
const LONGEST_REPETITION: usize = 32 * 1024;
const NOTHING: &str = "—";

/// Cells with their formatting. Rows may be shorter than the header, or longer.
#[derive(Default)]
pub(super) struct Table {
    pub(super) alignments: Vec<Alignment>,
    pub(super) head: Vec<Rich>,
    pub(super) rows: Vec<Vec<Rich>>,
}

impl Table {
    pub(super) fn write(&self, writer: &mut RichWriter) {
        let widths = self.widths();
        let between = BETWEEN.width() * widths.len().saturating_sub(1);
        if self.is_plain() && widths.iter().sum::<usize>() + between <= WIDEST {
            writer.flush_marker();
            writer.open(Style::Pre { language: None });
            writer.push(&self.drawn(&widths));
            writer.close();
        } else {
            self.list(writer);
        }
    }

    fn all_rows(&self) -> impl Iterator<Item = &Vec<Rich>> {
        iter::once(&self.head).chain(&self.rows)
    }

    /// Whether monospace can show all of it: nobody can follow a link in it, and a spoiler would
    /// be readable.
    fn is_plain(&self) -> bool {
        let mut styles = self.all_rows().flatten().flat_map(|cell| &cell.entities);
        styles.all(|entity| match entity.style {
            Style::Link { .. } | Style::Spoiler => false,
            Style::Bold
            | Style::Italic
            | Style::Underline
            | Style::Strikethrough
            | Style::Code
            | Style::Pre { .. }
            | Style::Quote
            | Style::LongQuote => true,
        })
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.all_rows().map(Vec::len).max();
        let mut widths = vec![0; columns.unwrap_or(0)];
        for row in self.all_rows() {
            for (cell, width) in row.iter().zip(&mut widths) {
                let lines = cell.text.lines().map(UnicodeWidthStr::width);
                *width = lines.fold(*width, usize::max);
            }
        }
        widths
    }

    fn drawn(&self, widths: &[usize]) -> String {
        let rule: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
        let mut lines = self.drawn_row(&self.head, widths);
        lines.push(rule.join(CROSSING));
        for row in &self.rows {
            lines.extend(self.drawn_row(row, widths));
        }
        lines.join("\n")
    }

    /// The lines of a row: as many as its highest cell has. The table's first cell stands at the
    /// left, since Telegram cuts spaces at the beginning of a message.
    fn drawn_row(&self, row: &[Rich], widths: &[usize]) -> Vec<String> {
        let height = row.iter().map(|cell| cell.text.lines().count()).max();
        let line = |nth: usize| {
            let cells = widths.iter().enumerate().map(|(column, width)| {
                let cell = row.get(column).and_then(|cell| cell.text.lines().nth(nth));
                let first = column == 0 && std::ptr::eq(row, self.head.as_slice());
                let alignment = self.alignments.get(column).filter(|_| !first).copied();
                aligned(cell.unwrap_or_default(), *width, alignment)
            });
            let line = cells.collect::<Vec<_>>().join(BETWEEN);
            line.trim_end().to_owned()
        };
        (0..height.unwrap_or(0).max(1)).map(line).collect()
    }

    fn list(&self, writer: &mut RichWriter) {
        let head: usize = self.head.iter().map(|cell| cell.text.len() + 8).sum();
        if head.saturating_mul(self.rows.len()) > LONGEST_REPETITION {
            self.all_rows().for_each(|row| list_bare(row, writer));
            return;
        }
        if self.rows.is_empty() {
            list_bare(&self.head, writer);
        }
        for row in &self.rows {
            writer.blank();
            self.list_row(row, writer);
        }
    }

    /// The first cell as a title, the others as a list; every cell beside what its column is
    /// called.
    fn list_row(&self, row: &[Rich], writer: &mut RichWriter) {
        for column in 0..self.head.len().max(row.len()) {
            let head = self.head.get(column).filter(|head| !head.text.is_empty());
            let cell = row.get(column).filter(|cell| !cell.text.is_empty());
            writer.line();
            if column == 0 {
                writer.open(Style::Bold);
            } else {
                writer.push("• ");
            }
            if let Some(head) = head {
                writer.append(head);
                writer.push(": ");
            }
            match cell {
                Some(cell) => writer.append(cell),
                None => writer.push(NOTHING),
            }
            if column == 0 {
                writer.close();
            }
        }
    }
}

/// A row without the names of its columns.
fn list_bare(row: &[Rich], writer: &mut RichWriter) {
    writer.line();
    for (column, cell) in row.iter().enumerate() {
        if column > 0 && !cell.text.is_empty() {
            writer.push(" | ");
        }
        writer.append(cell);
    }
}

fn aligned(cell: &str, width: usize, alignment: Option<Alignment>) -> String {
    let free = width.saturating_sub(cell.width());
    let before = match alignment {
        Some(Alignment::Right) => free,
        Some(Alignment::Center) => free / 2,
        Some(Alignment::None | Alignment::Left) | None => 0,
    };
    let after = free.saturating_sub(before);
    format!("{}{cell}{}", " ".repeat(before), " ".repeat(after))
}
