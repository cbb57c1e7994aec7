//! What the Owners are told without asking, and what they read as such when they ask in vain: with the
//! setting that is meant, where it stands, and whether a change needs a restart. Pure. Invariant: a key
//! is only ever named by its label.

use std::time::Duration;

use super::{Locale, fill};
use crate::alerts::{DeadKey, Places, Source, Trouble};
use crate::chat::answer::Failure;
use crate::keys::{Death, Unusable};

/// Most keys that one alert names: its text stays within a message.
const MOST_NAMES: usize = 120;

impl Locale {
    /// What is the matter, and what the Owner can do.
    pub(crate) fn trouble(&self, trouble: &Trouble, places: &Places) -> String {
        let texts = &self.sentences.alert;
        let place = |name: &str| self.setting(name, places);
        match trouble {
            Trouble::DeadKeys(keys) => self.dead_keys(keys, places),
            Trouble::Unusable(keys) => {
                let text = match keys.group {
                    Some(_) => &texts.unusable_group,
                    None => &texts.unusable,
                };
                self.unusable(text, keys, places)
            }
            Trouble::Overloaded { model } => fill(&texts.overloaded, &[("model", model)]),
            Trouble::Missing { model } => fill(&texts.missing, &[("model", model)]),
            Trouble::Blocked => {
                let (proxy, address) = (place("GEMINI_PROXY"), place("GEMINI_API_URL"));
                let values = [("proxy", &*proxy), ("address", &*address)];
                fill(&texts.blocked, &values)
            }
            Trouble::Unserved => fill(&texts.region, &[("proxy", &place("GEMINI_PROXY"))]),
            Trouble::Endpoint => fill(&texts.endpoint, &[("address", &place("GEMINI_API_URL"))]),
            Trouble::SpendingCap { keys } => {
                fill(&texts.spending_cap, &[("keys", &self.names(keys))])
            }
            Trouble::Money { is_spent, daily } => {
                let (cents, setting) = (daily / 10_000, place("PAID_DAILY_USD"));
                let dollars = format!("{}.{:02}", cents / 100, cents % 100);
                let text = if *is_spent {
                    &texts.money_spent
                } else {
                    &texts.money_soon
                };
                fill(text, &[("daily", &dollars), ("setting", &setting)])
            }
            Trouble::SecondPoller => fill(
                &texts.second_poller,
                &[("token", &place("TELEGRAM_BOT_TOKEN"))],
            ),
            Trouble::DiskFull => texts.disk_full.clone(),
            Trouble::DiskFailing => texts.disk_failing.clone(),
            Trouble::DiskLow { percent } => {
                let (percent, file) = (percent.to_string(), place("DATA_FILE"));
                fill(&texts.disk_low, &[("percent", &percent), ("file", &file)])
            }
            Trouble::PutBack => texts.put_back.clone(),
            Trouble::Clock { off } => fill(&texts.clock, &[("length", &self.length(*off))]),
            Trouble::Queue { waited } => {
                let (length, setting) = (self.length(*waited), place("MAX_IN_FLIGHT"));
                let values = [("length", &*length), ("setting", &*setting)];
                fill(&texts.queue, &values)
            }
            Trouble::Crashed { times: 0 | 1 } => texts.crashed.clone(),
            Trouble::Crashed { times } => {
                fill(&texts.crashed_again, &[("times", &times.to_string())])
            }
        }
    }

    /// The same once it is over.
    pub(crate) fn trouble_over(&self, trouble: &str, length: Duration) -> String {
        let over = &self.sentences.alert.over;
        let over = fill(over, &[("length", &self.length(length))]);
        format!("{trouble}\n\n{over}")
    }

    /// The last words of a bot whose data file cannot be used any more.
    pub(crate) fn data_file_ended(&self) -> &str {
        &self.sentences.alert.ended
    }

    /// Why the Owner got no answer, where that is theirs to put right: said in private only.
    pub(crate) fn failure_of_owner(
        &self,
        failure: Failure,
        keys: &Unusable,
        places: &Places,
    ) -> Option<String> {
        let texts = &self.sentences.alert;
        let place = |name: &str| self.setting(name, places);
        match failure {
            Failure::NoKeys if keys.dead + keys.blacklisted + keys.spent == 0 => {
                Some(texts.no_model.clone())
            }
            Failure::NoKeys => Some(self.unusable(&texts.unusable, keys, places)),
            Failure::Misconfigured => Some(fill(
                &texts.endpoint,
                &[("address", &place("GEMINI_API_URL"))],
            )),
            Failure::Region => Some(fill(&texts.no_region, &[("proxy", &place("GEMINI_PROXY"))])),
            Failure::CoolingDown { wakes: Some(wait) } => {
                Some(fill(&texts.resting, &[("when", &self.span(wait))]))
            }
            Failure::CoolingDown { wakes: None }
            | Failure::Busy
            | Failure::Overloaded { .. }
            | Failure::OverMinute { .. }
            | Failure::TooLong
            | Failure::FileTooLarge
            | Failure::BadRequest
            | Failure::PromptBlocked
            | Failure::Safety
            | Failure::Prohibited
            | Failure::PersonalData
            | Failure::Recitation
            | Failure::Language
            | Failure::PictureWithheld
            | Failure::NoPicture
            | Failure::Declined
            | Failure::Empty
            | Failure::Stopped
            | Failure::TooSlow
            | Failure::Unkept
            | Failure::Unexplained => None,
        }
    }

    /// A line for each reason, with the keys that it is about, and what to do.
    fn dead_keys(&self, keys: &[DeadKey], places: &Places) -> String {
        let texts = &self.sentences.alert;
        let mut reasons: Vec<(Death, Vec<String>)> = Vec::new();
        for key in keys.iter().take(MOST_NAMES) {
            match reasons.iter_mut().find(|(death, _)| *death == key.death) {
                Some((_, names)) => names.push(key.name.clone()),
                None => reasons.push((key.death, vec![key.name.clone()])),
            }
        }
        let mut lines = vec![texts.dead.clone()];
        lines.extend(reasons.iter().map(|(death, names)| {
            let values = [
                ("keys", &*self.names(names)),
                ("reason", self.death(*death)),
            ];
            fill(&texts.dead_line, &values)
        }));
        let more = keys.len().saturating_sub(MOST_NAMES);
        lines.extend((more > 0).then(|| fill(&texts.more, &[("n", &more.to_string())])));
        let mut names: Vec<&str> = Vec::new();
        for group in keys.iter().flat_map(|key| &key.groups) {
            let name = places.keys_of(*group);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.sort_unstable();
        let names: Vec<String> = names.iter().map(|it| self.setting(it, places)).collect();
        let names = self.names(&names);
        lines.push(fill(&texts.dead_todo, &[("settings", &names)]));
        let has_leaked = reasons.iter().any(|(death, _)| *death == Death::Leaked);
        lines.extend(has_leaked.then(|| texts.leaked.clone()));
        lines.join("\n")
    }

    fn unusable(&self, text: &str, keys: &Unusable, places: &Places) -> String {
        let texts = &self.sentences.alert;
        let counts = [
            (&texts.refused, keys.dead),
            (&texts.paused, keys.blacklisted),
            (&texts.spent, keys.spent),
        ];
        let counts = counts.iter().filter(|(_, count)| *count > 0);
        let counts: Vec<String> = counts
            .map(|(text, count)| fill(text, &[("n", &count.to_string())]))
            .collect();
        let counts = self.names(&counts);
        let setting = self.setting(places.keys_of(keys.group), places);
        let group = keys.group.map(|group| format!("{group:?}"));
        let values = [
            ("group", group.as_deref().unwrap_or_default()),
            ("counts", &counts),
            ("setting", &setting),
        ];
        fill(text, &values)
    }

    /// A setting and where it stands: "`DATA_FILE` in /etc/svs-bot/config.toml".
    fn setting(&self, name: &str, places: &Places) -> String {
        let texts = &self.sentences.alert;
        let source = places.source_of(name);
        let path = match source {
            Source::File(path) => path.as_str(),
            Source::Dotenv | Source::Credential | Source::Environment | Source::Nowhere => "",
        };
        let text = match source {
            Source::File(_) => &texts.in_file,
            Source::Dotenv => &texts.in_dotenv,
            Source::Credential => &texts.in_credential,
            Source::Environment => &texts.in_environment,
            Source::Nowhere => &texts.in_settings,
        };
        fill(text, &[("name", name), ("path", path)])
    }

    fn names(&self, names: &[String]) -> String {
        names.join(&self.sentences.alert.between)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Group;
    use crate::locale::Language;

    fn places() -> Places {
        let file = Source::File("/etc/svs-bot/config.toml".to_owned());
        Places {
            ungrouped: "GEMINI_API_KEYS",
            sources: vec![
                ("GROUP_A_KEYS", file),
                ("GROUP_B_KEYS", Source::Dotenv),
                ("GEMINI_API_KEYS", Source::Environment),
                ("TELEGRAM_BOT_TOKEN", Source::Credential),
            ],
        }
    }

    fn key(name: &str, death: Death, group: Option<Group>) -> DeadKey {
        DeadKey {
            name: name.to_owned(),
            death,
            groups: vec![group],
        }
    }

    fn unusable(group: Option<Group>) -> Unusable {
        Unusable {
            group,
            dead: 2,
            blacklisted: 0,
            spent: 1,
        }
    }

    /// One of each, and of each that is said in two ways both.
    fn troubles() -> Vec<Trouble> {
        let model = || "gemini-pro".to_owned();
        let dead = vec![
            key("A1 …f9Qk", Death::Invalid, Some(Group::A)),
            key("B1 …0000", Death::Leaked, Some(Group::B)),
            key("A2 …zzzz", Death::Invalid, Some(Group::A)),
        ];
        let money = |is_spent| Trouble::Money {
            is_spent,
            daily: 1_250_000,
        };
        vec![
            Trouble::DeadKeys(dead),
            Trouble::Unusable(unusable(Some(Group::A))),
            Trouble::Unusable(unusable(None)),
            Trouble::Overloaded { model: model() },
            Trouble::Missing { model: model() },
            Trouble::Blocked,
            Trouble::Unserved,
            Trouble::Endpoint,
            Trouble::SpendingCap {
                keys: vec!["A1 …f9Qk".to_owned()],
            },
            money(false),
            money(true),
            Trouble::SecondPoller,
            Trouble::DiskFull,
            Trouble::DiskFailing,
            Trouble::DiskLow { percent: 9 },
            Trouble::PutBack,
            Trouble::Clock {
                off: Duration::from_mins(2),
            },
            Trouble::Queue {
                waited: Duration::from_mins(2),
            },
            Trouble::Crashed { times: 1 },
            Trouble::Crashed { times: 3 },
        ]
    }

    #[test]
    fn each_trouble_has_words_of_its_own_with_nothing_left_to_fill_in() {
        for language in [Language::En, Language::Zh] {
            let locale = Locale::of(language);
            let mut said: Vec<String> = troubles()
                .iter()
                .map(|trouble| locale.trouble(trouble, &places()))
                .collect();
            said.push(locale.trouble_over("It.", Duration::from_mins(130)));
            said.push(locale.data_file_ended().to_owned());
            for text in &said {
                assert!(!text.contains(['{', '}']) && !text.is_empty(), "{text}");
            }
            said.sort();
            said.dedup();
            assert_eq!(said.len(), troubles().len() + 2);
        }
    }

    #[test]
    fn dead_keys_stand_by_their_reason_with_the_settings_to_change() {
        let said = Locale::of(Language::En).trouble(&troubles()[0], &places());
        assert_eq!(
            said,
            "Google refuses these keys, so I don't use them any more:\n\
             A1 …f9Qk, A2 …zzzz: Google says it is not valid.\n\
             B1 …0000: Google says it was reported as leaked.\n\
             Put new ones into GROUP_A_KEYS in /etc/svs-bot/config.toml, GROUP_B_KEYS in the .env \
             file and start me again. Where Google's side can be put right, /keys retest is enough.\n\
             Delete at Google what was reported as leaked."
        );
    }

    #[test]
    fn however_many_keys_die_the_alert_is_one_message() {
        let key = |n: usize| key(&format!("A{n} …abcd"), Death::Invalid, Some(Group::A));
        let keys: Vec<DeadKey> = (1..=250).map(key).collect();
        for language in [Language::En, Language::Zh] {
            let said = Locale::of(language).trouble(&Trouble::DeadKeys(keys.clone()), &places());
            assert!(said.encode_utf16().count() < 3_000, "{said}");
            assert!(said.contains("A120 …abcd") && !said.contains("A121"));
            assert!(said.contains("130"));
        }
    }

    #[test]
    fn the_owner_is_told_what_to_do_where_a_failure_is_theirs_to_mend() {
        let locale = Locale::of(Language::En);
        let told = |failure| locale.failure_of_owner(failure, &unusable(Some(Group::A)), &places());
        let keys = told(Failure::NoKeys).unwrap();
        assert!(keys.contains("GROUP_A_KEYS in /etc/svs-bot/config.toml"));
        assert!(keys.contains("2 refused") && keys.contains("1 used up"));
        assert!(!keys.contains("0 "));
        for failure in [Failure::Misconfigured, Failure::Region] {
            assert!(told(failure).unwrap().contains("GEMINI_"));
        }
        assert_eq!(told(Failure::Safety), None);
    }
}
