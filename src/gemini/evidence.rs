//! Reads what a refusal says: its status as it is meant, its words, the quotas and the wait that it
//! names (gemini-api §15). Pure; [`super::verdict`] and [`super::quota_failure`] decide what that means.

use std::time::Duration;

use super::http_status::meant;
use super::wire::{Trouble, Violation};

/// A response that is not an answer. The caller reads at most 64 KiB of its body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reply<'a> {
    pub(super) status: u16,
    /// `Retry-After`, as written.
    pub(super) retry_after: Option<&'a str>,
    pub(super) content_type: &'a str,
    pub(super) body: &'a [u8],
    /// The model that was asked.
    pub(super) model: &'a str,
}

/// Everything a refusal says, in comparable form.
pub(super) struct Evidence {
    /// As it is meant.
    pub(super) status: u16,
    pub(super) kind: Kind,
    pub(super) trouble: Trouble,
    /// The message in lower case.
    pub(super) words: String,
    /// How long the service asks us to wait.
    pub(super) wait: Option<Duration>,
    /// The model that was asked, in lower case.
    pub(super) model: String,
}

/// What the body turned out to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An error in Google's format: it has a code or a status.
    Google,
    /// HTML: a front end answered, not the API.
    Page,
    /// Empty, cut off, or something else.
    Other,
}

impl Evidence {
    pub(super) fn of(reply: &Reply<'_>) -> Self {
        let text = String::from_utf8_lossy(reply.body);
        let parsed = Trouble::parse(reply.body);
        let is_page =
            reply.content_type.starts_with("text/html") || text.trim_start().starts_with('<');
        let kind = match &parsed {
            Some(trouble) if trouble.code.is_some() || !trouble.status.is_empty() => Kind::Google,
            None if is_page => Kind::Page,
            Some(_) | None => Kind::Other,
        };
        // Of a body that was cut off, the words still count.
        let mut trouble = parsed.unwrap_or_else(|| Trouble {
            message: text.into_owned(),
            ..Trouble::default()
        });
        if trouble.violations.is_empty() && is_named_in(&trouble.message) {
            trouble.violations.push(Violation {
                id: trouble.message.clone(),
                ..Violation::default()
            });
        }
        let status = match kind {
            Kind::Google => meant(reply.status, &trouble),
            Kind::Page | Kind::Other => reply.status,
        };
        let named = trouble.retry_delay.as_deref().and_then(duration);
        let header = || reply.retry_after.and_then(|text| text.trim().parse().ok());
        let wait = named
            .or_else(|| wait_in(&trouble.message))
            .or_else(|| header().map(Duration::from_secs));
        Self {
            status,
            kind,
            words: trouble.message.to_lowercase(),
            trouble,
            wait,
            model: reply.model.to_lowercase(),
        }
    }

    /// Whether the message holds these words, given in lower case.
    pub(super) fn says(&self, words: &str) -> bool {
        self.words.contains(words)
    }
}

/// Whether a message names a quota by its id, as one that was cut off may.
fn is_named_in(text: &str) -> bool {
    text.contains("PerDay") || text.contains("PerMinute")
}

/// The wait in "Please retry in 37.82s."
fn wait_in(message: &str) -> Option<Duration> {
    let (_, rest) = message.split_once("retry in ")?;
    duration(rest.split_whitespace().next()?)
}

/// `37s`, `34.07s`, `900ms`, `1m3.5s`.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim().trim_end_matches(['.', ',']);
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic());
        let (unit, tail) = tail.split_at(letters.unwrap_or(tail.len()));
        let in_seconds = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * in_seconds;
        rest = tail;
    }
    (!text.is_empty())
        .then(|| Duration::try_from_secs_f64(seconds).ok())
        .flatten()
}
