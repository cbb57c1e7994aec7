//! What `:paid` keys may cost in a Pacific day (design §4, `PAID_DAILY_USD`). A call is reserved with
//! an estimate and billed with what it used. Pure; owned by the pool. Invariant: what is uncertain
//! counts as spent.

use super::pacific::Day;
use crate::catalog::Model;
use crate::clock::Timestamp;

/// Output that a paid call is held to, thoughts included, and that is reserved for it: few chat
/// answers have more, and with less a model that thinks may not come to its answer.
pub(super) const MOST_OUTPUT: u32 = 4_096;

/// The stored spending of a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Spend {
    /// The Pacific date, in days since 1970-01-01.
    pub(crate) day: i32,
    /// Millionths of a dollar.
    pub(crate) micro_usd: u64,
}

impl Spend {
    /// Millionths of a dollar spent on that day.
    pub(crate) fn on(&self, day: &Day) -> u64 {
        // The day never goes backwards.
        if day.number <= self.day {
            self.micro_usd
        } else {
            0
        }
    }

    /// After the clock was set back: a day that no midnight nearby explains was a wrong clock's, and
    /// what was spent then was spent today.
    pub(super) fn rebase(&mut self, today: &Day) {
        if self.day > today.number.saturating_add(1) {
            self.day = today.number;
        }
    }

    /// When there is money for a call of this price; none: there is now.
    pub(super) fn frees(&self, price: u64, daily: u64, day: &Day) -> Option<Timestamp> {
        let over = self.on(day).saturating_add(price) > daily;
        over.then_some(day.ends)
    }

    pub(super) fn reserve(&mut self, price: u64, day: &Day) {
        self.micro_usd = self.on(day).saturating_add(price);
        self.day = self.day.max(day.number);
    }

    /// Replaces a reserved price by the true one; of a day that is over the estimate stays.
    pub(super) fn bill(&mut self, reserved: u64, price: u64, reserved_on: i32) {
        if reserved_on == self.day {
            self.micro_usd = self
                .micro_usd
                .saturating_sub(reserved)
                .saturating_add(price);
        }
    }
}

/// The price of a call in millionths of a dollar, rounded up. USD per million tokens is millionths
/// of a dollar per token.
pub(super) fn price(model: &Model, input: u64, output: u64) -> u64 {
    let cost = |tokens: u64, price: f64| {
        let tokens = u32::try_from(tokens).unwrap_or(u32::MAX);
        f64::from(tokens) * price
    };
    let micro = (cost(input, model.price_in) + cost(output, model.price_out)).ceil();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "prices are not negative, and a cast of a float saturates"
    )]
    let micro = micro as u64;
    micro
}

/// What a call is reserved with.
pub(super) fn estimate(model: &Model, input: u64) -> u64 {
    price(model, input, u64::from(MOST_OUTPUT).min(model.max_output))
}

#[cfg(test)]
mod tests {
    use super::super::pacific;
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn a_price_counts_tokens_in_and_out_and_rounds_up() {
        let catalog = Catalog::shipped();
        let argon = catalog.model("gemini-4-argon").unwrap();
        for (input, output, expected) in [(0, 0, 0), (1, 0, 4), (1_000, 500, 14_000)] {
            assert_eq!(price(argon, input, output), expected);
        }
        let lite = catalog.model("gemini-3.5-flash-lite").unwrap();
        assert_eq!(price(lite, 1, 1), 3, "0.30 and 2.50 are 2.80");
        assert_eq!(price(lite, u64::MAX, u64::MAX), 12_025_908_426);
        assert_eq!(estimate(argon, 1_000), 4_000 + 4_096 * 20);
    }

    #[test]
    fn the_day_is_full_when_the_next_call_would_pass_it_and_empty_again_at_midnight() {
        let now = Timestamp::from_secs(1_795_000_000);
        let today = pacific::day_of(now);
        let tomorrow = pacific::day_of(today.ends);
        let mut spend = Spend::default();
        spend.reserve(700, &today);
        assert_eq!(spend.frees(300, 1_000, &today), None);
        assert_eq!(spend.frees(301, 1_000, &today), Some(today.ends));
        assert_eq!(spend.frees(301, 1_000, &tomorrow), None);
        spend.bill(700, 100, today.number);
        assert_eq!(spend.on(&today), 100);
        spend.reserve(50, &tomorrow);
        spend.bill(100, 0, today.number);
        assert_eq!(spend.on(&tomorrow), 50, "yesterday's bill changes nothing");
        assert_eq!(spend.on(&today), 50, "a clock set back finds the later day");
        spend.rebase(&today);
        assert_eq!(spend.day, tomorrow.number, "one day never goes backwards");
        let mut ahead = Spend {
            day: today.number + 100,
            ..spend
        };
        ahead.rebase(&today);
        assert_eq!((ahead.day, ahead.micro_usd), (today.number, 50));
    }
}
