//! Of the living keys, and of those of each group, no more than half are blacklisted: whom that keeps
//! from being blacklisted, and who is pardoned when deaths leave too few others (design §4). Pure.

use std::collections::{HashMap, HashSet};

use super::registry::Registry;
use super::roster::Member;
use super::settings::Group;
use crate::clock::Timestamp;

/// Keys of which half are left at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Cohort {
    Everybody,
    /// Those of a group, or those of none.
    Group(Option<Group>),
}

/// Whether at least half of the living keys, and of those of each of its groups, would be left
/// without this one.
pub(super) fn may_blacklist(registry: &Registry, key: usize, now: Timestamp) -> bool {
    let one_more = usize::from(!registry.is_blacklisted(key, now));
    let census = census(registry, now);
    let of_key = cohorts(registry).filter(|(of, _)| *of == key);
    let mut counts = of_key.filter_map(|(_, cohort)| census.get(&cohort));
    counts.all(|&(living, out)| (out + one_more) * 2 <= living)
}

/// Keys that are blacklisted where too few others are left, in all or in a group.
pub(super) fn pardoned(registry: &Registry, now: Timestamp) -> HashSet<usize> {
    let mut keys = registry.roster.members.iter().map(|member| member.key);
    if !keys.any(|key| registry.is_blacklisted(key, now)) {
        return HashSet::new();
    }
    let census = census(registry, now);
    let too_many = |cohort: &Cohort| {
        let count = census.get(cohort);
        count.is_some_and(|&(living, out)| out * 2 > living)
    };
    let pardoned = cohorts(registry).filter(|(_, cohort)| too_many(cohort));
    pardoned.map(|(key, _)| key).collect()
}

/// In each cohort of keys: how many live, and how many of these are blacklisted.
fn census(registry: &Registry, now: Timestamp) -> HashMap<Cohort, (usize, usize)> {
    let mut counts: HashMap<Cohort, (usize, usize)> = HashMap::new();
    let living: HashSet<usize> = registry.living().map(|member| member.key).collect();
    let listed = |key: &&usize| registry.is_blacklisted(**key, now);
    let listed: HashSet<usize> = living.iter().filter(listed).copied().collect();
    for (key, cohort) in cohorts(registry).filter(|(key, _)| living.contains(key)) {
        let (living, out) = counts.entry(cohort).or_default();
        *living += 1;
        *out += usize::from(listed.contains(&key));
    }
    counts
}

/// Each key with every cohort it stands in, once.
fn cohorts(registry: &Registry) -> impl Iterator<Item = (usize, Cohort)> {
    let mut seen = HashSet::new();
    let of_member = |member: &Member| {
        let group = Cohort::Group(member.spec.group);
        [(member.key, Cohort::Everybody), (member.key, group)]
    };
    let all = registry.roster.members.iter().flat_map(of_member);
    all.filter(move |one| seen.insert(*one))
}
