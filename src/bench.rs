//! What `benches/` can reach: the key pool under load and the renderer, without the rest of the
//! program. Not part of the public surface; the linker leaves it out of the binary. Pure.

use std::time::Duration;

use crate::catalog::Catalog;
use crate::catalog::Tier;
use crate::clock::Timestamp;
use crate::keys::{
    Counted, Effect, Group, KeySpec, Next, Policy, Pool, Reserved, Route, Saved, Start, Verdict,
};
use crate::render;

/// An answer with every usual construct; repeated, it is as long as one likes.
pub const ANSWER: &str = "## Sorting a list\n\nUse `sort_unstable` when **equal** items may change places: \
it needs *no* memory, and is faster by about 20 %.\n\n```rust\nlet mut list = vec![3, 1, 2];\n\
list.sort_unstable();\n```\n\n- It runs in $O(n \\log n)$.\n  - The [docs](https://doc.rust-lang.org/std) \
say why.\n- 稳定排序请用 `sort`。\n\n| Method | Stable | Memory |\n|---|:---:|---:|\n| sort | yes | n/2 |\n\
| sort_unstable | no | 0 |\n\n> **Note:** measure before you choose 🙂.\n\n";

/// Bytes of the text that an answer becomes.
pub fn render(markdown: &str) -> usize {
    render::answer(markdown, "").text.len()
}

/// Messages that an answer becomes.
pub fn cut(markdown: &str) -> usize {
    render::parts(&render::answer(markdown, "")).len()
}

/// The same for the stable prefix of an answer that grows.
pub fn grow(markdown: &str) -> usize {
    cut(render::stable_prefix(markdown))
}

/// Models in the catalogue of the benchmark, four in each tier.
pub const MODELS: usize = 12;

/// How busy the keys are.
#[derive(Debug, Clone, Copy)]
pub enum Load {
    /// Nothing is spent.
    Fresh,
    /// A part of every minute is spent, some of them wholly.
    Busy,
    /// Every minute of every key and model is spent, so that all are looked at.
    Spent,
}

/// What came of a choice.
#[derive(Debug)]
pub struct Chosen(Reserved);

/// A pool that is asked for the highest tier by a member of the highest group.
#[derive(Debug)]
pub struct Selection {
    pool: Pool,
    route: Route,
    now: Timestamp,
    rng: fastrand::Rng,
    answered: Verdict,
}

impl Selection {
    /// So many keys in four groups, and [`MODELS`] models.
    ///
    /// # Panics
    ///
    /// Never: the catalogue is made here.
    #[expect(clippy::expect_used, reason = "the catalogue is made here")]
    pub fn of(keys: u16, load: Load) -> Self {
        let now = Timestamp::from_secs(1_795_000_000);
        let policy = Policy {
            rpm: Some(10),
            daily_percent: 30,
            cooldown: Duration::from_secs(10),
            max_errors: 3,
            blacklist: Duration::from_hours(1),
            paid_daily: 0,
        };
        let catalog = Catalog::parse(&catalogue()).expect("the catalogue is valid");
        let keys = (0..keys).map(key).collect();
        let mut selection = Self {
            pool: Pool::new(policy, keys, &catalog, Saved::default(), now),
            route: Route::new(
                Start {
                    kind: Tier::Pro.into(),
                    groups: vec![Group::A, Group::B, Group::C, Group::D],
                    tokens: 1_000,
                    rank: 0,
                    since: now,
                    patience: Duration::ZERO,
                },
                &catalog,
            ),
            now,
            rng: fastrand::Rng::with_seed(7),
            answered: Verdict {
                effect: Effect::Healthy,
                next: Next::Done,
                learned: Vec::new(),
                counted: Counted::Yes,
                tokens: None,
            },
        };
        selection.spend(load);
        selection
    }

    fn spend(&mut self, load: Load) {
        match load {
            Load::Fresh => {}
            Load::Busy => {
                let units = self.pool.roster_len() * MODELS * 3;
                for _ in 0..units {
                    self.select();
                }
            }
            Load::Spent => while self.select() {},
        }
    }

    /// One choice; what was chosen has to be put back.
    pub fn choose(&mut self) -> Chosen {
        let ask = self.route.ask();
        Chosen(self.pool.reserve(ask, self.now, &mut self.rng))
    }

    /// Settles a choice; whether there was a key.
    pub fn put_back(&mut self, chosen: Chosen) -> bool {
        let Reserved::Lent(lease) = chosen.0 else {
            return false;
        };
        let pool = &mut self.pool;
        drop(pool.settle(lease, &self.answered, self.now, &mut self.rng));
        true
    }

    /// One choice, settled at once; whether there was a key.
    pub fn select(&mut self) -> bool {
        let chosen = self.choose();
        self.put_back(chosen)
    }
}

fn key(place: u16) -> KeySpec {
    let mut fingerprint = [0; 16];
    for (byte, of_place) in fingerprint.iter_mut().zip(place.to_be_bytes()) {
        *byte = of_place;
    }
    let groups = [Group::A, Group::B, Group::C, Group::D];
    let group = groups.into_iter().cycle().nth(usize::from(place));
    KeySpec {
        fingerprint,
        project: fingerprint,
        group,
        paid: false,
        label: place.to_string(),
    }
}

fn catalogue() -> String {
    let tiers = ["lite", "flash", "pro"].into_iter().cycle();
    let models = (0..MODELS).zip(tiers).map(|(model, tier)| {
        format!(
            "[[model]]\nid = \"gemini-{model}-of-some-name\"\ntier = \"{tier}\"\nrpm = 15\n\
             rpd = 1000\ntpm = 250_000\nfree = true\nprice_in = 1.0\nprice_out = 2.0\n\
             context_tokens = 1_000_000\nmax_output = 65_536\n"
        )
    });
    models.collect()
}
