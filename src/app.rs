//! The shell: the only code that knows everyone. Build, run, drain.
//!
//! Every long-lived loop is a task of one `JoinSet`; one that ends early ends the bot, and systemd
//! starts it again. Invariant: on stop the poll ends first, running turns get [`GRACE`], and what is
//! left waits in the inbox and outbox.

pub(crate) mod call;
pub(crate) mod check;
pub(crate) mod commands;
pub(crate) mod deliver;
pub(crate) mod downloads;
pub(crate) mod ending;
pub(crate) mod engine;
pub(crate) mod expired;
pub(crate) mod intake;
pub(crate) mod menus;
pub(crate) mod ops;
pub(crate) mod scheduler;
pub(crate) mod terminal;
pub(crate) mod ticks;
pub(crate) mod tools;
pub(crate) mod turn;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context;
use log::{error, info, warn};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::app::commands::rare::Rare;
use crate::app::deliver::Mail;
use crate::app::downloads::Downloads;
use crate::app::engine::Engine;
use crate::app::ops::control;
use crate::app::scheduler::Desk;
use crate::app::ticks::{alerts, broadcast, reminders, upkeep};
use crate::app::turn::sum_up::{self, Notes};
use crate::config::Config;
use crate::config::secret::Secret;
use crate::store::Store;
use crate::telegram::{self, Account, Me};
use crate::threads::Pool;

/// How long running turns and sends may finish once the bot is told to stop. The whole stop fits
/// into five seconds.
pub(crate) const GRACE: Duration = Duration::from_millis(2500);
/// How long the loops may take to end after that.
const DRAIN: Duration = Duration::from_millis(3500);

/// How long the data file may take to close.
const CLOSE: Duration = Duration::from_secs(1);

/// Telegram has not known the token for a while; starting again would not help.
#[derive(Debug, thiserror::Error)]
#[error("Telegram refuses the token: check TELEGRAM_BOT_TOKEN with @BotFather")]
pub(crate) struct BadToken;

/// What the loops of the bot share. Never leaves the shell.
pub(crate) struct Ctx {
    pub(crate) engine: Arc<Engine>,
    pub(crate) account: Account,
    /// For everything but the poll.
    pub(crate) telegram: telegram::Client,
    /// The threads on which `deliver` sends.
    pub(crate) sends: Pool,
    pub(crate) downloads: Downloads,
    pub(crate) desk: Desk,
    pub(crate) mail: Mail,
    /// What is to be summed up.
    pub(crate) notes: Notes,
    /// The bot itself, once Telegram has told of it.
    pub(crate) me: OnceLock<Me>,
    /// Rings for [`menus`]: who the bot is has become known, or something that they go by has changed.
    pub(crate) menus: Notify,
    pub(crate) rare: Rare,
}

/// Runs the bot until SIGTERM or SIGINT.
pub(crate) async fn run(config: Config, token: Secret, store: Store) -> anyhow::Result<()> {
    let mut signals = StopSignals::listen()?;
    let service = &config.telegram;
    let transport = engine::transport("telegram", service.proxy.as_ref(), &config)?;
    let account = Account::new(transport, &service.api_url, token);
    let engine = Arc::new(Engine::new(config, store)?);
    let (desk, orders) = Desk::open();
    let (mail, letters) = Mail::open();
    let (notes, long_talks) = sum_up::open();
    let telegram = account.client(telegram::CALLS);
    let sends = Pool::new("svs-send", deliver::SENDS).context("no threads to send with")?;
    let downloads = Downloads::new(&account).context("no threads to fetch files with")?;
    let ctx = Arc::new(Ctx {
        engine,
        account,
        telegram,
        sends,
        downloads,
        desk,
        mail,
        notes,
        me: OnceLock::new(),
        menus: Notify::new(),
        rare: Rare::default(),
    });
    let stop = CancellationToken::new();
    let mut loops = JoinSet::new();
    loops.spawn(deliver::run(Arc::clone(&ctx), letters, stop.clone()));
    loops.spawn(scheduler::run(Arc::clone(&ctx), orders, stop.clone()));
    loops.spawn(intake::run(Arc::clone(&ctx), stop.clone()));
    loops.spawn(menus::run(Arc::clone(&ctx), stop.clone()));
    loops.spawn(control::run(Arc::clone(&ctx), stop.clone()));
    loops.spawn(upkeep::run(Arc::clone(&ctx), stop.clone()));
    loops.spawn(alerts::run(Arc::clone(&ctx), stop.clone()));
    loops.spawn(broadcast::run(Arc::clone(&ctx), stop.clone()));
    loops.spawn(reminders::run(Arc::clone(&ctx), stop.clone()));
    loops.spawn(sum_up::run(
        Arc::clone(&ctx.engine),
        long_talks,
        stop.clone(),
    ));
    info!(version = env!("CARGO_PKG_VERSION"), keys = ctx.engine.settings().config.gemini.keys.len(); "started");
    let outcome = tokio::select! {
        () = signals.come() => Ok(()),
        () = ctx.engine.store.ended() => {
            drop(timeout(GRACE, alerts::say_goodbye(&ctx)).await);
            Err(anyhow::anyhow!("the data file cannot be used any more"))
        }
        Some(ended) = loops.join_next() => ended
            .map_err(anyhow::Error::from)
            .flatten()
            .and_then(|()| anyhow::bail!("a loop of the bot ended early")),
    };
    drain(&ctx, loops, &stop).await;
    outcome
}

async fn drain(ctx: &Ctx, mut loops: JoinSet<anyhow::Result<()>>, stop: &CancellationToken) {
    stop.cancel();
    let rest = async {
        while let Some(ended) = loops.join_next().await {
            if let Err(error) = ended.map_err(anyhow::Error::from).flatten() {
                error!(err:% = error; "a loop failed while stopping");
            }
        }
    };
    if timeout(DRAIN, rest).await.is_err() {
        warn!("some work did not finish and is left to the next start");
    }
    if let Err(error) = close(&ctx.engine.store).await {
        warn!(err:% = error; "the data file was not closed, the next start repairs it");
    }
    info!("stopped");
}

/// Closes the data file, in the time that a stop has left.
async fn close(store: &Store) -> anyhow::Result<()> {
    let store = store.clone();
    let closed = timeout(CLOSE, spawn_blocking(move || store.close())).await;
    Ok(closed.context("closing the data file takes too long")???)
}

/// SIGTERM (systemd) and SIGINT (a terminal). SIGHUP is noted and ignored: by default it would end
/// the process, as when a terminal closes.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl StopSignals {
    /// From here on a signal asks for a stop instead of ending the process.
    fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("signals cannot be listened to");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    async fn come(&mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return info!("SIGTERM"),
                _ = self.interrupt.recv() => return info!("SIGINT"),
                _ = self.hangup.recv() => {
                    warn!("SIGHUP ignored: settings are read at start only");
                }
            }
        }
    }
}
