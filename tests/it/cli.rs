//! The command line: what it says where, and with which exit code.

use crate::world::World;
use crate::world::bot::Ended;
use crate::world::gemini::Fault;

/// Everything a command wrote.
fn talk(ended: &Ended) -> String {
    format!("{}{}", ended.stdout, ended.stderr)
}

#[test]
fn status_asks_the_running_bot() {
    let mut world = World::new()
        .without("GEMINI_API_KEYS")
        .keys("A", &["a1", "a2"])
        .start();
    world.telegram.person(1).is_answered("hello");
    let ended = world.run(&["status"], "");
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let told = ended.stdout.to_lowercase();
    for word in ["keys: 2", "waiting"] {
        assert!(told.contains(word), "no `{word}` in {told}");
    }
    world.stop();
}

#[test]
fn status_without_a_bot_says_so() {
    let mut world = World::new().prepare();
    let ended = world.run(&["status"], "");
    assert_eq!(ended.code, Some(1), "{}", talk(&ended));
    assert!(!ended.stderr.trim().is_empty());
    assert!(!world.data_file().exists(), "status creates no data file");
    world.stop();
}

#[test]
fn check_and_run_report_every_mistake_at_once() {
    let mut world = World::new()
        .env("KEY_RPM", "many")
        .env("ACCESS", "maybe")
        .env("STALE_MINUTES", "-1")
        .env("OWNER_IDS", "1,two")
        .prepare();
    for command in ["check", "run"] {
        let ended = world.run(&[command], "");
        assert_eq!(ended.code, Some(78), "{command}: {}", talk(&ended));
        for name in ["KEY_RPM", "ACCESS", "STALE_MINUTES", "OWNER_IDS"] {
            assert!(talk(&ended).contains(name), "{command} is silent on {name}");
        }
    }
    assert!(world.telegram.calls("").is_empty());
    world.stop();
}

#[test]
fn missing_token_and_keys_are_named() {
    let mut world = World::bare().prepare();
    let ended = world.run(&["run"], "");
    assert_eq!(ended.code, Some(78), "{}", talk(&ended));
    assert!(
        ended.stderr.contains("TELEGRAM_BOT_TOKEN"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("GEMINI_API_KEY"), "{}", ended.stderr);
    world.stop();
}

#[test]
fn check_is_content_with_good_settings_and_creates_nothing() {
    let mut world = World::new().prepare();
    let ended = world.run(&["check"], "");
    assert_eq!(ended.code, Some(0), "{}", talk(&ended));
    assert!(!world.data_file().exists());
    world.stop();
}

#[test]
fn a_wrong_command_line_is_a_usage_error() {
    let mut world = World::new().prepare();
    for arguments in [
        &["dance"][..],
        &["run", "--faster"],
        &["status", "more"],
        &["--config"],
    ] {
        let ended = world.run(arguments, "");
        assert_eq!(ended.code, Some(2), "{arguments:?}: {}", talk(&ended));
        assert!(ended.stdout.is_empty(), "{arguments:?} wrote to stdout");
    }
    for arguments in [["--help"], ["--version"]] {
        let ended = world.run(&arguments, "");
        assert_eq!(ended.code, Some(0), "{arguments:?}");
        assert!(
            ended.stdout.contains("svs-bot"),
            "{arguments:?}: {}",
            ended.stdout
        );
    }
    world.stop();
}

#[test]
fn chat_without_keys_talks_offline_and_says_so_first() {
    let mut world = World::bare().prepare();
    let ended = world.run(&["chat"], "hello there\nand again\n/status\n/new\n");
    assert_eq!(ended.code, Some(0), "{}", talk(&ended));
    let first = ended.stdout.lines().next().unwrap_or_default();
    assert!(
        first.to_lowercase().contains("offline"),
        "first line: {first}"
    );
    assert!(!ended.stdout.trim().is_empty());
    assert!(world.gemini.calls().is_empty() && world.telegram.calls("").is_empty());
    world.stop();
}

#[test]
fn chat_with_keys_streams_and_remembers() {
    let mut world = World::new().without("TELEGRAM_BOT_TOKEN").prepare();
    let input = "hello\nagain\n/status\n/keys\n/new\nfresh\n";
    let ended = world.run(&["chat"], input);
    assert_eq!(ended.code, Some(0), "{}", talk(&ended));
    for answer in [
        "echo[0 rounds]: hello",
        "echo[1 rounds]: again",
        "echo[0 rounds]: fresh",
        "because it was small talk",
        "K3 …zT4w – available",
    ] {
        assert!(
            ended.stdout.contains(answer),
            "no `{answer}` in {}",
            ended.stdout
        );
    }
    let calls = world.gemini.calls();
    assert!(calls.len() == 3 && calls.iter().all(|call| call.streamed));
    world.stop();
}

#[test]
fn chat_survives_a_dead_key_and_explains_what_it_cannot_answer() {
    let mut world = World::new().prepare();
    world.gemini.key("k1").answers(Fault::INVALID_KEY);
    let ended = world.run(&["chat"], "one\ntwo\nthree\n");
    assert_eq!(ended.code, Some(0), "{}", talk(&ended));
    assert!(
        ended.stdout.contains("echo[2 rounds]: three"),
        "{}",
        ended.stdout
    );
    world.gemini.everyone().answers(Fault::PromptBlocked);
    let ended = world.run(&["chat"], "four\n");
    assert_eq!(ended.code, Some(0), "{}", talk(&ended));
    assert!(!talk(&ended).contains("PROHIBITED_CONTENT"));
    world.stop();
}

#[test]
fn chat_has_a_data_file_of_its_own_beside_a_running_bot() {
    let mut world = World::new().start();
    world.telegram.person(1).is_answered("from telegram");
    let ended = world.run(&["chat"], "from the terminal\n");
    assert!(
        ended.stdout.contains("echo[0 rounds]: from the terminal"),
        "{}",
        talk(&ended)
    );
    world.telegram.person(1).is_answered("still here");
    world.stop();
}

#[test]
fn the_terminal_speaks_the_language_of_the_machine_unless_the_settings_say_otherwise() {
    for (variable, setting, word) in [
        ("zh_CN.UTF-8", "auto", "还没有设置密钥"),
        ("de_DE.UTF-8", "auto", "No key is set"),
        ("zh_CN.UTF-8", "en", "No key is set"),
    ] {
        let world = World::bare().env("LANG", variable);
        let mut world = world.env("UI_LANGUAGE", setting).prepare();
        let ended = world.run(&["chat"], "/new\n");
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert!(ended.stdout.contains(word), "{}", ended.stdout);
        world.stop();
    }
}
