//! The lines of `/status`. Decides their wording and order; the figures come in as [`Status`]. Pure.
//! Invariant: what is not known is left out, never shown as zero.

use std::time::Duration;

use super::{Locale, fill};
use crate::chat::role::Role;
use crate::keys::Tally;

/// What `/status` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Status<'a> {
    pub(crate) version: &'a str,
    pub(crate) uptime: Duration,
    pub(crate) keys: Tally,
    pub(crate) waiting: usize,
    pub(crate) running: usize,
    /// Resident bytes, where the system tells.
    pub(crate) memory: Option<u64>,
    /// Recent time from question to answer, once there was one.
    pub(crate) answer_time: Option<Duration>,
    pub(crate) role: Role,
}

impl Locale {
    /// Answer to `/status`: one fact a line.
    pub(crate) fn status(&self, status: &Status<'_>) -> String {
        let texts = &self.sentences.status;
        let count = |number: usize| number.to_string();
        let keys = fill(
            &texts.keys,
            &[
                ("total", &count(status.keys.total)),
                ("available", &count(status.keys.available)),
                ("resting", &count(status.keys.resting)),
                ("blacklisted", &count(status.keys.blacklisted)),
                ("dead", &count(status.keys.dead)),
            ],
        );
        let queue = [
            ("waiting", &*count(status.waiting)),
            ("running", &*count(status.running)),
        ];
        let mut lines = vec![
            fill(&texts.version, &[("version", status.version)]),
            fill(&texts.uptime, &[("time", &self.length(status.uptime))]),
            keys,
            fill(&texts.queue, &queue),
        ];
        lines.extend(status.memory.map(|bytes| {
            let megabytes = tenths(bytes.saturating_mul(10) / (1024 * 1024));
            fill(&texts.memory, &[("megabytes", &megabytes)])
        }));
        lines.extend(status.answer_time.map(|time| {
            let tenth = u64::try_from(time.as_millis() / 100).unwrap_or(u64::MAX);
            fill(&texts.answer_time, &[("seconds", &tenths(tenth))])
        }));
        lines.push(fill(&texts.role, &[("role", self.role(status.role))]));
        lines.join("\n")
    }
}

/// A number of tenths with its decimal point.
fn tenths(number: u64) -> String {
    format!("{}.{}", number / 10, number % 10)
}
