//! What the model is asked. Decides which earlier rounds still fit and how outside text is marked.
//! Pure. Invariant: speakers alternate and the last one is the person; words of somebody else never
//! stand where the person's own words stand.

use std::mem;

use super::part::{Part, PromptPart};
use super::quoting::{described, introduced, one_line};
use super::{Enclosed, StoredTurn};

/// The persona of a new chat, when the settings name none.
pub(crate) const DEFAULT_PERSONA: &str = include_str!("../../data/prompts/default.md");

/// A picture at full resolution; the least we count for any file (gemini-api §8).
const PICTURE_TOKENS: u64 = 1_120;

/// Sound at 32 tokens a second and some 16 kB a second; film and paper cost less for their size.
const BYTES_PER_TOKEN: u64 = 500;

/// One request to the model, before any service's wire format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prompt {
    /// Persona and circumstances.
    pub(crate) system: String,
    /// Oldest first, speakers alternating; the last one is the person's question.
    pub(crate) messages: Vec<Message>,
}

/// What one side said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) speaker: Speaker,
    pub(crate) parts: Vec<PromptPart>,
}

/// The two sides of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaker {
    Person,
    Model,
}

/// An earlier round that the model is shown again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Earlier<'a> {
    pub(crate) turn: &'a StoredTurn,
    /// Who asked, where several people talk.
    pub(crate) speaker: Option<&'a str>,
}

/// What is asked now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) text: &'a str,
    /// Words of somebody else that the question is about.
    pub(crate) quote: Option<&'a str>,
    /// What else belongs to the question.
    pub(crate) enclosed: &'a [Enclosed],
    /// Who asks, where several people talk.
    pub(crate) speaker: Option<&'a str>,
}

/// The circumstances of a turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) persona: &'a str,
    /// Today's date as the model should read it.
    pub(crate) today: &'a str,
    /// IETF tag of the person's client.
    pub(crate) language: Option<&'a str>,
    /// Most tokens the whole prompt may have by our estimate; oldest rounds go first.
    pub(crate) budget: u64,
}

/// The request for a question, with as many of the latest rounds as the budget holds. The question
/// itself is never cut: whether it fits is for the caller to see in [`Prompt::tokens`].
pub(crate) fn build(facts: &Facts<'_>, context: &[Earlier<'_>], question: &Question<'_>) -> Prompt {
    let system = system(facts, question.speaker.is_some());
    let question = Message {
        speaker: Speaker::Person,
        parts: vec![PromptPart::Text(question_text(question))],
    };
    let mut left = facts
        .budget
        .saturating_sub(estimate_tokens(&system) + question.tokens());
    let mut rounds = Vec::new();
    for turn in context.iter().rev() {
        let Some(round) = round(turn) else {
            continue;
        };
        let Some(rest) = left.checked_sub(round.iter().map(Message::tokens).sum()) else {
            break;
        };
        left = rest;
        rounds.push(round);
    }
    let messages = rounds
        .into_iter()
        .rev()
        .flatten()
        .chain([question])
        .collect();
    Prompt { system, messages }
}

/// A round as two messages; nothing when one side said nothing, which the service would refuse. Who
/// asked stands before their first words.
fn round(Earlier { turn, speaker }: &Earlier<'_>) -> Option<[Message; 2]> {
    let mut name = introduction(*speaker);
    let asked = turn.question.iter().filter_map(|part| {
        Some(match (part, part.replayed()?) {
            (Part::Text(_), PromptPart::Text(text)) => {
                PromptPart::Text(mem::take(&mut name) + &text)
            }
            (_, replayed) => replayed,
        })
    });
    let asked: Vec<PromptPart> = asked.collect();
    let answered: Vec<PromptPart> = turn.answer.iter().filter_map(Part::replayed).collect();
    let said = |speaker, parts| Message { speaker, parts };
    (!asked.is_empty() && !answered.is_empty())
        .then(|| [said(Speaker::Person, asked), said(Speaker::Model, answered)])
}

/// A name as it stands before what its bearer says; one line, as it comes from outside.
fn introduction(speaker: Option<&str>) -> String {
    let name = speaker.map(one_line).unwrap_or_default();
    if name.is_empty() { name } else { name + ": " }
}

fn system(facts: &Facts<'_>, is_group: bool) -> String {
    let mut system = format!("{}\n\nToday is {}.", facts.persona.trim(), facts.today);
    // The tag comes from outside; anything that is no tag could be an instruction.
    let is_tag =
        |tag: &&str| tag.len() <= 16 && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if let Some(tag) = facts.language.filter(is_tag) {
        system.push_str("\nThe language of the person's app is \"");
        system.push_str(tag);
        system.push_str("\"; use it when the question does not show a language.");
    }
    if is_group {
        system.push_str(
            "\nThis is a group chat: the name of whoever speaks stands before their words. Answer \
             the last one, and begin with no name.",
        );
    }
    system
}

/// The question with what belongs to it: what is quoted and enclosed first, then who asks, then the
/// words.
fn question_text(question: &Question<'_>) -> String {
    let mut text = String::new();
    if let Some(quote) = question.quote.filter(|quote| !quote.trim().is_empty()) {
        text.push_str(&introduced(quote));
        text.push_str("\n\n");
    }
    for words in question.enclosed.iter().filter_map(described) {
        text.push_str(&words);
        text.push_str("\n\n");
    }
    text.push_str(&introduction(question.speaker));
    text.push_str(question.text.trim());
    text
}

impl Prompt {
    /// The same with what the model said to it, and what came of that.
    pub(crate) fn followed_by(&self, said: &[Part], results: Vec<PromptPart>) -> Self {
        let said = Message {
            speaker: Speaker::Model,
            parts: said.iter().filter_map(Part::replayed).collect(),
        };
        let results = Message {
            speaker: Speaker::Person,
            parts: results,
        };
        Self {
            system: self.system.clone(),
            messages: [self.messages.clone(), vec![said, results]].concat(),
        }
    }

    /// Whether the model has said anything in it.
    pub(crate) fn has_answers(&self) -> bool {
        self.messages
            .iter()
            .any(|message| message.speaker == Speaker::Model)
    }

    /// Our estimate of what the service will count.
    pub(crate) fn tokens(&self) -> u64 {
        estimate_tokens(&self.system) + self.messages.iter().map(Message::tokens).sum::<u64>()
    }
}

impl Message {
    fn tokens(&self) -> u64 {
        self.parts.iter().map(PromptPart::tokens).sum()
    }
}

impl PromptPart {
    fn tokens(&self) -> u64 {
        match self {
            Self::Text(text) => estimate_tokens(text),
            Self::Media { bytes, .. } => (bytes / BYTES_PER_TOKEN).max(PICTURE_TOKENS),
            Self::Signed(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX).div_ceil(4),
        }
    }
}

/// About how many tokens a text has: 4 characters each in Latin script, 2 in Cyrillic and its
/// neighbours, 1 in Chinese, Japanese and Korean; an emoji has two. Never 0 for a text.
pub(crate) fn estimate_tokens(text: &str) -> u64 {
    text.chars().map(quarters).sum::<u64>().div_ceil(4)
}

/// Quarters of a token that a character costs.
const fn quarters(c: char) -> u64 {
    match c {
        '\0'..='\u{36f}' => 1,
        '\u{370}'..='\u{2e7f}' => 2,
        '\u{2e80}'..='\u{ffff}' => 4,
        '\u{10000}'.. => 8,
    }
}

#[cfg(test)]
mod tests;
