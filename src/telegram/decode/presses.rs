//! What somebody presses: a button under a message, or the native Stop of a draft. Pure.

use super::attached::of_field;
use super::{Unfit, chat_kind, person, skipped, topic};
use crate::chat::{Attachment, ChatKind, Event, Pressed, TopicId, UpdateId};
use crate::telegram::wire::{CallbackQuery, StoppedGeneration};

/// A press that cannot be acted on is an event all the same: the button spins until it is answered.
pub(super) fn of_press(update: UpdateId, json: &str) -> Result<Event, Unfit> {
    let query: CallbackQuery = serde_json::from_str(json)?;
    let sender = person(&query.from);
    let is_old = query.message.as_ref().is_some_and(|held| held.date == 0);
    let held = query.message.filter(|held| held.date != 0);
    let place = held.and_then(|held| Some((chat_kind(&held.chat).ok()?, held)));
    Ok(match (place, query.data) {
        (Some((kind, held)), Some(data)) => Event::Pressed(Pressed {
            update,
            callback: query.id,
            chat: held.chat.id,
            kind,
            topic: topic(
                kind,
                held.direct_messages_topic.as_ref(),
                held.message_thread_id
                    .filter(|_| held.is_topic_message == Some(true)),
            ),
            message: held.message_id,
            sender,
            is_shown: held.shows(&data),
            picture: Some(of_field("photo", &held.photo)).filter(Attachment::is_picture),
            data,
        }),
        (Some(_), None) | (None, _) => Event::PressedInVain {
            callback: query.id,
            sender,
            is_old,
        },
    })
}

/// A stop names nobody; it comes from private chats only, so it is the person's.
pub(super) fn of_stop(json: &str) -> Result<Event, Unfit> {
    let stop: StoppedGeneration = serde_json::from_str(json)?;
    match chat_kind(&stop.chat)? {
        ChatKind::Private => Ok(Event::Stopped {
            chat: stop.chat.id,
            topic: stop.message_thread_id.map(TopicId::Thread),
            draft: stop.draft_id,
        }),
        ChatKind::Group => Err(skipped("stop in a group")),
    }
}
