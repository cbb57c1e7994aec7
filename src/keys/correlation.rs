//! Correlated failures: tells a fault of one key from one that many projects meet at the same time,
//! which is the model's or our address's (design §4). Pure; owned by [`super::blacklist`]. Invariant:
//! it never remembers more than [`MOST`] failures.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::state::Target;
use crate::clock::Timestamp;

/// How close together failures of a kind are correlated.
pub(super) const WINDOW: Duration = Duration::from_secs(10);
/// The same for a model that throttles, as long as nobody is answered by it: of a quiet bot the
/// questions are further apart.
const THROTTLED_FOR: Duration = Duration::from_mins(10);
/// So many projects make it nobody's own fault.
const PROJECTS: usize = 3;
/// So many on other models than the one that fails most make it our address's.
const ELSEWHERE: usize = 2;
const MOST: usize = 256;

/// What failures have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// No table explains it.
    Unexplained,
    /// A 500, or a fault after connecting.
    Suspect,
    /// A 429 that names no quota.
    Throttled,
}

/// How far a kind of failure reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Too few projects to say.
    Few,
    /// Several projects on this model.
    Model,
    /// Several projects, on several models: our address.
    Address,
}

#[derive(Debug, Clone, Copy)]
struct Failure {
    at: Timestamp,
    kind: Kind,
    target: Target,
    /// It has cost the key a strike.
    struck: bool,
}

/// A span in which a kind of failure reached further than one key.
#[derive(Debug)]
struct Span {
    kind: Kind,
    /// None: on every model.
    model: Option<usize>,
    from: Timestamp,
    until: Timestamp,
}

#[derive(Debug, Default)]
pub(super) struct Correlation {
    /// Oldest first.
    seen: VecDeque<Failure>,
    /// Oldest first.
    spans: VecDeque<Span>,
    /// When the newest call left that a model answered.
    answered: HashMap<usize, Timestamp>,
}

impl Correlation {
    /// Remembers a failure and says how far its kind reaches by now.
    pub(super) fn note(&mut self, kind: Kind, target: Target, now: Timestamp) -> Reach {
        while self.seen.len() >= MOST || self.seen.front().is_some_and(|old| self.is_over(old, now))
        {
            self.seen.pop_front();
        }
        self.seen.push_back(Failure {
            at: now,
            kind,
            target,
            struck: false,
        });
        let reach = self.reach(kind, target.model, now);
        if reach != Reach::Few {
            if self.spans.len() >= MOST {
                self.spans.pop_front();
            }
            self.spans.push_back(Span {
                kind,
                model: (reach == Reach::Model).then_some(target.model),
                from: now.before(WINDOW),
                until: now,
            });
        }
        reach
    }

    /// The model has answered a call that left then.
    pub(super) fn answered(&mut self, model: usize, left: Timestamp) {
        let newest = self.answered.entry(model).or_insert(left);
        *newest = left.max(*newest);
    }

    /// Whether many projects met that kind of failure on the model around that moment.
    pub(super) fn was_correlated(&self, kind: Kind, model: usize, at: Timestamp) -> bool {
        let covers = |span: &Span| {
            span.kind == kind
                && span.model.is_none_or(|of| of == model)
                && span.from <= at
                && at <= span.until
        };
        self.spans.iter().any(covers)
    }

    /// How far a kind of failure reaches now, seen from one on this model. What one model explains
    /// by itself says nothing of the others.
    pub(super) fn reach(&self, kind: Kind, model: usize, now: Timestamp) -> Reach {
        let recent = self.recent(kind, now);
        let mut pairs: Vec<_> = recent
            .map(|one| (one.target.model, one.target.project))
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        let models = pairs.chunk_by(|one, other| one.0 == other.0);
        let counted = models.filter_map(|met| Some((met.len(), met.first()?.0)));
        let heaviest = counted.max_by_key(|&(projects, of)| (projects, of == model));
        let Some((most, heaviest)) = heaviest else {
            return Reach::Few;
        };
        let projects = |without: Option<usize>| {
            let kept = pairs.iter().filter(|(of, _)| Some(*of) != without);
            let mut found: Vec<usize> = kept.map(|(_, project)| *project).collect();
            found.sort_unstable();
            found.dedup();
            found.len()
        };
        if most < PROJECTS {
            return match projects(None) {
                PROJECTS.. => Reach::Address,
                _ => Reach::Few,
            };
        }
        match projects(Some(heaviest)) {
            ELSEWHERE.. => Reach::Address,
            _ if heaviest == model => Reach::Model,
            _ => Reach::Few,
        }
    }

    /// The newest failure of the key has cost it a strike.
    pub(super) fn struck(&mut self, kind: Kind, key: usize) {
        let ours = |one: &&mut Failure| one.kind == kind && one.target.key == key;
        if let Some(one) = self.seen.iter_mut().rev().find(ours) {
            one.struck = true;
        }
    }

    /// Keys whose strikes of this kind were given before it was seen how far it reaches: on one
    /// model, or on all. Each is named once for every strike, and not again.
    pub(super) fn struck_wrongly(
        &mut self,
        kind: Kind,
        model: Option<usize>,
        now: Timestamp,
    ) -> Vec<usize> {
        let ours = |one: &&mut Failure| {
            let there = model.is_none_or(|of| of == one.target.model);
            one.kind == kind && one.struck && there && one.at.after(WINDOW) > now
        };
        self.seen
            .iter_mut()
            .filter(ours)
            .map(|one| {
                one.struck = false;
                one.target.key
            })
            .collect()
    }

    fn recent(&self, kind: Kind, now: Timestamp) -> impl Iterator<Item = &Failure> {
        let ours = move |one: &&Failure| one.kind == kind && !self.is_over(one, now);
        self.seen.iter().filter(ours)
    }

    fn is_over(&self, one: &Failure, now: Timestamp) -> bool {
        let answered = self.answered.get(&one.target.model);
        let in_a_row = one.kind == Kind::Throttled && answered.is_none_or(|left| *left < one.at);
        let time = if in_a_row { THROTTLED_FOR } else { WINDOW };
        one.at.after(time) <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(project: usize, model: usize) -> Target {
        Target {
            key: project,
            project,
            model,
        }
    }

    #[test]
    fn three_projects_within_ten_seconds_are_an_event_of_the_model_or_the_address() {
        let second = |secs: u64| Timestamp::from_secs(1_000 + secs);
        let cases = [
            // (project, model, second) of each failure, and how far the last one reaches
            (&[(1, 0, 0), (1, 0, 1), (2, 0, 2)][..], Reach::Few),
            (&[(1, 0, 0), (2, 0, 1), (3, 0, 2)], Reach::Model),
            (&[(1, 0, 0), (2, 1, 1), (3, 0, 2)], Reach::Address),
            // One model explains three of them; one on another says nothing yet, two do.
            (&[(1, 0, 0), (2, 0, 1), (3, 0, 2), (4, 1, 3)], Reach::Few),
            (
                &[(1, 0, 0), (2, 0, 1), (3, 0, 2), (4, 1, 3), (5, 0, 4)],
                Reach::Model,
            ),
            (
                &[(1, 0, 0), (2, 0, 1), (3, 0, 2), (4, 1, 3), (5, 1, 4)],
                Reach::Address,
            ),
            (
                &[(1, 0, 0), (2, 0, 1), (3, 0, 2), (1, 1, 3), (2, 2, 4)],
                Reach::Address,
            ),
            (&[(1, 0, 0), (2, 0, 1), (3, 0, 10)], Reach::Few),
            (&[(1, 0, 0), (2, 0, 9), (3, 0, 9)], Reach::Model),
        ];
        for (failures, expected) in cases {
            let mut correlation = Correlation::default();
            let mut reach = Reach::Few;
            for &(project, model, secs) in failures {
                reach = correlation.note(Kind::Unexplained, target(project, model), second(secs));
            }
            assert_eq!(reach, expected, "{failures:?}");
            assert_eq!(correlation.reach(Kind::Suspect, 0, second(10)), Reach::Few);
        }
    }

    #[test]
    fn strikes_given_too_early_are_named_once() {
        let now = Timestamp::from_secs(1_000);
        let mut correlation = Correlation::default();
        for project in [1, 2] {
            correlation.note(Kind::Unexplained, target(project, 0), now);
            correlation.struck(Kind::Unexplained, project);
        }
        correlation.note(Kind::Unexplained, target(3, 0), now);
        assert_eq!(
            correlation.struck_wrongly(Kind::Unexplained, Some(0), now),
            [1, 2]
        );
        assert_eq!(
            correlation.struck_wrongly(Kind::Unexplained, None, now),
            [0_usize; 0]
        );
    }

    #[test]
    fn strikes_on_other_models_than_the_one_that_fails_stay() {
        let now = Timestamp::from_secs(1_000);
        let mut correlation = Correlation::default();
        for (project, model) in [(1, 0), (2, 1)] {
            correlation.note(Kind::Unexplained, target(project, model), now);
            correlation.struck(Kind::Unexplained, project);
        }
        assert_eq!(
            correlation.struck_wrongly(Kind::Unexplained, Some(0), now),
            [1]
        );
        assert_eq!(
            correlation.struck_wrongly(Kind::Unexplained, None, now),
            [2]
        );
    }

    #[test]
    fn a_model_that_throttles_and_answers_nobody_is_remembered_for_minutes() {
        let minute = |minute: u64| Timestamp::from_secs(1_000 + minute * 60);
        for (answered, expected) in [(None, Reach::Model), (Some(0), Reach::Few)] {
            let mut correlation = Correlation::default();
            correlation.note(Kind::Throttled, target(1, 0), minute(0));
            correlation.note(Kind::Throttled, target(2, 0), minute(3));
            if let Some(model) = answered {
                correlation.answered(model, minute(4));
            }
            let reach = correlation.note(Kind::Throttled, target(3, 0), minute(9));
            assert_eq!(reach, expected, "answered: {answered:?}");
        }
        let mut correlation = Correlation::default();
        for nth in 0..3 {
            let reach = correlation.note(Kind::Throttled, target(nth, 0), minute(5 * nth as u64));
            assert_eq!(reach, Reach::Few, "the first is over by then");
        }
    }

    #[test]
    fn it_remembers_only_so_much() {
        let mut correlation = Correlation::default();
        for project in 0..4 * MOST {
            correlation.note(Kind::Suspect, target(project, 0), Timestamp::from_secs(1));
        }
        assert_eq!(correlation.seen.len(), MOST);
    }
}
