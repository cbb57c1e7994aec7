//! A reply in the shape in which a chat gets it: parts that fit, or a beginning and the whole as a file.

use tokio::task::spawn_blocking;

use super::reply::Reply;
use crate::chat::rich::{Entity, Rich, Style, units};
use crate::chat::{Job, Task};
use crate::locale::Locale;
use crate::render::{self, Shown};

/// Bytes of an answer from which rendering takes a millisecond or more.
const LONG_TEXT: usize = 4096;

/// What a chat gets.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// At least one, when there is anything to say.
    pub(super) parts: Vec<Rich>,
    /// The model's text, where there is too much of it for messages.
    pub(super) document: Option<String>,
}

impl Said {
    /// As [`Said::of`]; a long text is rendered on a thread that may block.
    pub(super) async fn rendered(reply: &Reply, job: &Job, locale: &'static Locale) -> Self {
        if reply.text.len() < LONG_TEXT {
            return Self::of(reply, job, locale);
        }
        let (reply, job) = (reply.clone(), job.clone());
        match spawn_blocking(move || Self::of(&reply, &job, locale)).await {
            Ok(said) => said,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    pub(super) fn of(reply: &Reply, job: &Job, locale: &Locale) -> Self {
        let asked = match &job.task {
            Task::Question { text, .. } => text.as_str(),
            Task::Command(_) | Task::Tell(_) => "",
        };
        let mut body = if reply.ending.is_answer() {
            render::answer(&reply.text, asked)
        } else {
            Rich::plain(&reply.text)
        };
        if body.text.chars().all(render::is_blank) {
            // Nothing of it is meant to be seen, but it is all there is.
            body = Rich::plain(&reply.text);
        }
        let (mut parts, document) = match render::shown(&body) {
            Shown::Parts(parts) => (parts, None),
            Shown::Document { beginning } => (vec![beginning], Some(reply.text.clone())),
        };
        if document.is_some() {
            under(&mut parts, locale.goes_on_in_file());
        }
        for note in &reply.notes {
            under(&mut parts, note);
        }
        Self { parts, document }
    }
}

/// Puts a sentence under the last part, or after it where it does not fit.
fn under(parts: &mut Vec<Rich>, note: &str) {
    let (gap, length) = ("\n\n", units(note));
    let fits = |part: &&mut Rich| {
        units(&part.text) + units(gap) + length <= render::LONGEST_TEXT
            && part.entities.len() < render::MOST_ENTITIES
    };
    match parts.last_mut().filter(fits) {
        Some(part) => {
            part.text.push_str(gap);
            part.entities.extend(italic(units(&part.text), length));
            part.text.push_str(note);
        }
        None => parts.push(Rich {
            text: note.to_owned(),
            entities: italic(0, length).into_iter().collect(),
        }),
    }
}

fn italic(offset: usize, length: usize) -> Option<Entity> {
    Some(Entity {
        offset: u32::try_from(offset).ok()?,
        length: u32::try_from(length).ok()?,
        style: Style::Italic,
    })
}
