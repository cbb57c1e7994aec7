//! VIP seats. There are few, so they are always written as a whole.

use super::Write;
use crate::chat::UserId;
use crate::people::seats::Session;
use crate::store::StoreError;
use crate::store::key::Key;
use crate::store::tables;

impl Write<'_> {
    /// Who has a seat, or is kept off one, and nobody else.
    pub(crate) fn put_sessions(
        &mut self,
        sessions: &[(UserId, Session)],
    ) -> Result<(), StoreError> {
        self.txn
            .open_table(tables::SESSIONS)?
            .retain(|_, _| false)?;
        for (person, session) in sessions {
            self.put(&Key::person(*person), session)?;
        }
        Ok(())
    }
}
