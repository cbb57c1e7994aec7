//! Router A (design §4): inside one group and for one model, among the keys that may be called now
//! the one with the least of its day spent, then of its minute, then with the fewest calls in flight;
//! ties at random. Pure. Invariants: whoever is picked is within every limit, and the order in which
//! keys are looked at has no influence.

use std::time::Duration;

use super::gates::Gate;
use super::lease::Trials;
use super::pick::{Lightest, Load};
use super::pool::Moment;
use super::quota::Limits;
use super::roster::{Member, Offer};
use super::state::Seat;
use super::{Ask, Fingerprint, Group, Health, KeySpec, Pool, Wait, Why, purse};
use crate::catalog::Tier;
use crate::clock::Timestamp;

/// Calls at once with one key, where its minute allows so many.
const IN_FLIGHT: u32 = 8;

/// When to ask again while all slots are taken: a slot frees when its call ends, which nobody knows.
const SLOT_CHECK: Duration = Duration::from_secs(1);

/// Which keys are looked at: what money buys comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purse {
    Free,
    Paid,
}

/// The keys of one group that cost alike, with those that stand in no group.
#[derive(Debug)]
pub(super) struct Corner<'a> {
    ask: &'a Ask,
    purse: Purse,
    of_group: &'a [Member],
    of_none: &'a [Member],
    /// Whether keys that failed this question stay out.
    only_fresh: bool,
}

impl Ask {
    /// Whether the key is for the question at all.
    pub(super) fn suits(&self, member: &Member) -> bool {
        let spec = &member.spec;
        member.is_nearest(&self.groups)
            && serves(spec, &self.groups)
            && (spec.paid || !self.paid_only)
    }
}

/// What a paid key costs is spent on Guests only when the owner put it into their group.
pub(super) fn serves(spec: &KeySpec, groups: &[Group]) -> bool {
    let for_guests = groups.first() == Some(&Group::D);
    !spec.paid || !for_guests || spec.group == Some(Group::D)
}

impl<'a> Corner<'a> {
    fn keys(&self) -> impl Iterator<Item = &'a Member> {
        let (ask, only_fresh) = (self.ask, self.only_fresh);
        let fits = move |member: &&Member| {
            member.is_nearest(&ask.groups)
                && serves(&member.spec, &ask.groups)
                && !(only_fresh && ask.avoid.contains(&member.spec.fingerprint))
        };
        self.of_group.iter().chain(self.of_none).filter(fits)
    }
}

/// Whom a key is lent to, and for what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Use {
    /// The asker's own group; none: whoever the key is for.
    pub(super) group: Option<Group>,
    pub(super) tokens: u64,
}

/// The key that is to be called.
#[derive(Debug)]
pub(super) struct Pick {
    pub(super) seat: Seat,
    /// Of the key and its project.
    pub(super) names: (Fingerprint, Fingerprint),
    pub(super) model: String,
    pub(super) trials: Trials,
    pub(super) borrowed: bool,
    pub(super) paid: bool,
    /// Reserved price, in millionths of a dollar.
    pub(super) price: u64,
    pub(super) tier: Tier,
}

impl Pool {
    /// The keys of a question's group of that step; those of no group stand with the first.
    pub(super) fn corner<'a>(
        &'a self,
        ask: &'a Ask,
        step: usize,
        purse: Purse,
        only_fresh: bool,
    ) -> Corner<'a> {
        let paid = purse == Purse::Paid;
        let group = ask.groups.get(step);
        let of_none = (step == 0).then(|| self.section(None, paid));
        Corner {
            ask,
            purse,
            of_group: group.map_or(&[], |group| self.section(Some(*group), paid)),
            of_none: of_none.unwrap_or_default(),
            only_fresh,
        }
    }

    /// The least busy key of a corner for a model, or when the first of them is free.
    pub(super) fn pick(
        &self,
        corner: &Corner<'_>,
        offer: &Offer,
        moment: Moment,
        rng: &mut fastrand::Rng,
    ) -> Result<Pick, Wait> {
        let ask = corner.ask;
        let own = ask.groups.first().copied();
        let errand = Use {
            group: own,
            tokens: ask.tokens,
        };
        let mut wait = Wait::never(Why::NoKeys);
        let mut choice = Lightest::new();
        // All keys of a corner cost alike, so the same breakers stand before them.
        let closed = self.behind(corner.purse == Purse::Paid, offer, moment.now);
        for member in corner.keys() {
            match (self.alone(member, offer, errand, moment), closed) {
                (Ok(load), None) => {
                    let answered = match ask.attempts {
                        0 => load.answered,
                        _ => self.state.key(member.key).answered,
                    };
                    choice.offer(member, Load { answered, ..load }, rng);
                }
                (Ok(_), Some(closed)) => wait = wait.sooner(closed),
                (Err(own), closed) => wait = wait.sooner(own.later(closed.unwrap_or(own))),
            }
        }
        let member = choice.take().ok_or(wait)?;
        Ok(Pick {
            seat: member.seat(offer.place),
            names: (member.spec.fingerprint, member.spec.project),
            model: offer.model.id.clone(),
            trials: self.trials(member, offer, moment.now),
            borrowed: member.spec.group.is_some() && member.spec.group != own && self.lives(own),
            paid: member.spec.paid,
            price: member.price(offer, ask.tokens),
            tier: offer.model.tier,
        })
    }

    /// What a call is the one trial of.
    fn trials(&self, member: &Member, offer: &Offer, now: Timestamp) -> Trials {
        let state = &self.state;
        let seat = member.seat(offer.place);
        let (bucket, project) = (state.bucket(seat), state.project(seat.project));
        Trials {
            pool: state.pool.health.needs_trial(),
            free_keys: !member.spec.paid && state.free_keys.health.needs_trial(),
            model: state.model(offer.place).needs_trial(),
            endpoint: state.endpoint.health.needs_trial(),
            bucket: bucket.health.gate(bucket.on_probe, now) == Gate::Probe,
            project: project.health.gate(project.on_probe, now) == Gate::Probe,
        }
    }

    fn section(&self, group: Option<Group>, paid: bool) -> &[Member] {
        let from = self
            .roster
            .partition_point(|it| it.section() < (group, paid));
        let until = self
            .roster
            .partition_point(|it| it.section() <= (group, paid));
        self.roster.get(from..until).unwrap_or_default()
    }

    /// Whether a group has a living key of its own.
    fn lives(&self, group: Option<Group>) -> bool {
        self.roster
            .iter()
            .filter(|member| member.spec.group == group)
            .any(|member| !self.is_dead(member.seat(0)))
    }

    /// Whether the keys of one project are all that live.
    pub(super) fn lives_alone(&self) -> bool {
        let living = self.roster.iter().filter(|it| !self.is_dead(it.seat(0)));
        let mut projects = living.map(|member| member.seat(0).project);
        let first = projects.next();
        projects.all(|other| Some(other) == first)
    }

    /// Whether the key is dead, or its project with all its keys.
    pub(super) fn is_dead(&self, seat: Seat) -> bool {
        let project = &self.state.project(seat.project).health;
        let key = &self.state.key(seat.key).health;
        key.dead.is_some() || project.dead.is_some()
    }

    /// Whether the key may be called with the model now: how busy it is, or what stands in the way.
    pub(super) fn standing(
        &self,
        member: &Member,
        offer: &Offer,
        errand: Use,
        moment: Moment,
    ) -> Result<Load, Wait> {
        let closed = self.behind(member.spec.paid, offer, moment.now);
        match (self.alone(member, offer, errand, moment), closed) {
            (Ok(_), Some(closed)) => Err(closed),
            (Err(own), Some(closed)) => Err(own.later(closed)),
            (standing, None) => standing,
        }
    }

    /// The same, but for the breakers that many keys stand behind.
    fn alone(
        &self,
        member: &Member,
        offer: &Offer,
        errand: Use,
        moment: Moment,
    ) -> Result<Load, Wait> {
        let key = self.state.key(member.key);
        let seat = member.seat(offer.place);
        if self.is_dead(seat) {
            return Err(Wait::never(Why::Dead));
        }
        let limits = self.limits(member, offer, errand.group);
        let limits = limits.ok_or(Wait::never(Why::NoKeys))?;
        if member.price(offer, errand.tokens) > self.policy.paid_daily {
            return Err(Wait::never(Why::Money));
        }
        if errand.tokens > limits.tokens {
            let limit = limits.tokens;
            return Err(Wait::never(Why::TooLarge { limit }));
        }
        let Moment { now, day } = moment;
        let bucket = self.state.bucket(seat);
        let (minute, in_flight) = (limits.minute.min(IN_FLIGHT), key.in_flight);
        let slots = if key.health.struck_out(&self.policy) {
            1
        } else {
            minute
        };
        let check = (in_flight >= slots).then(|| now.after(SLOT_CHECK));
        let minute = bucket.minute_frees(&limits, errand.tokens, now);
        let money = self.money_frees(member, offer, errand.tokens, moment);
        let mut own: Option<Wait> = None;
        let mut stands_in_the_way = |until: Option<Timestamp>, why| {
            if let Some(until) = until {
                let wait = Wait::until(until, why);
                own = Some(own.map_or(wait, |other| other.later(wait)));
            }
        };
        let rest = self.resting(seat, Trials::default(), now);
        stands_in_the_way(
            rest.map(|(until, _)| until),
            rest.map_or(Why::Resting, |(_, why)| why),
        );
        stands_in_the_way(bucket.day_frees(&limits, &day), Why::Day);
        stands_in_the_way(minute, Why::Minute);
        stands_in_the_way(check, Why::Slots);
        stands_in_the_way(money, Why::Money);
        match own {
            Some(wait) => Err(wait),
            None => Ok(Load {
                is_doubted: self.state.pair(seat).needs_trial(),
                answered: Timestamp(0),
                day: (bucket.asked(&day), limits.day),
                minute: (bucket.recent(now), limits.minute),
                in_flight,
            }),
        }
    }

    /// What the asker may spend with the key; none: nothing, ever.
    pub(super) fn limits(
        &self,
        member: &Member,
        offer: &Offer,
        group: Option<Group>,
    ) -> Option<Limits> {
        if !offer.model.free && !member.spec.paid {
            return None;
        }
        let limits = self.state.bucket(member.seat(offer.place)).limits?;
        let lent = group.is_some_and(|own| member.is_anothers(own));
        if lent { limits.lent() } else { Some(limits) }
    }

    /// When the last rest of the key, its project and their models ends, and what it is about. What
    /// a call is the probe of does not stand in its way.
    pub(super) fn resting(
        &self,
        seat: Seat,
        own: Trials,
        now: Timestamp,
    ) -> Option<(Timestamp, Why)> {
        let key = &self.state.key(seat.key).health;
        let pardoned = self.amnesty.contains(&seat.key) && key.struck_out(&self.policy);
        let (bucket, project) = (self.state.bucket(seat), self.state.project(seat.project));
        let shut = |health: &Health, on_probe: bool| match health.gate(on_probe, now) {
            Gate::Closed(until) => Some((until, health.why())),
            Gate::Open | Gate::Probe => None,
        };
        let of_key = key.resting(now).filter(|_| !pardoned);
        let of_pair = self.state.pair(seat).resting(now);
        let of_bucket = (!own.bucket).then(|| shut(&bucket.health, bucket.on_probe));
        let of_project = (!own.project).then(|| shut(&project.health, project.on_probe));
        let rests = [of_key, of_pair].map(|rest| rest.map(|until| (until, Why::Resting)));
        let rests = rests
            .into_iter()
            .chain([of_bucket.flatten(), of_project.flatten()]);
        rests.flatten().max_by_key(|(until, _)| *until)
    }

    fn money_frees(
        &self,
        member: &Member,
        offer: &Offer,
        tokens: u64,
        moment: Moment,
    ) -> Option<Timestamp> {
        let price = member.price(offer, tokens);
        let daily = self.policy.paid_daily;
        let paid = member.spec.paid;
        paid.then(|| self.spend.frees(price, daily, &moment.day))?
    }
}

impl Member {
    /// The reserved price of a call, in millionths of a dollar.
    fn price(&self, offer: &Offer, tokens: u64) -> u64 {
        if self.spec.paid {
            purse::estimate(&offer.model, tokens)
        } else {
            0
        }
    }
}
