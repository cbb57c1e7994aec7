//! When keys will be free, as far as that is decided: what cools down is free when it wakes, what is
//! full when its oldest call is a minute old. Reads a view and changes nothing. Pure.

use std::collections::HashSet;

use super::ask::{Ask, Demand};
use super::roster::{Member, Offer};
use super::view::View;
use super::wait::{Wait, Why};
use crate::clock::Timestamp;

/// So many wait in the line at the most, and so many openings of one key are looked at.
pub(super) const LONGEST_LINE: usize = 1_000;

/// Where no key at all is free for any model that answers, the moment the first may be.
pub(super) fn opens(view: View<'_>) -> Option<Timestamp> {
    let mut first: Option<Timestamp> = None;
    for member in &view.registry.roster.members {
        for offer in view.registry.roster.answering() {
            match view.standing(member, offer, Demand::LEAST) {
                Ok(_) => return None,
                Err(wait) => first = [first, wait.until].into_iter().flatten().min(),
            }
        }
    }
    first
}

/// When the keys that suit a question have been free so many times and once more.
pub(super) fn forecast(view: View<'_>, ask: &Ask, ahead: usize) -> Option<Wait> {
    let roster = &view.registry.roster;
    let demand = ask.demand();
    let mut free = Vec::new();
    let mut seen = HashSet::new();
    for offer in ask.tiers.iter().flatten().filter_map(|id| roster.offer(id)) {
        for member in roster.members.iter().filter(|it| ask.suits(it)) {
            if seen.insert((member.project, offer.place)) {
                free.extend(openings(view, member, offer, demand));
            }
        }
    }
    let is_known = ahead < free.len();
    is_known.then(|| *free.select_nth_unstable(ahead).1)
}

/// When a key is free again and again, as far as that is decided.
fn openings(view: View<'_>, member: &Member, offer: &Offer, demand: Demand) -> Vec<Wait> {
    let (first, why) = match view.standing(member, offer, demand) {
        Ok(_) => (view.moment.now, Why::Minute),
        Err(Wait { until, why }) => match until {
            Some(until) => (until, why),
            None => return Vec::new(),
        },
    };
    let Some(limits) = view.limits(member, offer, demand) else {
        return Vec::new();
    };
    let bucket = view.registry.state.bucket(member.target(offer.place));
    let openings = bucket.openings(limits, view.moment.now, &view.moment.day);
    let openings = openings.take(LONGEST_LINE);
    openings.map(|at| Wait::until(at.max(first), why)).collect()
}
