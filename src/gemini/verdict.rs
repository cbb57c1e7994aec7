//! Decides what a failed call means: for the key, its project, the model or everyone; where the
//! question may go next; and what the person is told. Pure; the table is gemini-api §15.
//!
//! Owns nothing. Invariant: a strike is given only to what is in Google's format and no row
//! explains, and a quota is read from its id before its `retryDelay`, which is wrong for daily ones.
//! Jitter, doubling and counting over several projects are the pool's.

use std::time::Duration;

use super::evidence::{Evidence, Kind, Reply};
use super::http_status::status_of;
use super::judgement::Judgement;
use super::quota_failure;
use super::wire::Trouble;
use crate::catalog::ToolKind;
use crate::chat::answer::Failure;
use crate::http::Fault;
use crate::keys::{Cooldown, Counted, Death, Effect, Next, Repair};

const HOUR: Cooldown = Cooldown::For(Duration::from_hours(1));

/// Whether a part of the answer was read where nothing can be taken back; if so, no other attempt is
/// made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Nothing,
    Text,
}

/// Judges a response with an error status. `estimated` is the request's size in tokens.
pub(super) fn of_reply(reply: &Reply<'_>, estimated: u64) -> Judgement {
    let said = Evidence::of(reply);
    let mut judgement = said.judge(estimated);
    let is_page = judgement.verdict.effect == Effect::Page;
    judgement.verdict.counted = match said.status {
        // What refuses in front of the service does not pass the request on.
        ..500 if is_page => Counted::Never,
        401 | 403 | 404 | 429 => Counted::NotOfTheDay,
        _ => judgement.verdict.counted,
    };
    judgement
}

/// Judges an error that came with status 200, whole or in mid-stream, from the model `asked`.
pub(super) fn of_error(json: &str, shown: Shown, asked: &str, estimated: u64) -> Judgement {
    let status = Trouble::parse(json.as_bytes()).map_or(0, |trouble| status_of(&trouble));
    if status == 0 {
        return of_fault(Fault::Protocol, shown);
    }
    let reply = Reply {
        status,
        retry_after: None,
        content_type: "application/json",
        body: json.as_bytes(),
        model: asked,
    };
    stay_if(shown, of_reply(&reply, estimated))
}

/// Judges a fault of the connection (row 26; design §4 for faults after connecting).
pub(super) fn of_fault(fault: Fault, shown: Shown) -> Judgement {
    let suspect = Effect::Suspect(Cooldown::Configured);
    let judgement = match fault {
        Fault::Resolve | Fault::Connect | Fault::Tls => {
            let mut judgement = Judgement::another_key(Effect::Innocent, Failure::Unexplained);
            judgement.verdict.counted = Counted::Never;
            judgement
        }
        Fault::ShutDown => Judgement::refused(Failure::Unexplained),
        Fault::TimedOut => Judgement::another_key(suspect, Failure::TooSlow),
        Fault::Closed | Fault::Protocol => Judgement::another_key(suspect, Failure::Unexplained),
        Fault::TooLarge => Judgement::another_key(Effect::Innocent, Failure::Unexplained),
    };
    stay_if(shown, judgement)
}

/// A question whose files changed under it: nobody's fault, and no attempt can help.
pub(super) const fn of_unreadable_body() -> Judgement {
    Judgement::refused(Failure::BadRequest)
}

/// A key that cannot even be written into a header.
pub(super) const fn of_impossible_key() -> Judgement {
    Judgement::another_key(Effect::KillKey(Death::Invalid), Failure::NoKeys)
}

/// After text was shown there is no other attempt.
pub(super) fn stay_if(shown: Shown, mut judgement: Judgement) -> Judgement {
    if shown == Shown::Text {
        judgement.verdict.next = Next::Nowhere;
    }
    judgement
}

impl Evidence {
    fn judge(&self, estimated: u64) -> Judgement {
        if matches!(self.status, 400 | 401 | 403)
            && self.kind != Kind::Page
            && let Some(effect) = self.refused_credentials()
        {
            return Judgement::another_key(effect, Failure::NoKeys);
        }
        if self.is_foreign() {
            return Judgement::another_key(Effect::Page, Failure::Busy);
        }
        let strike =
            Judgement::another_key(Effect::Strike(Cooldown::Configured), Failure::Unexplained);
        match self.status {
            400 if self.kind == Kind::Google => self.bad_request(),
            401 => Judgement::another_key(Effect::Refused(Death::Unlisted), Failure::NoKeys),
            402 => {
                Judgement::another_key(Effect::CoolProject(quota_failure::PREPAID), Failure::NoKeys)
            }
            403 | 404 if self.kind == Kind::Google && self.is_about_a_file() => {
                Judgement::refused(Failure::BadRequest)
            }
            403 => self.denied(),
            404 => self.not_found(),
            408 | 499 => Judgement::refused(Failure::TooSlow),
            413 => Judgement::refused(Failure::FileTooLarge),
            429 => quota_failure::judge(self, estimated),
            500 | 502 => {
                Judgement::another_key(Effect::Suspect(Cooldown::Configured), Failure::Unexplained)
            }
            503 => Judgement::new(
                Effect::Overloaded(self.wait.map_or(Cooldown::Configured, |wait| {
                    Cooldown::For(quota_failure::bounded(wait))
                })),
                Next::AnotherModel,
                Failure::Busy,
            ),
            504 => Judgement::new(Effect::Innocent, Next::FasterModel, Failure::TooSlow),
            _ => strike,
        }
    }

    /// Rows 1–6: the key, or its project, is refused.
    fn refused_credentials(&self) -> Option<Effect> {
        let death = match self.trouble.reason.as_str() {
            "API_KEY_INVALID" => Some(Death::Invalid),
            "ACCESS_TOKEN_TYPE_UNSUPPORTED" => Some(Death::WrongType),
            "CONSUMER_SUSPENDED" => Some(Death::Suspended),
            "SERVICE_DISABLED"
            | "API_KEY_SERVICE_BLOCKED"
            | "API_KEY_IP_ADDRESS_BLOCKED"
            | "API_KEY_HTTP_REFERRER_BLOCKED" => Some(Death::Restricted),
            _ => None,
        };
        if let Some(death) = death {
            return Some(Effect::KillKey(death));
        }
        if self.says("project has been denied access") {
            return Some(Effect::KillProject(Death::ProjectDenied));
        }
        let spoken = [
            ("reported as leaked", Death::Leaked),
            ("has been suspended", Death::Suspended),
            ("api key not valid", Death::Invalid),
            ("api key expired", Death::Invalid),
            ("api key not found", Death::Invalid),
            ("expected oauth 2 access token", Death::WrongType),
        ];
        let heard = spoken.into_iter().find(|(words, _)| self.says(words));
        heard.map(|(_, death)| Effect::KillKey(death))
    }

    /// Row 25: something in front of the service has spoken, not the service itself. A status that
    /// says enough without words is judged by itself, unless it comes with a page.
    fn is_foreign(&self) -> bool {
        match self.kind {
            Kind::Google => false,
            Kind::Page => !matches!(self.status, 404 | 408 | 413 | 499),
            Kind::Other => !matches!(
                self.status,
                401 | 404 | 408 | 413 | 429 | 499 | 500 | 502 | 503 | 504
            ),
        }
    }

    /// Row 6 and its exceptions: what no table lists is about the key, unless its words are about
    /// the country, the model or the request.
    fn denied(&self) -> Judgement {
        if self.is_about_the_region() {
            return Self::unserved_region();
        }
        let any = |words: &[&str]| words.iter().any(|words| self.says(words));
        if any(&["prompt", "content policy"]) {
            return Judgement::refused(Failure::BadRequest);
        }
        if any(&["the model", "this model", "models/", "model is not"]) {
            return Judgement::another_key(Effect::CoolKeyModel(HOUR), Failure::Unexplained);
        }
        Judgement::another_key(Effect::Refused(Death::Unlisted), Failure::NoKeys)
    }

    fn is_about_the_region(&self) -> bool {
        self.says("location is not supported")
    }

    /// Row 9: another free key may be served, since the country is judged call by call.
    const fn unserved_region() -> Judgement {
        Judgement::another_key(Effect::Unserved, Failure::Region)
    }

    /// Rows 12 and 12b: Google's own 404 names the model that it does not find. Any other says that
    /// nothing of Google's is at the address, which is about no key and no model.
    fn not_found(&self) -> Judgement {
        let names_it = !self.model.is_empty() && self.says(&self.model);
        if self.trouble.status == "NOT_FOUND" && names_it {
            Judgement::another_key(Effect::ModelMissing(HOUR), Failure::NoKeys)
        } else {
            let failure = Failure::Misconfigured;
            Judgement::new(Effect::WrongEndpoint, Next::Nowhere, failure)
        }
    }

    /// Rows 9–11 and 13: the service does not take this request.
    fn bad_request(&self) -> Judgement {
        if self.is_about_the_region() {
            return Self::unserved_region();
        }
        if self.trouble.status == "FAILED_PRECONDITION" {
            let is_billing = ["billing", "payment", "account", "enable"]
                .iter()
                .any(|word| self.says(word));
            let effect = if is_billing {
                Effect::CoolKey(HOUR)
            } else {
                // Of what passes in a minute nobody rests for an hour.
                Effect::Strike(Cooldown::Configured)
            };
            return Judgement::another_key(effect, Failure::Unexplained);
        }
        if self.says("payload size exceeds") {
            return Judgement::refused(Failure::FileTooLarge);
        }
        if self.says("token count") || self.says("number of tokens") {
            return Judgement::refused(Failure::TooLong);
        }
        let repair = if self.says("developer instruction is not enabled") {
            Some(Repair::SystemInFirstTurn)
        } else if self.says("signature") {
            Some(Repair::PlainSignatures)
        } else if let Some(kind) = self.refused_tool() {
            Some(Repair::Without(kind))
        } else if self.says("thinking") || self.says("budget") || self.says("level") {
            Some(Repair::NoThinkingConfig)
        } else {
            None
        };
        let next = repair.map_or(Next::Nowhere, Next::Repaired);
        Judgement::new(Effect::Innocent, next, Failure::BadRequest)
    }

    /// The tools that a model is said not to take.
    fn refused_tool(&self) -> Option<ToolKind> {
        let refusals = [
            "not enabled",
            "not supported",
            "unsupported",
            "not support",
            "not available",
            "not allowed",
        ];
        let spoken = [
            ("code execution", ToolKind::Code),
            ("code_execution", ToolKind::Code),
            ("url context", ToolKind::Pages),
            ("url_context", ToolKind::Pages),
            ("browse", ToolKind::Pages),
            ("search", ToolKind::Search),
            ("grounding", ToolKind::Search),
            ("function", ToolKind::Functions),
            ("tool", ToolKind::Functions),
        ];
        let heard = spoken.into_iter().find(|(words, _)| self.says(words));
        let is_refused = refusals.iter().any(|words| self.says(words));
        heard.filter(|_| is_refused).map(|(_, kind)| kind)
    }

    /// A file or cache of another project: our own mistake, since we send none.
    fn is_about_a_file(&self) -> bool {
        ["files/", "the file ", "cachedcontent", "cached content"]
            .iter()
            .any(|words| self.says(words))
    }
}

#[cfg(test)]
mod tests;
