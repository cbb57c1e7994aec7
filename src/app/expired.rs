//! Grants whose days are over: what they fall back to, and who is told. The door notices them with the
//! next message of whom they are of, `ticks::grants` without one.

use crate::app::engine::Settings;
use crate::chat::{ChatId, Outbound, UserId};
use crate::clock::Timestamp;
use crate::locale::{Language, Locale};
use crate::outgoing::Head;
use crate::people::person::{Grant, Person};
use crate::store::{StoreError, Write};

/// A grant that ended, and who is told of it in which words.
pub(crate) struct Expired {
    of: UserId,
    grant: Grant,
    falls_to: Grant,
    tell: Vec<(UserId, String)>,
}

impl Expired {
    /// What follows for a person or group of the registry; nothing while their grant goes on. Of a
    /// group the Owners alone are told, and of a role that stays what it is nobody.
    pub(crate) fn of(
        settings: &Settings,
        id: UserId,
        row: &Person,
        now: Timestamp,
    ) -> Option<Self> {
        let grant = row.grant.filter(|grant| grant.has_expired(now))?;
        let (before, role) = (grant.role, grant.role_at(now));
        let locale = |tag| Locale::of(Language::pick(settings.config.language, tag));
        let mut tell = Vec::new();
        if before != role && !settings.owners.contains(&id) {
            let text = locale(None).role_expired_of(id, before, role);
            tell.extend(settings.owners.iter().map(|owner| (*owner, text.clone())));
            let is_heard = id.0 > 0 && row.banned.is_none();
            let own = locale(row.language.as_deref()).role_expired(before, role);
            tell.extend(is_heard.then_some((id, own)));
        }
        Some(Self {
            of: id,
            grant,
            falls_to: Grant { role, until: None },
            tell,
        })
    }

    /// Stores what the grant falls back to, and tells of it; does neither where the stored grant is
    /// another one. The rows that it put into the outbox.
    pub(crate) fn enter(&self, rows: &mut Write<'_>) -> Result<Vec<Head>, StoreError> {
        let Some(row) = rows.person(self.of)? else {
            return Ok(Vec::new());
        };
        // Told already, or another grant was given in the meantime.
        if row.grant != Some(self.grant) {
            return Ok(Vec::new());
        }
        let grant = Some(self.falls_to);
        rows.put_person(self.of, &Person { grant, ..row })?;
        let tell = self.tell.iter().map(|(to, text)| {
            let row = Outbound::message(ChatId(to.0), None, text.clone());
            Ok(Head::of(rows.put_outbound(&row)?, &row))
        });
        tell.collect()
    }
}
