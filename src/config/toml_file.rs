//! `config.toml`: lower-case names, each with a text, number, switch or list, and two tables that
//! others read: `[roles.*]` and `[[model]]`. Pure.
//!
//! Invariant: what is wrong is said with a line, never with the text of the file, which holds keys.

use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::mistake::{Mistake, Origin};
use super::source_line::Entry;

/// What the file holds.
#[derive(Default)]
pub(super) struct ConfigFile {
    pub(super) entries: Vec<Entry>,
    /// Changes of `data/roles.toml`: a table per role.
    pub(super) roles: Option<toml::Table>,
    /// A replacement of `data/models.toml`: its one key is `model`.
    pub(super) models: Option<toml::Table>,
    pub(super) mistakes: Vec<Mistake>,
}

/// Reads the whole file; entries and mistakes carry its path.
pub(super) fn parse(path: &Path, text: &str) -> ConfigFile {
    let mut file = ConfigFile::default();
    let origin = |span: &Range<usize>| Origin::ConfigFile {
        path: path.to_owned(),
        line: line_of(text, span.start),
    };
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => {
            let place = origin(&error.span().unwrap_or(0..0));
            file.mistakes
                .push(Mistake::about(place.to_string(), error.message()));
            return file;
        }
    };
    for (key, value) in table.get_ref() {
        let name = key.get_ref().as_ref();
        match (name, value.get_ref()) {
            ("roles", DeValue::Table(_)) => file.roles = table_of(text, "roles"),
            ("model", DeValue::Array(_)) => file.models = models_of(text),
            (name, _) if name != name.to_lowercase() => {
                let remedy = format!("names in this file are lower-case: {}", name.to_lowercase());
                file.mistakes
                    .push(Mistake::at(origin(&key.span()), name, remedy));
            }
            (name, value) => match text_of(value) {
                Some(value) => file.entries.push(Entry {
                    name: name.to_uppercase(),
                    value,
                    origin: origin(&key.span()),
                }),
                None => file.mistakes.push(Mistake::at(
                    origin(&key.span()),
                    name,
                    "must be a text, a number, true or false, or a list of texts or numbers",
                )),
            },
        }
    }
    file
}

/// Line of a byte offset, counted from 1.
fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|&byte| byte == b'\n').count()
}

fn table_of(text: &str, name: &str) -> Option<toml::Table> {
    let mut whole: toml::Table = text.parse().ok()?;
    match whole.remove(name)? {
        toml::Value::Table(table) => Some(table),
        toml::Value::String(_)
        | toml::Value::Integer(_)
        | toml::Value::Float(_)
        | toml::Value::Boolean(_)
        | toml::Value::Datetime(_)
        | toml::Value::Array(_) => None,
    }
}

fn models_of(text: &str) -> Option<toml::Table> {
    let mut whole: toml::Table = text.parse().ok()?;
    whole.retain(|name, _| name == "model");
    Some(whole)
}

/// The value as `.env` would write it; lists with commas, switches as `on` and `off`.
fn text_of(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(true) => Some("on".to_owned()),
        DeValue::Boolean(false) => Some("off".to_owned()),
        DeValue::Array(items) => {
            let texts: Option<Vec<String>> =
                items.iter().map(|item| scalar(item.get_ref())).collect();
            texts.map(|texts| texts.join(","))
        }
        DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    let is_scalar = matches!(value, DeValue::String(_) | DeValue::Integer(_));
    is_scalar.then(|| text_of(value)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Result<(String, String), String> {
        let file = parse(Path::new("config.toml"), text);
        match (file.entries.first(), file.mistakes.first()) {
            (Some(entry), None) => Ok((entry.name.clone(), entry.value.clone())),
            (_, Some(mistake)) => Err(mistake.to_string()),
            (None, None) => Err("nothing".to_owned()),
        }
    }

    #[test]
    fn every_kind_of_value_becomes_the_text_that_env_would_have() {
        for (text, value) in [
            ("a = 'x'", "x"),
            ("a = 20_000", "20000"),
            ("a = 0.5", "0.5"),
            ("a = true", "on"),
            ("a = false", "off"),
            ("a = ['x', 'y']", "x,y"),
            ("a = [\n1,\n2,\n]", "1,2"),
            ("a = '''\nx\ny'''", "x\ny"),
        ] {
            assert_eq!(one(text), Ok(("A".to_owned(), value.to_owned())), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line_and_without_its_text() {
        for (text, wrong) in [
            ("\na = SECRET", "config.toml line 2: "),
            ("a = 'SECRET", "config.toml line 1: "),
            ("a = 123:SECRET", "config.toml line 1: "),
            ("SECRET\n", "config.toml line 1: "),
            ("\n\n[a]\nb = 'SECRET'", "a (config.toml line 3): must be"),
            ("a = [['SECRET']]", "a (config.toml line 1): must be"),
            ("a = 2026-11-20", "a (config.toml line 1): must be"),
            (
                "roles = 'SECRET'\n[model]",
                "model (config.toml line 2): must be",
            ),
            (
                "A = 'SECRET'",
                "A (config.toml line 1): names in this file are lower-case: a",
            ),
        ] {
            let said = one(text).unwrap_err();
            assert!(said.starts_with(wrong), "{text}: {said}");
            assert!(!said.contains("SECRET"), "{said}");
        }
    }

    #[test]
    fn roles_and_models_are_kept_for_those_who_understand_them() {
        let text =
            "key_rpm = 5\n[roles.vip]\nper_day = 9\n[[model]]\nid = 'm'\n[[model]]\nid = 'n'";
        let file = parse(Path::new("config.toml"), text);
        assert!(file.mistakes.is_empty());
        assert_eq!(file.entries.len(), 1);
        let roles = file.roles.unwrap();
        assert_eq!(roles["vip"]["per_day"].as_integer(), Some(9));
        let models = file.models.unwrap();
        assert_eq!(models.len(), 1);
        assert_eq!(models["model"].as_array().map(Vec::len), Some(2));
    }
}
