//! Telegram at its worst, and a model that never answers: nothing is lost, nobody is pestered.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use crate::account::{Account, Asked, balance};
use crate::world::gemini::Fault;
use crate::world::http::Trouble;
use crate::world::telegram::TOKEN;
use crate::world::{PATIENCE, World, eventually, is_full_run, now, time_passes};

#[test]
fn nothing_is_lost_while_telegram_is_down_and_it_is_not_pestered() {
    let outage = Duration::from_secs(if is_full_run() { 60 } else { 3 });
    for how in [
        Trouble::HangUp,
        Trouble::Reset,
        Trouble::BadGateway,
        Trouble::Garbage,
    ] {
        let world = World::new().open().start();
        world.telegram.person(6).is_answered("before");
        let before = world.telegram.calls("").len();
        world.telegram.goes_down(how);
        for id in 7..12 {
            world.telegram.person(id).says("are you there?");
        }
        time_passes(outage);
        let calls = world.telegram.calls("").len() - before;
        let per_minute = calls * 60 / usize::try_from(outage.as_secs()).unwrap();
        eprintln!("{how:?} for {outage:?}: {calls} calls, {per_minute} a minute");
        // A few quick tries are fine at first; a minute of them is not.
        let bound = if is_full_run() { 60 } else { 12 };
        assert!(calls <= bound, "{how:?}: {calls} calls in {outage:?}");
        world.telegram.comes_back();
        let patience = Duration::from_secs(90);
        eventually(patience, "everybody is answered", || {
            (7..12).all(|id| world.telegram.said_to(id).len() == 1)
        });
        world.stop();
    }
}

#[test]
fn flood_control_of_one_chat_is_obeyed_and_holds_up_no_other() {
    // Long enough for somebody else's answer on a machine with much else to do.
    let seconds = if is_full_run() { 120 } else { 25 };
    let world = World::new().open().start();
    let (ann, bob) = (world.telegram.person(7), world.telegram.person(8));
    ann.is_answered("before");
    ann.has_flood_control(seconds);
    let start = now();
    ann.says("first");
    ann.says("second");
    bob.says("meanwhile");
    let to_bob = bob.hears_about("meanwhile");
    eventually(
        PATIENCE + Duration::from_secs(seconds),
        "both answers arrive",
        || world.telegram.said_to(7).len() == 3,
    );
    let mut to_ann = world.telegram.calls("");
    to_ann.retain(|call| call.chat == Some(7) && call.at >= start);
    let refused = to_ann.iter().filter(|call| call.status == 429).count();
    assert!((1..=2).contains(&refused), "{refused} calls were refused");
    let next = to_ann.iter().find(|call| call.status == 200);
    let next = next.expect("a call that passed");
    assert!(to_bob.at < next.at, "bob had to wait");
    let waited = next.at.saturating_sub(to_ann[0].at);
    assert!(
        waited >= Duration::from_secs(seconds),
        "only {waited:?} later"
    );
    world.stop();
}

#[test]
fn a_chat_that_always_fails_holds_up_no_other_and_is_answered_when_it_recovers() {
    let world = World::new().open().start();
    let ann = world.telegram.person(7);
    ann.is_answered("before");
    ann.answers_with_500();
    ann.says("first");
    ann.says("second");
    eventually(PATIENCE, "the failure is felt", || {
        let calls = world.telegram.calls("sendMessage");
        calls.iter().any(|call| call.status == 500)
    });
    for id in 8..40 {
        world.telegram.person(id).says("meanwhile");
    }
    for id in 8..40 {
        world.telegram.person(id).hears_about("meanwhile");
    }
    ann.recovers();
    eventually(Duration::from_secs(90), "both answers arrive", || {
        world.telegram.said_to(7).len() >= 3
    });
    ann.hears_about("first");
    ann.hears_about("second");
    assert_eq!(world.telegram.said_to(7).len(), 3, "each is said once");
    world.stop();
}

#[test]
fn a_refusal_that_is_in_no_list_leaves_nobody_without_a_word() {
    let world = World::new().open().env("GROUPS", "open").start();
    let group = world.telegram.group(-123);
    for (member, question) in [
        (group.member(7), "@testbot hello"),
        (world.telegram.person(8), "hello"),
    ] {
        member.objects_once();
        member.says(question);
        let heard = member.hears().text;
        assert!(!heard.is_empty());
        member.says(&format!("{question} again"));
        member.hears_about("hello again");
    }
    world.stop();
}

#[test]
fn with_every_fifth_call_failing_everything_is_answered_once() {
    for how in [Trouble::BadGateway, Trouble::HangUp] {
        let world = World::new().open().start();
        world.telegram.every(5, how);
        for id in 7..17 {
            world.telegram.person(id).says("one");
            world.telegram.person(id).says("two");
        }
        eventually(
            Duration::from_mins(1),
            "both are answered for everybody",
            || (7..17).all(|id| world.telegram.said_to(id).len() >= 2),
        );
        world.telegram.comes_back();
        for id in 7..17 {
            let person = world.telegram.person(id);
            person.hears_about("one");
            person.hears_about("two");
            assert_eq!(
                world.telegram.said_to(id).len(),
                2,
                "{how:?}: nothing is said twice"
            );
        }
        world.stop();
    }
}

#[test]
fn on_a_bad_day_with_everything_at_once_nothing_is_lost() {
    let world = World::new().open().start();
    world.telegram.every(5, Trouble::BadGateway);
    for trouble in [Trouble::Reset, Trouble::Garbage, Trouble::CutBody] {
        world.telegram.once("getUpdates", trouble);
        world.telegram.once("sendMessage", trouble);
    }
    world.gemini.everyone().answers_every(7, Fault::OVERLOADED);
    let mut asked: BTreeMap<i64, Vec<Asked>> = BTreeMap::new();
    let mut ask = |id: i64, text: &str| {
        let message = world.telegram.person(id).says(text);
        let parts = vec![format!("]: {text}")];
        asked.entry(id).or_default().push(Asked { message, parts });
    };
    ask(7, "zero");
    world.telegram.person(7).has_flood_control(3);
    for text in ["one", "two", "three"] {
        world
            .telegram
            .raw_update(json!({"hologram": {"says": text}}));
        (7..17).for_each(|id| ask(id, text));
    }
    let accounts = || -> Vec<Account> {
        let chats = asked.iter();
        let balance_of =
            |(id, asked): (&i64, &Vec<Asked>)| balance(asked, &world.telegram.said_to(*id), &[]);
        chats.map(balance_of).collect()
    };
    let patience = Duration::from_mins(1);
    eventually(patience, "everything is answered or explained", || {
        accounts().iter().all(|account| account.lost == 0)
    });
    let answered: usize = accounts().iter().map(|account| account.answered).sum();
    assert!(answered > 20, "only {answered} of 31 are answered");
    for account in accounts() {
        assert!(account.strange.is_empty(), "{:?}", account.strange);
    }
    world.stop();
}

#[test]
fn one_failed_call_of_any_kind_loses_nothing() {
    let troubles = [
        Trouble::BadGateway,
        Trouble::Reset,
        Trouble::HangUp,
        Trouble::Garbage,
        Trouble::CutBody,
    ];
    for trouble in troubles {
        for method in ["getUpdates", "sendMessage", "sendChatAction"] {
            let world = World::new().open().start();
            world.telegram.once(method, trouble);
            world.telegram.person(7).is_answered("first");
            world.telegram.person(7).is_answered("second");
            world.stop();
        }
    }
}

#[test]
fn a_failing_start_is_tried_again() {
    for trouble in [Trouble::BadGateway, Trouble::Reset, Trouble::Garbage] {
        let mut world = World::new().open().prepare();
        world.telegram.once("getMe", trouble);
        world.telegram.person(7).says("hello");
        world.restart();
        world.telegram.person(7).hears_about("hello");
        world.stop();
    }
}

#[test]
#[ignore = "takes minutes; `.ci/full faults` runs it"]
fn a_poll_or_a_send_that_hangs_for_ever_is_given_up() {
    for method in ["getUpdates", "sendMessage"] {
        let world = World::new().open().start();
        world.telegram.once(method, Trouble::Hang);
        let person = world.telegram.person(7);
        person.says("hello");
        eventually(Duration::from_secs(150), "the answer arrives", || {
            !world.telegram.said_to(7).is_empty()
        });
        world.stop();
    }
}

#[test]
fn with_every_model_slot_hung_help_still_comes_at_once() {
    let world = World::new().open().env("MAX_IN_FLIGHT", "4").start();
    world.gemini.everyone().answers(Fault::Line(Trouble::Hang));
    for id in 7..11 {
        world.telegram.person(id).says("hang");
    }
    world.gemini.awaits_calls(4);
    world.telegram.person(11).says("no slot is left for me");
    for id in [12, 7] {
        let person = world.telegram.person(id);
        let before = world.telegram.said_to(id).len();
        person.says("/help");
        eventually(PATIENCE, "help comes", || {
            world.telegram.said_to(id).len() > before
        });
    }
    assert_eq!(world.gemini.in_flight(), 4, "never more calls than slots");
    world.stop();
}

#[test]
fn a_second_poller_is_survived() {
    let world = World::new().open().start();
    let url = world.telegram_url("getUpdates");
    let before = world.telegram.calls("getUpdates").len();
    for _ in 0..3 {
        let seen = world.telegram.calls("getUpdates").len();
        ureq::post(&url).send_empty().unwrap();
        eventually(PATIENCE, "the bot polls again", || {
            world.telegram.calls("getUpdates").len() > seen + 1
        });
    }
    let polls = world.telegram.calls("getUpdates");
    assert!(polls.iter().any(|call| call.status == 409));
    assert!(
        polls.len() - before < 20,
        "{} polls in a conflict",
        polls.len() - before
    );
    world.telegram.person(7).is_answered("hello");
    world.stop();
}

#[test]
fn a_forgotten_webhook_is_taken_away() {
    let mut world = World::new().open().prepare();
    world.telegram.has_a_webhook("https://example.org/old");
    world.telegram.person(7).says("hello");
    world.launch();
    world.telegram.person(7).hears_about("hello");
    let removals = world.telegram.calls("deleteWebhook");
    assert!(
        removals
            .iter()
            .all(|call| call.params["drop_pending_updates"] != true)
    );
    assert_eq!(removals.len(), 1);
    world.stop();
}

/// How long `getMe` may refuse the token at start (design §2).
const REFUSED_AT_START: Duration = Duration::from_secs(20);

#[test]
fn a_token_that_is_refused_at_start_for_20_s_ends_the_bot_with_a_sentence() {
    let wrong = format!("{}x", TOKEN.replace("AAH", "BBH"));
    let mut world = World::new().env("TELEGRAM_BOT_TOKEN", &wrong).prepare();
    world.launch();
    let start = now();
    let ended = world.leaves(REFUSED_AT_START + PATIENCE);
    assert!(
        now().saturating_sub(start) >= REFUSED_AT_START,
        "{}",
        ended.stderr
    );
    assert_eq!(ended.code, Some(78), "{}", ended.stderr);
    assert!(
        ended.stderr.to_lowercase().contains("token"),
        "{}",
        ended.stderr
    );
    assert!(
        !ended.stderr.contains(&wrong[11..]),
        "the token is in the log"
    );
    let looks = world.telegram.calls("getMe").len();
    assert!((3..20).contains(&looks), "{looks} looks");
    world.stop();
}

#[test]
fn a_refusal_in_passing_at_start_or_on_a_poll_ends_nothing() {
    for code in [401, 404] {
        let mut world = World::new().open().prepare();
        world.telegram.refuses_once("getMe", code);
        world.telegram.refuses_once("getMe", code);
        world.restart();
        world.telegram.person(7).is_answered("first");
        world.telegram.refuses_once("getUpdates", code);
        world.telegram.refuses_once("getMe", code);
        world.telegram.person(7).says("second");
        world.telegram.person(7).hears_about("second");
        world.telegram.person(7).is_answered("third");
        assert!(world.bot_is_running(), "after {code}");
        world.stop();
    }
}

#[test]
fn a_revoked_token_is_looked_at_by_getme_alone_and_ends_the_bot_after_five_minutes() {
    let mut world = World::new().open().start();
    world.telegram.person(1).is_answered("hello");
    world.telegram.revokes_the_token();
    world.telegram.person(1).says("anybody?");
    let looked = world.telegram.calls("getMe").len();
    eventually(PATIENCE, "getMe is asked again", || {
        world.telegram.calls("getMe").len() >= looked + 2
    });
    let refused = world.telegram.calls("getUpdates");
    let refused = refused.iter().filter(|call| call.status == 401).count();
    assert_eq!(refused, 1, "no poll until getMe accepts the token");
    if is_full_run() {
        let ended = world.leaves(Duration::from_mins(5) + 3 * PATIENCE);
        assert_eq!(ended.code, Some(78), "{}", ended.stderr);
    } else {
        world.telegram.restores_the_token();
        world.telegram.person(1).hears_about("anybody?");
    }
    world.stop();
}
