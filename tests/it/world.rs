//! The world of a test: the real binary as a child process, with stand-ins for Telegram and
//! Gemini on loopback. A world ends with [`World::stop`], which fails the test if the bot left
//! late, panicked, broke a rule of a service, or wrote a secret anywhere.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

pub(crate) mod bot;
pub(crate) mod gemini;
pub(crate) mod http;
mod search;
mod settings;
pub(crate) mod telegram;

use bot::{Bot, Ended};
use gemini::{Gemini, key_text};
use http::{CrashPoint, Server};
use telegram::{TOKEN, Telegram};

/// How long a test waits for an effect before it fails. Nothing is measured with it: it only has to
/// be longer than the longest back-off, on a machine that has other work.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
/// How long the bot may take to leave after SIGTERM: its own five seconds, and the machine's share.
const GRACE: Duration = Duration::from_secs(20);
/// Lines of the bot's log that a failing test shows.
const LOG_TAIL: usize = 30;

/// The one clock of the tests: time since 1970.
#[expect(clippy::disallowed_methods, reason = "the tests' own clock")]
pub(crate) fn now() -> Duration {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.expect("after 1970")
}

/// A setting of the test run itself, like `SVS_BOT_FULL`.
#[expect(clippy::disallowed_methods, reason = "the tests' own settings")]
pub(crate) fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether the long runs are asked for.
pub(crate) fn is_full_run() -> bool {
    setting("SVS_BOT_FULL").is_some()
}

/// The binary under test.
fn binary() -> String {
    let built = env!("CARGO_BIN_EXE_svs-bot").to_owned();
    setting("SVS_BOT_BIN").unwrap_or(built)
}

fn timestamp() -> jiff::Timestamp {
    timestamp_of(now())
}

fn timestamp_of(at: Duration) -> jiff::Timestamp {
    let seconds = i64::try_from(at.as_secs()).expect("this century");
    jiff::Timestamp::from_second(seconds).expect("this century")
}

/// Today in `America/Los_Angeles`, where the day of the quota turns.
pub(crate) fn pacific_day() -> String {
    let there = timestamp()
        .in_tz("America/Los_Angeles")
        .expect("in the bundle");
    there.date().to_string()
}

/// How long until that day ends.
pub(crate) fn until_pacific_midnight() -> Duration {
    let there = timestamp()
        .in_tz("America/Los_Angeles")
        .expect("in the bundle");
    let tomorrow = there.tomorrow().and_then(|day| day.start_of_day());
    let left = tomorrow.expect("this century").duration_since(&there);
    left.unsigned_abs()
}

fn http_date(at: Duration) -> String {
    timestamp_of(at)
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string()
}

/// The short wait between two looks; used by helpers that have a deadline, never by a test.
fn pause() {
    thread::sleep(Duration::from_millis(10));
}

/// Lets time pass where its length is the scenario itself: an outage, a ban.
pub(crate) fn time_passes(length: Duration) {
    thread::sleep(length);
}

/// Waits until something is so, and fails the test when it does not become so.
#[track_caller]
pub(crate) fn eventually(deadline: Duration, what: &str, mut look: impl FnMut() -> bool) {
    let start = now();
    while !look() {
        assert!(
            now().saturating_sub(start) < deadline,
            "not within {deadline:?}: {what}"
        );
        pause();
    }
}

/// The settings of a world that is not there yet.
#[derive(Debug)]
pub(crate) struct Builder {
    settings: BTreeMap<String, String>,
    keys: Vec<settings::Key>,
}

impl Builder {
    /// `OWNER_IDS`.
    pub(crate) fn owner(self, id: i64) -> Self {
        self.env("OWNER_IDS", &id.to_string())
    }

    /// Strangers are guests.
    pub(crate) fn open(self) -> Self {
        self.env("ACCESS", "open")
    }

    /// Keys of a group (`"A"` … `"D"`), or of none with `"any"`: `k1`, `k1@project:paid`. One alone may
    /// stand in the setting for `"one"`.
    pub(crate) fn keys(mut self, group: &str, list: &[&str]) -> Self {
        let (setting, texts, keys) = settings::keys_of(group, list);
        self.keys.extend(keys);
        self.env(&setting, &texts)
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.settings.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Leaves a setting out.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.settings.remove(name);
        self
    }

    /// The world with its services, and no bot yet.
    pub(crate) fn prepare(self) -> World {
        let (telegram, gemini) = (Telegram::new(), Gemini::new());
        for (name, project, is_billed) in &self.keys {
            gemini.admits(name, project);
            if *is_billed {
                gemini.bills(project);
            }
        }
        let crash_point = Arc::new(CrashPoint::default());
        let servers = [
            Server::with_crash_point(Arc::clone(&telegram), Arc::clone(&crash_point)),
            Server::with_crash_point(Arc::clone(&gemini), Arc::clone(&crash_point)),
        ];
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        fs::create_dir(&data).expect("a folder");
        let mut defaults = BTreeMap::from([
            ("TELEGRAM_API_URL".to_owned(), servers[0].url()),
            ("GEMINI_API_URL".to_owned(), servers[1].url()),
            (
                "DATA_FILE".to_owned(),
                data.join("svs-bot.redb").display().to_string(),
            ),
            ("HOME".to_owned(), folder.path().display().to_string()),
        ]);
        defaults.extend(self.settings);
        World {
            telegram,
            gemini,
            crash_point,
            settings: defaults,
            secrets: self
                .keys
                .into_iter()
                .map(|(name, ..)| key_text(&name))
                .collect(),
            wrapper: Vec::new(),
            folder,
            bot: None,
            written: String::new(),
            judged: false,
            servers,
        }
    }

    /// The world with a bot that polls.
    #[track_caller]
    pub(crate) fn start(self) -> World {
        let mut world = self.prepare();
        world.restart();
        world
    }
}

/// A bot and all it talks to.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) telegram: Arc<Telegram>,
    pub(crate) gemini: Arc<Gemini>,
    pub(crate) crash_point: Arc<CrashPoint>,
    settings: BTreeMap<String, String>,
    secrets: Vec<String>,
    wrapper: Vec<String>,
    folder: TempDir,
    bot: Option<Bot>,
    /// All that processes of this world wrote which are gone.
    written: String,
    judged: bool,
    servers: [Server; 2],
}

impl World {
    /// Person 1 is the Owner, three keys serve everyone, and no limit of ours is in the way.
    #[expect(clippy::new_ret_no_self, reason = "a world is built step by step")]
    pub(crate) fn new() -> Builder {
        Self::bare()
            .owner(1)
            .keys("any", &["k1", "k2", "k3"])
            .env("TELEGRAM_BOT_TOKEN", TOKEN)
    }

    /// No token, no owner, no keys.
    pub(crate) fn bare() -> Builder {
        let settings = [
            ("USER_LIMITS", "off"),
            ("LOG_LEVEL", "debug"),
            ("KEY_RPM", "1000"),
            ("KEY_DAILY_PERCENT", "1000"),
        ];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Builder {
            settings: settings.into_iter().map(owned).collect(),
            keys: Vec::new(),
        }
    }

    pub(crate) fn data_file(&self) -> PathBuf {
        PathBuf::from(&self.settings["DATA_FILE"])
    }

    /// Files that lie in the folder for media.
    pub(crate) fn spooled(&self) -> usize {
        let folder = self.data_file().with_extension("redb.spool");
        fs::read_dir(folder).map_or(0, Iterator::count)
    }

    /// The folder that holds everything of this world.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Sets the machine's clock for this world's processes: so many seconds off, from now on. False
    /// when the binary has no such hook (only debug builds do): then there is nothing to be seen.
    pub(crate) fn sets_the_clock(&mut self, seconds: i64) -> bool {
        const HOOK: &str = "SVS_BOT_CLOCK_SHIFT";
        let file = self.folder.path().join("clock");
        fs::write(&file, seconds.to_string()).expect("a file");
        let path = file.display().to_string();
        if self.settings.insert(HOOK.to_owned(), path).is_none() {
            let binary = fs::read(binary()).expect("the binary");
            if !search::holds(&binary, HOOK.as_bytes()) {
                eprintln!("not tried: the clock of this binary cannot be set");
                return false;
            }
        }
        true
    }

    /// Lets time pass for everybody, without waiting for it: from the next start on also for a bot that
    /// asks nobody but its machine.
    pub(crate) fn moves_on(&mut self, time: Duration) {
        self.telegram.moves_on(time);
        let ahead = self.telegram.is_ahead().as_secs();
        self.sets_the_clock(i64::try_from(ahead).expect("some days"));
    }

    /// Where another client of the same bot would call a method.
    pub(crate) fn telegram_url(&self, method: &str) -> String {
        format!("{}/bot{TOKEN}/{method}", self.settings["TELEGRAM_API_URL"])
    }

    /// Starts the bot through another program from now on.
    pub(crate) fn wrap(&mut self, program: &[&str]) {
        self.wrapper = program.iter().map(|&word| word.to_owned()).collect();
    }

    pub(crate) fn bot_id(&self) -> u32 {
        self.bot.as_ref().expect("a running bot").id()
    }

    /// Starts the bot and does not wait for anything.
    pub(crate) fn launch(&mut self) {
        assert!(self.bot.is_none(), "a bot is running already");
        self.telegram.forgets_the_pace();
        self.bot = Some(Bot::start(&mut self.command(&["run"])));
    }

    /// Starts the bot with a log that nobody reads, and with no room for a line.
    pub(crate) fn launch_unread(&mut self) {
        assert!(self.bot.is_none(), "a bot is running already");
        self.telegram.forgets_the_pace();
        self.bot = Some(Bot::start_unread(&mut self.command(&["run"])));
    }

    /// Somebody reads the log of the running bot from now on.
    pub(crate) fn log_is_read(&mut self) {
        self.bot.as_mut().expect("a running bot").is_read();
    }

    /// `kill -NAME`.
    pub(crate) fn signal(&self, name: &str) {
        self.bot.as_ref().expect("a running bot").signal(name);
    }

    /// Starts the bot and waits for its first poll.
    #[track_caller]
    pub(crate) fn restart(&mut self) {
        let polls = self.telegram.calls("getUpdates").len();
        self.launch();
        let telegram = Arc::clone(&self.telegram);
        eventually(PATIENCE, "the bot polls", || {
            assert!(self.bot_is_running(), "the bot left at its start");
            telegram.calls("getUpdates").len() > polls
        });
    }

    pub(crate) fn bot_is_running(&mut self) -> bool {
        self.bot.as_mut().is_some_and(Bot::is_running)
    }

    /// `kill -9`; what was on its way has arrived by then.
    pub(crate) fn kill(&mut self) {
        let ended = self.bot.take().expect("a running bot").kill();
        self.keep(&ended);
        self.servers.iter().for_each(Server::hears_out);
    }

    /// SIGTERM, after which the bot has to leave in time and well; it can be started again.
    #[track_caller]
    pub(crate) fn terminate(&mut self) {
        let bot = self.bot.take().expect("a running bot");
        let start = now();
        bot.terminate();
        let ended = bot.wait(GRACE);
        let took = now().saturating_sub(start);
        self.keep(&ended);
        assert_eq!(
            ended.code,
            Some(0),
            "exit code after SIGTERM, {took:?} later"
        );
    }

    /// Waits so long for a bot that leaves by itself.
    #[track_caller]
    pub(crate) fn leaves(&mut self, patience: Duration) -> Ended {
        let ended = self.bot.take().expect("a running bot").wait(patience);
        self.keep(&ended);
        ended
    }

    /// Runs another command of the binary to its end, with this on its standard input.
    pub(crate) fn run(&mut self, arguments: &[&str], input: &str) -> Ended {
        let ended = Bot::run(&mut self.command(arguments), input, PATIENCE);
        self.keep(&ended);
        ended
    }

    /// How many questions wait and how many run, as `status` tells it.
    pub(crate) fn questions(&mut self) -> (usize, usize) {
        let mut told = String::new();
        eventually(PATIENCE, "the bot tells its status", || {
            told = self.run(&["status"], "").stdout;
            !told.is_empty()
        });
        let line = told
            .lines()
            .find_map(|line| line.strip_prefix("Questions: "));
        let line = line.unwrap_or_else(|| panic!("no questions in: {told}"));
        let mut counts = line.split(' ').filter_map(|word| word.parse().ok());
        let mut next = || counts.next().expect("a number waiting, a number running");
        (next(), next())
    }

    /// How many rows wait to be sent or are under way, as the control socket tells it. A row that
    /// Telegram acknowledged counts until that is on disk.
    pub(crate) fn unsent(&self) -> u64 {
        let mut name = self.data_file().into_os_string();
        name.push(".sock");
        let mut told = String::new();
        eventually(PATIENCE, "the control socket answers", || {
            told.clear();
            let Ok(mut stream) = UnixStream::connect(&name) else {
                return false;
            };
            stream.write_all(b"status\n").is_ok() && stream.read_to_string(&mut told).is_ok()
        });
        let told: serde_json::Value = serde_json::from_str(&told).expect("a snapshot");
        told["outbox"].as_u64().expect("a number of rows")
    }

    /// Waits until the ids of all messages that Telegram acknowledged are written down; people take
    /// longer to read what they press.
    #[track_caller]
    pub(crate) fn notes_all(&self) {
        eventually(PATIENCE, "nothing is left to send", || self.unsent() == 0);
    }

    /// Ends the world and judges it.
    #[track_caller]
    pub(crate) fn stop(mut self) {
        if self.bot.is_some() {
            self.terminate();
        }
        self.judge();
    }

    /// All that this world's processes wrote so far.
    pub(crate) fn log(&self) -> String {
        let running = self.bot.as_ref().map(Bot::log).unwrap_or_default();
        format!("{}{running}", self.written)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut line = self.wrapper.clone();
        line.push(binary());
        let mut command = Command::new(&line[0]);
        command
            .args(&line[1..])
            .args(arguments)
            .env_clear()
            .envs(&self.settings)
            .current_dir(self.folder.path());
        command
    }

    fn keep(&mut self, ended: &Ended) {
        self.written.push_str(&ended.stdout);
        self.written.push_str(&ended.stderr);
    }

    #[track_caller]
    fn judge(&mut self) {
        self.judged = true;
        assert!(!self.written.contains("panicked"), "a panic is in the log");
        let violations = [self.telegram.violations(), self.gemini.violations()].concat();
        assert!(violations.is_empty(), "rules were broken: {violations:#?}");
        let leaks = self.leaks();
        assert!(leaks.is_empty(), "secrets were written to {leaks:?}");
    }

    /// Places where the token or a key was written (design §10).
    pub(crate) fn leaks(&self) -> Vec<String> {
        let mut places = vec![("the log".to_owned(), self.log().into_bytes())];
        for call in self.telegram.calls("") {
            places.push((call.method, call.params.to_string().into_bytes()));
        }
        search::collect_files(self.folder.path(), &mut places);
        let token = TOKEN.split_once(':').expect("a token has two halves").1;
        let secrets = self.secrets.iter().map(String::as_str).chain([token]);
        let secrets: Vec<&[u8]> = secrets.map(str::as_bytes).collect();
        places.retain(|(_, bytes)| secrets.iter().any(|secret| search::holds(bytes, secret)));
        places.into_iter().map(|(place, _)| place).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let tail = &lines[lines.len().saturating_sub(LOG_TAIL)..];
            eprintln!("--- the bot's log ends ---\n{}\n---", tail.join("\n"));
        } else {
            assert!(self.judged, "a world ends with `stop`");
        }
    }
}
