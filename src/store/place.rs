//! Where the data file is: its name, the names beside it, and which file was opened under it. Owns
//! nothing but these.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use parking_lot::Mutex;
use redb::StorageBackend;
use redb::backends::FileBackend;

use super::OpenError;
use super::backend::SyncFailed;
use super::schema::{self, Schema};

/// How often it is looked whether the file still has its name, while something is written.
const LOOK: Duration = Duration::from_secs(5);

/// Makes the backend of an open file; tests put a faulty disk in here.
pub(super) type MakeBackend =
    Box<dyn Fn(File) -> Result<Box<dyn StorageBackend>, redb::DatabaseError> + Send + Sync>;

/// Where the data file is and what it is to become.
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) backend: MakeBackend,
    pub(super) schema: Schema,
    pub(super) sync_failed: SyncFailed,
    /// As [`LOOK`].
    pub(super) look: Duration,
    /// Of the file that was opened last.
    pub(super) identity: Mutex<Option<Identity>>,
}

/// Which file it is: device and inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity(u64, u64);

impl Identity {
    pub(super) fn of(file: &Metadata) -> Self {
        Self(file.dev(), file.ino())
    }
}

impl Place {
    pub(super) fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            backend: Box::new(|file| Ok(Box::new(FileBackend::new(file)?))),
            schema: schema::CURRENT,
            sync_failed: SyncFailed::default(),
            look: LOOK,
            identity: Mutex::default(),
        }
    }

    /// The folder that the data file is in.
    pub(super) fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }

    /// The data file's name with a further ending.
    pub(super) fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".");
        name.push(ending);
        PathBuf::from(name)
    }

    /// Copies the file under another name, which never names half a copy.
    pub(super) fn copy_to(&self, copy: &Path) -> io::Result<()> {
        let unfinished = self.beside("unfinished");
        fs::copy(&self.path, &unfinished)?;
        File::open(&unfinished)?.sync_all()?;
        fs::rename(&unfinished, copy)
    }

    pub(super) fn io(&self, error: io::Error) -> OpenError {
        OpenError::of_io(self.path.clone(), error)
    }

    pub(super) fn database(&self, error: redb::DatabaseError) -> OpenError {
        OpenError::of_database(self.path.clone(), error)
    }
}
