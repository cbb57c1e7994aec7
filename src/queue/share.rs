//! What one person has waiting and running over all their lanes, and how much of that their role
//! allows (design §3, "Turns at once" and "Waiting"). Pure.

use crate::chat::Lane;
use crate::chat::Role;
use crate::people::roles::Roles;

/// What one person has waiting and running.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Share {
    /// The lanes in which jobs wait or run, each once.
    lanes: Vec<Held>,
}

/// A lane with a job that waits or runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    lane: Lane,
    waiting: u32,
    is_running: bool,
}

impl Share {
    /// One more job waits in the lane.
    pub(crate) fn waits(&mut self, lane: Lane) {
        let held = self.lanes.iter_mut().find(|held| held.lane == lane);
        if let Some(held) = held {
            held.waiting = held.waiting.saturating_add(1);
            return;
        }
        let first = Held {
            lane,
            waiting: 1,
            is_running: false,
        };
        // Nearly everybody has one lane, and there may be ten thousand people.
        self.lanes.reserve_exact(1);
        self.lanes.push(first);
    }

    /// So many of those that wait in the lane are gone.
    pub(super) fn waits_less(&mut self, lane: Lane, jobs: usize) {
        let jobs = u32::try_from(jobs).unwrap_or(u32::MAX);
        self.change(lane, |held| {
            held.waiting = held.waiting.saturating_sub(jobs);
        });
    }

    /// One of those that wait in the lane runs from now on.
    pub(super) fn runs(&mut self, lane: Lane) {
        self.change(lane, |held| {
            held.waiting = held.waiting.saturating_sub(1);
            held.is_running = true;
        });
    }

    /// What ran in the lane has ended.
    pub(super) fn ran(&mut self, lane: Lane) {
        self.change(lane, |held| held.is_running = false);
    }

    fn change(&mut self, lane: Lane, how: impl FnOnce(&mut Held)) {
        if let Some(held) = self.lanes.iter_mut().find(|held| held.lane == lane) {
            how(held);
        }
        self.lanes
            .retain(|held| held.waiting > 0 || held.is_running);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    /// Turns under way.
    pub(super) fn running(&self) -> usize {
        self.lanes.iter().filter(|held| held.is_running).count()
    }

    /// Lanes in which something waits.
    pub(super) fn waiting_lanes(&self) -> Vec<Lane> {
        let waiting = self.lanes.iter().filter(|held| held.waiting > 0);
        waiting.map(|held| held.lane).collect()
    }

    /// Jobs that wait or run.
    pub(super) fn jobs(&self) -> usize {
        let jobs = |held: &Held| {
            let waiting = usize::try_from(held.waiting).unwrap_or(usize::MAX);
            waiting.saturating_add(usize::from(held.is_running))
        };
        self.lanes.iter().map(jobs).sum()
    }

    /// Lanes with jobs, once this one has one, too.
    fn lanes_with(&self, lane: Lane) -> usize {
        let is_known = self.lanes.iter().any(|held| held.lane == lane);
        self.lanes.len() + usize::from(!is_known)
    }
}

/// How much one person may have waiting and running, by role.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Shares {
    /// `USER_LIMITS=off`.
    #[default]
    Unlimited,
    /// Turns at once, and jobs that wait beside them, in the order of [`Role::ALL`].
    ByRole([(usize, usize); Role::ALL.len()]),
}

impl Shares {
    pub(crate) fn of(roles: &Roles) -> Self {
        let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Self::ByRole(Role::ALL.map(|role| {
            let terms = roles.terms(role);
            (size(terms.parallel.get()), size(terms.waiting))
        }))
    }

    fn of_role(&self, role: Role) -> Option<(usize, usize)> {
        match self {
            Self::Unlimited => None,
            Self::ByRole(shares) => shares.get(usize::from(role.rank())).copied(),
        }
    }

    /// Whether one turn more of this person may run.
    pub(super) fn may_run(&self, role: Role, share: &Share) -> bool {
        self.of_role(role)
            .is_none_or(|(turns, _)| share.running() < turns)
    }

    /// Whether one job more of this person is let in, to wait or run in that lane. In one lane one
    /// turn runs at a time, so whoever has fewer lanes than turns has fewer places.
    pub(crate) fn admits(&self, role: Role, share: &Share, lane: Lane) -> bool {
        self.of_role(role).is_none_or(|(turns, waiting)| {
            let running = turns.min(share.lanes_with(lane));
            share.jobs() < running.saturating_add(waiting)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{ChatId, TopicId, UserId};
    use crate::people::roles::DEFAULT_ROLES;

    fn lane(topic: i32) -> Lane {
        Lane::Telegram {
            chat: ChatId(7),
            topic: Some(TopicId::Thread(topic)),
            person: UserId(7),
        }
    }

    fn shares() -> Shares {
        Shares::of(&Roles::parse(DEFAULT_ROLES, None).unwrap())
    }

    /// How many jobs are let in, one after the other, into so many lanes in turn.
    fn let_in(shares: Shares, role: Role, lanes: i32) -> usize {
        let mut share = Share::default();
        let fits = |lane: &Lane| {
            let fits = shares.admits(role, &share, *lane);
            share.waits(*lane);
            fits
        };
        (0..100).map(|n| lane(n % lanes)).take_while(fits).count()
    }

    #[test]
    fn nobody_is_let_in_beyond_the_turns_and_places_of_their_role() {
        let rows = [
            // (role, with one lane, with a lane for each job)
            (Role::Owner, 21, 24),
            (Role::Vip, 6, 7),
            (Role::Premium, 4, 5),
            (Role::Normal, 3, 3),
            (Role::Guest, 2, 2),
        ];
        for (role, in_one, in_many) in rows {
            assert_eq!(let_in(shares(), role, 1), in_one, "{role:?}");
            assert_eq!(let_in(shares(), role, 100), in_many, "{role:?}");
            assert_eq!(let_in(Shares::Unlimited, role, 1), 100, "{role:?}");
        }
    }

    #[test]
    fn no_more_turns_run_than_the_role_has() {
        for (role, turns) in [(Role::Owner, 4), (Role::Vip, 2), (Role::Guest, 1)] {
            let mut share = Share::default();
            for n in 0..turns {
                assert!(shares().may_run(role, &share), "{role:?} {n}");
                share.waits(lane(n));
                share.runs(lane(n));
            }
            assert!(!shares().may_run(role, &share), "{role:?}");
            assert!(Shares::Unlimited.may_run(role, &share), "{role:?}");
            share.ran(lane(0));
            assert!(shares().may_run(role, &share), "{role:?}");
        }
    }

    #[test]
    fn a_share_is_empty_once_all_is_gone() {
        let mut share = Share::default();
        for _ in 0..3 {
            share.waits(lane(1));
        }
        share.waits(lane(2));
        share.runs(lane(1));
        assert_eq!((share.jobs(), share.running()), (4, 1));
        assert_eq!(share.waiting_lanes(), [lane(1), lane(2)]);
        share.waits_less(lane(1), 2);
        share.waits_less(lane(2), 1);
        assert_eq!(share.jobs(), 1);
        assert_eq!(share.waiting_lanes(), []);
        share.ran(lane(1));
        assert!(share.is_empty());
        share.ran(lane(1));
        share.waits_less(lane(1), 1);
        assert!(share.is_empty());
    }
}
