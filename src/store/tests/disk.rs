//! Disks that fail while the store runs: full, flaky, and without power. Real redb on a real
//! file, with the fault put between the two.

use std::fs::{self, File};
use std::io;
use std::ops::Bound;
use std::os::unix::fs::{FileExt, MetadataExt};

use parking_lot::Mutex;
use proptest::prelude::*;
use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

use super::*;

/// What the disk does wrong, and everything that was asked of it.
#[derive(Debug, Default)]
struct State {
    /// Changes until the first fault.
    good: Option<u32>,
    /// Faults after that.
    bad: u32,
    kind: Option<io::ErrorKind>,
    log: Vec<Change>,
    /// How often the file was opened.
    opened: u32,
    /// Reads that fail from now on.
    bad_reads: u32,
    /// Syncs that fail from now on. What they should have written is never written, and the file
    /// shows it all the same.
    bad_syncs: u32,
    /// Which file the log is of.
    inode: u64,
}

#[derive(Debug, Clone)]
enum Change {
    Write(u64, Vec<u8>),
    Resize(u64),
    Sync,
}

impl State {
    /// A file is opened. One that is not the file of the log came whole.
    fn opens(&mut self, file: &File) {
        self.opened += 1;
        let found = file.metadata().unwrap();
        if self.inode != 0 && found.ino() != self.inode {
            let mut bytes = vec![0; usize::try_from(found.len()).unwrap()];
            file.read_exact_at(&mut bytes, 0).unwrap();
            self.log = vec![Change::Write(0, bytes), Change::Sync];
        }
        self.inode = found.ino();
    }

    /// Loses what was not synced.
    fn lose(&mut self) {
        let synced = |change: &Change| matches!(change, Change::Sync);
        let kept = self.log.iter().rposition(synced).map_or(0, |at| at + 1);
        self.log.truncate(kept);
    }

    fn fault(&mut self) -> io::Result<()> {
        let Some(kind) = self.kind else {
            return Ok(());
        };
        match self.good {
            Some(0) | None => {}
            Some(left) => {
                self.good = Some(left - 1);
                return Ok(());
            }
        }
        if self.bad == 0 {
            self.kind = None;
            return Ok(());
        }
        self.bad -= 1;
        Err(kind.into())
    }
}

fn apply(image: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write(at, bytes) => {
            let at = usize::try_from(*at).unwrap();
            let end = at + bytes.len();
            if image.len() < end {
                image.resize(end, 0);
            }
            image[at..end].copy_from_slice(bytes);
        }
        Change::Resize(len) => image.resize(usize::try_from(*len).unwrap(), 0),
        Change::Sync => {}
    }
}

/// What a disk writes whole, or not at all.
const SECTOR: usize = 512;

/// What the power leaves of a change: all, nothing, or of a write some sectors.
fn survives(change: &Change, fate: u8) -> Vec<Change> {
    match (fate % 3, change) {
        (0, _) => Vec::new(),
        (1, Change::Write(at, bytes)) => {
            let sectors = bytes.chunks(SECTOR).enumerate();
            let kept = sectors.filter(|(number, _)| fate >> (number % 6 + 2) & 1 == 1);
            let torn = |(number, bytes): (usize, &[u8])| {
                let offset = u64::try_from(number * SECTOR).unwrap();
                Change::Write(at + offset, bytes.to_vec())
            };
            kept.map(torn).collect()
        }
        _ => vec![change.clone()],
    }
}

/// The file when the power fails after these changes: what was synced is there, of the rest any
/// part may be, also parts of single writes.
fn after_power_failure(log: &[Change], fates: &[u8]) -> Vec<u8> {
    let synced = log
        .iter()
        .rposition(|change| matches!(change, Change::Sync));
    let (durable, volatile) = log.split_at(synced.map_or(0, |place| place + 1));
    let fates = volatile.iter().zip(fates.iter().cycle());
    let survivors: Vec<_> = fates
        .flat_map(|(change, fate)| survives(change, *fate))
        .collect();
    let mut image = Vec::new();
    for change in durable.iter().chain(&survivors) {
        apply(&mut image, change);
    }
    image
}

#[derive(Debug)]
struct Disk {
    file: FileBackend,
    state: Arc<Mutex<State>>,
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut state = self.state.lock();
        if state.bad_reads > 0 {
            state.bad_reads -= 1;
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        state.fault()?;
        state.log.push(Change::Resize(len));
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        if state.bad_syncs > 0 {
            state.bad_syncs -= 1;
            state.lose();
            // EIO
            return Err(io::Error::from_raw_os_error(5));
        }
        self.file.sync_data()?;
        state.log.push(Change::Sync);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state.lock();
        state.fault()?;
        state.log.push(Change::Write(offset, data.to_vec()));
        self.file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }
}

fn place(folder: &Folder, state: &Arc<Mutex<State>>) -> Place {
    let disk = Arc::clone(state);
    Place {
        backend: Box::new(move |file: File| {
            disk.lock().opens(&file);
            Ok(Box::new(Disk {
                file: FileBackend::new(file)?,
                state: Arc::clone(&disk),
            }))
        }),
        ..Place::at(&folder.file())
    }
}

fn on_disk(folder: &Folder) -> (Store, Arc<Mutex<State>>) {
    let state = Arc::new(Mutex::new(State::default()));
    let store = Store::open_at(place(folder, &state), Open::CreateIfMissing).unwrap();
    (store, state)
}

fn fail(state: &Mutex<State>, good: u32, bad: u32, kind: io::ErrorKind) {
    let mut state = state.lock();
    state.good = Some(good);
    state.bad = bad;
    state.kind = Some(kind);
}

#[tokio::test]
async fn a_full_disk_is_told_loses_nothing_and_resumes_by_itself() {
    let folder = Folder::new();
    let (store, state) = on_disk(&folder);
    store.write(add_job).await.unwrap();
    let mut condition = store.condition();
    fail(&state, 0, u32::MAX, io::ErrorKind::StorageFull);
    let waiting: Vec<_> = (0..20).map(|_| store.write(add_job)).collect();
    condition
        .wait_for(|condition| *condition == Condition::DiskFull)
        .await
        .unwrap();
    state.lock().kind = None;
    for (pending, id) in waiting.into_iter().zip(2..) {
        assert_eq!(pending.await.unwrap(), JobId(id));
    }
    assert_eq!(*condition.borrow_and_update(), Condition::Fine);
    assert_eq!(store.read(Read::inbox_len).await.unwrap(), 21);
    store.close().unwrap();
    assert_eq!(folder.open().read_now(Read::inbox_len).unwrap(), 21);
}

#[tokio::test]
async fn reads_go_on_while_writes_wait_for_room() {
    let folder = Folder::new();
    let (store, state) = on_disk(&folder);
    store.write(add_job).await.unwrap();
    let mut condition = store.condition();
    fail(&state, 0, u32::MAX, io::ErrorKind::QuotaExceeded);
    let waiting = [store.write(add_job), store.write_soon(add_job)];
    condition
        .wait_for(|condition| *condition == Condition::DiskFull)
        .await
        .unwrap();
    let opened = state.lock().opened;
    // As often as the writer opens the file again in vain.
    while state.lock().opened < opened + 4 {
        let read = store.read(|read| Ok((read.job(JobId(1))?, read.inbox_len()?)));
        assert_eq!(
            read.await.unwrap(),
            (Some(job(JobId(1), Lane::Terminal)), 1)
        );
    }
    assert_eq!(*condition.borrow_and_update(), Condition::DiskFull);
    state.lock().kind = None;
    for (pending, id) in waiting.into_iter().zip(2..) {
        assert_eq!(pending.await.unwrap(), JobId(id));
    }
    assert_eq!(*condition.borrow_and_update(), Condition::Fine);
}

#[tokio::test]
async fn a_disk_with_room_again_is_told_also_when_the_write_that_met_it_fails() {
    let folder = Folder::new();
    let (store, state) = on_disk(&folder);
    let mut condition = store.condition();
    condition.mark_unchanged();
    fail(&state, 0, 1, io::ErrorKind::StorageFull);
    let runs = AtomicU64::new(0);
    let write = store.write(move |write| {
        if runs.fetch_add(1, Ordering::SeqCst) == 0 {
            return add_job(write).map(drop);
        }
        Err(StoreError::Damaged("on purpose".into()))
    });
    assert!(matches!(write.await, Err(StoreError::Damaged(_))));
    condition
        .wait_for(|condition| *condition == Condition::Fine)
        .await
        .unwrap();
    assert_eq!(store.read_now(Read::inbox_len).unwrap(), 0);
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_disk_that_stays_full() {
    let folder = Folder::new();
    let (store, state) = on_disk(&folder);
    store.write(add_job).await.unwrap();
    fail(&state, 0, u32::MAX, io::ErrorKind::StorageFull);
    let waiting: Vec<_> = (0..3000).map(|_| store.write(add_job)).collect();
    let mut condition = store.condition();
    condition
        .wait_for(|condition| *condition == Condition::DiskFull)
        .await
        .unwrap();
    let opened = state.lock().opened;
    store.close().unwrap();
    // Not once more for each batch that waits: each time may be a long repair.
    assert!(state.lock().opened <= opened + 1);
    for pending in waiting {
        assert!(matches!(pending.await, Err(StoreError::Closed)));
    }
    assert_eq!(folder.open().read_now(Read::inbox_len).unwrap(), 1);
}

#[tokio::test]
async fn a_read_that_fails_is_an_error_after_which_the_file_is_opened_again() {
    let folder = Folder::new();
    let (store, state) = on_disk(&folder);
    // More than the cache holds, so that the disk is asked.
    for chat in 1..=60 {
        let write = store.write(move |write| {
            let long = turn(&"x".repeat(200_000), 1);
            write.append_turn(lane(chat, None, chat), JobId(1), &long)
        });
        write.await.unwrap();
    }
    let mut condition = store.condition();
    state.lock().bad_reads = 1;
    let read_all = |read: &Read| {
        for chat in 1..=60 {
            read.turns(lane(chat, None, chat), JobId(u64::MAX), 1)?;
        }
        Ok(())
    };
    assert!(matches!(store.read(read_all).await, Err(StoreError::Io(_))));
    condition
        .wait_for(|condition| *condition == Condition::Failing)
        .await
        .unwrap();
    condition
        .wait_for(|condition| *condition == Condition::Fine)
        .await
        .unwrap();
    store.read(read_all).await.unwrap();
}

#[test]
fn a_first_start_on_a_full_disk_leaves_nothing_behind() {
    let folder = Folder::new();
    let state = Arc::new(Mutex::new(State::default()));
    let mut failures = 0;
    loop {
        fail(&state, failures, u32::MAX, io::ErrorKind::StorageFull);
        match Store::open_at(place(&folder, &state), Open::CreateIfMissing) {
            Ok(_) => break,
            Err(error) => assert!(matches!(error, OpenError::DiskFull(_)), "{error:?}"),
        }
        assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 0);
        failures += 1;
    }
    assert!(failures > 5, "{failures}");
}

#[test]
fn a_first_start_that_is_killed_anywhere_does_not_hinder_the_next() {
    let folder = Folder::new();
    let (store, state) = on_disk(&folder);
    let log = std::mem::take(&mut state.lock().log);
    store.close().unwrap();
    for end in 0..=log.len() {
        let mut image = Vec::new();
        for change in &log[..end] {
            apply(&mut image, change);
        }
        let killed = Folder::new();
        let unfinished = killed.0.path().join("bot.redb.new");
        fs::write(&unfinished, image).unwrap();
        let store = killed.open();
        assert!(!unfinished.exists());
        assert_eq!(store.write(add_job).wait().unwrap(), JobId(1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_disk_that_fails_anywhere_gives_every_write_exactly_once(
        good in 0_u32..80,
        bad in 1_u32..3,
        full in any::<bool>(),
    ) {
        let folder = Folder::new();
        let (store, state) = on_disk(&folder);
        let kind = if full { io::ErrorKind::StorageFull } else { io::ErrorKind::TimedOut };
        fail(&state, good, bad, kind);
        let mut ids = Vec::new();
        for _ in 0..8 {
            let pending: Vec<_> = (0..3).map(|_| store.write(add_job)).collect();
            ids.extend(pending.into_iter().map(|pending| pending.wait().unwrap().0));
        }
        prop_assert_eq!(ids, (1..=24).collect::<Vec<_>>());
        state.lock().kind = None;
        store.close().unwrap();
        let again = folder.open();
        prop_assert_eq!(again.read_now(Read::inbox_len).unwrap(), 24);
    }

    /// After a sync that failed, the kernel shows pages that are not on the disk and that no later
    /// sync writes (fsync(2)).
    #[test]
    fn nothing_that_is_acknowledged_rests_on_what_a_failed_sync_has_lost(
        before in 0_usize..6,
        after in 1_usize..6,
        again in any::<bool>(),
        fates in prop::collection::vec(any::<u8>(), 64),
    ) {
        let folder = Folder::new();
        let (store, state) = on_disk(&folder);
        let mut answered = 0;
        for _ in 0..before {
            answered = store.write(add_job).wait().unwrap().0;
        }
        state.lock().bad_syncs = 1;
        // Pages that nothing later writes again.
        let lost = store.write(|write| {
            write.append_turn(lane(5, None, 5), JobId(1), &turn(&"x".repeat(50_000), 1))
        });
        prop_assert!(matches!(lost.wait(), Err(StoreError::Closed)));
        prop_assert!(matches!(store.write(add_job).wait(), Err(StoreError::Closed)));
        store.close().unwrap();
        if again {
            // The next start is killed before it has done anything.
            state.lock().bad_syncs = 1;
            let failed = Store::open_at(place(&folder, &state), Open::Existing);
            prop_assert!(matches!(failed, Err(OpenError::Io(..))));
            state.lock().bad_syncs = 0;
        }
        let store = Store::open_at(place(&folder, &state), Open::Existing).unwrap();
        for _ in 0..after {
            answered = store.write(add_job).wait().unwrap().0.max(answered);
        }
        let log = state.lock().log.clone();
        let crashed = Folder::new();
        fs::write(crashed.file(), after_power_failure(&log, &fates)).unwrap();
        let jobs = crashed.open().read_now(|read| read.jobs(JobId(0), 999)).unwrap();
        let ids: Vec<_> = jobs.iter().map(|job| job.id.0).collect();
        prop_assert!(ids.len() as u64 >= answered, "{} < {answered}", ids.len());
        prop_assert_eq!(&ids, &(1..=ids.len() as u64).collect::<Vec<_>>());
    }

    #[test]
    fn every_answered_write_is_there_after_the_power_failed(
        rounds in 1_usize..25,
        moment in any::<prop::sample::Index>(),
        fates in prop::collection::vec(any::<u8>(), 64),
    ) {
        let folder = Folder::new();
        let (store, state) = on_disk(&folder);
        let opened = state.lock().log.len();
        // How far the disk was when each number had been answered.
        let mut answered = Vec::new();
        for round in 0..rounds {
            let pending: Vec<_> = (0..=round % 3).map(|_| store.write(add_job)).collect();
            for pending in pending {
                let id = pending.wait().unwrap();
                answered.push((state.lock().log.len(), id.0));
            }
        }
        store.close().unwrap();
        let log = std::mem::take(&mut state.lock().log);
        let end = opened + moment.index(log.len() + 1 - opened);
        let crashed = Folder::new();
        fs::write(crashed.file(), after_power_failure(&log[..end], &fates)).unwrap();
        let store = crashed.open();
        let jobs = store.read_now(|read| read.jobs(JobId(0), 999)).unwrap();
        let ids: Vec<_> = jobs.iter().map(|job| job.id.0).collect();
        let promised = answered.iter().filter(|(at, _)| *at <= end).map(|(_, id)| *id).max();
        prop_assert!(ids.len() as u64 >= promised.unwrap_or(0), "{} < {promised:?}", ids.len());
        prop_assert_eq!(&ids, &(1..=ids.len() as u64).collect::<Vec<_>>());
        let next = store.write(add_job).wait().unwrap();
        prop_assert_eq!(next, JobId(ids.len() as u64 + 1));
    }
}
