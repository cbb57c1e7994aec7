//! What is not found: a model, or the Gemini API itself at the address that is set (design §4, "What
//! is about everybody needs more than one voice"; gemini-api §15, rows 12 and 12b). Pure. Invariants:
//! one project's word closes nothing for the others, and any answer takes it back.

use std::collections::BTreeSet;
use std::time::Duration;

use super::backoff::{MISSING, WRONG_ENDPOINT};
use super::change::{Change, News};
use super::effect::Cooldown;
use super::health::{Cause, Health, Scope};
use super::lease::Lease;
use super::registry::Registry;
use super::settings::Fingerprint;
use crate::clock::Timestamp;

/// Within this time two projects must miss a model, and nobody may be answered by it.
const WINDOW: Duration = Duration::from_hours(1);

/// The Owner is told of a wrong address once in this time, however often it comes and goes.
const BETWEEN_NEWS: Duration = Duration::from_hours(1);

/// Who says that something is not there, since it was there last. Not stored: after a restart it
/// takes two projects again.
#[derive(Debug, Default)]
pub(super) struct NotFound {
    /// The address that calls go to.
    address: Fingerprint,
    /// Projects that do not find a model: (model, project, when).
    models: Vec<(usize, usize, Timestamp)>,
    /// Projects that do not find the service.
    endpoint: BTreeSet<usize>,
    /// When the Owner was told of the address last.
    told: Option<Timestamp>,
    /// The Owner was told that the address is wrong, and not yet that it is right again.
    is_told: bool,
}

impl NotFound {
    /// What the Owner knows of the address before a restart.
    pub(super) fn before(registry: &Registry) -> Self {
        let endpoint = &registry.state.endpoint.health;
        Self {
            is_told: endpoint.cooling.cause.is_some() && endpoint.breaker.needs_probe(),
            ..Self::default()
        }
    }

    /// What was heard counts no more, and the Owner may be told at once; what they were told stays so.
    pub(super) fn forget_failures(&mut self) {
        self.models.clear();
        self.endpoint.clear();
        self.told = None;
    }

    /// The Owner was told, and is told again at the next occasion.
    pub(super) fn forget_told(&mut self) {
        self.is_told = false;
    }

    /// The address that calls go to, by its fingerprint. What was missing at another one may be here;
    /// what that lifts is stored with the next unit.
    pub(super) fn speak_to(&mut self, registry: &mut Registry, address: Fingerprint) {
        self.address = address;
        let is_elsewhere = |health: &Health| match health.cooling.cause {
            Some(Cause::Missing { at, .. } | Cause::Endpoint { at }) => at != address,
            Some(Cause::Day { .. } | Cause::SpendingCap) | None => false,
        };
        let scopes = registry.state.scopes_where(is_elsewhere);
        let lifted = registry.change_all(scopes, Health::clear);
        self.is_told &= lifted.iter().all(|it| it.scope != Scope::Endpoint);
        registry.keep_unsaved(lifted.into_iter().map(Change::without_news));
    }

    /// The project does not find the model: it cools down there, and for everybody when another
    /// project says so too and nobody was answered by it. Where somebody was, it may be there a moment
    /// later, and only what stays missing does so for long.
    pub(super) fn model_missing(
        &mut self,
        registry: &mut Registry,
        lease: &Lease,
        cooldown: Cooldown,
        now: Timestamp,
    ) -> Vec<Change> {
        let at = self.address;
        let shortest = match cooldown {
            _ if was_answered(registry, lease.target.model, now) => Duration::ZERO,
            Cooldown::For(time) => time,
            Cooldown::Configured | Cooldown::UntilPacificMidnight => MISSING.first,
        };
        let policy = registry.policy;
        let bucket = Scope::ProjectModel(lease.project, lease.model.clone());
        let not_found = |it: &mut Health| it.cooling.not_found(at, shortest, &policy, now);
        let own = registry.change(bucket, not_found);
        let mut changes: Vec<Change> = own.into_iter().collect();
        if self.all_miss(registry, lease, now) {
            let cause = Cause::Missing { at, times: 0 };
            let model = Scope::Missing(lease.model.clone());
            let missing = |it: &mut Health| it.fail_because(cause, &MISSING, lease.at, now);
            changes.extend(registry.change(model, missing));
        }
        changes
    }

    /// Whether the model is missing for everybody: two projects say so, the only one that lives says
    /// it twice, or the one probe does.
    fn all_miss(&mut self, registry: &Registry, lease: &Lease, now: Timestamp) -> bool {
        let (model, project) = (lease.target.model, lease.target.project);
        let alone = registry.lives_alone();
        let missed = &mut self.models;
        // Its own model cools down for an hour meanwhile, and any answer takes the first word back.
        let is_own = |of: &usize, by: &usize| (*of, *by) == (model, project);
        missed.retain(|(of, by, at)| at.after(WINDOW) > now || (alone && is_own(of, by)));
        let said_before = missed.iter().any(|(of, by, _)| is_own(of, by));
        missed.retain(|(of, by, _)| !is_own(of, by));
        missed.push((model, project, now));
        let of_model = missed.iter().filter(|(of, ..)| *of == model).count();
        let is_believed = of_model > 1 || (alone && said_before);
        let probed = registry.state.model(model).missing.breaker.needs_probe();
        probed || (is_believed && !was_answered(registry, model, now))
    }

    /// The address is not that of the service. The Owner is told at once; it cools down when a second
    /// project says so with no answer between, or the one probe does.
    pub(super) fn wrong_endpoint(
        &mut self,
        registry: &mut Registry,
        lease: &Lease,
        now: Timestamp,
    ) -> Option<Change> {
        self.endpoint.insert(lease.target.project);
        let living: BTreeSet<usize> = registry.living().map(|it| it.project).collect();
        let is_believed = self.endpoint.len() >= living.len().min(2);
        let cause = Cause::Endpoint { at: self.address };
        let change = registry.change(Scope::Endpoint, |health| {
            if is_believed || health.breaker.needs_probe() {
                health.fail_because(cause, &WRONG_ENDPOINT, lease.at, now);
            } else {
                health.cooling.cause = Some(cause);
            }
        });
        change.map(|it| self.tell_of_address(it, now))
    }

    /// Makes it news that the address is wrong, unless the Owner knows, or was told a moment ago: then
    /// it is once it stays wrong.
    fn tell_of_address(&mut self, change: Change, now: Timestamp) -> Change {
        let is_soon = self.told.is_some_and(|at| at.after(BETWEEN_NEWS) > now);
        let is_news = change.news.is_some() || !self.is_told;
        if is_soon || !is_news {
            return change.without_news();
        }
        self.told = Some(now);
        self.is_told = true;
        let news = change.health.cooling.cause.map(News::Began);
        Change { news, ..change }
    }

    /// The service has answered: address and model are there, for this project at shortest.
    pub(super) fn found(
        &mut self,
        registry: &mut Registry,
        lease: &Lease,
        now: Timestamp,
    ) -> Vec<Change> {
        let model = lease.target.model;
        self.endpoint.clear();
        self.models.retain(|(of, ..)| *of != model);
        registry.state.model_mut(model).answered = Some(now);
        let of_model = Scope::Missing(lease.model.clone());
        let mut changes = registry.change_all([Scope::Endpoint, of_model], Health::clear);
        for change in changes.iter_mut().filter(|it| it.scope == Scope::Endpoint) {
            // It was never told that it was wrong.
            let is_told = change.news.is_some() && std::mem::take(&mut self.is_told);
            change.news = change.news.filter(|_| is_told);
        }
        let bucket = Scope::ProjectModel(lease.project, lease.model.clone());
        changes.extend(
            registry.change(bucket, |health| match health.cooling.cause {
                Some(Cause::Missing { .. }) => health.clear(),
                Some(Cause::Day { .. }) if health.cooling.is_news(lease.at) => health.clear(),
                Some(_) | None => {}
            }),
        );
        changes.extend(registry.change(Scope::Project(lease.project), |health| {
            let is_capped = health.cooling.cause == Some(Cause::SpendingCap);
            if is_capped && health.cooling.is_news(lease.at) {
                health.clear();
            }
        }));
        changes
    }
}

/// Whether the model has answered anybody within the hour.
fn was_answered(registry: &Registry, model: usize, now: Timestamp) -> bool {
    let answered = registry.state.model(model).answered;
    answered.is_some_and(|at| at.after(WINDOW) > now)
}
