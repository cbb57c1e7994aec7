//! Changes of what each person used on a day, and of what they had of the keys they share.

use std::ops::Range;

use super::Write;
use crate::catalog::Tier;
use crate::chat::{Lane, UserId};
use crate::clock::Timestamp;
use crate::keys::Group;
use crate::people::fair_share::Had;
use crate::people::limits;
use crate::people::media::LookedAt;
use crate::people::usage::DayOf;
use crate::store::StoreError;
use crate::store::key::Key;
use crate::store::rows::{Record, Strangers};
use crate::store::tables;

/// Days that one step of forgetting removes, each of one person.
const DAYS_REMOVED: usize = 1000;

impl Write<'_> {
    /// Among whose messages those of a lane count.
    pub(crate) fn counted_as(&self, lane: Lane) -> Result<Option<UserId>, StoreError> {
        let speaker = match lane.person() {
            Some(person) => self.person(person)?,
            None => None,
        };
        Ok(limits::counted_as(lane, speaker.as_ref()))
    }

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

    /// Forgets what a person used on these days.
    pub(crate) fn forget_days_of(
        &mut self,
        person: UserId,
        days: Range<i32>,
    ) -> Result<(), StoreError> {
        let mut stats = self.table::<DayOf>()?;
        for day in days {
            stats.remove(&*Key::day_of(day, person))?;
        }
        Ok(())
    }

    /// When messages of strangers were let in of late.
    pub(crate) fn strangers(&self) -> Result<Vec<Timestamp>, StoreError> {
        let known: Option<Strangers> = self.row(tables::STRANGERS)?;
        Ok(known.unwrap_or_default().0)
    }

    pub(crate) fn put_strangers(&mut self, recent: Vec<Timestamp>) -> Result<(), StoreError> {
        self.put(tables::STRANGERS, &Strangers(recent))
    }

    /// A person has had one answer more of the keys they share, on this Pacific day.
    pub(crate) fn add_had(
        &mut self,
        day: i32,
        pot: Option<Group>,
        (person, tier): (UserId, Tier),
    ) -> Result<(), StoreError> {
        let key = Key::had(day, pot, Some(person));
        let known: Option<Had> = self.row(&key)?;
        let is_new = known.is_none();
        self.put(&key, &known.unwrap_or_default().with(tier, is_new))?;
        let key = Key::had(day, pot, None);
        let all: Had = self.row(&key)?.unwrap_or_default();
        self.put(&key, &all.with(tier, is_new))
    }

    /// What of a person's files was looked at on a day; of all strangers' without a person.
    pub(crate) fn looked_at(
        &self,
        day: i32,
        person: Option<UserId>,
    ) -> Result<LookedAt, StoreError> {
        Ok(self.row(&Key::looked_at(day, person))?.unwrap_or_default())
    }

    pub(crate) fn put_looked_at(
        &mut self,
        day: i32,
        person: Option<UserId>,
        looked_at: &LookedAt,
    ) -> Result<(), StoreError> {
        self.put(&Key::looked_at(day, person), looked_at)
    }

    /// As [`Write::prune_days`], for what was looked at.
    pub(crate) fn prune_looked_at(&mut self, before: i32) -> Result<u64, StoreError> {
        self.prune_before::<LookedAt>(before)
    }

    /// One step of forgetting what people used on days before this one; returns how many rows that
    /// were. None means that there is nothing left to do.
    pub(crate) fn prune_days(&mut self, before: i32) -> Result<u64, StoreError> {
        self.prune_before::<DayOf>(before)
    }

    /// The same for what they had of keys, before this Pacific day.
    pub(crate) fn prune_had(&mut self, before: i32) -> Result<u64, StoreError> {
        self.prune_before::<Had>(before)
    }

    fn prune_before<R: Record>(&mut self, before: i32) -> Result<u64, StoreError> {
        let mut stats = self.table::<R>()?;
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
