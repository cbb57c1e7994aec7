//! What a batch leaves on disk, as it comes about in the writer's transaction: the jobs that are
//! added, changed and refused, and what follows from them once it is committed.

use std::collections::HashMap;

use super::person_limits::PersonLimits;
use crate::chat::pieces::Seam;
use crate::chat::{Job, JobId, Lane, Task, UpdateId, UserId};
use crate::outgoing::Head;
use crate::people::limits::Refusal;
use crate::store::{StoreError, Write};

/// What a batch left on disk.
pub(super) struct Journaled {
    /// Jobs in the order of their updates.
    pub(super) jobs: Vec<Job>,
    /// Outbox rows that are to be sent.
    pub(super) rows: Vec<Head>,
    /// Questions of this batch, or from before it, that wait for a further piece.
    pub(super) seams: HashMap<Lane, Seam>,
    /// Jobs whose question was changed.
    pub(super) changed: Vec<JobId>,
    /// Jobs to be stopped, by their drafts.
    pub(super) stopped: Vec<(Lane, i32)>,
    /// The first question that the full inbox left to Telegram, to be fetched again.
    pub(super) left: Option<UpdateId>,
    /// People who are told that they ask too much at once.
    pub(super) told: Vec<UserId>,
    /// Questions that the inbox still took when the batch came.
    pub(super) room: usize,
    pub(super) limits: PersonLimits,
    /// Questions that were not let in.
    pub(super) refused: usize,
}

impl Journaled {
    /// Nothing yet.
    pub(super) fn new(limits: PersonLimits, seams: HashMap<Lane, Seam>, room: usize) -> Self {
        Self {
            jobs: Vec::new(),
            rows: Vec::new(),
            seams,
            changed: Vec::new(),
            stopped: Vec::new(),
            left: None,
            told: Vec::new(),
            room,
            limits,
            refused: 0,
        }
    }

    /// Questions of this batch; commands and notices need no room.
    pub(super) fn questions(&self) -> usize {
        let is_question = |job: &&Job| matches!(job.task, Task::Question { .. });
        self.jobs.iter().filter(is_question).count()
    }

    /// Stores a new job. A question of its lane that was held back gets no further pieces after it.
    pub(super) fn add(&mut self, rows: &mut Write<'_>, draft: Job) -> Result<JobId, StoreError> {
        let id = rows.next_job_id()?;
        let job = Job { id, ..draft };
        rows.put_job(&job)?;
        self.seams.remove(&job.lane);
        if let Task::Question { .. } = job.task {
            self.limits.let_in(rows, &job)?;
        }
        self.jobs.push(job);
        Ok(id)
    }

    /// Whether it waits for a further piece and is not in the queue.
    pub(super) fn is_held_back(&self, job: &Job) -> bool {
        let seam = self.seams.get(&job.lane);
        seam.is_some_and(|seam| seam.job == job.id)
    }

    /// Re-asks a job that may be running with the words it had before.
    pub(super) fn note_change(&mut self, job: &Job) {
        let is_new = self.jobs.iter().any(|new| new.id == job.id);
        if !is_new && !self.is_held_back(job) && !self.changed.contains(&job.id) {
            self.changed.push(job.id);
        }
    }

    /// Replaces the row of a job that waits.
    pub(super) fn change(&mut self, rows: &mut Write<'_>, job: Job) -> Result<(), StoreError> {
        rows.put_job(&job)?;
        if let Some(known) = self.jobs.iter_mut().find(|known| known.id == job.id) {
            *known = job;
        }
        Ok(())
    }

    /// A question that is not let in: its person hears of it once a minute, and it is gone.
    pub(super) fn refuse(
        &mut self,
        rows: &mut Write<'_>,
        job: &Job,
        refusal: Refusal,
    ) -> Result<(), StoreError> {
        self.refused += 1;
        if let Some((person, row)) = self.limits.tells(job, refusal) {
            self.told.push(person);
            self.rows.push(Head::of(rows.put_outbound(&row)?, &row));
        }
        Ok(())
    }

    /// The jobs among these, and those of the batch, that are still in the inbox.
    pub(super) fn under_way(
        &self,
        rows: &Write<'_>,
        known: &[JobId],
        lane: Lane,
    ) -> Result<Vec<Job>, StoreError> {
        let of_batch = self.jobs.iter().filter(|job| job.lane == lane);
        let mut jobs = Vec::new();
        for id in known.iter().copied().chain(of_batch.map(|job| job.id)) {
            jobs.extend(rows.job(id)?.filter(|job| job.lane == lane));
        }
        Ok(jobs)
    }
}
