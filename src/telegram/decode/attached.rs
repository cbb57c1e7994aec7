//! What of a message's media is of use to the bot: the file that can be looked at, or what it says in
//! words. Pure. A field of another shape than we know is taken as absent.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::chat::{Attachment, TelegramFile};

/// The largest file that Telegram hands out (Bot API, `getFile`).
const LARGEST: u64 = 20 << 20;
/// Longest description in words, in characters: that of a poll with all its answers.
const LONGEST: usize = 4096;

/// What the field `kind` of this message holds.
pub(super) fn attachment(kind: &'static str, json: &str) -> Attachment {
    let fields: BTreeMap<String, &RawValue> = serde_json::from_str(json).unwrap_or_default();
    let field = fields.get(kind).map(|field| field.get());
    let value: Value = field
        .and_then(|field| serde_json::from_str(field).ok())
        .unwrap_or_default();
    of_field(kind, &value)
}

/// What a field of this name holds that is this.
pub(super) fn of_field(kind: &str, value: &Value) -> Attachment {
    Attachment {
        file: file(kind, value),
        words: words(kind, value).map(|words| words.chars().take(LONGEST).collect()),
        ..Attachment::of_kind(kind)
    }
}

fn file(kind: &str, value: &Value) -> Option<TelegramFile> {
    match kind {
        "photo" => largest(value),
        // What moves without being a film says as much by its emoji.
        "sticker" if is_set(value, "is_animated") || is_set(value, "is_video") => None,
        "animation" | "voice" | "audio" | "video" | "video_note" | "document" | "sticker"
        | "live_photo" => of_file(value),
        _ => None,
    }
}

/// The best size of a photo that Telegram hands out.
fn largest(sizes: &Value) -> Option<TelegramFile> {
    let area = |size: &&Value| {
        let side = |name: &str| size[name].as_u64().unwrap_or_default();
        side("width").saturating_mul(side("height"))
    };
    let sizes = sizes.as_array()?.iter();
    let fitting = sizes.filter(|size| size["file_size"].as_u64().unwrap_or_default() <= LARGEST);
    of_file(fitting.max_by_key(area)?)
}

fn of_file(value: &Value) -> Option<TelegramFile> {
    let id = value["file_id"].as_str().filter(|id| !id.is_empty())?;
    let seconds = value["duration"].as_u64();
    Some(TelegramFile {
        id: id.to_owned(),
        bytes: value["file_size"].as_u64(),
        name: value["file_name"].as_str().map(str::to_owned),
        seconds: seconds.and_then(|seconds| u32::try_from(seconds).ok()),
    })
}

fn is_set(value: &Value, name: &str) -> bool {
    value[name].as_bool() == Some(true)
}

/// What something says that is no file, or that can be said better in words.
fn words(kind: &str, value: &Value) -> Option<String> {
    let text = |name: &str| value[name].as_str().filter(|text| !text.trim().is_empty());
    let lines = |names: &[&str]| {
        let lines: Vec<&str> = names.iter().filter_map(|name| text(name)).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    };
    match kind {
        "sticker" => lines(&["emoji"]),
        "location" => place(value),
        "venue" => {
            let place = place(&value["location"]);
            let named = lines(&["title", "address"]);
            let said: Vec<String> = named.into_iter().chain(place).collect();
            (!said.is_empty()).then(|| said.join("\n"))
        }
        "contact" => {
            let name: Vec<&str> = ["first_name", "last_name"]
                .iter()
                .filter_map(|name| text(name))
                .collect();
            let said: Vec<String> = [name.join(" ")]
                .into_iter()
                .chain(lines(&["phone_number"]))
                .collect();
            Some(said.join("\n").trim().to_owned()).filter(|said| !said.is_empty())
        }
        "dice" => Some(format!("{} {}", text("emoji")?, value["value"].as_u64()?)),
        "poll" => listed(text("question")?, &value["options"]),
        "checklist" => listed(text("title")?, &value["tasks"]),
        "game" | "invoice" => lines(&["title", "description"]),
        _ => None,
    }
}

/// Latitude and longitude in degrees.
fn place(value: &Value) -> Option<String> {
    let (latitude, longitude) = (value["latitude"].as_f64()?, value["longitude"].as_f64()?);
    Some(format!("{latitude}, {longitude}"))
}

/// A title with a line for each entry.
fn listed(title: &str, entries: &Value) -> Option<String> {
    let entries = entries.as_array()?.iter();
    let lines = entries.filter_map(|entry| Some(format!("- {}", entry["text"].as_str()?)));
    let lines: Vec<String> = [title.to_owned()].into_iter().chain(lines).collect();
    Some(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(kind: &'static str, value: &Value) -> Attachment {
        attachment(kind, &json!({ "message_id": 1, kind: value }).to_string())
    }

    fn file_of(kind: &'static str, value: &Value) -> Option<(String, Option<u64>)> {
        of(kind, value).file.map(|file| (file.id, file.bytes))
    }

    #[test]
    fn of_a_photo_the_best_size_that_telegram_hands_out_is_looked_at() {
        let size = |id: &str, side: u32, bytes: u64| json!({"file_id": id, "width": side, "height": side, "file_size": bytes});
        let sizes = json!([
            size("s", 90, 1_000),
            size("m", 800, 90_000),
            size("l", 5_000, (20 << 20) + 1),
        ]);
        let best = Some(("m".to_owned(), Some(90_000)));
        assert_eq!(file_of("photo", &sizes), best);
        assert_eq!(file_of("photo", &json!([])), None);
    }

    #[test]
    fn files_are_told_with_what_is_known_of_them() {
        let told = of(
            "document",
            &json!({"file_id": "d", "file_name": "a.pdf", "file_size": 5}),
        );
        let file = told.file.unwrap();
        assert_eq!((file.id.as_str(), file.bytes), ("d", Some(5)));
        assert_eq!((file.name.as_deref(), file.seconds), (Some("a.pdf"), None));
        let voice = of("voice", &json!({"file_id": "v", "duration": 7}));
        assert_eq!(voice.file.unwrap().seconds, Some(7));
        for broken in [
            json!(null),
            json!("x"),
            json!({"file_id": 5}),
            json!({"file_id": ""}),
        ] {
            assert!(!of("document", &broken).is_readable(), "{broken}");
        }
    }

    #[test]
    fn a_sticker_that_moves_is_its_emoji_and_one_that_does_not_is_a_picture() {
        let sticker = |flag: &str| {
            let told = of(
                "sticker",
                &json!({"file_id": "s", "emoji": "🎉", flag: true}),
            );
            assert_eq!(told.words.as_deref(), Some("🎉"));
            told.file.is_some()
        };
        assert!(sticker("is_premium"));
        assert!(!sticker("is_animated"));
        assert!(!sticker("is_video"));
    }

    #[test]
    fn what_is_no_file_is_said_in_words() {
        let location = json!({"latitude": 52.52, "longitude": -13.4});
        let options = json!([{"text": "yes"}, {"text": "no"}, {}]);
        let cases = [
            ("location", location.clone(), Some("52.52, -13.4")),
            (
                "venue",
                json!({"title": "Zoo", "address": "Road 1", "location": location}),
                Some("Zoo\nRoad 1\n52.52, -13.4"),
            ),
            (
                "contact",
                json!({"first_name": "Ann", "last_name": "Lee", "phone_number": "+1 2"}),
                Some("Ann Lee\n+1 2"),
            ),
            ("dice", json!({"emoji": "🎲", "value": 4}), Some("🎲 4")),
            (
                "poll",
                json!({"question": "Well?", "options": options}),
                Some("Well?\n- yes\n- no"),
            ),
            (
                "checklist",
                json!({"title": "Buy", "tasks": [{"id": 1, "text": "milk"}]}),
                Some("Buy\n- milk"),
            ),
            (
                "game",
                json!({"title": "Chess", "description": ""}),
                Some("Chess"),
            ),
            ("location", json!({"latitude": "north"}), None),
            ("contact", json!({}), None),
            ("story", json!({"id": 5}), None),
            ("paid_media", json!({"star_count": 5}), None),
        ];
        for (kind, value, expected) in cases {
            let told = of(kind, &value);
            assert_eq!(told.words.as_deref(), expected, "{kind} {value}");
            assert_eq!(told.file, None);
        }
    }
}
