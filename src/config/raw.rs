//! Where settings are written, and which writing wins: config.toml < .env < credentials <
//! environment. Reads files; knows names, not what values mean.
//!
//! Invariants: the environment is read once, in [`Sources::of_this_process`], and nowhere else; an
//! empty value counts as not set.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::dotenv;
use super::mistake::{Mistake, Origin};
use super::names::{self, Named};
use super::reader::Found;
use super::source_line::Entry;
use super::toml_file;

/// Larger than any sensible settings file, key list or prompt.
const LARGEST_FILE: u64 = 1 << 20;

/// Where to read from. No `Debug`: the environment holds secrets.
#[derive(Clone)]
pub(crate) struct Sources {
    /// `--config`; without it the first of the usual places that has a file.
    pub(super) config: Option<PathBuf>,
    /// `/`: what is looked up in `etc`, `var`, `proc` and `sys` is found below it.
    pub(super) root: PathBuf,
    /// The working directory, where `.env` may be.
    pub(super) folder: PathBuf,
    pub(super) user: Option<UserFolders>,
    pub(super) environment: BTreeMap<String, String>,
}

/// The folders of the user who runs the program; nobody's under systemd's `DynamicUser`.
#[derive(Debug, Clone)]
pub(super) struct UserFolders {
    pub(super) config: PathBuf,
    pub(super) data: PathBuf,
}

impl Sources {
    /// The real ones. Text that is not UTF-8 becomes replacement characters, which no value has.
    pub(crate) fn of_this_process(config: Option<PathBuf>) -> Self {
        let user = directories::ProjectDirs::from("", "", "svs-bot").map(|dirs| UserFolders {
            config: dirs.config_dir().to_owned(),
            data: dirs.data_dir().to_owned(),
        });
        let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        Self {
            config,
            root: PathBuf::from("/"),
            folder: PathBuf::from("."),
            user,
            environment: std::env::vars_os()
                .map(|(name, value)| (lossy(name), lossy(value)))
                .collect(),
        }
    }

    /// Everything below one folder, which may be empty; the working directory is `work` in it.
    #[cfg(test)]
    pub(crate) fn below(folder: &Path, environment: &[(&str, &str)]) -> Self {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self {
            config: None,
            root: folder.to_owned(),
            folder: folder.join("work"),
            user: Some(UserFolders {
                config: folder.join("home/config"),
                data: folder.join("home/data"),
            }),
            environment: environment.iter().map(own).collect(),
        }
    }

    /// A variable of the environment that is no setting of ours.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        let value = self.environment.get(name)?;
        (!value.is_empty()).then_some(value)
    }

    fn config_file(&self) -> Option<PathBuf> {
        if let Some(path) = &self.config {
            return Some(path.clone());
        }
        let system = self.root.join("etc/svs-bot/config.toml");
        // One that may not be looked at is there: the bot's own user would find it.
        if !matches!(fs::metadata(&system), Err(error) if error.kind() == ErrorKind::NotFound) {
            return Some(system);
        }
        let users = self.user.as_ref()?.config.join("config.toml");
        users.is_file().then_some(users)
    }
}

/// Everything that was written, the strongest writing of each setting.
#[derive(Default)]
pub(super) struct Raw {
    /// The file of settings that was read, if there is one.
    pub(super) file: Option<PathBuf>,
    pub(super) found: BTreeMap<&'static str, Found>,
    pub(super) roles: Option<toml::Table>,
    pub(super) models: Option<toml::Table>,
    pub(super) mistakes: Vec<Mistake>,
    pub(super) warnings: Vec<String>,
    leftovers: Vec<String>,
}

impl Raw {
    /// Reads all sources, the weakest first.
    pub(super) fn gather(sources: &Sources) -> Self {
        let mut raw = Self::default();
        if let Some(path) = sources.config_file() {
            raw.read_config_file(&path);
            raw.file = Some(path);
        }
        raw.read_dotenv(&sources.folder.join(".env"));
        if let Some(folder) = sources.variable("CREDENTIALS_DIRECTORY") {
            raw.read_credentials(Path::new(folder));
        }
        let environment = sources.environment.iter().map(|(name, value)| Entry {
            name: name.clone(),
            value: value.clone(),
            origin: Origin::Environment,
        });
        raw.merge(environment.collect());
        raw.name_leftovers();
        raw
    }

    fn read_config_file(&mut self, path: &Path) {
        let name = path.display().to_string();
        let text = match read_text(path) {
            Ok(text) => text,
            Err(error) => {
                let remedy = format!(
                    "cannot be read ({error}); run as the bot's own user, or name another file with --config"
                );
                return self.mistakes.push(Mistake::about(name, remedy));
            }
        };
        let mut file = toml_file::parse(path, &text);
        self.mistakes.append(&mut file.mistakes);
        self.roles = file.roles;
        self.models = file.models;
        self.warn_if_open(path, &file.entries);
        self.merge(file.entries);
    }

    fn read_dotenv(&mut self, path: &Path) {
        // Not there, or in a folder that this user may not look into; as a folder it is one of
        // Python's environments.
        if !path.is_file() {
            return;
        }
        let text = match read_text(path) {
            Ok(text) => text,
            Err(error) => {
                let remedy =
                    format!("cannot be read ({error}); correct its owner and mode, or delete it");
                return self.mistakes.push(Mistake::about(".env", remedy));
            }
        };
        let (good, bad) = dotenv::parse(&text);
        self.mistakes.extend(
            bad.into_iter()
                .map(|bad| Mistake::about(format!(".env line {}", bad.line), bad.remedy)),
        );
        let entries: Vec<Entry> = good
            .into_iter()
            .map(|found| Entry {
                name: found.name,
                value: found.value,
                origin: Origin::Dotenv { line: found.line },
            })
            .collect();
        self.warn_if_open(path, &entries);
        self.merge(entries);
    }

    /// systemd's `LoadCredential=`: one file per setting, named like it in any case.
    fn read_credentials(&mut self, folder: &Path) {
        let read = || -> io::Result<Vec<Entry>> {
            let mut entries = Vec::new();
            for file in fs::read_dir(folder)? {
                let file = file?;
                let name = file.file_name().to_string_lossy().to_uppercase();
                if matches!(names::recognise(&name), Named::Setting { .. }) {
                    entries.push(Entry {
                        name,
                        value: read_text(&file.path())?,
                        origin: Origin::Credential,
                    });
                }
            }
            Ok(entries)
        };
        match read() {
            Ok(entries) => self.merge(entries),
            Err(error) => self.mistakes.push(Mistake::about(
                "CREDENTIALS_DIRECTORY",
                format!("cannot be read ({error}); check LoadCredential= of the service"),
            )),
        }
    }

    /// Lays one source over the weaker ones. Within it the proper name beats its aliases, and the
    /// later line the earlier.
    fn merge(&mut self, entries: Vec<Entry>) {
        let mut known = Vec::new();
        let mut unknown: Vec<Entry> = Vec::new();
        for entry in entries {
            match names::recognise(&entry.name) {
                Named::Setting { name, rank } => known.push((rank, name, entry)),
                Named::Leftover => self.leftovers.push(entry.name),
                Named::Unknown if unknown.iter().any(|other| other.name == entry.name) => {}
                Named::Unknown => unknown.push(entry),
            }
        }
        known.sort_by_key(|(rank, ..)| std::cmp::Reverse(*rank));
        for (_, name, entry) in known {
            let value = entry.value.trim().to_owned();
            let origin = entry.origin;
            if !value.is_empty() {
                self.found.insert(name, Found { value, origin });
            }
        }
        for entry in unknown {
            self.unknown(entry);
        }
    }

    fn unknown(&mut self, entry: Entry) {
        let meant = names::nearest_setting(&entry.name);
        match entry.origin {
            Origin::ConfigFile { .. } => {
                let name = entry.name.to_lowercase();
                let remedy = match meant {
                    Some(meant) => {
                        format!("unknown setting; did you mean {}?", meant.to_lowercase())
                    }
                    None => "unknown setting; delete it".to_owned(),
                };
                self.mistakes.push(Mistake::at(entry.origin, name, remedy));
            }
            Origin::Dotenv { .. } => {
                let (name, origin) = (entry.name, entry.origin);
                let hint = meant.map_or(String::new(), |meant| format!("; did you mean {meant}?"));
                self.warnings.push(format!(
                    "{name} ({origin}) is not a setting of this bot{hint}"
                ));
            }
            Origin::Default | Origin::Credential | Origin::Environment => {}
        }
    }

    fn name_leftovers(&mut self) {
        self.leftovers.sort();
        self.leftovers.dedup();
        if !self.leftovers.is_empty() {
            let names = self.leftovers.join(", ");
            self.warnings
                .push(format!("no longer needed, can be deleted: {names}"));
        }
    }

    fn warn_if_open(&mut self, path: &Path, entries: &[Entry]) {
        let holds_secret = entries.iter().any(|entry| {
            matches!(names::recognise(&entry.name), Named::Setting { name, .. } if names::is_secret(name))
        });
        let is_open =
            || fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0);
        if holds_secret && is_open() {
            let path = path.display();
            self.warnings.push(format!(
                "{path} holds secrets and other users may read it: chmod 600 {path}"
            ));
        }
    }
}

/// A whole text file of sensible size: UTF-8, or the UTF-16 that some editors of Windows write.
pub(super) fn read_text(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    let read = File::open(path)?
        .take(LARGEST_FILE + 1)
        .read_to_end(&mut bytes)?;
    if u64::try_from(read).is_ok_and(|read| read > LARGEST_FILE) {
        return Err(io::Error::new(ErrorKind::FileTooLarge, "larger than 1 MB"));
    }
    text_of(bytes).map_err(|why| io::Error::new(ErrorKind::InvalidData, why))
}

/// UTF-16 is known by its byte-order mark.
fn text_of(bytes: Vec<u8>) -> Result<String, &'static str> {
    let units = match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => Some((rest, u16::from_le_bytes as fn([u8; 2]) -> u16)),
        [0xfe, 0xff, rest @ ..] => Some((rest, u16::from_be_bytes as fn([u8; 2]) -> u16)),
        _ => None,
    };
    if let Some((rest, unit)) = units {
        let (pairs, odd) = rest.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
        let text = String::from_utf16(&units).ok().filter(|_| odd.is_empty());
        return text.ok_or("it begins as UTF-16 and is not; save it as UTF-8");
    }
    if bytes.contains(&0) {
        return Err("it is UTF-16 without a byte-order mark, or no text; save it as UTF-8");
    }
    String::from_utf8(bytes).map_err(|_error| "it is not UTF-8; save it as UTF-8")
}

#[cfg(test)]
mod tests;
