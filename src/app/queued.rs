//! Tells a person whose question waits for a key where it stands (design §4: within five seconds).
//!
//! Invariant: one notice a turn, and none for a wait that is nearly over.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use log::debug;
use tokio::sync::watch::Receiver;
use tokio::time::timeout;

use crate::app::Ctx;
use crate::app::call::{Queued, Visible};
use crate::chat::rich::Rich;
use crate::chat::{ChatKind, JobId, Lane, Outbound, Parcel};
use crate::clock;

/// A wait that is over by then is not worth a message.
const BEFORE_NOTICE: Duration = Duration::from_secs(2);
/// Nor one of which so little is left, unless that has been said for so long.
const NEARLY_OVER: Duration = Duration::from_secs(1);
const STILL_WAITING: Duration = Duration::from_secs(2);

/// Watches one turn; never ends by itself.
pub(crate) async fn tell(ctx: &Ctx, job: JobId, mut visible: Receiver<Visible>) -> Infallible {
    while visible.wait_for(|now| now.queued.is_some()).await.is_ok() {
        let served = visible.wait_for(|now| now.queued.is_none());
        if timeout(BEFORE_NOTICE, served).await.is_ok() {
            continue;
        }
        let is_nearly_over = |queued: Queued| queued.wakes.since(clock::now()) < NEARLY_OVER;
        let queued = visible.borrow().queued;
        if queued.is_some_and(is_nearly_over) {
            let served = visible.wait_for(|now| now.queued.is_none());
            if timeout(STILL_WAITING, served).await.is_ok() {
                continue;
            }
        }
        let queued = visible.borrow().queued;
        if let Some(queued) = queued {
            send(ctx, job, queued).await;
            break;
        }
    }
    pending().await
}

async fn send(ctx: &Ctx, job: JobId, queued: Queued) {
    let Ok(Some(job)) = ctx.engine.store.read(move |rows| rows.job(job)).await else {
        return;
    };
    let Lane::Telegram { chat, topic, .. } = job.lane else {
        return;
    };
    debug!(job = job.id.0, ahead = queued.ahead; "telling that it waits for a key");
    let settings = ctx.engine.settings();
    let locale = settings.locale_for(&job.sender);
    let wait = queued.wakes.since(clock::now());
    // A call that ends at some time frees a key: nobody knows when.
    let wait = Some(wait).filter(|wait| *wait > NEARLY_OVER);
    let parcel = Parcel::Send {
        body: Rich::plain(locale.queued(queued.ahead, wait)),
        reply_to: match job.kind {
            ChatKind::Private => None,
            ChatKind::Group => job.messages.first().copied(),
        },
        buttons: Vec::new(),
    };
    let row = Outbound {
        parcel,
        ..Outbound::message(chat, topic, String::new())
    };
    ctx.mail.pass(row).await;
}
