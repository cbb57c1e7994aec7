//! A model's answer, written in markdown, to text with formatting. Pure. Walks over the tokens of
//! [`super::tokens`] and writes each on a [`Page`]; no step calls itself, so nesting costs no
//! stack. Invariant: no word of the answer is lost, whatever cannot be shown stays as it was written.

use std::mem;

use pulldown_cmark::{Event, HeadingLevel, LinkType, Tag, TagEnd};

use super::blocks::language;
use super::html::Mark;
use super::page::{Code, Page};
use super::table::Table;
use super::tokens::{self, Token};
use super::{latex, links, math};
use crate::chat::rich::{Rich, Style};

const RULE: &str = "──────────";

/// The answer as Telegram shows it. Names of people are shown as code where `asked`, the question,
/// does not hold them: an answer must not notify whom it likes.
pub(crate) fn answer(markdown: &str, asked: &str) -> Rich {
    let masked = math::mask(markdown);
    let mut page = Page::new(&masked, asked);
    for token in tokens::tokens(&masked) {
        page.write(token);
    }
    page.notes.list(&mut page.writer);
    links::quiet(page.writer.finish(), asked)
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
