//! The key pool (design §4): who may call which model now. A pure state machine: `now` and `rng`
//! come in as arguments, no lock and no I/O inside; the shell puts it in one mutex and journals
//! what it reserves before the call is made.
//!
//! [`pool`] is the façade. Lending: [`lender`] counts a call; [`failover`] (Router B) walks tiers,
//! groups and models until [`balance`] (Router A) finds a key that the [`view`] lets pass; who finds
//! none waits in [`mod@line`]. Settling: [`consequences`] says what an [`effect`] means: [`blacklist`]
//! for the key, with [`correlation`] to tell whose fault it was; [`deaths`], [`outages`] and
//! [`not_found`] for more than one. [`retest`] knows what a free look at a key means.
//!
//! | State | Owner |
//! |---|---|
//! | settings, health of all scopes, counters of every (project, model), pardoned keys | [`registry`], with [`roster`] and [`state`] |
//! | money of the day, retry budget | [`lender`] |
//! | those who wait | [`mod@line`] |
//! | recent failures, keys about to be blacklisted | [`blacklist`] |
//! | recent deaths | [`deaths`] |
//! | who is shut out, what is not found, and what the Owner was told of it | [`outages`], [`not_found`] |
//! | the latest moment | [`moment`] |

mod ask;
mod backoff;
mod balance;
mod blacklist;
mod change;
mod cohorts;
mod consequences;
mod correlation;
mod deaths;
mod effect;
mod failover;
mod forecast;
mod health;
mod lease;
mod lender;
mod limits;
mod line;
mod moment;
mod money;
mod not_found;
mod outages;
pub(crate) mod pacific;
mod pick;
mod pool;
mod quorum;
mod quota;
mod reconfigure;
mod registry;
mod report;
mod retest;
mod retry_budget;
mod roster;
mod route;
mod settings;
mod state;
mod suspect;
mod trouble;
mod view;
mod wait;

pub(crate) use ask::Ask;
pub(crate) use backoff::LONGEST_LOOK;
pub(crate) use change::{Change, News, Saved};
pub(crate) use effect::{Cooldown, Counted, Death, Effect, Next, Repair, Verdict};
pub(crate) use health::{Breaker, Cause, Cooling, Health, Scope};
pub(crate) use lease::{Lease, Place, Reserved, Ticket};
pub(crate) use limits::{Known, Learned, LearnedLimits, Quota};
pub(crate) use money::Spend;
pub(crate) use pool::Pool;
pub(crate) use quota::Ledger;
pub(crate) use report::{GroupDay, KeyReport, Standing, Tally};
pub(crate) use retest::{LookFor, Retested};
pub(crate) use route::{Route, Start};
pub(crate) use settings::{Fingerprint, Group, KeySpec, Policy};
pub(crate) use suspect::Attempted;
pub(crate) use trouble::{Trouble, Unusable};
pub(crate) use wait::{Wait, Why};
