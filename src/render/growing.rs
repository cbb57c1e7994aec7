//! The stable prefix of a growing answer: the beginning that looks the same whatever follows, so
//! that a frame never shows one thing now and another a moment later. Pure.
//!
//! The parser reads what there is of the answer; everything but its last block is decided. In the
//! last block a mark that may still open something is held back with all that follows it, and so is
//! a line that may still become a heading, a rule or the head of a table. A mark that stays open
//! for long is given up and shown as written ([`bound`] has the bounds); only a table waits for
//! its end however long it is, because its width decides its form. Two things are not waited for:
//! definitions (a reference or a footnote is shown as written until its definition has come), and
//! the line below a text that would make a heading of it, which would hold back the beginning of
//! every answer.

mod bound;
mod ends;
mod inline;
mod marks;

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Tag};

use bound::Bound;
use ends::{line_of_marks, without_open_break, without_open_end, without_open_grapheme};
use inline::Inline;

use super::dialect;
use super::flanks::{self, FLANK};

/// The longest beginning of `markdown` that looks the same whatever follows it.
pub(crate) fn stable_prefix(markdown: &str) -> &str {
    let flanks = flanks::places(markdown);
    if flanks.is_empty() {
        return beginning(markdown);
    }
    let marked = flanks::marked(markdown, &flanks);
    let length = FLANK.len_utf8();
    let end = beginning(&marked).len();
    let places = flanks.iter().enumerate();
    let before = places.take_while(|(nth, at)| *at + nth * length < end);
    let length = end.saturating_sub(before.count() * length);
    markdown.get(..length).unwrap_or_default().trim_end()
}

/// The same of a text in which stars are marked as the renderer marks them.
fn beginning(markdown: &str) -> &str {
    let source = without_open_end(without_open_grapheme(markdown));
    let (formulas, formula) = formulas(source);
    let mut leaf = Leaf::last(source);
    if let Some(leaf) = &mut leaf {
        leaf.inline.formulas = formulas;
    }
    let in_code = matches!(&leaf, Some(leaf) if matches!(leaf.kind, Kind::Code { .. }));
    let formula = formula.filter(|_| !in_code);
    let open = leaf.as_ref().and_then(|leaf| leaf.undecided(source));
    if let Some(at) = formula
        && leaf.as_ref().is_none_or(|leaf| leaf.start > at)
    {
        // The parser knows no formulas: what it makes of their lines is not used.
        return beginning(source.get(..at).unwrap_or_default());
    }
    let kept = match open.into_iter().chain(formula).min() {
        Some(cut) => {
            let cut = leaf.map_or(cut, |leaf| leaf.inline.outside(cut, source));
            source.get(..line_of_marks(source, cut)).unwrap_or_default()
        }
        None if has_blank_end(source) => return source.trim_end(),
        None => source,
    };
    without_open_break(kept)
}

/// Formulas on lines of their own in the last paragraph, and where one begins that has not ended.
/// Their lines may look like anything else to the parser.
fn formulas(source: &str) -> (Vec<Range<usize>>, Option<usize>) {
    let mut at = source.rfind("\n\n").map_or(0, |at| at + 2);
    let mut open: Option<(usize, &str)> = None;
    let mut whole = Vec::new();
    for line in source.get(at..).unwrap_or_default().split_inclusive('\n') {
        let mut inner = line;
        if open.is_none()
            && let Some((start, close, rest)) = opens_formula(line)
        {
            open = Some((at + start, close));
            inner = rest;
        }
        at += line.len();
        if let Some((start, close)) = open
            && let Some((_, after)) = inner.split_once(close)
        {
            whole.push(start..at - after.len());
            open = None;
        }
    }
    let start = open.map(|(start, _)| start);
    (whole, start.filter(|at| Bound::Long.keeps(source, *at)))
}

/// Where in a line a formula opens, at its beginning or its end, the mark that closes it, and the
/// rest of the line.
fn opens_formula(line: &str) -> Option<(usize, &'static str, &str)> {
    let text = line.trim_start_matches(['>', ' ', '\t']);
    let first = [("$$", "$$"), ("\\[", "\\]")]
        .into_iter()
        .find_map(|(mark, close)| Some((0, close, text.strip_prefix(mark)?)))
        .filter(|(_, close, rest)| !rest.starts_with(close));
    let last = || {
        let before = line.trim_end().strip_suffix("$$")?;
        let is_single = !before.contains("$$") && !before.contains('`');
        is_single.then_some((before.len(), "$$", ""))
    };
    first.or_else(last)
}

/// The last block that holds text.
struct Leaf {
    kind: Kind,
    start: usize,
    /// Whether its end was seen: what follows is another block.
    ended: bool,
    inline: Inline,
}

enum Kind {
    /// Also the text of a list item without a paragraph around it.
    Paragraph,
    Heading,
    Table,
    Code {
        has_content: bool,
        is_formula: bool,
    },
    Html,
}

impl Leaf {
    const fn new(kind: Kind, start: usize) -> Self {
        Self {
            kind,
            start,
            ended: false,
            inline: Inline::new(),
        }
    }

    fn last(source: &str) -> Option<Self> {
        let mut last: Option<Self> = None;
        for (event, range) in dialect::events(source) {
            match event {
                Event::Start(tag) => last = Self::started(last, &tag, range),
                Event::End(tag) => {
                    if let Some(leaf) = &mut last {
                        leaf.ended |= !leaf.inline.end(tag) && !is_table_part(tag);
                    }
                }
                Event::Rule | Event::TaskListMarker(_) => last = None,
                Event::SoftBreak | Event::HardBreak | Event::Html(_) => {}
                Event::Text(text) => {
                    let leaf = Self::at(&mut last, range.start);
                    if let Kind::Code { has_content, .. } = &mut leaf.kind {
                        *has_content |= !text.trim().is_empty();
                    } else {
                        leaf.inline.text(range);
                    }
                }
                Event::InlineHtml(_) => Self::at(&mut last, range.start).inline.tag(range),
                Event::Code(_)
                | Event::InlineMath(_)
                | Event::DisplayMath(_)
                | Event::FootnoteReference(_) => {
                    Self::at(&mut last, range.start).inline.element(range);
                }
            }
        }
        last
    }

    /// The block that holds an inline element at `start`; an item's text has none of its own.
    fn at(last: &mut Option<Self>, start: usize) -> &mut Self {
        if last.as_ref().is_some_and(|leaf| leaf.ended) {
            *last = None;
        }
        last.get_or_insert_with(|| Self::new(Kind::Paragraph, start))
    }

    fn started(mut last: Option<Self>, tag: &Tag<'_>, range: Range<usize>) -> Option<Self> {
        let kind = match tag {
            Tag::Paragraph => Kind::Paragraph,
            Tag::Heading { .. } => Kind::Heading,
            Tag::Table(_) => Kind::Table,
            Tag::HtmlBlock => Kind::Html,
            Tag::CodeBlock(kind) => Kind::Code {
                has_content: false,
                is_formula: matches!(kind, CodeBlockKind::Fenced(info) if is_formula(info)),
            },
            Tag::TableHead | Tag::TableRow | Tag::TableCell => return last,
            Tag::Emphasis
            | Tag::Strong
            | Tag::Strikethrough
            | Tag::Superscript
            | Tag::Subscript => {
                Self::at(&mut last, range.start).inline.emphasis(range);
                return last;
            }
            Tag::Link { .. } | Tag::Image { .. } => {
                Self::at(&mut last, range.start).inline.link(range);
                return last;
            }
            Tag::BlockQuote(_)
            | Tag::List(_)
            | Tag::Item
            | Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::MetadataBlock(_) => return None,
        };
        Some(Self::new(kind, range.start))
    }

    /// Where the part begins that may still change.
    fn undecided(&self, source: &str) -> Option<usize> {
        let own = source.get(self.start..).unwrap_or_default();
        let is_closed = has_blank_end(source);
        match self.kind {
            Kind::Code {
                has_content,
                is_formula,
            } => (!has_content || (is_formula && !has_fence_end(own))).then_some(self.start),
            Kind::Table if !is_closed => Some(self.start),
            Kind::Html if !is_closed => open_html(source, own),
            Kind::Heading if !own.contains('\n') => self.inline.undecided(source),
            Kind::Paragraph if !is_closed => self
                .table_head(source)
                .into_iter()
                .chain(self.inline.undecided(source))
                .min(),
            Kind::Table | Kind::Html | Kind::Heading | Kind::Paragraph => None,
        }
    }

    /// Where the last line begins if it may be the head of a table.
    fn table_head(&self, source: &str) -> Option<usize> {
        let line = source.trim_end().rfind('\n').map_or(0, |at| at + 1);
        let mut start = line.max(self.start);
        // The text of an item begins behind the backslash of its first character.
        if source.get(..start)?.ends_with('\\') {
            start -= 1;
        }
        let text = source.get(start..)?.trim_start_matches(['>', ' ', '\t']);
        let has_cells = || text.replace("||", "").contains('|');
        let may_be = text.starts_with('|') || (start <= self.start && has_cells());
        (may_be && Bound::Usual.keeps(source, start)).then_some(start)
    }
}

const fn is_table_part(tag: pulldown_cmark::TagEnd) -> bool {
    use pulldown_cmark::TagEnd;
    matches!(
        tag,
        TagEnd::TableHead | TagEnd::TableRow | TagEnd::TableCell
    )
}

/// Whether an empty line ends the last block.
fn has_blank_end(source: &str) -> bool {
    let text = source.trim_end_matches(|c: char| c.is_whitespace() || c == '>');
    let blank = source.strip_prefix(text).unwrap_or_default();
    blank.matches('\n').count() > 1
}

/// Whether code with this word after its fence is shown as a formula.
fn is_formula(info: &str) -> bool {
    let names = ["math", "latex", "tex"];
    names
        .iter()
        .any(|name| info.trim().eq_ignore_ascii_case(name))
}

/// Whether a code block with this source has its closing fence.
fn has_fence_end(own: &str) -> bool {
    let (_, last) = own.trim_end().rsplit_once('\n').unwrap_or_default();
    let fence = last.trim_matches(['>', ' ', '\t']);
    fence.len() > 2 && fence.chars().all(|c| matches!(c, '`' | '~'))
}

/// Where a comment begins that has not ended, or the unfinished line of other HTML.
fn open_html(source: &str, own: &str) -> Option<usize> {
    let start = source.len() - own.len();
    let line = source.rfind('\n').map_or(0, |at| at + 1).max(start);
    let open = if own.starts_with("<!--") && !own.contains("-->") {
        start
    } else {
        line
    };
    Bound::Usual.keeps(source, open).then_some(open)
}

#[cfg(test)]
mod tests;
