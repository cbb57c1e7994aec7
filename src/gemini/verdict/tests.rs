//! One fixture for every row of gemini-api §15 and every line of §17.

use super::*;
use crate::keys::{Learned, Quota};

const ESTIMATED: u64 = 1000;
const MINUTE: Cooldown = Cooldown::For(Duration::from_mins(1));
const DAY: Cooldown = Cooldown::For(Duration::from_hours(24));
const ASKED: &str = "gemini-3.8-flash";

fn judged(status: u16, body: &str) -> Judgement {
    let reply = Reply {
        status,
        retry_after: None,
        content_type: "application/json; charset=UTF-8",
        body: body.as_bytes(),
        model: ASKED,
    };
    of_reply(&reply, ESTIMATED)
}

fn error(code: u16, status: &str, message: &str) -> String {
    format!(r#"{{"error":{{"code":{code},"message":"{message}","status":"{status}"}}}}"#)
}

fn reason(code: u16, status: &str, reason: &str) -> String {
    format!(
        r#"{{"error":{{"code":{code},"message":"x","status":"{status}","details":[{{
        "@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"{reason}"}}]}}}}"#
    )
}

/// A 429 with these (`quotaId`, `quotaValue`) and this `retryDelay`.
fn exceeded(violations: &[(&str, &str)], delay: &str) -> String {
    let violations: Vec<_> = violations
        .iter()
        .map(|(id, value)| {
            format!(r#"{{"quotaMetric":"m","quotaId":"{id}","quotaValue":"{value}"}}"#)
        })
        .collect();
    format!(
        r#"{{"error":{{"code":429,"status":"RESOURCE_EXHAUSTED","message":"You exceeded your current quota","details":[
        {{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{}]}},
        {{"@type":"type.googleapis.com/google.rpc.Help","links":[{{"url":"u"}}]}},
        {{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"{delay}"}}]}}}}"#,
        violations.join(",")
    )
}

const RPM: &str = "GenerateRequestsPerMinutePerProjectPerModel-FreeTier";
const RPD: &str = "GenerateRequestsPerDayPerProjectPerModel-FreeTier";
const TPM: &str = "GenerateContentInputTokensPerModelPerMinute-FreeTier";
const TPD: &str = "GenerateContentInputTokensPerModelPerDay-FreeTier";

fn check(rows: &[(u16, String, Effect, Next, Failure)]) {
    for (status, body, effect, next, failure) in rows {
        let found = judged(*status, body);
        assert_eq!(found.verdict.effect, *effect, "{status} {body}");
        assert_eq!(found.verdict.next, *next, "{status} {body}");
        assert_eq!(found.failure, *failure, "{status} {body}");
    }
}

/// A reason of `ErrorInfo` and a message kill alike.
fn check_deaths(deaths: &[(u16, String, Death)]) {
    for (status, body, death) in deaths {
        let effect = Effect::KillKey(*death);
        let row = (
            *status,
            body.clone(),
            effect,
            Next::AnotherKey,
            Failure::NoKeys,
        );
        check(&[row]);
    }
}

#[test]
fn rows_1_and_2_an_invalid_key_dies_at_once() {
    let invalid = |message| (400, error(400, "INVALID_ARGUMENT", message), Death::Invalid);
    check_deaths(&[
        (
            400,
            reason(400, "INVALID_ARGUMENT", "API_KEY_INVALID"),
            Death::Invalid,
        ),
        invalid("API key not valid. Please pass a valid API key."),
        invalid("API key expired. Please renew the API key."),
        invalid("API Key not found."),
        (
            401,
            reason(401, "UNAUTHENTICATED", "ACCESS_TOKEN_TYPE_UNSUPPORTED"),
            Death::WrongType,
        ),
        (
            401,
            error(401, "UNAUTHENTICATED", "Expected OAuth 2 access token"),
            Death::WrongType,
        ),
    ]);
}

#[test]
fn rows_3_to_6_a_forbidden_key_or_project_dies_at_once() {
    let told = |message, death| (403, error(403, "PERMISSION_DENIED", message), death);
    let coded = |code, death| (403, reason(403, "PERMISSION_DENIED", code), death);
    check_deaths(&[
        told(
            "Your API key was reported as leaked. Use another.",
            Death::Leaked,
        ),
        coded("CONSUMER_SUSPENDED", Death::Suspended),
        told("Consumer 'x' has been suspended.", Death::Suspended),
        coded("SERVICE_DISABLED", Death::Restricted),
        coded("API_KEY_SERVICE_BLOCKED", Death::Restricted),
        coded("API_KEY_IP_ADDRESS_BLOCKED", Death::Restricted),
        coded("API_KEY_HTTP_REFERRER_BLOCKED", Death::Restricted),
    ]);
    let denied = "Your project has been denied access. Please contact support.";
    let denied = error(403, "PERMISSION_DENIED", denied);
    let effect = Effect::KillProject(Death::ProjectDenied);
    check(&[(403, denied, effect, Next::AnotherKey, Failure::NoKeys)]);
}

#[test]
fn row_7_a_missing_file_is_our_own_mistake() {
    for (status, message) in [
        (403, "You do not have permission to access the File abc"),
        (404, "File files/abc not found"),
        (404, "CachedContent not found"),
    ] {
        let body = error(status, "X", message);
        check(&[(
            status,
            body,
            Effect::Innocent,
            Next::Nowhere,
            Failure::BadRequest,
        )]);
    }
}

#[test]
fn row_8_without_credit_the_project_rests_for_hours() {
    let message = "Your prepayment credits are depleted.";
    for status in [402, 429] {
        let body = error(status, "RESOURCE_EXHAUSTED", message);
        let effect = Effect::CoolProject(Cooldown::For(Duration::from_hours(6)));
        check(&[(status, body, effect, Next::AnotherKey, Failure::NoKeys)]);
    }
}

#[test]
fn rows_9_and_10_a_precondition_is_the_country_or_the_key() {
    let region = "User location is not supported for the API use.";
    check(&[
        (
            400,
            error(400, "FAILED_PRECONDITION", region),
            Effect::Unserved,
            Next::AnotherKey,
            Failure::Region,
        ),
        (
            403,
            error(403, "PERMISSION_DENIED", region),
            Effect::Unserved,
            Next::AnotherKey,
            Failure::Region,
        ),
        (
            400,
            error(400, "FAILED_PRECONDITION", "Enable billing"),
            Effect::CoolKey(HOUR),
            Next::AnotherKey,
            Failure::Unexplained,
        ),
        (
            400,
            error(400, "FAILED_PRECONDITION", "The model is being swapped."),
            Effect::Strike(Cooldown::Configured),
            Next::AnotherKey,
            Failure::Unexplained,
        ),
    ]);
}

#[test]
fn an_error_under_a_strange_code_is_judged_by_its_name() {
    let minute = Effect::Throttled(Cooldown::For(Duration::from_mins(1)));
    let busy = Failure::Busy;
    check(&[
        (
            400,
            error(400, "RESOURCE_EXHAUSTED", "x"),
            minute,
            Next::AnotherModel,
            busy,
        ),
        (
            403,
            error(403, "RESOURCE_EXHAUSTED", "x"),
            minute,
            Next::AnotherModel,
            busy,
        ),
        (
            403,
            reason(403, "PERMISSION_DENIED", "RATE_LIMIT_EXCEEDED"),
            minute,
            Next::AnotherModel,
            busy,
        ),
        (
            529,
            error(529, "UNAVAILABLE", "x"),
            Effect::Overloaded(Cooldown::Configured),
            Next::AnotherModel,
            busy,
        ),
        (
            200,
            error(14, "UNAVAILABLE", "x"),
            Effect::Overloaded(Cooldown::Configured),
            Next::AnotherModel,
            busy,
        ),
    ]);
    let numbered = r#"{"error":{"code":14,"status":"UNAVAILABLE"}}"#;
    let found = of_error(numbered, Shown::Nothing, ASKED, ESTIMATED);
    assert_eq!(
        found.verdict.effect,
        Effect::Overloaded(Cooldown::Configured)
    );
    for nothing in [
        r#"{"error":{"code":200,"status":"OK"}}"#,
        r#"{"error":{"code":7}}"#,
    ] {
        let found = of_error(nothing, Shown::Nothing, ASKED, ESTIMATED);
        assert_eq!(found.verdict.effect, Effect::Suspect(Cooldown::Configured));
    }
}

#[test]
fn a_402_that_is_not_googles_is_a_page() {
    let paused = r#"{"detail":"This deployment is paused."}"#.to_owned();
    check(&[(402, paused, Effect::Page, Next::AnotherKey, Failure::Busy)]);
}

#[test]
fn rows_11_and_13_a_bad_request_is_repaired_once_or_given_up() {
    let repaired = Next::Repaired;
    for (message, next, failure) in [
        (
            "Unable to process input image",
            Next::Nowhere,
            Failure::BadRequest,
        ),
        (
            "Thinking level MINIMAL is not supported for this model.",
            repaired(Repair::NoThinkingConfig),
            Failure::BadRequest,
        ),
        (
            "Developer instruction is not enabled for models/gemma-3-27b-it",
            repaired(Repair::SystemInFirstTurn),
            Failure::BadRequest,
        ),
        (
            "Budget 0 is invalid. This model only works in thinking mode.",
            repaired(Repair::NoThinkingConfig),
            Failure::BadRequest,
        ),
        (
            "Thought signature is missing in functionCall parts",
            repaired(Repair::PlainSignatures),
            Failure::BadRequest,
        ),
        (
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
            Next::Nowhere,
            Failure::TooLong,
        ),
        (
            "Request payload size exceeds the limit: 104857600 bytes.",
            Next::Nowhere,
            Failure::FileTooLarge,
        ),
    ] {
        let body = error(400, "INVALID_ARGUMENT", message);
        check(&[(400, body, Effect::Innocent, next, failure)]);
    }
    let effect = Effect::Innocent;
    check(&[(
        413,
        String::new(),
        effect,
        Next::Nowhere,
        Failure::FileTooLarge,
    )]);
}

#[test]
fn row_12_a_model_that_google_names_as_not_found_rests_an_hour() {
    for message in [
        "models/gemini-3.8-flash is not found for API version v1beta, or is not supported",
        "This model models/Gemini-3.8-Flash is no longer available to new users.",
    ] {
        let body = error(404, "NOT_FOUND", message);
        let effect = Effect::ModelMissing(HOUR);
        check(&[(404, body, effect, Next::AnotherKey, Failure::NoKeys)]);
    }
}

#[test]
fn row_12b_every_other_404_says_that_the_address_is_wrong() {
    let wrong = |body: &str| {
        let body = body.to_owned();
        let failure = Failure::Misconfigured;
        (404, body, Effect::WrongEndpoint, Next::Nowhere, failure)
    };
    check(&[
        wrong(r#"{"detail":"Not Found"}"#),
        wrong(
            r#"{"error":{"message":"Invalid URL (POST /v1beta/v1beta/models/gemini-3.8-flash)","type":"invalid_request_error","param":"","code":""}}"#,
        ),
        wrong("<html>The file you requested was not found</html>"),
        wrong("404 page not found"),
        wrong(""),
        // Google's own words, about something else.
        wrong(&error(404, "NOT_FOUND", "Requested entity was not found.")),
        wrong(&error(
            404,
            "NOT_FOUND",
            "models/gemini-3.6-flash is not found",
        )),
    ]);
}

#[test]
fn row_14_a_spent_day_rests_until_midnight_whatever_the_delay_says() {
    let effect = Effect::CoolKeyModel(Cooldown::UntilPacificMidnight);
    let failure = Failure::CoolingDown { wakes: None };
    let day = exceeded(&[(RPD, "20")], "37s");
    let both = exceeded(&[(RPM, "5"), (RPD, "20")], "37s");
    let array = format!("[{day}]");
    let cut_off = day.split_once("quotaValue").unwrap().0.to_owned();
    for body in [
        day,
        both,
        array,
        cut_off,
        exceeded(&[(TPD, "1000000")], "1s"),
    ] {
        check(&[(429, body, effect, Next::AnotherKey, failure)]);
    }
}

#[test]
fn limits_are_learned_from_every_violation_but_never_zero() {
    let body = exceeded(
        &[
            (RPM, "5"),
            (RPD, "20"),
            (TPM, "250000"),
            (TPD, "0"),
            ("new", "7"),
        ],
        "1s",
    );
    let limit = |quota, limit| Learned { quota, limit };
    assert_eq!(
        judged(429, &body).verdict.learned,
        [
            limit(Quota::RequestsPerMinute, 5),
            limit(Quota::RequestsPerDay, 20),
            limit(Quota::TokensPerMinute, 250_000),
        ]
    );
    assert_eq!(judged(429, "").verdict.learned, []);
}

#[test]
fn row_15_a_model_that_is_not_offered_does_not_wait_for_a_reset() {
    let effect = Effect::CoolKeyModel(DAY);
    let message =
        "Quota exceeded for metric: m, limit: 0, model: gemini-3.1-pro Please retry in 37.8s.";
    for body in [
        exceeded(&[(RPD, "0")], "37s"),
        exceeded(&[(RPM, "0"), (RPD, "0")], "37s"),
        error(429, "RESOURCE_EXHAUSTED", message),
    ] {
        check(&[(429, body, effect, Next::AnotherKey, Failure::NoKeys)]);
    }
    let twenty = error(
        429,
        "RESOURCE_EXHAUSTED",
        "limit: 05, limit: 0.5, limit: 20",
    );
    assert_ne!(judged(429, &twenty).verdict.effect, effect);
}

#[test]
fn row_16_a_full_minute_rests_as_long_as_the_service_says() {
    for (delay, seconds) in [
        ("34.07s", 34.07),
        ("900ms", 1.0),
        ("0s", 1.0),
        ("37s", 37.0),
        ("1m3.5s", 63.5),
        ("5000s", 120.0),
        ("soon", 60.0),
        ("", 60.0),
        ("1e9999s", 60.0),
    ] {
        let wait = Duration::from_secs_f64(seconds);
        let body = exceeded(&[(RPM, "5")], delay);
        let effect = Effect::CoolKeyModel(Cooldown::For(wait));
        let failure = Failure::CoolingDown { wakes: Some(wait) };
        check(&[(429, body, effect, Next::AnotherKey, failure)]);
    }
    let old = r#"{"error":{"code":429,"message":"Please retry in 37.82s.","details":[{"reason":"RATE_LIMIT_EXCEEDED",
        "metadata":{"quota_limit":"GenerateContentRequestsPerMinutePerProjectPerRegion","quota_limit_value":"60"}}]}}"#;
    let found = judged(429, old).verdict;
    assert_eq!(
        found.effect,
        Effect::CoolKeyModel(Cooldown::For(Duration::from_millis(37_820)))
    );
    assert_eq!(
        found.learned,
        [Learned {
            quota: Quota::RequestsPerMinute,
            limit: 60
        }]
    );
}

#[test]
fn row_17_a_request_larger_than_a_minute_is_too_long() {
    let wait = Duration::from_secs(9);
    let fits = exceeded(&[(TPM, "250000")], "9s");
    let alone = exceeded(&[(TPM, "999")], "9s");
    check(&[
        (
            429,
            fits,
            Effect::CoolKeyModel(Cooldown::For(wait)),
            Next::AnotherKey,
            Failure::CoolingDown { wakes: Some(wait) },
        ),
        (
            429,
            alone,
            Effect::Innocent,
            Next::PaidKey,
            Failure::TooLong,
        ),
    ]);
}

#[test]
fn row_18_a_spend_limit_rests_the_project() {
    let body = error(
        429,
        "RESOURCE_EXHAUSTED",
        "You have reached your spend limit of $10.",
    );
    let effect = Effect::CoolProject(Cooldown::For(Duration::from_mins(10)));
    let failure = Failure::CoolingDown { wakes: None };
    check(&[(429, body, effect, Next::AnotherKey, failure)]);
}

#[test]
fn row_18_a_monthly_spending_cap_rests_the_project_until_it_is_lifted() {
    for message in [
        "Your billing account has exceeded its monthly spending cap.",
        "Monthly spend limit reached for project 1.",
    ] {
        let body = error(429, "RESOURCE_EXHAUSTED", message);
        let failure = Failure::CoolingDown { wakes: None };
        check(&[(429, body, Effect::SpendingCap, Next::AnotherKey, failure)]);
    }
}

#[test]
fn row_19_a_spent_search_quota_costs_the_tool_not_the_key() {
    let body = exceeded(&[("GroundingRequestsPerDayPerProject", "1500")], "9s");
    let next = Next::Repaired(Repair::NoSearchToday);
    check(&[(429, body, Effect::Innocent, next, Failure::Busy)]);
}

#[test]
fn row_20_a_bare_429_is_told_apart() {
    let body = error(
        429,
        "RESOURCE_EXHAUSTED",
        "Resource has been exhausted (e.g. check quota).",
    );
    for body in [body, String::new()] {
        check(&[(
            429,
            body,
            Effect::Throttled(MINUTE),
            Next::AnotherModel,
            Failure::Busy,
        )]);
    }
    let reply = Reply {
        status: 429,
        retry_after: Some("7"),
        content_type: "",
        body: b"",
        model: ASKED,
    };
    let rest = Cooldown::For(Duration::from_secs(7));
    assert_eq!(of_reply(&reply, 1).verdict.effect, Effect::Throttled(rest));
}

#[test]
fn rows_21_to_24_the_service_fails_the_model_is_full_or_slow_or_we_left() {
    let suspect = Effect::Suspect(Cooldown::Configured);
    let full = Effect::Overloaded(Cooldown::Configured);
    let high = "This model is currently experiencing high demand.";
    let slow = Next::FasterModel;
    check(&[
        (
            500,
            error(500, "INTERNAL", "x"),
            suspect,
            Next::AnotherKey,
            Failure::Unexplained,
        ),
        (
            502,
            String::new(),
            suspect,
            Next::AnotherKey,
            Failure::Unexplained,
        ),
        (
            503,
            error(503, "UNAVAILABLE", high),
            full,
            Next::AnotherModel,
            Failure::Busy,
        ),
        (
            504,
            error(504, "DEADLINE_EXCEEDED", "x"),
            Effect::Innocent,
            slow,
            Failure::TooSlow,
        ),
        (
            408,
            String::new(),
            Effect::Innocent,
            Next::Nowhere,
            Failure::TooSlow,
        ),
        (
            499,
            error(499, "CANCELLED", "x"),
            Effect::Innocent,
            Next::Nowhere,
            Failure::TooSlow,
        ),
    ]);
}

#[test]
fn row_25_what_is_not_googles_format_is_nobodys_fault() {
    let page = "<html>Sorry... your computer may be sending automated queries</html>";
    let pages = [
        302, 307, 308, 400, 401, 403, 407, 418, 429, 500, 502, 503, 504, 522, 599,
    ];
    let pages = pages.map(|status| (status, page));
    // Other words than a page, where the status says nothing by itself.
    let others = [
        (302, ""),
        (400, "Bad Request"),
        (403, "Forbidden"),
        (403, r#"{"message":"Forbidden"}"#),
        (403, r#"{"error":{"message":"no","type":"x","code":""}}"#),
        (501, ""),
        (522, "error code: 522"),
        (599, "\u{0}"),
    ];
    for (status, body) in pages.into_iter().chain(others) {
        let body = body.to_owned();
        check(&[(status, body, Effect::Page, Next::AnotherKey, Failure::Busy)]);
    }
}

#[test]
fn what_refuses_in_front_of_the_service_has_cost_nothing_and_what_waited_for_it_may_have() {
    let cases = [
        (307, Counted::Never),
        (403, Counted::Never),
        (429, Counted::Never),
        (502, Counted::Yes),
        (522, Counted::Yes),
    ];
    for (status, counted) in cases {
        let judgement = judged(status, "<html>no</html>");
        assert_eq!(judgement.verdict.counted, counted, "{status}");
    }
}

/// Wordings seen in the field, and the same from a gateway that drops the details.
#[test]
fn rows_2_and_6_a_refusal_in_unlisted_words_has_the_key_looked_at() {
    let refused = Effect::Refused(Death::Unlisted);
    let bodies = [
        (401, reason(401, "UNAUTHENTICATED", "CREDENTIALS_MISSING")),
        (
            401,
            error(
                401,
                "UNAUTHENTICATED",
                "API keys are not supported by this API. Expected OAuth2 access token or other \
                 authentication credentials that assert a principal.",
            ),
        ),
        (401, error(401, "UNAUTHENTICATED", "who?")),
        (401, r#"{"message":"Unauthorized"}"#.to_owned()),
        (401, String::new()),
        (403, reason(403, "PERMISSION_DENIED", "CONSUMER_INVALID")),
        (403, reason(403, "PERMISSION_DENIED", "BILLING_DISABLED")),
        (
            403,
            error(
                403,
                "PERMISSION_DENIED",
                "Project #123456789 has been deleted.",
            ),
        ),
        (
            403,
            error(
                403,
                "PERMISSION_DENIED",
                "The caller does not have permission",
            ),
        ),
        (
            403,
            error(
                403,
                "PERMISSION_DENIED",
                "Permission 'generativelanguage.models.generateContent' denied",
            ),
        ),
    ];
    for (status, body) in bodies {
        check(&[(status, body, refused, Next::AnotherKey, Failure::NoKeys)]);
    }
}

#[test]
fn a_403_about_the_model_or_the_request_is_not_the_keys() {
    let hour = Effect::CoolKeyModel(HOUR);
    let denied = |message| error(403, "PERMISSION_DENIED", message);
    check(&[
        (
            403,
            denied("You are not allowed to use the model gemini-x."),
            hour,
            Next::AnotherKey,
            Failure::Unexplained,
        ),
        (
            403,
            denied("Permission denied on resource models/gemini-x"),
            hour,
            Next::AnotherKey,
            Failure::Unexplained,
        ),
        (
            403,
            denied("The prompt was refused."),
            Effect::Innocent,
            Next::Nowhere,
            Failure::BadRequest,
        ),
    ]);
}

#[test]
fn row_26_the_network_is_nobodys_fault_until_the_request_was_sent() {
    let suspect = Effect::Suspect(Cooldown::Configured);
    for (fault, effect, next, failure) in [
        (
            Fault::Resolve,
            Effect::Innocent,
            Next::AnotherKey,
            Failure::Unexplained,
        ),
        (
            Fault::Connect,
            Effect::Innocent,
            Next::AnotherKey,
            Failure::Unexplained,
        ),
        (
            Fault::Tls,
            Effect::Innocent,
            Next::AnotherKey,
            Failure::Unexplained,
        ),
        (
            Fault::TooLarge,
            Effect::Innocent,
            Next::AnotherKey,
            Failure::Unexplained,
        ),
        (
            Fault::ShutDown,
            Effect::Innocent,
            Next::Nowhere,
            Failure::Unexplained,
        ),
        (Fault::TimedOut, suspect, Next::AnotherKey, Failure::TooSlow),
        (
            Fault::Closed,
            suspect,
            Next::AnotherKey,
            Failure::Unexplained,
        ),
        (
            Fault::Protocol,
            suspect,
            Next::AnotherKey,
            Failure::Unexplained,
        ),
    ] {
        let found = of_fault(fault, Shown::Nothing);
        assert_eq!((found.verdict.effect, found.verdict.next), (effect, next));
        assert_eq!(found.failure, failure);
        let shown = of_fault(fault, Shown::Text).verdict;
        assert_eq!((shown.effect, shown.next), (effect, Next::Nowhere));
    }
}

#[test]
fn row_28_only_the_unknown_in_googles_format_is_a_strike() {
    let strike = Effect::Strike(Cooldown::Configured);
    for (status, body) in [
        (409, error(409, "ABORTED", "x")),
        (418, error(418, "TEAPOT", "short and stout")),
        (501, error(501, "UNIMPLEMENTED", "x")),
        (599, error(599, "?", "")),
    ] {
        check(&[(status, body, strike, Next::AnotherKey, Failure::Unexplained)]);
    }
}

#[test]
fn an_error_inside_a_stream_is_judged_by_the_code_or_status_it_names() {
    for (json, effect) in [
        (
            r#"{"code":503,"message":"overloaded"}"#,
            Effect::Overloaded(Cooldown::Configured),
        ),
        (
            r#"{"error":{"status":"UNAVAILABLE"}}"#,
            Effect::Overloaded(Cooldown::Configured),
        ),
        (
            "{ \"error\": { \"code\": 429, \"message\": \"x\" } }",
            Effect::Throttled(MINUTE),
        ),
        (
            r#"[{"error":{"status":"INTERNAL"}}]"#,
            Effect::Suspect(Cooldown::Configured),
        ),
        (r#"{"message":"?"}"#, Effect::Suspect(Cooldown::Configured)),
        ("oops", Effect::Suspect(Cooldown::Configured)),
    ] {
        let hidden = of_error(json, Shown::Nothing, ASKED, ESTIMATED).verdict;
        assert_eq!(hidden.effect, effect, "{json}");
        assert_ne!(hidden.next, Next::Nowhere, "{json}");
        let shown = of_error(json, Shown::Text, ASKED, ESTIMATED).verdict;
        assert_eq!(
            (shown.effect, shown.next),
            (effect, Next::Nowhere),
            "{json}"
        );
    }
}

proptest::proptest! {
    #[test]
    fn any_body_gets_a_judgement(status in 300_u16..600, body in "[ -~\u{e9}]{0,200}", wait in ".{0,9}") {
        let reply = Reply {
            status,
            retry_after: Some(&wait),
            content_type: "text/plain",
            body: body.as_bytes(),
        model: ASKED,
        };
        let next = of_reply(&reply, ESTIMATED).verdict.next;
        proptest::prop_assert_ne!(next, Next::Done);
    }
}
