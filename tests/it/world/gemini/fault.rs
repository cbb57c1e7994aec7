//! The error table of the Gemini API: every row a test can ask for, with the bodies as seen in
//! the field.

use std::time::Duration;

use serde_json::{Value, json};

use super::request::Asked;
use super::{events, say};
use crate::world::http::{Trouble, Wire};

/// One way to fail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    InvalidKey,
    WrongType,
    Leaked,
    Suspended,
    ProjectDenied,
    ServiceDisabled,
    AddressBlocked,
    Prepaid,
    PrepaidOldForm,
    Region,
    Billing,
    BadRequest,
    BadLevel,
    ModelGone,
    TooLarge,
    DayQuota,
    MinuteQuota,
    TokenQuota,
    BothQuotas,
    ZeroQuota,
    DayQuotaInArray,
    OldFormQuota,
    Spend,
    BareQuota,
    Robots,
    Internal,
    Overloaded,
    DeadlineExceeded,
    /// A status that is in no table.
    Unheard,
    /// Below HTTP.
    Line(Trouble),
    /// The first byte takes this long; the rest is well.
    Slow(Duration),
    /// The stream ends without a finish reason.
    Cut,
    /// The stream stops in the middle and stays open.
    Stall,
    /// An error as an event, after text.
    MidError,
    /// An error printed over several lines, after text.
    MidErrorRaw,
    PromptBlocked,
    /// No text, and this finish reason.
    Finish(&'static str),
}

impl Fault {
    /// The HTTP status of its answer; 0 when there is none.
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::InvalidKey | Self::Region | Self::Billing | Self::BadRequest | Self::BadLevel => {
                400
            }
            Self::WrongType => 401,
            Self::Prepaid => 402,
            Self::Leaked | Self::Suspended | Self::ProjectDenied => 403,
            Self::ServiceDisabled | Self::AddressBlocked => 403,
            Self::ModelGone => 404,
            Self::TooLarge => 413,
            Self::Unheard => 418,
            Self::PrepaidOldForm | Self::DayQuota | Self::MinuteQuota | Self::TokenQuota => 429,
            Self::BothQuotas | Self::ZeroQuota | Self::DayQuotaInArray => 429,
            Self::OldFormQuota | Self::Spend | Self::BareQuota | Self::Robots => 429,
            Self::Internal => 500,
            Self::Overloaded => 503,
            Self::DeadlineExceeded => 504,
            Self::Line(Trouble::BadGateway) => 502,
            Self::Line(Trouble::Garbage) => 200,
            Self::Line(_) => 0,
            Self::Slow(_) | Self::Cut | Self::Stall | Self::MidError | Self::MidErrorRaw => 200,
            Self::PromptBlocked | Self::Finish(_) => 200,
        }
    }

    /// Whether `models.get` fails like this too.
    pub(super) fn is_about_the_key(self) -> bool {
        matches!(self.status(), 400 | 401 | 403)
            && self != Self::BadRequest
            && self != Self::BadLevel
    }

    /// Fails.
    pub(super) fn happen(self, asked: &Asked, text: &str, wire: &mut Wire) {
        match self {
            Self::Line(trouble) => wire.suffer(trouble),
            // Without a level in the request there is nothing to refuse.
            Self::BadLevel if asked.body["generationConfig"]["thinkingConfig"].is_null() => {
                say(asked, text, wire);
            }
            Self::Robots => wire.html(429, "<html>We're sorry... automated queries</html>"),
            Self::Slow(time) => {
                if wire.work(time) {
                    say(asked, text, wire);
                }
            }
            Self::Cut | Self::Stall | Self::MidError | Self::MidErrorRaw => {
                self.break_off(asked, text, wire);
            }
            Self::PromptBlocked => reply(
                asked,
                wire,
                &json!({"promptFeedback":
                {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 9}}),
            ),
            Self::Finish(reason) => reply(
                asked,
                wire,
                &json!({"candidates":
                [{"finishReason": reason}], "usageMetadata": {"promptTokenCount": 9}}),
            ),
            _ => wire.json(self.status(), &self.body(&asked.model)),
        }
    }

    /// Says the beginning of the answer and fails then.
    fn break_off(self, asked: &Asked, text: &str, wire: &mut Wire) {
        if asked.streamed {
            wire.begin_stream();
            for event in events(asked, text).iter().take(2) {
                wire.piece(event);
            }
        } else {
            wire.half(
                200,
                "application/json",
                super::whole(asked, text).to_string().as_bytes(),
            );
        }
        let overloaded = error(503, "UNAVAILABLE", "overloaded");
        match self {
            Self::Stall => wire.stall(),
            Self::MidError if asked.streamed => {
                wire.piece(&format!("data: {overloaded}\n\n"));
                return wire.end_stream();
            }
            Self::MidErrorRaw if asked.streamed => {
                wire.piece(&format!("{overloaded:#}\n"));
                return wire.end_stream();
            }
            Self::Cut if asked.streamed => return wire.end_stream(),
            _ => {}
        }
        wire.hang_up();
    }

    fn body(self, model: &str) -> Value {
        let (minute, day) = (
            ("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "5"),
            ("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "20"),
        );
        match self {
            Self::InvalidKey => reason(
                400,
                "INVALID_ARGUMENT",
                "API key not valid.",
                "API_KEY_INVALID",
            ),
            Self::WrongType => reason(
                401,
                "UNAUTHENTICATED",
                "Expected OAuth 2 access token",
                "ACCESS_TOKEN_TYPE_UNSUPPORTED",
            ),
            Self::Leaked => {
                denied("Your API key was reported as leaked. Please use another API key.")
            }
            Self::Suspended => reason(
                403,
                "PERMISSION_DENIED",
                "Consumer has been suspended.",
                "CONSUMER_SUSPENDED",
            ),
            Self::ProjectDenied => {
                denied("Your project has been denied access. Please contact support.")
            }
            Self::ServiceDisabled => reason(
                403,
                "PERMISSION_DENIED",
                "API is disabled",
                "SERVICE_DISABLED",
            ),
            Self::AddressBlocked => reason(
                403,
                "PERMISSION_DENIED",
                "blocked",
                "API_KEY_IP_ADDRESS_BLOCKED",
            ),
            Self::Prepaid => error(402, "RESOURCE_EXHAUSTED", "prepayment credits are depleted"),
            Self::PrepaidOldForm => exhausted("Your prepayment credits are depleted"),
            Self::Region => error(
                400,
                "FAILED_PRECONDITION",
                "User location is not supported for the API use.",
            ),
            Self::Billing => error(
                400,
                "FAILED_PRECONDITION",
                "Please enable billing on the project",
            ),
            Self::BadRequest => error(400, "INVALID_ARGUMENT", "Unable to process input image."),
            Self::BadLevel => error(
                400,
                "INVALID_ARGUMENT",
                "Thinking level MINIMAL is not supported for this model.",
            ),
            Self::ModelGone => {
                let text = format!("models/{model} is not found for API version v1beta");
                error(404, "NOT_FOUND", &text)
            }
            Self::TooLarge => error(
                413,
                "INVALID_ARGUMENT",
                "Request payload size exceeds the limit",
            ),
            Self::DayQuota => quota(model, &[day], "37s"),
            Self::MinuteQuota => quota(model, &[minute], "34.07s"),
            Self::TokenQuota => {
                let id = "GenerateContentInputTokensPerModelPerMinute-FreeTier";
                quota(model, &[(id, "250000")], "34.07s")
            }
            Self::BothQuotas => quota(model, &[minute, day], "37s"),
            Self::ZeroQuota => quota(model, &[(day.0, "0")], "37s"),
            Self::DayQuotaInArray => json!([quota(model, &[day], "37s")]),
            Self::OldFormQuota => {
                let mut body = reason(
                    429,
                    "RESOURCE_EXHAUSTED",
                    "Quota exceeded",
                    "RATE_LIMIT_EXCEEDED",
                );
                body["error"]["details"][0]["metadata"] = json!({"quota_limit_value": "5",
                    "quota_limit": "GenerateContentRequestsPerMinutePerProjectPerRegion"});
                body
            }
            Self::Spend => {
                exhausted("You have reached the spend limit of your tier for 10 minutes.")
            }
            Self::BareQuota => exhausted("Resource has been exhausted (e.g. check quota)."),
            Self::Internal => error(500, "INTERNAL", "An internal error has occurred."),
            Self::Overloaded => error(
                503,
                "UNAVAILABLE",
                "This model is currently experiencing high demand.",
            ),
            Self::DeadlineExceeded => error(504, "DEADLINE_EXCEEDED", "Deadline expired."),
            _ => error(418, "TEAPOT", "short and stout"),
        }
    }
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

pub(super) fn error(code: u16, status: &str, message: &str) -> Value {
    json!({"error": {"code": code, "message": message, "status": status}})
}

fn denied(message: &str) -> Value {
    error(403, "PERMISSION_DENIED", message)
}

fn exhausted(message: &str) -> Value {
    error(429, "RESOURCE_EXHAUSTED", message)
}

fn reason(code: u16, status: &str, message: &str, reason: &str) -> Value {
    let mut body = error(code, status, message);
    body["error"]["details"] = json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason, "domain": "googleapis.com"}]);
    body
}

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
    let mut body = exhausted(&text);
    body["error"]["details"] = json!([
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": violations},
        {"@type": "type.googleapis.com/google.rpc.Help", "links": [{"url": "https://ai.google.dev"}]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]);
    body
}
