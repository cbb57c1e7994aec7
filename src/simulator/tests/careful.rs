//! A policy that does the obvious: it keeps the limits, spreads by the day's use, and cools down what
//! failed. Not ours; it shows that the targets can be met, and with one flaw each, that every figure
//! can be missed.

use std::collections::{BTreeMap, VecDeque};

use super::super::upstream::MINUTE;
use super::super::world::Calendar;
use super::*;
use crate::keys::pacific::Day;

#[derive(Default, Clone)]
struct Bucket {
    recent: VecDeque<Timestamp>,
    days: BTreeMap<i32, u32>,
    cooldown: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    None,
    /// Counts a minute as 60 seconds, whatever the way to the service is.
    ExactMinute,
    /// Keeps its counters in memory.
    Forgets,
    /// Thinks that a Pacific day ends at midnight UTC.
    UtcDay,
    /// Three failures of any kind in a row blacklist a key for an hour.
    LiteralRule,
    /// Takes the first key that is free.
    FirstFree,
    /// Tries refused keys again after a cooldown.
    Hopes,
}

pub(super) struct Careful {
    flaw: Flaw,
    strikes: Vec<u32>,
    keys: Vec<KeyFacts>,
    tiers: Vec<Tier>,
    limits: Vec<Limits>,
    buckets: Vec<Vec<Bucket>>,
    dead: Vec<bool>,
    key_cooldowns: Vec<Timestamp>,
    model_cooldowns: Vec<Timestamp>,
    pool_cooldown: Timestamp,
    calendar: Calendar,
    /// Longer than a minute by what the way to the service may differ.
    minute: Duration,
}

impl Careful {
    pub(super) fn new(world: &World, flaw: Flaw) -> Self {
        let limits = world.configured();
        let fresh = vec![Bucket::default(); limits.len()];
        let slack = if flaw == Flaw::ExactMinute { 0 } else { 250 };
        Self {
            flaw,
            strikes: vec![0; world.keys.len()],
            keys: world.keys.clone(),
            tiers: world
                .catalog
                .answering()
                .filter_map(|model| model.kind.tier())
                .collect(),
            buckets: vec![fresh; world.projects()],
            dead: vec![false; world.keys.len()],
            key_cooldowns: vec![Timestamp(0); world.keys.len()],
            model_cooldowns: vec![Timestamp(0); limits.len()],
            pool_cooldown: Timestamp(0),
            calendar: Calendar::new(Timestamp(0)),
            minute: MINUTE + Duration::from_millis(slack),
            limits,
        }
    }

    fn day(&mut self, now: Timestamp) -> Day {
        if self.flaw != Flaw::UtcDay {
            return self.calendar.day(now);
        }
        let millis = 86_400_000;
        Day {
            number: i32::try_from(now.0 / millis).unwrap(),
            began: Timestamp(now.0 / millis * millis),
            ends: Timestamp((now.0 / millis + 1) * millis),
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
        let day = self.day(now);
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
        let cooldown = bucket
            .cooldown
            .max(self.key_cooldowns[key])
            .max(self.model_cooldowns[model]);
        let mut frees = cooldown.max(self.pool_cooldown).max(now);
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

    fn is_better(&self, used: u32, best: Option<(u32, usize, usize)>) -> bool {
        best.is_none_or(|(least, ..)| used < least && self.flaw != Flaw::FirstFree)
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
                if frees <= now && self.is_better(used, best) {
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
                        let day = self.day(now).number;
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
        let midnight = self.day(now).ends;
        let bucket = &mut self.buckets[self.keys[key].project][model];
        match reply {
            Reply::Answer => {}
            Reply::MinuteQuota { limit, retry } => {
                bucket.cooldown = now.after(retry);
                self.limits[model].minute = self.limits[model].minute.min(limit);
            }
            Reply::DayQuota { .. } => bucket.cooldown = midnight,
            Reply::Throttled => self.pool_cooldown = now.after(seconds(2)),
            Reply::Overloaded | Reply::Missing => {
                self.model_cooldowns[model] = now.after(seconds(10));
            }
            Reply::Internal
            | Reply::Unexplained
            | Reply::Disowned
            | Reply::Region
            | Reply::Page
            | Reply::Blocked => self.key_cooldowns[key] = now.after(seconds(10)),
            Reply::Refused if self.flaw == Flaw::Hopes => {
                self.key_cooldowns[key] = now.after(seconds(60));
            }
            Reply::Refused => self.dead[key] = true,
        }
        self.strikes[key] = if reply == Reply::Answer {
            0
        } else {
            self.strikes[key] + 1
        };
        if self.flaw == Flaw::LiteralRule && self.strikes[key] >= 3 {
            self.key_cooldowns[key] = now.after(seconds(3_600));
        }
    }

    fn restart(&mut self, _now: Timestamp) {
        if self.flaw == Flaw::Forgets {
            let buckets = self.buckets.iter_mut().flatten();
            buckets.for_each(|bucket| *bucket = Bucket::default());
        }
    }

    fn has_blacklisted(&self, key: usize, now: Timestamp) -> bool {
        self.dead[key] || self.key_cooldowns[key].since(now) > seconds(60)
    }
}
