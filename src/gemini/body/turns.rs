//! What was said, as the service wants it: speakers alternate, no turn is empty, and the last one is
//! the person's. Pure.

use serde_json::{Map, Value};

use crate::chat::part::PromptPart;
use crate::chat::prompt::{Message, Prompt, Speaker};

/// The turns of a request. Where it does not offer functions, what came of some that were called with
/// another one is told in words, and the calls are left out.
pub(super) fn turns(prompt: &Prompt, offers_functions: bool) -> Vec<Message> {
    let mut turns: Vec<Message> = Vec::new();
    for message in &prompt.messages {
        let parts = match message.speaker {
            Speaker::Person => message.parts.clone(),
            Speaker::Model => without_signed_text(&message.parts),
        };
        let parts = parts.into_iter().filter(is_sendable);
        let parts: Vec<PromptPart> = if offers_functions {
            parts.collect()
        } else {
            parts.filter_map(without_functions).collect()
        };
        match turns.last_mut() {
            Some(last) if last.speaker == message.speaker => last.parts.extend(parts),
            _ => turns.push(Message {
                speaker: message.speaker,
                parts,
            }),
        }
        if turns.last().is_some_and(|turn| turn.parts.is_empty()) {
            turns.pop();
        }
    }
    while turns.last().is_some_and(|t| t.speaker == Speaker::Model) {
        turns.pop();
    }
    turns
}

fn is_sendable(part: &PromptPart) -> bool {
    match part {
        PromptPart::Text(text) => !text.is_empty(),
        PromptPart::Media { .. } | PromptPart::Result(_) => true,
        PromptPart::Signed(json) => signed_object(json).is_some(),
    }
}

fn without_functions(part: PromptPart) -> Option<PromptPart> {
    match part {
        PromptPart::Signed(json) => {
            let is_call =
                signed_object(&json).is_some_and(|object| object.contains_key("functionCall"));
            (!is_call).then_some(PromptPart::Signed(json))
        }
        PromptPart::Result(result) => Some(PromptPart::Text(format!(
            "(What {} told: {})",
            result.name,
            result.response()
        ))),
        PromptPart::Text(_) | PromptPart::Media { .. } => Some(part),
    }
}

pub(super) fn put_first(turns: &mut Vec<Message>, part: PromptPart) {
    match turns.first_mut() {
        Some(first) if first.speaker == Speaker::Person => first.parts.insert(0, part),
        _ => turns.insert(
            0,
            Message {
                speaker: Speaker::Person,
                parts: vec![part],
            },
        ),
    }
}

/// A signed part may hold text that the text before it holds too; it is said once, by the signed part.
pub(super) fn without_signed_text(parts: &[PromptPart]) -> Vec<PromptPart> {
    // Each part with the signed ones that follow it.
    let runs = parts.chunk_by(|_, next| matches!(next, PromptPart::Signed(_)));
    runs.flat_map(said_once).collect()
}

/// A part and the signed ones behind it. Where they no longer agree the signature is worthless and goes.
fn said_once(run: &[PromptPart]) -> Vec<PromptPart> {
    let mut said = run.to_vec();
    let Some(PromptPart::Text(text)) = said.first_mut() else {
        return said;
    };
    let signed_text: String = run.iter().filter_map(signed_visible_text).collect();
    if let Some(rest) = text.strip_suffix(&signed_text) {
        text.truncate(rest.len());
    } else {
        said.retain(|part| signed_visible_text(part).is_none());
    }
    said
}

/// The text of a signed part, if it shows any.
fn signed_visible_text(part: &PromptPart) -> Option<String> {
    let PromptPart::Signed(json) = part else {
        return None;
    };
    let object = signed_object(json)?;
    if object.get("thought").and_then(Value::as_bool) == Some(true) {
        return None;
    }
    let text = object.get("text")?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

pub(super) fn signed_object(json: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(json).ok()
}
