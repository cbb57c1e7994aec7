//! A policy that does the obvious: it keeps the limits, spreads by the day's use, and rests what
//! failed. Not ours; it shows that the targets can be met and that the simulator tells who meets them.

use std::collections::{BTreeMap, VecDeque};

use super::super::upstream::MINUTE;
use super::super::world::{Calendar, Limits};
use super::*;

#[derive(Default, Clone)]
struct Bucket {
    recent: VecDeque<Timestamp>,
    days: BTreeMap<i32, u32>,
    rests: Timestamp,
}

pub(super) struct Careful {
    keys: Vec<KeyFacts>,
    tiers: Vec<Tier>,
    limits: Vec<Limits>,
    buckets: Vec<Vec<Bucket>>,
    dead: Vec<bool>,
    key_rests: Vec<Timestamp>,
    model_rests: Vec<Timestamp>,
    pool_rests: Timestamp,
    calendar: Calendar,
    /// Longer than a minute by what the way to the service may differ.
    minute: Duration,
}

impl Careful {
    pub(super) fn new(world: &World) -> Self {
        let limits = world.configured();
        let fresh = vec![Bucket::default(); limits.len()];
        Self {
            keys: world.keys.clone(),
            tiers: world.catalog.models().map(|model| model.tier).collect(),
            buckets: vec![fresh; world.projects()],
            dead: vec![false; world.keys.len()],
            key_rests: vec![Timestamp(0); world.keys.len()],
            model_rests: vec![Timestamp(0); limits.len()],
            pool_rests: Timestamp(0),
            calendar: Calendar::new(Timestamp(0)),
            minute: MINUTE + Duration::from_millis(250),
            limits,
        }
    }

    /// When the key may call the model, and how much of its day is spent.
    fn frees(
        &mut self,
        (key, model): (usize, usize),
        borrowed: bool,
        now: Timestamp,
    ) -> (Timestamp, u32) {
        let percent = if borrowed { 60 } else { 100 };
        let day = self.calendar.day(now);
        let limits = self.limits[model];
        let bucket = &mut self.buckets[self.keys[key].project][model];
        while bucket
            .recent
            .front()
            .is_some_and(|at| now.since(*at) >= self.minute)
        {
            bucket.recent.pop_front();
        }
        let used = bucket.days.get(&day.number).copied().unwrap_or(0);
        let rests = bucket
            .rests
            .max(self.key_rests[key])
            .max(self.model_rests[model]);
        let mut frees = rests.max(self.pool_rests).max(now);
        if used >= limits.day * percent / 100 {
            frees = frees.max(day.ends);
        }
        let minute = usize::try_from(limits.minute * percent / 100).unwrap();
        if minute == 0 {
            return (Timestamp(u64::MAX), used);
        }
        if bucket.recent.len() >= minute {
            let oldest = bucket.recent[bucket.recent.len() - minute];
            frees = frees.max(oldest.after(self.minute));
        }
        (frees, used)
    }

    /// The least spent of those that are free now, or when the first will be.
    fn choose(
        &mut self,
        class: (Tier, Group, bool),
        now: Timestamp,
    ) -> Result<(usize, usize), Timestamp> {
        let (tier, group, borrowed) = class;
        let mut soonest = Timestamp(u64::MAX);
        let mut best: Option<(u32, usize, usize)> = None;
        for key in 0..self.keys.len() {
            let serves = self.keys[key].group.map_or(!borrowed, |own| own == group);
            if !serves || self.dead[key] {
                continue;
            }
            for model in 0..self.tiers.len() {
                if self.tiers[model] != tier || self.limits[model].minute == 0 {
                    continue;
                }
                let (frees, used) = self.frees((key, model), borrowed, now);
                soonest = soonest.min(frees);
                if frees <= now && best.is_none_or(|(least, ..)| used < least) {
                    best = Some((used, key, model));
                }
            }
        }
        best.map(|(_, key, model)| (key, model)).ok_or(soonest)
    }
}

impl Policy for Careful {
    fn name(&self) -> &'static str {
        "careful"
    }

    fn decide(
        &mut self,
        question: &Question,
        _attempt: u32,
        now: Timestamp,
        _rng: &mut fastrand::Rng,
    ) -> Decision {
        let mut soonest = Timestamp(u64::MAX);
        for tier in [Tier::Flash, Tier::Lite] {
            for group in [Group::A, Group::B, Group::C, Group::D] {
                if tier > question.tier || group < question.group {
                    continue;
                }
                match self.choose((tier, group, group != question.group), now) {
                    Ok((key, model)) => {
                        let day = self.calendar.number(now);
                        let bucket = &mut self.buckets[self.keys[key].project][model];
                        bucket.recent.push_back(now);
                        *bucket.days.entry(day).or_default() += 1;
                        return Decision::Call { key, model };
                    }
                    Err(frees) => soonest = soonest.min(frees),
                }
            }
        }
        // Asking at every freed slot would make no difference but in time.
        let until = soonest.max(now.after(Duration::from_millis(100)));
        Decision::Wait { until }
    }

    fn told(
        &mut self,
        _question: &Question,
        (key, model): (usize, usize),
        reply: Reply,
        now: Timestamp,
        _rng: &mut fastrand::Rng,
    ) {
        let bucket = &mut self.buckets[self.keys[key].project][model];
        match reply {
            Reply::Answer => {}
            Reply::MinuteQuota { limit, retry } => {
                bucket.rests = now.after(retry);
                self.limits[model].minute = self.limits[model].minute.min(limit);
            }
            Reply::DayQuota { .. } => bucket.rests = self.calendar.day(now).ends,
            Reply::Throttled => self.pool_rests = now.after(seconds(2)),
            Reply::Overloaded => self.model_rests[model] = now.after(seconds(10)),
            Reply::Internal | Reply::Unexplained => self.key_rests[key] = now.after(seconds(10)),
            Reply::Refused => self.dead[key] = true,
        }
    }

    fn restart(&mut self, _now: Timestamp) {}

    fn has_blacklisted(&self, key: usize, _now: Timestamp) -> bool {
        self.dead[key]
    }
}
