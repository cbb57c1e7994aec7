//! Files of Telegram that are fetched into the spool and looked into, on threads of their own.
//!
//! Invariant: no file is whole in memory, and none outgrows the room that was taken for it.

use std::fs::File;
use std::io;
use std::time::Duration;

use log::{debug, error, warn};
use tokio::time::sleep;

use crate::chat::TelegramFile;
use crate::clock;
use crate::media::{self, Content, Unfit};
use crate::people::media::Unseen;
use crate::spool::{Draft, Room, Spooled};
use crate::telegram::download::{self, DownloadError, LARGEST};
use crate::telegram::{Account, Client};
use crate::threads::Pool;

/// Files fetched or looked into at once.
const AT_ONCE: usize = 4;
/// How often a file is asked for whose fetching fails.
const MOST_TRIES: u32 = 3;
/// Wait after the first failure; it doubles.
const PAUSE: Duration = Duration::from_millis(500);
/// How long it may take to look into a file (design §10).
const LOOK: Duration = Duration::from_secs(5);

/// Fetches files. Clones share threads and connections.
#[derive(Debug, Clone)]
pub(crate) struct Downloads {
    client: Client,
    threads: Pool,
}

/// A file in the spool, and what the model can be shown of it.
pub(crate) struct Fetched {
    pub(crate) spooled: Spooled,
    pub(crate) content: Content,
}

impl Downloads {
    pub(crate) fn new(account: &Account) -> io::Result<Self> {
        Ok(Self {
            client: account.client(download::DOWNLOADS),
            threads: Pool::new("svs-file", AT_ONCE)?,
        })
    }

    /// Fetches one file of at most `most` bytes, for which room was taken, and looks into it.
    pub(crate) async fn fetch(
        self,
        file: TelegramFile,
        most: u64,
        room: Room,
    ) -> Result<Fetched, Unseen> {
        let draft = self.threads.run(move || room.create()).await;
        let draft = match draft {
            Ok(Ok(draft)) => draft,
            Ok(Err(error)) => {
                error!(err:% = error; "a file cannot be put into the spool");
                return Err(Unseen::NotFetched);
            }
            Err(_panicked) => return Err(Unseen::NotFetched),
        };
        let draft = self.filled(draft, &file, most).await?;
        self.looked_into(draft.finish(), file.seconds).await
    }

    async fn filled(
        &self,
        mut draft: Draft,
        file: &TelegramFile,
        most: u64,
    ) -> Result<Draft, Unseen> {
        let mut tries = 1;
        loop {
            let (client, id) = (self.client.clone(), file.id.clone());
            let done = self.threads.run(move || {
                let done = draft
                    .restart()
                    .map_err(|error| DownloadError::Unstored(error.kind()))
                    .and_then(|()| client.download(&id, most, &mut draft));
                (draft, done)
            });
            let (back, done) = done.await.map_err(|_panicked| Unseen::NotFetched)?;
            draft = back;
            match done {
                Ok(()) => return Ok(draft),
                Err(error) if error.may_pass() && tries < MOST_TRIES => {
                    debug!(err:% = error, tries; "a file was not fetched, again");
                    sleep(pause(tries)).await;
                    tries += 1;
                }
                Err(error) => {
                    warn!(err:% = error, tries; "a file is not fetched");
                    return Err(unseen(&error, most, file));
                }
            }
        }
    }

    async fn looked_into(&self, spooled: Spooled, seconds: Option<u32>) -> Result<Fetched, Unseen> {
        let looked = self.threads.run(move || {
            let late = clock::instant() + LOOK;
            let file = File::open(spooled.path())?;
            let is_late = || clock::instant() > late;
            let content = media::look(file, spooled.bytes(), seconds, &is_late)?;
            io::Result::Ok((spooled, content))
        });
        match looked.await {
            Ok(Ok((spooled, Ok(content)))) => Ok(Fetched { spooled, content }),
            Ok(Ok((_, Err(unfit)))) => Err(unfit.into()),
            Ok(Err(error)) => {
                error!(err:% = error; "a file of the spool cannot be read");
                Err(Unseen::NotFetched)
            }
            // It was one of a kind that nobody has foreseen.
            Err(_panicked) => Err(Unseen::Damaged),
        }
    }
}

/// Spread out, so that the files of an album do not all come again at once.
fn pause(tries: u32) -> Duration {
    let base = PAUSE * 2_u32.saturating_pow(tries.saturating_sub(1));
    base.mul_f64(1.0 + fastrand::f64())
}

fn unseen(error: &DownloadError, most: u64, file: &TelegramFile) -> Unseen {
    match error {
        // Of another one as much was taken as it was told to have.
        DownloadError::TooLarge if file.bytes.is_none_or(|bytes| bytes > LARGEST) => {
            Unseen::TooLarge {
                megabytes: u32::try_from(most.min(LARGEST) >> 20).unwrap_or(u32::MAX),
            }
        }
        DownloadError::TooLarge
        | DownloadError::Gone
        | DownloadError::Expired
        | DownloadError::Call(_)
        | DownloadError::Unstored(_) => Unseen::NotFetched,
    }
}

impl From<Unfit> for Unseen {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Kind => Self::Kind,
            Unfit::Empty => Self::Empty,
            Unfit::Damaged => Self::Damaged,
            Unfit::Bomb => Self::Bomb,
            Unfit::Pages => Self::Pages,
        }
    }
}
