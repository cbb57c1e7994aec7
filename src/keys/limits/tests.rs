use super::*;
use crate::catalog::Tier;

const NOW: Timestamp = Timestamp::from_secs(1_795_000_000);

fn model() -> Model {
    Model {
        id: "m".to_owned(),
        kind: Tier::Lite.into(),
        rpm: 15,
        rpd: 500,
        tpm: 1_000,
        thinking: None,
        less_thinking: None,
        tools: Vec::new(),
        system_in_first_turn: false,
        free: true,
        price_in: 0.0,
        price_out: 0.0,
        context_tokens: 1_000,
        max_output: 1_000,
    }
}

fn policy(rpm: Option<u32>, daily_percent: u32) -> Policy {
    Policy {
        rpm,
        daily_percent,
        cooldown: Duration::from_secs(10),
        max_errors: 3,
        blacklist: Duration::from_hours(1),
        paid_daily: 0,
    }
}

#[test]
fn the_policy_the_catalogue_and_the_service_make_the_limits() {
    use Quota::{RequestsPerDay, RequestsPerMinute, TokensPerDay, TokensPerMinute};
    /// Setting, setting, learned limit, and what comes of them.
    type Case = (
        Option<u32>,
        u32,
        Option<(Quota, u64)>,
        Option<(u32, u32, u64)>,
    );
    let limits = |minute, day, tokens| Some((minute, day, tokens));
    let none = u32::MAX;
    let cases: [Case; 19] = [
        // (KEY_RPM, KEY_DAILY_PERCENT, learned, (minute, day, tokens))
        (None, 30, None, limits(10, 150, 1_000)),
        (Some(40), 30, None, limits(40, 150, 1_000)),
        (Some(3), 100, None, limits(3, 500, 1_000)),
        (None, 101, None, limits(10, none, 1_000)),
        (None, 1, Some((RequestsPerDay, 20)), limits(10, 1, 1_000)),
        (None, 30, Some((RequestsPerDay, 20)), limits(10, 6, 1_000)),
        (
            None,
            30,
            Some((RequestsPerDay, 1_000)),
            limits(10, 300, 1_000),
        ),
        (None, 200, Some((RequestsPerDay, 20)), limits(10, 20, 1_000)),
        (
            None,
            30,
            Some((RequestsPerMinute, 5)),
            limits(5, 150, 1_000),
        ),
        (
            Some(40),
            30,
            Some((RequestsPerMinute, 5)),
            limits(5, 150, 1_000),
        ),
        (
            Some(3),
            30,
            Some((RequestsPerMinute, 5)),
            limits(3, 150, 1_000),
        ),
        (None, 30, Some((TokensPerMinute, 70)), limits(10, 150, 70)),
        (None, 30, Some((TokensPerDay, 70)), limits(10, 150, 1_000)),
        (None, 30, Some((RequestsPerDay, 0)), None),
        (None, 200, Some((RequestsPerDay, 0)), None),
        (None, 30, Some((RequestsPerMinute, 0)), None),
        (None, 30, Some((TokensPerMinute, 0)), None),
        (None, 30, Some((TokensPerDay, 0)), None),
        (None, 0, None, None),
    ];
    for (rpm, percent, learned, expected) in cases {
        let learned: Vec<Learned> = learned
            .iter()
            .map(|&(quota, limit)| Learned { quota, limit })
            .collect();
        let found = Limits::of(&model(), &policy(rpm, percent), &learned);
        let found = found.map(|it| (it.minute, it.day, it.tokens));
        assert_eq!(found, expected, "{rpm:?} {percent} {learned:?}");
    }
}

#[test]
fn an_unset_rate_is_the_catalogues_where_that_is_lower() {
    let slow = Model { rpm: 5, ..model() };
    let limits = Limits::of(&slow, &policy(None, 30), &[]).unwrap();
    assert_eq!(limits.minute, 5, "the catalogue's number when it is lower");
}

#[test]
fn the_newest_limit_replaces_the_older_one() {
    use Quota::{RequestsPerDay, RequestsPerMinute};
    let limit = |quota, limit| Known {
        learned: Learned { quota, limit },
        at: NOW,
        paid: false,
    };
    let mut limits = LearnedLimits::default();
    limits.learn([limit(RequestsPerDay, 20), limit(RequestsPerMinute, 5)]);
    limits.learn([limit(RequestsPerDay, 0)]);
    let expected = [limit(RequestsPerDay, 0), limit(RequestsPerMinute, 5)];
    assert_eq!(limits.known, expected);
}
