//! How the model says an answer: whole, in chunks with pauses, or as a test drives it.

use std::time::Duration;

use serde_json::{Value, json};

use super::request::Asked;
use super::{Gemini, making};
use crate::world::http::Wire;

/// How often an answer that waits for its test looks whether anybody still listens.
pub(super) const LOOK: Duration = Duration::from_millis(10);

/// An answer in chunks; `{question}` in them becomes the question.
#[derive(Debug, Clone)]
pub(super) struct Streaming {
    chunks: Vec<String>,
    /// Between two chunks.
    pause: Duration,
    finish: String,
}

/// An answer that a test drives.
#[derive(Debug, Default)]
pub(super) struct Driven {
    chunks: Vec<String>,
    finish: Option<String>,
    /// A call has taken it.
    taken: bool,
}

impl Gemini {
    /// Every answer from now on comes in these chunks, with a pause between two; `{question}` in
    /// them becomes the question.
    pub(crate) fn streams(&self, chunks: &[&str], pause: Duration) {
        self.streams_until(chunks, pause, "STOP");
    }

    /// The same with another finish reason.
    pub(crate) fn streams_until(&self, chunks: &[&str], pause: Duration, finish: &str) {
        let chunks = chunks.iter().map(|&chunk| chunk.to_owned()).collect();
        let finish = finish.to_owned();
        self.change(|state| {
            state.streaming = Some(Streaming {
                chunks,
                pause,
                finish,
            });
        });
    }

    /// One call (the next that no earlier `begins` is for) is answered with this, and then waits
    /// for
    /// `goes_on` and `ends`, which are about the newest answer begun. A call that is to fail takes
    /// none.
    pub(crate) fn begins(&self, text: &str) {
        self.change(|state| {
            state.driven.push(Driven {
                chunks: vec![text.to_owned()],
                ..Driven::default()
            });
        });
    }

    /// The next chunk of the answer begun last.
    #[track_caller]
    pub(crate) fn goes_on(&self, text: &str) {
        self.drive(|answer| answer.chunks.push(text.to_owned()));
    }

    /// The answer begun last is complete, with this finish reason; with `""` it breaks off.
    #[track_caller]
    pub(crate) fn ends(&self, finish: &str) {
        self.drive(|answer| answer.finish = Some(finish.to_owned()));
    }

    #[track_caller]
    fn drive(&self, how: impl FnOnce(&mut Driven)) {
        self.change(|state| how(state.driven.last_mut().expect("an answer was begun")));
    }

    /// Answers a call that nothing goes wrong with.
    pub(super) fn speak(&self, asked: &Asked, text: &str, wire: &mut Wire) {
        let (driven, streaming) = self.change(|state| {
            let free = state.driven.iter().position(|answer| !answer.taken);
            if let Some(at) = free {
                state.driven[at].taken = true;
            }
            (free, state.streaming.clone())
        });
        match (driven, streaming) {
            (Some(at), _) => self.follow(at, asked, wire),
            (None, Some(streaming)) => streaming.play(asked, wire),
            (None, None) if text.contains(making::PLOT) => {
                making::say_with_plots(asked, text, wire);
            }
            (None, None) => say(asked, text, wire),
        }
    }

    /// Says what the test says, when it says it.
    fn follow(&self, at: usize, asked: &Asked, wire: &mut Wire) {
        let mut story = Story::begin(asked, wire);
        loop {
            let (chunks, finish) = {
                let mut state = self.state.lock();
                if story.told == state.driven[at].chunks.len() && state.driven[at].finish.is_none()
                {
                    self.changed.wait_for(&mut state, LOOK);
                }
                let answer = &state.driven[at];
                (answer.chunks[story.told..].to_vec(), answer.finish.clone())
            };
            if story.wire.is_deserted() {
                return story.wire.hang_up();
            }
            for chunk in chunks {
                story.tell(&chunk);
            }
            if let Some(finish) = finish {
                return story.end(&finish);
            }
        }
    }
}

impl Streaming {
    fn play(&self, asked: &Asked, wire: &mut Wire) {
        let question = asked.question();
        let mut story = Story::begin(asked, wire);
        for (at, chunk) in self.chunks.iter().enumerate() {
            if at > 0 && !story.wire.work(self.pause) {
                return;
            }
            story.tell(&chunk.replace("{question}", &question));
        }
        story.end(&self.finish);
    }
}

/// An answer being told, in events where a stream was asked for and else at its end.
struct Story<'a> {
    asked: &'a Asked,
    wire: &'a mut Wire,
    text: String,
    /// Chunks so far.
    told: usize,
}

impl<'a> Story<'a> {
    fn begin(asked: &'a Asked, wire: &'a mut Wire) -> Self {
        let text = String::new();
        if asked.streamed {
            wire.begin_stream();
            let thought = json!({"text": "let me think", "thought": true});
            wire.piece(&event(&part(asked, "", &thought)));
        }
        Self {
            asked,
            wire,
            text,
            told: 0,
        }
    }

    fn tell(&mut self, chunk: &str) {
        self.text.push_str(chunk);
        self.told += 1;
        if self.asked.streamed {
            let content = part(self.asked, &self.text, &json!({"text": chunk}));
            self.wire.piece(&event(&content));
        }
    }

    /// An empty reason is none: the answer breaks off.
    fn end(self, finish: &str) {
        let Self {
            asked, wire, text, ..
        } = self;
        if !asked.streamed {
            return wire.json(200, &whole(asked, &text, finish));
        }
        if !finish.is_empty() {
            wire.piece(&event(&last(asked, &text, finish)));
        }
        wire.end_stream();
    }
}

/// A whole answer at once, by the endpoint that was asked.
pub(super) fn say(asked: &Asked, text: &str, wire: &mut Wire) {
    if !asked.streamed {
        return wire.json(200, &whole(asked, text, "STOP"));
    }
    wire.begin_stream();
    for event in events(asked, text) {
        if !wire.piece(&event) {
            return;
        }
    }
    wire.end_stream();
}

pub(super) fn whole(asked: &Asked, text: &str, finish: &str) -> Value {
    json!({"candidates": [{"index": 0, "finishReason": finish,
            "content": {"role": "model", "parts": [{"text": "let me think", "thought": true},
                {"text": text, "thoughtSignature": "c2lnbmVk"}]}}],
        "usageMetadata": usage(asked, text), "modelVersion": asked.model, "responseId": "r1",
        "fieldOfTomorrow": {"kind": "UNHEARD_OF"}})
}

/// The events of a streamed answer: a thought, the text in pieces, an end without content. Line
/// ends alternate, as both forms are seen.
pub(super) fn events(asked: &Asked, text: &str) -> Vec<String> {
    let thought = json!({"text": "let me think", "thought": true});
    let mut chunks = vec![part(asked, text, &thought)];
    let characters: Vec<char> = text.chars().collect();
    let size = characters.len().div_ceil(3).max(1);
    for piece in characters.chunks(size) {
        let piece = piece.iter().collect::<String>();
        chunks.push(part(asked, text, &json!({ "text": piece })));
    }
    chunks.push(last(asked, text, "STOP"));
    let ends = ["\r\n\r\n", "\n\n"].into_iter().cycle();
    chunks
        .iter()
        .zip(ends)
        .map(|(chunk, end)| format!("data: {chunk}{end}"))
        .collect()
}

fn event(content: &Value) -> String {
    format!("data: {content}\r\n\r\n")
}

/// One part of an answer; the usage counts the text so far.
fn part(asked: &Asked, so_far: &str, part: &Value) -> Value {
    json!({"candidates": [{"content": {"role": "model", "parts": [part]}}],
        "usageMetadata": usage(asked, so_far), "modelVersion": asked.model})
}

fn last(asked: &Asked, text: &str, finish: &str) -> Value {
    json!({"candidates": [{"finishReason": finish, "index": 0}],
        "usageMetadata": usage(asked, text), "modelVersion": asked.model})
}

fn usage(asked: &Asked, text: &str) -> Value {
    let (answer, thoughts) = (text.len() / 4, asked.thoughts.max(5));
    json!({"promptTokenCount": 9, "candidatesTokenCount": answer, "thoughtsTokenCount": thoughts,
        "totalTokenCount": 9 + answer + thoughts})
}
