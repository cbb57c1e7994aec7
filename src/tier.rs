//! Which tier of models a question gets, and why. Decides from what its text looks like and says,
//! attachments, the last rounds, the role, the wish of `/model` and what is left of the day; the
//! words it looks for are in `data/words`. Pure. Invariant: never above the role's highest tier,
//! never a tier whose day is gone unless it is the smallest, and small talk never above the
//! smallest, whoever wishes what.

mod features;
mod index;
pub(crate) mod need;
mod signs;
mod words;

use crate::catalog::{Tier, TierReason};

use signs::Signs;

/// Weight of work from which on a question gets the middle tier …
const FLASH: u16 = 3;
/// … and the weight that it takes when little of that tier's day is left.
const SURE_FLASH: u16 = 7;
/// Weight of long reasoning from which on a question gets the highest tier …
const PRO: u16 = 6;
/// … and the weight that it takes when little of that tier's day is left.
const SURE_PRO: u16 = 9;

/// Longest text, in bytes, that is too short to say what it is about.
const BRIEF: usize = 24;
/// Longest text, in bytes, that may be a remark on the last answer.
const REMARK: usize = 90;
/// Weight that a remark gets because the last round was work.
const AFTER_WORK: u16 = 2;

/// What the choice rests on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    /// The person's own words.
    pub(crate) text: &'a str,
    /// Somebody else's words that the question is about.
    pub(crate) quote: Option<&'a str>,
    pub(crate) attachments: usize,
    /// Why the rounds that the model will see had their tiers, oldest first.
    pub(crate) context: &'a [TierReason],
    /// The role's highest tier.
    pub(crate) highest: Tier,
    /// What the person chose by `/model`.
    pub(crate) wish: Option<Tier>,
    pub(crate) left: Left,
}

/// What is left of each tier's day, over the keys that may serve the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) lite: Day,
    pub(crate) flash: Day,
    pub(crate) pro: Day,
}

/// What is left of one tier's day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Day {
    Plenty,
    /// Kept for questions that surely need the tier, and for those who ask for it.
    Scarce,
    Gone,
}

/// The tier and its explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) tier: Tier,
    pub(crate) reason: TierReason,
    /// What the question or the wish called for, before role and day lowered it.
    pub(crate) wanted: Tier,
}

impl Left {
    const fn of(self, tier: Tier) -> Day {
        match tier {
            Tier::Lite => self.lite,
            Tier::Flash => self.flash,
            Tier::Pro => self.pro,
        }
    }
}

/// The tier for a question.
///
/// A wish beats the content, except that small talk stays small talk under any wish (`/model`
/// lasts, and nobody means it for "thanks"), and that the highest tier, which costs money, wants as
/// much work as the middle one does: with less the wish for it gets the middle tier. A tier above
/// the role's is lowered to that in silence; when the day makes it smaller still, the reason is
/// `Degraded`. It never goes up to spare a smaller tier.
pub(crate) fn choose(facts: &Facts<'_>) -> Choice {
    let evidence = Evidence::of(facts);
    let content = evidence.tier();
    let (wanted, reason) = match facts.wish {
        Some(wish) if wish > content && evidence.small_talk => (content, evidence.reason()),
        Some(Tier::Pro) if evidence.work < FLASH => (Tier::Flash, TierReason::Asked),
        Some(wish) => (wish, TierReason::Asked),
        None => (content, evidence.reason()),
    };
    let ceiling = wanted.min(facts.highest);
    let affordable = |tier: &Tier| match facts.left.of(*tier) {
        Day::Plenty => true,
        Day::Scarce => reason == TierReason::Asked || evidence.surely(*tier),
        Day::Gone => false,
    };
    let tier = [Tier::Pro, Tier::Flash]
        .into_iter()
        .filter(|tier| *tier <= ceiling)
        .find(affordable)
        .unwrap_or(Tier::Lite);
    let reason = if tier < ceiling {
        TierReason::Degraded
    } else {
        reason
    };
    Choice {
        tier,
        reason,
        wanted,
    }
}

/// What a question weighs, and what that says of it.
#[derive(Debug, Clone, Copy)]
struct Evidence {
    /// Everything that speaks for work, less what speaks against.
    work: u16,
    /// The part that speaks for long reasoning.
    hard: u16,
    is_code: bool,
    has_media: bool,
    /// Nothing left that speaks for work, and either signs against or next to no text.
    small_talk: bool,
}

impl Evidence {
    fn of(facts: &Facts<'_>) -> Self {
        let mut signs = Signs::of(facts.text);
        if let Some(quote) = facts.quote {
            add_quote(&mut signs, Signs::of(quote));
        }
        let bytes = facts.text.trim().len();
        add_context(&mut signs, facts.context, bytes);
        let work = signs.code + signs.analysis + signs.hard;
        let against = against(&signs, bytes);
        let has_media = facts.attachments > 0;
        Self {
            work: work.saturating_sub(against),
            hard: signs.hard.saturating_sub(against),
            is_code: signs.code > signs.analysis,
            has_media,
            small_talk: work <= against && !has_media && (against > 0 || bytes <= BRIEF),
        }
    }

    /// What the content calls for, as if nothing were scarce.
    fn tier(self) -> Tier {
        if self.hard >= PRO {
            Tier::Pro
        } else if self.work >= FLASH || self.has_media {
            Tier::Flash
        } else {
            Tier::Lite
        }
    }

    /// Whether a tier of which little is left should go to this.
    fn surely(self, tier: Tier) -> bool {
        match tier {
            Tier::Lite => true,
            Tier::Flash => self.work >= SURE_FLASH,
            Tier::Pro => self.hard >= SURE_PRO,
        }
    }

    fn reason(self) -> TierReason {
        if self.has_media {
            TierReason::Media
        } else if self.work < FLASH {
            TierReason::Smalltalk
        } else if self.is_code {
            TierReason::Code
        } else {
            TierReason::Analysis
        }
    }
}

/// The weight of what speaks against work. It shrinks with the length of the text: a greeting says
/// nothing of the long text that it opens, a small task little of the page that it is about. The
/// mood counts longest, since the story of a bad day takes several lines.
fn against(signs: &Signs, bytes: usize) -> u16 {
    match bytes {
        0..=60 => signs.mood + signs.small + signs.chat,
        61..=120 => signs.mood + signs.small + signs.chat / 2,
        121..=300 => signs.mood + signs.small / 2,
        301.. => signs.mood / 2 + signs.small / 4,
    }
}

/// Adds a quoted text: somebody else's code, or long text, is work only if the person asks
/// something of it.
fn add_quote(signs: &mut Signs, quote: Signs) {
    if signs.chat + signs.small + signs.mood == 0 {
        signs.code += quote.code;
    }
    if signs.analysis > 0 {
        signs.analysis += quote.analysis / 2;
    }
}

/// Adds the last round: "and shorter?" is work when that round was work.
fn add_context(signs: &mut Signs, context: &[TierReason], bytes: usize) {
    if signs.chat + signs.small + signs.mood > 0 || bytes > REMARK || signs.follow_up == 0 {
        return;
    }
    let weight = AFTER_WORK + signs.follow_up;
    match context.last() {
        Some(TierReason::Code) => signs.code += weight,
        Some(TierReason::Analysis) => signs.analysis += weight,
        Some(
            TierReason::Smalltalk | TierReason::Media | TierReason::Asked | TierReason::Degraded,
        )
        | None => {}
    }
}

#[cfg(test)]
mod tests;
