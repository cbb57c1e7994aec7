//! What the parser found inside a block, and what of that is undecided. Pure.

use std::ops::Range;

use pulldown_cmark::TagEnd;

use super::bound::Bound;
use super::ends::line_of_marks;
use super::marks::{Marks, Text};

/// What the parser found in a block.
pub(super) struct Inline {
    texts: Vec<Text>,
    /// Elements, in the order of their beginnings.
    elements: Vec<Range<usize>>,
    tags: Vec<Range<usize>>,
    emphases: usize,
    links: usize,
    /// Formulas on lines of their own; what the parser found in them is not used.
    pub(super) formulas: Vec<Range<usize>>,
}

impl Inline {
    pub(super) const fn new() -> Self {
        Self {
            texts: Vec::new(),
            elements: Vec::new(),
            tags: Vec::new(),
            emphases: 0,
            links: 0,
            formulas: Vec::new(),
        }
    }

    /// Text inside a link is stable: the parser reports a link only once it is whole.
    pub(super) fn text(&mut self, range: Range<usize>) {
        if self.links == 0 {
            self.texts.push(Text {
                range,
                in_emphasis: self.emphases > 0,
            });
        }
    }

    pub(super) fn element(&mut self, range: Range<usize>) {
        self.elements.push(range);
    }

    pub(super) fn tag(&mut self, range: Range<usize>) {
        self.tags.push(range.clone());
        self.elements.push(range);
    }

    pub(super) fn emphasis(&mut self, range: Range<usize>) {
        self.emphases += 1;
        self.elements.push(range);
    }

    pub(super) fn link(&mut self, range: Range<usize>) {
        self.links += 1;
        self.elements.push(range);
    }

    /// Whether it was an element of this block that ended.
    pub(super) const fn end(&mut self, tag: TagEnd) -> bool {
        match tag {
            TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough
            | TagEnd::Superscript
            | TagEnd::Subscript => self.emphases = self.emphases.saturating_sub(1),
            TagEnd::Link | TagEnd::Image => self.links = self.links.saturating_sub(1),
            TagEnd::Paragraph
            | TagEnd::Heading(_)
            | TagEnd::BlockQuote(_)
            | TagEnd::CodeBlock
            | TagEnd::HtmlBlock
            | TagEnd::List(_)
            | TagEnd::Item
            | TagEnd::FootnoteDefinition
            | TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition
            | TagEnd::Table
            | TagEnd::TableHead
            | TagEnd::TableRow
            | TagEnd::TableCell
            | TagEnd::MetadataBlock(_) => return false,
        }
        true
    }

    /// Where the part begins that may still change.
    pub(super) fn undecided(&self, source: &str) -> Option<usize> {
        let marks = self.marks(source);
        marks
            .earliest
            .into_iter()
            .chain(self.open_end(source))
            .min()
    }

    fn marks<'a>(&self, source: &'a str) -> Marks<'a> {
        let mut marks = Marks::new(source);
        marks.read_tags(&self.tags);
        let mut end = None;
        for text in &self.texts {
            let start = text.range.start;
            let next = self
                .formulas
                .partition_point(|formula| formula.end <= start);
            if let Some(formula) = self.formulas.get(next)
                && formula.start <= start
            {
                marks.skip(formula.end);
            }
            marks.read(text, end);
            end = Some(text.range.end);
        }
        marks.finish();
        marks
    }

    /// `cut`, or the beginning of the element that it would fall into.
    pub(super) fn outside(&self, cut: usize, source: &str) -> usize {
        let marks = self.marks(source);
        let mut elements: Vec<&Range<usize>> =
            self.elements.iter().chain(&marks.elements).collect();
        elements.sort_by_key(|element| element.start);
        let mut cut = line_of_marks(source, start_of_run(source, cut));
        for element in elements.into_iter().rev() {
            if element.start < cut && cut < element.end {
                cut = line_of_marks(source, start_of_run(source, element.start));
            }
        }
        cut
    }

    /// Where an address begins that goes on up to the end.
    fn open_end(&self, source: &str) -> Option<usize> {
        let is_open = |text: &str| {
            text.chars()
                .all(|c| c.is_ascii() && !c.is_whitespace() && !"<>\"".contains(c))
        };
        let word = source
            .rfind(|c: char| !is_open(c.encode_utf8(&mut [0; 4])))
            .map_or(0, |at| at + 1);
        // `word` may be inside the character before it.
        let word = (word..=source.len()).find(|at| source.is_char_boundary(*at))?;
        let last = source.get(word..)?;
        let url = ["http://", "https://", "www."]
            .into_iter()
            .filter_map(|scheme| last.find(scheme))
            .min()
            .map(|at| word + at)
            .filter(|at| self.texts.iter().any(|text| text.range.contains(at)));
        url.filter(|at| Bound::Usual.keeps(source, *at))
    }
}

/// `cut`, or the beginning of the run of marks that it would fall into: half of one means another
/// thing.
fn start_of_run(source: &str, cut: usize) -> usize {
    let (before, after) = source.split_at_checked(cut).unwrap_or((source, ""));
    match after.chars().next() {
        Some(mark @ ('*' | '_' | '~')) => before.trim_end_matches(mark).len(),
        Some(_) | None => cut,
    }
}
