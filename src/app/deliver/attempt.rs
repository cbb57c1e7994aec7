//! One try to send one row, and what follows from its end.
//!
//! Invariant: what is decided is on disk before the line is free for its next row.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use log::{debug, error, info, warn};

use super::record::{change, drop_row, not_read, store};
use super::repair::{
    gone, halved, is_bare, repaired, without_file, without_links, without_reply, without_topic,
};
use crate::app::Ctx;
use crate::chat::{ChatId, MessageId, Outbound, TopicId};
use crate::clock::{self, Pause};
use crate::outgoing::{self, Ended, Head, Place};
use crate::render;
use crate::telegram::send::Activity;
use crate::telegram::verdict::Refusal;
use crate::telegram::{CallError, send};

/// Sends a message that is in no outbox, once.
pub(super) async fn pass(ctx: &Arc<Ctx>, row: Outbound) -> Option<MessageId> {
    let chat = row.chat.0;
    let (sends, ctx) = (ctx.sends.clone(), Arc::clone(ctx));
    match sends
        .run(move || send::send(&ctx.telegram, &row, None))
        .await
    {
        Ok(Ok(sent)) => return sent,
        Ok(Err(error)) => warn!(chat, err:% = error; "passing message not sent"),
        Err(error) => error!(chat, err:% = error; "passing message panicked"),
    }
    None
}

/// One try to send one row, and what follows from its end.
pub(super) async fn deliver(ctx: Arc<Ctx>, head: Head) -> Ended {
    let sender = Arc::clone(&ctx);
    let tried = ctx.sends.run(move || {
        let row = sender
            .engine
            .store
            .read_now(|rows| rows.outbound(head.id))?;
        Ok(row.map(render::rendered).map(|row| {
            let file = row.payload.spooled();
            let file = file.map(|name| sender.engine.spool.path(name));
            let sent = send::send(&sender.telegram, &row, file.as_deref());
            (row, sent)
        }))
    });
    match tried.await {
        Ok(Ok(Some((row, Ok(sent))))) => {
            debug!(row = head.id.0, chat = head.chat.0; "sent");
            ctx.engine.metrics.sent.fetch_add(1, Ordering::Relaxed);
            let file = row.payload.spooled().map(str::to_owned);
            let ended = acknowledged(&ctx, head, row, sent).await;
            if let Some(name) = file {
                ctx.engine.spool.remove(&name);
            }
            ended
        }
        Ok(Ok(Some((row, Err(error))))) => refused(&ctx, head, row, error).await,
        // Its chat was closed, or it was discarded, while it waited.
        Ok(Ok(None)) => Ended::Unsent,
        Ok(Err(error)) => not_read(head, &error),
        Err(panicked) => std::panic::resume_unwind(Box::new(panicked)),
    }
}

/// The row leaves the outbox, and the turn learns its message id, in one commit. Until that is on
/// disk the line stays busy: a crash may repeat this part, but none after it.
async fn acknowledged(ctx: &Ctx, head: Head, row: Outbound, sent: Option<MessageId>) -> Ended {
    if row.payload.is_new() {
        ctx.mail.may_write(head.chat);
    }
    let is_file = row.payload.is_file();
    if let (Some((lane, job, part)), Some(message)) = (row.part_of, sent) {
        let noted = store(ctx, head, move |rows| {
            rows.remove_outbound(head.id)?;
            rows.record_answer_message(lane, job, part, message)?;
            if is_file {
                rows.record_answer_file(lane, job, message)?;
            }
            Ok(())
        });
        if noted.await {
            return Ended::Gone;
        }
    }
    // The message id is worth less than not sending the part again.
    gone_as(ctx, head, &row, sent).await
}

/// The row of no answer leaves the outbox, and whoever waits for that learns of it.
async fn gone_as(ctx: &Ctx, head: Head, row: &Outbound, sent: Option<MessageId>) -> Ended {
    let text = row.payload.body().map(|body| body.text.clone());
    let rank = row.rank;
    store(ctx, head, move |rows| {
        rows.acknowledge(head.id, (rank, text.as_deref()), sent)
    })
    .await;
    Ended::Gone
}

/// Each refusal is a decision ([`crate::telegram::verdict`]).
async fn refused(ctx: &Ctx, head: Head, row: Outbound, error: CallError) -> Ended {
    match error {
        CallError::Refused(refusal) => answered_no(ctx, head, row, refusal).await,
        CallError::Local(kind) if row.payload.spooled().is_some() => {
            error!(chat = head.chat.0, row = head.id.0, kind:?; "a file that was made is not there any more");
            without_file(ctx, head, &row).await
        }
        CallError::Local(_) => {
            error!(chat = head.chat.0, row = head.id.0, err:% = error; "message cannot be sent");
            Ended::Broken
        }
        CallError::Fault(_) | CallError::Garbled => {
            let maybe_there = error.may_have_happened();
            warn!(chat = head.chat.0, err:% = error, maybe_there; "message not acknowledged");
            unanswered(ctx, &row).await
        }
    }
}

/// What follows from a refusal in Telegram's own words.
async fn answered_no(ctx: &Ctx, head: Head, row: Outbound, refusal: Refusal) -> Ended {
    match refusal {
        Refusal::Flood(wait) => flooded(ctx, head, row, wait).await,
        Refusal::Transient(_) | Refusal::Unauthorized | Refusal::Conflict(_) => {
            warn!(chat = head.chat.0, err:% = refusal; "telegram did not take the message");
            unanswered(ctx, &row).await
        }
        Refusal::ReplyGone => repaired(ctx, head, &row, without_reply(&row)).await,
        Refusal::TopicGone => repaired(ctx, head, &row, without_topic(&row)).await,
        Refusal::Migrated(to) => migrated(ctx, head.chat, to).await,
        Refusal::TopicClosed => {
            ctx.mail.may_not_write(Place::Topic(head.chat, row.topic));
            info!(chat = head.chat.0; "topic is closed to us");
            drop_row(ctx, head).await
        }
        Refusal::ChatClosed => closed(ctx, head, &refusal).await,
        // Nothing can be left out of it, and nobody knows what is wrong: what is passing shows by
        // trying the same once more.
        Refusal::Forbidden(_) | Refusal::Rejected(_) | Refusal::FileTooLarge
            if is_bare(&row) && row.failing.tries == 0 =>
        {
            warn!(chat = head.chat.0, row = head.id.0, err:% = refusal; "telegram refused a bare text");
            Ended::Failed
        }
        Refusal::Forbidden(_) if is_about_the_chat(ctx, &row) => closed(ctx, head, &refusal).await,
        Refusal::ContentForbidden => {
            info!(chat = head.chat.0, row = head.id.0; "this kind of content is not allowed there");
            repaired(ctx, head, &row, without_links(&row)).await
        }
        Refusal::TooLong => {
            warn!(chat = head.chat.0, row = head.id.0; "message is too long for telegram");
            halved(ctx, head, row).await
        }
        Refusal::Gone => gone(ctx, head, row).await,
        Refusal::NotModified | Refusal::QueryExpired | Refusal::SentAndRemoved => {
            drop_row(ctx, head).await
        }
        // Perhaps the message and not its new content: unlike an edit, a message of its own may
        // keep its formatting.
        Refusal::Rejected(_) if row.payload.place().is_some() => {
            warn!(chat = head.chat.0, row = head.id.0, err:% = refusal; "telegram refused our edit");
            gone(ctx, head, row).await
        }
        Refusal::BadMarkup
        | Refusal::EmptyText
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

/// Whether a refusal in words that are not known is about the chat: nothing can be left out of the
/// text any more, and another text was refused before it. One text alone may be moderated.
fn is_about_the_chat(ctx: &Ctx, row: &Outbound) -> bool {
    let text = row.payload.body().map(|body| body.text.as_str());
    is_bare(row) && text.is_some_and(|text| ctx.mail.refuses_all(row.chat, text))
}

/// The row, and with it the chat, waits as long as it was told.
async fn flooded(ctx: &Ctx, head: Head, row: Outbound, length: Duration) -> Ended {
    warn!(chat = head.chat.0, secs = length.as_secs(); "chat has to wait");
    let until = clock::steady().after(length);
    let pause = Some(Pause::new(clock::now(), length));
    change(ctx, head, Outbound { pause, ..row }).await;
    Ended::Flooded { until }
}

async fn migrated(ctx: &Ctx, from: ChatId, to: ChatId) -> Ended {
    let store = &ctx.engine.store;
    let moved = store.write(move |rows| rows.migrate_chat(from, to)).await;
    info!(chat = from.0, stored = moved.is_ok(); "group became a supergroup");
    Ended::Changed
}

/// After a try that Telegram failed on. When that goes on, another call about the same chat tells
/// whether it fails on everything: in a quiet bot there is nothing else to tell it by.
async fn unanswered(ctx: &Ctx, row: &Outbound) -> Ended {
    if !outgoing::is_suspect(row.failing) {
        return Ended::Unanswered;
    }
    let (client, chat, topic) = (ctx.telegram.clone(), row.chat, row.topic);
    let asked = ctx.sends.run(move || match topic {
        Some(TopicId::Direct(_)) => send::get_me(&client).map(drop),
        Some(TopicId::Thread(_)) | None => send::act(&client, chat, topic, Activity::Writing),
    });
    match asked.await {
        Ok(Ok(())) => Ended::Failed,
        Ok(Err(CallError::Refused(refusal))) if refusal.is_about_the_call() => Ended::Failed,
        Ok(Err(_)) => Ended::Unanswered,
        Err(panicked) => std::panic::resume_unwind(Box::new(panicked)),
    }
}

/// Nothing can be sent to this chat until it writes to us again.
async fn closed(ctx: &Ctx, head: Head, refusal: &Refusal) -> Ended {
    let chat = head.chat;
    ctx.mail.may_not_write(Place::Chat(chat));
    info!(chat = chat.0, err:% = refusal; "chat is closed to us");
    store(ctx, head, move |rows| {
        rows.close_chat(chat)?;
        rows.remove_outbound(head.id)?;
        rows.set_reachable(chat, false)
    })
    .await;
    ctx.mail.close(chat).await;
    Ended::Gone
}
