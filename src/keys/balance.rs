//! Router A (design §4): inside one group and for one model, among the keys that may be called now
//! the one with the least of its day spent, then of its minute, then with the fewest calls in flight;
//! ties at random. Pure. Invariants: whoever is picked is within every limit, and the order in which
//! keys are looked at has no influence.

use super::ask::Ask;
use super::lease::Pick;
use super::pick::{Lightest, Load};
use super::roster::{Member, Offer};
use super::view::View;
use super::wait::{Wait, Why};

/// The keys of one group that cost alike, with those that stand in no group.
#[derive(Debug)]
pub(super) struct Candidates<'a> {
    ask: &'a Ask,
    paid: bool,
    of_group: &'a [Member],
    of_none: &'a [Member],
    /// Whether keys that failed this question stay out.
    only_fresh: bool,
}

/// Which keys are looked at: what money buys comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    Free,
    Paid,
}

impl<'a> Candidates<'a> {
    /// The keys of a question's group of that step; those of no group stand with the first.
    pub(super) fn of(
        view: View<'a>,
        ask: &'a Ask,
        (step, cost): (usize, Cost),
        only_fresh: bool,
    ) -> Self {
        let roster = &view.registry.roster;
        let paid = cost == Cost::Paid;
        let group = ask.groups.get(step);
        let of_none = (step == 0).then(|| roster.section(None, paid));
        Self {
            ask,
            paid,
            of_group: group.map_or(&[], |group| roster.section(Some(*group), paid)),
            of_none: of_none.unwrap_or_default(),
            only_fresh,
        }
    }

    fn keys(&self) -> impl Iterator<Item = &'a Member> {
        let (ask, only_fresh) = (self.ask, self.only_fresh);
        let fits = move |member: &&Member| {
            let failed = only_fresh && ask.avoid.contains(&member.spec.fingerprint);
            member.is_for(&ask.groups) && !failed
        };
        self.of_group.iter().chain(self.of_none).filter(fits)
    }
}

/// The least busy of the candidates for a model, or when the first of them is free.
pub(super) fn pick(
    view: View<'_>,
    candidates: &Candidates<'_>,
    offer: &Offer,
    rng: &mut fastrand::Rng,
) -> Result<Pick, Wait> {
    let ask = candidates.ask;
    let demand = ask.demand();
    let mut wait = Wait::never(Why::NoKeys);
    let mut choice = Lightest::new();
    // All candidates cost alike, so the same breakers stand before them.
    let shut = view.shut(candidates.paid, offer);
    for member in candidates.keys() {
        match (view.alone(member, offer, demand), shut) {
            (Ok(load), None) => {
                let answered = match ask.attempts {
                    0 => load.answered,
                    _ => view.registry.state.key(member.key).answered,
                };
                choice.offer(member, Load { answered, ..load }, rng);
            }
            (Ok(_), Some(shut)) => wait = wait.sooner(shut),
            (Err(own), shut) => wait = wait.sooner(own.later(shut.unwrap_or(own))),
        }
    }
    let member = choice.take().ok_or(wait)?;
    let (spec, own) = (&member.spec, demand.group);
    Ok(Pick {
        target: member.target(offer.place),
        names: (spec.fingerprint, spec.project),
        model: offer.model.id.clone(),
        probes: view.probes(member, offer),
        borrowed: spec.group.is_some() && spec.group != own && view.registry.lives(own),
        paid: spec.paid,
        price: member.price(offer, ask.tokens),
        kind: offer.model.kind,
    })
}
