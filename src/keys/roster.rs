//! Which keys and models are configured, and where they stand in the memory. Pure. Invariant: members
//! are sorted by section, so the keys of one group that cost alike stand together.

use super::limits::Limits;
use super::money;
use super::settings::{Fingerprint, Group, KeySpec};
use super::state::{State, Target};
use crate::catalog::{Catalog, Model};

/// The configured keys and models.
#[derive(Debug, Default)]
pub(super) struct Roster {
    /// The models of the catalogue, those that answer first, cheapest tier first.
    pub(super) offers: Vec<Offer>,
    /// The configured keys, once for each group they stand in, sorted by [`Member::section`] and
    /// fingerprint.
    pub(super) members: Vec<Member>,
}

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

/// A model of the catalogue with its place in the memory.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) model: Model,
    pub(super) place: usize,
}

impl Roster {
    pub(super) fn new(mut keys: Vec<KeySpec>, catalog: &Catalog, state: &mut State) -> Self {
        let offer = |model: &Model| Offer {
            model: model.clone(),
            place: state.model_place(&model.id),
        };
        let offers = catalog.models().map(offer).collect();
        keys.sort_unstable();
        keys.dedup_by_key(|spec| (spec.fingerprint, spec.group));
        let member = |spec| Member::new(spec, &keys, state);
        let mut members: Vec<Member> = keys.iter().map(member).collect();
        members.sort_by_key(Member::section);
        Self { offers, members }
    }

    /// The models that answer.
    pub(super) fn answering(&self) -> impl Iterator<Item = &Offer> {
        let offers = self.offers.iter();
        offers.filter(|offer| offer.model.kind.tier().is_some())
    }

    /// The model with this id.
    pub(super) fn offer(&self, id: &str) -> Option<&Offer> {
        self.offers.iter().find(|offer| offer.model.id == id)
    }

    /// The key with this fingerprint, in the first of its groups.
    pub(super) fn member(&self, key: Fingerprint) -> Option<&Member> {
        self.members.iter().find(|it| it.spec.fingerprint == key)
    }

    /// Each configured key once, however many groups it stands in.
    pub(super) fn each_key(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.is_first())
    }

    /// Each configured key with each model.
    pub(super) fn targets(&self) -> Vec<Target> {
        let targets = |member: &Member| {
            let places = self.offers.iter().map(|offer| offer.place);
            places.map(|place| member.target(place)).collect()
        };
        let all = self.each_key().map(targets);
        all.collect::<Vec<Vec<Target>>>().concat()
    }

    /// The keys of a group, or of none, that cost money or do not.
    pub(super) fn section(&self, group: Option<Group>, paid: bool) -> &[Member] {
        let members = &self.members;
        let from = members.partition_point(|it| it.section() < (group, paid));
        let until = members.partition_point(|it| it.section() <= (group, paid));
        members.get(from..until).unwrap_or_default()
    }
}

impl Member {
    fn new(spec: &KeySpec, all: &[KeySpec], state: &mut State) -> Self {
        let mates = all.iter().filter(|other| other.project == spec.project);
        let same = all.iter();
        let same = same.filter(|other| other.fingerprint == spec.fingerprint);
        let mut stands_in: Vec<Option<Group>> = same.map(|other| other.group).collect();
        stands_in.sort_unstable_by_key(|group| (group.is_none(), *group));
        Self {
            stands_in,
            key: state.key_place(spec.fingerprint),
            project: state.project_place(spec.project),
            highest: mates.filter_map(|mate| mate.group).min(),
            spec: spec.clone(),
        }
    }

    /// Keys of one group that cost alike stand together.
    fn section(&self) -> (Option<Group>, bool) {
        (self.spec.group, self.spec.paid)
    }

    /// A call with this model.
    pub(super) fn target(&self, model: usize) -> Target {
        Target {
            key: self.key,
            project: self.project,
            model,
        }
    }

    /// Whether the key is met here first: of a key in several groups only this one is counted.
    fn is_first(&self) -> bool {
        self.stands_in.first() == Some(&self.spec.group)
    }

    /// Whether people who may use these groups, their own first, may use the key in this group. What
    /// a paid key costs is spent on Guests only when the owner put it into their group.
    pub(super) fn is_for(&self, groups: &[Group]) -> bool {
        let for_guests = groups.first() == Some(&Group::D);
        let affordable = !self.spec.paid || !for_guests || self.spec.group == Some(Group::D);
        affordable && self.is_nearest(groups)
    }

    /// Whether people who may use these groups, their own first, come to the key by this group: by
    /// their own where it stands there, else as everybody's, else by the first that lends it.
    fn is_nearest(&self, groups: &[Group]) -> bool {
        let (own, lenders) = groups
            .split_first()
            .map_or((None, groups), |(own, rest)| (Some(*own), rest));
        let lenders = lenders.iter().map(|group| Some(*group));
        let mut ways = own.map(Some).into_iter().chain([None]).chain(lenders);
        ways.find(|way| self.stands_in.contains(way)) == Some(self.spec.group)
    }

    /// Of what the key has with a model, the part that people of this group may spend; none: nothing,
    /// ever. What is another group's first, they borrow: the key is that group's, or a higher group
    /// has keys of the same project.
    pub(super) fn share(&self, limits: Limits, own: Option<Group>) -> Option<Limits> {
        let is_anothers = |own: Group| {
            self.spec.group.is_some_and(|group| group != own)
                || self.highest.is_some_and(|highest| highest < own)
        };
        if own.is_some_and(is_anothers) {
            limits.lent()
        } else {
            Some(limits)
        }
    }

    /// The reserved price of a call, in millionths of a dollar.
    pub(super) fn price(&self, offer: &Offer, tokens: u64) -> u64 {
        if self.spec.paid {
            money::estimate(&offer.model, tokens)
        } else {
            0
        }
    }
}
