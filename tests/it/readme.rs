//! Reads the README as a stranger would and checks what can be checked: its first commands, the
//! subcommands, settings and files that it names. The installed sample of the settings is held to
//! the same list.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::world::World;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The settings of the design, by the one name that each has everywhere.
const SETTINGS: &[&str] = &[
    "ACCESS",
    "ANSWER_DEADLINE_SECS",
    "BACKUP_DIR",
    "BACKUP_KEEP",
    "DATA_FILE",
    "GEMINI_API_KEY",
    "GEMINI_API_KEYS",
    "GEMINI_API_URL",
    "GEMINI_PROXY",
    "GROUPS",
    "GROUP_A_KEYS",
    "GROUP_B_KEYS",
    "GROUP_C_KEYS",
    "GROUP_D_KEYS",
    "GROUP_PARALLEL",
    "HISTORY_DAYS",
    "HTTP_ADDR",
    "IP_FAMILY",
    "KEY_BLACKLIST_SECS",
    "KEY_COOLDOWN_SECS",
    "KEY_DAILY_PERCENT",
    "KEY_MAX_ERRORS",
    "KEY_RPM",
    "LOG_FORMAT",
    "LOG_LEVEL",
    "MAX_IN_FLIGHT",
    "OWNER_IDS",
    "PAID_DAILY_USD",
    "QUEUE_LIMIT",
    "SEND_RATE",
    "STALE_MINUTES",
    "STREAM",
    "SYSTEM_PROMPT",
    "SYSTEM_PROMPT_FILE",
    "TELEGRAM_API_URL",
    "TELEGRAM_BOT_SVSKILO_TOKEN",
    "TELEGRAM_BOT_TOKEN",
    "TELEGRAM_PROXY",
    "TELEGRAM_TOKEN",
    "TIME_ZONE",
    "TLS_CA_FILE",
    "UI_LANGUAGE",
    "USER_LIMITS",
    "VIP_IDLE_MINUTES",
    "VIP_SEATS",
];
/// Settings whose values are words of a list.
const ENUMERATIONS: &[&str] = &[
    "ACCESS",
    "GROUPS",
    "IP_FAMILY",
    "LOG_FORMAT",
    "LOG_LEVEL",
    "STREAM",
    "UI_LANGUAGE",
    "USER_LIMITS",
];
/// Names of the installer, of the long runs and of old `.env` files, which are no settings.
const OTHER_NAMES: &[&str] = &["DATABASE_URL", "DESTDIR", "SVS_BOT_BIN", "SVS_BOT_FULL"];

fn readme() -> String {
    fs::read_to_string(Path::new(ROOT).join("README.md")).expect("there is a README.md")
}

/// The insides of the fenced blocks, in order.
fn blocks(text: &str) -> Vec<String> {
    text.split("\n```")
        .skip(1)
        .step_by(2)
        .map(|block| {
            block
                .split_once('\n')
                .map_or("", |(_, body)| body)
                .to_owned()
        })
        .collect()
}

/// The lines of a block without comments and blank lines.
fn commands(block: &str) -> Vec<&str> {
    block
        .lines()
        .map(|line| line.split(" #").next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

/// Every `NAME=value` of the environment and `name = value` of the settings file in a block.
fn assigned(block: &str) -> Vec<String> {
    let is_name =
        |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
    let in_file = commands(block)
        .into_iter()
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name);
    let in_environment = block
        .split_whitespace()
        .filter_map(|word| word.split_once('='))
        .map(|(name, _)| name)
        .filter(|name| name.chars().all(|c| !c.is_lowercase()));
    in_file
        .chain(in_environment)
        .filter(|name| is_name(name))
        .map(str::to_uppercase)
        .collect()
}

/// The names in backticks in the first cells of the tables, where they look like settings.
fn tabled(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| line.strip_prefix('|')?.split('|').next())
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .flat_map(|quoted| quoted.split([',', ' ']))
        .filter(|name| name.len() > 2 && name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .map(str::to_owned)
        .collect()
}

/// The words between backticks that may be values: `zh*` is a pattern.
fn words(cell: &str) -> impl Iterator<Item = &str> {
    let quoted = cell.split('`').skip(1).step_by(2);
    quoted.filter(|word| word.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// Every value that a row of the table names, with the settings that one of which must take it:
/// the one at its place where the cell has as many pieces as the row has settings, else any.
fn valued(text: &str) -> Vec<(Vec<String>, String)> {
    let mut values = Vec::new();
    for row in text.lines().filter_map(|line| line.strip_prefix('|')) {
        let names = tabled(&format!("|{}", row.split('|').next().unwrap_or_default()));
        if !names
            .iter()
            .any(|name| ENUMERATIONS.contains(&name.as_str()))
        {
            continue;
        }
        for (cell, mark) in row.split('|').skip(1).zip([',', ';']) {
            let pieces: Vec<&str> = cell.split(mark).collect();
            for (place, piece) in pieces.iter().enumerate() {
                let takers = if pieces.len() == names.len() {
                    vec![names[place].clone()]
                } else {
                    names.clone()
                };
                values.extend(words(piece).map(|word| (takers.clone(), word.to_owned())));
            }
        }
    }
    values
}

/// The words after `svs-bot` that are meant as subcommands: in blocks and between backticks.
fn subcommands(text: &str) -> BTreeSet<String> {
    let inline = text.split('`').filter(|part| part.starts_with("svs-bot "));
    blocks(text)
        .iter()
        .map(String::as_str)
        .chain(inline)
        .flat_map(str::lines)
        .filter_map(|line| line.split("svs-bot ").nth(1)?.split_whitespace().next())
        .filter(|word| word.chars().all(|c| c.is_ascii_lowercase()))
        .map(str::to_owned)
        .collect()
}

/// The targets of links that stay within the repository, without their anchors.
fn linked_files(text: &str) -> Vec<&str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', '#']).next())
        .filter(|target| !target.is_empty() && !target.contains("://"))
        .collect()
}

fn unknown(names: Vec<String>) -> Vec<String> {
    let is_known =
        |name: &String| SETTINGS.contains(&name.as_str()) || OTHER_NAMES.contains(&name.as_str());
    names.into_iter().filter(|name| !is_known(name)).collect()
}

#[test]
fn the_readme_is_short() {
    let lines = readme().lines().count();
    assert!(lines < 200, "{lines} lines");
}

#[test]
fn the_first_two_commands_are_a_conversation_and_the_tests() {
    let text = readme();
    let blocks = blocks(&text);
    let first = commands(blocks.first().expect("there is a code block"));
    assert_eq!(
        first.get(..2),
        Some(&["cargo run --release -- chat", "cargo test"][..])
    );
}

#[test]
fn every_subcommand_in_the_readme_is_in_the_help() {
    let output = Command::new(env!("CARGO_BIN_EXE_svs-bot"))
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let known: BTreeSet<_> = help.split(|c: char| !c.is_ascii_lowercase()).collect();
    let missing: Vec<_> = subcommands(&readme())
        .into_iter()
        .filter(|name| !known.contains(name.as_str()))
        .collect();
    assert!(missing.is_empty(), "not in --help: {missing:?}\n{help}");
}

#[test]
fn every_setting_in_the_readme_exists() {
    let text = readme();
    let tabled = tabled(&text);
    assert!(!tabled.is_empty(), "there is no table of settings");
    assert_eq!(unknown(tabled), [""; 0], "in the tables");
    for block in blocks(&text) {
        assert_eq!(unknown(assigned(&block)), [""; 0], "in:\n{block}");
    }
}

#[test]
fn every_value_in_the_readme_is_accepted() {
    let values = valued(&readme());
    assert!(values.len() >= 10, "{values:?}");
    let is_accepted = |name: &String, value: &String| {
        let mut world = World::new().env(name, value).prepare();
        let ended = world.run(&["check"], "");
        world.stop();
        ended.code != Some(78)
    };
    assert!(!is_accepted(&"ACCESS".to_owned(), &"ajar".to_owned()));
    let refused: Vec<_> = values
        .iter()
        .filter(|(takers, value)| !takers.iter().any(|name| is_accepted(name, value)))
        .collect();
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn every_setting_in_the_installed_sample_exists() {
    let sample = fs::read_to_string(Path::new(ROOT).join("systemd/config.toml")).unwrap();
    let shown = sample.replace("\n# ", "\n");
    let names = assigned(&shown);
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(unknown(names), [""; 0]);
}

#[test]
fn the_example_of_a_dotenv_file_names_settings_that_exist_and_its_defaults_are_accepted() {
    let example = fs::read_to_string(Path::new(ROOT).join(".env.example")).unwrap();
    let shown = example.replace("\n# ", "\n");
    let names = assigned(&shown);
    assert!(names.len() > 30, "{names:?}");
    assert_eq!(unknown(names), [""; 0]);
    // As it stands it sets nothing.
    let set: Vec<_> = commands(&example)
        .into_iter()
        .filter(|line| !line.ends_with('='))
        .collect();
    assert_eq!(set, [""; 0]);
    let accepts = |text: &str| {
        let mut world = World::new().prepare();
        fs::write(world.folder().join(".env"), text).unwrap();
        let ended = world.run(&["check"], "");
        world.stop();
        assert_ne!(ended.code, Some(78), "{}", ended.stderr);
    };
    accepts(&example);
    let is_default = |line: &&str| {
        let files = ["_FILE=", "BAD", "_KEYS="];
        line.contains('=') && !files.iter().any(|file| line.contains(file))
    };
    let defaults: Vec<_> = shown.lines().filter(is_default).collect();
    accepts(&defaults.join("\n"));
}

#[test]
fn the_dotenv_file_is_not_for_git() {
    let ignored = fs::read_to_string(Path::new(ROOT).join(".gitignore")).unwrap();
    assert!(ignored.lines().any(|line| line == "/.env"));
}

#[test]
fn every_file_that_the_readme_links_to_exists() {
    let text = readme();
    for target in linked_files(&text) {
        assert!(
            Path::new(ROOT).join(target).exists(),
            "{target} is not there"
        );
    }
}

#[test]
fn the_readers_of_the_readme_see_what_is_there() {
    let text = "Hi `svs-bot check` and `svs-bot FILE`.\n\n```sh\n# once\ncargo run # now\n\nsvs-bot setup\n\
        BAD_NAME=1 LOG_LEVEL=debug svs-bot --config x\n```\n\n```toml\nlog_level = \"info\" # a = b\n\
        bad = 1\n```\n| `STREAM`, `NO_SUCH` | `x` |\n[a](src/lib.rs#L1) [b](https://e.org/x)\n";
    let found = blocks(text);
    assert_eq!(found.len(), 2);
    assert_eq!(commands(&found[0])[..2], ["cargo run", "svs-bot setup"]);
    assert_eq!(
        subcommands(text),
        ["check", "setup"].map(str::to_owned).into()
    );
    assert_eq!(unknown(assigned(&found[0])), ["BAD_NAME"]);
    assert_eq!(unknown(assigned(&found[1])), ["BAD"]);
    assert_eq!(unknown(tabled(text)), ["NO_SUCH"]);
    assert_eq!(linked_files(text), ["src/lib.rs"]);
    let row =
        "| `STREAM`, `GROUPS` | `off`, 1 | one: `auto`, `zh*`; two: `leave` |\n| `X` | | `no` |";
    let of = |name: &str, value: &str| (vec![name.to_owned()], value.to_owned());
    let expected = [
        of("STREAM", "off"),
        of("STREAM", "auto"),
        of("GROUPS", "leave"),
    ];
    assert_eq!(valued(row), expected);
}
