//! The rules for requests to Gemini. Pure: what is read, and what is wrong with it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::making;
use super::tools;
use crate::world::http::Request;

/// A request to a model.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(super) model: String,
    pub(super) key: String,
    pub(super) streamed: bool,
    /// `models.get` instead of a question.
    pub(super) is_probe: bool,
    /// Tokens of thought that its answer costs.
    pub(super) thoughts: usize,
    pub(super) body: Value,
    pub(super) problems: Vec<String>,
}

impl Asked {
    pub(super) fn turns(&self) -> &[Value] {
        self.body["contents"].as_array().map_or(&[], Vec::as_slice)
    }

    /// Finished rounds before the question.
    pub(super) fn rounds(&self) -> usize {
        self.turns()
            .iter()
            .filter(|turn| turn["role"] == "model")
            .count()
    }

    pub(super) fn names_a_level(&self) -> bool {
        !self.body["generationConfig"]["thinkingConfig"].is_null()
    }

    /// The texts of the last turn.
    pub(super) fn question(&self) -> String {
        let parts = self
            .turns()
            .last()
            .and_then(|turn| turn["parts"].as_array());
        let texts = parts
            .into_iter()
            .flatten()
            .filter_map(|part| part["text"].as_str());
        texts.collect::<Vec<_>>().join("\n")
    }
}

/// Reads a request; an error when there is no such path.
pub(super) fn read(request: &Request) -> Result<Asked, String> {
    let nowhere = || format!("no such path: {} {}", request.method, request.path);
    let rest = request
        .path
        .strip_prefix("/v1beta/models/")
        .ok_or_else(nowhere)?;
    let (model, verb) = rest.split_once(':').unwrap_or((rest, ""));
    let mut asked = Asked {
        model: model.to_owned(),
        key: String::new(),
        streamed: verb == "streamGenerateContent",
        is_probe: verb.is_empty(),
        thoughts: 0,
        body: Value::Null,
        problems: Vec::new(),
    };
    match (request.method.as_str(), verb) {
        ("GET", "") | ("POST", "generateContent") if request.query.is_empty() => {}
        ("POST", "streamGenerateContent") if request.query == "alt=sse" => {}
        ("GET", "") | ("POST", "generateContent" | "streamGenerateContent") => {
            asked.problems.push(format!("query `{}`", request.query));
        }
        _ => return Err(nowhere()),
    }
    check_credentials(request, &mut asked);
    if levels(model).is_none() {
        asked.problems.push(format!("model {model} does not exist"));
    }
    if !asked.is_probe {
        asked.body = serde_json::from_slice(&request.body).map_err(|error| error.to_string())?;
        if !matches!(request.headers("content-type")[..], [kind] if kind.starts_with("application/json"))
        {
            asked
                .problems
                .push("content-type is not application/json".to_owned());
        }
        check_body(&mut asked);
    }
    Ok(asked)
}

/// Exactly one key, in its header, and no second credential.
fn check_credentials(request: &Request, asked: &mut Asked) {
    match request.headers("x-goog-api-key")[..] {
        [key] => key.clone_into(&mut asked.key),
        ref keys => asked
            .problems
            .push(format!("{} x-goog-api-key headers", keys.len())),
    }
    if request.query.contains("key=") || !request.headers("authorization").is_empty() {
        asked.problems.push("a second credential".to_owned());
    }
}

fn check_body(asked: &mut Asked) {
    const FIELDS: [&str; 8] = [
        "contents",
        "systemInstruction",
        "generationConfig",
        "safetySettings",
        "tools",
        "toolConfig",
        "serviceTier",
        "store",
    ];
    let mut problems = unknown(&asked.body, &FIELDS, "request");
    let mut expected = "user";
    for turn in asked.turns() {
        problems.extend(unknown(turn, &["role", "parts"], "content"));
        if turn["role"] != expected {
            problems.push(format!("role {} where {expected} is due", turn["role"]));
        }
        expected = if turn["role"] == "user" {
            "model"
        } else {
            "user"
        };
        problems.extend(check_parts(&turn["parts"]));
    }
    if asked
        .turns()
        .last()
        .is_none_or(|turn| turn["role"] != "user")
    {
        problems.push("the last turn is not the user's".to_owned());
    }
    let system = &asked.body["systemInstruction"];
    if !system.is_null() {
        problems.extend(unknown(system, &["role", "parts"], "systemInstruction"));
        problems.extend(check_parts(&system["parts"]));
        if asked.model.starts_with("gemma") {
            problems.push("gemma takes no systemInstruction".to_owned());
        }
    }
    problems.extend(check_config(&asked.model, &asked.body["generationConfig"]));
    problems.extend(making::problems(&asked.model, &asked.body));
    problems.extend(tools::check_offered(&asked.model, &asked.body));
    problems.extend(tools::check_calls(&asked.model, asked.turns()));
    asked.problems.append(&mut problems);
}

fn check_parts(parts: &Value) -> Vec<String> {
    const DATA: [&str; 7] = [
        "text",
        "inlineData",
        "fileData",
        "functionCall",
        "functionResponse",
        "executableCode",
        "codeExecutionResult",
    ];
    const BESIDE: [&str; 4] = [
        "thought",
        "thoughtSignature",
        "videoMetadata",
        "mediaResolution",
    ];
    let known = [&DATA[..], &BESIDE[..]].concat();
    let Some(parts) = parts.as_array().filter(|parts| !parts.is_empty()) else {
        return vec!["a turn without parts".to_owned()];
    };
    let mut problems = Vec::new();
    for part in parts {
        problems.extend(unknown(part, &known, "part"));
        let data = DATA.iter().filter(|name| !part[**name].is_null()).count();
        if data != 1 {
            problems.push(format!("a part with {data} data fields"));
        }
        if !part["inlineData"].is_null() {
            problems.extend(check_media(&part["inlineData"]));
        }
        let signed = !part["thoughtSignature"].is_null();
        if part["text"] == "" && !signed {
            problems.push("an empty text".to_owned());
        }
    }
    problems
}

/// A file within the request: of a kind that models take, in base64 with its padding.
fn check_media(data: &Value) -> Vec<String> {
    const TAKEN: [&str; 22] = [
        "image/png",
        "image/jpeg",
        "image/webp",
        "image/heic",
        "image/heif",
        "audio/wav",
        "audio/mpeg",
        "audio/mp4",
        "audio/aiff",
        "audio/aac",
        "audio/ogg",
        "audio/flac",
        "video/mp4",
        "video/mpeg",
        "video/quicktime",
        "video/avi",
        "video/x-flv",
        "video/webm",
        "video/wmv",
        "video/3gpp",
        "application/pdf",
        "text/plain",
    ];
    let mut problems = unknown(data, &["mimeType", "data"], "inlineData");
    let mime = data["mimeType"].as_str().unwrap_or_default();
    if !TAKEN.contains(&mime) {
        problems.push(format!("inlineData of {mime}"));
    }
    let bytes = data["data"].as_str().map(|data| STANDARD.decode(data));
    if !matches!(bytes, Some(Ok(ref bytes)) if !bytes.is_empty()) {
        problems.push("inlineData is empty or no base64".to_owned());
    }
    problems
}

fn check_config(model: &str, config: &Value) -> Vec<String> {
    const FIELDS: [&str; 13] = [
        "maxOutputTokens",
        "stopSequences",
        "responseMimeType",
        "responseJsonSchema",
        "responseSchema",
        "responseModalities",
        "thinkingConfig",
        "mediaResolution",
        "imageConfig",
        "speechConfig",
        "seed",
        "temperature",
        "topP",
    ];
    if config.is_null() {
        return Vec::new();
    }
    let mut problems = unknown(config, &FIELDS, "generationConfig");
    let classic = model.starts_with("gemini-2.5") || model.starts_with("gemma");
    for knob in ["temperature", "topP"] {
        if !config[knob].is_null() && !classic {
            problems.push(format!("{knob} for {model}"));
        }
    }
    let thinking = &config["thinkingConfig"];
    if thinking.is_null() {
        return problems;
    }
    let names = ["thinkingLevel", "thinkingBudget", "includeThoughts"];
    problems.extend(unknown(thinking, &names, "thinkingConfig"));
    if !thinking["thinkingBudget"].is_null() && !model.starts_with("gemini-2.5") {
        problems.push(format!("thinkingBudget for {model}"));
    }
    if let Some(level) = thinking["thinkingLevel"].as_str()
        && !levels(model).is_some_and(|levels| levels.contains(&level))
    {
        problems.push(format!("thinkingLevel {level} for {model}"));
    }
    problems
}

/// The thinking levels of a model, `None` for a model that does not exist.
fn levels(model: &str) -> Option<&'static [&'static str]> {
    const ALL: &[&str] = &["MINIMAL", "LOW", "MEDIUM", "HIGH"];
    Some(match model {
        "gemini-3.5-flash-lite"
        | "gemini-3.1-flash-lite"
        | "gemini-3.6-flash"
        | "gemini-3.5-flash"
        | "gemini-3-flash-preview" => ALL,
        "gemini-4-hydrogen" => &["LOW", "MEDIUM", "HIGH", "XHIGH"],
        "gemini-3.8-flash"
        | "gemini-3.7-flash"
        | "gemini-4-argon"
        | "gemini-4-carbon"
        | "gemini-3.1-pro-preview" => &["LOW", "MEDIUM", "HIGH"],
        "gemini-2.5-flash-lite"
        | "gemini-2.5-flash"
        | "gemini-2.5-pro"
        | "gemma-4-31b-it"
        | "gemma-4-26b-a4b-it"
        | "gemini-3.1-flash-image"
        | "gemini-3.1-flash-lite-image"
        | "gemini-3-pro-image"
        | "gemini-3.8-flash-tts"
        | "gemini-3.8-flash-lite-tts" => &[],
        "gemini-nano-banana-2.1" => &["MINIMAL", "MEDIUM", "HIGH"],
        _ => return None,
    })
}

fn unknown(object: &Value, known: &[&str], what: &str) -> Vec<String> {
    let empty = Map::new();
    let fields = object.as_object().unwrap_or(&empty).keys();
    fields
        .filter(|name| !known.contains(&name.as_str()))
        .map(|name| format!("unknown field {name} in {what}"))
        .collect()
}
