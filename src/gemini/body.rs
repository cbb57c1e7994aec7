//! The body of a request: JSON of known length, read piece by piece, in which files are encoded
//! while they are sent. Part of the edge: it opens files, and nothing else.
//!
//! Owner: one [`Body`] per question and model; every attempt opens it again. Invariant: a reader
//! yields exactly [`Body::len`] bytes or an error, and no file is ever whole in memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use self::turns::{put_first, signed_object, turns};
use super::shape::{Output, Shape, Signatures, Wording};
use super::wire::{GenerationConfig, ImageConfig, SAFETY, Settings, SpeechConfig, ThinkingConfig};
use crate::chat::part::PromptPart;
use crate::chat::prompt::{Prompt, Speaker};
use crate::chat::tool::{ToolResult, Toolset};

mod turns;

/// What Google documents for histories whose signatures are lost or another model's.
const PLACEHOLDER: &str = "skip_thought_signature_validator";
const OWN_WORDS: &str =
    "Answer in your own words. Do not quote any source at length; summarise instead.";
const PICTURE: &str = "Answer with a picture, not with words.";
/// Who speaks: one of the prebuilt voices (gemini-api §10), which speak every language.
const VOICE: &str = "Kore";
/// Bytes of a file encoded at a time: a multiple of three, so that only the end is padded.
const STRIDE: usize = 3 << 10;

/// A file is not what it was when the question was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a file of the question has changed since it was accepted")]
pub(crate) struct FileChanged;

/// A request body that can be sent any number of times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Body {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Json(String),
    File { path: PathBuf, bytes: u64 },
}

impl Body {
    /// Lays the prompt out for the model. No file is opened yet.
    pub(crate) fn build(prompt: &Prompt, shape: &Shape) -> Self {
        let mut body = Writer::default();
        let system = system_text(prompt, shape);
        let tools = offered(prompt, shape);
        let mut turns = turns(prompt, matches!(tools, Toolset::Functions(_)));
        if shape.system_in_first_turn && !system.is_empty() {
            put_first(&mut turns, PromptPart::Text(system.clone()));
        }
        body.raw("{\"contents\":[");
        for (nth, turn) in turns.iter().enumerate() {
            body.raw(if nth == 0 { "{" } else { ",{" });
            body.raw(match turn.speaker {
                Speaker::Person => "\"role\":\"user\",\"parts\":[",
                Speaker::Model => "\"role\":\"model\",\"parts\":[",
            });
            body.begins_turn();
            for (nth, part) in turn.parts.iter().enumerate() {
                body.raw(if nth == 0 { "" } else { "," });
                body.part(part, shape.signatures);
            }
            body.raw("]}");
        }
        body.raw("],");
        if !shape.system_in_first_turn && !system.is_empty() {
            body.raw("\"systemInstruction\":{\"parts\":[");
            body.part(&PromptPart::Text(system), shape.signatures);
            body.raw("]},");
        }
        body.tools(tools);
        body.settings(shape);
        Self {
            pieces: body.finish(),
        }
    }

    /// Bytes a reader yields: the `Content-Length`.
    pub(crate) fn len(&self) -> u64 {
        let lengths = self.pieces.iter().map(|piece| match piece {
            Piece::Json(json) => json.len() as u64,
            Piece::File { bytes, .. } => bytes.div_ceil(3).saturating_mul(4),
        });
        lengths.fold(0, u64::saturating_add)
    }

    /// Opens the files for one attempt. Fails when one is gone or has another length.
    pub(crate) fn open(&self) -> io::Result<impl Read + use<'_>> {
        let sources: Vec<_> = self
            .pieces
            .iter()
            .map(Source::open)
            .collect::<Result<_, _>>()?;
        Ok(Reader {
            sources: sources.into_iter(),
            current: None,
        })
    }
}

/// Of what the prompt offers, what the model takes.
fn offered<'p>(prompt: &'p Prompt, shape: &Shape) -> &'p Toolset {
    match prompt.tools.kind() {
        Some(kind) if shape.tools.contains(&kind) => &prompt.tools,
        Some(_) | None => &Toolset::None,
    }
}

fn system_text(prompt: &Prompt, shape: &Shape) -> String {
    let more = match (shape.output, shape.wording) {
        // Whatever a model that speaks is told, it says.
        (Output::Speech, _) | (_, Wording::Free) => return prompt.system.clone(),
        (_, Wording::Own) => OWN_WORDS,
        (_, Wording::Picture) => PICTURE,
    };
    if prompt.system.is_empty() {
        more.to_owned()
    } else {
        format!("{}\n\n{more}", prompt.system)
    }
}

/// Builds the pieces; consecutive JSON is one piece.
#[derive(Default)]
struct Writer {
    pieces: Vec<Piece>,
    json: String,
    /// The turn that is being written calls a function.
    has_call: bool,
}

impl Writer {
    fn raw(&mut self, json: &str) {
        self.json.push_str(json);
    }

    fn string(&mut self, text: &str) {
        // `Value`'s `Display` is its JSON, and cannot fail.
        self.raw(&Value::from(text).to_string());
    }

    fn part(&mut self, part: &PromptPart, signatures: Signatures) {
        match part {
            PromptPart::Text(text) => {
                self.raw("{\"text\":");
                self.string(text);
                self.raw("}");
            }
            PromptPart::Media {
                mime, file, bytes, ..
            } => {
                self.raw("{\"inlineData\":{\"mimeType\":");
                self.string(mime);
                self.raw(",\"data\":\"");
                let json = std::mem::take(&mut self.json);
                self.pieces.push(Piece::Json(json));
                self.pieces.push(Piece::File {
                    path: file.clone(),
                    bytes: *bytes,
                });
                self.raw("\"}}");
            }
            PromptPart::Signed(json) => self.signed(json, signatures),
            PromptPart::Result(result) => self.result(result),
        }
    }

    fn result(&mut self, result: &ToolResult) {
        let (name, told) = (&result.name, result.response());
        let response = match &result.id {
            Some(id) => json!({"id": id, "name": name, "response": told}),
            None => json!({"name": name, "response": told}),
        };
        self.raw(&json!({ "functionResponse": response }).to_string());
    }

    fn begins_turn(&mut self) {
        self.has_call = false;
    }

    fn signed(&mut self, json: &[u8], signatures: Signatures) {
        match signatures {
            Signatures::Kept => {
                if let Ok(part) = serde_json::from_slice::<&RawValue>(json) {
                    self.raw(part.get());
                }
            }
            Signatures::Placeholder => {
                if let Some(mut part) = signed_object(json) {
                    // Of calls side by side only the first has a signature (gemini-api §12).
                    let is_call = part.contains_key("functionCall");
                    if is_call && std::mem::replace(&mut self.has_call, true) {
                        part.remove("thoughtSignature");
                    } else {
                        part.insert("thoughtSignature".to_owned(), PLACEHOLDER.into());
                    }
                    self.raw(&Value::Object(part).to_string());
                }
            }
        }
    }

    fn tools(&mut self, tools: &Toolset) {
        let tools = match tools {
            Toolset::None => return,
            Toolset::Functions(functions) => {
                let functions = functions.iter().map(|it| {
                    json!({"name": it.name, "description": it.description,
                        "parametersJsonSchema": it.parameters})
                });
                json!([{ "functionDeclarations": functions.collect::<Vec<_>>() }])
            }
            Toolset::Search => json!([{"googleSearch": {}}]),
            Toolset::Pages => json!([{"urlContext": {}}]),
            Toolset::Code => json!([{"codeExecution": {}}]),
        };
        self.raw(&format!("\"tools\":{tools},"));
    }

    /// The last fields of the request, and the brace that closes it.
    fn settings(&mut self, shape: &Shape) {
        let thinking = shape.thinking.as_deref();
        let mut generation = GenerationConfig {
            max_output_tokens: shape.max_output,
            thinking_config: thinking.map(|thinking_level| ThinkingConfig { thinking_level }),
            ..GenerationConfig::default()
        };
        match shape.output {
            Output::Text => {}
            Output::Picture { ratio } => {
                generation.response_modalities = &["TEXT", "IMAGE"];
                generation.image_config = ratio.map(|aspect_ratio| ImageConfig { aspect_ratio });
            }
            Output::Speech => {
                generation.response_modalities = &["AUDIO"];
                generation.speech_config = Some(SpeechConfig::of(VOICE));
            }
        }
        let is_empty = generation == GenerationConfig::default();
        let settings = Settings {
            generation_config: (!is_empty).then_some(generation),
            safety_settings: SAFETY,
        };
        // Strings and numbers only: this cannot fail, and without settings the request is legal.
        let json = serde_json::to_string(&settings).unwrap_or_else(|_| "{}".to_owned());
        self.raw(json.strip_prefix('{').unwrap_or(&json));
    }

    fn finish(mut self) -> Vec<Piece> {
        self.pieces.push(Piece::Json(self.json));
        self.pieces
    }
}

struct Reader<'a> {
    sources: std::vec::IntoIter<Source<'a>>,
    current: Option<Source<'a>>,
}

impl Read for Reader<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(source) = &mut self.current {
                let read = source.read(buf)?;
                if read > 0 {
                    return Ok(read);
                }
            }
            self.current = self.sources.next();
            if self.current.is_none() {
                return Ok(0);
            }
        }
    }
}

enum Source<'a> {
    Json(&'a [u8]),
    File(Encoder),
}

impl<'a> Source<'a> {
    fn open(piece: &'a Piece) -> io::Result<Self> {
        match piece {
            Piece::Json(json) => Ok(Source::Json(json.as_bytes())),
            Piece::File { path, bytes } => {
                let file = File::open(path)?;
                if file.metadata()?.len() != *bytes {
                    return Err(io::Error::other(FileChanged));
                }
                Ok(Source::File(Encoder {
                    file,
                    left: *bytes,
                    encoded: String::new(),
                    given: 0,
                }))
            }
        }
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Source::Json(json) => json.read(buf),
            Source::File(encoder) => encoder.read(buf),
        }
    }
}

/// Encodes a file a stride at a time.
struct Encoder {
    file: File,
    /// Bytes of the file not read yet.
    left: u64,
    encoded: String,
    /// How much of `encoded` has been handed out.
    given: usize,
}

impl Encoder {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.given == self.encoded.len() {
            self.refill()?;
        }
        let rest = self.encoded.as_bytes().get(self.given..);
        let read = rest.unwrap_or_default().read(buf)?;
        self.given += read;
        Ok(read)
    }

    fn refill(&mut self) -> io::Result<()> {
        let mut raw = [0; STRIDE];
        let wanted = usize::try_from(self.left).map_or(STRIDE, |left| left.min(STRIDE));
        let (raw, _) = raw.split_at_mut(wanted);
        self.file.read_exact(raw).map_err(|error| {
            if error.kind() == io::ErrorKind::UnexpectedEof {
                return io::Error::other(FileChanged);
            }
            error
        })?;
        self.left -= wanted as u64;
        self.encoded.clear();
        self.given = 0;
        STANDARD.encode_string(raw, &mut self.encoded);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
