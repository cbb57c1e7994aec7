//! Changes of what each person used on a day.

use super::Write;
use crate::chat::UserId;
use crate::people::usage::DayOf;
use crate::store::StoreError;
use crate::store::key::Key;
use crate::store::tables;

/// Days that one step of forgetting removes, each of one person.
const DAYS_REMOVED: usize = 1000;

impl Write<'_> {
    /// A person's day (`clock::Day::number`). The last minute of the day before it is part of it.
    pub(crate) fn day_of(&self, day: i32, person: UserId) -> Result<DayOf, StoreError> {
        if let Some(known) = self.row(&Key::day_of(day, person))? {
            return Ok(known);
        }
        let before: Option<DayOf> = self.row(&Key::day_of(day.saturating_sub(1), person))?;
        Ok(DayOf {
            recent: before.map(|before| before.recent).unwrap_or_default(),
            ..DayOf::default()
        })
    }

    pub(crate) fn put_day_of(
        &mut self,
        day: i32,
        person: UserId,
        of: &DayOf,
    ) -> Result<(), StoreError> {
        self.put(&Key::day_of(day, person), of)
    }

    /// One step of forgetting the days before this one; returns how many were forgotten. None means
    /// that there is nothing left to do.
    pub(crate) fn prune_days(&mut self, before: i32) -> Result<u64, StoreError> {
        let mut stats = self.table::<DayOf>()?;
        let mut old = Vec::new();
        for entry in tables::range(&stats, &(..Key::day(before)))?.take(DAYS_REMOVED) {
            old.push(Key::from(entry?.0.value()));
        }
        let mut removed = 0;
        for key in old {
            tables::take(&mut stats, &key)?;
            removed += 1;
        }
        Ok(removed)
    }
}
