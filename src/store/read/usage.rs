//! What people used, day by day: for `/status`, `/stats`, the card of a person, and their share of the
//! keys.

use std::ops::RangeInclusive;

use super::Read;
use crate::chat::UserId;
use crate::keys::Group;
use crate::people::fair_share::Had;
use crate::people::media::LookedAt;
use crate::people::usage::{DayOf, Usage};
use crate::store::StoreError;
use crate::store::key::{self, Key};
use crate::store::tables;

impl Read {
    /// What a person used on each of these days (`clock::Day::number`) on which there was anything,
    /// oldest first.
    pub(crate) fn usage_of(
        &self,
        person: UserId,
        days: RangeInclusive<i32>,
    ) -> Result<Vec<(i32, Usage)>, StoreError> {
        let table = self.table::<DayOf>()?;
        let mut used = Vec::new();
        for day in days {
            let row: Option<DayOf> = self.met.row(&table, &Key::day_of(day, person))?;
            used.extend(row.map(|row| (day, row.usage)));
        }
        Ok(used)
    }

    /// What all people together used on each of these days on which there was anything, and how many
    /// people that were, oldest first. Looks at a row for each person and day.
    pub(crate) fn usage_of_all(
        &self,
        days: RangeInclusive<i32>,
    ) -> Result<Vec<(i32, Usage, usize)>, StoreError> {
        let table = self.table::<DayOf>()?;
        let mut used: Vec<(i32, Usage, usize)> = Vec::new();
        for entry in tables::range(&table, &key::days(days))? {
            let (key, row) = entry?;
            let Some(((day, _), row)) = self.met.read::<DayOf>(key.value(), row.value()) else {
                continue;
            };
            match used.last_mut().filter(|(last, ..)| *last == day) {
                Some((_, all, people)) => {
                    *all += row.usage;
                    *people += 1;
                }
                None => used.push((day, row.usage, 1)),
            }
        }
        Ok(used)
    }

    /// What a person had of keys on a Pacific day, and what all had who share them.
    pub(crate) fn had(
        &self,
        day: i32,
        pot: Option<Group>,
        person: UserId,
    ) -> Result<(Had, Had), StoreError> {
        let own: Option<Had> = self.row(&Key::had(day, pot, Some(person)))?;
        let all: Option<Had> = self.row(&Key::had(day, pot, None))?;
        Ok((own.unwrap_or_default(), all.unwrap_or_default()))
    }

    /// What of a person's files was looked at on a day.
    pub(crate) fn looked_at(&self, day: i32, person: UserId) -> Result<LookedAt, StoreError> {
        let known = self.row(&Key::looked_at(day, Some(person)))?;
        Ok(known.unwrap_or_default())
    }
}
