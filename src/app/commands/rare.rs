//! Commands that cost so much that nobody gives them again and again: who gives one now, and who did of
//! late. In memory only, as a restart makes nothing of it worse.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use parking_lot::Mutex;

use crate::chat::UserId;

/// Exports at once: each takes one of the places that commands have, for as long as Telegram takes its
/// files.
const EXPORTS_AT_ONCE: usize = 4;
/// Exports that somebody may have in a row …
const EXPORTS: u32 = 3;
/// … and after how long there is one more.
const ONE_EXPORT: Duration = Duration::from_hours(8);
/// How often somebody may have themselves forgotten in a row, and after how long once more.
const FORGETTING: u32 = 3;
const ONE_FORGETTING: Duration = Duration::from_mins(1);

/// What is known of the costly commands.
pub(crate) struct Rare {
    exporting: Mutex<HashSet<UserId>>,
    exports: DefaultKeyedRateLimiter<UserId>,
    forgetting: DefaultKeyedRateLimiter<UserId>,
}

/// Why an export does not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Busy {
    /// One of this person is under way.
    Own,
    /// As many of others are as may be.
    Others,
    /// They had theirs of late; this long until the next.
    Often(Duration),
}

/// An export that is under way, until it is dropped.
pub(super) struct Exporting<'a>(&'a Rare, UserId);

impl Drop for Exporting<'_> {
    fn drop(&mut self) {
        self.0.exporting.lock().remove(&self.1);
    }
}

impl Default for Rare {
    fn default() -> Self {
        let of = |period, burst: u32| {
            let quota = Quota::with_period(period).unwrap_or(Quota::per_hour(NonZeroU32::MIN));
            RateLimiter::keyed(quota.allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN)))
        };
        Self {
            exporting: Mutex::default(),
            exports: of(ONE_EXPORT, EXPORTS),
            forgetting: of(ONE_FORGETTING, FORGETTING),
        }
    }
}

impl Rare {
    /// Begins an export; it ends when what is returned is dropped.
    pub(super) fn may_export(&self, person: UserId) -> Result<Exporting<'_>, Busy> {
        let mut exporting = self.exporting.lock();
        if exporting.contains(&person) {
            return Err(Busy::Own);
        }
        if exporting.len() >= EXPORTS_AT_ONCE {
            return Err(Busy::Others);
        }
        once_more(&self.exports, person).map_err(Busy::Often)?;
        exporting.insert(person);
        Ok(Exporting(self, person))
    }

    /// Whether somebody may have themselves forgotten now, or how long they wait.
    pub(super) fn may_forget(&self, person: UserId) -> Result<(), Duration> {
        once_more(&self.forgetting, person)
    }
}

/// Counts one more, or tells how long it takes until there may be one.
fn once_more(limiter: &DefaultKeyedRateLimiter<UserId>, person: UserId) -> Result<(), Duration> {
    // Whoever has had their time is forgotten.
    limiter.retain_recent();
    let checked = limiter.check_key(&person);
    checked.map_err(|early| early.wait_time_from(DefaultClock::default().now()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: UserId = UserId(7);

    #[test]
    fn an_export_is_begun_once_at_a_time_and_a_few_times_a_day() {
        let rare = Rare::default();
        for _ in 0..EXPORTS {
            let turn = rare.may_export(ANN).ok().unwrap();
            assert_eq!(rare.may_export(ANN).err(), Some(Busy::Own));
            drop(turn);
        }
        let Err(Busy::Often(wait)) = rare.may_export(ANN) else {
            panic!("one more");
        };
        assert!(wait <= ONE_EXPORT && wait > ONE_EXPORT / 2, "{wait:?}");
        assert!(rare.may_export(UserId(8)).is_ok());
    }

    #[test]
    fn a_few_exports_leave_the_other_commands_their_places() {
        let rare = Rare::default();
        let turns: Vec<_> = (0..4)
            .map(|id| rare.may_export(UserId(id)).ok().unwrap())
            .collect();
        assert_eq!(rare.may_export(ANN).err(), Some(Busy::Others));
        drop(turns);
        assert!(rare.may_export(ANN).is_ok());
    }

    #[test]
    fn whoever_was_just_forgotten_waits_a_moment() {
        let rare = Rare::default();
        for _ in 0..FORGETTING {
            rare.may_forget(ANN).unwrap();
        }
        assert!(rare.may_forget(ANN).unwrap_err() <= ONE_FORGETTING);
        assert!(rare.may_forget(UserId(8)).is_ok());
    }
}
