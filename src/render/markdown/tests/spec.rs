//! Our renderer against the examples of `CommonMark` and of GitHub's extensions, where they are at
//! hand: they are not ours to ship.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::PathBuf;

use serde::Deserialize;

use super::{legal, words};
use crate::chat::rich::{Entity, Rich, Style};
use crate::render::answer;

/// All examples keep their words; this many lose no look either.
const FULL_FIDELITY: usize = 485;

#[derive(Deserialize)]
struct Examples {
    examples: Vec<Example>,
}

#[derive(Deserialize)]
struct Example {
    #[serde(rename = "example")]
    number: u32,
    section: String,
    markdown: String,
    html: String,
}

#[test]
#[expect(clippy::print_stdout, reason = "a person reads the figures")]
fn the_examples_of_the_specifications_keep_their_words() {
    let Some(examples) = examples() else {
        println!("skipped: no examples; set SVS_BOT_SHARED_DATA to the folder that holds them");
        return;
    };
    let mut full = 0;
    let mut degraded: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for example in &examples {
        let name = format!("{} {}", example.section, example.number);
        let rich = answer(&example.markdown, "");
        legal(&rich, &example.markdown);
        let expected = words(&visible(&example.html));
        let shown = words(&rich.text);
        if !holds(&shown, &expected) {
            // A hint may stand between two links that touch.
            let letters = |words: &[String]| words.concat().chars().map(String::from).collect();
            let (shown, expected): (Vec<_>, Vec<_>) = (letters(&shown), letters(&expected));
            let text = &rich.text;
            assert!(
                holds(&shown, &expected),
                "{name}: {:?} gave {text:?}",
                example.markdown
            );
            degraded
                .entry("where a link leads parts a word")
                .or_default()
                .push(name);
            continue;
        }
        let reason = degradation(example).or_else(|| {
            let differs = styled_differently(&example.html, &rich);
            differs.then_some("a word looks different")
        });
        match reason {
            None => full += 1,
            Some(reason) => degraded.entry(reason).or_default().push(name),
        }
    }
    println!("{full} of {} in full fidelity", examples.len());
    for (reason, names) in &degraded {
        println!("{reason}: {}\n    {}", names.len(), names.join(", "));
    }
    assert!(full >= FULL_FIDELITY, "only {full} in full fidelity");
}

/// Whether the words stand among the others, in order.
fn holds(shown: &[String], expected: &[String]) -> bool {
    let mut rest = shown.iter();
    expected.iter().all(|word| rest.any(|one| one == word))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the folder differs from machine to machine"
)]
fn examples() -> Option<Vec<Example>> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data"));
    let folder = env::var_os("SVS_BOT_SHARED_DATA").map_or_else(beside, PathBuf::from);
    let mut all = Vec::new();
    for name in ["commonmark-examples.json", "gfm-extension-examples.json"] {
        let text = fs::read_to_string(folder.join(name)).ok()?;
        let read: Examples = serde_json::from_str(&text).unwrap();
        all.extend(read.examples);
    }
    Some(all)
}

/// What of the expected page a chat cannot show, or we show as it was written.
fn degradation(example: &Example) -> Option<&'static str> {
    let rich = answer(&example.markdown, "");
    let count = |part: &str| example.html.matches(part).count();
    let links = rich
        .entities
        .iter()
        .filter(|entity| matches!(entity.style, Style::Link { .. }));
    let ours = "p a em strong code pre ul ol li blockquote br hr table thead tbody tr th td del \
                input h1 h2 h3 h4 h5 h6 img";
    let is_ours = |name: &str| ours.split(' ').any(|tag| tag == name);
    let foreign = tags(&example.html).iter().any(|name| !is_ours(name));
    if foreign || example.html.contains("<!") || example.html.contains("<?") {
        Some("raw HTML is shown as it was written")
    } else if example.section.starts_with("Autolinks (ext") {
        Some("bare addresses are left to Telegram to link")
    } else if count("<img") > 0 {
        Some("an image is a link at most")
    } else if links.count() < count("<a ") {
        Some("a link that leads to no web address is text")
    } else if count(" title=") > 0 {
        Some("the title of a link has no place")
    } else if has_code_in_a_link(&example.html) {
        Some("code in a link is only a link")
    } else {
        None
    }
}

/// How the characters of words look, as letters: bold, italic, struck, code, quoted.
type Looks = Vec<(char, String)>;

fn styled_differently(html: &str, rich: &Rich) -> bool {
    let shown = looks_of_text(rich);
    let mut rest = shown.iter();
    let expected = looks_of_page(html);
    expected.iter().any(|(c, look)| {
        let found = rest.find(|(one, _)| one == c);
        // The look of headings and tables is ours.
        look != "any" && found.is_none_or(|(_, ours)| ours != look)
    })
}

fn looks_of_text(rich: &Rich) -> Looks {
    let mut looks = Looks::new();
    let mut unit = 0;
    for c in rich.text.chars() {
        let covers = |entity: &&Entity| entity.offset <= unit && unit < entity.end();
        let open = rich.entities.iter().filter(covers);
        let look: BTreeSet<char> = open.filter_map(|entity| letter(&entity.style)).collect();
        looks.push((c, look.iter().collect()));
        unit += u32::try_from(c.len_utf16()).unwrap();
    }
    looks.retain(|(c, _)| c.is_alphanumeric());
    looks
}

fn letter(style: &Style) -> Option<char> {
    match style {
        Style::Bold => Some('b'),
        Style::Italic => Some('i'),
        Style::Strikethrough => Some('s'),
        Style::Code | Style::Pre { .. } => Some('c'),
        Style::Quote | Style::LongQuote => Some('q'),
        Style::Underline => Some('u'),
        Style::Spoiler => Some('h'),
        Style::Link { .. } => None,
    }
}

fn looks_of_page(html: &str) -> Looks {
    let letters = [
        ("strong", 'b'),
        ("em", 'i'),
        ("del", 's'),
        ("code", 'c'),
        ("blockquote", 'q'),
    ];
    let ours = ["h1", "h2", "h3", "h4", "h5", "h6", "table"];
    let mut open: Vec<&str> = Vec::new();
    let mut looks = Looks::new();
    for part in html.split('<') {
        let (tag, text) = part.split_once('>').unwrap_or(("", part));
        let name = tag.split_whitespace().next().unwrap_or_default();
        match name.strip_prefix('/') {
            Some(_) => drop(open.pop()),
            None if matches!(name, "" | "br" | "hr" | "input" | "img") || tag.ends_with('/') => {}
            None => open.push(name),
        }
        let styles = letters.iter().filter(|(tag, _)| open.contains(tag));
        let mut look: BTreeSet<char> = styles.map(|(_, letter)| *letter).collect();
        if look.contains(&'c') {
            look.retain(|letter| "cq".contains(*letter));
        }
        let any = ours.iter().any(|tag| open.contains(tag));
        let look: String = if any {
            "any".to_owned()
        } else {
            look.iter().collect()
        };
        let text = crate::render::html::decoded(text);
        let letters = text.chars().filter(|c| c.is_alphanumeric());
        looks.extend(letters.map(|c| (c, look.clone())));
    }
    looks
}

fn has_code_in_a_link(html: &str) -> bool {
    let mut links = html.split("<a ").skip(1);
    links.any(|link| link.split("</a>").next().unwrap().contains("<code"))
}

/// Names of the opening tags.
fn tags(html: &str) -> Vec<String> {
    let after = html.split('<').skip(1);
    let names = after.map(|tag| {
        let name = tag.chars().take_while(char::is_ascii_alphanumeric);
        name.collect::<String>()
    });
    names.filter(|name| !name.is_empty()).collect()
}

/// The text of a page: without tags, comments and references.
fn visible(html: &str) -> String {
    let mut visible = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        visible.push_str(before);
        let end = ["!--", "![CDATA[", "?"]
            .iter()
            .zip(["-->", "]]>", "?>"])
            .find(|(start, _)| after.starts_with(**start))
            .map_or(">", |(_, end)| end);
        // A tag's attributes may hold the end of a tag.
        let mut quote = None;
        let length = after.char_indices().find_map(|(at, c)| {
            match quote {
                Some(open) if c == open => quote = None,
                None if end == ">" && (c == '"' || c == '\'') => quote = Some(c),
                _ if quote.is_none() && after[at..].starts_with(end) => return Some(at),
                _ => {}
            }
            None
        });
        rest = length.map_or("", |length| &after[length + end.len()..]);
    }
    visible.push_str(rest);
    crate::render::html::decoded(&visible)
}
