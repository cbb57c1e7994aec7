//! `kill -9` at random moments under load (design §6, P1 to P4): every question ends answered or
//! explained, a crash repeats at most one part of a chat, and no limit of a key is passed.
//!
//! Twenty kills in `cargo test`; `SVS_BOT_FULL=1` makes it 200, `SVS_BOT_SEED` repeats a run.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::world::http::Trouble;
use crate::world::telegram::Message;
use crate::world::{World, eventually, is_full_run, now, setting, time_passes};

const PEOPLE: i64 = 12;

/// The size of a run and the limits it must hold.
struct Plan {
    kills: usize,
    keys: usize,
    a_minute: usize,
    /// Of the 500 requests that the lite models give a day.
    percent: usize,
}

struct Question {
    person: i64,
    /// Words that its answer holds, one for each part.
    parts: Vec<String>,
}

/// A world under load that is killed again and again.
struct Siege {
    world: World,
    rng: fastrand::Rng,
    questions: Vec<Question>,
    /// When each kill was done.
    kills: Vec<Duration>,
}

impl Siege {
    fn begin(plan: &Plan, seed: u64) -> Self {
        let names: Vec<String> = (1..=plan.keys).map(|number| format!("k{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let world = World::new()
            .open()
            .keys("any", &names)
            .env("KEY_RPM", &plan.a_minute.to_string())
            .env("KEY_DAILY_PERCENT", &plan.percent.to_string())
            .start();
        let filler = "Between the ends there is a lot of text. ".repeat(110);
        let long = format!("{{question}} begins. {filler} {{question}} ends.");
        world.gemini.when_asked("long-", &long);
        world.gemini.works_for(Duration::from_millis(40));
        world.telegram.every(23, Trouble::BadGateway);
        Self {
            world,
            rng: fastrand::Rng::with_seed(seed),
            questions: Vec::new(),
            kills: Vec::new(),
        }
    }

    /// A few people ask something.
    fn ask(&mut self) {
        for _ in 0..self.rng.usize(1..5) {
            let person = 100 + self.rng.i64(0..PEOPLE);
            let number = self.questions.len();
            let (text, parts) = if self.rng.u8(0..4) == 0 {
                let text = format!("long-{number}-");
                let parts = vec![format!("{text} begins"), format!("{text} ends")];
                (text, parts)
            } else {
                (format!("mark-{number}-"), vec![format!("mark-{number}-")])
            };
            self.world.telegram.person(person).says(&text);
            self.questions.push(Question { person, parts });
        }
    }

    /// Asks, lets some time pass, and kills the bot wherever it is.
    fn round(&mut self) {
        self.ask();
        time_passes(Duration::from_millis(self.rng.u64(5..150)));
        self.ask();
        time_passes(Duration::from_millis(self.rng.u64(5..150)));
        self.world.kill();
        self.kills.push(now());
        self.world.launch();
    }

    fn said(&self, person: i64) -> Vec<Message> {
        self.world.telegram.said_to(person)
    }

    /// Questions of a person, those fully answered, and sentences that are no answer.
    fn account(&self, person: i64) -> (usize, usize, usize) {
        let said = self.said(person);
        let holds = |part: &String| said.iter().any(|message| message.text.contains(part));
        let asked: Vec<_> = self
            .questions
            .iter()
            .filter(|q| q.person == person)
            .collect();
        let answered = asked
            .iter()
            .filter(|question| question.parts.iter().all(holds))
            .count();
        let is_answer = |message: &&Message| {
            ["mark-", "long-", "Between the ends"]
                .iter()
                .any(|word| message.text.contains(word))
        };
        let told = said.len() - said.iter().filter(is_answer).count();
        (asked.len(), answered, told)
    }

    fn people() -> std::ops::Range<i64> {
        100..100 + PEOPLE
    }

    fn is_settled(&self) -> bool {
        Self::people().all(|person| {
            let (asked, answered, told) = self.account(person);
            answered + told >= asked
        })
    }

    /// Parts that came more than once: by person and by the number of kills before.
    fn repeats(&self) -> BTreeMap<(i64, usize), usize> {
        let mut repeats = BTreeMap::new();
        for question in &self.questions {
            for part in &question.parts {
                let said = self.said(question.person);
                let copies = said.iter().filter(|message| message.text.contains(part));
                for copy in copies.skip(1) {
                    let life = self.kills.iter().filter(|kill| **kill < copy.at).count();
                    *repeats.entry((question.person, life)).or_default() += 1;
                }
            }
        }
        repeats
    }
}

fn report(siege: &Siege, seed: u64) {
    let mut totals = (0, 0, 0);
    for person in Siege::people() {
        let (asked, answered, told) = siege.account(person);
        totals = (totals.0 + asked, totals.1 + answered, totals.2 + told);
    }
    eprintln!(
        "crash: seed {seed}, {} kills, {} questions, {} answered, {} sentences, {} repeated parts, \
         {} model calls, {} on the busiest (project, model, day), {} in its busiest minute",
        siege.kills.len(),
        totals.0,
        totals.1,
        totals.2,
        siege.repeats().values().sum::<usize>(),
        siege.world.gemini.calls().len(),
        siege.world.gemini.busiest_day(),
        siege.world.gemini.busiest_window(Duration::from_mins(1)),
    );
}

#[test]
fn killed_at_random_moments_it_loses_nothing_and_stays_within_every_limit() {
    // Somewhat more is asked than the keys may give.
    let (kills, keys, a_minute, percent) = if is_full_run() {
        (200, 24, 10, 3)
    } else {
        (20, 8, 6, 2)
    };
    let plan = Plan {
        kills,
        keys,
        a_minute,
        percent,
    };
    let seed = setting("SVS_BOT_SEED").and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    eprintln!("crash: seed {seed}");
    let mut siege = Siege::begin(&plan, seed);
    for _ in 0..plan.kills {
        siege.round();
    }
    siege.world.telegram.comes_back();
    eventually(
        Duration::from_mins(3),
        "every question is answered or explained",
        || siege.is_settled(),
    );
    report(&siege, seed);
    for ((person, life), count) in siege.repeats() {
        assert!(
            count <= 1,
            "{person} heard {count} parts again after kill {life}"
        );
    }
    let almost_a_minute = Duration::from_secs(59);
    let busiest = siege.world.gemini.busiest_window(almost_a_minute);
    assert!(busiest <= plan.a_minute, "{busiest} calls in a minute");
    let busiest = siege.world.gemini.busiest_day();
    assert!(
        busiest <= 500 * plan.percent / 100,
        "{busiest} calls in a day"
    );
    siege.world.stop();
}
