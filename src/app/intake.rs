//! Telegram to inbox: poll, decode, admit, journal, hand over. The single door in.
//!
//! Owns the offset. Invariant: an update is on disk before the next poll confirms it, and an
//! update seen within the last day is not taken twice.

mod asked;
mod before;
mod bypass;
mod clock_check;
mod draft;
mod held_back;
pub(super) mod journal;
mod journal_entry;
mod journaled;
mod knocking;
pub(super) mod person_limits;
mod reask;
mod recent;
mod refusals;
mod silence;
mod sorter;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use log::{error, info, warn};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::app::ops::claim;
use crate::app::{BadToken, Ctx, commands};
use crate::chat::command::Command;
use crate::chat::pieces::Seam;
use crate::chat::{Job, JobId, Notice, Role, Task, UserId, Whose};
use crate::clock;
use crate::queue::{Past, Waiting};
use crate::store::{Condition, StoreError};
use crate::telegram::backoff::{Backoff, TokenRefusals};
use crate::telegram::poll::{Batch, PollError, Poller, Settings};
use crate::telegram::{Me, send};
use before::Before;
use bypass::Bypass;
use clock_check::ClockCheck;
use held_back::HeldBack;
use recent::Recent;
use refusals::Refusals;
use silence::Silence;

/// Most updates of one `getUpdates` (Bot API).
const BATCH: u8 = 100;
/// Longest pause of the poll while the inbox is full.
const FULL_PAUSE: Duration = Duration::from_secs(5);
/// How often it is checked whether the inbox is still full.
const FULL_STEP: Duration = Duration::from_millis(50);
/// An offset older than this is not used: after a week of silence Telegram may restart update ids
/// at random (Bot API, `Update.update_id`).
const OFFSET_AGE: Duration = Duration::from_hours(6 * 24);
/// Jobs read at once when the inbox is recalled at start.
const RECALL: usize = 256;
/// How long the questions of the last run wait at start for Telegram to tell the time.
const FOR_THE_TIME: Duration = Duration::from_secs(3);
/// How long `getMe` must refuse the token before the bot ends: at start, and while it runs.
const REFUSED_AT_START: Duration = Duration::from_secs(20);
const REFUSED_RUNNING: Duration = Duration::from_mins(5);
/// Crashes of the bot that are longer ago say nothing about those of now.
const OF_LATE: Duration = Duration::from_mins(10);
/// Wait after a batch that could not be stored.
const RETRY_STORE: Duration = Duration::from_secs(2);

/// Polls until `stop`. Fails only when Telegram refuses the token, and goes on refusing it.
pub(crate) async fn run(ctx: Arc<Ctx>, stop: CancellationToken) -> anyhow::Result<()> {
    tokio::select! {
        // Dropping the poll loop at any point is safe: what is committed is found in the inbox at
        // the next start, and what is not was not confirmed to Telegram.
        () = stop.cancelled() => Ok(()),
        ended = poll(ctx) => ended,
    }
}

async fn poll(ctx: Arc<Ctx>) -> anyhow::Result<()> {
    let mut intake = Intake {
        ctx: Arc::clone(&ctx),
        bypass: Bypass::new(Arc::clone(&ctx)),
        held_back: HeldBack::default(),
        recent: Recent::default(),
        refusals: Refusals::default(),
        silence: Silence::default(),
        wanted: 1,
    };
    let mut backoff = Backoff::default();
    let mut clock_check = ClockCheck::default();
    let me = intake.begin(&mut backoff, &mut clock_check).await?;
    // It hardly ever changes, and a restart tells.
    let me = ctx.me.get_or_init(|| me);
    claim::invite(&ctx).await;
    ctx.menus.notify_one();
    intake.held_back.wait_from(clock::instant());
    let mut poller = Poller::new(ctx.account.clone(), Settings::default());
    let mut offset = intake.last_offset(me.id).await?;
    loop {
        let wanted = intake.wanted;
        intake.during(until_ready_to_poll(&ctx, wanted)).await;
        let asked = clock::instant();
        match intake.during(poller.next(offset, BATCH)).await {
            Ok(batch) => {
                let took = clock::instant().duration_since(asked);
                clock_check.compare(&ctx.engine.signs, batch.date);
                let pause = backoff.answered(batch.updates.len(), took, &mut fastrand::Rng::new());
                intake.during(sleep(pause)).await;
                intake.hears(&batch, (me, offset));
                offset = intake.take_in(&batch, me).await.or(offset);
            }
            Err(error) => {
                let mended = async {
                    match error {
                        PollError::Webhook => drop_webhook(&ctx).await,
                        PollError::OtherPoller => ctx.engine.signs.another_polls(clock::instant()),
                        PollError::Unauthorized
                        | PollError::Flood(_)
                        | PollError::Down(_)
                        | PollError::Hung => {}
                    }
                    back_off(&mut backoff, &error, Duration::MAX).await;
                    if let PollError::Unauthorized = error {
                        identify(&ctx, &mut backoff, &mut clock_check, REFUSED_RUNNING).await?;
                    }
                    anyhow::Ok(())
                };
                intake.during(mended).await?;
            }
        }
    }
}

/// Asks Telegram who we are until it answers: without the name no mention could be recognised. Asks
/// once more where the first answer says that our clock is wrong. Fails when the token was refused
/// for as long as `most`.
async fn identify(
    ctx: &Arc<Ctx>,
    backoff: &mut Backoff,
    clock_check: &mut ClockCheck,
    most: Duration,
) -> anyhow::Result<Me> {
    let mut doubts = 0;
    let mut refusals = TokenRefusals::default();
    loop {
        let asked = Arc::clone(ctx);
        let error = match spawn_blocking(move || send::get_me(&asked.telegram)).await? {
            Ok((_, date)) if clock_check.compare(&ctx.engine.signs, date) && doubts == 0 => {
                doubts += 1;
                continue;
            }
            Ok((me, _)) => {
                info!(bot = me.id.0, username = me.username.as_str(); "telegram knows us");
                return Ok(me);
            }
            Err(error) => PollError::from(error),
        };
        let lasted = refusals.lasted(&error, clock::instant());
        let left = lasted.map_or(Duration::MAX, |lasted| most.saturating_sub(lasted));
        if left.is_zero() {
            return Err(BadToken.into());
        }
        back_off(backoff, &error, left).await;
    }
}

/// Waits as the back-off says, and at most so long.
async fn back_off(backoff: &mut Backoff, error: &PollError, most: Duration) {
    let wait = backoff.wait(error, &mut fastrand::Rng::new()).min(most);
    match error {
        PollError::OtherPoller => {
            warn!(wait_ms = wait.as_millis(); "another process polls with this token");
        }
        PollError::Unauthorized
        | PollError::Webhook
        | PollError::Flood(_)
        | PollError::Down(_)
        | PollError::Hung => {
            warn!(err:% = error, wait_ms = wait.as_millis(); "poll failed");
        }
    }
    sleep(wait).await;
}

async fn drop_webhook(ctx: &Arc<Ctx>) {
    let asked = Arc::clone(ctx);
    match spawn_blocking(move || send::delete_webhook(&asked.telegram)).await {
        Ok(Ok(())) => info!("webhook removed, updates come by polling"),
        Ok(Err(error)) => warn!(err:% = error; "webhook not removed"),
        Err(error) => error!(err:% = error; "webhook removal panicked"),
    }
}

/// Waits until the data file can be written, and for at most [`FULL_PAUSE`] while the inbox is
/// full: Telegram keeps what is not fetched. A full inbox is still polled now and then, for
/// commands and presses.
async fn until_ready_to_poll(ctx: &Ctx, wanted: usize) {
    let mut condition = ctx.engine.store.condition();
    let fine = condition.wait_for(|condition| *condition == Condition::Fine);
    // Fails only when the store is closed; the next write says so.
    drop(fine.await);
    let full = async {
        while room(ctx) < wanted {
            sleep(FULL_STEP).await;
        }
    };
    drop(timeout(FULL_PAUSE, full).await);
}

/// Questions that the inbox still takes.
fn room(ctx: &Ctx) -> usize {
    let bound = ctx.engine.settings().config.limits.queue;
    bound.saturating_sub(ctx.desk.jobs())
}

/// A question as the queue keeps it. Its place depends on how long ago it was accepted, not on what
/// the clock showed then.
fn of_question(job: &Job) -> Waiting {
    let age = clock::now().since(job.accepted);
    let since = clock::steady().before(age);
    Waiting {
        past: Past {
            crashes: job.attempts,
            ..Past::default()
        },
        ..Waiting::new(job.id, job.lane, job.role, since)
    }
}

struct Intake {
    ctx: Arc<Ctx>,
    /// Commands and notices, which do not wait in the queue.
    bypass: Bypass,
    /// Questions to which a further piece may come.
    held_back: HeldBack,
    recent: Recent,
    /// Who was told lately that they ask too much at once.
    refusals: Refusals,
    /// How long Telegram was not heard.
    silence: Silence,
    /// Places in the inbox to wait for before the next poll: a whole batch after questions were
    /// left to Telegram, so that they are not fetched again for every single place that frees.
    wanted: usize,
}

impl Intake {
    /// Asks Telegram who we are, and hands over what the last run left.
    async fn begin(
        &mut self,
        backoff: &mut Backoff,
        clock_check: &mut ClockCheck,
    ) -> anyhow::Result<Me> {
        let ctx = Arc::clone(&self.ctx);
        let mut identified = pin!(identify(&ctx, backoff, clock_check, REFUSED_AT_START));
        // Who is served, and from which day's quota, depends on the time.
        let soon = timeout(FOR_THE_TIME, &mut identified).await;
        self.recall().await?;
        match soon {
            Ok(me) => me,
            Err(_) => self.during(identified).await,
        }
    }

    /// Hands over what the last run accepted and did not end; it goes before everything new.
    async fn recall(&mut self) -> Result<(), StoreError> {
        let crashes = self.crashes().await?;
        let mut after = JobId(0);
        loop {
            let jobs = self
                .ctx
                .engine
                .store
                .read(move |rows| rows.jobs(after, RECALL))
                .await?;
            let Some(last) = jobs.last() else {
                return Ok(());
            };
            after = last.id;
            info!(jobs = jobs.len(); "unfinished jobs recalled");
            for job in jobs {
                let mut waiting = of_question(&job);
                waiting.past.is_recalled = true;
                waiting.past.others = crashes.saturating_sub(job.attempts);
                match (Seam::recalled(&job), &job.task) {
                    (Some(seam), _) => self.hold_back(waiting, seam).await,
                    (None, Task::Question { .. }) => {
                        self.recent.note(&job, clock::instant());
                        self.ctx.desk.ask(waiting).await;
                    }
                    (None, _) => self.hand_over(job).await,
                }
            }
        }
    }

    /// How often the bot has crashed of late.
    async fn crashes(&self) -> Result<u8, StoreError> {
        let (store, now) = (&self.ctx.engine.store, clock::now());
        if store.was_repaired() {
            store.write(move |rows| rows.note_death(now, OF_LATE)).await
        } else {
            store.read(move |rows| rows.deaths(now, OF_LATE)).await
        }
    }

    /// The stored offset, unless it is so old that it may point past everything new.
    async fn last_offset(&mut self, bot: UserId) -> Result<Option<i64>, StoreError> {
        let store = &self.ctx.engine.store;
        let stored = store.read(move |rows| rows.offset(bot.0)).await?;
        self.silence = Silence::since(stored.map(|(_, date)| date));
        let now = clock::now();
        Ok(stored
            .filter(|(_, date)| now.is_within(OFFSET_AGE, *date))
            .map(|(offset, _)| offset))
    }

    /// Telegram has answered a poll. What it tells is stored with the time; that it has nothing to tell
    /// is now and then.
    fn hears(&mut self, batch: &Batch, (me, offset): (&Me, Option<i64>)) {
        let now = batch.date.unwrap_or_else(clock::now);
        let stale_after = self.ctx.engine.settings().config.limits.stale_after;
        self.silence.ends(now, stale_after);
        if !batch.updates.is_empty() {
            return;
        }
        self.silence.is_made_up_for();
        if let Some(offset) = offset.filter(|_| self.silence.is_to_be_noted()) {
            let (bot, store) = (me.id.0, &self.ctx.engine.store);
            // A failure is one of the data file, which says so by itself.
            drop(store.write_soon(move |rows| rows.set_offset(bot, offset, clock::now())));
            self.silence.is_noted();
        }
    }

    /// Waits for something, and meanwhile hands over the questions to which no further piece came, and
    /// starts the commands that wait.
    async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            let due = self.held_back.due();
            let any_time = clock::instant();
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = self.bypass.one_has_ended(), if self.bypass.is_under_way() => {}
                () = sleep_until(due.unwrap_or(any_time)), if due.is_some() => {
                    for waiting in self.held_back.take_due(clock::instant()) {
                        self.release(waiting).await;
                    }
                }
            }
        }
    }

    /// Journals a batch and hands its jobs over; the offset to poll from next, or `None` when
    /// nothing could be stored and the same batch must come again.
    async fn take_in(&mut self, batch: &Batch, me: &Me) -> Option<i64> {
        let last = batch.updates.last()?.id;
        self.ctx
            .engine
            .metrics
            .updates
            .fetch_add(batch.updates.len() as u64, Ordering::Relaxed);
        let before = Before {
            room: room(&self.ctx).saturating_sub(self.held_back.len()),
            seams: self.held_back.seams(),
            recent: self.recent.questions(clock::instant()),
            told: self.refusals.recent(clock::instant()),
            is_behind: self.silence.is_behind(),
            heard: self.silence.date(clock::now()),
        };
        match journal::store(&self.ctx, batch, me, before).await {
            Ok(journaled) => {
                self.refusals.note(journaled.told, clock::instant());
                self.ctx.mail.push(&journaled.rows).await;
                // What came before this batch goes first.
                for waiting in self.held_back.follow(&journaled.seams, clock::instant()) {
                    self.release(waiting).await;
                }
                for (lane, draft) in journaled.stopped {
                    self.ctx.desk.stop(lane, draft).await;
                }
                for job in journaled.changed {
                    self.ctx.desk.cancel_job(job).await;
                }
                for job in journaled.jobs {
                    let seam = journaled.seams.get(&job.lane);
                    match seam.filter(|seam| seam.job == job.id) {
                        Some(seam) => self.hold_back(of_question(&job), seam.clone()).await,
                        None => self.hand_over(job).await,
                    }
                }
                let left = journaled.left.map(|left| left.0);
                if left.is_none() && batch.updates.len() < usize::from(BATCH) {
                    self.silence.is_made_up_for();
                }
                self.silence.is_noted();
                let bound = self.ctx.engine.settings().config.limits.queue;
                self.wanted = left.map_or(1, |_| bound.min(usize::from(BATCH)));
                Some(left.unwrap_or(last.0 + 1))
            }
            Err(error) => {
                error!(err:% = error; "updates not stored, they will be fetched again");
                sleep(RETRY_STORE).await;
                None
            }
        }
    }

    /// Holds back a question that may get a further piece; the one of its lane that was held back
    /// before goes to the queue.
    async fn hold_back(&mut self, waiting: Waiting, seam: Seam) {
        let before = self.held_back.put(waiting, seam, clock::instant());
        if let Some(before) = before {
            self.release(before).await;
        }
    }

    /// A question that was held back goes to the queue; a forward that stayed all that an Owner sent is
    /// about whoever wrote it.
    async fn release(&mut self, waiting: Waiting) {
        if waiting.role == Role::Owner {
            match self.about_account(waiting.job).await {
                Ok(Some(job)) => return self.hand_over(job).await,
                Ok(None) => {}
                Err(error) => warn!(job = waiting.job.0, err:% = error; "forward asked as it is"),
            }
        }
        self.ctx.desk.ask(waiting).await;
    }

    /// The job as a command, where it is nothing but a forward of somebody.
    async fn about_account(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        let store = &self.ctx.engine.store;
        let job = store.read(move |rows| rows.job(id)).await?;
        let alone = job.and_then(|job| Some((job.task.account_alone()?, job)));
        let Some((account, job)) = alone else {
            return Ok(None);
        };
        let task = match account {
            Whose::User(id) => Task::Command(Command {
                name: "users".to_owned(),
                arguments: id.to_string(),
            }),
            Whose::Hidden => Task::Tell(Notice::HiddenAccount),
        };
        let job = Job { task, ..job };
        let row = job.clone();
        store.write(move |rows| rows.put_job(&row)).await?;
        Ok(Some(job))
    }

    /// A question goes to the queue, everything else bypasses it. A command that ends what its lane
    /// asked before holds the lane from here on: what is handed over later waits for its effect, in
    /// that lane and in no other.
    async fn hand_over(&mut self, job: Job) {
        self.recent.note(&job, clock::instant());
        let hold = match &job.task {
            Task::Question { .. } => return self.ctx.desk.ask(of_question(&job)).await,
            Task::Command(_) | Task::Tell(_) if !self.bypass.admits(&job) => {
                return self.bypass.discard(job);
            }
            Task::Command(command) => match commands::ends(command, job.role, job.kind.into()) {
                Some(end) => Some(self.ctx.desk.hold(job.lane, end).await),
                None => None,
            },
            Task::Tell(_) => None,
        };
        self.bypass.start(job, hold).await;
    }
}
