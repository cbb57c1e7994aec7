//! Lease a key, ask Gemini, settle: until there is an answer, a failure that no other key could
//! mend, or the deadline. Knows no chat.
//!
//! Invariant: the unit of quota is on disk before the request leaves.

mod attempt;

use attempt::Attempt;

use std::sync::Arc;
use std::time::Duration;

use log::debug;
use tokio::sync::watch;
use tokio::time::{sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::app::engine::{Backend, Engine, Settings};
use crate::chat::Tier;
pub(crate) use crate::chat::answer::Audience;
use crate::chat::answer::{Answer, Failure, Finish, Usage};
use crate::chat::prompt::Prompt;
use crate::clock::{self, Instant};
use crate::gemini::Outcome as Report;
use crate::gemini::slots::{Slot, Slots};
use crate::keys::{Ask, Change, Effect, Fingerprint, Group, Lease, Next, Repair, Wait, Why};
use crate::offline;
use crate::store::StoreError;

/// Calls for one question at the most (design §4).
const MAX_ATTEMPTS: u32 = 3;
/// How long a chat question waits for the next free key (design §4).
const KEY_PATIENCE: Duration = Duration::from_secs(15);

/// A wait is never so short that waiting turns into a busy loop.
const SHORTEST_WAIT: Duration = Duration::from_millis(5);
/// Storing a unit may take this long until it is stored anew.
const FRESH: Duration = Duration::from_secs(1);
/// How often at the most, for a disk that is always slow.
const MOST_JOURNALED: u32 = 3;

/// What a call has shown so far; the newest state wins and nobody is waited for.
#[derive(Debug, Default, Clone)]
pub(crate) struct Visible {
    pub(crate) text: String,
    /// Pieces received, thoughts included: proof that the service is alive.
    pub(crate) pieces: u64,
}

/// Where the text of a call goes while it grows, and who may end it.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) audience: Audience,
    pub(crate) visible: &'a watch::Sender<Visible>,
    pub(crate) cancel: &'a CancellationToken,
}

/// One question on its way to the model.
pub(crate) struct Question<'a> {
    pub(crate) prompt: Arc<Prompt>,
    pub(crate) tier: Tier,
    /// The one model that made all of the history, if it was one.
    pub(crate) signed_by: Option<String>,
    /// The asker's own key group first, then those it may borrow from.
    pub(crate) groups: &'a [Group],
    pub(crate) view: View<'a>,
}

/// How the question ended, and what the pool learned on the way (to be stored with the turn).
pub(crate) struct Called {
    pub(crate) ended: Ended,
    pub(crate) changes: Vec<Change>,
}

/// How the question ended.
pub(crate) enum Ended {
    Answered(Answer),
    Failed(Failure),
    /// The person took it back.
    Cancelled,
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Asks until there is an end.
pub(crate) async fn until_answered(
    engine: &Arc<Engine>,
    settings: &Settings,
    question: Question<'_>,
) -> Result<Called, StoreError> {
    match &engine.backend {
        Backend::Offline => Ok(answer_offline(&question)),
        Backend::Gemini { slots, .. } => {
            let now = clock::instant();
            let tier = settings.catalog.tier(question.tier);
            let mut call = Call {
                engine,
                settings,
                slots,
                models: tier.iter().map(|model| model.id.as_str()).collect(),
                question,
                avoid: Vec::new(),
                repairs: Vec::new(),
                changes: Vec::new(),
                patience: now + KEY_PATIENCE,
                deadline: now + settings.config.limits.answer_deadline,
            };
            let ended = call.run().await?;
            Ok(Called {
                ended,
                changes: call.changes,
            })
        }
    }
}

/// The built-in model answers at once, word by word.
fn answer_offline(question: &Question<'_>) -> Called {
    let text = offline::reply(&question.prompt);
    for piece in offline::chunks(&text) {
        question
            .view
            .visible
            .send_modify(|visible| visible.text.push_str(piece));
    }
    let answer = Answer {
        text,
        finish: Finish::Complete,
        model: "offline".to_owned(),
        signed: Vec::new(),
        usage: Usage::default(),
    };
    Called {
        ended: Ended::Answered(answer),
        changes: Vec::new(),
    }
}

struct Call<'a> {
    engine: &'a Arc<Engine>,
    settings: &'a Settings,
    slots: &'a Slots,
    question: Question<'a>,
    /// Keys that failed this question.
    avoid: Vec<Fingerprint>,
    /// Changes of the request that are in force.
    repairs: Vec<Repair>,
    /// The tier's models in the order to be tried.
    models: Vec<&'a str>,
    changes: Vec<Change>,
    /// Until when to wait for a key.
    patience: Instant,
    /// Until when the first text must be there.
    deadline: Instant,
}

impl Call<'_> {
    async fn run(&mut self) -> Result<Ended, StoreError> {
        let mut failure = Failure::Unexplained;
        for attempt in 1..=MAX_ATTEMPTS {
            let slot = match self.slot().await {
                Ok(slot) => slot,
                Err(ended) => return Ok(ended),
            };
            let lease = match self.lease().await? {
                Ok(lease) => lease,
                Err(Ended::Failed(waiting)) if attempt > 1 => {
                    // What the service said of the question tells more than that no key is left.
                    debug!(failure:? = waiting; "no other key for another attempt");
                    return Ok(Ended::Failed(failure));
                }
                Err(ended) => return Ok(ended),
            };
            let (key, model) = (lease.key, lease.model.clone());
            match self.attempt(slot, lease).await {
                Attempt::Cancelled => return Ok(Ended::Cancelled),
                Attempt::TimedOut => {
                    if let Some(ended) = self.cut_short() {
                        return Ok(ended);
                    }
                    failure = Failure::TooSlow;
                    self.avoid.push(key);
                }
                Attempt::Reported(Report { result, verdict }) => {
                    failure = match result {
                        Ok(answer) => return Ok(Ended::Answered(answer)),
                        Err(why) => why,
                    };
                    if !self.go_on(verdict.next, key, &model) {
                        break;
                    }
                    self.pause(verdict.effect, attempt).await;
                }
            }
            self.question
                .view
                .visible
                .send_modify(|visible| *visible = Visible::default());
        }
        Ok(Ended::Failed(failure))
    }

    /// Our deadline ended an answer: what was shown is kept, or the question is over, or `None`
    /// when another key may still try.
    fn cut_short(&self) -> Option<Ended> {
        let shown = self.question.view.visible.borrow().text.clone();
        match self.question.view.audience {
            Audience::Watching if !shown.is_empty() => Some(Ended::Answered(Answer {
                text: shown,
                finish: Finish::Broken,
                model: String::new(),
                signed: Vec::new(),
                usage: Usage::default(),
            })),
            Audience::Watching | Audience::Nobody => {
                (clock::instant() >= self.deadline).then_some(Ended::Failed(Failure::TooSlow))
            }
        }
    }

    /// Prepares the next attempt; `false` when there is none.
    fn go_on(&mut self, next: Next, key: Fingerprint, model: &str) -> bool {
        match next {
            Next::Done | Next::Nowhere => false,
            Next::AnotherKey | Next::PaidKey => {
                self.avoid.push(key);
                true
            }
            Next::AnotherModel => {
                // The model goes last: with the others resting it is still better than nothing.
                self.models.sort_by_key(|other| *other == model);
                true
            }
            Next::Repaired(repair) => {
                let is_new = !self.repairs.contains(&repair);
                self.repairs.push(repair);
                is_new
            }
        }
    }

    /// What failed on the wire is tried again a little later, not in the same instant
    /// (gemini-api §15, row 26).
    async fn pause(&self, effect: Effect, attempt: u32) {
        if let Effect::Innocent | Effect::Suspect(_) = effect {
            let base = 200 * u64::from(attempt);
            let pause = Duration::from_millis(fastrand::u64(base..base * 3));
            sleep_until((clock::instant() + pause).min(self.deadline)).await;
        }
    }

    /// A place for the call, which the lease must not wait for once it is counted.
    async fn slot(&self) -> Result<Slot, Ended> {
        tokio::select! {
            biased;
            () = self.question.view.cancel.cancelled() => Err(Ended::Cancelled),
            slot = timeout_at(self.deadline, self.slots.take()) => {
                slot.map_err(|_late| Ended::Failed(Failure::TooSlow))
            }
        }
    }

    /// Lends a key and stores the unit it costs; waits for one that is free within the patience.
    async fn lease(&self) -> Result<Result<Lease, Ended>, StoreError> {
        let tokens = self.question.prompt.tokens();
        loop {
            let wait = match self.reserve(tokens) {
                Ok(lease) => match self.journal(lease).await? {
                    Some(lease) => return Ok(Ok(lease)),
                    None => continue,
                },
                Err(wait) => wait,
            };
            let Some(wakes) = self.in_time(wait) else {
                return Ok(Err(why_not(wait).into()));
            };
            debug!(why:? = wait.why; "waiting for a key");
            tokio::select! {
                () = self.question.view.cancel.cancelled() => return Ok(Err(Ended::Cancelled)),
                () = sleep_until(wakes) => {}
            }
        }
    }

    /// A key that has not failed this question, or else any: the pool itself holds back what must
    /// not be called.
    fn reserve(&self, tokens: u64) -> Result<Lease, Wait> {
        let mut pool = self.engine.pool.lock();
        let mut rng = fastrand::Rng::new();
        let now = clock::now();
        let ask = |avoid| Ask {
            groups: self.question.groups,
            models: &self.models,
            tokens,
            avoid,
        };
        let fresh = pool.reserve(&ask(&self.avoid), now, &mut rng);
        fresh.or_else(|_| pool.reserve(&ask(&[]), now, &mut rng))
    }

    /// The moment of the next free key, if it is worth waiting for.
    fn in_time(&self, wait: Wait) -> Option<Instant> {
        let wakes = clock::instant() + wait.until?.since(clock::now()).max(SHORTEST_WAIT);
        (wakes <= self.patience.min(self.deadline)).then_some(wakes)
    }

    /// Stores the unit: a crash after this may count it without a call, never a call without it.
    /// `None` when the key has died meanwhile. Where storing took long, the unit is stored again as
    /// of the moment it is spent.
    async fn journal(&self, mut lease: Lease) -> Result<Option<Lease>, StoreError> {
        for _ in 0..MOST_JOURNALED {
            let bucket = (lease.project, lease.model.clone());
            let engine = Arc::clone(self.engine);
            let stored = self
                .engine
                .store
                .write(move |rows| engine.put_ledger(rows, &bucket));
            if let Err(error) = stored.await {
                self.give_back(lease);
                return Err(error);
            }
            let counted = lease.at;
            if !self.engine.pool.lock().leave(&mut lease, clock::now()) {
                self.give_back(lease);
                return Ok(None);
            }
            if lease.at.since(counted) < FRESH {
                break;
            }
        }
        Ok(Some(lease))
    }

    /// Returns a lease whose call never left. The stored row keeps the unit: over, never under.
    fn give_back(&self, lease: Lease) {
        let _row = self.engine.pool.lock().refund(lease);
    }
}

/// The sentence for a question that gets no key.
fn why_not(wait: Wait) -> Failure {
    let wakes = wait.until.map(|until| until.since(clock::now()));
    match wait.why {
        Why::Slots | Why::Minute | Why::Resting | Why::Day | Why::Avoided => {
            Failure::Resting { wakes }
        }
        Why::TooLarge { .. } => Failure::TooLong,
        Why::Dead | Why::NoKeys => Failure::NoKeys,
    }
}
