//! What each person uses of the bot, day by day. Pure. Decides what counts as used, not what may be.
//!
//! A day is the bot's own (`TIME_ZONE`), not Google's: people think of "today" as it is where they
//! live, and of a limit that ends "in 5 h" as one that ends at midnight. What the keys have left is
//! counted by Google's day elsewhere (`keys::pacific`).

use std::ops::AddAssign;

use crate::catalog::Tier;
use crate::clock::Timestamp;

/// What was used, of one day or several, by one person or several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Questions that were let in: also Retry, Continue, and a change that asks anew. Commands do
    /// not count.
    pub(crate) messages: u32,
    /// Answers, whole or in part, by the tier of the model that made them.
    pub(crate) lite: u32,
    pub(crate) flash: u32,
    pub(crate) pro: u32,
    /// Answers for which the web was searched or pages were opened.
    pub(crate) searches: u32,
}

impl Usage {
    /// One message.
    pub(crate) const fn asked(&mut self) {
        self.messages = self.messages.saturating_add(1);
    }

    /// One answer that needed the web.
    pub(crate) const fn searched(&mut self) {
        self.searches = self.searches.saturating_add(1);
    }

    /// One answer by a model of this tier.
    pub(crate) const fn answered(&mut self, tier: Tier) {
        let answers = match tier {
            Tier::Lite => &mut self.lite,
            Tier::Flash => &mut self.flash,
            Tier::Pro => &mut self.pro,
        };
        *answers = answers.saturating_add(1);
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        let Self {
            messages,
            lite,
            flash,
            pro,
            searches,
        } = other;
        self.messages = self.messages.saturating_add(messages);
        self.lite = self.lite.saturating_add(lite);
        self.flash = self.flash.saturating_add(flash);
        self.pro = self.pro.saturating_add(pro);
        self.searches = self.searches.saturating_add(searches);
    }
}

/// Days before today of which it is kept what people used.
pub(crate) const DAYS_KEPT: i32 = 31;

/// One person's day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DayOf {
    pub(crate) usage: Usage,
    /// When messages were let in that may still count in the minute of a role that limits it.
    pub(crate) recent: Vec<Timestamp>,
}
