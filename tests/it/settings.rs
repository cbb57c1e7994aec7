//! Every setting does something: each is listed with the test that shows it, and a new one fails here
//! until it is. The few that no other test changes are shown here.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::world::{PATIENCE, World, eventually};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Each setting that the program reads, with the test in which something is other because of it.
const SHOWN_BY: &[(&str, &str)] = &[
    (
        "ACCESS",
        "who_is_silent_to_strangers_gives_no_card_and_an_open_bot_answers_them",
    ),
    (
        "ANSWER_DEADLINE_SECS",
        "what_was_read_stays_when_it_breaks_after_the_deadline",
    ),
    (
        "BACKUP_DIR",
        "backups_are_spoken_of_only_where_there_are_any",
    ),
    (
        "BACKUP_KEEP",
        "backups_are_spoken_of_only_where_there_are_any",
    ),
    (
        "DATA_FILE",
        "each_bad_data_file_gets_its_own_sentence_and_stays_as_it_is",
    ),
    (
        "GEMINI_API_KEY",
        "settings_that_are_changed_change_something",
    ),
    (
        "GEMINI_API_KEYS",
        "a_key_of_no_group_serves_everyone_and_counts_as_nobodys",
    ),
    (
        "GEMINI_API_URL",
        "a_wrong_address_blames_no_key_and_no_model_and_is_over_once_it_is_put_right",
    ),
    (
        "GEMINI_PROXY",
        "a_proxy_of_ones_own_is_followed_for_each_service",
    ),
    (
        "GROUPS",
        "a_bot_for_no_groups_leaves_those_it_is_put_into_and_those_it_was_in",
    ),
    (
        "GROUP_A_KEYS",
        "a_burst_of_any_role_uses_its_own_keys_and_those_below_and_never_those_above",
    ),
    (
        "GROUP_B_KEYS",
        "a_burst_of_any_role_uses_its_own_keys_and_those_below_and_never_those_above",
    ),
    (
        "GROUP_C_KEYS",
        "a_burst_of_any_role_uses_its_own_keys_and_those_below_and_never_those_above",
    ),
    (
        "GROUP_D_KEYS",
        "a_burst_of_any_role_uses_its_own_keys_and_those_below_and_never_those_above",
    ),
    (
        "GROUP_PARALLEL",
        "settings_that_are_changed_change_something",
    ),
    ("HISTORY_DAYS", "rounds_are_kept_for_the_days_that_are_set"),
    (
        "IP_FAMILY",
        "the_family_decides_which_addresses_are_tried_and_a_literal_one_needs_no_look_up",
    ),
    (
        "KEY_BLACKLIST_SECS",
        "a_blacklisted_key_is_probed_once_when_its_time_is_over",
    ),
    (
        "KEY_COOLDOWN_SECS",
        "a_key_that_fails_where_others_answer_is_blacklisted_after_three_times",
    ),
    (
        "KEY_DAILY_PERCENT",
        "a_days_share_is_not_exceeded_across_kills_and_people_are_told",
    ),
    (
        "KEY_MAX_ERRORS",
        "as_many_errors_as_are_set_blacklist_a_key",
    ),
    ("KEY_RPM", "a_minutes_limit_holds_across_kills"),
    ("LOG_FORMAT", "settings_that_are_changed_change_something"),
    ("LOG_LEVEL", "settings_that_are_changed_change_something"),
    (
        "MAX_IN_FLIGHT",
        "a_full_inbox_leaves_questions_to_telegram_and_lets_commands_in",
    ),
    (
        "OWNER_IDS",
        "no_button_does_anything_for_others_made_up_or_after_the_role_was_lost",
    ),
    (
        "PAID_DAILY_USD",
        "when_the_money_of_the_day_is_spent_a_smaller_model_answers_and_says_so",
    ),
    (
        "QUEUE_LIMIT",
        "a_full_inbox_leaves_questions_to_telegram_and_lets_commands_in",
    ),
    ("SEND_RATE", "an_answer_overtakes_it_and_a_stop_ends_it"),
    (
        "STALE_MINUTES",
        "settings_that_are_changed_change_something",
    ),
    ("STREAM", "settings_that_are_changed_change_something"),
    ("SYSTEM_PROMPT", "the_model_is_told_who_it_is"),
    (
        "SYSTEM_PROMPT_FILE",
        "settings_that_are_changed_change_something",
    ),
    (
        "TELEGRAM_API_URL",
        "a_service_that_cannot_be_reached_tells_no_token",
    ),
    ("TELEGRAM_BOT_TOKEN", "missing_token_and_keys_are_named"),
    (
        "TELEGRAM_PROXY",
        "a_proxy_of_ones_own_is_followed_for_each_service",
    ),
    (
        "TIME_ZONE",
        "each_role_has_its_messages_of_a_day_and_one_more_is_refused_over_a_restart_too",
    ),
    (
        "TLS_CA_FILE",
        "a_private_authority_is_trusted_where_it_is_set_and_nowhere_else",
    ),
    (
        "UI_LANGUAGE",
        "the_terminal_speaks_the_language_of_the_machine_unless_the_settings_say_otherwise",
    ),
    (
        "USER_LIMITS",
        "without_limits_nothing_is_refused_and_everything_is_let_in",
    ),
    (
        "VIP_IDLE_MINUTES",
        "settings_that_are_changed_change_something",
    ),
    (
        "VIP_SEATS",
        "without_seats_every_vip_is_served_as_premium_and_may_ask_why",
    ),
];

/// Settings of later versions, which the README names as such, and what the code would read of them.
const LATER: &[(&str, &str)] = &[("HTTP_ADDR", ".http_addr")];

/// Every file of Rust below these folders.
fn sources(folders: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = folders
        .iter()
        .map(|folder| Path::new(ROOT).join(folder))
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source");
                found.push((path, text));
            }
        }
    }
    found
}

/// The names of all tests, of the bot and of its parts.
pub(crate) fn tests_that_are_there() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (_, text) in sources(&["src", "tests"]) {
        let mut is_test = false;
        for line in text.lines().map(str::trim) {
            is_test |= line == "#[test]" || line.starts_with("#[tokio::test");
            let function = line.strip_prefix("async ").unwrap_or(line);
            if let Some(function) = function.strip_prefix("fn ")
                && is_test
            {
                names.extend(function.split('(').next().map(str::to_owned));
                is_test = false;
            }
        }
    }
    names
}

/// The settings that the program knows, read from its source.
fn known() -> BTreeSet<String> {
    let path = Path::new(ROOT).join("src/config/names.rs");
    let text = fs::read_to_string(path).expect("the names");
    let (_, list) = text
        .split_once("const SETTINGS: &[&str] = &[")
        .expect("a list");
    let (list, _) = list.split_once("];").expect("an end");
    list.split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

#[test]
fn each_setting_has_a_test_that_shows_what_it_does() {
    let listed = SHOWN_BY.iter().map(|(name, _)| *name);
    let listed = listed.chain(LATER.iter().map(|(name, _)| *name));
    let listed: BTreeSet<String> = listed.map(str::to_owned).collect();
    assert_eq!(listed, known());
    let there = tests_that_are_there();
    for (name, test) in SHOWN_BY {
        assert!(there.contains(*test), "{name}: there is no test {test}");
    }
    let readme = fs::read_to_string(Path::new(ROOT).join("README.md")).expect("a README");
    for (name, field) in LATER {
        let of_later = readme.lines().find(|line| line.contains("later versions"));
        assert!(of_later.is_some_and(|line| line.contains(name)), "{name}");
        for (path, text) in sources(&["src"]) {
            let is_read = text.contains(field) && !path.to_string_lossy().contains("/config/");
            assert!(!is_read, "{name} does something in {path:?}: name the test");
        }
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
fn settings_that_are_changed_change_something() {
    let mut world = World::new()
        .open()
        .without("GEMINI_API_KEYS")
        .keys("one", &["k1"])
        .env("GROUPS", "open")
        .env("GROUP_PARALLEL", "2")
        .env("STALE_MINUTES", "10")
        .env("VIP_SEATS", "1")
        .env("VIP_IDLE_MINUTES", "5")
        .env("STREAM", "off")
        .env("LOG_LEVEL", "info")
        .env("LOG_FORMAT", "json")
        .prepare();
    let prompt = world.folder().join("prompt.txt");
    fs::write(&prompt, "You are a lighthouse.\n").expect("a file");
    world.sets("SYSTEM_PROMPT_FILE", &prompt.display().to_string());
    world.restart();
    let owner = world.telegram.person(1);
    for id in [7, 8] {
        world.telegram.person(id).asks("/status");
        owner.asks(&format!("/grant {id} vip"));
    }
    owner.is_answered("hello");
    let system = world.gemini.calls()[0].system.clone().unwrap_or_default();
    assert!(system.contains("You are a lighthouse."), "{system}");
    assert!(owner.drafts().is_empty(), "nothing is shown before its end");

    let late = |minutes: u64| {
        world
            .telegram
            .person(9)
            .some_time_ago(Duration::from_mins(minutes))
    };
    late(9).is_answered("nearly ten minutes");
    late(11).says("more than ten minutes");
    late(0).hears_about("I was away");

    let (ann, ben) = (world.telegram.person(7), world.telegram.person(8));
    ann.hears_about("made you VIP");
    ann.is_answered("a seat for me");
    assert!(ben.asks("/status").contains("VIP"));
    ben.says("/status");
    ben.hears_about("all are taken");
    world.telegram.moves_on(Duration::from_mins(6));
    for _ in 0..4 {
        // Two answers that differ alike tell the time.
        owner.asks("/help");
    }
    ben.says("/status");
    ben.hears_about("your next question takes one");

    world.gemini.holds("");
    let group = world.telegram.group(-123);
    for id in 10..15 {
        group.member(id).says("@testbot how are you?");
    }
    eventually(PATIENCE, "two of the group run", || {
        world.questions() == (3, 2) && world.gemini.in_flight() == 2
    });
    world.gemini.lets_go("");
    for _ in 10..15 {
        group.hears();
    }
    world.terminate();
    let log = world.log();
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("\"level\""))
        .collect();
    assert!(!lines.is_empty(), "{log}");
    for line in lines {
        let line: serde_json::Value = serde_json::from_str(line).expect("an object");
        assert_ne!(
            line["level"].to_string().to_lowercase(),
            "\"debug\"",
            "{line}"
        );
    }
    world.stop();
}

#[test]
fn rounds_are_kept_for_the_days_that_are_set() {
    let mut world = World::new().env("HISTORY_DAYS", "2").start();
    let owner = world.telegram.person(1);
    owner.is_answered("an old question");
    world.terminate();
    world.moves_on(Duration::from_hours(36));
    world.restart();
    owner.is_answered("a newer question");
    world.terminate();
    world.moves_on(Duration::from_hours(24));
    world.restart();
    // It looks once a minute.
    eventually(3 * PATIENCE, "old rounds are pruned", || {
        let log = world.log();
        let pruned = log.lines().filter(|line| line.contains("old rows pruned"));
        pruned.filter(|line| line.contains("rounds")).count() > 0
    });
    owner.says("/export");
    let file = owner.hears_about("").file.expect("a file").content;
    assert!(
        file.contains("a newer question") && !file.contains("an old question"),
        "{file}"
    );
    world.stop();
}
