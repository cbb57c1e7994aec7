//! One turn as the scheduler runs it: its beginning and its cancelling, the answer, what is seen of
//! it meanwhile, its commit, the hand-over of its rows to delivery, and what follows for its job.
//! Invariant: a turn that cannot be stored ends with a word to the person, unless the disk is in
//! the way or the bot stops.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use log::{error, warn};
use tokio::task::JoinError;
use tokio::time::sleep;

use crate::app::Ctx;
use crate::app::call::{Run, Sight, View};
use crate::app::ending::{Cancel, Ending, Next, Request};
use crate::app::turn::live::Live;
use crate::app::turn::{self, Concluded, Finished};
use crate::chat::answer::Viewer;
use crate::chat::{Job, JobId, MessageId};
use crate::queue::{Past, Waiting};
use crate::store::StoreError;

/// How often a turn that could not be stored is tried.
const MOST_TRIES: u32 = 5;
/// Wait before a turn that could not be stored is tried again.
const MISHAP: Duration = Duration::from_secs(2);

/// A change of a job that was handed to the store: it comes before what is asked of the store
/// later.
pub(crate) type Change = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A turn under way.
pub(crate) struct Running {
    pub(crate) waiting: Waiting,
    cancel: Arc<Cancel>,
    sight: Arc<Sight>,
}

/// What follows from the end of a turn for its job.
#[derive(Default)]
pub(crate) struct After {
    pub(crate) change: Option<Change>,
    /// The job, where it is answered again.
    pub(crate) again: Option<Waiting>,
}

impl Running {
    /// A turn for this job, that begins with [`Running::turn`].
    pub(crate) fn new(waiting: Waiting) -> Self {
        Self {
            waiting,
            cancel: Arc::default(),
            sight: Arc::new(Sight::new()),
        }
    }

    /// The turn from its beginning to its end.
    pub(crate) fn turn(&self, ctx: &Arc<Ctx>) -> impl Future<Output = Ending> + Send + use<> {
        turn(
            Arc::clone(ctx),
            self.waiting,
            Arc::clone(&self.cancel),
            Arc::clone(&self.sight),
        )
    }

    /// Has the turn end from outside, in this way.
    pub(crate) fn cancel(&self, requested: Request) {
        self.cancel.end(requested);
    }

    /// How the task of the turn ended.
    pub(crate) fn ending(&self, ctx: &Ctx, joined: Result<Ending, JoinError>) -> Ending {
        joined.unwrap_or_else(|error| {
            error!(job = self.waiting.job.0, err:% = error; "turn panicked");
            let panics = &ctx.engine.metrics.panics;
            panics.fetch_add(1, Ordering::Relaxed);
            Ending::Panicked
        })
    }

    /// Does what an ending asks for, once the turn is over.
    pub(crate) fn after(&self, ctx: &Arc<Ctx>, ending: Ending) -> After {
        let waiting = self.waiting;
        let change = match ending.next(self.cancel.requested(), waiting.past) {
            Next::Left => None,
            Next::Discard => Some(discard(ctx, waiting.job)),
            Next::Stay => Some(self.stops(ctx)),
            Next::Resume => Some(self.resumes(ctx)),
            Next::Again(past) => {
                return After {
                    change: (ending == Ending::Panicked).then(|| self.stops(ctx)),
                    again: Some(Waiting { past, ..waiting }),
                };
            }
        };
        After {
            change,
            again: None,
        }
    }

    /// What the row of the job says of its crashes.
    const fn run(&self) -> Run {
        Run {
            job: self.waiting.job,
            crashes: self.waiting.past.crashes,
        }
    }

    /// The turn has ended, and its job stays: a later crash is not counted against it.
    fn stops(&self, ctx: &Ctx) -> Change {
        let run = self.run();
        let marked = ctx.engine.store.write_soon(move |rows| run.stops(rows));
        Box::pin(async move {
            if let Err(error) = marked.await {
                warn!(job = run.job.0, err:% = error; "an ended turn could not be marked");
            }
        })
    }

    /// A stop of the bot broke the turn off: that is not counted against its job, and what the
    /// person has seen of the answer stays with it.
    fn resumes(&self, ctx: &Ctx) -> Change {
        let run = self.run();
        let seen = self.sight.so_far();
        let store = &ctx.engine.store;
        let marked =
            store.write(move |rows| rows.interrupt_job(run.job, run.crashes, seen.as_deref()));
        Box::pin(async move {
            if let Err(error) = marked.await {
                warn!(job = run.job.0, err:% = error; "an interrupted turn could not be marked");
            }
        })
    }
}

/// A job that does not run and is not wanted any more leaves the inbox.
pub(crate) fn discard(ctx: &Arc<Ctx>, job: JobId) -> Change {
    let ctx = Arc::clone(ctx);
    let settings = ctx.engine.settings();
    let store = &ctx.engine.store;
    let removed = store.write(move |rows| turn::discard(rows, &settings, job));
    Box::pin(async move {
        match removed.await {
            Ok(rows) => ctx.mail.push(&rows).await,
            Err(error) => {
                warn!(job = job.0, err:% = error; "stopped job left in the inbox");
            }
        }
    })
}

/// Answers a job of the inbox; nothing comes of it when it is not there any more.
async fn turn(ctx: Arc<Ctx>, waiting: Waiting, cancel: Arc<Cancel>, sight: Arc<Sight>) -> Ending {
    let ended = whole(&ctx, waiting, &cancel, &sight).await;
    ended.unwrap_or_else(|error| {
        warn!(job = waiting.job.0, err:% = error; "turn could not be stored");
        Ending::NotStored
    })
}

/// The steps of a turn: read the job, answer it while what there is of the answer is shown, commit,
/// and hand the rows to delivery.
async fn whole(
    ctx: &Arc<Ctx>,
    waiting: Waiting,
    cancel: &Cancel,
    sight: &Sight,
) -> Result<Ending, StoreError> {
    let id = waiting.job;
    let Some(job) = ctx.engine.store.read(move |rows| rows.job(id)).await? else {
        return Ok(Ending::Gone);
    };
    if let Some(earlier) = &job.seen {
        sight.shown_earlier(earlier);
    }
    let view = View {
        stream: ctx.engine.settings().config.answers.stream,
        viewer: Viewer::Nobody,
        sight,
        cancel,
    };
    let live = Live::of(ctx, &job, sight);
    let _closing = live.as_deref().map(Closing);
    let answering = answer(ctx, &job, waiting.past, view);
    let finished = match &live {
        Some(live) => tokio::select! {
            finished = answering => finished,
            never = live.run(ctx) => match never {},
        },
        None => answering.await,
    };
    let shown = match &live {
        Some(live) => live.close(ctx).await,
        None => None,
    };
    let finished = match finished {
        Err(error) if is_its_own(&error) => {
            error!(job = id.0, err:% = error; "a turn met what cannot be read or stored");
            Finished::apology(&ctx.engine, &job, &error)
        }
        finished => finished?,
    };
    let sum_up = finished.sum_up();
    let concluded = conclude(ctx, finished, shown, id).await?;
    ctx.mail.push(&concluded.rows).await;
    if let Some(sum_up) = sum_up.filter(|_| concluded.ending == Ending::Answered) {
        // Where too much waits it is done after another answer.
        drop(ctx.notes.try_send(sum_up));
    }
    Ok(concluded.ending)
}

/// [`turn::answer`], again where the disk was in the way.
async fn answer(ctx: &Ctx, job: &Job, past: Past, view: View<'_>) -> Result<Finished, StoreError> {
    // A question that was changed since has nothing behind it.
    let crashes = past.crashes.min(job.attempts);
    let past = Past { crashes, ..past };
    let mut tries = 1;
    loop {
        match turn::answer(&ctx.engine, Some(&ctx.downloads), job, past, view).await {
            Err(error) if once_more(job.id, &mut tries, &error).await => {}
            ended => return ended,
        }
    }
}

/// [`turn::conclude`], again where the disk was in the way, and with less where what was made cannot
/// be stored.
async fn conclude(
    ctx: &Ctx,
    mut finished: Finished,
    shown: Option<MessageId>,
    job: JobId,
) -> Result<Concluded, StoreError> {
    let mut tries = 1;
    loop {
        match turn::conclude(&ctx.engine, &finished, shown).await {
            Err(error) if once_more(job, &mut tries, &error).await => {}
            Err(error) if is_its_own(&error) => {
                error!(job = job.0, err:% = error; "what a turn made cannot be stored");
                finished = finished.lesser(&ctx.engine, &error).ok_or(error)?;
            }
            ended => return ended,
        }
    }
}

/// However a turn ends, nothing more of its answer is shown.
struct Closing<'a>(&'a Live);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

/// Whether an error is about what this turn reads or writes: waiting would not help.
const fn is_its_own(error: &StoreError) -> bool {
    match error {
        StoreError::Row { .. } | StoreError::Panicked => true,
        StoreError::Io(_)
        | StoreError::Unavailable
        | StoreError::Damaged(_)
        | StoreError::Closed => false,
    }
}

/// Whether a half of a turn is to be done again because the disk was in the way: the row is still
/// in the inbox, and the lane stays ours.
async fn once_more(job: JobId, tries: &mut u32, error: &StoreError) -> bool {
    let may = error.may_pass() && *tries < MOST_TRIES;
    if may {
        warn!(job = job.0, err:% = error; "turn not stored, once more");
        *tries += 1;
        sleep(MISHAP).await;
    }
    may
}
