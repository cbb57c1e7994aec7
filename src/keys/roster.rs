//! Which keys and models are configured, and where they stand in the memory. Pure. Invariant: new
//! settings forget nothing, and a key that joins a project brings along what it has spent.

use std::collections::HashMap;

use super::quota::{BINDS_FOR, Limits};
use super::state::{Seat, State};
use super::{Group, KeySpec, Known, Ledger, Policy, Pool, Scope};
use crate::catalog::{Catalog, Model};

/// A configured key in one of its groups, with its places in the memory.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) spec: KeySpec,
    pub(super) key: usize,
    pub(super) project: usize,
    /// The highest group that has a key of this project.
    highest: Option<Group>,
    /// Every group the key stands in, the highest first, none at the end.
    pub(super) stands_in: Vec<Option<Group>>,
}

impl Member {
    /// Keys of one group that cost alike stand together.
    pub(super) fn section(&self) -> (Option<Group>, bool) {
        (self.spec.group, self.spec.paid)
    }

    pub(super) fn seat(&self, model: usize) -> Seat {
        Seat {
            key: self.key,
            project: self.project,
            model,
        }
    }

    /// Whether the key is met here first: of a key in several groups only this one is counted.
    pub(super) fn is_first(&self) -> bool {
        self.stands_in.first() == Some(&self.spec.group)
    }

    /// Whether people who may use these groups, their own first, come to the key by this group: by
    /// their own where it stands there, else as everybody's, else by the first that lends it.
    pub(super) fn is_nearest(&self, groups: &[Group]) -> bool {
        let (own, lenders) = groups
            .split_first()
            .map_or((None, groups), |(own, rest)| (Some(*own), rest));
        let lenders = lenders.iter().map(|group| Some(*group));
        let mut ways = own.map(Some).into_iter().chain([None]).chain(lenders);
        ways.find(|way| self.stands_in.contains(way)) == Some(self.spec.group)
    }

    /// Whether people of this group spend what is others' first: the key is another group's, or a
    /// higher group has keys of the same project.
    pub(super) fn is_anothers(&self, own: Group) -> bool {
        self.spec.group.is_some_and(|group| group != own)
            || self.highest.is_some_and(|highest| highest < own)
    }
}

/// A model of the catalogue with its place in the memory.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) model: Model,
    pub(super) place: usize,
}

impl Pool {
    /// New settings: everything that is known stays known.
    pub(crate) fn reconfigure(
        &mut self,
        policy: Policy,
        mut keys: Vec<KeySpec>,
        catalog: &Catalog,
    ) {
        self.policy = policy;
        let state = &mut self.state;
        let offer = |model: &Model| Offer {
            model: model.clone(),
            place: state.model_place(&model.id),
        };
        self.offers = catalog.models().map(offer).collect();
        keys.sort_unstable();
        keys.dedup_by_key(|spec| (spec.fingerprint, spec.group));
        self.roster = keys.iter().map(|spec| enlist(state, spec, &keys)).collect();
        self.roster.sort_by_key(Member::section);
        self.adopt();
        self.forget_marks();
        self.limit_all();
        self.reconsider(self.latest);
    }

    /// Each configured key once, however many groups it stands in.
    pub(super) fn each_key(&self) -> impl Iterator<Item = &Member> {
        self.roster.iter().filter(|member| member.is_first())
    }

    /// Reckons the limits of a (project, model) again.
    pub(super) fn limit(&mut self, seat: Seat) {
        let now = self.latest;
        let offer = self.offers.iter().find(|offer| offer.place == seat.model);
        let bucket = self.state.bucket_mut(seat);
        let known = &bucket.health.learned;
        let tried = known.iter().map(|one| one.at.after(BINDS_FOR));
        let next = tried.filter(|at| *at > now).min();
        bucket.limits =
            offer.and_then(|offer| Limits::known(&offer.model, &self.policy, known, now));
        self.tries_at = [self.tries_at, next].into_iter().flatten().min();
    }

    /// The same for all of them.
    pub(super) fn limit_all(&mut self) {
        self.tries_at = None;
        for seat in self.seats() {
            self.limit(seat);
        }
        self.line.stir();
    }

    /// Forgets what was learned with other marks than a project's keys have now: it was another
    /// account's word.
    fn forget_marks(&mut self) {
        for seat in self.seats() {
            let mates = self.roster.iter().filter(|it| it.project == seat.project);
            let marks: Vec<bool> = mates.map(|it| it.spec.paid).collect();
            self.forget_limits(seat, |known| marks.contains(&known.paid));
        }
    }

    /// Forgets limits of a (project, model) that were learned, but for these; stored with the next
    /// unit.
    pub(super) fn forget_limits(&mut self, seat: Seat, keep: impl Fn(&Known) -> bool) {
        let project = self.roster.iter().find(|it| it.project == seat.project);
        let offer = self.offers.iter().find(|offer| offer.place == seat.model);
        if let (Some(member), Some(offer)) = (project, offer) {
            let scope = Scope::ProjectModel(member.spec.project, offer.model.id.clone());
            let change = self.change(scope, |health| health.learned.retain(|it| keep(it)));
            self.unsaved.extend(change);
        }
    }

    pub(super) fn seats(&self) -> Vec<Seat> {
        let places = || self.offers.iter().map(|offer| offer.place);
        let of_key = |member: &Member| places().map(|place| member.seat(place)).collect();
        let all = self.each_key().map(of_key);
        all.collect::<Vec<Vec<Seat>>>().concat()
    }

    /// What keys have spent as projects of their own counts for the project they share now: at
    /// least as much as all of them together. Doing it again changes nothing.
    fn adopt(&mut self) {
        let mut brought: HashMap<(usize, usize), Vec<(Seat, Ledger)>> = HashMap::new();
        for member in self.roster.iter().filter(|member| member.is_first()) {
            if member.spec.project == member.spec.fingerprint {
                continue;
            }
            let own = self.state.project_place(member.spec.fingerprint);
            for offer in &self.offers {
                let from = Seat {
                    project: own,
                    ..member.seat(offer.place)
                };
                let to = (member.project, offer.place);
                let ledger = self.state.bucket(from).ledger();
                brought
                    .entry(to)
                    .or_default()
                    .push((member.seat(offer.place), ledger));
            }
        }
        for ledgers in brought.into_values() {
            let newest = ledgers.iter().map(|(_, ledger)| ledger.day).max();
            let today = ledgers
                .iter()
                .filter(|(_, ledger)| Some(ledger.day) == newest);
            let sum = Ledger {
                day: newest.unwrap_or_default(),
                used: today
                    .map(|(_, ledger)| ledger.used)
                    .fold(0, u32::saturating_add),
                recent: ledgers
                    .iter()
                    .flat_map(|(_, it)| it.recent.clone())
                    .collect(),
            };
            if let Some((seat, _)) = ledgers.first() {
                self.state.bucket_mut(*seat).adopt(&sum);
            }
        }
    }
}

fn enlist(state: &mut State, spec: &KeySpec, all: &[KeySpec]) -> Member {
    let mates = all.iter().filter(|other| other.project == spec.project);
    let same = all
        .iter()
        .filter(|other| other.fingerprint == spec.fingerprint);
    let mut stands_in: Vec<Option<Group>> = same.map(|other| other.group).collect();
    stands_in.sort_unstable_by_key(|group| (group.is_none(), *group));
    Member {
        stands_in,
        key: state.key_place(spec.fingerprint),
        project: state.project_place(spec.project),
        highest: mates.filter_map(|mate| mate.group).min(),
        spec: spec.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::pool::tests::{POLICY, T0, after, ask, call, catalog, key, pool};
    use super::*;
    use crate::keys::{Effect, Why};

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
