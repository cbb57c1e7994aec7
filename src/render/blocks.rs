//! How blocks are written: paragraphs, lists, quotes, code. Pure. Part of the walk in
//! [`super::markdown`].

use pulldown_cmark::{BlockQuoteKind, CodeBlockKind};

use super::latex;
use super::page::{Block, Page};
use crate::chat::rich::Style;

const BULLETS: [&str; 3] = ["• ", "◦ ", "▪ "];
const LONGEST_LANGUAGE: usize = 24;

impl Page<'_> {
    /// Blocks stand apart by an empty line, except in an item without paragraphs and at the
    /// beginning of a quote.
    pub(super) fn separate(&mut self) {
        match self.blocks.last() {
            Some(Block::Close) => self.writer.line(),
            Some(Block::Quote(from)) if *from == self.writer.len() => {}
            Some(Block::Loose | Block::Quote(_)) | None => self.writer.blank(),
        }
    }

    pub(super) fn paragraph(&mut self) {
        if let Some(block @ Block::Close) = self.blocks.last_mut() {
            *block = Block::Loose;
        }
        self.separate();
    }

    /// A list in an item stands close to its text.
    pub(super) fn separate_list(&mut self) {
        if self.lists.is_empty() {
            self.writer.blank();
        } else {
            self.writer.line();
        }
    }

    pub(super) fn bullet(&self) -> &'static str {
        let level = self.lists.len().saturating_sub(1);
        let deepest = BULLETS.len() - 1;
        BULLETS.get(level.min(deepest)).copied().unwrap_or_default()
    }

    pub(super) fn item(&mut self) {
        let bullet = self.bullet();
        self.writer.line();
        match self.lists.last_mut() {
            Some(Some(number)) => {
                let marker = format!("{number}. ");
                *number = number.saturating_add(1);
                self.writer.mark(&marker);
            }
            Some(None) | None => self.writer.mark(bullet),
        }
        self.writer.narrow("  ");
        self.blocks.push(Block::Close);
    }

    /// Telegram has no quote in a quote: an inner one has marks at its lines.
    pub(super) fn quote(&mut self, kind: Option<BlockQuoteKind>) {
        self.writer.flush_marker();
        self.separate();
        self.writer
            .narrow(if self.writer.in_quote() { "> " } else { "" });
        self.writer.open(Style::Quote);
        if let Some(kind) = kind {
            self.writer.open(Style::Bold);
            self.writer.push(alert(kind));
            self.writer.close();
            self.writer.line();
        }
        self.blocks.push(Block::Quote(self.writer.len()));
    }

    pub(super) fn end_quote(&mut self) {
        self.writer.close();
        self.writer.widen();
        self.blocks.pop();
        self.separate();
    }

    pub(super) fn end_code(&mut self) {
        let Some(code) = self.code.take() else {
            return;
        };
        let language = code.language.as_deref();
        let text = code.text.strip_suffix('\n').unwrap_or(&code.text);
        self.writer.flush_marker();
        self.separate();
        if language.is_some_and(|language| is_formula(language, text)) {
            self.writer.push(&latex::unicode(text));
        } else {
            self.writer.open(Style::Pre {
                language: code.language,
            });
            self.writer.push(text);
            self.writer.close();
        }
        self.separate();
    }
}

/// The title of a quote that GitHub would colour. The words are those of the markdown.
const fn alert(kind: BlockQuoteKind) -> &'static str {
    match kind {
        BlockQuoteKind::Note => "ℹ️ NOTE",
        BlockQuoteKind::Tip => "💡 TIP",
        BlockQuoteKind::Important => "❗ IMPORTANT",
        BlockQuoteKind::Warning => "⚠️ WARNING",
        BlockQuoteKind::Caution => "🛑 CAUTION",
    }
}

/// The first word after the fence, if it may be the name of a language.
pub(super) fn language(kind: &CodeBlockKind<'_>) -> Option<String> {
    let CodeBlockKind::Fenced(info) = kind else {
        return None;
    };
    let word = info.split([' ', '\t', ',', '{', ':']).next()?;
    let sane = |c: char| c.is_ascii_alphanumeric() || "+-#._".contains(c);
    let fits = !word.is_empty() && word.len() <= LONGEST_LANGUAGE && word.chars().all(sane);
    fits.then(|| word.to_owned())
}

/// Whether a code block holds a formula to be read; a whole document is code.
fn is_formula(language: &str, text: &str) -> bool {
    let document = ["\\documentclass", "\\usepackage", "\\begin{document}"];
    let is_tex = ["math", "latex", "tex"]
        .iter()
        .any(|name| language.eq_ignore_ascii_case(name));
    is_tex && !document.iter().any(|mark| text.contains(mark))
}
