//! The key pool (design §4): who may call which model now. A pure state machine: `now` and `rng`
//! come in as arguments, no lock and no I/O inside; the shell puts it in one mutex and journals
//! what it reserves before the call is made.
//!
//! [`failover`] (Router B) walks tiers, groups and models until [`balance`] (Router A) finds a key;
//! who finds none waits in [`mod@line`]. [`settle`] takes a key back and draws the consequences:
//! [`strikes`] for the key, [`breaker`] for what many keys stand behind; [`alike`] tells the one from
//! the other, and [`voices`] when a failure is about everybody. [`revive`] knows what a free look at a
//! key means.

mod alike;
mod balance;
mod breaker;
mod failover;
mod gates;
mod lease;
mod line;
mod missing;
pub(crate) mod pacific;
mod pick;
mod pool;
mod purse;
mod quota;
mod reopen;
mod report;
mod revive;
mod roster;
mod settle;
mod state;
mod strikes;
mod voices;

pub(crate) use failover::{Attempted, Route, Start};
pub(crate) use lease::{Ask, Change, Lease, News, Place, Reserved, Saved, Ticket, Wait, Why};
pub(crate) use pool::Pool;
pub(crate) use purse::Spend;
pub(crate) use report::{KeyReport, Standing, Tally};
pub(crate) use revive::{LONGEST_LOOK, LookFor, Retested};

use std::time::Duration;

use serde::Deserialize;

use crate::clock::Timestamp;

/// The four key groups of design §4; a key outside all of them serves every role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub(crate) enum Group {
    A,
    B,
    C,
    D,
}

/// What one call taught us, sorted by what the caller does next (gemini-api §7, §15).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Verdict {
    /// What it means for the key, its project, the model, or everyone.
    pub(crate) effect: Effect,
    /// Where this question may go next.
    pub(crate) next: Next,
    /// True limits the service named (`quotaValue`), to be remembered per (project, model).
    pub(crate) learned: Vec<Learned>,
    /// What the service has counted of it.
    pub(crate) counted: Counted,
    /// Input and output tokens, thoughts included, where the service told: the price of a paid call.
    pub(crate) tokens: Option<(u64, u64)>,
}

/// Whether the service has counted a call (gemini-api §16): what it surely has not is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    /// It has, or may have.
    Yes,
    /// It was refused (401, 403, 404, 429): not of the day; the minute keeps it.
    NotOfTheDay,
    /// It never arrived.
    Never,
}

/// What a call says about the pool.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Effect {
    /// The key answered: strikes are forgotten.
    Healthy,
    /// Nobody in the pool is to blame.
    Innocent,
    /// The key is never called again (until it is retested).
    KillKey(Death),
    /// All keys of the project are never called again.
    KillProject(Death),
    /// This model on this key (its project's bucket) rests.
    RestKeyModel(Rest),
    /// The same, twice as long each time, for a model this key's project does not find (404): when
    /// two projects say so within an hour in which the model answered nobody, it rests for
    /// everybody.
    ModelMissing(Rest),
    /// The same, for a 429 that names no quota: when three projects get one on one model, that model
    /// rests for everybody; when several models do so, our address is throttled and the pool rests.
    Throttled(Rest),
    /// This key rests with all its models.
    RestKey(Rest),
    /// All keys of this project rest.
    RestProject(Rest),
    /// The model is full for everybody: counted on the model's breaker, which rests it at least so
    /// long once it opens.
    RestModel(Rest),
    /// The country of our address is not served: once two projects in a row say so, every key that
    /// is not `:paid` rests, twice as long each time.
    RestFreeKeys,
    /// A page of a proxy or a firewall instead of Google's format: nobody's strike. Once two
    /// questions in a row meet one, on keys of different projects, everything rests, twice as long
    /// each time.
    Page,
    /// Refused in words that no table lists (401, or a 403 about nothing but the caller): the key
    /// rests, and a free look at `models.get` decides whether it is dead of this.
    Refused(Death),
    /// The address is not that of the Gemini API (a 404 that is not about the model): nobody in the
    /// pool is to blame, and when two projects say so in a row the address rests, twice as long each
    /// time.
    WrongEndpoint,
    /// The month's spending cap of the project is reached: it rests until a call every six hours
    /// passes.
    SpendingCap,
    /// A fault whose owner is not known yet: rests the key on this model, and is a strike only if
    /// the same question then succeeds with another key on the same model (a 500; a fault after
    /// connecting).
    Suspect(Rest),
    /// Unexplained: the key rests and has one strike more.
    Strike(Rest),
}

/// For how long something rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    For(Duration),
    /// Until the next midnight in `America/Los_Angeles`, where the day's quota is reset.
    UntilPacificMidnight,
    /// `KEY_COOLDOWN_SECS`.
    Cooldown,
}

/// Why a key will not be called again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Death {
    /// `API_KEY_INVALID`, expired or unknown.
    Invalid,
    /// `ACCESS_TOKEN_TYPE_UNSUPPORTED`.
    WrongType,
    /// Reported as leaked.
    Leaked,
    /// `CONSUMER_SUSPENDED`, or the account is limited (`PUP_LIMITED_DISABLED`).
    Suspended,
    /// The project has been denied access.
    ProjectDenied,
    /// The API is off, or the key is restricted to other addresses.
    Restricted,
    /// Refused in words that no table lists, by `models.get` too.
    Unlisted,
}

/// Where the same question may go next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// It was answered.
    Done,
    /// Another key, the same model first.
    AnotherKey,
    /// Another model first; the same key is fine.
    AnotherModel,
    /// Another model first, and less thinking: this one was too slow for its deadline.
    FasterModel,
    /// Only a `:paid` key can help.
    PaidKey,
    /// Once more with the request changed.
    Repaired(Repair),
    /// Nowhere: the request or its content is refused.
    Nowhere,
}

/// A change of the request that may make it acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Repair {
    /// Strip `thinkingConfig`, and remember that for the model.
    NoThinkingConfig,
    /// Ask for less thinking.
    LessThinking,
    /// Ask for the answer in the model's own words (`RECITATION`).
    OwnWords,
    /// Leave out the server-side tools.
    NoTools,
    /// Put the system text into the first user turn, and remember that for the model.
    SystemInFirstTurn,
    /// Replace thought signatures by the documented placeholder.
    PlainSignatures,
    /// The same request again.
    Same,
}

/// A limit the service told us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Learned {
    pub(crate) quota: Quota,
    pub(crate) limit: u64,
}

/// The dimension of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Quota {
    RequestsPerMinute,
    RequestsPerDay,
    TokensPerMinute,
    TokensPerDay,
}

/// The owner's numbers (design §4, `KEY_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Policy {
    /// `KEY_RPM` when it is set: taken as it stands. Unset: 10 or the catalogue's number, whichever
    /// is lower.
    pub(crate) rpm: Option<u32>,
    /// `KEY_DAILY_PERCENT` of the model's daily limit; above 100: no daily cap of our own.
    pub(crate) daily_percent: u32,
    /// `KEY_COOLDOWN_SECS`.
    pub(crate) cooldown: Duration,
    /// `KEY_MAX_ERRORS`: strikes in a row until a key is blacklisted.
    pub(crate) max_errors: u32,
    /// `KEY_BLACKLIST_SECS`: the first blacklisting; each further one doubles it.
    pub(crate) blacklist: Duration,
    /// `PAID_DAILY_USD` in millionths of a dollar.
    pub(crate) paid_daily: u64,
}

/// One configured key in one of its groups, without its text. One that stands in several groups
/// comes once for each, and is still one key with one ledger.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeySpec {
    pub(crate) fingerprint: Fingerprint,
    /// Whose quota it spends: its `@project`, or its own fingerprint.
    pub(crate) project: Fingerprint,
    /// None: serves every role.
    pub(crate) group: Option<Group>,
    /// Marked `:paid`.
    pub(crate) paid: bool,
    /// What people see of it, e.g. `A3 …f9Qk`.
    pub(crate) label: String,
}

/// A keyed hash of a key or of a project's name; what is stored and logged instead of it.
pub(crate) type Fingerprint = [u8; 16];

/// Whom a rest, a death or a strike is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scope {
    Key(Fingerprint),
    KeyModel(Fingerprint, String),
    Project(Fingerprint),
    /// The unit Google counts quota in.
    ProjectModel(Fingerprint, String),
    Model(String),
    /// Every key that is not `:paid`.
    FreeKeys,
    Pool,
    /// The model as one that may not exist any more.
    Missing(String),
    /// The address of the service, `GEMINI_API_URL`.
    Endpoint,
}

/// The stored health of a scope (table `key_state`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Health {
    pub(crate) dead: Option<(Death, Timestamp)>,
    /// Of a dead one: when to test it again.
    pub(crate) rests_until: Option<Timestamp>,
    /// When that rest began: it cannot outlast its length when the clock is set back.
    pub(crate) rests_since: Option<Timestamp>,
    /// Why it rests, where that decides what comes after it; until a call goes well.
    pub(crate) cause: Option<Cause>,
    /// From then on one call may pass although it rests.
    pub(crate) probe_at: Option<Timestamp>,
    /// Unexplained failures in a row.
    pub(crate) strikes: u32,
    /// Times it was blacklisted, or found dead when it was tested again, in a row; each doubles the
    /// next rest.
    pub(crate) trips: u32,
    /// It died within seconds of others, so it is looked at again sooner.
    pub(crate) died_together: bool,
    pub(crate) learned: Vec<Known>,
}

/// What a rest is about where its end alone does not tell how it goes on (design §4, "Believe, then
/// look").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The service says that the day's quota is gone: it rests until midnight, and one call after a
    /// while looks whether that is so. `looks` went wrong by now.
    Day { looks: u32 },
    /// The model is not found, so many times in a row, at the address with this fingerprint.
    Missing { at: Fingerprint, times: u32 },
    /// There is no Gemini API at the address with this fingerprint.
    Endpoint { at: Fingerprint },
    /// The month's spending cap of the project is reached.
    SpendingCap,
}

/// A limit the service told us, as it is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) learned: Learned,
    /// When it was said last: after a day it is tried whether more is possible by now.
    pub(crate) at: Timestamp,
    /// By a key marked `:paid`: with other marks it is another account's word.
    pub(crate) paid: bool,
}

/// The stored counters of one (project, model) (table `key_ledger`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ledger {
    /// The Pacific date the count belongs to, in days since 1970-01-01.
    pub(crate) day: i32,
    /// Requests of that day.
    pub(crate) used: u32,
    /// When the requests of the last 60 seconds were reserved.
    pub(crate) recent: Vec<Timestamp>,
}
