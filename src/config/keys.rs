//! The keys' syntax (design §4): `KEY[@project][:paid]`, several with commas or blanks between
//! them. Pure.
//!
//! Invariants: a key is never judged by how it begins or how long it is, and of its text no more
//! than the last four characters are ever shown.

use super::mistake::Mistake;
use super::reader::{Found, Reader};
use super::secret::Secret;
use crate::keys::Group;

/// A configured key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyEntry {
    pub(crate) secret: Secret,
    /// Every group it stands in, in the order of the settings; `None` among them: it serves every
    /// role.
    pub(crate) groups: Vec<Option<Group>>,
    /// Keys with one project share Google's counters; None: the key is its own project.
    pub(crate) project: Option<String>,
    /// Marked `:paid`.
    pub(crate) paid: bool,
    /// What people see of it: its first group, the position there and the last four characters, e.g.
    /// `A3 …f9Qk`.
    pub(crate) label: String,
}

/// The settings that hold keys, in the order in which a key that stands in several gets its name.
pub(super) const KEY_SETTINGS: [(&str, Option<Group>); 6] = [
    ("GROUP_A_KEYS", Some(Group::A)),
    ("GROUP_B_KEYS", Some(Group::B)),
    ("GROUP_C_KEYS", Some(Group::C)),
    ("GROUP_D_KEYS", Some(Group::D)),
    ("GEMINI_API_KEY", None),
    ("GEMINI_API_KEYS", None),
];

/// All keys of all groups, each once.
pub(super) fn read(reader: &mut Reader) -> Vec<KeyEntry> {
    let mut keys: Vec<KeyEntry> = Vec::new();
    let mut ungrouped = 0;
    for (name, group) in KEY_SETTINGS {
        let Some(found) = reader.take(name) else {
            reader.summarise(name, "none", None);
            continue;
        };
        let texts = || split(&found.value);
        let first = if group.is_none() { ungrouped + 1 } else { 1 };
        for (at, text) in texts().enumerate() {
            match entry(text, group, first + at) {
                Ok(key) => match enlist(&mut keys, key) {
                    Ok(None) => {}
                    Ok(Some(warning)) => reader.warn(warning),
                    Err(problem) => reader.refuse(about(&found, name, at, &problem)),
                },
                Err(problem) => reader.refuse(about(&found, name, at, problem)),
            }
        }
        let count = texts().count();
        if count == 0 {
            reader.refuse(Mistake::at(found.origin.clone(), name, "holds no key"));
        }
        if group.is_none() {
            ungrouped += count;
        }
        let amount = if count == 1 { "key" } else { "keys" };
        reader.summarise(name, &format!("{count} {amount}"), Some(&found.origin));
    }
    if keys
        .iter()
        .any(|key| key.secret.expose().starts_with("AIza"))
    {
        reader.warn("keys that begin with AIza are being switched off by Google; if one is refused, create a new one at https://aistudio.google.com/apikey".to_owned());
    }
    keys
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c == ',' || c.is_whitespace())
        .filter(|entry| !entry.is_empty())
}

/// The mistake in an entry of a setting.
fn about(found: &Found, name: &'static str, at: usize, problem: &str) -> Mistake {
    let problem = format!("entry {} {problem}", at + 1);
    Mistake::at(found.origin.clone(), name, problem)
}

/// Adds a key, or one more group of a key that is known: it serves each of them out of one ledger.
/// The same key twice in one group is left out, with a warning; other marks than at its first place
/// are a mistake.
fn enlist(keys: &mut Vec<KeyEntry>, key: KeyEntry) -> Result<Option<String>, String> {
    let Some(known) = keys.iter_mut().find(|known| known.secret == key.secret) else {
        keys.push(key);
        return Ok(None);
    };
    if (&known.project, known.paid) != (&key.project, key.paid) {
        return Err(format!(
            "is the same key as {} with another @project or :paid; write it alike wherever it stands",
            known.label
        ));
    }
    for group in key.groups {
        if known.groups.contains(&group) {
            return Ok(Some(format!(
                "key {} is the same as {} and is left out",
                key.label, known.label
            )));
        }
        known.groups.push(group);
    }
    Ok(None)
}

fn entry(text: &str, group: Option<Group>, position: usize) -> Result<KeyEntry, &'static str> {
    let (rest, paid) = match text.split_once(':') {
        Some((rest, mark)) if mark.eq_ignore_ascii_case("paid") => (rest, true),
        Some(_) => return Err("has something else than `paid` after the colon"),
        None => (text, false),
    };
    let (key, project) = match rest.split_once('@') {
        Some((key, project)) => (key, Some(project)),
        None => (rest, None),
    };
    if key.is_empty() {
        return Err("has no key before its `@project` or `:paid`");
    }
    if project == Some("") {
        return Err("has no project after the @");
    }
    // The key travels in a request header; quotes and brackets come from other formats.
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.~+/=".contains(c);
    if !key
        .chars()
        .chain(project.into_iter().flat_map(str::chars))
        .all(fits)
    {
        return Err(
            "has a character that no key or project has; write KEY, KEY@project or KEY:paid, without quotes",
        );
    }
    Ok(KeyEntry {
        secret: Secret::new(key),
        groups: vec![group],
        project: project.map(str::to_owned),
        paid,
        label: label(key, group, position),
    })
}

fn label(key: &str, group: Option<Group>, position: usize) -> String {
    let letter = match group {
        Some(Group::A) => 'A',
        Some(Group::B) => 'B',
        Some(Group::C) => 'C',
        Some(Group::D) => 'D',
        None => 'K',
    };
    let tail = match key.len().checked_sub(4).and_then(|at| key.get(at..)) {
        Some(tail) if key.len() >= 8 => format!(" …{tail}"),
        Some(_) | None => String::new(),
    };
    format!("{letter}{position}{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_key_with_a_project_and_a_mark_if_it_has_them() {
        for (text, key, project, paid, label) in [
            (
                "AQ.12345678f9Qk",
                "AQ.12345678f9Qk",
                None,
                false,
                "A3 …f9Qk",
            ),
            ("AQ.1@home", "AQ.1", Some("home"), false, "A3"),
            ("12345678:paid", "12345678", None, true, "A3 …5678"),
            ("1234567:PAID", "1234567", None, true, "A3"),
            ("k@my-project.x:paid", "k", Some("my-project.x"), true, "A3"),
        ] {
            let entry = entry(text, Some(Group::A), 3).unwrap();
            assert_eq!(entry.secret.expose(), key);
            assert_eq!(entry.project.as_deref(), project);
            assert_eq!(entry.paid, paid);
            assert_eq!(entry.label, label);
        }
    }

    #[test]
    fn an_entry_that_cannot_be_a_key_says_why_without_repeating_it() {
        for (text, why) in [
            ("SECRET:free", "something else than `paid`"),
            ("SECRET:paid:paid", "something else than `paid`"),
            ("@home", "no key before"),
            (":paid", "no key before"),
            ("SECRET@", "no project"),
            ("SECRET@:paid", "no project"),
            ("\"SECRET\"", "without quotes"),
            ("SECRET@a@b", "without quotes"),
            ("SECRÈT", "without quotes"),
        ] {
            let problem = entry(text, None, 1).unwrap_err();
            assert!(problem.contains(why), "{text}: {problem}");
            assert!(!problem.contains("SECR"));
        }
    }

    #[test]
    fn commas_blanks_and_line_breaks_separate() {
        let entries: Vec<_> = split(" a,b ,\n c\r\n,,d ").collect();
        assert_eq!(entries, ["a", "b", "c", "d"]);
    }
}
