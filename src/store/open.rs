//! From a path to an open database, or to one clear sentence (P6). Owns nothing once it returns.
//! Invariant: a file that is refused keeps every byte, a fault inside redb, a panic too, ends as an
//! [`OpenError`], and whatever stands in the place of the data file was whole when it got there.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _};
use std::ops::Bound;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use log::{info, warn};
use redb::backends::FileBackend;
use redb::{Database, StorageBackend as _};

use super::backend::Withheld;
use super::place::{Identity, Place};
use super::schema::{self, Findings, Schema};
use super::{OpenError, StoreError};

/// What to do when there is no data file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Open {
    /// Refuse.
    Existing,
    /// Make it, and its folder.
    CreateIfMissing,
}

/// The first bytes of every redb file.
const MAGIC: [u8; 9] = *b"redb\x1A\x0A\xA9\x0D\x0A";

/// What the name of a data file ends with until it is whole.
const UNFINISHED: &str = "new";

/// redb's default of 1 GiB would be the whole machine; the kernel's page cache does the rest.
const CACHE_BYTES: usize = 4 << 20;

/// A database that was found sound.
pub(super) struct Opened {
    pub(super) database: Database,
    /// It was not closed cleanly the last time.
    pub(super) repaired: bool,
}

/// A database that was found sound and whose file still has the bytes it was found with.
pub(super) struct Inspected {
    pub(super) database: Database,
    pub(super) changes: Changes,
}

/// What an opening has still to write.
pub(super) struct Changes {
    withheld: Withheld,
    findings: Findings,
    schema: Schema,
    repaired: bool,
}

impl Changes {
    /// Writes it. When that fails the database can be read, but not written any more.
    pub(super) fn apply(&self, database: &Database) -> Result<(), StoreError> {
        self.withheld.release().map_err(StoreError::Io)?;
        schema::prepare(database, &self.findings, self.schema)
    }
}

impl Place {
    /// Opens the file, looks through it and makes it today's.
    pub(super) fn open(&self, mode: Open) -> Result<Opened, OpenError> {
        let opened = self.unharmed(|| match self.find(mode)? {
            Found::There => self.open_again(),
            Found::Nothing => self.create(),
        })?;
        if mode == Open::CreateIfMissing {
            self.sweep();
        }
        Ok(opened)
    }

    /// Opens the file and looks through it. Nothing is written yet, so a full disk does not keep
    /// anybody from reading it.
    pub(super) fn inspect(&self) -> Result<Inspected, OpenError> {
        self.unharmed(|| match self.find(Open::Existing)? {
            Found::There => self.inspect_file(),
            Found::Nothing => Err(OpenError::Missing(self.path.clone())),
        })
    }

    /// Opens what a process before this one has left.
    fn open_again(&self) -> Result<Opened, OpenError> {
        self.rewrite_if_unsynced()?;
        let opened = self.inspect_file().and_then(|found| self.adopt(found));
        opened.inspect_err(|_| {
            if self.sync_failed.is_set() {
                self.mark_unsynced();
            }
        })
    }

    /// Lets what the opening has to write reach the file.
    fn adopt(&self, inspected: Inspected) -> Result<Opened, OpenError> {
        let Inspected { database, changes } = inspected;
        self.keep_copy(&changes.findings)?;
        changes
            .apply(&database)
            .map_err(|error| self.store(error))?;
        Ok(Opened {
            database,
            repaired: changes.repaired,
        })
    }

    /// A fault inside redb that shows as a panic is damage like any other.
    fn unharmed<T>(&self, work: impl FnOnce() -> Result<T, OpenError>) -> Result<T, OpenError> {
        catch_unwind(AssertUnwindSafe(work))
            .unwrap_or_else(|panic| Err(self.damaged(panic_text(panic.as_ref()))))
    }

    /// Sees to it that what is there is a regular file.
    fn find(&self, mode: Open) -> Result<Found, OpenError> {
        match fs::metadata(&self.path) {
            Ok(found) if !found.is_file() => Err(OpenError::NotAFile(self.path.clone())),
            Ok(found) if found.len() == 0 => Err(OpenError::Empty(self.path.clone())),
            Ok(_) => Ok(Found::There),
            Err(error) if error.kind() == io::ErrorKind::NotFound => match mode {
                Open::Existing => Err(OpenError::Missing(self.path.clone())),
                Open::CreateIfMissing => Ok(Found::Nothing),
            },
            Err(error) => Err(self.io(error)),
        }
    }

    /// Makes the file under the name of an unfinished one, which becomes its own only when it is
    /// whole: a start that is killed meanwhile leaves nothing that the next would stumble over.
    /// Whoever holds the lock of the unfinished file is the one who makes it.
    fn create(&self) -> Result<Opened, OpenError> {
        let unfinished = self.beside(UNFINISHED);
        let file = self.open_unfinished(&unfinished)?;
        let ours = self.identify(&file)?;
        let file = (self.backend)(file).map_err(|error| self.database(error))?;
        // What a killed start wrote is not read, and thrown away only once this one is locked.
        let inspected = self.inspect_backend(Withheld::emptied(file, self.sync_failed.clone()))?;
        let stands =
            fs::symlink_metadata(&unfinished).is_ok_and(|found| Identity::of(&found) == ours);
        if fs::symlink_metadata(&self.path).is_ok() {
            // Another start made it in the meantime.
            drop(inspected);
            self.sweep();
            return self.adopt(self.inspect_file()?);
        }
        if !stands {
            return Err(OpenError::Locked(self.path.clone()));
        }
        let moved = inspected
            .changes
            .apply(&inspected.database)
            .map_err(|error| self.store(error))
            .and_then(|()| self.give_name(&unfinished));
        // Ours as long as the database is open and locked.
        moved.inspect_err(|_| remove_left_over(&unfinished))?;
        Ok(Opened {
            database: inspected.database,
            repaired: false,
        })
    }

    /// Opens the unfinished file, or makes it, and the folder.
    fn open_unfinished(&self, unfinished: &Path) -> Result<File, OpenError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(self.folder())
            .map_err(|error| OpenError::NoFolder(self.path.clone(), error))?;
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(unfinished)
            .map_err(|error| OpenError::of_io(unfinished.to_owned(), error))
    }

    fn give_name(&self, unfinished: &Path) -> Result<(), OpenError> {
        fs::rename(unfinished, &self.path)
            .and_then(|()| File::open(self.folder())?.sync_all())
            .map_err(|error| self.io(error))
    }

    /// Removes what a start that was killed left unfinished, unless somebody is at work on it.
    fn sweep(&self) {
        let unfinished = self.beside(UNFINISHED);
        let Ok(file) = OpenOptions::new().read(true).write(true).open(&unfinished) else {
            return;
        };
        if let Ok(file) = FileBackend::new(file)
            && let Ok(true) = file.try_lock_range(Bound::Unbounded, Bound::Unbounded)
        {
            remove_left_over(&unfinished);
        }
    }

    fn inspect_file(&self) -> Result<Inspected, OpenError> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&self.path)
            .map_err(|error| self.io(error))?;
        self.check_magic(&mut file)?;
        self.identify(&file)?;
        let file = (self.backend)(file).map_err(|error| self.database(error))?;
        self.inspect_backend(Withheld::new(file, self.sync_failed.clone()))
    }

    /// Remembers which file this is.
    fn identify(&self, file: &File) -> Result<Identity, OpenError> {
        let found = file.metadata().map_err(|error| self.io(error))?;
        let identity = Identity::of(&found);
        *self.identity.lock() = Some(identity);
        Ok(identity)
    }

    fn inspect_backend(&self, withheld: Withheld) -> Result<Inspected, OpenError> {
        let repaired = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&repaired);
        let database = Database::builder()
            .set_cache_size(CACHE_BYTES)
            .set_repair_callback(move |_| seen.store(true, Ordering::Relaxed))
            .create_with_backend(withheld.clone())
            .map_err(|error| self.database(error))?;
        let findings =
            schema::inspect(&database, self.schema).map_err(|error| self.store(error))?;
        self.judge(&findings)?;
        Ok(Inspected {
            database,
            changes: Changes {
                withheld,
                findings,
                schema: self.schema,
                repaired: repaired.load(Ordering::Relaxed),
            },
        })
    }

    /// Refuses what is not ours.
    fn judge(&self, findings: &Findings) -> Result<(), OpenError> {
        match findings {
            Findings::Foreign | Findings::Other(0) => Err(OpenError::Foreign(self.path.clone())),
            Findings::Other(version) if *version > self.schema.version() => {
                Err(OpenError::TooNew {
                    path: self.path.clone(),
                    found: *version,
                    known: self.schema.version(),
                })
            }
            Findings::New | Findings::Current { .. } | Findings::Other(_) => Ok(()),
        }
    }

    /// Keeps a copy of what is about to be migrated. The file still has the bytes it was found with.
    fn keep_copy(&self, findings: &Findings) -> Result<(), OpenError> {
        match findings {
            Findings::New | Findings::Foreign | Findings::Current { .. } => Ok(()),
            Findings::Other(version) => {
                let copy = self.beside(&format!("v{version}.bak"));
                self.copy_to(&copy).map_err(|error| self.io(error))?;
                info!(from = *version, to = self.schema.version(), copy:% = copy.display(); "migrating the data file");
                Ok(())
            }
        }
    }

    fn check_magic(&self, file: &mut File) -> Result<(), OpenError> {
        let mut magic = Vec::new();
        file.take(MAGIC.len() as u64)
            .read_to_end(&mut magic)
            .map_err(|error| self.io(error))?;
        if magic == MAGIC {
            Ok(())
        } else {
            Err(OpenError::Foreign(self.path.clone()))
        }
    }

    fn store(&self, error: StoreError) -> OpenError {
        OpenError::of_store(self.path.clone(), error)
    }

    fn damaged(&self, reason: String) -> OpenError {
        OpenError::Damaged {
            path: self.path.clone(),
            reason,
        }
    }
}

/// What is in the place of the data file.
enum Found {
    There,
    Nothing,
}

fn remove_left_over(unfinished: &Path) {
    match fs::remove_file(unfinished) {
        Ok(()) => info!(path:% = unfinished.display(); "unfinished data file removed"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            warn!(path:% = unfinished.display(), err:% = error; "unfinished data file left behind");
        }
    }
}

/// What a panic said.
fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("unexplained").to_owned()
}
