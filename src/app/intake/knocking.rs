//! Somebody who asks to be let in, as the transaction of their batch stores it: the Owners get a card of
//! them, or of all who came after the tenth of this hour.

use super::journaled::Journaled;
use crate::chat::{Outbound, UserId};
use crate::clock::Timestamp;
use crate::outgoing::Head;
use crate::people::knock::{Card, Knock, OpenCard, Stage};
use crate::people::person::Person;
use crate::store::{StoreError, Write};

/// Who knocks, and what each Owner may get on account of it.
pub(super) struct Knocking {
    pub(super) who: UserId,
    pub(super) knock: Knock,
    pub(super) visit: Visit,
    pub(super) cards: Vec<Outbound>,
    pub(super) summaries: Vec<Outbound>,
}

/// Whether an earlier knock is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Visit {
    SameAsBefore,
    /// A group that was left took the bot in again.
    Another,
}

impl Knocking {
    /// Stores it and gives the cards; does neither where it was decided on in the meantime.
    pub(super) fn enter(
        &self,
        rows: &mut Write<'_>,
        now: Timestamp,
        into: &mut Journaled,
    ) -> Result<(), StoreError> {
        let Some(person) = rows.person(self.who)? else {
            return Ok(());
        };
        if person.grant.is_some() || person.banned.is_some() {
            return Ok(());
        }
        let before = person.knock.clone();
        let before = before.filter(|_| self.visit == Visit::SameAsBefore);
        let mut knock = before.unwrap_or_else(|| self.knock.clone());
        let was_silent = knock.words.is_empty();
        if was_silent {
            knock.words.clone_from(&self.knock.words);
        }
        if was_silent && !knock.words.is_empty() && knock.stage == Stage::Shown {
            self.renew_cards(rows, into)?;
        }
        let mut given: &[Outbound] = &[];
        let mut is_own = false;
        // Without an Owner to whom a card can be sent it is for the next time.
        if knock.stage == Stage::New && !self.cards.is_empty() {
            match rows.next_card(now)? {
                Card::Own => {
                    knock.stage = Stage::Shown;
                    given = &self.cards;
                    is_own = true;
                }
                Card::Summary => given = &self.summaries,
                Card::Nothing => {}
            }
        }
        let knock = Some(knock);
        if knock != person.knock {
            rows.put_person(self.who, &Person { knock, ..person })?;
        }
        for row in given {
            let id = rows.put_outbound(row)?;
            if is_own {
                rows.open_card(OpenCard {
                    owner: UserId(row.chat.0),
                    who: self.who,
                    row: id,
                    message: None,
                })?;
            }
            into.rows.push(Head::of(id, row));
        }
        Ok(())
    }

    /// Somebody of whom there is a card says what it could not show yet: most begin with `/start`.
    fn renew_cards(&self, rows: &mut Write<'_>, into: &mut Journaled) -> Result<(), StoreError> {
        for open in rows.cards_of(self.who)? {
            let is_owners = |row: &&Outbound| row.chat.0 == open.owner.0;
            let Some(mut row) = self.cards.iter().find(is_owners).cloned() else {
                continue;
            };
            let Some(message) = open.message else {
                rows.set_outbound(open.row, &row)?;
                continue;
            };
            row.payload = row.payload.taking_over(message);
            let id = rows.put_outbound(&row)?;
            into.rows.push(Head::of(id, &row));
        }
        Ok(())
    }
}
