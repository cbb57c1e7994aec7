//! The service, as strict as it can be: an exact sliding minute and a Pacific day per (project,
//! model), faults to the millisecond. It counts what a policy did to it. Failed calls spend quota as
//! answered ones do; refused and throttled ones, and those that never reach it, do not (gemini-api
//! §16).

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
    /// Whose text it carries.
    pub(crate) question: usize,
    pub(crate) key: usize,
    pub(crate) model: usize,
    pub(crate) tokens: u64,
    /// When the policy decided on it: the owner's cap of a day counts from here.
    pub(crate) sent: Timestamp,
}

/// How a dead key is refused.
fn refusal(death: Trouble) -> Reply {
    if matches!(death, Trouble::KeyDisowned { .. }) {
        Reply::Disowned
    } else {
        Reply::Refused
    }
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
        if let Some(refusal) = self.on_the_way(request, now) {
            return refusal;
        }
        if self.is_throttled(now) {
            return Reply::Throttled;
        }
        if let Some(refusal) = self.turned_away(request, now) {
            return refusal;
        }
        if let Some(refusal) = self.spend(request, now) {
            self.provoked += 1;
            return refusal;
        }
        self.fault(request, now).unwrap_or(Reply::Answer)
    }

    /// Answers the free look at a model with a key; none when it is accepted.
    pub(crate) fn look(&self, key: usize, model: usize, now: Timestamp) -> Option<Reply> {
        let mut troubles = self.world.troubles(now);
        if troubles.any(|it| it == Trouble::ProxyDown) {
            return Some(Reply::Page);
        }
        if let Some(death) = self.world.death(key, now) {
            return Some(refusal(death));
        }
        let call = (key, model);
        self.world.troubles(now).find_map(|trouble| match trouble {
            Trouble::Throttle => Some(Reply::Throttled),
            Trouble::Region { one_in } => self.hit(one_in, call, now, Reply::Region),
            Trouble::ModelFlaps { model: it, one_in } if it == model => {
                self.hit(one_in, call, now, Reply::Missing)
            }
            Trouble::ProxyDown
            | Trouble::KeyDies { .. }
            | Trouble::ModelOut { .. }
            | Trouble::ModelShaky { .. }
            | Trouble::KeyOdd { .. }
            | Trouble::ThrottleAbove { .. }
            | Trouble::ModelThrottled { .. }
            | Trouble::KeyDisowned { .. }
            | Trouble::KeyShutOut { .. }
            | Trouble::ModelFlaps { .. }
            | Trouble::Firewall { .. }
            | Trouble::DayDenied { .. } => None,
        })
    }

    fn hit(
        &self,
        one_in: u32,
        call: (usize, usize),
        now: Timestamp,
        reply: Reply,
    ) -> Option<Reply> {
        self.world.hits(one_in, call, now).then_some(reply)
    }

    /// What stops a request before the service counts anything: proxies, and the key's own refusal.
    fn on_the_way(&self, request: Request, now: Timestamp) -> Option<Reply> {
        if self.world.troubles(now).any(|it| it == Trouble::ProxyDown) {
            return Some(Reply::Page);
        }
        if self.world.is_walled(request.question, now) {
            return Some(Reply::Blocked);
        }
        if let Some(death) = self.world.death(request.key, now) {
            return Some(refusal(death));
        }
        let shut = Trouble::KeyShutOut { key: request.key };
        let mut troubles = self.world.troubles(now);
        troubles.any(|it| it == shut).then_some(Reply::Disowned)
    }

    /// What the service says of a model without counting the call.
    fn turned_away(&self, request: Request, now: Timestamp) -> Option<Reply> {
        let Request { key, model, .. } = request;
        self.world.troubles(now).find_map(|trouble| {
            if trouble == (Trouble::ModelThrottled { model }) {
                return Some(Reply::Throttled);
            }
            if trouble == (Trouble::DayDenied { model }) {
                return Some(Reply::DayQuota {
                    limit: self.world.allowed(model, now).day,
                    retry: MISLEADING,
                });
            }
            if let Trouble::ModelFlaps { model: it, one_in } = trouble
                && it == model
            {
                return self.hit(one_in, (key, model), now, Reply::Missing);
            }
            None
        })
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
            self.calendar.number(now.before(self.world.late)),
            self.calendar.number(request.sent),
        );
        let limits = &self.world.allowed(request.model, now);
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
            Trouble::Region { one_in } => self.hit(one_in, call, now, Reply::Region),
            Trouble::KeyDies { .. }
            | Trouble::ModelOut { .. }
            | Trouble::ModelShaky { .. }
            | Trouble::KeyOdd { .. }
            | Trouble::Throttle
            | Trouble::ThrottleAbove { .. }
            | Trouble::ModelThrottled { .. }
            | Trouble::KeyDisowned { .. }
            | Trouble::KeyShutOut { .. }
            | Trouble::ModelFlaps { .. }
            | Trouble::Firewall { .. }
            | Trouble::ProxyDown
            | Trouble::DayDenied { .. } => None,
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
