//! What is spoken of a text: which words, in how many calls of a model that speaks, and the voice message
//! that comes of them.

use std::fs::File;
use std::io::BufReader;
use std::sync::Arc;
use std::time::Duration;

use log::{info, warn};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::made;
use super::question::{Asked, Means};
use super::reply::Reply;
use crate::app::call::{self, Sight, View};
use crate::app::ending::{Ending, Request};
use crate::catalog::Kind;
use crate::chat::Part;
use crate::chat::answer::Failure;
use crate::chat::part::{PromptPart, text_of};
use crate::chat::prompt::{Message, Prompt, Speaker};
use crate::gemini::shape::Output;
use crate::keys::Change;
use crate::render::spoken;
use crate::spool::{Draft, Spool, Spooled};
use crate::store::StoreError;
use crate::voice::{NoVoice, Voice};

/// Most calls for one voice message: a key has few a day.
const MOST_PIECES: usize = 3;
/// Room for a voice message: twice what the longest takes.
const ROOM: u64 = 4 << 20;
/// How long it is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was spoken.
struct Spoken {
    /// The voice message; without one, how the calls ended.
    voice: Result<Part, Ending>,
    /// There was more to say.
    is_cut: bool,
    /// What the pool learned.
    changes: Vec<Change>,
}

impl Asked<'_> {
    /// Speaks these words; those that are replied to, where there are none.
    pub(super) async fn say(&self, words: &str, means: &Means<'_>) -> Result<Reply, StoreError> {
        let words = match words {
            "" => self.quote.unwrap_or_default(),
            words => words,
        };
        let Some(spoken) = self.speak(words, means).await? else {
            return Ok(self.asks_for_words());
        };
        let reply = match spoken.voice {
            Ok(voice) => Reply::new(Ending::Answered, vec![voice]),
            Err(Ending::Failed(failure)) => self.failed(failure, false),
            // Whoever cancelled has said so already.
            Err(ending) => Reply::new(ending, Vec::new()),
        };
        Ok(Reply {
            notes: self.note_on_voice(spoken.is_cut),
            changes: spoken.changes,
            ..reply
        })
    }

    /// The same reply with its text spoken as well, for whoever wants that. The text goes out whatever
    /// comes of it.
    pub(super) async fn voiced(
        &self,
        reply: Reply,
        means: &Means<'_>,
    ) -> Result<Reply, StoreError> {
        let is_wanted = self.preferences.speaks && reply.ending == Ending::Answered;
        if !is_wanted || !self.can_make(Kind::Speech, means.terms) {
            return Ok(reply);
        }
        // What is seen of the answer meanwhile is its text.
        let sight = Sight::new();
        let unseen = Means {
            view: View {
                sight: &sight,
                ..means.view
            },
            ..*means
        };
        let mut reply = reply;
        let Some(spoken) = self.speak(&text_of(&reply.parts), &unseen).await? else {
            return Ok(reply);
        };
        reply.changes.extend(spoken.changes);
        match spoken.voice {
            Ok(voice) => {
                reply.parts.push(voice);
                reply.notes.extend(self.note_on_voice(spoken.is_cut));
            }
            Err(Ending::Failed(failure)) => {
                info!(job = self.job.id.0, failure:?; "not spoken");
                reply.notes.push(self.locale.not_spoken().to_owned());
            }
            Err(ending) if means.view.cancel.requested() != Some(Request::Stopped) => {
                return Ok(Reply {
                    changes: reply.changes,
                    ..Reply::new(ending, Vec::new())
                });
            }
            Err(_) => {}
        }
        Ok(reply)
    }

    fn note_on_voice(&self, is_cut: bool) -> Vec<String> {
        let note = is_cut.then(|| self.locale.voice_is_cut().to_owned());
        note.into_iter().collect()
    }

    /// Speaks a text; nothing comes of one in which there is nothing to be said.
    async fn speak(&self, text: &str, means: &Means<'_>) -> Result<Option<Spoken>, StoreError> {
        let words = self.plain(text).await;
        let (pieces, is_cut) = spoken::pieces(&words, MOST_PIECES);
        if pieces.is_empty() {
            return Ok(None);
        }
        let mut spoken = Spoken {
            voice: Err(Failure::Empty.into()),
            is_cut,
            changes: Vec::new(),
        };
        let mut sounds = Vec::new();
        for piece in pieces {
            let asked = Message {
                speaker: Speaker::Person,
                parts: vec![PromptPart::Text(piece)],
            };
            let prompt = Prompt::new(String::new(), vec![asked]);
            let question = self.question(Kind::Speech, Output::Speech, Arc::new(prompt), means);
            let called = call::until_answered(self.engine, self.settings, &question).await?;
            spoken.changes.extend(called.changes);
            let sound = match called.result {
                Ok(answer) => sound(&answer.parts, called.files),
                Err(ending) => {
                    spoken.voice = Err(ending);
                    None
                }
            };
            let Some(sound) = sound else {
                // What was spoken so far is worth more than nothing.
                spoken.is_cut = true;
                break;
            };
            sounds.push(sound);
        }
        if !sounds.is_empty() {
            let voice = recorded(&self.engine.spool, sounds).await;
            spoken.voice = voice.ok_or(Failure::Unkept.into());
        }
        Ok(Some(spoken))
    }

    /// The words of a text as they are said. A long one is read on a thread that may block.
    async fn plain(&self, text: &str) -> String {
        let text = text.to_owned();
        let plain = spawn_blocking(move || spoken::words(&text)).await;
        plain.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }
}

/// A sound and what the model says it is.
struct Sound {
    file: Spooled,
    mime: String,
}

/// The first file of an answer.
fn sound(parts: &[Part], files: Vec<Spooled>) -> Option<Sound> {
    let Part::Made { mime, file: name } = parts.iter().find(|part| part.made().is_some())? else {
        return None;
    };
    let file = files.into_iter().find(|file| file.name() == name)?;
    let mime = mime.clone();
    Some(Sound { file, mime })
}

/// The sounds as one voice message, which outlives the process; where they cannot be made one, the first
/// as it is.
async fn recorded(spool: &Spool, sounds: Vec<Sound>) -> Option<Part> {
    let (message, sounds) = match timeout(PATIENCE, spool.room(ROOM)).await {
        Ok(Ok(room)) => {
            let encoded = spawn_blocking(move || {
                let draft = room.create().map_err(NoVoice::Io);
                (draft.and_then(|draft| encoded(draft, &sounds)), sounds)
            });
            let (message, sounds) = encoded.await.ok()?;
            (message.map_err(|error| error.to_string()), sounds)
        }
        Ok(Err(_)) | Err(_) => (Err("no room for it".to_owned()), sounds),
    };
    let (file, mime) = match message {
        Ok(message) => (message, "audio/ogg".to_owned()),
        Err(error) => {
            warn!(err:% = error; "no voice message can be made of what was spoken");
            let Sound { file, mime } = sounds.into_iter().next()?;
            (file, mime)
        }
    };
    let part = Part::Made {
        mime,
        file: file.name().to_owned(),
    };
    made::kept(vec![part], vec![file]).await.pop()
}

fn encoded(mut draft: Draft, sounds: &[Sound]) -> Result<Spooled, NoVoice> {
    let mut voice = Voice::new(&mut draft);
    for Sound { file, mime } in sounds {
        let sound = File::open(file.path())?;
        voice.add(BufReader::new(sound), mime)?;
    }
    voice.finish()?;
    Ok(draft.finish())
}
