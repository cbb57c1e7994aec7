//! People and groups of whom nothing is kept any longer.

use std::time::Duration;

use super::*;
use crate::chat::Role;
use crate::people::knock::Knock;
use crate::people::person::{Grant, Held};
use crate::people::usage::DayOf;

const OWNER: UserId = UserId(1);
const DAY: Duration = Duration::from_hours(24);
const NOW: Timestamp = Timestamp::from_secs(1_795_000_000);

fn days_ago(days: u32) -> Timestamp {
    NOW.before(DAY * days)
}

fn unseen() -> Unseen {
    Unseen {
        since: days_ago(90),
        owners: vec![OWNER],
        held_since: days_ago(7),
    }
}

/// Somebody who was here first and last so many days ago.
fn seen(first: u32, last: u32) -> Person {
    Person {
        first_seen: days_ago(first),
        last_seen: days_ago(last),
        knock: Some(Knock::new(days_ago(first), "hello")),
        ..person("Ann", 0)
    }
}

fn held(told: u32) -> Held {
    Held {
        message: MessageId(1),
        topic: None,
        text: "held".to_owned(),
        quote: None,
        enclosed: Vec::new(),
        sent: days_ago(told),
        told: days_ago(told),
    }
}

fn put(store: &Store, people: Vec<(i64, Person)>) {
    done(store, move |write| {
        for (id, person) in &people {
            write.put_person(UserId(*id), person)?;
        }
        Ok(())
    });
}

fn prune(store: &Store) -> u64 {
    done(store, |write| write.prune_persons(&unseen()))
}

fn left(store: &Store) -> Vec<(i64, Person)> {
    let mut left = Vec::new();
    let read = store.read_now(|read| read.persons(|id, person| left.push((id.0, person))));
    read.unwrap();
    left
}

#[test]
fn whom_no_owner_gave_or_took_anything_is_forgotten_after_a_while() {
    let folder = Folder::new();
    let store = folder.open();
    let granted = Person {
        grant: Some(Grant {
            role: Role::Guest,
            until: None,
        }),
        ..seen(300, 200)
    };
    let banned = Person {
        banned: Some(days_ago(200)),
        ..seen(300, 200)
    };
    let left_by_bot = Person {
        left: Some(days_ago(100)),
        ..seen(300, 100)
    };
    let forwarded = |days| Person {
        last_seen: Timestamp(0),
        ..seen(days, days)
    };
    let forgotten = |days| Person {
        forgotten: Some(days_ago(days)),
        ..seen(300, 200)
    };
    let stay = vec![
        (-8, granted.clone()),
        (-7, banned.clone()),
        (1, seen(300, 200)),
        (2, seen(300, 89)),
        (3, granted),
        (4, banned),
        (5, forwarded(89)),
        (6, forgotten(89)),
    ];
    let go = vec![
        (-9, left_by_bot),
        (10, seen(300, 91)),
        (11, forwarded(91)),
        (12, forgotten(91)),
    ];
    put(&store, stay.iter().chain(&go).cloned().collect());
    let today = DayOf::default();
    done(&store, move |write| write.put_day_of(5, UserId(10), &today));
    let known = |id| {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().build();
        let person = runtime.unwrap().block_on(store.person(UserId(id)));
        person.unwrap().is_some()
    };
    assert!(known(10));
    assert_eq!(prune(&store), 4);
    assert_eq!(left(&store), stay);
    // Not from memory either.
    assert!(!known(10));
    let used = store.read_now(|read| read.usage_of(UserId(10), 5..=5));
    assert_eq!(used.unwrap().len(), 1, "what limits go by stays");
    assert_eq!(prune(&store), 0);
}

#[test]
fn a_stale_question_is_held_for_a_week_whoever_asked_it() {
    let folder = Folder::new();
    let store = folder.open();
    let holding = |days, grant| Person {
        held: Some(held(days)),
        grant,
        ..seen(20, 1)
    };
    let vip = Some(Grant {
        role: Role::Vip,
        until: None,
    });
    put(
        &store,
        vec![
            (2, holding(8, None)),
            (3, holding(6, None)),
            (4, holding(8, vip)),
            (1, holding(8, None)),
        ],
    );
    assert_eq!(prune(&store), 3);
    let held = left(&store).into_iter();
    let held = held.filter(|(_, person)| person.held.is_some());
    assert_eq!(held.map(|(id, _)| id).collect::<Vec<_>>(), [3]);
    assert_eq!(left(&store).len(), 4);
}

#[test]
fn a_large_registry_is_gone_through_in_bounded_steps_that_go_round() {
    let folder = Folder::new();
    let store = folder.open();
    put(&store, (10..1_210).map(|id| (id, seen(300, 200))).collect());
    put(
        &store,
        (2_000..6_000).map(|id| (id, seen(20, 10))).collect(),
    );
    let steps: Vec<u64> = (0..5).map(|_| prune(&store)).collect();
    assert_eq!(steps, [500, 500, 200, 0, 0]);
    put(&store, vec![(10, seen(300, 200))]);
    let again: Vec<u64> = (0..3).map(|_| prune(&store)).collect();
    assert_eq!(again.iter().sum::<u64>(), 1);
}
