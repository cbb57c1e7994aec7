use proptest::prelude::*;

use super::*;
use crate::chat::fixtures::{lane, private};
use crate::people::roles::{DEFAULT_ROLES, Roles};

const T0: Timestamp = Timestamp::from_secs(1_795_000_000);

fn queue(bound: usize, parallel: usize) -> Queue {
    Queue::new(
        bound,
        NonZeroUsize::new(parallel).unwrap(),
        Shares::Unlimited,
    )
}

/// The same with the turns of `data/roles.toml` for each person.
fn limited(bound: usize, parallel: usize) -> Queue {
    let roles = Roles::parse(DEFAULT_ROLES, None).unwrap();
    Queue {
        shares: Shares::of(&roles),
        ..queue(bound, parallel)
    }
}

fn group(chat: i64, person: i64) -> Lane {
    lane(-chat, None, person)
}

fn waiting(job: u64, lane: Lane, role: Role, after_secs: u64) -> Waiting {
    let since = T0.after(Duration::from_secs(after_secs));
    Waiting::new(JobId(job), lane, role, since)
}

fn popped(queue: &mut Queue) -> Vec<u64> {
    std::iter::from_fn(|| queue.pop().map(|next| next.job.0)).collect()
}

fn suspect(job: u64, lane: Lane) -> Waiting {
    Waiting {
        past: Past {
            is_recalled: true,
            crashes: 2,
            ..Past::default()
        },
        ..waiting(job, lane, Role::Owner, 0)
    }
}

#[test]
fn a_job_is_a_suspect_after_two_crashes_and_proven_by_a_third_or_by_two_panics() {
    for (crashes, panics, others, is_suspect, is_proven) in [
        (0, 0, 0, false, false),
        (1, 0, 0, false, false),
        (2, 0, 0, true, false),
        (3, 0, 0, true, true),
        (0, 1, 0, false, false),
        (1, 1, 0, false, false),
        (2, 1, 0, true, false),
        (0, 2, 0, false, true),
        (u8::MAX, 0, 0, true, true),
        // The bot dies without it, too.
        (3, 0, 1, true, false),
        (4, 0, 1, true, true),
        (5, 0, 16, true, false),
        (6, 0, 16, true, true),
        (0, 2, 16, false, true),
    ] {
        let past = Past {
            is_recalled: true,
            crashes,
            panics,
            others,
        };
        let found = (past.is_suspect(), past.is_proven());
        assert_eq!(found, (is_suspect, is_proven), "{past:?}");
    }
}

#[test]
fn a_suspect_is_popped_by_itself_and_holds_up_no_lane_but_its_own() {
    let mut queue = queue(9, 1);
    let (ann, ben) = (private(1), group(5, 2));
    for (lane, first) in [(ann, 1), (ben, 3)] {
        queue.push(suspect(first, lane)).unwrap();
        queue
            .push(waiting(first + 1, lane, Role::Owner, 0))
            .unwrap();
    }
    queue.push(waiting(5, private(3), Role::Guest, 9)).unwrap();
    queue.push(waiting(6, group(5, 4), Role::Guest, 9)).unwrap();
    assert_eq!(popped(&mut queue), [5, 6]);
    assert!(queue.has_suspects() && !queue.has_ready());
    queue.done(private(3));
    queue.done(group(5, 4));
    let first = queue.pop_suspect().unwrap();
    assert_eq!((first.job, first.lane), (JobId(1), ann));
    assert_eq!((first.past.crashes, queue.running()), (2, 1));
    assert_eq!(popped(&mut queue), [0; 0], "one lane runs, the other waits");
    queue.done(ann);
    assert_eq!(popped(&mut queue), [2]);
    // A suspect that is taken back leaves its lane to what stands behind it.
    assert!(queue.take(ben, JobId(3)));
    assert!(!queue.has_suspects());
    assert_eq!(popped(&mut queue), [4]);
}

#[test]
fn higher_roles_go_first_among_those_who_came_together() {
    let mut queue = queue(9, 4);
    let roles = [
        (1, Role::Guest),
        (2, Role::Normal),
        (3, Role::Premium),
        (4, Role::Vip),
        (5, Role::Owner),
    ];
    for (job, role) in roles {
        let lane = private(i64::try_from(job).unwrap());
        queue.push(waiting(job, lane, role, 0)).unwrap();
    }
    queue
        .push(waiting(6, Lane::Terminal, Role::Owner, 0))
        .unwrap();
    assert_eq!(popped(&mut queue), [5, 6, 4, 3, 2, 1]);
}

#[test]
fn a_guest_who_waited_a_minute_goes_before_an_owner_who_just_came() {
    let mut queue = queue(9, 4);
    queue.push(waiting(1, private(1), Role::Guest, 0)).unwrap();
    queue.push(waiting(2, private(2), Role::Owner, 59)).unwrap();
    queue.push(waiting(3, private(3), Role::Owner, 61)).unwrap();
    assert_eq!(popped(&mut queue), [2, 1, 3]);
}

#[test]
fn however_many_keep_coming_a_guest_waits_a_minute_at_the_most() {
    // One turn a second, and a question a second by this role.
    for (role, seconds) in [
        (Role::Owner, 60),
        (Role::Vip, 55),
        (Role::Premium, 45),
        (Role::Normal, 30),
        (Role::Guest, 0),
    ] {
        let mut queue = queue(10_000, 4);
        queue.push(waiting(0, private(1), Role::Guest, 0)).unwrap();
        let mut waited = 0;
        loop {
            let job = waited + 1;
            let lane = private(i64::try_from(job).unwrap() + 1);
            queue.push(waiting(job, lane, role, waited)).unwrap();
            let next = queue.pop().unwrap();
            queue.done(next.lane);
            if next.job == JobId(0) {
                break;
            }
            waited += 1;
            assert!(waited < 1000, "{role:?}: for ever");
        }
        assert_eq!(waited, seconds, "{role:?}");
    }
}

#[test]
fn a_lane_runs_one_job_and_keeps_its_order() {
    let mut queue = queue(9, 4);
    for job in [3, 1, 2] {
        queue
            .push(waiting(job, private(1), Role::Normal, 10 - job))
            .unwrap();
    }
    let topic = lane(1, Some(5), 1);
    queue.push(waiting(4, topic, Role::Normal, 20)).unwrap();
    assert_eq!(
        popped(&mut queue),
        [1, 4],
        "topics of a private chat are lanes"
    );
    assert_eq!((queue.len(), queue.running()), (2, 2));
    queue.done(private(1));
    queue.done(private(1));
    assert_eq!(popped(&mut queue), [2]);
    queue.done(private(1));
    assert_eq!(popped(&mut queue), [3]);
}

#[test]
fn a_busy_group_lets_others_pass() {
    let mut queue = queue(99, 2);
    for person in 1..=4 {
        let job = u64::try_from(person).unwrap();
        queue
            .push(waiting(job, group(7, person), Role::Vip, 0))
            .unwrap();
    }
    queue.push(waiting(5, private(9), Role::Guest, 0)).unwrap();
    queue.push(waiting(6, group(8, 1), Role::Guest, 0)).unwrap();
    assert_eq!(popped(&mut queue), [1, 2, 5, 6]);
    queue.done(group(7, 2));
    assert_eq!(popped(&mut queue), [3]);
    queue.done(group(7, 9));
    assert_eq!(
        popped(&mut queue),
        [0_u64; 0],
        "a lane that does not run frees nothing"
    );
}

#[test]
fn a_full_queue_takes_nothing_more() {
    let mut queue = queue(2, 4);
    let job = |id| waiting(id, private(1), Role::Normal, 0);
    assert_eq!(queue.push(job(1)), Ok(()));
    assert_eq!(queue.push(job(2)), Ok(()));
    assert_eq!(queue.push(job(2)), Ok(()), "it waits already");
    assert_eq!(queue.push(job(3)), Err(Full));
    queue.pop().unwrap();
    assert_eq!(queue.push(job(3)), Ok(()), "a running job does not wait");
}

#[test]
fn a_lane_can_be_emptied_without_touching_what_runs() {
    let mut queue = queue(9, 4);
    for job in 1..=3 {
        queue
            .push(waiting(job, group(7, 1), Role::Normal, 0))
            .unwrap();
    }
    queue
        .push(waiting(4, group(7, 2), Role::Normal, 0))
        .unwrap();
    queue.pop().unwrap();
    assert_eq!(queue.take_lane(group(7, 1)), [JobId(2), JobId(3)]);
    assert_eq!((queue.len(), queue.running()), (1, 1));
    assert_eq!(queue.take_lane(group(7, 2)), [JobId(4)]);
    queue.done(group(7, 1));
    assert_eq!(queue.pop(), None);
    assert!(queue.groups.is_empty(), "nothing is kept of a quiet group");
}

#[test]
fn everybody_who_waits_can_be_told_how_many_are_before_them() {
    let mut queue = queue(9, 4);
    queue.push(waiting(1, private(1), Role::Guest, 0)).unwrap();
    queue.push(waiting(2, private(2), Role::Normal, 0)).unwrap();
    queue.push(waiting(3, private(3), Role::Owner, 40)).unwrap();
    let position = |queue: &Queue, person| {
        let job = JobId(u64::try_from(person).unwrap());
        queue.position(private(person), job)
    };
    let positions = [1, 2, 3, 4].map(|person| position(&queue, person));
    assert_eq!(positions, [Some(2), Some(0), Some(1), None]);
    queue.pop().unwrap();
    assert_eq!(position(&queue, 1), Some(1));
}

/// The same rules, without any cleverness.
#[derive(Default)]
struct Naive {
    waiting: Vec<Waiting>,
    busy: Vec<Lane>,
    held: Vec<Lane>,
    is_limited: bool,
}

/// Jobs and turns of a person, and the lanes in which something waits.
type Facts = (usize, usize, Vec<Lane>);

fn facts(share: &Share) -> Facts {
    let mut lanes = share.waiting_lanes();
    lanes.sort();
    (share.jobs(), share.running(), lanes)
}

impl Naive {
    fn facts(&self, person: UserId) -> Facts {
        let is_theirs = |lane: &Lane| lane.person() == Some(person);
        let waiting = self.waiting.iter().map(|one| one.lane);
        let mut lanes: Vec<Lane> = waiting.filter(is_theirs).collect();
        let running = self.busy.iter().copied().filter(is_theirs).count();
        let jobs = lanes.len() + running;
        lanes.sort();
        lanes.dedup();
        (jobs, running, lanes)
    }

    fn pop(&mut self, parallel: usize) -> Option<Waiting> {
        let turns = |role: Role| {
            let number = [4, 2, 2, 1, 1][usize::from(role.rank())];
            if self.is_limited { number } else { usize::MAX }
        };
        let may_run = |candidate: &&Waiting| {
            let person = candidate.lane.person();
            let same_person = |lane: &&Lane| person.is_some() && lane.person() == person;
            let same_group = |lane: &&Lane| lane.chat() == candidate.lane.chat();
            let in_group = candidate.lane.chat().is_some_and(|chat| chat.0 < 0);
            let is_first =
                |other: &Waiting| other.lane != candidate.lane || other.job >= candidate.job;
            !self.busy.contains(&candidate.lane)
                && !self.held.contains(&candidate.lane)
                && self.busy.iter().filter(same_person).count() < turns(candidate.role)
                && self.waiting.iter().all(is_first)
                && !(in_group && self.busy.iter().filter(same_group).count() >= parallel)
        };
        let key = |one: &&Waiting| place(one.role, one.since, one.job);
        let next = *self.waiting.iter().filter(may_run).min_by_key(key)?;
        self.waiting.retain(|one| one.job != next.job);
        self.busy.push(next.lane);
        Some(next)
    }
}

#[derive(Debug, Clone)]
enum Step {
    Push { lane: usize, role: usize, wait: u64 },
    Pop,
    Done { which: usize },
    TakeLane { lane: usize },
    TakeOne { which: usize },
    Hold { lane: usize },
    Release { lane: usize },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..10_usize, 0..5_usize, 0..20_u64)
            .prop_map(|(lane, role, wait)| Step::Push { lane, role, wait }),
        3 => Just(Step::Pop),
        2 => (0..8_usize).prop_map(|which| Step::Done { which }),
        1 => (0..10_usize).prop_map(|lane| Step::TakeLane { lane }),
        1 => (0..12_usize).prop_map(|which| Step::TakeOne { which }),
        1 => (0..10_usize).prop_map(|lane| Step::Hold { lane }),
        2 => (0..10_usize).prop_map(|lane| Step::Release { lane }),
    ]
}

const ROLES: [Role; 5] = [
    Role::Owner,
    Role::Vip,
    Role::Premium,
    Role::Normal,
    Role::Guest,
];

fn lanes() -> Vec<Lane> {
    let mut lanes = vec![Lane::Terminal, private(1), lane(1, Some(2), 1), private(2)];
    lanes.extend((1..=4).map(|person| group(7, person)));
    lanes.extend([group(8, 1), lane(-8, Some(3), 1)]);
    lanes
}

proptest! {
    #[test]
    fn it_decides_as_the_naive_queue_does(
        steps in prop::collection::vec(step(), 1..120),
        parallel in 1..4_usize,
        is_limited in any::<bool>(),
    ) {
        let lanes = lanes();
        let mut queue = if is_limited {
            limited(12, parallel)
        } else {
            queue(12, parallel)
        };
        let mut naive = Naive {
            is_limited,
            ..Naive::default()
        };
        let mut now = 0;
        for (job, step) in (1..).zip(steps) {
            match step {
                Step::Push { lane, role, wait } => {
                    now += wait;
                    let new = waiting(job, lanes[lane], ROLES[role], now);
                    let full = naive.waiting.len() >= 12;
                    prop_assert_eq!(queue.push(new), if full { Err(Full) } else { Ok(()) });
                    if !full {
                        naive.waiting.push(new);
                    }
                }
                Step::Pop => {
                    let next = queue.pop();
                    prop_assert_eq!(next, naive.pop(parallel));
                }
                Step::Done { which } => {
                    if !naive.busy.is_empty() {
                        let lane = naive.busy.remove(which % naive.busy.len());
                        queue.done(lane);
                    }
                }
                Step::TakeLane { lane } => {
                    let lane = lanes[lane];
                    let jobs = naive.waiting.iter().filter(|one| one.lane == lane);
                    let jobs: Vec<JobId> = jobs.map(|one| one.job).collect();
                    naive.waiting.retain(|one| one.lane != lane);
                    prop_assert_eq!(queue.take_lane(lane), jobs);
                }
                Step::TakeOne { which } => {
                    if !naive.waiting.is_empty() {
                        let one = naive.waiting.remove(which % naive.waiting.len());
                        prop_assert!(queue.take(one.lane, one.job));
                    }
                }
                Step::Hold { lane } => {
                    naive.held.push(lanes[lane]);
                    queue.hold(lanes[lane]);
                }
                Step::Release { lane } => {
                    naive.held.retain(|held| *held != lanes[lane]);
                    queue.release(lanes[lane]);
                }
            }
            for person in 1..=4 {
                let person = UserId(person);
                prop_assert_eq!(facts(&queue.share_of(person)), naive.facts(person));
            }
            prop_assert_eq!(queue.len(), naive.waiting.len());
            prop_assert_eq!(queue.running(), naive.busy.len());
        }
    }

    #[test]
    fn nobody_starves(arrivals in prop::collection::vec((0..5_usize, 0..4_u64), 1..80)) {
        // A guest waits while others keep coming, one of whom is served each time.
        let mut queue = queue(1_000, 4);
        queue.push(waiting(1, private(1), Role::Guest, 0)).unwrap();
        let mut now = 0;
        let mut behind = 0;
        for (job, (role, wait)) in (2..).zip(arrivals) {
            now += wait;
            let lane = private(i64::try_from(job).unwrap());
            queue.push(waiting(job, lane, ROLES[role], now)).unwrap();
            let next = queue.pop().unwrap();
            if next.job == JobId(1) {
                return Ok(());
            }
            behind += u64::from(next.since > T0.after(Duration::from_mins(1)));
        }
        prop_assert_eq!(behind, 0, "somebody who came a minute later went first");
    }
}

#[test]
fn twenty_thousand_can_wait_and_all_are_served() {
    let mut queue = queue(20_000, 4);
    for job in 0..20_000_u64 {
        let person = i64::try_from(job % 3_000).unwrap();
        let lane = if job % 2 == 0 {
            private(person + 1)
        } else {
            group(1, person + 1)
        };
        let role = ROLES[usize::try_from(job % 5).unwrap()];
        queue.push(waiting(job, lane, role, job / 100)).unwrap();
    }
    let mut served = 0;
    while let Some(next) = queue.pop() {
        served += 1;
        queue.done(next.lane);
    }
    assert_eq!((served, queue.len(), queue.running()), (20_000, 0, 0));
}

#[test]
fn one_job_may_be_taken_out_and_the_next_of_its_lane_steps_forward() {
    let mut queue = queue(9, 4);
    let (ann, bob) = (private(1), private(2));
    for (job, lane) in [(1, ann), (2, ann), (3, bob)] {
        queue.push(waiting(job, lane, Role::Normal, job)).unwrap();
    }
    assert_eq!(
        queue.waiting_in(ann).collect::<Vec<_>>(),
        [JobId(1), JobId(2)]
    );
    assert!(queue.take(ann, JobId(1)));
    assert!(!queue.take(ann, JobId(1)));
    assert!(!queue.take(bob, JobId(2)));
    assert_eq!(popped(&mut queue), [2, 3]);
    assert!(!queue.take(ann, JobId(2)), "it runs");
}

#[test]
fn one_person_runs_as_many_turns_as_their_role_has_whatever_the_lanes() {
    for (role, turns) in [(Role::Owner, 4), (Role::Vip, 2), (Role::Guest, 1)] {
        let mut queue = limited(100, 4);
        for topic in 1..=64 {
            let lane = lane(7, Some(topic), 7);
            let job = u64::try_from(topic).unwrap();
            queue.push(waiting(job, lane, role, 0)).unwrap();
        }
        queue.push(waiting(99, private(8), role, 5)).unwrap();
        let first = popped(&mut queue);
        assert_eq!(first.len(), turns + 1, "{role:?}");
        assert_eq!(first.last(), Some(&99), "others are not held up");
        queue.done(lane(7, Some(1), 7));
        let next = u64::try_from(turns).unwrap() + 1;
        assert_eq!(popped(&mut queue), [next], "{role:?}");
    }
}

#[test]
fn nothing_begins_in_a_lane_that_is_held() {
    let mut queue = queue(9, 4);
    let (ann, bob) = (private(1), private(2));
    queue.push(waiting(1, ann, Role::Normal, 0)).unwrap();
    assert_eq!(popped(&mut queue), [1]);
    queue.hold(ann);
    queue.push(waiting(2, ann, Role::Normal, 1)).unwrap();
    queue.push(waiting(3, bob, Role::Normal, 2)).unwrap();
    queue.done(ann);
    assert_eq!(popped(&mut queue), [3]);
    queue.release(ann);
    assert_eq!(popped(&mut queue), [2]);
}
