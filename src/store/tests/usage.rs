//! What people used on each day: found again, summed up, and forgotten in time.

use super::*;
use crate::catalog::Tier;
use crate::keys::Group;
use crate::people::fair_share::Had;
use crate::people::usage::Usage;

/// Lets messages of a person in, one at each of these moments, and has the last answered by Flash.
fn uses(store: &Store, day: i32, person: i64, moments: &[u64]) {
    let moments = moments.to_vec();
    done(store, move |rows| {
        let mut of = rows.day_of(day, UserId(person))?;
        for at in &moments {
            of.usage.asked();
            of.recent.push(Timestamp(*at));
        }
        of.usage.answered(Tier::Flash);
        rows.put_day_of(day, UserId(person), &of)
    });
}

#[test]
fn what_people_use_is_found_by_day_and_person_and_summed_up() {
    let folder = Folder::new();
    let store = folder.open();
    for (day, person) in [(5, 7), (5, -100), (5, i64::MAX), (7, 7), (7, 8), (8, 7)] {
        uses(&store, day, person, &[1, 2, 3]);
    }
    store.close().unwrap();
    let store = folder.open();
    let one = Usage {
        messages: 3,
        flash: 1,
        ..Usage::default()
    };
    let mut three = one;
    three += one;
    let two = three;
    three += one;
    let of = |person, days| store.read_now(|rows| rows.usage_of(UserId(person), days));
    assert_eq!(of(7, 5..=7).unwrap(), [(5, one), (7, one)]);
    assert_eq!(of(8, 0..=9).unwrap(), [(7, one)]);
    assert_eq!(of(9, 0..=9).unwrap(), []);
    let all = |days| store.read_now(|rows| rows.usage_of_all(days)).unwrap();
    assert_eq!(all(5..=7), [(5, three, 3), (7, two, 2)]);
    assert_eq!(all(6..=6), []);
    assert_eq!(all(8..=i32::MAX), [(8, one, 1)]);
}

#[test]
fn old_days_are_forgotten_and_others_kept() {
    let folder = Folder::new();
    let store = folder.open();
    for (day, person) in [(-1, 7), (4, 7), (4, 8), (5, -7), (6, 7)] {
        uses(&store, day, person, &[1]);
    }
    let prune = || done(&store, |rows| rows.prune_days(5));
    assert_eq!((prune(), prune()), (3, 0));
    let days = |person| {
        let read = |rows: &Read| rows.usage_of(UserId(person), -9..=9);
        let days = store.read_now(read).unwrap().into_iter();
        days.map(|(day, _)| day).collect::<Vec<_>>()
    };
    assert_eq!((days(7), days(8), days(-7)), (vec![6], vec![], vec![5]));
}

#[test]
fn the_last_minute_of_a_day_is_part_of_the_next() {
    let folder = Folder::new();
    let store = folder.open();
    uses(&store, 5, 7, &[1_000, 2_000]);
    uses(&store, 6, 8, &[3_000]);
    let of = |day, person| {
        let of = done(&store, move |rows| rows.day_of(day, UserId(person)));
        (of.usage.messages, of.recent)
    };
    let both = vec![Timestamp(1_000), Timestamp(2_000)];
    assert_eq!(of(5, 7), (2, both.clone()));
    assert_eq!(of(6, 7), (0, both));
    assert_eq!(of(7, 7), (0, vec![]));
    assert_eq!(of(6, 8), (1, vec![Timestamp(3_000)]));
}

#[test]
fn what_people_had_of_keys_is_counted_by_day_and_keys_and_all_together() {
    let folder = Folder::new();
    let store = folder.open();
    let had = |answers, people| Had { answers, people };
    let pots = [None, Some(Group::A), Some(Group::D)];
    for day in [5, 6] {
        for pot in pots {
            for (person, tier) in [
                (7, Tier::Flash),
                (7, Tier::Pro),
                (7, Tier::Lite),
                (8, Tier::Lite),
                (-9, Tier::Flash),
            ] {
                let person = UserId(person);
                done(&store, move |rows| rows.add_had(day, pot, (person, tier)));
            }
        }
    }
    store.close().unwrap();
    let store = folder.open();
    let of = |day, pot, person| {
        let read = |rows: &Read| rows.had(day, pot, UserId(person));
        store.read_now(read).unwrap()
    };
    for pot in pots {
        assert_eq!(of(5, pot, 7), (had(2, 1), had(3, 3)));
        assert_eq!(of(6, pot, 8), (had(0, 1), had(3, 3)));
        assert_eq!(of(6, pot, -9), (had(1, 1), had(3, 3)));
        assert_eq!(of(6, pot, 10), (had(0, 0), had(3, 3)));
    }
    assert_eq!(of(6, Some(Group::B), 7), (had(0, 0), had(0, 0)));
    let prune = || done(&store, |rows| rows.prune_had(6));
    assert_eq!((prune(), prune()), (12, 0));
    assert_eq!(of(5, None, 7), (had(0, 0), had(0, 0)));
    assert_eq!(of(6, None, 7), (had(2, 1), had(3, 3)));
}

#[test]
fn the_moments_of_strangers_outlive_a_restart() {
    let folder = Folder::new();
    let store = folder.open();
    assert_eq!(done(&store, |rows| rows.strangers()), []);
    let moments = [Timestamp(1), Timestamp(1 << 60)];
    done(&store, move |rows| rows.put_strangers(moments.to_vec()));
    store.close().unwrap();
    let store = folder.open();
    assert_eq!(done(&store, |rows| rows.strangers()), moments);
}
