//! One key in several groups: it serves each of them, out of one ledger, and is counted once.

use super::*;

/// Key 1 in these groups, `None` for everybody.
fn standing_in(groups: &[Option<Group>]) -> Vec<KeySpec> {
    groups.iter().map(|group| key(1, *group)).collect()
}

/// Where the key stands, who asks, and whether it is for them.
type Case<'a> = (&'a [Option<Group>], &'a [Group], bool);

#[test]
fn it_serves_every_group_it_stands_in_and_nobody_else() {
    let [a, b, c, d] = [Group::A, Group::B, Group::C, Group::D];
    let cases: [Case<'_>; 8] = [
        (&[Some(a), Some(d)], &[a, b, c, d], true),
        (&[Some(a), Some(d)], &[d], true),
        (&[Some(a), Some(d)], &[b, c, d], true),
        (&[Some(a), Some(c)], &[d], false),
        (&[Some(a), None], &[d], true),
        (&[Some(d), None], &[d], true),
        (&[Some(d), None], &[b], true),
        (&[Some(b), Some(c), None], &[a], true),
    ];
    for (stands_in, groups, served) in cases {
        let mut pool = pool(standing_in(stands_in));
        let called = call(&mut pool, &ask(groups, &["small"]), Effect::Healthy, T0);
        assert_eq!(called.is_ok(), served, "{stands_in:?} {groups:?}");
        let left = pool.left(Tier::Lite, groups, T0);
        assert_eq!(left.is_some(), served, "{stands_in:?} {groups:?}");
    }
}

#[test]
fn all_its_groups_spend_one_minute_and_one_day() {
    let mut pool = pool(standing_in(&[Some(Group::A), Some(Group::D), None]));
    let of = |group| ask(&[group], &["small"]);
    // Three a minute and six a day, whoever asks; a lower group leaves 40 percent to a higher one.
    assert_eq!(call(&mut pool, &of(Group::D), Effect::Healthy, T0), Ok(1));
    let lent = call(&mut pool, &of(Group::D), Effect::Healthy, T0);
    assert_eq!(lent.unwrap_err().why, Why::Minute);
    for _ in 0..2 {
        assert_eq!(call(&mut pool, &of(Group::A), Effect::Healthy, T0), Ok(1));
    }
    let full = call(&mut pool, &of(Group::A), Effect::Healthy, T0);
    assert_eq!(full.unwrap_err().why, Why::Minute);
    for _ in 0..3 {
        assert_eq!(
            call(&mut pool, &of(Group::A), Effect::Healthy, after(61)),
            Ok(1)
        );
    }
    let spent = call(&mut pool, &of(Group::C), Effect::Healthy, after(122));
    assert_eq!(spent.unwrap_err().why, Why::Day);
    assert_eq!(pool.ledger([1; 16], "small").used, 6);
    assert_eq!(
        pool.left(Tier::Lite, &[Group::A], after(122)),
        Some(Day::Plenty)
    );
}

#[test]
fn it_has_one_chance_in_a_draw_like_every_other_key() {
    let mut keys = standing_in(&[Some(Group::C), None]);
    keys.push(key(2, None));
    let mut firsts = [0_u32, 0];
    for seed in 0..400 {
        let mut pool = pool(keys.clone());
        let mut rng = fastrand::Rng::with_seed(seed);
        let Reserved::Lent(lease) = pool.reserve(&small(), T0, &mut rng) else {
            panic!("a fresh key is lent");
        };
        firsts[usize::from(lease.key[0]) - 1] += 1;
    }
    assert!(firsts[0].abs_diff(firsts[1]) < 80, "{firsts:?}");
}

#[test]
fn it_is_counted_reported_and_looked_at_once() {
    let groups = [None, Some(Group::C), Some(Group::A)];
    let mut pool = pool([standing_in(&groups), vec![key(2, Some(Group::A))]].concat());
    assert_eq!(pool.roster_len(), 2);
    assert_eq!(pool.count(T0).total, 2);
    let report = pool.report(T0);
    assert_eq!(report.len(), 2);
    let ours = &report[0];
    assert_eq!((ours.key, ours.group), ([1; 16], Some(Group::A)));
    assert_eq!(ours.also_in, [Some(Group::C), None]);

    let of_c = ask(&[Group::C], &["small"]);
    let dead = Effect::KillKey(Death::Invalid);
    call(&mut pool, &of_c, dead, T0).unwrap();
    let tally = pool.count(T0);
    assert_eq!((tally.available, tally.dead), (1, 1));
    assert_eq!(pool.dead(), [[1; 16]]);
    let never = Err(Wait::never(Why::Dead));
    for group in [Group::B, Group::C] {
        let one = ask(&[group], &["small"]);
        assert_eq!(call(&mut pool, &one, Effect::Healthy, after(61)), never);
    }
    pool.looked_again([1; 16], Retested::Accepted, None, after(61));
    assert_eq!(call(&mut pool, &of_c, Effect::Healthy, after(61)), Ok(1));
}

#[test]
fn of_three_keys_that_strike_out_the_one_in_many_groups_counts_once() {
    let groups = [
        Some(Group::A),
        Some(Group::B),
        Some(Group::C),
        Some(Group::D),
        None,
    ];
    let mut pool = pool([standing_in(&groups), vec![key(2, None)]].concat());
    let strike = Effect::Strike(Cooldown::Configured);
    for round in 0..6 {
        for name in [1, 2] {
            let one = Ask {
                avoid: vec![[3 - name; 16]],
                ..ask(&[Group::A], &["big"])
            };
            let at = after(round * 20 + u64::from(name) * 11);
            let _called = call(&mut pool, &one, strike, at);
        }
    }
    let tally = pool.count(after(200));
    assert!(tally.blacklisted <= 1, "more than half: {tally:?}");
}
