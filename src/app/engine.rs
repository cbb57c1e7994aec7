//! What a turn needs, whoever asks: settings, store, key pool and model. Telegram is not part of
//! it, so `svs-bot chat` runs the very same turns.
//!
//! Owns the pool's one mutex (never held over `.await`) and the settings snapshot.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context;
use parking_lot::{Mutex, RwLock};

use crate::catalog::Catalog;
use crate::chat::role::Roles;
use crate::clock;
use crate::config::Config;
use crate::config::secret::Secret;
use crate::gemini;
use crate::http::Transport;
use crate::keys::{Fingerprint, KeySpec, Pool};
use crate::metrics::Metrics;
use crate::store::Store;

/// Everything that a reload may swap; a turn takes one snapshot and keeps it.
pub(crate) struct Settings {
    pub(crate) config: Config,
    pub(crate) catalog: Catalog,
    pub(crate) roles: Roles,
    /// The only place where a key's text is found again by its fingerprint.
    keys: HashMap<Fingerprint, Secret>,
}

impl Settings {
    pub(crate) fn new(config: Config, store: &Store) -> anyhow::Result<Self> {
        let catalog = config.catalog()?;
        let roles = config.roles()?;
        let keys = config.keys.iter();
        let keys = keys.map(|key| (store.fingerprint(key.secret.expose()), key.secret.clone()));
        let keys = keys.collect();
        Ok(Self { config, catalog, roles, keys })
    }

    pub(crate) fn key(&self, fingerprint: &Fingerprint) -> Option<&Secret> {
        self.keys.get(fingerprint)
    }

    /// What the pool may know of each key: everything but its text.
    fn specs(&self, store: &Store) -> Vec<KeySpec> {
        let spec = |key: &crate::config::KeyEntry| {
            let fingerprint = store.fingerprint(key.secret.expose());
            let project = match &key.project {
                Some(name) => store.fingerprint(&format!("project {name}")),
                None => fingerprint,
            };
            KeySpec { fingerprint, project, group: key.group, paid: key.paid, label: key.label.clone() }
        };
        self.config.keys.iter().map(spec).collect()
    }
}

/// Who answers.
pub(crate) enum Backend {
    Gemini { client: gemini::Client, slots: Slots },
    /// The built-in model of `svs-bot chat` without a key.
    Offline,
}

/// The shared heart of the bot and of the terminal.
pub(crate) struct Engine {
    settings: RwLock<Arc<Settings>>,
    pub(crate) store: Store,
    pub(crate) pool: Mutex<Pool>,
    pub(crate) backend: Backend,
    pub(crate) metrics: Metrics,
}

impl Engine {
    pub(crate) fn new(config: Config, store: Store) -> anyhow::Result<Self> {
        let settings = Settings::new(config, &store)?;
        let (ledgers, healths) = store.read_now(|rows| Ok((rows.ledgers()?, rows.key_states()?)))?;
        let pool = Pool::new(
            settings.config.policy(),
            settings.specs(&store),
            &settings.catalog,
            (ledgers, healths),
            clock::now(),
        );
        let backend = if settings.config.keys.is_empty() {
            Backend::Offline
        } else {
            let service = &settings.config.gemini;
            let transport = Transport::new(service.proxy.as_deref(), settings.config.ip_family)
                .context("GEMINI_PROXY")?;
            Backend::Gemini(gemini::Client::new(&service.url, transport, settings.config.slots))
        };
        Ok(Self {
            settings: RwLock::new(Arc::new(settings)),
            store,
            pool: Mutex::new(pool),
            backend,
            metrics: Metrics::default(),
        })
    }

    /// The settings of this moment.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read())
    }
}
