//! What a trace is made from: what it is about, the fleet, the load, and where its moments lie.

use std::time::Duration;

use super::habits::Habit;
use crate::clock::Timestamp;
use crate::keys::{Group, pacific};

pub(crate) const GROUPS: [Group; 4] = [Group::A, Group::B, Group::C, Group::D];
pub(crate) const HOUR: Duration = Duration::from_hours(1);

/// When a day's quota is asked for before it ends, in [`Kind::Exhaustion`].
pub(crate) const EVENING: Duration = Duration::from_hours(6);

/// How long after its first day [`Habit::RisingDays`] ends.
const RISING_DAYS: Duration = Duration::from_hours(3 * 24);

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

/// Where the moments of a trace lie.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) from: Timestamp,
    until: Timestamp,
}

impl Span {
    pub(crate) fn of(plan: &Plan) -> Self {
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
