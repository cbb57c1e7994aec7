//! How long to wait before the next poll. Pure: the caller sleeps.
//!
//! Invariant: whatever the server answers, polls that bring nothing cannot follow each other
//! without end at full speed.

use std::time::Duration;

use super::poll::PollError;
use crate::clock::Instant;

/// An empty answer that came sooner was not a long poll.
const TOO_SOON: Duration = Duration::from_secs(1);
/// Empty answers in a row that came too soon and cause no wait.
const PATIENCE: u32 = 2;

/// Exponential backoff: waits that double from the first to the cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Exponential {
    first: Duration,
    cap: Duration,
}

const TRANSIENT: Exponential = Exponential {
    first: Duration::from_millis(500),
    cap: Duration::from_secs(30),
};
/// The server itself delays repeated conflicts by three seconds.
const CONFLICT: Exponential = Exponential {
    first: Duration::from_secs(3),
    cap: Duration::from_secs(30),
};
/// A flood wait is exceeded by up to this, at random.
const FLOOD_JITTER: Duration = Duration::from_secs(1);

/// Counts what went wrong since the last good poll.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    /// The series of waits we are in, and how many of it were given.
    position: Option<(Exponential, u32)>,
    /// Empty answers in a row that came too soon.
    empties: u32,
}

impl Backoff {
    /// The wait after a failed poll. A flood is waited out in full.
    pub(crate) fn wait(&mut self, error: &PollError, rng: &mut fastrand::Rng) -> Duration {
        match error {
            PollError::Down(_) | PollError::Hung => self.next_wait(TRANSIENT, rng),
            PollError::OtherPoller | PollError::Webhook | PollError::Unauthorized => {
                self.next_wait(CONFLICT, rng)
            }
            PollError::Flood(wait) => wait.saturating_add(FLOOD_JITTER.mul_f64(rng.f64())),
        }
    }

    /// The wait after a poll that was answered with so many updates after so long: none, except
    /// when the server keeps answering at once with nothing instead of holding the poll.
    pub(crate) fn answered(
        &mut self,
        updates: usize,
        took: Duration,
        rng: &mut fastrand::Rng,
    ) -> Duration {
        if updates == 0 && took < TOO_SOON {
            self.empties = self.empties.saturating_add(1);
        } else {
            self.empties = 0;
        }
        if self.empties > PATIENCE {
            return self.next_wait(TRANSIENT, rng);
        }
        self.position = None;
        Duration::ZERO
    }

    /// A random wait between half of the series' next one and the whole of it.
    fn next_wait(&mut self, series: Exponential, rng: &mut fastrand::Rng) -> Duration {
        let given = match self.position {
            Some((on, given)) if on == series => given,
            Some(_) | None => 0,
        };
        self.position = Some((series, given.saturating_add(1)));
        let doubled = series.first.saturating_mul(2_u32.saturating_pow(given));
        doubled.min(series.cap).mul_f64(0.5 + rng.f64() / 2.0)
    }
}

/// How long `getMe` has refused the token. Servers that restart say 401 and the Bot API's own 404 in
/// passing, so only a refusal that lasts means that the token is wrong (design §2).
#[derive(Debug, Default)]
pub(crate) struct TokenRefusals {
    /// The first of a row of refusals with nothing else between them.
    since: Option<Instant>,
}

impl TokenRefusals {
    /// How long the refusal has lasted, after a `getMe` that failed at `now`; `None` when it failed
    /// otherwise, which says nothing of the token: the next refusal is then the first.
    pub(crate) fn lasted(&mut self, error: &PollError, now: Instant) -> Option<Duration> {
        if *error != PollError::Unauthorized {
            self.since = None;
            return None;
        }
        let since = *self.since.get_or_insert(now);
        Some(now.saturating_duration_since(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Fault;
    use crate::telegram::CallError;

    const DOWN: PollError = PollError::Down(CallError::Fault(Fault::Connect));

    fn secs(secs: f64) -> Duration {
        Duration::from_secs_f64(secs)
    }

    #[test]
    fn each_kind_of_failure_backs_off_from_its_first_wait_to_its_cap() {
        let mut rng = fastrand::Rng::with_seed(1);
        for (error, first, cap) in [
            (DOWN, secs(0.5), secs(30.0)),
            (PollError::Hung, secs(0.5), secs(30.0)),
            (PollError::OtherPoller, secs(3.0), secs(30.0)),
            (PollError::Webhook, secs(3.0), secs(30.0)),
            (PollError::Unauthorized, secs(3.0), secs(30.0)),
        ] {
            let mut backoff = Backoff::default();
            let mut full = first;
            for _ in 0..100 {
                let wait = backoff.wait(&error, &mut rng);
                assert!(full / 2 <= wait && wait <= full, "{error}: {wait:?}");
                full = (full * 2).min(cap);
            }
            assert_eq!(full, cap);
        }
    }

    #[test]
    fn a_flood_is_waited_out_in_full_whatever_its_length() {
        let mut rng = fastrand::Rng::with_seed(1);
        for told in [secs(1.0), secs(86_399.0), Duration::MAX] {
            let wait = Backoff::default().wait(&PollError::Flood(told), &mut rng);
            assert!(told <= wait && wait <= told.saturating_add(secs(1.0)));
        }
    }

    #[test]
    fn a_good_poll_or_another_failure_starts_the_backoff_over() {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut backoff = Backoff::default();
        for _ in 0..9 {
            backoff.wait(&DOWN, &mut rng);
        }
        assert!(backoff.wait(&PollError::OtherPoller, &mut rng) <= secs(3.0));
        for _ in 0..9 {
            backoff.wait(&DOWN, &mut rng);
        }
        assert_eq!(backoff.answered(1, secs(0.0), &mut rng), Duration::ZERO);
        assert!(backoff.wait(&DOWN, &mut rng) <= secs(0.5));
    }

    #[test]
    fn a_server_that_does_not_hold_the_poll_is_slowed_down() {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut backoff = Backoff::default();
        let mut empty = |took| backoff.answered(0, took, &mut rng);
        assert_eq!(empty(secs(0.1)), Duration::ZERO);
        assert_eq!(empty(secs(0.1)), Duration::ZERO);
        assert!(empty(secs(0.1)) >= secs(0.25));
        assert!(empty(secs(0.1)) >= secs(0.5));
        assert_eq!(empty(secs(50.0)), Duration::ZERO);
        assert_eq!(empty(secs(0.1)), Duration::ZERO);
    }

    #[test]
    fn updates_that_come_at_once_are_never_slowed_down() {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut backoff = Backoff::default();
        for _ in 0..1000 {
            assert_eq!(
                backoff.answered(1, Duration::ZERO, &mut rng),
                Duration::ZERO
            );
        }
    }

    #[test]
    fn a_refusal_lasts_from_its_first_getme_on_and_anything_else_begins_it_anew() {
        let start = crate::clock::instant();
        let mut refusals = TokenRefusals::default();
        for (error, at, lasted) in [
            (PollError::Unauthorized, 0, Some(0)),
            (PollError::Unauthorized, 7, Some(7)),
            (PollError::Unauthorized, 299, Some(299)),
            (DOWN, 300, None),
            (PollError::Unauthorized, 310, Some(0)),
            (PollError::Flood(secs(1.0)), 320, None),
            (PollError::Hung, 321, None),
            (PollError::Unauthorized, 330, Some(0)),
            (PollError::Unauthorized, 630, Some(300)),
        ] {
            let found = refusals.lasted(&error, start + Duration::from_secs(at));
            assert_eq!(found, lasted.map(Duration::from_secs), "{error} at {at}");
        }
    }
}
