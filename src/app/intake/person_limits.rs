//! The limits of each person (design §3, "Turns at once" and "Waiting"): a question beyond what
//! their role has turns and waiting places for, over all their lanes, is not let into the inbox. It
//! takes no room there, so one person can never fill it.

use std::collections::{HashMap, HashSet};

use crate::app::Ctx;
use crate::chat::pieces::Seam;
use crate::chat::{Job, Lane, Task, UserId};
use crate::clock;
use crate::queue::{Share, Shares};
use crate::store::{StoreError, Write};

/// What those who wrote have waiting and running, and how much of it their roles allow.
#[derive(Clone, Default)]
pub(super) struct PersonLimits {
    shares: Shares,
    held: HashMap<UserId, Share>,
    /// Number of the day on which messages count.
    today: i32,
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
            shares,
            held,
            today: settings.today(clock::now()).number,
            told,
        };
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

    /// A question is let in: it counts among what its person has used.
    pub(super) fn let_in(&mut self, rows: &mut Write<'_>, job: &Job) -> Result<(), StoreError> {
        self.count(job.lane);
        let Some(person) = job.lane.person() else {
            return Ok(());
        };
        let mut day = rows.day_of(self.today, person)?;
        day.let_in(job.accepted);
        rows.put_day_of(self.today, person, &day)
    }

    /// One more waits or runs in this lane.
    fn count(&mut self, lane: Lane) {
        if let Some(share) = lane.person().and_then(|person| self.held.get_mut(&person)) {
            share.waits(lane);
        }
    }

    /// Whether this person is told now that they ask too much at once; they count as told.
    pub(super) fn may_tell(&mut self, person: UserId) -> bool {
        self.told.insert(person)
    }
}
