//! What a failed sync leaves to the next start. Owns nothing. Invariant: a file of which a sync has
//! failed is trusted only after all of it was written anew.

use std::fs::{self, File, OpenOptions};
use std::ops::Bound;

use log::{error, warn};
use redb::StorageBackend as _;
use redb::backends::FileBackend;

use super::OpenError;
use super::place::Place;

/// What stands beside a data file of which a sync has failed.
const UNSYNCED: &str = "unsynced";

impl Place {
    /// Leaves word for the next start that a sync of the file has failed. It need not outlive a power
    /// cut: after one the file is what the disk holds, and sound or repaired.
    pub(super) fn mark_unsynced(&self) {
        let mark = self.beside(UNSYNCED);
        if let Err(error) = File::create(&mark) {
            error!(path:% = mark.display(), err:% = error; "the next start will not know that the disk failed");
        }
    }

    /// After a sync that failed, what the kernel shows of the file may not be on the disk, and no
    /// later sync would write it (fsync(2)). So all of it is written anew, under another name.
    pub(super) fn rewrite_if_unsynced(&self) -> Result<(), OpenError> {
        let mark = self.beside(UNSYNCED);
        if fs::symlink_metadata(&mark).is_err() {
            return Ok(());
        }
        let file = OpenOptions::new().read(true).write(true).open(&self.path);
        let file = file.map_err(|error| self.io(error))?;
        let file = FileBackend::new(file).map_err(|error| self.database(error))?;
        let locked = file.try_lock_range(Bound::Unbounded, Bound::Unbounded);
        if !matches!(locked, Ok(true)) {
            return Err(OpenError::Locked(self.path.clone()));
        }
        self.copy_to(&self.path)
            .and_then(|()| File::open(self.folder())?.sync_all())
            .and_then(|()| fs::remove_file(&mark))
            .map_err(|error| self.io(error))?;
        warn!(path:% = self.path.display(); "data file written anew after a sync that had failed");
        Ok(())
    }
}
