//! What a chat gets of a reply: the payloads of its rows, in order.

use tokio::task::spawn_blocking;

use super::reply::Reply;
use crate::chat::rich::{Entity, Rich, Style, units};
use crate::chat::{Form, Job, Part, Payload, Task};
use crate::locale::Locale;
use crate::render::{self, Shown};

/// Bytes of an answer from which rendering takes a millisecond or more.
const LONG_TEXT: usize = 4096;

/// As [`payloads`]; a long text is rendered on a thread that may block.
pub(super) async fn rendered(reply: &Reply, job: &Job, locale: &'static Locale) -> Vec<Payload> {
    let texts = reply.parts.iter().filter_map(Part::text);
    if texts.map(str::len).sum::<usize>() < LONG_TEXT {
        return payloads(reply, job, locale);
    }
    let (reply, job) = (reply.clone(), job.clone());
    match spawn_blocking(move || payloads(&reply, &job, locale)).await {
        Ok(said) => said,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Each part of a reply as what a chat gets of it, with the sentences of the bot under the last
/// message.
pub(super) fn payloads(reply: &Reply, job: &Job, locale: &Locale) -> Vec<Payload> {
    let mut rows = Vec::new();
    let texts: Vec<&str> = reply.parts.iter().filter_map(Part::text).collect();
    let cited = reply.grounding.cited(&texts);
    let mut nth = 0..;
    for part in &reply.parts {
        match part {
            Part::Text(text) if reply.ending.is_answer() => {
                let text = cited.marked(nth.next().unwrap_or_default(), text);
                rows.extend(messages(render::answer(&text, asked(job)), &text, locale));
            }
            Part::Text(text) => rows.extend(messages(Rich::plain(text), text, locale)),
            Part::Made { mime, file } => rows.push(made(mime, file, &reply.caption)),
            // A signature is for the model only, the others are parts of questions.
            Part::Signed(_)
            | Part::File { .. }
            | Part::Quote(_)
            | Part::Enclosed(_)
            | Part::Summary(_) => {}
        }
    }
    let sources = reply.grounding.shown(&cited, locale.sources());
    if !sources.text.is_empty() {
        put_under(&mut rows, sources);
    }
    for note in &reply.notes {
        put_under(&mut rows, italic(note));
    }
    rows
}

/// A file that the model made, in the form in which people look at it or hear it.
fn made(mime: &str, file: &str, caption: &str) -> Payload {
    let (form, name) = match mime {
        "image/png" => (Form::Photo, "picture.png"),
        "image/jpeg" => (Form::Photo, "picture.jpg"),
        "image/webp" => (Form::Photo, "picture.webp"),
        "audio/ogg" => (Form::Voice, "voice.ogg"),
        "audio/wav" | "audio/x-wav" => (Form::Document, "voice.wav"),
        "text/csv" => (Form::Document, "file.csv"),
        "application/pdf" => (Form::Document, "file.pdf"),
        _ => (Form::Document, "file"),
    };
    Payload::Made {
        form,
        name: name.to_owned(),
        file: file.to_owned(),
        caption: caption.to_owned(),
        reply_to: None,
        buttons: Vec::new(),
    }
}

/// The person's words.
fn asked(job: &Job) -> &str {
    match &job.task {
        Task::Question { text, .. } => text,
        Task::Command(_) | Task::Tell(_) => "",
    }
}

/// A text, rendered and as it is, in messages that fit; where there is too much of it for these, a
/// beginning and the whole as a file.
fn messages(body: Rich, text: &str, locale: &Locale) -> Vec<Payload> {
    let body = if body.text.chars().all(render::is_blank) {
        // Nothing of it is meant to be seen, but it is all there is.
        Rich::plain(text)
    } else {
        body
    };
    match render::shown(&body) {
        Shown::Parts(parts) => parts.into_iter().map(Payload::message).collect(),
        Shown::Document { beginning } => {
            let mut rows = vec![Payload::message(beginning)];
            put_under(&mut rows, italic(locale.goes_on_in_file()));
            rows.push(Payload::Document {
                name: "answer.md".to_owned(),
                text: text.to_owned(),
                reply_to: None,
            });
            rows
        }
    }
}

/// Puts something under the last message, or after it where it does not fit.
fn put_under(rows: &mut Vec<Payload>, note: Rich) {
    let gap = "\n\n";
    let fits = |body: &Rich| {
        units(&body.text) + units(gap) + units(&note.text) <= render::LONGEST_TEXT
            && body.entities.len() + note.entities.len() <= render::MOST_ENTITIES
            && body.entity_bytes() + note.entity_bytes() <= render::MOST_ENTITY_BYTES
    };
    let last = rows.iter().rposition(Payload::is_message);
    let body = last.and_then(|at| rows.get_mut(at)?.body_mut());
    if let Some(body) = body.filter(|body| fits(body)) {
        body.text.push_str(gap);
        let before = u32::try_from(units(&body.text)).unwrap_or(u32::MAX);
        body.text.push_str(&note.text);
        body.entities
            .extend(note.entities.into_iter().map(|entity| Entity {
                offset: entity.offset.saturating_add(before),
                ..entity
            }));
        return;
    }
    let behind = last.map_or(rows.len(), |at| at + 1);
    rows.insert(behind, Payload::message(note));
}

fn italic(note: &str) -> Rich {
    let length = u32::try_from(units(note)).unwrap_or(u32::MAX);
    let all = Entity {
        offset: 0,
        length,
        style: Style::Italic,
    };
    Rich {
        text: note.to_owned(),
        entities: vec![all],
    }
}
