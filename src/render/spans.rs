//! How texts, links and the marks inside a line are written. Pure. Part of the walk in
//! [`super::markdown`].

use std::mem;

use super::html::{Layout, Mark};
use super::math::{Formula, Piece};
use super::page::{Link, Page};
use super::{latex, links};
use crate::chat::rich::{Rich, Style};

impl Page<'_> {
    /// Text with formulas; in a code block, as it was written.
    pub(super) fn text(&mut self, text: &str) {
        if let Some(code) = &mut self.code {
            code.text.push_str(&self.masked.source(text));
            return;
        }
        for piece in self.masked.pieces(text) {
            match piece {
                Piece::Text(text) => self.writer.push(text),
                Piece::Formula(formula) => self.formula(formula),
            }
        }
    }

    pub(super) fn formula(&mut self, formula: Formula<'_>) {
        let tex = formula.unquoted();
        let shown = latex::unicode(&tex);
        if formula.display {
            self.writer.line();
            self.writer.push(&shown);
            self.writer.line();
        } else {
            self.writer.push(&shown);
        }
    }

    pub(super) fn link(&mut self, url: &str) {
        let url = self.masked.source(url).into_owned();
        let linked = links::is_allowed(&url, self.asked);
        let inner = self.writer.in_link();
        if linked {
            self.writer.open(Style::Link { url: url.clone() });
        }
        self.links.push(Link {
            linked,
            inner,
            from: self.writer.len(),
            url,
        });
    }

    pub(super) fn end_link(&mut self) {
        let Some(link) = self.links.pop() else {
            return;
        };
        let text = self.writer.since(link.from).trim();
        let is_empty = text.is_empty();
        let hint = links::hint(&link.url, text, link.linked);
        if is_empty {
            self.writer.push(&link.url);
        }
        if link.linked {
            self.writer.close();
        }
        if let Some(hint) = hint.filter(|_| !is_empty && !link.inner) {
            self.writer.push(" (");
            self.writer.push(&hint);
            self.writer.push(")");
        }
    }

    pub(super) fn open(&mut self, mark: Mark) {
        match mark {
            Mark::Style(style) => self.writer.open(style),
            Mark::Link(url) => self.link(&url),
            Mark::Raised | Mark::Lowered => self.apart(),
            Mark::Details => self.quote(None),
            Mark::Layout(_, layout) => self.edge(layout, true),
            Mark::Summary => {
                self.writer.line();
                self.writer.open(Style::Bold);
            }
        }
    }

    pub(super) fn close(&mut self, mark: &Mark) {
        match mark {
            Mark::Style(_) => self.writer.close(),
            Mark::Link(_) => self.end_link(),
            Mark::Raised | Mark::Lowered => {
                let script = self.together();
                let raised = *mark == Mark::Raised;
                match latex::script(&script.text, raised) {
                    Some(small) if script.entities.is_empty() => self.writer.push(&small),
                    Some(_) | None => {
                        self.writer.push(if raised { "^(" } else { "_(" });
                        self.writer.append(&script);
                        self.writer.push(")");
                    }
                }
            }
            Mark::Details => self.end_quote(),
            Mark::Layout(_, layout) => self.edge(*layout, false),
            Mark::Summary => {
                self.writer.close();
                self.writer.line();
            }
        }
    }

    /// Where an element begins or ends that shows nothing itself.
    pub(super) fn edge(&mut self, layout: Layout, begins: bool) {
        match layout {
            Layout::Inline => {}
            Layout::Line => self.writer.line(),
            Layout::Paragraph => self.writer.blank(),
            Layout::Item => {
                self.writer.line();
                if begins {
                    let bullet = self.bullet();
                    self.writer.mark(bullet);
                } else {
                    self.writer.flush_marker();
                }
            }
            Layout::Cell => self.writer.push(if begins { "" } else { "  " }),
        }
    }

    /// What follows is written apart, until [`Self::together`].
    pub(super) fn apart(&mut self) {
        self.held.push(mem::take(&mut self.writer));
    }

    pub(super) fn together(&mut self) -> Rich {
        let outer = self.held.pop().unwrap_or_default();
        mem::replace(&mut self.writer, outer).finish()
    }
}
