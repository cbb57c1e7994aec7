use super::habits::{Habit, Refusals};
use super::plan::{Kind, Plan};
use super::table::Contender;
use super::trace::Trace;
use super::upstream::{Request, Upstream};
use super::world::{Limits, Rise, Trouble, World};
use super::*;
use crate::catalog::Catalog;

mod careful;
mod oracle;
mod ours;
mod replies;
mod rows;
mod runs;
mod traces;
mod upstream;

use careful::{Careful, Flaw};

const NOON: &str = "2026-11-20T20:00:00Z";

/// One lite and one flash model with small limits: 3 and 1 a minute, 30 % of 40 and of 10 a day.
const SMALL: &str = r#"
[[model]]
id = "small"
tier = "lite"
rpm = 3
tpm = 1_000
rpd = 40
free = true
price_in = 0.3
price_out = 2.5
context_tokens = 1000
max_output = 100

[[model]]
id = "dear"
tier = "flash"
rpm = 1
tpm = 1_000
rpd = 10
free = true
price_in = 0.3
price_out = 2.5
context_tokens = 1000
max_output = 100
"#;

fn moment(text: &str) -> Timestamp {
    let utc: jiff::Timestamp = text.parse().unwrap();
    Timestamp(u64::try_from(utc.as_millisecond()).unwrap())
}

fn noon() -> Timestamp {
    moment(NOON)
}

fn seconds(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn world(groups: &[Option<Group>]) -> World {
    let keys = groups.iter().enumerate();
    let keys = keys.map(|(project, group)| KeyFacts {
        group: *group,
        project,
    });
    World::new(keys.collect(), Catalog::parse(SMALL).unwrap(), 7)
}

/// Questions of group A to the lite tier, so many seconds after noon.
fn trace_of(world: World, asked: &[(u64, Group, Tier)]) -> Trace {
    let questions = asked.iter().enumerate();
    let questions = questions.map(|(id, (secs, group, tier))| Question {
        id,
        at: noon().after(seconds(*secs)),
        group: *group,
        tier: *tier,
        tokens: 1,
        takes: seconds(2),
    });
    Trace {
        plan: Plan {
            kind: Kind::Steady,
            fleet: world.keys.len(),
            load: 100,
            minutes: 0,
            seed: 7,
        },
        questions: questions.collect(),
        restarts: Vec::new(),
        world,
    }
}

/// The first key for everything, again and again.
struct FirstKey;

impl Policy for FirstKey {
    fn name(&self) -> &'static str {
        "first key"
    }

    fn decide(
        &mut self,
        _question: &Question,
        _attempt: u32,
        _now: Timestamp,
        _rng: &mut fastrand::Rng,
    ) -> Decision {
        Decision::Call { key: 0, model: 0 }
    }

    fn told(
        &mut self,
        _question: &Question,
        _call: (usize, usize),
        _reply: Reply,
        _now: Timestamp,
        _rng: &mut fastrand::Rng,
    ) {
    }

    fn restart(&mut self, _now: Timestamp) {}

    fn has_blacklisted(&self, _key: usize, _now: Timestamp) -> bool {
        false
    }
}

/// Calls as the oracle does: shows that what the oracle serves can be served.
struct Puppet {
    starts: Vec<Option<super::oracle::Start>>,
    keys: Vec<KeyFacts>,
    dead: Vec<usize>,
}

impl Policy for Puppet {
    fn name(&self) -> &'static str {
        "oracle's puppet"
    }

    fn decide(
        &mut self,
        question: &Question,
        _attempt: u32,
        now: Timestamp,
        _rng: &mut fastrand::Rng,
    ) -> Decision {
        let Some(start) = self.starts[question.id] else {
            return Decision::GiveUp;
        };
        if now < start.at {
            return Decision::Wait { until: start.at };
        }
        let mut keys = self.keys.iter().enumerate();
        let found =
            keys.find(|(place, key)| key.project == start.project && !self.dead.contains(place));
        let (key, model) = (found.map_or(0, |(place, _)| place), start.model);
        Decision::Call { key, model }
    }

    fn told(
        &mut self,
        _question: &Question,
        call: (usize, usize),
        reply: Reply,
        _now: Timestamp,
        _rng: &mut fastrand::Rng,
    ) {
        if reply == Reply::Refused {
            self.dead.push(call.0);
        }
    }

    fn restart(&mut self, _now: Timestamp) {}

    fn has_blacklisted(&self, _key: usize, _now: Timestamp) -> bool {
        false
    }
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a person chooses the long table with it"
)]
fn the_table_tells_a_careful_policy_from_a_careless_one() {
    let long = std::env::var_os("SVS_BOT_FULL").is_some();
    let plans = if long {
        table::full_plans()
    } else {
        table::quick_plans()
    };
    let careful = Contender {
        make: |world, _| Box::new(Careful::new(world, Flaw::None)),
    };
    let careless = Contender {
        make: |_, _| Box::new(FirstKey),
    };
    // The careful policy asks too often to be patient with when its fleet is large.
    let (small, large): (Vec<_>, Vec<_>) = plans.iter().partition(|plan| plan.fleet <= 25);
    let mut rows = table::rows(&small, &[careful, careless]);
    rows.extend(table::rows(&large, &[careless]));
    assert_eq!(rows.len(), small.len() * 2 + large.len());
    for row in &rows {
        let sensible = row.possible <= row.asked && row.served <= row.calls && row.possible > 0;
        assert!(sensible, "{row:?}");
        let missed = table::targets(row);
        if row.policy == "careful" {
            assert!(missed.is_empty(), "{missed:?}");
        } else {
            assert!(long || !missed.is_empty(), "{row:?}");
        }
    }
}

#[test]
fn every_flaw_misses_its_figure() {
    type Make = fn(&World, Timestamp) -> Box<dyn Policy>;
    let cases: [(Kind, u32, Make, &str); 6] = [
        (
            Kind::Steady,
            120,
            |world, _| Box::new(Careful::new(world, Flaw::ExactMinute)),
            "429s",
        ),
        (
            Kind::RestartDay,
            120,
            |world, _| Box::new(Careful::new(world, Flaw::Forgets)),
            "beyond the day's caps",
        ),
        (
            Kind::Day,
            200,
            |world, _| Box::new(Careful::new(world, Flaw::UtcDay)),
            "beyond the day's caps",
        ),
        (
            Kind::ModelOut,
            120,
            |world, _| Box::new(Careful::new(world, Flaw::LiteralRule)),
            "sound keys",
        ),
        (
            Kind::Day,
            50,
            |world, _| Box::new(Careful::new(world, Flaw::FirstFree)),
            "index",
        ),
        (
            Kind::DyingKeys,
            80,
            |world, _| Box::new(Careful::new(world, Flaw::Hopes)),
            "dead keys",
        ),
    ];
    for (kind, load, make, figure) in cases {
        let plan = Plan {
            kind,
            fleet: 10,
            load,
            minutes: 20,
            seed: 1,
        };
        let careful = Contender {
            make: |world, _| Box::new(Careful::new(world, Flaw::None)),
        };
        let rows = table::rows(&[plan], &[careful, Contender { make }]);
        let [good, flawed] = [0, 1].map(|nth| table::targets(&rows[nth]).join("; "));
        assert!(!good.contains(figure), "{good}");
        assert!(
            flawed.contains(figure),
            "{figure}: {flawed:?} {:?}",
            rows[1]
        );
    }
}
