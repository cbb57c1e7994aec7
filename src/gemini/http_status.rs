//! Which status of HTTP an error of the service means (gemini-api §15). Pure.

use super::wire::Trouble;

/// The status an error names in its body, as a code of HTTP or else by its name: gateways write
/// other numbers there.
pub(super) fn status_of(trouble: &Trouble) -> u16 {
    let code = trouble.code.filter(|code| matches!(code, 400..=599));
    code.unwrap_or_else(|| named(&trouble.status))
}

/// The code of HTTP that goes with a name of `google.rpc.Code`; 0 when there is none.
fn named(status: &str) -> u16 {
    match status {
        "INVALID_ARGUMENT" | "FAILED_PRECONDITION" => 400,
        "UNAUTHENTICATED" => 401,
        "PERMISSION_DENIED" => 403,
        "NOT_FOUND" => 404,
        "RESOURCE_EXHAUSTED" => 429,
        "CANCELLED" => 499,
        "INTERNAL" => 500,
        "UNAVAILABLE" => 503,
        "DEADLINE_EXCEEDED" => 504,
        _ => 0,
    }
}

/// The status that an error of Google's means. Gateways send its errors with other codes than
/// Google, or with codes of their own; then the name in the body tells what it is.
pub(super) fn meant(status: u16, trouble: &Trouble) -> u16 {
    let is_quota =
        trouble.status == "RESOURCE_EXHAUSTED" || trouble.reason == "RATE_LIMIT_EXCEEDED";
    match status {
        400 | 403 if is_quota => 429,
        400..=404 | 408 | 413 | 429 | 499 | 500 | 502..=504 => status,
        _ => match named(&trouble.status) {
            0 => status,
            named => named,
        },
    }
}
