//! Speaks to the Telegram Bot API. An edge: it makes blocking calls and turns what comes back into
//! an answer or a [`CallError`].
//!
//! Owner of the state: nothing here but connections; the offset is the caller's. Invariant: the
//! token is part of every URL, so no URL and no text of the HTTP layer leaves this edge, and what
//! Telegram says is searched for the token before it is passed on.

use std::fmt::{self, Debug};
use std::path::{Path, PathBuf};
use std::time::Duration;

use frankenstein::TelegramApi;
use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::StatusCode;

use self::form::{Body, Content, Upload};
use self::verdict::{ErrorReply, Refusal};
use self::wire::{Failure, Success};
use crate::clock::Timestamp;
use crate::config::secret::Secret;
use crate::http::{self, Fault, Limits, Transport};

pub(crate) use self::wire::Me;

pub(crate) mod backoff;
pub(crate) mod decode;
pub(crate) mod download;
mod form;
mod keyboard;
pub(crate) mod poll;
pub(crate) mod profile;
pub(crate) mod send;
pub(crate) mod verdict;
mod wire;

/// Deadlines of every call but `getUpdates`.
pub(crate) const CALLS: Limits = Limits {
    first_byte: Duration::from_secs(30),
    body: Some(Duration::from_secs(30)),
    between_bytes: None,
    idle_connections: 8,
};
/// What is read of an answer.
const MAX_ANSWER: u64 = 1 << 20;
/// What is kept of Telegram's words on a refusal, in characters.
const MAX_DESCRIPTION: usize = 200;

/// One bot at one Bot API server: what it takes to make a [`Client`].
#[derive(Clone)]
pub(crate) struct Account {
    transport: Transport,
    base: String,
    token: Secret,
}

impl Account {
    /// `base` is `TELEGRAM_API_URL`, e.g. `https://api.telegram.org`.
    pub(crate) fn new(transport: Transport, base: &str, token: Secret) -> Self {
        Self {
            transport,
            base: base.trim_end_matches('/').to_owned(),
            token,
        }
    }

    /// A client with connections of its own; its clones share them.
    pub(crate) fn client(&self, limits: Limits) -> Client {
        Client {
            base: self.base.clone(),
            token: self.token.clone(),
            agent: self.transport.agent(limits),
        }
    }
}

impl Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").finish_non_exhaustive()
    }
}

/// Calls Bot API methods; each call blocks, at most until its deadlines.
///
/// Frankenstein's named methods serve where the answer is `true`. An answer that holds more is
/// decoded by [`Client::call`] into our own types: theirs fail on anything new.
#[derive(Clone)]
pub(crate) struct Client {
    base: String,
    token: Secret,
    agent: ureq::Agent,
}

impl Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallError {
    /// Telegram said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The wire failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Accepted, but the answer is not the Bot API's.
    #[error("the answer is not the Bot API's")]
    Garbled,
    /// Something on this machine failed before anything was sent.
    #[error("local failure: {0}")]
    Local(std::io::ErrorKind),
}

impl CallError {
    /// Whether the call may have had its effect all the same: sending again can then show a
    /// message twice, because the Bot API knows no idempotency key.
    pub(crate) const fn may_have_happened(&self) -> bool {
        match self {
            Self::Refused(Refusal::Transient(_) | Refusal::SentAndRemoved) | Self::Garbled => true,
            Self::Refused(_) | Self::Local(_) => false,
            Self::Fault(fault) => !fault.nothing_was_sent(),
        }
    }
}

impl From<std::io::Error> for CallError {
    fn from(error: std::io::Error) -> Self {
        Self::Local(error.kind())
    }
}

impl Client {
    /// Calls a method whose answer is decoded into a type of ours.
    pub(crate) fn call<P, T>(&self, method: &str, params: &P) -> Result<T, CallError>
    where
        P: Serialize,
        T: DeserializeOwned,
    {
        self.call_dated(method, params).map(|(result, _)| result)
    }

    /// As [`Client::call`], with the `Date` of the answer.
    fn call_dated<P, T>(
        &self,
        method: &str,
        params: &P,
    ) -> Result<(T, Option<Timestamp>), CallError>
    where
        P: Serialize,
        T: DeserializeOwned,
    {
        let reply = self.post(method, Body::json(params)?, MAX_ANSWER)?;
        let success: Success<T> = self.judge(&reply)?;
        Ok((success.result, reply.date))
    }

    /// As [`Client::call`], with files beside the parameters.
    fn upload<P, O>(&self, method: &str, params: &P, files: &[Upload<'_>]) -> Result<O, CallError>
    where
        P: Serialize,
        O: DeserializeOwned,
    {
        let reply = self.post(method, Body::form(params, files)?, MAX_ANSWER)?;
        self.judge(&reply)
    }

    /// Ends every call under way on this client and its clones, and all later ones.
    fn shut_down(self) {
        self.agent.shutdown();
    }

    fn post(&self, method: &str, body: Body, limit: u64) -> Result<Reply, CallError> {
        let Body {
            content_type,
            length,
            mut reader,
        } = body;
        let url = format!("{}/bot{}/{method}", self.base, self.token.expose());
        let request = self.agent.post(url);
        let response = request
            .header("content-type", content_type)
            .header("content-length", length)
            .send(ureq::SendBody::from_reader(&mut reader))
            .map_err(|error| http::fault(&error))?;
        let (head, body) = response.into_parts();
        let bytes = http::read_body(body, limit)?;
        let date = head.headers.get("date");
        Ok(Reply {
            status: head.status,
            date: date.and_then(|date| date.to_str().ok()).and_then(http_date),
            body: String::from_utf8(bytes)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        })
    }

    /// Decodes the whole answer as `O`, or says why it was refused.
    fn judge<O: DeserializeOwned>(&self, reply: &Reply) -> Result<O, CallError> {
        let body = reply.body.trim_start_matches('\u{feff}');
        if reply.status.is_success()
            && let Ok(answer) = serde_json::from_str(body)
        {
            return Ok(answer);
        }
        let status = reply.status.as_u16();
        let refusal = match serde_json::from_str::<Failure>(body) {
            Ok(failure) if !failure.ok => {
                let parameters = failure.parameters.unwrap_or_default();
                verdict::of(ErrorReply {
                    code: failure.error_code.unwrap_or(status),
                    description: Some(&self.scrub(&failure.description.unwrap_or_default())),
                    retry_after: parameters.retry_after,
                    migrate_to: parameters.migrate_to_chat_id,
                })
            }
            _ if reply.status.is_success() => return Err(CallError::Garbled),
            _ => verdict::of(ErrorReply {
                code: status,
                description: None,
                retry_after: None,
                migrate_to: None,
            }),
        };
        Err(refusal.into())
    }

    fn scrub(&self, text: &str) -> String {
        let token = self.token.expose();
        let hidden = token.split_once(':').map_or(token, |(_, secret)| secret);
        let text = if hidden.is_empty() {
            text.to_owned()
        } else {
            text.replace(hidden, "***")
        };
        text.chars().take(MAX_DESCRIPTION).collect()
    }
}

impl TelegramApi for Client {
    type Error = CallError;

    fn request<P, O>(&self, method: &str, params: Option<P>) -> Result<O, CallError>
    where
        P: Serialize + Debug,
        O: DeserializeOwned,
    {
        let reply = self.post(method, Body::json(&params)?, MAX_ANSWER)?;
        self.judge(&reply)
    }

    fn request_with_form_data<P, O>(
        &self,
        method: &str,
        params: P,
        files: Vec<(&str, PathBuf)>,
    ) -> Result<O, CallError>
    where
        P: Serialize + Debug,
        O: DeserializeOwned,
    {
        let name = |path: &Path| Some(path.file_name()?.to_str()?.to_owned());
        let files: Vec<_> = files
            .iter()
            .map(|(field, path)| Upload {
                field,
                name: name(path).unwrap_or_default(),
                content: Content::File(path),
            })
            .collect();
        self.upload(method, &params, &files)
    }
}

/// What came back, accepted or refused.
struct Reply {
    status: StatusCode,
    /// The server's clock.
    date: Option<Timestamp>,
    body: String,
}

/// An HTTP date is one of RFC 2822.
fn http_date(text: &str) -> Option<Timestamp> {
    let parser = jiff::fmt::rfc2822::DateTimeParser::new();
    let date = parser.parse_timestamp(text).ok()?;
    u64::try_from(date.as_second())
        .ok()
        .map(Timestamp::from_secs)
}

#[cfg(test)]
mod tests;
