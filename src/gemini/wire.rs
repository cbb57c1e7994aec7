//! The shapes of Gemini's JSON that we read and write. Pure.
//!
//! Owns nothing. Invariant: whatever the service adds, leaves out or nulls makes a field
//! empty, never a whole answer unreadable. Enumerations stay strings for that reason.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// One response of `generateContent`, or one event of its stream.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Chunk {
    #[serde(default, deserialize_with = "some_or_one")]
    pub(super) candidates: Option<Vec<Candidate>>,
    #[serde(default, deserialize_with = "if_possible")]
    pub(super) prompt_feedback: Option<PromptFeedback>,
    #[serde(default, deserialize_with = "if_possible")]
    pub(super) usage_metadata: Option<UsageMetadata>,
    #[serde(default, deserialize_with = "if_possible")]
    pub(super) model_version: Option<String>,
    /// An error that comes with status 200, in the middle of a stream.
    pub(super) error: Option<Box<RawValue>>,
}

impl Chunk {
    /// Whether it holds anything that only an answer does.
    pub(super) fn is_answer(&self) -> bool {
        let said = self.candidates.is_some() || self.prompt_feedback.is_some();
        said || self.usage_metadata.is_some() || self.model_version.is_some()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Candidate {
    pub(super) content: Option<Content>,
    /// In capitals; `None` also where it is said to be unspecified.
    #[serde(default, deserialize_with = "reason")]
    pub(super) finish_reason: Option<String>,
    #[serde(default, deserialize_with = "if_possible")]
    pub(super) grounding_metadata: Option<GroundingMetadata>,
    #[serde(default, deserialize_with = "if_possible")]
    pub(super) url_context_metadata: Option<UrlContextMetadata>,
}

/// `groundingMetadata`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct GroundingMetadata {
    #[serde(deserialize_with = "list")]
    pub(super) web_search_queries: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub(super) grounding_chunks: Vec<GroundingChunk>,
    #[serde(deserialize_with = "list")]
    pub(super) grounding_supports: Vec<GroundingSupport>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct GroundingChunk {
    #[serde(deserialize_with = "if_possible")]
    pub(super) web: Option<Web>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Web {
    pub(super) uri: String,
    pub(super) title: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct GroundingSupport {
    pub(super) segment: Segment,
    pub(super) grounding_chunk_indices: Vec<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Segment {
    pub(super) end_index: usize,
    pub(super) text: String,
}

/// `urlContextMetadata`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct UrlContextMetadata {
    #[serde(deserialize_with = "list")]
    pub(super) url_metadata: Vec<UrlMetadata>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct UrlMetadata {
    pub(super) retrieved_url: String,
    pub(super) url_retrieval_status: String,
}

/// A list, with nothing in the place of what cannot be read in it: others name places in it.
fn list<'de, D, T>(input: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    let values: Option<Vec<Value>> = if_possible(input)?;
    let values = values.unwrap_or_default().into_iter();
    Ok(values
        .map(|value| serde_json::from_value(value).unwrap_or_default())
        .collect())
}

/// Parts stay raw, so that signed ones can be replayed byte for byte.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Content {
    #[serde(default, deserialize_with = "some_or_one")]
    pub(super) parts: Option<Vec<Box<RawValue>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PromptFeedback {
    #[serde(default, deserialize_with = "reason")]
    pub(super) block_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct UsageMetadata {
    #[serde(rename = "promptTokenCount")]
    pub(super) prompt: Count,
    #[serde(rename = "candidatesTokenCount")]
    pub(super) candidates: Count,
    #[serde(rename = "thoughtsTokenCount")]
    pub(super) thoughts: Count,
}

/// A field that is as good as missing when it is of another type.
pub(super) fn if_possible<'de, D, T>(input: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: DeserializeOwned,
{
    let value = Value::deserialize(input)?;
    Ok(serde_json::from_value(value).ok())
}

/// A list, or its only element without a list around it.
fn some_or_one<'de, D, T>(input: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: DeserializeOwned,
{
    let Some(raw) = Option::<Box<RawValue>>::deserialize(input)? else {
        return Ok(None);
    };
    let json = raw.get();
    let list = if json.starts_with('[') {
        serde_json::from_str(json)
    } else {
        serde_json::from_str(json).map(|one| vec![one])
    };
    list.map(Some).map_err(serde::de::Error::custom)
}

/// The name of a finish or block reason (gemini-api §7): some gateways write it in small letters, or
/// as its number in Google's protocol.
fn reason<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    let value = Value::deserialize(input)?;
    let name = match (number(&value), &value) {
        (Some(number), _) => by_number(number).to_owned(),
        (None, Value::String(name)) => name.trim().to_ascii_uppercase(),
        (None, Value::Null) => return Ok(None),
        (None, other) => other.to_string(),
    };
    let is_said = !name.is_empty() && !name.ends_with("_UNSPECIFIED");
    Ok(is_said.then_some(name))
}

/// The reasons whose numbers are the same wherever they are written down. All others say no more
/// than `OTHER` does.
const fn by_number(number: u64) -> &'static str {
    match number {
        0 => "FINISH_REASON_UNSPECIFIED",
        1 => "STOP",
        2 => "MAX_TOKENS",
        3 => "SAFETY",
        4 => "RECITATION",
        7 => "BLOCKLIST",
        8 => "PROHIBITED_CONTENT",
        9 => "SPII",
        _ => "OTHER",
    }
}

/// A number that may come as a JSON number, as a string, as null or as something else (zero).
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count(pub(super) u64);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Value::deserialize(input).map(|value| Self(number(&value).unwrap_or(0)))
    }
}

fn number(value: &Value) -> Option<u64> {
    value
        .as_u64()
        .or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()))
}

/// An error body (gemini-api §15), with everything that was readable in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) code: Option<u16>,
    /// E.g. `RESOURCE_EXHAUSTED`.
    pub(super) status: String,
    pub(super) message: String,
    /// `ErrorInfo.reason`, e.g. `API_KEY_INVALID`.
    pub(super) reason: String,
    pub(super) violations: Vec<Violation>,
    /// `RetryInfo.retryDelay`, as written.
    pub(super) retry_delay: Option<String>,
}

/// One quota that was exceeded.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) metric: String,
    pub(super) id: String,
    pub(super) limit: Option<u64>,
}

impl Trouble {
    /// Reads `{"error":{…}}`, the same inside a one-element array, or the inner object alone.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(body).ok()?;
        let value = value.get(0).unwrap_or(&value);
        let error = value.get("error").unwrap_or(value).as_object()?;
        let mut trouble = Self {
            code: error
                .get("code")
                .and_then(number)
                .and_then(|code| code.try_into().ok()),
            status: text(error.get("status")),
            message: text(error.get("message")),
            ..Self::default()
        };
        let details = error.get("details").and_then(Value::as_array);
        for detail in details.into_iter().flatten() {
            trouble.add(detail);
        }
        Some(trouble)
    }

    fn add(&mut self, detail: &Value) {
        if let Some(reason) = detail.get("reason") {
            self.reason = text(Some(reason));
        }
        if let Some(delay) = detail.get("retryDelay").and_then(Value::as_str) {
            self.retry_delay = Some(delay.to_owned());
        }
        let violations = detail.get("violations").and_then(Value::as_array);
        for found in violations.into_iter().flatten() {
            self.violations.push(Violation {
                metric: text(found.get("quotaMetric")),
                id: text(found.get("quotaId")),
                limit: found.get("quotaValue").and_then(number),
            });
        }
        // The form before `QuotaFailure`.
        let metadata = detail.get("metadata");
        if let Some(id) = metadata.and_then(|m| m.get("quota_limit")) {
            self.violations.push(Violation {
                metric: text(metadata.and_then(|m| m.get("quota_metric"))),
                id: text(Some(id)),
                limit: metadata
                    .and_then(|m| m.get("quota_limit_value"))
                    .and_then(number),
            });
        }
    }
}

fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The two request fields that hold settings.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Settings<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) generation_config: Option<GenerationConfig<'a>>,
    pub(super) safety_settings: [SafetySetting; 4],
}

#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GenerationConfig<'a> {
    /// None: text.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) response_modalities: &'a [&'a str],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) image_config: Option<ImageConfig<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) speech_config: Option<SpeechConfig<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_output_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thinking_config: Option<ThinkingConfig<'a>>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ThinkingConfig<'a> {
    pub(super) thinking_level: &'a str,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ImageConfig<'a> {
    pub(super) aspect_ratio: &'a str,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SpeechConfig<'a> {
    voice_config: VoiceConfig<'a>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct VoiceConfig<'a> {
    prebuilt_voice_config: PrebuiltVoice<'a>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct PrebuiltVoice<'a> {
    voice_name: &'a str,
}

impl<'a> SpeechConfig<'a> {
    /// One speaker with this voice.
    pub(super) const fn of(voice_name: &'a str) -> Self {
        Self {
            voice_config: VoiceConfig {
                prebuilt_voice_config: PrebuiltVoice { voice_name },
            },
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct SafetySetting {
    pub(super) category: &'static str,
    pub(super) threshold: &'static str,
}

/// The four categories of this API, each as lenient as an assistant for adults may be.
pub(super) const SAFETY: [SafetySetting; 4] = [
    only_high("HARM_CATEGORY_HARASSMENT"),
    only_high("HARM_CATEGORY_HATE_SPEECH"),
    only_high("HARM_CATEGORY_SEXUALLY_EXPLICIT"),
    only_high("HARM_CATEGORY_DANGEROUS_CONTENT"),
];

const fn only_high(category: &'static str) -> SafetySetting {
    SafetySetting {
        category,
        threshold: "BLOCK_ONLY_HIGH",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_strange_types_and_unknown_fields_only_empty_a_field() {
        let chunk: Chunk = serde_json::from_str(
            r#"{"candidates":null,"usageMetadata":{"promptTokenCount":"12","thoughtsTokenCount":null,
                "candidatesTokenCount":{}},"modelStatus":{"modelStage":"NEW"},"promptFeedback":{}}"#,
        )
        .unwrap();
        let usage = chunk.usage_metadata.unwrap();
        assert_eq!(usage.prompt, Count(12));
        assert_eq!(usage.thoughts, Count(0));
        assert_eq!(usage.candidates, Count(0));
        assert!(chunk.candidates.is_none());
    }

    #[test]
    fn a_reason_is_known_in_small_letters_and_by_its_number() {
        for (written, name) in [
            (r#""STOP""#, Some("STOP")),
            (r#"" stop ""#, Some("STOP")),
            (r#""max_tokens""#, Some("MAX_TOKENS")),
            ("1", Some("STOP")),
            (r#""2""#, Some("MAX_TOKENS")),
            ("3", Some("SAFETY")),
            ("99", Some("OTHER")),
            ("true", Some("true")),
            ("null", None),
            ("0", None),
            (r#""""#, None),
            (r#""FINISH_REASON_UNSPECIFIED""#, None),
        ] {
            let json = format!(r#"{{"finishReason":{written}}}"#);
            let candidate: Candidate = serde_json::from_str(&json).unwrap();
            assert_eq!(candidate.finish_reason.as_deref(), name, "{written}");
        }
        let silent: Candidate = serde_json::from_str("{}").unwrap();
        assert_eq!(silent.finish_reason, None);
    }

    #[test]
    fn what_stands_alone_where_a_list_belongs_is_its_only_element() {
        let chunk: Chunk = serde_json::from_str(
            r#"{"candidates":{"content":{"parts":{"text":"hi"}},"finishReason":"STOP"},
                "usageMetadata":"none","promptFeedback":[]}"#,
        )
        .unwrap();
        let candidate = &chunk.candidates.unwrap()[0];
        let parts = candidate.content.as_ref().unwrap().parts.as_ref().unwrap();
        assert_eq!(parts[0].get(), r#"{"text":"hi"}"#);
        assert_eq!(candidate.finish_reason.as_deref(), Some("STOP"));
        for unreadable in [r#"{"candidates":7}"#, r#"{"candidates":[7]}"#] {
            assert!(serde_json::from_str::<Chunk>(unreadable).is_err());
        }
    }

    #[test]
    fn a_field_of_a_strange_type_takes_no_other_with_it() {
        let chunk: Chunk =
            serde_json::from_str(r#"{"modelVersion":3,"promptFeedback":{"blockReason":0}}"#)
                .unwrap();
        assert_eq!(chunk.model_version, None);
        assert_eq!(chunk.prompt_feedback.unwrap().block_reason, None);
    }

    #[test]
    fn an_error_body_is_read_bare_in_an_array_and_without_its_envelope() {
        let inner =
            r#"{"code":"429","message":"x","details":[7,{"reason":"R"},{"retryDelay":"1s"}]}"#;
        let whole = format!(r#"{{"error":{inner}}}"#);
        for body in [inner.to_owned(), whole.clone(), format!("[{whole}]")] {
            let trouble = Trouble::parse(body.as_bytes()).unwrap();
            assert_eq!(trouble.code, Some(429));
            assert_eq!(trouble.reason, "R");
            assert_eq!(trouble.retry_delay.as_deref(), Some("1s"));
        }
        for body in ["", "[]", "7", "<html>", "{\"error\":"] {
            assert_eq!(Trouble::parse(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn the_old_form_of_a_quota_error_names_its_quota_too() {
        let trouble = Trouble::parse(
            br#"{"error":{"details":[{"reason":"RATE_LIMIT_EXCEEDED","metadata":{
                "quota_limit":"GenerateContentRequestsPerMinutePerProjectPerRegion","quota_limit_value":"60"}}]}}"#,
        )
        .unwrap();
        assert_eq!(trouble.violations.len(), 1);
        assert_eq!(trouble.violations[0].limit, Some(60));
    }
}
