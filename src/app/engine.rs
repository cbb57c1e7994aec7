//! What a turn needs, whoever asks: settings, store, key pool and model. Telegram is not part of
//! it, so `svs-bot chat` runs the very same turns.
//!
//! Owns the settings snapshot; the pool's one mutex is [`Lending`]'s.

mod buttons;
pub(crate) mod lending;
mod repairs;
mod seating;
pub(crate) mod signs;
mod transport;

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context;
use jiff::tz::TimeZone;
use log::error;
use parking_lot::RwLock;
use tokio::sync::Notify;

pub(crate) use self::transport::{authorities, transport};
use crate::alerts::Places;
use crate::app::engine::lending::Lending;
use crate::app::engine::repairs::Repairs;
use crate::app::engine::seating::Seating;
use crate::app::engine::signs::Signs;
use crate::catalog::Catalog;
use crate::chat::prompt::DEFAULT_PERSONA;
use crate::chat::{Lane, Role, Sender, UserId};
use crate::clock::{self, Day, Instant, Timestamp};
use crate::config::keys::KeyEntry;
use crate::config::{Config, Persona, UserLimits};
use crate::gemini;
use crate::gemini::slots::Slots;
use crate::http::BadProxy;
use crate::keys::{Change, Fingerprint, Group, KeySpec, Lease, Pool, Saved, Scope};
use crate::locale::{Language, Locale, UiLanguage};
use crate::metrics::Metrics;
use crate::people::gate::Gate;
use crate::people::limits;
use crate::people::person::Person;
use crate::people::preferences::Preferences;
use crate::people::roles::{DEFAULT_ROLES, Roles};
use crate::people::seats::{Rules, Seats};
use crate::people::zones;
use crate::queue::Shares;
use crate::spool::Spool;
use crate::store::{Read, Store, StoreError, Write};
use crate::threads;

/// Settings that only show to be wrong when they are put to use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadSettings {
    #[error("config.toml, [[model]]: {0}")]
    Models(String),
    #[error("config.toml, {0}")]
    Roles(#[from] crate::people::roles::RolesError),
    #[error("{0} is not a proxy address: http://, https:// or socks5://, host and port")]
    Proxy(&'static str, #[source] BadProxy),
    #[error("{0} names a file with a broken certificate: it must be PEM")]
    Authorities(&'static str),
}

/// Everything that the settings say, as one immutable snapshot.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) config: Config,
    /// Who owns the bot: `OWNER_IDS` where it is set, else whoever claimed it. The one list of them.
    pub(crate) owners: Vec<UserId>,
    pub(crate) catalog: Catalog,
    pub(crate) roles: Roles,
    /// The only place where a key is found again by its fingerprint.
    keys: HashMap<Fingerprint, KeyEntry>,
    /// Whose quota each key spends.
    projects: HashMap<Fingerprint, Fingerprint>,
}

impl Settings {
    /// `claimed` is the person who claimed the bot, if anybody did.
    pub(crate) fn new(
        config: Config,
        store: &Store,
        claimed: Option<UserId>,
    ) -> Result<Self, BadSettings> {
        let catalog = match config.catalog_override.clone() {
            Some(table) => Catalog::from_table(table).map_err(BadSettings::Models)?,
            None => Catalog::shipped(),
        };
        let roles = Roles::parse(DEFAULT_ROLES, config.roles_override.as_ref())?;
        let keys = config.gemini.keys.iter();
        let keys: HashMap<_, _> = keys
            .map(|key| (store.fingerprint(key.secret.expose()), key.clone()))
            .collect();
        let project = |(fingerprint, key): (&Fingerprint, &KeyEntry)| match &key.project {
            // A project's name is not a key, and must not meet one by chance.
            Some(name) => (*fingerprint, store.fingerprint(&format!("project {name}"))),
            None => (*fingerprint, *fingerprint),
        };
        let owners = match config.people.owners.as_slice() {
            [] => claimed.into_iter().collect(),
            set => set.to_vec(),
        };
        Ok(Self {
            projects: keys.iter().map(project).collect(),
            config,
            owners,
            catalog,
            roles,
            keys,
        })
    }

    pub(crate) fn key(&self, fingerprint: &Fingerprint) -> Option<&KeyEntry> {
        self.keys.get(fingerprint)
    }

    /// How the keys, or the model, of a scope may be named to people.
    pub(crate) fn names(&self, scope: &Scope) -> String {
        let concerned = |(fingerprint, _): &(&Fingerprint, &KeyEntry)| match scope {
            Scope::Key(one) => one == *fingerprint,
            Scope::Project(project) => self.projects.get(*fingerprint) == Some(project),
            Scope::KeyModel(..)
            | Scope::ProjectModel(..)
            | Scope::Model(_)
            | Scope::FreeKeys
            | Scope::Pool
            | Scope::Missing(_)
            | Scope::Endpoint => false,
        };
        if let Scope::Missing(model) = scope {
            return model.clone();
        }
        let mut names: Vec<&str> = self
            .keys
            .iter()
            .filter(concerned)
            .map(|(_, key)| key.label.as_str())
            .collect();
        names.sort_unstable();
        names.join(", ")
    }

    pub(crate) fn gate(&self) -> Gate {
        let people = &self.config.people;
        Gate {
            access: people.access,
            groups: people.groups,
            owners: self.owners.clone(),
            stale_after: self.config.limits.stale_after,
        }
    }

    /// The day of people's limits and of what they used: the bot's own ([`crate::people::usage`]).
    pub(crate) fn today(&self, now: Timestamp) -> Day {
        Day::of(now, &self.config.time_zone)
    }

    /// What the clock of a person shows who has chosen this.
    pub(crate) fn zone_of(&self, preferences: &Preferences) -> TimeZone {
        let chosen = preferences.zone.as_deref().and_then(zones::zone);
        chosen.unwrap_or_else(|| self.config.time_zone.clone())
    }

    /// How many messages a day somebody of this role may send; none: as many as they like.
    pub(crate) fn messages_a_day(&self, role: Role) -> Option<u32> {
        match self.config.people.user_limits {
            UserLimits::On => self.roles.terms(role).per_day.number(),
            UserLimits::Off => None,
        }
    }

    /// How many files a day of somebody of this role are looked at; none: as many as they like.
    pub(crate) fn files_a_day(&self, role: Role) -> Option<u32> {
        match self.config.people.user_limits {
            UserLimits::On => self.roles.terms(role).media_per_day.number(),
            UserLimits::Off => None,
        }
    }

    /// How much of the queue one person may hold.
    pub(crate) fn shares(&self) -> Shares {
        match self.config.people.user_limits {
            UserLimits::On => Shares::of(&self.roles),
            UserLimits::Off => Shares::Unlimited,
        }
    }

    /// How many VIPs are served as such at once.
    fn seats(&self) -> Rules {
        let people = &self.config.people;
        Rules {
            seats: usize::try_from(people.vip_seats).unwrap_or(usize::MAX),
            idle: people.vip_idle,
        }
    }

    /// The sentences in the language of this person.
    pub(crate) fn locale_for(&self, sender: &Sender) -> &'static Locale {
        let language = match sender.language.as_deref() {
            // The door has looked up what they chose.
            Some(tag) => Language::pick(UiLanguage::Auto, Some(tag)),
            None => Language::pick(self.config.language, None),
        };
        Locale::of(language)
    }

    /// The IETF tag of the language in which somebody is spoken to whose app has that one.
    pub(crate) fn tag_for(&self, app: Option<&str>, person: Option<&Person>) -> Option<String> {
        let chosen = person.and_then(|person| person.preferences.language);
        let written = person.and_then(|person| person.writes);
        self.config.language.tag_for(chosen, app, written)
    }

    /// The same, by what the registry has of somebody.
    pub(crate) fn locale_of(&self, person: Option<&Person>) -> &'static Locale {
        let app = person.and_then(|person| person.language.as_deref());
        let tag = self.tag_for(app, person);
        Locale::of(Language::pick(UiLanguage::Auto, tag.as_deref()))
    }

    /// Where the settings stand that an alert may speak of.
    pub(crate) fn places(&self) -> Places {
        let of = |name| (name, self.config.source_of(name));
        let is_plural = self.config.is_set("GEMINI_API_KEYS");
        Places {
            ungrouped: if is_plural {
                "GEMINI_API_KEYS"
            } else {
                "GEMINI_API_KEY"
            },
            sources: Places::NAMES.map(of).into(),
        }
    }

    pub(crate) fn persona(&self) -> &str {
        match &self.config.answers.persona {
            Persona::Shipped => DEFAULT_PERSONA,
            Persona::Own(text) => text,
        }
    }

    /// What the pool may know of each key: everything but its text, once for each group.
    fn specs(&self) -> Vec<KeySpec> {
        let specs = |(fingerprint, key): (&Fingerprint, &KeyEntry)| {
            let spec = |group: &Option<Group>| KeySpec {
                fingerprint: *fingerprint,
                project: *self.projects.get(fingerprint).unwrap_or(fingerprint),
                group: *group,
                paid: key.paid,
                label: key.label.clone(),
            };
            key.groups.iter().map(spec).collect::<Vec<_>>()
        };
        self.keys.iter().flat_map(specs).collect()
    }
}

/// Who answers.
pub(crate) enum Backend {
    Gemini {
        client: gemini::Client,
        slots: Slots,
    },
    /// The built-in model of `svs-bot chat` without a key.
    Offline,
}

/// The shared heart of the bot and of the terminal.
pub(crate) struct Engine {
    settings: RwLock<Arc<Settings>>,
    pub(crate) store: Store,
    /// Media on their way in and out.
    pub(crate) spool: Spool,
    pub(crate) lending: Lending,
    seating: Seating,
    pub(crate) backend: Backend,
    pub(crate) metrics: Metrics,
    pub(crate) started: Instant,
    /// What requests need since one was refused without.
    repairs: Repairs,
    /// What is to be looked at for the alerts.
    pub(crate) signs: Signs,
    /// A text to many people is to be sent.
    pub(crate) broadcasts: Notify,
    /// A reminder was set.
    pub(crate) reminders: Notify,
}

impl Engine {
    /// Among whose messages those of a lane count.
    pub(crate) async fn counted_as(&self, lane: Lane) -> Result<Option<UserId>, StoreError> {
        let speaker = match lane.person() {
            Some(person) => self.store.person(person).await?,
            None => None,
        };
        Ok(limits::counted_as(lane, speaker.as_deref()))
    }

    pub(crate) fn new(config: Config, store: Store) -> anyhow::Result<Self> {
        let claimed = store.read_now(Read::owner)?;
        let settings = Settings::new(config, &store, claimed)?;
        let saved = store.read_now(|rows| {
            let ledgers = rows.ledgers()?.into_iter();
            Ok(Saved {
                ledgers: ledgers
                    .map(|(project, model, row)| ((project, model), row))
                    .collect(),
                healths: rows.key_states()?,
                spend: rows.spend()?.unwrap_or_default(),
            })
        })?;
        let spool = Spool::open(store.beside("spool"), || {
            store
                .read_now(Read::outgoing_files)
                .map_err(anyhow::Error::from)
        });
        let spool = spool.context("the folder for media beside the data file cannot be read")?;
        let seats = Seats::recalled(store.read_now(Read::sessions)?);
        let mut pool = Pool::new(
            settings.config.key_policy,
            settings.specs(),
            &settings.catalog,
            saved,
            clock::now(),
        );
        let config = &settings.config;
        let endpoint = store.fingerprint(&format!("endpoint {}", config.gemini.api_url));
        pool.speak_to(endpoint);
        let backend = if config.gemini.keys.is_empty() {
            Backend::Offline
        } else {
            let transport = transport("gemini", config.gemini.proxy.as_ref(), config)?;
            let threads = threads::Pool::new("svs-call", config.limits.in_flight)
                .context("no threads to call the model with")?;
            Backend::Gemini {
                client: gemini::Client::new(&config.gemini.api_url),
                slots: Slots::new(transport, threads),
            }
        };
        Ok(Self {
            settings: RwLock::new(Arc::new(settings)),
            store,
            spool,
            lending: Lending::new(pool),
            seating: Seating::new(seats),
            backend,
            metrics: Metrics::default(),
            started: clock::instant(),
            repairs: Repairs::default(),
            signs: Signs::default(),
            broadcasts: Notify::new(),
            reminders: Notify::new(),
        })
    }

    /// The settings of this moment.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read())
    }

    /// Somebody has claimed the bot: it is theirs from here on, unless the settings name its owners.
    pub(crate) fn is_claimed_by(&self, owner: UserId) {
        let mut settings = self.settings.write();
        if settings.config.people.owners.is_empty() {
            *settings = Arc::new(Settings {
                owners: vec![owner],
                ..Settings::clone(&settings)
            });
        }
    }

    /// Writes what the pool learned. The rows of the pool are those of the moment of the commit, so
    /// that the newest stands in whatever order threads come to write.
    pub(crate) fn put_changes(
        &self,
        rows: &mut Write<'_>,
        changes: &[Change],
    ) -> Result<(), StoreError> {
        for change in changes {
            let health = self.lending.with(|pool| pool.health(&change.scope));
            rows.put_key_state(&change.scope, &health)?;
        }
        if changes.iter().any(|change| change.news.is_some()) {
            self.signs.call();
        }
        self.put_spend(rows)
    }

    /// Stores what the pool learned; what cannot be stored now is kept for a later commit.
    pub(crate) async fn store_changes(self: &Arc<Self>, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        let engine = Arc::clone(self);
        let kept = changes.clone();
        let stored = self
            .store
            .write(move |rows| engine.put_changes(rows, &changes));
        if let Err(error) = stored.await {
            error!(err:% = error; "what was learned of a key is not stored yet");
            self.lending.with(|pool| pool.keep_unsaved(kept));
        }
    }

    /// Writes the counters that a lease is counted in, as they are at the moment of the commit.
    pub(crate) fn put_ledger(
        &self,
        rows: &mut Write<'_>,
        bucket: &(Fingerprint, String),
    ) -> Result<(), StoreError> {
        let (project, model) = bucket;
        let ledger = self.lending.with(|pool| pool.ledger(*project, model));
        rows.put_ledger(project, model, &ledger)?;
        self.put_spend(rows)
    }

    fn put_spend(&self, rows: &mut Write<'_>) -> Result<(), StoreError> {
        match self.lending.with(|pool| pool.spend()) {
            Some(spend) => rows.put_spend(&spend),
            None => Ok(()),
        }
    }

    /// How a key may be named to people.
    pub(crate) fn label(&self, lease: &Lease) -> String {
        let settings = self.settings();
        settings
            .key(&lease.key)
            .map_or_else(String::new, |key| key.label.clone())
    }
}
