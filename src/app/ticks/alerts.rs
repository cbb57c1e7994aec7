//! Alerts to the Owners: so far, about the disk and about keys.
//!
//! Invariant: there is one alert when a cause begins and one when it ends.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::watch::Receiver;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::app::{Ctx, deliver};
use crate::chat::{ChatId, Outbound};
use crate::locale::{DiskNews, Language, Locale};
use crate::outgoing::Head;
use crate::store::Condition;

/// Least time between two alerts, where a disk fails and recovers again and again.
const BETWEEN_NEWS: Duration = Duration::from_secs(10);

/// Alerts the Owners when the data file cannot be written, when it can again, and when it was put
/// back. The message itself cannot be stored, so it is sent without the outbox.
pub(crate) async fn run(ctx: Arc<Ctx>, stop: CancellationToken) -> anyhow::Result<()> {
    let mut condition = ctx.engine.store.condition();
    let mut put_back = ctx.engine.store.put_back();
    let mut told = Condition::Fine;
    loop {
        let news = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            now = other_than(told, &mut condition) => {
                told = now;
                news_of(now)
            }
            Ok(()) = put_back.changed() => Some(DiskNews::PutBack),
        };
        if let Some(news) = news {
            tell_owners(&ctx, news).await;
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = sleep(BETWEEN_NEWS) => {}
        }
    }
}

/// Hands the outbox rows with alerts about keys to delivery.
pub(crate) async fn pass_on(
    ctx: Arc<Ctx>,
    mut of_keys: mpsc::Receiver<Head>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let passing = async {
        while let Some(head) = of_keys.recv().await {
            ctx.mail.push(&[head]).await;
        }
    };
    stop.run_until_cancelled(passing).await;
    stop.cancelled().await;
    Ok(())
}

/// Waits for another condition than the one told of; for ever once the store has closed.
async fn other_than(told: Condition, condition: &mut Receiver<Condition>) -> Condition {
    let now = condition.wait_for(|now| *now != told).await.map(|now| *now);
    match now {
        Ok(now) => now,
        Err(_) => std::future::pending().await,
    }
}

fn news_of(condition: Condition) -> Option<DiskNews> {
    match condition {
        Condition::Fine => Some(DiskNews::Fine),
        Condition::DiskFull => Some(DiskNews::Full),
        Condition::Failing => Some(DiskNews::Failing),
        // `say_goodbye` tells of it.
        Condition::Ended => None,
    }
}

/// The last alert of a bot whose data file cannot be used any more.
pub(crate) async fn say_goodbye(ctx: &Arc<Ctx>) {
    let settings = ctx.engine.settings();
    let text = Locale::of(Language::pick(settings.config.language, None)).disk(DiskNews::Ended);
    for owner in &settings.owners {
        let row = Outbound::message(ChatId(owner.0), None, text.to_owned());
        deliver::send_at_once(Arc::clone(ctx), row).await;
    }
}

async fn tell_owners(ctx: &Ctx, news: DiskNews) {
    let settings = ctx.engine.settings();
    let text = Locale::of(Language::pick(settings.config.language, None)).disk(news);
    for owner in &settings.owners {
        let row = Outbound::message(ChatId(owner.0), None, text.to_owned());
        ctx.mail.pass(row).await;
    }
}
