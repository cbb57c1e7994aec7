//! Log lines to stderr: text for people and the journal, or one JSON object a line. The formats are
//! pure functions of a [`Line`]; [`init`] is the edge.
//!
//! Invariants: nobody who logs waits for whoever reads; one event is one line, whatever a person
//! put into a value; of other crates only warnings and errors are logged (at `trace` the HTTP
//! client prints addresses, hence the token).

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::OnceLock;
use std::time::Duration;

use env_logger::{Builder, Target};
use log::kv::{self, Key, Value, VisitSource};
use log::{Level, LevelFilter, Record};

use self::non_blocking::NonBlocking;
use crate::clock::{self, Timestamp};

mod non_blocking;

/// How long the last lines may take to be written when the process ends, without and with a last
/// sentence.
const LAST_LINES: Duration = Duration::from_millis(500);
const LAST_SENTENCE: Duration = Duration::from_secs(3);

/// The lines of this process, once there is a logger.
static LINES: OnceLock<NonBlocking> = OnceLock::new();

/// What a line looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For the journal, which keeps the time itself.
    Text,
    TimedText,
    Json,
}

/// Installs the logger for the rest of the process's life; a second call changes nothing. Fails when
/// no thread can be made for it.
pub(crate) fn init(level: LevelFilter, format: Format) -> io::Result<()> {
    let lines = NonBlocking::default();
    if LINES.set(lines.clone()).is_ok() {
        lines.start(io::stderr())?;
        let mut builder = builder(level, format);
        builder.target(Target::Pipe(Box::new(lines)));
        drop(builder.try_init());
    }
    Ok(())
}

/// Says something to whoever started the program, between the lines of the log and in none of its
/// formats: what is for their eyes and no event.
pub(crate) fn say(text: &str) {
    match LINES.get() {
        Some(lines) => lines.push(format!("{text}\n").as_bytes()),
        // Nobody is left to tell when even this cannot be written.
        None => drop(writeln!(io::stderr(), "{text}")),
    }
}

/// Waits until all that was logged is written, with a last sentence behind it, and gives up where
/// nobody reads standard error. For the end of the process.
pub(crate) fn finish(sentence: Option<&str>) {
    let line = sentence.map(|sentence| format!("{sentence}\n"));
    match LINES.get() {
        Some(lines) => {
            if let Some(line) = line {
                lines.push(line.as_bytes());
                lines.flush(LAST_SENTENCE);
            } else {
                lines.flush(LAST_LINES);
            }
        }
        None => {
            if let Some(line) = line {
                // Nobody is left to tell when even this cannot be written.
                drop(io::stderr().write_all(line.as_bytes()));
            }
        }
    }
}

fn builder(level: LevelFilter, format: Format) -> Builder {
    let mut builder = Builder::new();
    builder
        .filter_level(level.min(LevelFilter::Warn))
        .filter_module("svs_bot", level)
        .format(move |out, record| {
            let line = Line::of(record, clock::now());
            let text = match format {
                Format::Json => json(&line),
                Format::Text => text(&line),
                Format::TimedText => format!("{} {}", time(line.time), text(&line)),
            };
            writeln!(out, "{text}")
        });
    builder
}

/// One event.
#[derive(Debug)]
struct Line<'a> {
    time: Timestamp,
    level: Level,
    /// The module, without the name of our crate.
    target: &'a str,
    message: String,
    fields: Vec<(String, Field)>,
}

/// A value of an event: numbers and switches stay what they are in JSON.
#[derive(Debug)]
enum Field {
    /// Valid as it stands in both formats.
    Plain(String),
    Text(String),
}

impl<'a> Line<'a> {
    fn of(record: &'a Record<'_>, time: Timestamp) -> Self {
        let target = record.target();
        let mut fields = Fields(Vec::new());
        // The visitor below never fails.
        let _infallible = record.key_values().visit(&mut fields);
        Self {
            time,
            level: record.level(),
            target: target.strip_prefix("svs_bot::").unwrap_or(target),
            message: record.args().to_string(),
            fields: fields.0,
        }
    }
}

struct Fields(Vec<(String, Field)>);

impl<'kvs> VisitSource<'kvs> for Fields {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
        let plain = value.to_u64().is_some()
            || value.to_i64().is_some()
            || value.to_f64().is_some_and(f64::is_finite)
            || value.to_bool().is_some();
        let text = value.to_string();
        let field = if plain {
            Field::Plain(text)
        } else {
            Field::Text(text)
        };
        self.0.push((key.to_string(), field));
        Ok(())
    }
}

/// `INFO  module message key=value`.
fn text(line: &Line<'_>) -> String {
    let mut out = format!("{:<5} {} ", line.level, line.target);
    escape(&mut out, &line.message);
    for (key, value) in &line.fields {
        out.push(' ');
        escape(&mut out, key);
        out.push('=');
        match value {
            Field::Plain(value) => out.push_str(value),
            Field::Text(value) if is_word(value) => out.push_str(value),
            Field::Text(value) => {
                out.push('"');
                escape(&mut out, &value.replace('\\', "\\\\").replace('"', "\\\""));
                out.push('"');
            }
        }
    }
    out
}

/// Whether a value can stand without quotes and not be taken for something else.
fn is_word(value: &str) -> bool {
    let breaks = |c: char| c.is_whitespace() || is_unprintable(c) || "=\"\\".contains(c);
    !value.is_empty() && !value.contains(breaks)
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        if is_unprintable(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
}

/// Control characters, line separators, and the marks that turn the direction of writing: all that
/// could make one line look like two, or like another.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}')
        || ('\u{202a}'..='\u{202e}').contains(&c)
        || ('\u{2066}'..='\u{2069}').contains(&c)
}

/// `{"time":…,"level":…,"target":…,"message":…}` and the fields.
fn json(line: &Line<'_>) -> String {
    let mut out = String::from("{");
    let head = [
        ("time", time(line.time)),
        ("level", line.level.to_string()),
        ("target", line.target.to_owned()),
        ("message", line.message.clone()),
    ];
    for (at, (key, value)) in head.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        append(&mut out, format_args!("{comma}\"{key}\":{}", quoted(value)));
    }
    for (key, value) in &line.fields {
        let value = match value {
            Field::Plain(value) => value.clone(),
            Field::Text(value) => quoted(value),
        };
        append(&mut out, format_args!(",{}:{value}", quoted(key)));
    }
    out.push('}');
    out
}

fn append(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _infallible = out.write_fmt(text);
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// `2026-11-20T13:45:01.123Z`.
fn time(at: Timestamp) -> String {
    i64::try_from(at.0)
        .ok()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .map_or_else(String::new, |at| {
            at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp(1_795_182_301_123);

    fn render(
        format: fn(&Line<'_>) -> String,
        message: &str,
        fields: &[(&str, Value<'_>)],
    ) -> String {
        let args = format_args!("{message}");
        let record = Record::builder()
            .args(args)
            .level(Level::Info)
            .target("svs_bot::app::intake")
            .key_values(&fields)
            .build();
        format(&Line::of(&record, AT))
    }

    #[test]
    fn other_crates_are_heard_from_warn_up_only() {
        for (level, target, event, heard) in [
            (LevelFilter::Trace, "svs_bot::app", Level::Trace, true),
            (LevelFilter::Trace, "ureq::run", Level::Info, false),
            (LevelFilter::Trace, "rustls", Level::Warn, true),
            (LevelFilter::Error, "svs_bot::app", Level::Warn, false),
            (LevelFilter::Error, "ureq", Level::Warn, false),
            (LevelFilter::Off, "svs_bot", Level::Error, false),
        ] {
            let logger = builder(level, Format::TimedText).build();
            let record = Record::builder().level(event).target(target).build();
            assert_eq!(logger.matches(&record), heard, "{level} {target} {event}");
        }
    }

    #[test]
    fn a_text_line_has_level_module_message_and_fields() {
        let fields = [
            ("update", Value::from(5)),
            ("ok", Value::from(true)),
            ("share", Value::from(0.5)),
            ("err", Value::from("no route")),
            ("host", Value::from("a-b.c")),
            ("digits", Value::from("5")),
            ("empty", Value::from("")),
        ];
        assert_eq!(
            render(text, "poll failed", &fields),
            r#"INFO  app::intake poll failed update=5 ok=true share=0.5 err="no route" host=a-b.c digits=5 empty="""#
        );
        assert_eq!(time(AT), "2026-11-20T13:45:01.123Z");
        assert_eq!(time(Timestamp(0)), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn nobody_can_forge_a_line_or_a_field() {
        for (value, shown) in [
            ("a\nERROR b", r#""a\nERROR b""#),
            ("a\r\u{1b}[2Jb", r#""a\r\u{1b}[2Jb""#),
            ("a\u{2028}b", r#""a\u{2028}b""#),
            ("a\u{202e}b", r#""a\u{202e}b""#),
            ("a=b", r#""a=b""#),
            ("a\" c=\"d", r#""a\" c=\"d""#),
            ("a\\", r#""a\\""#),
            ("ähnlich", "ähnlich"),
        ] {
            let line = render(text, "m", &[("name", Value::from(value))]);
            assert_eq!(line, format!("INFO  app::intake m name={shown}"));
        }
        assert_eq!(render(text, "a\nb", &[]), r"INFO  app::intake a\nb");
    }

    #[test]
    fn a_json_line_is_one_object_in_a_fixed_order() {
        let fields = [
            ("update", Value::from(5)),
            ("ok", Value::from(false)),
            ("bad", Value::from(f64::NAN)),
            ("digits", Value::from("5")),
            ("name", Value::from("a\n\"b\"")),
        ];
        assert_eq!(
            render(json, "poll failed", &fields),
            r#"{"time":"2026-11-20T13:45:01.123Z","level":"INFO","target":"app::intake","message":"poll failed","update":5,"ok":false,"bad":"NaN","digits":"5","name":"a\n\"b\""}"#
        );
    }
}
