//! One try to send one row, and what follows from its end.
//!
//! Invariant: what is decided is on disk before the line is free for its next row.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use log::{debug, error, info, warn};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::MISHAP;
use crate::app::Ctx;
use crate::app::journal::set_reachable;
use crate::chat::answer::Failure;
use crate::chat::rich::{Rich, Style};
use crate::chat::{Failing, MessageId, Outbound, Parcel, TopicId, UserId, render};
use crate::clock::{self, Pause};
use crate::locale::{Language, Locale};
use crate::outgoing::{self, Ended, Head, Place};
use crate::store::{StoreError, Write};
use crate::telegram::verdict::Refusal;
use crate::telegram::{CallError, send};

/// Sends a message that is in no outbox, once.
pub(super) async fn pass(ctx: Arc<Ctx>, row: Outbound) -> Ended {
    let chat = row.chat.0;
    match spawn_blocking(move || send::send(&ctx.telegram, &row)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => warn!(chat, err:% = error; "passing message not sent"),
        Err(error) => error!(chat, err:% = error; "passing message panicked"),
    }
    Ended::Gone
}

/// How often what follows from a try is tried to be stored.
const MOST_TRIES: u32 = 5;

/// One try to send one row, and what follows from its end.
pub(super) async fn deliver(ctx: Arc<Ctx>, head: Head) -> Ended {
    let sender = Arc::clone(&ctx);
    let tried = spawn_blocking(move || {
        let row = sender
            .engine
            .store
            .read_now(|rows| rows.outbound(head.id))?;
        Ok(row.map(|row| {
            let sent = send::send(&sender.telegram, &row);
            (row, sent)
        }))
    });
    match tried.await {
        Ok(Ok(Some((row, Ok(sent))))) => {
            debug!(row = head.id.0, chat = head.chat.0; "sent");
            ctx.engine.metrics.sent.fetch_add(1, Ordering::Relaxed);
            acknowledged(&ctx, head, row, sent).await
        }
        Ok(Ok(Some((row, Err(error))))) => refused(&ctx, head, row, error).await,
        // Its chat was closed, or it was taken back, while it waited.
        Ok(Ok(None)) => Ended::Unsent,
        Ok(Err(error)) => not_read(head, &error),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

fn not_read(head: Head, error: &StoreError) -> Ended {
    error!(row = head.id.0, err:% = error; "outbox row not read");
    if !error.may_pass() {
        return Ended::Broken;
    }
    Ended::Parked {
        until: clock::steady().after(MISHAP),
    }
}

/// The row leaves the outbox, and the turn learns its message id, in one commit. Until that is on
/// disk the line stays busy: a crash may repeat this part, but none after it.
async fn acknowledged(ctx: &Ctx, head: Head, row: Outbound, sent: Option<MessageId>) -> Ended {
    if let Parcel::Send { .. } | Parcel::File { .. } | Parcel::Document { .. } = row.parcel {
        ctx.mail.may_write(head.chat);
    }
    if let (Some((lane, job, part)), Some(message)) = (row.part_of, sent) {
        let noted = store(ctx, head, move |rows| {
            rows.remove_outbound(head.id)?;
            rows.record_answer_message(lane, job, part, message)
                .map(drop)
        });
        if noted.await {
            return Ended::Gone;
        }
    }
    // The message id is worth less than not sending the part again.
    drop_row(ctx, head).await
}

/// Stores what follows from a try, in several tries where the disk is in the way; whether it is
/// stored.
async fn store(
    ctx: &Ctx,
    head: Head,
    op: impl Fn(&mut Write<'_>) -> Result<(), StoreError> + Clone + Send + 'static,
) -> bool {
    for _ in 0..MOST_TRIES {
        match ctx.engine.store.write_soon(op.clone()).await {
            Ok(()) => return true,
            Err(error) => {
                error!(row = head.id.0, err:% = error; "outbox not written");
                if !error.may_pass() {
                    return false;
                }
                sleep(MISHAP).await;
            }
        }
    }
    false
}

/// Each refusal is a decision ([`crate::telegram::verdict`]).
async fn refused(ctx: &Ctx, head: Head, row: Outbound, error: CallError) -> Ended {
    let refusal = match error {
        CallError::Refused(refusal) => refusal,
        CallError::Local(_) => {
            error!(chat = head.chat.0, row = head.id.0, err:% = error; "message cannot be sent");
            return Ended::Broken;
        }
        CallError::Fault(_) | CallError::Garbled => {
            let maybe_there = error.may_have_happened();
            warn!(chat = head.chat.0, err:% = error, maybe_there; "message not acknowledged");
            return unanswered(ctx, &row).await;
        }
    };
    match refusal {
        Refusal::Flood(wait) => {
            warn!(chat = head.chat.0, secs = wait.as_secs(); "chat has to wait");
            let until = clock::steady().after(wait);
            let since = clock::now();
            let pause = Some(Pause {
                since,
                length: wait,
            });
            change(ctx, head, Outbound { pause, ..row }).await;
            Ended::Flooded { until }
        }
        Refusal::Transient(_) | Refusal::Unauthorized | Refusal::Conflict(_) => {
            warn!(chat = head.chat.0, err:% = refusal; "telegram did not take the message");
            unanswered(ctx, &row).await
        }
        Refusal::ReplyGone => repaired(ctx, head, &row, without_reply(&row)).await,
        Refusal::TopicGone => repaired(ctx, head, &row, without_topic(&row)).await,
        Refusal::Migrated(to) => {
            let from = head.chat;
            let moved = ctx
                .engine
                .store
                .write(move |rows| rows.migrate_chat(from, to))
                .await;
            info!(chat = from.0, stored = moved.is_ok(); "group became a supergroup");
            Ended::Changed
        }
        Refusal::TopicClosed => {
            ctx.mail.may_not_write(Place::Topic(head.chat, row.topic));
            info!(chat = head.chat.0; "topic is closed to us");
            drop_row(ctx, head).await
        }
        Refusal::ChatClosed => closed(ctx, head, &refusal).await,
        Refusal::Forbidden(_) if is_bare(&row) => closed(ctx, head, &refusal).await,
        Refusal::ContentForbidden => {
            info!(chat = head.chat.0, row = head.id.0; "this kind of content is not allowed there");
            repaired(ctx, head, &row, without_links(&row)).await
        }
        Refusal::Gone => gone(ctx, head, row).await,
        Refusal::NotModified | Refusal::QueryExpired | Refusal::SentAndRemoved => {
            drop_row(ctx, head).await
        }
        // Perhaps the message and not its new content: unlike an edit, a message of its own may
        // keep its formatting.
        Refusal::Rejected(_) if matches!(row.parcel, Parcel::Edit { .. }) => {
            warn!(chat = head.chat.0, row = head.id.0, err:% = refusal; "telegram refused our edit");
            gone(ctx, head, row).await
        }
        Refusal::BadMarkup
        | Refusal::EmptyText
        | Refusal::TooLong
        | Refusal::FileTooLarge
        | Refusal::NoDrafts
        | Refusal::UnknownMethod
        | Refusal::Forbidden(_)
        | Refusal::Rejected(_) => {
            error!(chat = head.chat.0, row = head.id.0, err:% = refusal; "telegram refused our message");
            repaired(ctx, head, &row, None).await
        }
    }
}

/// After a try that Telegram failed on. When that goes on, another call about the same chat tells
/// whether it fails on everything: in a quiet bot there is nothing else to tell it by.
async fn unanswered(ctx: &Ctx, row: &Outbound) -> Ended {
    if !outgoing::is_suspect(row.failing) {
        return Ended::Unanswered;
    }
    let (client, chat, topic) = (ctx.telegram.clone(), row.chat, row.topic);
    let asked = spawn_blocking(move || match topic {
        Some(TopicId::Direct(_)) => send::get_me(&client).map(drop),
        Some(TopicId::Thread(_)) | None => send::typing(&client, chat, topic),
    });
    match asked.await {
        Ok(Ok(())) => Ended::Failed,
        Ok(Err(CallError::Refused(refusal))) if refusal.is_about_the_call() => Ended::Failed,
        Ok(Err(_)) => Ended::Unanswered,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// The row as it was repaired; where nothing was to be repaired, as plain as it takes.
async fn repaired(ctx: &Ctx, head: Head, row: &Outbound, repair: Option<Outbound>) -> Ended {
    match (&row.parcel, repair) {
        (_, Some(repair)) => mend(ctx, head, Some(repair)).await,
        (Parcel::Document { text, .. }, None) => as_messages(ctx, head, row, text).await,
        (
            Parcel::Send { .. }
            | Parcel::Edit { .. }
            | Parcel::Delete { .. }
            | Parcel::File { .. }
            | Parcel::Answer { .. },
            None,
        ) => mend(ctx, head, plainer(ctx, row).await).await,
    }
}

/// A message that the row is about is not there any more.
async fn gone(ctx: &Ctx, head: Head, row: Outbound) -> Ended {
    match &row.parcel {
        Parcel::Edit { .. } => sent_anew(ctx, head, row).await,
        Parcel::Delete { .. } | Parcel::Answer { .. } => drop_row(ctx, head).await,
        // Only a message that it replies to can be meant.
        Parcel::Send { .. } | Parcel::File { .. } | Parcel::Document { .. } => {
            repaired(ctx, head, &row, without_reply(&row)).await
        }
    }
}

fn without_reply(row: &Outbound) -> Option<Outbound> {
    let mut row = row.clone();
    match &mut row.parcel {
        Parcel::Send { reply_to, .. }
        | Parcel::File { reply_to, .. }
        | Parcel::Document { reply_to, .. } => {
            reply_to.take()?;
        }
        Parcel::Edit { .. } | Parcel::Delete { .. } | Parcel::Answer { .. } => return None,
    }
    Some(row)
}

fn without_topic(row: &Outbound) -> Option<Outbound> {
    row.topic.and_then(TopicId::thread)?;
    Some(Outbound {
        topic: None,
        ..row.clone()
    })
}

/// What was to take a message over that cannot be changed is sent as a message of its own.
fn anew(row: &Outbound) -> Option<Outbound> {
    let Parcel::Edit { body, buttons, .. } = &row.parcel else {
        return None;
    };
    let parcel = Parcel::Send {
        body: body.clone(),
        reply_to: None,
        buttons: buttons.clone(),
    };
    Some(Outbound {
        parcel,
        ..row.clone()
    })
}

/// What cannot be taken over is deleted, as far as it is there, and its text sent as a new message.
async fn sent_anew(ctx: &Ctx, head: Head, row: Outbound) -> Ended {
    let (Some(new), Parcel::Edit { message, .. }) = (anew(&row), &row.parcel) else {
        return drop_row(ctx, head).await;
    };
    let gone = Outbound {
        failing: Failing::default(),
        pause: None,
        part_of: None,
        parcel: Parcel::Delete { message: *message },
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
    match &mut row.parcel {
        Parcel::Send { body, .. } | Parcel::Edit { body, .. } if !body.entities.is_empty() => {
            body.entities.clear();
            Some(row)
        }
        Parcel::Send { .. }
        | Parcel::Edit { .. }
        | Parcel::Delete { .. }
        | Parcel::File { .. }
        | Parcel::Document { .. }
        | Parcel::Answer { .. } => None,
    }
}

/// The same without links, if it has any; other formatting stays.
fn without_links(row: &Outbound) -> Option<Outbound> {
    let mut row = row.clone();
    let (Parcel::Send { body, .. } | Parcel::Edit { body, .. }) = &mut row.parcel else {
        return None;
    };
    let before = body.entities.len();
    body.entities
        .retain(|entity| !matches!(entity.style, Style::Link { .. }));
    (body.entities.len() < before).then_some(row)
}

/// Whether nothing could be left out of it any more: a text and no more than that.
fn is_bare(row: &Outbound) -> bool {
    match &row.parcel {
        Parcel::Send {
            body,
            reply_to,
            buttons,
        } => {
            reply_to.is_none()
                && buttons.is_empty()
                && body.entities.is_empty()
                && row.topic.and_then(TopicId::thread).is_none()
        }
        Parcel::Edit { .. }
        | Parcel::Delete { .. }
        | Parcel::File { .. }
        | Parcel::Document { .. }
        | Parcel::Answer { .. } => false,
    }
}

/// What may still be sent of a row that was refused for a reason we do not know: the plain text, then
/// that as a message of its own, then the bare text, then an apology instead of it, then nothing.
async fn plainer(ctx: &Ctx, row: &Outbound) -> Option<Outbound> {
    if let Some(plain) = without_entities(row) {
        return Some(plain);
    }
    let Parcel::Send { body, .. } = &row.parcel else {
        return anew(row);
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
        parcel: Parcel::Send {
            body: Rich::plain(text),
            reply_to: None,
            buttons: Vec::new(),
        },
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
    let tag = person
        .as_ref()
        .and_then(|person| person.language.as_deref());
    let language = Language::pick(ctx.engine.settings().config.language, tag);
    Locale::of(language).failure(Failure::Unexplained)
}

/// A file that a chat does not take goes as messages, however many they are.
async fn as_messages(ctx: &Ctx, head: Head, row: &Outbound, text: &str) -> Ended {
    let part = |body| Outbound {
        failing: Failing::default(),
        pause: None,
        part_of: None,
        parcel: Parcel::Send {
            body,
            reply_to: None,
            buttons: Vec::new(),
        },
        ..row.clone()
    };
    let parts: Vec<Outbound> = render::parts(&render::answer(text, ""))
        .into_iter()
        .map(part)
        .collect();
    let stored = ctx.engine.store.write(move |rows| {
        rows.remove_outbound(head.id)?;
        let put = |row| Ok(Head::of(rows.put_outbound(row)?, row));
        parts
            .iter()
            .map(put)
            .collect::<Result<Vec<Head>, StoreError>>()
    });
    match stored.await {
        Ok(heads) => {
            ctx.mail.push(&heads).await;
            Ended::Gone
        }
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

async fn change(ctx: &Ctx, head: Head, row: Outbound) {
    let row = Outbound {
        failing: row.failing.after_an_answer(),
        ..row
    };
    store(ctx, head, move |rows| {
        rows.set_outbound(head.id, &row).map(drop)
    })
    .await;
}

async fn drop_row(ctx: &Ctx, head: Head) -> Ended {
    store(ctx, head, move |rows| {
        rows.remove_outbound(head.id).map(drop)
    })
    .await;
    Ended::Gone
}

/// Nothing can be sent to this chat until it writes to us again.
async fn closed(ctx: &Ctx, head: Head, refusal: &Refusal) -> Ended {
    let chat = head.chat;
    ctx.mail.may_not_write(Place::Chat(chat));
    info!(chat = chat.0, err:% = refusal; "chat is closed to us");
    store(ctx, head, move |rows| {
        rows.remove_outbound(head.id)?;
        rows.close_chat(chat)?;
        set_reachable(rows, chat, false)
    })
    .await;
    ctx.mail.close(chat).await;
    Ended::Gone
}
