//! What the bot does for the model when the model asks for it: one file for each tool, and one line
//! for it in [`TOOLS`].
//!
//! Invariant: only what a turn has declared to the model is run in it, and a tool changes nothing: what
//! it is to change is changed by the commit that ends the turn.

mod calculator;
mod recall;
mod remind;
mod time;

use std::pin::Pin;
use std::sync::Arc;

use jiff::tz::TimeZone;
use log::{debug, info};
use serde_json::Value;

use crate::app::engine::Engine;
use crate::chat::part::PromptPart;
use crate::chat::reminder::Reminder;
use crate::chat::tool::{Declaration, ToolCall, Toolset};
use crate::chat::{Lane, MessageId};
use crate::clock::Timestamp;

/// Every tool.
const TOOLS: &[Tool] = &[time::TOOL, calculator::TOOL, recall::TOOL, remind::TOOL];

/// Calls of one answer that are run; what is asked for beyond is refused.
const MOST_AT_ONCE: usize = 8;

/// One tool.
struct Tool {
    name: &'static str,
    needs: Needs,
    description: fn(&Toolbox<'_>) -> String,
    /// JSON Schema of its arguments.
    parameters: fn() -> Value,
    run: for<'a> fn(&'a Toolbox<'_>, &'a ToolCall) -> Running<'a>,
}

/// A tool at work; or why nothing comes of it, for the model.
type Running<'a> = Pin<Box<dyn Future<Output = Result<Done, String>> + Send + 'a>>;

/// What a tool has done.
struct Done {
    /// What the model is told.
    told: Value,
    /// What is to be set.
    reminder: Option<Reminder>,
}

impl From<Value> for Done {
    fn from(told: Value) -> Self {
        Self {
            told,
            reminder: None,
        }
    }
}

/// The turns in which a tool may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    /// The asker typed every word of the question (design §10), and has a history here.
    OwnWordsAndHistory,
    /// The same, in a chat, with or without a history.
    OwnWordsInChat,
}

/// Whose turn it is, and what holds in it.
pub(crate) struct Circumstances<'a> {
    pub(crate) engine: &'a Arc<Engine>,
    pub(crate) lane: Lane,
    /// The message that asked.
    pub(crate) message: Option<MessageId>,
    pub(crate) now: Timestamp,
    /// Of the asker.
    pub(crate) zone: TimeZone,
    /// The question holds words that the asker did not type.
    pub(crate) is_untrusted: bool,
    /// Rounds of the asker are remembered.
    pub(crate) has_history: bool,
}

/// The tools of one turn.
pub(crate) struct Toolbox<'a> {
    of: Circumstances<'a>,
    offered: Vec<&'static Tool>,
    /// To be set when the turn ends.
    pub(crate) reminders: Vec<Reminder>,
}

impl<'a> Toolbox<'a> {
    /// What such a turn may use.
    pub(crate) fn new(of: Circumstances<'a>) -> Self {
        let may = |tool: &&Tool| match tool.needs {
            Needs::Nothing => true,
            Needs::OwnWordsAndHistory => !of.is_untrusted && of.has_history,
            Needs::OwnWordsInChat => !of.is_untrusted && of.lane.chat().is_some(),
        };
        let offered = TOOLS.iter().filter(may).collect();
        Self {
            of,
            offered,
            reminders: Vec::new(),
        }
    }

    /// What the model is told of them.
    pub(crate) fn declared(&self) -> Toolset {
        let tools = self.offered.iter();
        let declared = tools.map(|tool| Declaration {
            name: tool.name,
            description: (tool.description)(self),
            parameters: (tool.parameters)(),
        });
        Toolset::Functions(declared.collect())
    }

    /// What the model is told beside, so that it does not promise what it cannot do.
    pub(crate) const fn told(&self) -> &'static str {
        if self.of.is_untrusted {
            "\nAs there are words of others before you, you can set no reminder in this turn and look \
             nothing up in earlier conversations. If the person asks for a reminder, tell them that \
             /remind sets one, as in /remind 30m call Bob."
        } else {
            ""
        }
    }

    /// Does what an answer asks for: one result for each call, in order.
    pub(crate) async fn run(&mut self, calls: &[ToolCall]) -> Vec<PromptPart> {
        let mut results = Vec::new();
        for (nth, call) in calls.iter().enumerate() {
            let output = if nth < MOST_AT_ONCE {
                self.run_one(call).await
            } else {
                Err(format!("only {MOST_AT_ONCE} calls are done at once"))
            };
            debug!(tool = call.name.as_str(), done = output.is_ok(); "a tool was called");
            results.push(PromptPart::Result(call.result(output)));
        }
        results
    }

    async fn run_one(&mut self, call: &ToolCall) -> Result<Value, String> {
        let Some(tool) = self.offered.iter().find(|tool| tool.name == call.name) else {
            let name: String = call.name.chars().take(64).collect();
            info!(name, untrusted = self.of.is_untrusted; "the model called what it was not offered");
            return Err("there is no such function in this turn".to_owned());
        };
        let done = (tool.run)(self, call).await?;
        self.reminders.extend(done.reminder);
        Ok(done.told)
    }
}
