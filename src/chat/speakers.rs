//! How those who talk in a group are called before the model. Pure. Invariant: two people have the same
//! name only where Telegram tells nothing that differs.

use std::collections::BTreeMap;

use super::{OtherNames, UserId};

/// What is known of somebody's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// First name, or the title of a chat that speaks.
    pub(crate) first: String,
    pub(crate) other_names: OtherNames,
}

/// A name for each: the first name; where two share it, the last name with it; where that is the same
/// or missing, the `@username`.
pub(crate) fn names(people: &BTreeMap<UserId, Named>) -> BTreeMap<UserId, String> {
    let first = |named: &Named| named.first.clone();
    let shared = repeated(people, first);
    let full_shared = repeated(people, full);
    let name_of = |(id, named): (&UserId, &Named)| {
        let username = named.other_names.username.as_deref();
        let name = if !shared.contains(&key(&first(named))) {
            first(named)
        } else if full(named) != first(named) && !full_shared.contains(&key(&full(named))) {
            full(named)
        } else {
            username.map_or_else(
                || full(named),
                |username| format!("{} @{username}", first(named)),
            )
        };
        (*id, name)
    };
    people.iter().map(name_of).collect()
}

fn full(named: &Named) -> String {
    match named.other_names.last_name.as_deref() {
        Some(last) => format!("{} {last}", named.first),
        None => named.first.clone(),
    }
}

/// Names that differ only in their case are the same to a reader.
fn key(name: &str) -> String {
    name.to_lowercase()
}

fn repeated(people: &BTreeMap<UserId, Named>, name: impl Fn(&Named) -> String) -> Vec<String> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for named in people.values() {
        *counts.entry(key(&name(named))).or_default() += 1;
    }
    let shared = counts.into_iter().filter(|(_, count)| *count > 1);
    shared.map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names as they are told apart, of first name, last name and username.
    fn told_apart(people: &[(&str, &str, &str)]) -> Vec<String> {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let named = |(first, last, username): &(&str, &str, &str)| Named {
            first: (*first).to_owned(),
            other_names: OtherNames {
                last_name: some(last),
                username: some(username),
            },
        };
        let people = (1..).map(UserId).zip(people.iter().map(named)).collect();
        names(&people).into_values().collect()
    }

    #[test]
    fn a_first_name_is_enough_until_two_share_it() {
        assert_eq!(
            told_apart(&[("Ann", "Lee", "ann"), ("Ben", "", "")]),
            ["Ann", "Ben"]
        );
        assert_eq!(
            told_apart(&[("Ann", "Lee", ""), ("ann", "Smith", ""), ("Ben", "Lee", "")]),
            ["Ann Lee", "ann Smith", "Ben"]
        );
    }

    #[test]
    fn a_username_tells_apart_whom_a_last_name_does_not() {
        assert_eq!(
            told_apart(&[
                ("Ann", "Lee", "ann1"),
                ("Ann", "Lee", "ann2"),
                ("Ann", "", "ann3")
            ]),
            ["Ann @ann1", "Ann @ann2", "Ann @ann3"]
        );
        assert_eq!(
            told_apart(&[("Ann", "", ""), ("Ann", "", "a")]),
            ["Ann", "Ann @a"]
        );
    }
}
