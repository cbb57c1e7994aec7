//! Counts the keys by how they are, for `/status` and for those who wait. Pure. Invariant: every
//! configured key is counted in exactly one state.

use serde::{Deserialize, Serialize};

use super::pool::Moment;
use super::{Ask, KeySpec, Pool, Wait, Why};
use crate::clock::Timestamp;

/// The smallest call there is.
const ANY: Ask<'_> = Ask {
    groups: &[],
    models: &[],
    tokens: 0,
    avoid: &[],
};

/// How the keys are doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) total: usize,
    /// Some model can be asked with it now.
    pub(crate) available: usize,
    /// Waits for its minute, its day or the end of a rest.
    pub(crate) resting: usize,
    /// Waits after too many strikes.
    pub(crate) blacklisted: usize,
    pub(crate) dead: usize,
    /// When the first of those that wait is back.
    pub(crate) next_wake: Option<Timestamp>,
}

enum Standing {
    Available,
    Resting(Option<Timestamp>),
    Blacklisted(Option<Timestamp>),
    Dead,
}

impl Pool {
    /// Counts the configured keys.
    pub(crate) fn count(&self, now: Timestamp) -> Tally {
        let moment = Moment::of(now);
        let mut tally = Tally {
            total: self.roster.len(),
            ..Tally::default()
        };
        for spec in &self.roster {
            let (count, wake) = match self.standing_of(spec, moment) {
                Standing::Available => (&mut tally.available, None),
                Standing::Resting(wake) => (&mut tally.resting, wake),
                Standing::Blacklisted(wake) => (&mut tally.blacklisted, wake),
                Standing::Dead => (&mut tally.dead, None),
            };
            *count += 1;
            tally.next_wake = [tally.next_wake, wake].into_iter().flatten().min();
        }
        tally
    }

    fn standing_of(&self, spec: &KeySpec, moment: Moment) -> Standing {
        let mut wait = Wait::never(Why::NoKeys);
        for model in self.catalog.models() {
            match self.standing(spec, model, &ANY, moment) {
                Ok(_) => return Standing::Available,
                Err(obstacle) => wait = wait.sooner(obstacle),
            }
        }
        if wait.why == Why::Dead {
            return Standing::Dead;
        }
        let blacklisted = self.state.key(spec).is_some_and(|key| {
            key.health.struck_out(&self.policy) && key.health.resting(moment.now).is_some()
        });
        if blacklisted {
            Standing::Blacklisted(wait.until)
        } else {
            Standing::Resting(wait.until)
        }
    }
}
