use super::*;

fn plan(kind: Kind, fleet: usize, load: u32) -> Plan {
    Plan {
        kind,
        fleet,
        load,
        minutes: 60,
        seed: 3,
    }
}

#[test]
fn one_seed_makes_one_trace() {
    for kind in Kind::all() {
        let (one, two) = [(); 2].map(|()| trace::trace(plan(kind, 25, 80))).into();
        assert_eq!(one.questions, two.questions, "{kind:?}");
        assert_eq!(one.world.faults, two.world.faults, "{kind:?}");
        let other = trace::trace(Plan {
            seed: 4,
            ..plan(kind, 25, 80)
        });
        assert_ne!(one.questions, other.questions, "{kind:?}");
    }
}

#[test]
fn questions_come_in_order_and_their_number_is_their_place() {
    for kind in Kind::all() {
        let trace = trace::trace(plan(kind, 5, 120));
        let questions = &trace.questions;
        assert!(
            questions
                .iter()
                .enumerate()
                .all(|(place, it)| it.id == place)
        );
        assert!(questions.is_sorted_by_key(|it| it.at), "{kind:?}");
    }
}

#[test]
fn the_load_is_a_share_of_what_the_fleet_may_do() {
    // 12 a minute and key of the small catalogue; 318 a day and key of the shipped one.
    let cases = [
        (Kind::Steady, 25, 80, 12.0 * 60.0 * 25.0 * 0.8),
        (Kind::Bursts, 25, 80, 12.0 * 60.0 * 25.0 * 0.8),
        (Kind::Steady, 250, 50, 12.0 * 60.0 * 250.0 * 0.5),
        (Kind::SharedProjects, 25, 100, 12.0 * 60.0 * 13.0),
        // Three of five, and one of two.
        (Kind::WrongLimits, 25, 100, 7.0 * 60.0 * 25.0),
        (Kind::Exhaustion, 25, 100, 318.0 * 25.0 * 7.0 / 6.0),
        (Kind::Day, 25, 100, 318.0 * 25.0),
        (Kind::SummerBegins, 25, 100, 318.0 * 25.0 * 29.0 / 24.0),
        (Kind::SummerEnds, 25, 100, 318.0 * 25.0 * 31.0 / 24.0),
    ];
    for (kind, fleet, load, expected) in cases {
        let questions = trace::trace(plan(kind, fleet, load)).questions.len();
        let asked = f64::from(u32::try_from(questions).unwrap());
        let ratio = asked / expected;
        assert!((0.96..1.04).contains(&ratio), "{kind:?} {fleet}: {ratio}");
    }
}

#[test]
fn a_night_is_quiet() {
    let trace = trace::trace(plan(Kind::Day, 25, 100));
    let midnight = crate::keys::pacific::day_of(noon()).began;
    let asked = |from: u64, until: u64| {
        let hours = Duration::from_hours(from)..Duration::from_hours(until);
        let questions = trace.questions.iter();
        let that_day = questions.filter(|it| it.at >= midnight);
        that_day
            .filter(|it| hours.contains(&it.at.since(midnight)))
            .count()
    };
    assert!(asked(0, 3) * 5 < asked(10, 13));
}

#[test]
fn most_questions_are_small_and_groups_ask_by_their_keys() {
    let trace = trace::trace(plan(Kind::Steady, 25, 80));
    let part = |test: &dyn Fn(&Question) -> bool| {
        let found = trace.questions.iter().filter(|it| test(it)).count();
        found * 100 / trace.questions.len()
    };
    assert!((15..19).contains(&part(&|it| it.tier == Tier::Flash)));
    for (group, keys) in [(Group::A, 6), (Group::C, 6), (Group::D, 7)] {
        assert!(part(&|it| it.group == group).abs_diff(keys * 4) < 2);
    }
}

#[test]
fn every_second_burst_comes_from_one_group() {
    let trace = trace::trace(plan(Kind::Bursts, 25, 80));
    let begins = trace.questions[0].at;
    let mut by_minute = std::collections::BTreeMap::<u64, Vec<Group>>::new();
    for question in &trace.questions {
        let minute = question.at.since(begins).as_secs() / 30;
        by_minute.entry(minute).or_default().push(question.group);
    }
    let mean = trace.questions.len() / by_minute.len();
    let high = by_minute.values().filter(|asked| asked.len() > mean * 2);
    let of_one = |asked: &&Vec<Group>| {
        [Group::A, Group::B, Group::C, Group::D]
            .iter()
            .any(|group| {
                let found = asked.iter().filter(|it| *it == group).count();
                found * 2 > asked.len()
            })
    };
    let (high, hot) = (high.clone().count(), high.filter(of_one).count());
    assert!(high >= 12, "{high}");
    assert!(hot * 3 > high && hot * 3 < high * 2, "{hot} of {high}");
}

#[test]
fn fleets_stand_in_four_groups_or_in_none() {
    let groups = |keys| {
        let fleet = trace::fleet(keys, 1);
        [
            Some(Group::A),
            Some(Group::B),
            Some(Group::C),
            Some(Group::D),
            None,
        ]
        .map(|group| fleet.iter().filter(|key| key.group == group).count())
    };
    assert_eq!(groups(1), [0, 0, 0, 0, 1]);
    assert_eq!(groups(5), [0, 0, 0, 0, 5]);
    assert_eq!(groups(25), [6, 6, 6, 7, 0]);
    assert_eq!(groups(250), [62, 62, 62, 64, 0]);
    let shared = trace::fleet(25, 2);
    assert_eq!(
        (shared[4].project, shared[5].project, shared[6].project),
        (2, 2, 3)
    );
}

#[test]
fn keys_that_die_are_spread_over_the_groups() {
    let trace = trace::trace(plan(Kind::Everything, 25, 80));
    let end = Timestamp(u64::MAX);
    let dead: Vec<usize> = (0..25)
        .filter(|key| trace.world.is_dead(*key, end))
        .collect();
    assert_eq!(dead, [0, 8, 16]);
    let begins = trace.questions[0].at;
    assert!(dead.iter().all(|key| !trace.world.is_dead(*key, begins)));
}

#[test]
fn refused_keys_are_as_many_as_the_trace_says_and_stand_in_all_groups() {
    for habit in Habit::ALL {
        let Habit::Refused(Refusals { keys, at_once, .. }) = habit else {
            continue;
        };
        let trace = trace::trace(plan(Kind::Seen(habit), 25, 80));
        let faults = &trace.world.faults;
        assert_eq!(faults.len(), keys);
        let moments: std::collections::BTreeSet<_> = faults.iter().map(|it| it.from).collect();
        assert_eq!(moments.len(), if at_once { 1 } else { keys });
        let is_sound = |key: &usize| trace.world.is_sound(*key, Timestamp(u64::MAX));
        let sound: Vec<usize> = (0..25).filter(is_sound).collect();
        assert_eq!(sound.len(), 25 - keys);
        let groups = sound.iter().map(|key| trace.world.keys[*key].group);
        let groups: std::collections::BTreeSet<_> = groups.collect();
        assert_eq!(groups.len(), 4, "{habit:?}");
    }
}
