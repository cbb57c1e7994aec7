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

    pub(super) fn of_storage(path: PathBuf, error: redb::StorageError) -> Self {
        match error {
            redb::StorageError::Io(error) => Self::of_io(path, error),
            other => Self::Damaged {
                path,
                reason: other.to_string(),
            },
        }
    }

    pub(super) fn of_database(path: PathBuf, error: redb::DatabaseError) -> Self {
        match error {
            redb::DatabaseError::DatabaseAlreadyOpen => Self::Locked(path),
            redb::DatabaseError::Storage(error) => Self::of_storage(path, error),
            other => Self::Damaged {
                path,
                reason: other.to_string(),
            },
        }
    }

    pub(super) fn of_store(path: PathBuf, error: StoreError) -> Self {
        match error {
            StoreError::Io(error) => Self::of_io(path, error),
            other => Self::Damaged {
                path,
                reason: other.to_string(),
            },
        }
    }
}

/// Why a read or write of the open store failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The process is stopping; nothing was written.
    #[error("the store is closed")]
    Closed,
    /// Nothing was written; the caller slows down.
    #[error("too many writes wait for the data file")]
    Full,
    /// The file is being opened again after a fault; try later.
    #[error("the data file is being opened again")]
    Unavailable,
    /// The operation panicked; nothing of it was written.
    #[error("an operation on the data file panicked")]
    Panicked,
    /// One row is unreadable, or too large to be written; others are fine.
    #[error("a row of {table}")]
    Row {
        table: &'static str,
        #[source]
        error: CodecError,
    },
    /// The file contradicts itself; restore a backup.
    #[error("the data file is damaged ({0})")]
    Damaged(String),
    /// The disk failed. Within a write this never reaches the caller: the writer tries again.
    #[error("the data file cannot be read or written")]
    Io(#[source] io::Error),
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
        match error {
            redb::StorageError::Io(error) => Self::Io(error),
            previous @ redb::StorageError::PreviousIo => Self::Io(io::Error::other(previous)),
            redb::StorageError::DatabaseClosed => Self::Unavailable,
            other => Self::Damaged(other.to_string()),
        }
    }
}

impl From<redb::TableError> for StoreError {
    fn from(error: redb::TableError) -> Self {
        match error {
            redb::TableError::Storage(error) => error.into(),
            other => Self::Damaged(other.to_string()),
        }
    }
}

impl From<redb::TransactionError> for StoreError {
    fn from(error: redb::TransactionError) -> Self {
        match error {
            redb::TransactionError::Storage(error) => error.into(),
            other => Self::Damaged(other.to_string()),
        }
    }
}

impl From<redb::CommitError> for StoreError {
    fn from(error: redb::CommitError) -> Self {
        match error {
            redb::CommitError::Storage(error) => error.into(),
            other => Self::Damaged(other.to_string()),
        }
    }
}

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
