//! The error table of the Gemini API: every row a test can ask for, with the bodies as seen in
//! the field.

use std::time::Duration;

use serde_json::{Value, json};

use super::request::Asked;
use super::streaming::{events, say, whole};
use crate::world::http::{Raw, Trouble, Wire};

/// One way to fail. The rows of the table are constants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    /// An HTTP error; `reason` is that of its `ErrorInfo`, if it has one.
    Error {
        code: u16,
        status: &'static str,
        message: &'static str,
        reason: &'static str,
    },
    /// 429 with these violations (`quotaId`, `quotaValue`).
    Quota(&'static [(&'static str, &'static str)]),
    /// 429 of the requests a minute: their number and when to come again.
    Minute(&'static str, &'static str),
    /// The same as `Quota` inside an array of one.
    QuotaInArray(&'static [(&'static str, &'static str)]),
    /// 429 from before there were violations.
    OldFormQuota,
    /// 429 of the front end, in HTML: our address is blocked.
    Robots,
    /// A page of a proxy or a firewall, with this status.
    Page(u16),
    /// 400 if the request names a thinking level; else all is well.
    BadLevel,
    /// Whatever it is; `{model}` and `{text}` in it become the model asked and the answer.
    Undocumented(Raw),
    /// Below HTTP.
    Line(Trouble),
    /// The first byte takes this long; the rest is well.
    Slow(Duration),
    /// The stream ends without a finish reason.
    Cut,
    /// The stream stops in the middle and stays open.
    Stall,
    /// A whole answer, after which the stream stays open.
    StaysOpen,
    /// An error as the first event under status 200.
    ErrorEvent,
    /// An error as an event, after text.
    MidError,
    /// An error printed over several lines, after text.
    MidErrorRaw,
    PromptBlocked,
    /// No text, and this finish reason.
    Finish(&'static str),
    /// The text, and this finish reason.
    Ends(&'static str),
}

const PER_MINUTE: &str = "GenerateRequestsPerMinutePerProjectPerModel-FreeTier";
const PER_DAY: &str = "GenerateRequestsPerDayPerProjectPerModel-FreeTier";
const DELAY: &str = "34.07s";
const TOKENS: &str = "GenerateContentInputTokensPerModelPerMinute-FreeTier";

impl Fault {
    pub(crate) const INVALID_KEY: Self =
        invalid("API key not valid. Please pass a valid API key.").because("API_KEY_INVALID");
    pub(crate) const BAD_REQUEST: Self = invalid("Unable to process input image.");
    pub(crate) const REGION: Self = unmet("User location is not supported for the API use.");
    pub(crate) const BILLING: Self = unmet("Please enable billing on the project.");
    pub(crate) const WRONG_TYPE: Self =
        refused(401, "UNAUTHENTICATED", "Expected OAuth 2 access token")
            .because("ACCESS_TOKEN_TYPE_UNSUPPORTED");
    pub(crate) const PREPAID: Self =
        refused(402, "RESOURCE_EXHAUSTED", "prepayment credits are depleted");
    pub(crate) const LEAKED: Self =
        denied("Your API key was reported as leaked. Please use another API key.");
    pub(crate) const SUSPENDED: Self =
        denied("Consumer has been suspended.").because("CONSUMER_SUSPENDED");
    pub(crate) const PROJECT_DENIED: Self =
        denied("Your project has been denied access. Please contact support.");
    pub(crate) const SERVICE_DISABLED: Self =
        denied("Generative Language API has not been used before").because("SERVICE_DISABLED");
    pub(crate) const SERVICE_BLOCKED: Self =
        denied("Requests are blocked.").because("API_KEY_SERVICE_BLOCKED");
    pub(crate) const ADDRESS_BLOCKED: Self =
        denied("The address is not allowed.").because("API_KEY_IP_ADDRESS_BLOCKED");
    pub(crate) const REFERRER_BLOCKED: Self =
        denied("The referrer is not allowed.").because("API_KEY_HTTP_REFERRER_BLOCKED");
    pub(crate) const OAUTH_WANTED: Self = refused(
        401,
        "UNAUTHENTICATED",
        "API keys are not supported by this API. Expected OAuth2 access token or other \
         authentication credentials that assert a principal.",
    )
    .because("CREDENTIALS_MISSING");
    pub(crate) const PROJECT_DELETED: Self =
        denied("Project #123456789 has been deleted.").because("CONSUMER_INVALID");
    pub(crate) const NO_BILLING: Self =
        denied("This API method requires billing to be enabled. Please enable billing.")
            .because("BILLING_DISABLED");
    /// Of a gateway that drops the details, in words that nobody listed.
    pub(crate) const UNLISTED_DENIAL: Self = denied("The caller does not have permission");
    pub(crate) const MODEL_GONE: Self = refused(
        404,
        "NOT_FOUND",
        "models/x is not found for API version v1beta",
    );
    pub(crate) const TOO_LARGE: Self = refused(
        413,
        "INVALID_ARGUMENT",
        "Request payload size exceeds the limit",
    );
    /// A status that is in no table.
    pub(crate) const UNHEARD: Self = refused(418, "TEAPOT", "short and stout");
    pub(crate) const PREPAID_OLD_FORM: Self = exhausted("Your prepayment credits are depleted");
    pub(crate) const SPEND: Self =
        exhausted("You have reached the spend limit of your tier for 10 minutes.");
    pub(crate) const SPENDING_CAP: Self =
        exhausted("Your billing account has exceeded its monthly spending cap.");
    pub(crate) const BARE_QUOTA: Self =
        exhausted("Resource has been exhausted (e.g. check quota).");
    pub(crate) const INTERNAL: Self = refused(500, "INTERNAL", "An internal error has occurred.");
    pub(crate) const OVERLOADED: Self = refused(
        503,
        "UNAVAILABLE",
        "This model is currently experiencing high demand.",
    );
    pub(crate) const TIMED_OUT: Self = refused(504, "DEADLINE_EXCEEDED", "Deadline expired.");
    pub(crate) const MINUTE_QUOTA: Self = Self::Quota(&[(PER_MINUTE, "5")]);
    pub(crate) const DAY_QUOTA: Self = Self::Quota(&[(PER_DAY, "20")]);
    pub(crate) const DAY_QUOTA_IN_ARRAY: Self = Self::QuotaInArray(&[(PER_DAY, "20")]);
    pub(crate) const BOTH_QUOTAS: Self = Self::Quota(&[(PER_MINUTE, "5"), (PER_DAY, "20")]);
    pub(crate) const TOKEN_QUOTA: Self = Self::Quota(&[(TOKENS, "250000")]);
    pub(crate) const ZERO_QUOTA: Self = Self::Quota(&[(PER_DAY, "0")]);

    const fn because(self, reason: &'static str) -> Self {
        let Self::Error {
            code,
            status,
            message,
            ..
        } = self
        else {
            return self;
        };
        Self::Error {
            code,
            status,
            message,
            reason,
        }
    }

    /// The HTTP status of its answer; 0 when there is none.
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::Error { code, .. } | Self::Page(code) => code,
            Self::Undocumented(raw) => raw.number(),
            Self::Quota(_)
            | Self::Minute(..)
            | Self::QuotaInArray(_)
            | Self::OldFormQuota
            | Self::Robots => 429,
            Self::BadLevel => 400,
            Self::Line(Trouble::BadGateway) => 502,
            Self::Line(Trouble::Reset | Trouble::HangUp | Trouble::CutBody | Trouble::Hang) => 0,
            Self::Line(Trouble::Garbage)
            | Self::Slow(_)
            | Self::Cut
            | Self::Stall
            | Self::StaysOpen
            | Self::ErrorEvent
            | Self::MidError
            | Self::MidErrorRaw
            | Self::PromptBlocked
            | Self::Finish(_)
            | Self::Ends(_) => 200,
        }
    }

    /// Whether `models.get` fails like this too.
    pub(super) fn reaches_a_probe(self) -> bool {
        matches!(self, Self::Line(_) | Self::Page(_))
            || (matches!(self.status(), 401 | 403) && !matches!(self, Self::Undocumented(_)))
            || self == Self::INVALID_KEY
            || self == Self::REGION
    }

    /// What an error of the table says of the model asked.
    fn body(self, asked: &Asked) -> Value {
        let Self::Error {
            code,
            status,
            message,
            reason,
        } = self
        else {
            return Value::Null;
        };
        // The model's name in a sentence of the service.
        let message = message.replace("models/x", &format!("models/{}", asked.model));
        let mut body = error(code, status, &message);
        if !reason.is_empty() {
            body["error"]["details"] = info(reason);
        }
        body
    }

    /// Fails.
    pub(super) fn happen(self, asked: &Asked, text: &str, wire: &mut Wire) {
        let status = self.status();
        match self {
            Self::Error { .. } => wire.json(status, &self.body(asked)),
            Self::Quota(limits) => wire.json(status, &quota(&asked.model, limits, DELAY)),
            Self::Minute(limit, delay) => {
                wire.json(status, &quota(&asked.model, &[(PER_MINUTE, limit)], delay));
            }
            Self::QuotaInArray(limits) => {
                wire.json(status, &json!([quota(&asked.model, limits, DELAY)]));
            }
            Self::OldFormQuota => wire.json(status, &old_form_quota()),
            Self::Robots => wire.html(status, "<html>We're sorry... automated queries</html>"),
            Self::Page(_) => {
                let page = format!("<html><head><title>{status}</title></head></html>");
                wire.html(status, &page);
            }
            Self::BadLevel if asked.names_a_level() => {
                let text = "Thinking level MINIMAL is not supported for this model.";
                wire.json(status, &error(status, "INVALID_ARGUMENT", text));
            }
            Self::BadLevel => say(asked, text, wire),
            Self::Undocumented(raw) => undocumented(&raw, asked, text, wire),
            Self::Line(trouble) => wire.suffer(trouble),
            Self::Slow(time) => {
                if wire.work(time) {
                    say(asked, text, wire);
                }
            }
            Self::Cut => break_off(asked, text, wire, End::Eof),
            Self::Stall => break_off(asked, text, wire, End::Silence),
            Self::StaysOpen => stay_open(asked, text, wire),
            Self::ErrorEvent => reply(asked, wire, &error(503, "UNAVAILABLE", "overloaded")),
            Self::MidError => break_off(asked, text, wire, End::Event),
            Self::MidErrorRaw => break_off(asked, text, wire, End::Raw),
            Self::PromptBlocked => {
                let feedback = json!({"blockReason": "PROHIBITED_CONTENT"});
                reply(asked, wire, &json!({"promptFeedback": feedback}));
            }
            Self::Finish(reason) => reply(asked, wire, &without_text(reason)),
            Self::Ends(reason) => reply(asked, wire, &whole(asked, text, reason)),
        }
    }
}

/// An end with a reason and nothing said.
fn without_text(reason: &str) -> Value {
    json!({"candidates": [{ "finishReason": reason }],
        "usageMetadata": {"promptTokenCount": 9, "totalTokenCount": 9}})
}

/// What follows the first words of an answer that breaks off.
#[derive(Clone, Copy)]
enum End {
    Eof,
    Silence,
    Event,
    Raw,
}

/// Says the beginning of the answer and fails then; a whole answer is cut in its bytes.
fn break_off(asked: &Asked, text: &str, wire: &mut Wire, end: End) {
    if !asked.streamed {
        let body = whole(asked, text, "STOP").to_string();
        wire.half(200, "application/json", body.as_bytes());
        if matches!(end, End::Silence) {
            wire.stall();
        }
        return wire.hang_up();
    }
    wire.begin_stream();
    for event in events(asked, text).iter().take(2) {
        wire.piece(event);
    }
    let overloaded = error(503, "UNAVAILABLE", "overloaded");
    match end {
        End::Eof => {}
        End::Silence => wire.stall(),
        End::Event => {
            wire.piece(&format!("data: {overloaded}\n\n"));
        }
        End::Raw => {
            wire.piece(&format!("{overloaded:#}\n"));
        }
    }
    wire.end_stream();
}

/// Says all of the answer in a stream that does not end, and that comments keep alive.
fn stay_open(asked: &Asked, text: &str, wire: &mut Wire) {
    wire.begin_stream();
    for event in events(asked, text) {
        wire.piece(&event);
    }
    while wire.work(Duration::from_millis(100)) && wire.piece(": still there\n\n") {}
    wire.hang_up();
}

/// Exactly so, with the model asked and the answer filled in.
fn undocumented(raw: &Raw, asked: &Asked, text: &str, wire: &mut Wire) {
    let body = raw.body.replace("{model}", &asked.model);
    wire.raw(raw, &body.replace("{text}", text));
}

/// A body that is said whole, in one event where a stream was asked for.
fn reply(asked: &Asked, wire: &mut Wire, body: &Value) {
    if asked.streamed {
        wire.begin_stream();
        wire.piece(&format!("data: {body}\r\n\r\n"));
        wire.end_stream();
    } else {
        wire.json(200, body);
    }
}

const fn refused(code: u16, status: &'static str, message: &'static str) -> Fault {
    let reason = "";
    Fault::Error {
        code,
        status,
        message,
        reason,
    }
}

const fn invalid(message: &'static str) -> Fault {
    refused(400, "INVALID_ARGUMENT", message)
}

const fn unmet(message: &'static str) -> Fault {
    refused(400, "FAILED_PRECONDITION", message)
}

const fn denied(message: &'static str) -> Fault {
    refused(403, "PERMISSION_DENIED", message)
}

const fn exhausted(message: &'static str) -> Fault {
    refused(429, "RESOURCE_EXHAUSTED", message)
}

pub(super) fn error(code: u16, status: &str, message: &str) -> Value {
    json!({"error": {"code": code, "message": message, "status": status}})
}

fn info(reason: &str) -> Value {
    json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason,
        "domain": "googleapis.com"}])
}

fn old_form_quota() -> Value {
    let mut body = error(429, "RESOURCE_EXHAUSTED", "Quota exceeded");
    body["error"]["details"] = info("RATE_LIMIT_EXCEEDED");
    body["error"]["details"][0]["metadata"] = json!({"quota_limit_value": "5",
        "quota_limit": "GenerateContentRequestsPerMinutePerProjectPerRegion"});
    body
}

/// The delay is short for a day's quota too: that is how the service misleads.
fn quota(model: &str, limits: &[(&str, &str)], delay: &str) -> Value {
    const METRIC: &str = "generativelanguage.googleapis.com/generate_content_free_tier_requests";
    let violation = |(id, value): &(&str, &str)| {
        json!({"quotaMetric": METRIC, "quotaId": id, "quotaValue": value,
            "quotaDimensions": {"location": "global", "model": model}})
    };
    let violations: Vec<Value> = limits.iter().map(violation).collect();
    let limit = limits[0].1;
    let text = format!(
        "You exceeded your current quota. * Quota exceeded for metric: {METRIC}, limit: {limit}, \
         model: {model} Please retry in {delay}."
    );
    let mut body = error(429, "RESOURCE_EXHAUSTED", &text);
    body["error"]["details"] = json!([
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": violations},
        {"@type": "type.googleapis.com/google.rpc.Help", "links": [{"url": "https://ai.google.dev"}]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]);
    body
}
