//! Reads off the bot what is the matter now.

use std::time::Duration;

use log::warn;
use tokio::sync::watch::Receiver;
use tokio::task::spawn_blocking;

use crate::alerts::{DeadKey, Trouble};
use crate::app::Ctx;
use crate::app::engine::{Engine, Settings};
use crate::clock::{self, Instant};
use crate::keys::{self, Fingerprint};

/// A question may wait so long for a free place.
const WAITS: Duration = Duration::from_mins(2);
/// Of the disk so much is to be free, in percent (design §3).
const FREE: u8 = 10;
/// What happened at one moment is told for so long as if it lasted.
const MOMENT: Duration = Duration::from_mins(10);

/// What is told of what happened at one moment: it never ends.
pub(super) fn is_moment(cause: &str) -> bool {
    let moments = [Trouble::PutBack, Trouble::Crashed { times: 1 }];
    moments.iter().any(|moment| moment.cause() == cause)
}

/// What is remembered from one look to the next.
pub(super) struct Look {
    put_back: Receiver<u32>,
    /// When the data file was put back last.
    put_back_at: Option<Instant>,
}

impl Look {
    pub(super) fn new(ctx: &Ctx) -> Self {
        Self {
            put_back: ctx.engine.store.put_back(),
            put_back_at: None,
        }
    }

    /// All there is; what cannot be found out is none.
    pub(super) async fn troubles(&mut self, ctx: &Ctx) -> Vec<Trouble> {
        let engine = &ctx.engine;
        let mut found = of_keys(engine);
        let shared = engine.signs.has_second_poller(clock::instant());
        found.extend(shared.then_some(Trouble::SecondPoller));
        let off = engine.signs.clock_off();
        found.extend(off.map(|off| Trouble::Clock { off: whole(off) }));
        found.extend(self.put_back());
        found.extend(disk(engine).await);
        found.extend(queue(ctx).await);
        found.extend(crashes(engine).await);
        found
    }

    fn put_back(&mut self) -> Option<Trouble> {
        let now = clock::instant();
        if self.put_back.has_changed().unwrap_or_default() {
            self.put_back.mark_unchanged();
            self.put_back_at = Some(now);
        }
        let at = self.put_back_at?;
        (now.saturating_duration_since(at) < MOMENT).then_some(Trouble::PutBack)
    }
}

fn of_keys(engine: &Engine) -> Vec<Trouble> {
    let settings = engine.settings();
    let troubles = engine.lending.with(|pool| pool.troubles(clock::now()));
    troubles
        .into_iter()
        .map(|trouble| named(&settings, trouble))
        .collect()
}

/// With the names that people know.
fn named(settings: &Settings, trouble: keys::Trouble) -> Trouble {
    let name = |key: &Fingerprint| settings.key(key).map(|key| key.label.clone());
    match trouble {
        keys::Trouble::Dead(keys) => {
            let dead = keys.into_iter().filter_map(|(key, death)| {
                let entry = settings.key(&key)?;
                Some(DeadKey {
                    name: entry.label.clone(),
                    death,
                    groups: entry.groups.clone(),
                })
            });
            let mut dead: Vec<DeadKey> = dead.collect();
            dead.sort_by_cached_key(|key| natural(&key.name));
            Trouble::DeadKeys(dead)
        }
        keys::Trouble::Unusable(keys) => Trouble::Unusable(keys),
        keys::Trouble::Overloaded { model } => Trouble::Overloaded { model },
        keys::Trouble::Missing { model } => Trouble::Missing { model },
        keys::Trouble::Blocked => Trouble::Blocked,
        keys::Trouble::Unserved => Trouble::Unserved,
        keys::Trouble::Endpoint => Trouble::Endpoint,
        keys::Trouble::SpendingCap(keys) => Trouble::SpendingCap {
            keys: keys.iter().filter_map(name).collect(),
        },
        keys::Trouble::Money { is_spent } => Trouble::Money {
            is_spent,
            daily: settings.config.key_policy.paid_daily,
        },
    }
}

/// By group and then by number: `A2` before `A10`, and both before `B1`.
fn natural(name: &str) -> (Option<char>, usize, String) {
    let short = name.split(' ').next().unwrap_or(name);
    (short.chars().next(), short.len(), short.to_owned())
}

async fn disk(engine: &Engine) -> Option<Trouble> {
    let store = engine.store.clone();
    let free = spawn_blocking(move || store.free_percent()).await;
    match free {
        Ok(Ok(percent)) => (percent < FREE).then_some(Trouble::DiskLow { percent }),
        Ok(Err(error)) => {
            warn!(err:% = error; "the room on the disk is not known");
            None
        }
        Err(_) => None,
    }
}

async fn queue(ctx: &Ctx) -> Option<Trouble> {
    if ctx.desk.waiting() == 0 {
        return None;
    }
    let waited = clock::steady().since(ctx.desk.oldest().await?);
    (waited >= WAITS).then(|| Trouble::Queue {
        waited: doubled(waited),
    })
}

async fn crashes(engine: &Engine) -> Option<Trouble> {
    let now = clock::now();
    let deaths = engine
        .store
        .read(move |rows| rows.deaths(now, MOMENT))
        .await;
    let times = deaths.unwrap_or_default();
    (times > 0).then_some(Trouble::Crashed { times })
}

/// Whole minutes: less is no news.
fn whole(length: Duration) -> Duration {
    Duration::from_mins(length.as_secs() / 60)
}

/// A message that counts up says nothing new: only twice the wait is told.
fn doubled(waited: Duration) -> Duration {
    let mut told = WAITS;
    while told * 2 <= waited {
        told *= 2;
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_once_it_has_doubled() {
        for (minutes, told) in [(2, 2), (3, 2), (4, 4), (7, 4), (9, 8), (100, 64)] {
            let told = Duration::from_mins(told);
            assert_eq!(doubled(Duration::from_mins(minutes)), told, "{minutes}");
        }
    }

    #[test]
    fn keys_stand_by_group_and_number() {
        let mut names = ["B1", "A10 …abcd", "A2", "K1"];
        names.sort_by_cached_key(|name| natural(name));
        assert_eq!(names, ["A2", "A10 …abcd", "B1", "K1"]);
    }

    #[test]
    fn what_happens_at_one_moment_never_ends_and_the_rest_does() {
        assert!(is_moment(&Trouble::Crashed { times: 4 }.cause()));
        assert!(is_moment(&Trouble::PutBack.cause()));
        assert!(!is_moment(&Trouble::DiskFull.cause()));
    }
}
