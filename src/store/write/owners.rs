//! Who owns the bot, the codes with which somebody may come to own it, and the cards that its Owners are
//! given of others.

use super::Write;
use crate::chat::UserId;
use crate::clock::Timestamp;
use crate::people::claim::Claim;
use crate::people::knock::{Card, Cards};
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
}
