//! What is wrong with a setting, in words its owner can act on. Pure.
//!
//! Invariant: no text made here holds a secret, not even one pasted into the wrong setting.

use std::fmt;
use std::path::PathBuf;

/// Where a setting's value came from, weakest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    Default,
    ConfigFile { path: PathBuf, line: usize },
    Dotenv { line: usize },
    Credential,
    Environment,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::ConfigFile { path, line } => write!(f, "{} line {line}", path.display()),
            Self::Dotenv { line } => write!(f, ".env line {line}"),
            Self::Credential => f.write_str("credential"),
            Self::Environment => f.write_str("environment"),
        }
    }
}

/// One setting that is missing or cannot be used; `Display` is one line for its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// The setting, or the file when it is the file that cannot be read.
    pub(super) name: String,
    /// Only what may be shown.
    pub(super) value: Option<String>,
    pub(super) origin: Option<Origin>,
    /// What is wanted.
    pub(super) remedy: String,
}

impl Mistake {
    /// About something that is not there, or a file as a whole.
    pub(super) fn about(name: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: None,
            origin: None,
            remedy: remedy.into(),
        }
    }

    /// About a place in a source, its value left out.
    pub(super) fn at(origin: Origin, name: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            origin: Some(origin),
            ..Self::about(name, remedy)
        }
    }

    /// This mistake with the value as it was written, made safe to show.
    pub(super) fn showing(mut self, value: &str) -> Self {
        self.value = Some(shown(value));
        self
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(value) = &self.value {
            write!(f, " = `{value}`")?;
        }
        if let Some(origin) = &self.origin {
            write!(f, " ({origin})")?;
        }
        write!(f, ": {}", self.remedy)
    }
}

/// Longest part of a value that is shown, in characters.
const SHOWN: usize = 60;

/// A value as it may be shown: on one line, not too long, without the user and password of an
/// address, and not at all when a part of it looks like a token or a key.
pub(crate) fn shown(value: &str) -> String {
    if looks_secret(value) {
        return "***".to_owned();
    }
    let value = without_password(value);
    let mut line: String = value
        .chars()
        .take(SHOWN)
        .flat_map(char::escape_debug)
        .collect();
    if value.chars().nth(SHOWN).is_some() {
        line.push('…');
    }
    line
}

/// Tokens and keys hold 30 and more letters and digits in a row, of every kind.
fn looks_secret(value: &str) -> bool {
    value
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
        .any(|run| {
            run.len() >= 30
                && run.contains(|c: char| c.is_ascii_digit())
                && run.contains(|c: char| c.is_ascii_lowercase())
                && run.contains(|c: char| c.is_ascii_uppercase())
        })
}

fn without_password(value: &str) -> String {
    let Some((user, host)) = value.rsplit_once('@') else {
        return value.to_owned();
    };
    let scheme = user
        .split_once("://")
        .map_or(String::new(), |(scheme, _)| format!("{scheme}://"));
    format!("{scheme}***@{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_on_one_short_line_without_what_is_secret() {
        let long = "x".repeat(80);
        for (value, line) in [
            ("plain", "plain"),
            ("two\nlines\u{1b}[0m", "two\\nlines\\u{1b}[0m"),
            ("socks5://me:pass@host:1080", "socks5://***@host:1080"),
            ("me:p@ss@host", "***@host"),
            ("1234567:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", "***"),
            (
                "https://x/?key=AIzaSyA1234567890abcdefghijklmnopqrstu",
                "***",
            ),
            (
                "/a-rather-long-folder-name-in-lower-case",
                "/a-rather-long-folder-name-in-lower-case",
            ),
            (&long, &format!("{}…", "x".repeat(60))),
        ] {
            assert_eq!(shown(value), line);
        }
    }

    #[test]
    fn a_mistake_says_name_value_place_and_remedy() {
        let origin = Origin::ConfigFile {
            path: "config.toml".into(),
            line: 12,
        };
        let mistake = Mistake::at(origin, "KEY_RPM", "must be between 1 and 10").showing("0");
        assert_eq!(
            mistake.to_string(),
            "KEY_RPM = `0` (config.toml line 12): must be between 1 and 10"
        );
        let missing = Mistake::about("TELEGRAM_BOT_TOKEN", "is not set");
        assert_eq!(missing.to_string(), "TELEGRAM_BOT_TOKEN: is not set");
    }
}
