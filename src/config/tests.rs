//! One row per setting, and what holds for all of them together.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;
use crate::keys::Group;

mod rows;

use rows::ROWS;

const TOKEN: &str = "1234567:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";

fn load(environment: &[(&str, &str)], need: Need) -> Result<(Config, Vec<String>), Refused> {
    let folder = tempfile::tempdir().unwrap();
    Config::load(&Sources::below(folder.path(), environment), need)
}

fn good(environment: &[(&str, &str)]) -> Config {
    load(environment, Need::Nothing).unwrap().0
}

fn mistakes(environment: &[(&str, &str)], need: Need) -> Vec<String> {
    let refused = load(environment, need).unwrap_err();
    refused.mistakes.iter().map(ToString::to_string).collect()
}

#[test]
fn every_setting_takes_its_good_value_and_refuses_its_bad_one_with_a_remedy() {
    for (name, value, arrived, bad, remedy) in ROWS {
        assert!(arrived(&good(&[(name, value)])), "{}", name);
        // Any text is a folder or a prompt.
        if bad.is_empty() {
            continue;
        }
        let said = mistakes(&[(name, bad)], Need::Nothing);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with(*name), "{said:?}");
        assert!(said[0].contains("(environment): "), "{said:?}");
        assert!(said[0].contains(remedy), "{said:?}");
        assert!(!said[0].contains("SECRET"), "{said:?}");
    }
}

#[test]
fn the_table_the_names_and_the_summary_hold_the_same_settings() {
    let known: BTreeSet<&str> = names::SETTINGS.iter().copied().collect();
    let tested: BTreeSet<&str> = ROWS.iter().map(|row| row.0).collect();
    assert_eq!(known, tested);
    let config = good(&[]);
    let summary: BTreeSet<&str> = config
        .summary()
        .iter()
        .filter_map(|line| line.split(" = ").next())
        .collect();
    assert_eq!(known, summary);
    assert_eq!(known.len(), config.summary().len());
}

#[test]
fn defaults_are_those_of_the_design() {
    let config = good(&[]);
    let policy = Policy {
        rpm: None,
        daily_percent: 30,
        cooldown: Duration::from_secs(10),
        max_errors: 3,
        blacklist: Duration::from_hours(1),
        paid_daily: 1_000_000,
    };
    assert_eq!(config.key_policy, policy);
    assert_eq!(
        config.limits,
        Limits {
            group_parallel: 4,
            in_flight: 64,
            queue: 20_000,
            stale_after: Duration::from_mins(30),
            answer_deadline: Duration::from_mins(2),
        }
    );
    assert_eq!(
        (config.people.vip_seats, config.people.vip_idle),
        (3, Duration::from_mins(30))
    );
    assert_eq!((config.data.backup_keep, config.data.history_days), (7, 90));
    assert_eq!(
        config.log,
        Log {
            level: log::LevelFilter::Info,
            format: LogFormat::Text,
            journal: false
        }
    );
    assert_eq!(config.answers.persona, Persona::Shipped);
    assert_eq!(config.telegram.api_url, "https://api.telegram.org");
    assert_eq!(
        config.gemini.api_url,
        "https://generativelanguage.googleapis.com"
    );
    assert!(good(&[("JOURNAL_STREAM", "8:1")]).log.journal);
}

#[test]
fn strangers_are_guests_when_keys_are_there_for_them_and_groups_follow() {
    for (environment, access, groups) in [
        (&[][..], Access::Approve, Groups::Approve),
        (&[("GROUP_D_KEYS", "k")], Access::Open, Groups::Open),
        (
            &[("GROUP_D_KEYS", "k"), ("ACCESS", "closed")],
            Access::Closed,
            Groups::Leave,
        ),
        (
            &[("ACCESS", "open"), ("GROUPS", "approve")],
            Access::Open,
            Groups::Approve,
        ),
    ] {
        let people = good(environment).people;
        assert_eq!((people.access, people.groups), (access, groups));
    }
}

#[test]
fn each_command_gets_what_it_needs_or_is_told_what_is_missing() {
    let token = ("TELEGRAM_BOT_TOKEN", TOKEN);
    for (need, environment, missing) in [
        (
            Need::Run,
            &[][..],
            &[
                "TELEGRAM_BOT_TOKEN: is not set",
                "GROUP_A_KEYS: no key is set",
            ][..],
        ),
        (Need::Run, &[token], &["GROUP_A_KEYS: no key is set"]),
        (Need::Run, &[token, ("GEMINI_API_KEY", "k")], &[]),
        (Need::Check, &[], &["TELEGRAM_BOT_TOKEN: is not set"]),
        (Need::Check, &[token], &[]),
        (Need::Chat, &[], &[]),
        (Need::Nothing, &[], &[]),
    ] {
        let said = load(environment, need).map_or_else(
            |refused| refused.mistakes.iter().map(ToString::to_string).collect(),
            |_| Vec::new(),
        );
        assert_eq!(said.len(), missing.len(), "{said:?}");
        for (said, missing) in said.iter().zip(missing) {
            assert!(said.starts_with(missing), "{said}");
        }
    }
    assert!(good(&[]).token().is_err());
}

#[test]
fn all_mistakes_are_told_at_once() {
    let said = mistakes(
        &[
            ("KEY_RPM", "0"),
            ("ACCESS", "x"),
            ("GROUP_A_KEYS", "a@,b:x,c"),
        ],
        Need::Run,
    );
    assert_eq!(said.len(), 5, "{said:?}");
    let none = mistakes(
        &[("TELEGRAM_BOT_TOKEN", TOKEN), ("GROUP_A_KEYS", ",")],
        Need::Run,
    );
    assert_eq!(none, ["GROUP_A_KEYS (environment): holds no key"]);
    let bad = mistakes(
        &[("TELEGRAM_BOT_TOKEN", "abc"), ("GEMINI_API_KEY", "k:x")],
        Need::Run,
    );
    assert_eq!(bad.len(), 2, "a bad one is not missing as well: {bad:?}");
}

#[test]
fn nothing_that_is_shown_holds_a_secret() {
    let key = "AIzaSyA1234567890abcdefghijklmnopqrstu";
    let proxy = "http://me:hunter2@h:1";
    let environment = [
        ("TELEGRAM_BOT_TOKEN", TOKEN),
        ("GROUP_A_KEYS", key),
        ("GROUP_B_KEYS", key),
        ("GEMINI_PROXY", proxy),
    ];
    let (config, warnings) = load(&environment, Need::Run).unwrap();
    let mut shown = vec![format!("{config:?}"), format!("{:?}", config.token())];
    shown.extend(warnings);
    shown.extend(config.summary().iter().cloned());
    // Everything once more in the wrong place.
    for (name, value) in environment {
        for wrong in names::SETTINGS.iter().filter(|setting| **setting != name) {
            shown.push(match load(&[(wrong, value)], Need::Nothing) {
                Ok((config, warnings)) => format!("{:?} {warnings:?}", config.summary()),
                Err(refused) => format!("{refused} {refused:?}"),
            });
        }
    }
    for text in shown {
        for secret in ["AAHdqTcv", "AIzaSyA", "hunter2"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[test]
fn a_key_written_twice_in_a_group_is_kept_once_and_old_keys_are_warned_about_once() {
    let (config, warnings) = load(
        &[
            ("GROUP_A_KEYS", "AIza-aaaa1111,bbbb2222,AIza-aaaa1111"),
            ("GROUP_B_KEYS", "bbbb2222,AIza-cccc"),
            ("GEMINI_API_KEYS", "bbbb2222,bbbb2222"),
        ],
        Need::Nothing,
    )
    .unwrap();
    let keys: Vec<_> = config
        .gemini
        .keys
        .iter()
        .map(|key| (key.label.as_str(), &key.groups[..]))
        .collect();
    let (a, b) = (Some(Group::A), Some(Group::B));
    assert_eq!(
        keys,
        [
            ("A1 …1111", &[a][..]),
            ("A2 …2222", &[a, b, None]),
            ("B2 …cccc", &[b]),
        ]
    );
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert_eq!(
        warnings[0],
        "key A3 …1111 is the same as A1 …1111 and is left out"
    );
    assert_eq!(
        warnings[1],
        "key K2 …2222 is the same as A2 …2222 and is left out"
    );
    assert!(warnings[2].contains("AIza"));
}

#[test]
fn a_key_in_several_groups_has_the_same_marks_everywhere() {
    for (first, second) in [
        ("SECRET-1@shop", "SECRET-1"),
        ("SECRET-1@shop", "SECRET-1@home"),
        ("SECRET-1:paid", "SECRET-1"),
    ] {
        let settings = [("GROUP_A_KEYS", first), ("GROUP_C_KEYS", second)];
        let said = mistakes(&settings, Need::Nothing);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with("GROUP_C_KEYS"), "{said:?}");
        assert!(
            said[0].contains("entry 1 is the same key as A1"),
            "{said:?}"
        );
        assert!(!said[0].contains("SECRET"), "{said:?}");
        let alike = [("GROUP_A_KEYS", first), ("GROUP_C_KEYS", first)];
        assert_eq!(good(&alike).gemini.keys.len(), 1);
    }
}

#[test]
fn the_address_of_gemini_is_used_without_its_version_and_that_is_said_once() {
    let settings = [("GEMINI_API_URL", "https://g/x/v1beta/")];
    let (config, warnings) = load(&settings, Need::Nothing).unwrap();
    assert_eq!(config.gemini.api_url, "https://g/x");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("https://g/x is used"), "{warnings:?}");
    let settings = [("GEMINI_API_URL", "https://g/v1beta/openai")];
    let said = mistakes(&settings, Need::Nothing);
    assert!(said[0].contains("without /openai"), "{said:?}");
}

#[test]
fn ungrouped_keys_of_both_names_are_numbered_on() {
    let config = good(&[("GEMINI_API_KEY", "a"), ("GEMINI_API_KEYS", "b,c")]);
    let labels: Vec<_> = config
        .gemini
        .keys
        .iter()
        .map(|key| key.label.as_str())
        .collect();
    assert_eq!(labels, ["K1", "K2", "K3"]);
}

#[test]
fn the_data_file_goes_to_systemds_folder_else_the_systems_else_the_users() {
    let folder = tempfile::tempdir().unwrap();
    let file = |environment: &[(&str, &str)]| {
        let sources = Sources::below(folder.path(), environment);
        let (config, _) = Config::load(&sources, Need::Nothing).unwrap();
        assert_eq!(
            config.data.backup_dir,
            config.data.file.with_file_name("backups")
        );
        config.data.file
    };
    assert_eq!(file(&[]), folder.path().join("home/data/svs-bot.redb"));
    fs::create_dir_all(folder.path().join("var/lib/svs-bot")).unwrap();
    assert_eq!(
        file(&[]),
        folder.path().join("var/lib/svs-bot/svs-bot.redb")
    );
    let state = [("STATE_DIRECTORY", "/s/one:/s/two")];
    assert_eq!(file(&state), Path::new("/s/one/svs-bot.redb"));
    assert_eq!(
        file(&[state[0], ("DATA_FILE", "own.redb")]),
        Path::new("own.redb")
    );

    let mut sources = Sources::below(Path::new("/not/there"), &[]);
    sources.user = None;
    let refused = Config::load(&sources, Need::Nothing).unwrap_err();
    assert!(
        refused
            .to_string()
            .starts_with("error: DATA_FILE: must be set")
    );
}

#[test]
fn the_time_zone_is_the_machines_when_nobody_names_one() {
    let folder = tempfile::tempdir().unwrap();
    let zone = |environment: &[(&str, &str)]| {
        let sources = Sources::below(folder.path(), environment);
        let (config, _) = Config::load(&sources, Need::Nothing).unwrap();
        config.time_zone.iana_name().map(str::to_owned)
    };
    assert_eq!(zone(&[]).as_deref(), Some("UTC"));
    fs::create_dir_all(folder.path().join("etc")).unwrap();
    let target = "/usr/share/zoneinfo/Europe/Berlin";
    std::os::unix::fs::symlink(target, folder.path().join("etc/localtime")).unwrap();
    assert_eq!(zone(&[]).as_deref(), Some("Europe/Berlin"));
    assert_eq!(
        zone(&[("TZ", ":Asia/Tokyo")]).as_deref(),
        Some("Asia/Tokyo")
    );
    assert_eq!(zone(&[("TZ", "nonsense")]).as_deref(), Some("UTC"));
}

#[test]
fn what_can_be_reached_or_read_from_outside_is_warned_about() {
    for (name, value, warned) in [
        ("HTTP_ADDR", "0.0.0.0:80", true),
        ("HTTP_ADDR", "[::1]:80", false),
        ("TELEGRAM_API_URL", "http://10.0.0.1", true),
        ("TELEGRAM_API_URL", "http://127.0.0.1", false),
    ] {
        let (_, warnings) = load(&[(name, value)], Need::Nothing).unwrap();
        assert_eq!(warnings.len(), usize::from(warned), "{value}: {warnings:?}");
    }
}

#[test]
fn a_prompt_comes_from_one_place_and_has_a_length() {
    let long = "x".repeat(20_001);
    for (environment, said) in [
        (
            &[("SYSTEM_PROMPT", long.as_str())][..],
            "must hold 1 to 20000 characters",
        ),
        (
            &[("SYSTEM_PROMPT_FILE", "/dev/null")],
            "must hold 1 to 20000 characters",
        ),
        (
            &[
                ("SYSTEM_PROMPT", "x"),
                (
                    "SYSTEM_PROMPT_FILE",
                    concat!(env!("CARGO_MANIFEST_DIR"), "/LICENSE"),
                ),
            ],
            "keep only one of them",
        ),
    ] {
        let mistakes = mistakes(environment, Need::Nothing);
        assert_eq!(mistakes.len(), 1);
        assert!(mistakes[0].contains(said), "{mistakes:?}");
    }
}

#[test]
fn only_chat_may_use_chats_file() {
    let said = mistakes(&[("DATA_FILE", "/d/chat.redb")], Need::Nothing);
    assert!(said[0].contains("must not be chat.redb"), "{said:?}");
}

#[test]
fn the_proxy_of_the_environment_serves_where_none_of_our_own_is_set() {
    let https = ("HTTPS_PROXY", "http://me:hunter2@h:1");
    let config = good(&[https]);
    for proxy in [&config.telegram.proxy, &config.gemini.proxy] {
        let proxy = proxy.as_ref().unwrap();
        assert_eq!(proxy.setting, "HTTPS_PROXY");
        assert_eq!(proxy.address.expose(), https.1);
    }
    let said = config.summary().join("\n");
    assert!(
        said.contains("GEMINI_PROXY = as HTTPS_PROXY says: http://***@h:1 (default)"),
        "{said}"
    );
    assert!(!said.contains("hunter2"));

    let config = good(&[
        https,
        ("TELEGRAM_PROXY", "None"),
        ("GEMINI_PROXY", "socks5://own:1"),
    ]);
    assert!(config.telegram.proxy.is_none());
    let own = config.gemini.proxy.unwrap();
    assert_eq!(
        (own.setting, own.address.expose()),
        ("GEMINI_PROXY", "socks5://own:1")
    );

    let config = good(&[https, ("NO_PROXY", "telegram.org")]);
    assert!(config.telegram.proxy.is_none());
    assert!(config.gemini.proxy.is_some());

    let config = good(&[("all_proxy", "h:3128")]);
    assert_eq!(
        config.telegram.proxy.unwrap().address.expose(),
        "http://h:3128"
    );

    let said = mistakes(&[("ALL_PROXY", "socks4://me:hunter2@h:1")], Need::Nothing);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].starts_with("ALL_PROXY = `socks4://***@h:1`"),
        "{said:?}"
    );
    assert!(said[0].contains("TELEGRAM_PROXY=none"), "{said:?}");
}

#[test]
fn the_certificate_file_of_other_programs_serves_where_ours_is_not_set() {
    let pem = concat!(env!("CARGO_MANIFEST_DIR"), "/src/http/tests/ca.pem");
    let file = good(&[("SSL_CERT_FILE", pem)]).ca_file.unwrap();
    assert_eq!(file.setting, "SSL_CERT_FILE");
    let both = [("SSL_CERT_FILE", "/not/there"), ("TLS_CA_FILE", pem)];
    assert_eq!(good(&both).ca_file.unwrap().setting, "TLS_CA_FILE");
    let (config, warnings) = load(&both[..1], Need::Nothing).unwrap();
    assert!(config.ca_file.is_none());
    assert!(
        warnings[0].starts_with("SSL_CERT_FILE is not used"),
        "{warnings:?}"
    );
}
