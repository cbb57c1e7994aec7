//! Outbox to Telegram, row by row: the only caller of Telegram sends. Owns the order, the pace and
//! the parking of what leaves (`outgoing`), and the bound on sends at once.
//!
//! Moments are those of [`clock::steady()`], so that a clock that is set holds nothing up.
//!
//! Invariant: a row leaves the outbox only after Telegram acknowledged it or refused it for good,
//! and the next row of its chat is tried only after that is on disk.

mod attempt;
mod frame;
mod halves;
mod mail;
mod pace;
mod record;
mod repair;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use log::{error, info, warn};
use tokio::sync::mpsc;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::app::turn::live::Live;
use crate::app::{Ctx, GRACE};
use crate::chat::{ChatId, Failing, JobId, MessageId, Outbound, OutboxId, Rank};
use crate::clock::{self, Pause, Timestamp};
use crate::outgoing::{Due, Ended, Fate, Frame, Head, Item, Outgoing};
use crate::store::Read;
use mail::LETTERS;
pub(crate) use mail::{Letter, Mail};
use pace::Pace;

/// Sends at the same time; each holds a thread.
pub(crate) const SENDS: usize = 16;
/// Of these, frames of growing answers and rows of a broadcast: the others are left to what somebody
/// waits for.
const BULK: usize = SENDS / 2;
/// Wait before a row is tried again that could not be read.
const MISHAP: Duration = Duration::from_secs(5);

/// Sends a message now and once, past every line and the data file: one that tells that nothing can
/// be stored, or that the bot is to leave.
/// Gives the message that was sent or changed.
pub(crate) async fn send_at_once(ctx: &Arc<Ctx>, row: Outbound) -> Option<MessageId> {
    attempt::pass(ctx, row).await
}

struct Delivery {
    ctx: Arc<Ctx>,
    outgoing: Outgoing,
    sends: JoinSet<Ended>,
    under_way: HashMap<Id, Due>,
    /// Failed tries on their way to the disk.
    notes: JoinSet<()>,
    /// Answers that wish to show something.
    growing: HashMap<JobId, (Arc<Live>, Frame)>,
    pace: Pace,
    rng: fastrand::Rng,
}

/// Sends what is in the outbox until `stop`.
pub(crate) async fn run(
    ctx: Arc<Ctx>,
    mut letters: mpsc::Receiver<Letter>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let left_over = ctx.engine.store.read(Read::outbox_heads).await?;
    let parked = ctx.engine.store.read(Read::parked).await?;
    if !left_over.is_empty() {
        info!(rows = left_over.len(); "unsent rows recalled");
    }
    let mut delivery = Delivery {
        outgoing: Outgoing::default(),
        sends: JoinSet::new(),
        under_way: HashMap::new(),
        notes: JoinSet::new(),
        growing: HashMap::new(),
        pace: Pace::new(ctx.engine.settings().config.answers.send_rate),
        rng: fastrand::Rng::new(),
        ctx,
    };
    for (chat, pause) in parked {
        let until = end_of(pause);
        delivery.outgoing.park(chat, until, clock::steady());
    }
    for (head, pause) in left_over {
        delivery
            .outgoing
            .push(recalled(head, pause), clock::steady());
    }
    loop {
        let pause = delivery.send_what_may();
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(ended) = delivery.sends.join_next_with_id() => {
                // What a try put in the place of its row is known before its line goes on: it is
                // among the letters that are there.
                for _ in 0..LETTERS {
                    let Ok(letter) = letters.try_recv() else {
                        break;
                    };
                    delivery.take(letter);
                }
                delivery.ended(ended);
            }
            Some(letter) = letters.recv() => delivery.take(letter),
            () = sleep(pause) => {}
        }
    }
    // What is on its way may still arrive; the rest stays in the outbox.
    let rest = async { while delivery.sends.join_next().await.is_some() {} };
    if timeout(GRACE, rest).await.is_err() {
        info!("sends left unanswered at the stop");
    }
    Ok(())
}

/// A row as it stands after a restart.
fn recalled(head: Head, pause: Option<Pause>) -> Head {
    let Some(pause) = pause else { return head };
    Head {
        not_before: end_of(pause),
        failing: head.failing.recalled(pause, clock::now()),
        ..head
    }
}

/// When a stored pause ends, as the steady count of this run tells time.
fn end_of(pause: Pause) -> Timestamp {
    clock::steady().after(pause.left(clock::now()))
}

impl Delivery {
    fn take(&mut self, letter: Letter) {
        match letter {
            Letter::Row(head) => self.outgoing.push(head, clock::steady()),
            Letter::Moved(chat, rows) => self.outgoing.forget(chat, &rows, clock::steady()),
            Letter::Closed(chat) => {
                self.outgoing.close(chat);
                self.growing.retain(|_, (live, _)| live.chat != chat);
            }
            Letter::Frame(live, frame) => {
                self.outgoing
                    .request_frame(live.chat, live.job, frame, clock::steady());
                self.growing.insert(live.job, (live, frame));
            }
            Letter::Over(chat, job) => {
                if self.growing.remove(&job).is_some() {
                    self.outgoing.cancel_frame(chat, job, clock::steady());
                }
            }
        }
    }

    /// Starts every send that may go now, and says when to look again.
    fn send_what_may(&mut self) -> Duration {
        /// Nothing is due: only a letter or an ended send can change that.
        const IDLE: Duration = Duration::from_mins(1);
        let pause = loop {
            let now = clock::steady();
            if self.sends.len() >= SENDS {
                break IDLE;
            }
            match self.outgoing.next_at(now) {
                None => break IDLE,
                Some(due) if due > now => break due.since(now),
                Some(_) => {}
            }
            let rank = self.outgoing.next_rank().unwrap_or(Rank::Final);
            // Neither holds up what becomes due before.
            let next = self.outgoing.wakes_at().map_or(IDLE, |at| at.since(now));
            if rank >= Rank::Edit && self.bulk_under_way() >= BULK {
                break next;
            }
            if let Some(wait) = self.pace.wait(rank, clock::instant()) {
                break wait.min(next);
            }
            let Some(due) = self.outgoing.next(now) else {
                break IDLE;
            };
            self.start(due);
        };
        self.ctx
            .mail
            .waiting
            .store(self.outgoing.len(), Ordering::Relaxed);
        pause
    }

    fn bulk_under_way(&self) -> usize {
        let is_bulk = |due: &&Due| due.rank >= Rank::Edit;
        self.under_way.values().filter(is_bulk).count()
    }

    fn start(&mut self, due: Due) {
        let ctx = Arc::clone(&self.ctx);
        let task = match due.item {
            Item::Row(id) => {
                let head = Head {
                    id,
                    chat: due.chat,
                    rank: due.rank,
                    not_before: Timestamp::default(),
                    failing: Failing::default(),
                };
                self.sends.spawn(attempt::deliver(ctx, head))
            }
            Item::Frame(job) => match self.growing.remove(&job) {
                Some((live, granted)) => self.sends.spawn(frame::show(ctx, live, granted)),
                None => self.sends.spawn(async { Ended::Unsent }),
            },
        };
        self.under_way.insert(task.id(), due);
    }

    fn ended(&mut self, ended: Result<(Id, Ended), JoinError>) {
        let now = clock::steady();
        let (id, ended) = match ended {
            Ok((id, ended)) => (id, ended),
            Err(error) => {
                error!(err:% = error; "send panicked");
                self.ctx
                    .engine
                    .metrics
                    .panics
                    .fetch_add(1, Ordering::Relaxed);
                (error.id(), Ended::Broken)
            }
        };
        let Some(due) = self.under_way.remove(&id) else {
            return;
        };
        if let Ended::Flooded { .. } = ended
            && let Some(chats) = self.pace.flooded(due.chat, clock::instant())
        {
            warn!(chats; "several chats are flooded, sending slowly for a while");
        }
        let jitter = Duration::from_millis(self.rng.u64(0..250));
        let fate = self.outgoing.ended(due, ended, now, jitter);
        if let (Item::Row(row), Some(fate)) = (due.item, fate) {
            self.keep(row, due.chat, fate);
        }
    }

    /// Stores what became of a row that Telegram keeps failing on. Should that be lost in a crash, the
    /// row has a few tries more.
    fn keep(&mut self, row: OutboxId, chat: ChatId, fate: Fate) {
        let store = &self.ctx.engine.store;
        let stored = match fate {
            Fate::Waits(failing) => {
                store.write_soon(move |rows| rows.note_failing(row, failing, None))
            }
            Fate::Aside(failing, length) => {
                warn!(chat = chat.0, row = row.0, tries = failing.tries, again_secs = length.as_secs(); "telegram keeps failing on this row alone: set aside");
                let pause = Some(Pause::new(clock::now(), length));
                store.write_soon(move |rows| rows.note_failing(row, failing, pause))
            }
            Fate::GivenUp(failing) => {
                error!(chat = chat.0, row = row.0, tries = failing.tries, secs = failing.lasted.as_secs(); "telegram kept failing on this row: dropped");
                store.write_soon(move |rows| rows.remove_outbound(row).map(drop))
            }
        };
        while self.notes.try_join_next().is_some() {}
        self.notes.spawn(async move {
            if let Err(error) = stored.await {
                warn!(row = row.0, err:% = error; "failed tries of a row not noted");
            }
        });
    }
}
