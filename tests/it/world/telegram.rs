//! A strict stand-in for the Telegram Bot API. It keeps state as the service does, follows the
//! published rules rather than our client, and notes every breach of them as a violation.
//!
//! `poll` has getUpdates. A call that writes is checked against `permissions` (may the bot write there?)
//! and `limits` (how much?); `send` carries it out by the rules of `check` and changes the
//! `chat_state`.
//! `files` has what people sent and the bot may fetch.
//! `refusals` and `undocumented` answers are given when a test orders them. `people` are those who talk
//! to the bot, `presses` what they do with buttons, `profile` what is shown of the bot, `inspect` what tests see of it all.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use serde_json::{Value, json};

use super::http::{Request, Service, Trouble, Wire};
use super::now;

mod chat_state;
mod check;
mod files;
mod inspect;
mod limits;
mod people;
mod permissions;
mod poll;
mod presses;
mod profile;
mod reask;
mod refusals;
mod send;
mod undocumented;

use chat_state::Chat;
pub(crate) use chat_state::{Draft, Frame, Message};
use limits::Gauge;
pub(crate) use limits::{Passed, Traffic};
pub(crate) use people::{Group, Person, contact, forward, forward_of, paid, photo, typed};
pub(crate) use permissions::UNDER_WAY;
pub(crate) use refusals::ALWAYS;

/// The token of every world; its second half alone is looked for in all that the bot writes.
pub(crate) const TOKEN: &str = "7000000001:AAHtoken-of-the-bot-under-test_q8Zr";
pub(crate) const BOT_ID: i64 = 7_000_000_001;
pub(crate) const BOT_NAME: &str = "testbot";

/// One request as it came in; `status` 0 means that no answer was given.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) chat: Option<i64>,
    pub(crate) params: Value,
    pub(crate) at: Duration,
    pub(crate) status: u16,
}

/// Why a method failed, as the service words it.
#[derive(Debug)]
struct Refusal {
    code: u16,
    description: String,
    parameters: Value,
}

impl Refusal {
    fn new(code: u16, description: &str) -> Self {
        Self {
            code,
            description: description.to_owned(),
            parameters: Value::Null,
        }
    }

    fn bad(description: &str) -> Self {
        Self::new(400, &format!("Bad Request: {description}"))
    }

    fn body(&self) -> Value {
        let mut body =
            json!({"ok": false, "error_code": self.code, "description": self.description});
        if !self.parameters.is_null() {
            body["parameters"] = self.parameters.clone();
        }
        body
    }
}

type Outcome = Result<Value, Refusal>;

#[derive(Debug, Default)]
struct State {
    /// How far its clock is ahead of the machine's.
    ahead: Duration,
    next_update: i64,
    /// Updates that no `getUpdates` has confirmed.
    pending: BTreeMap<i64, Value>,
    allowed: Option<Vec<String>>,
    /// Rises with every `getUpdates`: an older one that still waits is ended.
    poll: u64,
    last_poll: Option<(i64, Duration)>,
    webhook: String,
    chats: HashMap<i64, Chat>,
    /// Presses that the bot has not answered, and the answers to the others.
    callbacks: BTreeSet<String>,
    answers: HashMap<String, String>,
    refuses_drafts: bool,
    has_privacy_mode: bool,
    gauge: Gauge,
    profile: profile::Profile,
    kept: files::Kept,
    calls: Vec<Call>,
    violations: Vec<String>,
    outage: Option<Trouble>,
    every: Option<(usize, Trouble)>,
    once: Vec<(String, Trouble)>,
    refusals: Vec<refusals::Ordered>,
    /// Calls of which method are answered so late, once each.
    late: Vec<(String, Duration)>,
    revoked: bool,
    undocumented: Vec<undocumented::Undocumented>,
    /// Refusals without a cause that pass by themselves: of which method, with which code.
    passing: Vec<(String, u16)>,
}

/// The service; shared between the server's threads and the test.
#[derive(Debug)]
pub(crate) struct Telegram {
    state: Mutex<State>,
    changed: Condvar,
}

impl Telegram {
    pub(crate) fn new() -> Arc<Self> {
        let state = State {
            next_update: 410_000,
            ..State::default()
        };
        Arc::new(Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
        })
    }

    /// A person, in the private chat with the bot.
    pub(crate) fn person(self: &Arc<Self>, id: i64) -> Person {
        Person::new(Arc::clone(self), id, id)
    }

    /// A group that the bot is a member of and whose every message it receives.
    pub(crate) fn group(self: &Arc<Self>, id: i64) -> Group {
        self.state.lock().chats.entry(id).or_default();
        Group::new(Arc::clone(self), id)
    }

    /// From now on it is so much later for the service and for everybody who writes. The bot goes by
    /// the dates of the service's answers.
    pub(crate) fn moves_on(&self, time: Duration) {
        self.change(|state| state.ahead += time);
    }

    /// How far the service's time is ahead of ours.
    pub(crate) fn is_ahead(&self) -> Duration {
        self.state.lock().ahead
    }

    /// What time it is here.
    fn now(&self) -> Duration {
        now() + self.is_ahead()
    }

    /// `getMe` tells from now on that the bot gets of groups only what is meant for it.
    pub(crate) fn has_privacy_mode(&self) {
        self.change(|state| state.has_privacy_mode = true);
    }

    /// Every call misbehaves from now on.
    pub(crate) fn goes_down(&self, how: Trouble) {
        self.change(|state| state.outage = Some(how));
    }

    pub(crate) fn comes_back(&self) {
        self.change(|state| (state.outage, state.every) = (None, None));
    }

    /// Every `nth` call of any method misbehaves.
    pub(crate) fn every(&self, nth: usize, how: Trouble) {
        self.change(|state| state.every = Some((nth, how)));
    }

    /// The next call of this method misbehaves.
    pub(crate) fn once(&self, method: &str, how: Trouble) {
        self.change(|state| state.once.push((method.to_owned(), how)));
    }

    /// The next call of this method is carried out and answered only after a time.
    pub(crate) fn is_late_once(&self, method: &str, time: Duration) {
        self.change(|state| state.late.push((method.to_owned(), time)));
    }

    /// The token is no longer valid.
    pub(crate) fn revokes_the_token(&self) {
        self.change(|state| state.revoked = true);
    }

    /// The token is valid again.
    pub(crate) fn restores_the_token(&self) {
        self.change(|state| state.revoked = false);
    }

    /// The next call of a method is refused as if the token were wrong, by 401 or by the Bot API's
    /// own 404: restarting servers do that (telegram.md).
    pub(crate) fn refuses_once(&self, method: &str, code: u16) {
        self.change(|state| state.passing.push((method.to_owned(), code)));
    }

    pub(crate) fn has_a_webhook(&self, url: &str) {
        self.change(|state| url.clone_into(&mut state.webhook));
    }

    /// An update exactly as given (its `update_id` is filled in), wanted or not.
    pub(crate) fn raw_update(&self, update: Value) -> i64 {
        self.change(|state| state.enqueue(update))
    }

    /// Every call so far, of one method, or of all with `""`.
    pub(crate) fn calls(&self, method: &str) -> Vec<Call> {
        let wanted = |call: &&Call| method.is_empty() || call.method == method;
        self.state
            .lock()
            .calls
            .iter()
            .filter(wanted)
            .cloned()
            .collect()
    }

    /// Whether every update has been confirmed by a later poll.
    pub(crate) fn is_drained(&self) -> bool {
        self.state.lock().pending.is_empty()
    }

    /// Breaches of the rules noted so far.
    pub(crate) fn violations(&self) -> Vec<String> {
        self.state.lock().violations.clone()
    }

    /// Changes the state and wakes whoever waits for a change.
    fn change<T>(&self, how: impl FnOnce(&mut State) -> T) -> T {
        let done = how(&mut self.state.lock());
        self.changed.notify_all();
        done
    }

    /// Waits until the state shows something, at most `patience`.
    fn wait<T>(
        &self,
        patience: Duration,
        mut look: impl FnMut(&mut State) -> Option<T>,
    ) -> Option<T> {
        let start = now();
        let mut state = self.state.lock();
        loop {
            if let Some(seen) = look(&mut state) {
                return Some(seen);
            }
            let left = patience.checked_sub(now().saturating_sub(start))?;
            self.changed.wait_for(&mut state, left);
        }
    }
}

impl State {
    /// The refusal that is due for this call, if one is.
    fn passes(&mut self, method: &str) -> Option<u16> {
        let mut due = self.passing.iter();
        let at = due.position(|(of, _)| of == method)?;
        Some(self.passing.remove(at).1)
    }

    fn violate(&mut self, what: &str) {
        self.violations.push(format!("telegram: {what}"));
    }

    fn enqueue(&mut self, mut update: Value) -> i64 {
        let id = self.next_update;
        self.next_update += 1;
        update["update_id"] = json!(id);
        self.pending.insert(id, update);
        id
    }

    /// Queues an update if the bot asked for its kind.
    fn emit(&mut self, kind: &str, content: &Value) {
        const UNASKED: [&str; 3] = ["chat_member", "message_reaction", "message_reaction_count"];
        let wanted = match self.allowed.as_deref() {
            None | Some([]) => !UNASKED.contains(&kind),
            Some(list) => list.iter().any(|name| name == kind),
        };
        if wanted {
            self.enqueue(json!({ kind: content }));
        }
    }

    /// Writes the call down and says what goes wrong with it.
    fn note(&mut self, method: &str, params: &Value) -> (usize, Option<Trouble>) {
        self.calls.push(Call {
            method: method.to_owned(),
            chat: params["chat_id"].as_i64(),
            params: params.clone(),
            at: now(),
            status: 0,
        });
        let count = self.calls.len();
        let planned = self.once.iter().position(|(name, _)| name == method);
        let trouble = planned.map(|at| self.once.remove(at).1);
        let nth = self.every.filter(|(nth, _)| count.is_multiple_of(*nth));
        let trouble = trouble.or(self.outage).or(nth.map(|(_, how)| how));
        (count - 1, trouble)
    }

    /// How late this call is answered.
    fn takes(&mut self, method: &str) -> Option<Duration> {
        let planned = self.late.iter().position(|(name, _)| name == method)?;
        Some(self.late.remove(planned).1)
    }

    fn perform(&mut self, method: &str, params: &Value) -> Outcome {
        let problems = check::parameters(method, params);
        if !problems.is_empty() {
            for problem in &problems {
                self.violate(&format!("{method}: {problem}"));
            }
            return Err(Refusal::bad(&problems.join(", ")));
        }
        match method {
            "getMe" => Ok(me(self.has_privacy_mode)),
            "setWebhook" | "deleteWebhook" => {
                let url = params["url"].as_str().unwrap_or_default();
                url.clone_into(&mut self.webhook);
                Ok(json!(true))
            }
            "getWebhookInfo" => Ok(json!({"url": self.webhook, "has_custom_certificate": false,
                "pending_update_count": self.pending.len()})),
            "setMyCommands" | "deleteMyCommands" | "setMyDescription" | "setMyShortDescription" => {
                self.profile(method, params)
            }
            "getFile" => self.get_file(params["file_id"].as_str().unwrap_or_default()),
            _ => self.write(method, params),
        }
    }
}

fn me(has_privacy_mode: bool) -> Value {
    json!({"id": BOT_ID, "is_bot": true, "first_name": "Test", "username": BOT_NAME,
        "can_join_groups": true, "can_read_all_group_messages": !has_privacy_mode,
        "supports_inline_queries": false, "has_topics_enabled": false})
}

impl Service for Telegram {
    fn time(&self) -> Duration {
        self.now()
    }

    fn answer(&self, request: &Request, wire: &mut Wire) {
        if let Some(rest) = request.path.strip_prefix("/file/bot") {
            return self.hand_out(rest, request, wire);
        }
        let Some((token, method)) = request
            .path
            .strip_prefix("/bot")
            .and_then(|rest| rest.split_once('/'))
        else {
            self.change(|state| state.violate(&format!("no such path: {}", request.path)));
            return wire.json(404, &Refusal::new(404, "Not Found").body());
        };
        let params = match check::read(method, request) {
            Ok(params) => params,
            Err(problem) => {
                self.change(|state| state.violate(&format!("{method}: {problem}")));
                Value::Null
            }
        };
        let (call, trouble) = self.change(|state| state.note(method, &params));
        if let Some(trouble) = trouble {
            if trouble == Trouble::BadGateway {
                self.state.lock().calls[call].status = 502;
            }
            return wire.suffer(trouble);
        }
        let late = self.change(|state| state.takes(method));
        if late.is_some_and(|time| !wire.work(time)) {
            return;
        }
        if self.gave_undocumented((method, &params), call, wire) {
            return;
        }
        let outcome = if token != TOKEN || self.state.lock().revoked {
            Err(Refusal::new(401, "Unauthorized"))
        } else if let Some(code) = self.change(|state| state.passes(method)) {
            let description = match code {
                404 => "Not Found",
                _ => "Unauthorized",
            };
            Err(Refusal::new(code, description))
        } else if !check::is_known(method) {
            self.change(|state| state.violate(&format!("unknown method {method}")));
            Err(Refusal::new(404, "Not Found"))
        } else if method == "getUpdates" {
            self.get_updates(&params, wire)
        } else {
            self.change(|state| state.perform(method, &params))
        };
        let status = outcome
            .as_ref()
            .map_or_else(|refusal| refusal.code, |_| 200);
        self.change(|state| state.calls[call].status = status);
        match outcome {
            Ok(result) => wire.json(200, &json!({"ok": true, "result": result})),
            Err(refusal) => wire.json(refusal.code, &refusal.body()),
        }
    }
}
