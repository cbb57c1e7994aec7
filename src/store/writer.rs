//! The writer thread: takes what waits, writes it in one durable commit, answers. Owns the open
//! database. Invariant: operations are committed in the order they came, each at most once, and
//! none is given up but for its own fault or at the end.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use log::{error, info, warn};
use parking_lot::RwLock;
use redb::{Database, ReadableDatabase, WriteTransaction};
use tokio::sync::watch;

use super::cache::Cache;
use super::error::is_full;
use super::open::Changes;
use super::place::Place;
use super::quarantine::{Queued, Unreadable};
use super::read::Read;
use super::standing::Standing;
use super::waiting::{self, Op, Pace, Stopped, Waiting};
use super::write::{Touched, Write};
use super::{Condition, StoreError};
use crate::clock;

/// Pauses between attempts on a failing disk: doubled from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(2);

/// Failures of a disk that is not full after which a batch is given up, in case it is the batch
/// that meets them (a damaged page): about a quarter of a minute.
const FAILURES: u32 = 10;

/// A quiet writer wakes after so many times the usual pause between two looks at the file.
const IDLE_LOOKS: u32 = 6;

/// How long a read waits for the database to be opened again.
const READ_PATIENCE: Duration = Duration::from_secs(5);

/// What the handles and the writer thread have in common.
pub(super) struct Shared {
    place: Place,
    /// Locked for writing while the database is being opened again; empty once closed.
    database: RwLock<Option<Database>>,
    pub(super) waiting: Waiting,
    condition: watch::Sender<Condition>,
    /// How often the file was removed while it was open, and put back.
    put_back: watch::Sender<u32>,
    pub(super) cache: Cache,
    /// How many rows are set aside as of the last commit, so that nobody has to read the file for it.
    set_aside: AtomicU64,
    queued_aside: Queued,
}

/// Why a batch was not committed.
enum Fault {
    /// The operation at this place failed; the others are fine.
    Op(usize, StoreError),
    /// The disk failed; when it did so within the commit, that has a number and may have taken
    /// place all the same.
    Disk {
        error: io::Error,
        begun: Option<(u64, Touched)>,
    },
    /// redb does not go on with this batch.
    Database(String),
    /// There is no database any more.
    Closed,
}

impl Shared {
    pub(super) fn new(place: Place, database: Database, set_aside: u64) -> Self {
        Self {
            place,
            database: RwLock::new(Some(database)),
            waiting: Waiting::new(),
            condition: watch::Sender::new(Condition::Fine),
            put_back: watch::Sender::new(0),
            cache: Cache::new(),
            set_aside: AtomicU64::new(set_aside),
            queued_aside: Queued::default(),
        }
    }

    pub(super) fn condition(&self) -> watch::Receiver<Condition> {
        self.condition.subscribe()
    }

    pub(super) fn put_back(&self) -> watch::Receiver<u32> {
        self.put_back.subscribe()
    }

    /// The folder that the data file is in.
    pub(super) fn folder(&self) -> &Path {
        self.place.folder()
    }

    /// The data file's name with a further ending.
    pub(super) fn beside(&self, ending: &str) -> PathBuf {
        self.place.beside(ending)
    }

    pub(super) fn rows_set_aside(&self) -> u64 {
        self.set_aside.load(Ordering::Relaxed)
    }

    /// Reads in a snapshot of the newest commit.
    pub(super) fn read<T>(
        &self,
        op: impl FnOnce(&Read) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let (mut op, mut value) = (Some(op), None);
        self.read_into(&mut |read| {
            if let Some(op) = op.take() {
                value = Some(op(read)?);
            }
            Ok(())
        })?;
        value.ok_or(StoreError::Closed)
    }

    /// What of a read is the same for all, so that it is compiled once.
    fn read_into(
        &self,
        op: &mut dyn FnMut(&Read) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut unreadable = Vec::new();
        let answer = self.with_database(|database| {
            let read = Read::new(database.begin_read()?);
            let answer = op(&read);
            unreadable = read.into_unreadable();
            answer
        });
        if !unreadable.is_empty() {
            self.set_aside(unreadable);
        }
        if let Err(StoreError::Io(_)) = answer {
            // redb refuses everything from now on; the writer opens it again when it meets that.
            self.probe();
        }
        answer
    }

    /// Has the writer set rows aside. When there is no room in the queue, the next who meets them
    /// does.
    fn set_aside(&self, unreadable: Vec<Unreadable>) {
        let Some(batch) = self.queued_aside.add(unreadable) else {
            return;
        };
        let (op, _) = waiting::task(move |write| write.set_aside(batch.rows()));
        drop(self.waiting.submit(Pace::Soon, op));
    }

    fn with_database<T>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let database = self
            .database
            .try_read_for(READ_PATIENCE)
            .ok_or(StoreError::Unavailable)?;
        let database = database.as_ref().ok_or(StoreError::Closed)?;
        guarded(|| work(database))
    }

    /// Finds out whether the file can be written, as nobody else may for a long time. When there
    /// is no room in the queue, others do.
    fn probe(&self) {
        let (look, _) = waiting::task(|_| Ok(()));
        drop(self.waiting.submit(Pace::Now, look));
    }

    /// The life of the writer thread.
    pub(super) fn run(&self) {
        let served = catch_unwind(AssertUnwindSafe(|| {
            let mut looked = clock::instant();
            let idle_for = (self.place.look * IDLE_LOOKS).max(FIRST_PAUSE);
            while let Some(batch) = self.waiting.next_batch(idle_for) {
                if looked.elapsed() >= self.place.look {
                    looked = clock::instant();
                    if let Err(Stopped) = self.stay_in_place() {
                        return;
                    }
                }
                if let Err(Stopped) = self.commit(batch) {
                    return;
                }
                if *self.condition.borrow() != Condition::Fine {
                    self.probe();
                }
            }
        }));
        if served.is_err() {
            error!("the writer of the data file panicked");
        }
        close_database(&mut self.database.write());
        if self.place.sync_failed.is_set() {
            self.place.mark_unsynced();
        }
        self.waiting.end();
        self.condition.send_replace(Condition::Ended);
    }

    /// Sees to it that the file has its name before anything more is acknowledged: what is written
    /// to a file without a name is gone with the process.
    fn stay_in_place(&self) -> Result<(), Stopped> {
        let path = self.place.path.display();
        match self.place.standing() {
            Standing::There => Ok(()),
            Standing::Gone => {
                error!(path:%; "data file removed while running, putting it back");
                self.bring_back()
            }
            Standing::Replaced => {
                match self.place.keep_displaced() {
                    Ok(kept) => {
                        error!(path:%, kept:% = kept.display(); "another file was put in the place of the data file: stopping, the next start takes it");
                    }
                    Err(error) => {
                        error!(path:%, err:% = error; "another file was put in the place of the data file, and ours could not be kept: stopping");
                    }
                }
                self.waiting.begin_close();
                Err(Stopped)
            }
        }
    }

    fn bring_back(&self) -> Result<(), Stopped> {
        let mut pause = FIRST_PAUSE;
        while let Err(error) = self.place.put_back() {
            self.publish_failing(&error);
            self.rest(&mut pause)?;
        }
        self.reopen(None, &mut pause)?;
        self.put_back.send_modify(|times| *times += 1);
        info!(path:% = self.place.path.display(); "data file put back");
        Ok(())
    }

    /// Commits a batch, leaving out what fails by itself, and trying again when the disk fails.
    /// What was not answered when the writer is to end is answered by being dropped.
    fn commit(&self, mut batch: Vec<Box<dyn Op>>) -> Result<(), Stopped> {
        let mut pause = FIRST_PAUSE;
        let mut patience = FAILURES;
        while !batch.is_empty() {
            match self.attempt(&mut batch) {
                Ok(touched) => {
                    self.committed(batch, &touched);
                    return Ok(());
                }
                Err(Fault::Op(place, error)) => batch.remove(place).answer(Err(error)),
                Err(_) if self.place.sync_failed.is_set() => return self.give_up(),
                Err(Fault::Disk { error, begun }) => {
                    let commits = self.reopen(Some(&error), &mut pause)?;
                    // The fault came after the commit had reached the file.
                    if let Some((number, touched)) = begun
                        && commits >= number
                    {
                        self.committed(batch, &touched);
                        return Ok(());
                    }
                    patience = patience.saturating_sub(u32::from(!is_full(&error)));
                    if patience == 0 {
                        refuse(batch, || StoreError::Io(error.kind().into()));
                        return Ok(());
                    }
                    self.rest(&mut pause)?;
                }
                Err(Fault::Closed) => return Err(Stopped),
                Err(Fault::Database(reason)) => {
                    refuse(batch, || StoreError::Damaged(reason.clone()));
                    self.reopen(Some(&io::Error::other(reason)), &mut pause)?;
                    return self.waiting.rest(LAST_PAUSE);
                }
            }
        }
        Ok(())
    }

    /// After a sync that failed nothing that this process could still store may be relied on. Only a
    /// new start, which writes the file anew, can go on.
    fn give_up(&self) -> Result<(), Stopped> {
        error!(path:% = self.place.path.display(); "the disk failed to keep the data file: stopping, the next start goes on with what was acknowledged");
        self.place.mark_unsynced();
        self.waiting.begin_close();
        Err(Stopped)
    }

    /// Runs a batch in one transaction.
    fn attempt(&self, batch: &mut [Box<dyn Op>]) -> Result<Touched, Fault> {
        let database = self.database.read();
        let database = database.as_ref().ok_or(Fault::Closed)?;
        let txn = guarded(|| Ok(database.begin_write()?)).map_err(Fault::before_commit)?;
        let mut write = Write::new(&txn);
        let number = guarded(|| write.number_commit()).map_err(Fault::before_commit)?;
        for (place, op) in batch.iter_mut().enumerate() {
            match guarded(|| op.run(&mut write).and_then(|()| write.set_met_aside())) {
                Ok(()) => {}
                Err(StoreError::Io(error)) => return Err(Fault::Disk { error, begun: None }),
                Err(error) => {
                    abort(txn);
                    return Err(Fault::Op(place, error));
                }
            }
        }
        let touched = guarded(|| write.into_touched()).map_err(Fault::before_commit)?;
        match guarded(|| Ok(txn.commit()?)) {
            Ok(()) => Ok(touched),
            Err(StoreError::Io(error)) => Err(Fault::Disk {
                error,
                begun: Some((number, touched)),
            }),
            Err(error) => Err(Fault::Database(error.to_string())),
        }
    }

    fn committed(&self, batch: Vec<Box<dyn Op>>, touched: &Touched) {
        self.cache.forget(touched);
        if let Some(count) = touched.set_aside {
            self.set_aside.store(count, Ordering::Relaxed);
        }
        if self.condition.send_replace(Condition::Fine) != Condition::Fine {
            info!("data file resumed");
        }
        for op in batch {
            op.answer(Ok(()));
        }
    }

    fn publish_failing(&self, error: &io::Error) {
        let condition = if is_full(error) {
            Condition::DiskFull
        } else {
            Condition::Failing
        };
        if self.condition.send_replace(condition) != condition {
            error!(path:% = self.place.path.display(), condition:?, err:% = error; "data file cannot be written");
        }
    }

    /// Closes the database and opens it again, as redb asks after an I/O error, and returns the
    /// number of the last commit it holds. It can be read as soon as it was found sound, also
    /// while there is no room for what the opening has to write.
    fn reopen(&self, fault: Option<&io::Error>, pause: &mut Duration) -> Result<u64, Stopped> {
        loop {
            let changes = self.inspect_again(fault, pause)?;
            let applied = self.with_database(|database| {
                changes.apply(database)?;
                let read = Read::new(database.begin_read()?);
                Ok((read.commits()?, read.set_aside()?))
            });
            match applied {
                Ok((commits, set_aside)) => {
                    self.set_aside.store(set_aside, Ordering::Relaxed);
                    return Ok(commits);
                }
                Err(_) if self.place.sync_failed.is_set() => {
                    self.give_up()?;
                }
                Err(error) => warn!(err:% = error; "reopened data file cannot be used yet"),
            }
            self.rest(pause)?;
        }
    }

    /// Closes the database and opens it for reading. Reads wait meanwhile. A file that turns out
    /// to be damaged ends the store: the next start says so in a sentence.
    fn inspect_again(
        &self,
        fault: Option<&io::Error>,
        pause: &mut Duration,
    ) -> Result<Changes, Stopped> {
        let mut database = self.database.write();
        // Not before the lock: whoever reads because of it finds an open file again.
        if let Some(fault) = fault {
            self.publish_failing(fault);
        }
        loop {
            close_database(&mut database);
            match self.place.inspect() {
                Ok(inspected) => {
                    *database = Some(inspected.database);
                    return Ok(inspected.changes);
                }
                Err(error) if error.may_pass() => {
                    warn!(err:% = error; "data file cannot be opened again yet");
                }
                Err(error) => {
                    error!(err:% = error; "data file lost while running");
                    self.waiting.begin_close();
                    return Err(Stopped);
                }
            }
            self.rest(pause)?;
        }
    }

    /// Waits before the next attempt, unless the writer is to end.
    fn rest(&self, pause: &mut Duration) -> Result<(), Stopped> {
        let rested = self.waiting.rest(*pause);
        *pause = pause.saturating_mul(2).min(LAST_PAUSE);
        rested
    }
}

impl Fault {
    fn before_commit(error: StoreError) -> Self {
        if let StoreError::Io(error) = error {
            return Self::Disk { error, begun: None };
        }
        Self::Database(error.to_string())
    }
}

/// Runs what may meet a damaged page, where redb may panic.
fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(StoreError::Panicked))
}

/// A failure here shows again, as one of the database, when the next transaction begins.
fn abort(txn: WriteTransaction) {
    if let Err(error) = guarded(|| Ok(txn.abort()?)) {
        warn!(err:% = error; "transaction not rolled back");
    }
}

/// Closing writes a summary that makes the next opening quick; without it there is a repair.
fn close_database(database: &mut Option<Database>) {
    let open = database.take();
    if let Err(error) = guarded(|| {
        drop(open);
        Ok(())
    }) {
        warn!(err:% = error; "data file not closed cleanly");
    }
}

fn refuse(batch: Vec<Box<dyn Op>>, error: impl Fn() -> StoreError) {
    for op in batch {
        op.answer(Err(error()));
    }
}
