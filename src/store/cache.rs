//! Persons and context windows kept in memory, bounded by bytes. Owns both caches. Invariant:
//! what a commit changed is never served from before it once the commit was answered: a fill
//! holds the gate from before its snapshot until it has stored the value, and the writer closes
//! the gate before it forgets what the commit touched.

use std::sync::Arc;

use moka::sync::Cache as Moka;
use parking_lot::RwLock;

use super::StoreError;
use super::key::{self, LaneKey};
use super::write::Touched;
use crate::chat::rich::Entity;
use crate::chat::{Enclosed, JobId, Lane, Part, Remembered, StoredTurn, UserId};
use crate::people::person::Person;
use crate::people::preferences::ChosenPersona;

/// Rounds kept per conversation: the most any role remembers (design §3).
pub(super) const WINDOW_ROUNDS: usize = 10;

const PERSONS_BYTES: u64 = 512 << 10;
const WINDOWS_BYTES: u64 = 2 << 20;

/// What moka itself keeps for one entry, as measured.
const ENTRY_BYTES: usize = 332;

/// The newest rounds of a conversation, and where somebody began anew in it.
#[derive(Clone)]
pub(super) struct Window(Arc<Rounds>);

struct Rounds {
    /// Oldest first.
    rounds: Vec<(JobId, Remembered)>,
    beginnings: Vec<(UserId, JobId)>,
}

impl Window {
    pub(super) fn new(rounds: Vec<(JobId, Remembered)>, beginnings: Vec<(UserId, JobId)>) -> Self {
        Self(Arc::new(Rounds { rounds, beginnings }))
    }

    /// The newest of them that count for this person, oldest first.
    pub(super) fn newest(&self, person: UserId, count: usize) -> Vec<Remembered> {
        let Rounds { rounds, beginnings } = &*self.0;
        let own = beginnings.iter().find(|(of, _)| *of == person);
        let since = own.map_or(JobId(0), |(_, job)| *job);
        let counting: Vec<&Remembered> = rounds
            .iter()
            .filter(|(job, _)| *job > since)
            .map(|(_, round)| round)
            .collect();
        let skip = counting.len().saturating_sub(count);
        counting.into_iter().skip(skip).cloned().collect()
    }
}

/// A person, or that the registry has none.
pub(super) type Registered = Option<Arc<Person>>;

pub(super) struct Cache {
    gate: RwLock<()>,
    persons: Moka<UserId, Registered>,
    windows: Moka<LaneKey, Window>,
}

impl Cache {
    pub(super) fn new() -> Self {
        Self {
            gate: RwLock::new(()),
            persons: Moka::builder()
                .max_capacity(PERSONS_BYTES)
                .weigher(|_, person: &Registered| weight(person.as_deref().map_or(0, person_bytes)))
                .build(),
            windows: Moka::builder()
                .max_capacity(WINDOWS_BYTES)
                .weigher(|_, Window(window): &Window| {
                    let rounds = window.rounds.iter();
                    let bytes: usize = rounds.map(|(_, round)| turn_bytes(round)).sum();
                    weight(bytes + size_of_val(&*window.beginnings))
                })
                .build(),
        }
    }

    pub(super) fn person(&self, id: UserId) -> Option<Registered> {
        self.persons.get(&id)
    }

    pub(super) fn window(&self, lane: Lane) -> Option<Window> {
        self.windows.get(&key::conversation(key::of_lane(lane)))
    }

    pub(super) fn fill_person(
        &self,
        id: UserId,
        load: impl FnOnce() -> Result<Option<Person>, StoreError>,
    ) -> Result<Registered, StoreError> {
        let _open = self.gate.read();
        let person = load()?.map(Arc::new);
        self.persons.insert(id, person.clone());
        Ok(person)
    }

    pub(super) fn fill_window(
        &self,
        lane: Lane,
        load: impl FnOnce() -> Result<Window, StoreError>,
    ) -> Result<Window, StoreError> {
        let _open = self.gate.read();
        let window = load()?;
        let conversation = key::conversation(key::of_lane(lane));
        self.windows.insert(conversation, window.clone());
        Ok(window)
    }

    /// Forgets what a commit changed; called after the commit and before it is answered.
    pub(super) fn forget(&self, touched: &Touched) {
        if touched.persons.is_empty() && touched.lanes.is_empty() {
            return;
        }
        let _closed = self.gate.write();
        for person in &touched.persons {
            self.persons.invalidate(person);
        }
        for lane in &touched.lanes {
            self.windows.invalidate(&key::conversation(*lane));
        }
    }
}

fn weight(bytes: usize) -> u32 {
    u32::try_from(bytes.saturating_add(ENTRY_BYTES)).unwrap_or(u32::MAX)
}

fn person_bytes(person: &Person) -> usize {
    let held = person.held.as_ref().map_or(0, |held| {
        let enclosed = held.enclosed.iter().map(Enclosed::bytes);
        held.text.len() + held.quote.as_ref().map_or(0, String::len) + enclosed.sum::<usize>()
    });
    let language = person.language.as_ref().map_or(0, String::len);
    let persona = person.preferences.persona.as_ref();
    let persona = persona.map_or(0, ChosenPersona::bytes);
    let words = person.knock.as_ref().map_or(0, |knock| knock.words.len());
    size_of::<Person>() + person.name.len() + language + words + held + persona
}

fn turn_bytes(turn: &StoredTurn) -> usize {
    let parts = turn.question.iter().chain(&turn.answer);
    let parts: usize = parts.map(|part| size_of::<Part>() + part.bytes()).sum();
    let messages = turn.question_messages.len() + turn.answer_messages.len() + turn.files.len();
    let beginning = turn.beginning.as_ref().map_or(0, |body| {
        body.text.len() + body.entity_bytes() + body.entities.len() * size_of::<Entity>()
    });
    size_of::<(JobId, Remembered)>()
        + size_of::<StoredTurn>()
        + turn.model.len()
        + 8 * messages
        + parts
        + beginning
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::MessageId;
    use crate::clock::Timestamp;
    use crate::people::person::Held;

    #[test]
    fn a_held_question_counts_with_its_quote() {
        let mut person = crate::store::tests::person("Ann", 1);
        let without = person_bytes(&person);
        person.held = Some(Held {
            message: MessageId(1),
            topic: None,
            text: "x".repeat(4000),
            quote: Some("y".repeat(300)),
            enclosed: Vec::new(),
            sent: Timestamp(1),
            told: Timestamp(2),
        });
        assert_eq!(person_bytes(&person), without + 4300);
    }
}
