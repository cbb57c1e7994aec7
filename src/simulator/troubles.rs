//! What the habits of the real service do to a world: what the owner sets, what the service allows,
//! and what goes wrong when.

use std::time::Duration;

use super::habits::{Habit, Refusals};
use super::plan::{Plan, Span};
use super::world::{Limits, Rise, Trouble, World};

const MINUTE: Duration = Duration::from_mins(1);

impl Habit {
    /// Changes what the owner sets and what the service allows.
    pub(crate) fn shape(self, span: Span, world: &mut World) {
        if matches!(self, Self::LateReset | Self::RisingDays) {
            world.owner.daily_percent = 100;
        }
        if self == Self::LateReset {
            world.late = 20 * MINUTE;
        }
        let before = |truth: &Limits| {
            let mut before = *truth;
            if self == Self::RisingDays {
                before.day = truth.day.div_ceil(2);
            } else {
                before.minute = truth.minute.div_ceil(2);
            }
            before
        };
        if matches!(self, Self::RisingDays | Self::RisingMinutes) {
            world.rise = Some(Rise {
                at: span.at(50),
                before: world.truth.iter().map(before).collect(),
            });
        }
    }

    /// Plans what goes wrong.
    pub(crate) fn plan(self, plan: &Plan, span: Span, world: &mut World) {
        let whole = span.length();
        match self {
            Self::ThrottledModel => {
                for (at, minutes) in [(10, 3), (35, 7), (65, 15)] {
                    let lasts = whole * minutes / 120;
                    world.plan(span.at(at), lasts, Trouble::ModelThrottled { model: 0 });
                }
            }
            Self::ThrottledDay => {
                world.plan(span.at(0), whole, Trouble::ModelThrottled { model: 0 });
            }
            Self::Refused(refusals) => refusals.plan(plan.fleet, span, world),
            Self::Region => world.plan(span.at(0), whole, Trouble::Region { one_in: 12 }),
            Self::FlappingModel => {
                let (model, one_in) = (0, 25);
                world.plan(span.at(0), whole, Trouble::ModelFlaps { model, one_in });
            }
            Self::Firewall => world.plan(span.at(0), whole, Trouble::Firewall { one_in: 50 }),
            Self::ProxyDown => {
                for at in (10..100).step_by(15) {
                    world.plan(span.at(at), MINUTE / 2, Trouble::ProxyDown);
                }
            }
            Self::PassingDays => {
                for at in [20, 45, 70] {
                    world.plan(span.at(at), MINUTE / 3, Trouble::DayDenied { model: 0 });
                }
            }
            Self::PassingDaysLong => {
                for at in (4..100).step_by(8) {
                    world.plan(span.at(at), 5 * MINUTE, Trouble::DayDenied { model: 0 });
                }
            }
            Self::LateReset | Self::RisingDays | Self::RisingMinutes => {}
        }
    }
}

impl Refusals {
    /// Keys of all groups, from a third of the span on.
    fn plan(self, fleet: usize, span: Span, world: &mut World) {
        let keys = self.keys * fleet / 25;
        for nth in 0..keys {
            let key = nth * fleet / keys;
            let later = if self.at_once { 0 } else { nth };
            let from = span
                .at(30)
                .after(MINUTE / 2 * u32::try_from(later).unwrap());
            let trouble = if self.for_ever {
                Trouble::KeyDisowned { key }
            } else {
                Trouble::KeyShutOut { key }
            };
            world.plan(from, 10 * MINUTE, trouble);
        }
    }
}
