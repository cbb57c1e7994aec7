//! Counters of this process as one struct of atomics; whoever does a thing counts it.
//!
//! Invariant: only ever added to; what must survive a restart lives in the store.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// See the fields.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    /// Updates taken from Telegram, duplicates included.
    pub(crate) updates: AtomicU64,
    /// Turns that ended with an answer, and the milliseconds they took since their acceptance.
    answers: AtomicU64,
    answer_millis: AtomicU64,
    /// Turns that ended with an apology.
    pub(crate) failures: AtomicU64,
    /// Requests to the model service.
    pub(crate) calls: AtomicU64,
    /// Rows Telegram acknowledged.
    pub(crate) sent: AtomicU64,
    /// Turns and sends that panicked.
    pub(crate) panics: AtomicU64,
}

impl Metrics {
    /// One more answer, this long after its question was accepted.
    pub(crate) fn answered(&self, after: Duration) {
        let millis = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        self.answers.fetch_add(1, Ordering::Relaxed);
        self.answer_millis.fetch_add(millis, Ordering::Relaxed);
    }

    /// Mean time from acceptance to answer, once there was one.
    pub(crate) fn mean_answer_time(&self) -> Option<Duration> {
        let millis = self.answer_millis.load(Ordering::Relaxed);
        millis.checked_div(self.answers.load(Ordering::Relaxed)).map(Duration::from_millis)
    }
}
