//! What happens to a fleet: questions, faults and restarts over a span of time, all from a seed. The
//! load is a share of what the fleet may serve: of its minutes with the small catalogue below, of its
//! days with the shipped one.

use std::time::Duration;

use super::crowd::Crowd;
use super::plan::{GROUPS, HOUR, Kind, Plan, Span};
use super::world::{Trouble, World};
use super::{KeyFacts, Question};
use crate::catalog::Catalog;
use crate::clock::Timestamp;

/// Models whose minute binds long before their day does.
const BUSY: &str = r#"
[[model]]
id = "lite-a"
tier = "lite"
rpm = 5
tpm = 250_000
rpd = 50_000
free = true
price_in = 0.3
price_out = 2.5
context_tokens = 1_000_000
max_output = 65_536

[[model]]
id = "lite-b"
tier = "lite"
rpm = 5
tpm = 250_000
rpd = 50_000
free = true
price_in = 0.3
price_out = 2.5
context_tokens = 1_000_000
max_output = 65_536

[[model]]
id = "flash"
tier = "flash"
rpm = 2
tpm = 250_000
rpd = 20_000
free = true
price_in = 1.5
price_out = 7.5
context_tokens = 1_000_000
max_output = 65_536
"#;

const OUTAGE: Duration = Duration::from_mins(3);

/// A trace.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    pub(crate) plan: Plan,
    pub(crate) world: World,
    /// In the order they arrive.
    pub(crate) questions: Vec<Question>,
    pub(crate) restarts: Vec<Timestamp>,
}

/// Keys in four groups, or in none when there are few.
pub(crate) fn fleet(keys: usize, keys_of_a_project: usize) -> Vec<KeyFacts> {
    let facts = (0..keys).map(|key| KeyFacts {
        group: (keys >= 8).then(|| GROUPS[(key / (keys / 4)).min(3)]),
        project: key / keys_of_a_project,
    });
    facts.collect()
}

/// Builds the trace of a plan.
pub(crate) fn trace(plan: Plan) -> Trace {
    let shared = 1 + usize::from(plan.kind == Kind::SharedProjects && plan.fleet > 1);
    let catalog = if plan.kind.is_daily() {
        Catalog::shipped()
    } else {
        Catalog::parse(BUSY).unwrap()
    };
    let mut world = World::new(fleet(plan.fleet, shared), catalog, plan.seed);
    let span = Span::of(&plan);
    if plan.kind == Kind::WrongLimits {
        for limits in &mut world.truth {
            limits.minute = limits.minute.div_ceil(2);
        }
    }
    if let Kind::Seen(habit) = plan.kind {
        habit.shape(span, &mut world);
    }
    let crowd = Crowd::of(&plan, &world);
    plan_faults(&plan, span, crowd.per_second(), &mut world);
    let restarts: &[u32] = if plan.kind == Kind::Restart {
        &[21, 24, 61]
    } else if plan.kind == Kind::RestartDay {
        &[30, 55, 92]
    } else {
        &[]
    };
    Trace {
        plan,
        questions: crowd.questions(&plan, span),
        restarts: restarts.iter().map(|percent| span.at(*percent)).collect(),
        world,
    }
}

fn plan_faults(plan: &Plan, span: Span, per_second: f64, world: &mut World) {
    match plan.kind {
        Kind::DyingKeys => keys_die(plan.fleet, span, world),
        Kind::ModelOut => world.plan(span.at(40), OUTAGE, Trouble::ModelOut { model: 0 }),
        Kind::TierOut => {
            for model in [0, 1] {
                world.plan(span.at(40), OUTAGE, Trouble::ModelOut { model });
            }
        }
        Kind::ShakyModel => {
            for (at, internal) in [(20, true), (60, false)] {
                let trouble = Trouble::ModelShaky {
                    model: 0,
                    percent: 30,
                    internal,
                };
                world.plan(span.at(at), span.length() / 4, trouble);
            }
        }
        Kind::OddKey => {
            // As long as a blacklisting, which a lone key cannot have.
            let lasts = if plan.fleet > 1 { HOUR } else { OUTAGE };
            let (key, percent) = (plan.fleet / 2, 100);
            world.plan(span.at(30), lasts, Trouble::KeyOdd { key, percent });
        }
        Kind::Throttle => {
            let minute = Duration::from_mins(1);
            world.plan(span.at(30), minute, Trouble::Throttle);
            let half = Duration::from_secs_f64(per_second * 10.0 / 2.0).as_secs();
            let calls = u32::try_from(half.max(1)).unwrap();
            world.plan(span.at(60), OUTAGE, Trouble::ThrottleAbove { calls });
        }
        Kind::Everything => {
            world.plan(span.at(40), OUTAGE, Trouble::ModelOut { model: 0 });
            keys_die(plan.fleet, span, world);
        }
        Kind::Seen(habit) => habit.plan(plan, span, world),
        Kind::Steady
        | Kind::Bursts
        | Kind::SharedProjects
        | Kind::Day
        | Kind::Exhaustion
        | Kind::RestartDay
        | Kind::SummerBegins
        | Kind::SummerEnds
        | Kind::Restart
        | Kind::WrongLimits => {}
    }
}

/// One key in ten, at different moments.
fn keys_die(fleet: usize, span: Span, world: &mut World) {
    let dying = fleet.div_ceil(10);
    for nth in 0..dying {
        let key = nth * fleet / dying;
        let percent = 30 + u32::try_from(nth * 40 / dying).unwrap();
        world.plan(span.at(percent), Duration::ZERO, Trouble::KeyDies { key });
    }
}
