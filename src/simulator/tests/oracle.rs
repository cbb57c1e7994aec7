use super::super::oracle::{Start, serve};
use super::*;

const LITE: Tier = Tier::Lite;

fn served(trace: &Trace) -> usize {
    serve(trace).iter().flatten().count()
}

/// Seconds after noon at which each question starts, with project and model.
fn plan(trace: &Trace) -> Vec<Option<(u64, usize, usize)>> {
    let starts = serve(trace).into_iter();
    let plain = |start: Start| (start.at.since(noon()).as_secs(), start.project, start.model);
    starts.map(|start| start.map(plain)).collect()
}

#[test]
fn a_question_waits_its_fifteen_seconds_for_a_slot_and_no_longer() {
    let asked = [0, 0, 0, 44, 45, 46].map(|secs| (secs, Group::A, LITE));
    let trace = trace_of(world(&[None]), &asked);
    let found: Vec<_> = plan(&trace).iter().map(|it| it.map(|it| it.0)).collect();
    assert_eq!(found, [Some(0), Some(0), Some(0), None, Some(60), Some(60)]);
}

#[test]
fn a_lender_keeps_two_fifths_of_its_minute() {
    // 60 % of three is one: A borrows one slot of D and none of its own is left.
    let asked = [(0, Group::A, LITE); 6];
    let trace = trace_of(world(&[Some(Group::A), Some(Group::D)]), &asked);
    let found: Vec<_> = plan(&trace).iter().map(|it| it.map(|it| it.1)).collect();
    assert_eq!(found, [Some(0), Some(0), Some(0), Some(1), None, None]);
}

#[test]
fn nobody_borrows_upward() {
    let asked = [(0, Group::D, LITE); 5];
    let trace = trace_of(world(&[Some(Group::A), Some(Group::D)]), &asked);
    assert_eq!(served(&trace), 3);
}

#[test]
fn a_question_falls_to_a_smaller_tier_and_never_rises() {
    let asked = [(0, Group::A, Tier::Flash); 3];
    let trace = trace_of(world(&[None]), &asked);
    let found: Vec<_> = plan(&trace).iter().map(|it| it.map(|it| it.2)).collect();
    assert_eq!(found, [Some(1), Some(0), Some(0)]);
    let asked = [(0, Group::A, LITE); 5];
    assert_eq!(served(&trace_of(world(&[None]), &asked)), 3);
}

#[test]
fn the_owners_cap_of_a_day_binds() {
    // 12 a day, one every 20 seconds.
    let asked: Vec<_> = (0..20).map(|nth| (nth * 20, Group::A, LITE)).collect();
    assert_eq!(served(&trace_of(world(&[None]), &asked)), 12);
}

#[test]
fn the_true_minute_binds_where_it_is_lower() {
    let mut strict = world(&[None]);
    strict.truth[0].minute = 2;
    assert_eq!(served(&trace_of(strict, &[(0, Group::A, LITE); 3])), 2);
}

#[test]
fn what_fails_is_not_called() {
    let at = |secs| noon().after(seconds(secs));
    let cases = [
        (Trouble::KeyDies { key: 0 }, None),
        (Trouble::ModelOut { model: 0 }, Some(18)),
        (Trouble::Throttle, Some(18)),
        (
            Trouble::KeyOdd {
                key: 0,
                percent: 100,
            },
            Some(18),
        ),
        (Trouble::ModelOut { model: 1 }, Some(10)),
        (Trouble::ThrottleAbove { calls: 1 }, Some(10)),
        (Trouble::ModelThrottled { model: 0 }, Some(18)),
        (Trouble::ModelThrottled { model: 1 }, Some(10)),
        (Trouble::DayDenied { model: 0 }, Some(18)),
        (Trouble::KeyDisowned { key: 0 }, None),
        (Trouble::KeyShutOut { key: 0 }, Some(18)),
        (Trouble::ProxyDown, Some(18)),
        (Trouble::Firewall { one_in: 1 }, None),
    ];
    for (trouble, expected) in cases {
        let mut broken = world(&[None]);
        broken.plan(at(5), seconds(13), trouble);
        let trace = trace_of(broken, &[(0, Group::A, LITE), (10, Group::A, LITE)]);
        let found: Vec<_> = plan(&trace).iter().map(|it| it.map(|it| it.0)).collect();
        assert_eq!(found, [Some(0), expected], "{trouble:?}");
    }
}

#[test]
fn a_throttled_address_is_used_at_its_pace() {
    let mut slow = world(&[None, None]);
    slow.plan(noon(), seconds(60), Trouble::ThrottleAbove { calls: 1 });
    let trace = trace_of(slow, &[(0, Group::A, LITE); 3]);
    let found: Vec<_> = plan(&trace).iter().map(|it| it.map(|it| it.0)).collect();
    assert_eq!(found, [Some(0), Some(10), None]);
}

#[test]
fn chance_costs_the_oracle_quota_too() {
    let mut shaky = world(&[None]);
    shaky.truth[0].day = u32::MAX;
    shaky.owner.daily_percent = 101;
    let asked: Vec<_> = (0..600).map(|nth| (nth * 20, Group::A, LITE)).collect();
    let trouble = Trouble::ModelShaky {
        model: 0,
        percent: 30,
        internal: false,
    };
    shaky.plan(noon(), Duration::from_hours(4), trouble);
    let found = served(&trace_of(shaky, &asked));
    assert!((380..460).contains(&found), "{found}");
}

#[test]
fn a_verdict_by_chance_costs_the_oracle_a_call() {
    for trouble in [
        Trouble::Region { one_in: 3 },
        Trouble::ModelFlaps {
            model: 0,
            one_in: 3,
        },
    ] {
        let mut shaky = world(&[None]);
        shaky.truth[0].day = u32::MAX;
        shaky.owner.daily_percent = 101;
        shaky.plan(noon(), Duration::from_hours(4), trouble);
        let asked: Vec<_> = (0..600).map(|nth| (nth * 20, Group::A, LITE)).collect();
        let found = served(&trace_of(shaky, &asked));
        assert!((360..440).contains(&found), "{trouble:?}: {found}");
    }
}

#[test]
fn what_the_service_allows_later_is_used_from_then_on() {
    let mut rising = world(&[None]);
    rising.rise = Some(Rise {
        at: noon().after(seconds(30)),
        before: vec![
            Limits {
                minute: 1,
                day: 2,
                ..rising.truth[0]
            },
            rising.truth[1],
        ],
    });
    let asked = [0, 0, 30, 30, 30].map(|secs| (secs, Group::A, LITE));
    let found: Vec<_> = plan(&trace_of(rising, &asked))
        .iter()
        .map(|it| it.map(|it| it.0))
        .collect();
    assert_eq!(found, [Some(0), None, Some(30), Some(30), None]);
}

#[test]
fn a_day_that_begins_late_is_waited_for() {
    let mut late = world(&[None]);
    late.truth[0].day = 2;
    late.late = seconds(1_200);
    let midnight = crate::keys::pacific::day_of(noon())
        .ends
        .since(noon())
        .as_secs();
    let asked = [
        0,
        60,
        midnight,
        midnight + 1_184,
        midnight + 1_185,
        midnight + 1_200,
    ];
    let trace = trace_of(late, &asked.map(|secs| (secs, Group::A, LITE)));
    let found: Vec<_> = plan(&trace).iter().map(|it| it.map(|it| it.0)).collect();
    let begins = midnight + 1_200;
    assert_eq!(
        found,
        [Some(0), Some(60), None, None, Some(begins), Some(begins)]
    );
}

/// The most questions that can be served, by trying everything on a grid of five seconds.
fn optimum(trace: &Trace, caps: &[u32]) -> usize {
    fn go(asked: &[u64], limits: (u32, &[u32]), starts: &mut Vec<Vec<u64>>) -> usize {
        let Some((first, rest)) = asked.split_first() else {
            return 0;
        };
        let mut best = go(rest, limits, starts);
        for bucket in 0..starts.len() {
            for wait in [0, 5, 10, 15] {
                starts[bucket].push(first + wait);
                if holds(&starts[bucket], limits.0, limits.1[bucket]) {
                    best = best.max(1 + go(rest, limits, starts));
                }
                starts[bucket].pop();
            }
        }
        best
    }
    fn holds(starts: &[u64], minute: u32, cap: u32) -> bool {
        let minute = usize::try_from(minute).unwrap();
        let full = starts.iter().any(|end| {
            let recent = starts.iter().filter(|at| *at <= end && end - *at < 60);
            recent.count() > minute
        });
        !full && starts.len() <= usize::try_from(cap).unwrap()
    }
    let asked = trace
        .questions
        .iter()
        .map(|it| it.at.since(noon()).as_secs());
    let asked: Vec<u64> = asked.collect();
    let mut starts = vec![Vec::new(); caps.len()];
    go(&asked, (trace.world.truth[0].minute, caps), &mut starts)
}

#[test]
fn greedy_is_the_optimum_for_one_group() {
    let mut rng = fastrand::Rng::with_seed(11);
    let mut lost = 0;
    for nth in 0..400 {
        let projects = rng.usize(1..=2);
        let mut world = world(&vec![None; projects]);
        let own = rng.u32(1..=4);
        world.truth[0].minute = rng.u32(1..=2);
        world.truth[0].day = own;
        let questions = if projects == 1 { 6 } else { 5 };
        let mut moments: Vec<u64> = (0..questions).map(|_| rng.u64(0..28) * 5).collect();
        moments.sort_unstable();
        let asked: Vec<_> = moments.iter().map(|at| (*at, Group::A, LITE)).collect();
        let trace = trace_of(world, &asked);
        let best = optimum(&trace, &vec![own; projects]);
        assert_eq!(served(&trace), best, "{nth}: {projects} {own} {moments:?}");
        lost += asked.len() - best;
    }
    assert!(lost > 100, "nothing was scarce");
}
