//! Looks at dead keys again, by itself when their time has come, and at everything that cools down
//! when the Owner asks. The look is the free `models.get`: it costs no quota, and proves that a key is
//! accepted, not that it may generate (gemini-api §14); so whoever comes back is half-open.
//!
//! Invariant: looks that were asked for together end within [`PATIENCE`], and each of them within
//! [`ONE_LOOK`], however many models it asks for and whatever the service does.

use std::sync::Arc;
use std::time::Duration;

use log::info;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout_at;

use crate::app::call::look::{self, NOTHING, ONE_LOOK};
use crate::app::engine::{Backend, Engine};
use crate::clock::{self, Instant};
use crate::config::secret::Secret;
use crate::gemini;
use crate::gemini::slots::Slots;
use crate::keys::{Death, Fingerprint, Pool, Retested};
use crate::locale::key_report::Looked;

/// For all keys together.
const PATIENCE: Duration = Duration::from_secs(20);
/// At once, so that questions keep their slots.
const AT_ONCE: usize = 4;

/// Looks at the dead keys whose time has come.
pub(crate) async fn look_at_due(engine: &Arc<Engine>) {
    let due = engine.lending.with(|pool| pool.due(clock::now()));
    look(engine, &due).await;
}

/// Opens what cools down for everybody, and looks at every key that is dead or cools down.
pub(crate) async fn look_at_all(engine: &Arc<Engine>) -> Vec<Looked> {
    let open = |pool: &mut Pool| {
        let keys = pool.to_look_at(clock::now());
        (keys, pool.reopen(clock::now()))
    };
    let (keys, opened) = engine.lending.with(open);
    engine.store_changes(opened).await;
    look(engine, &keys).await
}

/// Looks at these keys, stores what that has shown, and tells it in the order of the settings.
pub(crate) async fn look(engine: &Arc<Engine>, keys: &[Fingerprint]) -> Vec<Looked> {
    let Backend::Gemini { client, slots } = &engine.backend else {
        return Vec::new();
    };
    let settings = engine.settings();
    let at_once = Arc::new(Semaphore::new(AT_ONCE));
    let dead = engine.lending.with(|pool| pool.dead());
    let end = clock::instant() + PATIENCE;
    let mut looks = JoinSet::new();
    for &key in keys {
        let Some(entry) = settings.key(&key) else {
            continue;
        };
        let look = Look {
            client: client.clone(),
            slots: slots.clone(),
            key: entry.secret.clone(),
            models: look::models(&settings),
        };
        let was_dead = dead.contains(&key);
        let (label, at_once) = (entry.label.clone(), Arc::clone(&at_once));
        looks.spawn(async move {
            let (shown, death) = look.shows(&at_once, end).await;
            let looked = Looked {
                label,
                was_dead,
                shown,
                death,
            };
            (key, looked)
        });
    }
    let (mut all, mut changes) = (Vec::new(), Vec::new());
    while let Some(ended) = looks.join_next().await {
        // A panic is in the log already, and says nothing of the key.
        let Ok((key, looked)) = ended else { continue };
        info!(key = looked.label.as_str(), shown:? = looked.shown; "looked at a key");
        let (shown, death) = (looked.shown, looked.death);
        let learn = |pool: &mut Pool| pool.looked_again(key, shown, death, clock::now());
        changes.extend(engine.lending.with(learn));
        all.push(looked);
    }
    engine.store_changes(changes).await;
    let place = |looked: &Looked| {
        let mut keys = settings.config.gemini.keys.iter();
        keys.position(|key| key.label == looked.label)
    };
    all.sort_by_cached_key(place);
    all
}

/// All that a look at one key needs.
struct Look {
    client: gemini::Client,
    slots: Slots,
    key: Secret,
    models: Vec<String>,
}

impl Look {
    /// What the key is worth by now, and of a refusal why; known by `end` at the latest.
    async fn shows(self, at_once: &Semaphore, end: Instant) -> (Retested, Option<Death>) {
        let room = async {
            let place = at_once.acquire().await.ok()?;
            Some((place, self.slots.take().await))
        };
        let Ok(Some((_place, slot))) = timeout_at(end, room).await else {
            return NOTHING;
        };
        let canceller = slot.canceller();
        let Self {
            client,
            key,
            models,
            ..
        } = self;
        let asked = slot.run(move |slot| look::ask(&client, &slot, &key, &models));
        let patience = end.min(clock::instant() + ONE_LOOK);
        match timeout_at(patience, asked).await {
            Ok(Ok(Some(answer))) => look::meaning(&answer),
            Ok(Ok(None) | Err(_)) => NOTHING,
            Err(_late) => {
                canceller.cancel();
                NOTHING
            }
        }
    }
}

#[cfg(test)]
mod tests;
