//! The table: one good and one bad value of every setting.

use std::path::Path;

use super::super::{
    Access, Config, Groups, IpFamily, LogFormat, Persona, SendRate, Stream, UiLanguage, UserLimits,
};
use crate::chat::UserId;
use crate::keys::Group;

/// Name; a good value; whether it arrived; a bad value, or nothing where every text is good; what
/// is said about it.
pub(super) type Row = (
    &'static str,
    &'static str,
    fn(&Config) -> bool,
    &'static str,
    &'static str,
);

pub(super) const ROWS: &[Row] = &[
    (
        "TELEGRAM_BOT_TOKEN",
        "1:a_-Z",
        |c| c.token().is_ok_and(|t| t.expose() == "1:a_-Z"),
        "abc",
        "must be a token",
    ),
    (
        "GROUP_A_KEYS",
        "k,l",
        |c| c.gemini.keys.len() == 2,
        "k,l:m",
        "entry 2 has something else",
    ),
    (
        "GROUP_B_KEYS",
        "k",
        |c| c.gemini.keys[0].groups == [Some(Group::B)],
        "k@",
        "entry 1 has no project",
    ),
    (
        "GROUP_C_KEYS",
        "k:paid",
        |c| c.gemini.keys[0].paid,
        "@p",
        "entry 1 has no key",
    ),
    (
        "GROUP_D_KEYS",
        "k@p",
        |c| c.gemini.keys[0].project.as_deref() == Some("p"),
        "'k'",
        "without quotes",
    ),
    (
        "GEMINI_API_KEY",
        "k",
        |c| c.gemini.keys[0].groups == [None],
        "[k]",
        "without quotes",
    ),
    (
        "GEMINI_API_KEYS",
        "k l",
        |c| c.gemini.keys[1].label == "K2",
        "k:",
        "entry 1 has something else",
    ),
    (
        "OWNER_IDS",
        "7, 8,7",
        |c| c.people.owners == [UserId(7), UserId(8)],
        "777000",
        "must not name 777000",
    ),
    (
        "ACCESS",
        "Closed",
        |c| c.people.access == Access::Closed,
        "all",
        "must be one of open, approve, closed",
    ),
    (
        "GROUPS",
        "LEAVE",
        |c| c.people.groups == Groups::Leave,
        "all",
        "must be one of approve, open, leave",
    ),
    (
        "VIP_SEATS",
        "0",
        |c| c.people.vip_seats == 0,
        "1001",
        "must be between 0 and 1000",
    ),
    (
        "VIP_IDLE_MINUTES",
        "5",
        |c| c.people.vip_idle.as_secs() == 300,
        "0",
        "must be between 1 and 1440",
    ),
    (
        "USER_LIMITS",
        "OFF",
        |c| c.people.user_limits == UserLimits::Off,
        "no",
        "must be one of on, off",
    ),
    (
        "KEY_RPM",
        "60",
        |c| c.key_policy.rpm == Some(60),
        "0",
        "must be between 1 and 10000",
    ),
    (
        "KEY_DAILY_PERCENT",
        "101",
        |c| c.key_policy.daily_percent == 101,
        "-1",
        "must be between 1 and 1000",
    ),
    (
        "KEY_COOLDOWN_SECS",
        "1",
        |c| c.key_policy.cooldown.as_secs() == 1,
        "3601",
        "must be between 1 and 3600",
    ),
    (
        "KEY_MAX_ERRORS",
        "5",
        |c| c.key_policy.max_errors == 5,
        "three",
        "must be between 1 and 100",
    ),
    (
        "KEY_BLACKLIST_SECS",
        "60",
        |c| c.key_policy.blacklist.as_secs() == 60,
        "86401",
        "must be between 1 and 86400",
    ),
    (
        "PAID_DAILY_USD",
        "0.25",
        |c| c.key_policy.paid_daily == 250_000,
        "$1",
        "must be dollars",
    ),
    (
        "DATA_FILE",
        "/d/x.redb",
        |c| c.data.file == Path::new("/d/x.redb") && c.data.chat_file == Path::new("/d/chat.redb"),
        "/d/",
        "must name a file",
    ),
    (
        "BACKUP_DIR",
        "/b",
        |c| c.data.backup_dir == Path::new("/b"),
        "",
        "",
    ),
    (
        "BACKUP_KEEP",
        "0",
        |c| c.data.backup_keep == 0,
        "366",
        "must be between 0 and 365",
    ),
    (
        "HISTORY_DAYS",
        "1",
        |c| c.data.history_days == 1,
        "0",
        "must be between 1 and 3650",
    ),
    (
        "HTTP_ADDR",
        "127.0.0.1:8080",
        |c| c.http_addr.is_some_and(|addr| addr.port() == 8080),
        "8080",
        "must be off, or an address",
    ),
    (
        "LOG_LEVEL",
        "Debug",
        |c| c.log.level == log::LevelFilter::Debug,
        "loud",
        "must be one of off, error",
    ),
    (
        "LOG_FORMAT",
        "JSON",
        |c| c.log.format == LogFormat::Json,
        "xml",
        "must be one of text, json",
    ),
    (
        "UI_LANGUAGE",
        "zh",
        |c| c.language == UiLanguage::Zh,
        "fr",
        "must be one of auto, en, zh",
    ),
    (
        "TIME_ZONE",
        "Asia/Shanghai",
        |c| c.time_zone.iana_name() == Some("Asia/Shanghai"),
        "Mars/Base",
        "must be the name of a time zone",
    ),
    (
        "GROUP_PARALLEL",
        "1",
        |c| c.limits.group_parallel == 1,
        "65",
        "must be between 1 and 64",
    ),
    (
        "MAX_IN_FLIGHT",
        "12",
        |c| c.limits.in_flight == 12,
        "0",
        "must be auto, or between 1 and 1024",
    ),
    (
        "QUEUE_LIMIT",
        "500",
        |c| c.limits.queue == 500,
        "9",
        "must be between 10 and 1000000",
    ),
    (
        "STALE_MINUTES",
        "60",
        |c| c.limits.stale_after.as_secs() == 3600,
        "1441",
        "must be between 1 and 1440",
    ),
    (
        "ANSWER_DEADLINE_SECS",
        "5",
        |c| c.limits.answer_deadline.as_secs() == 5,
        "1.5",
        "must be between 1 and 600",
    ),
    (
        "STREAM",
        "Edit",
        |c| c.answers.stream == Stream::Edit,
        "draft",
        "must be one of auto, edit, off",
    ),
    (
        "SEND_RATE",
        "30",
        |c| c.answers.send_rate == SendRate::PerSecond(30),
        "1001",
        "must be auto, off, or messages a second between 1 and 1000",
    ),
    (
        "SYSTEM_PROMPT",
        "Be kind.",
        |c| c.answers.persona == Persona::Own("Be kind.".into()),
        "",
        "",
    ),
    (
        "SYSTEM_PROMPT_FILE",
        concat!(env!("CARGO_MANIFEST_DIR"), "/LICENSE"),
        |c| matches!(&c.answers.persona, Persona::Own(text) if text.contains("MIT")),
        "/not/there",
        "must name a readable text file",
    ),
    (
        "TELEGRAM_API_URL",
        "http://127.0.0.1:1/",
        |c| c.telegram.api_url == "http://127.0.0.1:1",
        "localhost:1",
        "must be an address",
    ),
    (
        "GEMINI_API_URL",
        "https://g/x//",
        |c| c.gemini.api_url == "https://g/x",
        "https://u:SECRET@g",
        "must be an address",
    ),
    (
        "TELEGRAM_PROXY",
        "socks5://h:1",
        |c| {
            c.telegram
                .proxy
                .as_ref()
                .is_some_and(|p| p.address.expose() == "socks5://h:1")
        },
        "socks4://h",
        "must be http://host:port",
    ),
    (
        "GEMINI_PROXY",
        "http://u:p@h",
        |c| {
            c.gemini
                .proxy
                .as_ref()
                .is_some_and(|p| p.address.expose() == "http://u:p@h")
        },
        "ftp://u:SECRET@h",
        "must be http://host:port",
    ),
    (
        "TLS_CA_FILE",
        concat!(env!("CARGO_MANIFEST_DIR"), "/src/http/tests/ca.pem"),
        |c| {
            c.ca_file
                .as_ref()
                .is_some_and(|file| file.setting == "TLS_CA_FILE")
        },
        concat!(env!("CARGO_MANIFEST_DIR"), "/LICENSE"),
        "must name a PEM file",
    ),
    (
        "IP_FAMILY",
        "IPv4",
        |c| c.ip_family == IpFamily::V4,
        "4",
        "must be one of auto, ipv4, ipv6",
    ),
];
