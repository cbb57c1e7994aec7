//! The audit of what Owners do. Invariant: an entry is written by the transaction that does it.

use super::Write;
use crate::people::audit::Audited;
use crate::store::StoreError;
use crate::store::key::Key;
use crate::store::tables;

/// Entries kept. An Owner who does a hundred things a day looks back over three months.
const KEPT: u64 = 10_000;

impl Write<'_> {
    /// Notes what an Owner does in this transaction; the oldest entry beyond those kept goes.
    pub(crate) fn audit(&mut self, entry: &Audited) -> Result<(), StoreError> {
        let number = self.next(tables::NEXT_AUDIT)?;
        self.put(&Key::number(number), entry)?;
        if let Some(old) = number.checked_sub(KEPT) {
            self.table::<Audited>()?.remove(&*Key::number(old))?;
        }
        Ok(())
    }
}
