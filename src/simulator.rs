//! The key pool in a world we know everything about (design §4, "measured definition of good"): a
//! virtual clock, an upstream with true limits and planned faults, an oracle, and five known
//! policies beside ours. Pure and deterministic: one seed, one table.
//!
//! A [`trace`] is a [`world`] with questions; [`runner`] takes one [`Policy`] through it against the
//! [`upstream`]; [`oracle`] says what could have been served; [`table`] compares the two. A policy
//! joins as a `table::Contender`, and `table::targets` names the figures it misses.
//!
//! The README says how to run it; with `SVS_BOT_FULL` set, every trace runs with every fleet at every
//! load, which takes minutes.

mod crowd;
mod habits;
mod oracle;
mod ours;
mod plan;
mod policies;
mod replies;
mod runner;
mod table;
mod trace;
mod troubles;
mod upstream;
mod world;

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::catalog::Tier;
use crate::clock::Timestamp;
use crate::keys::Group;

/// A question on its way through the pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// Its place in the trace.
    pub(crate) id: usize,
    pub(crate) at: Timestamp,
    /// The asker's own key group.
    pub(crate) group: Group,
    /// The tier it should go to.
    pub(crate) tier: Tier,
    /// Input tokens.
    pub(crate) tokens: u64,
    /// How long the model thinks about it.
    pub(crate) takes: Duration,
}

/// One key of the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyFacts {
    pub(crate) group: Option<Group>,
    /// Keys with the same number share quota.
    pub(crate) project: usize,
}

/// What the upstream answers to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    Answer,
    /// 429, `PerMinute` requests: the limit, and the `retryDelay` it names.
    MinuteQuota {
        limit: u32,
        retry: Duration,
    },
    /// 429, `PerDay`: the limit; its `retryDelay` misleads.
    DayQuota {
        limit: u32,
        retry: Duration,
    },
    /// 429 without details: our address is throttled.
    Throttled,
    /// 503: the model is overloaded.
    Overloaded,
    /// 500.
    Internal,
    /// 400 `API_KEY_INVALID`, 403 suspended and the like.
    Refused,
    /// Something no table explains.
    Unexplained,
    /// 401 or 403: the key is refused in words that no table lists.
    Disowned,
    /// 400: our country is not served.
    Region,
    /// 404 with the model's name.
    Missing,
    /// 522 with a page: a proxy does not reach the service.
    Page,
    /// 403 with a page: a firewall does not let the text through.
    Blocked,
}

/// What a policy does with a question now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Calls this model (by its place in the catalogue) with this key.
    Call { key: usize, model: usize },
    /// Wants to be asked again at this moment.
    Wait { until: Timestamp },
    /// Tells the person that there is no answer.
    GiveUp,
}

/// How long a question waits for the start of its first call (design §4).
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

/// When a question that was called for must be answered.
pub(crate) const DEADLINE: Duration = Duration::from_mins(2);

/// Calls for one question.
pub(crate) const MAX_ATTEMPTS: u32 = 3;

/// A way to spread questions over keys. The runner asks it when a question arrives, when the moment
/// it waits for has come, and after each failed call.
pub(crate) trait Policy {
    /// For the table.
    fn name(&self) -> &'static str;

    /// `attempt` counts the calls of this question so far.
    fn decide(
        &mut self,
        question: &Question,
        attempt: u32,
        now: Timestamp,
        rng: &mut fastrand::Rng,
    ) -> Decision;

    /// How the call that [`Decision::Call`] started has ended.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is what a router is told in its own words, and tests alone call it"
    )]
    fn told(
        &mut self,
        question: &Question,
        call: (usize, usize),
        reply: Reply,
        now: Timestamp,
        rng: &mut fastrand::Rng,
    );

    /// Questions that wait and should be asked about now, before their moment.
    fn woken(&mut self) -> Vec<usize> {
        Vec::new()
    }

    /// Keys that are to be looked at now by the free `models.get`, each with the model to ask for
    /// first.
    fn looks(&mut self, _now: Timestamp) -> Vec<(usize, usize)> {
        Vec::new()
    }

    /// What such a look has met; none when the key was accepted.
    fn shown(&mut self, _key: usize, _met: Option<Reply>, _now: Timestamp) {}

    /// The question is over without an answer, and the policy did not say so itself: its patience,
    /// its deadline or its attempts ran out.
    fn left(&mut self, _question: usize) {}

    /// The process dies and starts again: whatever is kept in memory only is gone. Questions that
    /// waited or were being answered come again under their ids, as new ones.
    fn restart(&mut self, now: Timestamp);

    /// Whether the policy has put the key away for longer than a short cooldown: as blacklisted or dead.
    fn has_blacklisted(&self, key: usize, now: Timestamp) -> bool;
}
