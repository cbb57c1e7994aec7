use super::*;

const T0: Timestamp = Timestamp::from_secs(1_795_000_000);

fn after(secs: u64) -> Timestamp {
    T0.after(Duration::from_secs(secs))
}

fn spend(bucket: &mut Bucket, tokens: u64, at: Timestamp) {
    bucket.spend(tokens, at, &pacific::day_of(at));
}

const LIMITS: Limits = Limits {
    minute: 2,
    day: 5,
    tokens: 1_000,
};

#[test]
fn the_minute_frees_when_its_oldest_request_has_left_it() {
    let mut bucket = Bucket::default();
    spend(&mut bucket, 1, T0);
    assert_eq!(bucket.minute_frees(&LIMITS, 1, T0), None);
    spend(&mut bucket, 1, after(20));
    let frees = T0.after(MINUTE);
    assert_eq!(bucket.minute_frees(&LIMITS, 1, after(20)), Some(frees));
    let just_before = Timestamp(frees.0 - 1);
    assert_eq!(bucket.minute_frees(&LIMITS, 1, just_before), Some(frees));
    assert_eq!(bucket.recent(just_before), 2);
    assert_eq!(bucket.minute_frees(&LIMITS, 1, frees), None);
    assert_eq!(bucket.recent(frees), 1);
}

#[test]
fn a_lowered_limit_waits_for_as_many_as_are_too_many() {
    let mut bucket = Bucket::default();
    for secs in [0, 10, 20] {
        spend(&mut bucket, 1, after(secs));
    }
    let one = Limits {
        minute: 1,
        ..LIMITS
    };
    let frees = bucket.minute_frees(&one, 1, after(20));
    assert_eq!(frees, Some(after(20).after(MINUTE)));
}

#[test]
fn tokens_have_a_minute_of_their_own() {
    let mut bucket = Bucket::default();
    let wide = Limits {
        minute: 10,
        ..LIMITS
    };
    for (secs, tokens) in [(0, 300), (10, 300), (20, 300)] {
        spend(&mut bucket, tokens, after(secs));
    }
    let cases = [
        (100, None),
        (101, Some(T0.after(MINUTE))),
        (400, Some(T0.after(MINUTE))),
        (401, Some(after(10).after(MINUTE))),
        (1_000, Some(after(20).after(MINUTE))),
    ];
    for (tokens, frees) in cases {
        assert_eq!(bucket.minute_frees(&wide, tokens, after(30)), frees);
    }
}

#[test]
fn after_a_restart_requests_weigh_an_even_share_of_the_tokens() {
    let mut old = Bucket::default();
    spend(&mut old, 7, T0);
    spend(&mut old, 7, after(1));
    let mut bucket = Bucket::default();
    bucket.restore(&old.ledger());
    assert_eq!(bucket.ledger(), old.ledger());
    assert_eq!(
        bucket.minute_frees(&LIMITS, 1, after(2)),
        Some(T0.after(MINUTE))
    );
    let wide = Limits {
        minute: 4,
        ..LIMITS
    };
    assert_eq!(bucket.minute_frees(&wide, 500, after(2)), None);
    assert_eq!(
        bucket.minute_frees(&wide, 501, after(2)),
        Some(T0.after(MINUTE))
    );
}

#[test]
fn the_day_is_empty_after_midnight_but_for_the_last_minute() {
    let today = pacific::day_of(T0);
    let mut bucket = Bucket::default();
    for _ in 0..4 {
        spend(&mut bucket, 1, T0);
    }
    let late = Timestamp(today.ends.0 - 5_000);
    spend(&mut bucket, 1, late);
    assert_eq!(bucket.used(&today), 5);
    assert_eq!(bucket.day_frees(&LIMITS, &today), Some(today.ends));

    let tomorrow = pacific::day_of(today.ends);
    assert_eq!(bucket.day_frees(&LIMITS, &tomorrow), None);
    assert_eq!(
        bucket.used(&tomorrow),
        1,
        "it may have arrived after midnight"
    );
    let mut restored = Bucket::default();
    restored.restore(&bucket.ledger());
    assert_eq!(restored.used(&tomorrow), 1);
    spend(&mut bucket, 1, today.ends);
    assert_eq!(bucket.used(&tomorrow), 2);
}

#[test]
fn days_never_go_backwards() {
    let today = pacific::day_of(T0);
    let tomorrow = pacific::day_of(today.ends);
    let mut bucket = Bucket::default();
    for _ in 0..5 {
        spend(&mut bucket, 1, today.ends);
    }
    bucket.rebase(T0);
    assert_eq!(bucket.used(&today), 5);
    assert_eq!(bucket.day_frees(&LIMITS, &today), Some(tomorrow.ends));
    spend(&mut bucket, 1, T0);
    assert_eq!(bucket.ledger().day, tomorrow.number);
}

#[test]
fn a_clock_set_ahead_for_a_while_loses_no_count_and_closes_no_day() {
    let today = pacific::day_of(T0);
    for days in [1, 2, 100] {
        let ahead = T0.after(Duration::from_hours(24) * days);
        let mut bucket = Bucket::default();
        spend(&mut bucket, 1, T0);
        spend(&mut bucket, 1, T0);
        for _ in 0..2 {
            spend(&mut bucket, 1, ahead);
        }
        assert_eq!(bucket.used(&pacific::day_of(ahead)), 2, "{days}");
        bucket.rebase(T0);
        assert_eq!(bucket.used(&today), 4, "{days}");
        spend(&mut bucket, 1, T0);
        assert_eq!(bucket.used(&today), 5, "{days}");
        assert_eq!(bucket.ledger().used, 5, "{days}");
        let frees = bucket.day_frees(&LIMITS, &today).expect("it is full");
        assert!(
            frees <= today.ends.after(pacific::LONGEST_DAY),
            "{days}: {frees:?}"
        );
    }
}

#[test]
fn requests_that_seem_to_lie_ahead_count_as_made_now() {
    let mut bucket = Bucket::default();
    spend(&mut bucket, 1, after(1_000_000));
    spend(&mut bucket, 1, after(1_000_001));
    bucket.rebase(T0);
    assert_eq!(bucket.minute_frees(&LIMITS, 1, T0), Some(T0.after(MINUTE)));
}

#[test]
fn a_refund_gives_back_the_day_and_the_minute_once() {
    let mut bucket = Bucket::default();
    spend(&mut bucket, 1, T0);
    spend(&mut bucket, 1, after(1));
    bucket.refund(1, T0);
    bucket.refund(1, T0);
    let ledger = bucket.ledger();
    assert_eq!((ledger.used, ledger.recent), (1, vec![after(1)]));
}

#[test]
fn of_two_requests_of_one_moment_the_right_one_is_given_back() {
    for (refunded, frees) in [(600, None), (1, Some(T0.after(MINUTE)))] {
        let mut bucket = Bucket::default();
        spend(&mut bucket, 600, T0);
        spend(&mut bucket, 1, T0);
        bucket.refund(refunded, T0);
        assert_eq!(bucket.minute_frees(&LIMITS, 500, T0), frees);
    }
}

#[test]
fn a_call_that_leaves_late_counts_from_then_on_whatever_became_of_its_unit() {
    let mut bucket = Bucket::default();
    spend(&mut bucket, 7, T0);
    bucket.restamp(7, T0, after(30));
    assert_eq!(bucket.recent(after(61)), 1, "it moved");
    let much_later = after(200);
    spend(&mut bucket, 7, much_later);
    assert_eq!(bucket.recent(much_later), 1, "the old unit was pruned");
    bucket.restamp(7, after(30), much_later);
    assert_eq!(bucket.recent(much_later), 2);
    assert_eq!(
        bucket.ledger().used,
        2,
        "of the day they were counted before"
    );
}
