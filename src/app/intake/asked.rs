//! A press that asks a question anew: an example, or the stale one that was held for it. It counts as a
//! message, so the limits of its person are looked at in the writer's transaction, where those of the
//! same batch count, too.

use super::journaled::Journaled;
use crate::chat::{Job, Outbound, Payload};
use crate::locale::{Denied, Locale};
use crate::outgoing::Head;
use crate::people::person::{Held, Person};
use crate::store::{StoreError, Write};

/// What a press asks.
pub(super) struct Asked {
    pub(super) job: Job,
    /// What the question was held as; it is in the registry no more.
    pub(super) held: Option<Held>,
    pub(super) acknowledge: Outbound,
    pub(super) locale: &'static Locale,
}

impl Asked {
    /// Asks it, or says why not; then the button stays good.
    pub(super) fn enter(
        &self,
        rows: &mut Write<'_>,
        into: &mut Journaled,
    ) -> Result<(), StoreError> {
        let refusal = into.limits.refuses(rows, &self.job)?;
        let mut row = self.acknowledge.clone();
        match refusal {
            None => drop(into.add(rows, self.job.clone())?),
            Some(why) => {
                self.put_back(rows)?;
                if let Payload::Answer { text, .. } = &mut row.payload {
                    *text = self.locale.denied(Denied::Refused(why));
                }
            }
        }
        into.rows.push(Head::of(rows.put_outbound(&row)?, &row));
        Ok(())
    }

    /// Holds the question again, unless a newer one is.
    fn put_back(&self, rows: &mut Write<'_>) -> Result<(), StoreError> {
        let person = match self.job.lane.person() {
            Some(id) => rows.person(id)?.map(|person| (id, person)),
            None => None,
        };
        let Some((id, person)) = person.filter(|(_, person)| person.held.is_none()) else {
            return Ok(());
        };
        let held = self.held.clone();
        rows.put_person(id, &Person { held, ..person })
    }
}
