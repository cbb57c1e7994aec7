//! Those who wait for a key: in order of their rank and arrival, bounded, each with a moment when it
//! will be their turn (design §4, "waiting beats failing"). Pure; owned by the pool. Invariant:
//! nobody is lent a key while somebody waits who goes first and could have it, and no correction of
//! the clock makes a wait shorter or longer than its patience.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::ask::Ask;
use super::forecast::{self, LONGEST_LINE};
use super::lease::{Lease, Place, Ticket};
use super::lender::Lender;
use super::moment::Moment;
use super::quota::MINUTE;
use super::view::View;
use super::wait::{Wait, Why};
use crate::clock::Timestamp;

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
    /// Until then nobody can be served, unless something is freed.
    quiet_until: Timestamp,
}

impl Line {
    /// Something was freed or changed: somebody may be served before the planned moment.
    pub(super) fn stir(&mut self) {
        self.quiet_until = Timestamp(0);
    }

    /// Leases that were given to those who wait since the last time.
    pub(super) fn take_granted(&mut self) -> Vec<(Ticket, Lease)> {
        std::mem::take(&mut self.granted)
    }

    /// Those whom no waiting helps any more, since the last time.
    pub(super) fn take_hopeless(&mut self) -> Vec<Ticket> {
        std::mem::take(&mut self.hopeless)
    }

    /// Somebody waits no longer.
    pub(super) fn withdraw(&mut self, ticket: Ticket) {
        let before = self.waiting.len();
        self.waiting.retain(|(_, other), _| *other != ticket);
        if self.waiting.len() < before {
            self.stir();
        }
    }

    /// Lends to everybody who waits and can have a key now.
    pub(super) fn serve(&mut self, lender: &mut Lender, moment: Moment, rng: &mut fastrand::Rng) {
        if self.waiting.is_empty() || moment.now < self.quiet_until {
            return;
        }
        self.waiting.retain(|_, ask| ask.patience >= moment.steady);
        if let Some(opens) = forecast::opens(lender.view(moment)) {
            self.quiet_until = opens;
            return;
        }
        let mut quiet_until = Timestamp(u64::MAX);
        let mut in_vain: Vec<Arc<Ask>> = Vec::new();
        let waiting = self.waiting.iter();
        let waiting: Vec<_> = waiting.map(|(id, ask)| (*id, Arc::clone(ask))).collect();
        for (id, ask) in waiting {
            // Whoever needs the same or more waits behind.
            let mut before = in_vain.iter();
            if before.any(|other| ask.asks_no_less_than(other, moment.steady)) {
                continue;
            }
            match lender.find(&ask, moment, rng) {
                Ok(pick) => {
                    let lease = lender.lend(pick, &ask, moment);
                    self.waiting.remove(&id);
                    self.granted.push((id.1, lease));
                }
                Err(Wait { until: None, .. }) => {
                    self.waiting.remove(&id);
                    self.hopeless.push(id.1);
                }
                Err(Wait {
                    until: Some(until), ..
                }) => {
                    quiet_until = quiet_until.min(until);
                    in_vain.push(ask);
                }
            }
        }
        self.quiet_until = quiet_until;
    }

    /// A place in the line, if its turn comes in time.
    pub(super) fn enqueue(&mut self, ask: &Ask, wait: Wait, view: View<'_>) -> Result<Place, Wait> {
        let first = wait.until.ok_or(wait)?;
        let moment = view.moment;
        let ahead = self.ahead_of(ask, None, view);
        let turn = if ahead == 0 {
            wait
        } else {
            match forecast::forecast(view, ask, ahead) {
                Some(turn) => turn.later(wait),
                // It is beyond all that the next minute has.
                None if ask.patience < moment.steady.after(MINUTE) => {
                    return Err(Wait::never(Why::Line));
                }
                None => wait,
            }
        };
        let until = turn.until.unwrap_or(first);
        let wakes = moment.to_steady(until);
        if wakes > ask.patience {
            return Err(turn);
        }
        if self.waiting.len() >= LONGEST_LINE {
            return Err(Wait::until(until, Why::Line));
        }
        let ticket = Ticket(self.next);
        self.next += 1;
        let ask = Arc::new(ask.clone());
        self.waiting.insert(turn_of(&ask, ticket), ask);
        self.quiet_until = self.quiet_until.min(first);
        Ok(Place {
            ticket,
            ahead,
            wakes,
            look: moment.to_steady(self.quiet_until),
            why: turn.why,
        })
    }

    /// Where somebody stands by now; `None` once they have their lease, or when their patience is
    /// over.
    pub(super) fn place(&self, ticket: Ticket, view: View<'_>) -> Option<Place> {
        let moment = view.moment;
        let mut waiting = self.waiting.iter();
        let (_, ask) = waiting.find(|((_, other), _)| *other == ticket)?;
        if ask.patience < moment.steady {
            return None;
        }
        let ahead = self.ahead_of(ask, Some(ticket), view);
        let wait = forecast::forecast(view, ask, ahead);
        let end = ask.patience.after(Duration::from_millis(1));
        let until = wait.and_then(|wait| wait.until);
        let until = until.map_or(end, |until| moment.to_steady(until));
        let quiet_until = moment.to_steady(self.quiet_until);
        // A smaller model's key may be free at once, and not be for this question yet.
        let until = until.max(quiet_until);
        Some(Place {
            ticket,
            ahead,
            wakes: until.min(end),
            look: quiet_until.min(end),
            why: wait.map_or(Why::Slots, |wait| wait.why),
        })
    }

    /// How many go first that want the same keys; `ticket` when it waits already. Where every key is
    /// somebody's group's, people of other groups come to them only when nobody of their own needs
    /// them.
    fn ahead_of(&self, ask: &Ask, ticket: Option<Ticket>, view: View<'_>) -> usize {
        let mut members = view.registry.roster.members.iter();
        let shared = members.any(|member| member.spec.group.is_none());
        let rival = |other: &&Ask| shared || other.groups.first() == ask.groups.first();
        let own = turn_of(ask, ticket.unwrap_or(Ticket(u64::MAX)));
        let before = self.waiting.range(..own).map(|(_, ask)| &**ask);
        before.filter(rival).count()
    }
}
