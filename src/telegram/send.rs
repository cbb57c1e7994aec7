//! What the bot asks of Telegram. Part of the edge; pacing and retries are the caller's.
//!
//! Invariant: a refusal that means "it is so already" is success here, so that a row sent twice
//! after a crash still leaves the outbox.

use std::io;
use std::path::Path;

use frankenstein::TelegramApi;
use frankenstein::input_file::FileUpload;
use frankenstein::methods::{
    AnswerCallbackQueryParams, DeleteMessageParams, DeleteWebhookParams, EditMessageTextParams,
    LeaveChatParams, SendChatActionParams, SendDocumentParams, SendMessageDraftParams,
    SendMessageParams, SendPhotoParams,
};
use frankenstein::types::{
    ChatAction, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, MessageEntity,
    MessageEntityType, ReplyMarkup, ReplyParameters,
};
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::form::{Content, Upload};
use super::keyboard;
use super::verdict::Refusal;
use super::wire::Success;
use super::{CallError, Client, Me};
use crate::chat::rich::{Entity, Rich, Style};
use crate::chat::{Action, Button, ChatId, Form, MessageId, Outbound, Payload, TopicId};
use crate::clock::Timestamp;
use crate::render::rendered;

/// Largest file that is taken as a photo.
const MAX_PHOTO: u64 = 10 << 20;
/// Longest text of `answerCallbackQuery`.
const MAX_ANSWER: usize = 200;

/// Does what the row says, and gives the message that was sent or edited. `file` is where the file of
/// the row lies, if it has one that the model made. Blocks. A message that was sent and has no id for us
/// (somebody removed it at once) is success, too.
///
/// After an error that [`CallError::may_have_happened`], the message may be in the chat.
pub(crate) fn send(
    client: &Client,
    row: &Outbound,
    file: Option<&Path>,
) -> Result<Option<MessageId>, CallError> {
    match carry_out(client, row, file) {
        Err(CallError::Refused(Refusal::SentAndRemoved)) => Ok(None),
        outcome => outcome,
    }
}

fn carry_out(
    client: &Client,
    row: &Outbound,
    made: Option<&Path>,
) -> Result<Option<MessageId>, CallError> {
    match &row.payload {
        Payload::Send {
            body,
            reply_to,
            buttons,
        } => message(client, row, (body, buttons), *reply_to),
        Payload::Edit {
            message,
            body,
            buttons,
        } => edit(client, row.chat, *message, (body, buttons)),
        Payload::Restore { .. } => carry_out(client, &rendered(row.clone()), made),
        Payload::Delete { message } => {
            let params = DeleteMessageParams::builder()
                .chat_id(row.chat.0)
                .message_id(message.0)
                .build();
            done(client.delete_message(&params), &Refusal::Gone)
        }
        Payload::File {
            name,
            path,
            reply_to,
        } => file(
            client,
            row,
            (name, Content::File(Path::new(path))),
            *reply_to,
        ),
        Payload::Document {
            name,
            text,
            reply_to,
        } => file(client, row, (name, Content::Text(text)), *reply_to),
        Payload::Photo { png, caption } => photo(client, row, png, caption),
        Payload::Made { .. } => file_made(client, row, made),
        Payload::Leave => {
            let params = LeaveChatParams::builder().chat_id(row.chat.0).build();
            done(client.leave_chat(&params), &Refusal::ChatClosed)
        }
        Payload::Answer { callback, text } => {
            let text: String = text.chars().take(MAX_ANSWER).collect();
            let params = AnswerCallbackQueryParams::builder()
                .callback_query_id(callback)
                .maybe_text((!text.is_empty()).then_some(text))
                .build();
            done(
                client.answer_callback_query(&params),
                &Refusal::QueryExpired,
            )
        }
    }
}

/// Who the bot is, and the clock of Telegram's server; also the cheapest way to learn whether the
/// token is good.
pub(crate) fn get_me(client: &Client) -> Result<(Me, Option<Timestamp>), CallError> {
    client.call_dated("getMe", &())
}

/// Lets `getUpdates` work again; what waits at Telegram is kept.
pub(crate) fn delete_webhook(client: &Client) -> Result<(), CallError> {
    let params = DeleteWebhookParams::builder()
        .drop_pending_updates(false)
        .build();
    client.delete_webhook(&params).map(drop)
}

fn message(
    client: &Client,
    row: &Outbound,
    (body, buttons): (&Rich, &[Button]),
    reply_to: Option<MessageId>,
) -> Result<Option<MessageId>, CallError> {
    let params = SendMessageParams::builder()
        .chat_id(row.chat.0)
        .maybe_message_thread_id(row.topic.and_then(TopicId::thread))
        .maybe_direct_messages_topic_id(row.topic.and_then(TopicId::direct))
        .text(&body.text)
        .maybe_entities(entities(body))
        .link_preview_options(LinkPreviewOptions::DISABLED)
        .maybe_reply_parameters(reply_to.map(reply))
        .maybe_reply_markup(keyboard(buttons).map(ReplyMarkup::InlineKeyboardMarkup))
        .build();
    let sent = client.call("sendMessage", &params)?;
    Ok(message_id(&sent))
}

fn edit(
    client: &Client,
    chat: ChatId,
    message: MessageId,
    (body, buttons): (&Rich, &[Button]),
) -> Result<Option<MessageId>, CallError> {
    let params = EditMessageTextParams::builder()
        .chat_id(chat.0)
        .message_id(message.0)
        .text(&body.text)
        .maybe_entities(entities(body))
        .link_preview_options(LinkPreviewOptions::DISABLED)
        .maybe_reply_markup(keyboard(buttons))
        .build();
    let edited: Result<IgnoredAny, _> = client.call("editMessageText", &params);
    done(edited, &Refusal::NotModified)?;
    Ok(Some(message))
}

/// Shows a growing text in a private chat for the next 30 seconds (Bot API, `sendMessageDraft`); the
/// person may stop it. An empty text shows that the bot thinks. `draft` is not zero.
pub(crate) fn draft(
    client: &Client,
    chat: ChatId,
    topic: Option<TopicId>,
    draft: i32,
    body: &Rich,
) -> Result<(), CallError> {
    let params = SendMessageDraftParams::builder()
        .chat_id(chat.0)
        .maybe_message_thread_id(topic.and_then(TopicId::thread))
        .draft_id(draft)
        .text(&body.text)
        .maybe_entities(entities(body))
        .can_stop(true)
        .build();
    client
        .call("sendMessageDraft", &params)
        .map(|IgnoredAny| ())
}

/// What the bot does while somebody waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activity {
    Writing,
    Drawing,
    Speaking,
}

/// Shows for five seconds what the bot does (Bot API, `sendChatAction`); not in the inbox of a channel,
/// which takes no actions.
pub(crate) fn act(
    client: &Client,
    chat: ChatId,
    topic: Option<TopicId>,
    activity: Activity,
) -> Result<(), CallError> {
    let action = match activity {
        Activity::Writing => ChatAction::Typing,
        Activity::Drawing => ChatAction::UploadPhoto,
        Activity::Speaking => ChatAction::RecordVoice,
    };
    let params = SendChatActionParams::builder()
        .chat_id(chat.0)
        .maybe_message_thread_id(topic.and_then(TopicId::thread))
        .action(action)
        .build();
    client.call("sendChatAction", &params).map(|IgnoredAny| ())
}

fn file(
    client: &Client,
    row: &Outbound,
    (name, content): (&str, Content<'_>),
    reply_to: Option<MessageId>,
) -> Result<Option<MessageId>, CallError> {
    let field = "document";
    let params = SendDocumentParams::builder()
        .chat_id(row.chat.0)
        .maybe_message_thread_id(row.topic.and_then(TopicId::thread))
        .maybe_direct_messages_topic_id(row.topic.and_then(TopicId::direct))
        .document(FileUpload::String(format!("attach://{field}")))
        .maybe_reply_parameters(reply_to.map(reply))
        .build();
    let upload = Upload {
        field,
        name: name.to_owned(),
        content,
    };
    let sent: Success<Value> = client.upload("sendDocument", &params, &[upload])?;
    Ok(message_id(&sent.result))
}

fn photo(
    client: &Client,
    row: &Outbound,
    png: &[u8],
    caption: &str,
) -> Result<Option<MessageId>, CallError> {
    let field = "photo";
    let params = SendPhotoParams::builder()
        .chat_id(row.chat.0)
        .maybe_message_thread_id(row.topic.and_then(TopicId::thread))
        .maybe_direct_messages_topic_id(row.topic.and_then(TopicId::direct))
        .photo(FileUpload::String(format!("attach://{field}")))
        .caption(caption)
        .build();
    let upload = Upload {
        field,
        name: "chart.png".to_owned(),
        content: Content::Bytes(png),
    };
    let sent: Success<Value> = client.upload("sendPhoto", &params, &[upload])?;
    Ok(message_id(&sent.result))
}

/// A file that the model made, in its form; a picture that is too large for a photo as a document.
fn file_made(
    client: &Client,
    row: &Outbound,
    file: Option<&Path>,
) -> Result<Option<MessageId>, CallError> {
    let missing = || CallError::Local(io::ErrorKind::NotFound);
    let path = file.ok_or_else(missing)?;
    let Payload::Made {
        form,
        name,
        caption,
        reply_to,
        buttons,
        ..
    } = &row.payload
    else {
        return Err(missing());
    };
    let is_small = std::fs::metadata(path)?.len() <= MAX_PHOTO;
    let (method, field) = match form {
        Form::Photo if is_small => ("sendPhoto", "photo"),
        Form::Voice => ("sendVoice", "voice"),
        Form::Photo | Form::Document => ("sendDocument", "document"),
    };
    let upload = Upload {
        field,
        name: name.clone(),
        content: Content::File(path),
    };
    let params = FileParams {
        chat_id: row.chat.0,
        message_thread_id: row.topic.and_then(TopicId::thread),
        direct_messages_topic_id: row.topic.and_then(TopicId::direct),
        caption: (!caption.is_empty()).then_some(caption),
        reply_parameters: reply_to.map(reply),
        reply_markup: keyboard(buttons),
    };
    let sent: Success<Value> = client.upload(method, &params, &[upload])?;
    Ok(message_id(&sent.result))
}

/// What the methods that send a file have in common; the file itself is a part of the form.
#[derive(Serialize)]
struct FileParams<'a> {
    chat_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_thread_id: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    direct_messages_topic_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    caption: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_parameters: Option<ReplyParameters>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_markup: Option<InlineKeyboardMarkup>,
}

fn keyboard(buttons: &[Button]) -> Option<InlineKeyboardMarkup> {
    let button = |button: &Button| {
        let made = InlineKeyboardButton::builder().text(&button.label);
        match &button.action {
            Action::Callback(data) => made.callback_data(data).build(),
            Action::Url(address) => made.url(address).build(),
        }
    };
    let row = |row: &[Button]| row.iter().map(button).collect();
    let rows: Vec<_> = keyboard::rows(buttons).map(row).collect();
    let keyboard = InlineKeyboardMarkup::builder().inline_keyboard(rows);
    (!buttons.is_empty()).then(|| keyboard.build())
}

fn entities(body: &Rich) -> Option<Vec<MessageEntity>> {
    let entities: Vec<_> = body.entities.iter().filter_map(entity).collect();
    (!entities.is_empty()).then_some(entities)
}

fn entity(entity: &Entity) -> Option<MessageEntity> {
    let (kind, url, language) = match &entity.style {
        Style::Bold => (MessageEntityType::Bold, None, None),
        Style::Italic => (MessageEntityType::Italic, None, None),
        Style::Underline => (MessageEntityType::Underline, None, None),
        Style::Strikethrough => (MessageEntityType::Strikethrough, None, None),
        Style::Spoiler => (MessageEntityType::Spoiler, None, None),
        Style::Code => (MessageEntityType::Code, None, None),
        Style::Pre { language } => (MessageEntityType::Pre, None, language.as_ref()),
        Style::Link { url } => (MessageEntityType::TextLink, Some(url), None),
        Style::Quote => (MessageEntityType::Blockquote, None, None),
        Style::LongQuote => (MessageEntityType::ExpandableBlockquote, None, None),
    };
    let built = MessageEntity::builder()
        .type_field(kind)
        .offset(u16::try_from(entity.offset).ok()?)
        .length(u16::try_from(entity.length).ok()?)
        .maybe_url(url)
        .maybe_language(language);
    Some(built.build())
}

/// Accepted is sent, whatever else the answer holds: asking again would show the message twice.
fn message_id(sent: &Value) -> Option<MessageId> {
    serde_json::from_value(sent.get("message_id")?.clone()).ok()
}

/// The answer is worth more than the reply: it goes out even if its question was deleted.
fn reply(message: MessageId) -> ReplyParameters {
    ReplyParameters::builder()
        .message_id(message.0)
        .allow_sending_without_reply(true)
        .build()
}

/// Takes the refusal that means "it is so already" for success.
fn done<T>(
    outcome: Result<T, CallError>,
    already: &Refusal,
) -> Result<Option<MessageId>, CallError> {
    match outcome {
        Err(CallError::Refused(refusal)) if refusal == *already => Ok(None),
        outcome => outcome.map(|_| None),
    }
}

#[cfg(test)]
mod tests;
