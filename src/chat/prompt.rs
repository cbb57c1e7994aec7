//! What the model is asked. Decides which earlier rounds still fit and how outside text is marked.
//! Pure. Invariant: speakers alternate and the last one is the person; words of somebody else never
//! stand where the person's own words stand.

use std::mem;

use super::part::{Part, PromptPart};
use super::quoting::{hidden, introduced, one_line, shown, summed_up};
use super::tool::Toolset;
use super::{Enclosed, Files, StoredTurn};

/// The persona of a new chat, when the settings name none.
pub(crate) const DEFAULT_PERSONA: &str = include_str!("../../data/prompts/default.md");

/// One request to the model, before any service's wire format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prompt {
    /// Persona and circumstances.
    pub(crate) system: String,
    /// Oldest first, speakers alternating; the last one is the person's question.
    pub(crate) messages: Vec<Message>,
    /// What the model may have done.
    pub(crate) tools: Toolset,
    /// Rounds, from the oldest on, that the budget did not hold.
    pub(crate) dropped: usize,
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
    /// Most tokens that the prompt may have by our estimate, beside the files of the question; oldest
    /// rounds go first.
    pub(crate) budget: u64,
    /// What is shown of the files of the question, and of earlier ones.
    pub(crate) files: &'a Files,
}

/// The request for a question, with as many of the latest rounds as the budget holds, and what was said
/// before these in short, where that was summed up. The question itself is never cut: whether it fits is
/// for the caller to see in [`Prompt::tokens`].
pub(crate) fn build(facts: &Facts<'_>, context: &[Earlier<'_>], question: &Question<'_>) -> Prompt {
    let mut system = system(facts, question.speaker.is_some());
    let asked = |files| Message {
        speaker: Speaker::Person,
        parts: question_parts(question, files),
    };
    let none = Files::new();
    let mut left = facts
        .budget
        .saturating_sub(estimate_tokens(&system) + asked(&none).tokens());
    let question = asked(facts.files);
    let (mut rounds, mut dropped) = (Vec::new(), 0);
    for (at, turn) in context.iter().enumerate().rev() {
        // With the files that are shown again, else without.
        let forms = [facts.files, &none].into_iter();
        let mut forms = forms.filter_map(|files| round(turn, files)).peekable();
        if forms.peek().is_none() {
            continue;
        }
        let fitting = forms.find_map(|round| {
            let rest = left.checked_sub(round.iter().map(Message::tokens).sum())?;
            Some((round, rest))
        });
        let Some((round, rest)) = fitting else {
            dropped = at + 1;
            break;
        };
        left = rest;
        rounds.push(round);
    }
    let mut gone = context.iter().take(dropped).rev();
    if let Some(summary) = gone.find_map(|it| it.turn.summary()) {
        system.push_str("\n\n");
        system.push_str(&summed_up(summary));
    }
    let rounds = rounds.into_iter().rev().flatten();
    let messages = rounds.chain([question]).collect();
    Prompt {
        dropped,
        ..Prompt::new(system, messages)
    }
}

/// A round as two messages; nothing when one side said nothing, which the service would refuse. Who
/// asked stands before their first words.
fn round(Earlier { turn, speaker }: &Earlier<'_>, files: &Files) -> Option<[Message; 2]> {
    let mut name = introduction(*speaker);
    let mut asked = Vec::new();
    for part in &turn.question {
        let mut replayed = part.replayed(files);
        if let (Part::Text(_), Some(PromptPart::Text(text))) = (part, replayed.first_mut()) {
            text.insert_str(0, &mem::take(&mut name));
        }
        asked.extend(replayed);
    }
    let answer = turn.answer.iter();
    let answered: Vec<PromptPart> = answer.flat_map(|part| part.replayed(files)).collect();
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
fn question_parts(question: &Question<'_>, files: &Files) -> Vec<PromptPart> {
    let mut parts = Vec::new();
    if let Some(quote) = question.quote.filter(|quote| !quote.trim().is_empty()) {
        parts.push(PromptPart::Text(introduced(quote)));
    }
    for one in question.enclosed {
        parts.extend(shown(one, files, hidden));
    }
    let words = introduction(question.speaker) + question.text.trim();
    if !words.is_empty() {
        parts.push(PromptPart::Text(words));
    }
    joined(parts)
}

/// The same with the texts that follow each other as one, a blank line between them.
fn joined(parts: Vec<PromptPart>) -> Vec<PromptPart> {
    let mut joined: Vec<PromptPart> = Vec::new();
    for part in parts {
        match (joined.last_mut(), part) {
            (Some(PromptPart::Text(before)), PromptPart::Text(text)) => {
                before.push_str("\n\n");
                before.push_str(&text);
            }
            (_, part) => joined.push(part),
        }
    }
    joined
}

impl Prompt {
    /// A request that offers no tools.
    pub(crate) const fn new(system: String, messages: Vec<Message>) -> Self {
        Self {
            system,
            messages,
            tools: Toolset::None,
            dropped: 0,
        }
    }

    /// The same with what the model said to it, and what came of that.
    pub(crate) fn followed_by(&self, said: &[Part], results: Vec<PromptPart>) -> Self {
        let none = Files::new();
        let said = Message {
            speaker: Speaker::Model,
            parts: said.iter().flat_map(|part| part.replayed(&none)).collect(),
        };
        let results = Message {
            speaker: Speaker::Person,
            parts: results,
        };
        Self {
            system: self.system.clone(),
            messages: [self.messages.clone(), vec![said, results]].concat(),
            tools: self.tools.clone(),
            dropped: self.dropped,
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
        let messages = self.messages.iter().map(Message::tokens);
        estimate_tokens(&self.system) + self.tools.tokens() + messages.sum::<u64>()
    }
}

impl Toolset {
    fn tokens(&self) -> u64 {
        match self {
            Self::None | Self::Search | Self::Pages | Self::Code => 0,
            Self::Functions(functions) => functions
                .iter()
                .map(|it| {
                    estimate_tokens(it.name)
                        + estimate_tokens(&it.description)
                        + estimate_tokens(&it.parameters.to_string())
                })
                .sum(),
        }
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
            Self::Media { tokens, .. } => *tokens,
            Self::Result(result) => estimate_tokens(&result.response().to_string()),
            Self::Signed(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX).div_ceil(4),
        }
    }
}

/// About how many tokens a text has: 4 characters each in Latin script, 2 in Cyrillic and its
/// neighbours, 1 in Chinese, Japanese and Korean; an emoji has two. Never 0 for a text.
pub(crate) fn estimate_tokens(text: &str) -> u64 {
    text.chars().map(quarters).sum::<u64>().div_ceil(4)
}

/// As much of the beginning of a text as has at most so many tokens, and how many it has.
pub(crate) fn within_tokens(text: &str, most: u64) -> (&str, u64) {
    let mut left = most.saturating_mul(4);
    for (at, c) in text.char_indices() {
        match left.checked_sub(quarters(c)) {
            Some(rest) => left = rest,
            None => return (text.get(..at).unwrap_or_default(), most),
        }
    }
    (text, estimate_tokens(text).min(most))
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
