//! Telegram's `Date` as the judge of our clock, and what the operator is told of it.

use std::time::Duration;

use log::warn;

use crate::clock::{self, Heard, Instant, TOLERANCE, Timestamp};

/// A clock that stays wrong is told of this often.
const TOLD_EVERY: Duration = Duration::from_hours(1);

/// What was told of the clock so far.
#[derive(Debug, Default)]
pub(super) struct Witness {
    told: Option<Instant>,
}

impl Witness {
    /// Takes the date of an answer; whether a second answer is needed to know what time it is.
    pub(super) fn hear(&mut self, date: Option<Timestamp>) -> bool {
        let Some(date) = date else { return false };
        let heard = clock::hear(date);
        if heard == Heard::Corrected {
            warn!("the time was corrected by Telegram's clock");
        }
        let wall = clock::wall();
        let off = wall.since(date).max(date.since(wall));
        let now = clock::instant();
        let is_news = self
            .told
            .is_none_or(|told| now.duration_since(told) >= TOLD_EVERY);
        if off > TOLERANCE && is_news {
            self.told = Some(now);
            warn!(secs = off.as_secs(); "this machine's clock differs from Telegram's; set it right");
        }
        heard == Heard::Doubtful
    }
}
