//! What the Owners are told without asking: so far, of the disk and of keys.
//!
//! Invariant: a cause is told of once when it begins and once when it ends.

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

/// A disk that comes and goes is told of this often at the most.
const BETWEEN_NEWS: Duration = Duration::from_secs(10);

/// Tells the Owners when the data file cannot be written, when it can again, and when it was put
/// back. The message itself cannot be stored, so it goes without the outbox.
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

/// Hands the rows with news of keys to delivery.
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

/// The next condition that is another one; never comes once the store has closed.
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
        // The bot is about to leave, and says so itself.
        Condition::Ended => None,
    }
}

/// The last word of a bot whose data file has ended under it.
pub(crate) async fn say_goodbye(ctx: &Arc<Ctx>) {
    let config = &ctx.engine.settings().config;
    let text = Locale::of(Language::pick(config.language, None)).disk(DiskNews::Ended);
    for owner in &config.people.owners {
        let row = Outbound::message(ChatId(owner.0), None, text.to_owned());
        deliver::send_at_once(Arc::clone(ctx), row).await;
    }
}

async fn tell_owners(ctx: &Ctx, news: DiskNews) {
    let config = &ctx.engine.settings().config;
    let text = Locale::of(Language::pick(config.language, None)).disk(news);
    for owner in &config.people.owners {
        let row = Outbound::message(ChatId(owner.0), None, text.to_owned());
        ctx.mail.pass(row).await;
    }
}
