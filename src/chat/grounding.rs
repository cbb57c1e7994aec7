//! Where an answer has its facts from: what was searched for, which pages were found, and what of the
//! answer each of them supports. Pure. Offsets are bytes of UTF-8 (gemini-api §13).

use super::rich::{Entity, Rich, Style, units};

/// Sources that are told of at the most.
const MOST_SOURCES: usize = 10;
/// Searches that are told of at the most.
const MOST_QUERIES: usize = 4;
/// Longest title or search that is shown, in characters.
const LONGEST: usize = 60;

/// Where an answer has its facts from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Grounding {
    /// What was searched for.
    pub(crate) queries: Vec<String>,
    pub(crate) sources: Vec<Source>,
    pub(crate) supports: Vec<Support>,
    /// Addresses that were to be opened and could not be.
    pub(crate) unread: Vec<String>,
    /// Pages were opened.
    pub(crate) has_read: bool,
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) uri: String,
    /// Of a page that was searched for, its host.
    pub(crate) title: String,
}

/// A passage of the answer that pages support.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Support {
    /// Where it ends in its part.
    pub(crate) end: usize,
    pub(crate) text: String,
    /// Places in the list of sources.
    pub(crate) sources: Vec<usize>,
}

/// Sources in the order in which an answer names them, and where it does.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Cited<'a> {
    sources: Vec<&'a Source>,
    /// In each text: behind this byte stand the marks of these sources.
    marks: Vec<Vec<(usize, Vec<usize>)>>,
}

impl Grounding {
    /// Whether it cost a search or the opening of a page.
    pub(crate) fn is_used(&self) -> bool {
        !self.queries.is_empty() || !self.sources.is_empty() || self.has_read
    }

    /// The sources of these texts, numbered as they are named in them; all where none is named.
    pub(crate) fn cited(&self, texts: &[&str]) -> Cited<'_> {
        let mut cited = Cited::default();
        for (nth, text) in texts.iter().enumerate() {
            let mut marks: Vec<(usize, Vec<usize>)> = Vec::new();
            let mut places: Vec<(usize, &Support)> = Vec::new();
            for support in &self.supports {
                places.extend(end_in(text, support, texts.len() == 1).map(|at| (at, support)));
            }
            places.sort_by_key(|(at, _)| *at);
            for (at, support) in places {
                let sources = support
                    .sources
                    .iter()
                    .filter_map(|it| self.sources.get(*it));
                let numbers: Vec<usize> = sources.filter_map(|it| cited.number(it)).collect();
                match marks.last_mut().filter(|(last, _)| *last == at) {
                    Some((_, known)) => known.extend(numbers),
                    None => marks.push((at, numbers)),
                }
            }
            for (_, numbers) in &mut marks {
                numbers.sort_unstable();
                numbers.dedup();
            }
            debug_assert!(cited.marks.len() == nth, "one list for each text");
            cited.marks.push(marks);
        }
        if cited.sources.is_empty() {
            for source in &self.sources {
                cited.number(source);
            }
        }
        cited
    }

    /// The sources and searches as they stand under an answer; nothing where there are none. What it
    /// says before each is `words`: of the sources, of the searches.
    pub(crate) fn shown(&self, cited: &Cited<'_>, words: [&str; 2]) -> Rich {
        let [sources, searches] = words;
        let mut shown = Rich::default();
        if !cited.sources.is_empty() {
            shown.text.push_str(sources);
            for (nth, source) in cited.sources.iter().enumerate() {
                shown.text.push('\n');
                shown.text.push_str(&(nth + 1).to_string());
                shown.text.push_str(". ");
                link(&mut shown, &short(&source.title), &source.uri);
            }
        }
        for (nth, query) in self.queries.iter().take(MOST_QUERIES).enumerate() {
            let before = match nth {
                0 if shown.text.is_empty() => searches.to_owned(),
                0 => format!("\n{searches}"),
                _ => " ·".to_owned(),
            };
            shown.text.push_str(&before);
            shown.text.push(' ');
            let uri = format!("https://www.google.com/search?q={}", encoded(query));
            link(&mut shown, &short(query), &uri);
        }
        shown
    }
}

impl<'a> Cited<'a> {
    /// The number of a source, from 1; `None` once there are too many.
    fn number(&mut self, source: &'a Source) -> Option<usize> {
        let known = self.sources.iter().position(|it| it.uri == source.uri);
        if known.is_none() {
            if self.sources.len() == MOST_SOURCES {
                return None;
            }
            self.sources.push(source);
        }
        Some(known.map_or(self.sources.len(), |at| at + 1))
    }

    /// The text with its marks, as in `Water is wet.[1][3]`; `nth` is its place among the texts.
    pub(crate) fn marked(&self, nth: usize, text: &str) -> String {
        let (mut marked, mut done) = (String::new(), 0);
        for (at, numbers) in self.marks.get(nth).into_iter().flatten() {
            marked.push_str(text.get(done..*at).unwrap_or_default());
            done = *at;
            marked.extend(numbers.iter().map(|number| format!("[{number}]")));
            // With a parenthesis behind it a mark would be a link.
            let next = text.get(done..).and_then(|rest| rest.chars().next());
            if next.is_some_and(|next| matches!(next, '(' | '[' | ':')) {
                marked.push(' ');
            }
        }
        marked.push_str(text.get(done..).unwrap_or_default());
        marked
    }
}

/// Where a passage ends in a text: where it is said to, if it stands there, else where it stands;
/// nowhere inside a code block.
fn end_in(text: &str, support: &Support, is_only: bool) -> Option<usize> {
    let (end, passage) = (support.end, support.text.as_str());
    let stands = |at: usize| {
        let front = text.get(..at)?;
        let is_here = front.ends_with(passage) && (is_only || !passage.is_empty());
        (is_here && at > 0).then_some(at)
    };
    let found = || {
        let mut places = text.match_indices(passage);
        let (at, _) = places.next().filter(|_| !passage.is_empty())?;
        places.next().is_none().then_some(at + passage.len())
    };
    let at = stands(end).or_else(found)?;
    let front = text.get(..at)?;
    let is_in_code = front
        .lines()
        .filter(|line| line.trim_start().starts_with("```"))
        .count()
        % 2
        == 1;
    (!is_in_code).then_some(at)
}

fn link(shown: &mut Rich, label: &str, uri: &str) {
    let (Ok(offset), Ok(length)) = (
        u32::try_from(units(&shown.text)),
        u32::try_from(units(label)),
    ) else {
        return;
    };
    shown.text.push_str(label);
    let is_address = uri.starts_with("https://") || uri.starts_with("http://");
    let style = Style::Link {
        url: uri.to_owned(),
    };
    shown
        .entities
        .extend((is_address && length > 0).then_some(Entity {
            offset,
            length,
            style,
        }));
}

/// One line of a bounded length.
fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > LONGEST {
        let mut line: String = line.chars().take(LONGEST - 1).collect();
        line.push('…');
        line
    } else {
        line
    }
}

/// As the query of an address has it.
fn encoded(text: &str) -> String {
    let bytes = text.trim().bytes().map(|byte| match byte {
        b' ' => "+".to_owned(),
        b if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) => char::from(b).to_string(),
        b => format!("%{b:02X}"),
    });
    bytes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(nth: usize) -> Source {
        Source {
            uri: format!("https://example.org/{nth}"),
            title: format!("page{nth}.org"),
        }
    }

    fn support(text: &str, end: usize, sources: &[usize]) -> Support {
        Support {
            end,
            text: text.to_owned(),
            sources: sources.to_vec(),
        }
    }

    fn grounded(supports: Vec<Support>) -> Grounding {
        Grounding {
            queries: vec!["猫 & dogs".to_owned()],
            sources: (0..4).map(source).collect(),
            supports,
            ..Grounding::default()
        }
    }

    fn marked(text: &str, supports: Vec<Support>) -> String {
        let grounding = grounded(supports);
        grounding.cited(&[text]).marked(0, text)
    }

    #[test]
    fn marks_stand_behind_what_is_supported_whatever_stands_before_it() {
        let text = "😀 今天北京晴。明天有雨。";
        let first = "今天北京晴。";
        let end = "😀 今天北京晴。".len();
        let supports = vec![
            support("明天有雨。", text.len(), &[3, 0]),
            support(first, end, &[2]),
        ];
        assert_eq!(marked(text, supports), "😀 今天北京晴。[1]明天有雨。[2][3]");
        // Wrong offsets, as of UTF-16 or in the middle of a character: the passage is looked for.
        for wrong in [9, 10, 1000] {
            let supports = vec![support(first, wrong, &[2])];
            assert_eq!(marked(text, supports), "😀 今天北京晴。[1]明天有雨。");
        }
        let twice = "no no";
        assert_eq!(marked(twice, vec![support("no", 99, &[0])]), twice);
        assert_eq!(marked("a", vec![support("a", 1, &[9])]), "a");
        let once = vec![support("wet", 3, &[0, 0]), support("wet", 3, &[1])];
        assert_eq!(marked("wet (very)", once), "wet[1][2] (very)");
        assert_eq!(
            marked("wet(a)", vec![support("wet", 3, &[0])]),
            "wet[1] (a)"
        );
        let code = "```\nx = 1\n```\ndone";
        assert_eq!(marked(code, vec![support("x = 1", 9, &[0])]), code);
    }

    #[test]
    fn sources_are_numbered_as_they_are_named_and_searches_lead_to_google() {
        let grounding = grounded(vec![support("b", 2, &[3]), support("a", 1, &[1, 3])]);
        let cited = grounding.cited(&["ab"]);
        assert_eq!(cited.marked(0, "ab"), "a[1][2]b[2]");
        let shown = grounding.shown(&cited, ["Sources:", "Searched:"]);
        assert_eq!(
            shown.text,
            "Sources:\n1. page1.org\n2. page3.org\nSearched: 猫 & dogs"
        );
        let links: Vec<(u32, &Style)> = shown
            .entities
            .iter()
            .map(|it| (it.offset, &it.style))
            .collect();
        let to = |url: &str| Style::Link {
            url: url.to_owned(),
        };
        assert_eq!(
            links,
            [
                (12, &to("https://example.org/1")),
                (25, &to("https://example.org/3")),
                (
                    45,
                    &to("https://www.google.com/search?q=%E7%8C%AB+%26+dogs")
                ),
            ]
        );
    }

    #[test]
    fn without_passages_all_sources_are_told_and_never_too_many() {
        let many = Grounding {
            sources: (0..30).map(source).collect(),
            ..Grounding::default()
        };
        let shown = many.shown(&many.cited(&["text"]), ["S", "Q"]);
        assert_eq!(shown.entities.len(), MOST_SOURCES);
        let none = Grounding::default();
        assert_eq!(
            none.shown(&none.cited(&["text"]), ["S", "Q"]),
            Rich::default()
        );
        assert!(!none.is_used() && many.is_used());
    }
}
