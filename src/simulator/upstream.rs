//! The service, as strict as it can be: an exact sliding minute and a Pacific day per (project,
//! model), faults to the millisecond. It counts what a policy did to it. Failed calls spend quota as
//! answered ones do; refused and throttled ones do not (gemini-api §16).

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::Reply;
use super::world::{Calendar, Limits, Trouble, World};
use crate::clock::Timestamp;

pub(crate) const MINUTE: Duration = Duration::from_mins(1);

/// The span of [`Trouble::ThrottleAbove`].
pub(crate) const PACE: Duration = Duration::from_secs(10);

/// What the service says about the end of a day's quota, whatever the hour is.
const MISLEADING: Duration = Duration::from_secs(37);

/// One call as it reaches the service.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    pub(crate) key: usize,
    pub(crate) model: usize,
    pub(crate) tokens: u64,
    /// When the policy decided on it: the owner's cap of a day counts from here.
    pub(crate) sent: Timestamp,
}

/// What one (project, model) has spent.
#[derive(Debug, Clone, Default)]
struct Bucket {
    minute: VecDeque<(Timestamp, u64)>,
    /// By day of arrival; what the true limit is about.
    arrived: BTreeMap<i32, u32>,
    /// By day of sending; what the owner's cap is about.
    sent: BTreeMap<i32, u32>,
    busiest: u32,
}

impl Bucket {
    /// What stands against one more request.
    fn obstacle(
        &mut self,
        limits: &Limits,
        tokens: u64,
        day: i32,
        now: Timestamp,
    ) -> Option<Reply> {
        while self
            .minute
            .front()
            .is_some_and(|(at, _)| now.since(*at) >= MINUTE)
        {
            self.minute.pop_front();
        }
        if self.arrived.get(&day).copied().unwrap_or(0) >= limits.day {
            return Some(Reply::DayQuota {
                limit: limits.day,
                retry: MISLEADING,
            });
        }
        let spent: u64 = self.minute.iter().map(|(_, tokens)| tokens).sum();
        if self.recent() >= limits.minute || spent + tokens > limits.tokens {
            let oldest = self.minute.front().map_or(now, |(at, _)| *at);
            return Some(Reply::MinuteQuota {
                limit: limits.minute,
                retry: oldest.after(MINUTE).since(now),
            });
        }
        None
    }

    fn recent(&self) -> u32 {
        u32::try_from(self.minute.len()).unwrap()
    }
}

/// The service.
#[derive(Debug)]
pub(crate) struct Upstream<'w> {
    world: &'w World,
    /// By project, then by model.
    buckets: Vec<Vec<Bucket>>,
    /// Calls of the last ten seconds that were let through, of all keys.
    admitted: VecDeque<Timestamp>,
    calendar: Calendar,
    /// Requests that arrived.
    pub(crate) calls: u32,
    /// 429s that a quota was the reason of.
    pub(crate) provoked: u32,
}

impl<'w> Upstream<'w> {
    pub(crate) fn new(world: &'w World) -> Self {
        let fresh = vec![Bucket::default(); world.truth.len()];
        Self {
            world,
            buckets: vec![fresh; world.projects()],
            admitted: VecDeque::new(),
            calendar: Calendar::new(Timestamp(0)),
            calls: 0,
            provoked: 0,
        }
    }

    /// Answers one request.
    pub(crate) fn call(&mut self, request: Request, now: Timestamp) -> Reply {
        self.calls += 1;
        if self.world.is_dead(request.key, now) {
            return Reply::Refused;
        }
        if self.is_throttled(now) {
            return Reply::Throttled;
        }
        if let Some(refusal) = self.spend(request, now) {
            self.provoked += 1;
            return refusal;
        }
        self.fault(request, now).unwrap_or(Reply::Answer)
    }

    fn is_throttled(&mut self, now: Timestamp) -> bool {
        while self
            .admitted
            .front()
            .is_some_and(|at| now.since(*at) >= PACE)
        {
            self.admitted.pop_front();
        }
        let pace = self.world.pace(now).map(|(calls, _)| calls);
        let above = pace.is_some_and(|calls| self.admitted.len() >= calls.try_into().unwrap());
        let mut troubles = self.world.troubles(now);
        let throttled = above || troubles.any(|trouble| trouble == Trouble::Throttle);
        drop(troubles);
        if !throttled {
            self.admitted.push_back(now);
        }
        throttled
    }

    fn spend(&mut self, request: Request, now: Timestamp) -> Option<Reply> {
        let (arrived, sent) = (
            self.calendar.number(now),
            self.calendar.number(request.sent),
        );
        let limits = &self.world.truth[request.model];
        let project = self.world.keys[request.key].project;
        let bucket = &mut self.buckets[project][request.model];
        if let Some(obstacle) = bucket.obstacle(limits, request.tokens, arrived, now) {
            return Some(obstacle);
        }
        bucket.minute.push_back((now, request.tokens));
        *bucket.arrived.entry(arrived).or_default() += 1;
        *bucket.sent.entry(sent).or_default() += 1;
        bucket.busiest = bucket.busiest.max(bucket.recent());
        None
    }

    fn fault(&self, request: Request, now: Timestamp) -> Option<Reply> {
        let call = (request.key, request.model);
        let mut troubles = self.world.troubles(now);
        troubles.find_map(|trouble| match trouble {
            Trouble::ModelOut { model } if model == request.model => Some(Reply::Overloaded),
            Trouble::ModelShaky {
                model,
                percent,
                internal,
            } if model == request.model && self.world.strikes(percent, call, now) => {
                Some(if internal {
                    Reply::Internal
                } else {
                    Reply::Overloaded
                })
            }
            Trouble::KeyOdd { key, percent }
                if key == request.key && self.world.strikes(percent, call, now) =>
            {
                Some(Reply::Unexplained)
            }
            Trouble::KeyDies { .. }
            | Trouble::ModelOut { .. }
            | Trouble::ModelShaky { .. }
            | Trouble::KeyOdd { .. }
            | Trouble::Throttle
            | Trouble::ThrottleAbove { .. } => None,
        })
    }

    /// Requests beyond the owner's cap of a day, over all (project, model, day).
    pub(crate) fn overspend(&self) -> u32 {
        let caps = self.world.configured();
        let over = self.buckets.iter().flat_map(|project| {
            let models = project.iter().zip(&caps);
            models.flat_map(|(bucket, cap)| {
                let days = bucket.sent.values();
                days.map(|used| used.saturating_sub(cap.day))
            })
        });
        over.sum()
    }

    /// The most requests of one (project, model) in any 60 seconds.
    pub(crate) fn busiest(&self, project: usize, model: usize) -> u32 {
        self.buckets[project][model].busiest
    }

    /// Requests of a project by Pacific day, over these models.
    pub(crate) fn days(&self, project: usize, models: &[usize]) -> BTreeMap<i32, u32> {
        let mut days = BTreeMap::new();
        for &model in models {
            for (day, used) in &self.buckets[project][model].sent {
                *days.entry(*day).or_default() += used;
            }
        }
        days
    }
}
