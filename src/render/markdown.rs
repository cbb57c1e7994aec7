//! A model's answer, written in markdown, to text with formatting. Pure. Walks over the tokens of
//! [`super::tokens`] and writes each with [`RichWriter`]; no step calls itself, so nesting costs no
//! stack. Invariant: no word of the answer is lost, whatever cannot be shown stays as it was written.

use std::mem;

use pulldown_cmark::{Event, HeadingLevel, LinkType, Options, Tag, TagEnd};

use super::blocks::language;
use super::footnotes::Footnotes;
use super::html::Mark;
use super::math::{self, Masked};
use super::rich_writer::RichWriter;
use super::table::Table;
use super::tokens::{self, Token};
use super::{latex, links};
use crate::chat::rich::{Rich, Style};

const RULE: &str = "──────────";

/// The markdown that models write: GitHub's.
pub(super) fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM
}

/// The answer as Telegram shows it. Names of people are shown as code where `asked`, the question, does
/// not hold them: an answer must not notify whom it likes.
pub(crate) fn answer(markdown: &str, asked: &str) -> Rich {
    let masked = math::mask(markdown);
    let mut page = Page {
        masked: &masked,
        asked,
        writer: RichWriter::default(),
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

/// The walk, and what it has written.
pub(super) struct Page<'p> {
    pub(super) masked: &'p Masked<'p>,
    pub(super) asked: &'p str,
    pub(super) writer: RichWriter,
    /// Writers that wait while a cell, a note or a raised text is written apart.
    pub(super) held: Vec<RichWriter>,
    /// Numbers of the next items; none for lists of bullets.
    pub(super) lists: Vec<Option<u64>>,
    pub(super) blocks: Vec<Block>,
    pub(super) links: Vec<Link>,
    pub(super) table: Table,
    pub(super) row: Vec<Rich>,
    pub(super) code: Option<Code>,
    /// Labels of the footnotes being defined.
    pub(super) labels: Vec<String>,
    pub(super) notes: Footnotes,
}

/// What holds blocks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    /// An item whose texts stand close together.
    Close,
    /// An item with paragraphs.
    Loose,
    /// A quote whose blocks begin at this byte.
    Quote(usize),
}

pub(super) struct Link {
    pub(super) url: String,
    /// Whether it is a link for Telegram too.
    pub(super) linked: bool,
    /// Whether it stands in another one, which tells enough.
    pub(super) inner: bool,
    /// Where its text begins.
    pub(super) from: usize,
}

pub(super) struct Code {
    pub(super) language: Option<String>,
    pub(super) text: String,
}

impl Page<'_> {
    fn write(&mut self, token: Token<'_>) {
        match token {
            Token::Event(event) => self.event(event),
            Token::Text(text) => self.text(&text),
            Token::Open(mark) => self.open(mark),
            Token::Close(mark) => self.close(&mark),
            Token::Edge(layout, begins) => self.edge(layout, begins),
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
                mem::take(&mut self.table).write(&mut self.writer);
                self.separate();
            }
            TagEnd::TableHead => self.table.head = mem::take(&mut self.row),
            TagEnd::TableRow => self.table.rows.push(mem::take(&mut self.row)),
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

#[cfg(test)]
mod tests;
