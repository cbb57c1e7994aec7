//! Whether the data file still stands where it was opened. Owns nothing. Invariant: what was
//! acknowledged stays within reach of a name; a file that was removed is put back, and one in whose
//! place another was put is kept beside it.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use super::place::{Identity, Place};

/// What is found under the name of the data file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The file that was opened.
    There,
    /// Nothing: it was removed, or its folder was.
    Gone,
    /// Another file: somebody restored a backup while the bot ran.
    Replaced,
}

impl Place {
    /// Looks whether the open file still has its name. A look that fails says nothing.
    pub(super) fn standing(&self) -> Standing {
        let Some(ours) = *self.identity.lock() else {
            return Standing::There;
        };
        match fs::metadata(&self.path) {
            Ok(found) if Identity::of(&found) != ours => Standing::Replaced,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Standing::Gone,
            Ok(_) | Err(_) => Standing::There,
        }
    }

    /// Writes the open file, which has no name any more, under its old name again. Nothing may be
    /// written to it meanwhile, and the copy is what has to be opened afterwards.
    pub(super) fn put_back(&self) -> io::Result<()> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(self.folder())?;
        self.copy_open_file(&self.path.clone())
    }

    /// Keeps what is in the open file beside the one that has taken its place.
    pub(super) fn keep_displaced(&self) -> io::Result<PathBuf> {
        let copy = self.beside("displaced");
        self.copy_open_file(&copy)?;
        Ok(copy)
    }

    /// Copies what this process has open; the copy gets its name when it is whole.
    fn copy_open_file(&self, copy: &std::path::Path) -> io::Result<()> {
        let unfinished = self.beside("unfinished");
        fs::copy(self.open_descriptor()?, &unfinished)?;
        File::open(&unfinished)?.sync_all()?;
        fs::rename(&unfinished, copy)?;
        File::open(self.folder())?.sync_all()
    }

    /// The open file as a path (proc(5), `/proc/pid/fd`).
    fn open_descriptor(&self) -> io::Result<PathBuf> {
        let ours = *self.identity.lock();
        for descriptor in fs::read_dir("/proc/self/fd")? {
            let path = descriptor?.path();
            let found = fs::metadata(&path).map(|found| Identity::of(&found));
            if found.ok() == ours {
                return Ok(path);
            }
        }
        Err(io::ErrorKind::NotFound.into())
    }
}
