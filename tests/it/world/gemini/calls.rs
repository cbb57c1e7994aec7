//! What the stand-in remembers of calls, and what tests ask of that.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{Fault, Gemini};
use crate::world::{PATIENCE, now};

/// One generate request as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) key: String,
    pub(crate) project: String,
    pub(crate) model: String,
    pub(crate) contents: Value,
    /// The `generationConfig`.
    pub(crate) config: Value,
    /// What it offers; null where that is nothing.
    pub(crate) tools: Value,
    pub(crate) system: Option<String>,
    pub(crate) streamed: bool,
    pub(crate) at: Duration,
    /// The day in `America/Los_Angeles`.
    pub(crate) day: String,
    pub(crate) fault: Option<Fault>,
    /// The answer, or the fault, is over.
    pub(crate) finished: bool,
}

impl Call {
    /// Whether the service spends quota on it: all but what it refused unread.
    pub(super) fn counts(&self) -> bool {
        !self
            .fault
            .is_some_and(|fault| matches!(fault.status(), 401 | 403 | 404 | 429))
    }

    /// The text of the question.
    pub(crate) fn question(&self) -> String {
        let last = self.contents.as_array().and_then(|turns| turns.last());
        let parts = last.and_then(|turn| turn["parts"].as_array());
        let texts = parts
            .into_iter()
            .flatten()
            .filter_map(|part| part["text"].as_str());
        texts.collect::<Vec<_>>().join("\n")
    }

    /// The files of all turns, in order: their MIME types and bytes.
    pub(crate) fn media(&self) -> Vec<(String, Vec<u8>)> {
        let turns = self.contents.as_array().into_iter().flatten();
        let parts = turns.flat_map(|turn| turn["parts"].as_array().into_iter().flatten());
        let of_part = |part: &Value| {
            let mime = part["inlineData"]["mimeType"].as_str()?;
            let data = part["inlineData"]["data"].as_str()?;
            let bytes = STANDARD.decode(data).expect("checked when it came");
            Some((mime.to_owned(), bytes))
        };
        parts.filter_map(of_part).collect()
    }
}

impl Gemini {
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.state.lock().calls.clone()
    }

    pub(crate) fn calls_by(&self, key: &str) -> usize {
        self.state
            .lock()
            .calls
            .iter()
            .filter(|call| call.key == key)
            .count()
    }

    /// Free probes with a key.
    pub(crate) fn probes_by(&self, key: &str) -> usize {
        let state = self.state.lock();
        state.probes.iter().filter(|name| *name == key).count()
    }

    /// Requests to another address than the service's.
    pub(crate) fn misrouted(&self) -> usize {
        self.state.lock().misrouted
    }

    /// Calls whose question holds a word.
    pub(crate) fn calls_about(&self, word: &str) -> Vec<Call> {
        let calls = self.calls().into_iter();
        calls
            .filter(|call| call.question().contains(word))
            .collect()
    }

    /// Calls that were answered 429 because a limit was passed.
    pub(crate) fn provoked(&self) -> usize {
        let quota =
            |call: &&Call| matches!(call.fault, Some(Fault::DAY_QUOTA | Fault::MINUTE_QUOTA));
        self.state.lock().calls.iter().filter(quota).count()
    }

    /// Calls that are being answered now.
    pub(crate) fn in_flight(&self) -> usize {
        self.state
            .lock()
            .calls
            .iter()
            .filter(|call| !call.finished)
            .count()
    }

    /// Waits until so many calls have come in.
    #[track_caller]
    pub(crate) fn awaits_calls(&self, count: usize) {
        let start = now();
        let mut state = self.state.lock();
        while state.calls.len() < count {
            let waited = now().saturating_sub(start);
            let seen = state.calls.len();
            assert!(
                waited < PATIENCE,
                "{seen} of {count} calls within {PATIENCE:?}"
            );
            self.changed
                .wait_for(&mut state, PATIENCE.saturating_sub(waited));
        }
    }

    /// The most calls any (project, model) got on one Pacific day.
    pub(crate) fn busiest_day(&self) -> usize {
        let same = |a: &Call, b: &Call| a.day == b.day;
        self.busiest(same)
    }

    /// The most calls any (project, model) got within a sliding window.
    pub(crate) fn busiest_window(&self, window: Duration) -> usize {
        self.busiest(|a, b| a.at <= b.at && b.at.saturating_sub(a.at) < window)
    }

    /// The largest number of counted calls of one (project, model) that go together with one.
    fn busiest(&self, together: impl Fn(&Call, &Call) -> bool) -> usize {
        let calls: Vec<Call> = self.calls().into_iter().filter(Call::counts).collect();
        let bucket = |a: &Call, b: &Call| a.project == b.project && a.model == b.model;
        let crowd = |a: &Call| {
            let with = |b: &&Call| bucket(a, b) && together(a, b);
            calls.iter().filter(with).count()
        };
        calls.iter().map(crowd).max().unwrap_or(0)
    }
}
