//! The answers to `/keys` and `/keys retest`. Decides their wording and order; what is known of each
//! key comes in as a value. Pure. Invariant: a key is only ever named by its label, and each key is a
//! paragraph of its own, so that a cut into messages falls between two of them.

use super::{Locale, fill};
use crate::catalog::Tier;
use crate::clock::Timestamp;
use crate::keys::{Death, Effect, Group, KeyReport, Retested, Standing, Tally, Wait, Why};

/// Millionths of a dollar in a cent.
const CENT: u64 = 10_000;

/// All that `/keys` tells.
#[derive(Debug, Clone)]
pub(crate) struct KeyTable<'a> {
    pub(crate) tally: Tally,
    /// In their order, each with the name of its project, where it has one.
    pub(crate) keys: Vec<(KeyReport, Option<&'a str>)>,
    /// What paid keys have cost today and may cost, in millionths of a dollar; none without any.
    pub(crate) money: Option<(u64, u64)>,
    pub(crate) now: Timestamp,
}

/// What a look at a key that was dead or rested has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Looked {
    /// What people see of the key.
    pub(crate) label: String,
    pub(crate) was_dead: bool,
    pub(crate) shown: Retested,
    /// Of a refusal: why.
    pub(crate) death: Option<Death>,
}

impl Locale {
    /// Answer to `/keys`: the counts, then a paragraph for each key under the name of its group.
    pub(crate) fn key_table(&self, table: &KeyTable<'_>) -> String {
        let next_wake = table.tally.next_wake.map(|wake| wake.since(table.now));
        let mut head = self.key_counts(&table.tally, next_wake);
        head.extend(table.money.map(|(spent, most)| {
            let values = [("spent", &*dollars(spent)), ("most", &*dollars(most))];
            fill(&self.sentences.key_report.money, &values)
        }));
        let mut paragraphs = vec![head.join("\n")];
        let mut group = None;
        for (key, project) in &table.keys {
            let mut lines = self.key_lines(key, *project, table.now);
            if group != Some(key.group) {
                group = Some(key.group);
                lines.insert(0, self.group(key.group));
            }
            paragraphs.push(lines.join("\n"));
        }
        paragraphs.join("\n\n")
    }

    /// Answer to `/keys retest`: a line for each key.
    pub(crate) fn looked(&self, keys: &[Looked]) -> String {
        let texts = &self.sentences.retest;
        if keys.is_empty() {
            return texts.none.clone();
        }
        let line = |key: &Looked| {
            let label = ("key", key.label.as_str());
            match (key.shown, key.death) {
                (Retested::Accepted, _) if key.was_dead => fill(&texts.back, &[label]),
                (Retested::Accepted, _) => fill(&texts.accepted, &[label]),
                (Retested::Refused, Some(death)) => {
                    let text = if key.was_dead {
                        &texts.refused
                    } else {
                        &texts.died
                    };
                    fill(text, &[label, ("reason", self.death(death))])
                }
                (Retested::Refused, None) | (Retested::Unknown, _) => {
                    fill(&texts.unknown, &[label])
                }
            }
        };
        keys.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn group(&self, group: Option<Group>) -> String {
        let texts = &self.sentences.key_report;
        let name = match group {
            Some(Group::A) => "A",
            Some(Group::B) => "B",
            Some(Group::C) => "C",
            Some(Group::D) => "D",
            None => return texts.everybody.clone(),
        };
        fill(&texts.group, &[("group", name)])
    }

    fn key_lines(&self, key: &KeyReport, project: Option<&str>, now: Timestamp) -> Vec<String> {
        let texts = &self.sentences.key_report;
        let also: Vec<String> = key.also_in.iter().map(|group| self.group(*group)).collect();
        let also = fill(&texts.also, &[("groups", &also.join(", "))]);
        let marks: Vec<&str> = project
            .into_iter()
            .chain(key.paid.then_some(texts.paid.as_str()))
            .chain((!key.also_in.is_empty()).then_some(also.as_str()))
            .collect();
        let name = match marks[..] {
            [] => key.label.clone(),
            [..] => format!("{} ({})", key.label, marks.join(", ")),
        };
        let mut lines = vec![format!("{name} – {}", self.standing(key.standing, now))];
        if !key.days.is_empty() {
            let days = key.days.iter().map(|&(tier, used, cap)| {
                let cap = cap.map_or_else(String::new, |cap| format!("/{cap}"));
                format!("{} {used}{cap}", tier_name(tier))
            });
            let days = days.collect::<Vec<_>>().join(", ");
            lines.push(fill(&texts.used, &[("days", &days)]));
        }
        lines.extend(key.last.map(|(effect, at)| {
            let length = self.length(now.since(at));
            let verdict = self.verdict(effect);
            fill(&texts.last, &[("verdict", verdict), ("length", &length)])
        }));
        lines.extend(self.why_not(key, now));
        lines
    }

    fn standing(&self, standing: Standing, now: Timestamp) -> String {
        let texts = &self.sentences.key_standing;
        let when = |until: Timestamp| self.span(until.since(now));
        match standing {
            Standing::Available => texts.available.clone(),
            Standing::Waiting(Wait {
                until: Some(until), ..
            }) => fill(&texts.resting, &[("when", &when(until))]),
            Standing::Waiting(Wait { until: None, .. }) => texts.resting_unknown.clone(),
            Standing::Blacklisted { until } => fill(&texts.blacklisted, &[("when", &when(until))]),
            Standing::Dead {
                death,
                retest: Some(retest),
            } => {
                let values = [("reason", self.death(death)), ("when", &when(retest))];
                fill(&texts.dead, &values)
            }
            Standing::Dead {
                death,
                retest: None,
            } => fill(&texts.dead_for_good, &[("reason", self.death(death))]),
        }
    }

    /// What keeps the key from being called now: once where it is the same with all models, else
    /// a line for each reason with its models.
    fn why_not(&self, key: &KeyReport, now: Timestamp) -> Vec<String> {
        let with_none = match key.standing {
            Standing::Available => false,
            Standing::Waiting(wait) if key.obstacles.is_empty() => {
                return vec![self.obstacle(wait, now)];
            }
            Standing::Waiting(_) => true,
            // The state says it all.
            Standing::Blacklisted { .. } | Standing::Dead { .. } => return Vec::new(),
        };
        let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
        for (model, wait) in &key.obstacles {
            let obstacle = self.obstacle(*wait, now);
            match reasons.iter_mut().find(|(known, _)| *known == obstacle) {
                Some((_, models)) => models.push(model),
                None => reasons.push((obstacle, vec![model])),
            }
        }
        if let ([(obstacle, _)], true) = (&reasons[..], with_none) {
            return vec![obstacle.clone()];
        }
        let line = |(obstacle, models): &(String, Vec<&str>)| {
            let values = [("models", &*models.join(", ")), ("obstacle", obstacle)];
            fill(&self.sentences.key_report.obstacle_of, &values)
        };
        reasons.iter().map(line).collect()
    }

    fn obstacle(&self, wait: Wait, now: Timestamp) -> String {
        let reason = self.why(wait.why);
        let Some(until) = wait.until else {
            return reason;
        };
        let length = self.length(until.since(now));
        let values = [("reason", &*reason), ("length", &*length)];
        fill(&self.sentences.key_report.obstacle, &values)
    }

    fn why(&self, why: Why) -> String {
        let texts = &self.sentences.key_why;
        let text = match why {
            Why::Slots => &texts.slots,
            Why::Minute => &texts.minute,
            Why::Cooldown => &texts.resting,
            Why::Model => &texts.model,
            Why::Address => &texts.address,
            Why::Region => &texts.region,
            Why::Day => &texts.day,
            Why::Missing => &texts.missing,
            Why::Endpoint => &texts.endpoint,
            Why::SpendingCap => &texts.spending_cap,
            Why::Money => &texts.money,
            Why::Line => &texts.line,
            Why::Retries => &texts.retries,
            Why::TooLarge { limit } => {
                return fill(&texts.too_large, &[("limit", &limit.to_string())]);
            }
            Why::Dead => &texts.dead,
            Why::NoKeys => &texts.no_keys,
        };
        text.clone()
    }

    fn verdict(&self, effect: Effect) -> &str {
        let texts = &self.sentences.key_verdict;
        match effect {
            Effect::Healthy => &texts.healthy,
            Effect::Innocent => &texts.innocent,
            Effect::KillKey(_) => &texts.kill_key,
            Effect::KillProject(_) => &texts.kill_project,
            Effect::CoolKeyModel(_) => &texts.rest_key_model,
            Effect::ModelMissing(_) => &texts.model_missing,
            Effect::Throttled(_) => &texts.throttled,
            Effect::CoolKey(_) => &texts.rest_key,
            Effect::CoolProject(_) => &texts.rest_project,
            Effect::WrongEndpoint => &texts.wrong_endpoint,
            Effect::SpendingCap => &texts.spending_cap,
            Effect::Overloaded(_) => &texts.rest_model,
            Effect::Unserved => &texts.rest_free_keys,
            Effect::Page => &texts.page,
            Effect::Refused(_) => &texts.refused,
            Effect::Suspect(_) => &texts.suspect,
            Effect::Strike(_) => &texts.strike,
        }
    }
}

/// As the settings and the catalogue call it, in every language.
const fn tier_name(tier: Tier) -> &'static str {
    match tier {
        Tier::Lite => "lite",
        Tier::Flash => "flash",
        Tier::Pro => "pro",
    }
}

/// Dollars and cents, rounded up: what was spent never looks like nothing.
fn dollars(micro: u64) -> String {
    let cents = micro.div_ceil(CENT);
    format!("{}.{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests;
