//! The models that draw and those that speak: what their requests may hold, and what they answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Gemini;
use super::request::Asked;
use crate::world::http::Wire;

/// Samples a second of what is spoken.
const RATE: u32 = 24_000;

const RATIOS: [&str; 14] = [
    "1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9", "1:4", "4:1", "1:8",
    "8:1",
];

/// What a model makes beside text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Makes {
    Pictures,
    Speech,
}

/// What the model makes beside text, if that is what it is for.
pub(super) fn makes(model: &str) -> Option<Makes> {
    match model {
        "gemini-nano-banana-2.1"
        | "gemini-3.1-flash-image"
        | "gemini-3.1-flash-lite-image"
        | "gemini-3-pro-image" => Some(Makes::Pictures),
        "gemini-3.8-flash-tts" | "gemini-3.8-flash-lite-tts" => Some(Makes::Speech),
        _ => None,
    }
}

/// What is wrong with the fields of a request that are about media.
pub(super) fn problems(model: &str, body: &Value) -> Vec<String> {
    let config = &body["generationConfig"];
    let wanted = config["responseModalities"].as_array();
    let wanted: Vec<&str> = wanted
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut problems = Vec::new();
    let mut rule = |is_kept: bool, what: &str| {
        if !is_kept {
            problems.push(format!("{what} for {model}: {config}"));
        }
    };
    let kind = makes(model);
    match kind {
        None => rule(wanted.is_empty() || wanted == ["TEXT"], "modalities"),
        Some(Makes::Pictures) => {
            rule(
                wanted == ["TEXT", "IMAGE"] || wanted == ["IMAGE"],
                "modalities",
            );
        }
        Some(Makes::Speech) => {
            rule(wanted == ["AUDIO"], "modalities");
            let voice = &config["speechConfig"]["voiceConfig"]["prebuiltVoiceConfig"]["voiceName"];
            rule(voice == "Kore" || voice == "Puck", "voice");
            rule(body["systemInstruction"].is_null(), "a system instruction");
            let turns = body["contents"].as_array().map_or(0, Vec::len);
            rule(turns == 1, "a conversation");
        }
    }
    rule(
        config["speechConfig"].is_null() || kind == Some(Makes::Speech),
        "speechConfig",
    );
    let image = &config["imageConfig"];
    rule(
        image.is_null() || kind == Some(Makes::Pictures),
        "imageConfig",
    );
    let ratio = &image["aspectRatio"];
    rule(
        ratio.is_null() || RATIOS.iter().any(|known| ratio == known),
        "aspectRatio",
    );
    problems
}

/// A picture that can be told from others by its number.
pub(crate) fn picture(number: usize) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 64, 64);
    encoder.set_color(png::ColorType::Grayscale);
    let grey = u8::try_from(number % 256).expect("below 256");
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&[grey; 64 * 64]).expect("pixels");
    writer.finish().expect("an end");
    file
}

/// A tone as long as it takes to say a text, as a WAV file.
fn spoken(text: &str) -> Vec<u8> {
    let seconds = u32::try_from(text.chars().count())
        .expect("a short text")
        .div_ceil(15)
        .min(20);
    let sample = |at: u32| {
        let phase = f64::from(at) / f64::from(RATE) * 440.0 * std::f64::consts::TAU;
        #[expect(clippy::cast_possible_truncation, reason = "within 9,000")]
        let sample = (phase.sin() * 9_000.0) as i16;
        sample.to_le_bytes()
    };
    let samples: Vec<u8> = (0..seconds * RATE).flat_map(sample).collect();
    let length = u32::try_from(samples.len()).expect("a short text");
    let mut file = b"RIFF".to_vec();
    file.extend((36 + length).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(RATE.to_le_bytes());
    file.extend((RATE * 2).to_le_bytes());
    file.extend(b"\x02\0\x10\0data");
    file.extend(length.to_le_bytes());
    file.extend(samples);
    file
}

impl Gemini {
    /// From now on no picture comes, but these words, and this finish reason.
    pub(crate) fn draws_nothing(&self, words: &str, finish: &str) {
        let instead = (words.to_owned(), finish.to_owned());
        self.change(|state| state.instead_of_pictures = Some(instead));
    }

    /// Answers a call of a model that makes something.
    pub(super) fn make(&self, makes: Makes, number: usize, asked: &Asked, wire: &mut Wire) {
        let instead = self.state.lock().instead_of_pictures.clone();
        let (parts, finish) = match (makes, instead) {
            (Makes::Pictures, Some((words, finish))) if words.is_empty() => (json!([]), finish),
            (Makes::Pictures, Some((words, finish))) => (json!([{"text": words}]), finish),
            (Makes::Pictures, None) => {
                let data = |number| STANDARD.encode(picture(number));
                let parts = json!([
                    {"thought": true, "inlineData": {"mimeType": "image/png", "data": data(255)}},
                    {"text": "Here it is."},
                    {"inlineData": {"mimeType": "image/png", "data": data(number)},
                        "thoughtSignature": "c2lnbmVk"},
                ]);
                (parts, "STOP".to_owned())
            }
            (Makes::Speech, _) => {
                let sound = STANDARD.encode(spoken(&asked.question()));
                let parts = json!([{"inlineData": {"mimeType": "audio/wav", "data": sound}}]);
                (parts, "STOP".to_owned())
            }
        };
        let answer = json!({"candidates": [{"index": 0, "finishReason": finish,
                "content": {"role": "model", "parts": parts}}],
            "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 1290,
                "totalTokenCount": 1299},
            "modelVersion": asked.model});
        if asked.streamed {
            wire.begin_stream();
            wire.piece(&format!("data: {answer}\r\n\r\n"));
            wire.end_stream();
        } else {
            wire.json(200, &answer);
        }
    }
}

/// Stands for a picture in what a test has the model say, as code execution makes one.
pub(super) const PLOT: &str = "{picture}";

/// Says a text with pictures in it; each is [`picture`] 0.
pub(super) fn say_with_plots(asked: &Asked, text: &str, wire: &mut Wire) {
    let plot =
        json!({"inlineData": {"mimeType": "image/png", "data": STANDARD.encode(picture(0))}});
    let mut parts = Vec::new();
    for (nth, said) in text.split(PLOT).enumerate() {
        if nth > 0 {
            parts.push(plot.clone());
        }
        parts.push(json!({ "text": said }));
    }
    let answer = |parts: &[Value], finish: &Value| {
        json!({"candidates": [{"index": 0, "finishReason": finish,
                "content": {"role": "model", "parts": parts}}],
            "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 9,
                "totalTokenCount": 18},
            "modelVersion": asked.model})
    };
    if !asked.streamed {
        return wire.json(200, &answer(&parts, &json!("STOP")));
    }
    wire.begin_stream();
    for part in parts.chunks(1) {
        wire.piece(&format!("data: {}\n\n", answer(part, &Value::Null)));
    }
    wire.piece(&format!("data: {}\n\n", answer(&[], &json!("STOP"))));
    wire.end_stream();
}
