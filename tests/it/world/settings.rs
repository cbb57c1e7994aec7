//! Settings as the bot is given them, and how a test changes them between two lives of the bot.

use std::fs;

use super::World;
use super::gemini::key_text;

/// A key's name and project, and whether that has billing.
pub(super) type Key = (String, String, bool);

/// The setting of a group's keys, its value, and each key.
pub(super) fn keys_of(group: &str, list: &[&str]) -> (String, String, Vec<Key>) {
    let (mut texts, mut keys) = (Vec::new(), Vec::new());
    for entry in list {
        let end = entry.find(['@', ':']).unwrap_or(entry.len());
        let (name, rest) = entry.split_at(end);
        let project = rest.strip_prefix('@').map_or(name, |rest| {
            rest.split_once(':').map_or(rest, |(project, _)| project)
        });
        keys.push((name.to_owned(), project.to_owned(), rest.ends_with(":paid")));
        texts.push(format!("{}{rest}", key_text(name)));
    }
    let setting = match group {
        "any" => "GEMINI_API_KEYS".to_owned(),
        "one" => "GEMINI_API_KEY".to_owned(),
        group => format!("GROUP_{group}_KEYS"),
    };
    (setting, texts.join(","), keys)
}

impl World {
    /// The keys from the next start on, instead of all before. A key that the service knows stays
    /// in the project it is in there, whatever the settings call it.
    pub(crate) fn has_keys(&mut self, groups: &[(&str, &[&str])]) {
        self.settings
            .retain(|name, _| name != "GEMINI_API_KEYS" && !name.starts_with("GROUP_"));
        for (group, list) in groups {
            let (setting, texts, keys) = keys_of(group, list);
            self.settings.insert(setting, texts);
            for (name, project, is_billed) in keys {
                self.gemini.admits(&name, &project);
                if is_billed {
                    self.gemini.bills(&project);
                }
                self.secrets.push(key_text(&name));
            }
        }
    }

    /// Another value of a setting from the next start on.
    pub(crate) fn sets(&mut self, name: &str, value: &str) {
        self.settings.insert(name.to_owned(), value.to_owned());
    }

    /// The value of a setting that the bot is given.
    pub(crate) fn setting_of(&self, name: &str) -> &str {
        &self.settings[name]
    }

    /// The port on loopback where a service listens, by the setting of its address.
    pub(crate) fn port_of(&self, setting: &str) -> u16 {
        let (_, port) = self.settings[setting].rsplit_once(':').expect("a port");
        port.parse().expect("a number")
    }

    /// The person's `config.toml` from the next start on.
    pub(crate) fn has_config(&self, text: &str) {
        let folder = self.folder().join(".config/svs-bot");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("config.toml"), text).expect("a file");
    }

    /// What `status` says of the keys.
    pub(crate) fn tells_of_keys(&mut self) -> String {
        let told = self.run(&["status"], "").stdout;
        let line = told.lines().find(|line| line.starts_with("Keys: "));
        line.unwrap_or_else(|| panic!("no keys in: {told}"))
            .to_owned()
    }
}
