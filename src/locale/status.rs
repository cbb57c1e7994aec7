//! The lines of `/status`. Decides their wording and order; the figures come in as [`Status`]. Pure.
//! Invariant: what is not known is left out, never shown as zero.

use std::time::Duration;

use super::{Locale, fill};
use crate::catalog::TierReason;
use crate::chat::Role;
use crate::keys::Tally;
use crate::people::seats::Seat;

/// What `/status` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Status<'a> {
    pub(crate) version: &'a str,
    pub(crate) uptime: Duration,
    pub(crate) keys: Tally,
    /// How long until the first of the waiting keys is back; told where none is available.
    pub(crate) next_wake: Option<Duration>,
    pub(crate) waiting: usize,
    pub(crate) running: usize,
    /// Resident bytes, where the system tells.
    pub(crate) memory: Option<u64>,
    /// Recent time from question to answer, once there was one.
    pub(crate) answer_time: Option<Duration>,
    /// Rows of the data file that could not be read; told where there are any.
    pub(crate) set_aside: u64,
    /// What made the last answer, and why it was chosen, where that is remembered.
    pub(crate) last: Option<(&'a str, TierReason)>,
    pub(crate) role: Role,
    /// Whether only the Owner reads it: keys, data file and seats are nobody else's business.
    pub(crate) is_owners: bool,
    /// Messages of today and the most there may be, where there is such a limit.
    pub(crate) today: Option<(u32, u32)>,
    /// Files of today that were looked at, and the most there may be, where there is such a limit.
    pub(crate) files: Option<(u32, u32)>,
    /// VIP seats that are taken, of how many, where it is known.
    pub(crate) seats: Option<(usize, usize)>,
    /// What the VIP who asks has of them.
    pub(crate) seat: Option<Seat>,
}

impl Locale {
    /// Answer to `/status`: one fact a line.
    pub(crate) fn status(&self, status: &Status<'_>) -> String {
        let texts = &self.sentences.status;
        let queue = [
            ("waiting", &*status.waiting.to_string()),
            ("running", &*status.running.to_string()),
        ];
        let mut lines = vec![
            fill(&texts.version, &[("version", status.version)]),
            fill(&texts.uptime, &[("time", &self.length(status.uptime))]),
        ];
        if status.is_owners {
            lines.extend(self.key_counts(&status.keys, status.next_wake));
        } else {
            // That there is no key is everybody's business.
            let wake = status.next_wake.filter(|_| status.keys.available == 0);
            let told = |wait| fill(&texts.used_up, &[("when", &self.span(wait))]);
            lines.extend(wake.map(told));
        }
        lines.push(fill(&texts.queue, &queue));
        lines.extend(status.memory.map(|bytes| {
            let megabytes = tenths(bytes.saturating_mul(10) / (1024 * 1024));
            fill(&texts.memory, &[("megabytes", &megabytes)])
        }));
        lines.extend(status.answer_time.map(|time| {
            let tenth = u64::try_from(time.as_millis() / 100).unwrap_or(u64::MAX);
            fill(&texts.answer_time, &[("seconds", &tenths(tenth))])
        }));
        lines.extend(status.last.map(|(model, reason)| {
            let reason = self.tier_reason(reason);
            fill(&texts.last, &[("model", model), ("reason", reason)])
        }));
        let set_aside = Some(status.set_aside).filter(|count| status.is_owners && *count > 0);
        lines.extend(
            set_aside.map(|count| fill(&texts.set_aside, &[("count", &count.to_string())])),
        );
        lines.push(fill(&texts.role, &[("role", self.role(status.role))]));
        lines.extend(status.today.map(|(used, limit)| {
            let values = [("used", &*used.to_string()), ("limit", &*limit.to_string())];
            fill(&texts.today, &values)
        }));
        lines.extend(status.files.map(|(used, limit)| {
            let values = [("used", &*used.to_string()), ("limit", &*limit.to_string())];
            fill(&texts.files, &values)
        }));
        lines.extend(status.seat.map(|seat| self.seat(seat)));
        let seats = status.seats.filter(|_| status.is_owners);
        lines.extend(seats.map(|(taken, of)| self.seats_taken(taken, of)));
        lines.join("\n")
    }

    /// How many keys are in which state; where none is available, also when the first is back.
    pub(super) fn key_counts(&self, keys: &Tally, next_wake: Option<Duration>) -> Vec<String> {
        let texts = &self.sentences.status;
        let counts = [
            ("total", &*keys.total.to_string()),
            ("available", &*keys.available.to_string()),
            ("resting", &*keys.waiting.to_string()),
            ("blacklisted", &*keys.blacklisted.to_string()),
            ("dead", &*keys.dead.to_string()),
        ];
        let wake = next_wake.filter(|_| keys.available == 0);
        let wake = wake.map(|wait| fill(&texts.next_wake, &[("when", &self.span(wait))]));
        std::iter::once(fill(&texts.keys, &counts))
            .chain(wake)
            .collect()
    }

    /// Why a question got its size of model, as it follows "because".
    pub(crate) fn tier_reason(&self, reason: TierReason) -> &str {
        let texts = &self.sentences.tier_reason;
        match reason {
            TierReason::Smalltalk => &texts.smalltalk,
            TierReason::Code => &texts.code,
            TierReason::Analysis => &texts.analysis,
            TierReason::Media => &texts.media,
            TierReason::Asked => &texts.asked,
            TierReason::Degraded => &texts.degraded,
        }
    }
}

/// A number of tenths with its decimal point.
fn tenths(number: u64) -> String {
    format!("{}.{}", number / 10, number % 10)
}
