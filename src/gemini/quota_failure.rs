//! Decides how long a 429 means to cool down, and what it teaches about limits (gemini-api §15, rows
//! 14–20). Pure; part of [`super::verdict`].
//!
//! Owns nothing. Invariant: a daily quota cools down until midnight in California, whatever its
//! `retryDelay` says.

use std::time::Duration;

use super::evidence::Evidence;
use super::judgement::Judgement;
use super::wire::Violation;
use crate::chat::answer::Failure;
use crate::keys::{Cooldown, Effect, Learned, Next, Quota, Repair};

/// Until a model may be offered that is not.
const DAY: Cooldown = Cooldown::For(Duration::from_hours(24));
/// Until somebody has topped up the credit.
pub(super) const PREPAID: Cooldown = Cooldown::For(Duration::from_hours(6));
/// The window of Google's spend limits.
const SPEND: Cooldown = Cooldown::For(Duration::from_mins(10));
/// A cooldown whose length the service does not name.
const UNKNOWN: Duration = Duration::from_mins(1);
/// Bounds of a cooldown that the service names.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(2);

/// Rows 14–20 and the old form of row 8. Of several violations the longest cooldown wins.
pub(super) fn judge(said: &Evidence, estimated: u64) -> Judgement {
    if said.says("prepayment credits") {
        return Judgement::another_key(Effect::CoolProject(PREPAID), Failure::NoKeys);
    }
    let violations = &said.trouble.violations;
    if said.says("monthly spending cap") || said.says("monthly spend") {
        return Judgement::another_key(Effect::SpendingCap, cooling_down(None));
    }
    if said.says("spend limit") || said.says("spending") || any_names(violations, "Spend") {
        return Judgement::another_key(Effect::CoolProject(SPEND), cooling_down(None));
    }
    if is_about_search(said) {
        let next = Next::Repaired(Repair::NoSearchToday);
        return Judgement::new(Effect::Innocent, next, Failure::Busy);
    }
    let mut judgement = cooldown_of(said, estimated);
    judgement.verdict.learned = violations.iter().filter_map(learned).collect();
    judgement
}

fn cooldown_of(said: &Evidence, estimated: u64) -> Judgement {
    let violations = &said.trouble.violations;
    if violations.iter().any(|v| v.limit == Some(0)) || says_limit_zero(&said.words) {
        return Judgement::another_key(Effect::CoolKeyModel(DAY), Failure::NoKeys);
    }
    if violations.iter().any(|v| is_daily(quota_of(&v.id))) {
        let cooldown = Effect::CoolKeyModel(Cooldown::UntilPacificMidnight);
        return Judgement::another_key(cooldown, cooling_down(None));
    }
    let too_long = violations.iter().any(|v| {
        quota_of(&v.id) == Some(Quota::TokensPerMinute)
            && v.limit.is_some_and(|limit| estimated > limit)
    });
    if too_long {
        return Judgement::new(Effect::Innocent, Next::PaidKey, Failure::TooLong);
    }
    let wait = said.wait.map_or(UNKNOWN, bounded);
    if violations.is_empty() {
        let effect = Effect::Throttled(Cooldown::For(wait));
        return Judgement::new(effect, Next::AnotherModel, Failure::Busy);
    }
    let cooldown = Effect::CoolKeyModel(Cooldown::For(wait));
    Judgement::another_key(cooldown, cooling_down(Some(wait)))
}

fn is_about_search(said: &Evidence) -> bool {
    let names_search = |text: &str| {
        let text = text.to_lowercase();
        text.contains("grounding") || text.contains("search")
    };
    match said.trouble.violations.as_slice() {
        [] => names_search(&said.words),
        found => found
            .iter()
            .all(|v| names_search(&v.id) || names_search(&v.metric)),
    }
}

const fn cooling_down(wakes: Option<Duration>) -> Failure {
    Failure::CoolingDown { wakes }
}

/// The wait that the service names, neither too short nor too long to rest for.
pub(super) fn bounded(wait: Duration) -> Duration {
    wait.clamp(SHORTEST, LONGEST)
}

/// The dimension a `quotaId` names.
fn quota_of(id: &str) -> Option<Quota> {
    match (id.contains("PerDay"), id.contains("Token")) {
        (true, true) => Some(Quota::TokensPerDay),
        (true, false) => Some(Quota::RequestsPerDay),
        (false, true) if id.contains("PerMinute") => Some(Quota::TokensPerMinute),
        (false, false) if id.contains("PerMinute") => Some(Quota::RequestsPerMinute),
        (false, _) => None,
    }
}

const fn is_daily(quota: Option<Quota>) -> bool {
    matches!(quota, Some(Quota::RequestsPerDay | Quota::TokensPerDay))
}

/// Zero is no limit to live by: it says that the model is not offered, which may change.
fn learned(violation: &Violation) -> Option<Learned> {
    let quota = quota_of(&violation.id)?;
    let limit = violation.limit.filter(|limit| *limit > 0)?;
    Some(Learned { quota, limit })
}

fn any_names(violations: &[Violation], words: &str) -> bool {
    violations
        .iter()
        .any(|v| v.id.contains(words) || v.metric.contains(words))
}

/// `limit: 0`, and not the beginning of a larger number.
fn says_limit_zero(words: &str) -> bool {
    words
        .split("limit: 0")
        .skip(1)
        .any(|rest| !rest.starts_with(|c: char| c.is_ascii_digit() || c == '.'))
}
