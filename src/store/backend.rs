//! The file under redb while its soundness is not known yet: everything redb writes at open is
//! held back in memory, and reaches the file only after [`Withheld::release`]. Owns the held
//! steps. Invariant: a file that is refused keeps every byte (P6), and what is released reaches
//! the disk in redb's own order of writes and syncs, so a crash in between is an ordinary crash.
//!
//! After a sync that failed nothing more is written: the kernel may have dropped the pages that it
//! could not write and shows them all the same (fsync(2), "EIO"), so nothing may rest on them.

use std::io;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use redb::{BackendError, StorageBackend};

/// A backend whose changes wait for a verdict. Clones share the file.
#[derive(Debug, Clone)]
pub(super) struct Withheld(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    file: Box<dyn StorageBackend>,
    released: AtomicBool,
    held: Mutex<Held>,
    sync_failed: SyncFailed,
}

/// Whether a sync of the data file has failed in the life of this process. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct SyncFailed(Arc<AtomicBool>);

impl SyncFailed {
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    fn set(&self) {
        self.0.store(true, Ordering::Release);
    }
}

#[derive(Debug)]
struct Held {
    steps: Vec<Step>,
    /// The length the file will have.
    len: Option<u64>,
    /// The shortest it was meanwhile; the file's own bytes end here.
    kept: u64,
}

#[derive(Debug)]
enum Step {
    Write(u64, Vec<u8>),
    Resize(u64),
    Sync,
}

impl Withheld {
    pub(super) fn new(file: Box<dyn StorageBackend>, sync_failed: SyncFailed) -> Self {
        Self::with(
            file,
            sync_failed,
            Held {
                steps: Vec::new(),
                len: None,
                kept: u64::MAX,
            },
        )
    }

    /// Whatever the file holds counts for nothing, and goes with the release.
    pub(super) fn emptied(file: Box<dyn StorageBackend>, sync_failed: SyncFailed) -> Self {
        Self::with(
            file,
            sync_failed,
            Held {
                steps: vec![Step::Resize(0)],
                len: Some(0),
                kept: 0,
            },
        )
    }

    fn with(file: Box<dyn StorageBackend>, sync_failed: SyncFailed, held: Held) -> Self {
        Self(Arc::new(Inner {
            file,
            released: AtomicBool::new(false),
            held: Mutex::new(held),
            sync_failed,
        }))
    }

    /// Lets everything held, and everything later, reach the file. When that fails nothing later
    /// reaches it, and what was held is still read.
    pub(super) fn release(&self) -> io::Result<()> {
        let mut held = self.0.held.lock();
        for step in &held.steps {
            match step {
                Step::Write(offset, bytes) => self.0.write(*offset, bytes)?,
                Step::Resize(len) => self.0.set_len(*len)?,
                Step::Sync => self.0.sync()?,
            }
        }
        held.steps = Vec::new();
        self.0.released.store(true, Ordering::Release);
        Ok(())
    }

    /// The held steps, or `None` once they were released.
    fn held(&self) -> Option<parking_lot::MutexGuard<'_, Held>> {
        if self.0.released.load(Ordering::Acquire) {
            return None;
        }
        Some(self.0.held.lock())
    }
}

impl Inner {
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.may_change()?;
        self.file.write(offset, data)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.may_change()?;
        self.file.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.may_change()?;
        self.file
            .sync_data()
            .inspect_err(|_| self.sync_failed.set())
    }

    fn may_change(&self) -> io::Result<()> {
        if self.sync_failed.is_set() {
            return Err(io::Error::other("a sync has failed before"));
        }
        Ok(())
    }
}

impl StorageBackend for Withheld {
    fn len(&self) -> io::Result<u64> {
        match self.held().and_then(|held| held.len) {
            Some(len) => Ok(len),
            None => self.0.file.len(),
        }
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let Some(held) = self.held() else {
            return self.0.file.read(offset, out);
        };
        let there = self.0.file.len()?.min(held.kept).saturating_sub(offset);
        let there = usize::try_from(there).unwrap_or(usize::MAX).min(out.len());
        let (old, new) = out.split_at_mut(there);
        if held.len.is_none() && !new.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.0.file.read(offset, old)?;
        new.fill(0);
        for step in &held.steps {
            if let Step::Write(at, bytes) = step {
                overlay(out, offset, bytes, *at);
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let Some(mut held) = self.held() else {
            return self.0.set_len(len);
        };
        held.len = Some(len);
        held.kept = held.kept.min(len);
        held.steps.push(Step::Resize(len));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let Some(mut held) = self.held() else {
            return self.0.sync();
        };
        held.steps.push(Step::Sync);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let Some(mut held) = self.held() else {
            return self.0.write(offset, data);
        };
        held.steps.push(Step::Write(offset, data.to_vec()));
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.0.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.0.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.file.query_lock_range(start, end)
    }
}

/// Copies the part of `bytes` (which stand at `at`) that falls into `out` (which stands at
/// `offset`).
fn overlay(out: &mut [u8], offset: u64, bytes: &[u8], at: u64) {
    let into = usize::try_from(at.saturating_sub(offset)).unwrap_or(usize::MAX);
    let from = usize::try_from(offset.saturating_sub(at)).unwrap_or(usize::MAX);
    let (Some(out), Some(bytes)) = (out.get_mut(into..), bytes.get(from..)) else {
        return;
    };
    for (out, byte) in out.iter_mut().zip(bytes) {
        *out = *byte;
    }
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;

    use super::*;

    #[test]
    fn what_is_held_is_read_back_but_reaches_the_file_only_when_released() {
        let file = InMemoryBackend::new();
        file.set_len(8).unwrap();
        file.write(0, b"abcdefgh").unwrap();
        let held = Withheld::new(Box::new(file), SyncFailed::default());
        held.write(2, b"XY").unwrap();
        held.set_len(12).unwrap();
        held.write(7, b"hijk").unwrap();
        let mut seen = [0; 12];
        held.read(0, &mut seen).unwrap();
        assert_eq!(&seen, b"abXYefghijk\0");
        let mut middle = [0; 3];
        held.read(3, &mut middle).unwrap();
        assert_eq!(&middle, b"Yef");
        assert_eq!(held.0.file.len().unwrap(), 8);
        held.release().unwrap();
        held.0.file.read(0, &mut seen).unwrap();
        assert_eq!(&seen, b"abXYefghijk\0");
    }

    #[test]
    fn an_emptied_file_keeps_nothing_of_what_it_held() {
        let file = InMemoryBackend::new();
        file.set_len(8).unwrap();
        file.write(0, b"abcdefgh").unwrap();
        let held = Withheld::emptied(Box::new(file), SyncFailed::default());
        assert_eq!(held.len().unwrap(), 0);
        held.set_len(4).unwrap();
        held.write(2, b"X").unwrap();
        let mut seen = [9; 4];
        held.read(0, &mut seen).unwrap();
        assert_eq!(&seen, b"\0\0X\0");
        assert_eq!(held.0.file.len().unwrap(), 8);
        held.release().unwrap();
        held.0.file.read(0, &mut seen).unwrap();
        assert_eq!(&seen, b"\0\0X\0");
        assert_eq!(held.len().unwrap(), 4);
    }

    #[test]
    fn a_read_past_the_end_is_an_error() {
        let held = Withheld::new(Box::new(InMemoryBackend::new()), SyncFailed::default());
        assert!(held.read(0, &mut [0; 4]).is_err());
    }
}
