//! What the model has done for a question: functions of the bot that it calls, and tools that the
//! service runs itself. Rules for requests that offer them, after gemini-api §12 and §13.

use serde_json::{Value, json};

use super::Gemini;
use super::request::Asked;
use crate::world::http::Wire;

/// What Google documents for histories whose signatures are lost or another model's.
const PLACEHOLDER: &str = "skip_thought_signature_validator";

/// What the model does when a question holds a word.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// Calls these functions (name, arguments), all of a step at once, one step after the other.
    Calls(Vec<Vec<(String, Value)>>),
    /// Calls these whatever comes of it.
    CallsForEver(Vec<(String, Value)>),
    /// Answers with these parts, and these fields of the candidate beside them, where the request
    /// offers this tool.
    Says {
        tool: String,
        parts: Vec<Value>,
        beside: Value,
    },
}

impl Gemini {
    /// To questions that hold this word it calls functions, whether it was offered them or not.
    pub(crate) fn calls_functions(&self, word: &str, steps: &[&[(&str, Value)]]) {
        let steps = steps.iter().map(|step| owned(step)).collect();
        self.acts(word, Act::Calls(steps));
    }

    /// The same, again and again.
    pub(crate) fn calls_for_ever(&self, word: &str, step: &[(&str, Value)]) {
        self.acts(word, Act::CallsForEver(owned(step)));
    }

    /// Questions that hold this word and offer this tool are answered so.
    pub(crate) fn uses(&self, tool: &str, word: &str, parts: &[Value], beside: Value) {
        let act = Act::Says {
            tool: tool.to_owned(),
            parts: parts.to_vec(),
            beside,
        };
        self.acts(word, act);
    }

    fn acts(&self, word: &str, act: Act) {
        self.change(|state| state.acts.push((word.to_owned(), act)));
    }

    /// What the model says instead of a text.
    pub(super) fn acted(&self, asked: &Asked) -> Option<(Vec<Value>, Value)> {
        let acts = self.change(|state| state.acts.clone());
        let text = asked.asked();
        let about = acts.iter().filter(|(word, _)| text.contains(word.as_str()));
        about.map(|(_, act)| act).find_map(|act| match act {
            Act::Calls(steps) => {
                let step = steps.get(asked.steps())?;
                Some((called(asked, step), json!({})))
            }
            Act::CallsForEver(step) => Some((called(asked, step), json!({}))),
            Act::Says {
                tool,
                parts,
                beside,
            } => asked.offers(tool).then(|| (parts.clone(), beside.clone())),
        })
    }
}

fn owned(step: &[(&str, Value)]) -> Vec<(String, Value)> {
    let owned = |(name, arguments): &(&str, Value)| ((*name).to_owned(), arguments.clone());
    step.iter().map(owned).collect()
}

/// Calls side by side: only the first is signed.
fn called(asked: &Asked, step: &[(String, Value)]) -> Vec<Value> {
    let nth = asked.steps();
    let call = |(at, (name, arguments)): (usize, &(String, Value))| {
        let call = json!({"id": format!("call-{nth}-{at}"), "name": name, "args": arguments});
        if at == 0 {
            json!({"functionCall": call, "thoughtSignature": signature(&asked.model)})
        } else {
            json!({ "functionCall": call })
        }
    };
    step.iter().enumerate().map(call).collect()
}

fn signature(model: &str) -> String {
    format!("c2lnbmVk{}", model.replace(['-', '.'], ""))
}

/// Says parts as they are, by the endpoint that was asked.
pub(super) fn say(asked: &Asked, parts: &[Value], beside: &Value, wire: &mut Wire) {
    let usage = json!({"promptTokenCount": 9, "candidatesTokenCount": 7,
        "thoughtsTokenCount": 5, "totalTokenCount": 21});
    let chunk = |parts: &[Value], is_last: bool| {
        let mut candidate = json!({"index": 0});
        if !parts.is_empty() {
            candidate["content"] = json!({"role": "model", "parts": parts});
        }
        if is_last {
            candidate["finishReason"] = "STOP".into();
            let fields = candidate.as_object_mut().expect("an object");
            fields.extend(beside.as_object().cloned().unwrap_or_default());
        }
        json!({"candidates": [candidate], "usageMetadata": usage, "modelVersion": asked.model})
    };
    if !asked.streamed {
        return wire.json(200, &chunk(parts, true));
    }
    wire.begin_stream();
    for part in parts {
        wire.piece(&format!(
            "data: {}\r\n\r\n",
            chunk(std::slice::from_ref(part), false)
        ));
    }
    wire.piece(&format!("data: {}\r\n\r\n", chunk(&[], true)));
    wire.end_stream();
}

impl Asked {
    /// The texts of the newest turn of the person that has any.
    pub(super) fn asked(&self) -> String {
        let mut turns = self.turns().iter().rev();
        let texts = turns.find_map(|turn| {
            let texts = parts_of(turn).filter_map(|part| part["text"].as_str());
            let texts = texts.collect::<Vec<_>>().join("\n");
            (turn["role"] == "user" && !texts.is_empty()).then_some(texts)
        });
        texts.unwrap_or_default()
    }

    /// Steps of calls that were done since.
    pub(super) fn steps(&self) -> usize {
        let turns = self.turns().iter().rev();
        let done = turns.take_while(|turn| {
            turn["role"] == "model" || parts_of(turn).all(|part| part["text"].is_null())
        });
        done.filter(|turn| turn["role"] == "user").count()
    }

    /// What came of the calls of the last step.
    pub(super) fn results(&self) -> Vec<Value> {
        let last = self.turns().last().into_iter();
        let results = last
            .flat_map(parts_of)
            .filter_map(|part| part.get("functionResponse"));
        results.map(|result| result["response"].clone()).collect()
    }

    fn offers(&self, tool: &str) -> bool {
        let tools = self.body["tools"].as_array();
        tools.into_iter().flatten().any(|it| it.get(tool).is_some())
    }
}

fn parts_of(turn: &Value) -> impl Iterator<Item = &Value> {
    turn["parts"].as_array().into_iter().flatten()
}

/// What is wrong with the tools that a request offers.
pub(super) fn check_offered(model: &str, body: &Value) -> Vec<String> {
    const TOOLS: [&str; 4] = [
        "functionDeclarations",
        "googleSearch",
        "urlContext",
        "codeExecution",
    ];
    let tools = &body["tools"];
    if tools.is_null() {
        return Vec::new();
    }
    let mut problems = Vec::new();
    if model.starts_with("gemma") {
        problems.push("gemma takes no tools".to_owned());
    }
    let Some(tools) = tools.as_array().filter(|tools| !tools.is_empty()) else {
        return vec!["tools are no list".to_owned()];
    };
    let names: Vec<&String> = tools
        .iter()
        .filter_map(Value::as_object)
        .flat_map(serde_json::Map::keys)
        .collect();
    for name in &names {
        if !TOOLS.contains(&name.as_str()) {
            problems.push(format!("unknown tool {name}"));
        }
    }
    let is_mixed = names.len() > 1 && names.iter().any(|name| *name == "functionDeclarations");
    if is_mixed {
        problems.push("functions beside tools of the service".to_owned());
    }
    for function in tools
        .iter()
        .filter_map(|tool| tool["functionDeclarations"].as_array())
        .flatten()
    {
        problems.extend(check_function(function));
    }
    problems
}

fn check_function(function: &Value) -> Vec<String> {
    let name = function["name"].as_str().unwrap_or_default();
    let mut problems = Vec::new();
    let mut letters = name.chars();
    let begins = letters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let fits = begins && letters.all(|c| c.is_ascii_alphanumeric() || "_.:-".contains(c));
    if !fits || name.len() > 128 {
        problems.push(format!("function name `{name}`"));
    }
    if !function["description"].is_string() {
        problems.push(format!("{name} has no description"));
    }
    if function["parametersJsonSchema"]["type"] != "object" {
        problems.push(format!("the arguments of {name} are no object"));
    }
    let known = ["name", "description", "parametersJsonSchema"];
    for field in function
        .as_object()
        .into_iter()
        .flat_map(serde_json::Map::keys)
    {
        if !known.contains(&field.as_str()) {
            problems.push(format!("unknown field {field} in {name}"));
        }
    }
    problems
}

/// What is wrong with calls of functions in the history: each step of them is signed by this model or
/// has the placeholder, and each call is followed by its result.
pub(super) fn check_calls(model: &str, turns: &[Value]) -> Vec<String> {
    let mut problems = Vec::new();
    for (at, turn) in turns.iter().enumerate() {
        let calls: Vec<&Value> = parts_of(turn)
            .filter(|part| !part["functionCall"].is_null())
            .collect();
        let next = turns.get(at + 1);
        let results: Vec<&Value> = next
            .into_iter()
            .flat_map(parts_of)
            .filter_map(|part| part.get("functionResponse"))
            .collect();
        if turn["role"] == "model" && calls.len() != results.len() {
            problems.push(format!(
                "{} calls and {} results",
                calls.len(),
                results.len()
            ));
        }
        for (call, result) in calls.iter().zip(&results) {
            let call = &call["functionCall"];
            if call["id"] != result["id"] || call["name"] != result["name"] {
                problems.push(format!("{result} is no result of {call}"));
            }
            let response = result["response"].as_object();
            if !response.is_some_and(|it| it.contains_key("output") || it.contains_key("error")) {
                problems.push(format!("{result} says nothing"));
            }
        }
        for (nth, call) in calls.iter().enumerate() {
            let signed = call["thoughtSignature"].as_str();
            let fits = match (nth, signed) {
                (0, Some(by)) => by == PLACEHOLDER || by == signature(model),
                (0, None) => false,
                (_, signed) => signed.is_none(),
            };
            if !fits {
                problems.push(format!("call {nth} is signed {signed:?} for {model}"));
            }
        }
    }
    problems
}
