//! One state of a growing answer to Telegram: a draft, a message or its edit, or the word that the
//! bot writes.
//!
//! Invariant: a frame that fails costs a frame; the answer itself is a row of the outbox.

use std::sync::Arc;

use log::{debug, info, warn};
use tokio::task::spawn_blocking;

use crate::app::Ctx;
use crate::app::live::{Begun, Content, Live, Mishap, Way};
use crate::chat::rich::Rich;
use crate::chat::{ChatId, MessageId, Outbound, Parcel};
use crate::clock::{self, Timestamp};
use crate::outgoing::Ended;
use crate::telegram::verdict::Refusal;
use crate::telegram::{CallError, send};

/// Shows what the answer has by now.
pub(super) async fn show(ctx: Arc<Ctx>, live: Arc<Live>) -> Ended {
    let (sender, shown) = (Arc::clone(&ctx), Arc::clone(&live));
    let tried = spawn_blocking(move || {
        let begun = shown.begin()?;
        let outcome = put(&sender, &shown, &begun);
        Some((begun, outcome))
    });
    match tried.await {
        Ok(None) => Ended::Gone,
        Ok(Some((begun, Ok(message)))) => {
            sent(&ctx, &live, begun, message).await;
            Ended::Gone
        }
        Ok(Some((begun, Err(error)))) => refused(&ctx, &live, begun.way, error).await,
        Err(error) => {
            live.failed(Mishap::Closed);
            std::panic::resume_unwind(error.into_panic())
        }
    }
}

/// Sends a frame; the message it became, if it is one. Blocks.
fn put(ctx: &Ctx, live: &Live, begun: &Begun) -> Result<Option<MessageId>, CallError> {
    let client = &ctx.telegram;
    let (chat, topic) = (live.chat, live.topic);
    let body = match (&begun.content, begun.way) {
        (Content::Thinking, Way::Draft) => &Rich::default(),
        (Content::Thinking, Way::Message) => {
            return send::typing(client, chat, topic).map(|()| None);
        }
        (Content::Notice(body) | Content::Text(body), _) => body,
    };
    if begun.way == Way::Draft {
        return send::draft(client, chat, topic, live.draft(), body).map(|()| None);
    }
    let (body, buttons) = (body.clone(), vec![live.stop_button()]);
    let parcel = match begun.message {
        Some(message) => Parcel::Edit {
            message,
            body,
            buttons,
        },
        None => Parcel::Send {
            body,
            reply_to: live.reply_to,
            buttons,
        },
    };
    let row = Outbound {
        parcel,
        ..Outbound::message(chat, topic, String::new())
    };
    send::send(client, &row)
}

/// The job remembers the message, so that after a crash the answer still takes it over.
async fn sent(ctx: &Arc<Ctx>, live: &Live, begun: Begun, message: Option<MessageId>) {
    let Some(orphan) = live.sent(begun.content, message) else {
        if begun.message.is_none()
            && let Some(message) = message
        {
            let job = live.job;
            let noted = ctx
                .engine
                .store
                .write_soon(move |rows| rows.note_place(job, message));
            if let Err(error) = noted.await {
                warn!(job = job.0, err:% = error; "message of a growing answer not noted");
            }
        }
        return;
    };
    debug!(chat = live.chat.0; "message of an answer that has ended taken back");
    take_back(ctx, live.chat, orphan).await;
}

/// Deletes a message that no answer will take over, once.
async fn take_back(ctx: &Arc<Ctx>, chat: ChatId, message: MessageId) {
    let sender = Arc::clone(ctx);
    let row = Outbound {
        parcel: Parcel::Delete { message },
        ..Outbound::message(chat, None, String::new())
    };
    let tried = spawn_blocking(move || send::send(&sender.telegram, &row));
    if let Ok(Err(error)) = tried.await {
        warn!(chat = chat.0, err:% = error; "message not taken back");
    }
}

/// The answer has no row yet that could remember it.
async fn park(ctx: &Ctx, chat: ChatId, until: Timestamp) {
    let now = clock::now();
    let noted = ctx
        .engine
        .store
        .write_soon(move |rows| rows.park(chat, until, now));
    if let Err(error) = noted.await {
        warn!(chat = chat.0, err:% = error; "wait of a chat not noted");
    }
}

/// Each refusal is a decision, as for rows, but none is worth a second try.
async fn refused(ctx: &Ctx, live: &Live, way: Way, error: CallError) -> Ended {
    let refusal = match error {
        CallError::Refused(refusal) => refusal,
        CallError::Fault(_) | CallError::Garbled | CallError::Local(_) => {
            debug!(chat = live.chat.0, err:% = error; "frame not acknowledged");
            live.failed(Mishap::Later);
            return Ended::Unanswered;
        }
    };
    let (mishap, ended) = match refusal {
        Refusal::Flood(wait) => {
            let until = clock::now().after(wait);
            info!(chat = live.chat.0, secs = wait.as_secs(); "growing answer has to wait");
            park(ctx, live.chat, until).await;
            (Mishap::Later, Ended::Flooded { until })
        }
        Refusal::Transient(_) | Refusal::Unauthorized | Refusal::Conflict(_) => {
            (Mishap::Later, Ended::Unanswered)
        }
        Refusal::NoDrafts => {
            ctx.mail.refused_drafts(live.chat);
            (Mishap::NoDrafts, Ended::Gone)
        }
        Refusal::Gone => (Mishap::MessageGone, Ended::Gone),
        // What waits for the chat finds out for itself.
        Refusal::ChatClosed | Refusal::TopicClosed | Refusal::TopicGone | Refusal::Migrated(_) => {
            (Mishap::Closed, Ended::Gone)
        }
        Refusal::ReplyGone
        | Refusal::BadMarkup
        | Refusal::EmptyText
        | Refusal::TooLong
        | Refusal::FileTooLarge
        | Refusal::NotModified
        | Refusal::QueryExpired
        | Refusal::Rejected(_) => {
            warn!(chat = live.chat.0, err:% = refusal; "growing answer refused");
            if way == Way::Draft {
                ctx.mail.refused_drafts(live.chat);
                (Mishap::NoDrafts, Ended::Gone)
            } else {
                (Mishap::Unknown, Ended::Gone)
            }
        }
    };
    live.failed(mishap);
    ended
}
