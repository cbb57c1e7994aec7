use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::status::Status;
use super::*;
use crate::catalog::TierReason;
use crate::chat::JobId;
use crate::chat::callback::Callback;
use crate::keys::Tally;
use crate::people::limits::Refusal;
use crate::people::seats::Seat;

const LANGUAGES: [Language; 2] = [Language::En, Language::Zh];

/// Every sentence of a language by its path.
fn sentences(language: Language) -> BTreeMap<String, String> {
    let table: toml::Table = source(language).parse().unwrap();
    let mut found = BTreeMap::new();
    flatten("", &table, &mut found);
    found
}

fn flatten(before: &str, table: &toml::Table, found: &mut BTreeMap<String, String>) {
    for (name, value) in table {
        let path = format!("{before}{name}");
        if let Some(inner) = value.as_table() {
            flatten(&format!("{path}."), inner, found);
        } else {
            found.insert(path, value.as_str().unwrap().to_owned());
        }
    }
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    let pieces = text.split('{').skip(1);
    pieces
        .map(|piece| piece.split_once('}').unwrap().0)
        .collect()
}

fn notices() -> Vec<Notice> {
    let kind = "video_note".to_owned();
    vec![
        Notice::NeedsApproval,
        Notice::GroupNeedsApproval,
        Notice::NoOwner,
        Notice::StillWaiting,
        Notice::NotLetIn,
        Notice::CannotRead { kind },
        Notice::TooOld,
        Notice::OwnersOnly,
        Notice::PrivateOnly,
        Notice::SayMore,
        Notice::GaveUp,
        Notice::Missed,
        Notice::TooMany,
        Notice::TooManyCommands,
        Notice::HiddenAccount,
    ]
}

const FAILURES: [Failure; 22] = [
    Failure::CoolingDown {
        wakes: Some(Duration::from_secs(90)),
    },
    Failure::CoolingDown { wakes: None },
    Failure::NoKeys,
    Failure::Busy,
    Failure::Region,
    Failure::TooLong,
    Failure::FileTooLarge,
    Failure::BadRequest,
    Failure::PromptBlocked,
    Failure::Safety,
    Failure::Prohibited,
    Failure::PersonalData,
    Failure::Recitation,
    Failure::Language,
    Failure::PictureWithheld,
    Failure::NoPicture,
    Failure::Declined,
    Failure::Empty,
    Failure::Stopped,
    Failure::TooSlow,
    Failure::Unkept,
    Failure::Unexplained,
];

/// The longest of each kind.
const REFUSALS: [Refusal; 5] = {
    let (limit, wait) = (10_000, Duration::from_mins(1));
    [
        Refusal::AtOnce,
        Refusal::Minute {
            limit,
            wait,
            left_today: Some(limit),
        },
        Refusal::Minute {
            limit,
            wait,
            left_today: None,
        },
        Refusal::Day {
            limit,
            wait: Duration::from_mins(23 * 60 + 59),
        },
        Refusal::Strangers { wait },
    ]
};

fn status(role: Role) -> Status<'static> {
    Status {
        is_owners: role == Role::Owner,
        version: "0.1.0",
        uptime: Duration::from_mins(181),
        keys: Tally {
            total: 25,
            available: 20,
            waiting: 2,
            blacklisted: 1,
            dead: 2,
            next_wake: None,
        },
        next_wake: Some(Duration::from_mins(3)),
        waiting: 3,
        running: 4,
        memory: Some(5 * 1024 * 1024 + 600_000),
        answer_time: Some(Duration::from_millis(1_250)),
        last: Some(("gemini-3.5-flash-lite", TierReason::Smalltalk)),
        set_aside: 0,
        role,
        today: None,
        files: None,
        seat: None,
        seats: None,
    }
}

/// Everything a locale can say, once.
fn everything(locale: &Locale) -> Vec<String> {
    let finishes = [Finish::LengthLimit, Finish::Continuation, Finish::Broken];
    let mut said = vec![
        locale.role_expired(Role::Vip, Role::Normal),
        locale.role_expired_of("Ann (5)", Role::Vip, Role::Normal),
        locale.span(Duration::from_mins(130)),
    ];
    said.extend(
        notices()
            .iter()
            .map(|notice| locale.notice(notice, UserId(7))),
    );
    said.extend(FAILURES.map(|failure| locale.failure(failure)));
    said.extend(
        [
            Denied::NotYours,
            Denied::NotNewest,
            Denied::Stale,
            Denied::Forgotten,
            Denied::Refused(Refusal::AtOnce),
        ]
        .map(|why| {
            let told = locale.denied(why);
            assert!(told.chars().count() <= 200, "{told}");
            told
        }),
    );
    said.extend(REFUSALS.map(|refusal| {
        let told = locale.refusal(refusal);
        assert!(told.chars().count() <= 200, "{told}");
        told
    }));
    said.push(locale.has_had_enough().to_owned());
    said.push(locale.go_on_question().to_owned());
    let callbacks = [
        Callback::Held,
        Callback::Retry,
        Callback::Continue,
        Callback::Stop(JobId(1)),
    ];
    said.extend(callbacks.map(|callback| locale.button(callback).label));
    said.extend(finishes.map(|finish| locale.finish(finish).unwrap().to_owned()));
    said.extend(Role::ALL.map(|role| locale.status(&status(role))));
    said
}

#[test]
fn both_languages_have_the_same_sentences_with_the_same_placeholders() {
    let (english, chinese) = (sentences(Language::En), sentences(Language::Zh));
    let names = |all: &BTreeMap<String, String>| all.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&english), names(&chinese));
    for (name, text) in &english {
        assert_eq!(placeholders(text), placeholders(&chinese[name]), "{name}");
    }
}

#[test]
fn no_sentence_is_left_with_a_placeholder_or_blank() {
    for language in LANGUAGES {
        for said in everything(Locale::of(language)) {
            assert!(!said.contains(['{', '}']), "{said:?}");
            assert_eq!(said.trim(), said);
            assert!(!said.is_empty());
        }
    }
}

#[test]
fn every_failure_and_notice_has_a_sentence_of_its_own() {
    for language in LANGUAGES {
        let locale = Locale::of(language);
        let mut said: Vec<_> = FAILURES.map(|failure| locale.failure(failure)).into();
        said.extend(
            notices()
                .iter()
                .map(|notice| locale.notice(notice, UserId(7))),
        );
        let distinct: BTreeSet<_> = said.iter().collect();
        assert_eq!(distinct.len(), said.len());
    }
}

#[test]
fn chinese_is_chinese_and_english_is_ascii_with_typography() {
    let has_han = |text: &str| text.chars().any(|c| ('一'..='龥').contains(&c));
    for (name, text) in sentences(Language::En) {
        assert!(!has_han(&text), "{name}");
    }
    let untranslated = [
        "role.vip",
        "status.version",
        "offline.result",
        "unseen.aside",
        "alert.between",
        "alert.dead_line",
        "commands.broadcast.choice",
        "commands.users.id",
    ];
    for (name, text) in sentences(Language::Zh) {
        let is_same = untranslated.contains(&name.as_str());
        assert!(has_han(&text) || is_same, "{name}");
    }
}

/// Where a Chinese text has a Chinese character beside a Latin one without a space, or a Latin mark
/// behind a Chinese character.
fn slips(text: &str) -> Vec<String> {
    let is_han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    let pairs = text.chars().zip(text.chars().skip(1));
    let slips = pairs.filter(|(one, next)| {
        let is_unspaced = is_han(*one) && next.is_ascii_alphanumeric()
            || one.is_ascii_alphanumeric() && is_han(*next);
        is_unspaced || is_han(*one) && matches!(next, ',' | ';' | ':' | '?' | '!' | '(' | '"')
    });
    slips.map(|(one, next)| format!("{one}{next}")).collect()
}

#[test]
fn chinese_has_spaces_beside_latin_words_and_marks_of_its_own() {
    assert_eq!(slips("用Google回答,好"), ["用G", "e回", "答,"]);
    for (name, text) in sentences(Language::Zh) {
        assert_eq!(slips(&text), [""; 0], "{name}: {text}");
    }
}

#[test]
fn times_are_relative_and_never_too_early() {
    let cases = [
        (0, "in 1 s", "1 秒后"),
        (1_200, "in 2 s", "2 秒后"),
        (59_000, "in 59 s", "59 秒后"),
        (59_001, "in 1 min", "1 分钟后"),
        (61_000, "in 2 min", "2 分钟后"),
        (59 * 60_000 + 1, "in 1 h", "1 小时后"),
        (7_800_000, "in 2 h 10 min", "2 小时 10 分钟后"),
        (7_200_000, "in 2 h", "2 小时后"),
        (24 * 3_600_000 - 1, "in 1 d", "1 天后"),
        (76 * 3_600_000 - 1, "in 3 d 4 h", "3 天 4 小时后"),
    ];
    for (millis, english, chinese) in cases {
        let span = |language| Locale::of(language).span(Duration::from_millis(millis));
        assert_eq!(span(Language::En), english);
        assert_eq!(span(Language::Zh), chinese);
    }
    let longest = Locale::of(Language::En).length(Duration::MAX);
    assert!(
        longest.ends_with(" h") || longest.ends_with(" d"),
        "{longest}"
    );
}

#[test]
fn the_language_follows_the_setting_and_else_the_app() {
    use UiLanguage::{Auto, En, Zh};
    let cases = [
        (Auto, None, Language::En),
        (Auto, Some("en"), Language::En),
        (Auto, Some("zh"), Language::Zh),
        (Auto, Some("zh-hans"), Language::Zh),
        (Auto, Some("ZH_TW"), Language::Zh),
        (Auto, Some("zha"), Language::En),
        (Auto, Some("de"), Language::En),
        (En, Some("zh"), Language::En),
        (Zh, Some("de"), Language::Zh),
    ];
    for (ui, tag, expected) in cases {
        assert_eq!(Language::pick(ui, tag), expected, "{ui:?} {tag:?}");
    }
}

#[test]
fn a_whole_answer_and_a_stopped_one_need_no_note() {
    for language in LANGUAGES {
        for finish in [Finish::Complete, Finish::Stopped] {
            assert_eq!(Locale::of(language).finish(finish), None);
        }
    }
}

#[test]
fn a_status_has_a_line_for_each_known_fact() {
    let locale = Locale::of(Language::En);
    assert_eq!(
        locale.status(&status(Role::Vip)),
        "svs-bot 0.1.0\n\
         Running for 3 h 1 min\n\
         Questions: 3 waiting, 4 running\n\
         Memory: 5.5 MB\n\
         An answer takes about 1.2 s\n\
         Last answer: gemini-3.5-flash-lite, because it was small talk\n\
         Your role: VIP"
    );
    let young = Status {
        memory: None,
        answer_time: None,
        last: None,
        ..status(Role::Guest)
    };
    assert_eq!(locale.status(&young).lines().count(), 4);
    let owners = locale.status(&status(Role::Owner));
    let keys = "\nKeys: 25 (20 available, 2 resting, 1 blacklisted, 2 dead)\n";
    assert!(owners.contains(keys), "{owners}");
}

#[test]
fn what_everybody_reads_of_an_owners_status_is_not_the_owners_business() {
    let owners = Status {
        set_aside: 3,
        seats: Some((2, 3)),
        ..status(Role::Owner)
    };
    for language in [Language::En, Language::Zh] {
        let locale = Locale::of(language);
        let shared = locale.status(&Status {
            is_owners: false,
            ..owners
        });
        let lines: Vec<String> = locale.status(&owners).lines().map(str::to_owned).collect();
        let kept: Vec<&str> = shared.lines().collect();
        assert_eq!(lines.len(), kept.len() + 3, "{shared}");
        assert!(
            kept.iter()
                .all(|line| lines.iter().any(|other| other == line))
        );
    }
}

#[test]
fn a_status_tells_how_many_messages_of_today_were_used_where_there_is_a_limit() {
    let told = |today| {
        let status = Status {
            today,
            ..status(Role::Guest)
        };
        Locale::of(Language::En).status(&status)
    };
    assert!(told(Some((3, 20))).ends_with("\nToday: 3 of 20 messages"));
    assert!(!told(None).contains("Today"));
}

#[test]
fn rows_that_could_not_be_read_are_told_to_the_owner_alone() {
    let told = |role, set_aside| {
        let status = Status {
            set_aside,
            ..status(role)
        };
        let told = Locale::of(Language::En).status(&status);
        told.contains("\nData file: 3 unreadable rows set aside\n")
    };
    assert!(told(Role::Owner, 3));
    assert!(!told(Role::Owner, 0) && !told(Role::Vip, 3));
}

#[test]
fn a_vip_reads_whether_they_sit_and_the_owner_how_many_do() {
    let seats = [
        Seat::Held,
        Seat::Free,
        Seat::Full,
        Seat::NoSeats,
        Seat::KeptOff(Duration::from_mins(7)),
    ];
    for language in [Language::En, Language::Zh] {
        let locale = Locale::of(language);
        let said = |seat| {
            let status = Status {
                seat: Some(seat),
                seats: Some((2, 3)),
                ..status(Role::Vip)
            };
            let said = locale.status(&status);
            said.lines().last().unwrap_or_default().to_owned()
        };
        let distinct: BTreeSet<String> = seats.map(said).into();
        assert_eq!(distinct.len(), seats.len());
        assert!(distinct.iter().all(|said| said.starts_with("VIP")));
        assert!(distinct.iter().any(|said| said.contains('7')));
    }
    let owners = Status {
        seats: Some((2, 3)),
        ..status(Role::Owner)
    };
    let said = Locale::of(Language::En).status(&owners);
    assert!(said.ends_with("\nVIP seats: 2 of 3"));
}

#[test]
fn while_no_key_is_available_a_status_tells_when_the_next_is_back() {
    for (role, expected) in [
        (Role::Owner, "2 dead)\nThe next key is back in 3 min\n"),
        (Role::Normal, "for now; I'll answer again in 3 min\n"),
    ] {
        let mut busy = status(role);
        assert!(!Locale::of(Language::En).status(&busy).contains("in 3 min"));
        busy.keys.available = 0;
        let told = Locale::of(Language::En).status(&busy);
        assert!(told.contains(expected), "{told}");
        busy.next_wake = None;
        let told = Locale::of(Language::En).status(&busy);
        assert!(!told.contains("in 3 min"), "{told}");
    }
}

#[test]
fn every_reason_for_a_size_of_model_has_words_of_its_own() {
    let reasons = [
        TierReason::Smalltalk,
        TierReason::Code,
        TierReason::Analysis,
        TierReason::Media,
        TierReason::Asked,
        TierReason::Degraded,
    ];
    for language in LANGUAGES {
        let locale = Locale::of(language);
        let said: BTreeSet<_> = reasons.map(|reason| locale.tier_reason(reason)).into();
        assert_eq!(said.len(), reasons.len());
    }
}

#[test]
fn what_is_filled_in_is_not_looked_at_again() {
    let values = [("a", "{b}"), ("b", "x")];
    let cases = [
        ("{a} {b}", "{b} x"),
        ("{c} {a", "{c} {a"),
        ("{{a}}", "{{b}}"),
        ("no", "no"),
        ("", ""),
    ];
    for (template, expected) in cases {
        assert_eq!(fill(template, &values), expected);
    }
}

proptest! {
    #[test]
    fn a_template_without_known_names_stays_as_it_is(template in "\\PC*") {
        prop_assert_eq!(fill(&template, &[]), template);
    }
}

#[test]
fn the_note_on_files_names_each_kind_once() {
    let locale = Locale::of(Language::En);
    assert_eq!(locale.unseen(&[]), None);
    let note = locale.unseen(&["photo", "live_photo", "document", "hologram"]);
    let expected = "(I can't look at photos and files and this kind of message yet, so I went by \
        the words alone.)";
    assert_eq!(note.as_deref(), Some(expected));
    let note = Locale::of(Language::Zh).unseen(&["photo", "voice"]);
    assert!(note.unwrap().contains("图片和语音消息"));
}

#[test]
fn a_value_meets_chinese_words_with_the_space_that_belongs_there() {
    for (template, value, filled) in [
        ("请{when}再试", "20 秒后", "请 20 秒后再试"),
        ("你的{role}身份", "VIP", "你的 VIP 身份"),
        ("你的{role}身份", "高级用户", "你的高级用户身份"),
        ("{whom} 的身份", "张三", "张三的身份"),
        ("{whom} 的身份", "Bob", "Bob 的身份"),
        ("共 {n} 个", "25", "共 25 个"),
        ("“{name}”", "Bob", "“Bob”"),
        ("Hello {name}, hi", "张三", "Hello 张三, hi"),
        ("{name} 的身份", "😀", "😀 的身份"),
    ] {
        let name = template.split(['{', '}']).nth(1).unwrap();
        assert_eq!(fill(template, &[(name, value)]), filled);
    }
}
