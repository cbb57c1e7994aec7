//! How long Telegram was not heard. A press does not tell when it was made, so what comes after a long
//! silence may be old mail (design §2 "Old mail"). Pure.

use std::time::Duration;

use crate::clock::Timestamp;

/// How often it is written down that Telegram was heard though it had nothing to tell: a start takes a
/// shorter silence for no longer than that.
const NOTED: Duration = Duration::from_mins(5);

/// When Telegram was heard, by its own clock.
#[derive(Debug, Default)]
pub(super) struct Silence {
    heard: Option<Timestamp>,
    /// What of that is stored.
    noted: Option<Timestamp>,
    /// What came while nobody listened is not taken to its end.
    is_behind: bool,
}

impl Silence {
    /// Since the time that is stored.
    pub(super) fn since(noted: Option<Timestamp>) -> Self {
        Self {
            heard: noted,
            noted,
            is_behind: false,
        }
    }

    /// Telegram has answered a poll.
    pub(super) fn ends(&mut self, now: Timestamp, stale_after: Duration) {
        let was_long = |heard: Timestamp| !now.is_within(stale_after, heard);
        self.is_behind |= self.heard.is_some_and(was_long);
        self.heard = Some(now);
    }

    /// Whether what comes now may be older than that.
    pub(super) const fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// Nothing is left at Telegram of what came meanwhile.
    pub(super) const fn is_made_up_for(&mut self) {
        self.is_behind = false;
    }

    /// What is stored with the offset as the time when Telegram was heard: until all is taken that came
    /// meanwhile, the time before, so that a crash in between makes nothing of it new.
    pub(super) fn date(&self, now: Timestamp) -> Timestamp {
        let before = self.noted.filter(|_| self.is_behind);
        before.unwrap_or(now)
    }

    /// That is stored.
    pub(super) const fn is_noted(&mut self) {
        if !self.is_behind {
            self.noted = self.heard;
        }
    }

    /// Whether that is to be stored by itself.
    pub(super) fn is_to_be_noted(&self) -> bool {
        let (Some(heard), Some(noted)) = (self.heard, self.noted) else {
            return self.heard.is_some();
        };
        !heard.is_within(NOTED, noted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STALE: Duration = Duration::from_mins(30);
    const NOW: Timestamp = Timestamp(1_795_000_000_000);

    #[test]
    fn after_a_long_silence_all_that_waited_may_be_old() {
        let mut silence = Silence::since(Some(NOW));
        let after = |minutes| NOW.after(Duration::from_mins(minutes));
        silence.ends(after(29), STALE);
        assert!(!silence.is_behind());
        silence.ends(after(59), STALE);
        assert!(silence.is_behind());
        assert_eq!(silence.date(after(59)), NOW);
        silence.is_noted();
        silence.ends(after(60), STALE);
        assert!(silence.is_behind(), "more of it comes");
        let mut next_life = Silence::since(Some(silence.date(after(60))));
        next_life.ends(after(61), STALE);
        assert!(next_life.is_behind(), "also after a crash in between");
        silence.is_made_up_for();
        assert_eq!(silence.date(after(60)), after(60));
        silence.ends(after(61), STALE);
        assert!(!silence.is_behind() && silence.is_to_be_noted());
    }

    #[test]
    fn at_the_first_start_nothing_is_old() {
        let mut silence = Silence::since(None);
        silence.ends(NOW, STALE);
        assert!(!silence.is_behind());
    }

    #[test]
    fn a_quiet_time_is_noted_every_five_minutes() {
        let mut silence = Silence::since(None);
        assert!(!silence.is_to_be_noted());
        silence.ends(NOW, STALE);
        assert!(silence.is_to_be_noted());
        silence.is_noted();
        for (minutes, is_due) in [(1, false), (4, false), (5, true)] {
            silence.ends(NOW.after(Duration::from_mins(minutes)), STALE);
            assert_eq!(silence.is_to_be_noted(), is_due, "{minutes}");
        }
    }
}
