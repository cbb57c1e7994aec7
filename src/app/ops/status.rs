//! How the bot is doing: for `/status`, and for `svs-bot status` through the control socket.

use std::time::Duration;

use log::warn;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::app::Ctx;
use crate::app::engine::{Backend, Engine};
use crate::chat::Role;
use crate::chat::{Basis, Lane, Remembered, StoredTurn};
use crate::clock;
use crate::keys::Tally;
use crate::locale::Locale;
use crate::locale::status::Status;
use crate::people::seats::Seat;
use crate::store::StoreError;

/// How long a status waits to know who sits.
const FOR_SEATS: Duration = Duration::from_secs(1);

/// The bot at one moment, as it travels through the socket.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    pub(crate) version: String,
    pub(crate) uptime: Duration,
    pub(crate) keys: Tally,
    /// How long until the first of the keys that wait is back.
    pub(crate) next_wake: Option<Duration>,
    /// Questions that wait for their turn.
    pub(crate) waiting: usize,
    /// Turns under way.
    pub(crate) running: usize,
    /// Rows that wait to be sent.
    pub(crate) outbox: usize,
    /// Resident bytes, where the system gives them.
    pub(crate) memory: Option<u64>,
    /// Mean time from question to answer, once there was one.
    pub(crate) answer_time: Option<Duration>,
    /// Rows of the data file that could not be read; none from a bot that did not count them yet.
    #[serde(default)]
    pub(crate) set_aside: u64,
    /// VIP seats that are taken, of how many; none from a bot that had no seats yet, nor from the
    /// terminal, which has none.
    #[serde(default)]
    pub(crate) seats: Option<(usize, usize)>,
}

/// Of the running bot.
pub(crate) async fn of(ctx: &Ctx) -> Snapshot {
    let engine = of_engine(&ctx.engine);
    // Known without the disk, as a rule: those who sit were here lately.
    let occupants = timeout(FOR_SEATS, ctx.engine.occupants()).await;
    let occupants = occupants.ok().and_then(Result::ok);
    Snapshot {
        seats: occupants.map(|(occupants, seats)| (occupants.len(), seats)),
        waiting: ctx.desk.waiting(),
        running: ctx.desk.running(),
        outbox: ctx.mail.waiting(),
        ..engine
    }
}

/// Of the engine alone, as the terminal runs it. Nothing of it is read from the disk, which may hang.
pub(crate) fn of_engine(engine: &Engine) -> Snapshot {
    let now = clock::now();
    let keys = engine.lending.with(|pool| pool.count(now));
    Snapshot {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime: clock::instant().duration_since(engine.started),
        next_wake: keys.next_wake.map(|wake| wake.since(now)),
        keys,
        waiting: 0,
        running: 0,
        outbox: 0,
        memory: resident_bytes(),
        answer_time: engine.metrics.mean_answer_time(),
        set_aside: engine.store.set_aside(),
        seats: None,
    }
}

/// The newest round of its person in a lane that a model was chosen for; none for whom nothing is
/// remembered.
pub(crate) async fn last_answer(engine: &Engine, lane: Lane, role: Role) -> Option<Remembered> {
    match &engine.backend {
        Backend::Gemini { .. } => {}
        // The built-in model is no choice.
        Backend::Offline => return None,
    }
    let rounds = engine.settings().roles.terms(role).rounds;
    let newest = engine
        .store
        .context(lane, Basis::Newest, usize::from(rounds));
    let newest = newest
        .await
        .inspect_err(|error| warn!(err:% = error; "the last answer is not known"));
    let is_own = |round: &Remembered| lane.person().is_none_or(|person| person == round.person);
    newest.ok()?.into_iter().rfind(is_own)
}

/// How many messages of today somebody of this role has had, and how many there may be; none where no
/// limit holds.
pub(crate) async fn messages_of_today(
    engine: &Engine,
    lane: Lane,
    role: Role,
) -> Option<(u32, u32)> {
    let settings = engine.settings();
    let limit = settings.messages_a_day(role)?;
    let unknown = |error: &StoreError| warn!(err:% = error; "what was used today is not known");
    let person = engine.counted_as(lane).await.inspect_err(unknown).ok()??;
    let today = settings.today(clock::now()).number;
    let read = engine
        .store
        .read(move |rows| rows.usage_of(person, today..=today));
    let used = read.await.inspect_err(unknown);
    let messages = used.ok()?.first().map_or(0, |(_, used)| used.messages);
    Some((messages, limit))
}

/// How many files of today were looked at, and how many there may be; none where no limit holds.
pub(crate) async fn files_of_today(engine: &Engine, lane: Lane, role: Role) -> Option<(u32, u32)> {
    let settings = engine.settings();
    let (person, limit) = (lane.person()?, settings.files_a_day(role)?);
    let today = settings.today(clock::now()).number;
    let read = engine.store.read(move |rows| rows.looked_at(today, person));
    let looked_at = read
        .await
        .inspect_err(|error| warn!(err:% = error; "what was looked at today is not known"));
    Some((looked_at.ok()?.files, limit))
}

/// Who asks how the bot is doing, and what they read of themselves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) role: Role,
    /// Whether nobody but an Owner reads it.
    pub(crate) is_owners: bool,
    /// Of a VIP.
    pub(crate) seat: Option<Seat>,
    /// The newest round of their lane.
    pub(crate) last: Option<&'a StoredTurn>,
    /// Their messages of today and the most there may be, where there is such a limit.
    pub(crate) today: Option<(u32, u32)>,
    /// The same of their files.
    pub(crate) files: Option<(u32, u32)>,
}

impl Asker<'_> {
    /// Whoever has the terminal of the bot.
    pub(crate) const fn at_terminal() -> Self {
        Self {
            role: Role::Owner,
            is_owners: true,
            seat: None,
            last: None,
            today: None,
            files: None,
        }
    }
}

impl Snapshot {
    /// The lines a person reads.
    pub(crate) fn text(&self, locale: &Locale, asker: &Asker<'_>) -> String {
        // An answer that was broken off has no model's name.
        let last = asker.last.filter(|turn| !turn.model.is_empty());
        locale.status(&Status {
            version: &self.version,
            uptime: self.uptime,
            keys: self.keys,
            next_wake: self.next_wake,
            waiting: self.waiting,
            running: self.running,
            memory: self.memory,
            answer_time: self.answer_time,
            set_aside: self.set_aside,
            last: last.map(|turn| (turn.model.as_str(), turn.reason)),
            role: asker.role,
            is_owners: asker.is_owners,
            seat: asker.seat,
            seats: self.seats,
            today: asker.today,
            files: asker.files,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_of_a_bot_that_does_not_count_rows_set_aside_is_understood() {
        let older = r#"{
            "version": "0.1.0",
            "uptime": { "secs": 7, "nanos": 0 },
            "keys": {
                "total": 1,
                "available": 1,
                "resting": 0,
                "blacklisted": 0,
                "dead": 0,
                "next_wake": null
            },
            "next_wake": null,
            "waiting": 0,
            "running": 0,
            "outbox": 2,
            "memory": null,
            "answer_time": null
        }"#;
        let snapshot: Snapshot = serde_json::from_str(older).unwrap();
        assert_eq!((snapshot.outbox, snapshot.set_aside), (2, 0));
        assert_eq!(snapshot.seats, None);
    }
}
