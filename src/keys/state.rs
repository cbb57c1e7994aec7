//! Everything the pool remembers of keys, projects and models, whether they are configured right now
//! or not: a key that leaves the settings and comes back is as dead, tired or spent as before. Pure;
//! owned by the pool. Invariant: nothing is ever taken out.

use std::collections::HashMap;

use super::quota::Bucket;
use super::{Fingerprint, Health, KeySpec, Ledger, Scope};
use crate::catalog::{Catalog, Model};
use crate::clock::Timestamp;

/// What is known of one key.
#[derive(Debug, Default)]
pub(super) struct Key {
    pub(super) health: Health,
    /// The key with one model; the counters belong to the project.
    models: HashMap<String, Health>,
    /// Leases not settled yet.
    pub(super) in_flight: u32,
    /// Rises when the key is blacklisted: a lease of an older generation can neither strike nor
    /// heal it.
    pub(super) generation: u64,
}

#[derive(Debug, Default)]
struct Project {
    health: Health,
    buckets: HashMap<String, Bucket>,
}

/// The memory of the pool.
#[derive(Debug, Default)]
pub(super) struct State {
    keys: HashMap<Fingerprint, Key>,
    projects: HashMap<Fingerprint, Project>,
    models: HashMap<String, Health>,
    free_keys: Health,
    pool: Health,
}

/// A key with a model: all that decides whether it may be called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat<'a> {
    pub(super) key: &'a Key,
    pub(super) bucket: &'a Bucket,
    project: &'a Health,
    others: [Option<&'a Health>; 4],
}

impl Seat<'_> {
    /// The key, or the whole project it belongs to, is never to be called again.
    pub(super) fn is_dead(&self) -> bool {
        self.key.health.dead.is_some() || self.project.dead.is_some()
    }

    /// When the last of the rests that concern it ends.
    pub(super) fn resting(&self, now: Timestamp) -> Option<Timestamp> {
        let own = [&self.key.health, &self.bucket.health, self.project];
        own.into_iter()
            .chain(self.others.into_iter().flatten())
            .filter_map(|health| health.resting(now))
            .max()
    }
}

impl State {
    /// Makes room for a configured key, so that [`State::seat`] finds it with every model.
    pub(super) fn admit(&mut self, spec: &KeySpec, catalog: &Catalog) {
        self.keys.entry(spec.fingerprint).or_default();
        for model in catalog.models() {
            self.bucket_mut(spec.project, &model.id);
        }
    }

    pub(super) fn key(&self, spec: &KeySpec) -> Option<&Key> {
        self.keys.get(&spec.fingerprint)
    }

    pub(super) fn seat(&self, spec: &KeySpec, model: &Model) -> Option<Seat<'_>> {
        let key = self.key(spec)?;
        let project = self.projects.get(&spec.project)?;
        Some(Seat {
            key,
            bucket: project.buckets.get(&model.id)?,
            project: &project.health,
            others: [
                Some(&self.pool),
                (!spec.paid).then_some(&self.free_keys),
                self.models.get(&model.id),
                key.models.get(&model.id),
            ],
        })
    }

    pub(super) fn key_mut(&mut self, fingerprint: Fingerprint) -> &mut Key {
        self.keys.entry(fingerprint).or_default()
    }

    pub(super) fn bucket_mut(&mut self, project: Fingerprint, model: &str) -> &mut Bucket {
        let buckets = &mut self.projects.entry(project).or_default().buckets;
        buckets.entry(model.to_owned()).or_default()
    }

    pub(super) fn health_mut(&mut self, scope: &Scope) -> &mut Health {
        match scope {
            Scope::Key(key) => &mut self.key_mut(*key).health,
            Scope::KeyModel(key, model) => {
                let models = &mut self.key_mut(*key).models;
                models.entry(model.clone()).or_default()
            }
            Scope::Project(project) => &mut self.projects.entry(*project).or_default().health,
            Scope::ProjectModel(project, model) => &mut self.bucket_mut(*project, model).health,
            Scope::Model(model) => self.models.entry(model.clone()).or_default(),
            Scope::FreeKeys => &mut self.free_keys,
            Scope::Pool => &mut self.pool,
        }
    }

    pub(super) fn restore(&mut self, ledgers: &[((Fingerprint, String), Ledger)]) {
        for ((project, model), ledger) in ledgers {
            self.bucket_mut(*project, model).restore(ledger);
        }
    }

    /// The clock was set back: nothing may seem to lie ahead, and no rest becomes longer.
    pub(super) fn rebase(&mut self, now: Timestamp) {
        for key in self.keys.values_mut() {
            key.health.rebase(now);
            key.models.values_mut().for_each(|it| it.rebase(now));
        }
        for project in self.projects.values_mut() {
            project.health.rebase(now);
            project.buckets.values_mut().for_each(|it| it.rebase(now));
        }
        self.models.values_mut().for_each(|it| it.rebase(now));
        self.free_keys.rebase(now);
        self.pool.rebase(now);
    }
}
