//! The retry budget: calls beyond the first of a question come out of what all questions together put
//! in, so that a wave of failures is not answered with a wave of retries. Pure; owned by the pool's
//! [`super::lender`].

use super::ask::Ask;

/// What is left for calls beyond the first.
#[derive(Debug)]
pub(super) struct RetryBudget {
    /// In tenths of a call.
    tenths: u32,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self { tenths: Self::MOST }
    }
}

impl RetryBudget {
    /// Sixty calls.
    const MOST: u32 = 600;
    /// What each question puts in: three tenths of a call.
    const GAIN: u32 = 3;
    const CALL: u32 = 10;

    /// Whether there is a call left, where the question needs one.
    pub(super) fn allows(&self, ask: &Ask) -> bool {
        ask.attempts == 0 || self.tenths >= Self::CALL
    }

    /// A call was not made after all.
    pub(super) fn undo(&mut self, is_retry: bool) {
        self.tenths = if is_retry {
            (self.tenths + Self::CALL).min(Self::MOST)
        } else {
            self.tenths.saturating_sub(Self::GAIN)
        };
    }

    /// A call is made.
    pub(super) fn count(&mut self, ask: &Ask) {
        self.tenths = if ask.attempts == 0 {
            (self.tenths + Self::GAIN).min(Self::MOST)
        } else {
            self.tenths.saturating_sub(Self::CALL)
        };
    }
}
