//! VIP seats (design §3): so many VIPs are served as VIPs at a time, the others as Premium. A seat is
//! taken with a question, kept while its VIP asks, and lost when they have asked nothing for a while.
//! Pure; the time comes in, as everything that goes to the data file, by [`clock::now`](crate::clock).
//!
//! Invariants: never more sit than there are seats; whoever asks often enough keeps theirs; and
//! whatever a clock says, no seat is kept, and nobody is kept off one, for longer than its time from
//! the moment the clock is right again.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::chat::{Role, UserId};
use crate::clock::{Pause, Timestamp};

/// How long somebody whose seat was taken away gets none.
pub(crate) const KEPT_OFF: Duration = Duration::from_mins(10);

/// What the settings say of seats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    /// `VIP_SEATS`; with none every VIP is served as Premium.
    pub(crate) seats: usize,
    /// `VIP_IDLE_MINUTES`.
    pub(crate) idle: Duration,
}

/// What is kept of a VIP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Session {
    Seated {
        since: Timestamp,
        /// When they last asked something.
        active: Timestamp,
    },
    /// Their seat was taken away.
    KeptOff { since: Timestamp },
}

/// What a VIP has of the seats now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seat {
    /// They have one.
    Held,
    /// Their next question takes a seat.
    Free,
    /// Others have all the seats.
    Full,
    /// No seat for so long.
    KeptOff(Duration),
    /// There are no seats.
    NoSeats,
}

impl Seat {
    /// The role in which their next question is served.
    pub(crate) const fn serves_as(self) -> Role {
        match self {
            Self::Held | Self::Free => Role::Vip,
            Self::Full | Self::KeptOff(_) | Self::NoSeats => Role::Premium,
        }
    }
}

/// Somebody with a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Occupant {
    pub(crate) person: UserId,
    /// How long they have had it.
    pub(crate) seated: Duration,
    /// How long ago they last asked something.
    pub(crate) idle: Duration,
}

/// Who sits, and who is kept off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seats(BTreeMap<UserId, Session>);

impl Seats {
    /// As an earlier run of the bot left them.
    pub(crate) fn recalled(sessions: impl IntoIterator<Item = (UserId, Session)>) -> Self {
        Self(sessions.into_iter().collect())
    }

    /// All that a later run has to know.
    pub(crate) fn sessions(&self) -> Vec<(UserId, Session)> {
        self.0.iter().map(|(id, session)| (*id, *session)).collect()
    }

    /// A VIP asks something: they keep their seat, or take one that is free. Whether they sit.
    pub(crate) fn ask(&mut self, person: UserId, rules: Rules, now: Timestamp) -> bool {
        self.tidy(rules, now);
        let free = self.seated() < rules.seats;
        match self.0.get_mut(&person) {
            Some(Session::Seated { active, .. }) => *active = now,
            None if free => {
                let (since, active) = (now, now);
                self.0.insert(person, Session::Seated { since, active });
            }
            Some(Session::KeptOff { .. }) | None => return false,
        }
        true
    }

    /// Takes somebody's seat away, and keeps them off it for [`KEPT_OFF`]; tells whether they sat.
    pub(crate) fn kick(&mut self, person: UserId, rules: Rules, now: Timestamp) -> bool {
        self.tidy(rules, now);
        let session = self.0.get_mut(&person);
        let Some(session @ Session::Seated { .. }) = session else {
            return false;
        };
        *session = Session::KeptOff { since: now };
        true
    }

    /// Somebody has no right to a seat any more.
    pub(crate) fn leave(&mut self, person: UserId) {
        self.0.remove(&person);
    }

    /// What a VIP has of the seats now.
    pub(crate) fn seat_of(&mut self, person: UserId, rules: Rules, now: Timestamp) -> Seat {
        self.tidy(rules, now);
        match self.0.get(&person) {
            Some(Session::Seated { .. }) => Seat::Held,
            _ if rules.seats == 0 => Seat::NoSeats,
            Some(Session::KeptOff { since }) => {
                Seat::KeptOff(Pause::new(*since, KEPT_OFF).left(now))
            }
            None if self.seated() < rules.seats => Seat::Free,
            None => Seat::Full,
        }
    }

    /// Who sits now, in the order in which they sat down.
    pub(crate) fn occupants(&mut self, rules: Rules, now: Timestamp) -> Vec<Occupant> {
        self.tidy(rules, now);
        let mut occupants: Vec<Occupant> = self
            .0
            .iter()
            .filter_map(|(&person, session)| match *session {
                Session::Seated { since, active } => Some(Occupant {
                    person,
                    seated: now.since(since),
                    idle: now.since(active),
                }),
                Session::KeptOff { .. } => None,
            })
            .collect();
        occupants.sort_by_key(|occupant| std::cmp::Reverse(occupant.seated));
        occupants
    }

    fn seated(&self) -> usize {
        let sits = |session: &&Session| matches!(session, Session::Seated { .. });
        self.0.values().filter(sits).count()
    }

    /// Ends what is over. Where there are fewer seats than before, those who asked last keep theirs.
    fn tidy(&mut self, rules: Rules, now: Timestamp) {
        self.0.retain(|_, session| match session {
            Session::Seated { since, active } => {
                // What lies ahead was noted by a clock that was wrong.
                *since = now.min(*since);
                *active = now.min(*active);
                now.since(*active) < rules.idle
            }
            Session::KeptOff { since } => {
                *since = now.min(*since);
                now.since(*since) < KEPT_OFF
            }
        });
        while self.seated() > rules.seats {
            let idlest = self.0.iter().filter_map(|(person, session)| match session {
                Session::Seated { active, .. } => Some((*active, *person)),
                Session::KeptOff { .. } => None,
            });
            let Some((_, person)) = idlest.min() else {
                return;
            };
            self.0.remove(&person);
        }
    }
}

#[cfg(test)]
mod tests;
