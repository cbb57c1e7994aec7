//! `kill -9` at random moments under load (design §6, P1 to P4): every question ends answered or
//! explained, in order, a crash repeats at most one part of a chat, no limit of a key is passed, and
//! nobody is told that something went wrong with a question: the kills come from outside, so every
//! question is innocent (design §2, rule 7).
//!
//! Half of the people write in private, half each in a group of their own, where a reply tells its
//! question. One kill in three is followed by a second one at once, and some lives are long enough for
//! suspects to run. Twenty kills in `cargo test`; `SVS_BOT_FULL=1` makes it 200 and more, with four
//! questions for each, `SVS_BOT_SEED` repeats a run.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::account::{Account, Asked, balance};
use crate::world::http::Trouble;
use crate::world::{World, is_full_run, now, setting, time_passes};

/// What a day of the lite models has.
const A_DAY: usize = 500;

/// The size of a run and the limits it must hold.
struct Plan {
    kills: usize,
    people: i64,
    keys: usize,
    a_minute: usize,
    /// Of a day's requests.
    percent: usize,
    patience: Duration,
}

/// A world under load that is killed again and again.
struct Siege {
    world: World,
    rng: fastrand::Rng,
    people: i64,
    /// What was asked so far, by chat.
    asked: BTreeMap<i64, Vec<Asked>>,
    questions: usize,
    /// When each kill was done.
    kills: Vec<Duration>,
}

impl Siege {
    fn begin(plan: &Plan, seed: u64) -> Self {
        let names: Vec<String> = (1..=plan.keys).map(|number| format!("k{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let world = World::new()
            .open()
            .env("GROUPS", "open")
            .keys("any", &names)
            .env("KEY_RPM", &plan.a_minute.to_string())
            .env("KEY_DAILY_PERCENT", &plan.percent.to_string())
            .start();
        let filler = "Between the ends there is a lot of text. ".repeat(110);
        let long = format!("{{question}} begins. {filler} {{question}} ends.");
        world.gemini.when_asked("long-", &long);
        world.gemini.works_for(Duration::from_millis(40));
        world
            .gemini
            .limits(plan.a_minute, A_DAY * plan.percent / 100);
        world.telegram.every(23, Trouble::BadGateway);
        Self {
            world,
            rng: fastrand::Rng::with_seed(seed),
            people: plan.people,
            asked: BTreeMap::new(),
            questions: 0,
            kills: Vec::new(),
        }
    }

    /// A few people ask something.
    fn ask(&mut self) {
        for _ in 0..self.rng.usize(1..5) {
            let number = self.questions;
            self.questions += 1;
            let (text, parts) = if self.rng.u8(0..4) == 0 {
                let text = format!("long-{number}-");
                let parts = vec![format!("{text} begins."), format!("{text} ends.")];
                (text, parts)
            } else {
                (format!("mark-{number}-"), vec![format!("mark-{number}-")])
            };
            let id = 100 + self.rng.i64(0..self.people);
            let telegram = &self.world.telegram;
            let (chat, message) = if id % 2 == 0 {
                (id, telegram.person(id).says(&text))
            } else {
                let member = telegram.group(-id).member(id);
                (-id, member.says(&format!("@testbot {text}")))
            };
            let asked = self.asked.entry(chat).or_default();
            asked.push(Asked { message, parts });
        }
    }

    /// Asks, lets some time pass, and kills the bot wherever it is; sometimes twice.
    fn round(&mut self) {
        self.ask();
        time_passes(Duration::from_millis(self.rng.u64(5..150)));
        self.ask();
        time_passes(Duration::from_millis(self.rng.u64(5..150)));
        // Suspects of earlier kills run again, once it is clear that the bot dies of other things too.
        if self.kills.len() >= 6 && self.rng.u8(0..8) == 0 {
            time_passes(Duration::from_millis(self.rng.u64(3_000..4_000)));
        }
        self.kill();
        if self.rng.u8(0..3) == 0 {
            time_passes(Duration::from_millis(self.rng.u64(5..150)));
            self.kill();
        }
    }

    fn kill(&mut self) {
        self.world.kill();
        self.kills.push(now());
        self.world.launch();
    }

    /// The balance of every chat.
    fn accounts(&self) -> BTreeMap<i64, Account> {
        let balance_of = |(&chat, asked): (&i64, &Vec<Asked>)| {
            let heard = self.world.telegram.said_to(chat);
            (chat, balance(asked, &heard, &self.kills))
        };
        self.asked.iter().map(balance_of).collect()
    }

    /// Questions that the bot has given up.
    fn given_up(&self) -> usize {
        let chats = self.asked.keys();
        let heard = chats.flat_map(|chat| self.world.telegram.said_to(*chat));
        heard
            .filter(|message| message.text.contains("went wrong again and again"))
            .count()
    }

    /// Nothing waits any more, and nobody waits for a word.
    fn is_idle(&mut self) -> bool {
        self.world.telegram.is_drained()
            && self.accounts().values().all(|account| account.lost == 0)
            && self.world.questions() == (0, 0)
    }
}

fn report(siege: &Siege, seed: u64) {
    let accounts = siege.accounts();
    let sum = |figure: fn(&Account) -> usize| accounts.values().map(figure).sum::<usize>();
    eprintln!(
        "crash: seed {seed}, {} kills, {} questions, {} answered, {} explained, {} innocent given \
         up, {} lost, {} repeated parts, {} doubtful, {} strange, {} model calls, {} provoked, {} on the busiest (project, \
         model, day), {} in its busiest minute",
        siege.kills.len(),
        siege.questions,
        sum(|account| account.answered),
        sum(|account| account.explained),
        siege.given_up(),
        sum(|account| account.lost),
        sum(|account| account.repeats.values().sum()),
        sum(|account| account.doubtful),
        sum(|account| account.strange.len()),
        siege.world.gemini.calls().len(),
        siege.world.gemini.provoked(),
        siege.world.gemini.busiest_day(),
        siege.world.gemini.busiest_window(Duration::from_mins(1)),
    );
}

/// What the promises allow one chat.
fn judge(chat: i64, asked: usize, account: &Account) {
    assert!(account.strange.is_empty(), "{chat}: {:?}", account.strange);
    assert_eq!(account.lost, 0, "{chat} was forgotten");
    assert_eq!(account.answered + account.explained, asked, "{chat}");
    for (life, count) in &account.repeats {
        assert!(
            *count <= 1,
            "{chat} heard {count} parts again after kill {life}"
        );
    }
}

#[test]
fn killed_at_random_moments_it_loses_nothing_and_stays_within_every_limit() {
    // Somewhat more is asked than the keys may give.
    let plan = if is_full_run() {
        Plan {
            kills: 200,
            people: 40,
            keys: 24,
            a_minute: 10,
            percent: 3,
            patience: Duration::from_mins(10),
        }
    } else {
        Plan {
            kills: 20,
            people: 12,
            keys: 8,
            a_minute: 6,
            percent: 2,
            patience: Duration::from_mins(3),
        }
    };
    let seed = setting("SVS_BOT_SEED").and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    eprintln!("crash: seed {seed}");
    let mut siege = Siege::begin(&plan, seed);
    while siege.kills.len() < plan.kills {
        siege.round();
    }
    siege.world.telegram.comes_back();
    let start = now();
    while !siege.is_idle() && now().saturating_sub(start) < plan.patience {
        time_passes(Duration::from_millis(100));
    }
    report(&siege, seed);
    for (chat, account) in siege.accounts() {
        judge(chat, siege.asked[&chat].len(), &account);
    }
    assert!(siege.is_idle(), "something waits still");
    assert_eq!(siege.given_up(), 0, "innocent questions given up");
    let busiest = siege.world.gemini.busiest_day();
    assert!(
        busiest <= A_DAY * plan.percent / 100,
        "{busiest} calls in a day"
    );
    assert_eq!(siege.world.gemini.provoked(), 0, "limits that were passed");
    siege.world.stop();
}
