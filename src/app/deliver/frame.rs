//! One state of a growing answer to Telegram: a draft, a message or its edit, or the word that the
//! bot writes.
//!
//! Invariant: a frame that fails costs a frame; the answer itself is a row of the outbox.

use std::sync::Arc;
use std::time::Duration;

use log::{debug, info, warn};

use crate::app::Ctx;
use crate::app::turn::live::{Begun, Content, Live, Medium, Mishap};
use crate::chat::rich::Rich;
use crate::chat::{ChatId, MessageId, Outbound, Payload};
use crate::clock::{self, Pause};
use crate::outgoing::{Ended, Frame, Head, Place};
use crate::telegram::verdict::Refusal;
use crate::telegram::{CallError, send};

/// Shows what the answer has by now.
pub(super) async fn show(ctx: Arc<Ctx>, live: Arc<Live>, granted: Frame) -> Ended {
    let (sender, shown) = (Arc::clone(&ctx), Arc::clone(&live));
    let tried = ctx.sends.run(move || {
        let begun = shown.begin(granted)?;
        let outcome = put(&sender, &shown, &begun);
        Some((begun, outcome))
    });
    match tried.await {
        Ok(None) => Ended::Unsent,
        Ok(Some((begun, Ok(message)))) => {
            if begun.is_new_message() && message.is_none() {
                // It was removed at once, or cannot be changed without its id.
                live.failed(Mishap::MessageGone);
            } else {
                sent(&ctx, &live, begun, message).await;
            }
            Ended::Gone
        }
        Ok(Some((begun, Err(error)))) => refused(&ctx, &live, &begun, error).await,
        Err(panicked) => {
            live.failed(Mishap::Closed);
            std::panic::resume_unwind(Box::new(panicked))
        }
    }
}

/// Sends a frame; the message it became, if it is one. Blocks.
fn put(ctx: &Ctx, live: &Live, begun: &Begun) -> Result<Option<MessageId>, CallError> {
    let client = &ctx.telegram;
    let (chat, topic) = (live.chat, live.topic);
    let body = match (&begun.content, begun.medium) {
        (Content::Thinking, Medium::Draft) => &Rich::default(),
        (Content::Thinking, Medium::Message) => {
            return send::act(client, chat, topic, live.activity).map(|()| None);
        }
        (Content::Notice(body) | Content::Text(body), _) => body,
    };
    if begun.medium == Medium::Draft {
        return send::draft(client, chat, topic, live.draft(), body).map(|()| None);
    }
    let (body, buttons) = (body.clone(), vec![live.stop_button()]);
    let payload = match begun.message {
        Some(message) => Payload::Edit {
            message,
            body,
            buttons,
        },
        None => Payload::Send {
            body,
            reply_to: live.reply_to,
            buttons,
        },
    };
    send::send(client, &Outbound::new(chat, topic, payload), None)
}

/// The job remembers the message, so that after a crash the answer still takes it over.
async fn sent(ctx: &Arc<Ctx>, live: &Live, begun: Begun, message: Option<MessageId>) {
    let Some(orphan) = live.sent(begun.content, message) else {
        if begun.message.is_none()
            && let Some(message) = message
        {
            let (job, chat) = (live.job, live.chat);
            let noted = ctx
                .engine
                .store
                .write_soon(move |rows| rows.note_place(job, chat, message));
            if let Err(error) = noted.await {
                warn!(job = job.0, err:% = error; "message of a growing answer not noted");
            }
        }
        return;
    };
    debug!(chat = live.chat.0; "message of an answer that has ended is deleted");
    discard(ctx, live, orphan).await;
}

/// Deletes a message that no answer will take over.
async fn discard(ctx: &Ctx, live: &Live, message: MessageId) {
    let row = Outbound::new(live.chat, live.topic, Payload::Delete { message });
    let stored = ctx.engine.store.write(move |rows| {
        let id = rows.put_outbound(&row)?;
        Ok(Head::of(id, &row))
    });
    match stored.await {
        Ok(head) => ctx.mail.push(&[head]).await,
        Err(error) => {
            warn!(chat = live.chat.0, err:% = error; "message of an ended answer not deleted");
        }
    }
}

/// A first message that may be in the chat without our knowing it must not be followed by a second.
const fn unacknowledged(maybe_there: bool) -> Mishap {
    if maybe_there {
        Mishap::Closed
    } else {
        Mishap::Failed
    }
}

/// The answer has no row yet that could remember it.
async fn park(ctx: &Ctx, chat: ChatId, length: Duration) {
    let pause = Pause::new(clock::now(), length);
    let noted = ctx
        .engine
        .store
        .write_soon(move |rows| rows.park(chat, pause));
    if let Err(error) = noted.await {
        warn!(chat = chat.0, err:% = error; "wait of a chat not noted");
    }
}

/// Each refusal is a decision, as for rows, but none is worth a second try.
async fn refused(ctx: &Ctx, live: &Live, begun: &Begun, error: CallError) -> Ended {
    let maybe_there = begun.is_new_message() && error.may_have_happened();
    let refusal = match error {
        CallError::Refused(refusal) => refusal,
        CallError::Fault(_) | CallError::Garbled | CallError::Local(_) => {
            debug!(chat = live.chat.0, err:% = error; "frame not acknowledged");
            note(ctx, live, unacknowledged(maybe_there));
            // Answers find out for themselves whether Telegram is there, and need not wait for us.
            return Ended::Unsent;
        }
    };
    let (mishap, ended) = match refusal {
        Refusal::Flood(wait) => {
            let until = clock::steady().after(wait);
            info!(chat = live.chat.0, secs = wait.as_secs(); "growing answer has to wait");
            park(ctx, live.chat, wait).await;
            (Mishap::Later, Ended::Flooded { until })
        }
        Refusal::Transient(_) | Refusal::Unauthorized | Refusal::Conflict(_) => {
            (unacknowledged(maybe_there), Ended::Unsent)
        }
        Refusal::NoDrafts => (Mishap::NoDrafts, Ended::Gone),
        Refusal::Gone => (Mishap::MessageGone, Ended::Gone),
        // What waits for the chat finds out for itself.
        Refusal::ChatClosed => {
            ctx.mail.may_not_write(Place::Chat(live.chat));
            (Mishap::Closed, Ended::Gone)
        }
        Refusal::TopicClosed => {
            let place = Place::Topic(live.chat, live.topic);
            ctx.mail.may_not_write(place);
            (Mishap::Closed, Ended::Gone)
        }
        Refusal::TopicGone | Refusal::Migrated(_) => (Mishap::Closed, Ended::Gone),
        Refusal::UnknownMethod if begun.medium == Medium::Draft => (Mishap::NoDrafts, Ended::Gone),
        // About what this frame held: the next one may fare better.
        Refusal::ReplyGone
        | Refusal::BadMarkup
        | Refusal::EmptyText
        | Refusal::TooLong
        | Refusal::FileTooLarge
        | Refusal::NotModified
        | Refusal::QueryExpired
        | Refusal::ContentForbidden
        | Refusal::SentAndRemoved
        | Refusal::UnknownMethod
        | Refusal::Forbidden(_)
        | Refusal::Rejected(_) => {
            warn!(chat = live.chat.0, err:% = refusal; "state of a growing answer refused");
            (Mishap::Refused, Ended::Gone)
        }
    };
    note(ctx, live, mishap);
    ended
}

/// A chat that takes no drafts is not asked again.
fn note(ctx: &Ctx, live: &Live, mishap: Mishap) {
    if live.failed(mishap) {
        ctx.mail.refused_drafts(live.chat);
    }
}
