use proptest::prelude::*;

use super::words::{Axis, Signal, signals, traditional};
use super::*;
use crate::locale::{Language, Locale};

/// The labelled questions; their heads say how they came about and what may be done with them.
const QUESTIONS: &str = include_str!("../../tests/data/tiers.tsv");
const FRESH: &str = include_str!("../../tests/data/tiers_fresh.tsv");

const TIERS: [Tier; 3] = [Tier::Lite, Tier::Flash, Tier::Pro];
const WISHES: [Option<Tier>; 4] = [None, Some(Tier::Lite), Some(Tier::Flash), Some(Tier::Pro)];
const DAYS: [Day; 3] = [Day::Plenty, Day::Scarce, Day::Gone];
const PLENTY: Left = Left {
    lite: Day::Plenty,
    flash: Day::Plenty,
    pro: Day::Plenty,
};

const CODE: &str = "why does my python function return None?";
const ANALYSIS: &str = "总结一下这篇文章的要点";
const WEAK: &str = "explain how rainbows form";
const HARD: &str =
    "Prove with full rigour that the architecture of this distributed lock is linearizable";

struct Question {
    set: Set,
    tier: Tier,
    language: &'static str,
    is_small_talk: bool,
    text: String,
}

/// What the rules know of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    /// The rules and their words were made with it. "First" was all written by who made the rules,
    /// "fresh" by somebody who had not seen them.
    MadeWithFirst,
    MadeWithFresh,
    /// Never read while the rules were made.
    HeldOut,
}

impl Set {
    const ALL: [Self; 3] = [Self::MadeWithFirst, Self::MadeWithFresh, Self::HeldOut];

    const fn name(self) -> &'static str {
        match self {
            Self::MadeWithFirst => "texts the rules were made with, first",
            Self::MadeWithFresh => "texts the rules were made with, fresh",
            Self::HeldOut => "held out: never read while the rules were made",
        }
    }
}

fn questions() -> Vec<Question> {
    let first = rows(QUESTIONS, 5).map(|fields| {
        let [_, tier, language, kind, text] = fields[..] else {
            panic!("{fields:?} are too few fields");
        };
        question(
            Set::MadeWithFirst,
            [tier, language, text],
            kind == "smalltalk",
        )
    });
    let fresh = rows(FRESH, 4).map(|fields| {
        let [tier, language, split, text] = fields[..] else {
            panic!("a fresh row has too few fields");
        };
        let set = match split {
            "tune" => Set::MadeWithFresh,
            "held" => Set::HeldOut,
            other => panic!("{other:?} is no split"),
        };
        question(set, [tier, language, text], false)
    });
    first.chain(fresh).collect()
}

fn rows(file: &'static str, fields: usize) -> impl Iterator<Item = Vec<&'static str>> {
    let lines = file.lines().filter(|line| !line.starts_with('#'));
    lines.map(move |line| line.splitn(fields, '\t').collect())
}

fn question(set: Set, fields: [&'static str; 3], is_small_talk: bool) -> Question {
    let [tier, language, text] = fields;
    Question {
        set,
        tier: self::tier(tier).unwrap_or_else(|| panic!("{tier:?} is no tier")),
        language,
        is_small_talk,
        text: text.replace("\\n", "\n").replace("\\t", "\t"),
    }
}

const fn asked(text: &str) -> Facts<'_> {
    Facts {
        text,
        quote: None,
        attachments: 0,
        context: &[],
        highest: Tier::Pro,
        wish: None,
        left: PLENTY,
    }
}

fn all_days() -> impl Iterator<Item = Left> {
    let pairs = DAYS
        .into_iter()
        .flat_map(|lite| DAYS.map(|flash| (lite, flash)));
    pairs.flat_map(|(lite, flash)| DAYS.map(|pro| Left { lite, flash, pro }))
}

fn circumstances(wishes: &[Option<Tier>]) -> impl Iterator<Item = (&Option<Tier>, Tier, Left)> {
    let roles = wishes
        .iter()
        .flat_map(|wish| TIERS.map(|highest| (wish, highest)));
    roles.flat_map(|(wish, highest)| all_days().map(move |left| (wish, highest, left)))
}

/// Counts by true tier, then by chosen one.
#[derive(Default)]
struct Confusion([[u16; 3]; 3]);

impl Confusion {
    fn of(set: Set, language: Option<&str>) -> Self {
        let mut counts = Self::default();
        for question in questions() {
            if question.set == set && language.is_none_or(|name| name == question.language) {
                let choice = choose(&asked(&question.text));
                counts.0[question.tier as usize][choice.tier as usize] += 1;
            }
        }
        counts
    }

    fn accuracy(&self) -> f64 {
        let all: u16 = self.0.iter().flatten().sum();
        let right: u16 = (0..3).map(|tier| self.0[tier][tier]).sum();
        f64::from(right) / f64::from(all)
    }

    fn told(&self, title: &str) -> String {
        let rows = TIERS.map(|tier| format!("{tier:?} {:?}", self.0[tier as usize]));
        format!("{title}: {} → {:.3}", rows.join(", "), self.accuracy())
    }
}

#[test]
fn the_labelled_questions_are_many_in_every_set_language_and_tier() {
    let questions = questions();
    for (set, least) in Set::ALL.into_iter().zip([25, 5, 5]) {
        for language in ["en", "zh"] {
            for tier in TIERS {
                let found = questions.iter().filter(|question| {
                    (question.set, question.language, question.tier) == (set, language, tier)
                });
                let least = if tier == Tier::Pro { 4 } else { least };
                let found = found.count();
                assert!(found >= least, "{found} of {set:?} {language} {tier:?}");
            }
        }
    }
}

/// The floors are what was reached (0.990, 1.000, 0.950), less some five in a hundred. Only the figure
/// of the texts held out says what to expect of questions that people will ask; the heads of the
/// files say how often it was looked at.
#[test]
#[expect(
    clippy::print_stdout,
    reason = "the figures are for the reader of the test"
)]
fn labelled_questions_keep_going_where_they_went() {
    let mut report = vec!["true tier [chosen lite, flash, pro]".to_owned()];
    for set in Set::ALL {
        for language in [Some("en"), Some("zh"), None] {
            let counts = Confusion::of(set, language);
            report.push(counts.told(&format!("{} {}", set.name(), language.unwrap_or("all"))));
        }
    }
    let report = report.join("\n");
    println!("{report}");
    for (set, floor) in Set::ALL.into_iter().zip([0.94, 0.94, 0.90]) {
        let accuracy = Confusion::of(set, None).accuracy();
        assert!(accuracy >= floor, "{} below {floor}\n{report}", set.name());
    }
}

#[test]
fn small_talk_never_goes_to_pro_whoever_wishes_it() {
    let mut wrong = Vec::new();
    let mut chats = 0;
    let questions = questions();
    for question in questions.iter().filter(|q| q.tier == Tier::Lite) {
        // Of texts that no rule may be made for, not even a failure shows the words.
        let shown = match question.set {
            Set::MadeWithFirst | Set::MadeWithFresh => question.text.as_str(),
            Set::HeldOut => "(held out)",
        };
        chats += usize::from(question.is_small_talk);
        let wishes = if question.is_small_talk {
            &WISHES[..]
        } else {
            &[None]
        };
        for (&wish, highest, left) in circumstances(wishes) {
            let facts = Facts {
                highest,
                wish,
                left,
                ..asked(&question.text)
            };
            let choice = choose(&facts);
            if choice.tier == Tier::Pro || choice.wanted == Tier::Pro {
                wrong.push((shown, wish, highest, left));
            }
        }
    }
    assert!(chats >= 40, "only {chats} pieces of small talk");
    assert!(
        wrong.is_empty(),
        "{} went to pro, as {:?}",
        wrong.len(),
        wrong[0]
    );
}

#[test]
fn every_reason_has_words_in_both_languages() {
    let cases = [
        "Good morning, how are you?|早上好，吃了吗|Lite Smalltalk",
        "How do you say hello in Korean?|你好用韩语怎么说|Lite Smalltalk",
        "Tell me a joke about databases|讲个数据库的笑话|Lite Smalltalk",
        "What is the capital of Peru?|秘鲁的首都在哪里|Lite Smalltalk",
        "write a function that sorts an array|写一个给数组排序的函数|Flash Code",
        "this error crashes my server|服务器报错然后崩溃了|Flash Code",
        "compare the two offers|比较一下这两个方案|Flash Analysis",
        "make a plan for my exams|帮我做个备考计划|Flash Analysis",
        "solve the equation for y|解这个方程|Flash Analysis",
        "prove the theorem|证明这个定理|Pro Analysis",
        "think hard about the race condition in this code|这段代码有竞态，请认真思考|Pro Code",
    ];
    for case in cases {
        let fields: Vec<_> = case.split('|').collect();
        let (texts, expected) = fields.split_at(2);
        for text in texts {
            let choice = choose(&asked(text));
            let found = format!("{:?} {:?}", choice.tier, choice.reason);
            assert_eq!(found, expected[0], "{text}");
            assert_eq!(choice.wanted, choice.tier, "{text}");
        }
    }
}

#[test]
fn every_word_of_the_table_is_found_where_it_stands() {
    for signal in signals() {
        for word in signal.columns().into_iter().flatten() {
            let bare = word.trim_matches(&['*', ' ', '…'][..]);
            assert!(
                bare.chars().count() >= 2,
                "{word:?} is too short to be looked up"
            );
            assert_eq!(bare, bare.to_lowercase(), "{word:?} has to be lower case");
            if bare.len() < word.trim_end_matches('*').trim().len() {
                continue;
            }
            for text in [
                format!("«{word}»", word = word.trim_end_matches('*')),
                format!("({}) .", word.trim_end_matches('*').to_uppercase()),
            ] {
                let found = of_axis(Signs::of(&text), &signal);
                assert!(found >= u16::from(signal.weight), "{text:?} gave {found}");
            }
        }
    }
}

#[test]
fn the_table_of_traditional_characters_is_made_of_pairs() {
    let pairs = traditional();
    assert!(pairs.len() > 300, "{}", pairs.len());
    for (simplified, traditional) in pairs {
        assert_ne!(simplified, traditional);
        assert!(!simplified.is_ascii() && !traditional.is_ascii());
    }
}

#[test]
fn a_pattern_counts_only_when_its_second_part_follows_the_first() {
    let mut count = 0;
    for signal in signals() {
        for column in signal.columns() {
            let firsts: Vec<_> = column.iter().filter_map(|w| w.strip_suffix(" …")).collect();
            let seconds: Vec<_> = column.iter().filter_map(|w| w.strip_prefix("… ")).collect();
            assert_eq!(firsts.is_empty(), seconds.is_empty(), "half a pattern");
            // What is both a first and a second part counts either way round.
            let is_both = |word: &str| firsts.contains(&word) && seconds.contains(&word);
            for first in firsts.iter().filter(|word| !is_both(word)) {
                for second in seconds.iter().filter(|word| !is_both(word)) {
                    let second = second.trim_end_matches('*');
                    let weight = |text: String| of_axis(Signs::of(&text), &signal);
                    let alone = weight(format!("{first} | ")) + weight(format!("| {second}"));
                    let reversed = weight(format!("{second} | {first}"));
                    let whole = weight(format!("{first} | {second}"));
                    assert!(whole > alone.max(reversed), "{first:?} … {second:?}");
                    count += 1;
                }
            }
        }
    }
    assert!(count > 100, "{count}");
}

fn of_axis(signs: Signs, signal: &Signal<'_>) -> u16 {
    match signal.axis {
        Axis::Chat => signs.chat,
        Axis::Small => signs.small,
        Axis::Mood => signs.mood,
        Axis::Code => signs.code,
        Axis::Analysis => signs.analysis,
        Axis::Hard => signs.hard,
        Axis::FollowUp => signs.follow_up,
    }
}

#[test]
fn words_are_found_whole_and_in_every_form_of_their_marks() {
    let same = [
        ("WHAT’S UP", "what's up"),
        ("Ｐｙｔｈｏｎ", "python"),
        ("謝謝", "谢谢"),
        ("寫一個函數", "写一个函数"),
        ("analysing", "analyse"),
    ];
    for (one, other) in same {
        let [one, other] = [one, other].map(Signs::of);
        assert_eq!(one, other);
        assert_ne!(one, Signs::default());
    }
    for text in [
        "cthis",
        "unpythonic",
        "planet",
        "Göttingenhi",
        "proofread-ish".get(5..).unwrap(),
    ] {
        assert_eq!(Signs::of(text), Signs::default(), "{text}");
    }
    assert_eq!(Signs::of("用Python写").code, Signs::of("python").code);
}

#[test]
fn shape_shows_code_in_any_language() {
    let cases = [
        "```\nа\n```",
        "что здесь? x = foo(bar[i]); y = {baz: qux(x)};",
        "total_sum и last_value: get_all_rows(a) = (b);",
    ];
    for text in cases {
        let choice = choose(&asked(text));
        assert_eq!(
            (choice.tier, choice.reason),
            (Tier::Flash, TierReason::Code),
            "{text}"
        );
    }
}

#[test]
fn a_wish_is_followed_as_far_as_the_role_goes() {
    use Tier::{Flash, Lite, Pro};
    use TierReason::{Asked, Code, Smalltalk};

    let cases = [
        (CODE, Some(Pro), Pro, Pro, Asked),
        (CODE, Some(Pro), Flash, Flash, Asked),
        (CODE, Some(Lite), Pro, Lite, Asked),
        (CODE, None, Lite, Lite, Code),
        (HARD, Some(Flash), Pro, Flash, Asked),
        (HARD, Some(Pro), Lite, Lite, Asked),
        ("why is the sky blue", Some(Pro), Pro, Pro, Asked),
        // Nothing that the table knows.
        (
            "was machte der alte Hafenmeister im Winter",
            Some(Pro),
            Pro,
            Flash,
            Asked,
        ),
        ("thanks!", Some(Pro), Pro, Lite, Smalltalk),
        ("谢谢", Some(Flash), Pro, Lite, Smalltalk),
        ("ага", Some(Pro), Pro, Lite, Smalltalk),
        ("thanks!", Some(Lite), Pro, Lite, Asked),
    ];
    for (text, wish, highest, tier, reason) in cases {
        let choice = choose(&Facts {
            highest,
            wish,
            ..asked(text)
        });
        assert_eq!(
            (choice.tier, choice.reason),
            (tier, reason),
            "{text} {wish:?} {highest:?}"
        );
    }
}

#[test]
fn what_is_left_of_the_day_lowers_the_tier_and_says_so() {
    // Text, wish, role; left of lite, flash, pro (Plenty, Scarce, Gone); tier, reason, wanted.
    let cases = [
        "code  -     Pro   PPG  Flash Code Flash",
        "code  -     Pro   PGP  Lite  Degraded Flash",
        "code  -     Pro   GGG  Lite  Degraded Flash",
        "code  -     Lite  PGG  Lite  Code Flash",
        "code  -     Pro   PSP  Flash Code Flash",
        "weak  -     Pro   PPP  Flash Analysis Flash",
        "weak  -     Pro   PSP  Lite  Degraded Flash",
        "weak  Flash Pro   PSP  Flash Asked Flash",
        "weak  Flash Pro   PGP  Lite  Degraded Flash",
        "weak  Pro   Pro   PPS  Pro   Asked Pro",
        "weak  Pro   Pro   PPG  Flash Degraded Pro",
        "weak  Pro   Flash PPG  Flash Asked Pro",
        "hard  -     Pro   PPP  Pro   Analysis Pro",
        "hard  -     Pro   PPG  Flash Degraded Pro",
        "hard  -     Pro   PGG  Lite  Degraded Pro",
        "hard  -     Pro   PSG  Flash Degraded Pro",
        "hard  -     Pro   PPS  Pro   Analysis Pro",
        "hard  -     Flash PPG  Flash Analysis Pro",
        "proof -     Pro   PPP  Pro   Analysis Pro",
        "proof -     Pro   PPS  Flash Degraded Pro",
        "small -     Pro   GPP  Lite  Smalltalk Lite",
        "small Pro   Pro   GGG  Lite  Smalltalk Lite",
        "small Pro   Pro   PPP  Lite  Smalltalk Lite",
    ];
    for case in cases {
        let fields: Vec<_> = case.split_whitespace().collect();
        let [text, wish, highest, left, expected @ ..] = &fields[..] else {
            panic!("{case}");
        };
        let choice = choose(&Facts {
            highest: tier(highest).unwrap(),
            wish: tier(wish),
            left: days(left),
            ..asked(sample(text))
        });
        let Choice {
            tier,
            reason,
            wanted,
        } = choice;
        let found = [
            format!("{tier:?}"),
            format!("{reason:?}"),
            format!("{wanted:?}"),
        ];
        assert_eq!(found, expected, "{case}");
    }
}

fn tier(name: &str) -> Option<Tier> {
    TIERS
        .into_iter()
        .find(|tier| format!("{tier:?}").eq_ignore_ascii_case(name))
}

fn days(letters: &str) -> Left {
    let day = |letter| match letter {
        'P' => Day::Plenty,
        'S' => Day::Scarce,
        'G' => Day::Gone,
        other => panic!("{other:?} is no day"),
    };
    let days: Vec<_> = letters.chars().map(day).collect();
    Left {
        lite: days[0],
        flash: days[1],
        pro: days[2],
    }
}

fn sample(name: &str) -> &'static str {
    match name {
        "code" => CODE,
        "weak" => WEAK,
        "hard" => HARD,
        "proof" => "证明这个定理",
        "small" => "hi",
        other => panic!("no sample {other:?}"),
    }
}

#[test]
fn media_are_work_that_can_wait_for_another_day() {
    let photo = |text, flash| {
        let left = Left { flash, ..PLENTY };
        let choice = choose(&Facts {
            attachments: 1,
            left,
            ..asked(text)
        });
        (choice.tier, choice.reason)
    };
    assert_eq!(photo("", Day::Plenty), (Tier::Flash, TierReason::Media));
    assert_eq!(photo("lol", Day::Plenty), (Tier::Flash, TierReason::Media));
    assert_eq!(
        photo("这是什么", Day::Scarce),
        (Tier::Lite, TierReason::Degraded)
    );
    assert_eq!(
        photo(ANALYSIS, Day::Plenty),
        (Tier::Flash, TierReason::Media)
    );
    assert_eq!(photo(CODE, Day::Scarce), (Tier::Flash, TierReason::Media));
}

#[test]
fn an_answer_goes_on_with_the_tier_that_began_it() {
    for language in [Language::En, Language::Zh] {
        let text = Locale::of(language).go_on_question();
        for reason in [
            TierReason::Smalltalk,
            TierReason::Code,
            TierReason::Analysis,
        ] {
            let choice = choose(&Facts {
                context: &[TierReason::Media, reason],
                ..asked(text)
            });
            assert_eq!(choice.reason, reason, "{text}");
        }
    }
}

#[test]
fn a_remark_is_work_only_after_work() {
    use TierReason::{Analysis, Code, Smalltalk};

    let cases = [
        ("make it faster", &[Code][..], Tier::Flash, Code),
        ("继续", &[Smalltalk, Analysis], Tier::Flash, Analysis),
        ("再短一点", &[Analysis], Tier::Flash, Analysis),
        ("make it faster", &[Code, Smalltalk], Tier::Lite, Smalltalk),
        ("继续", &[], Tier::Lite, Smalltalk),
        ("thanks, now it works", &[Code], Tier::Lite, Smalltalk),
        ("好的谢谢", &[Code], Tier::Lite, Smalltalk),
        (
            "what is the capital of Peru?",
            &[Code],
            Tier::Lite,
            Smalltalk,
        ),
    ];
    for (text, context, tier, reason) in cases {
        let choice = choose(&Facts {
            context,
            ..asked(text)
        });
        assert_eq!(
            (choice.tier, choice.reason),
            (tier, reason),
            "{text} {context:?}"
        );
    }
}

#[test]
fn a_quote_is_work_for_who_asks_something_of_it() {
    let trace =
        "Traceback (most recent call last):\n  File \"a.py\", line 3\n    run()\nKeyError: 'x'";
    let cases = [
        ("any idea?", trace, Tier::Flash),
        ("怎么办", trace, Tier::Flash),
        ("哈哈哈", trace, Tier::Lite),
        ("lol thanks", trace, Tier::Lite),
        ("any idea?", "we meet at eight", Tier::Lite),
    ];
    for (text, quote, tier) in cases {
        let choice = choose(&Facts {
            quote: Some(quote),
            ..asked(text)
        });
        assert_eq!(choice.tier, tier, "{text}");
    }
}

#[test]
fn the_question_is_found_before_and_after_a_long_paste() {
    let paste = "风和日丽 ".repeat(300_000);
    let signs = [
        Signs::of(&paste),
        Signs::of(&format!("证明 {paste}")),
        Signs::of(&format!("{paste} 证明")),
        Signs::of(&format!("{paste} 证明 {paste}")),
    ];
    assert_eq!(signs.map(|signs| signs.hard), [0, 6, 6, 0]);
    assert_eq!(choose(&asked(&paste)).reason, TierReason::Analysis);
}

fn piece() -> impl Strategy<Value = String> {
    let words = signals().flat_map(|signal| signal.columns().concat());
    let words: Vec<_> = words.map(ToOwned::to_owned).collect();
    prop_oneof![".{0,12}", "\\PC{0,12}", prop::sample::select(words)]
}

fn reason() -> impl Strategy<Value = TierReason> {
    prop::sample::select(vec![
        TierReason::Smalltalk,
        TierReason::Code,
        TierReason::Analysis,
        TierReason::Media,
        TierReason::Asked,
        TierReason::Degraded,
    ])
}

proptest! {
    #[test]
    fn a_choice_keeps_to_role_and_day(
        pieces in prop::collection::vec(piece(), 0..20),
        quote in prop::option::of(piece()),
        attachments in 0_usize..3,
        context in prop::collection::vec(reason(), 0..3),
        highest in prop::sample::select(&TIERS[..]),
        wish in prop::sample::select(&WISHES[..]),
        left in prop::sample::select(all_days().collect::<Vec<_>>()),
    ) {
        let text = pieces.concat();
        let facts = Facts {
            text: &text,
            quote: quote.as_deref(),
            attachments,
            context: &context,
            highest,
            wish,
            left,
        };
        let Choice { tier, reason, wanted } = choose(&facts);
        prop_assert!(tier <= highest && tier <= wanted);
        prop_assert!(tier == Tier::Lite || left.of(tier) != Day::Gone);
        prop_assert_eq!(reason == TierReason::Degraded, tier < wanted.min(highest));
        prop_assert!(wish.is_some() || reason != TierReason::Asked);
        if let Some(wish) = wish {
            prop_assert!(wanted <= wish, "a wish is never exceeded");
        }
        let degraded = Facts { left: PLENTY, ..facts };
        prop_assert!(choose(&degraded).tier >= tier, "more left never gives less");
    }
}
