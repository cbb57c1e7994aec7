//! Compares the clock with the `Date` of Telegram's answers, and warns the operator where the
//! machine's clock is wrong.

use std::time::Duration;

use log::warn;

use crate::app::engine::signs::Signs;
use crate::clock::{self, Comparison, Instant, TOLERANCE, Timestamp};

/// The warning about a clock that stays wrong is repeated this often.
const WARN_EVERY: Duration = Duration::from_hours(1);

/// Remembers when the operator was warned last.
#[derive(Debug, Default)]
pub(super) struct ClockCheck {
    warned: Option<Instant>,
}

impl ClockCheck {
    /// Takes the date of an answer; whether a second answer is needed to know what time it is.
    pub(super) fn compare(&mut self, signs: &Signs, date: Option<Timestamp>) -> bool {
        let Some(date) = date else { return false };
        let compared = clock::compare(date);
        if compared == Comparison::Corrected {
            warn!("the time was corrected by Telegram's clock");
        }
        let wall = clock::wall();
        let off = wall.since(date).max(date.since(wall));
        signs.clock_is_off((off > TOLERANCE).then_some(off));
        let now = clock::instant();
        let is_due = self
            .warned
            .is_none_or(|warned| now.duration_since(warned) >= WARN_EVERY);
        if off > TOLERANCE && is_due {
            self.warned = Some(now);
            warn!(secs = off.as_secs(); "this machine's clock differs from Telegram's; set it right");
        }
        compared == Comparison::Doubtful
    }
}
