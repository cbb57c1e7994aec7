//! Media on their way, in a folder beside the data file: what people sent, until their question is
//! answered, and what the model made, until Telegram has it. An edge: it speaks to the file system.
//!
//! Owner of the state: [`Spool`]. Invariants: the files never take more than its bound, because room
//! is taken before the first byte and whoever finds none waits; a file is gone with its last handle,
//! unless it is kept; and no name comes from outside.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use log::warn;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Most bytes of all files together, and of these at most half of what the disk has left at start.
const MOST: u64 = 256 << 20;
/// Room is counted in blocks of this size.
const BLOCK: u64 = 4 << 10;

/// The room that a file of so many bytes takes.
pub(crate) const fn taken_by(bytes: u64) -> u64 {
    bytes.next_multiple_of(BLOCK)
}

/// There is never so much room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the spool is smaller than what is to lie in it")]
pub(crate) struct TooLarge;

/// The folder. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Spool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    /// In bytes.
    most: u64,
    /// A permit for each block that is free.
    free: Arc<Semaphore>,
    /// The room of each file that outlives its handle, by its name.
    kept: Mutex<HashMap<String, OwnedSemaphorePermit>>,
    /// What of it no row named at the last sweep.
    unnamed: Mutex<HashSet<String>>,
}

impl Spool {
    /// Opens the folder and clears it of what an earlier run has left, except the files that `kept`
    /// names. The folder is made when something is to lie in it.
    pub(crate) fn open<E: From<io::Error>>(
        folder: PathBuf,
        kept: impl FnOnce() -> Result<HashSet<String>, E>,
    ) -> Result<Self, E> {
        let left = left_in(&folder)?;
        let most = free_bytes(&folder).map_or(MOST, |free| MOST.min(free / 2));
        let spool = Self(Arc::new(Shared {
            folder,
            most,
            free: Arc::new(Semaphore::new(number(most / BLOCK))),
            kept: Mutex::default(),
            unnamed: Mutex::default(),
        }));
        if !left.is_empty() {
            let kept = kept()?;
            for file in left {
                spool.0.recall(&file, &kept);
            }
        }
        Ok(spool)
    }

    /// Waits until there is room for so many bytes; first come, first served. Whoever needs several
    /// files at once takes the room of all of them together: waiting for a second one while holding a
    /// first could last for ever. Safe to drop while waiting.
    pub(crate) async fn room(&self, bytes: u64) -> Result<Room, TooLarge> {
        if bytes > self.0.most {
            return Err(TooLarge);
        }
        let free = Arc::clone(&self.0.free);
        let blocks = u32::try_from(bytes.div_ceil(BLOCK)).map_err(|_too_many| TooLarge)?;
        let permit = free.acquire_many_owned(blocks).await;
        Ok(Room {
            shared: Arc::clone(&self.0),
            // Fails only for a semaphore that was closed, which this one never is.
            permit: permit.map_err(|_closed| TooLarge)?,
        })
    }

    /// Where a file lies that was kept under this name.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path(name)
    }

    /// Clears away what is kept and was named by no row of the data file both this time and the time
    /// before: between the two everything was stored that was to name something.
    pub(crate) fn sweep<E>(
        &self,
        named: impl FnOnce() -> Result<HashSet<String>, E>,
    ) -> Result<(), E> {
        let kept: Vec<String> = self.0.kept.lock().keys().cloned().collect();
        if kept.is_empty() {
            return Ok(());
        }
        let named = named()?;
        let unnamed = kept.into_iter().filter(|name| !named.contains(name));
        let unnamed: HashSet<String> = unnamed.collect();
        let before = std::mem::replace(&mut *self.0.unnamed.lock(), unnamed.clone());
        for name in unnamed.intersection(&before) {
            self.remove(name);
        }
        Ok(())
    }

    /// A kept file is not needed any more.
    pub(crate) fn remove(&self, name: &str) {
        self.0.remove(name);
        let room = self.0.kept.lock().remove(name);
        drop(room);
    }
}

impl Shared {
    fn path(&self, name: &str) -> PathBuf {
        // Names are ours; one that a damaged row has made a path of leads nowhere else.
        let name = Path::new(name).file_name();
        self.folder.join(name.unwrap_or_else(|| OsStr::new("none")))
    }

    fn remove(&self, name: &str) {
        if let Err(error) = fs::remove_file(self.path(name))
            && error.kind() != io::ErrorKind::NotFound
        {
            warn!(err:% = error; "a file of the spool cannot be removed");
        }
    }

    /// A file that an earlier run has left: its room is taken, or it goes.
    fn recall(&self, file: &OsStr, kept: &HashSet<String>) {
        let name = file.to_string_lossy();
        if !kept.contains(&*name) {
            return self.remove(&name);
        }
        let bytes = fs::metadata(self.path(&name)).map_or(0, |found| found.len());
        let blocks = bytes
            .div_ceil(BLOCK)
            .min(self.free.available_permits() as u64);
        let blocks = u32::try_from(blocks).unwrap_or(u32::MAX);
        if let Ok(permit) = Arc::clone(&self.free).try_acquire_many_owned(blocks) {
            self.kept.lock().insert(name.into_owned(), permit);
        }
    }
}

/// Room that was taken and holds nothing yet.
#[derive(Debug)]
pub(crate) struct Room {
    shared: Arc<Shared>,
    permit: OwnedSemaphorePermit,
}

impl Room {
    /// Bytes that fit.
    pub(crate) fn bytes(&self) -> u64 {
        (self.permit.num_permits() as u64).saturating_mul(BLOCK)
    }

    /// Takes the room of one file out of that of several; none where there is not so much.
    pub(crate) fn split(&mut self, bytes: u64) -> Option<Self> {
        let permit = self.permit.split(number(bytes.div_ceil(BLOCK)))?;
        Some(Self {
            shared: Arc::clone(&self.shared),
            permit,
        })
    }

    /// An empty file that may fill this room. Blocks.
    pub(crate) fn create(self) -> io::Result<Draft> {
        let left = self.bytes();
        let Self { shared, permit } = self;
        let made = DirBuilder::new().mode(0o700).create(&shared.folder);
        if let Err(error) = made
            && error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(error);
        }
        let name = format!("{:032x}", fastrand::u128(..));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(shared.path(&name))?;
        Ok(Draft {
            file,
            left,
            spooled: Spooled {
                shared,
                name,
                bytes: 0,
                room: Some(permit),
            },
        })
    }
}

/// A file that is being written; gone when dropped.
#[derive(Debug)]
pub(crate) struct Draft {
    file: File,
    /// Bytes that still fit.
    left: u64,
    spooled: Spooled,
}

impl Draft {
    /// Begins anew with an empty file.
    pub(crate) fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.left += self.spooled.bytes;
        self.spooled.bytes = 0;
        Ok(())
    }

    /// The file is complete; the room that it did not fill is free again.
    pub(crate) fn finish(self) -> Spooled {
        let mut spooled = self.spooled;
        if let Some(room) = &mut spooled.room {
            let needed = number(spooled.bytes.div_ceil(BLOCK));
            drop(room.split(room.num_permits().saturating_sub(needed)));
        }
        spooled
    }
}

impl Write for Draft {
    /// An error of the kind [`io::ErrorKind::FileTooLarge`] where the room is full.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() as u64 > self.left {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let written = self.file.write(bytes)?;
        self.left -= written as u64;
        self.spooled.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A complete file; gone when dropped.
#[derive(Debug)]
pub(crate) struct Spooled {
    shared: Arc<Shared>,
    name: String,
    bytes: u64,
    /// Absent once the file is kept.
    room: Option<OwnedSemaphorePermit>,
}

impl Spooled {
    pub(crate) fn path(&self) -> PathBuf {
        self.shared.path(&self.name)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its length.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Has the file outlive this handle and the process, and gives the name to be stored for it: what
    /// no row of the data file names is cleared away at the next start. Waits for the disk.
    pub(crate) fn keep(mut self) -> io::Result<String> {
        File::open(self.path())?.sync_all()?;
        File::open(&self.shared.folder)?.sync_all()?;
        let name = self.name.clone();
        if let Some(room) = self.room.take() {
            self.shared.kept.lock().insert(name.clone(), room);
        }
        Ok(name)
    }
}

impl Drop for Spooled {
    fn drop(&mut self) {
        if self.room.is_some() {
            self.shared.remove(&self.name);
        }
    }
}

/// The names of the files in a folder that need not be there.
fn left_in(folder: &Path) -> io::Result<Vec<OsString>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.file_name())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// What the disk of a folder, which need not be there, has left for this user.
fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder.parent()?).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn number(blocks: u64) -> usize {
    usize::try_from(blocks).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    fn opened(folder: &Path, kept: &[&str]) -> Spool {
        let kept = kept.iter().map(|name| (*name).to_owned()).collect();
        Spool::open(folder.join("spool"), || Ok::<_, io::Error>(kept)).unwrap()
    }

    fn of_size(spool: &Spool, bytes: u64) -> Spool {
        Spool(Arc::new(Shared {
            folder: spool.0.folder.clone(),
            most: bytes,
            free: Arc::new(Semaphore::new(number(bytes / BLOCK))),
            kept: Mutex::default(),
            unnamed: Mutex::default(),
        }))
    }

    async fn written(spool: &Spool, text: &str) -> Spooled {
        let mut draft = spool.room(BLOCK).await.unwrap().create().unwrap();
        draft.write_all(text.as_bytes()).unwrap();
        draft.finish()
    }

    fn names(folder: &Path) -> Vec<OsString> {
        left_in(&folder.join("spool")).unwrap()
    }

    #[tokio::test]
    async fn a_file_is_for_its_owner_alone_and_goes_with_its_handle() {
        let folder = tempfile::tempdir().unwrap();
        let spool = opened(folder.path(), &[]);
        assert!(names(folder.path()).is_empty());
        let file = written(&spool, "words").await;
        assert_eq!(fs::read_to_string(file.path()).unwrap(), "words");
        assert_eq!(file.bytes(), 5);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&file.path()), 0o600);
        assert_eq!(mode(file.path().parent().unwrap()), 0o700);
        drop(file);
        assert!(names(folder.path()).is_empty());
        let unfinished = spool.room(BLOCK).await.unwrap().create().unwrap();
        assert_eq!(names(folder.path()).len(), 1);
        drop(unfinished);
        assert!(names(folder.path()).is_empty());
    }

    #[tokio::test]
    async fn a_file_never_outgrows_its_room() {
        let folder = tempfile::tempdir().unwrap();
        let spool = opened(folder.path(), &[]);
        let mut draft = spool.room(BLOCK).await.unwrap().create().unwrap();
        draft.write_all(&vec![0; number(BLOCK)]).unwrap();
        let error = draft.write_all(b"x").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        draft.restart().unwrap();
        draft.write_all(b"again").unwrap();
        let file = draft.finish();
        assert_eq!(fs::read_to_string(file.path()).unwrap(), "again");
        assert_eq!(file.bytes(), 5);
    }

    #[tokio::test]
    async fn whoever_finds_no_room_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let spool = of_size(&opened(folder.path(), &[]), 4 * BLOCK);
        assert_eq!(spool.room(4 * BLOCK + 1).await.unwrap_err(), TooLarge);
        let mut both = spool.room(3 * BLOCK).await.unwrap();
        let one = both.split(2 * BLOCK).unwrap();
        assert!(both.split(2 * BLOCK).is_none());
        assert_eq!((one.bytes(), both.bytes()), (2 * BLOCK, BLOCK));
        let mut third = pin!(spool.room(2 * BLOCK));
        let mut context = Context::from_waker(Waker::noop());
        assert!(third.as_mut().poll(&mut context).is_pending());
        // A file that is smaller than its room gives the rest back.
        let mut draft = one.create().unwrap();
        draft.write_all(b"little").unwrap();
        let little = draft.finish();
        let third = third.await.unwrap();
        assert_eq!(spool.0.free.available_permits(), 0);
        drop((little, both, third));
        assert_eq!(spool.0.free.available_permits(), 4);
    }

    #[tokio::test]
    async fn what_is_kept_outlives_the_process_and_all_else_is_cleared_away() {
        let folder = tempfile::tempdir().unwrap();
        let spool = opened(folder.path(), &[]);
        let free = spool.0.free.available_permits();
        let name = written(&spool, "drawn").await.keep().unwrap();
        assert_eq!(spool.0.free.available_permits(), free - 1);
        std::mem::forget(written(&spool, "lost").await);
        assert_eq!(names(folder.path()).len(), 2);

        let spool = opened(folder.path(), &[&name]);
        assert_eq!(names(folder.path()), [name.as_str()]);
        assert_eq!(fs::read_to_string(spool.path(&name)).unwrap(), "drawn");
        assert_eq!(spool.0.kept.lock().len(), 1);
        spool.remove(&name);
        assert!(names(folder.path()).is_empty());
        assert!(spool.0.kept.lock().is_empty());
        // Twice is no mistake: a crash may come in between.
        spool.remove(&name);
    }

    #[tokio::test]
    async fn what_no_row_names_is_swept_away_at_the_second_sight() {
        let folder = tempfile::tempdir().unwrap();
        let spool = opened(folder.path(), &[]);
        let keep = async |text| written(&spool, text).await.keep().unwrap();
        let (named, lost) = (keep("named").await, keep("lost").await);
        let sweep = |rows: &[&String]| {
            let rows = rows.iter().map(|name| (*name).clone()).collect();
            spool.sweep(|| Ok::<_, io::Error>(rows)).unwrap();
        };
        sweep(&[&named]);
        let late = keep("late").await;
        assert_eq!(names(folder.path()).len(), 3);
        sweep(&[&named]);
        assert!(!spool.path(&lost).exists());
        sweep(&[&named, &late]);
        assert_eq!(names(folder.path()).len(), 2);
        sweep(&[]);
        sweep(&[]);
        assert!(names(folder.path()).is_empty());
        assert!(spool.0.kept.lock().is_empty());
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let spool = opened(folder.path(), &[]);
        for name in ["../data", "/etc/passwd", "..", "", "a/../../b"] {
            let path = spool.path(name);
            assert_eq!(path.parent(), Some(folder.path().join("spool").as_path()));
        }
    }
}
