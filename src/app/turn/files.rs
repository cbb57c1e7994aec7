//! What the model is shown of the files of a question, and of those that it may be about because an
//! earlier one was: which of them, by role, size and day; fetched, looked into, and held in the spool
//! until the turn ends.
//!
//! Invariants: nothing is fetched that is known to be too large; what is fetched was counted before; and
//! room is taken for all files of a question together, so that two questions never wait for each other.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use super::question::Asked;
use crate::app::downloads::{Downloads, Fetched};
use crate::app::intake::person_limits::is_stranger;
use crate::chat::prompt::within_tokens;
use crate::chat::{Attachment, Enclosed, Files, Job, Remembered, Seen, TelegramFile, UserId};
use crate::clock::{self, Day};
use crate::config::UserLimits;
use crate::media::Content;
use crate::people::media::{self, MOST_AT_ONCE, Unseen};
use crate::people::roles::Terms;
use crate::spool::{self, Spooled};
use crate::store::{StoreError, Write};

/// How long all files of a question may take, also to find room.
const PATIENCE: Duration = Duration::from_secs(90);
/// Tokens of all texts that were taken out of the files of one question.
const MOST_TEXT: u64 = 100_000;
/// Files of earlier rounds that are shown again, and their bytes together.
const MOST_AGAIN: usize = 4;
const BYTES_AGAIN: u64 = 8 << 20;

/// What there is of the files.
#[derive(Default)]
pub(super) struct Looked {
    pub(super) files: Files,
    /// Those of the question that nobody looked at, by their Bot API fields, and why.
    pub(super) unseen: Vec<(String, Unseen)>,
    /// Of some text the end is missing.
    pub(super) is_cut: bool,
    /// Gone at the end of the turn.
    spooled: Vec<Spooled>,
}

/// A file that is to be looked at.
#[derive(Debug, Clone)]
struct Wanted {
    /// The Bot API field, where it belongs to the question.
    kind: Option<String>,
    file: TelegramFile,
    /// What it is counted as: its bytes, or the most that it may have.
    bytes: u64,
}

impl Asked<'_> {
    /// Fetches what the question is about. `context` are the rounds whose files it may be about.
    pub(super) async fn look(
        &self,
        downloads: Option<&Downloads>,
        terms: &Terms,
        context: &[Remembered],
    ) -> Result<Looked, StoreError> {
        let mut looked = Looked::default();
        let mut wanted = self.own(terms, &mut looked);
        self.admit(terms, &mut wanted, &mut looked).await?;
        wanted.extend(again(&wanted, context, media::largest(terms)));
        let Some(downloads) = downloads.filter(|_| !wanted.is_empty()) else {
            return Ok(looked);
        };
        let mut pending: Vec<_> = wanted.into_iter().map(Some).collect();
        let fetching = self.fetch(downloads, &mut pending, &mut looked);
        // What was not there in time is missing, and nothing else.
        drop(timeout(PATIENCE, fetching).await);
        let missing = pending.into_iter().flatten().filter_map(|one| one.kind);
        let missing = missing.map(|kind| (kind, Unseen::NotFetched));
        looked.unseen.extend(missing);
        Ok(looked)
    }

    /// The files of the question that its role may have looked at, each once.
    fn own(&self, terms: &Terms, looked: &mut Looked) -> Vec<Wanted> {
        let mut wanted: Vec<Wanted> = Vec::new();
        let mut left = MOST_AT_ONCE;
        let largest = media::largest(terms);
        for (attachment, file) in files_of(self.job.task.enclosed()) {
            if wanted.iter().any(|one| one.file.id == file.id) {
                continue;
            }
            let bytes = file.bytes.unwrap_or(largest);
            let refused = media::check(terms, attachment, file)
                .or_else(|| (bytes > left).then_some(Unseen::TooMuch));
            if let Some(why) = refused {
                looked.unseen.push((attachment.kind.clone(), why));
                continue;
            }
            left -= bytes;
            wanted.push(Wanted {
                kind: Some(attachment.kind.clone()),
                file: file.clone(),
                bytes,
            });
        }
        wanted
    }

    /// Counts the files, and leaves out those for which the day has no room any more.
    async fn admit(
        &self,
        terms: &Terms,
        wanted: &mut Vec<Wanted>,
        looked: &mut Looked,
    ) -> Result<(), StoreError> {
        let Some(person) = self.job.lane.person().filter(|_| !wanted.is_empty()) else {
            return Ok(());
        };
        let limits = self.settings.config.people.user_limits;
        let per_day = terms.media_per_day.number();
        let count = Count {
            person,
            limit: per_day.filter(|_| limits == UserLimits::On),
            limits,
            sizes: wanted.iter().map(|one| one.bytes).collect(),
            today: self.settings.today(clock::now()),
        };
        let job = self.job.clone();
        let counted = self.engine.store.write(move |rows| count.write(rows, &job));
        let (admitted, why) = counted.await?;
        for left_out in wanted.drain(admitted..) {
            looked.unseen.extend(left_out.kind.zip(why));
        }
        Ok(())
    }

    /// Puts what comes of each into `looked`; those still under way stay in `pending`.
    async fn fetch(
        &self,
        downloads: &Downloads,
        pending: &mut [Option<Wanted>],
        looked: &mut Looked,
    ) {
        let rooms = pending
            .iter()
            .flatten()
            .map(|one| spool::taken_by(one.bytes));
        let Ok(mut room) = self.engine.spool.room(rooms.sum()).await else {
            return;
        };
        let mut fetches = JoinSet::new();
        for (nth, one) in pending.iter().enumerate() {
            let Some(one) = one else { continue };
            let Some(room) = room.split(one.bytes) else {
                continue;
            };
            let fetch = downloads.clone().fetch(one.file.clone(), one.bytes, room);
            fetches.spawn(async move { (nth, fetch.await) });
        }
        let mut left = MOST_TEXT;
        while let Some(ended) = fetches.join_next().await {
            let Ok((nth, came)) = ended else { continue };
            let Some(one) = pending.get_mut(nth).and_then(Option::take) else {
                continue;
            };
            match came {
                Ok(file) => looked.take(&one, file, &mut left),
                Err(why) => looked.unseen.extend(one.kind.zip(Some(why))),
            }
        }
    }

    /// What is said instead of an answer: nothing of what the question is about can be looked at.
    pub(super) fn in_vain(&self, looked: &Looked) -> Option<String> {
        let enclosed = self.job.task.enclosed();
        let is_seen = files_of(enclosed).any(|(_, file)| looked.files.contains_key(&file.id));
        let has_own = enclosed.iter().any(|one| match one {
            Enclosed::File { attachment, .. } => attachment.file.is_some(),
            Enclosed::Forward { .. } | Enclosed::FileOfReply(_) | Enclosed::Account { .. } => false,
        });
        let has_words = !self.text.is_empty()
            || self.quote.is_some()
            || enclosed.iter().any(|one| one.words().is_some());
        let is_in_vain = !looked.unseen.is_empty() && !is_seen && (has_own || !has_words);
        is_in_vain.then(|| self.locale.unseen_because(&looked.unseen).join("\n"))
    }
}

impl Looked {
    fn take(&mut self, of: &Wanted, fetched: Fetched, left: &mut u64) {
        let Fetched { spooled, content } = fetched;
        let seen = match content {
            Content::Media { mime, tokens } => {
                let (file, bytes) = (spooled.path(), spooled.bytes());
                self.spooled.push(spooled);
                Seen::Media {
                    mime,
                    file,
                    bytes,
                    tokens,
                }
            }
            Content::Text { text, is_cut } => {
                let (shown, tokens) = within_tokens(&text, *left);
                *left -= tokens;
                let is_cut = is_cut || shown.len() < text.len();
                self.is_cut |= is_cut && of.kind.is_some();
                let text = shown.to_owned();
                Seen::Text { text, is_cut }
            }
        };
        self.files.insert(of.file.id.clone(), seen);
    }
}

/// The files that belong to a question.
fn files_of(enclosed: &[Enclosed]) -> impl Iterator<Item = (&Attachment, &TelegramFile)> {
    let attachments = enclosed.iter().filter_map(Enclosed::attachment);
    attachments.filter_map(|one| Some((one, one.file.as_ref()?)))
}

/// The newest files of earlier rounds, as far as they are small enough to be looked at again.
fn again(own: &[Wanted], context: &[Remembered], largest: u64) -> Vec<Wanted> {
    let mut found: Vec<Wanted> = Vec::new();
    let mut left = BYTES_AGAIN;
    for round in context.iter().rev() {
        for (_, file) in files_of(&round.enclosed()) {
            let bytes = file.bytes.unwrap_or(largest);
            let is_known = own.iter().chain(&found).any(|one| one.file.id == file.id);
            if is_known || bytes > left || found.len() == MOST_AGAIN {
                continue;
            }
            left -= bytes;
            found.push(Wanted {
                kind: None,
                file: file.clone(),
                bytes,
            });
        }
    }
    found
}

/// Files of one question that are to be counted.
struct Count {
    person: UserId,
    /// Files a day.
    limit: Option<u32>,
    limits: UserLimits,
    sizes: Vec<u64>,
    today: Day,
}

impl Count {
    /// How many of them may be looked at, which are counted, and why the next one may not.
    fn write(
        &self,
        rows: &mut Write<'_>,
        job: &Job,
    ) -> Result<(usize, Option<Unseen>), StoreError> {
        let day = self.today.number;
        let is_one_of_all = self.limits == UserLimits::On && is_stranger(rows, job)?;
        let mut own = rows.looked_at(day, Some(self.person))?;
        let mut all = rows.looked_at(day, None)?;
        let wait = self.today.ends.since(clock::now());
        let strangers = is_one_of_all.then_some(all.bytes);
        let (admitted, why) =
            media::admitted(&self.sizes, (own.files, self.limit), strangers, wait);
        for bytes in self.sizes.iter().take(admitted) {
            own.add(*bytes);
            all.add(*bytes);
        }
        if admitted > 0 {
            rows.put_looked_at(day, Some(self.person), &own)?;
        }
        if admitted > 0 && is_one_of_all {
            rows.put_looked_at(day, None, &all)?;
        }
        Ok((admitted, why))
    }
}
