//! A strict stand-in for the Gemini API: it checks every request, counts quota per (project,
//! model) as the service does, fails in every way of its error table on demand, and answers by
//! telling what it saw: `echo[3 rounds]: the question`.
//!
//! `fault` has the error table, `request` the rules for requests, `streaming` how answers are sent,
//! `calls` what tests ask later.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use serde_json::{Value, json};

use super::http::{Request, Service, Wire};
use super::{now, pacific_day};

mod calls;
mod fault;
pub(crate) mod making;
mod request;
mod streaming;
mod tools;

pub(crate) use calls::Call;
pub(crate) use fault::Fault;
use making::Makes;
use request::Asked;
use streaming::{Driven, LOOK, Streaming};

/// The text of a key as the bot is given it. Tests name keys `k1`; the text is long enough to be
/// looked for in everything the bot writes.
pub(crate) fn key_text(name: &str) -> String {
    format!("AQ.Ab8_{name}_secret-text-of-this-key_{name}_zT4w")
}

/// Whom a rule is about.
#[derive(Debug, Clone, PartialEq)]
enum Whom {
    Everyone,
    Key(String),
    /// The calls with a key, and not the free look with it.
    CallsWith(String),
    Model(String),
    /// Calls whose question holds this text.
    Question(String),
    /// Calls that tell what came of functions.
    Results,
}

/// How long a rule holds.
#[derive(Debug, Clone, Copy, PartialEq)]
enum When {
    Times(usize),
    Every(usize),
    Always,
}

#[derive(Debug)]
struct Rule {
    whom: Whom,
    when: When,
    fault: Fault,
    seen: usize,
}

#[derive(Debug, Default)]
struct State {
    /// Key text → (name, project).
    keys: HashMap<String, (String, String)>,
    rules: Vec<Rule>,
    calls: Vec<Call>,
    /// Names of the keys that `models.get` was called with.
    probes: Vec<String>,
    /// What is said when the question holds a word.
    scripts: Vec<(String, String)>,
    /// What the model does when the question holds a word.
    acts: Vec<(String, tools::Act)>,
    /// Calls whose question holds one of these words are kept open.
    held: Vec<String>,
    /// How every answer is said, where a test wants it so.
    streaming: Option<Streaming>,
    driven: Vec<Driven>,
    /// Words and a finish reason in the place of every picture.
    instead_of_pictures: Option<(String, String)>,
    /// Projects with billing.
    billed: HashSet<String>,
    /// Requests a minute and a day of each (project, model), if it has limits.
    limits: Option<(usize, usize)>,
    work: Duration,
    /// Tokens of thought that each answer costs.
    thoughts: usize,
    violations: Vec<String>,
    /// Requests that came to another address than the service's.
    misrouted: usize,
}

/// The service; shared between the server's threads and the test.
#[derive(Debug, Default)]
pub(crate) struct Gemini {
    state: Mutex<State>,
    changed: Condvar,
}

/// Sets how the service treats one key, one model or everyone.
#[derive(Debug)]
pub(crate) struct Treatment<'a> {
    gemini: &'a Gemini,
    whom: Whom,
}

impl Treatment<'_> {
    /// Fails like this until it recovers.
    pub(crate) fn answers(&self, fault: Fault) {
        self.add(When::Always, fault);
    }

    pub(crate) fn answers_times(&self, times: usize, fault: Fault) {
        self.add(When::Times(times), fault);
    }

    pub(crate) fn answers_every(&self, nth: usize, fault: Fault) {
        self.add(When::Every(nth), fault);
    }

    /// All is well again.
    pub(crate) fn recovers(&self) {
        self.gemini
            .change(|state| state.rules.retain(|rule| rule.whom != self.whom));
    }

    fn add(&self, when: When, fault: Fault) {
        let whom = self.whom.clone();
        self.gemini.change(|state| {
            let seen = 0;
            state.rules.push(Rule {
                whom,
                when,
                fault,
                seen,
            });
        });
    }
}

impl Gemini {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Makes a key valid, if it is not, in a project that it stays in.
    pub(crate) fn admits(&self, name: &str, project: &str) {
        let new = (name.to_owned(), project.to_owned());
        self.change(|state| {
            state.keys.entry(key_text(name)).or_insert(new);
        });
    }

    /// The project of a key has billing.
    pub(crate) fn bills(&self, project: &str) {
        self.change(|state| state.billed.insert(project.to_owned()));
    }

    pub(crate) fn key(&self, name: &str) -> Treatment<'_> {
        Treatment {
            gemini: self,
            whom: Whom::Key(name.to_owned()),
        }
    }

    /// Calls with a key, while `models.get` accepts it.
    pub(crate) fn calls_with(&self, name: &str) -> Treatment<'_> {
        Treatment {
            gemini: self,
            whom: Whom::CallsWith(name.to_owned()),
        }
    }

    /// Calls whose question holds this text.
    pub(crate) fn question(&self, text: &str) -> Treatment<'_> {
        Treatment {
            gemini: self,
            whom: Whom::Question(text.to_owned()),
        }
    }

    /// Calls that tell what came of functions.
    pub(crate) fn when_told(&self) -> Treatment<'_> {
        Treatment {
            gemini: self,
            whom: Whom::Results,
        }
    }

    pub(crate) fn model(&self, name: &str) -> Treatment<'_> {
        Treatment {
            gemini: self,
            whom: Whom::Model(name.to_owned()),
        }
    }

    pub(crate) fn everyone(&self) -> Treatment<'_> {
        Treatment {
            gemini: self,
            whom: Whom::Everyone,
        }
    }

    /// What is said to questions that hold this word, from now on; `{question}` in it becomes the
    /// question.
    pub(crate) fn when_asked(&self, word: &str, text: &str) {
        self.change(|state| {
            state.scripts.retain(|(known, _)| known != word);
            state.scripts.push((word.to_owned(), text.to_owned()));
        });
    }

    /// Calls whose question holds this word (with `""`: all) get no byte, until it lets them go.
    pub(crate) fn holds(&self, word: &str) {
        self.change(|state| state.held.push(word.to_owned()));
    }

    /// Calls that were held because of this word are answered, and held no more.
    pub(crate) fn lets_go(&self, word: &str) {
        self.change(|state| state.held.retain(|held| held != word));
    }

    /// Whether the caller still listens once nothing holds the call any more.
    fn waits_while_held(&self, asked: &Asked, wire: &mut Wire) -> bool {
        let question = asked.question();
        let is_held = |state: &State| {
            state
                .held
                .iter()
                .any(|word| question.contains(word.as_str()))
        };
        while is_held(&self.state.lock()) {
            if !wire.work(LOOK) {
                return false;
            }
        }
        true
    }

    /// Time the model takes before its first byte.
    pub(crate) fn works_for(&self, time: Duration) {
        self.change(|state| state.work = time);
    }

    /// Tokens of thought that each answer costs from now on.
    pub(crate) fn thinks(&self, tokens: usize) {
        self.change(|state| state.thoughts = tokens);
    }

    /// Requests a minute and a day for each (project, model), beyond which it says 429.
    pub(crate) fn limits(&self, minute: usize, day: usize) {
        self.change(|state| state.limits = Some((minute, day)));
    }

    /// Breaches of the rules noted so far.
    pub(crate) fn violations(&self) -> Vec<String> {
        self.state.lock().violations.clone()
    }

    fn change<T>(&self, how: impl FnOnce(&mut State) -> T) -> T {
        let done = how(&mut self.state.lock());
        self.changed.notify_all();
        done
    }

    /// Takes a request in: its place in the list of calls, and how it will be failed, if at all.
    fn receive(&self, asked: &Asked) -> (usize, Option<Fault>, Duration) {
        self.change(|state| {
            state
                .violations
                .extend(asked.problems.iter().map(|what| format!("gemini: {what}")));
            let known = state.keys.get(&asked.key).cloned();
            let fault = match &known {
                None => Some(Fault::INVALID_KEY),
                Some((name, project)) => state
                    .planned(name, asked)
                    .or_else(|| state.not_offered(project, &asked.model))
                    .or_else(|| state.over_quota(project, &asked.model)),
            };
            let (key, project) = known.unwrap_or_default();
            state.calls.push(Call {
                key,
                project,
                model: asked.model.clone(),
                contents: asked.body["contents"].clone(),
                config: asked.body["generationConfig"].clone(),
                tools: asked.body["tools"].clone(),
                system: asked.body["systemInstruction"]["parts"][0]["text"]
                    .as_str()
                    .map(str::to_owned),
                streamed: asked.streamed,
                at: now(),
                day: pacific_day(),
                fault,
                finished: false,
            });
            (state.calls.len() - 1, fault, state.work)
        })
    }

    fn answer_text(&self, asked: &Asked) -> String {
        let state = self.state.lock();
        let results = asked.results();
        if !results.is_empty() {
            return format!("told {}", Value::Array(results));
        }
        let question = asked.question();
        let fits = |(word, _): &&(String, String)| question.contains(word.as_str());
        state.scripts.iter().find(fits).map_or_else(
            || format!("echo[{} rounds]: {question}", asked.rounds()),
            |(_, text)| text.replace("{question}", &question),
        )
    }
}

impl State {
    /// The first rule that holds for this call.
    fn planned(&mut self, key: &str, asked: &Asked) -> Option<Fault> {
        let question = asked.question();
        for rule in &mut self.rules {
            let about = match &rule.whom {
                Whom::Everyone => true,
                Whom::Key(name) => name == key,
                Whom::CallsWith(name) => name == key && !asked.is_probe,
                Whom::Model(name) => *name == asked.model,
                Whom::Results => !asked.results().is_empty(),
                Whom::Question(text) => question.contains(text.as_str()),
            };
            rule.seen += usize::from(about);
            let holds = match rule.when {
                When::Always => true,
                When::Times(times) => rule.seen <= times,
                When::Every(nth) => rule.seen.is_multiple_of(nth),
            };
            if about && holds {
                return Some(rule.fault);
            }
        }
        None
    }

    /// Models that draw are not on the free tier.
    fn not_offered(&self, project: &str, model: &str) -> Option<Fault> {
        let needs_billing = making::makes(model) == Some(Makes::Pictures);
        (needs_billing && !self.billed.contains(project)).then_some(Fault::ZERO_QUOTA)
    }

    fn over_quota(&self, project: &str, model: &str) -> Option<Fault> {
        let (minute, day) = self.limits?;
        let (now, today) = (now(), pacific_day());
        let spent = |call: &&Call| call.project == project && call.model == model && call.counts();
        let spent: Vec<&Call> = self.calls.iter().filter(spent).collect();
        if spent.iter().filter(|call| call.day == today).count() >= day {
            return Some(Fault::DAY_QUOTA);
        }
        let recent = |call: &&&Call| now.saturating_sub(call.at) < Duration::from_mins(1);
        (spent.iter().filter(recent).count() >= minute).then_some(Fault::MINUTE_QUOTA)
    }
}

impl Service for Gemini {
    fn answer(&self, request: &Request, wire: &mut Wire) {
        let mut asked = match request::read(request) {
            Ok(asked) => asked,
            Err(_) if is_elsewhere(request) => {
                self.change(|state| state.misrouted += 1);
                return wire.json(404, &json!({"detail": "Not Found"}));
            }
            Err(problem) => {
                self.change(|state| state.violations.push(format!("gemini: {problem}")));
                let message = format!("{} is not found", request.path);
                return wire.json(404, &fault::error(404, "NOT_FOUND", &message));
            }
        };
        if asked.is_probe {
            return self.describe_model(&asked, wire);
        }
        asked.thoughts = self.state.lock().thoughts;
        let (call, fault, work) = self.receive(&asked);
        if wire.work(work) && self.waits_while_held(&asked, wire) {
            let text = self.answer_text(&asked);
            match (fault, self.acted(&asked)) {
                (Some(fault), _) => fault.happen(&asked, &text, wire),
                (None, Some((parts, beside))) => tools::say(&asked, &parts, &beside, wire),
                (None, None) => match making::makes(&asked.model) {
                    Some(makes) => self.make(makes, call, &asked, wire),
                    None => self.speak(&asked, &text, wire),
                },
            }
        }
        self.change(|state| state.calls[call].finished = true);
    }
}

impl Gemini {
    /// `models.get`, the free probe: it proves the key and nothing else.
    fn describe_model(&self, asked: &Asked, wire: &mut Wire) {
        let planned = self.change(|state| {
            let problems = asked.problems.iter();
            state
                .violations
                .extend(problems.map(|what| format!("gemini, probe: {what}")));
            let (name, _) = state.keys.get(&asked.key).cloned()?;
            state.probes.push(name.clone());
            Some(state.planned(&name, asked))
        });
        match planned {
            None => Fault::INVALID_KEY.happen(asked, "", wire),
            Some(Some(fault)) if fault.reaches_a_probe() => fault.happen(asked, "", wire),
            Some(_) => wire.json(
                200,
                &json!({"name": format!("models/{}", asked.model), "version": "1",
                    "displayName": asked.model, "inputTokenLimit": 1_048_576,
                    "outputTokenLimit": 65_536,
                    "supportedGenerationMethods": ["generateContent", "countTokens"]}),
            ),
        }
    }
}

/// Whether the address in the bot's settings is not the service's: a gateway answers there, which
/// knows no such path.
fn is_elsewhere(request: &Request) -> bool {
    request.path.find("/v1beta/").is_some_and(|at| at > 0)
}
