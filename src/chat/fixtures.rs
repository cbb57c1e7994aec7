//! Nouns for tests, each as plain as it can be: a test says with `..` what it is about.

use super::{
    Addressed, Author, Basis, ChatId, ChatKind, Content, Inbound, Job, JobId, Lane, MessageId,
    Origin, OtherNames, Part, Role, Sender, StoredTurn, Task, TopicId, UpdateId, UserId,
};
use crate::clock::Timestamp;

/// Somebody's lane in a group (a negative chat) or in their private chat.
pub(crate) fn lane(chat: i64, topic: Option<i32>, person: i64) -> Lane {
    Lane::Telegram {
        chat: ChatId(chat),
        topic: topic.map(TopicId::Thread),
        person: UserId(person),
    }
}

/// The lane of somebody's private chat.
pub(crate) const fn private(person: i64) -> Lane {
    Lane::Telegram {
        chat: ChatId(person),
        topic: None,
        person: UserId(person),
    }
}

/// Ann, whose client names no language.
pub(crate) fn sender(id: i64) -> Sender {
    Sender {
        id: UserId(id),
        name: "Ann".to_owned(),
        language: None,
        is_chat: false,
    }
}

/// A private message of that person.
pub(crate) fn inbound(person: i64, text: &str, sent: Timestamp) -> Inbound {
    Inbound {
        update: UpdateId(1),
        chat: ChatId(person),
        kind: ChatKind::Private,
        topic: None,
        message: MessageId(1),
        sender: sender(person),
        other_names: OtherNames::default(),
        title: String::new(),
        sent,
        posted: sent,
        addressed: Addressed::Private,
        author: Author::Sender,
        content: Content::Text(text.to_owned()),
        album: None,
        markdown: None,
        quote: None,
        quote_markdown: None,
        file_of_reply: None,
        replies_to: None,
        chose_quote: false,
        shown: None,
    }
}

/// What person 7 asks there, in update 1 and message 10.
pub(crate) fn question(id: JobId, lane: Lane, text: &str) -> Job {
    let origin = Origin::Updates(vec![UpdateId(1)]);
    let task = Task::question(text.to_owned(), Basis::Newest);
    Job {
        id,
        messages: vec![MessageId(10)],
        role: Role::Normal,
        ..Job::new(origin, lane, sender(7), task, Timestamp(1))
    }
}

/// What was asked in message 10, and what model "m" said to it; nothing where it did not answer.
pub(crate) fn round(question: &str, answer: Option<&str>) -> StoredTurn {
    let text = |text: &str| Part::Text(text.to_owned());
    StoredTurn {
        model: "m".to_owned(),
        answer: answer.map(text).into_iter().collect(),
        ..StoredTurn::unanswered(Timestamp(1), vec![MessageId(10)], vec![text(question)])
    }
}
