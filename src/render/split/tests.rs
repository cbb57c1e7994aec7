use proptest::prelude::*;

use super::*;

fn texts(parts: &[Rich]) -> Vec<&str> {
    parts.iter().map(|part| part.text.as_str()).collect()
}

fn visible(text: &str) -> String {
    text.chars().filter(|c| !is_blank(*c)).collect()
}

/// Text with marks: `code` and `link` as their first letters in angle brackets, as `<b>…</b>`.
fn marked(source: &str) -> Rich {
    let style = |name: &str| match name {
        "b" => Style::Bold,
        "i" => Style::Italic,
        "c" => Style::Code,
        "q" => Style::Quote,
        "a" => Style::Link {
            url: "https://example.org".to_owned(),
        },
        "pre" => Style::Pre {
            language: Some("rust".to_owned()),
        },
        _ => panic!("no style {name}"),
    };
    let mut rich = Rich::default();
    let mut open: Vec<usize> = Vec::new();
    let mut rest = source;
    while let Some((text, after)) = rest.split_once('<') {
        rich.text.push_str(text);
        let (name, after) = after.split_once('>').unwrap();
        let here = u32::try_from(units(&rich.text)).unwrap();
        if name.starts_with('/') {
            let entity = &mut rich.entities[open.pop().unwrap()];
            entity.length = here - entity.offset;
        } else {
            open.push(rich.entities.len());
            rich.entities.push(Entity {
                offset: here,
                length: 0,
                style: style(name),
            });
        }
        rest = after;
    }
    rich.text.push_str(rest);
    rich
}

/// Every character that shows, with the styles it has, the outermost first.
fn looks(rich: &Rich) -> Vec<(char, Vec<Style>)> {
    let mut unit = 0;
    let mut looks = Vec::new();
    for c in rich.text.chars() {
        let covers = |entity: &&Entity| entity.offset <= unit && unit < entity.end();
        let styles = rich.entities.iter().filter(covers);
        if !is_blank(c) {
            looks.push((c, styles.map(|entity| entity.style.clone()).collect()));
        }
        unit += u32::try_from(c.len_utf16()).unwrap();
    }
    looks
}

/// What is wrong with a part, if anything is.
fn fault(part: &Rich, limit: usize) -> Option<&'static str> {
    let text: Vec<u16> = part.text.encode_utf16().collect();
    let inside = |at: u32| {
        let unit = text.get(usize::try_from(at).unwrap());
        unit.is_some_and(|unit| (0xdc00..0xe000).contains(unit))
    };
    let in_order = |pair: &[Entity]| {
        let [a, b] = pair else { return false };
        let nested = b.offset >= a.end() || b.end() <= a.end();
        nested && (a.offset, Reverse(a.length)) <= (b.offset, Reverse(b.length))
    };
    let entities = &part.entities;
    [
        (visible(&part.text).is_empty(), "blank"),
        (text.len() > limit, "too long"),
        (part.text.ends_with(char::is_whitespace), "not trimmed"),
        (entities.len() > MOST_ENTITIES, "too many entities"),
        (
            entities.iter().map(|e| e.style.bytes()).sum::<usize>() > MOST_ENTITY_BYTES,
            "too large entities",
        ),
        (entities.iter().any(|e| e.length == 0), "an empty entity"),
        (
            entities.iter().any(|e| e.end() as usize > text.len()),
            "an entity behind the end",
        ),
        (
            entities.iter().any(|e| inside(e.offset) || inside(e.end())),
            "an entity inside a character",
        ),
        (!entities.windows(2).all(in_order), "out of order"),
    ]
    .into_iter()
    .find_map(|(wrong, name)| wrong.then_some(name))
}

#[test]
fn a_long_text_is_cut_at_the_best_place_near_the_end() {
    let cases: [(&str, usize, &[&str]); 16] = [
        ("", 10, &[]),
        (" \n\u{200b}\t", 10, &[]),
        ("hello", 10, &["hello"]),
        ("  hello \n", 10, &["hello"]),
        ("one\n\ntwo three", 12, &["one\n\ntwo", "three"]),
        ("first\n\nb c d", 10, &["first", "b c d"]),
        ("first\n \r\nb\nc d", 10, &["first", "b\nc d"]),
        ("one. two\nthree", 11, &["one. two", "three"]),
        ("One two. three four", 12, &["One two.", "three four"]),
        ("3.14159 and more", 9, &["3.14159", "and more"]),
        ("one two", 3, &["one", "two"]),
        ("你好。世界很大", 5, &["你好。", "世界很大"]),
        ("他说「好。」然后走", 6, &["他说「好。」", "然后走"]),
        ("abcdefgh", 3, &["abc", "def", "gh"]),
        ("a https://example.org", 19, &["a", "https://example.org"]),
        ("ab\u{200b}", 2, &["ab"]),
    ];
    for (text, limit, expected) in cases {
        let parts = parts_within(&Rich::plain(text), limit);
        assert_eq!(texts(&parts), expected, "{text:?} within {limit}");
    }
}

#[test]
fn what_is_seen_as_one_character_stays_whole() {
    let family = "👨\u{200d}👩\u{200d}👧";
    let thumb = "👍🏽";
    let flags = "🇩🇪🇫🇷";
    let accent = "e\u{301}e\u{301}";
    let cases = [
        (family.repeat(2), 9, vec![family, family]),
        (thumb.repeat(2), 6, vec![thumb, thumb]),
        (flags.to_owned(), 6, vec!["🇩🇪", "🇫🇷"]),
        (accent.to_owned(), 3, vec!["e\u{301}", "e\u{301}"]),
        ("क्षि".repeat(2), 7, vec!["क्षि", "क्षि"]),
        ("กำ".repeat(2), 3, vec!["กำ", "กำ"]),
        (
            "❤\u{fe0f}❤\u{fe0f}".to_owned(),
            3,
            vec!["❤\u{fe0f}", "❤\u{fe0f}"],
        ),
        // Alone too long: cut between characters after all.
        (family.to_owned(), 4, vec!["👨\u{200d}", "👩\u{200d}", "👧"]),
    ];
    for (text, limit, expected) in cases {
        let parts = parts_within(&Rich::plain(&text), limit);
        assert_eq!(texts(&parts), expected, "{text:?} within {limit}");
    }
}

#[test]
fn the_limit_is_counted_in_utf16_units() {
    let text = "😀".repeat(2048);
    assert_eq!(texts(&parts_of_text(&text)), [text.as_str()]);
    let longer = format!("{text}x");
    assert_eq!(texts(&parts_of_text(&longer)), [text.as_str(), "x"]);
    assert_eq!(parts_of_text(&"漢".repeat(4097)).len(), 2);
}

#[test]
fn what_spans_a_cut_is_closed_and_opened_again() {
    let cases: [(&str, usize, &[&str]); 10] = [
        ("<b>one two</b>", 4, &["<b>one</b>", "<b>two</b>"]),
        (
            "<q>one <b>two three</b></q>",
            8,
            &["<q>one <b>two</b></q>", "<q><b>three</b></q>"],
        ),
        // Only blanks of the bold text are left for the second part.
        ("one <b>two </b>three", 8, &["one <b>two</b>", "three"]),
        // Code and links stay whole …
        ("go to <a>this page</a>", 12, &["go to", "<a>this page</a>"]),
        (
            "use <b><c>a b</c> c</b>",
            6,
            &["use", "<b><c>a b</c> c</b>"],
        ),
        // … if they fit at all, with the marks on their last character.
        ("<c>one two</c>", 4, &["<c>one</c>", "<c>two</c>"]),
        ("<c>abc</c>\u{301}", 3, &["<c>ab</c>", "<c>c</c>\u{301}"]),
        // A code block is cut between its lines, and keeps the indentation of every one.
        (
            "<pre>if a {\n    b. c();\n\n}</pre>",
            14,
            &["<pre>if a {</pre>", "<pre>    b. c();\n\n}</pre>"],
        ),
        // A cut before a code block is better than one inside.
        (
            "Here it is:\n\n<pre>one\ntwo\nthree</pre>",
            22,
            &["Here it is:", "<pre>one\ntwo\nthree</pre>"],
        ),
        (
            "  <pre>  a\n  b</pre>",
            4,
            &["<pre>  a</pre>", "<pre>  b</pre>"],
        ),
    ];
    for (source, limit, expected) in cases {
        let expected: Vec<Rich> = expected.iter().map(|part| marked(part)).collect();
        let parts = parts_within(&marked(source), limit);
        assert_eq!(parts, expected, "{source} within {limit}");
    }
}

#[test]
fn a_part_has_no_more_entities_than_telegram_keeps() {
    let body = marked(&"<b>x</b> y\n".repeat(250));
    let parts = parts(&body);
    let counts: Vec<usize> = parts.iter().map(|part| part.entities.len()).collect();
    assert_eq!(counts, [100, 100, 50]);
    assert!(parts.iter().all(|part| fault(part, LONGEST_TEXT).is_none()));
    assert_eq!(
        parts.iter().flat_map(looks).collect::<Vec<_>>(),
        looks(&body)
    );
}

#[test]
fn an_answer_of_more_than_ten_parts_is_a_document_with_a_beginning() {
    let paragraph = format!("{}\n\n", "word ".repeat(600));
    let ten = Rich::plain(paragraph.repeat(10));
    let Shown::Parts(parts) = shown(&ten) else {
        panic!("ten parts are shown");
    };
    assert_eq!(parts.len(), 10);
    let eleven = Rich::plain(paragraph.repeat(11));
    let Shown::Document { beginning } = shown(&eleven) else {
        panic!("eleven parts are a document");
    };
    assert_eq!(beginning.text, paragraph.trim_end());
}

#[test]
fn entities_that_make_no_sense_do_no_harm() {
    let entity = |offset, length| Entity {
        offset,
        length,
        style: Style::Bold,
    };
    let body = Rich {
        text: "a😀b c".to_owned(),
        entities: vec![
            entity(4, u32::MAX),
            entity(0, 2),
            entity(2, 1),
            entity(900, 5),
            entity(3, 0),
        ],
    };
    let parts = parts_within(&body, 4);
    assert!(
        parts.iter().all(|part| fault(part, 4).is_none()),
        "{parts:?}"
    );
    assert_eq!(texts(&parts), ["a😀b", "c"]);
}

fn words() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-z]{1,12}",
        3 => "[ \n\t]{1,3}",
        1 => Just("\n\n".to_owned()),
        1 => Just(" \r\n\r\n ".to_owned()),
        2 => "[.!?。！？]",
        2 => "[一-龥]{1,10}",
        1 => "[\u{5d0}-\u{5ea}\u{627}-\u{64a}]{1,8}",
        1 => Just("👨\u{200d}👩\u{200d}👧🇩🇪🇫🇷👍🏽❤\u{fe0f}".to_owned()),
        1 => "[a-z][\u{300}-\u{310}]{1,4}",
        1 => Just("क्षि".to_owned()),
        1 => Just("\u{200b}\u{2060}".to_owned()),
        1 => "\\PC{0,6}",
    ];
    proptest::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

/// A text and its formatting as a tree, so that what it makes is legal.
#[derive(Debug, Clone)]
enum Tree {
    Text(String),
    Styled(Style, Vec<Self>),
}

impl Tree {
    fn write(&self, rich: &mut Rich) {
        match self {
            Self::Text(text) => rich.text.push_str(text),
            Self::Styled(style, inner) => {
                let index = rich.entities.len();
                let offset = u32::try_from(units(&rich.text)).unwrap();
                rich.entities.push(Entity {
                    offset,
                    length: 0,
                    style: style.clone(),
                });
                for tree in inner {
                    tree.write(rich);
                }
                let end = u32::try_from(units(&rich.text)).unwrap();
                rich.entities[index].length = end - offset;
            }
        }
    }
}

fn trees() -> impl Strategy<Value = Tree> {
    let code = prop_oneof![
        Just(Style::Code),
        Just(Style::Pre {
            language: Some("py".to_owned())
        }),
        Just(Style::Link {
            url: "https://example.org/a".to_owned()
        }),
    ];
    let leaf = prop_oneof![
        3 => words().prop_map(Tree::Text),
        1 => (code, words()).prop_map(|(style, text)| Tree::Styled(style, vec![Tree::Text(text)])),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let style = prop_oneof![
            Just(Style::Bold),
            Just(Style::Italic),
            Just(Style::Spoiler),
            Just(Style::Quote),
            Just(Style::LongQuote),
        ];
        (style, proptest::collection::vec(inner, 0..6))
            .prop_map(|(style, inner)| Tree::Styled(style, inner))
    })
}

fn bodies() -> impl Strategy<Value = Rich> {
    proptest::collection::vec(trees(), 0..12).prop_map(|trees| {
        let mut rich = Rich::default();
        for tree in &trees {
            tree.write(&mut rich);
        }
        rich.entities.retain(|entity| entity.length > 0);
        rich
    })
}

/// How many characters that show stand before each cut.
fn cuts(parts: &[Rich]) -> Vec<usize> {
    let mut shown = 0;
    let count = |part: &Rich| {
        shown += visible(&part.text).chars().count();
        shown
    };
    parts.iter().map(count).collect()
}

/// The ranges, counted as [`cuts`] counts, that no cut may fall into.
fn unbroken(body: &Rich, limit: usize) -> Vec<(usize, usize)> {
    let count = |text: &str| visible(text).chars().count();
    let before = |unit: u32| {
        let text: Vec<u16> = body.text.encode_utf16().take(unit as usize).collect();
        count(&String::from_utf16(&text).unwrap())
    };
    let clusters = body.text.grapheme_indices(true);
    let clusters = clusters
        .filter(|(_, cluster)| units(cluster) <= limit)
        .map(|(at, cluster)| {
            let before = count(&body.text[..at]);
            (before, before + count(cluster))
        });
    let is_whole = |style: &Style| matches!(style, Style::Code | Style::Link { .. });
    let whole = body
        .entities
        .iter()
        .filter(|entity| is_whole(&entity.style));
    let whole = whole.filter(|entity| with_whole_characters(&body.text, entity) <= limit);
    clusters
        .chain(whole.map(|entity| (before(entity.offset), before(entity.end()))))
        .collect()
}

/// Units of an entity with the whole of what is seen as its first and its last character: a mark may
/// belong to what stands before it.
fn with_whole_characters(text: &str, entity: &Entity) -> usize {
    let mut end = 0;
    let mut length = 0;
    for cluster in text.graphemes(true) {
        let start = end;
        end += units(cluster);
        if start < entity.end() as usize && end > entity.offset as usize {
            length += end - start;
        }
    }
    length
}

proptest! {
    #[test]
    fn parts_are_legal_and_lose_only_blanks(
        body in bodies(),
        limit in prop_oneof![2usize..20, 20usize..200, Just(LONGEST_TEXT)],
    ) {
        let parts = parts_within(&body, limit);
        let mut rest = body.text.as_str();
        for part in &parts {
            prop_assert_eq!(fault(part, limit), None, "{:?}", part);
            let at = rest.find(part.text.as_str()).unwrap();
            let (lost, after) = rest.split_at(at);
            prop_assert!(visible(lost).is_empty());
            rest = after.strip_prefix(part.text.as_str()).unwrap();
        }
        prop_assert!(visible(rest).is_empty());
        prop_assert_eq!(parts.iter().flat_map(looks).collect::<Vec<_>>(), looks(&body));
        let cuts = cuts(&parts);
        for (start, end) in unbroken(&body, limit) {
            let broken = cuts.iter().any(|cut| start < *cut && *cut < end);
            prop_assert!(!broken, "{:?} cut inside {start}..{end}", texts(&parts));
        }
    }

    #[test]
    fn code_keeps_the_indentation_of_every_line(
        lines in proptest::collection::vec("( {0,6}[a-z}]{1,8}){1,2}", 1..30),
        limit in 30usize..100,
    ) {
        let body = marked(&format!("<pre>{}</pre>", lines.join("\n")));
        let parts = parts_within(&body, limit);
        let shown: Vec<&str> = parts.iter().flat_map(|part| part.text.lines()).collect();
        prop_assert_eq!(shown, lines);
    }

    #[test]
    fn a_text_that_fits_is_not_cut(text in words()) {
        let whole = parts_within(&Rich::plain(&text), units(&text).max(2));
        prop_assert!(whole.len() <= 1);
    }

    #[test]
    fn text_without_spaces_makes_full_parts(text in "[一-龥]{1,300}", limit in 2usize..50) {
        let parts = parts_within(&Rich::plain(&text), limit);
        prop_assert_eq!(parts.len(), units(&text).div_ceil(limit));
    }
}

#[test]
fn forty_five_links_with_long_addresses_keep_them_all() {
    let address = |number: usize| format!("https://a.example/{number:03}/{}", "x".repeat(250));
    let link = |number: usize| format!("- [link {number}]({})\n", address(number));
    let markdown: String = (0..45).map(link).collect();
    let parts = parts(&crate::render::answer(&markdown, ""));
    assert!(parts.len() > 1);
    let mut addresses = Vec::new();
    for part in &parts {
        assert_eq!(fault(part, LONGEST_TEXT), None);
        for entity in &part.entities {
            if let Style::Link { url } = &entity.style {
                addresses.push(url.clone());
            }
        }
    }
    assert_eq!(addresses, (0..45).map(address).collect::<Vec<_>>());
    let halves = halves(&parts[0]);
    assert!(halves.len() > 1);
    let again: usize = halves.iter().map(|half| half.entities.len()).sum();
    assert_eq!(again, parts[0].entities.len());
    assert!(super::halves(&Rich::plain("x")).is_empty());
}

#[test]
fn no_heading_is_left_alone_at_the_end_of_a_part() {
    let text = "word ".repeat(60);
    for heading in ["## Heading", "# Heading", "**Heading**", "### 1. 标题"] {
        let markdown = format!("{text}\n\n{text}\n\n{heading}\n\n{text}\n\n- {text}\n- {text}");
        let body = crate::render::answer(&markdown, "");
        for limit in 300..900 {
            for part in parts_within(&body, limit) {
                let last = part.text.lines().last().unwrap_or_default();
                let alone = last.contains("Heading") || last.contains("标题");
                assert!(!alone, "{heading}, {limit}: {:?}", part.text);
            }
        }
    }
}
