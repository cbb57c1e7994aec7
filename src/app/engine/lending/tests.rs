use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::{JoinSet, yield_now};

use super::*;
use crate::catalog::Catalog;
use crate::clock::Timestamp;
use crate::keys::{Counted, Effect, Group, KeySpec, Next, Policy, Route, Saved, Start, Verdict};

/// A minute of 40: more than the slots, less than a thousand questions need.
const MODEL: &str = r#"
[[model]]
id = "busy"
tier = "lite"
rpm = 40
tpm = 1_000_000
rpd = 200
free = true
price_in = 0.0
price_out = 0.0
context_tokens = 1000
max_output = 100
"#;

const KEYS: u8 = 5;
const MINUTE: usize = 40;
const SLOTS: usize = 8;
const TASKS: usize = 1_000;

const POLICY: Policy = Policy {
    rpm: Some(40),
    daily_percent: 30,
    cooldown: Duration::from_secs(10),
    max_errors: 3,
    blacklist: Duration::from_hours(1),
    paid_daily: 0,
};

fn catalog() -> Catalog {
    Catalog::parse(MODEL).unwrap()
}

fn pool() -> Pool {
    let key = |name: u8| KeySpec {
        fingerprint: [name; 16],
        project: [name; 16],
        group: None,
        paid: false,
        label: format!("{name}"),
    };
    let keys = (1..=KEYS).map(key).collect();
    Pool::new(POLICY, keys, &catalog(), Saved::default(), clock::now())
}

fn lending() -> Lending {
    Lending::new(pool())
}

fn ask(patience: Duration) -> Ask {
    ask_at(clock::steady(), patience)
}

fn ask_at(since: Timestamp, patience: Duration) -> Ask {
    let start = Start {
        kind: crate::catalog::Tier::Lite.into(),
        groups: vec![Group::C],
        tokens: 1,
        rank: 0,
        since,
        patience,
    };
    Route::new(start, &catalog()).ask().clone()
}

fn answered() -> Verdict {
    Verdict {
        effect: Effect::Healthy,
        next: Next::Done,
        learned: Vec::new(),
        counted: Counted::Yes,
        tokens: None,
    }
}

/// What became of the thousand.
#[derive(Default)]
struct Sums {
    lent: AtomicUsize,
    refused: AtomicUsize,
    over: AtomicUsize,
    given_up: AtomicUsize,
    /// Calls at once, per key, and the most there ever were.
    at_once: [AtomicUsize; KEYS as usize],
    most: AtomicUsize,
}

/// Calls for a moment, and counts how many do so with the same key.
async fn hold(lending: &Lending, sums: &Sums, lease: Lease) {
    let place = usize::from(lease.key[0]) - 1;
    let at_once = sums.at_once[place].fetch_add(1, Ordering::SeqCst) + 1;
    sums.most.fetch_max(at_once, Ordering::SeqCst);
    for _ in 0..3 {
        yield_now().await;
    }
    sums.at_once[place].fetch_sub(1, Ordering::SeqCst);
    sums.lent.fetch_add(1, Ordering::SeqCst);
    lending.with(|pool| {
        pool.settle(lease, &answered(), clock::now(), &mut fastrand::Rng::new());
    });
}

/// Every fifth gives up while it waits, some of them just when it is their turn.
async fn ask_once(lending: Arc<Lending>, sums: Arc<Sums>, number: usize) {
    let mut waiter = match lending.reserve(&ask(Duration::from_millis(1_500))) {
        Asked::Lent(lease) => return hold(&lending, &sums, lease).await,
        Asked::Refused(_) => {
            sums.refused.fetch_add(1, Ordering::SeqCst);
            return;
        }
        Asked::Queued(waiter) => waiter,
    };
    if number.is_multiple_of(5) {
        for _ in 0..number % 7 {
            yield_now().await;
        }
        drop(waiter);
        sums.given_up.fetch_add(1, Ordering::SeqCst);
        return;
    }
    loop {
        match waiter.step().await {
            Step::Lent(lease) => return hold(&lending, &sums, lease).await,
            Step::Waits => {}
            Step::Over => {
                sums.over.fetch_add(1, Ordering::SeqCst);
                return;
            }
        }
    }
}

/// Requests that each key has counted.
fn counted(lending: &Lending) -> Vec<usize> {
    let used = |name| {
        lending.with(|pool| {
            let row = pool.ledger([name; 16], "busy");
            assert_eq!(row.used as usize, row.recent.len());
            row.recent.len()
        })
    };
    (1..=KEYS).map(used).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_questions_at_once_exceed_no_limit_and_none_is_lost() {
    let lending = Arc::new(lending());
    let sums = Arc::new(Sums::default());
    let mut tasks = JoinSet::new();
    for number in 0..TASKS {
        tasks.spawn(ask_once(Arc::clone(&lending), Arc::clone(&sums), number));
    }
    tasks.join_all().await;
    let read = |sum: &AtomicUsize| sum.load(Ordering::SeqCst);
    let ends = [&sums.lent, &sums.refused, &sums.over, &sums.given_up].map(read);
    assert_eq!(ends.iter().sum::<usize>(), TASKS, "{ends:?}");
    assert!(read(&sums.most) <= SLOTS, "{} at once", read(&sums.most));
    let counted = counted(&lending);
    assert!(counted.iter().all(|&calls| calls <= MINUTE), "{counted:?}");
    // A lease that came too late is given back, so all that is counted was called.
    assert_eq!(counted.iter().sum::<usize>(), ends[0]);
    assert!(ends[0] > usize::from(KEYS) * MINUTE / 2, "{ends:?}");
    assert!(lending.inner.lock().waiting.is_empty());
}

/// All slots of all keys.
fn fill(lending: &Lending) -> Vec<Lease> {
    let lend = |_| match lending.reserve(&ask(Duration::ZERO)) {
        Asked::Lent(lease) => lease,
        Asked::Queued(_) | Asked::Refused(_) => panic!("there are slots left"),
    };
    (0..usize::from(KEYS) * SLOTS).map(lend).collect()
}

fn queue(lending: &Lending) -> Waiter<'_> {
    match lending.reserve(&ask(Duration::from_mins(1))) {
        Asked::Queued(waiter) => waiter,
        Asked::Lent(_) | Asked::Refused(_) => panic!("all slots are taken"),
    }
}

fn settle(lending: &Lending, lease: Lease) {
    let now = clock::now();
    lending.with(|pool| pool.settle(lease, &answered(), now, &mut fastrand::Rng::new()));
}

#[tokio::test]
async fn a_lease_of_somebody_who_has_gone_comes_back_and_serves_the_next() {
    let lending = lending();
    let mut leases = fill(&lending);
    let before: usize = counted(&lending).iter().sum();
    let first = queue(&lending);
    let mut second = queue(&lending);
    settle(&lending, leases.pop().unwrap());
    assert_eq!(counted(&lending).iter().sum::<usize>(), before + 1);
    // The first one's lease is on its way to it.
    drop(first);
    assert_eq!(counted(&lending).iter().sum::<usize>(), before + 1);
    let Step::Lent(lease) = second.step().await else {
        panic!("the lease was lost");
    };
    drop(second);
    lending.with(|pool| drop(pool.refund(lease)));
    assert_eq!(counted(&lending).iter().sum::<usize>(), before);
    assert!(lending.inner.lock().waiting.is_empty());
}

#[tokio::test]
async fn whoever_leaves_the_line_leaves_nothing_behind() {
    let lending = lending();
    let leases = fill(&lending);
    let waiters: Vec<Waiter<'_>> = (0..20).map(|_| queue(&lending)).collect();
    assert_eq!(waiters.last().unwrap().place().ahead, 19);
    drop(waiters);
    assert_eq!(queue(&lending).place().ahead, 0);
    let before: usize = counted(&lending).iter().sum();
    for lease in leases {
        settle(&lending, lease);
    }
    assert_eq!(
        counted(&lending).iter().sum::<usize>(),
        before,
        "nobody was served"
    );
    assert_eq!(fill(&lending).len(), usize::from(KEYS) * SLOTS);
}

#[tokio::test]
async fn whoever_waits_in_vain_is_told_when_their_patience_is_over() {
    let lending = lending();
    let _leases = fill(&lending);
    let Asked::Queued(mut waiter) = lending.reserve(&ask(Duration::from_millis(1_100))) else {
        panic!("a slot may free within a second");
    };
    let mut looks = 0;
    let patience = clock::steady().after(Duration::from_millis(1_100));
    while let Step::Waits = waiter.step().await {
        assert!(waiter.place().wakes > clock::steady().min(patience));
        looks += 1;
    }
    assert!(looks <= 3, "it looked {looks} times");
    drop(waiter);
    assert!(lending.inner.lock().waiting.is_empty());
}

const T0: Timestamp = Timestamp::from_secs(1_795_000_000);

thread_local! {
    /// Seconds since the test began, and those by which its clock was corrected.
    static CLOCK: Cell<(u64, i64)> = const { Cell::new((0, 0)) };
}

/// A clock that goes and is corrected as the test sets it.
fn set_clock() -> Reading {
    let (secs, corrected) = CLOCK.get();
    let steady = T0.after(Duration::from_secs(secs));
    let now = steady.0.saturating_add_signed(corrected * 1_000);
    Reading {
        now: Timestamp(now),
        steady,
    }
}

/// What a while of waiting brings; it is no long one where the moment to look again has come.
async fn step(waiter: &mut Waiter<'_>) -> Step {
    let step = tokio::time::timeout(Duration::from_mins(1), waiter.step());
    step.await
        .expect("it looks again after what is seconds to it")
}

#[tokio::test]
async fn a_clock_that_is_corrected_neither_cuts_nor_stretches_a_wait() {
    const DAY: i64 = 24 * 3_600;
    let wish = |patience| ask_at(set_clock().steady, Duration::from_secs(patience));
    for by in [100 * DAY, 3_600, 61, -61, -3_600, -100 * DAY] {
        CLOCK.set((0, 0));
        let lending = Lending::by(set_clock, pool());
        let mut leases = Vec::new();
        let mut waiter = loop {
            match lending.reserve(&wish(15)) {
                Asked::Lent(lease) => leases.push(lease),
                Asked::Queued(waiter) => break waiter,
                Asked::Refused(why) => panic!("a slot may free soon: {why:?}"),
            }
        };
        for secs in 1..=15 {
            CLOCK.set((secs, if secs < 5 { 0 } else { by }));
            // Whoever comes and goes serves the line by this clock.
            let newcomer = lending.reserve(&wish(0));
            assert!(matches!(newcomer, Asked::Refused(_)), "{by}");
            assert!(
                matches!(step(&mut waiter).await, Step::Waits),
                "{by}: {secs} s"
            );
        }
        CLOCK.set((16, by));
        assert!(matches!(step(&mut waiter).await, Step::Over), "{by}");
        drop(waiter);

        // A key that frees in time is lent, whatever the clock was set to meanwhile.
        let Asked::Queued(mut waiter) = lending.reserve(&wish(15)) else {
            panic!("{by}: a slot may free soon");
        };
        CLOCK.set((30, 0));
        assert!(matches!(step(&mut waiter).await, Step::Waits), "{by}");
        let (lease, now) = (leases.pop().unwrap(), set_clock().now);
        lending.with(|pool| pool.settle(lease, &answered(), now, &mut fastrand::Rng::new()));
        assert!(matches!(step(&mut waiter).await, Step::Lent(_)), "{by}");
    }
}
