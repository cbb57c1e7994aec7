//! Who owns the bot, the codes with which somebody may come to own it, and the cards that its Owners are
//! given of others.

use super::Write;
use crate::chat::{MessageId, OutboxId, UserId};
use crate::clock::Timestamp;
use crate::people::claim::Claim;
use crate::people::knock::{Card, Cards, OpenCard, OpenCards};
use crate::store::StoreError;
use crate::store::rows::Owner;
use crate::store::tables;

impl Write<'_> {
    /// Who claimed the bot.
    pub(crate) fn owner(&self) -> Result<Option<UserId>, StoreError> {
        let row = self.row(tables::OWNER)?;
        Ok(row.map(|Owner(owner)| owner))
    }

    pub(crate) fn set_owner(&mut self, owner: UserId) -> Result<(), StoreError> {
        self.put(tables::OWNER, &Owner(owner))
    }

    /// Changes what is kept of the codes; hands on what the change gives.
    pub(crate) fn change_claim<T>(
        &mut self,
        change: impl FnOnce(&mut Claim) -> T,
    ) -> Result<T, StoreError> {
        let mut claim: Claim = self.row(tables::CLAIM)?.unwrap_or_default();
        let given = change(&mut claim);
        self.put(tables::CLAIM, &claim)?;
        Ok(given)
    }

    /// What the Owners get on account of one more who knocks.
    pub(crate) fn next_card(&mut self, now: Timestamp) -> Result<Card, StoreError> {
        let mut cards: Cards = self.row(tables::CARDS)?.unwrap_or_default();
        let next = cards.next(now);
        if next != Card::Nothing {
            self.put(tables::CARDS, &cards)?;
        }
        Ok(next)
    }

    /// An Owner is sent a card.
    pub(crate) fn open_card(&mut self, card: OpenCard) -> Result<(), StoreError> {
        let mut cards = self.open_cards()?;
        cards.add(card);
        self.put(tables::OPEN_CARDS, &cards)
    }

    /// The open cards of somebody.
    pub(crate) fn cards_of(&self, who: UserId) -> Result<Vec<OpenCard>, StoreError> {
        let mut cards = self.open_cards()?.0;
        cards.retain(|card| card.who == who);
        Ok(cards)
    }

    /// The cards of somebody that was decided on are not open any more.
    pub(crate) fn close_cards(&mut self, who: UserId) -> Result<Vec<OpenCard>, StoreError> {
        let mut cards = self.open_cards()?;
        let closed = cards.take(who);
        if !closed.is_empty() {
            self.put(tables::OPEN_CARDS, &cards)?;
        }
        Ok(closed)
    }

    /// A row was sent, as this message where that is known.
    pub(super) fn acknowledge_card(
        &mut self,
        row: OutboxId,
        message: Option<MessageId>,
    ) -> Result<(), StoreError> {
        let mut cards = self.open_cards()?;
        if cards.acknowledge(row, message) {
            self.put(tables::OPEN_CARDS, &cards)?;
        }
        Ok(())
    }

    fn open_cards(&self) -> Result<OpenCards, StoreError> {
        Ok(self.row(tables::OPEN_CARDS)?.unwrap_or_default())
    }
}
