//! The key pool as people and the service see it: every row of the error table, limits that hold
//! across crashes, and dead keys that stay dead.

use std::time::Duration;

use crate::pool_world::told;
use crate::world::gemini::Fault;
use crate::world::http::Trouble;
use crate::world::{PATIENCE, World, eventually};

/// A window a little shorter than the service's minute: a call may be on its way for a moment.
const ALMOST_A_MINUTE: Duration = Duration::from_secs(59);

/// The shortest pause of all calls, by a clock that counts in parts of it.
const ALMOST_FIVE_SECONDS: Duration = Duration::from_millis(4_990);

/// A sentence of the bot itself, without a word of the service.
pub(crate) fn is_sentence(text: &str) -> bool {
    const RAW: [&str; 8] = [
        "echo[",
        "RESOURCE_",
        "INVALID_",
        "quota metric",
        "models/",
        "API key",
        "googleapis",
        "{",
    ];
    !text.trim().is_empty() && !RAW.iter().any(|raw| text.contains(raw))
}

#[test]
fn with_one_dead_key_among_three_nobody_notices_and_it_is_called_once() {
    let mut world = World::new().start();
    world.gemini.key("k2").answers(Fault::INVALID_KEY);
    let owner = world.telegram.person(1);
    for number in 0..12 {
        owner.is_answered(&format!("question {number}."));
    }
    assert_eq!(world.gemini.calls_by("k2"), 1);
    world.kill();
    world.restart();
    for number in 12..18 {
        owner.is_answered(&format!("question {number}."));
    }
    assert_eq!(
        world.gemini.calls_by("k2"),
        1,
        "it stays dead after a crash"
    );
    // Eighteen answers and the news of the death; the kill may repeat the newest part (P3).
    let said = world.telegram.said_to(1);
    assert!((19..=20).contains(&said.len()));
    let news = said
        .iter()
        .filter(|message| message.text.contains("not valid"));
    assert_eq!(news.count(), 1, "the Owner is told once");
    world.stop();
}

#[test]
fn a_death_is_remembered_though_the_bot_is_killed_before_the_turn_ends() {
    let mut world = World::new()
        .without("GEMINI_API_KEYS")
        .keys("A", &["k1", "k2"])
        .env("VIP_SEATS", "8")
        .start();
    world.gemini.key("k1").answers(Fault::INVALID_KEY);
    world.gemini.key("k2").answers(Fault::Line(Trouble::Hang));
    let owner = world.telegram.person(1);
    // Which key comes first is chance: ask until the dead one was met. Every question ends at the
    // other one, and hangs there.
    let mut asked = 0;
    while world.gemini.calls_by("k1") == 0 {
        asked += 1;
        assert!(asked < 8, "the dead key is never met");
        owner.asks(&format!("/grant {} vip", 100 + asked));
        world.telegram.person(100 + asked).says("hello");
        eventually(PATIENCE, "the question hangs at the other key", || {
            world.gemini.calls_by("k2") == usize::try_from(asked).unwrap()
        });
    }
    world.gemini.key("k2").recovers();
    world.kill();
    world.restart();
    owner.is_answered("after the kill");
    assert_eq!(world.gemini.calls_by("k1"), 1);
    world.stop();
}

#[test]
fn a_fault_of_one_key_sends_the_question_to_another_and_rests_the_key() {
    let faults = [
        Fault::INVALID_KEY,
        Fault::WRONG_TYPE,
        Fault::LEAKED,
        Fault::SUSPENDED,
        Fault::PROJECT_DENIED,
        Fault::SERVICE_DISABLED,
        Fault::SERVICE_BLOCKED,
        Fault::ADDRESS_BLOCKED,
        Fault::REFERRER_BLOCKED,
        Fault::Finish("PUP_LIMITED_DISABLED"),
        Fault::PREPAID,
        Fault::PREPAID_OLD_FORM,
        Fault::BILLING,
        Fault::MODEL_GONE,
        Fault::DAY_QUOTA,
        Fault::DAY_QUOTA_IN_ARRAY,
        Fault::BOTH_QUOTAS,
        Fault::ZERO_QUOTA,
        Fault::MINUTE_QUOTA,
        Fault::TOKEN_QUOTA,
        Fault::OldFormQuota,
        Fault::SPEND,
        Fault::BARE_QUOTA,
        Fault::INTERNAL,
        Fault::UNHEARD,
    ];
    for fault in faults {
        let world = World::new().open().start();
        world.gemini.key("k1").answers(fault);
        let ann = world.telegram.person(7);
        for number in 0..5 {
            ann.is_answered(&format!("{fault:?} {number}."));
        }
        assert_eq!(world.gemini.calls_by("k1"), 1, "{fault:?}");
        assert_eq!(
            world.telegram.said_to(7).len(),
            5,
            "{fault:?}: nothing but answers"
        );
        world.stop();
    }
}

#[test]
fn a_passing_fault_is_tried_again_and_the_answer_comes() {
    let faults = [
        Fault::OVERLOADED,
        Fault::TIMED_OUT,
        Fault::Line(Trouble::BadGateway),
        Fault::Line(Trouble::Reset),
        Fault::Line(Trouble::HangUp),
        Fault::Line(Trouble::Garbage),
        Fault::Line(Trouble::CutBody),
        Fault::Cut,
        Fault::MidError,
        Fault::MidErrorRaw,
        Fault::Finish("STOP"),
        Fault::Finish("MAX_TOKENS"),
        Fault::Finish("RECITATION"),
        Fault::Finish("MALFORMED_FUNCTION_CALL"),
        Fault::Finish("OTHER"),
        Fault::Finish("A_REASON_OF_TOMORROW"),
    ];
    for fault in faults {
        let world = World::new().start();
        world.gemini.everyone().answers_times(1, fault);
        let owner = world.telegram.person(1);
        owner.says("hello");
        let heard = owner.hears().text;
        assert!(heard.contains("echo["), "{fault:?}: {heard}");
        assert_eq!(world.gemini.calls().len(), 2, "{fault:?}");
        world.stop();
    }
}

#[test]
fn without_streaming_a_cut_answer_is_asked_again_with_another_key() {
    let world = World::new().env("STREAM", "off").start();
    let owner = world.telegram.person(1);
    owner.is_answered("whole");
    world.gemini.everyone().answers_times(1, Fault::Cut);
    owner.says("cut");
    let heard = owner.hears().text;
    assert!(heard.contains("echo[1 rounds]: cut"), "{heard}");
    let calls = world.gemini.calls();
    assert!(calls.iter().all(|call| !call.streamed));
    assert_eq!(calls.len(), 3);
    assert_ne!(calls[1].key, calls[2].key);
    world.stop();
}

#[test]
fn a_full_model_leaves_the_question_to_the_next_model() {
    let world = World::new().start();
    let owner = world.telegram.person(1);
    owner.is_answered("which model is first?");
    let first = world.gemini.calls()[0].model.clone();
    world.gemini.model(&first).answers(Fault::OVERLOADED);
    for number in 0..4 {
        owner.is_answered(&format!("question {number}."));
    }
    let calls = world.gemini.calls();
    let answered = calls.iter().filter(|call| call.fault.is_none());
    assert_eq!(answered.count(), 5);
    world.stop();
}

#[test]
fn a_slow_first_byte_is_waited_for() {
    let world = World::new().start();
    let slow = Fault::Slow(Duration::from_secs(4));
    world.gemini.everyone().answers(slow);
    world.telegram.person(1).is_answered("take your time");
    assert_eq!(world.gemini.calls().len(), 1);
    world.stop();
}

#[test]
fn a_thinking_level_that_is_refused_is_not_sent_again() {
    let world = World::new().start();
    world.gemini.everyone().answers(Fault::BadLevel);
    let owner = world.telegram.person(1);
    owner.is_answered("first");
    let calls = world.gemini.calls().len();
    assert!(calls <= 2, "{calls} calls");
    owner.is_answered("second");
    assert_eq!(world.gemini.calls().len(), calls + 1);
    world.stop();
}

#[test]
fn a_refused_question_is_explained_and_never_asked_again() {
    let faults = [
        Fault::BAD_REQUEST,
        Fault::TOO_LARGE,
        Fault::PromptBlocked,
        Fault::Finish("SAFETY"),
        Fault::Finish("PROHIBITED_CONTENT"),
        Fault::Finish("BLOCKLIST"),
        Fault::Finish("SPII"),
        Fault::Finish("LANGUAGE"),
        Fault::Finish("ESCALATION"),
    ];
    for fault in faults {
        let world = World::new().start();
        world.gemini.everyone().answers(fault);
        let owner = world.telegram.person(1);
        let told = owner.asks("refuse me");
        assert!(is_sentence(&told), "{fault:?}: {told}");
        assert_eq!(world.gemini.calls().len(), 1, "{fault:?}");
        world.gemini.everyone().recovers();
        owner.is_answered("no key is to blame");
        world.stop();
    }
}

#[test]
fn when_everything_fails_the_person_is_told_after_at_most_three_attempts() {
    let faults = [
        Fault::INVALID_KEY,
        Fault::REGION,
        Fault::Robots,
        Fault::BARE_QUOTA,
        Fault::MINUTE_QUOTA,
        Fault::DAY_QUOTA,
        Fault::MODEL_GONE,
        Fault::OVERLOADED,
        Fault::INTERNAL,
        Fault::UNHEARD,
        Fault::Line(Trouble::Reset),
        Fault::Cut,
        Fault::Line(Trouble::Hang),
    ];
    for fault in faults {
        let world = World::new().env("ANSWER_DEADLINE_SECS", "10").start();
        world.gemini.everyone().answers(fault);
        let told = world.telegram.person(1).asks("hello");
        // What was read before it broke may be all that there is.
        let is_cut = fault == Fault::Cut && told.contains("The connection broke");
        assert!(is_sentence(&told) || is_cut, "{fault:?}: {told}");
        let calls = world.gemini.calls().len();
        assert!((1..=3).contains(&calls), "{fault:?}: {calls} calls");
        world.stop();
    }
}

#[test]
fn a_fault_of_our_address_is_held_against_no_key() {
    // How many calls it takes until it is believed to be about everybody: two keys of one question;
    // or two questions that met different keys, of which the first is tried with two.
    for (fault, enough) in [(Fault::REGION, 2), (Fault::Robots, 3)] {
        let mut world = World::new().open().start();
        world.gemini.everyone().answers(fault);
        for id in 7..11 {
            let heard = told(&world, id, "hello");
            assert!(is_sentence(&heard), "{fault:?}: {heard}");
        }
        let calls = world.gemini.calls();
        assert!(calls.len() > enough, "{fault:?}: nothing was tried again");
        for pair in calls[enough - 1..].windows(2) {
            let pause = pair[1].at.saturating_sub(pair[0].at);
            assert!(pause > ALMOST_FIVE_SECONDS, "{fault:?}: {pause:?}");
        }
        let told = world.tells_of_keys();
        assert!(told.contains("0 blacklisted, 0 dead"), "{fault:?}: {told}");
        world.stop();
    }
}

#[test]
fn keys_of_one_project_die_together_when_it_is_denied() {
    let world = World::new().keys("any", &["k1@p", "k2@p", "k3"]).start();
    world.gemini.key("k1").answers(Fault::PROJECT_DENIED);
    world.gemini.key("k2").answers(Fault::PROJECT_DENIED);
    let owner = world.telegram.person(1);
    for number in 0..6 {
        owner.is_answered(&format!("question {number}."));
    }
    assert_eq!(world.gemini.calls_by("k1") + world.gemini.calls_by("k2"), 1);
    world.stop();
}

#[test]
fn guests_are_served_by_their_own_keys_and_owners_may_borrow() {
    let world = World::new()
        .without("GEMINI_API_KEYS")
        .keys("A", &["a1"])
        .keys("D", &["d1"])
        .start();
    world.telegram.person(7).is_answered("a guest");
    assert_eq!(
        (world.gemini.calls_by("a1"), world.gemini.calls_by("d1")),
        (0, 1)
    );
    world.telegram.person(1).is_answered("the owner");
    assert_eq!(
        (world.gemini.calls_by("a1"), world.gemini.calls_by("d1")),
        (1, 1)
    );
    world.gemini.key("a1").answers(Fault::LEAKED);
    world.telegram.person(1).is_answered("the owner borrows");
    world.gemini.key("d1").answers(Fault::LEAKED);
    let told = world.telegram.person(7).asks("a guest without keys");
    assert!(is_sentence(&told), "{told}");
    world.stop();
}

#[test]
fn a_minutes_limit_holds_across_kills() {
    let mut world = World::new()
        .open()
        .keys("any", &["k1"])
        .env("KEY_RPM", "3")
        .start();
    world.gemini.limits(3, 1000);
    for life in 0..3 {
        let asked = world.gemini.calls().len();
        for id in 0..5 {
            world.telegram.person(10 + life * 5 + id).says("hello");
        }
        if life == 0 {
            world.gemini.awaits_calls(asked + 3);
        }
        eventually(PATIENCE, "all is taken", || world.telegram.is_drained());
        if life < 2 {
            world.kill();
            world.restart();
        }
    }
    eventually(
        Duration::from_secs(90),
        "everybody is answered or told",
        || (10..25).all(|id| !world.telegram.said_to(id).is_empty()),
    );
    assert!(world.gemini.busiest_window(ALMOST_A_MINUTE) <= 3);
    assert_eq!(world.gemini.provoked(), 0);
    world.stop();
}

#[test]
fn a_days_share_is_not_exceeded_across_kills_and_people_are_told() {
    // One per cent of 500 requests a day.
    let mut world = World::new()
        .open()
        .keys("any", &["k1"])
        .env("KEY_DAILY_PERCENT", "1")
        .start();
    world.gemini.limits(1000, 5);
    let mut told = 0;
    for id in 7..37 {
        let heard = world.telegram.person(id).asks("hello");
        told += usize::from(is_sentence(&heard));
        if id % 3 == 0 && id < 20 {
            world.kill();
            world.restart();
        }
    }
    assert_eq!(world.gemini.provoked(), 0);
    // The service counts as we do, so a count that a kill took back would have been refused.
    assert_eq!(world.gemini.busiest_day(), 5);
    assert!(told > 0, "thirty questions are more than the day gives");
    world.stop();
}
