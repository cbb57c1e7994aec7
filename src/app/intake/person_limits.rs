//! The limits of each person (design §3, "Turns at once" and "Waiting"): a question beyond what
//! their role has turns and waiting places for, over all their lanes, is not let into the inbox. It
//! takes no room there, so one person can never fill it.

use std::collections::{HashMap, HashSet};

use super::journal::{Entry, Journaled};
use crate::app::Ctx;
use crate::chat::pieces::Seam;
use crate::chat::{Job, Lane, Notice, Task, UserId};
use crate::queue::{Share, Shares};
use crate::store::{StoreError, Write};

/// What those who wrote have waiting and running, and how much of it their roles allow.
#[derive(Clone, Default)]
pub(super) struct PersonLimits {
    shares: Shares,
    held: HashMap<UserId, Share>,
    /// Who was told within the last minute that this is too much.
    told: HashSet<UserId>,
}

impl PersonLimits {
    /// The limits of those who wrote these entries. The journal has handed over all that it stored
    /// before, so what the scheduler knows and what is held back for a further piece is all there
    /// is.
    pub(super) async fn of_batch<'e>(
        ctx: &Ctx,
        entries: impl Iterator<Item = &'e Entry>,
        seams: &HashMap<Lane, Seam>,
        told: HashSet<UserId>,
    ) -> Result<Self, StoreError> {
        let shares = ctx.engine.settings().shares();
        let mut persons: Vec<UserId> = match shares {
            Shares::Unlimited => Vec::new(),
            Shares::ByRole(_) => entries.filter_map(Entry::asker).collect(),
        };
        persons.sort_unstable();
        persons.dedup();
        let mut held = HashMap::new();
        if !persons.is_empty() {
            // Without the scheduler nothing is decided: the batch comes again at the next start.
            let known = ctx.desk.shares_of(persons).await;
            held.extend(known.ok_or(StoreError::Closed)?);
        }
        let mut limits = Self { shares, held, told };
        for lane in seams.keys() {
            limits.count(*lane);
        }
        Ok(limits)
    }

    /// Whether the job is let in: a question while its person may have one more, anything else
    /// always.
    pub(super) fn admits(&self, job: &Job) -> bool {
        let share = job.lane.person().and_then(|person| self.held.get(&person));
        let is_question = matches!(job.task, Task::Question { .. });
        share.is_none_or(|share| !is_question || self.shares.admits(job.role, share, job.lane))
    }

    /// A question was let in.
    pub(super) fn count(&mut self, lane: Lane) {
        if let Some(share) = lane.person().and_then(|person| self.held.get_mut(&person)) {
            share.waits(lane);
        }
    }
}

impl Journaled {
    /// A question that is not let in: its person hears of it once a minute, and it is gone.
    pub(super) fn refuse(&mut self, rows: &mut Write<'_>, job: Job) -> Result<(), StoreError> {
        self.refused += 1;
        let Some(person) = job.lane.person() else {
            return Ok(());
        };
        if !self.limits.told.insert(person) {
            return Ok(());
        }
        self.told.push(person);
        let task = Task::Tell(Notice::TooMany);
        self.add(rows, Job { task, ..job }).map(drop)
    }
}

impl Entry {
    /// Whose question it may come to.
    fn asker(&self) -> Option<UserId> {
        match self {
            Self::Job(draft) => match draft.job.task {
                Task::Question { .. } => draft.job.lane.person(),
                Task::Command(_) | Task::Tell(_) => None,
            },
            Self::Edited(edit) => edit.draft.job.lane.person(),
            Self::Reask(press) => Some(press.pressed.sender.id),
            Self::Pressed { job, .. } => job.as_ref().and_then(|job| job.lane.person()),
            Self::Stopped { .. }
            | Self::Dropped
            | Self::Skipped
            | Self::Reachable { .. }
            | Self::Migrated { .. } => None,
        }
    }
}
