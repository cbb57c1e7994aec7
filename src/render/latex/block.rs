//! Environments: what stands between `\begin` and `\end`. Pure.

use super::one_line::Line;
use super::{CELL, DEEPEST, ROW, Reader, Until};

impl Reader<'_> {
    pub(super) fn environment(&mut self, line: &mut Line) {
        let name = self.raw_argument();
        if self.depth >= DEEPEST {
            line.text.extend(["\\begin{", name, "}"]);
            return;
        }
        let bare = name.trim_end_matches('*');
        let columns = if bare == "array" || bare == "alignedat" {
            self.raw_argument()
        } else {
            ""
        };
        let inner = self.deeper(|reader| reader.sequence(Until::Environment));
        let closing = self.rest.strip_prefix("\\end");
        if let Some(rest) = closing {
            self.rest = rest;
            self.raw_argument();
        }
        match bare {
            "matrix" | "smallmatrix" | "bmatrix" => line.atom(&matrix(&inner, "[", "]")),
            "array" if columns.contains('|') => line.atom(&matrix(&inner, "[", "]")),
            "array" => line.atom(&matrix(&inner, "", "")),
            "pmatrix" => line.atom(&matrix(&inner, "(", ")")),
            "Bmatrix" => line.atom(&matrix(&inner, "{", "}")),
            "vmatrix" => line.atom(&matrix(&inner, "|", "|")),
            "Vmatrix" => line.atom(&matrix(&inner, "‖", "‖")),
            "cases" | "dcases" | "rcases" => line.atom(&matrix(&inner, "{ ", "")),
            "align" | "aligned" | "alignedat" | "gather" | "gathered" | "split" | "equation"
            | "multline" | "eqnarray" | "flalign" | "displaymath" | "math" => {
                lines(&inner, line);
            }
            _ => {
                line.text.extend(["\\begin{", name, "}"]);
                line.text.push_str(&inner);
                if closing.is_some() {
                    line.text.extend(["\\end{", name, "}"]);
                }
            }
        }
    }
}

/// Rows apart by semicolons, cells by commas.
fn matrix(inner: &str, left: &str, right: &str) -> String {
    let rows = inner.split(ROW).map(|row| {
        let cells = row
            .split(CELL)
            .map(|cell| cell.trim().trim_end_matches(','));
        cells.collect::<Vec<_>>().join(", ")
    });
    let rows: Vec<String> = rows.filter(|row| !row.is_empty()).collect();
    format!("{left}{}{right}", rows.join("; "))
}

/// Rows on lines of their own; what is aligned stands close.
fn lines(inner: &str, line: &mut Line) {
    for (nth, row) in inner.split(ROW).enumerate() {
        if nth > 0 {
            line.text.push(ROW);
        }
        let cells = row
            .split(CELL)
            .map(str::trim)
            .filter(|cell| !cell.is_empty());
        line.text.push_str(&cells.collect::<Vec<_>>().join(" "));
    }
}
