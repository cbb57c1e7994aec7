use super::*;

fn request(key: usize, model: usize, sent: Timestamp) -> Request {
    Request {
        question: 0,
        key,
        model,
        tokens: 1,
        sent,
    }
}

/// Replies to calls of key 0 to model 0, so many milliseconds after noon.
fn replies(world: &World, millis: &[u64]) -> Vec<Reply> {
    let mut upstream = Upstream::new(world);
    let calls = millis.iter().map(|after| {
        let now = noon().after(Duration::from_millis(*after));
        upstream.call(request(0, 0, now), now)
    });
    calls.collect()
}

fn minute(retry: u64) -> Reply {
    Reply::MinuteQuota {
        limit: 3,
        retry: Duration::from_millis(retry),
    }
}

#[test]
fn the_fourth_request_waits_until_the_first_is_a_minute_old() {
    let found = replies(&world(&[None]), &[0, 100, 200, 59_999, 60_000, 60_001]);
    let answer = Reply::Answer;
    let expected = [answer, answer, answer, minute(1), answer, minute(99)];
    assert_eq!(found, expected);
}

#[test]
fn a_burst_across_the_full_minute_is_seen() {
    let found = replies(&world(&[None]), &[59_000, 59_500, 60_000, 60_500]);
    assert_eq!(found.last(), Some(&minute(58_500)));
}

#[test]
fn keys_of_one_project_share_its_minute() {
    let mut shared = world(&[None, None, None]);
    shared.keys[1].project = 0;
    let mut upstream = Upstream::new(&shared);
    let now = noon();
    let found = [0, 1, 0, 1, 2].map(|key| upstream.call(request(key, 0, now), now));
    assert_eq!(found[3], minute(60_000));
    assert_eq!(found[4], Reply::Answer);
    assert_eq!((upstream.busiest(0, 0), upstream.busiest(2, 0)), (3, 1));
    assert_eq!((upstream.provoked, upstream.calls), (1, 5));
}

#[test]
fn tokens_fill_a_minute_too() {
    let world = world(&[None]);
    let mut upstream = Upstream::new(&world);
    let now = noon();
    let heavy = Request {
        tokens: 600,
        ..request(0, 0, now)
    };
    assert_eq!(upstream.call(heavy, now), Reply::Answer);
    assert_eq!(upstream.call(heavy, now), minute(60_000));
}

#[test]
fn the_day_is_full_until_pacific_midnight_also_when_the_clocks_change() {
    for text in [NOON, "2027-03-14T20:00:00Z", "2027-11-07T20:00:00Z"] {
        let day = crate::keys::pacific::day_of(moment(text));
        let mut world = world(&[None]);
        world.truth[0].day = 2;
        let mut upstream = Upstream::new(&world);
        let last = Timestamp(day.ends.0 - 1);
        let moments = [day.began, moment(text), last, day.ends];
        let found = moments.map(|now| upstream.call(request(0, 0, now), now));
        assert_eq!(found[..2], [Reply::Answer; 2]);
        assert!(matches!(found[2], Reply::DayQuota { limit: 2, .. }));
        assert_eq!(found[3], Reply::Answer);
    }
}

#[test]
fn a_model_for_paid_keys_is_not_offered() {
    let shipped = World::new(world(&[None]).keys, Catalog::shipped(), 1);
    let mut upstream = Upstream::new(&shipped);
    let pro = shipped.truth.len() - 1;
    let reply = upstream.call(request(0, pro, noon()), noon());
    assert!(matches!(reply, Reply::DayQuota { limit: 0, .. }));
}

#[test]
fn the_owners_limits_are_those_of_the_design() {
    let shipped = World::new(Vec::new(), Catalog::shipped(), 1);
    let limits = shipped.configured();
    let limits: Vec<_> = limits.iter().map(|own| (own.minute, own.day)).collect();
    let expected = [(10, 150), (10, 150), (5, 6), (5, 6), (5, 6), (0, 0), (0, 0)];
    assert_eq!(limits, expected);
}

#[test]
fn the_cap_of_a_day_counts_from_the_moment_of_sending() {
    let mut world = world(&[None]);
    world.truth[0].minute = 100;
    let midnight = crate::keys::pacific::day_of(noon()).ends;
    let mut upstream = Upstream::new(&world);
    for _ in 0..12 {
        let before = Timestamp(midnight.0 - 1);
        upstream.call(request(0, 0, before), midnight);
    }
    upstream.call(request(0, 0, midnight), midnight);
    assert_eq!(upstream.overspend(), 0);
    for _ in 0..13 {
        upstream.call(request(0, 0, midnight), midnight);
    }
    assert_eq!(upstream.overspend(), 2);
}

#[test]
fn faults_come_in_the_services_order_and_end_when_planned() {
    let from = noon().after(seconds(10));
    let trouble = |found: &[Trouble]| {
        let mut world = world(&[None]);
        for trouble in found {
            world.plan(from, seconds(10), *trouble);
        }
        let moments = [9_999, 10_000, 19_999, 20_000];
        replies(&world, &moments)
    };
    let answer = Reply::Answer;
    let out = Trouble::ModelOut { model: 0 };
    let dies = Trouble::KeyDies { key: 0 };
    let odd = Trouble::KeyOdd {
        key: 0,
        percent: 100,
    };
    let refused = [answer, Reply::Refused, Reply::Refused, Reply::Refused];
    let throttled = [answer, Reply::Throttled, Reply::Throttled, answer];
    let overloaded = [answer, Reply::Overloaded, Reply::Overloaded, minute(49_999)];
    let unexplained = [
        answer,
        Reply::Unexplained,
        Reply::Unexplained,
        minute(49_999),
    ];
    let whole = [answer, answer, answer, minute(49_999)];
    assert_eq!(trouble(&[out, Trouble::Throttle, dies]), refused);
    assert_eq!(trouble(&[out, Trouble::Throttle]), throttled);
    assert_eq!(trouble(&[out]), overloaded);
    assert_eq!(trouble(&[odd]), unexplained);
    assert_eq!(trouble(&[Trouble::ModelOut { model: 1 }]), whole);
}

#[test]
fn only_calls_that_were_let_through_count_towards_the_pace() {
    let mut world = world(&[None]);
    world.plan(noon(), seconds(60), Trouble::ThrottleAbove { calls: 2 });
    let found = replies(&world, &[0, 4_000, 5_000, 9_999, 10_000]);
    let (answer, throttled) = (Reply::Answer, Reply::Throttled);
    assert_eq!(found, [answer, answer, throttled, throttled, answer]);
}

#[test]
fn a_shaky_model_fails_about_its_share_and_always_the_same_calls() {
    let mut world = world(&[None]);
    world.truth[0].minute = u32::MAX;
    world.truth[0].day = u32::MAX;
    world.truth[0].tokens = u64::MAX;
    let trouble = Trouble::ModelShaky {
        model: 0,
        percent: 30,
        internal: true,
    };
    world.plan(noon(), seconds(60), trouble);
    let moments: Vec<u64> = (0..2_000).map(|nth| nth * 17).collect();
    let found = replies(&world, &moments);
    let failed = found.iter().filter(|reply| **reply == Reply::Internal);
    assert!((500..700).contains(&failed.count()));
    assert_eq!(found, replies(&world, &moments));
}

#[test]
fn what_the_field_has_seen_comes_in_its_order_and_ends_when_planned() {
    let from = noon().after(seconds(10));
    let found = |trouble: Trouble| {
        let mut world = world(&[None]);
        world.plan(from, seconds(10), trouble);
        replies(&world, &[9_999, 10_000, 19_999, 20_000])
    };
    let day = Reply::DayQuota {
        limit: 40,
        retry: seconds(37),
    };
    let cases = [
        (Trouble::ModelThrottled { model: 0 }, Reply::Throttled),
        (Trouble::KeyShutOut { key: 0 }, Reply::Disowned),
        (
            Trouble::ModelFlaps {
                model: 0,
                one_in: 1,
            },
            Reply::Missing,
        ),
        (Trouble::Firewall { one_in: 1 }, Reply::Blocked),
        (Trouble::ProxyDown, Reply::Page),
        (Trouble::DayDenied { model: 0 }, day),
    ];
    for (trouble, reply) in cases {
        // None of them has spent anything.
        let expected = [Reply::Answer, reply, reply, Reply::Answer];
        assert_eq!(found(trouble), expected, "{trouble:?}");
    }
    let dead = found(Trouble::KeyDisowned { key: 0 });
    let refused = Reply::Disowned;
    assert_eq!(dead, [Reply::Answer, refused, refused, refused]);
    let region = found(Trouble::Region { one_in: 1 });
    let expected = [Reply::Answer, Reply::Region, Reply::Region, minute(49_999)];
    assert_eq!(region, expected, "it has spent quota");
    for elsewhere in [
        Trouble::ModelThrottled { model: 1 },
        Trouble::DayDenied { model: 1 },
        Trouble::KeyShutOut { key: 1 },
    ] {
        let answer = Reply::Answer;
        let whole = [answer, answer, answer, minute(49_999)];
        assert_eq!(found(elsewhere), whole, "{elsewhere:?}");
    }
}

#[test]
fn a_free_look_meets_what_is_about_the_key_or_the_way() {
    let look = |trouble: Option<Trouble>| {
        let mut world = world(&[None]);
        if let Some(trouble) = trouble {
            world.plan(noon(), seconds(10), trouble);
        }
        Upstream::new(&world).look(0, 0, noon())
    };
    let cases = [
        (None, None),
        (Some(Trouble::KeyDies { key: 0 }), Some(Reply::Refused)),
        (Some(Trouble::KeyDisowned { key: 0 }), Some(Reply::Disowned)),
        (Some(Trouble::KeyShutOut { key: 0 }), None),
        (Some(Trouble::ModelThrottled { model: 0 }), None),
        (Some(Trouble::Throttle), Some(Reply::Throttled)),
        (Some(Trouble::ProxyDown), Some(Reply::Page)),
        (Some(Trouble::Firewall { one_in: 1 }), None),
        (Some(Trouble::Region { one_in: 1 }), Some(Reply::Region)),
        (
            Some(Trouble::ModelFlaps {
                model: 0,
                one_in: 1,
            }),
            Some(Reply::Missing),
        ),
    ];
    for (trouble, met) in cases {
        assert_eq!(look(trouble), met, "{trouble:?}");
    }
}

#[test]
fn a_firewall_refuses_the_same_text_whoever_sends_it() {
    let mut world = world(&[None; 30]);
    world.plan(noon(), seconds(10), Trouble::Firewall { one_in: 50 });
    let mut upstream = Upstream::new(&world);
    let mut refused = 0;
    for question in 0..5_000 {
        let mut call = |key| {
            let request = Request {
                question,
                ..request(key, 0, noon())
            };
            upstream.call(request, noon()) == Reply::Blocked
        };
        let (one, other) = (call(0), call(1));
        assert_eq!(one, other, "{question}");
        refused += u32::from(one);
    }
    assert!((70..130).contains(&refused), "{refused}");
}

#[test]
fn limits_rise_at_their_moment() {
    let mut world = world(&[None]);
    world.rise = Some(Rise {
        at: noon().after(seconds(30)),
        before: vec![
            Limits {
                minute: 1,
                ..world.truth[0]
            },
            world.truth[1],
        ],
    });
    let found = replies(&world, &[0, 29_999, 30_000, 30_001, 30_002]);
    let limited = Reply::MinuteQuota {
        limit: 1,
        retry: Duration::from_millis(30_001),
    };
    let answer = Reply::Answer;
    assert_eq!(found, [answer, limited, answer, answer, minute(29_998)]);
}

#[test]
fn a_day_that_begins_late_is_full_until_then() {
    let mut world = world(&[None]);
    world.truth[0].day = 1;
    world.late = seconds(1_200);
    let midnight = crate::keys::pacific::day_of(noon()).ends;
    let mut upstream = Upstream::new(&world);
    let moments = [
        noon(),
        midnight.after(seconds(1_199)),
        midnight.after(seconds(1_200)),
    ];
    let found = moments.map(|now| upstream.call(request(0, 0, now), now));
    assert_eq!(found[0], Reply::Answer);
    assert!(matches!(found[1], Reply::DayQuota { limit: 1, .. }));
    assert_eq!(found[2], Reply::Answer);
}
