use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use pulldown_cmark::TagEnd;

use super::*;

type Look = Vec<(char, BTreeSet<String>)>;

/// What is shown: every character with its styles, the marks of lists, and one line end between
/// two blocks.
#[derive(Default)]
struct Shown {
    look: Look,
    styles: Vec<String>,
    lists: Vec<Option<u64>>,
    line: bool,
    marker: String,
}

impl Shown {
    fn of(markdown: &str) -> Look {
        let mut shown = Self::default();
        for (event, range) in Parser::new_ext(markdown, options()).into_offset_iter() {
            match event {
                Event::Start(Tag::Heading { .. }) if !is_heading(&markdown[range.clone()]) => {
                    shown.start(&Tag::Paragraph);
                }
                event => shown.take(event),
            }
        }
        let blank = |(c, _): &(char, BTreeSet<String>)| c.is_whitespace();
        let mut look = shown.look;
        while look.last().is_some_and(blank) {
            look.pop();
        }
        look
    }

    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.write(&text),
            Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.styles.push("code".to_owned());
                self.write(&text);
                self.styles.pop();
            }
            Event::Html(text) | Event::InlineHtml(text) => self.write(&text),
            Event::FootnoteReference(label) => self.write(&label),
            Event::SoftBreak | Event::HardBreak => self.write("\n"),
            Event::Rule => {
                self.line = true;
                self.write("———");
                self.line = true;
            }
            Event::TaskListMarker(done) => self.marker = format!("{done} "),
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::List(first) => self.lists.push(*first),
            Tag::Item => {
                self.marker.clear();
                match self.lists.last_mut() {
                    Some(Some(number)) => {
                        write!(self.marker, "{number}. ").unwrap();
                        *number += 1;
                    }
                    _ => self.marker.push_str("• "),
                }
            }
            _ => {}
        }
        self.line |= !matches!(
            tag,
            Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. } | Tag::Image { .. }
        );
        self.styles.push(match tag {
            Tag::Paragraph => String::new(),
            tag => format!("{tag:?}"),
        });
    }

    fn end(&mut self, tag: TagEnd) {
        self.styles.pop();
        match tag {
            TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough
            | TagEnd::Link
            | TagEnd::Image => {}
            TagEnd::List(_) => {
                self.lists.pop();
                self.line = true;
            }
            _ => self.line = true,
        }
    }

    fn write(&mut self, text: &str) {
        let styles: BTreeSet<String> = self
            .styles
            .iter()
            .filter(|style| !style.is_empty())
            .cloned()
            .collect();
        let lead = if std::mem::take(&mut self.line) && !self.look.is_empty() {
            "\n"
        } else {
            ""
        };
        let marker = std::mem::take(&mut self.marker);
        for c in lead.chars().chain(marker.chars()) {
            self.look.push((c, BTreeSet::new()));
        }
        self.look.extend(text.chars().map(|c| (c, styles.clone())));
    }
}

fn text(look: &[(char, BTreeSet<String>)]) -> String {
    look.iter().map(|(c, _)| *c).collect()
}

/// The first beginning that shows something that the whole does not, and what it shows.
fn flicker(answer: &str) -> Option<String> {
    let whole = Shown::of(answer);
    let mut last = None;
    for at in (0..=answer.len()).filter(|at| answer.is_char_boundary(*at)) {
        let beginning = &answer[..at];
        let settled = settled(beginning);
        if last == Some(settled) {
            continue;
        }
        last = Some(settled);
        let shown = Shown::of(settled);
        if !whole.starts_with(&shown) {
            let same = shown.iter().zip(&whole).take_while(|(a, b)| a == b).count();
            return Some(format!(
                "after {beginning:?}\nsettled {settled:?}\nshown   {:?}\nbut the whole goes on with {:?}, in {:?} instead of {:?}",
                text(&shown),
                text(&whole[same.min(whole.len())..(same + 20).min(whole.len())]),
                whole.get(same),
                shown.get(same),
            ));
        }
    }
    None
}

const ANSWERS: [&str; 44] = [
    "Hello! How can I help you today?",
    "Use **bold**, *italic*, ***both***, ~~gone~~ and `code` in one line of text, please.",
    "**Note:** the first word is bold.\n\n*All of this is slanted, also (this) here.*\n\n_And this_ too.",
    "A snake_case_name and another_one_, 2*3*4 = 24, 5 * 6 = 30, a ** b, f(*args, **kwargs).\n\nDone.",
    "The price is $5 and $10, about ~5 to ~10 percent | or so.\n\nAnd C# or F# too!\n\nR&D, AT&T; &amp; more &lt;b&gt;.",
    "# Title\n\n## Second one #\n\nText below.\n\n### With `code` and **bold**\n- item",
    "Setext title\n============\n\nSecond\n---\n\ntext with\ntwo lines, then a rule\n\n---\n\nmore",
    "One paragraph of text that is long enough to be no heading at all, is it not? Yes, it surely is.\nA second line.\n\n* * *\n\nNext.",
    "- one\n- two **bold**\n  - nested `x`\n    - deeper\n- three\n\nAfter the list.",
    "1. first\n2. second\n   more of it\n\n3. third\n\n10. tenth\n\nThe year is\n2024. It was good.\n\n1986. A year.",
    "* [ ] open\n* [x] done\n* [link](https://example.org) in it\n* [not a task]\n+ another list",
    "Steps:\n1. Run this:\n   ```bash\n   make -j2 && ./run\n   ```\n2. Then **that**.\n\n```\nplain\n```\nend",
    "```rust\nfn main() {\n    // **not bold** `x`\n    let a = b * c;\n\n    println!(\"{}\", a);\n}\n```\n\nThe code above *works*.",
    "````md\n```\ninner\n```\n````\n\n~~~\ntildes ``` inside\n~~~\n\n```python\nprint(1)",
    "Inline ``a ` b`` and `c` and ``` d `` e ``` end. A lone ` stays.\n\nNext `para`.",
    "| Name | Age |\n|------|----:|\n| Ann  | 5   |\n| **Bob** | 6 |\n\nAfter the table.",
    "Here it is, a table after a line of text that is long enough to be shown at once, I think so:\n| a | b |\n|---|---|\n| 1 | 2 |\n\n# Done",
    "Name | Age\n--- | ---\nAnn | 5\n\nThat was the table. Not | a table.\n\nnor | this\nis one.",
    "> A quote with **bold**\n> and a second line\n>\n> - list in it\n>\n> > deeper\n\nOut of it.",
    "> **Note** lazy\ncontinuation of *it*\n\n> [!NOTE]\n> Take care.\n\ntext",
    "See [the docs](https://docs.example.org/a_b/c?d=1&e=2 \"Title\") and ![a picture](https://example.org/p.png) here.\n\n[Not a link] at all, [nor (this)], f[0](1) is one.",
    "A [link with **bold** and `code]` in it](<https://example.org/a b>), then **bold [link](https://x.org/(y)) end**.",
    "Go to https://example.org/a_b_c?x=*y*, or <https://example.org>, or www.example.org. Mail <a@b.org>.",
    "Math: $x^2 + y_1$ and \\(a_b * c_d\\) and $$E = mc^2$$ inline.\n\n$$\na = b\n- c\n$$\n\n\\[\nx = \\frac{1}{2}\n\\]\n\nEnd.",
    "Escapes: \\*not italic\\*, \\`no code\\`, \\[no link\\](x), 1\\. no list, \\\\ backslash, C:\\path\\*.txt\n\nok",
    "HTML: a <b>bold</b> word, a<br>break, x < y and y > z, <u>under</u>, H<sub>2</sub>O.\n\n<details>\n<summary>More</summary>\n\nHidden **text**.\n\n</details>\n\n<!-- a comment -->\n\nend",
    "中文**加粗**文字，还有*斜体*和`代码`。\n\n**“引号”**后面，**注意：**这里。\n\n- 第一\n- 第二：**重点**\n\n约3~5天，或6~8天。",
    "Family 👨\u{200d}👩\u{200d}👧 and flags 🇩🇪🇫🇷, thumbs 👍🏽, heart ❤\u{fe0f}, keycap 1\u{fe0f}\u{20e3}.\n\n👩\u{200d}💻",
    "مرحبا **بالعالم** كيف `حالك`؟\n\n1. واحد\n2. اثنان",
    "Unclosed **bold here\n\nand *italic there\n\nand `code over\n\nand [link over\n\nand ~~strike\n\nand ||spoiler\n\nend.",
    "A ||hidden **thing**|| here, a || b, and ||two words||.\n\nif (a || b) {}",
    "- **Term**: meaning\n- **Other term** - more\n\n  A paragraph in the item.\n\n  > quote in it\n\n- last *one*",
    "Hard break  \nnext line\\\nthird\n\n&copy; 2024 &#169; &unknown; &\n\nend",
    "Nested *em **strong em* not** and **strong *em strong** not*. ***a** b* and *a **b***.\n\nend",
    "[1] says so, as [the text][1] and [^1] tell. Well, [x][y] too.\n\nend",
    "    indented code\n    more **code**\n\ntext\n\n\ttab code",
    "1) one\n2) two\n   - a\n   - b\n3) three\n\n- a\n\n\n- b\n***\n_ _ _\n\n+++\n\n===",
    "***\n\n**Bold line**\n**Second bold line**\ntext - with -- dashes --- here\n- and a list",
    "Sum = a+b\n= c\n\n#hashtag is no title\n\n#\n\n# \n\n-dash\n\n1.5 is a number\n\n>quote",
    "**a *b* c** **d**e **f**, x**y**z, *a*b, __init__ and __x__ y, _a_b_ c\n\nend",
    "Look: `a` `` `b` `` ```c```\n\n```c``` is code\n\n``` not closed info`x`\n\nok",
    "~single~ tildes and ~~double~~ and ~~~ three\n\nend ~",
    "A footnote [^n] here.\n\n[^n]: The *note* itself.\n\n[ref]: https://example.org \"T\"\n\nLater [ref] it is, [like this][ref].",
    "> ```js\n> let a = 1;\n> ```\n> after\n\n- ```\n  x\n  ```\n- | a | b |\n  |---|---|\n  | 1 | 2 |\n\n- end",
];

/// A reference is shown as written until its definition has come.
fn defines(answer: &str) -> bool {
    answer.lines().any(is_definition)
}

#[test]
fn what_is_shown_of_a_growing_answer_never_changes() {
    let faults: Vec<String> = ANSWERS
        .iter()
        .filter(|answer| !defines(answer))
        .filter_map(|answer| flicker(answer))
        .collect();
    assert!(
        faults.is_empty(),
        "{}: {}",
        faults.len(),
        faults.join("\n\n")
    );
}

#[test]
fn an_answer_that_ends_with_an_empty_line_is_shown_whole() {
    for answer in ANSWERS {
        let ended = format!("{answer}\n\n");
        if !answer.ends_with("print(1)") {
            assert_eq!(
                text(&Shown::of(settled(&ended))),
                text(&Shown::of(answer)),
                "{answer}"
            );
        }
    }
}

/// Any constructs in any order, whole and broken.
fn soups() -> impl Strategy<Value = String> {
    let words = prop_oneof![
        Just("plain words "),
        Just("a longer run of words that says a little more than the others do, and then some "),
        Just("**bold** "),
        Just("*slanted* "),
        Just("***both*** "),
        Just("_under_ "),
        Just("~~gone~~ "),
        Just("||hidden|| "),
        Just("`code` "),
        Just("``a ` b`` "),
        Just("[link](https://example.org/a_b) "),
        Just("![picture](https://example.org/p.png \"T\") "),
        Just("<https://example.org> "),
        Just("https://example.org/x?y=*z* "),
        Just("$x_1$ "),
        Just("\\(a+b_1\\) "),
        Just("&amp; "),
        Just("\\* "),
        Just("<u>under</u> "),
        Just("**粗体**文字，"),
        Just("snake_case "),
        Just("2*3 "),
        Just("f[0] "),
        Just("👨\u{200d}👩\u{200d}👧 "),
        Just("- "),
        Just("1. "),
    ];
    let broken = prop_oneof![
        Just("**"),
        Just("*"),
        Just("_"),
        Just("~"),
        Just("~~"),
        Just("||"),
        Just("|"),
        Just("`"),
        Just("```"),
        Just("["),
        Just("]"),
        Just("]("),
        Just("("),
        Just(")"),
        Just("!"),
        Just("<"),
        Just(">"),
        Just("&"),
        Just("$"),
        Just("$$"),
        Just("\\"),
        Just("\\["),
        Just("#"),
        Just("-"),
        Just("="),
        Just(":"),
        Just(" "),
        Just("\t"),
        Just("é"),
        Just("\u{200d}"),
    ];
    let blocks = prop_oneof![
        4 => Just("\n"),
        4 => Just("\n\n"),
        1 => Just("\n# Title\n"),
        1 => Just("\n- item\n"),
        1 => Just("\n  - nested\n"),
        1 => Just("\n2. second\n"),
        1 => Just("\n> quote\n"),
        1 => Just("\n```rust\nlet a = 1;\n```\n"),
        1 => Just("\n~~~\n"),
        1 => Just("\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"),
        1 => Just("\n---\n"),
        1 => Just("\n===\n"),
        1 => Just("\n$$\nx\n$$\n"),
        1 => Just("\n<details>\n"),
        1 => Just("\r\n"),
    ];
    let piece = prop_oneof![6 => words, 2 => broken, 3 => blocks];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

#[test]
fn explore() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let strategy = soups();
    let mut bad = 0;
    let mut shortest: Vec<String> = Vec::new();
    for _ in 0..1500 {
        let mut tree = strategy.new_tree(&mut runner).unwrap();
        if flicker(&tree.current()).is_some() {
            bad += 1;
            for _ in 0..300 {
                if flicker(&tree.current()).is_some() {
                    if !tree.simplify() {
                        break;
                    }
                } else if !tree.complicate() {
                    break;
                }
            }
            let s = tree.current();
            if let Some(f) = flicker(&s) {
                shortest.push(format!("{s:?}\n{f}"));
            }
        }
    }
    shortest.sort_by_key(String::len);
    shortest.dedup();
    eprintln!(
        "bad {bad}\n{}",
        shortest
            .iter()
            .take(40)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n\n")
    );
}
