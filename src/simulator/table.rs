//! What a policy made of a trace, in one row, beside the figures of design §4.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::habits::{Habit, Refusals};
use super::oracle;
use super::plan::{Kind, Plan};
use super::runner::{self, Outcome};
use super::trace::{self, Trace};
use super::world::World;
use super::{KeyFacts, Policy};
use crate::catalog::Tier;
use crate::clock::Timestamp;

/// Projects that were called less often than this on average in a day are too few calls to compare.
const COMPARABLE: f64 = 20.0;

/// A policy that takes part: how to make it of what an owner knows, at the start of a trace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contender {
    pub(crate) make: fn(&World, Timestamp) -> Box<dyn Policy>,
}

/// One trace under one policy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) plan: Plan,
    pub(crate) policy: &'static str,
    pub(crate) asked: u32,
    pub(crate) served: u32,
    /// What the oracle serves.
    pub(crate) possible: u32,
    /// 429s that a quota was the reason of.
    pub(crate) provoked: u32,
    pub(crate) calls: u32,
    pub(crate) calls_to_dead: u32,
    /// Sound keys that were blacklisted.
    pub(crate) wronged: usize,
    /// Requests beyond the owner's caps of a day.
    pub(crate) overspend: u32,
    /// The least of all groups and days; none when there is nothing to compare.
    pub(crate) jain: Option<f64>,
    /// 95 in 100 first calls started sooner after their question.
    pub(crate) wait: Duration,
}

impl Row {
    /// Of what the oracle serves.
    pub(crate) fn share(&self) -> f64 {
        match self.possible {
            0 => 1.0,
            possible => f64::from(self.served) / f64::from(possible),
        }
    }

    pub(crate) fn calls_per_answer(&self) -> f64 {
        f64::from(self.calls) / f64::from(self.served.max(1))
    }
}

/// Runs each trace under each policy, and prints the rows as they come.
#[expect(
    clippy::print_stdout,
    reason = "the table is what a person runs this for"
)]
pub(crate) fn rows(plans: &[Plan], contenders: &[Contender]) -> Vec<Row> {
    let mut rows = Vec::new();
    println!("{HEAD}");
    for plan in plans {
        let trace = trace::trace(*plan);
        let possible = oracle::serve(&trace).iter().flatten().count();
        for contender in contenders {
            let row = row(&trace, u32::try_from(possible).unwrap(), *contender);
            println!("{}", line(&row));
            rows.push(row);
        }
    }
    rows
}

fn row(trace: &Trace, possible: u32, contender: Contender) -> Row {
    let start = trace.questions.first().map_or(Timestamp(0), |it| it.at);
    let mut policy = (contender.make)(&trace.world, start);
    let outcome = runner::run(trace, policy.as_mut());
    let jain = least_jain(&trace.world, &outcome);
    let mut waits = outcome.waits;
    waits.sort_unstable();
    Row {
        plan: trace.plan,
        policy: policy.name(),
        asked: u32::try_from(trace.questions.len()).unwrap(),
        served: outcome.answered,
        possible,
        provoked: outcome.upstream.provoked,
        calls: outcome.calls,
        calls_to_dead: outcome.calls_to_dead,
        wronged: outcome.wronged.len(),
        overspend: outcome.upstream.overspend(),
        jain,
        wait: waits
            .get(waits.len() * 95 / 100)
            .copied()
            .unwrap_or_default(),
    }
}

/// Over the lite calls of the sound projects of one group in one day. Every trace loads the projects
/// of a group alike.
fn least_jain(world: &World, outcome: &Outcome<'_>) -> Option<f64> {
    let models = world.catalog.answering().enumerate();
    let lite = models.filter(|(_, model)| model.kind.tier() == Some(Tier::Lite));
    let lite: Vec<usize> = lite.map(|(place, _)| place).collect();
    let unsound = |(at, _): &(usize, &KeyFacts)| !world.is_sound(*at, Timestamp(u64::MAX));
    let broken = world.keys.iter().enumerate().filter(unsound);
    let broken: BTreeSet<usize> = broken.map(|(_, key)| key.project).collect();
    let sound = world
        .keys
        .iter()
        .filter(|key| !broken.contains(&key.project));

    let mut groups: BTreeMap<_, BTreeSet<usize>> = BTreeMap::new();
    for key in sound {
        groups.entry(key.group).or_default().insert(key.project);
    }
    let mut indices = Vec::new();
    for projects in groups.values().filter(|projects| projects.len() > 1) {
        let days = projects.iter();
        let days: Vec<_> = days.map(|it| outcome.upstream.days(*it, &lite)).collect();
        let numbers: BTreeSet<i32> = days.iter().flat_map(BTreeMap::keys).copied().collect();
        for number in numbers {
            let used = days.iter().map(|day| day.get(&number).copied());
            let used: Vec<f64> = used.map(|used| f64::from(used.unwrap_or(0))).collect();
            indices.extend(jain(&used));
        }
    }
    indices.into_iter().min_by(f64::total_cmp)
}

/// Jain's index of fairness: 1 when all are alike, 1/n when one has everything.
pub(crate) fn jain(used: &[f64]) -> Option<f64> {
    let count = f64::from(u32::try_from(used.len()).unwrap());
    let sum: f64 = used.iter().sum();
    let squares: f64 = used.iter().map(|used| used * used).sum();
    (sum / count >= COMPARABLE).then(|| sum * sum / (count * squares))
}

/// What a row misses of design §4's figures.
pub(crate) fn targets(row: &Row) -> Vec<String> {
    let kind = row.plan.kind;
    let mut missed = Vec::new();
    let mut demand = |holds: bool, what: String| {
        if !holds {
            let Plan { fleet, load, .. } = row.plan;
            missed.push(format!("{}, {fleet} keys at {load} %: {what}", kind.name()));
        }
    };
    let calm = !kind.is_faulty();
    let least = if calm && row.plan.peak() <= 80 {
        0.99
    } else {
        0.97
    };
    let share = row.share();
    demand(share >= least, format!("serves {share:.3} of what can be"));
    let most = if calm { 1.05 } else { 1.3 };
    let calls = row.calls_per_answer();
    demand(calls <= most, format!("calls {calls:.2} times an answer"));
    let provoked = row.provoked;
    let limits_right = !kind.has_wrong_limits();
    demand(
        !limits_right || provoked == 0,
        format!("provokes {provoked} 429s"),
    );
    let dead = row.calls_to_dead;
    demand(dead == 0, format!("calls dead keys {dead} times"));
    let wronged = row.wronged;
    demand(wronged == 0, format!("blacklists {wronged} sound keys"));
    let over = row.overspend;
    demand(over == 0, format!("spends {over} beyond the day's caps"));
    if let Some(jain) = row.jain {
        demand(jain >= 0.98, format!("spreads with an index of {jain:.3}"));
    }
    missed
}

/// The head of the table: the columns of [`line`], and the rule below them.
pub(crate) const HEAD: &str = concat!(
    "| trace                   | keys | load | policy                               |   asked | \
     possible |  served | share |   429 | calls/ans |  dead | wronged | over |  jain | wait95 |\n",
    "|:------------------------|-----:|-----:|:-------------------------------------|--------:|\
     ---------:|--------:|------:|------:|----------:|------:|--------:|-----:|------:|-------:|",
);

/// A row under its [`HEAD`], as Markdown.
pub(crate) fn line(row: &Row) -> String {
    let Plan {
        kind, fleet, load, ..
    } = row.plan;
    let jain = row.jain.map_or("-".to_owned(), |jain| format!("{jain:.3}"));
    format!(
        "| {:<23} | {fleet:>4} | {load:>4} | {:<36} | {:>7} | {:>8} | {:>7} | {:>5.3} | {:>5} | \
         {:>9.2} | {:>5} | {:>7} | {:>4} | {jain:>5} | {:>6.1} |",
        kind.name(),
        row.policy,
        row.asked,
        row.possible,
        row.served,
        row.share(),
        row.provoked,
        row.calls_per_answer(),
        row.calls_to_dead,
        row.wronged,
        row.overspend,
        row.wait.as_secs_f64(),
    )
}

/// A selection that takes seconds: every kind of trace once with a fleet of 25 keys, and what other
/// fleets and loads change.
pub(crate) fn quick_plans() -> Vec<Plan> {
    let all = Kind::PLAIN.into_iter().map(|kind| {
        // So long that what is lost to faults and restarts is a small part, as it is in two hours.
        let minutes = if kind.is_faulty() { 30 } else { 15 };
        plan(kind, 25, 80, minutes)
    });
    let more = [
        plan(Kind::Steady, 1, 80, 120),
        plan(Kind::Steady, 5, 120, 60),
        plan(Kind::Bursts, 25, 200, 15),
        plan(Kind::Exhaustion, 5, 200, 0),
        plan(Kind::SummerEnds, 5, 120, 0),
        plan(Kind::Everything, 5, 120, 60),
    ];
    all.chain(more).collect()
}

/// Every kind of trace with every fleet at every load.
pub(crate) fn full_plans() -> Vec<Plan> {
    let mut plans = Vec::new();
    for kind in Kind::PLAIN {
        for (fleet, minutes) in [(1, 120), (5, 120), (25, 120), (250, 20)] {
            // Of twenty minutes a throttled address takes a larger part than of two hours.
            let minutes = if kind == Kind::Throttle { 120 } else { minutes };
            for load in [50, 80, 120, 200] {
                plans.push(plan(kind, fleet, load, minutes));
            }
        }
    }
    plans
}

/// Every habit of the field that the long table has beside the plain kinds.
pub(crate) fn full_habits() -> Vec<Plan> {
    let mut plans = Vec::new();
    for habit in Habit::ALL {
        for load in [50, 80, 120] {
            let (fleet, minutes) = habit.size();
            plans.push(plan(Kind::Seen(habit), fleet, load, minutes));
        }
    }
    plans
}

/// A selection of them that takes seconds.
pub(crate) fn quick_habits() -> Vec<Plan> {
    let refused = |keys, at_once, for_ever| {
        Habit::Refused(Refusals {
            keys,
            at_once,
            for_ever,
        })
    };
    let cases = [
        (Habit::ThrottledModel, 5, 80, 90),
        (Habit::ThrottledDay, 5, 80, 0),
        (refused(5, true, true), 10, 80, 20),
        (refused(20, false, true), 10, 80, 20),
        (refused(5, false, false), 10, 80, 30),
        (refused(20, true, false), 10, 50, 60),
        (Habit::Region, 10, 80, 20),
        (Habit::FlappingModel, 10, 80, 20),
        (Habit::Firewall, 10, 80, 20),
        (Habit::ProxyDown, 5, 80, 60),
        (Habit::PassingDays, 5, 80, 60),
        (Habit::PassingDaysLong, 5, 120, 0),
        (Habit::LateReset, 2, 120, 0),
        (Habit::RisingDays, 2, 120, 0),
    ];
    let plan = |(habit, fleet, load, minutes)| plan(Kind::Seen(habit), fleet, load, minutes);
    cases.into_iter().map(plan).collect()
}

fn plan(kind: Kind, fleet: usize, load: u32, minutes: u64) -> Plan {
    Plan {
        kind,
        fleet,
        load,
        minutes,
        seed: 2026,
    }
}
