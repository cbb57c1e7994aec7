//! An answer in the making: events, each with a chunk of the answer, to what the model said so far. Pure.
//!
//! How one part of an answer is read stands here and nowhere else. Owner: one [`Gathered`] per call.
//! Invariant: what comes after an error changes nothing.

mod broken_json;
mod grounded;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::inline_data::LOST;
use super::stream::Event;
use super::wire::{Chunk, if_possible};
use crate::chat::Part;
use crate::chat::answer::Usage;
use crate::chat::grounding::Grounding;
use crate::chat::tool::ToolCall;
use crate::render::is_blank;
use broken_json::parsed;

/// What we look at in a part.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Received {
    #[serde(default, deserialize_with = "if_possible")]
    text: Option<String>,
    /// A summary of thoughts, not to be shown.
    #[serde(default, deserialize_with = "if_possible")]
    thought: Option<bool>,
    #[serde(default, deserialize_with = "if_possible")]
    thought_signature: Option<String>,
    #[serde(default, deserialize_with = "if_possible")]
    inline_data: Option<InlineData>,
    #[serde(default, deserialize_with = "if_possible")]
    function_call: Option<FunctionCall>,
    #[serde(default, deserialize_with = "if_possible")]
    executable_code: Option<ExecutableCode>,
    #[serde(default, deserialize_with = "if_possible")]
    code_execution_result: Option<CodeExecutionResult>,
}

/// A file that the model made.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct InlineData {
    mime_type: String,
    /// The name of the file that its base64 has become, or [`LOST`].
    data: String,
}

/// A program that the service runs for the model.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ExecutableCode {
    language: String,
    code: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CodeExecutionResult {
    output: String,
}

#[derive(Debug, Deserialize)]
struct FunctionCall {
    id: Option<String>,
    name: String,
    #[serde(default, deserialize_with = "if_possible")]
    args: Option<Map<String, Value>>,
}

/// What of a stream was passed over or mended; for the log.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Oddities {
    /// Lines that are neither a field nor JSON.
    pub(super) lines: u32,
    /// Parts of an answer in which nothing could be read.
    pub(super) parts: u32,
    /// Pieces of JSON that could be read only once they were mended.
    pub(super) mended: u32,
}

/// An answer in the making; from a stream, or from the one chunk of a whole response.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Gathered {
    /// What the model said, in order. Text that comes in pieces is one part; a signature that comes
    /// between them stands behind it.
    pub(super) parts: Vec<Part>,
    /// Functions that the model wants to have called, in order.
    pub(super) calls: Vec<ToolCall>,
    /// Where the answer has its facts from.
    pub(super) grounding: Grounding,
    /// What the newest event added to the text of all parts.
    pub(super) added: String,
    /// The counts are cumulative: the last ones count.
    pub(super) usage: Usage,
    pub(super) finish_reason: Option<String>,
    pub(super) block_reason: Option<String>,
    pub(super) model: Option<String>,
    /// The first error the stream held, as JSON; what comes after it does not matter.
    pub(super) error: Option<String>,
    pub(super) oddities: Oddities,
    /// A file of the answer could not be stored.
    pub(super) has_lost_a_file: bool,
    /// Something came that only an answer holds; an error and a closing mark do not.
    pub(super) is_answer: bool,
    /// The first half of a character that a gateway has cut in two; the next text may hold the rest.
    pub(super) half: Option<u16>,
}

impl Gathered {
    /// Takes one event.
    pub(super) fn take(&mut self, event: Event) {
        self.added.clear();
        if self.error.is_some() {
            return;
        }
        match event {
            Event::Json(json) => self.take_json(json),
            Event::Stray => self.oddities.lines += 1,
            Event::TooLong => self.error = Some("{\"message\":\"line too long\"}".to_owned()),
        }
    }

    /// Whether there is a part that a chat could be sent.
    pub(super) fn shows_anything(&self) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Text(text) => !text.chars().all(is_blank),
            Part::Made { .. } => true,
            // A signature is for the model only, the others are parts of questions.
            Part::Signed(_)
            | Part::File { .. }
            | Part::Quote(_)
            | Part::Enclosed(_)
            | Part::Summary(_) => false,
        })
    }

    fn take_json(&mut self, json: String) {
        // OpenAI-style gateways end with it; Google does not.
        if json == "[DONE]" {
            return;
        }
        let chunks = if json.starts_with('[') {
            parsed::<Vec<Chunk>>(&json)
        } else {
            parsed::<Chunk>(&json).map(|(chunk, is_mended)| (vec![chunk], is_mended))
        };
        match chunks {
            Some((chunks, is_mended)) => {
                self.oddities.mended += u32::from(is_mended);
                for chunk in chunks {
                    self.add(chunk, is_mended);
                }
            }
            None => self.error = Some(json),
        }
    }

    /// Adds a chunk that holds only what is new.
    fn add(&mut self, chunk: Chunk, is_mended: bool) {
        if let Some(error) = chunk.error {
            self.error = Some(error.get().to_owned());
            return;
        }
        self.is_answer |= chunk.is_answer();
        if let Some(usage) = chunk.usage_metadata {
            self.usage = Usage {
                prompt: usage.prompt.0,
                answer: usage.candidates.0,
                thoughts: usage.thoughts.0,
            };
        }
        if let Some(feedback) = chunk.prompt_feedback {
            self.block_reason = self.block_reason.take().or(feedback.block_reason);
        }
        self.model = chunk.model_version.or_else(|| self.model.take());
        let Some(first) = chunk.candidates.and_then(|all| all.into_iter().next()) else {
            return;
        };
        self.finish_reason = first.finish_reason.or_else(|| self.finish_reason.take());
        if let Some(found) = first.grounding_metadata {
            grounded::take(&mut self.grounding, found);
        }
        if let Some(found) = first.url_context_metadata {
            grounded::take_pages(&mut self.grounding, found);
        }
        let parts = first.content.and_then(|content| content.parts);
        for raw in parts.unwrap_or_default() {
            self.add_part(raw.get(), is_mended);
        }
    }

    /// `is_mended` tells that the JSON around it had to be.
    fn add_part(&mut self, raw: &str, is_mended: bool) {
        let Some((part, was_broken)) = parsed::<Received>(raw) else {
            self.oddities.parts += 1;
            return;
        };
        self.oddities.mended += u32::from(was_broken);
        let is_mended = is_mended || was_broken;
        if let Some(call) = part.function_call {
            return self.add_call(call, raw, is_mended);
        }
        // As text they are shown and remembered like the rest of it; what signs them signs no text.
        if let Some(program) = part.executable_code {
            let block = code_block(&program.language.to_lowercase(), &program.code);
            return self.add_text(&block, is_mended);
        }
        if let Some(result) = part.code_execution_result {
            return self.add_text(&code_block("", &result.output), is_mended);
        }
        // A signed file is not kept to be replayed: it would be sent whole with every later question.
        let is_file = part.inline_data.is_some();
        if part.thought != Some(true) {
            self.add_text(&part.text.unwrap_or_default(), is_mended);
            if let Some(file) = part.inline_data {
                self.add_file(file);
            }
        }
        // What was mended is not what was signed.
        if part.thought_signature.is_some() && !is_mended && !is_file {
            self.parts.push(Part::Signed(raw.as_bytes().to_vec()));
        }
    }

    /// What was mended may call for something else than the model did: nothing comes of it.
    fn add_call(&mut self, call: FunctionCall, raw: &str, is_mended: bool) {
        if is_mended {
            self.oddities.parts += 1;
            return;
        }
        self.parts.push(Part::Signed(raw.as_bytes().to_vec()));
        self.calls.push(ToolCall {
            id: call.id,
            name: call.name,
            arguments: call.args.unwrap_or_default(),
        });
    }

    fn add_file(&mut self, file: InlineData) {
        let InlineData { mime_type, data } = file;
        if data == LOST {
            self.has_lost_a_file = true;
            return;
        }
        self.parts.push(Part::Made {
            mime: mime_type,
            file: data,
        });
    }

    fn add_text(&mut self, text: &str, is_mended: bool) {
        if text.is_empty() {
            return;
        }
        let before = self.added.len();
        if is_mended || self.half.is_some() {
            self.half = broken_json::join(&mut self.added, self.half.take(), text, is_mended);
        } else {
            self.added.push_str(text);
        }
        let text = self.added.get(before..).unwrap_or_default();
        if text.is_empty() {
            return;
        }
        let is_shown = |part: &&mut Part| !matches!(part, Part::Signed(_));
        if let Some(Part::Text(begun)) = self.parts.iter_mut().rev().find(is_shown) {
            begun.push_str(text);
            return;
        }
        let is_further = self.parts.iter().any(|part| part.text().is_some());
        self.parts.push(Part::Text(text.to_owned()));
        if is_further {
            self.added.insert(before, '\n');
        }
    }
}

/// A fenced block that what it holds cannot end; nothing of nothing.
fn code_block(language: &str, text: &str) -> String {
    let text = text.trim_end();
    if text.is_empty() {
        return String::new();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let language: String = language
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    format!("\n\n{fence}{language}\n{text}\n{fence}\n\n")
}

#[cfg(test)]
mod tests;
