//! Answers that no table of the Bot API has, as a test orders them.

use serde_json::{Value, json};

use super::{State, TOKEN, Telegram};
use crate::world::http::{Raw, Wire};

/// The next calls of a method are answered like this.
#[derive(Debug)]
pub(super) struct Undocumented {
    method: String,
    /// In which chat; of calls about none, `None`.
    chat: Option<i64>,
    raw: Raw,
    times: usize,
}

impl Telegram {
    /// So many calls of a method (about this chat, where it is about one) are answered like this. A
    /// body with `{result}` in it says that the call was carried out; with any other it is not.
    pub(crate) fn answers_undocumented(
        &self,
        (method, chat): (&str, Option<i64>),
        raw: Raw,
        times: usize,
    ) {
        let method = method.to_owned();
        self.change(|state| {
            state.undocumented.push(Undocumented {
                method,
                chat,
                raw,
                times,
            });
        });
    }

    /// How many of the ordered answers have not been given yet.
    pub(crate) fn undocumented_left(&self) -> usize {
        self.state
            .lock()
            .undocumented
            .iter()
            .map(|undocumented| undocumented.times)
            .sum()
    }

    /// The answer that was ordered for this call, if one was; whether it was given.
    pub(super) fn gave_undocumented(
        &self,
        (method, params): (&str, &Value),
        call: usize,
        wire: &mut Wire,
    ) -> bool {
        let answer = self.change(|state| {
            let raw = state.next_undocumented(method, params["chat_id"].as_i64())?;
            let mut body = raw.body.replace("{token}", TOKEN);
            if body.contains("{result}") {
                match state.perform(method, params) {
                    Ok(result) => body = filled(&body, &result),
                    Err(refusal) => body = refusal.body().to_string(),
                }
            }
            state.calls[call].status = raw.number();
            Some((raw, body))
        });
        if let Some((raw, body)) = &answer {
            wire.raw(raw, body);
        }
        answer.is_some()
    }
}

impl State {
    fn next_undocumented(&mut self, method: &str, chat: Option<i64>) -> Option<Raw> {
        let is_meant = |undocumented: &&mut Undocumented| {
            undocumented.method == method && undocumented.chat == chat && undocumented.times > 0
        };
        let undocumented = self.undocumented.iter_mut().find(is_meant)?;
        undocumented.times -= 1;
        Some(undocumented.raw)
    }
}

/// The body with what the method gives, or with its message's id as a text.
fn filled(body: &str, result: &Value) -> String {
    let mut worded = result.clone();
    if let Some(id) = result["message_id"].as_i64() {
        worded["message_id"] = json!(id.to_string());
    }
    body.replace("{result} in words", &worded.to_string())
        .replace("{result}", &result.to_string())
}
