//! Runs one policy through one trace on a virtual clock: questions arrive, calls travel to the
//! upstream and end, waiting questions are woken. A policy never sees more than the [`Policy`] trait
//! shows; what it did is counted here and by the upstream.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::time::Duration;

use super::trace::Trace;
use super::upstream::{Request, Upstream};
use super::world::World;
use super::{DEADLINE, Decision, MAX_ATTEMPTS, PATIENCE, Policy, Question, Reply};
use crate::clock::Timestamp;

/// A wait that ends in the past, or now, ends so much later.
const LEAST_WAIT: Duration = Duration::from_millis(5);

/// How long the service takes to refuse.
const REFUSAL: Duration = Duration::from_millis(300);

/// Models that a free look asks for at the most, as in `app::retest`.
const LOOKED_AT: usize = 3;

/// How often all keys are looked at for blacklisting.
const LOOK: Duration = Duration::from_secs(5);

/// Events in one moment, and in all for each question, that only a policy which spins can reach.
const EVENTS_AT_ONCE: usize = 100_000;
const EVENTS_PER_QUESTION: usize = 20_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// The question arrives, or the moment it waits for has come: unless its version is another.
    Ask {
        question: usize,
        version: u32,
    },
    /// A call arrives at the service.
    Reach {
        call: usize,
    },
    /// Its reply is here.
    End {
        call: usize,
    },
    /// A free look arrives at the service.
    ReachLook {
        look: usize,
    },
    /// What it shows is here.
    EndLook {
        look: usize,
    },
    Restart,
    Look,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It has not arrived, or it waits.
    Waiting,
    /// This call is under way.
    Calling(usize),
    Answered,
    Lost,
}

#[derive(Debug)]
struct Progress {
    question: Question,
    stage: Stage,
    attempt: u32,
    /// Counts the moments it waits for, so that only the last one wakes it.
    version: u32,
}

#[derive(Debug, Clone, Copy)]
struct Call {
    question: usize,
    request: Request,
    reply: Option<Reply>,
}

/// What became of a trace under a policy.
#[derive(Debug)]
pub(crate) struct Outcome<'w> {
    /// The service with its counts.
    pub(crate) upstream: Upstream<'w>,
    pub(crate) answered: u32,
    /// Calls started, those lost to a restart included.
    pub(crate) calls: u32,
    /// Calls started with a key after an authentication verdict on it had been told.
    pub(crate) calls_to_dead: u32,
    /// Keys that were blacklisted while nothing was wrong with them.
    pub(crate) wronged: BTreeSet<usize>,
    /// From arrival to the start of the first call, of each question that was called for.
    pub(crate) waits: Vec<Duration>,
}

/// Runs a trace to its end.
pub(crate) fn run<'w>(trace: &'w Trace, policy: &mut dyn Policy) -> Outcome<'w> {
    let mut runner = Runner::new(trace, policy);
    for question in &trace.questions {
        let (question, at) = (question.id, question.at);
        runner.push(
            at,
            Event::Ask {
                question,
                version: 0,
            },
        );
    }
    for at in &trace.restarts {
        runner.push(*at, Event::Restart);
    }
    if let Some(first) = trace.questions.first() {
        runner.push(first.at, Event::Look);
    }
    runner.drain();
    runner.outcome
}

struct Runner<'w, 'p> {
    world: &'w World,
    policy: &'p mut dyn Policy,
    /// The policy's chance.
    rng: fastrand::Rng,
    /// The network's.
    way: fastrand::Rng,
    events: BinaryHeap<Reverse<(Timestamp, usize, Event)>>,
    pushed: usize,
    progress: Vec<Progress>,
    calls: Vec<Call>,
    /// Keys that are looked at, with the model to ask for first and what that meets.
    looks: Vec<(usize, usize, Option<Reply>)>,
    refused: BTreeSet<usize>,
    outcome: Outcome<'w>,
}

impl<'w, 'p> Runner<'w, 'p> {
    fn new(trace: &'w Trace, policy: &'p mut dyn Policy) -> Self {
        let progress = trace.questions.iter().map(|question| Progress {
            question: question.clone(),
            stage: Stage::Waiting,
            attempt: 0,
            version: 0,
        });
        Self {
            world: &trace.world,
            policy,
            rng: fastrand::Rng::with_seed(trace.world.seed ^ 0x5eed),
            way: fastrand::Rng::with_seed(trace.world.seed ^ 0x3a1),
            events: BinaryHeap::new(),
            pushed: 0,
            progress: progress.collect(),
            calls: Vec::new(),
            looks: Vec::new(),
            refused: BTreeSet::new(),
            outcome: Outcome {
                upstream: Upstream::new(&trace.world),
                answered: 0,
                calls: 0,
                calls_to_dead: 0,
                wronged: BTreeSet::new(),
                waits: Vec::new(),
            },
        }
    }

    fn push(&mut self, at: Timestamp, event: Event) {
        self.pushed += 1;
        self.events.push(Reverse((at, self.pushed, event)));
    }

    fn drain(&mut self) {
        let most = EVENTS_AT_ONCE + self.progress.len() * EVENTS_PER_QUESTION;
        let at_once = EVENTS_AT_ONCE + self.progress.len() * 10;
        let (mut moment, mut events) = (Timestamp(0), 0);
        while let Some(Reverse((now, _, event))) = self.events.pop() {
            events = if now == moment { events + 1 } else { 0 };
            moment = now;
            let name = self.policy.name();
            assert!(events < at_once, "{name} spins at {now:?} on {event:?}");
            assert!(self.pushed < most, "{name} asks without end");
            self.happen(event, now);
            for (key, first) in self.policy.looks(now) {
                let look = self.looks.len();
                self.looks.push((key, first, None));
                let way = self.world.way.mul_f64(self.way.f64());
                self.push(now.after(way), Event::ReachLook { look });
            }
            for question in self.policy.woken() {
                if self.progress[question].question.at <= now {
                    self.wake(question, now);
                }
            }
        }
    }

    fn happen(&mut self, event: Event, now: Timestamp) {
        match event {
            Event::Ask { question, version } => {
                let progress = &self.progress[question];
                if progress.stage == Stage::Waiting && progress.version == version {
                    self.consult(question, now);
                }
            }
            Event::Reach { call } => self.reach(call, now),
            Event::End { call } => self.end(call, now),
            Event::ReachLook { look } => self.reach_look(look, now),
            Event::EndLook { look } => {
                let (key, _, met) = self.looks[look];
                self.policy.shown(key, met, now);
            }
            Event::Restart => self.restart(now),
            Event::Look => {
                for key in 0..self.world.keys.len() {
                    self.look(key, now);
                }
                if !self.events.is_empty() {
                    self.push(now.after(LOOK), Event::Look);
                }
            }
        }
    }

    fn consult(&mut self, id: usize, now: Timestamp) {
        let progress = &self.progress[id];
        let decision = self
            .policy
            .decide(&progress.question, progress.attempt, now, &mut self.rng);
        match decision {
            Decision::Call { key, model } => self.start(id, (key, model), now),
            Decision::Wait { until } => self.wait(id, until, now),
            Decision::GiveUp => self.progress[id].stage = Stage::Lost,
        }
    }

    fn start(&mut self, id: usize, (key, model): (usize, usize), now: Timestamp) {
        let call = self.calls.len();
        let progress = &mut self.progress[id];
        progress.stage = Stage::Calling(call);
        if progress.attempt == 0 {
            self.outcome.waits.push(now.since(progress.question.at));
        }
        progress.attempt += 1;
        self.outcome.calls += 1;
        self.outcome.calls_to_dead += u32::from(self.refused.contains(&key));
        self.calls.push(Call {
            question: id,
            request: Request {
                question: id,
                key,
                model,
                tokens: self.progress[id].question.tokens,
                sent: now,
            },
            reply: None,
        });
        let way = self.world.way.mul_f64(self.way.f64());
        self.push(now.after(way), Event::Reach { call });
    }

    /// At the end of its patience a question is asked about once more.
    fn wait(&mut self, id: usize, until: Timestamp, now: Timestamp) {
        let progress = &mut self.progress[id];
        let last = if progress.attempt == 0 {
            progress.question.at.after(PATIENCE)
        } else {
            progress.question.at.after(DEADLINE)
        };
        if now >= last {
            self.lose(id);
            return;
        }
        progress.stage = Stage::Waiting;
        let until = until.max(now.after(LEAST_WAIT)).min(last);
        self.wake(id, until);
    }

    /// Has the question asked about at that moment, if it still waits then.
    fn wake(&mut self, id: usize, at: Timestamp) {
        let progress = &mut self.progress[id];
        if progress.stage != Stage::Waiting {
            return;
        }
        progress.version += 1;
        let version = progress.version;
        self.push(
            at,
            Event::Ask {
                question: id,
                version,
            },
        );
    }

    fn lose(&mut self, id: usize) {
        self.progress[id].stage = Stage::Lost;
        self.policy.left(id);
    }

    fn reach(&mut self, id: usize, now: Timestamp) {
        let call = &mut self.calls[id];
        let reply = self.outcome.upstream.call(call.request, now);
        call.reply = Some(reply);
        let takes = match reply {
            Reply::Answer => self.progress[call.question].question.takes,
            Reply::MinuteQuota { .. }
            | Reply::DayQuota { .. }
            | Reply::Throttled
            | Reply::Overloaded
            | Reply::Internal
            | Reply::Refused
            | Reply::Unexplained
            | Reply::Disowned
            | Reply::Region
            | Reply::Missing
            | Reply::Page
            | Reply::Blocked => REFUSAL,
        };
        self.push(now.after(takes), Event::End { call: id });
    }

    /// As the shell does it: about the first models of the catalogue, until one is there.
    fn reach_look(&mut self, look: usize, now: Timestamp) {
        let (key, first, met) = &mut self.looks[look];
        let others = (0..self.world.truth.len().min(LOOKED_AT)).filter(|model| model != first);
        for model in std::iter::once(*first).chain(others) {
            *met = self.outcome.upstream.look(*key, model, now);
            if *met != Some(Reply::Missing) {
                break;
            }
        }
        self.push(now.after(REFUSAL), Event::EndLook { look });
    }

    fn end(&mut self, id: usize, now: Timestamp) {
        let Call {
            question,
            request,
            reply,
        } = self.calls[id];
        let progress = &mut self.progress[question];
        if progress.stage != Stage::Calling(id) {
            return;
        }
        let reply = reply.unwrap();
        if matches!(reply, Reply::Refused | Reply::Disowned) && self.world.is_dead(request.key, now)
        {
            self.refused.insert(request.key);
        }
        let call = (request.key, request.model);
        self.policy
            .told(&progress.question, call, reply, now, &mut self.rng);
        let in_time = now <= progress.question.at.after(DEADLINE);
        if reply == Reply::Answer && in_time {
            progress.stage = Stage::Answered;
            self.outcome.answered += 1;
            return;
        }
        self.look(request.key, now);
        if in_time && self.progress[question].attempt < MAX_ATTEMPTS {
            self.consult(question, now);
        } else {
            self.lose(question);
        }
    }

    /// Calls under way are lost; all open questions are asked again.
    fn restart(&mut self, now: Timestamp) {
        self.policy.restart(now);
        let mut open = Vec::new();
        for progress in &mut self.progress {
            let calling = matches!(progress.stage, Stage::Calling(_));
            if calling || (progress.stage == Stage::Waiting && progress.question.at <= now) {
                progress.stage = Stage::Waiting;
                progress.attempt = 0;
                progress.question.at = now;
                open.push(progress.question.id);
            }
        }
        for id in open {
            self.wake(id, now);
        }
    }

    fn look(&mut self, key: usize, now: Timestamp) {
        if self.world.is_sound(key, now) && self.policy.has_blacklisted(key, now) {
            self.outcome.wronged.insert(key);
        }
    }
}
