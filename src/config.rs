//! The settings (design §7): one immutable snapshot, valid by construction. Decides which writing
//! of a setting wins and whether it can be used; `run` and the other commands share one `load`.
//!
//! Owner: whoever loaded it; shared behind an `Arc`. Invariants: only this module reads the
//! environment; no secret is in any `Debug`, mistake, warning or summary.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::alerts::Source;
use crate::chat::UserId;
use crate::keys::Policy;
pub(crate) use crate::locale::UiLanguage;
pub(crate) use crate::people::gate::{Access, Groups};

pub(crate) mod keys;
pub(crate) mod memory;
pub(crate) mod mistake;
pub(crate) mod names;
pub(crate) mod secret;

mod build;
mod dotenv;
mod parse;
mod places;
mod proxies;
mod raw;
mod reader;
mod source_line;
mod tasks;
mod toml_file;

use keys::KeyEntry;
use mistake::{Mistake, Origin};
pub(crate) use raw::Sources;
use secret::Secret;

/// What the command at hand cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// The token and at least one key.
    Run,
    /// The token.
    Check,
    /// Nothing: without keys the offline model answers.
    Chat,
    /// Nothing.
    Nothing,
}

/// Every setting, checked.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) telegram: Telegram,
    pub(crate) gemini: Gemini,
    pub(crate) people: People,
    /// The owner's numbers for keys (design §4).
    pub(crate) key_policy: Policy,
    pub(crate) limits: Limits,
    pub(crate) answers: Answers,
    pub(crate) data: Data,
    pub(crate) log: Log,
    /// `HTTP_ADDR`; None: no HTTP.
    #[cfg_attr(not(test), expect(dead_code, reason = "checked now, put to use later"))]
    pub(crate) http_addr: Option<SocketAddr>,
    pub(crate) ip_family: IpFamily,
    pub(crate) ca_file: Option<CaFile>,
    pub(crate) language: UiLanguage,
    /// IETF tag of the language of whoever sits at this machine, by `LC_ALL`, `LC_MESSAGES` or `LANG`.
    pub(crate) machine_language: Option<String>,
    pub(crate) time_zone: jiff::tz::TimeZone,
    /// `[roles.*]` of the file: changes of `data/roles.toml`, not checked here.
    pub(crate) roles_override: Option<toml::Table>,
    /// `[[model]]` of the file under its one key `model`: replaces `data/models.toml`, not checked
    /// here.
    pub(crate) catalog_override: Option<toml::Table>,
    /// The `config.toml` that was read.
    file: Option<PathBuf>,
    /// Where each setting stands that was set.
    origins: BTreeMap<String, Origin>,
    summary: Vec<String>,
}

/// How Telegram is reached.
#[derive(Debug, Clone)]
pub(crate) struct Telegram {
    token: Option<Secret>,
    /// Without a slash at its end.
    pub(crate) api_url: String,
    pub(crate) proxy: Option<Proxy>,
}

/// A proxy, and what named it.
#[derive(Debug, Clone)]
pub(crate) struct Proxy {
    /// Our own setting or a variable of the environment.
    pub(crate) setting: &'static str,
    /// Checked to be `http`, `https`, `socks5` or `socks5h`; a secret because it may hold a password.
    pub(crate) address: Secret,
}

/// The certificates of `TLS_CA_FILE`, else of `SSL_CERT_FILE`: authorities to be trusted beside the
/// built-in ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CaFile {
    /// What named the file.
    pub(crate) setting: &'static str,
    /// Its text, not checked here.
    pub(crate) pem: String,
}

/// How Gemini is reached, and with what.
#[derive(Debug, Clone)]
pub(crate) struct Gemini {
    /// Each key text once; groups A to D, then the ungrouped.
    pub(crate) keys: Vec<KeyEntry>,
    /// Without a slash at its end, and without the version (`/v1beta`).
    pub(crate) api_url: String,
    pub(crate) proxy: Option<Proxy>,
}

/// Who may speak (design §3).
#[derive(Debug, Clone)]
pub(crate) struct People {
    /// `OWNER_IDS`; when empty, whoever claimed the bot owns it: ask `Settings::owners`.
    pub(crate) owners: Vec<UserId>,
    pub(crate) access: Access,
    pub(crate) groups: Groups,
    /// How many VIPs are served as such at once.
    pub(crate) vip_seats: u32,
    /// A VIP who asks nothing for so long loses the seat.
    pub(crate) vip_idle: Duration,
    pub(crate) user_limits: UserLimits,
}

/// `USER_LIMITS`: whether limits per person, the strangers' common limit and the fair share hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UserLimits {
    On,
    Off,
}

/// How much at once, how long (design §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Turns that run together in one group.
    pub(crate) group_parallel: usize,
    /// Model calls that run together; `auto` is already reckoned.
    pub(crate) in_flight: usize,
    /// Rows of the inbox at which polling pauses.
    pub(crate) queue: usize,
    /// Older questions are not answered as if they were new.
    pub(crate) stale_after: Duration,
    /// From the start of a turn to the first text.
    pub(crate) answer_deadline: Duration,
}

/// How answers look and leave (design §5).
#[derive(Debug, Clone)]
pub(crate) struct Answers {
    pub(crate) stream: Stream,
    pub(crate) send_rate: SendRate,
    pub(crate) persona: Persona,
}

/// `STREAM`: how an answer is shown while it grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Drafts in private chats, edits elsewhere.
    Auto,
    Edit,
    Off,
}

/// `SEND_RATE`: messages a second for the whole bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SendRate {
    /// At once, until Telegram objects.
    Auto,
    PerSecond(u32),
    Off,
}

/// The system prompt of a new chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Persona {
    Shipped,
    /// The text of `SYSTEM_PROMPT`, or of the file that `SYSTEM_PROMPT_FILE` names.
    Own(String),
}

/// What is kept where, and for how long (design §6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Data {
    pub(crate) file: PathBuf,
    /// The file of `svs-bot chat`, beside the other.
    pub(crate) chat_file: PathBuf,
    pub(crate) backup_dir: PathBuf,
    /// Backups kept, one a day; 0: none are made.
    pub(crate) backup_keep: u32,
    pub(crate) history_days: u32,
}

/// How the program talks to its operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Log {
    pub(crate) level: log::LevelFilter,
    pub(crate) format: LogFormat,
    /// Whether stderr goes to systemd's journal, which keeps the time itself.
    pub(crate) journal: bool,
}

/// `LOG_FORMAT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// `IP_FAMILY`: which addresses of a host are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IpFamily {
    Auto,
    V4,
    V6,
}

/// Settings that cannot be used; `Display` has a line for each mistake, then the warnings, one of
/// which may be the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) mistakes: Vec<Mistake>,
    pub(crate) warnings: Vec<String>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mistakes = self.mistakes.iter().map(|it| format!("error: {it}"));
        let warnings = self.warnings.iter().map(|it| format!("warning: {it}"));
        let lines: Vec<String> = mistakes.chain(warnings).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Refused {}

impl Config {
    /// Reads and checks everything; with the settings come warnings for the log.
    pub(crate) fn load(sources: &Sources, need: Need) -> Result<(Self, Vec<String>), Refused> {
        build::config(sources, need)
    }

    /// The bot's token; always there after [`Need::Run`] and [`Need::Check`].
    pub(crate) fn token(&self) -> Result<&Secret, Mistake> {
        self.telegram.token.as_ref().ok_or_else(no_token)
    }

    /// Where a setting stands; one that is not set may be put into the file of the others.
    pub(crate) fn source_of(&self, name: &str) -> Source {
        let file = |path: &PathBuf| Source::File(path.display().to_string());
        match self.origins.get(name) {
            Some(Origin::ConfigFile { path, .. }) => file(path),
            Some(Origin::Dotenv { .. }) => Source::Dotenv,
            Some(Origin::Credential) => Source::Credential,
            Some(Origin::Environment) => Source::Environment,
            Some(Origin::Default) | None => self.file.as_ref().map_or(Source::Nowhere, file),
        }
    }

    /// Whether it is set.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.origins.contains_key(name)
    }

    /// One line per setting, `NAME = value (source)`, secrets blind.
    pub(crate) fn summary(&self) -> &[String] {
        &self.summary
    }
}

fn no_token() -> Mistake {
    Mistake::about(
        "TELEGRAM_BOT_TOKEN",
        "is not set; get a token from @BotFather and put it into config.toml, .env or the environment",
    )
}

#[cfg(test)]
mod tests;
