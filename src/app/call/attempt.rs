//! One request: a slot, its thread, and the shell's timers around them.
//!
//! Invariant: the thread settles its lease whatever becomes of the one who waits for it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use log::{debug, error, info, warn};
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};
use tokio::time::{sleep_until, timeout};

use super::made::Made;
use super::timeouts::Timeouts;
use super::{Call, Visible, look};
use crate::app::ending::Ending;
use crate::app::engine::{Backend, Engine};
use crate::chat::answer::{Failure, Viewer};
use crate::chat::prompt::Prompt;
use crate::clock;
use crate::config::Stream;
use crate::config::secret::Secret;
use crate::gemini::body::Body;
use crate::gemini::shape::{Shape, Signatures};
use crate::gemini::slots::{Canceller, Slot};
use crate::gemini::{self, Outcome as Report, Progress};
use crate::keys::{Cause, Change, Counted, Effect, Lease, News, Next, Scope, Verdict};
use crate::spool::Spooled;

/// How long the thread of a cancelled call may take to report.
const AFTER_CANCEL: Duration = Duration::from_secs(5);

/// How one attempt ended.
pub(super) enum Attempt {
    Reported(Box<Report>),
    /// Our own deadline; the service said nothing, or no more.
    TimedOut,
    /// From outside: how the turn ends.
    Cancelled(Ending),
    /// The key is not in the settings that the turn has taken.
    UnknownKey,
}

impl Call<'_> {
    /// One request, on the thread of its slot.
    pub(super) async fn attempt(&mut self, slot: Slot, lease: Lease) -> Attempt {
        let Some(key) = self.settings.key(&lease.key) else {
            self.give_back(lease);
            return Attempt::UnknownKey;
        };
        debug!(model = lease.model.as_str(); "calling the model");
        self.engine.metrics.calls.fetch_add(1, Ordering::Relaxed);
        let canceller = slot.canceller();
        let stream = self.question.view.stream;
        let (report, reported) = oneshot::channel();
        let (engine, shape) = (Arc::clone(self.engine), self.shape(&lease));
        let work = Work {
            engine,
            key: key.secret.clone(),
            prompt: Arc::clone(&self.question.prompt),
            shape,
            stream,
            viewer: self.question.view.viewer,
            visible: self.question.view.sight.visible.clone(),
            lease,
        };
        let engine = Arc::clone(self.engine);
        slot.run_then(
            move |slot| work.run(&slot, report),
            move |ended| {
                if let Some((report, ended)) = ended {
                    tell_end(&engine, report, ended);
                }
            },
        );
        let attempt = self.watch_over(reported, stream, &canceller).await;
        if !matches!(attempt, Attempt::Reported(_)) {
            canceller.cancel();
        }
        attempt
    }

    /// What this model wants of a request, with the repairs in force.
    fn shape(&self, lease: &Lease) -> Shape {
        let model = lease.model.as_str();
        let facts = self.settings.catalog.model(model);
        let signatures = match self.question.signed_by.as_deref() {
            Some(signer) if signer == model => Signatures::Kept,
            Some(_) | None => Signatures::Placeholder,
        };
        let shape = Shape {
            model: model.to_owned(),
            thinking: facts.and_then(|model| model.thinking.clone()),
            less_thinking: facts.and_then(|model| model.less_thinking.clone()),
            system_in_first_turn: facts.is_some_and(|model| model.system_in_first_turn),
            max_output: lease.most_output(),
            signatures,
            output: self.question.output,
            tools: facts.map(|model| model.tools.clone()).unwrap_or_default(),
            ..Shape::default()
        };
        let remembered = self.engine.repairs_of(model, lease.project);
        self.route
            .repairs()
            .iter()
            .chain(&remembered)
            .fold(shape, |shape, repair| shape.repaired(*repair))
    }

    /// Waits for the thread's report, within the deadlines.
    async fn watch_over(
        &mut self,
        mut reported: oneshot::Receiver<Reported>,
        stream: Stream,
        canceller: &Canceller,
    ) -> Attempt {
        let mut visible = self.question.view.sight.visible.subscribe();
        let mut timeouts = Timeouts::new(stream, clock::instant(), self.question.deadline);
        loop {
            timeouts.seen(&visible.borrow_and_update(), clock::instant());
            tokio::select! {
                biased;
                ending = self.question.view.cancel.cancelled() => return Attempt::Cancelled(ending),
                report = &mut reported => return self.reported(report.ok()),
                Ok(()) = visible.changed() => {}
                () = sleep_until(timeouts.ends()) => {
                    if !timeouts.is_finished() {
                        return Attempt::TimedOut;
                    }
                    // The answer is there; only the body does not end.
                    canceller.cancel();
                    let report = timeout(AFTER_CANCEL, reported).await;
                    return self.reported(report.ok().and_then(Result::ok));
                }
            }
        }
    }

    fn reported(&mut self, report: Option<Reported>) -> Attempt {
        match report {
            Some(reported) => {
                self.changes.extend(reported.changes);
                self.files = reported.files;
                Attempt::Reported(Box::new(reported.report))
            }
            None => Attempt::TimedOut,
        }
    }
}

/// All that the thread of one request needs.
struct Work {
    engine: Arc<Engine>,
    key: Secret,
    prompt: Arc<Prompt>,
    shape: Shape,
    stream: Stream,
    viewer: Viewer,
    visible: watch::Sender<Visible>,
    lease: Lease,
}

/// How a call ended.
struct Reported {
    report: Report,
    /// What the pool learned of it.
    changes: Vec<Change>,
    /// What the model made.
    files: Vec<Spooled>,
}

type Reporter = oneshot::Sender<Reported>;

fn tell_end(engine: &Arc<Engine>, report: Reporter, ended: Reported) {
    if let Err(ended) = report.send(ended) {
        // Nobody waits any more, so nobody else stores what was learned.
        store_now(engine, ended.changes);
    }
}

impl Work {
    /// Asks, and settles the lease. What came of it is to be reported, unless that was done because
    /// something is left to look at.
    fn run(self, slot: &Slot, report: Reporter) -> Option<(Reporter, Reported)> {
        let mut made = Made::new(self.engine.spool.clone());
        let asked = catch_unwind(AssertUnwindSafe(|| self.ask(slot, &mut made)));
        let outcome = asked.unwrap_or_else(|_| Report {
            result: Err(Failure::Unexplained),
            verdict: innocent(),
        });
        let Self {
            engine, key, lease, ..
        } = self;
        let call = lease.attempted();
        let label = engine.label(&lease);
        let mut rng = fastrand::Rng::new();
        let effect = outcome.verdict.effect;
        let now = clock::now();
        let (mut changes, look) = engine.lending.with(|pool| {
            let changes = pool.settle(lease, &outcome.verdict, now, &mut rng);
            (changes, pool.look_for(&call, effect, now))
        });
        note(&engine, &label, &outcome.verdict, &changes);
        if outcome.result.is_err() {
            // Before anybody is called again, so that no crash forgets a death.
            store_now(&engine, std::mem::take(&mut changes));
        }
        let ended = Reported {
            report: outcome,
            changes,
            files: made.files,
        };
        let Some(look) = look else {
            return Some((report, ended));
        };
        // Its question goes to another key meanwhile.
        tell_end(&engine, report, ended);
        let changes = look::after(&engine, slot, &key, &call, look);
        tell(&engine, &changes);
        store_now(&engine, changes);
        None
    }

    fn ask(&self, slot: &Slot, made: &mut Made) -> Report {
        let Backend::Gemini { client, .. } = &self.engine.backend else {
            return Report {
                result: Err(Failure::NoKeys),
                verdict: innocent(),
            };
        };
        let body = Body::build(&self.prompt, &self.shape);
        let call = gemini::Call {
            key: &self.key,
            model: &self.lease.model,
            body: &body,
            estimated: self.prompt.tokens(),
        };
        let mut is_answered = false;
        match self.stream {
            Stream::Off => client.generate(slot, &call, made),
            Stream::Auto | Stream::Edit => {
                let mut on = |progress: Progress<'_>| {
                    let is_event = matches!(progress, Progress::Event { .. });
                    if is_event && !std::mem::replace(&mut is_answered, true) {
                        self.engine.lending.with(|pool| pool.answers(&self.lease));
                    }
                    self.visible.send_modify(|visible| visible.take(progress));
                };
                client.stream(slot, &call, self.viewer, (made, &mut on))
            }
        }
    }
}

/// Stores what the pool learned, on a thread that may block.
fn store_now(engine: &Arc<Engine>, changes: Vec<Change>) {
    Handle::current().block_on(engine.store_changes(changes));
}

/// A call that says nothing about its key.
const fn innocent() -> Verdict {
    Verdict {
        effect: Effect::Innocent,
        next: Next::AnotherKey,
        learned: Vec::new(),
        counted: Counted::Yes,
        tokens: None,
    }
}

/// What a call meant.
fn note(engine: &Engine, key: &str, verdict: &Verdict, changes: &[Change]) {
    if verdict.effect == Effect::Healthy {
        debug!(key; "key settled");
    } else {
        info!(key, effect:? = verdict.effect; "key settled");
    }
    tell(engine, changes);
}

/// What is for a person to act on, and what keeps all calls back; with everything else the pool copes.
fn tell(engine: &Engine, changes: &[Change]) {
    let now = clock::now();
    let settings = engine.settings();
    for change in changes {
        let names = settings.names(&change.scope);
        let (keys, model) = (names.as_str(), names.as_str());
        let until = change.health.cooling.ends(now);
        if let (Scope::Pool | Scope::FreeKeys, Some(until)) = (&change.scope, until) {
            let length = until.since(now);
            warn!(scope:? = change.scope, length:?; "calls are held back");
        }
        match change.news {
            None => {}
            Some(News::Died(why)) => {
                error!(keys, why:?; "a key is refused for good; replace it or take it out");
            }
            Some(News::Back) => info!(keys; "a key works again"),
            Some(News::Blocked) => error!(
                "pages come instead of answers: look at GEMINI_PROXY, GEMINI_API_URL and the firewall"
            ),
            Some(News::Unserved) => error!(
                "free keys are not served in this country: a proxy elsewhere or a paid key helps"
            ),
            Some(news @ (News::Unblocked | News::ServedAgain)) => {
                info!(news:?; "calls are answered again");
            }
            Some(News::Began(Cause::Endpoint { .. })) => error!(
                "there is no Gemini API at the address in GEMINI_API_URL: correct it and start again"
            ),
            Some(News::Began(Cause::Missing { .. })) => {
                error!(model; "Google does not find the model; take it out of the catalogue if it was shut down");
            }
            Some(News::Began(cause)) => error!(keys, cause:?; "the money of an account is spent"),
            Some(News::Ended(cause)) => {
                info!(keys, cause:?; "what was closed is open again");
            }
        }
    }
}
