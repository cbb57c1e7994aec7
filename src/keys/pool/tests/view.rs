//! What people are told of the keys: `left`, `report`, `count`.

use super::*;
use crate::keys::Standing;

#[test]
fn a_tier_is_plenty_scarce_gone_or_not_there() {
    // "big" has 150 a day, "small" 6: three quarters of 156 are 117.
    let learned = |limit| Learned {
        quota: Quota::RequestsPerDay,
        limit,
    };
    let cases = [
        (0, Some(Day::Plenty)),
        (116, Some(Day::Plenty)),
        (117, Some(Day::Scarce)),
        (155, Some(Day::Scarce)),
        (156, Some(Day::Gone)),
    ];
    for (used, expected) in cases {
        let day = pacific::day_of(T0).number;
        let row = |model: &str, used| {
            let ledger = Ledger {
                day,
                used,
                recent: Vec::new(),
            };
            (([1; 16], model.to_owned()), ledger)
        };
        let small = used.min(6);
        let saved = Saved {
            ledgers: vec![row("small", small), row("big", used - small)],
            ..Saved::default()
        };
        let mut pool = Pool::new(POLICY, vec![key(1, None)], &catalog(), saved, T0);
        assert_eq!(pool.left(Tier::Lite, &[Group::C], T0), expected, "{used}");
        assert_eq!(pool.left(Tier::Flash, &[Group::C], T0), None);
        assert_eq!(pool.left(Tier::Pro, &[Group::C], T0), None, "a free key");
        let midnight = pacific::day_of(T0).ends;
        let fresh = pool.left(Tier::Lite, &[Group::C], midnight);
        assert_eq!(fresh, Some(Day::Plenty));

        let lease = lend(&mut pool, &ask(&[Group::C], &["big", "small"]), midnight).unwrap();
        let verdict = Verdict {
            learned: vec![learned(0)],
            ..says(Effect::KillKey(Death::Invalid))
        };
        pool.settle(lease, &verdict, midnight, &mut rng());
        assert_eq!(pool.left(Tier::Lite, &[Group::C], midnight), None, "dead");
    }
}

#[test]
fn what_is_left_for_a_person_is_what_they_may_spend() {
    let [a, c, d] = [Group::A, Group::C, Group::D];
    let paid = |group| KeySpec {
        paid: true,
        ..key(1, group)
    };
    let cases: [(KeySpec, &[Group], Tier, bool); 10] = [
        (key(1, None), &[d], Tier::Lite, true),
        (key(1, Some(c)), &[d], Tier::Lite, false),
        (key(1, Some(d)), &[c, d], Tier::Lite, true),
        (key(1, Some(a)), &[c, d], Tier::Lite, false),
        (key(1, None), &[a], Tier::Pro, false),
        (paid(None), &[a], Tier::Pro, true),
        (paid(None), &[d], Tier::Pro, false),
        (paid(None), &[d], Tier::Lite, false),
        (paid(Some(d)), &[d], Tier::Pro, true),
        (paid(Some(d)), &[c, d], Tier::Pro, true),
    ];
    for (spec, groups, tier, offered) in cases {
        let mut pool = pool(vec![spec.clone()]);
        let left = pool.left(tier, groups, T0);
        assert_eq!(
            left,
            offered.then_some(Day::Plenty),
            "{spec:?} {groups:?} {tier:?}"
        );
        let ids: Vec<String> = catalog()
            .kind(tier.into())
            .iter()
            .map(|it| it.id.clone())
            .collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let lease = lend(&mut pool, &ask(groups, &ids), T0);
        assert_eq!(lease.is_ok(), offered, "the tier choice and the pool agree");
    }
}

#[test]
fn a_borrower_has_left_what_the_lender_does_not_keep() {
    let mut pool = pool(vec![key(1, Some(Group::D))]);
    let guest = ask(&[Group::D], &["small"]);
    for minute in 0..3 {
        call(&mut pool, &guest, Effect::Healthy, after(minute * 61)).unwrap();
    }
    let catalog =
        Catalog::parse(&MODELS.replace("\"big\"\ntier = \"lite\"", "\"big\"\ntier = \"flash\""));
    pool.reconfigure(POLICY, vec![key(1, Some(Group::D))], &catalog.unwrap());
    let now = after(183);
    assert_eq!(
        pool.left(Tier::Lite, &[Group::C, Group::D], now),
        Some(Day::Gone)
    );
    assert_eq!(pool.left(Tier::Lite, &[Group::D], now), Some(Day::Plenty));
}

#[test]
fn a_groups_day_is_half_spent_with_half_of_the_calls_of_its_larger_models() {
    let larger = MODELS.replace("\"big\"\ntier = \"lite\"", "\"big\"\ntier = \"flash\"");
    let catalog = Catalog::parse(&larger).unwrap();
    let today = pacific::day_of(T0);
    for (used, is_half_spent) in [(0, false), (74, false), (75, true), (150, true)] {
        // All of the small ones is spent, and of no account.
        let row = |(model, used): (&str, u32)| {
            let ledger = Ledger {
                day: today.number,
                used,
                recent: Vec::new(),
            };
            (([1; 16], model.to_owned()), ledger)
        };
        let of_key = |group| {
            let saved = Saved {
                ledgers: [("small", 6), ("big", used)].map(row).into(),
                ..Saved::default()
            };
            Pool::new(POLICY, vec![key(1, group)], &catalog, saved, T0)
        };
        let day = |pot, is_half_spent| GroupDay {
            number: today.number,
            pot,
            is_half_spent,
        };
        let mut own = of_key(Some(Group::C));
        assert_eq!(
            own.group_day(Group::C, T0),
            day(Some(Group::C), is_half_spent)
        );
        // What a group borrows is not its day.
        assert_eq!(own.group_day(Group::B, T0), day(None, false));
        assert!(!own.group_day(Group::C, today.ends).is_half_spent);
        let mut everybodys = of_key(None);
        for group in [Group::A, Group::C] {
            assert_eq!(everybodys.group_day(group, T0), day(None, is_half_spent));
        }
    }
}

#[test]
fn the_report_is_ordered_by_group_and_number_and_says_all_of_each_key() {
    let named = |name: u8, group, label: &str| KeySpec {
        label: label.to_owned(),
        ..key(name, group)
    };
    let mut keys = vec![
        named(1, None, "1 …aaaa"),
        named(2, Some(Group::B), "B1 …bbbb"),
        named(3, Some(Group::A), "A10 …cccc"),
        named(4, Some(Group::A), "A2 …dddd"),
        named(5, Some(Group::D), "D1 …eeee"),
    ];
    keys[4].paid = true;
    let mut pool = pool(keys);
    let only = |name: u8| Ask {
        avoid: (1..=5)
            .filter(|&it| it != name)
            .map(|it| [it; 16])
            .collect(),
        ..ask(&[Group::A, Group::B, Group::D], &["small"])
    };
    let dead = Effect::KillKey(Death::Suspended);
    let cools = Effect::CoolKey(Cooldown::Configured);
    for (name, effect) in [(2, dead), (3, cools), (5, Effect::Healthy)] {
        assert_eq!(call(&mut pool, &only(name), effect, T0), Ok(name));
    }
    let report = pool.report(T0);
    let labels: Vec<&str> = report.iter().map(|line| line.label.as_str()).collect();
    assert_eq!(
        labels,
        ["A2 …dddd", "A10 …cccc", "B1 …bbbb", "D1 …eeee", "1 …aaaa"]
    );

    let [fresh, cooled, died, paid, _] = report.as_slice() else {
        panic!("five keys");
    };
    assert_eq!(
        (fresh.key, fresh.group, fresh.paid),
        ([4; 16], Some(Group::A), false)
    );
    assert_eq!((fresh.standing, fresh.last), (Standing::Available, None));
    assert_eq!(fresh.days, [(Tier::Lite, 0, Some(156))]);
    assert_eq!(fresh.obstacles, []);

    let cooling = wait(after(10), Why::Cooldown);
    assert_eq!(cooled.standing, Standing::Waiting(cooling));
    let both = ["small", "big"].map(|model| (model.to_owned(), cooling));
    assert_eq!(cooled.obstacles, both);
    assert_eq!((cooled.last, &cooled.days[0].1), (Some((cools, T0)), &1));

    let retest = Some(after(3_600));
    let death = Death::Suspended;
    assert_eq!(died.standing, Standing::Dead { death, retest });
    assert_eq!((paid.paid, paid.group), (true, Some(Group::D)));
    assert_eq!(
        paid.days,
        [(Tier::Lite, 1, Some(156)), (Tier::Pro, 0, Some(15))]
    );
}

#[test]
fn a_day_whose_count_was_lost_is_reported_as_spent() {
    let ledger = Ledger {
        day: pacific::day_of(T0).number,
        used: 10_000_000,
        recent: Vec::new(),
    };
    let saved = Saved {
        ledgers: vec![(([1; 16], "small".to_owned()), ledger)],
        ..Saved::default()
    };
    let mut pool = Pool::new(POLICY, vec![key(1, None)], &catalog(), saved, T0);
    assert_eq!(pool.report(T0)[0].days, [(Tier::Lite, 6, Some(156))]);
}

#[test]
fn without_a_daily_cap_the_report_names_none() {
    let policy = Policy {
        daily_percent: 101,
        ..POLICY
    };
    let mut pool = Pool::new(policy, vec![key(1, None)], &catalog(), Saved::default(), T0);
    call(&mut pool, &small(), Effect::Healthy, T0).unwrap();
    assert_eq!(pool.report(T0)[0].days, [(Tier::Lite, 1, None)]);
    assert_eq!(pool.left(Tier::Lite, &[Group::C], T0), Some(Day::Plenty));
}

#[test]
fn a_leaked_key_has_no_retest_to_tell_and_a_listed_one_its_end() {
    let mut pool = pool(vec![key(1, None), key(2, None)]);
    call(&mut pool, &small(), Effect::KillKey(Death::Leaked), T0).unwrap();
    let mut now = T0;
    for _ in 0..3 {
        let _ = call(
            &mut pool,
            &small(),
            Effect::Strike(Cooldown::Configured),
            now,
        );
        now = now.after(Duration::from_secs(11));
    }
    let standings: Vec<Standing> = pool.report(now).into_iter().map(|it| it.standing).collect();
    let leaked = Standing::Dead {
        death: Death::Leaked,
        retest: None,
    };
    assert!(standings.contains(&leaked), "{standings:?}");
    assert_eq!(
        pool.count(now).blacklisted,
        0,
        "the last living key is not listed"
    );
}
