//! Everything the pool remembers of keys, projects and models, whether they are configured right now
//! or not: a key that leaves the settings and comes back is as dead, blacklisted or spent as before. Pure;
//! owned by the pool. Invariant: nothing is ever taken out, so a place once given stays valid.

use std::collections::HashMap;

use super::effect::Effect;
use super::health::{Health, Scope};
use super::quota::{Bucket, Ledger};
use super::settings::Fingerprint;
use crate::clock::Timestamp;

/// What is known of one key.
#[derive(Debug, Default)]
pub(super) struct Key {
    pub(super) health: Health,
    /// The key with each model; the counters belong to the project.
    pub(super) models: Vec<Health>,
    /// Leases not settled yet.
    pub(super) in_flight: u32,
    /// Rises with every strike: a lease of an older generation can neither strike nor heal it, so
    /// calls that fail together count once.
    pub(super) generation: u64,
    /// What its last call meant, and when.
    pub(super) last: Option<(Effect, Timestamp)>,
    /// When it last answered, if it was not refused since. Not stored: only an order of choice.
    pub(super) answered: Timestamp,
    /// When it was refused in unlisted words, and cools down for that.
    pub(super) refused: Option<Timestamp>,
    /// Until when whoever looks at it for that may take.
    pub(super) looked_at: Option<Timestamp>,
}

/// What is known of one project.
#[derive(Debug, Default)]
pub(super) struct Project {
    pub(super) health: Health,
    /// A call that probes whether its spending cap is lifted is under way.
    pub(super) probing: bool,
    /// By model.
    pub(super) buckets: Vec<Bucket>,
}

/// What is known of one model, for everybody.
#[derive(Debug, Default)]
pub(super) struct ModelState {
    pub(super) health: Health,
    /// That it may not exist any more.
    pub(super) missing: Health,
    /// A call that probes how it stands is under way.
    pub(super) probing: bool,
    /// When it answered last. Not stored.
    pub(super) answered: Option<Timestamp>,
}

impl ModelState {
    /// Whether a call is the one that shows how it stands.
    pub(super) fn needs_probe(&self) -> bool {
        self.health.breaker.needs_probe() || self.missing.breaker.needs_probe()
    }
}

/// A breaker that all keys, or all free ones, stand behind.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) health: Health,
    /// A call that probes how it stands is under way.
    pub(super) probing: bool,
}

/// What a call goes to: the places of a key, its project and a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    pub(super) key: usize,
    pub(super) project: usize,
    pub(super) model: usize,
}

/// The memory of the pool.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) keys: Vec<Key>,
    pub(super) projects: Vec<Project>,
    pub(super) models: Vec<ModelState>,
    pub(super) free_keys: Shared,
    pub(super) pool: Shared,
    /// The model whose call began the newest cooldown of the whole pool.
    pub(super) pool_opened_by: Option<usize>,
    pub(super) endpoint: Shared,
    key_places: HashMap<Fingerprint, usize>,
    project_places: HashMap<Fingerprint, usize>,
    model_places: HashMap<String, usize>,
}

#[expect(
    clippy::indexing_slicing,
    reason = "places are given by this module, and nothing is ever taken out"
)]
impl State {
    pub(super) fn key(&self, place: usize) -> &Key {
        &self.keys[place]
    }

    pub(super) fn key_mut(&mut self, place: usize) -> &mut Key {
        &mut self.keys[place]
    }

    pub(super) fn project(&self, place: usize) -> &Project {
        &self.projects[place]
    }

    pub(super) fn project_mut(&mut self, place: usize) -> &mut Project {
        &mut self.projects[place]
    }

    pub(super) fn bucket(&self, target: Target) -> &Bucket {
        &self.projects[target.project].buckets[target.model]
    }

    pub(super) fn bucket_mut(&mut self, target: Target) -> &mut Bucket {
        &mut self.projects[target.project].buckets[target.model]
    }

    pub(super) fn model(&self, place: usize) -> &ModelState {
        &self.models[place]
    }

    pub(super) fn model_mut(&mut self, place: usize) -> &mut ModelState {
        &mut self.models[place]
    }

    /// The key together with one model.
    pub(super) fn pair(&self, target: Target) -> &Health {
        &self.keys[target.key].models[target.model]
    }

    pub(super) fn health_mut(&mut self, scope: &Scope) -> &mut Health {
        match scope {
            Scope::Key(key) => {
                let key = self.key_place(*key);
                &mut self.keys[key].health
            }
            Scope::KeyModel(key, model) => {
                let (key, model) = (self.key_place(*key), self.model_place(model));
                &mut self.keys[key].models[model]
            }
            Scope::Project(project) => {
                let project = self.project_place(*project);
                &mut self.projects[project].health
            }
            Scope::ProjectModel(project, model) => &mut self.row_mut(*project, model).health,
            Scope::Model(model) => {
                let model = self.model_place(model);
                &mut self.models[model].health
            }
            Scope::FreeKeys => &mut self.free_keys.health,
            Scope::Pool => &mut self.pool.health,
            Scope::Missing(model) => {
                let model = self.model_place(model);
                &mut self.models[model].missing
            }
            Scope::Endpoint => &mut self.endpoint.health,
        }
    }

    /// The counters of a (project, model) by their stored names.
    pub(super) fn row_mut(&mut self, project: Fingerprint, model: &str) -> &mut Bucket {
        let (project, model) = (self.project_place(project), self.model_place(model));
        &mut self.projects[project].buckets[model]
    }
}

impl State {
    /// The place of a key; a new one when it has none yet.
    pub(super) fn key_place(&mut self, fingerprint: Fingerprint) -> usize {
        let models = self.models.len();
        *self.key_places.entry(fingerprint).or_insert_with(|| {
            let mut key = Key::default();
            key.models.resize_with(models, Health::default);
            self.keys.push(key);
            self.keys.len() - 1
        })
    }

    pub(super) fn project_place(&mut self, fingerprint: Fingerprint) -> usize {
        let models = self.models.len();
        *self.project_places.entry(fingerprint).or_insert_with(|| {
            let mut project = Project::default();
            project.buckets.resize_with(models, Bucket::default);
            self.projects.push(project);
            self.projects.len() - 1
        })
    }

    pub(super) fn model_place(&mut self, id: &str) -> usize {
        if let Some(&place) = self.model_places.get(id) {
            return place;
        }
        let place = self.models.len();
        self.model_places.insert(id.to_owned(), place);
        self.models.push(ModelState::default());
        for key in &mut self.keys {
            key.models.push(Health::default());
        }
        for project in &mut self.projects {
            project.buckets.push(Bucket::default());
        }
        place
    }

    pub(super) fn restore(&mut self, ledgers: &[((Fingerprint, String), Ledger)]) {
        for ((project, model), ledger) in ledgers {
            self.row_mut(*project, model).restore(ledger);
        }
    }

    /// The clock was set back: nothing may seem to lie ahead, and no cooldown becomes longer.
    pub(super) fn rebase(&mut self, now: Timestamp) {
        for key in &mut self.keys {
            key.health.rebase(now);
            key.models.iter_mut().for_each(|it| it.rebase(now));
            key.answered = key.answered.min(now);
            key.looked_at = None;
        }
        for project in &mut self.projects {
            project.health.rebase(now);
            project.buckets.iter_mut().for_each(|it| it.rebase(now));
        }
        for model in &mut self.models {
            model.health.rebase(now);
            model.missing.rebase(now);
            model.answered = model.answered.map(|at| at.min(now));
        }
        for shared in [&mut self.free_keys, &mut self.pool, &mut self.endpoint] {
            shared.health.rebase(now);
        }
    }

    /// Which models and (project, model) pairs, and whether the address, are like this.
    pub(super) fn scopes_where(&self, fits: impl Fn(&Health) -> bool) -> Vec<Scope> {
        let names: Vec<&String> = names_of(&self.model_places);
        let projects: Vec<&Fingerprint> = names_of(&self.project_places);
        let mut scopes = Vec::new();
        if fits(&self.endpoint.health) {
            scopes.push(Scope::Endpoint);
        }
        for (name, model) in names.iter().zip(&self.models) {
            if fits(&model.missing) {
                scopes.push(Scope::Missing((*name).clone()));
            }
        }
        for (project, known) in projects.iter().zip(&self.projects) {
            for (name, bucket) in names.iter().zip(&known.buckets) {
                if fits(&bucket.health) {
                    scopes.push(Scope::ProjectModel(**project, (*name).clone()));
                }
            }
        }
        scopes
    }
}

/// Names in the order of their places.
fn names_of<K>(places: &HashMap<K, usize>) -> Vec<&K> {
    let mut names: Vec<(&usize, &K)> = places.iter().map(|(name, place)| (place, name)).collect();
    names.sort_unstable_by_key(|(place, _)| **place);
    names.into_iter().map(|(_, name)| name).collect()
}
