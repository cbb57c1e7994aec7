//! `svs-bot check`: whether the bot could run with these settings and this data file, and what to do
//! when it could not. Changes nothing.

use crate::app::engine::Settings;
use crate::config::Config;
use crate::store::{Open, OpenError, Store};

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
    data_file(config, &mut report);
    report
}

fn data_file(config: &Config, report: &mut Report) {
    match Store::open(&config.data.file, Open::Existing) {
        Ok(store) => {
            report.fine("data file", config.data.file.display());
            match Settings::new(config.clone(), &store) {
                Ok(_) => report.fine("models, roles", "understood"),
                Err(error) => report.bad("models, roles", error),
            }
            if let Err(error) = store.close() {
                report.bad("data file", error);
            }
        }
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
