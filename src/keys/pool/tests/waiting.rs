//! The line: who goes first, when they look again, and what bounds it.

use super::*;

/// Waits up to five minutes.
fn patient(ask: Ask, since: Timestamp) -> Ask {
    Ask {
        since,
        patience: since.after(Duration::from_mins(5)),
        ..ask
    }
}

fn queue(pool: &mut Pool, ask: &Ask, now: Timestamp) -> Place {
    match pool.reserve(ask, now, &mut rng()) {
        Reserved::Queued(place) => place,
        other @ (Reserved::Lent(_) | Reserved::Refused(_)) => panic!("it does not wait: {other:?}"),
    }
}

fn sized(tokens: u64, since: Timestamp) -> Ask {
    Ask {
        tokens,
        ..patient(small(), since)
    }
}

/// Who was served, in their order.
fn served(pool: &mut Pool, now: Timestamp) -> Vec<Ticket> {
    let mut tickets = Vec::new();
    for (ticket, lease) in pool.tick(now, &mut rng()) {
        tickets.push(ticket);
        pool.settle(lease, &says(Effect::Innocent), now, &mut rng());
    }
    tickets
}

/// Fills the minute of the only key.
fn full() -> Pool {
    let mut pool = pool(vec![key(1, None)]);
    for _ in 0..3 {
        call(&mut pool, &small(), Effect::Healthy, T0).unwrap();
    }
    pool
}

const FREES: Timestamp = Timestamp(T0.0 + 60_250);

#[test]
fn equal_questions_are_served_in_the_order_of_their_coming_and_each_rank_is_three_seconds() {
    let mut pool = full();
    let ranked = |rank, secs| Ask {
        rank,
        ..patient(small(), after(secs))
    };
    let asks = [(2, 1), (2, 2), (1, 3), (2, 0), (1, 4)];
    let tickets = asks.map(|(rank, secs)| queue(&mut pool, &ranked(rank, secs), after(5)).ticket);
    assert_eq!(served(&mut pool, Timestamp(FREES.0 - 1)), []);
    let first = served(&mut pool, FREES);
    assert_eq!(first, [tickets[2], tickets[3], tickets[0]]);
}

#[test]
fn a_newcomer_does_not_overtake_whoever_waits_for_the_same() {
    let mut pool = full();
    let waits = queue(&mut pool, &patient(small(), after(1)), after(1));
    let later = patient(small(), FREES);
    let lent = [0; 3].map(|_| pool.reserve(&later, FREES, &mut rng()));
    assert_eq!(served(&mut pool, FREES), [waits.ticket]);
    let got = lent.map(|one| matches!(one, Reserved::Lent(_)));
    assert_eq!(got, [true, true, false]);
}

#[test]
fn a_small_question_behind_a_large_one_is_not_overtaken_by_a_later_small_one() {
    let mut pool = pool(vec![key(1, None)]);
    for (tokens, secs) in [(300, 0), (300, 10)] {
        let lease = lend(&mut pool, &sized(tokens, after(secs)), after(secs)).unwrap();
        pool.settle(lease, &says(Effect::Healthy), after(secs), &mut rng());
    }
    let large = queue(&mut pool, &sized(900, after(11)), after(11));
    let waits = queue(&mut pool, &sized(600, after(12)), after(12));
    // The first of the two calls is out of the minute: room for 600, not for 900.
    assert_eq!(served(&mut pool, FREES), [waits.ticket]);
    let newcomer = pool.reserve(&sized(600, after(61)), after(61), &mut rng());
    assert!(!matches!(newcomer, Reserved::Lent(_)), "{newcomer:?}");
    assert_eq!(pool.place(large.ticket, after(61)).unwrap().ahead, 0);
}

#[test]
fn whoever_waits_for_their_tier_holds_nobody_back_who_takes_the_smaller_one() {
    let mut pool = pool(vec![key(1, None)]);
    let tiers = |tokens, since| Ask {
        tiers: vec![vec!["small".to_owned()], vec!["big".to_owned()]],
        ..sized(tokens, since)
    };
    let big = ask(&[Group::C], &["big"]);
    for (ask, secs) in [(&sized(500, T0), 0), (&sized(500, T0), 20)] {
        let lease = lend(&mut pool, ask, after(secs)).unwrap();
        pool.settle(lease, &says(Effect::Healthy), after(secs), &mut rng());
    }
    let leases = [0; 8].map(|_| lend(&mut pool, &big, after(58)).unwrap());
    // Room for 500 comes in two seconds, for 900 in twenty more.
    let [waits, hastens] = [500, 900].map(|tokens| {
        let ask = tiers(tokens, after(58));
        queue(&mut pool, &ask, after(58)).ticket
    });
    let [lease, ..] = leases;
    pool.settle(lease, &says(Effect::Healthy), after(59), &mut rng());
    assert_eq!(served(&mut pool, after(59)), [hastens]);
    assert_eq!(served(&mut pool, FREES), [waits]);
}

#[test]
fn nobody_looks_again_before_something_can_have_changed() {
    let mut pool = pool(vec![key(1, None)]);
    let wanted = Ask {
        tiers: vec![vec!["small".to_owned()], vec!["big".to_owned()]],
        ..patient(small(), T0)
    };
    let lease = lend(&mut pool, &small(), T0).unwrap();
    pool.settle(
        lease,
        &says(Effect::CoolKeyModel(Cooldown::For(Duration::from_millis(
            500,
        )))),
        T0,
        &mut rng(),
    );
    let place = queue(&mut pool, &wanted, T0);
    assert!(place.wakes > T0);
    assert_eq!(served(&mut pool, T0), []);
    let again = pool.place(place.ticket, T0).unwrap();
    assert_eq!(again.wakes, place.wakes);
}

#[test]
fn whoever_would_wait_too_long_is_told_at_once_when_it_would_be() {
    let mut pool = pool(vec![key(1, None)]);
    for secs in [0, 5, 9] {
        call(&mut pool, &small(), Effect::Healthy, after(secs)).unwrap();
    }
    for (openings, secs) in [(0, 0), (1, 5), (2, 9)] {
        let turn = FREES.after(Duration::from_secs(secs));
        let reserve = |pool: &mut Pool, patience| {
            let ask = Ask {
                patience,
                ..small()
            };
            pool.reserve(&ask, after(9), &mut rng())
        };
        let told = reserve(&mut pool, Timestamp(turn.0 - 1));
        let turn_is = wait(turn, Why::Minute);
        assert!(
            matches!(told, Reserved::Refused(wait) if wait == turn_is),
            "{told:?}"
        );
        let queued = reserve(&mut pool, turn);
        assert!(
            matches!(queued, Reserved::Queued(place) if place.wakes == turn && place.ahead == openings),
            "{queued:?}"
        );
    }
}

#[test]
fn the_line_is_bounded() {
    let mut pool = pool((0..24).map(|name| key(name, None)).collect());
    for _ in 0..2 {
        call(&mut pool, &small(), Effect::Page, T0).unwrap();
    }
    let ask = Ask {
        patience: after(3_600),
        tiers: vec![vec!["small".to_owned(), "big".to_owned()]],
        ..small()
    };
    for _ in 0..1_000 {
        queue(&mut pool, &ask, T0);
    }
    let told = pool.reserve(&ask, T0, &mut rng());
    assert!(matches!(told, Reserved::Refused(wait) if wait.why == Why::Line));
}

#[test]
fn whoever_gives_up_or_loses_patience_leaves_their_turn_to_the_next() {
    let mut pool = full();
    let impatient = Ask {
        patience: FREES,
        ..small()
    };
    let gone = queue(&mut pool, &impatient, T0);
    let late = queue(&mut pool, &impatient, T0);
    let stays = queue(&mut pool, &patient(small(), after(1)), after(1));
    assert_eq!((stays.ahead, stays.wakes), (2, FREES));
    pool.withdraw(gone.ticket);
    assert_eq!(pool.place(gone.ticket, after(1)), None);
    assert_eq!(pool.place(stays.ticket, after(1)).unwrap().ahead, 1);
    let now = Timestamp(FREES.0 + 1);
    assert_eq!(pool.place(late.ticket, now), None, "its patience is over");
    assert_eq!(served(&mut pool, now), [stays.ticket]);
}

#[test]
fn what_is_given_back_or_configured_serves_the_line_at_once() {
    let mut pool = pool(vec![key(1, None)]);
    let leases = [0; 3].map(|_| lend(&mut pool, &small(), T0).unwrap());
    let first = queue(&mut pool, &patient(small(), T0), T0);
    let second = queue(&mut pool, &patient(small(), T0), T0);
    assert_eq!(served(&mut pool, after(1)), []);
    let [lease, ..] = leases;
    pool.refund(lease);
    assert_eq!(served(&mut pool, after(1)), [first.ticket]);
    let keys = vec![key(1, None), key(2, None)];
    pool.reconfigure(POLICY, keys, &catalog());
    assert_eq!(served(&mut pool, after(1)), [second.ticket]);
}

#[test]
fn people_of_other_groups_are_not_ahead_where_every_key_is_somebodys() {
    let ahead = |keys: Vec<KeySpec>| {
        let mut pool = pool(keys);
        for groups in [[Group::C], [Group::D]] {
            for _ in 0..6 {
                let _ = call(&mut pool, &ask(&groups, &["small"]), Effect::Healthy, T0);
            }
        }
        queue(&mut pool, &patient(small(), T0), T0);
        let guest = ask(&[Group::D], &["small"]);
        queue(&mut pool, &patient(guest, after(1)), after(1)).ahead
    };
    let grouped = vec![key(1, Some(Group::C)), key(2, Some(Group::D))];
    assert_eq!(ahead(grouped), 0);
    assert_eq!(ahead(vec![key(1, None), key(2, None)]), 1);
}

const DAY: i64 = 24 * 3_600;

/// So many seconds into the run, of a clock that was corrected by so many.
fn read(secs: u64, corrected: i64) -> Reading {
    let steady = after(secs);
    let now = steady.0.saturating_add_signed(corrected * 1_000);
    Reading {
        now: Timestamp(now),
        steady,
    }
}

#[test]
fn a_correction_of_the_clock_neither_cuts_nor_stretches_patience() {
    for by in [100 * DAY, 3_600, 61, -61, -3_600, -100 * DAY] {
        let mut pool = pool(vec![key(1, None)]);
        let ask = Ask {
            since: T0,
            patience: after(15),
            ..ask(&[Group::C], &["big"])
        };
        // Never settled: no slot gets free.
        for _ in 0..8 {
            assert!(matches!(
                pool.reserve(&ask, T0, &mut rng()),
                Reserved::Lent(_)
            ));
        }
        let ticket = queue(&mut pool, &ask, T0).ticket;
        assert!(pool.place(ticket, after(4)).is_some());
        for secs in 5..=15 {
            let reading = read(secs, by);
            assert!(pool.tick(reading, &mut rng()).is_empty());
            let place = pool.place(ticket, reading).unwrap();
            let end = ask.patience.after(Duration::from_millis(1));
            assert!(place.look <= end && place.wakes <= end, "{by}: {place:?}");
        }
        assert_eq!(pool.place(ticket, read(16, by)), None, "{by}");
    }
}

#[test]
fn a_turn_is_told_by_the_steady_count_and_a_refusal_by_the_time_of_day() {
    for by in [0, 100 * DAY, 61, -61, -100 * DAY] {
        let mut pool = pool(vec![key(1, None)]);
        for _ in 0..3 {
            let Reserved::Lent(lease) = pool.reserve(&small(), read(0, by), &mut rng()) else {
                panic!("{by}: all is free");
            };
            pool.settle(lease, &says(Effect::Healthy), read(0, by).now, &mut rng());
        }
        let turn = read(0, by).now.after(FREES.since(T0));
        let Reserved::Refused(told) = pool.reserve(&small(), read(1, by), &mut rng()) else {
            panic!("nobody waits without patience");
        };
        assert_eq!(told, wait(turn, Why::Minute), "{by}");
        let ask = patient(small(), after(1));
        let Reserved::Queued(place) = pool.reserve(&ask, read(1, by), &mut rng()) else {
            panic!("{by}: its turn comes within its patience");
        };
        assert_eq!(place.wakes, FREES, "{by}");
        assert!(pool.tick(read(2, by), &mut rng()).is_empty());
        let again = pool.place(place.ticket, read(2, by)).unwrap();
        assert_eq!((again.wakes, again.look), (FREES, FREES), "{by}");
        assert!(pool.tick(read(60, by), &mut rng()).is_empty());
        assert_eq!(pool.tick(read(61, by), &mut rng()).len(), 1, "{by}");
    }
}

#[test]
fn whoever_came_first_goes_first_whatever_the_clock_was_corrected_by() {
    for by in [0, 100 * DAY, -100 * DAY] {
        let mut pool = pool(vec![key(1, None)]);
        let big = ask(&[Group::C], &["big"]);
        let leases = [0; 8].map(|_| lend(&mut pool, &big, T0).unwrap());
        let tickets = [(1, 0), (2, by)].map(|(secs, by)| {
            let ask = patient(big.clone(), after(secs));
            match pool.reserve(&ask, read(secs, by), &mut rng()) {
                Reserved::Queued(place) => place.ticket,
                other @ (Reserved::Lent(_) | Reserved::Refused(_)) => panic!("{by}: {other:?}"),
            }
        });
        let mut served = Vec::new();
        for lease in leases.into_iter().take(2) {
            pool.settle(lease, &says(Effect::Innocent), read(3, by).now, &mut rng());
            let lent = pool.tick(read(3, by), &mut rng());
            served.extend(lent.iter().map(|(ticket, _)| *ticket));
        }
        assert_eq!(served, tickets, "{by}");
    }
}

#[test]
fn a_question_waits_for_its_tier_by_the_steady_count() {
    for by in [0, 100 * DAY, -100 * DAY] {
        let mut pool = pool(vec![key(1, None)]);
        let cooldown = |secs| Effect::CoolKeyModel(Cooldown::For(Duration::from_secs(secs)));
        let wanted = |since| Ask {
            tiers: vec![vec!["small".to_owned()], vec!["big".to_owned()]],
            ..patient(small(), since)
        };
        let Reserved::Lent(lease) = pool.reserve(&small(), read(0, by), &mut rng()) else {
            panic!("{by}: all is free");
        };
        pool.settle(lease, &says(cooldown(1)), read(0, by).now, &mut rng());
        let soon = pool.reserve(&wanted(T0), read(0, by), &mut rng());
        assert!(matches!(soon, Reserved::Queued(_)), "{by}: {soon:?}");
        let late = pool.reserve(
            &wanted(T0.before(Duration::from_secs(9))),
            read(0, by),
            &mut rng(),
        );
        assert!(
            matches!(&late, Reserved::Lent(lease) if lease.model == "big"),
            "{by}: {late:?}"
        );
    }
}
