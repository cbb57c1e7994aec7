//! What the bot asks of Telegram. Part of the edge; pacing and retries are the caller's.
//!
//! Invariant: a refusal that means "it is so already" is success here, so that a row sent twice
//! after a crash still leaves the outbox.

use std::path::Path;

use frankenstein::TelegramApi;
use frankenstein::input_file::FileUpload;
use frankenstein::methods::{
    AnswerCallbackQueryParams, DeleteMessageParams, DeleteWebhookParams, EditMessageTextParams,
    SendDocumentParams, SendMessageParams,
};
use frankenstein::types::{
    InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, ReplyMarkup, ReplyParameters,
};
use serde::de::IgnoredAny;
use serde_json::Value;

use super::form::Upload;
use super::verdict::Refusal;
use super::wire::Success;
use super::{CallError, Client, Me};
use crate::chat::{Button, ChatId, MessageId, Outbound, Parcel};

/// Longest text of `answerCallbackQuery`.
const MAX_ANSWER: usize = 200;

/// Does what the row says, and gives the message that was sent or edited. Blocks.
///
/// After an error that [`CallError::may_have_happened`], the message may be in the chat.
pub(crate) fn send(client: &Client, row: &Outbound) -> Result<Option<MessageId>, CallError> {
    match &row.parcel {
        Parcel::Send {
            text,
            reply_to,
            button,
        } => {
            let params = SendMessageParams::builder()
                .chat_id(row.chat.0)
                .maybe_message_thread_id(row.topic.map(|topic| topic.0))
                .text(text)
                .link_preview_options(LinkPreviewOptions::DISABLED)
                .maybe_reply_parameters(reply_to.map(reply))
                .maybe_reply_markup(button.as_ref().map(keyboard))
                .build();
            let sent = client.call("sendMessage", &params)?;
            Ok(message_id(&sent))
        }
        Parcel::Edit { message, text } => edit(client, row.chat, *message, text),
        Parcel::Delete { message } => {
            let params = DeleteMessageParams::builder()
                .chat_id(row.chat.0)
                .message_id(message.0)
                .build();
            done(client.delete_message(&params), &Refusal::Gone)
        }
        Parcel::File {
            name,
            path,
            reply_to,
        } => file(client, row, (name, Path::new(path)), *reply_to),
        Parcel::Answer { callback, text } => {
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

/// Who the bot is; also the cheapest way to learn whether the token is good.
pub(crate) fn get_me(client: &Client) -> Result<Me, CallError> {
    client.call("getMe", &())
}

/// Lets `getUpdates` work again; what waits at Telegram is kept.
pub(crate) fn delete_webhook(client: &Client) -> Result<(), CallError> {
    let params = DeleteWebhookParams::builder()
        .drop_pending_updates(false)
        .build();
    client.delete_webhook(&params).map(drop)
}

fn edit(
    client: &Client,
    chat: ChatId,
    message: MessageId,
    text: &str,
) -> Result<Option<MessageId>, CallError> {
    let params = EditMessageTextParams::builder()
        .chat_id(chat.0)
        .message_id(message.0)
        .text(text)
        .link_preview_options(LinkPreviewOptions::DISABLED)
        .build();
    let edited: Result<IgnoredAny, _> = client.call("editMessageText", &params);
    done(edited, &Refusal::NotModified)?;
    Ok(Some(message))
}

fn file(
    client: &Client,
    row: &Outbound,
    (name, path): (&str, &Path),
    reply_to: Option<MessageId>,
) -> Result<Option<MessageId>, CallError> {
    let field = "document";
    let params = SendDocumentParams::builder()
        .chat_id(row.chat.0)
        .maybe_message_thread_id(row.topic.map(|topic| topic.0))
        .document(FileUpload::String(format!("attach://{field}")))
        .maybe_reply_parameters(reply_to.map(reply))
        .build();
    let upload = Upload {
        field,
        name: name.to_owned(),
        path,
    };
    let sent: Success<Value> = client.upload("sendDocument", &params, &[upload])?;
    Ok(message_id(&sent.result))
}

fn keyboard(button: &Button) -> ReplyMarkup {
    let button = InlineKeyboardButton::builder()
        .text(&button.label)
        .callback_data(&button.data)
        .build();
    let keyboard = InlineKeyboardMarkup::builder()
        .inline_keyboard(vec![vec![button]])
        .build();
    ReplyMarkup::InlineKeyboardMarkup(keyboard)
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
