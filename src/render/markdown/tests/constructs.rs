//! Every construct once, with what a person sees of it. Expected texts carry their entities as
//! marks: `⟦b:text⟧`.

use super::legal;
use crate::chat::rich::{Rich, Style, units};
use crate::render::answer;

/// The text with its entities written into it.
fn marked(rich: &Rich) -> String {
    let mut marked = String::new();
    let mut unit = 0;
    let mut ends: Vec<u32> = Vec::new();
    let mut next = rich.entities.iter().peekable();
    for c in rich.text.chars() {
        while ends.last() == Some(&unit) {
            ends.pop();
            marked.push('⟧');
        }
        while let Some(entity) = next.next_if(|entity| entity.offset == unit) {
            marked.extend(["⟦", &name(&entity.style), ":"]);
            ends.push(entity.end());
        }
        marked.push(c);
        unit += u32::try_from(c.len_utf16()).unwrap();
    }
    marked.push_str(&"⟧".repeat(ends.len()));
    marked
}

fn name(style: &Style) -> String {
    match style {
        Style::Bold => "b".to_owned(),
        Style::Italic => "i".to_owned(),
        Style::Underline => "u".to_owned(),
        Style::Strikethrough => "s".to_owned(),
        Style::Spoiler => "spoiler".to_owned(),
        Style::Code => "code".to_owned(),
        Style::Pre { language } => format!("pre {}", language.as_deref().unwrap_or("-")),
        Style::Link { url } => format!("a {url}"),
        Style::Quote => "quote".to_owned(),
        Style::LongQuote => "long".to_owned(),
    }
}

fn check(cases: &[(&str, &str)]) {
    for (markdown, expected) in cases {
        let rich = answer(markdown, "what does @asker say?");
        legal(&rich, markdown);
        assert_eq!(marked(&rich), *expected, "{markdown:?}");
    }
}

#[test]
fn spans_nest_and_code_stands_alone() {
    check(&[
        ("", ""),
        ("  \n \n", ""),
        ("plain", "plain"),
        ("**bold** *it* ~~gone~~", "⟦b:bold⟧ ⟦i:it⟧ ⟦s:gone⟧"),
        ("**a *b* c**", "⟦b:a ⟦i:b⟧ c⟧"),
        ("***both***", "⟦i:⟦b:both⟧⟧"),
        ("**a `x` b**", "⟦b:a⟧ ⟦code:x⟧ ⟦b:b⟧"),
        ("**`x`**", "⟦code:x⟧"),
        ("**a **b** c**", "⟦b:a b c⟧"),
        ("||a **b**|| and \\||c||", "⟦spoiler:a ⟦b:b⟧⟧ and ||c||"),
        ("||secret `code`||", "⟦spoiler:secret code⟧"),
        ("a || b, x==y and z==w", "a || b, x==y and z==w"),
        ("==key== word", "⟦u:key⟧ word"),
        ("**“好”**的", "⟦b:“好”⟧的"),
        ("\\*\\*no\\*\\*", "**no**"),
        ("**甲（乙）**丙 **丁**", "⟦b:甲（乙）⟧丙 ⟦b:丁⟧"),
        ("a_b_c __init__.py 2*3*4", "a_b_c ⟦b:init⟧.py 2⟦i:3⟧4"),
        (
            "see https://x.example/?a=$b&c=$d_e_f",
            "see https://x.example/?a=$b&c=$d_e_f",
        ),
        ("⟨\u{fdd0}\u{fdd1}\u{fde1}⟩", "⟨⟩"),
        ("5~10, 20~30 and ~5", "5~10, 20~30 and ~5"),
        ("a\nb  \nc\\\nd", "a\nb\nc\nd"),
        ("&lt;b&gt; &copy; &#x41;", "<b> © A"),
        ("😀 **😀 x**", "😀 ⟦b:😀 x⟧"),
        ("`` a ` b ``", "⟦code:a ` b⟧"),
        ("a\u{0}b\u{7}c&#7;d\u{202e}e", "abcde"),
    ]);
}

#[test]
fn headings_rules_and_paragraphs_stand_apart() {
    check(&[
        ("# One\ntext", "⟦b:⟦u:One⟧⟧\n\ntext"),
        ("Two\n---\ntext", "⟦b:Two⟧\n\ntext"),
        ("### Three **b**", "⟦b:⟦i:Three b⟧⟧"),
        ("# A `c`", "⟦b:⟦u:A⟧⟧ ⟦code:c⟧"),
        ("a\n\n***\n\nb", "a\n\n──────────\n\nb"),
        ("a\n\n\n\nb", "a\n\nb"),
    ]);
}

#[test]
fn lists_have_bullets_by_depth_and_keep_their_numbers() {
    check(&[
        ("- a\n- b", "• a\n• b"),
        (
            "- a\n  - b\n    - c\n      - d\n- e",
            "• a\n  ◦ b\n    ▪ c\n      ▪ d\n• e",
        ),
        ("3. a\n4. b", "3. a\n4. b"),
        ("- a\n  more\n\n  para\n- b", "• a\n  more\n\n  para\n\n• b"),
        ("- [ ] a\n- [x] b\n  - [x] c", "☐ a\n☑ b\n  ☑ c"),
        ("1. [x] a", "1. ☑ a"),
        ("- - x", "• ◦ x"),
        ("-\n- a\n-", "•\n• a\n•"),
        ("- a\n  > b\n\n  c", "• a\n\n⟦quote:b⟧\n\n  c"),
        ("- > q", "•\n⟦quote:q⟧"),
        ("- ```\n  a\n    b\n  ```\n- c", "•\n⟦pre -:a\n  b⟧\n• c"),
        ("text\n- a\n\nafter", "text\n\n• a\n\nafter"),
        ("1. a\n   - **b**\n2. c", "1. a\n  ◦ ⟦b:b⟧\n2. c"),
    ]);
}

#[test]
fn code_blocks_keep_their_shape_and_language() {
    check(&[
        ("```rust\nlet x = 1;\n```", "⟦pre rust:let x = 1;⟧"),
        ("```rust,ignore {a=b}\nx\n```", "⟦pre rust:x⟧"),
        ("```c++\nx\n```", "⟦pre c++:x⟧"),
        ("```<b>\nx\n```", "⟦pre -:x⟧"),
        ("a\n\n    x\n      y\n\nb", "a\n\n⟦pre -:x\n  y⟧\n\nb"),
        (
            "```\na\n\n\n\nb || c == d $x$ **e**\n```",
            "⟦pre -:a\n\n\n\nb || c == d $x$ **e**⟧",
        ),
        ("```\n```", ""),
        ("a\n```\nunfinished", "a\n\n⟦pre -:unfinished⟧"),
        ("x\n\n```\n\ta\n```", "x\n\n⟦pre -:    a⟧"),
    ]);
}

#[test]
fn quotes_hold_everything_but_quotes() {
    let long = "> line\n".repeat(7);
    let shown = format!("⟦long:{}⟧", "line\n".repeat(7).trim_end());
    let wide = format!("> {}", "word ".repeat(90));
    let shown_wide = format!("⟦long:{}⟧", "word ".repeat(90).trim_end());
    check(&[
        ("> a **b**\n> c\n\nd", "⟦quote:a ⟦b:b⟧\nc⟧\n\nd"),
        ("> a\n>> b\n>> c", "⟦quote:a\n\n> b\n> c⟧"),
        (
            "> - a\n>   - b\n>\n> ```\n> c\n> ```",
            "⟦quote:• a\n  ◦ b\n\n⟦pre -:c⟧⟧",
        ),
        ("> ```\n>     c\n> ```", "⟦quote:⟦pre -:c⟧⟧"),
        ("> [!NOTE]\n> a", "⟦quote:⟦b:ℹ️ NOTE⟧\na⟧"),
        (">\n\na", "a"),
        (&long, &shown),
        (&wide, &shown_wide),
    ]);
}

#[test]
fn a_link_tells_where_it_leads() {
    check(&[
        (
            "[our bank](https://evil.example/x)",
            "⟦a https://evil.example/x:our bank⟧ (evil.example)",
        ),
        (
            "[see evil.example now](https://evil.example/x)",
            "⟦a https://evil.example/x:see evil.example now⟧",
        ),
        (
            "[Evil.Example/y](https://www.evil.example)",
            "⟦a https://www.evil.example:Evil.Example/y⟧",
        ),
        (
            "[https://a.example/b](https://a.example/b)",
            "⟦a https://a.example/b:https://a.example/b⟧",
        ),
        (
            "[bank.example](https://bank.example.evil.example)",
            "⟦a https://bank.example.evil.example:bank.example⟧ (bank.example.evil.example)",
        ),
        (
            "[bank.example/evil.example](https://evil.example)",
            "⟦a https://evil.example:bank.example/evil.example⟧ (evil.example)",
        ),
        (
            "[notevil.example](https://evil.example)",
            "⟦a https://evil.example:notevil.example⟧ (evil.example)",
        ),
        (
            "[bank.example](https://bank.example@evil.example)",
            "⟦a https://bank.example@evil.example:bank.example⟧ (evil.example)",
        ),
        (
            "<https://a.example>",
            "⟦a https://a.example:https://a.example⟧",
        ),
        ("<me@a.example>", "⟦a mailto:me@a.example:me@a.example⟧"),
        (
            "[write](mailto:me@a.example)",
            "⟦a mailto:me@a.example:write⟧ (me@a.example)",
        ),
    ]);
}

#[test]
fn what_is_no_web_link_is_told_too() {
    check(&[
        ("[x](javascript:alert)", "x (javascript:alert)"),
        ("[x](/local) [y](#z)", "x (/local) y"),
        (
            "[x][r]\n\n[r]: https://r.example",
            "⟦a https://r.example:x⟧ (r.example)",
        ),
        (
            "![cat](https://i.example/c.png)",
            "⟦a https://i.example/c.png:cat⟧ (i.example)",
        ),
        (
            "[![cat](https://i.example/c.png)](https://l.example)",
            "⟦a https://l.example:cat⟧ (l.example)",
        ),
        (
            "![](https://i.example/c.png)",
            "⟦a https://i.example/c.png:https://i.example/c.png⟧",
        ),
        (
            "[`f`](https://d.example)",
            "⟦a https://d.example:f⟧ (d.example)",
        ),
        (
            "**[b](https://d.example)**",
            "⟦b:⟦a https://d.example:b⟧ (d.example)⟧",
        ),
        ("[x](tg://user?id=5)", "x (tg://user?id=5)"),
        ("[x](tg://settings)", "⟦a tg://settings:x⟧ (tg://settings)"),
    ]);
}

#[test]
fn nobody_is_called_whom_the_asker_did_not_name() {
    check(&[
        ("@someone", "⟦code:@someone⟧"),
        ("@asker and @ASKER", "@asker and @ASKER"),
        ("@askers", "⟦code:@askers⟧"),
        (
            "`@coder` @abc me@host.example",
            "⟦code:@coder⟧ @abc me@host.example",
        ),
        ("**@some**one **x**", "⟦code:@someone⟧ ⟦b:x⟧"),
        (
            "> **see @types/node and _@media_ now**",
            "⟦quote:⟦b:see ⟧⟦code:@types⟧⟦b:/node and ⟧⟦code:@media⟧⟦b: now⟧⟧",
        ),
        ("@1234 @abc", "@1234 @abc"),
        (
            "https://a.example/@writer (@writer)",
            "https://a.example/@writer (⟦code:@writer⟧)",
        ),
        ("你好@someone", "你好@someone"),
        (
            "```\n@coder\n```\n@other",
            "⟦pre -:@coder⟧\n\n⟦code:@other⟧",
        ),
    ]);
}

#[test]
fn a_narrow_table_is_drawn_and_a_wide_one_told() {
    check(&[
        (
            "| a | bb |\n|---|--:|\n| 1 | 2 |\n| 中文 | **x** |",
            "⟦pre -:a    │ bb\n─────┼───\n1    │  2\n中文 │  x⟧",
        ),
        (
            "|a|b|\n|:-:|-|\n|longer||\n|x|",
            "⟦pre -:a      │ b\n───────┼──\nlonger │\n  x    │⟧",
        ),
        ("|a|\n|-|\n|x<br>y|", "⟦pre -:a\n─\nx\ny⟧"),
        (
            "|a|\n|-|\n|b \\| `c \\| d`|",
            "⟦pre -:a\n─────────\nb | c | d⟧",
        ),
        (
            "|Name|What it is|\n|-|-|\n|**Foo** bar|a text *much* too long for a narrow screen|\n|Baz||",
            "⟦b:Name: Foo bar⟧\n• What it is: a text ⟦i:much⟧ too long for a narrow screen\n\n⟦b:Name: Baz⟧\n• What it is: —",
        ),
        (
            "|a|b|\n|-|-|\n|1|[x](https://x.example)|",
            "⟦b:a: 1⟧\n• b: ⟦a https://x.example:x⟧ (x.example)",
        ),
        ("|a|\n|-|\n|b|c|d|", "⟦pre -:a │\n──┼────\nb │ c|d⟧"),
        ("x\n\n|a|\n|-|\n\ny", "x\n\n⟦pre -:a\n─⟧\n\ny"),
    ]);
}

#[test]
fn footnotes_are_numbered_by_use_and_listed_at_the_end() {
    check(&[
        (
            "a[^x] b[^1]\n\n[^1]: one\n[^x]: the **x**\n\nc",
            "a¹ b²\n\nc\n\n¹ the ⟦b:x⟧\n² one",
        ),
        ("a[^nowhere]", "a[^nowhere]"),
        ("[^u]: unused", "¹ unused"),
    ]);
}

#[test]
fn a_little_html_is_understood_and_the_rest_is_shown() {
    check(&[
        ("<b>a <i>b</i></b><br>c", "⟦b:a ⟦i:b⟧⟧\nc"),
        (
            "<u>a</u> <s>b</s> <del>c</del> <ins>d</ins>",
            "⟦u:a⟧ ⟦s:b⟧ ⟦s:c⟧ ⟦u:d⟧",
        ),
        ("<b>open", "<b>open"),
        ("<b>a **b</b> c**", "<b>a ⟦b:b</b> c⟧"),
        ("<span>a</span> <custom-tag>", "a <custom-tag>"),
        (
            "x<sup>2</sup> + H<sub>2</sub>O, x<sup>@</sup>",
            "x² + H₂O, x^(@)",
        ),
        ("<kbd>Ctrl</kbd>+<code>*c*</code>", "⟦code:Ctrl⟧+⟦code:c⟧"),
        ("<tg-spoiler>x</tg-spoiler>", "⟦spoiler:x⟧"),
        (
            "<a href=\"https://e.example/?a&amp;b\">x</a>",
            "⟦a https://e.example/?a&b:x⟧ (e.example)",
        ),
        (
            "<details>\n<summary>More &amp; more</summary>\n\nHidden *x*\n\n</details>\n\nafter",
            "⟦quote:⟦b:More & more⟧\n\nHidden ⟦i:x⟧⟧\n\nafter",
        ),
        (
            "<details><summary>S</summary>\n\n- unfinished",
            "⟦quote:⟦b:S⟧\n\n• unfinished⟧",
        ),
        ("</details>\n\nx", "</details>\n\nx"),
        ("<div>\n*a*\n</div>", "*a*"),
        ("a <!-- b --> c", "a <!-- b --> c"),
    ]);
}

#[test]
fn formulas_are_read_and_prices_are_not() {
    check(&[
        (
            "costs $5 and $10, $20/month or $30",
            "costs $5 and $10, $20/month or $30",
        ),
        ("between $5 and 10$ now", "between $5 and 10$ now"),
        ("$HOME/$USER and US$5", "$HOME/$USER and US$5"),
        ("$x_1 + y_2 * z_3$ **b**", "x₁ + y₂ * z₃ ⟦b:b⟧"),
        ("the $n$th \\(a_i\\), 设$x$为", "the nth aᵢ, 设x为"),
        ("\\\\(a\\\\) \\[link\\]", "\\(a\\)\nlink"),
        ("so \\[ x^2 \\] holds", "so\nx²\nholds"),
        ("$$\na = b \\\\\nc = d\n$$\nend", "a = b\nc = d\nend"),
        ("> $$\n> x\n> $$", "⟦quote:x⟧"),
        ("`$x$` and `\\(y\\)`", "⟦code:$x$⟧ and ⟦code:\\(y\\)⟧"),
        ("```math\n\\alpha\n```", "α"),
        (
            "```latex\n\\documentclass{a}\n```",
            "⟦pre latex:\\documentclass{a}⟧",
        ),
        (
            "| $|x|$ | b |\n|-|-|\n| 1 | 2 |",
            "⟦pre -:|x| │ b\n────┼──\n1   │ 2⟧",
        ),
        ("**$x$**", "⟦b:x⟧"),
        (
            "[$x$](https://a.example/$y$)",
            "⟦a https://a.example/$y$:x⟧ (a.example)",
        ),
        ("$ x $ and $$ and \\(\\)", "$ x $ and $$ and ()"),
    ]);
}

#[test]
fn hostile_texts_cost_little() {
    let many = 10_000;
    let pages = [
        ">".repeat(many),
        "[".repeat(many),
        "*".repeat(many),
        "- ".repeat(many),
        "*a ".repeat(many),
        "**a".repeat(many),
        "![".repeat(many),
        "||a".repeat(many),
        "||a ".repeat(many),
        "<b>".repeat(many),
        "<b>a".repeat(many) + &"</b>".repeat(many),
        "<details>\n".repeat(many),
        "<details>\n\n".repeat(many),
        "`".repeat(1 << 20),
        "`a".repeat(many),
        "$".repeat(1 << 20),
        "$a ".repeat(many),
        "\\(".repeat(many),
        "\\[ \\( $$ ".repeat(many),
        format!("${}$", "{".repeat(1 << 20)),
        format!("${}$", "\\frac".repeat(many)),
        format!("${}$", "\\left(".repeat(many)),
        format!("${}$", "\\left".repeat(many)),
        format!("${}$", "\\not".repeat(many)),
        format!("${}$", "\\hat".repeat(many)),
        format!("${}$", "^{_".repeat(many)),
        format!("${}$", "\\begin{cases}".repeat(many)),
        format!("${}$", "\\sqrt[".repeat(many)),
        format!("${}$", "x^{".repeat(many)),
        format!(
            "{}\n{}\n{}",
            "|a".repeat(300),
            "|-".repeat(300),
            "|b\n".repeat(300)
        ),
        "[^1]".repeat(many) + "\n\n[^1]: x",
        "@name ".repeat(many),
        "https://a.example/@name".repeat(300),
        "a\u{301}".repeat(many),
        "&#".repeat(many),
        "x\n".repeat(many),
        "> ".repeat(200) + "a\n" + &"> ".repeat(200) + "b",
    ];
    for page in &pages {
        let rich = answer(page, "");
        legal(&rich, &page.chars().take(20).collect::<String>());
        assert!(units(&rich.text) <= page.len() * 4 + 300_000);
    }
}

#[test]
fn tags_that_only_arrange_a_page_leave_their_text() {
    check(&[
        ("<p>one</p>\n<p>two</p>", "one\n\ntwo"),
        (
            "<div>\n\n**bold** here\n\n</div>\n\nafter",
            "⟦b:bold⟧ here\n\nafter",
        ),
        (
            "<ul>\n  <li>a</li>\n  <li>b</li>\n</ul>\n\nend",
            "• a\n• b\n\nend",
        ),
        ("red: <font color=\"red\">hot</font>!", "red: hot!"),
        (
            "<span style=\"x\">a</span> <span class=\"tg-spoiler\">b</span>",
            "a ⟦spoiler:b⟧",
        ),
        (
            "<small>note</small> <abbr title=\"x\">HTML</abbr>",
            "note HTML",
        ),
        ("<center><b>Title</b></center>", "⟦b:Title⟧"),
        ("one <p>two</p> three", "one\n\ntwo\n\nthree"),
        (
            "<table><tr><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></table>",
            "1  2\n3  4",
        ),
        // What has no other half in its text was meant to be seen.
        (
            "use a <div> or `<p>` there",
            "use a <div> or ⟦code:<p>⟧ there",
        ),
        (
            "a Vec<T> and <custom>x</custom>",
            "a Vec<T> and <custom>x</custom>",
        ),
    ]);
}
