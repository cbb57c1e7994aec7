//! A question that asks for a picture: what the model that draws is asked, and what comes of it.

use std::sync::Arc;

use log::info;

use super::made;
use super::question::{Asked, Means};
use super::reply::Reply;
use crate::app::call;
use crate::app::ending::Ending;
use crate::catalog::{Kind, TierReason};
use crate::chat::answer::{Answer, Failure};
use crate::chat::callback::Callback;
use crate::chat::part::PromptPart;
use crate::chat::prompt::{Message, Prompt, Speaker};
use crate::chat::rich::units;
use crate::chat::{Enclosed, Files, Lane, Notice, Seen, wish};
use crate::clock;
use crate::gemini::shape::Output;
use crate::keys::Pool;
use crate::people::roles::Terms;
use crate::store::StoreError;

/// Most pictures to go by (gemini-api §9).
const MOST_PICTURES: usize = 14;
/// Longest caption, in UTF-16 units (Bot API, `sendPhoto`).
const LONGEST_CAPTION: usize = 1024;

impl Asked<'_> {
    /// Whether there are keys with which a picture, or speech, can be made for somebody on these terms;
    /// the terminal shows none.
    pub(super) fn can_make(&self, kind: Kind, terms: &Terms) -> bool {
        let groups: Vec<_> = terms.groups().collect();
        let left = |pool: &mut Pool| pool.left(kind, &groups, clock::now());
        let is_terminal = self.job.lane == Lane::Terminal;
        !is_terminal && self.engine.lending.with(left).is_some()
    }

    /// What whoever asked for a picture is told where none can be drawn; an Owner in private, what it
    /// takes.
    pub(super) fn no_pictures(&self) -> String {
        self.locale.no_pictures(self.is_owner_in_private())
    }

    /// What is said where there is nothing to be drawn or spoken.
    pub(super) fn asks_for_words(&self) -> Reply {
        let text = self.locale.notice(&Notice::SayMore, self.job.sender.id);
        Reply::say(Ending::Told, text)
    }

    /// Draws a picture by these words; by what is replied to, where there are none.
    pub(super) async fn draw(&self, words: &str, means: &Means<'_>) -> Result<Reply, StoreError> {
        let words = match words {
            "" => self.quote.unwrap_or_default().trim(),
            words => words,
        };
        if words.is_empty() {
            return Ok(self.asks_for_words());
        }
        let looked = tokio::select! {
            looked = self.look(means.downloads, means.terms, &[]) => looked?,
            ending = means.view.cancel.cancelled() => return Ok(Reply::new(ending, Vec::new())),
        };
        if let Some(sentence) = self.in_vain(&looked) {
            return Ok(Reply::say(Ending::Told, sentence));
        }
        let mut parts = pictures(self.job.task.enclosed(), &looked.files);
        parts.push(PromptPart::Text(words.to_owned()));
        let asked = Message {
            speaker: Speaker::Person,
            parts,
        };
        let prompt = Prompt::new(String::new(), vec![asked]);
        let output = Output::Picture {
            ratio: wish::ratio(words),
        };
        let question = self.question(Kind::Pictures, output, Arc::new(prompt), means);
        let called = call::until_answered(self.engine, self.settings, &question).await?;
        let reply = match called.result {
            Ok(mut answer) => {
                // Of several pictures the last is the one that was meant.
                let last = answer.parts.iter().rposition(|part| part.made().is_some());
                if let Some(picture) = last.and_then(|at| answer.parts.get(at).cloned()) {
                    answer.parts = vec![picture];
                }
                answer.parts = made::kept(answer.parts, called.files).await;
                let mut drawn = self.drawn(answer, words, means.is_kept());
                drawn.notes.extend(self.notes_on(&looked));
                drawn
            }
            Err(Ending::Failed(failure)) => self.failed(failure, means.is_kept()),
            // Whoever cancelled has said so already.
            Err(ending) => Reply::new(ending, Vec::new()),
        };
        Ok(Reply {
            changes: called.changes,
            ..reply
        })
    }

    /// The picture of an answer; or what the model said in its place.
    fn drawn(&self, answer: Answer, words: &str, is_kept: bool) -> Reply {
        if answer.parts.is_empty() {
            return self.failed(Failure::Unkept, is_kept);
        }
        self.engine
            .metrics
            .answered(clock::now().since(self.job.accepted));
        info!(job = self.job.id.0, model = answer.model.as_str(); "drawn");
        let is_picture = answer.parts.iter().any(|part| part.made().is_some());
        let (offered, note): (&[Callback], _) = if is_picture {
            (&[Callback::Again, Callback::Vary], None)
        } else {
            (&[Callback::Retry], Some(self.locale.words_instead()))
        };
        let buttons = offered.iter().filter(|_| is_kept);
        Reply {
            caption: clipped(words, LONGEST_CAPTION),
            notes: note
                .map(str::to_owned)
                .into_iter()
                .chain(self.note_on_files())
                .collect(),
            buttons: buttons.map(|button| self.locale.button(*button)).collect(),
            round: is_kept.then(|| self.round(&answer, TierReason::Media)),
            ..Reply::new(answer.finish.into(), answer.parts)
        }
    }
}

/// The pictures that belong to a question, in their order: what is to be changed, or to be gone by.
fn pictures(enclosed: &[Enclosed], files: &Files) -> Vec<PromptPart> {
    let attachments = enclosed.iter().filter_map(Enclosed::attachment);
    let seen = attachments.filter_map(|one| files.get(&one.file.as_ref()?.id));
    let picture = |seen: &Seen| match seen {
        Seen::Media {
            mime,
            file,
            bytes,
            tokens,
        } if mime.starts_with("image/") => Some(PromptPart::Media {
            mime: (*mime).to_owned(),
            file: file.clone(),
            bytes: *bytes,
            tokens: *tokens,
        }),
        Seen::Media { .. } | Seen::Text { .. } => None,
    };
    seen.filter_map(picture).take(MOST_PICTURES).collect()
}

/// A text of at most so many UTF-16 units.
fn clipped(text: &str, most: usize) -> String {
    if units(text) <= most {
        return text.to_owned();
    }
    let mut left = most - 1;
    let fits = |c: &char| match left.checked_sub(c.len_utf16()) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    let mut clipped: String = text.chars().take_while(fits).collect();
    clipped.push('…');
    clipped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caption_is_as_long_as_the_service_takes() {
        assert_eq!(clipped("a cat", 5), "a cat");
        assert_eq!(clipped("a cats", 5), "a ca…");
        assert_eq!(clipped("🐈🐈🐈", 5), "🐈🐈…");
        assert_eq!(clipped("🐈🐈🐈", 4), "🐈…");
    }
}
