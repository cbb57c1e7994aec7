//! The limits of each person (design §3): a question beyond what their role has turns and waiting
//! places for over all their lanes, or beyond its messages of a minute or a day, is not let into the
//! inbox. It takes no room there, so one person can never fill it. All strangers together have a
//! limit of their own.
//!
//! What was used lies in the data file and is changed in the commit that lets a question in, so it
//! outlives a restart, a change of role and a `/forget`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::app::Ctx;
use crate::app::engine::Settings;
use crate::chat::pieces::Seam;
use crate::chat::{ChatKind, Job, Lane, Outbound, Role, Task, UserId};
use crate::clock::{Day, Timestamp};
use crate::config::UserLimits;
use crate::people::limits::{self, Refusal};
use crate::queue::{Share, Shares};
use crate::store::{StoreError, Write};

/// What those who wrote have waiting and running, and how much of it their roles allow.
#[derive(Clone)]
pub(super) struct PersonLimits {
    settings: Arc<Settings>,
    shares: Shares,
    held: HashMap<UserId, Share>,
    today: Day,
    /// Who was told within the last minute that this is too much.
    told: HashSet<UserId>,
}

impl PersonLimits {
    /// The limits of those who ask something in a batch. The journal has handed over all that it
    /// stored before, so what the scheduler knows and what is held back for a further piece is all
    /// there is.
    pub(super) async fn of_batch(
        ctx: &Ctx,
        askers: impl Iterator<Item = UserId>,
        seams: &HashMap<Lane, Seam>,
        told: HashSet<UserId>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let settings = ctx.engine.settings();
        let shares = settings.shares();
        let mut persons: Vec<UserId> = match shares {
            Shares::Unlimited => Vec::new(),
            Shares::ByRole(_) => askers.collect(),
        };
        persons.sort_unstable();
        persons.dedup();
        let mut held = HashMap::new();
        if !persons.is_empty() {
            // Without the scheduler nothing is decided: the batch comes again at the next start.
            let known = ctx.desk.shares_of(persons).await;
            held.extend(known.ok_or(StoreError::Closed)?);
        }
        let mut limits = Self {
            today: settings.today(now),
            settings,
            shares,
            held,
            told,
        };
        for lane in seams.keys() {
            limits.takes_place(*lane);
        }
        Ok(limits)
    }

    /// Why the job is not let in; anything but a question always is.
    pub(super) fn refuses(
        &self,
        rows: &Write<'_>,
        job: &Job,
    ) -> Result<Option<Refusal>, StoreError> {
        match &job.task {
            Task::Question { .. } => {}
            Task::Command(_) | Task::Tell(_) => return Ok(None),
        }
        let spent = self.refuses_message(rows, job)?;
        Ok(spent.or_else(|| (!self.has_place(job)).then_some(Refusal::AtOnce)))
    }

    /// Why the message is one too many, wherever there is a place for it.
    pub(super) fn refuses_message(
        &self,
        rows: &Write<'_>,
        job: &Job,
    ) -> Result<Option<Refusal>, StoreError> {
        let (UserLimits::On, Some(person)) = (self.user_limits(), rows.counted_as(job.lane)?)
        else {
            return Ok(None);
        };
        let used = rows.day_of(self.today.number, person)?;
        let terms = self.settings.roles.terms(job.role);
        let own = limits::check(terms, &used, job.accepted, &self.today);
        if own.is_some() || !is_stranger(rows, job)? {
            return Ok(own);
        }
        Ok(limits::check_strangers(&rows.strangers()?, job.accepted))
    }

    /// A question is let in, and takes a place.
    pub(super) fn let_in(&mut self, rows: &mut Write<'_>, job: &Job) -> Result<(), StoreError> {
        self.takes_place(job.lane);
        self.count(rows, job)
    }

    /// A message counts among what was used by whoever's conversation it is in, also where somebody
    /// else pressed the button.
    pub(super) fn count(&self, rows: &mut Write<'_>, job: &Job) -> Result<(), StoreError> {
        let Some(person) = rows.counted_as(job.lane)? else {
            return Ok(());
        };
        let mut used = rows.day_of(self.today.number, person)?;
        used.usage.asked();
        if self.user_limits() == UserLimits::On {
            let terms = self.settings.roles.terms(job.role);
            if terms.per_minute.number().is_some() {
                limits::let_in(&mut used.recent, job.accepted);
            }
            if is_stranger(rows, job)? {
                let mut recent = rows.strangers()?;
                limits::let_in(&mut recent, job.accepted);
                rows.put_strangers(recent)?;
            }
        }
        rows.put_day_of(self.today.number, person, &used)
    }

    /// What the one is told whose question is refused; nothing where they were told a moment ago.
    pub(super) fn tells(&mut self, job: &Job, refusal: Refusal) -> Option<(UserId, Outbound)> {
        let Lane::Telegram {
            chat,
            topic,
            person,
        } = job.lane
        else {
            return None;
        };
        if !self.told.insert(person) {
            return None;
        }
        let text = self.settings.locale_for(&job.sender).refusal(refusal);
        let mut row = Outbound::message(chat, topic, text);
        if let (ChatKind::Group, Some(reply_to)) = (job.kind, row.payload.reply_to_mut()) {
            *reply_to = job.messages.first().copied();
        }
        Some((person, row))
    }

    fn user_limits(&self) -> UserLimits {
        self.settings.config.people.user_limits
    }

    fn has_place(&self, job: &Job) -> bool {
        let share = job.lane.person().and_then(|person| self.held.get(&person));
        share.is_none_or(|share| self.shares.admits(job.role, share, job.lane))
    }

    /// One more waits or runs in this lane.
    fn takes_place(&mut self, lane: Lane) {
        if let Some(share) = lane.person().and_then(|person| self.held.get_mut(&person)) {
            share.waits(lane);
        }
    }
}

/// Whether somebody is a guest only because everybody may be one: neither they nor their group have
/// a grant.
pub(in crate::app) fn is_stranger(rows: &Write<'_>, job: &Job) -> Result<bool, StoreError> {
    let group = match job.kind {
        ChatKind::Private => None,
        ChatKind::Group => job.lane.chat().map(|chat| UserId(chat.0)),
    };
    if job.role != Role::Guest {
        return Ok(false);
    }
    for id in job.lane.person().into_iter().chain(group) {
        if rows.person(id)?.is_some_and(|row| row.grant.is_some()) {
            return Ok(false);
        }
    }
    Ok(true)
}
