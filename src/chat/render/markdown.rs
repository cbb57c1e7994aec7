//! A model's answer, written in markdown, to text with formatting. Pure. Walks over the tokens of
//! [`super::tokens`] and writes each with [`Writer`]; no step calls itself, so nesting costs no
//! stack. Invariant: no word of the answer is lost, whatever cannot be shown stays as it was written.

use pulldown_cmark::{
    BlockQuoteKind, CodeBlockKind, Event, HeadingLevel, LinkType, Options, Tag, TagEnd,
};

use super::footnotes::Footnotes;
use super::html::Mark;
use super::math::{self, Formula, Masked, Piece};
use super::table::Table;
use super::tokens::{self, Token};
use super::writer::Writer;
use super::{latex, links};
use crate::chat::rich::{Rich, Style};

const RULE: &str = "──────────";
const BULLETS: [&str; 3] = ["• ", "◦ ", "▪ "];
const LONGEST_LANGUAGE: usize = 24;

/// The markdown that models write: GitHub's.
pub(super) fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM
}

/// The answer as Telegram shows it. Names of people are broken where `asked`, the question, does not
/// hold them: an answer must not notify whom it likes.
pub(crate) fn answer(markdown: &str, asked: &str) -> Rich {
    let masked = math::mask(markdown);
    let mut page = Page {
        masked: &masked,
        asked,
        writer: Writer::default(),
        held: Vec::new(),
        lists: Vec::new(),
        blocks: Vec::new(),
        links: Vec::new(),
        table: Table::default(),
        row: Vec::new(),
        code: None,
        labels: Vec::new(),
        notes: Footnotes::default(),
    };
    for token in tokens::tokens(&masked) {
        page.write(token);
    }
    page.notes.list(&mut page.writer);
    links::quiet(page.writer.finish(), asked)
}

struct Page<'p> {
    masked: &'p Masked<'p>,
    asked: &'p str,
    writer: Writer,
    /// Writers that wait while a cell, a note or a raised text is written apart.
    held: Vec<Writer>,
    /// Numbers of the next items; none for lists of bullets.
    lists: Vec<Option<u64>>,
    blocks: Vec<Block>,
    links: Vec<Link>,
    table: Table,
    row: Vec<Rich>,
    code: Option<Code>,
    /// Labels of the footnotes being defined.
    labels: Vec<String>,
    notes: Footnotes,
}

/// What holds blocks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    /// An item whose texts stand close together.
    Close,
    /// An item with paragraphs.
    Loose,
    /// A quote whose blocks begin at this byte.
    Quote(usize),
}

struct Link {
    url: String,
    /// Whether it is a link for Telegram too.
    linked: bool,
    /// Whether it stands in another one, which tells enough.
    inner: bool,
    /// Where its text begins.
    from: usize,
}

struct Code {
    language: Option<String>,
    text: String,
}

impl Page<'_> {
    fn write(&mut self, token: Token<'_>) {
        match token {
            Token::Event(event) => self.event(event),
            Token::Text(text) => self.text(&text),
            Token::Open(mark) => self.open(mark),
            Token::Close(mark) => self.close(&mark),
        }
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.text(&text),
            Event::Code(code) => {
                self.writer.open(Style::Code);
                self.writer.push(&self.masked.source(&code));
                self.writer.close();
            }
            Event::InlineMath(tex) | Event::DisplayMath(tex) => {
                self.writer.push(&latex::unicode(&tex));
            }
            Event::FootnoteReference(label) => {
                let number = self.notes.mark(&label);
                self.writer.push(&number);
            }
            Event::SoftBreak => self.writer.line(),
            Event::HardBreak => self.writer.end_line(),
            Event::Rule => {
                self.separate();
                self.writer.push(RULE);
                self.separate();
            }
            Event::TaskListMarker(done) => {
                let bullet = match self.lists.last() {
                    Some(Some(_)) => "",
                    Some(None) | None => self.bullet(),
                };
                self.writer.remark(bullet, if done { "☑ " } else { "☐ " });
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => self.paragraph(),
            Tag::Heading { level, .. } => {
                self.separate();
                self.writer.open(Style::Bold);
                self.writer.open(heading(level));
            }
            Tag::BlockQuote(kind) => self.quote(kind),
            Tag::CodeBlock(kind) => {
                self.code = Some(Code {
                    language: language(&kind),
                    text: String::new(),
                });
            }
            Tag::HtmlBlock => self.separate(),
            Tag::List(first) => {
                self.separate_list();
                self.lists.push(first);
            }
            Tag::Item => self.item(),
            Tag::FootnoteDefinition(label) => {
                self.labels.push(label.to_string());
                self.apart();
                self.writer.narrow("  ");
            }
            Tag::Table(alignments) => {
                self.table = Table {
                    alignments,
                    ..Table::default()
                };
            }
            Tag::TableCell => self.apart(),
            Tag::Emphasis => self.writer.open(Style::Italic),
            Tag::Strong => self.writer.open(Style::Bold),
            Tag::Strikethrough => self.writer.open(Style::Strikethrough),
            Tag::Superscript => self.open(Mark::Raised),
            Tag::Subscript => self.open(Mark::Lowered),
            Tag::Link {
                link_type: LinkType::Email,
                dest_url,
                ..
            } => self.link(&format!("mailto:{dest_url}")),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => self.link(&dest_url),
            Tag::TableHead
            | Tag::TableRow
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::MetadataBlock(_) => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.separate(),
            TagEnd::Heading(_) => {
                self.writer.close();
                self.writer.close();
                self.separate();
            }
            TagEnd::BlockQuote(_) => self.end_quote(),
            TagEnd::CodeBlock => self.end_code(),
            TagEnd::List(_) => {
                self.lists.pop();
                self.separate_list();
            }
            TagEnd::Item => {
                self.writer.flush_marker();
                self.writer.widen();
                self.blocks.pop();
            }
            TagEnd::FootnoteDefinition => {
                let note = self.together();
                if let Some(label) = self.labels.pop() {
                    self.notes.define(&label, note);
                }
            }
            TagEnd::Table => {
                self.separate();
                std::mem::take(&mut self.table).write(&mut self.writer);
                self.separate();
            }
            TagEnd::TableHead => self.table.head = std::mem::take(&mut self.row),
            TagEnd::TableRow => self.table.rows.push(std::mem::take(&mut self.row)),
            TagEnd::TableCell => {
                let cell = self.together();
                self.row.push(cell);
            }
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => self.writer.close(),
            TagEnd::Superscript => self.close(&Mark::Raised),
            TagEnd::Subscript => self.close(&Mark::Lowered),
            TagEnd::Link | TagEnd::Image => self.end_link(),
            TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition
            | TagEnd::MetadataBlock(_) => {}
        }
    }

    /// Text with formulas; in a code block, as it was written.
    fn text(&mut self, text: &str) {
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

    fn formula(&mut self, formula: Formula<'_>) {
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

    /// Blocks stand apart by an empty line, except in an item without paragraphs and at the
    /// beginning of a quote.
    fn separate(&mut self) {
        match self.blocks.last() {
            Some(Block::Close) => self.writer.line(),
            Some(Block::Quote(from)) if *from == self.writer.len() => {}
            Some(Block::Loose | Block::Quote(_)) | None => self.writer.blank(),
        }
    }

    fn paragraph(&mut self) {
        if let Some(block @ Block::Close) = self.blocks.last_mut() {
            *block = Block::Loose;
        }
        self.separate();
    }

    /// A list in an item stands close to its text.
    fn separate_list(&mut self) {
        if self.lists.is_empty() {
            self.writer.blank();
        } else {
            self.writer.line();
        }
    }

    fn bullet(&self) -> &'static str {
        let level = self.lists.len().saturating_sub(1);
        let deepest = BULLETS.len() - 1;
        BULLETS.get(level.min(deepest)).copied().unwrap_or_default()
    }

    fn item(&mut self) {
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
    fn quote(&mut self, kind: Option<BlockQuoteKind>) {
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

    fn end_quote(&mut self) {
        self.writer.close();
        self.writer.widen();
        self.blocks.pop();
        self.separate();
    }

    fn end_code(&mut self) {
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

    fn link(&mut self, url: &str) {
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

    fn end_link(&mut self) {
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

    fn open(&mut self, mark: Mark) {
        match mark {
            Mark::Style(style) => self.writer.open(style),
            Mark::Link(url) => self.link(&url),
            Mark::Raised | Mark::Lowered => self.apart(),
            Mark::Details => self.quote(None),
            Mark::Summary => {
                self.writer.line();
                self.writer.open(Style::Bold);
            }
        }
    }

    fn close(&mut self, mark: &Mark) {
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
            Mark::Summary => {
                self.writer.close();
                self.writer.line();
            }
        }
    }

    /// What follows is written apart, until [`Self::together`].
    fn apart(&mut self) {
        self.held.push(std::mem::take(&mut self.writer));
    }

    fn together(&mut self) -> Rich {
        let outer = self.held.pop().unwrap_or_default();
        std::mem::replace(&mut self.writer, outer).finish()
    }
}

/// What a heading has beside being bold.
const fn heading(level: HeadingLevel) -> Style {
    match level {
        HeadingLevel::H1 => Style::Underline,
        // Bold already: no more.
        HeadingLevel::H2 => Style::Bold,
        HeadingLevel::H3 | HeadingLevel::H4 | HeadingLevel::H5 | HeadingLevel::H6 => Style::Italic,
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
fn language(kind: &CodeBlockKind<'_>) -> Option<String> {
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

#[cfg(test)]
mod tests;
