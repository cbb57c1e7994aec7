//! The service's refusals as it writes them, so that the simulator judges the pool together with
//! `gemini::verdict`. Wordings are those of gemini-api §15 and of people who run bots like ours.

use super::Reply;

/// A response that is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
}

/// A key is refused, in words that gemini-api §15 lists.
pub(crate) const REFUSED: [(u16, &str); 4] = [
    (
        400,
        r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}"#,
    ),
    (
        403,
        r#"{"error":{"code":403,"message":"Permission denied: Consumer 'api_key:***' has been suspended.","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"CONSUMER_SUSPENDED","domain":"googleapis.com"}]}}"#,
    ),
    (
        403,
        r#"{"error":{"code":403,"message":"Your API key was reported as leaked. Please use another API key.","status":"PERMISSION_DENIED"}}"#,
    ),
    (
        400,
        r#"{"error":{"code":400,"message":"API key expired. Please renew the API key.","status":"INVALID_ARGUMENT"}}"#,
    ),
];

/// The same in words that no table lists; a gateway leaves out the details of some.
pub(crate) const DISOWNED: [(u16, &str); 6] = [
    (
        401,
        r#"{"error":{"code":401,"message":"API keys are not supported by this API. Expected OAuth2 access token or other authentication credentials that assert a principal. See https://cloud.google.com/docs/authentication","status":"UNAUTHENTICATED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"CREDENTIALS_MISSING","domain":"googleapis.com","metadata":{}}]}}"#,
    ),
    (
        403,
        r#"{"error":{"code":403,"message":"Project #123456789 has been deleted.","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"CONSUMER_INVALID","domain":"googleapis.com","metadata":{"consumer":"projects/123456789"}}]}}"#,
    ),
    (
        403,
        r#"{"error":{"code":403,"message":"This API method requires billing to be enabled. Please enable billing on project #123456789.","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"BILLING_DISABLED","domain":"googleapis.com","metadata":{}}]}}"#,
    ),
    (
        401,
        r#"{"error":{"code":401,"message":"Request had invalid authentication credentials.","status":"UNAUTHENTICATED"}}"#,
    ),
    (
        403,
        r#"{"error":{"code":403,"message":"The caller does not have permission","status":"PERMISSION_DENIED"}}"#,
    ),
    (
        403,
        r#"{"error":{"code":403,"message":"Project #123456789 has been deleted.","status":"PERMISSION_DENIED"}}"#,
    ),
];

/// How the service writes a reply about a key and a model; none when it is an answer.
pub(crate) fn said(reply: Reply, key: usize, model: &str) -> Option<Said> {
    let one_of = |words: &[(u16, &str)]| {
        let (status, body) = words[key % words.len()];
        json(status, body.to_owned())
    };
    Some(match reply {
        Reply::Answer => return None,
        Reply::MinuteQuota { limit, retry } => {
            let retry = retry.as_secs_f64();
            quota("GenerateRequestsPerMinutePerProjectPerModel", limit, retry, model)
        }
        Reply::DayQuota { limit, retry } => {
            let retry = retry.as_secs_f64();
            quota("GenerateRequestsPerDayPerProjectPerModel", limit, retry, model)
        }
        Reply::Throttled => error(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
        Reply::Overloaded => error(503, "UNAVAILABLE", "This model is currently experiencing high demand."),
        Reply::Internal => error(500, "INTERNAL", "An internal error has occurred."),
        Reply::Refused => one_of(&REFUSED),
        Reply::Unexplained => error(409, "ABORTED", "The operation was aborted."),
        Reply::Disowned => one_of(&DISOWNED),
        Reply::Region => error(400, "FAILED_PRECONDITION", "User location is not supported for the API use."),
        Reply::Missing => {
            let message = format!(
                "models/{model} is not found for API version v1beta, or is not supported for generateContent."
            );
            error(404, "NOT_FOUND", &message)
        }
        Reply::Page => Said {
            status: 522,
            content_type: "text/html; charset=UTF-8",
            body: "<html><body>Connection timed out</body></html>".to_owned(),
        },
        Reply::Blocked => Said {
            status: 403,
            content_type: "text/html",
            body: "<html><head><title>403 Forbidden</title></head><body>Request blocked.</body></html>".to_owned(),
        },
    })
}

fn json(status: u16, body: String) -> Said {
    Said {
        status,
        content_type: "application/json; charset=UTF-8",
        body,
    }
}

fn error(code: u16, status: &str, message: &str) -> Said {
    let body =
        format!(r#"{{"error":{{"code":{code},"message":"{message}","status":"{status}"}}}}"#);
    json(code, body)
}

/// A 429 that names its quota, its limit and a time.
fn quota(id: &str, limit: u32, retry: f64, model: &str) -> Said {
    let metric = "generativelanguage.googleapis.com/generate_content_free_tier_requests";
    let body = format!(
        r#"{{"error":{{"code":429,"message":"You exceeded your current quota, please check your plan and billing details. * Quota exceeded for metric: {metric}, limit: {limit}, model: {model} Please retry in {retry}s.","status":"RESOURCE_EXHAUSTED","details":[{{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{{"quotaMetric":"{metric}","quotaId":"{id}-FreeTier","quotaDimensions":{{"location":"global","model":"{model}"}},"quotaValue":"{limit}"}}]}},{{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"{retry}s"}}]}}}}"#
    );
    json(429, body)
}
