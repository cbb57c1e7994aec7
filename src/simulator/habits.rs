//! What the real service and the way to it were seen to do (the field's reports), each as a kind of
//! trace.

/// What a trace is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    /// One model answers everybody 429 without details: of two hours for 3, 7 and 15 minutes.
    ThrottledModel,
    /// The same from the beginning to the end of a day.
    ThrottledDay,
    /// Keys are refused in words that no table lists.
    Refused(Refusals),
    /// One call in twelve is told that our country is not served.
    Region,
    /// One call in 25 to a model that is there is told that it is not.
    FlappingModel,
    /// The text of one question in fifty is refused by a firewall.
    Firewall,
    /// A proxy answers everything with pages for 30 s, again and again.
    ProxyDown,
    /// For 20 s, three times, a model's day is said to be spent.
    PassingDays,
    /// The same all day long, every two hours.
    PassingDaysLong,
    /// The whole of the day's quota is asked for, and the new day begins 20 minutes late.
    LateReset,
    /// The service allows half of a day's requests until the middle of the trace.
    RisingDays,
    /// The same of a minute's requests.
    RisingMinutes,
}

/// Which keys are refused, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusals {
    /// Of 25.
    pub(crate) keys: usize,
    /// In one moment, or one every half a minute.
    pub(crate) at_once: bool,
    /// For ever, by the free look too; else for ten minutes, and the free look accepts them.
    pub(crate) for_ever: bool,
}

impl Habit {
    pub(crate) const ALL: [Self; 23] = [
        Self::ThrottledModel,
        Self::ThrottledDay,
        refused(3, true, true),
        refused(3, false, true),
        refused(5, true, true),
        refused(5, false, true),
        refused(20, true, true),
        refused(20, false, true),
        refused(3, true, false),
        refused(3, false, false),
        refused(5, true, false),
        refused(5, false, false),
        refused(20, true, false),
        refused(20, false, false),
        Self::Region,
        Self::FlappingModel,
        Self::Firewall,
        Self::ProxyDown,
        Self::PassingDays,
        Self::PassingDaysLong,
        Self::LateReset,
        Self::RisingDays,
        Self::RisingMinutes,
    ];

    /// For the table.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Refused(Refusals {
                keys,
                at_once,
                for_ever,
            }) => {
                let when = if at_once { "AtOnce" } else { "InTurn" };
                let how = if for_ever { "Dead" } else { "Passing" };
                format!("Refused{keys}{when}{how}")
            }
            Self::ThrottledModel
            | Self::ThrottledDay
            | Self::Region
            | Self::FlappingModel
            | Self::Firewall
            | Self::ProxyDown
            | Self::PassingDays
            | Self::PassingDaysLong
            | Self::LateReset
            | Self::RisingDays
            | Self::RisingMinutes => format!("{self:?}"),
        }
    }

    /// Keys and minutes of its trace in the long table.
    pub(crate) fn size(self) -> (usize, u64) {
        if self == Self::RisingMinutes {
            return (1, 4 * 24 * 60);
        }
        let keys = if self == Self::RisingDays { 5 } else { 25 };
        (keys, 120)
    }

    /// Whether the days of the shipped catalogue bind, not the minutes of the small one.
    pub(crate) fn is_daily(self) -> bool {
        matches!(
            self,
            Self::ThrottledDay | Self::PassingDaysLong | Self::LateReset | Self::RisingDays
        )
    }

    /// Whether the owner believes in other limits than the service's, so that it says 429.
    pub(crate) fn has_wrong_limits(self) -> bool {
        matches!(
            self,
            Self::LateReset | Self::RisingDays | Self::RisingMinutes
        )
    }
}

const fn refused(keys: usize, at_once: bool, for_ever: bool) -> Habit {
    Habit::Refused(Refusals {
        keys,
        at_once,
        for_ever,
    })
}
