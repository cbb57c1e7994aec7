//! Grants whose days are over: what they fall back to, and who is told.

use super::journaled::Journaled;
use crate::chat::{ChatId, Outbound, UserId};
use crate::outgoing::Head;
use crate::people::person::{Grant, Person};
use crate::store::{StoreError, Write};

/// A grant that ended, and who is told of it in which words.
pub(super) struct Expired {
    pub(super) person: UserId,
    pub(super) grant: Grant,
    pub(super) falls_to: Grant,
    pub(super) tell: Vec<(UserId, String)>,
}

impl Expired {
    /// Stores what the grant falls back to, and tells of it; does neither where the stored grant is
    /// another one.
    pub(super) fn enter(
        &self,
        rows: &mut Write<'_>,
        into: &mut Journaled,
    ) -> Result<(), StoreError> {
        let Some(person) = rows.person(self.person)? else {
            return Ok(());
        };
        // Told already, or another grant was given in the meantime.
        if person.grant != Some(self.grant) {
            return Ok(());
        }
        rows.put_person(
            self.person,
            &Person {
                grant: Some(self.falls_to),
                ..person
            },
        )?;
        for (to, text) in &self.tell {
            let row = Outbound::message(ChatId(to.0), None, text.clone());
            into.rows.push(Head::of(rows.put_outbound(&row)?, &row));
        }
        Ok(())
    }
}
