//! Sums up what of a long conversation is not shown to the model any more, after an answer and out of
//! everybody's way: only with quota that nobody misses, and behind all others.

use std::sync::Arc;
use std::time::Duration;

use log::{debug, warn};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::LAST;
use crate::app::call::{self, Question, Run, Sight, View};
use crate::app::ending::Cancel;
use crate::app::engine::Engine;
use crate::catalog::Tier;
use crate::chat::answer::Viewer;
use crate::chat::part::text_of;
use crate::chat::prompt::Prompt;
use crate::chat::{JobId, Lane, Remembered, StoredTurn, summary};
use crate::clock;
use crate::config::Stream;
use crate::gemini::shape::Output;
use crate::keys::Group;
use crate::store::StoreError;
use crate::tier::Day;

/// How long the model may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// What waits to be summed up; more is left for the next answer.
const WAITING: usize = 16;

/// Where it is sent to be summed up.
pub(crate) type Notes = mpsc::Sender<SumUp>;

/// The way there, and the end of it that [`run`] listens to.
pub(crate) fn open() -> (Notes, mpsc::Receiver<SumUp>) {
    mpsc::channel(WAITING)
}

/// Sums up what comes, one after the other, until `stop`.
pub(crate) async fn run(
    engine: Arc<Engine>,
    mut waiting: mpsc::Receiver<SumUp>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let work = async {
        while let Some(next) = waiting.recv().await {
            next.run(&engine).await;
        }
    };
    stop.run_until_cancelled(work).await;
    Ok(())
}

/// Rounds that are to be summed up.
#[derive(Clone)]
pub(crate) struct SumUp {
    /// The last of them, which keeps what comes of it.
    lane: Lane,
    job: JobId,
    prompt: Arc<Prompt>,
    groups: Vec<Group>,
}

impl SumUp {
    /// What is to be summed up of a conversation whose oldest rounds, so many, are not shown.
    pub(super) fn of(
        lane: Lane,
        context: &[Remembered],
        dropped: usize,
        groups: Vec<Group>,
    ) -> Option<Self> {
        let dropped = context.get(..dropped)?;
        let last = dropped.last().filter(|last| last.summary().is_none())?;
        let noted = dropped.iter().rposition(|round| round.summary().is_some());
        let before = noted.and_then(|at| dropped.get(at)?.summary());
        let since = dropped.get(noted.map_or(0, |at| at + 1)..)?;
        let rounds: Vec<&StoredTurn> = since.iter().map(|round| &**round).collect();
        let lane = match lane {
            Lane::Telegram { chat, topic, .. } => Lane::Telegram {
                chat,
                topic,
                person: last.person,
            },
            Lane::Terminal => Lane::Terminal,
        };
        Some(Self {
            lane,
            job: last.job,
            prompt: Arc::new(summary::request(before, &rounds)),
            groups,
        })
    }

    /// Has it summed up, if there is quota to spare.
    async fn run(self, engine: &Arc<Engine>) {
        let left = engine
            .lending
            .with(|pool| pool.left(Tier::Lite, &self.groups, clock::now()));
        if left != Some(Day::Plenty) {
            return debug!("nothing to spare to sum a conversation up");
        }
        if let Err(error) = self.sum_up(engine).await {
            warn!(err:% = error; "a conversation was not summed up");
        }
    }

    async fn sum_up(self, engine: &Arc<Engine>) -> Result<(), StoreError> {
        let (sight, cancel, settings) = (Sight::new(), Cancel::default(), engine.settings());
        let question = Question {
            prompt: self.prompt,
            kind: Tier::Lite.into(),
            output: Output::Text,
            signed_by: None,
            groups: self.groups,
            rank: LAST,
            deadline: clock::instant() + PATIENCE,
            // Its own job has ended: what is noted of it is noted of nobody.
            run: Run {
                job: self.job,
                crashes: 0,
            },
            view: View {
                stream: Stream::Off,
                viewer: Viewer::Nobody,
                sight: &sight,
                cancel: &cancel,
            },
        };
        let called = call::until_answered(engine, &settings, &question).await?;
        engine.store_changes(called.changes).await;
        let answer = called.result.ok();
        let notes = answer.and_then(|answer| summary::kept(&text_of(&answer.parts)));
        if let Some(notes) = notes {
            let (lane, job) = (self.lane, self.job);
            let stored = engine
                .store
                .write(move |rows| rows.sum_up_to(lane, job, &notes));
            stored.await?;
            debug!("a conversation was summed up");
        }
        Ok(())
    }
}
