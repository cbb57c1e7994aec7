//! Says reminders when their moment has come.
//!
//! Invariant: one leaves the table in the commit that puts its row into the outbox.

use std::sync::Arc;
use std::time::Duration;

use log::{error, info};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::app::Ctx;
use crate::app::engine::Settings;
use crate::chat::reminder::{self, Reminder};
use crate::chat::{Outbound, Payload, UserId};
use crate::clock::{self, Timestamp};
use crate::outgoing::Head;
use crate::render;
use crate::store::{StoreError, Write};

/// How often the clock is looked at at least: it may have been set.
const LOOK: Duration = Duration::from_secs(20);
/// Wait after something could not be stored, and for Telegram to confirm the clock.
const MISHAP: Duration = Duration::from_secs(2);

/// Says what is due until `stop`.
pub(crate) async fn run(ctx: Arc<Ctx>, stop: CancellationToken) -> anyhow::Result<()> {
    stop.run_until_cancelled(work(&ctx)).await;
    Ok(())
}

async fn work(ctx: &Ctx) {
    loop {
        // A wrong clock would say them too early.
        if !clock::is_confirmed() {
            sleep(MISHAP).await;
            continue;
        }
        let next = match step(ctx).await {
            Ok(next) => next,
            Err(StoreError::Closed) => std::future::pending().await,
            Err(error) => {
                error!(err:% = error; "reminders are held up");
                sleep(MISHAP).await;
                continue;
            }
        };
        while next.is_none_or(|next| next > clock::now()) {
            let left = next.map_or(LOOK, |next| next.since(clock::now()));
            let is_new = ctx.engine.reminders.notified();
            if timeout(left.min(LOOK), is_new).await.is_ok() {
                break;
            }
        }
    }
}

/// Says what is due now; when the next comes.
async fn step(ctx: &Ctx) -> Result<Option<Timestamp>, StoreError> {
    let (now, settings) = (clock::now(), ctx.engine.settings());
    // A write, so that it finds what was committed when it was called.
    let stored = ctx.engine.store.write(move |rows| {
        let (due, next) = rows.take_due_reminders(now)?;
        let mut heads = Vec::new();
        for reminder in &due {
            for row in said(rows, &settings, reminder, now)? {
                heads.push(Head::of(rows.put_outbound(&row)?, &row));
            }
        }
        Ok((due.len(), heads, next))
    });
    let (due, heads, next) = stored.await?;
    if due > 0 {
        info!(due; "reminders are said");
        ctx.mail.push(&heads).await;
    }
    Ok(next)
}

/// What is said of one; nothing to those who were banned since they set it, or where they were.
fn said(
    rows: &Write<'_>,
    settings: &Settings,
    reminder: &Reminder,
    now: Timestamp,
) -> Result<Vec<Outbound>, StoreError> {
    let person = rows.person(reminder.person)?;
    let place = rows.person(UserId(reminder.chat.0))?;
    let mut known = person.iter().chain(&place);
    if known.any(|known| known.banned.is_some()) {
        return Ok(Vec::new());
    }
    let zone = person
        .as_ref()
        .map(|person| settings.zone_of(&person.preferences));
    let zone = zone.unwrap_or_else(|| settings.config.time_zone.clone());
    let late = reminder
        .is_late(now)
        .then(|| reminder::shown(reminder.at, &zone));
    let locale = settings.locale_of(person.as_ref());
    let text = locale.reminder_due(&reminder.text, late.as_deref());
    let row = |(nth, body)| {
        let mut payload = Payload::message(body);
        if let Some(to) = payload.reply_to_mut().filter(|_| nth == 0) {
            *to = reminder.message;
        }
        Outbound::new(reminder.chat, reminder.topic, payload)
    };
    let parts = render::parts_of_text(&text);
    Ok(parts.into_iter().enumerate().map(row).collect())
}
