//! Files that people sent: from Telegram into whatever they are written to. Part of the edge.
//!
//! Invariant: no more is read than was asked for, and as everywhere here no URL leaves this file.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Write};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::verdict::{self, ErrorReply, Refusal};
use super::{CallError, Client};
use crate::http::{self, Bounded, Fault, Limits};

/// Deadlines of `getFile` and of the file itself: 20 MB over a slow line.
pub(crate) const DOWNLOADS: Limits = Limits {
    first_byte: Duration::from_secs(30),
    body: Some(Duration::from_mins(2)),
    between_bytes: Some(Duration::from_secs(30)),
    idle_connections: 4,
};
/// The largest file that Telegram hands out (Bot API, `getFile`).
pub(crate) const LARGEST: u64 = 20 << 20;
/// Bytes read and written at a time.
const BLOCK: usize = 16 << 10;
/// Telegram's own server, which has no files on this machine.
const TELEGRAM: &str = "https://api.telegram.org";

/// Why there is no file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DownloadError {
    /// Larger than was asked for, or than Telegram hands out.
    #[error("the file is too large")]
    TooLarge,
    /// Telegram has it no more, or not for this bot.
    #[error("the file is gone")]
    Gone,
    /// The path that was given out leads nowhere any more; there may be another.
    #[error("the path of the file has expired")]
    Expired,
    #[error(transparent)]
    Call(#[from] CallError),
    /// It cannot be written where it should be.
    #[error("the file cannot be stored: {0}")]
    Unstored(io::ErrorKind),
}

impl DownloadError {
    /// Whether the same may succeed a moment later.
    pub(crate) const fn may_pass(&self) -> bool {
        match self {
            Self::TooLarge | Self::Gone | Self::Unstored(_) => false,
            Self::Call(CallError::Refused(refusal)) => {
                matches!(refusal, Refusal::Transient(_) | Refusal::Flood(_))
            }
            Self::Expired
            | Self::Call(CallError::Fault(_) | CallError::Garbled | CallError::Local(_)) => true,
        }
    }
}

impl From<Fault> for DownloadError {
    fn from(fault: Fault) -> Self {
        if fault == Fault::TooLarge {
            Self::TooLarge
        } else {
            Self::Call(fault.into())
        }
    }
}

#[derive(Serialize)]
struct GetFile<'a> {
    file_id: &'a str,
}

/// What `getFile` tells.
#[derive(Deserialize)]
struct Found {
    file_size: Option<u64>,
    /// Absent for a file that is not handed out.
    file_path: Option<String>,
}

impl Client {
    /// Writes the file with this `file_id`, if it has at most `most` bytes. Blocks.
    pub(crate) fn download(
        &self,
        file_id: &str,
        most: u64,
        into: &mut impl Write,
    ) -> Result<(), DownloadError> {
        let found: Found = self
            .call("getFile", &GetFile { file_id })
            .map_err(of_call)?;
        if found.file_size.is_some_and(|bytes| bytes > most) {
            return Err(DownloadError::TooLarge);
        }
        let path = found.file_path.ok_or(DownloadError::Gone)?;
        let copied = if path.starts_with('/') {
            copy(
                self.local_file(&path)?.take(most.saturating_add(1)),
                most,
                into,
            )?
        } else {
            let body = self.get_file(&path)?;
            copy(Bounded::new(body, most), most, into)?
        };
        match found.file_size {
            Some(bytes) if bytes != copied => Err(CallError::Garbled.into()),
            Some(_) | None => Ok(()),
        }
    }

    /// A Bot API server of one's own names files where they lie on this machine.
    fn local_file(&self, path: &str) -> Result<File, DownloadError> {
        if self.base == TELEGRAM {
            return Err(CallError::Garbled.into());
        }
        let file = File::open(path).map_err(|_unreadable| DownloadError::Gone)?;
        let is_file = file.metadata().is_ok_and(|found| found.is_file());
        is_file.then_some(file).ok_or(DownloadError::Gone)
    }

    fn get_file(&self, path: &str) -> Result<ureq::Body, DownloadError> {
        let path = encoded(path).ok_or(CallError::Garbled)?;
        let url = format!("{}/file/bot{}/{path}", self.base, self.token.expose());
        let response = self
            .agent
            .get(url)
            .call()
            .map_err(|error| http::fault(&error))?;
        let (head, body) = response.into_parts();
        match head.status.as_u16() {
            200 => Ok(body),
            404 | 410 => Err(DownloadError::Expired),
            code => Err(DownloadError::Call(
                verdict::of(ErrorReply {
                    code,
                    description: None,
                    retry_after: None,
                    migrate_to: None,
                })
                .into(),
            )),
        }
    }
}

/// A refusal of `getFile` is about the file.
fn of_call(error: CallError) -> DownloadError {
    match error {
        CallError::Refused(Refusal::FileTooLarge) => DownloadError::TooLarge,
        CallError::Refused(Refusal::Rejected(_)) => DownloadError::Gone,
        CallError::Refused(_) | CallError::Fault(_) | CallError::Garbled | CallError::Local(_) => {
            DownloadError::Call(error)
        }
    }
}

/// Copies all there is, and tells how much that was.
fn copy(mut from: impl Read, most: u64, into: &mut impl Write) -> Result<u64, DownloadError> {
    let mut block = vec![0; BLOCK];
    let mut copied = 0_u64;
    loop {
        let read = from
            .read(&mut block)
            .map_err(|error| http::read_fault(&error))?;
        let Some(bytes) = block.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return Ok(copied);
        };
        copied += read as u64;
        if copied > most {
            return Err(DownloadError::TooLarge);
        }
        into.write_all(bytes).map_err(|error| {
            if error.kind() == io::ErrorKind::FileTooLarge {
                DownloadError::TooLarge
            } else {
                DownloadError::Unstored(error.kind())
            }
        })?;
    }
}

/// The path as part of a URL; none where it would lead elsewhere.
fn encoded(path: &str) -> Option<String> {
    if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return None;
    }
    let mut encoded = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            write!(encoded, "%{byte:02X}").ok();
        }
    }
    Some(encoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_never_leads_elsewhere_than_to_a_file_of_the_bot() {
        assert_eq!(
            encoded("photos/file_1.jpg").as_deref(),
            Some("photos/file_1.jpg")
        );
        assert_eq!(encoded("a b/é?#").as_deref(), Some("a%20b/%C3%A9%3F%23"));
        for path in ["", "../x", "a/../b", "a//b", "./a", "a/"] {
            assert_eq!(encoded(path), None, "{path}");
        }
    }

    #[test]
    fn no_more_is_written_than_was_asked_for() {
        let mut into = Vec::new();
        assert_eq!(copy(&b"12345"[..], 5, &mut into), Ok(5));
        assert_eq!(into, b"12345");
        let error = copy(&b"123456"[..], 5, &mut Vec::new());
        assert_eq!(error, Err(DownloadError::TooLarge));
    }

    #[test]
    fn what_telegram_says_of_a_file_is_believed_and_its_failures_pass() {
        let refused = |refusal| of_call(CallError::Refused(refusal));
        assert_eq!(refused(Refusal::FileTooLarge), DownloadError::TooLarge);
        assert_eq!(
            refused(Refusal::Rejected(String::new())),
            DownloadError::Gone
        );
        assert!(refused(Refusal::Transient(502)).may_pass());
        assert!(!refused(Refusal::Unauthorized).may_pass());
        assert!(DownloadError::from(Fault::Closed).may_pass());
        assert_eq!(
            DownloadError::from(Fault::TooLarge),
            DownloadError::TooLarge
        );
    }
}
