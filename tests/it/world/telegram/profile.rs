//! What Telegram shows of the bot: menus of commands by scope and language, descriptions by language.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::permissions::too_many;
use super::{Outcome, Refusal, State, Telegram, check};
use crate::world::now;

/// Longest descriptions, in UTF-16 units.
const LONGEST: [(&str, &str, usize); 2] = [
    ("setMyDescription", "description", 512),
    ("setMyShortDescription", "short_description", 120),
];

#[derive(Debug, Default)]
pub(super) struct Profile {
    /// By scope (`all_private_chats`, `chat 7`) and language.
    menus: BTreeMap<(String, String), Vec<(String, String)>>,
    /// By parameter and language.
    words: BTreeMap<(String, String), String>,
    /// When these methods may be called again.
    flooded: Option<std::time::Duration>,
}

impl State {
    pub(super) fn profile(&mut self, method: &str, params: &Value) -> Outcome {
        for problem in check::readers(params) {
            self.violate(&format!("{method}: {problem}"));
        }
        let left = self
            .profile
            .flooded
            .and_then(|until| until.checked_sub(now()));
        if let Some(left) = left {
            return Err(too_many(left));
        }
        let language = params["language_code"].as_str().unwrap_or_default();
        let language = language.to_owned();
        if let Some((_, field, longest)) = LONGEST.iter().find(|(name, ..)| *name == method) {
            let text = params[*field].as_str().unwrap_or_default();
            if check::units(text) > *longest {
                self.violate(&format!("{method}: {} units", check::units(text)));
            }
            let key = ((*field).to_owned(), language);
            self.profile.words.insert(key, text.to_owned());
            return Ok(json!(true));
        }
        let scope = &params["scope"];
        let mut name = scope["type"].as_str().unwrap_or("default").to_owned();
        if let Some(chat) = scope["chat_id"].as_i64() {
            if !self.chats.contains_key(&chat) {
                return Err(Refusal::bad("chat not found"));
            }
            name = format!("{name} {chat}");
        }
        if method == "deleteMyCommands" {
            self.profile.menus.remove(&(name, language));
            return Ok(json!(true));
        }
        for problem in check::commands(&params["commands"]) {
            self.violate(&format!("{method}: {problem}"));
        }
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let lines = params["commands"].as_array().into_iter().flatten();
        let lines = lines.map(|line| (word(&line["command"]), word(&line["description"])));
        self.profile.menus.insert((name, language), lines.collect());
        Ok(json!(true))
    }
}

impl Telegram {
    /// The menu of a scope (`all_private_chats`, `chat 7`) in a language (`""` for the one of
    /// everybody): names and descriptions; empty when none is set.
    pub(crate) fn menu(&self, scope: &str, language: &str) -> Vec<(String, String)> {
        let key = (scope.to_owned(), language.to_owned());
        let menus = &self.state.lock().profile.menus;
        menus.get(&key).cloned().unwrap_or_default()
    }

    /// A description (`description`, `short_description`) in a language.
    pub(crate) fn description(&self, field: &str, language: &str) -> Option<String> {
        let key = (field.to_owned(), language.to_owned());
        self.state.lock().profile.words.get(&key).cloned()
    }

    /// Menus and descriptions can be set again only after so many seconds.
    pub(crate) fn floods_the_profile(&self, seconds: u64) {
        let until = now() + std::time::Duration::from_secs(seconds);
        self.change(|state| state.profile.flooded = Some(until));
    }

    /// Calls so far that set or took back a menu or description.
    pub(crate) fn profile_calls(&self) -> usize {
        let calls = self.calls("");
        let is_meant = |method: &str| method.starts_with("setMy") || method == "deleteMyCommands";
        calls.iter().filter(|call| is_meant(&call.method)).count()
    }
}
