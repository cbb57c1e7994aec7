//! What is not there: a model, or the Gemini API itself at the address that is set (design §4, "What
//! is about everybody needs more than one voice"; gemini-api §15, rows 12 and 12b). Pure. Invariants:
//! one project's word closes nothing for the others, and any answer takes it back.

use std::collections::BTreeSet;
use std::time::Duration;

use super::breaker::{MISROUTED, MISSING};
use super::{Cause, Change, Fingerprint, Health, Lease, News, Pool, Rest, Scope};
use crate::clock::Timestamp;

/// Within this time two projects must miss a model, and nobody may be answered by it.
const WINDOW: Duration = Duration::from_hours(1);

/// The Owner is told of a wrong address once in this time, however often it comes and goes.
const BETWEEN_NEWS: Duration = Duration::from_hours(1);

/// Who says that something is not there, since it was there last. Not stored: after a restart it
/// takes two voices again.
#[derive(Debug, Default)]
pub(super) struct Absent {
    /// Projects that do not find a model: (model, project, when).
    models: Vec<(usize, usize, Timestamp)>,
    /// Projects that do not find the service.
    endpoint: BTreeSet<usize>,
    /// When the Owner was told of the address last.
    told: Option<Timestamp>,
    /// The Owner was told that the address is wrong, and not yet that it is right again.
    pub(super) is_told: bool,
}

impl Absent {
    /// What the Owner knows of the address before a restart.
    pub(super) fn before(endpoint: &Health) -> Self {
        Self {
            is_told: endpoint.cause.is_some() && endpoint.needs_trial(),
            ..Self::default()
        }
    }

    /// Nobody has said anything, and the Owner may be told at once; what they were told stays so.
    pub(super) fn forget(&mut self) {
        self.models.clear();
        self.endpoint.clear();
        self.told = None;
    }
}

impl Pool {
    /// The address that calls go to, by its fingerprint. What was missing at another one may be here;
    /// what that lifts is stored with the next unit.
    pub(crate) fn speak_to(&mut self, endpoint: Fingerprint) {
        self.endpoint = endpoint;
        let is_elsewhere = |health: &Health| match health.cause {
            Some(Cause::Missing { at, .. } | Cause::Endpoint { at }) => at != endpoint,
            Some(Cause::Day { .. } | Cause::SpendingCap) | None => false,
        };
        let scopes = self.state.scopes_where(is_elsewhere);
        let lifted = scopes
            .into_iter()
            .filter_map(|scope| self.change(scope, Health::clear));
        let lifted: Vec<Change> = lifted.map(without_news).collect();
        self.absent.is_told &= lifted.iter().all(|it| it.scope != Scope::Endpoint);
        self.unsaved.extend(lifted);
        self.line.stir();
    }

    /// The project does not find the model: it rests there, and for everybody when another project
    /// says so too and nobody was answered by it. Where somebody was, it may be there a moment later,
    /// and only what stays missing rests long.
    pub(super) fn model_missing(
        &mut self,
        lease: &Lease,
        rest: Rest,
        now: Timestamp,
    ) -> Vec<Change> {
        let at = self.endpoint;
        let shortest = match rest {
            _ if self.was_answered(lease.seat.model, now) => Duration::ZERO,
            Rest::For(time) => time,
            Rest::Cooldown | Rest::UntilPacificMidnight => MISSING.first,
        };
        let policy = self.policy;
        let bucket = Scope::ProjectModel(lease.project, lease.model.clone());
        let own = self.change(bucket, |it| it.not_found(at, shortest, &policy, now));
        let mut changes: Vec<Change> = own.into_iter().collect();
        if self.all_miss(lease, now) {
            let cause = Cause::Missing { at, times: 0 };
            let model = Scope::Missing(lease.model.clone());
            let all = self.change(model, |it| it.brake_because(cause, &MISSING, lease.at, now));
            changes.extend(all);
        }
        changes
    }

    /// Whether the model is missing for everybody: two projects say so, the only one that lives says
    /// it twice, or the one probe does.
    fn all_miss(&mut self, lease: &Lease, now: Timestamp) -> bool {
        let (model, project) = (lease.seat.model, lease.seat.project);
        let alone = self.lives_alone();
        let voices = &mut self.absent.models;
        // Its own model rests for an hour meanwhile, and any answer takes the first word back.
        let is_own = |of: &usize, by: &usize| (*of, *by) == (model, project);
        voices.retain(|(of, by, at)| at.after(WINDOW) > now || (alone && is_own(of, by)));
        let said_before = voices.iter().any(|(of, by, _)| is_own(of, by));
        voices.retain(|(of, by, _)| !is_own(of, by));
        voices.push((model, project, now));
        let of_model = voices.iter().filter(|(of, ..)| *of == model).count();
        let is_heard = of_model > 1 || (alone && said_before);
        let on_trial = self.state.model(model).missing.needs_trial();
        on_trial || (is_heard && !self.was_answered(model, now))
    }

    /// Whether the model has answered anybody within the hour.
    fn was_answered(&self, model: usize, now: Timestamp) -> bool {
        let answered = self.state.model(model).answered;
        answered.is_some_and(|at| at.after(WINDOW) > now)
    }

    /// The address is not that of the service. The Owner is told at once; it rests when a second
    /// project says so with no answer between, or the one probe does.
    pub(super) fn misrouted(&mut self, lease: &Lease, now: Timestamp) -> Vec<Change> {
        self.absent.endpoint.insert(lease.seat.project);
        let living = self.each_key().filter(|it| !self.is_dead(it.seat(0)));
        let living: BTreeSet<usize> = living.map(|it| it.project).collect();
        let heard = self.absent.endpoint.len() >= living.len().min(2);
        let cause = Cause::Endpoint { at: self.endpoint };
        let change = self.change(Scope::Endpoint, |health| {
            if heard || health.needs_trial() {
                health.brake_because(cause, &MISROUTED, lease.at, now);
            } else {
                health.cause = Some(cause);
            }
        });
        change
            .map(|it| self.tell_of_address(it, now))
            .into_iter()
            .collect()
    }

    /// Makes it news that the address is wrong, unless the Owner knows, or was told a moment ago: then
    /// it is once it stays wrong.
    fn tell_of_address(&mut self, change: Change, now: Timestamp) -> Change {
        let told = self.absent.told;
        let is_soon = told.is_some_and(|at| at.after(BETWEEN_NEWS) > now);
        let is_news = change.news.is_some() || !self.absent.is_told;
        if is_soon || !is_news {
            return without_news(change);
        }
        self.absent.told = Some(now);
        self.absent.is_told = true;
        let news = change.health.cause.map(News::Rests);
        Change { news, ..change }
    }

    /// The service has answered: address and model are there, for this project at shortest.
    pub(super) fn found(&mut self, lease: &Lease, now: Timestamp) -> Vec<Change> {
        let model = lease.seat.model;
        self.absent.endpoint.clear();
        self.absent.models.retain(|(of, ..)| *of != model);
        self.state.model_mut(model).answered = Some(now);
        let of_model = Scope::Missing(lease.model.clone());
        let scopes = [Scope::Endpoint, of_model].into_iter();
        let mut changes: Vec<Change> = scopes
            .filter_map(|scope| self.change(scope, Health::clear))
            .collect();
        for change in changes.iter_mut().filter(|it| it.scope == Scope::Endpoint) {
            // It was never told that it was wrong.
            let is_told = change.news.is_some() && std::mem::take(&mut self.absent.is_told);
            change.news = change.news.filter(|_| is_told);
        }
        let late = |health: &Health| !health.is_news(lease.at);
        let bucket = Scope::ProjectModel(lease.project, lease.model.clone());
        changes.extend(self.change(bucket, |health| match health.cause {
            Some(Cause::Missing { .. }) => health.clear(),
            Some(Cause::Day { .. }) if !late(health) => health.clear(),
            Some(_) | None => {}
        }));
        changes.extend(self.change(Scope::Project(lease.project), |health| {
            if health.cause == Some(Cause::SpendingCap) && !late(health) {
                health.clear();
            }
        }));
        changes
    }
}

/// What the Owner knows, or has put right.
pub(super) fn without_news(change: Change) -> Change {
    Change {
        news: None,
        ..change
    }
}

/// What the Owner is told of a change of a cause. A day that is spent is nothing to be told.
pub(super) fn news(scope: &Scope, before: &Health, after: &Health) -> Option<News> {
    let is_told = |cause: &Cause| match cause {
        Cause::Missing { .. } => matches!(scope, Scope::Missing(_)),
        Cause::Endpoint { .. } | Cause::SpendingCap => true,
        Cause::Day { .. } => false,
    };
    let kind = |health: &Health| {
        health
            .cause
            .as_ref()
            .filter(|cause| is_told(cause))
            .copied()
    };
    let same =
        |one: Cause, other: Cause| std::mem::discriminant(&one) == std::mem::discriminant(&other);
    match (kind(before), kind(after)) {
        (None, Some(cause)) => Some(News::Rests(cause)),
        (Some(old), Some(cause)) if !same(old, cause) => Some(News::Rests(cause)),
        // An address that was doubted once and never rested is nothing to come back from.
        (Some(Cause::Endpoint { .. }), None) if !before.needs_trial() => None,
        (Some(cause), None) => Some(News::Lifted(cause)),
        (Some(_), Some(_)) | (None, None) => None,
    }
}
