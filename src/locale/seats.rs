//! What is said of VIP seats, apart from `/kick`. Pure.

use super::{Locale, fill};
use crate::people::seats::Seat;

impl Locale {
    /// Told to a VIP for whom no seat is free.
    pub(crate) fn unseated(&self) -> &str {
        &self.sentences.seats.told
    }

    /// Of all seats, how many are taken.
    pub(crate) fn seats_taken(&self, taken: usize, of: usize) -> String {
        let values = [("taken", &*taken.to_string()), ("seats", &*of.to_string())];
        fill(&self.sentences.seats.of_all, &values)
    }

    /// What a VIP has of them, in words to that VIP.
    pub(super) fn seat(&self, seat: Seat) -> String {
        let texts = &self.sentences.seats;
        match seat {
            Seat::Held => texts.seated.clone(),
            Seat::Free => texts.free.clone(),
            Seat::Full => texts.full.clone(),
            Seat::NoSeats => texts.none.clone(),
            Seat::KeptOff(left) => {
                let length = self.length(left);
                fill(&texts.kept_off, &[("length", &length)])
            }
        }
    }
}
