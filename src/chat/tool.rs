//! What the model may have done for a question, what of that it asks for, and what came of it. Pure.

use serde_json::{Map, Value};

use crate::catalog::ToolKind;

/// What a request offers to the model. One kind at a time: that a model takes several together is not
/// confirmed (gemini-api §12), and each works by itself on all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Toolset {
    #[default]
    None,
    /// These functions of the bot.
    Functions(Vec<Declaration>),
    /// Google Search.
    Search,
    /// The pages whose addresses stand in the question.
    Pages,
    /// Google's own execution of code.
    Code,
}

impl Toolset {
    /// What a model has to take to be offered these.
    pub(crate) const fn kind(&self) -> Option<ToolKind> {
        match self {
            Self::None => None,
            Self::Functions(_) => Some(ToolKind::Functions),
            Self::Search => Some(ToolKind::Search),
            Self::Pages => Some(ToolKind::Pages),
            Self::Code => Some(ToolKind::Code),
        }
    }
}

/// A function of the bot, as the model is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Declaration {
    pub(crate) name: &'static str,
    pub(crate) description: String,
    /// JSON Schema of its arguments.
    pub(crate) parameters: Value,
}

/// A function that the model wants to have called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ToolCall {
    /// To be given back with the result, where there is one.
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) arguments: Map<String, Value>,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ToolResult {
    /// Of the call.
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    /// What the model is told, or why there is nothing.
    pub(crate) output: Result<Value, String>,
}

impl ToolCall {
    /// What came of this call.
    pub(crate) fn result(&self, output: Result<Value, String>) -> ToolResult {
        ToolResult {
            id: self.id.clone(),
            name: self.name.clone(),
            output,
        }
    }

    /// A text among its arguments.
    pub(crate) fn text(&self, argument: &str) -> Option<&str> {
        let text = self.arguments.get(argument)?.as_str()?.trim();
        (!text.is_empty()).then_some(text)
    }
}

impl ToolResult {
    /// As JSON has it (gemini-api §12).
    pub(crate) fn response(&self) -> Value {
        match &self.output {
            Ok(output) => serde_json::json!({ "output": output }),
            Err(error) => serde_json::json!({ "error": error }),
        }
    }
}
