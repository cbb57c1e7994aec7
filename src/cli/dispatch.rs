//! From an [`Invocation`] to an exit code: settings, log, data file, runtime, and then the shell.
//!
//! Invariant: whatever goes wrong before the bot runs is one sentence on standard error and an exit
//! code; nothing here panics.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::{Command, HELP, Invocation, parse};
use crate::app::engine::BadSettings;
use crate::app::ops::claim::Offer;
use crate::app::ops::{claim, control, status};
use crate::app::{self, BadToken, check, terminal};
use crate::config::{Config, LogFormat, Need, Sources};
use crate::locale::{Language, Locale};
use crate::logging::{self, Format};
use crate::store::{Open, OpenError, Store};
use crate::threads;

const FAILED: u8 = 1;
const USAGE: u8 = 2;
/// `EX_CONFIG` of sysexits.h: systemd is told not to start again.
const CONFIGURATION: u8 = 78;
/// Blocking threads of the runtime itself: a look at the bot's account, a long text to render. Calls,
/// sends and reads have pools of their own.
const BLOCKING: usize = 3;
/// How long they may take to be made.
const WARM_UP: Duration = Duration::from_secs(10);
/// They stay: one that had to be made anew could fail to be, and its work would wait for ever.
const FOR_EVER: Duration = Duration::from_hours(24 * 3650);

/// A sentence for the operator, and the exit code it ends with.
struct Failed {
    code: u8,
    sentence: String,
}

impl Failed {
    fn new(code: u8, sentence: impl Display) -> Self {
        Self {
            code,
            sentence: sentence.to_string(),
        }
    }
}

/// The whole program.
pub(crate) fn main() -> ExitCode {
    let done = match parse(std::env::args_os().skip(1)) {
        Ok(invocation) => obey(invocation),
        Err(usage) => Err(Failed::new(USAGE, format!("error: {usage}"))),
    };
    let (code, sentence) = match &done {
        Ok(()) => (ExitCode::SUCCESS, None),
        Err(Failed { code, sentence }) => (ExitCode::from(*code), Some(sentence.as_str())),
    };
    logging::finish(sentence);
    code
}

fn obey(Invocation { command, config }: Invocation) -> Result<(), Failed> {
    let load = |need| load(&Sources::of_this_process(config.clone()), need);
    match command {
        Command::Help => print(HELP),
        Command::Version => print(concat!("svs-bot ", env!("CARGO_PKG_VERSION"), "\n")),
        Command::Run => run(load(Need::Run)?),
        Command::Chat => chat(load(Need::Chat)?),
        Command::Check => check_all(&load(Need::Check)?),
        Command::Status => status_of(&load(Need::Nothing)?.data.file),
        Command::Claim => claim(&load(Need::Nothing)?),
    }
}

fn load(sources: &Sources, need: Need) -> Result<Config, Failed> {
    let (config, warnings) =
        Config::load(sources, need).map_err(|refused| Failed::new(CONFIGURATION, refused))?;
    let format = match (config.log.format, config.log.journal) {
        (LogFormat::Json, _) => Format::Json,
        (LogFormat::Text, true) => Format::Text,
        (LogFormat::Text, false) => Format::TimedText,
    };
    logging::init(config.log.level, format).map_err(|error| no_threads(&error))?;
    std::panic::set_hook(Box::new(note_panic));
    for warning in warnings {
        log::warn!("{warning}");
    }
    Ok(config)
}

fn run(config: Config) -> Result<(), Failed> {
    let token = config
        .token()
        .map_err(|mistake| Failed::new(CONFIGURATION, mistake))?
        .clone();
    let store = open(&config.data.file, Open::CreateIfMissing)?;
    let runtime = runtime()?;
    let ended = runtime.block_on(app::run(config, token, store));
    // Threads that hang in a call are not waited for.
    runtime.shutdown_background();
    ended.map_err(|error| failed(&error))
}

fn chat(config: Config) -> Result<(), Failed> {
    // The conversation is what the terminal is for; who wants more asks for `debug`.
    if config.log.level == log::LevelFilter::Info {
        log::set_max_level(log::LevelFilter::Warn);
    }
    let store = open(&config.data.chat_file, Open::CreateIfMissing)?;
    let runtime = runtime()?;
    let ended = runtime.block_on(terminal::run(config, store));
    runtime.shutdown_background();
    ended.map_err(|error| failed(&error))
}

fn check_all(config: &Config) -> Result<(), Failed> {
    let report = check::look(config);
    print(&report.text)?;
    match report.problems {
        0 => Ok(()),
        problems => Err(Failed::new(
            FAILED,
            format!("error: problems found: {problems}"),
        )),
    }
}

fn status_of(data_file: &Path) -> Result<(), Failed> {
    let answer = control::ask(data_file, "status").map_err(|error| {
        let file = data_file.display();
        Failed::new(
            FAILED,
            format!("error: no bot runs on {file}, or it does not answer ({error}); `svs-bot run` starts it"),
        )
    })?;
    let snapshot: status::Snapshot = serde_json::from_str(&answer).map_err(|error| {
        Failed::new(
            FAILED,
            format!("error: the bot's answer is not understood ({error})"),
        )
    })?;
    let text = snapshot.text(Locale::of(Language::En), &status::Asker::at_terminal());
    print(&format!("{text}\n"))
}

/// Asks the running bot for a way to own it; where none runs, makes one in its data file.
fn claim(config: &Config) -> Result<(), Failed> {
    let file = config.data.file.display();
    let offer = match control::ask(&config.data.file, "claim") {
        Ok(answer) => serde_json::from_str(&answer).map_err(|error| {
            let why = "the running bot can make no link now, its log says why";
            Failed::new(FAILED, format!("error: {why} ({error})"))
        })?,
        Err(error) if is_nobody(&error) => offer_of_file(config)?,
        Err(error) => {
            let sentence = format!("error: the bot on {file} does not answer ({error})");
            return Err(Failed::new(FAILED, sentence));
        }
    };
    let Offer::Made { code, bot } = offer else {
        return Err(Failed::new(
            FAILED,
            "error: this bot has an owner already; OWNER_IDS in the settings names others",
        ));
    };
    let way = claim::way(&code, bot.as_deref());
    logging::say(&claim::invitation(config, &way));
    print(&format!("{way}\n"))
}

/// No bot listens on its socket.
fn is_nobody(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
    )
}

fn offer_of_file(config: &Config) -> Result<Offer, Failed> {
    let store = open(&config.data.file, Open::Existing)?;
    let offer = runtime()?.block_on(claim::offer_of(config, &store));
    let offer = offer.map_err(|error| Failed::new(FAILED, format!("error: {error}")))?;
    let closed = store.close();
    closed.map_err(|error| Failed::new(FAILED, format!("error: {error}")))?;
    Ok(offer)
}

fn open(path: &Path, mode: Open) -> Result<Store, Failed> {
    Store::open(path, mode).map_err(|error| {
        let code = match &error {
            // Starting again may help: the other process ends, space is made.
            OpenError::Locked(_) | OpenError::DiskFull(_) | OpenError::Io(..) => FAILED,
            OpenError::Missing(_)
            | OpenError::NoFolder(..)
            | OpenError::NotAFile(_)
            | OpenError::Empty(_)
            | OpenError::Foreign(_)
            | OpenError::Damaged { .. }
            | OpenError::Denied(..)
            | OpenError::TooNew { .. } => CONFIGURATION,
        };
        Failed::new(code, format!("error: {error}"))
    })
}

fn failed(error: &anyhow::Error) -> Failed {
    let is_settings = error.is::<BadToken>() || error.is::<BadSettings>();
    Failed::new(
        if is_settings { CONFIGURATION } else { FAILED },
        format!("error: {error:#}"),
    )
}

/// The runtime, with its few blocking threads made beforehand.
fn runtime() -> Result<Runtime, Failed> {
    let made = Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("svs-worker")
        .thread_stack_size(threads::STACK)
        .max_blocking_threads(BLOCKING)
        .thread_keep_alive(FOR_EVER)
        .enable_all()
        .build();
    let warm = made.and_then(|runtime| {
        threads::warm_up(runtime.handle(), BLOCKING, WARM_UP)?;
        Ok(runtime)
    });
    warm.map_err(|error| no_threads(&error))
}

fn no_threads(error: &io::Error) -> Failed {
    let remedy = "raise TasksMax= of the unit, or the limit on processes of this user";
    Failed::new(
        FAILED,
        format!("error: no threads to run with ({error}); {remedy}"),
    )
}

/// A panic is a line of the log like any other. One inside redb is a damaged file, which the store
/// catches and tells in its own words.
fn note_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic
        .location()
        .map(ToString::to_string)
        .unwrap_or_default();
    let why = panic.payload_as_str().unwrap_or_default();
    if place.contains("redb") {
        log::debug!(place, why; "the data file is damaged");
    } else {
        log::error!(place, why; "panicked");
    }
}

fn print(text: &str) -> Result<(), Failed> {
    let written = io::stdout().write_all(text.as_bytes());
    written.map_err(|error| Failed::new(FAILED, format!("error: cannot write ({error})")))
}
