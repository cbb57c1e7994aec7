//! `svs-bot check`: whether the bot could run with these settings and this data file, and what to do
//! when it could not. Changes nothing; a data file that nobody uses is locked while it is looked at.

use crate::app::engine::{BadSettings, authorities};
use crate::catalog::Catalog;
use crate::config::Config;
use crate::people::roles::{DEFAULT_ROLES, Roles};
use crate::store::{OpenError, Store};

/// What was found.
pub(crate) struct Report {
    /// Lines for a person.
    pub(crate) text: String,
    pub(crate) problems: u32,
}

impl Report {
    fn fine(&mut self, what: &str, detail: impl std::fmt::Display) {
        self.line("ok", what, detail);
    }

    fn bad(&mut self, what: &str, detail: impl std::fmt::Display) {
        self.problems += 1;
        self.line("BAD", what, detail);
    }

    fn line(&mut self, verdict: &str, what: &str, detail: impl std::fmt::Display) {
        let line = format!("{verdict:<4} {what:<12} {detail}\n");
        self.text.push_str(&line);
    }
}

/// Looks at everything. The settings themselves are in order, or we would not be here.
pub(crate) fn look(config: &Config) -> Report {
    let mut report = Report {
        text: String::new(),
        problems: 0,
    };
    for line in config.summary() {
        report.text.push_str(line);
        report.text.push('\n');
    }
    report.text.push('\n');
    report.fine("settings", "read and understood");
    match config.gemini.keys.len() {
        0 => report.bad("keys", "none: set GEMINI_API_KEY or GROUP_A_KEYS"),
        keys => report.fine("keys", format!("{keys} (not tried)")),
    }
    match tables(config) {
        Ok(()) => report.fine("models, roles", "understood"),
        Err(error) => report.bad("models, roles", error),
    }
    if let Err(error) = authorities(config) {
        report.bad("authorities", error);
    }
    data_file(config, &mut report);
    report
}

fn data_file(config: &Config, report: &mut Report) {
    match Store::inspect(&config.data.file) {
        Ok(()) => report.fine("data file", config.data.file.display()),
        Err(OpenError::Missing(path)) => {
            report.fine(
                "data file",
                format!("{} will be made at the first start", path.display()),
            );
        }
        Err(OpenError::Locked(path)) => {
            report.fine(
                "data file",
                format!("{} is in use by the running bot", path.display()),
            );
        }
        Err(error) => report.bad("data file", error),
    }
}

/// The tables that [`Settings::new`] reads; the rest of it needs the data file open.
///
/// [`Settings::new`]: crate::app::engine::Settings::new
fn tables(config: &Config) -> Result<(), BadSettings> {
    if let Some(models) = config.catalog_override.clone() {
        Catalog::from_table(models).map_err(BadSettings::Models)?;
    }
    Roles::parse(DEFAULT_ROLES, config.roles_override.as_ref())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::{Need, Sources};
    use crate::store::Open;

    /// Settings of an empty folder, with one key.
    fn config(folder: &std::path::Path) -> Config {
        let key = format!("AIzaSy{}", "A".repeat(33));
        let sources = Sources::below(folder, &[("GEMINI_API_KEY", &key)]);
        let mut config = Config::load(&sources, Need::Nothing).unwrap().0;
        config.data.file = folder.join("bot.redb");
        config
    }

    #[test]
    fn looking_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        assert_eq!(look(&config).problems, 0);
        assert!(!config.data.file.exists());
        let store = Store::open(&config.data.file, Open::CreateIfMissing).unwrap();
        assert!(look(&config).text.contains("in use by the running bot"));
        store.close().unwrap();
        let before = fs::read(&config.data.file).unwrap();
        assert_eq!(look(&config).problems, 0);
        assert_eq!(fs::read(&config.data.file).unwrap(), before);
    }

    #[test]
    fn wrong_tables_are_found_whether_there_is_a_data_file_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path());
        let nonsense = || Some("nonsense = 1".parse().unwrap());
        config.roles_override = nonsense();
        assert_eq!(look(&config).problems, 1);
        config.roles_override = None;
        config.catalog_override = nonsense();
        assert_eq!(look(&config).problems, 1);
    }

    #[test]
    fn a_data_file_that_is_refused_is_a_problem() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        fs::write(&config.data.file, "something else").unwrap();
        let report = look(&config);
        assert_eq!(report.problems, 1, "{}", report.text);
    }
}
