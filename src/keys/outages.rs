//! What shuts everybody out: pages of a proxy or firewall instead of Google's format, and a country
//! that is not served (design §4, "What is about everybody needs more than one voice"). Pure.
//! Invariants: one project's word shuts nobody out, and the Owner is told of an outage once, and once
//! that it is over.

use std::time::Duration;

use super::backoff::{PAGES, REGION};
use super::change::{Change, News};
use super::health::{Health, Scope};
use super::lease::Lease;
use super::quorum::Quorum;
use super::registry::Registry;
use crate::clock::Timestamp;

/// The Owner is told of what keeps all calls back so long; by then it has lasted for a minute.
const WORTH_TELLING: Duration = Duration::from_mins(1);

/// The outage of pages instead of Google's format, and that of a country that is not served.
#[derive(Debug, Default)]
pub(super) struct Outages {
    pages: Outage,
    region: Outage,
}

#[derive(Debug, Default)]
struct Outage {
    quorum: Quorum,
    /// The Owner was told of it, and not yet that it is over.
    is_told: bool,
}

impl Outages {
    /// What the Owner was told of before a restart: only these outages last so long.
    pub(super) fn before(registry: &Registry) -> Self {
        let outage = |health: &Health| {
            let span = health.cooling.since.zip(health.cooling.until);
            let is_long = span.is_some_and(|(since, until)| until.since(since) >= WORTH_TELLING);
            Outage {
                quorum: Quorum::default(),
                is_told: is_long && health.breaker.needs_probe(),
            }
        };
        Self {
            pages: outage(&registry.state.pool.health),
            region: outage(&registry.state.free_keys.health),
        }
    }

    /// The region is not served: believed of two projects in a row, or of the one probe.
    pub(super) fn unserved(
        &mut self,
        registry: &mut Registry,
        lease: &Lease,
        now: Timestamp,
    ) -> Option<Change> {
        let is_reached = self.region.fail(registry, lease);
        if !is_reached && !lease.probes.free_keys {
            return None;
        }
        let change = registry.fail(Scope::FreeKeys, &REGION, lease, now)?;
        Some(self.region.tell(change, News::Unserved, now))
    }

    /// A page instead of an answer: believed to be about everybody when two questions in a row meet
    /// it with keys of two projects, or the one probe does. The same question may meet it for its
    /// text alone.
    pub(super) fn page(
        &mut self,
        registry: &mut Registry,
        lease: &Lease,
        now: Timestamp,
    ) -> Option<Change> {
        let is_first = lease.pages == 0;
        let is_reached = is_first && self.pages.fail(registry, lease);
        if !is_reached && !lease.probes.pool {
            return None;
        }
        let change = registry.fail(Scope::Pool, &PAGES, lease, now)?;
        Some(self.pages.tell(change, News::Blocked, now))
    }

    /// A call was answered: what was believed of everybody meanwhile is not so.
    pub(super) fn contradict(&mut self, registry: &mut Registry, lease: &Lease) -> Vec<Change> {
        let pages = self.pages.quorum.succeed(lease.at);
        let region = !lease.paid && self.region.quorum.succeed(lease.at);
        let scopes = [(pages, Scope::Pool), (region, Scope::FreeKeys)];
        let scopes = scopes.into_iter().filter(|(taken_back, _)| *taken_back);
        registry.change_all(scopes.map(|(_, scope)| scope), Health::lift)
    }

    /// Makes it news what of these changes ends an outage that the Owner was told of.
    pub(super) fn tell_ends(&mut self, changes: &mut [Change]) {
        for change in changes.iter_mut().filter(|it| it.health.breaker.trips == 0) {
            if change.scope == Scope::Pool && std::mem::take(&mut self.pages.is_told) {
                change.news = Some(News::Unblocked);
            }
            if change.scope == Scope::FreeKeys && std::mem::take(&mut self.region.is_told) {
                change.news = Some(News::ServedAgain);
            }
        }
    }

    /// Which of them the Owner is to know of now: that of pages, that of the country.
    pub(super) const fn told(&self) -> (bool, bool) {
        (self.pages.is_told, self.region.is_told)
    }

    /// The Owner is told anew.
    pub(super) fn forget_told(&mut self) {
        self.pages.is_told = false;
        self.region.is_told = false;
    }

    /// What was heard counts no more; what the Owner was told stays so.
    pub(super) fn forget_failures(&mut self) {
        self.pages.quorum = Quorum::default();
        self.region.quorum = Quorum::default();
    }
}

impl Outage {
    fn fail(&mut self, registry: &Registry, lease: &Lease) -> bool {
        let alone = registry.lives_alone();
        self.quorum.fail(lease.target.project, lease.at, alone)
    }

    /// Makes it news, once, that all calls are held back for a minute or longer.
    fn tell(&mut self, change: Change, news: News, now: Timestamp) -> Change {
        let end = change.health.cooling.ends(now);
        let is_long = end.is_some_and(|end| end.since(now) >= WORTH_TELLING);
        if self.is_told || !is_long {
            return change;
        }
        self.is_told = true;
        Change {
            news: Some(news),
            ..change
        }
    }
}
