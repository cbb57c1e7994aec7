//! The free look at a key: `models.get` costs no quota and proves that a key is accepted, not that it
//! may generate (gemini-api §14). A key that was refused in words that no table lists, or our address
//! where a model throttles everybody, is looked at on the thread of the very call.
//!
//! Invariant: a look ends within [`ONE_LOOK`], however many models it asks for and whatever the service
//! does.

use std::time::Duration;

use log::info;

use crate::app::engine::{Backend, Engine, Settings};
use crate::clock::{self, Instant};
use crate::config::secret::Secret;
use crate::gemini::slots::Slot;
use crate::gemini::{self, Judgement};
use crate::keys::{Attempted, Change, Death, Effect, LONGEST_LOOK, LookFor, Pool, Retested};

/// For one key: one that hangs must not keep others waiting to the end, and a key that was refused is
/// lent again after [`LONGEST_LOOK`].
pub(crate) const ONE_LOOK: Duration = Duration::from_secs(8);
const _: () = assert!(ONE_LOOK.as_secs() < LONGEST_LOOK.as_secs());
/// A look that has shown nothing.
pub(crate) const NOTHING: (Retested, Option<Death>) = (Retested::Unknown, None);
/// Models asked for at the most: one may have been shut down.
const MODELS: usize = 3;

/// The ids to ask for, one after another.
pub(crate) fn models(settings: &Settings) -> Vec<String> {
    let models = settings.catalog.answering().take(MODELS);
    models.map(|model| model.id.clone()).collect()
}

/// Looks with a key right now, on this thread, which may block: what is said of the first of these
/// models that exists, within [`ONE_LOOK`].
pub(crate) fn ask(
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
pub(super) fn after(
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
