//! Takes every setting of design §7 in turn, with its default and its bounds.
//!
//! Invariant: all settings are read whatever went wrong before, so that all mistakes are told.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use log::LevelFilter;

use super::mistake::{Mistake, shown};
use super::raw::{Raw, Sources, read_text};
use super::reader::Reader;
use super::{
    Access, Answers, CaFile, Config, Data, Gemini, Groups, IpFamily, Limits, Log, LogFormat, Need,
    People, Persona, Refused, SendRate, Stream, Telegram, UiLanguage, UserLimits,
};
use super::{keys, memory, no_token, parse, places, proxies, tasks};
use crate::chat::UserId;
use crate::keys::{Group, Policy};

const TELEGRAM: &str = "https://api.telegram.org";
const GEMINI: &str = "https://generativelanguage.googleapis.com";
/// Longest system prompt, in characters: more would eat the small models' minutes.
const LONGEST_PROMPT: usize = 20_000;

pub(super) fn config(sources: &Sources, need: Need) -> Result<(Config, Vec<String>), Refused> {
    let raw = Raw::gather(sources);
    let mut reader = Reader::new(raw.found, raw.mistakes, raw.warnings);
    let r = &mut reader;
    let telegram = telegram(r, sources, need);
    let gemini = gemini(r, sources, need);
    let mut config = Config {
        people: people(r, &gemini, &telegram),
        telegram,
        gemini,
        key_policy: key_policy(r),
        limits: limits(r, sources),
        answers: answers(r, sources),
        data: data(r, sources),
        log: log_settings(r, sources),
        http_addr: http_addr(r),
        ip_family: ip_family(r),
        ca_file: ca_file(r, sources),
        language: language(r),
        machine_language: places::language(sources),
        time_zone: time_zone(r, sources),
        roles_override: raw.roles,
        catalog_override: raw.models,
        file: raw.file,
        origins: BTreeMap::new(),
        summary: Vec::new(),
    };
    let outcome = reader.finish();
    if !outcome.mistakes.is_empty() {
        return Err(Refused {
            mistakes: outcome.mistakes,
            warnings: outcome.warnings,
        });
    }
    config.summary = outcome.summary;
    config.origins = outcome.origins;
    Ok((config, outcome.warnings))
}

fn telegram(r: &mut Reader, sources: &Sources, need: Need) -> Telegram {
    let named = r.has("TELEGRAM_BOT_TOKEN");
    let token = r.read("TELEGRAM_BOT_TOKEN", "none", parse::token);
    match need {
        Need::Run | Need::Check if !named => r.refuse(no_token()),
        Need::Run | Need::Check | Need::Chat | Need::Nothing => {}
    }
    let api_url = service(r, "TELEGRAM_API_URL", TELEGRAM);
    Telegram {
        token,
        proxy: proxies::read(r, sources, "TELEGRAM_PROXY", &api_url),
        api_url,
    }
}

fn gemini(r: &mut Reader, sources: &Sources, need: Need) -> Gemini {
    let named = keys::KEY_SETTINGS.iter().any(|(name, _)| r.has(name));
    let keys = keys::read(r);
    if need == Need::Run && !named {
        r.refuse(Mistake::about(
            "GROUP_A_KEYS",
            "no key is set; create one at https://aistudio.google.com/apikey and set GROUP_A_KEYS, another group, or GEMINI_API_KEY",
        ));
    }
    let api_url = gemini_url(r);
    Gemini {
        keys,
        proxy: proxies::read(r, sources, "GEMINI_PROXY", &api_url),
        api_url,
    }
}

fn service(r: &mut Reader, name: &'static str, default: &str) -> String {
    let url = r
        .read(name, default, parse::url)
        .unwrap_or_else(|| default.to_owned());
    warn_of_listeners(r, name, &url);
    url
}

fn gemini_url(r: &mut Reader) -> String {
    let found = r.read("GEMINI_API_URL", GEMINI, parse::gemini_url);
    let (url, is_cut) = found.unwrap_or_else(|| (GEMINI.to_owned(), false));
    if is_cut {
        r.warn(format!(
            "GEMINI_API_URL ends with what is put behind it anyway; {url} is used"
        ));
    }
    warn_of_listeners(r, "GEMINI_API_URL", &url);
    url
}

fn warn_of_listeners(r: &mut Reader, name: &str, url: &str) {
    if parse::is_open_to_listeners(url) {
        r.warn(format!(
            "{name} is plain http to another machine: whoever listens on the way sees the secrets"
        ));
    }
}

fn people(r: &mut Reader, gemini: &Gemini, telegram: &Telegram) -> People {
    // Keys of group D are there for guests.
    let for_guests = gemini
        .keys
        .iter()
        .any(|key| key.groups.contains(&Some(Group::D)));
    let access = if for_guests {
        Access::Open
    } else {
        Access::Approve
    };
    let access = r.choice(
        "ACCESS",
        &[
            ("open", Access::Open),
            ("approve", Access::Approve),
            ("closed", Access::Closed),
        ],
        access,
    );
    let groups = match access {
        Access::Open => Groups::Open,
        Access::Approve => Groups::Approve,
        Access::Closed => Groups::Leave,
    };
    People {
        owners: r
            .read("OWNER_IDS", "none", |text| {
                parse::owners(text, bot_of(telegram))
            })
            .unwrap_or_default(),
        access,
        groups: r.choice(
            "GROUPS",
            &[
                ("approve", Groups::Approve),
                ("open", Groups::Open),
                ("leave", Groups::Leave),
            ],
            groups,
        ),
        vip_seats: r.number("VIP_SEATS", 3, 0..=1000),
        vip_idle: minutes(r.number("VIP_IDLE_MINUTES", 30, 1..=1440)),
        user_limits: r.choice(
            "USER_LIMITS",
            &[("on", UserLimits::On), ("off", UserLimits::Off)],
            UserLimits::On,
        ),
    }
}

/// The number of the bot itself: a token begins with it (Bot API, "Authorizing your bot").
fn bot_of(telegram: &Telegram) -> Option<UserId> {
    let token = telegram.token.as_ref()?;
    let (number, _) = token.expose().split_once(':')?;
    number.parse().ok().map(UserId)
}

fn key_policy(r: &mut Reader) -> Policy {
    Policy {
        rpm: r.read("KEY_RPM", "10 or the model's", |text| {
            parse::number(text, &(1..=10_000))
        }),
        daily_percent: r.number("KEY_DAILY_PERCENT", 30, 1..=1000),
        cooldown: Duration::from_secs(r.number("KEY_COOLDOWN_SECS", 10, 1..=3600)),
        max_errors: r.number("KEY_MAX_ERRORS", 3, 1..=100),
        // Doubling ends at a day (design §4).
        blacklist: Duration::from_secs(r.number("KEY_BLACKLIST_SECS", 3600, 1..=86_400)),
        paid_daily: r
            .read("PAID_DAILY_USD", "1", parse::micro_dollars)
            .unwrap_or(1_000_000),
    }
}

fn limits(r: &mut Reader, sources: &Sources) -> Limits {
    let by_memory = memory::slots(
        memory::cgroup_limit(&sources.root),
        memory::available(&sources.root),
    );
    let threads = tasks::left(&sources.root);
    let auto = tasks::slots(by_memory, threads);
    let in_flight = r.read("MAX_IN_FLIGHT", &format!("auto: {auto}"), |text| {
        if text.eq_ignore_ascii_case("auto") {
            return Ok(by_memory);
        }
        parse::number(text, &(1..=1024))
            .map_err(|_remedy| "must be auto, or between 1 and 1024".to_owned())
    });
    let wanted = in_flight.unwrap_or(by_memory);
    let in_flight = tasks::slots(wanted, threads);
    if in_flight < wanted {
        let left = threads.unwrap_or_default();
        r.warn(format!(
            "only {left} threads can be made here: {in_flight} model calls at once instead of {wanted}; raise TasksMax= of the unit, or the limit on processes of this user"
        ));
    }
    Limits {
        group_parallel: r.number("GROUP_PARALLEL", 4, 1..=64),
        in_flight,
        queue: r.number("QUEUE_LIMIT", 20_000, 10..=1_000_000),
        // Telegram itself keeps updates for a day.
        stale_after: minutes(r.number("STALE_MINUTES", 30, 1..=1440)),
        answer_deadline: Duration::from_secs(r.number("ANSWER_DEADLINE_SECS", 120, 1..=600)),
    }
}

fn answers(r: &mut Reader, sources: &Sources) -> Answers {
    Answers {
        stream: r.choice(
            "STREAM",
            &[
                ("auto", Stream::Auto),
                ("edit", Stream::Edit),
                ("off", Stream::Off),
            ],
            Stream::Auto,
        ),
        send_rate: r
            .read("SEND_RATE", "auto", parse::send_rate)
            .unwrap_or(SendRate::Auto),
        persona: persona(r, sources),
    }
}

fn persona(r: &mut Reader, sources: &Sources) -> Persona {
    let both = r.has("SYSTEM_PROMPT") && r.has("SYSTEM_PROMPT_FILE");
    if both {
        r.refuse(Mistake::about(
            "SYSTEM_PROMPT",
            "is set together with SYSTEM_PROMPT_FILE; keep only one of them",
        ));
    }
    let fits = |text: &str| {
        let long = text.chars().nth(LONGEST_PROMPT).is_some();
        if long || text.trim().is_empty() {
            return Err(format!("must hold 1 to {LONGEST_PROMPT} characters"));
        }
        Ok(text.trim().to_owned())
    };
    let direct = r.read("SYSTEM_PROMPT", "shipped", fits);
    let file = r.read("SYSTEM_PROMPT_FILE", "none", |path| {
        let text = read_text(&places::path(sources, path)?)
            .map_err(|error| format!("must name a readable text file ({error})"))?;
        fits(&text)
    });
    direct.or(file).map_or(Persona::Shipped, Persona::Own)
}

fn data(r: &mut Reader, sources: &Sources) -> Data {
    let folder = places::state_folder(sources);
    let default = folder.as_ref().map(|folder| folder.join("svs-bot.redb"));
    let named = r.has("DATA_FILE");
    if default.is_none() && !named {
        r.refuse(Mistake::about(
            "DATA_FILE",
            "must be set: this user has no home folder for it",
        ));
    }
    let default = default.unwrap_or_default();
    let file = r
        .read("DATA_FILE", &default.display().to_string(), |text| {
            file_path(sources, text)
        })
        .unwrap_or(default);
    let folder = file.parent().unwrap_or(Path::new("")).to_owned();
    let backups = folder.join("backups");
    Data {
        chat_file: folder.join("chat.redb"),
        file,
        backup_dir: r
            .read("BACKUP_DIR", &backups.display().to_string(), |text| {
                places::path(sources, text)
            })
            .unwrap_or(backups),
        backup_keep: r.number("BACKUP_KEEP", 7, 0..=365),
        history_days: r.number("HISTORY_DAYS", 90, 1..=3650),
    }
}

fn file_path(sources: &Sources, text: &str) -> Result<PathBuf, String> {
    let path = places::path(sources, text)?;
    if text.ends_with('/') || path.file_name().is_none() {
        return Err("must name a file, not a folder, such as /var/lib/svs-bot/svs-bot.redb".into());
    }
    if path.file_name().is_some_and(|name| name == "chat.redb") {
        return Err("must not be chat.redb, which is the file of `svs-bot chat`".into());
    }
    Ok(path)
}

fn log_settings(r: &mut Reader, sources: &Sources) -> Log {
    Log {
        level: r.choice(
            "LOG_LEVEL",
            &[
                ("off", LevelFilter::Off),
                ("error", LevelFilter::Error),
                ("warn", LevelFilter::Warn),
                ("info", LevelFilter::Info),
                ("debug", LevelFilter::Debug),
                ("trace", LevelFilter::Trace),
            ],
            LevelFilter::Info,
        ),
        format: r.choice(
            "LOG_FORMAT",
            &[("text", LogFormat::Text), ("json", LogFormat::Json)],
            LogFormat::Text,
        ),
        journal: sources.variable("JOURNAL_STREAM").is_some(),
    }
}

fn http_addr(r: &mut Reader) -> Option<std::net::SocketAddr> {
    let addr = r
        .read("HTTP_ADDR", "off", parse::listen_address)
        .flatten()?;
    if !addr.ip().is_loopback() {
        r.warn(format!(
            "HTTP_ADDR {addr} can be reached from other machines; 127.0.0.1:{} cannot",
            addr.port()
        ));
    }
    Some(addr)
}

/// Authorities beside the built-in ones. `SSL_CERT_FILE` is other programs' too, so what is wrong
/// with it is only warned of.
fn ca_file(r: &mut Reader, sources: &Sources) -> Option<CaFile> {
    let read = |path: &str| -> Result<String, String> {
        let pem = read_text(&places::path(sources, path)?)
            .map_err(|error| format!("must name a readable file of certificates ({error})"))?;
        let holds_any = pem.contains("-----BEGIN CERTIFICATE-----");
        holds_any
            .then_some(pem)
            .ok_or_else(|| "must name a PEM file that holds a certificate".to_owned())
    };
    let shared = sources.variable("SSL_CERT_FILE");
    let (setting, pem) = if r.has("TLS_CA_FILE") {
        ("TLS_CA_FILE", r.read("TLS_CA_FILE", "none", read))
    } else {
        let unset = shared.map_or("none".to_owned(), |path| {
            format!("as SSL_CERT_FILE says: {}", shown(path))
        });
        r.summarise("TLS_CA_FILE", &unset, None);
        let pem = shared.and_then(|path| {
            let bad = |remedy| r.warn(format!("SSL_CERT_FILE is not used: it {remedy}"));
            read(path).map_err(bad).ok()
        });
        ("SSL_CERT_FILE", pem)
    };
    pem.map(|pem| CaFile { setting, pem })
}

fn ip_family(r: &mut Reader) -> IpFamily {
    let words = [
        ("auto", IpFamily::Auto),
        ("ipv4", IpFamily::V4),
        ("ipv6", IpFamily::V6),
    ];
    r.choice("IP_FAMILY", &words, IpFamily::Auto)
}

fn language(r: &mut Reader) -> UiLanguage {
    let words = [
        ("auto", UiLanguage::Auto),
        ("en", UiLanguage::En),
        ("zh", UiLanguage::Zh),
    ];
    r.choice("UI_LANGUAGE", &words, UiLanguage::Auto)
}

fn time_zone(r: &mut Reader, sources: &Sources) -> jiff::tz::TimeZone {
    let system = places::time_zone(sources);
    let unset = system.iana_name().unwrap_or("UTC").to_owned();
    r.read("TIME_ZONE", &unset, parse::time_zone)
        .unwrap_or(system)
}

fn minutes(number: u64) -> Duration {
    Duration::from_mins(number)
}
