//! The only reader of clocks. Two kinds of time: [`Timestamp`] for rows and everything that must
//! survive a restart, [`Instant`] for waiting. Pure code takes either as an argument.

use std::time::Duration;

use serde::{Deserialize, Serialize};
pub(crate) use tokio::time::Instant;

/// Milliseconds since 1970-01-01 UTC.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub(crate) struct Timestamp(pub(crate) u64);

impl Timestamp {
    /// A moment given in whole seconds, as the Bot API and HTTP give them.
    pub(crate) const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// How long ago `earlier` was; zero when it lies ahead.
    pub(crate) const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// This moment less `span`.
    pub(crate) fn before(self, span: Duration) -> Self {
        let span = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_sub(span))
    }

    /// This moment and `wait` more.
    pub(crate) fn after(self, wait: Duration) -> Self {
        let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(wait))
    }
}

/// The wall clock.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one reader of clocks"
)]
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp(since.map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX)))
}

/// The monotonic clock, for deadlines.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one reader of clocks"
)]
pub(crate) fn instant() -> Instant {
    Instant::now()
}

/// The date in a time zone, e.g. `Friday, 2026-11-20`.
pub(crate) fn date(now: Timestamp, zone: &jiff::tz::TimeZone) -> String {
    let millis = i64::try_from(now.0).unwrap_or(i64::MAX);
    let moment = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    moment.to_zoned(zone.clone()).strftime("%A, %Y-%m-%d").to_string()
}
