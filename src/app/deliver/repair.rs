//! What is sent instead of a row that was refused: the same a little plainer, or as a new message.
//!
//! Invariant: every repair leaves less of the row, so that repairing ends.

use log::info;

use super::halves;
use super::record::{change, drop_row, not_read};
use crate::app::Ctx;
use crate::chat::answer::Failure;
use crate::chat::rich::{Rich, Style};
use crate::chat::{Form, MessageId, Outbound, Payload, TopicId, UserId};
use crate::outgoing::{Ended, Head};

/// The row as it was repaired; where nothing was to be repaired, as plain as it takes.
pub(super) async fn repaired(
    ctx: &Ctx,
    head: Head,
    row: &Outbound,
    repair: Option<Outbound>,
) -> Ended {
    match (&row.payload, repair) {
        (_, Some(repair)) => mend(ctx, head, Some(repair)).await,
        (Payload::Document { text, .. }, None) => as_messages(ctx, head, row, text).await,
        (Payload::Photo { caption, .. }, None) => {
            let payload = Payload::message(Rich::plain(caption.as_str()));
            let words = Outbound {
                payload,
                ..row.clone()
            };
            mend(ctx, head, Some(words)).await
        }
        (Payload::Made { .. }, None) => match as_document(row) {
            Some(document) => mend(ctx, head, Some(document)).await,
            None => without_file(ctx, head, row).await,
        },
        (_, None) => mend(ctx, head, plainer(ctx, row).await).await,
    }
}

/// A picture or a voice that is not taken as such, as a file; none where it is one.
fn as_document(row: &Outbound) -> Option<Outbound> {
    let mut row = row.clone();
    let Payload::Made { form, .. } = &mut row.payload else {
        return None;
    };
    let before = std::mem::replace(form, Form::Document);
    (before != Form::Document).then_some(row)
}

/// A file that cannot be sent leaves the spool, and its words and buttons go without it.
pub(super) async fn without_file(ctx: &Ctx, head: Head, row: &Outbound) -> Ended {
    let ended = mend(ctx, head, words_of_file(row)).await;
    if let Some(name) = row.payload.spooled() {
        ctx.engine.spool.remove(name);
    }
    ended
}

/// The words and the buttons of a file that was made; none where there are no words.
fn words_of_file(row: &Outbound) -> Option<Outbound> {
    let Payload::Made {
        caption,
        reply_to,
        buttons,
        ..
    } = &row.payload
    else {
        return None;
    };
    let payload = Payload::Send {
        body: Rich::plain(caption.as_str()),
        reply_to: *reply_to,
        buttons: buttons.clone(),
    };
    (!caption.is_empty()).then(|| Outbound {
        payload,
        ..row.clone()
    })
}

/// A message that the row is about is not there any more.
pub(super) async fn gone(ctx: &Ctx, head: Head, row: Outbound) -> Ended {
    if row.payload.is_new() {
        // Only a message that it replies to can be meant.
        return repaired(ctx, head, &row, without_reply(&row)).await;
    }
    match row.payload.place() {
        Some(message) => sent_as_new(ctx, head, row, message).await,
        None => drop_row(ctx, head).await,
    }
}

pub(super) fn without_reply(row: &Outbound) -> Option<Outbound> {
    let mut row = row.clone();
    row.payload.reply_to_mut()?.take()?;
    Some(row)
}

pub(super) fn without_topic(row: &Outbound) -> Option<Outbound> {
    row.topic.and_then(TopicId::thread)?;
    Some(Outbound {
        topic: None,
        ..row.clone()
    })
}

/// What was to take a message over that cannot be changed is sent as a message of its own.
fn as_new(row: &Outbound) -> Option<Outbound> {
    row.payload.place()?;
    Some(Outbound {
        payload: row.payload.clone().into_new(),
        ..row.clone()
    })
}

/// What cannot be taken over is deleted, as far as it is there, and its text sent as a new message.
async fn sent_as_new(ctx: &Ctx, head: Head, row: Outbound, message: MessageId) -> Ended {
    let gone = Outbound {
        rank: row.rank,
        ..Outbound::new(row.chat, row.topic, Payload::Delete { message })
    };
    let new = Outbound {
        payload: row.payload.into_new(),
        ..row
    };
    let stored = ctx.engine.store.write(move |rows| {
        rows.set_outbound(head.id, &new)?;
        Ok(Head::of(rows.put_outbound(&gone)?, &gone))
    });
    match stored.await {
        Ok(delete) => {
            ctx.mail.push(&[delete]).await;
            Ended::Changed
        }
        Err(error) => not_read(head, &error),
    }
}

/// The same without formatting, if it has any.
fn without_entities(row: &Outbound) -> Option<Outbound> {
    let mut row = row.clone();
    let body = row.payload.body_mut()?;
    let had_some = !body.entities.is_empty();
    body.entities.clear();
    had_some.then_some(row)
}

/// The same without links, if it has any; other formatting stays.
pub(super) fn without_links(row: &Outbound) -> Option<Outbound> {
    let mut row = row.clone();
    let body = row.payload.body_mut()?;
    let before = body.entities.len();
    body.entities
        .retain(|entity| !matches!(entity.style, Style::Link { .. }));
    (body.entities.len() < before).then_some(row)
}

/// Whether nothing could be left out of it any more: a text and no more than that.
pub(super) fn is_bare(row: &Outbound) -> bool {
    let Payload::Send {
        body,
        reply_to,
        buttons,
    } = &row.payload
    else {
        return false;
    };
    let is_placed = reply_to.is_some() || row.topic.and_then(TopicId::thread).is_some();
    !is_placed && buttons.is_empty() && body.entities.is_empty()
}

/// What may still be sent of a row that was refused for a reason we do not know: the plain text, then
/// that as a message of its own, then the bare text, then an apology instead of it, then nothing.
async fn plainer(ctx: &Ctx, row: &Outbound) -> Option<Outbound> {
    if let Some(plain) = without_entities(row) {
        return Some(plain);
    }
    let Payload::Send { body, .. } = &row.payload else {
        return as_new(row);
    };
    let is_bare = is_bare(row);
    let text = match (is_bare, row.part_of) {
        (false, _) => body.text.clone(),
        (true, Some(_)) => apology(ctx, row).await,
        (true, None) => return None,
    };
    Some(Outbound {
        topic: row.topic.filter(|topic| topic.direct().is_some()),
        part_of: row.part_of.filter(|_| !is_bare),
        payload: Payload::message(Rich::plain(text)),
        ..row.clone()
    })
}

async fn apology(ctx: &Ctx, row: &Outbound) -> String {
    let person = ctx
        .engine
        .store
        .person(UserId(row.chat.0))
        .await
        .ok()
        .flatten();
    let settings = ctx.engine.settings();
    let locale = settings.locale_of(person.as_deref());
    locale.failure(Failure::Unexplained)
}

/// What is too long is sent in pieces that keep its formatting; what smaller pieces would not help is
/// made plainer.
pub(super) async fn halved(ctx: &Ctx, head: Head, row: Outbound) -> Ended {
    let whole = row.clone();
    match ctx.sends.run(move || halves::halves(&whole)).await {
        Ok(halves) if halves.len() > 1 => divided(ctx, head, halves).await,
        Ok(_) => repaired(ctx, head, &row, None).await,
        Err(panicked) => std::panic::resume_unwind(Box::new(panicked)),
    }
}

/// A file that a chat does not take goes as messages, however many they are.
async fn as_messages(ctx: &Ctx, head: Head, row: &Outbound, text: &str) -> Ended {
    let (row, text) = (row.clone(), text.to_owned());
    match ctx.sends.run(move || halves::messages(&row, &text)).await {
        Ok(messages) => divided(ctx, head, messages).await,
        Err(panicked) => std::panic::resume_unwind(Box::new(panicked)),
    }
}

/// Several rows go in the place of one.
async fn divided(ctx: &Ctx, head: Head, rows: Vec<Outbound>) -> Ended {
    let pieces = rows.len();
    let stored = ctx
        .engine
        .store
        .write(move |store| store.divide_outbound(head.id, &rows));
    match stored.await {
        Ok(Some(divided)) => {
            info!(chat = head.chat.0, row = head.id.0, pieces, moved = divided.moved.len(); "message sent in pieces");
            ctx.mail.replace(head.chat, divided).await;
            Ended::Gone
        }
        // It is looked for once more, wherever it is now.
        Ok(None) => Ended::Changed,
        Err(error) => not_read(head, &error),
    }
}

/// Stores the row as it is tried next; a row that was mended already is dropped.
async fn mend(ctx: &Ctx, head: Head, mended: Option<Outbound>) -> Ended {
    let Some(row) = mended else {
        return drop_row(ctx, head).await;
    };
    change(ctx, head, row).await;
    Ended::Changed
}
