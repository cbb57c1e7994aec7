//! Grants whose days are over: what they fall back to, and who is told. The door notices them with the
//! next message of whom they are of, `ticks::grants` without one.

use crate::app::engine::Settings;
use crate::chat::{ChatId, Outbound, UserId};
use crate::clock::Timestamp;
use crate::outgoing::Head;
use crate::people::person::{Grant, Person, label};
use crate::store::{StoreError, Write};

/// A grant that has ended.
pub(crate) struct Expired {
    of: UserId,
    grant: Grant,
    falls_to: Grant,
}

impl Expired {
    /// What follows for a person or group of the registry; nothing while their grant goes on.
    pub(crate) fn of(id: UserId, row: &Person, now: Timestamp) -> Option<Self> {
        let grant = row.grant.filter(|grant| grant.has_expired(now))?;
        let role = grant.role_at(now);
        Some(Self {
            of: id,
            grant,
            falls_to: Grant { role, until: None },
        })
    }

    /// Stores what the grant falls back to, and tells of it; does neither where the stored grant is
    /// another one. The rows that it put into the outbox.
    pub(crate) fn enter(
        &self,
        rows: &mut Write<'_>,
        settings: &Settings,
    ) -> Result<Vec<Head>, StoreError> {
        let Some(row) = rows.person(self.of)? else {
            return Ok(Vec::new());
        };
        // Told already, or another grant was given in the meantime.
        if row.grant != Some(self.grant) {
            return Ok(Vec::new());
        }
        let told = self.told(rows, settings, &row)?;
        let grant = Some(self.falls_to);
        rows.put_person(self.of, &Person { grant, ..row })?;
        let told = told.iter();
        told.map(|row| Ok(Head::of(rows.put_outbound(row)?, row)))
            .collect()
    }

    /// Who is told, each in their language, of those to whom the bot may write: the person and the
    /// Owners, of a group the Owners alone, and of a role that stays what it is nobody.
    fn told(
        &self,
        rows: &Write<'_>,
        settings: &Settings,
        row: &Person,
    ) -> Result<Vec<Outbound>, StoreError> {
        let (before, now) = (self.grant.role, self.falls_to.role);
        if before == now || settings.owners.contains(&self.of) {
            return Ok(Vec::new());
        }
        let message = |to: UserId, text| Outbound::message(ChatId(to.0), None, text);
        let mut told = Vec::new();
        for &owner in &settings.owners {
            let Some(known) = rows.person(owner)?.filter(Person::may_be_written_to) else {
                continue;
            };
            let locale = settings.locale_of(Some(&known));
            let whom = label(self.of, Some(row));
            told.push(message(owner, locale.role_expired_of(&whom, before, now)));
        }
        if self.of.0 > 0 && row.banned.is_none() && row.may_be_written_to() {
            let own = settings.locale_of(Some(row)).role_expired(before, now);
            told.push(message(self.of, own));
        }
        Ok(told)
    }
}
