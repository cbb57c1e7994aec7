//! Failures of the last seconds, to tell a fault of one key from one that many projects meet at the
//! same time: that is the model's or our address's (design §4). Pure; owned by the pool. Invariant:
//! it never remembers more than [`MOST`] failures.

use std::collections::VecDeque;
use std::time::Duration;

use super::state::Seat;
use crate::clock::Timestamp;

/// How close together alike failures are one event.
pub(super) const WINDOW: Duration = Duration::from_secs(10);
/// So many projects make it nobody's own fault.
const PROJECTS: usize = 3;
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
    /// Several projects, always the same model.
    Model,
    /// Several projects and models: our address.
    Address,
}

#[derive(Debug, Clone, Copy)]
struct Sighting {
    at: Timestamp,
    kind: Kind,
    seat: Seat,
    /// It has cost the key a strike.
    struck: bool,
}

#[derive(Debug, Default)]
pub(super) struct Alike {
    /// Oldest first.
    seen: VecDeque<Sighting>,
    /// Spans in which a kind reached further than one key, oldest first.
    storms: VecDeque<(Kind, Timestamp, Timestamp)>,
}

impl Alike {
    /// Remembers a failure and says how far its kind reaches by now.
    pub(super) fn note(&mut self, kind: Kind, seat: Seat, now: Timestamp) -> Reach {
        while self.seen.len() >= MOST || self.seen.front().is_some_and(|old| is_over(old, now)) {
            self.seen.pop_front();
        }
        self.seen.push_back(Sighting {
            at: now,
            kind,
            seat,
            struck: false,
        });
        let reach = self.reach(kind, now);
        if reach != Reach::Few {
            if self.storms.len() >= MOST {
                self.storms.pop_front();
            }
            self.storms.push_back((kind, now.before(WINDOW), now));
        }
        reach
    }

    /// Whether many projects met that kind of failure around that moment.
    pub(super) fn was_storm(&self, kind: Kind, at: Timestamp) -> bool {
        let covers = |(of, from, until): &(Kind, Timestamp, Timestamp)| {
            *of == kind && *from <= at && at <= *until
        };
        self.storms.iter().any(covers)
    }

    /// How far a kind of failure reaches now.
    pub(super) fn reach(&self, kind: Kind, now: Timestamp) -> Reach {
        let (mut projects, mut models) = (Vec::new(), Vec::new());
        for one in self.recent(kind, now) {
            if !projects.contains(&one.seat.project) {
                projects.push(one.seat.project);
            }
            if !models.contains(&one.seat.model) {
                models.push(one.seat.model);
            }
        }
        match (projects.len() >= PROJECTS, models.len()) {
            (false, _) => Reach::Few,
            (true, 1) => Reach::Model,
            (true, _) => Reach::Address,
        }
    }

    /// The newest failure of the key has cost it a strike.
    pub(super) fn struck(&mut self, kind: Kind, key: usize) {
        let mut newest = self.seen.iter_mut().rev();
        if let Some(one) = newest.find(|one| one.kind == kind && one.seat.key == key) {
            one.struck = true;
        }
    }

    /// Keys whose strikes of this kind were given before it was seen how far it reaches; each is
    /// named once for every strike, and not again.
    pub(super) fn wronged(&mut self, kind: Kind, now: Timestamp) -> Vec<usize> {
        let ours = |one: &&mut Sighting| one.kind == kind && one.struck && !is_over(one, now);
        self.seen
            .iter_mut()
            .filter(ours)
            .map(|one| {
                one.struck = false;
                one.seat.key
            })
            .collect()
    }

    fn recent(&self, kind: Kind, now: Timestamp) -> impl Iterator<Item = &Sighting> {
        let ours = move |one: &&Sighting| one.kind == kind && !is_over(one, now);
        self.seen.iter().filter(ours)
    }
}

fn is_over(one: &Sighting, now: Timestamp) -> bool {
    one.at.after(WINDOW) <= now
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seat(project: usize, model: usize) -> Seat {
        Seat {
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
            (&[(1, 0, 0), (2, 0, 1), (3, 0, 10)], Reach::Few),
            (&[(1, 0, 0), (2, 0, 9), (3, 0, 9)], Reach::Model),
        ];
        for (failures, expected) in cases {
            let mut alike = Alike::default();
            let mut reach = Reach::Few;
            for &(project, model, secs) in failures {
                reach = alike.note(Kind::Unexplained, seat(project, model), second(secs));
            }
            assert_eq!(reach, expected, "{failures:?}");
            assert_eq!(alike.reach(Kind::Suspect, second(10)), Reach::Few);
        }
    }

    #[test]
    fn strikes_given_too_early_are_named_once() {
        let now = Timestamp::from_secs(1_000);
        let mut alike = Alike::default();
        for project in [1, 2] {
            alike.note(Kind::Unexplained, seat(project, 0), now);
            alike.struck(Kind::Unexplained, project);
        }
        alike.note(Kind::Unexplained, seat(3, 0), now);
        assert_eq!(alike.wronged(Kind::Unexplained, now), [1, 2]);
        assert_eq!(alike.wronged(Kind::Unexplained, now), [0_usize; 0]);
    }

    #[test]
    fn it_remembers_only_so_much() {
        let mut alike = Alike::default();
        for project in 0..10_000 {
            alike.note(Kind::Suspect, seat(project, 0), Timestamp::from_secs(1));
        }
        assert_eq!(alike.seen.len(), MOST);
    }
}
