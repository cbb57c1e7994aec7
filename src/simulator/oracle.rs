//! What a router that knows everything would serve, under the rules that bind ours: own group before
//! lower ones, a reserve kept by lenders, no model above the question's tier, the owner's limits, and
//! the same patience. It never calls what fails for certain, so one call answers; only chance costs it
//! quota in vain, as it costs anybody.
//!
//! Greedy: the earliest deadline first (all are equally patient, so the first to come), each at the
//! earliest moment of a class of keys. Within one class no other order serves more: slots of a sliding
//! minute are alike, and the k-th start is never later than in any other schedule. Between classes
//! there are two sensible orders, to wait for one's own group or to borrow what is free sooner; both
//! are tried, and the better one counts.

mod bucket;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bucket::{Bucket, clear_from, lent};

use super::trace::Trace;
use super::upstream::PACE;
use super::world::{Calendar, Limits, Trouble, World};
use super::{MAX_ATTEMPTS, PATIENCE, Question};
use crate::catalog::Tier;
use crate::clock::Timestamp;
use crate::keys::{Group, pacific};

/// One question as the oracle serves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) at: Timestamp,
    pub(crate) project: usize,
    pub(crate) model: usize,
}

/// How the oracle serves a trace, by question.
pub(crate) fn serve(trace: &Trace) -> Vec<Option<Start>> {
    let [patient, eager] = [false, true].map(|eager| {
        let mut oracle = Oracle::new(&trace.world);
        let questions = trace.questions.iter();
        let starts = questions.map(|question| oracle.place(question, eager));
        starts.collect::<Vec<_>>()
    });
    let served = |starts: &[Option<Start>]| starts.iter().flatten().count();
    if served(&eager) > served(&patient) {
        eager
    } else {
        patient
    }
}

/// The buckets of one tier and group.
#[derive(Debug, Default)]
struct Class {
    buckets: Vec<usize>,
    /// As that of its buckets.
    not_before: [Timestamp; 2],
}

struct Oracle<'w> {
    world: &'w World,
    buckets: Vec<Bucket>,
    classes: BTreeMap<(Tier, Option<Group>), Class>,
    /// Starts of the last ten seconds and those ahead, of all keys, in order.
    paced: VecDeque<Timestamp>,
    /// Whether our address ever has a pace to keep.
    is_paced: bool,
    calendar: Calendar,
}

impl<'w> Oracle<'w> {
    fn new(world: &'w World) -> Self {
        let configured = world.configured();
        let mut buckets = Vec::new();
        let mut classes = BTreeMap::<_, Class>::new();
        for project in 0..world.projects() {
            let members = world.keys.iter().enumerate();
            let members: Vec<_> = members.filter(|(_, key)| key.project == project).collect();
            let tiers = world.catalog.answering();
            let tiers = tiers.filter_map(|model| model.kind.tier());
            for (model, tier) in tiers.enumerate() {
                let groups: BTreeSet<_> = members.iter().map(|(_, key)| key.group).collect();
                for group in groups {
                    let class = classes.entry((tier, group)).or_default();
                    class.buckets.push(buckets.len());
                }
                let own = configured[model];
                let binding = |truth: Limits| Limits {
                    minute: own.minute.min(truth.minute),
                    day: own.day.min(truth.day),
                    tokens: own.tokens.min(truth.tokens),
                };
                buckets.push(Bucket {
                    project,
                    model,
                    keys: members.iter().map(|(key, _)| *key).collect(),
                    limits: binding(world.truth[model]),
                    before: binding(world.allowed(model, Timestamp(0))),
                    starts: VecDeque::new(),
                    days: BTreeMap::new(),
                    late_days: BTreeMap::new(),
                    not_before: [Timestamp(0); 2],
                });
            }
        }
        Self {
            world,
            buckets,
            classes,
            paced: VecDeque::new(),
            is_paced: world.faults.iter().any(|fault| fault.pace().is_some()),
            calendar: Calendar::new(Timestamp(0)),
        }
    }

    /// The start that answers the question. An attempt that chance fails has spent its slot.
    fn place(&mut self, question: &Question, eager: bool) -> Option<Start> {
        if self.world.is_walled(question.id, question.at) {
            return None;
        }
        let mut attempts = 0..MAX_ATTEMPTS;
        attempts.find_map(|_| {
            let (place, start) = self.attempt(question, eager)?;
            (!self.is_unlucky(place, start.at)).then_some(start)
        })
    }

    fn is_unlucky(&self, place: usize, at: Timestamp) -> bool {
        let bucket = &self.buckets[place];
        let mut alive = bucket
            .keys
            .iter()
            .filter(|key| !self.world.is_dead(**key, at));
        let Some(used) = alive.next() else {
            return true;
        };
        let call = (*used, bucket.model);
        self.world.troubles(at).any(|trouble| match trouble {
            Trouble::ModelShaky { model, percent, .. } => {
                model == bucket.model && self.world.strikes(percent, call, at)
            }
            Trouble::KeyOdd { key, percent } => {
                key == *used && self.world.strikes(percent, call, at)
            }
            Trouble::Region { one_in } => self.world.hits(one_in, call, at),
            Trouble::ModelFlaps { model, one_in } => {
                model == bucket.model && self.world.hits(one_in, call, at)
            }
            Trouble::KeyDies { .. }
            | Trouble::ModelOut { .. }
            | Trouble::Throttle
            | Trouble::ThrottleAbove { .. }
            | Trouble::ModelThrottled { .. }
            | Trouble::KeyDisowned { .. }
            | Trouble::KeyShutOut { .. }
            | Trouble::Firewall { .. }
            | Trouble::ProxyDown
            | Trouble::DayDenied { .. } => false,
        })
    }

    /// Takes a slot for the question: the first of the first group that has one in time, or, when
    /// eager, the first of all groups. A smaller tier is only a way out.
    fn attempt(&mut self, question: &Question, eager: bool) -> Option<(usize, Start)> {
        while self
            .paced
            .front()
            .is_some_and(|at| question.at.since(*at) >= PACE)
        {
            self.paced.pop_front();
        }
        let lenders = [Group::B, Group::C, Group::D].into_iter();
        let lower = lenders.filter(|group| *group > question.group);
        let own = [(None, false), (Some(question.group), false)].into_iter();
        let groups: Vec<_> = own.chain(lower.map(|it| (Some(it), true))).collect();
        let tiers = [Tier::Pro, Tier::Flash, Tier::Lite].into_iter();
        for tier in tiers.filter(|tier| *tier <= question.tier) {
            let mut found: Option<(usize, Timestamp)> = None;
            for (group, borrowed) in &groups {
                let Some(mut class) = self.classes.remove(&(tier, *group)) else {
                    continue;
                };
                let here = self.best(question, &mut class, *borrowed);
                self.classes.insert((tier, *group), class);
                found = match (found, here) {
                    (Some(found), Some(here)) if here.1 < found.1 => Some(here),
                    (found, here) => found.or(here),
                };
                if found.is_some_and(|(_, at)| !eager || at == question.at) {
                    break;
                }
            }
            if let Some((bucket, at)) = found {
                return Some((bucket, self.start(bucket, at)));
            }
        }
        None
    }

    /// The bucket of a class that starts the question first; of several the least spent one.
    fn best(
        &mut self,
        question: &Question,
        class: &mut Class,
        borrowed: bool,
    ) -> Option<(usize, Timestamp)> {
        let last = question.at.after(PATIENCE);
        let whose = usize::from(borrowed);
        if class.not_before[whose] > last {
            return None;
        }
        let mut best: Option<(usize, Timestamp, f64)> = None;
        for &place in &class.buckets {
            let bucket = &mut self.buckets[place];
            let from = bucket.not_before[whose].max(question.at);
            if best.is_some_and(|(_, at, _)| from > at) {
                continue;
            }
            bucket.forget(question.at);
            let found = self.earliest(place, (from, last), borrowed);
            let bucket = &mut self.buckets[place];
            let never = from.max(Timestamp(last.0 + 1));
            bucket.not_before[whose] = found.unwrap_or(never);
            let Some(at) = found else {
                continue;
            };
            let share = bucket.share(self.calendar.number(at));
            if best.is_none_or(|(_, other, least)| at < other || (at == other && share < least)) {
                best = Some((place, at, share));
            }
        }
        let buckets = class.buckets.iter().map(|it| &self.buckets[*it]);
        let bounds = buckets.map(|bucket| bucket.not_before[whose]);
        class.not_before[whose] = bounds.min().unwrap_or_default();
        best.map(|(place, at, _)| (place, at))
    }

    /// The first moment at which everything allows a call.
    fn earliest(
        &mut self,
        place: usize,
        (from, last): (Timestamp, Timestamp),
        borrowed: bool,
    ) -> Option<Timestamp> {
        let mut at = from;
        while at <= last {
            let bucket = &self.buckets[place];
            let clear = clear_from(self.world, bucket, at)?;
            let day = self.calendar.day(clear);
            let limits = bucket.limits(self.world, clear);
            let cap = if borrowed {
                lent(limits.day)
            } else {
                limits.day
            };
            let within = if bucket.used(day.number) < cap {
                clear
            } else {
                self.world.rise.as_ref().map_or(day.ends, |rise| {
                    let rises = Some(rise.at).filter(|at| *at > clear);
                    rises.map_or(day.ends, |at| at.min(day.ends))
                })
            };
            let within = self.late_day(place, within);
            let bucket = &self.buckets[place];
            let free = bucket.next_fit(self.world, (within, last), borrowed)?;
            let next = self.next_paced(free);
            if next == at {
                return Some(at);
            }
            at = next;
        }
        None
    }

    /// The first moment from this one at which the service's own day has room.
    fn late_day(&self, place: usize, from: Timestamp) -> Timestamp {
        let World { late, .. } = *self.world;
        if late.is_zero() {
            return from;
        }
        let bucket = &self.buckets[place];
        let day = pacific::day_of(from.before(late));
        let used = bucket.late_days.get(&day.number).copied().unwrap_or(0);
        if used < bucket.limits(self.world, from).day {
            from
        } else {
            day.ends.after(late)
        }
    }

    /// This moment when one more call then keeps our address within its pace; else the next to try.
    fn next_paced(&self, from: Timestamp) -> Timestamp {
        if !self.is_paced {
            return from;
        }
        let crowded = |end: Timestamp| {
            let Some((calls, _)) = self.world.pace(end) else {
                return false;
            };
            let starts = self.paced.iter();
            let around = starts.filter(|start| **start <= end && end.since(**start) < PACE);
            around.count() >= usize::try_from(calls).unwrap()
        };
        let later = self.paced.iter().filter(|start| **start > from);
        let mut ends = later.filter(|start| start.since(from) < PACE);
        if !crowded(from) && !ends.any(|end| crowded(*end)) {
            return from;
        }
        let until = self
            .world
            .pace(from)
            .map_or(Timestamp(u64::MAX), |(_, until)| until);
        let frees = self.paced.iter().map(|start| start.after(PACE));
        frees.filter(|at| *at > from).fold(until, Timestamp::min)
    }

    fn start(&mut self, place: usize, at: Timestamp) -> Start {
        let day = self.calendar.number(at);
        let nth = self.paced.partition_point(|start| *start <= at);
        self.paced.insert(nth, at);
        let bucket = &mut self.buckets[place];
        let nth = bucket.starts.partition_point(|start| *start <= at);
        bucket.starts.insert(nth, at);
        *bucket.days.entry(day).or_default() += 1;
        if !self.world.late.is_zero() {
            let day = pacific::day_of(at.before(self.world.late)).number;
            *bucket.late_days.entry(day).or_default() += 1;
        }
        Start {
            at,
            project: bucket.project,
            model: bucket.model,
        }
    }
}
