//! The data file (design §6): the only code that knows redb, tables and row formats. An edge.
//! State: the file, a cache in front of it, and one writer thread that owns every change.
//! Invariant: a write that was answered `Ok` is durable; one that was answered with an error
//! left nothing behind.
//!
//! What lies in the file has shapes of its own (`rows`), apart from the nouns; a row that cannot be
//! read is set aside and stops nobody (`quarantine`).
//!
//! A caller hands in a closure of typed row operations, [`Write`] or [`Read`]. Writes are
//! committed in the order of the calls; what waits at the same time shares one commit. When the
//! disk is full the writer keeps what it has, says so in [`Store::condition`], and goes on by
//! itself once there is room.

mod backend;
mod cache;
mod codec;
mod error;
mod key;
mod open;
mod own_rounds;
mod place;
mod quarantine;
mod read;
mod rows;
mod schema;
mod standing;
mod tables;
#[cfg(test)]
mod tests;
mod unsynced;
mod waiting;
mod write;
mod writer;

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use log::info;
use redb::ReadableDatabase as _;
use ring::hmac;
use tokio::sync::watch;

use self::cache::{WINDOW_ROUNDS, Window};
pub(crate) use self::error::{OpenError, StoreError};
pub(crate) use self::open::Open;
use self::open::Opened;
pub(crate) use self::own_rounds::{OwnRounds, Walked};
use self::place::Place;
pub(crate) use self::read::{GrantsOver, Read};
use self::waiting::{Answer, Op, Pace};
pub(crate) use self::write::{Divided, Unseen, Write};
use self::writer::Shared;
use crate::chat::{Basis, JobId, Lane, Remembered, UserId};
use crate::clock::{self};
use crate::keys::Fingerprint;
use crate::people::person::Person;
use crate::threads::Pool;

/// Reads at once; each holds a thread.
pub(crate) const READS: usize = 8;

/// What became of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disposition {
    /// It is a job, or part of one.
    Accepted,
    /// It asks nothing of the bot.
    Skipped,
    /// It was for the bot and is not answered (old mail, over a limit).
    Dropped,
}
/// Whether the data file can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    Fine,
    /// No room; writes wait.
    DiskFull,
    /// The disk gives another error; writes wait.
    Failing,
    /// The store has closed, by itself where the file cannot be relied on any more.
    Ended,
}

/// The open data file. Clones share it; when the last is gone it closes by itself.
#[derive(Clone)]
pub(crate) struct Store(Arc<Handle>);

struct Handle {
    shared: Arc<Shared>,
    /// Under which keys and projects are hashed.
    secret: hmac::Key,
    reads: Pool,
    was_repaired: bool,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.waiting.begin_close();
    }
}

/// A write on its way; resolves after the durable commit. Once it is queued it takes place even
/// when this is dropped.
#[must_use = "a write may fail"]
pub(crate) struct Pending<T> {
    /// Queues it; there was no room at the call.
    queueing: Option<Waited>,
    answer: Answer<T>,
}

/// Something that has to come first.
type Waited = Pin<Box<dyn Future<Output = ()> + Send>>;

impl<T> Future for Pending<T> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(queueing) = &mut self.queueing {
            ready!(queueing.as_mut().poll(context));
            self.queueing = None;
        }
        let answer = ready!(Pin::new(&mut self.answer).poll(context));
        Poll::Ready(answer.unwrap_or(Err(StoreError::Closed)))
    }
}

impl Store {
    /// Opens the data file, repairs it after a crash, migrates an older one.
    pub(crate) fn open(path: &Path, mode: Open) -> Result<Self, OpenError> {
        Self::open_at(Place::at(path), mode)
    }

    /// Whether [`Store::open`] could open what is there. Changes no byte of it: what the opening
    /// would repair or migrate is done in memory and dropped. Holds the file's lock meanwhile.
    pub(crate) fn inspect(path: &Path) -> Result<(), OpenError> {
        Place::at(path).inspect().map(drop)
    }

    fn open_at(place: Place, mode: Open) -> Result<Self, OpenError> {
        let began = clock::instant();
        let Opened { database, repaired } = place.open(mode)?;
        let path = place.path.clone();
        let secret =
            schema::secret(&database).map_err(|error| OpenError::of_store(path.clone(), error))?;
        let size = std::fs::metadata(&path).map_or(0, |file| file.len());
        let set_aside = database
            .begin_read()
            .map_err(StoreError::from)
            .and_then(|txn| Read::new(txn).set_aside())
            .map_err(|error| OpenError::of_store(path.clone(), error))?;
        let took = clock::instant().duration_since(began);
        info!(path:% = path.display(), size, repaired, set_aside, took:? = took; "data file opened");
        let shared = Arc::new(Shared::new(place, database, set_aside));
        let writer = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("svs-store".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| OpenError::Io(path.clone(), error))?;
        let reads = Pool::new("svs-read", READS).map_err(|error| OpenError::Io(path, error))?;
        Ok(Self(Arc::new(Handle {
            shared,
            secret: hmac::Key::new(hmac::HMAC_SHA256, &secret),
            reads,
            was_repaired: repaired,
        })))
    }

    /// Whether the process that had the file open before has died.
    pub(crate) fn was_repaired(&self) -> bool {
        self.0.was_repaired
    }

    /// How many rows were set aside because they could not be read, as of the last commit; from memory.
    pub(crate) fn set_aside(&self) -> u64 {
        self.0.shared.rows_set_aside()
    }

    /// Runs `op` in the writer's next transaction. It is queued by this call, not by the first
    /// poll, so the order of calls is the order of commits. Only when thousands wait, as on a full
    /// disk, it is queued while it is awaited, once there is room. `op` may run more than once (another
    /// operation of the batch failed, the disk was full) and has no effect but its writes. It
    /// must not use the store itself.
    pub(crate) fn write<T, F>(&self, op: F) -> Pending<T>
    where
        T: Send + 'static,
        F: Fn(&mut Write<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.submit(Pace::Now, op)
    }

    /// The same, but it may wait up to 50 ms for others to share the commit.
    pub(crate) fn write_soon<T, F>(&self, op: F) -> Pending<T>
    where
        T: Send + 'static,
        F: Fn(&mut Write<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.submit(Pace::Soon, op)
    }

    fn submit<T, F>(&self, pace: Pace, op: F) -> Pending<T>
    where
        T: Send + 'static,
        F: Fn(&mut Write<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (op, answer) = waiting::task(op);
        Pending {
            queueing: self.queue(pace, op),
            answer,
        }
    }

    /// Queues an operation, or returns what will when it is awaited.
    fn queue(&self, pace: Pace, op: Box<dyn Op>) -> Option<Waited> {
        let op = self.0.shared.waiting.submit(pace, op).err()?;
        let shared = Arc::clone(&self.0.shared);
        Some(Box::pin(async move {
            shared.waiting.submit_in_turn(pace, op).await;
        }))
    }

    /// Reads a snapshot on a blocking thread.
    pub(crate) async fn read<T, F>(&self, op: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Read) -> Result<T, StoreError> + Send + 'static,
    {
        self.blocking(move |shared| shared.read(op)).await
    }

    /// Reads a snapshot on this thread, which may block.
    pub(crate) fn read_now<T>(
        &self,
        op: impl FnOnce(&Read) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.0.shared.read(op)
    }

    /// A person of the registry, from memory when they were here lately.
    pub(crate) async fn person(&self, id: UserId) -> Result<Option<Arc<Person>>, StoreError> {
        if let Some(person) = self.0.shared.cache.person(id) {
            return Ok(person);
        }
        self.blocking(move |shared| {
            let load = || shared.read(|read| read.person(id));
            shared.cache.fill_person(id, load)
        })
        .await
    }

    /// What a question at this place of a lane builds on: the newest rounds before it that have an
    /// answer, oldest first, at most ten; in a group those of everybody in its topic, since the person
    /// began anew there. Those of the newest place come from memory when the conversation was active
    /// lately.
    pub(crate) async fn context(
        &self,
        lane: Lane,
        basis: Basis,
        rounds: usize,
    ) -> Result<Vec<Remembered>, StoreError> {
        let last = match basis {
            Basis::Newest => None,
            Basis::Round(job) => Some(job),
            Basis::InsteadOf(job) => Some(JobId(job.0.saturating_sub(1))),
        };
        let window = match (last, self.0.shared.cache.window(lane)) {
            (None, Some(window)) => window,
            (None, None) => {
                self.blocking(move |shared| fill_window(shared, lane))
                    .await?
            }
            (Some(last), _) => {
                self.blocking(move |shared| window_up_to(shared, lane, last))
                    .await?
            }
        };
        let (_, _, person) = key::of_lane(lane);
        Ok(window.newest(UserId(person), rounds))
    }

    /// Follows whether the file can be written.
    pub(crate) fn condition(&self) -> watch::Receiver<Condition> {
        self.0.shared.condition()
    }

    /// Resolves once the store has closed.
    pub(crate) async fn ended(&self) {
        let mut condition = self.condition();
        let ended = condition.wait_for(|condition| *condition == Condition::Ended);
        // Fails only when nothing is left of the store.
        drop(ended.await);
    }

    /// How often the data file was removed while it was open, and put back.
    pub(crate) fn put_back(&self) -> watch::Receiver<u32> {
        self.0.shared.put_back()
    }

    /// A name for something that lies beside the data file: that file's with a further ending.
    pub(crate) fn beside(&self, ending: &str) -> PathBuf {
        self.0.shared.beside(ending)
    }

    /// How much of the data file's disk is free to this user, in percent. May block.
    pub(crate) fn free_percent(&self) -> std::io::Result<u8> {
        let disk = rustix::fs::statvfs(self.0.shared.folder())?;
        let free = disk.f_bavail.saturating_mul(100) / disk.f_blocks.max(1);
        Ok(u8::try_from(free).unwrap_or(100))
    }

    /// What is stored and logged instead of a key or a project's name.
    pub(crate) fn fingerprint(&self, text: &str) -> Fingerprint {
        let tag = hmac::sign(&self.0.secret, text.as_bytes());
        let mut fingerprint = Fingerprint::default();
        for (byte, of_tag) in fingerprint.iter_mut().zip(tag.as_ref()) {
            *byte = *of_tag;
        }
        fingerprint
    }

    /// Commits what waits and closes the file; later calls give [`StoreError::Closed`]. Blocks
    /// for at most ten seconds.
    pub(crate) fn close(&self) -> Result<(), StoreError> {
        self.0.shared.waiting.close()
    }

    /// Runs work on a thread that may block, a bounded number at a time. It goes on when nobody
    /// waits for it any more.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.0.shared);
        let done = self.0.reads.run(move || work(&shared)).await;
        done.unwrap_or(Err(StoreError::Panicked))
    }
}

fn fill_window(shared: &Shared, lane: Lane) -> Result<Window, StoreError> {
    let load = || window_up_to(shared, lane, JobId(u64::MAX));
    shared.cache.fill_window(lane, load)
}

fn window_up_to(shared: &Shared, lane: Lane, last: JobId) -> Result<Window, StoreError> {
    let (rounds, beginnings) = shared.read(|read| read.conversation(lane, last, WINDOW_ROUNDS))?;
    Ok(Window::new(rounds, beginnings))
}
