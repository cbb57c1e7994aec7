//! How the bot is doing: for `/status`, and for `svs-bot status` through the control socket.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::app::Ctx;
use crate::app::engine::Engine;
use crate::chat::role::Role;
use crate::clock;
use crate::keys::Tally;
use crate::locale::Locale;
use crate::locale::status::Status;

/// The bot at one moment, as it travels through the socket.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    pub(crate) version: String,
    pub(crate) uptime: Duration,
    pub(crate) keys: Tally,
    /// Questions that wait for their turn.
    pub(crate) waiting: usize,
    /// Turns under way.
    pub(crate) running: usize,
    /// Rows that wait to be sent.
    pub(crate) outbox: usize,
    /// Resident bytes, where the system tells.
    pub(crate) memory: Option<u64>,
    /// Mean time from question to answer, once there was one.
    pub(crate) answer_time: Option<Duration>,
}

/// Of the running bot.
pub(crate) fn of(ctx: &Ctx) -> Snapshot {
    let engine = of_engine(&ctx.engine);
    Snapshot {
        waiting: ctx.desk.waiting(),
        running: ctx.desk.running(),
        outbox: ctx.mail.waiting(),
        ..engine
    }
}

/// Of the engine alone, as the terminal runs it.
pub(crate) fn of_engine(engine: &Engine) -> Snapshot {
    Snapshot {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime: clock::instant().duration_since(engine.started),
        keys: engine.lending.with(|pool| pool.count(clock::now())),
        waiting: 0,
        running: 0,
        outbox: 0,
        memory: resident_bytes(),
        answer_time: engine.metrics.mean_answer_time(),
    }
}

impl Snapshot {
    /// The lines a person reads.
    pub(crate) fn text(&self, locale: &Locale, role: Role) -> String {
        locale.status(&Status {
            version: &self.version,
            uptime: self.uptime,
            keys: self.keys,
            waiting: self.waiting,
            running: self.running,
            memory: self.memory,
            answer_time: self.answer_time,
            role,
        })
    }
}

/// Resident set size, from `/proc/self/status` (proc(5), `VmRSS`, in kibibytes).
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kibibytes * 1024)
}
