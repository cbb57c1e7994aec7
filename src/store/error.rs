//! What can go wrong with the data file, sorted by what the caller does next. Owns no state.
//! Invariant: a message names the file or the table, never what is in a row.

use std::io;
use std::path::PathBuf;

use super::codec::CodecError;

/// Why the data file was not opened; each is an exit code and a sentence for the operator (P6).
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("there is no data file at {}", .0.display())]
    Missing(PathBuf),
    #[error("the folder of the data file {} cannot be made", .0.display())]
    NoFolder(PathBuf, #[source] io::Error),
    #[error("{} is not a file but a folder or device; set DATA_FILE to a file", .0.display())]
    NotAFile(PathBuf),
    #[error("the data file {} is empty; delete it to start anew, or restore a backup", .0.display())]
    Empty(PathBuf),
    #[error("{} is not a data file of svs-bot", .0.display())]
    Foreign(PathBuf),
    #[error("the data file {} is damaged ({reason}); restore a backup", .path.display())]
    Damaged { path: PathBuf, reason: String },
    #[error("the data file {} is in use by another process", .0.display())]
    Locked(PathBuf),
    #[error("the data file {} may not be read and written by this user", .0.display())]
    Denied(PathBuf, #[source] io::Error),
    #[error("the disk of the data file {} is full", .0.display())]
    DiskFull(PathBuf),
    #[error(
        "the data file {} was written by a newer svs-bot (schema {found}, known is {known})",
        .path.display()
    )]
    TooNew {
        path: PathBuf,
        found: u32,
        known: u32,
    },
    #[error("the data file {} cannot be opened", .0.display())]
    Io(PathBuf, #[source] io::Error),
}

impl OpenError {
    /// Sorts an error of the file system by its kind.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the kinds are the system's, and all others mean the same to us"
    )]
    pub(super) fn of_io(path: PathBuf, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing(path),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::Denied(path, error)
            }
            io::ErrorKind::IsADirectory => Self::NotAFile(path),
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Self::Damaged {
                path,
                reason: error.to_string(),
            },
            _ if is_full(&error) => Self::DiskFull(path),
            _ => Self::Io(path, error),
        }
    }

    /// Whether waiting may help: the fault is the disk's or another process's, not the file's.
    pub(super) const fn may_pass(&self) -> bool {
        match self {
            Self::Locked(_) | Self::Denied(..) | Self::DiskFull(_) | Self::Io(..) => true,
            Self::Missing(_)
            | Self::NoFolder(..)
            | Self::NotAFile(_)
            | Self::Empty(_)
            | Self::Foreign(_)
            | Self::Damaged { .. }
            | Self::TooNew { .. } => false,
        }
    }

    pub(super) fn of_database(path: PathBuf, error: redb::DatabaseError) -> Self {
        if matches!(error, redb::DatabaseError::DatabaseAlreadyOpen) {
            return Self::Locked(path);
        }
        if let redb::DatabaseError::Storage(error) = error {
            return Self::of_store(path, error.into());
        }
        let reason = error.to_string();
        Self::Damaged { path, reason }
    }

    pub(super) fn of_store(path: PathBuf, error: StoreError) -> Self {
        let reason = match error {
            StoreError::Io(error) => return Self::of_io(path, error),
            StoreError::Damaged(reason) => reason,
            StoreError::Row { .. }
            | StoreError::Panicked
            | StoreError::Unavailable
            | StoreError::Closed => error.to_string(),
        };
        Self::Damaged { path, reason }
    }
}

/// Why a read or write of the open store failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The process is stopping; nothing was written (but when the disk fails at that very moment,
    /// the last commit may have reached it).
    #[error("the store is closed")]
    Closed,
    /// The file is being opened again after a fault; try later.
    #[error("the data file is being opened again")]
    Unavailable,
    /// The operation panicked; nothing of it was written.
    #[error("an operation on the data file panicked")]
    Panicked,
    /// One row is unreadable, or too large to be written; others are fine.
    #[error("a row of {table} {error}")]
    Row {
        table: &'static str,
        error: CodecError,
    },
    /// The file contradicts itself; restore a backup.
    #[error("the data file is damaged ({0})")]
    Damaged(String),
    /// The disk failed; a write was tried for about a quarter of a minute. A full disk is no such
    /// failure: writes wait for room as long as it takes.
    #[error("the data file cannot be read or written")]
    Io(#[source] io::Error),
}

impl StoreError {
    /// Whether the same operation may succeed a little later: the disk or the file as a whole was
    /// in the way, not the operation itself.
    pub(crate) const fn may_pass(&self) -> bool {
        match self {
            Self::Io(_) | Self::Unavailable | Self::Damaged(_) => true,
            Self::Closed | Self::Panicked | Self::Row { .. } => false,
        }
    }

    /// Whether a row was larger than one may be; nothing was written.
    pub(crate) const fn is_too_large(&self) -> bool {
        matches!(
            self,
            Self::Row {
                error: CodecError::TooLarge,
                ..
            }
        )
    }
}

/// Whether the disk, the quota or the largest file size is used up.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

impl From<redb::StorageError> for StoreError {
    fn from(error: redb::StorageError) -> Self {
        if let redb::StorageError::Io(error) = error {
            // A page number that leads outside the file: trying again would not help.
            if error.kind() == io::ErrorKind::UnexpectedEof {
                return Self::Damaged(error.to_string());
            }
            return Self::Io(error);
        }
        if matches!(error, redb::StorageError::PreviousIo) {
            return Self::Io(io::Error::other(error));
        }
        Self::Damaged(error.to_string())
    }
}

macro_rules! from_redb {
    ($($error:ident)*) => {$(
        impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                if let redb::$error::Storage(error) = error {
                    return error.into();
                }
                Self::Damaged(error.to_string())
            }
        }
    )*};
}

from_redb! { TableError TransactionError CommitError }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_the_file_system_has_its_own_sentence() {
        use io::ErrorKind as Kind;
        let cases = [
            (Kind::NotFound, "there is no data file at /d/bot.redb"),
            (Kind::PermissionDenied, "may not be read and written"),
            (Kind::ReadOnlyFilesystem, "may not be read and written"),
            (Kind::IsADirectory, "is not a file"),
            (Kind::StorageFull, "is full"),
            (Kind::QuotaExceeded, "is full"),
            (Kind::FileTooLarge, "is full"),
            (Kind::UnexpectedEof, "is damaged"),
            (Kind::InvalidData, "is damaged"),
            (Kind::TimedOut, "cannot be opened"),
        ];
        for (kind, sentence) in cases {
            let error = OpenError::of_io(PathBuf::from("/d/bot.redb"), kind.into()).to_string();
            assert!(error.contains(sentence), "{kind:?}: {error}");
            assert!(error.contains("/d/bot.redb"), "{error}");
        }
    }
}
