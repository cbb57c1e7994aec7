//! Who goes first when not all can be served at once, and whose keys serve whom.

use std::time::Duration;

use crate::world::{Builder, PATIENCE, World, eventually};

/// One turn at once; owners 1 to 9.
fn crowded() -> Builder {
    World::new()
        .env("OWNER_IDS", "1,2,3,4,5,6,7,8,9")
        .open()
        .env("GROUPS", "open")
        .env("MAX_IN_FLIGHT", "1")
        .env("STREAM", "off")
        .env("VIP_SEATS", "100")
}

/// Grants these people their roles: 11 to 29 are VIPs, 31 to 49 Premium, 51 to 69 Normal.
fn grants(world: &World, people: &[i64]) {
    for (number, id) in people.iter().enumerate() {
        let role = match id {
            11..=29 => "vip",
            31..=49 => "premium",
            51..=69 => "normal",
            _ => continue,
        };
        // Each Owner's chat hears a few at once.
        let owner = i64::try_from(number % 9).unwrap() + 1;
        world
            .telegram
            .person(owner)
            .asks(&format!("/grant {id} {role}"));
    }
}

/// The place of a person's role in the order of priority.
fn rank(id: i64) -> i64 {
    match id {
        1..=9 => 0,
        11..=29 => 1,
        31..=49 => 2,
        51..=69 => 3,
        _ => 4,
    }
}

/// A question of a guest holds the one place until it is let go, also over restarts.
fn is_blocked(world: &World) {
    world.gemini.holds("blocker");
    world.telegram.person(99).says("blocker");
    world.gemini.awaits_calls(1);
}

/// Whose questions the model got after the held one, in their order; each ends with its asker's id.
fn served(world: &World, asked: usize) -> Vec<i64> {
    let is_other = |question: &String| !question.contains("blocker");
    let mut questions = Vec::new();
    eventually(PATIENCE, "all are asked", || {
        let calls = world.gemini.calls().into_iter();
        questions = calls.map(|call| call.question()).filter(is_other).collect();
        questions.len() >= asked
    });
    let id = |question: &String| {
        let (_, id) = question.trim().rsplit_once(' ').unwrap();
        id.parse().unwrap()
    };
    questions.iter().map(id).collect()
}

#[test]
fn the_order_follows_the_roles_and_who_has_waited_long_enough_goes_first() {
    // The last to come have the best roles.
    let people = [102, 101, 52, 51, 32, 31, 12, 11, 2, 1];
    let mut world = crowded().start();
    grants(&world, &people);
    is_blocked(&world);
    let patient = world.telegram.person(103);
    patient.says("a patient question of 103");
    eventually(PATIENCE, "the patient one waits", || {
        world.questions() == (1, 1)
    });
    world.terminate();
    // An Owner may come by a minute later than a guest and still go first.
    world.moves_on(Duration::from_secs(61));
    for id in people {
        world
            .telegram
            .person(id)
            .says(&format!("a question of {id}"));
    }
    world.restart();
    eventually(PATIENCE, "all wait", || world.questions() == (11, 1));
    world.gemini.lets_go("blocker");
    let served = served(&world, 11);
    assert_eq!(served, [103, 2, 1, 12, 11, 32, 31, 52, 51, 102, 101]);
    eprintln!(
        "a guest waited for 0 of 10 who came a minute later, and for 8 of 8 who came with them"
    );
    world.stop();
}

#[test]
fn of_fifty_in_one_group_nobody_waits_for_more_than_those_ahead_of_them() {
    let ids = [1..=9, 11..=19, 31..=40, 51..=60, 101..=112];
    // As a group writes: everybody in between everybody.
    let mut people: Vec<i64> = ids.into_iter().flatten().collect();
    people.sort_by_key(|id| (id * 7) % 53);
    assert_eq!(people.len(), 50);
    let mut world = crowded().start();
    grants(&world, &people);
    is_blocked(&world);
    world.terminate();
    let group = world.telegram.group(-123);
    for id in &people {
        let member = group.member(*id);
        member.says(&format!("@testbot a question of {id}"));
    }
    world.restart();
    eventually(PATIENCE, "all wait", || world.questions() == (50, 1));
    // Control waits for none of them.
    group.member(112).says("/status@testbot");
    assert!(group.hears().text.contains("Questions: 50 waiting"));
    group.member(111).says("/stop@testbot");
    assert_eq!(group.hears().text, "Stopped.");
    group.member(1).says("/stop@testbot");
    assert_eq!(group.hears().text, "Stopped.");
    let owner = world.telegram.person(2);
    assert!(owner.asks("/ban 110").contains("is banned"));
    eventually(PATIENCE, "three have gone", || world.questions() == (47, 1));
    people.retain(|id| ![1, 110, 111].contains(id));
    world.gemini.lets_go("blocker");
    let served = served(&world, 47);
    // Those of one role in the order in which they wrote.
    people.sort_by_key(|id| rank(*id));
    assert_eq!(served, people);
    world.stop();
}

/// How often each group's key was called for so many people of a role who ask at once.
fn calls_for(role: &str, people: i64) -> [usize; 4] {
    let world = World::new()
        .open()
        .without("GEMINI_API_KEYS")
        .keys("A", &["a1"])
        .keys("B", &["b1"])
        .keys("C", &["c1"])
        .keys("D", &["d1"])
        .env("KEY_RPM", "10")
        .env("VIP_SEATS", "100")
        .env("OWNER_IDS", "1,2,3,4,5,6,7,8,9")
        .start();
    let people: Vec<i64> = (101..101 + people).collect();
    for (number, id) in people.iter().enumerate() {
        let owner = i64::try_from(number % 9).unwrap() + 1;
        let owner = world.telegram.person(owner);
        owner.asks(&format!("/grant {id} {role}"));
    }
    for id in &people {
        world.telegram.person(*id).says("hello");
    }
    for id in &people {
        // An answer, or that there is none for now.
        world.telegram.person(*id).hears();
    }
    let calls = ["a1", "b1", "c1", "d1"].map(|key| world.gemini.calls_by(key));
    eprintln!("{role}: calls with a key of A, B, C, D: {calls:?}");
    world.stop();
    calls
}

#[test]
fn a_burst_of_any_role_uses_its_own_keys_and_those_below_and_never_those_above() {
    // Two small models of ten a minute each; a lower group lends six of each.
    let [a, b, c, d] = calls_for("guest", 30);
    assert_eq!((a, b, c), (0, 0, 0));
    assert_eq!(d, 20);
    let [a, b, c, d] = calls_for("normal", 24);
    assert_eq!((a, b), (0, 0));
    assert!(c > 0 && d > 0, "{c} {d}");
    let [a, b, c, d] = calls_for("premium", 24);
    assert_eq!(a, 0);
    assert!(b > 0 && c + d > 0, "{b} {c} {d}");
    let [a, b, c, d] = calls_for("vip", 24);
    assert!(a > 0 && b + c + d > 0, "{a} {b} {c} {d}");
}
