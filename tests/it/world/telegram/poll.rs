//! getUpdates: what an offset confirms, how long a poll waits, and who is sent away.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Outcome, Refusal, State, Telegram};
use crate::world::http::Wire;
use crate::world::now;

/// The service waits no longer, whatever is asked.
const LONGEST_POLL: Duration = Duration::from_secs(50);
/// The same offset again within this time gets one update only.
const TOO_SOON: Duration = Duration::from_millis(500);
const CONFLICT: &str = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
const WEBHOOK: &str = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";

impl Telegram {
    pub(super) fn get_updates(&self, params: &Value, wire: &mut Wire) -> Outcome {
        let (poll, limit) = self.change(|state| state.begin_poll(params))?;
        let patience = Duration::from_secs(params["timeout"].as_u64().unwrap_or(0));
        let end = now() + patience.min(LONGEST_POLL);
        let mut state = self.state.lock();
        loop {
            if state.poll != poll {
                return Err(Refusal::new(409, CONFLICT));
            }
            if state.outage.is_some() {
                wire.hang_up();
                return Ok(json!([]));
            }
            let batch: Vec<Value> = state.pending.values().take(limit).cloned().collect();
            if !batch.is_empty() || now() >= end || wire.is_deserted() {
                return Ok(Value::Array(batch));
            }
            self.changed.wait_for(&mut state, Duration::from_millis(20));
        }
    }
}

impl State {
    /// Confirms what the offset confirms; the number of this poll and how many updates it may get.
    fn begin_poll(&mut self, params: &Value) -> Result<(u64, usize), Refusal> {
        for problem in super::check::parameters("getUpdates", params) {
            self.violate(&format!("getUpdates: {problem}"));
        }
        if !self.webhook.is_empty() {
            return Err(Refusal::new(409, WEBHOOK));
        }
        if let Some(list) = params["allowed_updates"].as_array() {
            let names = list.iter().filter_map(Value::as_str);
            self.allowed = Some(names.map(str::to_owned).collect());
        }
        let offset = params["offset"].as_i64().unwrap_or(0);
        self.confirm(offset);
        let again = self
            .last_poll
            .is_some_and(|(last, at)| last == offset && now().saturating_sub(at) < TOO_SOON);
        self.last_poll = Some((offset, now()));
        self.poll += 1;
        let limit = params["limit"].as_u64().unwrap_or(100);
        let limit = if again { 1 } else { limit.clamp(1, 100) };
        Ok((self.poll, usize::try_from(limit).expect("at most 100")))
    }

    /// Forgets everything below an offset; a negative one keeps that many from the end.
    fn confirm(&mut self, offset: i64) {
        let first = if offset >= 0 {
            offset
        } else {
            let kept = usize::try_from(-offset).expect("positive");
            let from_the_end = self.pending.keys().rev().nth(kept - 1);
            from_the_end.copied().unwrap_or(i64::MIN)
        };
        self.pending = self.pending.split_off(&first);
    }
}
