//! VIP seats as the bot keeps them: in which role a VIP is served. Owns the one [`Seats`]; the copy in
//! the data file decides after a restart.
//!
//! Invariant: whoever is given a seat has the right to one now; a grant that has ended, or was taken
//! back, keeps no seat from anybody.

use parking_lot::Mutex;

use super::Engine;
use crate::chat::{ChatKind, Role, Sender, UserId};
use crate::clock;
use crate::people::gate::Known;
use crate::people::seats::{Occupant, Rules, Seat, Seats};
use crate::store::{StoreError, Write};

/// Who sits; never held over `.await`.
pub(crate) struct Seating(Mutex<Seats>);

impl Seating {
    pub(super) const fn new(seats: Seats) -> Self {
        Self(Mutex::new(seats))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Seats) -> T) -> T {
        act(&mut self.0.lock())
    }
}

impl Engine {
    fn seat_rules(&self) -> Rules {
        self.settings().seats()
    }

    /// The role in which a question of this person is served. A VIP takes a seat with it or keeps
    /// theirs; where none is free, they are served as Premium. [`Engine::put_seats`] stores that.
    pub(crate) async fn served_as(&self, role: Role, person: UserId) -> Result<Role, StoreError> {
        if role != Role::Vip {
            return Ok(role);
        }
        let rules = self.seat_rules();
        let ask = || {
            self.seating
                .with(|seats| seats.ask(person, rules, clock::now()))
        };
        if ask() {
            return Ok(Role::Vip);
        }
        self.free_seats_of_former_vips(rules).await?;
        Ok(if ask() { Role::Vip } else { Role::Premium })
    }

    /// The role in which something of theirs is served that takes no seat.
    pub(crate) fn served_now_as(&self, role: Role, person: UserId) -> Role {
        let rules = self.seat_rules();
        let seat = |seats: &mut Seats| seats.seat_of(person, rules, clock::now());
        match role {
            Role::Vip => self.seating.with(seat).serves_as(),
            Role::Owner | Role::Premium | Role::Normal | Role::Guest => role,
        }
    }

    /// What a VIP has of the seats now.
    pub(crate) async fn seat_of(&self, person: UserId) -> Result<Seat, StoreError> {
        let rules = self.seat_rules();
        self.free_seats_of_former_vips(rules).await?;
        let seat = |seats: &mut Seats| seats.seat_of(person, rules, clock::now());
        Ok(self.seating.with(seat))
    }

    /// Who sits now, in the order in which they sat down, and how many seats there are.
    pub(crate) async fn occupants(&self) -> Result<(Vec<Occupant>, usize), StoreError> {
        let rules = self.seat_rules();
        self.free_seats_of_former_vips(rules).await?;
        let occupants = |seats: &mut Seats| seats.occupants(rules, clock::now());
        Ok((self.seating.with(occupants), rules.seats))
    }

    /// Takes a seat away; tells whether there was one.
    pub(crate) fn kick(&self, rows: &mut Write<'_>, person: UserId) -> Result<bool, StoreError> {
        let rules = self.seat_rules();
        let kick = |seats: &mut Seats| seats.kick(person, rules, clock::now());
        let sat = self.seating.with(kick);
        self.put_seats(rows)?;
        Ok(sat)
    }

    /// Writes the seats as they are at the moment of the commit, so that the newest stands in whatever
    /// order threads come to write.
    pub(crate) fn put_seats(&self, rows: &mut Write<'_>) -> Result<(), StoreError> {
        let sessions = self.seating.with(|seats| seats.sessions());
        rows.put_sessions(&sessions)
    }

    async fn free_seats_of_former_vips(&self, rules: Rules) -> Result<(), StoreError> {
        let now = clock::now();
        let occupants = self.seating.with(|seats| seats.occupants(rules, now));
        let gate = self.settings().gate();
        for Occupant { person, .. } in occupants {
            let sender = Sender {
                id: person,
                name: String::new(),
                language: None,
                is_chat: false,
            };
            let row = self.store.person(person).await?;
            let known = Known {
                person: row.as_deref(),
                group: None,
            };
            if gate.role(&sender, ChatKind::Private, known, now) != Some(Role::Vip) {
                self.seating.with(|seats| seats.leave(person));
            }
        }
        Ok(())
    }
}
