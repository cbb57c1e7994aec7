//! The files that a model makes on the way from the wire to the spool, which has room for each before it
//! is begun.

use std::io::{self, Write as _};
use std::time::Duration;

use log::warn;
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::gemini::Files;
use crate::spool::{Draft, Spool, Spooled};

/// Room for one file: more than an answer holds (`gemini`, `MAX_ANSWER`).
const LARGEST: u64 = 12 << 20;
/// How long a file waits for its room while the service waits to send it.
const PATIENCE: Duration = Duration::from_secs(10);

/// The files of one call. Its methods block, and belong to the thread of a call.
pub(super) struct Made {
    spool: Spool,
    draft: Option<Draft>,
    pub(super) files: Vec<Spooled>,
}

impl Made {
    pub(super) const fn new(spool: Spool) -> Self {
        Self {
            spool,
            draft: None,
            files: Vec::new(),
        }
    }

    fn open(&self) -> io::Result<Draft> {
        let room = async { timeout(PATIENCE, self.spool.room(LARGEST)).await };
        let room = Handle::current().block_on(room)?;
        room.map_err(io::Error::other)?.create()
    }
}

impl Files for Made {
    fn begin(&mut self) -> io::Result<()> {
        self.draft = None;
        let opened = self.open();
        if let Err(error) = &opened {
            warn!(err:% = error; "a file that the model made has no room");
        }
        self.draft = Some(opened?);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let draft = self.draft.as_mut();
        draft.ok_or(io::ErrorKind::NotFound)?.write_all(bytes)
    }

    fn finish(&mut self) -> io::Result<String> {
        let draft = self.draft.take();
        let file = draft.ok_or(io::ErrorKind::NotFound)?.finish();
        let name = file.name().to_owned();
        self.files.push(file);
        Ok(name)
    }
}
