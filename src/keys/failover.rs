//! Router B (design §4): where a question finds a key. All models of a tier in the own group, then
//! those of lower groups within what these lend, then what money buys, then the smaller tier. Pure.
//! Invariant: keys that failed the question are taken only where there is no other.

use super::ask::Ask;
use super::balance::{self, Candidates, Cost};
use super::lease::Pick;
use super::roster::Offer;
use super::view::View;
use super::wait::{Wait, Why};

/// What a question is offered; by default everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Choice {
    /// Only keys that did not fail it.
    only_fresh: bool,
    /// Every model but this one.
    but: Option<usize>,
}

/// The next key for a question, or when it is free. Keys that failed it are taken only where there
/// is no other; so is, for the probe that ends a cooldown of the whole pool, the model that began
/// that cooldown.
pub(super) fn find(view: View<'_>, ask: &Ask, rng: &mut fastrand::Rng) -> Result<Pick, Wait> {
    let state = &view.registry.state;
    let half_open = state.pool.health.breaker.needs_probe();
    let opened_by = state.pool_opened_by.filter(|_| half_open);
    let failed_before = !ask.avoid.is_empty();
    for but in opened_by.map(Some).into_iter().chain([None]) {
        for only_fresh in [true, false] {
            let choice = Choice { only_fresh, but };
            let is_last = choice == Choice::default();
            if is_last || only_fresh && !failed_before {
                continue;
            }
            if let Ok(pick) = walk(view, ask, choice, rng) {
                return Ok(pick);
            }
        }
    }
    walk(view, ask, Choice::default(), rng)
}

fn walk(view: View<'_>, ask: &Ask, choice: Choice, rng: &mut fastrand::Rng) -> Result<Pick, Wait> {
    let roster = &view.registry.roster;
    let mut wait = Wait::never(Why::NoKeys);
    for tier in &ask.tiers {
        let offers = tier.iter().filter_map(|id| roster.offer(id));
        let offers = offers.filter(|offer| Some(offer.place) != choice.but);
        let offers: Vec<&Offer> = offers.collect();
        for step in steps(ask) {
            let candidates = Candidates::of(view, ask, step, choice.only_fresh);
            for &offer in &offers {
                match balance::pick(view, &candidates, offer, rng) {
                    Ok(pick) => return Ok(pick),
                    Err(obstacle) => wait = wait.sooner(obstacle),
                }
            }
        }
        let soon = view.moment.to_now(ask.waits_for_its_tier());
        if wait.until.is_some_and(|until| until <= soon) {
            break;
        }
    }
    Err(wait)
}

/// The own group first, then the lower ones; with money only after them.
fn steps(ask: &Ask) -> impl Iterator<Item = (usize, Cost)> {
    let steps = 0..ask.groups.len();
    let free = (!ask.paid_only).then(|| steps.clone().map(|step| (step, Cost::Free)));
    let paid = steps.map(|step| (step, Cost::Paid));
    free.into_iter().flatten().chain(paid)
}
