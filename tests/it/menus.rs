//! What Telegram shows of the bot: menus of commands and descriptions.

use std::time::Duration;

use crate::world::{PATIENCE, World, eventually};

/// Fields of the profile with one Owner: five in two languages.
const FIELDS: usize = 10;

fn names(menu: &[(String, String)]) -> Vec<&str> {
    menu.iter().map(|(name, _)| name.as_str()).collect()
}

/// Waits until every field has been set.
#[track_caller]
fn is_all_set(world: &World) {
    eventually(PATIENCE, "everything is set", || {
        let of_the_owner = world.telegram.menu("chat 1", "zh");
        !of_the_owner.is_empty()
            && world
                .telegram
                .description("short_description", "zh")
                .is_some()
    });
}

fn with_an_owner_who_was_here() -> World {
    let mut world = World::new().open().prepare();
    world.telegram.person(1).says("hello");
    world.restart();
    world
}

#[test]
fn each_place_has_a_menu_of_what_can_be_given_there_in_both_languages() {
    let world = with_an_owner_who_was_here();
    is_all_set(&world);
    let menu = |scope, language| world.telegram.menu(scope, language);
    let everybodys = menu("all_private_chats", "");
    let names_of_all = names(&everybodys);
    assert!(
        names_of_all.contains(&"new") && names_of_all.contains(&"help"),
        "{names_of_all:?}"
    );
    for name in ["grant", "keys", "start"] {
        assert!(!names_of_all.contains(&name), "{names_of_all:?}");
        assert!(!names(&menu("all_group_chats", "")).contains(&name));
    }
    let owners = menu("chat 1", "");
    for name in ["new", "grant", "keys"] {
        assert!(names(&owners).contains(&name), "{owners:?}");
    }
    for scope in ["all_private_chats", "all_group_chats", "chat 1"] {
        let (english, chinese) = (menu(scope, ""), menu(scope, "zh"));
        assert_eq!(names(&english), names(&chinese));
        let new = |menu: &[(String, String)]| {
            let found = menu.iter().find(|(name, _)| name == "new");
            found.expect("everybody may begin anew").1.clone()
        };
        assert_eq!(new(&english), "start a new conversation");
        assert_eq!(new(&chinese), "开始新的对话");
    }
    for field in ["description", "short_description"] {
        let text = |language| world.telegram.description(field, language).unwrap();
        assert!(text("").contains("Google Gemini"));
        assert!(text("zh").contains("用 Google Gemini 回答"));
    }
    world.stop();
}

#[test]
fn what_is_set_is_not_set_again_until_it_changes() {
    let mut world = with_an_owner_who_was_here();
    is_all_set(&world);
    world.terminate();
    assert_eq!(world.telegram.profile_calls(), FIELDS);
    world.restart();
    world
        .telegram
        .person(1)
        .is_answered("is this a quiet start?");
    world.kill();
    world.restart();
    world.telegram.person(1).is_answered("and after a crash?");
    // Another owner: both menus of the old one go, and those of the new one come.
    world.terminate();
    assert_eq!(world.telegram.profile_calls(), FIELDS);
    world.telegram.person(2).says("I own it now");
    world.sets("OWNER_IDS", "2");
    world.restart();
    eventually(PATIENCE, "the old owner has no menu", || {
        world.telegram.menu("chat 1", "").is_empty()
            && world.telegram.menu("chat 1", "zh").is_empty()
    });
    assert!(!world.telegram.menu("chat 2", "zh").is_empty());
    assert_eq!(world.telegram.profile_calls(), FIELDS + 4);
    world.stop();
}

#[test]
fn everybody_reads_the_language_of_the_settings_where_there_is_one() {
    let world = World::new().env("UI_LANGUAGE", "zh").start();
    let text = |language| world.telegram.description("short_description", language);
    eventually(PATIENCE, "both are set", || {
        text("").is_some() && text("zh").is_some()
    });
    assert_eq!(text(""), text("zh"));
    world.stop();
}

#[test]
fn an_owner_whom_the_bot_has_never_met_gets_the_menu_with_the_first_start() {
    let world = World::new().start();
    let text = |language| world.telegram.description("short_description", language);
    eventually(PATIENCE, "everybody's are set", || text("zh").is_some());
    assert!(world.telegram.menu("chat 1", "").is_empty());
    world.telegram.person(1).says("/start");
    is_all_set(&world);
    world.stop();
}

#[test]
fn a_flood_of_these_calls_is_waited_for_and_holds_up_no_answer() {
    const SECONDS: u64 = 20;
    let mut world = World::new().open().prepare();
    world.telegram.person(1).says("hello");
    world.telegram.floods_the_profile(SECONDS);
    world.restart();
    let refused = || {
        let calls = world.telegram.calls("").into_iter();
        let of_profile = calls.filter(|call| call.method.contains("My"));
        of_profile.filter(|call| call.status == 429).count()
    };
    eventually(PATIENCE, "the flood is felt", || refused() > 0);
    world.telegram.person(7).is_answered("are you there?");
    world.telegram.person(1).says("/start");
    let patience = PATIENCE + Duration::from_secs(SECONDS);
    eventually(patience, "everything is set", || {
        !world.telegram.menu("chat 1", "zh").is_empty()
    });
    assert_eq!(refused(), 1, "no call before its time");
    world.stop();
}
