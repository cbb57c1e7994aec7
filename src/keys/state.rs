//! Everything the pool remembers of keys, projects and models, whether they are configured right now
//! or not: a key that leaves the settings and comes back is as dead, tired or spent as before. Pure;
//! owned by the pool. Invariant: nothing is ever taken out, so a place once given stays valid.

use std::collections::HashMap;

use super::quota::Bucket;
use super::{Effect, Fingerprint, Health, Ledger, Scope};
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
    /// When it was refused in unlisted words, and rests for that.
    pub(super) refused: Option<Timestamp>,
    /// Until when whoever looks at it for that may take.
    pub(super) looked_at: Option<Timestamp>,
}

#[derive(Debug, Default)]
pub(super) struct Project {
    pub(super) health: Health,
    /// A call that looks whether its spending cap is lifted is under way.
    pub(super) on_probe: bool,
    /// By model.
    pub(super) buckets: Vec<Bucket>,
}

/// A breaker that many keys stand behind.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) health: Health,
    /// A call that puts it to the test is under way.
    pub(super) on_trial: bool,
    /// Of a model: that it may not exist any more.
    pub(super) missing: Health,
    /// Of a model: when it answered last. Not stored.
    pub(super) answered: Option<Timestamp>,
}

impl Shared {
    /// Whether a call is the one that shows how it stands.
    pub(super) fn needs_trial(&self) -> bool {
        self.health.needs_trial() || self.missing.needs_trial()
    }
}

/// Places of a key, its project and a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(super) key: usize,
    pub(super) project: usize,
    pub(super) model: usize,
}

/// The memory of the pool.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) keys: Vec<Key>,
    pub(super) projects: Vec<Project>,
    pub(super) models: Vec<Shared>,
    pub(super) free_keys: Shared,
    pub(super) pool: Shared,
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

    pub(super) fn bucket(&self, seat: Seat) -> &Bucket {
        &self.projects[seat.project].buckets[seat.model]
    }

    pub(super) fn bucket_mut(&mut self, seat: Seat) -> &mut Bucket {
        &mut self.projects[seat.project].buckets[seat.model]
    }

    pub(super) fn model(&self, place: usize) -> &Shared {
        &self.models[place]
    }

    pub(super) fn model_mut(&mut self, place: usize) -> &mut Shared {
        &mut self.models[place]
    }

    /// The key together with one model.
    pub(super) fn pair(&self, seat: Seat) -> &Health {
        &self.keys[seat.key].models[seat.model]
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
        self.models.push(Shared::default());
        for key in &mut self.keys {
            key.models.push(Health::default());
        }
        for project in &mut self.projects {
            project.buckets.push(Bucket::default());
        }
        place
    }

    /// The place of a model that was heard of.
    pub(super) fn known_model(&self, id: &str) -> Option<usize> {
        self.model_places.get(id).copied()
    }

    pub(super) fn restore(&mut self, ledgers: &[((Fingerprint, String), Ledger)]) {
        for ((project, model), ledger) in ledgers {
            self.row_mut(*project, model).restore(ledger);
        }
    }

    /// The clock was set back: nothing may seem to lie ahead, and no rest becomes longer.
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
        let models = self.models.iter_mut();
        let shared = models.chain([&mut self.free_keys, &mut self.pool, &mut self.endpoint]);
        shared.for_each(|it| {
            it.health.rebase(now);
            it.missing.rebase(now);
            it.answered = it.answered.map(|at| at.min(now));
        });
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
