//! Looks at dead keys again, by itself when their time has come, and at everything that cools down
//! when the Owner asks. The look is the free `models.get`: it costs no quota, and proves that a key is
//! accepted, not that it may generate (gemini-api §14); so whoever comes back is half-open. A key that
//! was refused in words that no table lists, or our address where a model throttles everybody, is
//! looked at on the thread of the very call.
//!
//! Invariant: looks that were asked for together end within [`PATIENCE`], and each of them within
//! [`ONE_LOOK`], however many models it asks for and whatever the service does.

use std::sync::Arc;
use std::time::Duration;

use log::{error, info};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout_at;

use crate::app::engine::{Backend, Engine, Settings};
use crate::clock::{self, Instant};
use crate::config::secret::Secret;
use crate::gemini::slots::{Slot, Slots};
use crate::gemini::{self, Judgement};
use crate::keys::{
    Attempted, Change, Death, Effect, Fingerprint, LONGEST_LOOK, LookFor, Pool, Retested,
};
use crate::locale::key_report::Looked;

/// For all keys together.
const PATIENCE: Duration = Duration::from_secs(20);
/// For one of them: one that hangs must not keep the others waiting to the end, and a key that was
/// refused is lent again after [`LONGEST_LOOK`].
const ONE_LOOK: Duration = Duration::from_secs(8);
const _: () = assert!(ONE_LOOK.as_secs() < LONGEST_LOOK.as_secs());
/// At once, so that questions keep their slots.
const AT_ONCE: usize = 4;
/// A look that has shown nothing.
const NOTHING: (Retested, Option<Death>) = (Retested::Unknown, None);
/// Models asked for at the most: one may have been shut down.
const MODELS: usize = 3;

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
    store(engine, opened).await;
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
        let probe = Probe {
            client: client.clone(),
            slots: slots.clone(),
            key: entry.secret.clone(),
            models: models(&settings),
        };
        let was_dead = dead.contains(&key);
        let (label, at_once) = (entry.label.clone(), Arc::clone(&at_once));
        looks.spawn(async move {
            let (shown, death) = probe.look(&at_once, end).await;
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
    store(engine, changes).await;
    let place = |looked: &Looked| {
        let mut keys = settings.config.gemini.keys.iter();
        keys.position(|key| key.label == looked.label)
    };
    all.sort_by_cached_key(place);
    all
}

/// The ids to ask for, one after another.
fn models(settings: &Settings) -> Vec<String> {
    let models = settings.catalog.models().take(MODELS);
    models.map(|model| model.id.clone()).collect()
}

async fn store(engine: &Arc<Engine>, changes: Vec<Change>) {
    if changes.is_empty() {
        return;
    }
    let pool = Arc::clone(engine);
    let kept = changes.clone();
    let stored = engine
        .store
        .write(move |rows| pool.put_changes(rows, &changes));
    match stored.await {
        Ok(news) => engine.announce(news),
        Err(error) => {
            error!(err:% = error; "what looks at dead keys have shown is not stored yet");
            engine.lending.with(|pool| pool.keep_unsaved(kept));
        }
    }
}

/// All that a look at one key needs.
struct Probe {
    client: gemini::Client,
    slots: Slots,
    key: Secret,
    models: Vec<String>,
}

impl Probe {
    /// What the key is worth by now, and of a refusal why; known by `end` at the latest.
    async fn look(self, at_once: &Semaphore, end: Instant) -> (Retested, Option<Death>) {
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
        let asked = slot.run(move |slot| ask(&client, &slot, &key, &models));
        let patience = end.min(clock::instant() + ONE_LOOK);
        match timeout_at(patience, asked).await {
            Ok(Ok(Some(answer))) => meaning(&answer),
            Ok(Ok(None) | Err(_)) => NOTHING,
            Err(_late) => {
                canceller.cancel();
                NOTHING
            }
        }
    }
}

/// Looks with a key right now, on this thread, which may block: what is said of the first of these
/// models that exists, within [`ONE_LOOK`].
fn ask(
    client: &gemini::Client,
    slot: &Slot,
    key: &Secret,
    models: &[String],
) -> Option<Result<(), Judgement>> {
    let ask = |model: &String, patience| client.models_get(slot, key, model, patience);
    first_within(ONE_LOOK, clock::instant, models, ask)
}

/// Asks for one model after another, each with what is left of the patience with all of them.
fn first_within(
    patience: Duration,
    now: impl Fn() -> Instant,
    models: &[String],
    ask: impl Fn(&String, Duration) -> Result<(), Judgement>,
) -> Option<Result<(), Judgement>> {
    let end = now() + patience;
    let left = || Some(end.saturating_duration_since(now())).filter(|left| !left.is_zero());
    let answers = models.iter().map_while(|model| Some(ask(model, left()?)));
    first_that_is_there(answers)
}

/// Looks with the key of a call that failed, on its own thread, and lets the pool learn from it: at
/// the key that was refused, or at our address where a model throttles everybody.
pub(crate) fn look_after(
    engine: &Engine,
    slot: &Slot,
    key: &Secret,
    call: &Attempted,
    look: LookFor,
) -> Vec<Change> {
    let Backend::Gemini { client, .. } = &engine.backend else {
        return Vec::new();
    };
    let settings = engine.settings();
    let others = models(&settings).into_iter();
    let others = others.filter(|model| *model != call.model);
    let models: Vec<String> = [call.model.clone()].into_iter().chain(others).collect();
    let answer = ask(client, slot, key, &models);
    let label = settings.key(&call.key).map(|key| key.label.as_str());
    let label = label.unwrap_or_default();
    match look {
        LookFor::Key => {
            let (shown, death) = answer.as_ref().map_or(NOTHING, meaning);
            info!(key = label, shown:?; "looked at a refused key");
            let learn = |pool: &mut Pool| pool.looked_at(call, shown, death, clock::now());
            engine.lending.with(learn)
        }
        LookFor::Address => {
            let fails_alike =
                |judgement: &Judgement| matches!(judgement.verdict.effect, Effect::Throttled(_));
            let throttled = answer.is_some_and(|answer| answer.is_err_and(|it| fails_alike(&it)));
            info!(key = label, throttled; "looked whether our address is throttled");
            let learn = |pool: &mut Pool| pool.address_is_throttled(call, clock::now());
            if throttled {
                engine.lending.with(learn)
            } else {
                Vec::new()
            }
        }
    }
}

/// The answer about the first model that exists; else about the last one.
fn first_that_is_there(
    answers: impl Iterator<Item = Result<(), Judgement>>,
) -> Option<Result<(), Judgement>> {
    let mut last = None;
    for answer in answers {
        let is_missing = matches!(
            &answer,
            Err(Judgement { verdict, .. }) if matches!(verdict.effect, Effect::ModelMissing(_))
        );
        last = Some(answer);
        if !is_missing {
            break;
        }
    }
    last
}

/// Only a refusal of the key itself keeps it dead; everything else tells nothing of it.
pub(crate) fn meaning(answer: &Result<(), Judgement>) -> (Retested, Option<Death>) {
    let effect = match answer {
        Ok(()) => return (Retested::Accepted, None),
        Err(judgement) => judgement.verdict.effect,
    };
    match effect {
        Effect::KillKey(death) | Effect::KillProject(death) | Effect::Refused(death) => {
            (Retested::Refused, Some(death))
        }
        Effect::Healthy
        | Effect::Innocent
        | Effect::CoolKeyModel(_)
        | Effect::ModelMissing(_)
        | Effect::Throttled(_)
        | Effect::CoolKey(_)
        | Effect::CoolProject(_)
        | Effect::WrongEndpoint
        | Effect::SpendingCap
        | Effect::Overloaded(_)
        | Effect::Unserved
        | Effect::Page
        | Effect::Suspect(_)
        | Effect::Strike(_) => (Retested::Unknown, None),
    }
}

#[cfg(test)]
mod tests;
