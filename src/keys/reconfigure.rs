//! New settings, and the limits that follow from them and from what was learned. Pure. Invariant: new
//! settings forget nothing but other accounts' limits, and a key that joins a project brings along
//! what it has spent.

use std::collections::HashMap;

use super::change::Change;
use super::health::Scope;
use super::lease::Lease;
use super::limits::{Known, Learned, Limits};
use super::quota::Ledger;
use super::registry::Registry;
use super::roster::Roster;
use super::settings::{KeySpec, Policy};
use super::state::Target;
use crate::catalog::Catalog;
use crate::clock::Timestamp;

impl Registry {
    /// New settings: everything that is known stays known.
    pub(super) fn reconfigure(
        &mut self,
        policy: Policy,
        keys: Vec<KeySpec>,
        catalog: &Catalog,
        now: Timestamp,
    ) {
        self.policy = policy;
        self.roster = Roster::new(keys, catalog, &mut self.state);
        self.adopt();
        self.forget_marks();
        self.limit_all(now);
    }

    /// Reckons the limits of a (project, model) again.
    pub(super) fn limit(&mut self, target: Target, now: Timestamp) {
        let mut offers = self.roster.offers.iter();
        let offer = offers.find(|offer| offer.place == target.model);
        let bucket = self.state.bucket_mut(target);
        let learned = &bucket.health.learned;
        let next = learned.next_try(now);
        bucket.limits =
            offer.and_then(|offer| Limits::known(&offer.model, &self.policy, learned, now));
        self.tries_at = [self.tries_at, next].into_iter().flatten().min();
    }

    /// The same for all of them.
    pub(super) fn limit_all(&mut self, now: Timestamp) {
        self.tries_at = None;
        for target in self.roster.targets() {
            self.limit(target, now);
        }
    }

    /// The same once it is time to try more than a limit that was learned; whether it was.
    pub(super) fn try_limits(&mut self, now: Timestamp) -> bool {
        let is_due = self.tries_at.is_some_and(|at| at <= now);
        if is_due {
            self.limit_all(now);
        }
        is_due
    }

    /// Remembers true limits that the service has named; the change to be stored.
    pub(super) fn learn(
        &mut self,
        lease: &Lease,
        learned: &[Learned],
        now: Timestamp,
    ) -> Option<Change> {
        let scope = Scope::ProjectModel(lease.project, lease.model.clone());
        let known = learned.iter().map(|&learned| Known {
            learned,
            at: now,
            paid: lease.paid,
        });
        let change = self.change(scope, |health| health.learned.learn(known));
        if change.is_some() {
            self.limit(lease.target, now);
        }
        change
    }

    /// Forgets limits of a (project, model) that were learned, but for these; stored with the next
    /// unit.
    pub(super) fn forget_limits(&mut self, target: Target, keep: impl Fn(&Known) -> bool) {
        let mut members = self.roster.members.iter();
        let member = members.find(|it| it.project == target.project);
        let mut offers = self.roster.offers.iter();
        let offer = offers.find(|offer| offer.place == target.model);
        if let (Some(member), Some(offer)) = (member, offer) {
            let scope = Scope::ProjectModel(member.spec.project, offer.model.id.clone());
            let change = self.change(scope, |health| health.learned.known.retain(|it| keep(it)));
            self.keep_unsaved(change);
        }
    }

    /// Forgets what was learned with other marks than a project's keys have now: it was another
    /// account's word.
    fn forget_marks(&mut self) {
        for target in self.roster.targets() {
            let mates = self.roster.members.iter();
            let mates = mates.filter(|it| it.project == target.project);
            let marks: Vec<bool> = mates.map(|it| it.spec.paid).collect();
            self.forget_limits(target, |known| marks.contains(&known.paid));
        }
    }

    /// What keys have spent as projects of their own counts for the project they share now: at
    /// least as much as all of them together. Doing it again changes nothing.
    fn adopt(&mut self) {
        let mut brought: HashMap<(usize, usize), Vec<(Target, Ledger)>> = HashMap::new();
        for member in self.roster.each_key() {
            if member.spec.project == member.spec.fingerprint {
                continue;
            }
            let own = self.state.project_place(member.spec.fingerprint);
            for offer in &self.roster.offers {
                let to = member.target(offer.place);
                let from = Target { project: own, ..to };
                let ledger = self.state.bucket(from).ledger();
                let ledgers = brought.entry((to.project, to.model)).or_default();
                ledgers.push((to, ledger));
            }
        }
        for ledgers in brought.into_values() {
            let sum = sum_of(ledgers.iter().map(|(_, ledger)| ledger));
            if let Some((target, _)) = ledgers.first() {
                self.state.bucket_mut(*target).adopt(&sum);
            }
        }
    }
}

/// All requests of these; the day's are those of the newest day among them.
fn sum_of<'a>(ledgers: impl Iterator<Item = &'a Ledger> + Clone) -> Ledger {
    let newest = ledgers.clone().map(|ledger| ledger.day).max();
    let today = ledgers.clone().filter(|it| Some(it.day) == newest);
    Ledger {
        day: newest.unwrap_or_default(),
        used: today.map(|it| it.used).fold(0, u32::saturating_add),
        recent: ledgers.flat_map(|it| it.recent.clone()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use crate::keys::pool::tests::{POLICY, T0, after, ask, call, catalog, key, pool};
    use crate::keys::{Effect, Group, Why};

    #[test]
    fn a_key_that_joins_a_project_brings_along_what_it_has_spent() {
        let alone = || vec![key(1, None), key(2, None)];
        let mut together = alone();
        for spec in &mut together {
            spec.project = [9; 16];
        }
        let mut pool = pool(alone());
        let small = ask(&[Group::C], &["small"]);
        for _ in 0..4 {
            call(&mut pool, &small, Effect::Healthy, T0).unwrap();
        }
        for _ in 0..2 {
            pool.reconfigure(POLICY, together.clone(), &catalog());
            assert_eq!(pool.ledger([9; 16], "small").used, 4);
            let full = call(&mut pool, &small, Effect::Healthy, T0).unwrap_err();
            assert_eq!(full.why, Why::Minute);
        }
        let later = after(61);
        for _ in 0..2 {
            call(&mut pool, &small, Effect::Healthy, later).unwrap();
        }
        pool.reconfigure(POLICY, together, &catalog());
        assert_eq!(pool.ledger([9; 16], "small").used, 6);
        let spent = call(&mut pool, &small, Effect::Healthy, later).unwrap_err();
        assert_eq!(spent.why, Why::Day);
    }
}
