//! Until when something is not called, why, and when one call may probe it before that. Pure.
//! Invariant: a cooldown only grows and never outlives its kind's maximum, unless what began it is
//! taken back.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::keys::backoff::{self, LONGEST};
use crate::keys::effect::Cooldown;
use crate::keys::pacific;
use crate::keys::settings::{Fingerprint, Policy};
use crate::keys::wait::Why;

/// No cooldown that the service has named is longer, and such a one is kept to its end.
const NAMED: Duration = Duration::from_mins(2);

/// After this part of a long cooldown a model is probed sooner by whoever would be refused: how long
/// it lasts nobody knows, and each doubling may oversleep as much.
const LAST_RESORT: u32 = 4;

/// After this long it is probed whether a day's quota is gone; then twice as late each time (row 14).
pub(in crate::keys) const FIRST_PROBE: Duration = Duration::from_mins(15);

/// The same where our own ledger contradicts it: such bodies pass in seconds, or the day begins late.
pub(in crate::keys) const SOON_PROBE: Duration = Duration::from_mins(1);

/// How often it is probed whether a spending cap is lifted (row 18).
const CAP_PROBE: Duration = Duration::from_hours(6);

/// When to ask again while a probe is under way.
pub(in crate::keys) const PROBE_CHECK: Duration = Duration::from_secs(1);

/// How a cooldown stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cooling {
    /// Until when nothing is called.
    pub(crate) until: Option<Timestamp>,
    /// When that began: it cannot outlast its length when the clock is set back.
    pub(crate) since: Option<Timestamp>,
    /// Why, where that decides what comes after it; until a call goes well.
    pub(crate) cause: Option<Cause>,
    /// From then on one call may pass all the same.
    pub(crate) probe_at: Option<Timestamp>,
}

/// What a cooldown is about where its end alone does not tell how it goes on (design §4, "Believe,
/// then look").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The service says that the day's quota is gone: it lasts until midnight, and one call after a
    /// while probes whether that is so. `looks` went wrong by now.
    Day { looks: u32 },
    /// The model is not found, so many times in a row, at the address with this fingerprint.
    Missing { at: Fingerprint, times: u32 },
    /// There is no Gemini API at the address with this fingerprint.
    Endpoint { at: Fingerprint },
    /// The month's spending cap of the project is reached.
    SpendingCap,
}

/// Whether a call may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::keys) enum Gate {
    Open,
    /// As the one call that shows how things stand.
    Probe,
    /// Not before then.
    Closed(Timestamp),
}

impl Cooling {
    /// When it ends, while it lasts.
    pub(crate) fn ends(&self, now: Timestamp) -> Option<Timestamp> {
        self.until.filter(|&end| end > now)
    }

    /// Lasts until then, unless it already lasts longer.
    pub(in crate::keys) fn extend(&mut self, until: Timestamp, now: Timestamp) {
        if self.until.is_none_or(|end| end < until) {
            *self = Self {
                until: Some(until),
                since: Some(now),
                cause: None,
                probe_at: None,
            };
        }
    }

    /// It is over now; why it began is still remembered.
    pub(in crate::keys) fn end(&mut self) {
        self.until = None;
        self.since = None;
    }

    /// Whether a call that left then can say something about the state of now.
    pub(in crate::keys) fn is_news(&self, left: Timestamp) -> bool {
        self.since.is_none_or(|since| left > since)
    }

    /// The service says that the day is spent: until midnight, with probes before, the first of them
    /// after this time. A call that left before the last probe was due says nothing new.
    pub(in crate::keys) fn day_gone(
        &mut self,
        first: Duration,
        left: Timestamp,
        policy: &Policy,
        now: Timestamp,
    ) {
        let midnight = backoff::end_of(Cooldown::UntilPacificMidnight, policy, now);
        let looks = match (self.cause, self.ends(now)) {
            (Some(Cause::Day { looks }), Some(_)) => {
                if self.probe_at.is_none_or(|due| left < due) {
                    return;
                }
                looks.saturating_add(1)
            }
            (_, _) => 0,
        };
        self.extend(midnight, now);
        if self.until == Some(midnight) {
            let due = now.after(first.saturating_mul(1 << looks.min(16)));
            self.cause = Some(Cause::Day { looks });
            self.probe_at = Some(due.min(midnight));
        }
    }

    /// The model was not found once more: for a cooldown, then twice as long each time, and never less
    /// than this.
    pub(in crate::keys) fn not_found(
        &mut self,
        at: Fingerprint,
        least: Duration,
        policy: &Policy,
        now: Timestamp,
    ) {
        let times = match self.cause {
            Some(Cause::Missing { times, .. }) if self.ends(now).is_some() => times,
            Some(Cause::Missing { times, .. }) => times.saturating_add(1),
            Some(Cause::Day { .. } | Cause::Endpoint { .. } | Cause::SpendingCap) | None => 0,
        };
        let time = policy.cooldown.saturating_mul(1 << times.min(16));
        self.extend(now.after(time.max(least).min(LONGEST)), now);
        if self.since == Some(now) {
            self.cause = Some(Cause::Missing { at, times });
        }
    }

    /// The spending cap of the month is reached, or still is. Late news change nothing.
    pub(in crate::keys) fn cap(&mut self, left: Timestamp, now: Timestamp) {
        if self.cause != Some(Cause::SpendingCap) || self.is_news(left) {
            self.extend(now.after(CAP_PROBE), now);
            self.cause = Some(Cause::SpendingCap);
        }
    }

    /// Ends a long cooldown of which a part has passed, so that a probe shows how things stand;
    /// whether it did.
    pub(in crate::keys) fn end_early(&mut self, now: Timestamp) -> bool {
        let span = self.since.zip(self.ends(now));
        let is_due = span.is_some_and(|(since, until)| {
            let length = until.since(since);
            length > NAMED && since.after(length / LAST_RESORT) <= now
        });
        if is_due {
            self.until = Some(now);
        }
        is_due
    }

    /// After the clock was set back: what began in what is now the future begins now.
    pub(in crate::keys) fn rebase(&mut self, now: Timestamp) {
        let Some(until) = self.until else {
            return;
        };
        let since = self.since.unwrap_or(now);
        let length = until.since(since.min(until)).min(pacific::LONGEST_DAY);
        if since > now || until > now.after(pacific::LONGEST_DAY) {
            self.since = Some(now);
            self.until = Some(now.after(length));
            let look = |due: Timestamp| now.after(due.since(since.min(due)).min(length));
            self.probe_at = self.probe_at.map(look);
        }
    }

    /// What it is about, as it is told.
    pub(in crate::keys) fn why(&self) -> Why {
        match self.cause {
            Some(Cause::Day { .. }) => Why::Day,
            Some(Cause::Missing { .. }) => Why::Missing,
            Some(Cause::Endpoint { .. }) => Why::Endpoint,
            Some(Cause::SpendingCap) => Why::SpendingCap,
            None => Why::Cooldown,
        }
    }

    /// Whether a call may pass now, where one probe at a time decides how it goes on.
    pub(in crate::keys) fn gate(&self, probing: bool, now: Timestamp) -> Gate {
        let busy = Gate::Closed(now.after(PROBE_CHECK));
        let free = if probing { busy } else { Gate::Probe };
        match (self.cause, self.ends(now)) {
            (Some(Cause::Day { .. }), Some(midnight)) => match self.probe_at {
                Some(due) if due <= now => free,
                Some(due) => Gate::Closed(due.min(midnight)),
                None => Gate::Closed(midnight),
            },
            (_, Some(until)) => Gate::Closed(until),
            (Some(Cause::Missing { .. } | Cause::SpendingCap), None) => free,
            (Some(Cause::Day { .. } | Cause::Endpoint { .. }) | None, None) => Gate::Open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_795_000_000);

    #[test]
    fn a_shorter_cooldown_changes_nothing() {
        let mut cooling = Cooling::default();
        cooling.extend(Timestamp(9_000), Timestamp(1_000));
        let long = cooling.clone();
        cooling.extend(Timestamp(8_000), Timestamp(2_000));
        assert_eq!(cooling, long);
        assert_eq!(cooling.ends(Timestamp(8_999)), Some(Timestamp(9_000)));
        assert_eq!(cooling.ends(Timestamp(9_000)), None);
    }

    #[test]
    fn a_clock_set_back_makes_no_cooldown_longer_than_it_was_meant() {
        let mut cooling = Cooling::default();
        let day = Duration::from_hours(24);
        let future = NOW.after(day * 300);
        cooling.extend(future.after(Duration::from_secs(30)), future);
        cooling.rebase(NOW);
        assert_eq!(cooling.until, Some(NOW.after(Duration::from_secs(30))));

        let before = cooling.clone();
        cooling.rebase(NOW.after(Duration::from_secs(5)));
        assert_eq!(cooling, before, "one that began in the past stays");

        let mut senseless = Cooling {
            until: Some(future),
            ..Cooling::default()
        };
        senseless.rebase(NOW);
        assert_eq!(senseless.until, Some(NOW.after(pacific::LONGEST_DAY)));
    }
}
