//! What happens to a fleet: questions, faults and restarts over a span of time, all from a seed. The
//! load is a share of what the fleet may serve: of its minutes with the small catalogue below, of its
//! days with the shipped one.

use std::time::Duration;

use super::crowd::Crowd;
use super::habits::Habit;
use super::world::{Trouble, World};
use super::{KeyFacts, Question};
use crate::catalog::Catalog;
use crate::clock::Timestamp;
use crate::keys::{Group, pacific};

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

pub(crate) const GROUPS: [Group; 4] = [Group::A, Group::B, Group::C, Group::D];
const HOUR: Duration = Duration::from_hours(1);

/// When a day's quota is asked for before it ends, in [`Kind::Exhaustion`].
pub(crate) const EVENING: Duration = Duration::from_hours(6);

/// How long after its first day [`Habit::RisingDays`] ends.
const RISING_DAYS: Duration = Duration::from_hours(3 * 24);

const OUTAGE: Duration = Duration::from_mins(3);

/// What a trace is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Steady,
    Bursts,
    /// Two keys to each project.
    SharedProjects,
    /// A Pacific day with its night.
    Day,
    /// The day's quota is asked for within six hours before midnight.
    Exhaustion,
    /// The same, and the process dies twice.
    RestartDay,
    /// The day of 23 hours.
    SummerBegins,
    /// The day of 25 hours.
    SummerEnds,
    Restart,
    DyingKeys,
    ModelOut,
    TierOut,
    /// A share of the calls to one model fails, first with 500, then with 503.
    ShakyModel,
    OddKey,
    Throttle,
    /// The service allows less than the owner believes.
    WrongLimits,
    /// Bursts, an outage of three minutes and dying keys.
    Everything,
    /// What the field has seen.
    Seen(Habit),
}

impl Kind {
    /// All but what the field has seen.
    pub(crate) const PLAIN: [Self; 17] = [
        Self::Steady,
        Self::Bursts,
        Self::SharedProjects,
        Self::Day,
        Self::Exhaustion,
        Self::RestartDay,
        Self::SummerBegins,
        Self::SummerEnds,
        Self::Restart,
        Self::DyingKeys,
        Self::ModelOut,
        Self::TierOut,
        Self::ShakyModel,
        Self::OddKey,
        Self::Throttle,
        Self::WrongLimits,
        Self::Everything,
    ];

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let seen = Habit::ALL.into_iter().map(Self::Seen);
        Self::PLAIN.into_iter().chain(seen)
    }

    /// For the table.
    pub(crate) fn name(self) -> String {
        if let Self::Seen(habit) = self {
            habit.name()
        } else {
            format!("{self:?}")
        }
    }

    /// Whether something goes wrong.
    pub(crate) fn is_faulty(self) -> bool {
        !matches!(
            self,
            Self::Steady
                | Self::Bursts
                | Self::SharedProjects
                | Self::Day
                | Self::Exhaustion
                | Self::SummerBegins
                | Self::SummerEnds
        )
    }

    /// Whether the service allows less than the owner believes, at some moment.
    pub(crate) fn has_wrong_limits(self) -> bool {
        if let Self::Seen(habit) = self {
            habit.has_wrong_limits()
        } else {
            self == Self::WrongLimits
        }
    }

    /// Whether the days of the shipped catalogue bind, not the minutes of the small one.
    pub(crate) fn is_daily(self) -> bool {
        if let Self::Seen(habit) = self {
            return habit.is_daily();
        }
        matches!(
            self,
            Self::Day | Self::Exhaustion | Self::RestartDay | Self::SummerBegins | Self::SummerEnds
        )
    }

    /// In which span a quota of days is asked for; none where that of minutes is.
    pub(crate) fn horizon(self) -> Option<Duration> {
        let in_the_evening = [
            Self::Exhaustion,
            Self::RestartDay,
            Self::Seen(Habit::LateReset),
        ];
        if in_the_evening.contains(&self) {
            return Some(EVENING);
        }
        self.is_daily().then_some(24 * HOUR)
    }

    /// Whether nights are quiet.
    pub(crate) fn has_nights(self) -> bool {
        let nights = [Habit::ThrottledDay, Habit::PassingDaysLong].map(Self::Seen);
        self == Self::Day || nights.contains(&self)
    }

    pub(crate) fn has_bursts(self) -> bool {
        matches!(self, Self::Bursts | Self::Restart | Self::Everything)
    }
}

/// What to build a trace from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) kind: Kind,
    /// Number of keys.
    pub(crate) fleet: usize,
    /// Percent of the fleet's capacity.
    pub(crate) load: u32,
    /// Length of a trace about minutes; a trace about days has its own.
    pub(crate) minutes: u64,
    pub(crate) seed: u64,
}

impl Plan {
    /// Percent of the fleet's minutes that are asked for at the highest: a burst is an overload at a
    /// mean that is none.
    pub(crate) fn peak(&self) -> u32 {
        if self.kind.has_bursts() {
            self.load * 5 / 2
        } else {
            self.load
        }
    }
}

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

/// Where the moments of a trace lie.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) from: Timestamp,
    until: Timestamp,
}

impl Span {
    fn of(plan: &Plan) -> Self {
        let (noon, before, after) = match plan.kind {
            Kind::Day | Kind::Seen(Habit::ThrottledDay | Habit::PassingDaysLong) => {
                ("2026-11-20T20:00:00Z", HOUR, HOUR)
            }
            Kind::Seen(Habit::RisingDays) => ("2026-11-20T20:00:00Z", HOUR, RISING_DAYS),
            Kind::Seen(Habit::LateReset) => {
                let ends = day_at("2026-11-20T20:00:00Z").ends;
                return Self {
                    from: ends.before(EVENING),
                    until: ends.after(3 * HOUR),
                };
            }
            Kind::SummerBegins => ("2027-03-14T20:00:00Z", 3 * HOUR, 3 * HOUR),
            Kind::SummerEnds => ("2027-11-07T20:00:00Z", 3 * HOUR, 3 * HOUR),
            Kind::Exhaustion | Kind::RestartDay => {
                let ends = day_at("2026-11-20T20:00:00Z").ends;
                return Self {
                    from: ends.before(EVENING),
                    until: ends.after(HOUR),
                };
            }
            Kind::Steady
            | Kind::Bursts
            | Kind::SharedProjects
            | Kind::Restart
            | Kind::DyingKeys
            | Kind::ModelOut
            | Kind::TierOut
            | Kind::ShakyModel
            | Kind::OddKey
            | Kind::Throttle
            | Kind::WrongLimits
            | Kind::Everything
            | Kind::Seen(_) => {
                let from = day_at("2026-11-20T20:00:00Z").began.after(9 * HOUR);
                let until = from.after(Duration::from_mins(plan.minutes));
                return Self { from, until };
            }
        };
        let day = day_at(noon);
        Self {
            from: day.began.before(before),
            until: day.ends.after(after),
        }
    }

    pub(crate) fn length(self) -> Duration {
        self.until.since(self.from)
    }

    /// The moment at that percentage of the span.
    pub(crate) fn at(self, percent: u32) -> Timestamp {
        self.from.after(self.length() * percent / 100)
    }
}

fn day_at(text: &str) -> pacific::Day {
    let utc: jiff::Timestamp = text.parse().unwrap();
    pacific::day_of(Timestamp(u64::try_from(utc.as_millisecond()).unwrap()))
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
