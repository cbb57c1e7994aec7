//! What one call has taught, in the pool's own words: what it says about the key, its project, the
//! model or everybody, and where the question may go next (gemini-api §7, §15). Pure values.

use std::time::Duration;

use super::limits::Learned;
use crate::catalog::ToolKind;

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
    /// The key is never called again (until it is looked at).
    KillKey(Death),
    /// All keys of the project are never called again.
    KillProject(Death),
    /// This model on this key (its project's bucket) cools down.
    CoolKeyModel(Cooldown),
    /// The same, twice as long each time, for a model this key's project does not find (404): when
    /// two projects say so within an hour in which the model answered nobody, it cools down for
    /// everybody.
    ModelMissing(Cooldown),
    /// The same, for a 429 that names no quota: when three projects get one on one model, that model
    /// cools down for everybody; when several models do so, our address is throttled and the pool
    /// cools down.
    Throttled(Cooldown),
    /// This key cools down with all its models.
    CoolKey(Cooldown),
    /// All keys of this project cool down.
    CoolProject(Cooldown),
    /// The model is full for everybody: counted on the model's breaker, which stays open at least so
    /// long once it opens.
    Overloaded(Cooldown),
    /// The country of our address is not served: once two projects in a row say so, every key that
    /// is not `:paid` cools down, twice as long each time.
    Unserved,
    /// A page of a proxy or a firewall instead of Google's format: nobody's strike. Once two
    /// questions in a row meet one, on keys of different projects, everything cools down, twice as
    /// long each time.
    Page,
    /// Refused in words that no table lists (401, or a 403 about nothing but the caller): the key
    /// cools down, and a free look at `models.get` decides whether it is dead of this.
    Refused(Death),
    /// The address is not that of the Gemini API (a 404 that is not about the model): nobody in the
    /// pool is to blame, and when two projects say so in a row the address cools down, twice as long
    /// each time.
    WrongEndpoint,
    /// The month's spending cap of the project is reached: it cools down until a call every six hours
    /// passes.
    SpendingCap,
    /// A fault whose owner is not known yet: cools the key down on this model, and is a strike only
    /// if the same question then succeeds with another key on the same model (a 500; a fault after
    /// connecting).
    Suspect(Cooldown),
    /// Unexplained: the key cools down and has one strike more.
    Strike(Cooldown),
}

/// For how long something cools down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cooldown {
    For(Duration),
    /// Until the next midnight in `America/Los_Angeles`, where the day's quota is reset.
    UntilPacificMidnight,
    /// `KEY_COOLDOWN_SECS`.
    Configured,
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
    /// Leave out all tools.
    NoTools,
    /// Leave out tools of this kind, and remember that for the model.
    Without(ToolKind),
    /// Do not search, and remember that for the project until the day of its quota ends.
    NoSearchToday,
    /// Put the system text into the first user turn, and remember that for the model.
    SystemInFirstTurn,
    /// Replace thought signatures by the documented placeholder.
    PlainSignatures,
    /// Say once more that a picture is wanted (`NO_IMAGE`).
    InsistOnPicture,
    /// The same request again.
    Same,
}
