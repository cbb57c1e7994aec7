//! Those who wait for a key: first come first served within a rank, bounded, each with a moment when
//! it will be their turn (design §4, "waiting beats failing"). Pure; owned by the pool. Invariant:
//! nobody is lent a key while somebody waits who goes first and could have it, and no correction of
//! the clock makes a wait shorter or longer than its patience.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::balance::Use;
use super::pool::Moment;
use super::quota::MINUTE;
use super::roster::{Member, Offer};
use super::{Ask, Lease, Place, Pool, Ticket, Wait, Why};
use crate::clock::{Reading, Timestamp};

/// So many wait at the most.
const MOST: usize = 1_000;

/// How much earlier each rank's questions count than those of the next: who has waited long enough
/// goes before anybody.
const HEAD_START: Duration = Duration::from_secs(3);

/// The moment of the question, later by what higher ranks are ahead.
type Turn = (Timestamp, Ticket);

fn turn_of(ask: &Ask, ticket: Ticket) -> Turn {
    (ask.since.after(HEAD_START * u32::from(ask.rank)), ticket)
}

#[derive(Debug, Default)]
pub(super) struct Line {
    waiting: BTreeMap<Turn, Arc<Ask>>,
    /// Leases for those who waited, to be handed over.
    granted: Vec<(Ticket, Lease)>,
    /// Whom no waiting helps any more.
    hopeless: Vec<Ticket>,
    next: u64,
    /// The newest reading: what compares a question's moments with those of the pool, which rests and
    /// minutes are told in. The next correction of the clock comes with a newer one.
    pub(super) clock: Reading,
    /// Until then nobody can be served, unless something is freed.
    quiet_until: Timestamp,
}

impl Line {
    /// Something was freed or changed: somebody may be served before the planned moment.
    pub(super) fn stir(&mut self) {
        self.quiet_until = Timestamp(0);
    }

    pub(super) fn quiet_until(&self) -> Timestamp {
        self.quiet_until
    }

    pub(super) fn take_granted(&mut self) -> Vec<(Ticket, Lease)> {
        std::mem::take(&mut self.granted)
    }

    pub(super) fn take_hopeless(&mut self) -> Vec<Ticket> {
        std::mem::take(&mut self.hopeless)
    }

    pub(super) fn ask(&self, ticket: Ticket) -> Option<Arc<Ask>> {
        let mut all = self.waiting.iter();
        let found = all.find(|((_, other), _)| *other == ticket);
        found.map(|(_, ask)| Arc::clone(ask))
    }

    /// Those who go before this question; `ticket` when it waits already.
    fn before(&self, ask: &Ask, ticket: Option<Ticket>) -> impl Iterator<Item = &Ask> {
        let own = turn_of(ask, ticket.unwrap_or(Ticket(u64::MAX)));
        self.waiting.range(..own).map(|(_, ask)| &**ask)
    }

    /// Whether the ticket waited.
    pub(super) fn remove(&mut self, ticket: Ticket) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|(_, other), _| *other != ticket);
        self.waiting.len() < before
    }
}

impl Pool {
    /// Lends to everybody who waits and can have a key now.
    pub(super) fn serve(&mut self, moment: Moment, rng: &mut fastrand::Rng) {
        let now = moment.now;
        if self.line.waiting.is_empty() || now < self.line.quiet_until {
            return;
        }
        let steady = self.line.clock.steady;
        self.line.waiting.retain(|_, ask| ask.patience >= steady);
        if let Some(opens) = self.opens(moment) {
            self.line.quiet_until = opens;
            return;
        }
        let mut quiet_until = Timestamp(u64::MAX);
        let mut in_vain: Vec<Arc<Ask>> = Vec::new();
        let waiting: Vec<_> = self
            .line
            .waiting
            .iter()
            .map(|(id, ask)| (*id, Arc::clone(ask)))
            .collect();
        for (id, ask) in waiting {
            // Whoever needs the same or more waits behind.
            if in_vain
                .iter()
                .any(|other| ask.asks_no_less_than(other, steady))
            {
                continue;
            }
            match self.find(&ask, moment, rng) {
                Ok(pick) => {
                    let lease = self.lend(&pick, &ask, moment);
                    self.line.waiting.remove(&id);
                    self.line.granted.push((id.1, lease));
                }
                Err(Wait { until: None, .. }) => {
                    self.line.waiting.remove(&id);
                    self.line.hopeless.push(id.1);
                }
                Err(Wait {
                    until: Some(until), ..
                }) => {
                    quiet_until = quiet_until.min(until);
                    in_vain.push(ask);
                }
            }
        }
        self.line.quiet_until = quiet_until;
    }

    /// Where no key at all is free for any model, the moment the first may be.
    fn opens(&self, moment: Moment) -> Option<Timestamp> {
        let anybody = Use {
            group: None,
            tokens: 0,
        };
        let mut first: Option<Timestamp> = None;
        for member in &self.roster {
            for offer in &self.offers {
                match self.standing(member, offer, anybody, moment) {
                    Ok(_) => return None,
                    Err(wait) => first = [first, wait.until].into_iter().flatten().min(),
                }
            }
        }
        first
    }

    /// A place in the line, if its turn comes in time.
    pub(super) fn enqueue(&mut self, ask: &Ask, wait: Wait, moment: Moment) -> Result<Place, Wait> {
        let first = wait.until.ok_or(wait)?;
        let clock = self.line.clock;
        let ahead = self.ahead_of(ask, None);
        let turn = if ahead == 0 {
            wait
        } else {
            match self.forecast(ask, ahead, moment) {
                Some(turn) => turn.later(wait),
                // It is beyond all that the next minute has.
                None if ask.patience < clock.steady.after(MINUTE) => {
                    return Err(Wait::never(Why::Line));
                }
                None => wait,
            }
        };
        let until = turn.until.unwrap_or(first);
        let wakes = clock.to_steady(until);
        if wakes > ask.patience {
            return Err(turn);
        }
        if self.line.waiting.len() >= MOST {
            return Err(Wait::until(until, Why::Line));
        }
        let ticket = Ticket(self.line.next);
        self.line.next += 1;
        self.line
            .waiting
            .insert(turn_of(ask, ticket), Arc::new(ask.clone()));
        self.line.quiet_until = self.line.quiet_until.min(first);
        Ok(Place {
            ticket,
            ahead,
            wakes,
            look: clock.to_steady(self.line.quiet_until),
            why: turn.why,
        })
    }

    /// How many go first that want the same keys. Where every key is somebody's group's, people of
    /// other groups come to them only when nobody of their own needs them.
    pub(super) fn ahead_of(&self, ask: &Ask, ticket: Option<Ticket>) -> usize {
        let shared = self.roster.iter().any(|member| member.spec.group.is_none());
        let rival = |other: &&Ask| shared || other.groups.first() == ask.groups.first();
        self.line.before(ask, ticket).filter(rival).count()
    }

    /// When the keys that suit a question have been free so many times and once more: what is resting
    /// is free when it wakes, what is full when its oldest call is a minute old.
    pub(super) fn forecast(&self, ask: &Ask, ahead: usize, moment: Moment) -> Option<Wait> {
        let errand = Use {
            group: ask.groups.first().copied(),
            tokens: ask.tokens,
        };
        let mut free = Vec::new();
        let mut seen = HashSet::new();
        for offer in ask.tiers.iter().flatten().filter_map(|id| self.offer(id)) {
            for member in self.roster.iter().filter(|it| ask.suits(it)) {
                let seat = member.seat(offer.place);
                if seen.insert((seat.project, seat.model)) {
                    free.extend(self.openings(member, offer, errand, moment));
                }
            }
        }
        let is_known = ahead < free.len();
        is_known.then(|| *free.select_nth_unstable(ahead).1)
    }

    /// When a key is free again and again, as far as that is decided.
    fn openings(&self, member: &Member, offer: &Offer, errand: Use, moment: Moment) -> Vec<Wait> {
        let (first, why) = match self.standing(member, offer, errand, moment) {
            Ok(_) => (moment.now, Why::Minute),
            Err(Wait { until, why }) => match until {
                Some(until) => (until, why),
                None => return Vec::new(),
            },
        };
        let Some(limits) = self.limits(member, offer, errand.group) else {
            return Vec::new();
        };
        let bucket = self.state.bucket(member.seat(offer.place));
        let openings = bucket.openings(limits, moment.now, &moment.day);
        let openings = openings.take(MOST);
        openings.map(|at| Wait::until(at.max(first), why)).collect()
    }
}
