//! How long each kind of failure keeps something from being called: the backoff of every breaker that
//! many keys stand behind, and the end of a single cooldown (design §4; rows of gemini-api §15).
//! Pure values. Invariant: nothing here lasts longer than [`LONGEST`] or a Pacific day.

use std::time::Duration;

use super::effect::Cooldown;
use super::pacific;
use super::settings::Policy;
use crate::clock::Timestamp;

/// No cooldown that is given as a time, and no blacklisting, lasts longer (design §4).
pub(super) const LONGEST: Duration = Duration::from_hours(24);

/// Whoever looks at a refused key takes less: so long nobody else looks, and the key is not lent.
pub(crate) const LONGEST_LOOK: Duration = Duration::from_secs(10);

/// How a breaker that many keys stand behind opens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Backoff {
    /// Failures in a row that open it.
    pub(super) after: u32,
    /// How long it stays open the first time; each further time doubles it.
    pub(super) first: Duration,
    /// And no longer than this.
    pub(super) longest: Duration,
}

/// A model that is overloaded: short, since one probe is all it costs to look again.
pub(super) const OVERLOAD: Backoff = Backoff {
    after: 3,
    first: Duration::from_secs(2),
    longest: Duration::from_secs(15),
};

/// Correlated failures of many projects and models that nothing explains.
pub(super) const CORRELATED: Backoff = Backoff {
    after: 5,
    first: Duration::from_secs(2),
    longest: Duration::from_secs(15),
};

/// The region is not served (gemini-api §15, row 9). The quorum is counted before.
pub(super) const REGION: Backoff = Backoff {
    after: 1,
    first: Duration::from_secs(5),
    longest: Duration::from_hours(1),
};

/// Many projects are throttled alike on one model (row 20). The projects are counted before.
pub(super) const THROTTLED_MODEL: Backoff = Backoff {
    after: 1,
    first: Duration::from_secs(10),
    longest: Duration::from_mins(10),
};

/// The same on several models: our address.
pub(super) const THROTTLED_ADDRESS: Backoff = Backoff {
    after: 1,
    first: Duration::from_secs(2),
    longest: Duration::from_secs(15),
};

/// Something in front of the service answers with pages (row 25). The quorum is counted before.
pub(super) const PAGES: Backoff = Backoff {
    after: 1,
    first: Duration::from_secs(5),
    longest: Duration::from_mins(15),
};

/// A model that two projects do not find (row 12).
pub(super) const MISSING: Backoff = Backoff {
    after: 1,
    first: Duration::from_hours(1),
    longest: LONGEST,
};

/// There is no Gemini API at the address (row 12b).
pub(super) const WRONG_ENDPOINT: Backoff = Backoff {
    after: 1,
    first: Duration::from_secs(5),
    longest: Duration::from_mins(15),
};

/// A key that the free look accepts and whose calls with a model are refused (rows 2 and 6).
pub(super) fn refused(policy: &Policy) -> Backoff {
    Backoff {
        after: 1,
        first: policy.cooldown,
        longest: Duration::from_hours(1),
    }
}

/// When a cooldown that begins now ends.
pub(super) fn end_of(cooldown: Cooldown, policy: &Policy, now: Timestamp) -> Timestamp {
    match cooldown {
        Cooldown::For(time) => now.after(time.min(LONGEST)),
        Cooldown::Configured => now.after(policy.cooldown.min(LONGEST)),
        Cooldown::UntilPacificMidnight => {
            let midnight = pacific::day_of(now).ends;
            midnight.min(now.after(pacific::LONGEST_DAY))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::pool::tests::POLICY;

    const NOW: Timestamp = Timestamp::from_secs(1_795_000_000);

    #[test]
    fn every_kind_of_cooldown_has_its_maximum() {
        let endless = Policy {
            cooldown: Duration::MAX,
            ..POLICY
        };
        let cases = [
            (
                Cooldown::For(Duration::from_secs(37)),
                Duration::from_secs(37),
            ),
            (Cooldown::For(Duration::MAX), LONGEST),
            (Cooldown::Configured, LONGEST),
        ];
        for (cooldown, length) in cases {
            assert_eq!(
                end_of(cooldown, &endless, NOW),
                NOW.after(length),
                "{cooldown:?}"
            );
        }
        let midnight = end_of(Cooldown::UntilPacificMidnight, &endless, NOW);
        assert_eq!(midnight, pacific::day_of(NOW).ends);
        let cooled = end_of(Cooldown::Configured, &POLICY, NOW);
        assert_eq!(cooled, NOW.after(Duration::from_secs(10)));
    }
}
