//! Takes settings one by one from what was gathered, and remembers what was wrong with each.
//!
//! Invariant: a bad value never stops the reading; its default is used so that every other
//! mistake is found as well, and the mistakes refuse the whole afterwards.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::mistake::{Mistake, Origin, shown};
use super::names;
use super::parse::{self, Remedy};

/// A setting as it was written, and where.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) value: String,
    pub(super) origin: Origin,
}

/// What was gathered, on its way to being a `Config`.
pub(super) struct Reader {
    found: BTreeMap<&'static str, Found>,
    mistakes: Vec<Mistake>,
    warnings: Vec<String>,
    summary: Vec<String>,
    origins: BTreeMap<String, Origin>,
}

/// What is left of a [`Reader`] when all settings were taken.
pub(super) struct Outcome {
    pub(super) mistakes: Vec<Mistake>,
    pub(super) warnings: Vec<String>,
    pub(super) summary: Vec<String>,
    /// Where each setting stands that was set.
    pub(super) origins: BTreeMap<String, Origin>,
}

impl Reader {
    pub(super) fn new(
        found: BTreeMap<&'static str, Found>,
        mistakes: Vec<Mistake>,
        warnings: Vec<String>,
    ) -> Self {
        Self {
            found,
            mistakes,
            warnings,
            summary: Vec::new(),
            origins: BTreeMap::new(),
        }
    }

    pub(super) fn finish(self) -> Outcome {
        Outcome {
            mistakes: self.mistakes,
            warnings: self.warnings,
            summary: self.summary,
            origins: self.origins,
        }
    }

    pub(super) fn refuse(&mut self, mistake: Mistake) {
        self.mistakes.push(mistake);
    }

    pub(super) fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    /// Whether a setting is there, good or bad.
    pub(super) fn has(&self, name: &str) -> bool {
        self.found.contains_key(name)
    }

    /// The text of a setting, for those that need more than [`Reader::read`].
    pub(super) fn take(&mut self, name: &'static str) -> Option<Found> {
        self.found.remove(name)
    }

    /// One line of `check`; without an origin the value is the default.
    pub(super) fn summarise(&mut self, name: &str, value: &str, origin: Option<&Origin>) {
        if let Some(origin) = origin {
            self.origins.insert(name.to_owned(), origin.clone());
        }
        let origin = origin.unwrap_or(&Origin::Default);
        self.summary.push(format!("{name} = {value} ({origin})"));
    }

    /// A setting that is there and good. `unset` is what the summary shows when it is not there.
    pub(super) fn read<T>(
        &mut self,
        name: &'static str,
        unset: &str,
        parse: impl FnOnce(&str) -> Result<T, Remedy>,
    ) -> Option<T> {
        let Some(found) = self.take(name) else {
            self.summarise(name, unset, None);
            return None;
        };
        let safe = if names::is_secret(name) {
            "***".to_owned()
        } else {
            shown(&found.value)
        };
        self.summarise(name, &safe, Some(&found.origin));
        match parse(&found.value) {
            Ok(value) => Some(value),
            Err(remedy) => {
                let mistake = Mistake::at(found.origin, name, remedy);
                self.refuse(if names::is_secret(name) {
                    mistake
                } else {
                    mistake.showing(&found.value)
                });
                None
            }
        }
    }

    /// A number within bounds.
    pub(super) fn number<T>(
        &mut self,
        name: &'static str,
        default: T,
        bounds: RangeInclusive<T>,
    ) -> T
    where
        T: FromStr + PartialOrd + Display,
    {
        let unset = default.to_string();
        self.read(name, &unset, |text| parse::number(text, &bounds))
            .unwrap_or(default)
    }

    /// One of several words, in any case.
    pub(super) fn choice<T: Copy + PartialEq>(
        &mut self,
        name: &'static str,
        words: &[(&'static str, T)],
        default: T,
    ) -> T {
        let unset = words.iter().find(|(_, value)| *value == default);
        let pick = |text: &str| {
            let picked = words
                .iter()
                .find(|(word, _)| word.eq_ignore_ascii_case(text));
            picked.map(|(_, value)| *value).ok_or_else(|| {
                let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                format!("must be one of {}", all.join(", "))
            })
        };
        self.read(name, unset.map_or("", |(word, _)| word), pick)
            .unwrap_or(default)
    }
}
