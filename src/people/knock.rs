//! Knocking: how somebody asks to be let in, and how many of those who ask the Owners get a card of
//! (design §3 "Strangers"). Pure. Invariant: in any hour the Owners get at most eleven messages on account
//! of it, however many people come.

use std::time::Duration;

use crate::chat::{MessageId, OutboxId, UserId};
use crate::clock::Timestamp;

/// Somebody who asks to be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Knock {
    pub(crate) since: Timestamp,
    /// A person's first words, cut; of a group, who wants the bot there. Empty where nothing is known.
    pub(crate) words: String,
    pub(crate) stage: Stage,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The Owners have no card of them yet.
    New,
    /// The Owners have a card, and have not decided.
    Shown,
    /// An Owner said no.
    Denied,
}

impl Knock {
    /// Longest words that are kept, in characters.
    pub(crate) const LONGEST: usize = 200;

    pub(crate) fn new(since: Timestamp, words: &str) -> Self {
        let mut kept: String = words.trim().chars().take(Self::LONGEST).collect();
        if kept.len() < words.trim().len() {
            kept.push('…');
        }
        Self {
            since,
            words: kept,
            stage: Stage::New,
        }
    }

    /// Whether the Owners have yet to decide.
    pub(crate) fn waits(&self) -> bool {
        self.stage != Stage::Denied
    }
}

/// Cards that the Owners were given of late.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cards {
    /// When each was given, within the last hour.
    pub(crate) given: Vec<Timestamp>,
    /// When they were told that more people wait than there are cards for.
    pub(crate) summary: Option<Timestamp>,
}

/// What the Owners get on account of one who knocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Card {
    Own,
    /// The one card for all who come after the tenth.
    Summary,
    Nothing,
}

impl Cards {
    const HOUR: Duration = Duration::from_hours(1);
    /// Cards in an hour.
    const MOST: usize = 10;

    /// Somebody knocks of whom there is no card.
    pub(crate) fn next(&mut self, now: Timestamp) -> Card {
        let is_recent = |at: &Timestamp| now.is_within(Self::HOUR, *at);
        self.given.retain(is_recent);
        if self.given.len() < Self::MOST {
            self.given.push(now);
            return Card::Own;
        }
        if self.summary.as_ref().is_some_and(is_recent) {
            return Card::Nothing;
        }
        self.summary = Some(now);
        Card::Summary
    }
}

/// The message in which an Owner reads of somebody who knocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenCard {
    pub(crate) owner: UserId,
    pub(crate) who: UserId,
    /// The row with which it is sent.
    pub(crate) row: OutboxId,
    /// Known once it was sent.
    pub(crate) message: Option<MessageId>,
}

/// Cards that nobody has decided on, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OpenCards(pub(crate) Vec<OpenCard>);

impl OpenCards {
    /// Most that are kept; an older one stays as it was sent.
    const MOST: usize = 100;

    pub(crate) fn add(&mut self, card: OpenCard) {
        self.0.push(card);
        let extra = self.0.len().saturating_sub(Self::MOST);
        self.0.drain(..extra);
    }

    /// A row was sent as this message, where that is known; whether it was a card.
    pub(crate) fn acknowledge(&mut self, row: OutboxId, message: Option<MessageId>) -> bool {
        let card = self.0.iter_mut().find(|card| card.row == row);
        card.is_some_and(|card| {
            card.message = message;
            true
        })
    }

    /// Takes out those of somebody.
    pub(crate) fn take(&mut self, who: UserId) -> Vec<OpenCard> {
        self.0.extract_if(.., |card| card.who == who).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000_000);

    #[test]
    fn ten_get_a_card_of_their_own_and_all_after_them_one_together() {
        let mut cards = Cards::default();
        let given: Vec<Card> = (0..1000).map(|_| cards.next(NOW)).collect();
        assert!(given[..10].iter().all(|card| *card == Card::Own));
        assert_eq!(given[10], Card::Summary);
        assert!(given[11..].iter().all(|card| *card == Card::Nothing));
        let later = NOW.after(Cards::HOUR);
        assert_eq!(cards.next(later), Card::Own);
    }

    #[test]
    fn open_cards_are_found_by_row_and_by_whom_they_are_of_and_are_bounded() {
        let card = |row: u64| OpenCard {
            owner: UserId(1),
            who: UserId(if row.is_multiple_of(2) { 5 } else { 7 }),
            row: OutboxId(row),
            message: None,
        };
        let mut cards = OpenCards::default();
        for row in 0..150 {
            cards.add(card(row));
        }
        assert_eq!(cards.0.len(), OpenCards::MOST);
        assert!(!cards.acknowledge(OutboxId(49), Some(MessageId(3))));
        assert!(cards.acknowledge(OutboxId(50), Some(MessageId(3))));
        let taken = cards.take(UserId(5));
        assert_eq!((taken.len(), cards.0.len()), (50, 50));
        assert_eq!(taken[0].message, Some(MessageId(3)));
        assert!(cards.take(UserId(5)).is_empty());
    }

    #[test]
    fn words_are_cut_and_say_so() {
        assert_eq!(Knock::new(NOW, "  hello ").words, "hello");
        let long = "字".repeat(Knock::LONGEST + 1);
        let kept = Knock::new(NOW, &long).words;
        assert_eq!(kept.chars().count(), Knock::LONGEST + 1);
        assert!(kept.ends_with("字…"));
        let whole = "字".repeat(Knock::LONGEST);
        assert_eq!(Knock::new(NOW, &whole).words, whole);
    }

    proptest! {
        #[test]
        fn no_hour_has_more_than_eleven(steps in proptest::collection::vec(0u64..600_000, 1..400)) {
            let mut cards = Cards::default();
            let mut now = NOW;
            let mut given = Vec::new();
            for step in steps {
                now = Timestamp(now.0 + step);
                if cards.next(now) != Card::Nothing {
                    given.push(now);
                }
                let in_hour = given.iter().filter(|at| now.is_within(Cards::HOUR, **at));
                prop_assert!(in_hour.count() <= 11);
            }
        }
    }
}
