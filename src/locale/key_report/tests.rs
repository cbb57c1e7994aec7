use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::keys::Cooldown;
use crate::locale::Language;
use crate::render;

const LANGUAGES: [Language; 2] = [Language::En, Language::Zh];
const NOW: Timestamp = Timestamp::from_secs(1_795_000_000);

const DEATHS: [Death; 6] = [
    Death::Invalid,
    Death::WrongType,
    Death::Leaked,
    Death::Suspended,
    Death::ProjectDenied,
    Death::Restricted,
];

const WHYS: [Why; 16] = [
    Why::Slots,
    Why::Minute,
    Why::Cooldown,
    Why::Model,
    Why::Address,
    Why::Region,
    Why::Day,
    Why::Missing,
    Why::Endpoint,
    Why::SpendingCap,
    Why::Money,
    Why::Line,
    Why::Retries,
    Why::TooLarge { limit: 250_000 },
    Why::Dead,
    Why::NoKeys,
];

const EFFECTS: [Effect; 17] = [
    Effect::Healthy,
    Effect::Innocent,
    Effect::KillKey(Death::Invalid),
    Effect::KillProject(Death::ProjectDenied),
    Effect::CoolKeyModel(Cooldown::UntilPacificMidnight),
    Effect::ModelMissing(Cooldown::Configured),
    Effect::Throttled(Cooldown::Configured),
    Effect::CoolKey(Cooldown::Configured),
    Effect::CoolProject(Cooldown::Configured),
    Effect::WrongEndpoint,
    Effect::SpendingCap,
    Effect::Overloaded(Cooldown::Configured),
    Effect::Unserved,
    Effect::Page,
    Effect::Refused(Death::Unlisted),
    Effect::Suspect(Cooldown::Configured),
    Effect::Strike(Cooldown::Configured),
];

fn later(secs: u64) -> Timestamp {
    NOW.after(Duration::from_secs(secs))
}

const fn rests(secs: u64, why: Why) -> Wait {
    Wait {
        until: Some(Timestamp::from_secs(1_795_000_000 + secs)),
        why,
    }
}

fn key(label: &str, group: Option<Group>, standing: Standing) -> KeyReport {
    KeyReport {
        key: [0; 16],
        label: label.to_owned(),
        group,
        also_in: Vec::new(),
        paid: false,
        standing,
        days: vec![(Tier::Lite, 12, Some(300)), (Tier::Flash, 3, Some(18))],
        obstacles: Vec::new(),
        last: None,
    }
}

fn table(keys: Vec<(KeyReport, Option<&str>)>) -> KeyTable<'_> {
    KeyTable {
        tally: Tally {
            total: keys.len(),
            available: keys.len(),
            ..Tally::default()
        },
        keys,
        money: None,
        now: NOW,
    }
}

/// The lines of one key.
fn lines(language: Language, key: &KeyReport) -> String {
    Locale::of(language).key_lines(key, None, NOW).join("\n")
}

#[test]
fn a_table_names_groups_projects_states_and_the_day() {
    let answered = KeyReport {
        last: Some((Effect::Healthy, NOW.before(Duration::from_mins(2)))),
        ..key("A1 …f9Qk", Some(Group::A), Standing::Available)
    };
    let spent = KeyReport {
        paid: true,
        obstacles: vec![
            ("lite-1".to_owned(), rests(12, Why::Minute)),
            ("flash-1".to_owned(), rests(12, Why::Minute)),
        ],
        ..key(
            "A2",
            Some(Group::A),
            Standing::Waiting(rests(12, Why::Minute)),
        )
    };
    let unlimited = KeyReport {
        days: vec![(Tier::Lite, 7, None)],
        ..key("K1 …zT4w", None, Standing::Available)
    };
    let mut table = table(vec![
        (answered, Some("shop")),
        (spent, Some("shop")),
        (unlimited, None),
    ]);
    table.money = Some((123_456, 1_000_000));
    assert_eq!(
        Locale::of(Language::En).key_table(&table),
        "Keys: 3 (3 available, 0 resting, 0 blacklisted, 0 dead)\n\
         Paid keys today: $0.13 of $1.00\n\
         \n\
         Group A\n\
         A1 …f9Qk (shop) – available\n\
         today: lite 12/300, flash 3/18\n\
         last: answered, 2 min ago\n\
         \n\
         A2 (shop, paid) – resting, back in 12 s\n\
         today: lite 12/300, flash 3/18\n\
         minute spent, 12 s\n\
         \n\
         For everybody\n\
         K1 …zT4w – available\n\
         today: lite 7"
    );
}

#[test]
fn the_next_wake_is_told_only_while_no_key_is_available() {
    let mut table = table(Vec::new());
    table.tally = Tally {
        total: 2,
        waiting: 2,
        next_wake: Some(later(40)),
        ..Tally::default()
    };
    let told = |table: &KeyTable<'_>| Locale::of(Language::En).key_table(table);
    assert!(told(&table).ends_with("\nThe next key is back in 40 s"));
    table.tally.available = 1;
    assert!(!told(&table).contains("40 s"));
}

#[test]
fn every_standing_has_words_in_both_languages() {
    let death = Death::Invalid;
    let cases = [
        (Standing::Available, "available", "可用"),
        (
            Standing::Waiting(rests(12, Why::Minute)),
            "resting, back in 12 s",
            "休息中，12 秒后恢复",
        ),
        (
            Standing::Waiting(Wait {
                until: None,
                why: Why::NoKeys,
            }),
            "resting",
            "休息中",
        ),
        (
            Standing::Blacklisted { until: later(3600) },
            "blacklisted, back in 1 h",
            "暂停使用，1 小时后恢复",
        ),
        (
            Standing::Dead {
                death,
                retest: Some(later(3000)),
            },
            "dead: Google says it is not valid. Next look in 50 min.",
            "失效：Google 说它无效。50 分钟后再检查。",
        ),
        (
            Standing::Dead {
                death: Death::Leaked,
                retest: None,
            },
            "dead: Google says it was reported as leaked. No further look unless you ask for it.",
            "失效：Google 说它已被泄露。除非你要求，否则不再检查。",
        ),
    ];
    for (standing, english, chinese) in cases {
        let said = |language| Locale::of(language).standing(standing, NOW);
        assert_eq!(said(Language::En), english);
        assert_eq!(said(Language::Zh), chinese);
    }
}

#[test]
fn every_reason_and_verdict_has_words_of_its_own() {
    for language in LANGUAGES {
        let locale = Locale::of(language);
        let whys: BTreeSet<_> = WHYS.map(|why| locale.why(why)).into();
        assert_eq!(whys.len(), WHYS.len());
        let verdicts: BTreeSet<_> = EFFECTS.map(|effect| locale.verdict(effect)).into();
        assert_eq!(verdicts.len(), EFFECTS.len());
        let deaths: BTreeSet<_> = DEATHS.map(|death| locale.death(death)).into();
        assert_eq!(deaths.len(), DEATHS.len());
        let words = whys
            .iter()
            .map(String::as_str)
            .chain(verdicts)
            .chain(deaths);
        for said in words {
            assert!(!said.is_empty() && !said.contains(['{', '}']), "{said}");
        }
    }
}

#[test]
fn what_stands_in_the_way_is_merged_where_all_models_say_the_same() {
    let minute = rests(12, Why::Minute);
    let day = rests(3600, Why::Day);
    let resting = Standing::Waiting(minute);
    let nothing = Standing::Waiting(Wait {
        until: None,
        why: Why::NoKeys,
    });
    let model = |name: &str, wait| (name.to_owned(), wait);
    let cases = [
        (
            resting,
            vec![model("m-1", minute), model("m-2", minute)],
            vec!["minute spent, 12 s"],
        ),
        (
            resting,
            vec![
                model("m-1", minute),
                model("m-2", day),
                model("m-3", minute),
            ],
            vec!["m-1, m-3: minute spent, 12 s", "m-2: day spent, 1 h"],
        ),
        // Another model can be called, so it matters which cannot.
        (
            Standing::Available,
            vec![model("m-2", day)],
            vec!["m-2: day spent, 1 h"],
        ),
        (Standing::Available, vec![], vec![]),
        (nothing, vec![], vec!["may call no model"]),
        (
            Standing::Blacklisted { until: later(60) },
            vec![model("m-1", rests(60, Why::Cooldown))],
            vec![],
        ),
        (
            Standing::Dead {
                death: Death::Invalid,
                retest: None,
            },
            vec![model(
                "m-1",
                Wait {
                    until: None,
                    why: Why::Dead,
                },
            )],
            vec![],
        ),
    ];
    for (standing, obstacles, expected) in cases {
        let key = KeyReport {
            obstacles,
            ..key("A1", None, standing)
        };
        let said = Locale::of(Language::En).why_not(&key, NOW);
        assert_eq!(said, expected, "{standing:?}");
    }
}

#[test]
fn lines_are_short_enough_for_a_phone() {
    for language in LANGUAGES {
        for effect in EFFECTS {
            let key = KeyReport {
                last: Some((effect, NOW.before(Duration::from_mins(130)))),
                ..key("A10 …f9Qk", Some(Group::A), Standing::Available)
            };
            for line in lines(language, &key).lines() {
                assert!(line.chars().count() <= 56, "{line}");
            }
        }
    }
}

#[test]
fn a_key_in_several_groups_names_the_others_once() {
    let both = KeyReport {
        also_in: vec![Some(Group::C), None],
        ..key("A1 …f9Qk", Some(Group::A), Standing::Available)
    };
    let expected = "A1 …f9Qk (also: Group C, For everybody) – available";
    let said = lines(Language::En, &both);
    assert_eq!(said.lines().next(), Some(expected));
    let said = lines(Language::Zh, &both);
    let expected = "A1 …f9Qk (也属于：C 组, 所有人共用) – 可用";
    assert_eq!(said.lines().next(), Some(expected));
}

#[test]
fn two_hundred_and_fifty_keys_fit_into_messages_and_none_is_cut_in_two() {
    let keys = (1..=250).map(|number| {
        let label = format!("A{number} …f9Qk");
        let key = KeyReport {
            last: Some((Effect::Healthy, NOW)),
            ..key(&label, Some(Group::A), Standing::Available)
        };
        (key, Some("shop"))
    });
    let table = table(keys.collect());
    for language in LANGUAGES {
        let text = Locale::of(language).key_table(&table);
        let parts = render::parts_of_text(&text);
        assert!((2..=10).contains(&parts.len()), "{} parts", parts.len());
        let found: usize = parts
            .iter()
            .map(|part| {
                let keys = part
                    .text
                    .lines()
                    .filter(|line| line.contains("…f9Qk"))
                    .count();
                let days = part
                    .text
                    .lines()
                    .filter(|line| line.contains("12/300"))
                    .count();
                assert_eq!(keys, days, "a key is in two messages");
                keys
            })
            .sum();
        assert_eq!(found, 250);
    }
}

#[test]
fn a_look_at_keys_is_told_key_by_key() {
    // Those of L were not dead, and rested.
    let looked = |label: &str, shown, death| Looked {
        was_dead: !label.starts_with('L'),
        label: label.to_owned(),
        shown,
        death,
    };
    let keys = [
        looked("A1 …f9Qk", Retested::Accepted, None),
        looked("A2", Retested::Refused, Some(Death::Suspended)),
        looked("K1", Retested::Unknown, None),
        looked("L1", Retested::Accepted, None),
        looked("L2", Retested::Refused, Some(Death::Suspended)),
    ];
    assert_eq!(
        Locale::of(Language::En).looked(&keys),
        "A1 …f9Qk: works again\n\
         A2: still refused: Google has suspended the account behind it.\n\
         K1: could not be asked\n\
         L1: accepted, so I use it again\n\
         L2: refused: Google has suspended the account behind it."
    );
    assert_eq!(
        Locale::of(Language::Zh).looked(&keys),
        "A1 …f9Qk：恢复可用\n\
         A2：仍被拒绝：Google 停用了它背后的账号。\n\
         K1：没能询问到结果\n\
         L1：已被接受，重新使用\n\
         L2：被拒绝：Google 停用了它背后的账号。"
    );
    assert_eq!(
        Locale::of(Language::En).looked(&[]),
        "No key is dead or resting."
    );
    assert_eq!(
        Locale::of(Language::Zh).looked(&[]),
        "没有失效或休息中的密钥。"
    );
}

#[test]
fn money_is_shown_in_cents_and_never_as_less_than_was_spent() {
    let cases = [
        (0, "0.00"),
        (1, "0.01"),
        (10_000, "0.01"),
        (10_001, "0.02"),
        (1_000_000, "1.00"),
        (12_340_000, "12.34"),
    ];
    for (micro, expected) in cases {
        assert_eq!(dollars(micro), expected);
    }
}
