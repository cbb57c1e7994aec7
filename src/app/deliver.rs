//! Outbox to Telegram, row by row: the only caller of Telegram sends. Owns the order, the pace and
//! the parking of what leaves (`outgoing`), and the bound on sends at once.
//!
//! Invariant: a row leaves the outbox only after Telegram acknowledged it or refused it for good,
//! and the next row of its chat is tried only after that is on disk.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use log::{error, info, warn};
use tokio::sync::mpsc;
use tokio::task::{Id, JoinError, JoinSet, spawn_blocking};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::app::journal::set_reachable;
use crate::app::{Ctx, GRACE};
use crate::chat::{ChatId, MessageId, Outbound, Parcel};
use crate::clock::{self, Timestamp};
use crate::config::SendRate;
use crate::outgoing::{Ended, Head, Outgoing};
use crate::store::{self, StoreError};
use crate::telegram::verdict::Refusal;
use crate::telegram::{CallError, send};

/// Sends at the same time; each holds a thread of the blocking pool.
pub(crate) const SENDS: usize = 16;
/// Rows that may wait to be told to the delivery; they are on disk already.
const LETTERS: usize = 256;
/// What Telegram names for bulk sending (Bot API FAQ), kept after a flood over several chats.
const BULK_RATE: NonZeroU32 = NonZeroU32::new(30).expect("not zero");
/// Floods of this many chats within `FLOOD_WINDOW` are the bot's, not a chat's (design §5).
const FLOOD_CHATS: usize = 3;
const FLOOD_WINDOW: Duration = Duration::from_secs(10);
const FLOOD_BRAKE: Duration = Duration::from_secs(600);
/// Wait before a row is tried again that could not be read, or whose send panicked.
const MISHAP: Duration = Duration::from_secs(5);

/// The way to the delivery.
#[derive(Clone)]
pub(crate) struct Mail {
    letters: mpsc::Sender<Letter>,
    waiting: Arc<AtomicUsize>,
}

/// What the delivery is told.
pub(crate) enum Letter {
    /// A row that was just stored.
    Row(Head),
    /// A chat we may not write to any more; its rows are gone.
    Closed(ChatId),
}

impl Mail {
    /// The mail slot, and the end of it that [`run`] listens to.
    pub(crate) fn open() -> (Self, mpsc::Receiver<Letter>) {
        let (letters, slot) = mpsc::channel(LETTERS);
        let waiting = Arc::default();
        (Self { letters, waiting }, slot)
    }

    /// Rows to be sent. After the stop they are left to the next start.
    pub(crate) async fn push(&self, rows: &[Head]) {
        for row in rows {
            self.tell(Letter::Row(*row)).await;
        }
    }

    /// Nothing more goes to this chat.
    pub(crate) async fn close(&self, chat: ChatId) {
        self.tell(Letter::Closed(chat)).await;
    }

    async fn tell(&self, letter: Letter) {
        // Fails only once the delivery has stopped.
        drop(self.letters.send(letter).await);
    }

    /// Rows waiting or under way.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

struct Delivery {
    ctx: Arc<Ctx>,
    outgoing: Outgoing,
    sends: JoinSet<Ended>,
    under_way: HashMap<Id, Head>,
    pace: Pace,
    rng: fastrand::Rng,
}

/// Sends what is in the outbox until `stop`.
pub(crate) async fn run(
    ctx: Arc<Ctx>,
    mut letters: mpsc::Receiver<Letter>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let left_over = ctx.engine.store.read(|rows| rows.outbox_heads()).await?;
    if !left_over.is_empty() {
        info!(rows = left_over.len(); "unsent rows recalled");
    }
    let mut delivery = Delivery {
        outgoing: Outgoing::default(),
        sends: JoinSet::new(),
        under_way: HashMap::new(),
        pace: Pace::new(ctx.engine.settings().config.answers.send_rate),
        rng: fastrand::Rng::new(),
        ctx,
    };
    for head in left_over {
        let store::Head { id, chat, rank, not_before } = head;
        delivery.outgoing.push(Head { id, chat, rank, not_before }, clock::now());
    }
    loop {
        let pause = delivery.send_what_may();
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(ended) = delivery.sends.join_next_with_id() => delivery.ended(ended),
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

impl Delivery {
    fn take(&mut self, letter: Letter) {
        match letter {
            Letter::Row(head) => self.outgoing.push(head, clock::now()),
            Letter::Closed(chat) => self.outgoing.close(chat),
        }
    }

    /// Starts every send that may go now, and says when to look again.
    fn send_what_may(&mut self) -> Duration {
        /// Nothing is due: only a letter or an ended send can change that.
        const IDLE: Duration = Duration::from_secs(60);
        let pause = loop {
            let now = clock::now();
            let Some(due) = self.outgoing.wakes_at(now) else { break IDLE };
            if due > now {
                break due.since(now);
            }
            if self.sends.len() >= SENDS {
                break IDLE;
            }
            if let Some(wait) = self.pace.wait(now) {
                break wait;
            }
            let Some(head) = self.outgoing.next(now) else { break IDLE };
            let task = self.sends.spawn(deliver(Arc::clone(&self.ctx), head));
            self.under_way.insert(task.id(), head);
        };
        self.ctx.mail.waiting.store(self.outgoing.len(), Ordering::Relaxed);
        pause
    }

    fn ended(&mut self, ended: Result<(Id, Ended), JoinError>) {
        let now = clock::now();
        let (id, ended) = match ended {
            Ok((id, ended)) => (id, ended),
            Err(error) => {
                error!(err:% = error; "send panicked");
                self.ctx.engine.metrics.panics.fetch_add(1, Ordering::Relaxed);
                (error.id(), Ended::Parked { until: now.after(MISHAP) })
            }
        };
        let Some(head) = self.under_way.remove(&id) else { return };
        if let Ended::Flooded { .. } = ended {
            self.pace.flooded(head.chat, now);
        }
        let jitter = Duration::from_millis(self.rng.u64(0..250));
        self.outgoing.ended(head, ended, now, jitter);
    }
}

/// The bot-wide pace (`SEND_RATE`).
struct Pace {
    rate: SendRate,
    limiter: DefaultDirectRateLimiter,
    floods: VecDeque<(Timestamp, ChatId)>,
    braked_until: Timestamp,
}

impl Pace {
    fn new(rate: SendRate) -> Self {
        let per_second = match rate {
            SendRate::PerSecond(number) => NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN),
            SendRate::Auto | SendRate::Off => BULK_RATE,
        };
        Self {
            rate,
            limiter: RateLimiter::direct(Quota::per_second(per_second)),
            floods: VecDeque::new(),
            braked_until: Timestamp::default(),
        }
    }

    /// How long the next message has to wait; when not at all, it counts as sent.
    fn wait(&self, now: Timestamp) -> Option<Duration> {
        use governor::clock::{Clock, DefaultClock};
        let paced = match self.rate {
            SendRate::PerSecond(_) => true,
            SendRate::Auto => now < self.braked_until,
            SendRate::Off => false,
        };
        if !paced {
            return None;
        }
        let refused = self.limiter.check().err()?;
        Some(refused.wait_time_from(DefaultClock::default().now()))
    }

    /// A chat was told to wait; when several are, the bot as a whole is too fast.
    fn flooded(&mut self, chat: ChatId, now: Timestamp) {
        self.floods.retain(|(at, other)| now.since(*at) < FLOOD_WINDOW && *other != chat);
        self.floods.push_back((now, chat));
        if self.floods.len() >= FLOOD_CHATS && now >= self.braked_until {
            self.braked_until = now.after(FLOOD_BRAKE);
            warn!(chats = self.floods.len(); "several chats are flooded, sending slowly for a while");
        }
    }
}

/// One try to send one row, and what follows from its end.
async fn deliver(ctx: Arc<Ctx>, head: Head) -> Ended {
    let sender = Arc::clone(&ctx);
    let tried = spawn_blocking(move || {
        let row = sender.engine.store.read_now(|rows| rows.outbound(head.id))?;
        Ok(row.map(|row| {
            let sent = send::send(&sender.telegram, &row);
            (row, sent)
        }))
    });
    match tried.await {
        Ok(Ok(Some((row, Ok(sent))))) => {
            ctx.engine.metrics.sent.fetch_add(1, Ordering::Relaxed);
            acknowledged(&ctx, head, row, sent).await
        }
        Ok(Ok(Some((row, Err(error))))) => refused(&ctx, head, row, error).await,
        // Its chat was closed, or it was taken back, while it waited.
        Ok(Ok(None)) => Ended::Gone,
        Ok(Err(error)) => not_read(head, &error),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

fn not_read(head: Head, error: &StoreError) -> Ended {
    error!(row = head.id.0, err:% = error; "outbox row not read");
    Ended::Parked { until: clock::now().after(MISHAP) }
}

/// The row leaves the outbox, and the turn learns its message id, in one commit.
async fn acknowledged(ctx: &Ctx, head: Head, row: Outbound, sent: Option<MessageId>) -> Ended {
    let noted = ctx.engine.store.write_soon(move |rows| {
        rows.remove_outbound(head.id)?;
        match (row.part_of, sent) {
            (Some((lane, job, part)), Some(message)) => {
                rows.record_answer_message(lane, job, part, message).map(drop)
            }
            (Some(_), None) | (None, _) => Ok(()),
        }
    });
    if let Err(error) = noted.await {
        error!(row = head.id.0, err:% = error; "acknowledgement not stored, the part may be repeated");
    }
    Ended::Gone
}

/// Each refusal is a decision (Bot API errors, telegram::verdict).
async fn refused(ctx: &Ctx, head: Head, row: Outbound, error: CallError) -> Ended {
    let refusal = match error {
        CallError::Refused(refusal) => refusal,
        CallError::Fault(_) | CallError::Garbled | CallError::Local(_) => {
            warn!(chat = head.chat.0, err:% = error; "telegram did not take the message");
            return Ended::Unanswered;
        }
    };
    match refusal {
        Refusal::Flood(wait) => {
            let until = clock::now().after(wait);
            warn!(chat = head.chat.0, secs = wait.as_secs(); "chat has to wait");
            change(ctx, head, Outbound { not_before: until, ..row }).await;
            Ended::Flooded { until }
        }
        Refusal::Transient(_) | Refusal::Unauthorized | Refusal::Conflict(_) => {
            warn!(chat = head.chat.0, err:% = refusal; "telegram did not take the message");
            Ended::Unanswered
        }
        Refusal::ReplyGone => mend(ctx, head, without_reply(&row)).await,
        Refusal::TopicGone => mend(ctx, head, without_topic(&row)).await,
        Refusal::Migrated(to) => {
            let from = head.chat;
            let moved = ctx.engine.store.write(move |rows| rows.migrate_chat(from, to)).await;
            info!(chat = from.0, stored = moved.is_ok(); "group became a supergroup");
            Ended::Changed
        }
        Refusal::ChatClosed | Refusal::TopicClosed => {
            info!(chat = head.chat.0; "chat is closed to us");
            closed(ctx, head).await
        }
        Refusal::NotModified | Refusal::Gone | Refusal::QueryExpired => drop_row(ctx, head).await,
        Refusal::BadMarkup
        | Refusal::EmptyText
        | Refusal::TooLong
        | Refusal::FileTooLarge
        | Refusal::NoDrafts
        | Refusal::Rejected(_) => {
            error!(chat = head.chat.0, row = head.id.0, err:% = refusal; "telegram refused our message");
            drop_row(ctx, head).await
        }
    }
}

fn without_reply(row: &Outbound) -> Option<Outbound> {
    let mut row = row.clone();
    match &mut row.parcel {
        Parcel::Send { reply_to, .. } | Parcel::File { reply_to, .. } => {
            reply_to.take()?;
        }
        Parcel::Edit { .. } | Parcel::Delete { .. } | Parcel::Answer { .. } => return None,
    }
    Some(row)
}

fn without_topic(row: &Outbound) -> Option<Outbound> {
    row.topic?;
    Some(Outbound { topic: None, ..row.clone() })
}

/// Stores the row as it is tried next; a row that was mended already is dropped.
async fn mend(ctx: &Ctx, head: Head, mended: Option<Outbound>) -> Ended {
    let Some(row) = mended else { return drop_row(ctx, head).await };
    change(ctx, head, row).await;
    Ended::Changed
}

async fn change(ctx: &Ctx, head: Head, row: Outbound) {
    let changed = ctx.engine.store.write(move |rows| rows.set_outbound(head.id, &row));
    if let Err(error) = changed.await {
        error!(row = head.id.0, err:% = error; "outbox row not changed");
    }
}

async fn drop_row(ctx: &Ctx, head: Head) -> Ended {
    let dropped = ctx.engine.store.write_soon(move |rows| rows.remove_outbound(head.id));
    if let Err(error) = dropped.await {
        error!(row = head.id.0, err:% = error; "outbox row not dropped");
    }
    Ended::Gone
}

/// Nothing can be sent to this chat until it writes to us again.
async fn closed(ctx: &Ctx, head: Head) -> Ended {
    let chat = head.chat;
    let dropped = ctx.engine.store.write(move |rows| {
        rows.remove_outbound(head.id)?;
        rows.drop_outbound_of(chat)?;
        set_reachable(rows, chat, false)
    });
    if let Err(error) = dropped.await {
        error!(chat = chat.0, err:% = error; "rows of a closed chat not dropped");
    }
    ctx.mail.close(chat).await;
    Ended::Gone
}
