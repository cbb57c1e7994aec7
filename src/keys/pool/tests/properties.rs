//! Random histories, with restarts at any moment, next to a plain account of what a service that
//! counts each call would have seen.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::keys::health::cooling::Gate;
use crate::keys::moment::DISORDER;

const MODEL_IDS: [&str; 2] = ["small", "big"];

#[derive(Debug, Clone, Copy)]
enum Step {
    Reserve {
        group: usize,
        first: usize,
        tokens: u64,
    },
    Settle {
        which: usize,
        effect: usize,
        limit: Option<u64>,
    },
    Refund {
        which: usize,
    },
    Sleep {
        millis: u64,
    },
    /// Until the moment the last wait named.
    SleepUntilFree,
    SetBack {
        millis: u64,
    },
    Restart,
    Reconfigure {
        without: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..4_usize, 0..2_usize, prop_oneof![1..400_u64, Just(3_000)])
            .prop_map(|(group, first, tokens)| Step::Reserve { group, first, tokens }),
        8 => (0..50_usize, 0..40_usize, prop::option::weighted(0.05, 0..6_u64))
            .prop_map(|(which, effect, limit)| Step::Settle { which, effect, limit }),
        1 => (0..50_usize).prop_map(|which| Step::Refund { which }),
        3 => (0..2_000_u64).prop_map(|millis| Step::Sleep { millis }),
        2 => (0..70_000_u64).prop_map(|millis| Step::Sleep { millis }),
        1 => (0..40_000_000_u64).prop_map(|millis| Step::Sleep { millis }),
        3 => Just(Step::SleepUntilFree),
        1 => Just(Step::Restart),
        1 => (0..6_usize).prop_map(|without| Step::Reconfigure { without }),
    ]
}

fn effect(index: usize) -> Effect {
    let minute = Cooldown::For(Duration::from_mins(1));
    let second = Cooldown::For(Duration::from_secs(1));
    match index {
        0 => Effect::KillKey(Death::Invalid),
        1 => Effect::KillProject(Death::ProjectDenied),
        2..6 => Effect::CoolKeyModel(minute),
        6 => Effect::CoolKeyModel(Cooldown::UntilPacificMidnight),
        7 => Effect::CoolKey(second),
        8 => Effect::CoolProject(second),
        9 => Effect::Overloaded(second),
        10 => Effect::Unserved,
        11 => Effect::Page,
        12..14 => Effect::Suspect(Cooldown::Configured),
        14..17 => Effect::Strike(Cooldown::Configured),
        17 => Effect::Innocent,
        _ => Effect::Healthy,
    }
}

fn keys() -> Vec<KeySpec> {
    let groups = [
        Some(Group::C),
        Some(Group::C),
        Some(Group::C),
        Some(Group::D),
        None,
    ];
    let mut keys: Vec<KeySpec> = (1..)
        .zip(groups)
        .map(|(name, group)| key(name, group))
        .collect();
    keys[1].project = keys[0].project;
    keys[4].paid = true;
    keys
}

type Bucket = (Fingerprint, String);

/// The world around the pool: the clock, the data file, the service's own account.
struct World {
    pool: Pool,
    rng: fastrand::Rng,
    /// What the pool's clock shows.
    now: Timestamp,
    /// By how much it was set back.
    set_back: u64,
    keys: Vec<KeySpec>,
    out: Vec<Lease>,
    ledgers: HashMap<Bucket, Ledger>,
    healths: HashMap<Scope, Health>,
    /// Calls by true time, with their tokens (unknown to the pool before its last start).
    calls: HashMap<Bucket, Vec<(u64, u64)>>,
    started: u64,
    /// Limits the service has named, and when.
    learned: HashMap<Bucket, (u32, Timestamp)>,
    last_wait: Option<Wait>,
}

impl World {
    fn new(keys: Vec<KeySpec>, start: Timestamp) -> Self {
        Self {
            pool: Pool::new(POLICY, keys.clone(), &catalog(), Saved::default(), start),
            rng: rng(),
            now: start,
            set_back: 0,
            keys,
            out: Vec::new(),
            ledgers: HashMap::new(),
            healths: HashMap::new(),
            calls: HashMap::new(),
            started: 0,
            learned: HashMap::new(),
            last_wait: None,
        }
    }

    fn true_time(&self) -> u64 {
        self.now.0 + self.set_back
    }

    fn step(&mut self, step: Step) -> Option<Lease> {
        match step {
            Step::Reserve {
                group,
                first,
                tokens,
            } => return self.reserve(group, first, tokens),
            Step::Settle {
                which,
                effect: index,
                limit,
            } => {
                if !self.out.is_empty() {
                    let lease = self.out.remove(which % self.out.len());
                    self.settle(lease, effect(index), limit);
                }
            }
            Step::Refund { which } => {
                if !self.out.is_empty() {
                    let lease = self.out.remove(which % self.out.len());
                    self.refund(lease);
                }
            }
            Step::Sleep { millis } => self.now = Timestamp(self.now.0 + millis),
            Step::SleepUntilFree => {
                if let Some(until) = self.last_wait.take().and_then(|wait| wait.until) {
                    self.now = self.now.max(until);
                }
            }
            Step::SetBack { millis } => {
                self.now = Timestamp(self.now.0 - millis);
                self.set_back += millis;
                self.last_wait = None;
                let now = self.now;
                self.learned
                    .values_mut()
                    .for_each(|(_, at)| *at = now.min(*at));
            }
            Step::Restart => self.restart(),
            Step::Reconfigure { without } => {
                let all = self.keys.iter().enumerate();
                let keys = all.filter(|(index, _)| *index != without);
                let keys = keys.map(|(_, spec)| spec.clone()).collect();
                self.pool.reconfigure(POLICY, keys, &catalog());
            }
        }
        None
    }

    /// `kill -9`: the calls under way are gone, the rows are there.
    fn restart(&mut self) {
        self.out.clear();
        self.started = self.true_time();
        let saved = Saved {
            ledgers: self.ledgers.clone().into_iter().collect(),
            healths: self.healths.clone().into_iter().collect(),
            spend: Spend::default(),
        };
        self.pool = Pool::new(POLICY, self.keys.clone(), &catalog(), saved, self.now);
    }

    fn reserve(&mut self, group: usize, first: usize, tokens: u64) -> Option<Lease> {
        let groups: [&[Group]; 4] = [&[Group::C], &[Group::D], &[Group::C, Group::D], &[Group::A]];
        let ask = Ask {
            tokens,
            ..ask(groups[group], &MODEL_IDS[first..])
        };
        match lend(&mut self.pool, &ask, self.now) {
            Ok(lease) => {
                let bucket = (lease.project, lease.model.clone());
                let ledger = self.pool.ledger(bucket.0, &bucket.1);
                self.ledgers.insert(bucket.clone(), ledger);
                let time = self.true_time();
                self.calls.entry(bucket).or_default().push((time, tokens));
                Some(lease)
            }
            Err(wait) => {
                assert!(wait.until.is_none_or(|until| until > self.now), "{wait:?}");
                self.last_wait = Some(wait);
                None
            }
        }
    }

    fn settle(&mut self, lease: Lease, effect: Effect, limit: Option<u64>) {
        let bucket = (lease.project, lease.model.clone());
        let learned = limit.map(|limit| Learned {
            quota: Quota::RequestsPerMinute,
            limit,
        });
        if let Some(limit) = limit {
            let limit = u32::try_from(limit).unwrap();
            self.learned.insert(bucket, (limit, self.now));
        }
        let verdict = Verdict {
            learned: learned.into_iter().collect(),
            ..says(effect)
        };
        for change in self.pool.settle(lease, &verdict, self.now, &mut self.rng) {
            let old = self
                .healths
                .insert(change.scope.clone(), change.health.clone());
            let old = old.unwrap_or_default();
            assert!(old.dead.is_none() || old.dead == change.health.dead);
            // But where it is taken back, or where a key turns out not to have died alone.
            let everybody = matches!(change.scope, Scope::Pool | Scope::FreeKeys);
            let taken_back = everybody && effect == Effect::Healthy;
            let together = !old.died_together && change.health.died_together;
            if self.set_back == 0 && !taken_back && !together {
                let cleared = old.cooling.cause.is_some() && change.health.cooling.until.is_none();
                assert!(
                    cleared || old.cooling.until <= change.health.cooling.until,
                    "a cooldown shrank"
                );
            }
            let longest = self.now.after(pacific::LONGEST_DAY + DISORDER);
            assert!(
                change
                    .health
                    .cooling
                    .until
                    .is_none_or(|until| until <= longest)
            );
        }
    }

    fn refund(&mut self, lease: Lease) {
        let bucket = (lease.project, lease.model.clone());
        // The service never saw it: the call of that moment is struck from its account.
        let at = lease.at.0 + self.set_back;
        let calls = self.calls.entry(bucket).or_default();
        if let Some(index) = calls.iter().position(|call| *call == (at, lease.tokens)) {
            calls.remove(index);
        }
        let (bucket, row) = self.pool.refund(lease);
        self.ledgers.insert(bucket, row);
    }

    /// Everything that must hold for a lease that was just given.
    fn check(&self, lease: &Lease) {
        let bucket = (lease.project, lease.model.clone());
        let (rpm, rpd, tpm) = match lease.model.as_str() {
            "small" => (3, 6, 1_000),
            _ => (10, 150, 2_000),
        };
        let rpm = match self.learned.get(&bucket) {
            // A day later more is tried; close to that either may be.
            Some(&(said, at)) if at.after(Duration::from_hours(23)) > self.now => said.min(10),
            Some(&(said, _)) => said.clamp(rpm, 10),
            None => rpm,
        };
        let now = self.true_time();
        let calls = &self.calls[&bucket];
        let minute = calls.iter().filter(|call| call.0 + 60_000 > now);
        let minute: Vec<_> = minute.collect();
        assert!(minute.len() <= rpm as usize, "{} in a minute", minute.len());
        let known = minute.iter().filter(|call| call.0 > self.started);
        let tokens: u64 = known.map(|call| call.1).sum();
        assert!(tokens <= tpm, "{tokens} tokens in a minute");
        if self.set_back == 0 {
            let day = pacific::day_of(self.now);
            let today = calls.iter().filter(|call| call.0 >= day.began.0).count();
            assert!(today <= rpd, "{today} in a day");
            assert!(self.ledgers[&bucket].used as usize >= today);
        }
        let same_key = self.out.iter().filter(|out| out.key == lease.key);
        assert!(same_key.count() < 8.min(rpm as usize));
        let scopes = [
            Scope::Key(lease.key),
            Scope::Project(lease.project),
            Scope::ProjectModel(lease.project, lease.model.clone()),
            Scope::KeyModel(lease.key, lease.model.clone()),
            Scope::Model(lease.model.clone()),
            Scope::Pool,
        ];
        for scope in scopes {
            let Some(health) = self.healths.get(&scope) else {
                continue;
            };
            assert_eq!(health.dead, None, "{scope:?} was lent");
            let probes = matches!(scope, Scope::ProjectModel(..)) && lease.probes.bucket;
            // Its cooldown is for strikes, and too few others are left.
            let is_pardoned = scope == Scope::Key(lease.key) && self.pool.pardons(lease);
            if self.set_back == 0 && !probes && !is_pardoned {
                assert_eq!(health.cooling.ends(self.now), None, "{scope:?} was lent");
            }
            if probes {
                let gate = health.cooling.gate(false, self.now);
                assert!(self.set_back > 0 || gate == Gate::Probe, "{health:?}");
                let probing =
                    |it: &&Lease| (it.project, &it.model) == (lease.project, &lease.model);
                let others = self.out.iter().filter(probing);
                assert!(
                    !others.into_iter().any(|it| it.probes.bucket),
                    "a second probe"
                );
            }
        }
    }

    fn run(&mut self, steps: Vec<Step>) -> Vec<(Fingerprint, String, Timestamp)> {
        let mut lent = Vec::new();
        for step in steps {
            let Some(lease) = self.step(step) else {
                continue;
            };
            self.check(&lease);
            lent.push((lease.key, lease.model.clone(), lease.at));
            self.out.push(lease);
            let tally = self.pool.count(self.now);
            let sum = tally.available + tally.waiting + tally.blacklisted + tally.dead;
            assert_eq!(sum, tally.total);
        }
        lent
    }
}

/// Close to a midnight, on which summer time ends.
fn start() -> impl Strategy<Value = Timestamp> {
    (0..7_200_000_u64).prop_map(|before| Timestamp(1_793_606_400_000 - before))
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn no_limit_is_ever_exceeded_and_no_dead_key_lent(
        start in start(),
        steps in prop::collection::vec(step(), 1..250),
    ) {
        World::new(keys(), start).run(steps);
    }

    #[test]
    fn a_clock_that_is_set_back_exceeds_no_minute(
        start in start(),
        steps in prop::collection::vec(
            prop_oneof![
                15 => step(),
                1 => (0..5_000_u64).prop_map(|millis| Step::SetBack { millis }),
                1 => (0..90_000_000_u64).prop_map(|millis| Step::SetBack { millis }),
            ],
            1..250,
        ),
    ) {
        let steps = steps.into_iter().filter(|step| !matches!(step, Step::Refund { .. }));
        World::new(keys(), start).run(steps.collect());
    }

    #[test]
    fn the_order_of_the_settings_does_not_matter(
        start in start(),
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let reconfigure = |step: &Step| matches!(step, Step::Reconfigure { .. });
        let steps: Vec<Step> = steps.into_iter().filter(|step| !reconfigure(step)).collect();
        let mut reversed = keys();
        reversed.reverse();
        let forward = World::new(keys(), start).run(steps.clone());
        prop_assert_eq!(forward, World::new(reversed, start).run(steps));
    }

    #[test]
    fn the_moment_a_wait_names_is_the_right_one(
        start in start(),
        steps in prop::collection::vec(step(), 1..120),
        tokens in 1..400_u64,
    ) {
        let mut world = World::new(keys(), start);
        world.run(steps);
        while let Some(lease) = world.out.pop() {
            world.settle(lease, Effect::Innocent, None);
        }
        // A third strike is told from a correlated failure by then.
        world.now = world.now.after(Duration::from_secs(11));
        let ask = Ask { tokens, ..ask(&[Group::C], &MODEL_IDS) };
        while let Ok(lease) = lend(&mut world.pool, &ask, world.now) {
            let says = says(Effect::Innocent);
            world.pool.settle(lease, &says, world.now, &mut world.rng);
        }
        let wait = lend(&mut world.pool, &ask, world.now).unwrap_err();
        if let Some(until) = wait.until {
            let early = lend(&mut world.pool, &ask, Timestamp(until.0 - 1));
            prop_assert_eq!(early.unwrap_err(), wait);
            prop_assert!(lend(&mut world.pool, &ask, until).is_ok());
        }
    }
}
