//! What tests see and hear: what was said, what a chat looks like now, and how it came about.

use super::chat_state::{Action, Chat, Edit};
use super::{Draft, Group, Message, Person, Telegram};
use crate::world::{PATIENCE, now};

/// Whether this is the alert that an Owner gets where a test kills the bot.
fn tells_of_a_crash(message: &Message) -> bool {
    message.text.starts_with("I crashed")
}

impl Telegram {
    /// What the bot has said to a chat, heard or not, taken back or not; each as it is now.
    pub(crate) fn said_in_all(&self, chat: i64) -> Vec<Message> {
        self.look(chat, |chat| chat.sent.clone())
    }

    /// The same, but for the alert that an Owner gets where a test kills the bot.
    pub(crate) fn said_to(&self, chat: i64) -> Vec<Message> {
        let mut said = self.said_in_all(chat);
        said.retain(|message| !tells_of_a_crash(message));
        said
    }

    /// The bot's messages that a chat shows now, but for that alert.
    pub(crate) fn shows(&self, chat: i64) -> Vec<Message> {
        let mut shown = self.look(chat, |chat| chat.visible().cloned().collect::<Vec<_>>());
        shown.retain(|message| !tells_of_a_crash(message));
        shown
    }

    /// Every draft of a chat, in order of their first frames.
    pub(crate) fn drafts(&self, chat: i64) -> Vec<Draft> {
        let now = now();
        let seen = |chat: &Chat| {
            let previews = chat.previews.iter();
            previews.map(|preview| preview.seen_at(now)).collect()
        };
        self.look(chat, seen)
    }

    /// What became of a message, edit by edit.
    pub(crate) fn edits_of(&self, chat: i64, message: i64) -> Vec<Edit> {
        let of = |(id, edit): &(i64, Edit)| (*id == message).then(|| edit.clone());
        self.look(chat, |chat| chat.edits.iter().filter_map(of).collect())
    }

    /// "typing" and the like, in order.
    pub(crate) fn actions(&self, chat: i64) -> Vec<Action> {
        self.look(chat, |chat| chat.actions.clone())
    }

    fn look<T>(&self, chat: i64, how: impl FnOnce(&Chat) -> Vec<T>) -> Vec<T> {
        let state = self.state.lock();
        state.chats.get(&chat).map_or_else(Vec::new, how)
    }

    /// The next message of the bot in a chat that nobody has heard yet; a test that kills the bot lets
    /// the alert of that pass.
    #[track_caller]
    fn hear(&self, chat: i64) -> Message {
        let next = self.wait(PATIENCE, |state| {
            let chat = state.chats.get_mut(&chat)?;
            let mut unheard = chat.sent.iter().enumerate().skip(chat.heard);
            let (at, message) = unheard.find(|(_, message)| !tells_of_a_crash(message))?;
            let message = message.clone();
            chat.heard = at + 1;
            Some(message)
        });
        next.unwrap_or_else(|| panic!("chat {chat} heard nothing within {PATIENCE:?}"))
    }

    /// The first unheard message that holds a word, or comes to hold it by an edit; what comes
    /// before it is let pass.
    #[track_caller]
    fn hear_about(&self, chat: i64, word: &str) -> Message {
        let next = self.wait(PATIENCE, |state| {
            let chat = state.chats.get_mut(&chat)?;
            let mut unheard = chat.sent.iter().enumerate().skip(chat.heard);
            let (at, message) = unheard.find(|(_, message)| message.text.contains(word))?;
            chat.heard = at + 1;
            Some(message.clone())
        });
        next.unwrap_or_else(|| {
            let said = self.said_to(chat);
            panic!("chat {chat} heard nothing about `{word}` within {PATIENCE:?}: {said:#?}")
        })
    }

    /// Waits until a chat looks as wished, and what it shows then.
    #[track_caller]
    fn see(&self, chat: i64, what: &str, wished: impl Fn(&[Message]) -> bool) -> Vec<Message> {
        let seen = self.wait(PATIENCE, |state| {
            let shown = state.chats.get(&chat)?.visible();
            let shown = shown.filter(|message| !tells_of_a_crash(message));
            let shown: Vec<Message> = shown.cloned().collect();
            wished(&shown).then_some(shown)
        });
        seen.unwrap_or_else(|| {
            let shown = self.shows(chat);
            panic!("chat {chat} did not show {what} within {PATIENCE:?}: {shown:#?}")
        })
    }
}

impl Person {
    /// The next message of the bot in this chat; waits for it.
    #[track_caller]
    pub(crate) fn hears(&self) -> Message {
        self.telegram.hear(self.chat)
    }

    /// The next message here that holds a word; what comes before it is let pass.
    #[track_caller]
    pub(crate) fn hears_about(&self, word: &str) -> Message {
        self.telegram.hear_about(self.chat, word)
    }

    /// Says something and hears the answer that holds the same words.
    #[track_caller]
    pub(crate) fn is_answered(&self, question: &str) -> String {
        self.says(question);
        self.hears_about(question).text
    }

    /// Says something and hears what comes next.
    #[track_caller]
    pub(crate) fn asks(&self, text: &str) -> String {
        self.says(text);
        self.hears().text
    }

    /// The bot's messages that the chat shows now.
    pub(crate) fn shows(&self) -> Vec<Message> {
        self.telegram.shows(self.chat)
    }

    /// Waits until the chat looks as wished, and what it shows then.
    #[track_caller]
    pub(crate) fn sees(&self, what: &str, wished: impl Fn(&[Message]) -> bool) -> Vec<Message> {
        self.telegram.see(self.chat, what, wished)
    }

    /// Every draft so far.
    pub(crate) fn drafts(&self) -> Vec<Draft> {
        self.telegram.drafts(self.chat)
    }

    /// Waits until a draft is shown whose newest frame holds this word.
    #[track_caller]
    pub(crate) fn sees_a_draft(&self, word: &str) -> Draft {
        let shown = self.telegram.wait(PATIENCE, |state| {
            let now = now();
            let previews = state.chats.get(&self.chat)?.previews.iter();
            let mut drafts = previews.map(|preview| preview.seen_at(now));
            drafts.find(|draft| {
                let newest = draft.frames.last();
                draft.is_alive && newest.is_some_and(|frame| frame.text.contains(word))
            })
        });
        shown.unwrap_or_else(|| {
            let drafts = self.drafts();
            panic!("no draft with `{word}` within {PATIENCE:?}: {drafts:#?}")
        })
    }

    /// What became of a message, edit by edit.
    pub(crate) fn edits_of(&self, message: i64) -> Vec<Edit> {
        self.telegram.edits_of(self.chat, message)
    }

    /// "typing" and the like, in order.
    pub(crate) fn actions(&self) -> Vec<Action> {
        self.telegram.actions(self.chat)
    }
}

impl Group {
    #[track_caller]
    pub(crate) fn hears(&self) -> Message {
        self.telegram.hear(self.id)
    }

    /// The bot's messages that the group shows now.
    pub(crate) fn shows(&self) -> Vec<Message> {
        self.telegram.shows(self.id)
    }

    /// Waits until the group looks as wished, and what it shows then.
    #[track_caller]
    pub(crate) fn sees(&self, what: &str, wished: impl Fn(&[Message]) -> bool) -> Vec<Message> {
        self.telegram.see(self.id, what, wished)
    }

    /// What became of a message, edit by edit.
    pub(crate) fn edits_of(&self, message: i64) -> Vec<Edit> {
        self.telegram.edits_of(self.id, message)
    }

    /// "typing" and the like, in order.
    pub(crate) fn actions(&self) -> Vec<Action> {
        self.telegram.actions(self.id)
    }

    /// Every draft so far: none, as long as groups take none.
    pub(crate) fn drafts(&self) -> Vec<Draft> {
        self.telegram.drafts(self.id)
    }
}
