//! Ends of a growing text, and lines, whose meaning is not certain yet. Pure.

use unicode_segmentation::UnicodeSegmentation;

use crate::render::flanks::FLANK;

/// Telegram takes no longer name.
const LONGEST_NAME: usize = 32;

/// Without a run of marks at the end, whose meaning the next character decides, and without a last
/// line that has not said yet what it is.
pub(super) fn without_open_end(markdown: &str) -> &str {
    let marks = [
        '*', '_', '~', '|', '=', '`', '$', '\\', '[', '!', '<', '&', '#',
    ];
    let source = without_open_name(markdown).trim_end_matches(marks);
    let line = source.rfind('\n').map_or(0, |at| at + 1);
    let (before, last) = source.split_at(line);
    if is_bare(last) || is_definition(last) || is_fence(last) {
        before
    } else {
        source
    }
}

/// Without a last `@name`: it is shown in another way when it calls somebody.
fn without_open_name(text: &str) -> &str {
    let before = text.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let is_name = text.len() <= before.len() + LONGEST_NAME;
    before.strip_suffix('@').filter(|_| is_name).unwrap_or(text)
}

/// `cut`, or the beginning of its line when nothing but marks of a block stands before it there.
pub(super) fn line_of_marks(source: &str, cut: usize) -> usize {
    let before = source.get(..cut).unwrap_or_default();
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    if is_bare(before.split_at(line).1) {
        line
    } else {
        cut
    }
}

/// Without white space at the end, and what that would change: a box without a text, a backslash
/// before a line end.
pub(super) fn without_open_break(text: &str) -> &str {
    let text = text.trim_end();
    if text.ends_with(']') {
        return text
            .get(..line_of_marks(text, text.len()))
            .unwrap_or_default()
            .trim_end();
    }
    let slashes = text.len() - text.trim_end_matches('\\').len();
    match text.strip_suffix('\\') {
        Some(before) if !slashes.is_multiple_of(2) => before.trim_end(),
        _ => text,
    }
}

/// Whether a line has nothing but what may be a mark of some block: `>`, bullets, numbers, boxes,
/// rules, fences, and the lines below headings and heads of tables.
fn is_bare(line: &str) -> bool {
    let line = line.trim();
    let marks = ["[ ]", "[x]", "[X]"]
        .into_iter()
        .find_map(|mark| line.strip_suffix(mark))
        .unwrap_or(line);
    let is_mark = |word: &str| {
        let number = word.trim_start_matches('>').trim_end_matches(['.', ')']);
        number.chars().all(|c| c.is_ascii_digit())
            || word
                .chars()
                .all(|c| c == FLANK || ">-+*_=#|:~`".contains(c))
    };
    !line.is_empty() && marks.split_whitespace().all(is_mark)
}

/// Whether a line may open a code block; a backtick in what it says of the code makes it a text.
fn is_fence(line: &str) -> bool {
    let line = line.trim_start_matches(['>', ' ']);
    let rest = line.trim_start_matches('`');
    line.starts_with("~~~") || (line.len() > rest.len() + 2 && !rest.contains('`'))
}

/// Whether a line may be the definition of a reference or a footnote.
pub(super) fn is_definition(line: &str) -> bool {
    let line = line.trim_start_matches(['>', ' ']);
    line.starts_with('[') && line.contains("]:")
}

/// Without a last grapheme that the next character may change: half a flag, or an emoji, which a
/// joiner, a skin or a variant may follow.
pub(super) fn without_open_grapheme(text: &str) -> &str {
    let is_open = |cluster: &str| {
        cluster.chars().next_back().is_some_and(|last| {
            matches!(last, '\u{200d}' | '\u{2190}'..='\u{2bff}' | '\u{fe0f}' | '\u{1f000}'..='\u{1ffff}')
        })
    };
    match text.graphemes(true).next_back() {
        Some(cluster) if is_open(cluster) => text.strip_suffix(cluster).unwrap_or(text),
        _ => text,
    }
}
