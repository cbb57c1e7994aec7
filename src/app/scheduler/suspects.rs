//! When the suspects of a crash run, each with nothing beside it (design §2, rule 7), and for how long
//! the others are kept from beginning for it. Pure; the scheduler owns the one [`Turns`].
//!
//! Invariant: others are kept waiting for what runs to end no longer than the patience, and have as
//! much time for themselves afterwards as they were kept waiting. The patience grows to the longest
//! turn, so that a suspect's turn comes under any load.

use std::time::Duration;

use crate::clock::Instant;

/// The first suspect runs when the bot has lived for this long: who has nothing to do with it is
/// answered before, and a bot that is killed again and again blames nobody. Others have at least as
/// much between suspects.
pub(super) const CALM: Duration = Duration::from_secs(3);
/// How long others are kept from beginning, at first, for what runs to end.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longer than any turn runs: with this much, everything ends.
const MOST_PATIENCE: Duration = Duration::from_mins(6);
/// Suspects go on one after the other for this long, as waiting for the rest is what costs.
const ROW: Duration = Duration::from_secs(10);

/// Who may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Others,
    Suspect,
    /// What runs has to end first.
    Nobody,
}

/// What waits and runs at a moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    pub(super) at: Instant,
    pub(super) has_suspects: bool,
    /// Something else could begin.
    pub(super) has_others: bool,
    pub(super) is_idle: bool,
}

/// Whose time it is.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// The others', and the suspects' only while nobody else waits.
    Others,
    /// Nothing begins since then, so that what runs ends.
    Draining(Instant),
    /// Suspects run, one after the other.
    Suspects { kept: Instant, since: Instant },
}

/// Whose time it is, and how patient the others are.
#[derive(Debug)]
pub(super) struct Turns {
    phase: Phase,
    /// Before this no suspect runs.
    calm: Instant,
    /// Before this none runs while something else could.
    spared: Instant,
    patience: Duration,
}

impl Turns {
    pub(super) fn new(start: Instant) -> Self {
        let calm = start + CALM;
        Self {
            phase: Phase::Others,
            calm,
            spared: calm,
            patience: PATIENCE,
        }
    }

    /// Who may begin now. Not to be asked while a suspect runs: then it is nobody.
    pub(super) fn next(&mut self, now: Now) -> Next {
        if !now.has_suspects {
            return self.spare(now.at);
        }
        if let Phase::Others = self.phase {
            if now.at < self.calm || (now.at < self.spared && now.has_others) {
                return Next::Others;
            }
            self.phase = Phase::Draining(now.at);
        }
        if let (Phase::Draining(kept), true) = (self.phase, now.is_idle) {
            let since = now.at;
            self.phase = Phase::Suspects { kept, since };
            // However long that took, one of them runs.
            return Next::Suspect;
        }
        match self.phase {
            Phase::Draining(since) if now.has_others && now.at >= since + self.patience => {
                self.patience = (self.patience * 2).min(MOST_PATIENCE);
                self.spare(now.at)
            }
            Phase::Suspects { since, .. } if now.has_others && now.at >= since + ROW => {
                self.spare(now.at)
            }
            Phase::Suspects { .. } if now.is_idle => Next::Suspect,
            Phase::Others | Phase::Draining(_) | Phase::Suspects { .. } => Next::Nobody,
        }
    }

    /// When to ask again, if nothing ends before.
    pub(super) fn wakes(&self, now: Instant) -> Instant {
        let tired = match self.phase {
            Phase::Draining(since) => Some(since + self.patience),
            Phase::Others | Phase::Suspects { .. } => None,
        };
        let moments = [Some(self.calm), Some(self.spared), tired];
        let next = moments.into_iter().flatten().filter(|at| *at > now).min();
        next.unwrap_or(now + CALM)
    }

    /// From now on the others begin, for as long as they were kept from it.
    fn spare(&mut self, now: Instant) -> Next {
        if let Phase::Draining(kept) | Phase::Suspects { kept, .. } = self.phase {
            self.spared = now + now.duration_since(kept).max(CALM);
            self.phase = Phase::Others;
        }
        Next::Others
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn at(at: Instant) -> Now {
        Now {
            at,
            has_suspects: true,
            has_others: true,
            is_idle: false,
        }
    }

    #[test]
    fn a_suspect_waits_for_the_calm_then_for_the_others_and_runs_when_nothing_does() {
        let start = clock::instant();
        let mut turns = Turns::new(start);
        let idle = |now| Now {
            is_idle: true,
            has_others: false,
            ..at(now)
        };
        assert_eq!(turns.next(idle(start + secs(2))), Next::Others);
        assert_eq!(turns.wakes(start + secs(2)), start + CALM);
        assert_eq!(turns.next(at(start + CALM)), Next::Nobody);
        let now = start + CALM + secs(4);
        assert_eq!(turns.next(idle(now)), Next::Suspect);
        let none = Now {
            has_suspects: false,
            ..idle(now + secs(1))
        };
        assert_eq!(turns.next(none), Next::Others);
        // The others were kept waiting for five seconds.
        assert_eq!(turns.next(at(now + secs(5))), Next::Others);
        assert_eq!(turns.next(at(now + secs(6))), Next::Nobody);
    }

    #[test]
    fn others_wait_a_bounded_time_for_what_runs_and_have_as_much_afterwards() {
        let start = clock::instant();
        let mut turns = Turns::new(start);
        let mut now = start + CALM;
        for patience in [10, 20, 40, 80, 160, 320, 360, 360] {
            let patience = secs(patience);
            assert_eq!(turns.next(at(now)), Next::Nobody);
            assert_eq!(turns.wakes(now), now + patience);
            let last = now + patience - secs(1);
            assert_eq!(turns.next(at(last)), Next::Nobody);
            now += patience;
            assert_eq!(turns.next(at(now)), Next::Others);
            assert_eq!(turns.next(at(now + patience - secs(1))), Next::Others);
            now += patience;
        }
        // What runs may end in the very moment in which patience does.
        assert_eq!(turns.next(at(now)), Next::Nobody);
        let drained = Now {
            is_idle: true,
            ..at(now + MOST_PATIENCE)
        };
        assert_eq!(turns.next(drained), Next::Suspect);
    }

    #[test]
    fn suspects_go_one_after_the_other_for_a_while_and_then_the_others_do() {
        let start = clock::instant();
        let mut turns = Turns::new(start);
        let idle = |now| Now {
            is_idle: true,
            ..at(now)
        };
        let first = start + CALM;
        for now in [first, first + secs(2), first + ROW - secs(1)] {
            assert_eq!(turns.next(idle(now)), Next::Suspect);
        }
        assert_eq!(turns.next(idle(first + ROW)), Next::Others);
        assert_eq!(turns.next(at(first + ROW * 2 - secs(1))), Next::Others);
        assert_eq!(turns.next(at(first + ROW * 2)), Next::Nobody);
    }
}
