use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use pulldown_cmark::TagEnd;

use super::ends::is_definition;
use super::*;
use crate::chat::rich::Style;
use crate::render::headings::checked;
use crate::render::legal::problems;
use crate::render::{answer as render, math};

/// What is shown: every character with its styles, and one line end where there are more. A list
/// that turns loose later moves its items apart; nothing else of it changes.
type Look = Vec<(char, BTreeSet<String>)>;

fn look(markdown: &str) -> Look {
    let rich = render(markdown, "");
    let mut look = Look::new();
    let (mut unit, mut next) = (0, 0);
    let mut open: Vec<(u32, String)> = Vec::new();
    for c in rich.text.chars() {
        open.retain(|(end, _)| *end > unit);
        while let Some(entity) = rich.entities.get(next).filter(|e| e.offset <= unit) {
            open.push((entity.end(), name(&entity.style)));
            next += 1;
        }
        unit += u32::try_from(c.len_utf16()).unwrap();
        if c != '\n' {
            look.push((c, open.iter().map(|(_, style)| style.clone()).collect()));
        } else if look.last().is_some_and(|(last, _)| *last != '\n') {
            look.push((c, BTreeSet::new()));
        }
    }
    look
}

/// A quote is folded once it is long.
fn name(style: &Style) -> String {
    let folded = *style == Style::LongQuote;
    let style = if folded { &Style::Quote } else { style };
    format!("{style:?}")
}

fn text(look: &[(char, BTreeSet<String>)]) -> String {
    look.iter().map(|(c, _)| *c).collect()
}

/// The text with an empty line in the place of each that makes a heading of what stands above it:
/// that is not waited for, or the beginning of every answer would be held back.
fn without_underlines(markdown: &str) -> String {
    let mut shown = markdown.to_owned();
    let masked = math::mask(markdown);
    let events = dialect::events(&masked.text);
    let headings = checked(&masked.text, events)
        .filter(|(event, _)| matches!(event, Event::End(TagEnd::Heading(_))));
    let mut from = 0;
    for (_, range) in headings {
        let source = masked.source(masked.text[range].trim_end());
        let Some((_, last)) = source.rsplit_once('\n') else {
            continue;
        };
        let underline = last.trim_start_matches(['>', ' ', '\t']);
        let heading = shown[from..].find(&*source).unwrap();
        let end = from + heading + source.len();
        from = end - underline.len();
        shown.replace_range(from..end, "");
    }
    shown
}

/// The first beginning that shows something that the whole does not, and what it shows; of the
/// places behind the first 400 every `step`th is tried.
fn flicker(answer: &str, step: usize) -> Option<String> {
    let whole = look(&without_underlines(answer));
    let mut last = None;
    let places = (0..answer.len().min(400)).chain((400..=answer.len()).step_by(step));
    for at in places.filter(|at| answer.is_char_boundary(*at)) {
        let beginning = &answer[..at];
        let stable = stable_prefix(beginning);
        if last == Some(stable) {
            continue;
        }
        last = Some(stable);
        let shown = look(&without_underlines(stable));
        if !whole.starts_with(&shown) {
            let same = shown.iter().zip(&whole).take_while(|(a, b)| a == b).count();
            return Some(format!(
                "after {beginning:?}\nstable {stable:?}\nshown   {:?}\nbut the whole goes on with {:?}, in {:?} instead of {:?}",
                text(&shown),
                text(&whole[same.min(whole.len())..(same + 20).min(whole.len())]),
                whole.get(same),
                shown.get(same),
            ));
        }
    }
    None
}

const ANSWERS: [&str; 45] = [
    "The formula is $$\n- a\n+ b = c\n$$ and so on, with $a\\$b$ too, and $x$, $5 or $y$s.\n\nend",
    "**注意：**这里，**“引号”**后面；**重点(一)**是**`代码`**和**完成✅**了。\n\n- **甲：**乙，**丙**\n- *丁。*戊\n\n>**己：**庚\n\n-**辛**",
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
    "````md\n```\ninner\n```\n````\n\n~~~\ntildes ``` inside\n~~~\n\n```python\nprint(1)\n```",
    "Inline ``a ` b`` and `c` and ``` d `` e ``` end. A lone ` stays.\n\nNext `para`.",
    "| Name | Age |\n|------|----:|\n| Ann  | 5   |\n| **Bob** | 6 |\n\nAfter the table.",
    "Here it is, a table after a line of text that is long enough to be shown at once, I think so:\n| a | b |\n|---|---|\n| 1 | 2 |\n\n# Done",
    "| Name | Age\n| --- | ---\n| Ann | 5\n\nThat was the table. Not | a table.\n\nnor | this\nis one.",
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
    "> ```js\n> let a = 1;\n> ```\n> after\n\n- ```\n  x\n  ```\n- | a | b |\n  |---|---|\n  | 1 | 2 |\n\n- end",
];

/// A reference is shown as written until its definition has come; here the definitions of links come
/// first. Nothing of an answer with footnotes, which stand at its end: the notes would be shown
/// before what follows them, too.
fn with_definitions_first(answer: &str) -> Option<String> {
    let (definitions, rest): (Vec<&str>, Vec<&str>) =
        answer.lines().partition(|line| is_definition(line));
    let lines = definitions.iter().chain(&[""]).chain(&rest);
    let has_notes = definitions.iter().any(|line| line.contains("[^"));
    (!has_notes).then(|| lines.fold(String::new(), |text, line| text + line + "\n"))
}

#[test]
fn what_is_shown_of_a_growing_answer_never_changes() {
    let faults: Vec<String> = ANSWERS
        .iter()
        .filter_map(|answer| flicker(answer, 1))
        .collect();
    let count = faults.len();
    assert!(faults.is_empty(), "{count}: {}", faults.join("\n\n"));
}

#[test]
fn what_is_shown_of_a_real_answer_never_changes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/answers");
    let mut faults = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let mut answer = fs::read_to_string(&path).unwrap();
        if answer.lines().any(is_definition) {
            let Some(changed) = with_definitions_first(&answer) else {
                continue;
            };
            answer = changed;
        }
        let step = (answer.len() / 150).max(60);
        let fault = flicker(&answer, step);
        faults.extend(fault.map(|fault| format!("{}: {fault}", path.display())));
    }
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
        assert_eq!(
            look(stable_prefix(&format!("{answer}\n\n"))),
            look(answer),
            "{answer}"
        );
    }
}

const LINE: &str =
    "This line is long enough to be a text and nothing else, whatever comes below it, yes.";

/// How a text goes on after [`LINE`], and what of that is stable.
const BEGINNINGS: [(&str, &str); 59] = [
    // Marks that nothing closes yet, and ends that may go on.
    ("和**注意：**", "和"),
    ("和**注意：**这", "和**注意：**这"),
    ("和**“引", "和"),
    ("和*注意：*这", "和*注意：*这"),
    ("和**“好”**后走**，乙", "和**“好”**后走"),
    ("is $$\n- a", "is"),
    ("and **bo", "and"),
    ("and **bold**", "and"),
    ("and **bold**, so", "and **bold**, so"),
    ("and *sl", "and"),
    ("and 2 * 3", "and 2 * 3"),
    ("and snake_case", "and snake_case"),
    ("and ~~go", "and"),
    ("and ||hid", "and"),
    ("and `co", "and"),
    ("and `code`", "and"),
    ("and [te", "and"),
    ("and [text](https://exa", "and"),
    (
        "and [text](https://example.org) so",
        "and [text](https://example.org) so",
    ),
    ("and [text] so", "and [text] so"),
    ("and ![pic](https://exa", "and"),
    ("and **bold with [a li", "and"),
    ("and https://example.org/a", "and"),
    ("and <https://exa", "and"),
    ("and <u>under", "and"),
    ("and 1 < 2", "and 1 < 2"),
    ("and &am", "and"),
    ("and $x^", "and"),
    ("and \\(x^", "and"),
    ("and $$x^", "and"),
    ("and \\", "and"),
    ("and !", "and"),
    ("and C#", "and C"),
    ("and 👨\u{200d}", "and"),
    ("and 👍", "and"),
    ("and 🇩", "and"),
    // Lines that have not said what they are.
    ("\n-", ""),
    ("\n---", ""),
    ("\n1.", ""),
    ("\n1. [", ""),
    ("\n- [x] ", ""),
    ("\n- [x] d", "\n- [x] d"),
    ("\n##", ""),
    ("\n## T", "\n## T"),
    ("\n>", ""),
    ("\n> - ", ""),
    ("\n===", ""),
    ("\n```ru", ""),
    ("\n```rust\n", ""),
    ("\n```rust\nlet", "\n```rust\nlet"),
    ("\n```rust\nlet\n``", "\n```rust\nlet"),
    ("\n```math\nx", ""),
    ("\n```sh\n$$ is it", "\n```sh\n$$ is it"),
    ("\n| a | b |", ""),
    ("\n| a | b |\n|---|---|\n| 1 | 2 |\n", ""),
    ("\n\nTitle", "\n\nTitle"),
    ("\n\nTitle\n--", "\n\nTitle"),
    ("\n\nTitle\nt", "\n\nTitle\nt"),
    ("\n\nTitle\n\n", "\n\nTitle"),
];

#[test]
fn a_mark_is_held_back_until_its_meaning_is_certain() {
    assert_eq!(stable_prefix("One "), "One");
    for (end, expected) in BEGINNINGS {
        let (text, expected) = (format!("{LINE} {end}"), format!("{LINE} {expected}"));
        assert_eq!(stable_prefix(&text), expected.trim_end(), "{end:?}");
    }
}

#[test]
fn a_mark_that_stays_open_for_long_is_shown_as_written() {
    let words = "word ".repeat(90);
    for mark in [
        "**",
        "*",
        "_",
        "~~",
        "||",
        "`",
        "[",
        "<b",
        "<u>",
        "\\(",
        "$x",
        "https://x.org/",
    ] {
        let text = format!("Well, {mark}{words}end");
        assert_eq!(stable_prefix(&text), text, "{mark}");
    }
    let formula = format!("Well, it is so:\n$$\n{}end", "x + y\n".repeat(400));
    assert_eq!(stable_prefix(&formula), formula);
    let prices = "It costs $5 in all, and that is about ~5 percent more than what it was in the year before this one.";
    assert_eq!(stable_prefix(prices), prices);
}

const WORDS: [&str; 27] = [
    "plain words ",
    "a longer run of words that says a little more than the others do, and then some ",
    "**bold** ",
    "*slanted* ",
    "***both*** ",
    "_under_ ",
    "~~gone~~ ",
    "||hidden|| ",
    "`code` ",
    "``a ` b`` ",
    "[link](https://example.org/a_b) ",
    "![picture](https://example.org/p.png \"T\") ",
    "<https://example.org> ",
    "https://example.org/x?y=*z* ",
    "$x_1$ ",
    "\\(a+b_1\\) ",
    "&amp; ",
    "\\* ",
    "<u>under</u> ",
    "**粗体**文字，",
    "**注意：**这里**“好”**了。",
    "snake_case ",
    "2*3 ",
    "f[0] ",
    "👨\u{200d}👩\u{200d}👧 ",
    "- ",
    "1. ",
];

const BROKEN: [&str; 30] = [
    "**", "*", "_", "~", "~~", "||", "|", "`", "```", "[", "]", "](", "(", ")", "!", "<", ">", "&",
    "$", "$$", "\\", "\\[", "#", "-", "=", ":", " ", "\t", "é", "\u{200d}",
];

const BLOCKS: [&str; 13] = [
    "\n# Title\n",
    "\n- item\n",
    "\n  - nested\n",
    "\n2. second\n",
    "\n> quote\n",
    "\n```rust\nlet a = 1;\n```\n",
    "\n~~~\n",
    "\n| a | b |\n|---|---|\n| 1 | 2 |\n\n",
    "\n---\n",
    "\n===\n",
    "\n$$\nx\n$$\n",
    "\n<details>\n",
    "\r\n",
];

/// Any constructs in any order, whole and broken.
fn soups() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => select(&WORDS[..]),
        2 => select(&BROKEN[..]),
        1 => select(&["\n", "\n\n"][..]),
        2 => select(&BLOCKS[..]),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Whether a block of it may still be open at its end.
fn stays_open(soup: &str) -> bool {
    ["```", "~~~", "$$", "\\[", "<"]
        .iter()
        .any(|mark| soup.contains(mark))
}

proptest! {
    #[test]
    fn any_text_has_a_stable_prefix_that_telegram_takes(soup in soups()) {
        let mut last = None;
        for at in (0..=soup.len()).filter(|at| soup.is_char_boundary(*at)) {
            let stable = stable_prefix(&soup[..at]);
            prop_assert!(soup.starts_with(stable));
            if last != Some(stable) {
                let problems = problems(&render(stable, ""));
                prop_assert!(problems.is_empty(), "{problems:?}: {stable:?}");
            }
            last = Some(stable);
        }
        let ended = format!("{soup}\n\n");
        if !stays_open(&soup) {
            prop_assert_eq!(look(stable_prefix(&ended)), look(&soup));
        }
    }

    #[test]
    fn any_characters_have_a_stable_prefix(text in "\\PC{0,200}|[-*_`~|$\\[\\]()!<>&#=:. \n\\\\a1]{0,200}") {
        prop_assert!(text.starts_with(stable_prefix(&text)));
    }
}

/// Not for every text it holds, but for nearly all; the seed is always the same.
#[test]
fn hardly_any_text_changes_while_it_grows() {
    let mut runner = TestRunner::deterministic();
    let soups = soups();
    let faults: Vec<String> = (0..300)
        .filter_map(|_| flicker(&soups.new_tree(&mut runner).unwrap().current(), 1))
        .collect();
    assert!(faults.len() <= 1, "{}", faults.join("\n\n"));
}
