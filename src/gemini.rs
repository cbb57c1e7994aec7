//! Asks Google Gemini. An edge: it makes blocking calls, each in a [`slots::Slot`], and turns
//! whatever comes back into an [`Outcome`].
//!
//! Owner of the state: [`slots::Slots`] the agents; a [`Client`] only knows an address. Invariant:
//! a key travels in one header, and neither it nor any text of the service is in what we return as
//! an error.

use std::io::Read;
use std::time::Duration;

use log::{info, warn};
use ureq::SendBody;
use ureq::http::header::CONTENT_TYPE;
use ureq::http::{HeaderValue, Response};

use self::body::{Body, FileChanged};
use self::evidence::Reply;
use self::gathered::{Gathered, Oddities};
use self::inline_data::InlineData;
use self::slots::Slot;
use self::stream::{Event, Lines};
use self::verdict::Shown;
use crate::chat::answer::{Finish, Viewer};
use crate::config::secret::Secret;
use crate::http::{self, Fault};

pub(crate) use self::finish::Outcome;
pub(crate) use self::inline_data::Files;
pub(crate) use self::judgement::Judgement;

pub(crate) mod body;
mod evidence;
mod finish;
mod gathered;
mod http_status;
mod inline_data;
mod judgement;
mod quota_failure;
pub(crate) mod shape;
pub(crate) mod slots;
mod stream;
mod verdict;
mod wire;

/// What is read of a refusal.
const MAX_REFUSAL: u64 = 64 << 10;
/// What is logged of a refusal, in characters.
const MAX_SAID: usize = 300;
/// What is logged of a finish reason, in characters.
const MAX_REASON: usize = 40;
/// What is read of an answer; the longest we know of are a quarter of a megabyte of text, and a picture
/// of some megabytes.
const MAX_ANSWER: u64 = 16 << 20;
/// Read at a time, on the stack of the calling thread.
const BUFFER: usize = 8 << 10;

/// The Gemini API at one address.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    base: String,
}

/// One attempt at a question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) key: &'a Secret,
    /// The model's id, without `models/`.
    pub(crate) model: &'a str,
    pub(crate) body: &'a Body,
    /// Our estimate of the request's tokens.
    pub(crate) estimated: u64,
}

/// A sign of life of a call under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress<'a> {
    /// Bytes came, perhaps only a comment that keeps the connection open: the idle timer starts
    /// again.
    Bytes,
    /// A part of an answer came, or something after one; an error is none.
    Event {
        /// The visible text that it added, in order; often none.
        text: &'a str,
        /// The model has said that it is done. Gateways may send more all the same.
        is_finished: bool,
    },
}

/// Is told what comes.
type OnProgress<'a> = &'a mut dyn FnMut(Progress<'_>);

impl Client {
    /// `base` is `GEMINI_API_URL`, e.g. `https://generativelanguage.googleapis.com`.
    pub(crate) fn new(base: &str) -> Self {
        Self {
            base: base.trim_end_matches('/').to_owned(),
        }
    }

    /// Asks for the whole answer at once. What the model makes of files is in the `files`. Blocks, at
    /// most until the slot's deadlines.
    pub(crate) fn generate(&self, slot: &Slot, call: &Call<'_>, files: &mut dyn Files) -> Outcome {
        let response = match self.post(slot, call, "generateContent") {
            Ok(response) => response,
            Err(judgement) => return judgement.into(),
        };
        let (mut answer, mut inline) = (Vec::new(), InlineData::new(files));
        let read = read_all(reader(response), |bytes| {
            inline.feed(bytes, &mut answer);
            true
        });
        let mut gathered = Gathered::default();
        let body = match read {
            Ok(()) => {
                let json = String::from_utf8_lossy(&answer);
                let json = json.trim_start_matches('\u{feff}').trim();
                gathered.take(Event::Json(json.to_owned()));
                Ok(())
            }
            Err(fault) => Err(slot.own(fault)),
        };
        ended(gathered, body, Shown::Nothing, call)
    }

    /// Asks for the answer as it is made and tells `on` what comes, but for files that the model made,
    /// which are in the `files`. Blocks, at most until the
    /// slot's deadlines. Every visible text was told before this returns.
    pub(crate) fn stream(
        &self,
        slot: &Slot,
        call: &Call<'_>,
        viewer: Viewer,
        (files, on): (&mut dyn Files, OnProgress<'_>),
    ) -> Outcome {
        let response = match self.post(slot, call, "streamGenerateContent?alt=sse") {
            Ok(response) => response,
            Err(judgement) => return judgement.into(),
        };
        let mut gathered = Gathered::default();
        let body = gather(reader(response), &mut gathered, files, on);
        let body = body.map_err(|fault| slot.own(fault));
        let shown = match viewer {
            Viewer::Watching if gathered.shows_anything() => Shown::Text,
            Viewer::Watching | Viewer::Nobody => Shown::Nothing,
        };
        ended(gathered, body, shown, call)
    }

    /// Asks whether the key is accepted and the model known to it. Costs no quota, and does not
    /// prove that the key may generate (gemini-api §14). Blocks, so long at the most.
    pub(crate) fn models_get(
        &self,
        slot: &Slot,
        key: &Secret,
        model: &str,
        patience: Duration,
    ) -> Result<(), Judgement> {
        let url = format!("{}/v1beta/models/{model}", self.base);
        let request = slot.agent().get(url).header("x-goog-api-key", header(key)?);
        let request = request.config().timeout_global(Some(patience)).build();
        let response = request.call().map_err(|error| judge(slot, &error))?;
        accepted(response, key, (model, 0)).map(drop)
    }

    fn post(
        &self,
        slot: &Slot,
        call: &Call<'_>,
        method: &str,
    ) -> Result<Response<ureq::Body>, Judgement> {
        let opened = call.body.open();
        let mut reader = opened.map_err(|_gone| verdict::of_unreadable_body())?;
        let url = format!("{}/v1beta/models/{}:{method}", self.base, call.model);
        let request = slot.agent().post(url);
        let response = request
            .header("x-goog-api-key", header(call.key)?)
            .header("content-type", "application/json")
            .header("content-length", call.body.len())
            // Inflating would take 80 KB a call, and may hold events back.
            .header("accept-encoding", "identity")
            .send(SendBody::from_reader(&mut reader))
            .map_err(|error| judge(slot, &error))?;
        accepted(response, call.key, (call.model, call.estimated))
    }
}

/// The key as a header that no log shows. A key that cannot be one is not a key.
fn header(key: &Secret) -> Result<HeaderValue, Judgement> {
    let value = HeaderValue::from_str(key.expose());
    let mut value = value.map_err(|_invalid| verdict::of_impossible_key())?;
    value.set_sensitive(true);
    Ok(value)
}

fn judge(slot: &Slot, error: &ureq::Error) -> Judgement {
    if let ureq::Error::Io(error) = error
        && error
            .get_ref()
            .is_some_and(<dyn std::error::Error + Send + Sync>::is::<FileChanged>)
    {
        return verdict::of_unreadable_body();
    }
    let fault = slot.own(http::fault(error));
    warn!(err:% = fault; "gemini did not answer");
    verdict::of_fault(fault, Shown::Nothing)
}

/// Lets an answer pass and judges a refusal, and a page that comes in the place of an answer.
fn accepted(
    response: Response<ureq::Body>,
    key: &Secret,
    (model, estimated): (&str, u64),
) -> Result<Response<ureq::Body>, Judgement> {
    let kind = response.headers().get(CONTENT_TYPE);
    let is_page = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    // A proxy that has touched an answer may give it another 2xx.
    if response.status().is_success() && !is_page {
        return Ok(response);
    }
    let (head, body) = response.into_parts();
    let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
    let mut refusal = Vec::new();
    // A refusal that breaks off is judged by what came of it.
    let _cut_off = body
        .into_reader()
        .take(MAX_REFUSAL)
        .read_to_end(&mut refusal);
    let said = String::from_utf8_lossy(&refusal).replace(key.expose(), "***");
    let said: String = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let said: String = said.chars().take(MAX_SAID).collect();
    warn!(status = head.status.as_u16(), said; "gemini refused");
    let reply = Reply {
        status: head.status.as_u16(),
        retry_after: text("retry-after"),
        content_type: text("content-type").unwrap_or_default(),
        body: &refusal,
        model,
    };
    Err(verdict::of_reply(&reply, estimated))
}

/// What a refusal of this model with this status and body means: for the simulator of the key pool.
#[cfg(test)]
pub(crate) fn judged(
    model: &str,
    (status, content_type, body): (u16, &str, &str),
    estimated: u64,
) -> Judgement {
    let reply = Reply {
        status,
        retry_after: None,
        content_type,
        body: body.as_bytes(),
        model,
    };
    verdict::of_reply(&reply, estimated)
}

/// An alias, or a model that was shut down, is answered by another one (gemini-api §2).
fn note_version(gathered: &Gathered, asked: &str) {
    if let Some(version) = gathered.model.as_deref()
        && version != asked
    {
        let version: String = version.chars().take(MAX_SAID).collect();
        info!(asked, version; "another model than the one asked has answered");
    }
}

/// Reads an answer, inflated; one that does not end in time is too large, and not merely over.
fn reader(response: Response<ureq::Body>) -> impl Read {
    http::Bounded::new(response.into_body(), MAX_ANSWER)
}

/// Reads the stream to its end, also past a finish reason; only an error ends it early.
fn gather(
    reader: impl Read,
    gathered: &mut Gathered,
    files: &mut dyn Files,
    on: &mut dyn FnMut(Progress<'_>),
) -> Result<(), Fault> {
    let mut lines = Lines::default();
    let (mut rest, mut inline) = (Vec::new(), InlineData::new(files));
    read_all(reader, |bytes| {
        on(Progress::Bytes);
        rest.clear();
        inline.feed(bytes, &mut rest);
        lines.feed(&rest, &mut |event| tell(gathered, event, on));
        gathered.error.is_none()
    })?;
    lines.finish(&mut |event| tell(gathered, event, on));
    Ok(())
}

/// Reads to the end, a piece at a time, or until `take` wants no more.
fn read_all(mut reader: impl Read, mut take: impl FnMut(&[u8]) -> bool) -> Result<(), Fault> {
    let mut buffer = [0; BUFFER];
    loop {
        let read = match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(http::read_fault(&error)),
        };
        if !take(buffer.get(..read).unwrap_or_default()) {
            return Ok(());
        }
    }
}

fn tell(gathered: &mut Gathered, event: Event, on: &mut dyn FnMut(Progress<'_>)) {
    let is_data = matches!(event, Event::Json(_));
    gathered.take(event);
    let text = gathered.added.as_str();
    // An error heals nothing that an answer would; text before it in the same event is told.
    let is_part = gathered.is_answer && (gathered.error.is_none() || !text.is_empty());
    if is_data && is_part {
        on(Progress::Event {
            text,
            is_finished: gathered.finish_reason.is_some(),
        });
    }
}

/// How a call ended, with a log line for what of it could not be read as it came. None of its text.
fn ended(gathered: Gathered, body: Result<(), Fault>, shown: Shown, call: &Call<'_>) -> Outcome {
    let Oddities {
        lines,
        parts,
        mended,
    } = gathered.oddities;
    if gathered.oddities != Oddities::default() {
        warn!(lines, parts, mended; "lines or parts of an answer were passed over, or mended");
    }
    note_version(&gathered, call.model);
    let reason = gathered.finish_reason.clone().unwrap_or_default();
    let outcome = finish::of(gathered, body, shown, call.model, call.estimated);
    if let Ok(answer) = &outcome.result
        && answer.finish == Finish::Unnamed
    {
        let reason: String = reason.chars().take(MAX_REASON).collect();
        warn!(reason = reason.as_str(); "the model ended for a reason that is not known");
    }
    outcome
}

#[cfg(test)]
mod tests;
