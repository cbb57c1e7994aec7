//! Asks for updates, on a thread of its own. Part of the edge; what to do after a failure is
//! decided by [`super::backoff`], and when to ask next by the caller.
//!
//! Owner of the state: [`Poller`] has the thread and its connection; the offset stays with the
//! caller. Invariant: updates are only ever confirmed by the offset of the *next* call, so a poll
//! may be dropped or abandoned at any moment and loses nothing.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use frankenstein::methods::GetUpdatesParams;
use frankenstein::types::AllowedUpdate;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use super::form::Body;
use super::verdict::{Conflict, Refusal};
use super::wire::Success;
use super::{Account, CallError, Client};
use crate::chat::UpdateId;
use crate::clock::Timestamp;
use crate::http::Limits;

/// What is read of one batch.
const MAX_BATCH: u64 = 32 << 20;
/// Enough for TLS and JSON; a thread's default would be eight times as much.
const STACK: usize = 256 << 10;

/// How long a poll may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// How long Telegram holds a poll without updates; its server takes 50 s at most.
    pub(crate) hold: Duration,
    /// For the response's headers, and again for its body; more than `hold`.
    pub(crate) read: Duration,
    /// For everything; past it the poll is abandoned.
    pub(crate) deadline: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hold: Duration::from_secs(50),
            read: Duration::from_secs(65),
            deadline: Duration::from_secs(75),
        }
    }
}

/// Updates, oldest first.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) updates: Vec<RawUpdate>,
    /// The clock of Telegram's server, whole seconds.
    pub(crate) date: Option<Timestamp>,
}

/// An update whose id is known; the rest may be beyond us.
#[derive(Debug)]
pub(crate) struct RawUpdate {
    pub(crate) id: UpdateId,
    /// The whole update.
    pub(crate) json: Box<RawValue>,
}

/// Why a poll brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PollError {
    /// The token is wrong or revoked, or Telegram says so in passing: only `getMe` decides.
    #[error("the bot token is not accepted")]
    Unauthorized,
    /// A second instance polls; during a restart once or twice is normal.
    #[error("another instance polls with this token")]
    OtherPoller,
    /// Call [`super::send::delete_webhook`].
    #[error("a webhook is set for this token")]
    Webhook,
    #[error("too many requests: wait {} s", .0.as_secs())]
    Flood(Duration),
    /// Telegram cannot be reached, fails, or gives an answer that is not the Bot API's.
    #[error(transparent)]
    Down(CallError),
    /// No end within the deadline; the next poll gets a new thread and a new connection.
    #[error("the poll did not end in time")]
    Hung,
}

impl From<CallError> for PollError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused(Refusal::Unauthorized) => Self::Unauthorized,
            CallError::Refused(Refusal::Conflict(Conflict::Poller)) => Self::OtherPoller,
            CallError::Refused(Refusal::Conflict(Conflict::Webhook)) => Self::Webhook,
            CallError::Refused(Refusal::Flood(wait)) => Self::Flood(wait),
            CallError::Refused(_)
            | CallError::Fault(_)
            | CallError::Garbled
            | CallError::Local(_) => Self::Down(error),
        }
    }
}

/// Polls one bot's updates.
#[derive(Debug)]
pub(crate) struct Poller {
    account: Account,
    settings: Settings,
    /// Absent at first, while a poll runs, and after one was dropped or abandoned.
    worker: Option<Worker>,
}

impl Poller {
    pub(crate) const fn new(account: Account, settings: Settings) -> Self {
        Self {
            account,
            settings,
            worker: None,
        }
    }

    /// One `getUpdates` for at most `limit` (1–100) updates. `offset` is the last confirmed id
    /// plus one, and confirms everything below it.
    ///
    /// Dropping the future breaks the call off and loses nothing.
    pub(crate) async fn next(
        &mut self,
        offset: Option<i64>,
        limit: u8,
    ) -> Result<Batch, PollError> {
        let worker = match self.worker.take() {
            Some(worker) => worker,
            None => Worker::start(&self.account, self.settings)?,
        };
        let answer = worker.ask(self.params(offset, limit));
        // In every case but an answer the worker is dropped here, which breaks its call off.
        match tokio::time::timeout(self.settings.deadline, answer).await {
            Ok(Ok(answer)) => {
                self.worker = Some(worker);
                Ok(answer?)
            }
            Ok(Err(_)) | Err(_) => Err(PollError::Hung),
        }
    }

    fn params(&self, offset: Option<i64>, limit: u8) -> GetUpdatesParams {
        let hold = self.settings.hold.as_secs();
        GetUpdatesParams::builder()
            .maybe_offset(offset)
            .limit(u32::from(limit.clamp(1, 100)))
            .timeout(u32::try_from(hold).unwrap_or(u32::MAX))
            // Exactly what `decode` makes events of.
            .allowed_updates(vec![
                AllowedUpdate::Message,
                AllowedUpdate::EditedMessage,
                AllowedUpdate::CallbackQuery,
                AllowedUpdate::MyChatMember,
                AllowedUpdate::StoppedMessageGeneration,
            ])
            .build()
    }
}

/// The handle of the thread that polls; dropping it ends the thread.
#[derive(Debug)]
struct Worker {
    calls: SyncSender<Call>,
    client: Client,
}

/// One `getUpdates`, and where its answer goes.
struct Call {
    params: GetUpdatesParams,
    answer: oneshot::Sender<Result<Batch, CallError>>,
}

impl Worker {
    fn start(account: &Account, settings: Settings) -> Result<Self, CallError> {
        let client = account.client(Limits {
            first_byte: settings.read,
            body: Some(settings.read),
            between_bytes: None,
            idle_connections: 1,
        });
        let (calls, to_do) = sync_channel(1);
        let worker = Self {
            calls,
            client: client.clone(),
        };
        thread::Builder::new()
            .name("svs-poll".to_owned())
            .stack_size(STACK)
            .spawn(move || work(&client, &to_do))?;
        Ok(worker)
    }

    /// A worker whose thread has died answers at once, with an error.
    fn ask(&self, params: GetUpdatesParams) -> oneshot::Receiver<Result<Batch, CallError>> {
        let (answer, answered) = oneshot::channel();
        let call = Call { params, answer };
        // A call that is not taken drops its sender, which the receiver sees.
        drop(self.calls.try_send(call));
        answered
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.client.clone().shut_down();
    }
}

/// Runs until the worker is dropped.
fn work(client: &Client, to_do: &Receiver<Call>) {
    for Call { params, answer } in to_do {
        // Nobody waits any more when the poll was dropped; Telegram keeps what it brought.
        drop(answer.send(poll(client, &params)));
    }
}

fn poll(client: &Client, params: &GetUpdatesParams) -> Result<Batch, CallError> {
    let reply = client.post("getUpdates", Body::json(params)?, MAX_BATCH)?;
    let raw: Success<Vec<Box<RawValue>>> = client.judge(&reply)?;
    Ok(Batch {
        updates: raw.result.into_iter().filter_map(identified).collect(),
        date: reply.date,
    })
}

/// An element without an id cannot be confirmed and is left out; the next good one confirms it.
fn identified(json: Box<RawValue>) -> Option<RawUpdate> {
    #[derive(Deserialize)]
    struct Identity {
        update_id: UpdateId,
    }
    let identity: Identity = serde_json::from_str(json.get()).ok()?;
    Some(RawUpdate {
        id: identity.update_id,
        json,
    })
}

#[cfg(test)]
mod tests;
