//! What people do to a question after they asked it: stop it, change it, have it answered again, reply
//! to an old answer; and long texts that arrive in pieces. Each also across `kill -9`.

use std::time::Duration;

use crate::world::gemini::{Call, Fault};
use crate::world::http::Trouble;
use crate::world::{PATIENCE, World, eventually};

/// The words that go to the model in one call, from the oldest on.
pub(crate) fn said(call: &Call) -> Vec<String> {
    let turns = call.contents.as_array().expect("turns").iter();
    let texts = turns.flat_map(|turn| turn["parts"].as_array().expect("parts"));
    texts
        .filter_map(|part| part["text"].as_str().map(str::to_owned))
        .collect()
}

/// All that was sent so far is stored, and nothing waits or runs.
pub(crate) fn wait_until_idle(world: &mut World) {
    eventually(PATIENCE, "all is confirmed", || world.telegram.is_drained());
    eventually(PATIENCE, "nothing runs", || world.questions() == (0, 0));
}

fn die_if(world: &mut World, dies: bool) {
    if dies {
        wait_until_idle(world);
        world.notes_all();
        world.kill();
        world.restart();
    }
}

#[test]
fn a_stopped_turn_ends_and_is_not_begun_again() {
    for native in [false, true] {
        let mut world = World::new().start();
        let owner = world.telegram.person(1);
        owner.is_answered("first");
        let shown = world.telegram.shows(1)[0].id;
        world.gemini.everyone().answers(Fault::Line(Trouble::Hang));
        owner.says("second");
        world.gemini.awaits_calls(2);
        if native {
            world.telegram.stops_draft(&owner, 3);
            world.telegram.stops_draft(&owner, 2);
        } else {
            owner.presses_data(shown, "stop:3");
            owner.presses_data(shown, "stop:2");
            assert_eq!(world.telegram.press_is_told(2), "");
        }
        wait_until_idle(&mut world);
        world.gemini.everyone().recovers();
        world.kill();
        world.restart();
        assert!(owner.is_answered("third").starts_with("echo[1 rounds]"));
        assert_eq!(world.gemini.calls_about("second").len(), 1);
        world.stop();
    }
}

#[test]
fn only_the_asker_and_the_owner_may_stop_a_turn() {
    let world = World::new().open().env("GROUPS", "open").start();
    let group = world.telegram.group(-123);
    let (ann, bob, owner) = (group.member(7), group.member(8), group.member(1));
    bob.says("@testbot hello");
    let shown = group.hears().id;
    world.gemini.everyone().answers(Fault::Line(Trouble::Hang));
    ann.says("@testbot mine");
    world.gemini.awaits_calls(2);
    bob.presses_data(shown, "stop:2");
    assert!(world.telegram.press_is_told(1).contains("whoever asked"));
    // The number of a job in another chat moves nothing.
    let elsewhere = world.telegram.person(8);
    elsewhere.says("/help");
    let help = elsewhere.hears().id;
    elsewhere.presses_data(help, "stop:2");
    assert_eq!(world.telegram.press_is_told(2), "");
    assert_eq!(world.gemini.in_flight(), 1);
    owner.presses_data(shown, "stop:2");
    eventually(PATIENCE, "it ends", || world.gemini.in_flight() == 0);
    world.stop();
}

#[test]
fn retry_makes_the_newest_answer_anew_in_its_place() {
    for dies in [false, true] {
        let mut world = World::new().start();
        let owner = world.telegram.person(1);
        owner.says("hello");
        let answer = owner.hears();
        assert_eq!(world.telegram.buttons_under(&answer.text), ["Retry"]);
        world.notes_all();
        die_if(&mut world, dies);
        world.gemini.when_asked("hello", "Another answer.");
        world.gemini.holds("");
        owner.presses_data(answer.id, "retry");
        owner.presses_data(answer.id, "retry");
        world.telegram.press_is_told(2);
        world.gemini.lets_go("");
        world.telegram.comes_to_show(1, &["Another answer."]);
        wait_until_idle(&mut world);
        assert_eq!(world.gemini.calls_about("hello").len(), 2, "pressed twice");
        assert_eq!(said(&world.gemini.calls()[1]), ["hello"]);
        world.notes_all();
        die_if(&mut world, dies);
        owner.presses_data(answer.id, "retry");
        wait_until_idle(&mut world);
        assert_eq!(world.gemini.calls_about("hello").len(), 3, "once more");
        owner.is_answered("and now?");
        let call = &world.gemini.calls_about("and now?")[0];
        assert_eq!(said(call)[..2], ["hello", "Another answer."]);
        assert!(call.question() == "and now?");
        world.stop();
    }
}

#[test]
fn a_longer_answer_takes_the_place_and_goes_on_and_a_shorter_one_cleans_up() {
    let mut world = World::new().start();
    let owner = world.telegram.person(1);
    owner.says("how long?");
    let first = owner.hears();
    world.notes_all();
    let long = "A word. ".repeat(700);
    world.gemini.when_asked("how long", &long);
    owner.presses_data(first.id, "retry");
    eventually(PATIENCE, "two parts are shown", || {
        world.telegram.shows(1).len() == 2
    });
    wait_until_idle(&mut world);
    world.notes_all();
    let last = world.telegram.shows(1)[1].clone();
    assert_eq!(world.telegram.buttons_under(&last.text), ["Retry"]);
    world.kill();
    world.restart();
    world.gemini.everyone().answers(Fault::BAD_REQUEST);
    owner.presses_data(last.id, "retry");
    eventually(PATIENCE, "the apology comes", || {
        world.telegram.shows(1).len() == 3
    });
    let kept = world.telegram.shows(1);
    assert_eq!(kept[1].text, last.text, "a failure costs no answer");
    world.gemini.everyone().recovers();
    owner.edits(1, "how short?");
    let apology = kept[2].text.clone();
    world
        .telegram
        .comes_to_show(1, &["echo[0 rounds]: how short?", &apology]);
    world.stop();
}

#[test]
fn a_question_that_failed_can_be_tried_again() {
    for dies in [false, true] {
        let mut world = World::new().start();
        let owner = world.telegram.person(1);
        world.gemini.everyone().answers(Fault::Finish("OTHER"));
        owner.says("hello");
        let apology = owner.hears();
        assert_eq!(world.telegram.buttons_under(&apology.text), ["Retry"]);
        world.gemini.everyone().recovers();
        world.notes_all();
        die_if(&mut world, dies);
        owner.presses_data(apology.id, "retry");
        world.telegram.comes_to_show(1, &["echo[0 rounds]: hello"]);
        world.stop();
    }
}

#[test]
fn a_question_that_was_refused_for_its_words_offers_no_retry_and_is_no_context() {
    let world = World::new().start();
    let owner = world.telegram.person(1);
    world.gemini.everyone().answers(Fault::PromptBlocked);
    owner.says("hello");
    let apology = owner.hears();
    assert_eq!(world.telegram.buttons_under(&apology.text), [""; 0]);
    world.gemini.everyone().recovers();
    assert_eq!(owner.is_answered("next"), "echo[0 rounds]: next");
    world.stop();
}

#[test]
fn continue_goes_on_after_the_answer_that_was_cut() {
    for dies in [false, true] {
        let mut world = World::new().start();
        let owner = world.telegram.person(1);
        let ends = Fault::Ends("MAX_TOKENS");
        world.gemini.everyone().answers_times(1, ends);
        owner.says("a tale");
        let answer = owner.hears();
        let buttons = world.telegram.buttons_under(&answer.text);
        assert_eq!(buttons, ["Retry", "Continue"]);
        owner.is_answered("something else");
        world.notes_all();
        die_if(&mut world, dies);
        owner.presses_data(answer.id, "continue");
        let more = owner.hears();
        assert!(more.text.contains("Go on from"), "{more:?}");
        let calls = world.gemini.calls_about("Go on from");
        assert_eq!(said(&calls[0])[..2], ["a tale", "echo[0 rounds]: a tale"]);
        assert_eq!(said(&calls[0]).len(), 3);
        assert_eq!(world.telegram.press_is_told(1), "");
        world.stop();
    }
}

#[test]
fn a_press_that_does_nothing_is_told_why() {
    let world = World::new().open().env("GROUPS", "open").start();
    let owner = world.telegram.person(1);
    owner.says("one");
    let one = owner.hears();
    owner.says("two");
    let two = owner.hears();
    world.notes_all();
    owner.presses_data(one.id, "retry");
    assert!(world.telegram.press_is_told(1).contains("newest"));
    owner.asks("/new");
    owner.presses_data(two.id, "retry");
    assert!(
        world
            .telegram
            .press_is_told(2)
            .contains("no longer remember")
    );
    owner.presses_data(two.id, "continue");
    assert!(
        world
            .telegram
            .press_is_told(3)
            .contains("no longer remember")
    );
    assert_eq!(world.gemini.calls().len(), 2);
    world.stop();
}

#[test]
fn the_buttons_of_an_answer_in_a_group_belong_to_the_asker_and_the_owner() {
    let mut world = World::new().env("GROUPS", "open").start();
    let owner = world.telegram.person(1);
    owner.asks("/grant 7 normal");
    owner.asks("/grant 8 vip");
    let group = world.telegram.group(-123);
    let (ann, bob) = (group.member(7), group.member(8));
    ann.says("@testbot mine");
    let answer = group.hears();
    die_if(&mut world, true);
    bob.presses_data(answer.id, "retry");
    assert!(world.telegram.press_is_told(1).contains("whoever asked"));
    bob.presses_data(answer.id, "continue");
    assert!(world.telegram.press_is_told(2).contains("whoever asked"));
    wait_until_idle(&mut world);
    assert_eq!(world.gemini.calls().len(), 1);
    world.gemini.when_asked("mine", "Another: {question}");
    group.member(1).presses_data(answer.id, "retry");
    world.telegram.comes_to_show(-123, &["Another: P7: mine"]);
    world.notes_all();
    // Whoever is no longer let in has no button either.
    owner.asks("/revoke 7");
    ann.presses_data(answer.id, "retry");
    assert_eq!(world.telegram.press_is_told(4), "");
    wait_until_idle(&mut world);
    assert_eq!(
        world.gemini.calls().len(),
        3,
        "a guest of an open group may"
    );
    world.stop();
}

#[test]
fn a_question_that_is_changed_while_it_is_answered_is_asked_as_it_is_now() {
    for dies in [false, true] {
        let mut world = World::new().start();
        let owner = world.telegram.person(1);
        world.gemini.everyone().answers(Fault::Line(Trouble::Hang));
        let question = owner.says("wrong");
        world.gemini.awaits_calls(1);
        if dies {
            owner.edits(question, "right");
            world.gemini.awaits_calls(2);
            world.kill();
            world.gemini.everyone().recovers();
            world.restart();
        } else {
            world.gemini.everyone().recovers();
            owner.edits(question, "right");
        }
        world.telegram.comes_to_show(1, &["echo[0 rounds]: right"]);
        wait_until_idle(&mut world);
        assert_eq!(world.gemini.calls_about("wrong").len(), 1);
        assert_eq!(owner.is_answered("next"), "echo[1 rounds]: next");
        world.stop();
    }
}

#[test]
fn only_the_changed_question_of_a_lane_is_begun_again() {
    let mut world = World::new().start();
    let owner = world.telegram.person(1);
    world.gemini.everyone().answers(Fault::Line(Trouble::Hang));
    let first = owner.says("wrong one");
    world.gemini.awaits_calls(1);
    let second = owner.says("wrong two");
    owner.says("three");
    owner.edits(second, "right two");
    eventually(PATIENCE, "all is confirmed", || world.telegram.is_drained());
    world.gemini.everyone().recovers();
    owner.edits(first, "right one");
    world.telegram.comes_to_show(
        1,
        &[
            "echo[0 rounds]: right one",
            "echo[1 rounds]: right two",
            "echo[2 rounds]: three",
        ],
    );
    wait_until_idle(&mut world);
    assert_eq!(world.gemini.calls_about("wrong two").len(), 0);
    assert_eq!(world.gemini.calls().len(), 4);
    world.stop();
}

#[test]
fn a_question_that_was_changed_and_then_stopped_is_not_asked() {
    let mut world = World::new().start();
    let owner = world.telegram.person(1);
    world.gemini.everyone().answers(Fault::Line(Trouble::Hang));
    let question = owner.says("wrong");
    world.gemini.awaits_calls(1);
    owner.edits(question, "right");
    owner.asks("/stop");
    world.gemini.everyone().recovers();
    assert_eq!(owner.is_answered("next"), "echo[0 rounds]: next");
    wait_until_idle(&mut world);
    let asked = world.gemini.calls_about("right").len();
    world.kill();
    world.restart();
    owner.is_answered("a fence");
    assert_eq!(world.gemini.calls_about("right").len(), asked);
    world.stop();
}

#[test]
fn changing_the_newest_question_replaces_its_answer() {
    for dies in [false, true] {
        let mut world = World::new().start();
        let owner = world.telegram.person(1);
        let old = owner.says("one");
        owner.hears();
        let newest = owner.says("two");
        owner.hears();
        world.notes_all();
        die_if(&mut world, dies);
        // Of an older question nothing follows, nor of a change that is none.
        owner.edits(old, "another one");
        owner.edits(newest, "two");
        owner.edits(newest, "/new");
        wait_until_idle(&mut world);
        assert_eq!(world.gemini.calls().len(), 2);
        if dies {
            world.gemini.everyone().answers(Fault::Line(Trouble::Hang));
            owner.edits(newest, "two, please");
            world.gemini.awaits_calls(3);
            eventually(PATIENCE, "all is confirmed", || world.telegram.is_drained());
            world.kill();
            world.gemini.everyone().recovers();
            world.restart();
        } else {
            owner.edits(newest, "two, please");
        }
        let shown = ["echo[0 rounds]: one", "echo[1 rounds]: two, please"];
        world.telegram.comes_to_show(1, &shown);
        wait_until_idle(&mut world);
        world.notes_all();
        owner.edits(newest, "two again");
        let shown = ["echo[0 rounds]: one", "echo[1 rounds]: two again"];
        world.telegram.comes_to_show(1, &shown);
        assert_eq!(owner.is_answered("three"), "echo[2 rounds]: three");
        world.stop();
    }
}

#[test]
fn in_a_group_a_change_counts_only_where_the_bot_was_spoken_to() {
    let mut world = World::new().env("GROUPS", "open").start();
    world.telegram.person(1).asks("/grant 7 normal");
    let group = world.telegram.group(-123);
    let ann = group.member(7);
    let question = ann.says("@testbot hello");
    let answer = group.hears();
    assert_eq!(answer.text, "echo[0 rounds]: P7: hello");
    let aside = ann.says("to the others");
    ann.edits(aside, "to all the others");
    ann.edits(question, "@testbot goodbye");
    let shown = ["echo[0 rounds]: P7: goodbye"];
    world.telegram.comes_to_show(-123, &shown);
    wait_until_idle(&mut world);
    assert_eq!(world.gemini.calls().len(), 2);
    assert_eq!(world.telegram.shows(-123)[0].id, answer.id);
    world.stop();
}

#[test]
fn an_answer_whose_message_was_deleted_is_sent_anew() {
    let world = World::new().start();
    let owner = world.telegram.person(1);
    let question = owner.says("one");
    let answer = owner.hears();
    world.notes_all();
    world.telegram.loses(1, answer.id);
    owner.edits(question, "two");
    assert_eq!(owner.hears().text, "echo[0 rounds]: two");
    world.notes_all();
    owner.edits(question, "three");
    world.telegram.comes_to_show(1, &["echo[0 rounds]: three"]);
    world.stop();
}

#[test]
fn a_reply_to_an_old_answer_goes_on_from_there() {
    for dies in [false, true] {
        let mut world = World::new().start();
        let owner = world.telegram.person(1);
        let mut answers = Vec::new();
        for question in ["one", "two", "three"] {
            owner.says(question);
            answers.push(owner.hears().id);
        }
        world.notes_all();
        die_if(&mut world, dies);
        owner.replies(answers[1], "more of that");
        assert_eq!(owner.hears().text, "echo[2 rounds]: more of that");
        let call = &world.gemini.calls()[3];
        let expected = [
            "one",
            "echo[0 rounds]: one",
            "two",
            "echo[1 rounds]: two",
            "more of that",
        ];
        assert_eq!(said(call), expected);
        // What follows without a reply goes on at the end.
        assert_eq!(owner.is_answered("next"), "echo[4 rounds]: next");
        world.stop();
    }
}

#[test]
fn a_reply_is_about_its_answer_also_when_another_question_waits() {
    let world = World::new().start();
    let owner = world.telegram.person(1);
    owner.says("one");
    let answer = owner.hears().id;
    world.notes_all();
    world.gemini.works_for(Duration::from_millis(300));
    owner.says("two");
    world.gemini.awaits_calls(2);
    owner.replies(answer, "more of that");
    owner.hears_about("two");
    assert_eq!(owner.hears().text, "echo[1 rounds]: more of that");
    world.stop();
}

#[test]
fn a_paste_that_came_in_pieces_is_one_question() {
    let mut world = World::new().start();
    let owner = world.telegram.person(1);
    let (full, line) = ("x".repeat(4096), "y".repeat(4000));
    owner.says(&full);
    owner.says(&line);
    owner.says("the end");
    owner.hears();
    let joined = format!("{full}{line}\nthe end");
    assert_eq!(world.gemini.calls()[0].question(), joined);
    assert_eq!(world.gemini.calls().len(), 1);
    // A batch of its own for each, and the bot busy with somebody else.
    world.gemini.works_for(Duration::from_millis(300));
    owner.says(&full);
    eventually(PATIENCE, "the first is stored", || {
        world.telegram.is_drained()
    });
    world.telegram.person(1).in_topic(50).says("elsewhere");
    owner.says("and this");
    eventually(PATIENCE, "it is answered", || {
        let asked = world.gemini.calls_about("and this");
        asked.len() == 1 && asked[0].question() == format!("{full}and this")
    });
    wait_until_idle(&mut world);
    // One that stays alone is answered all the same, also when the bot dies while it waits.
    let asked = world.gemini.calls().len();
    owner.says(&line);
    eventually(PATIENCE, "it is stored", || world.telegram.is_drained());
    world.kill();
    world.restart();
    owner.says("another question");
    world.gemini.awaits_calls(asked + 2);
    wait_until_idle(&mut world);
    let calls = world.gemini.calls();
    assert_eq!(calls.len(), asked + 2);
    assert_eq!(calls[asked].question(), line);
    assert_eq!(calls[asked + 1].question(), "another question");
    world.stop();
}

#[test]
fn pieces_that_waited_while_the_bot_was_away_are_joined_in_one_batch() {
    let mut world = World::new().prepare();
    let owner = world.telegram.person(1);
    let full = "x".repeat(4096);
    owner.says(&full);
    owner.says(&full);
    owner.says("the end");
    owner.says("another question");
    world.restart();
    world.gemini.awaits_calls(2);
    let calls = world.gemini.calls();
    assert_eq!(calls[0].question(), format!("{full}{full}the end"));
    assert_eq!(calls[1].question(), "another question");
    world.stop();
}

#[test]
fn what_is_held_back_can_be_stopped_and_is_not_joined_with_a_reply() {
    let mut world = World::new().start();
    let owner = world.telegram.person(1);
    owner.says("hello");
    let answer = owner.hears();
    world.notes_all();
    let full = "x".repeat(4096);
    owner.says(&full);
    owner.replies(answer.id, "what about this?");
    world.gemini.awaits_calls(3);
    assert_eq!(world.gemini.calls()[1].question(), full);
    wait_until_idle(&mut world);
    owner.says(&"y".repeat(4096));
    owner.asks("/stop");
    wait_until_idle(&mut world);
    let asked = world.gemini.calls_about("yyyy").len();
    world.kill();
    world.restart();
    owner.is_answered("a fence");
    assert_eq!(world.gemini.calls_about("yyyy").len(), asked);
    let shown = world.telegram.shows(1);
    assert!(!shown.iter().any(|message| message.text.contains("yyyy")));
    world.stop();
}

#[test]
fn a_stale_question_is_answered_as_it_was_changed() {
    let mut world = World::new().prepare();
    let owner = world.telegram.person(1);
    let ago = Duration::from_mins(31);
    let question = owner.clone().some_time_ago(ago).says("wrong");
    world.restart();
    let notice = owner.hears();
    owner.edits(question, "right");
    wait_until_idle(&mut world);
    assert_eq!(world.gemini.calls().len(), 0);
    world.kill();
    world.restart();
    owner.presses_data(notice.id, "held");
    owner.hears_about("echo[0 rounds]: right");
    world.stop();
}
