//! Bold and struck text beside Chinese punctuation. Pure. `CommonMark` lets a run of `**` open or
//! close by the white space and punctuation beside it (spec 0.31, "left-flanking delimiter run"),
//! so it misreads `**注意：**这里`, where no space is written. With a noncharacter between the run and
//! the punctuation it may do both, and the nearest two make a pair.

use super::rich_writer::is_noncharacter;

/// The noncharacter; no text shows it.
pub(super) const FLANK: char = '\u{fde3}';

/// Delimiters that may stand beside punctuation.
const MARKS: [char; 2] = ['*', '~'];

/// Where in a text [`FLANK`] belongs, in order.
pub(super) fn places(text: &str) -> Vec<usize> {
    let mut places = Vec::new();
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find(MARKS)) {
        let (before, from) = text.split_at(at + found);
        let mark = if from.starts_with('*') { '*' } else { '~' };
        let after = from.trim_start_matches(mark);
        let end = text.len() - after.len();
        // Marks that stand together have the same neighbours.
        let last = before.trim_end_matches(MARKS).chars().next_back();
        let next = after.trim_start_matches(MARKS).chars().next();
        // One tilde is "about", three are a fence.
        let is_mark_of_style = mark == '*' || end - before.len() == 2;
        if let (Some(last), Some(next)) = (last, next)
            && is_mark_of_style
            && !before.ends_with('\\')
            && (is_unspaced(last) || is_unspaced(next))
        {
            if is_mark(last) && is_letter(next) {
                places.push(before.len());
            } else if is_letter(last) && is_mark(next) {
                places.push(end);
            }
        }
        at = end;
    }
    places
}

/// The text with [`FLANK`] at these places.
pub(super) fn marked(text: &str, places: &[usize]) -> String {
    let mut marked = String::with_capacity(text.len() + places.len() * FLANK.len_utf8());
    let mut from = 0;
    for at in places {
        marked.push_str(text.get(from..*at).unwrap_or_default());
        marked.push(FLANK);
        from = *at;
    }
    marked.push_str(text.get(from..).unwrap_or_default());
    marked
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || is_noncharacter(c)
}

fn is_mark(c: char) -> bool {
    !is_letter(c) && !c.is_whitespace()
}

/// Whether it is of a script that is written without spaces, or its punctuation.
const fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{2e80}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::super::answer;
    use crate::chat::rich::Style;

    #[test]
    fn tildes_beside_chinese_punctuation_make_pairs_as_they_were_meant() {
        let cases: [(&str, &[&str]); 5] = [
            ("~~原价：~~现价", &["原价："]),
            ("他说~~“好”~~后走，~~不去。~~完", &["“好”", "不去。"]),
            ("**~~旧：~~**新", &["旧："]),
            ("\\~~原价：~~现价", &[]),
            ("大约~5个（~3元）", &[]),
        ];
        for (markdown, struck) in cases {
            let rich = answer(markdown, "");
            let shown: Vec<u16> = rich.text.encode_utf16().collect();
            let found = rich
                .entities
                .iter()
                .filter(|e| e.style == Style::Strikethrough);
            let texts: Vec<String> = found
                .map(|e| String::from_utf16_lossy(&shown[e.offset as usize..e.end() as usize]))
                .collect();
            assert_eq!(texts, struck, "{markdown}: {rich:?}");
        }
    }

    #[test]
    fn stars_beside_chinese_punctuation_make_pairs_as_they_were_meant() {
        let cases: [(&str, &[&str]); 9] = [
            ("**注意：**这里", &["注意："]),
            (
                "**2. 优点：**能量密度高，**“无记忆效应”**，自放电率低。",
                &["2. 优点：", "“无记忆效应”"],
            ),
            ("他说**“好”**后走，**再见。**完", &["“好”", "再见。"]),
            ("**注意:**这里，**(重点)**在此", &["注意:", "(重点)"]),
            ("**用法：**Rust 的**`let`语法**句", &["用法：", "语法"]),
            ("完成**✅**了", &["✅"]),
            (
                "见**[甲](https://a.example/：**乙)**。",
                &["甲 (a.example)"],
            ),
            ("\\**注意：**这里", &[]),
            ("(**b**) and “**c**”", &["b", "c"]),
        ];
        for (markdown, bold) in cases {
            let rich = answer(markdown, "");
            let shown: Vec<u16> = rich.text.encode_utf16().collect();
            let found = rich.entities.iter().filter(|e| e.style == Style::Bold);
            let texts: Vec<String> = found
                .map(|e| String::from_utf16_lossy(&shown[e.offset as usize..e.end() as usize]))
                .collect();
            assert_eq!(texts, bold, "{markdown}: {rich:?}");
        }
    }
}
