//! From a path to an open database, or to one clear sentence (P6). Owns nothing once it returns.
//! Invariant: a file that is refused keeps every byte, and a fault inside redb, a panic too, ends
//! as an [`OpenError`].

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use log::{info, warn};
use redb::backends::FileBackend;
use redb::{Database, StorageBackend};

use super::backend::Withheld;
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

/// redb's default of 1 GiB would be the whole machine; the kernel's page cache does the rest.
const CACHE_BYTES: usize = 4 << 20;

/// Makes the backend of an open file; tests put a faulty disk in here.
pub(super) type MakeBackend =
    Box<dyn Fn(File) -> Result<Box<dyn StorageBackend>, redb::DatabaseError> + Send + Sync>;

/// Where the data file is and what it is to become.
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) backend: MakeBackend,
    pub(super) schema: Schema,
}

/// A database that was found sound.
pub(super) struct Opened {
    pub(super) database: Database,
    /// It was not closed cleanly the last time.
    pub(super) repaired: bool,
}

impl Place {
    pub(super) fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            backend: Box::new(|file| Ok(Box::new(FileBackend::new(file)?))),
            schema: schema::CURRENT,
        }
    }

    /// Opens the file, looks through it and makes it today's.
    pub(super) fn open(&self, mode: Open) -> Result<Opened, OpenError> {
        let created = self.find(mode)?;
        let opened = catch_unwind(AssertUnwindSafe(|| self.open_database(created)));
        let opened = opened.unwrap_or_else(|panic| Err(self.damaged(panic_text(&panic))));
        if let Err(error) = &opened
            && created == Created::Now
            && !matches!(error, OpenError::Locked(_))
            && let Err(error) = fs::remove_file(&self.path)
        {
            warn!(path:% = self.path.display(), err:% = error; "unfinished data file left behind");
        }
        opened
    }

    /// Sees to it that a regular file is there.
    fn find(&self, mode: Open) -> Result<Created, OpenError> {
        match fs::metadata(&self.path) {
            Ok(found) if !found.is_file() => Err(OpenError::NotAFile(self.path.clone())),
            Ok(found) if found.len() == 0 => Err(OpenError::Empty(self.path.clone())),
            Ok(_) => Ok(Created::Before),
            Err(error) if error.kind() == io::ErrorKind::NotFound => match mode {
                Open::Existing => Err(OpenError::Missing(self.path.clone())),
                Open::CreateIfMissing => self.create(),
            },
            Err(error) => Err(self.io(error)),
        }
    }

    fn create(&self) -> Result<Created, OpenError> {
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| OpenError::NoFolder(self.path.clone(), error))?;
        let made = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&self.path);
        match made.and_then(|_| File::open(folder)?.sync_all()) {
            Ok(()) => Ok(Created::Now),
            // Another process was faster; its lock decides.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Created::Before),
            Err(error) => Err(self.io(error)),
        }
    }

    fn open_database(&self, created: Created) -> Result<Opened, OpenError> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&self.path)
            .map_err(|error| self.io(error))?;
        if created == Created::Before {
            self.check_magic(&mut file)?;
        }
        let file = (self.backend)(file).map_err(|error| self.database(error))?;
        let withheld = Withheld::new(file);
        let repaired = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&repaired);
        let db = Database::builder()
            .set_cache_size(CACHE_BYTES)
            .set_repair_callback(move |_| seen.store(true, Ordering::Relaxed))
            .create_with_backend(withheld.clone())
            .map_err(|error| self.database(error))?;
        let findings = schema::inspect(&db, self.schema).map_err(|error| self.store(error))?;
        self.judge(&findings)?;
        withheld.release().map_err(|error| self.io(error))?;
        schema::prepare(&db, &findings, self.schema).map_err(|error| self.store(error))?;
        Ok(Opened {
            database: db,
            repaired: repaired.load(Ordering::Relaxed),
        })
    }

    /// Refuses what is not ours, and keeps a copy of what is about to be migrated. The file still
    /// has the bytes it was found with.
    fn judge(&self, findings: &Findings) -> Result<(), OpenError> {
        match findings {
            Findings::New | Findings::Current { .. } => Ok(()),
            Findings::Foreign | Findings::Other(0) => Err(OpenError::Foreign(self.path.clone())),
            Findings::Other(version) if *version > self.schema.version() => {
                Err(OpenError::TooNew {
                    path: self.path.clone(),
                    found: *version,
                    known: self.schema.version(),
                })
            }
            Findings::Other(version) => {
                let copy = self.beside(&format!("v{version}.bak"));
                self.copy_to(&copy).map_err(|error| self.io(error))?;
                info!(from = *version, to = self.schema.version(), copy:% = copy.display(); "migrating the data file");
                Ok(())
            }
        }
    }

    /// Copies the file under another name, which never names half a copy.
    fn copy_to(&self, copy: &Path) -> io::Result<()> {
        let unfinished = self.beside("unfinished");
        fs::copy(&self.path, &unfinished)?;
        File::open(&unfinished)?.sync_all()?;
        fs::rename(&unfinished, copy)
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".");
        name.push(ending);
        PathBuf::from(name)
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

    fn io(&self, error: io::Error) -> OpenError {
        OpenError::of_io(self.path.clone(), error)
    }

    fn database(&self, error: redb::DatabaseError) -> OpenError {
        OpenError::of_database(self.path.clone(), error)
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

/// Whether the file was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Created {
    Now,
    Before,
}

/// What a panic said.
fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("unexplained").to_owned()
}
