//! Keys and projects that are refused for good. Pure. Invariant: where several projects die within
//! seconds, or nothing lives any more, all of these are looked at sooner: perhaps it was not the keys.

use std::collections::HashSet;

use super::change::Change;
use super::correlation::WINDOW;
use super::effect::Death;
use super::health::{Health, Scope};
use super::registry::Registry;
use super::settings::Fingerprint;
use super::state::Target;
use crate::clock::Timestamp;

/// So many projects that die within [`WINDOW`] may have died of something else.
const TOGETHER: usize = 3;

/// Deaths of the last seconds.
#[derive(Debug, Default)]
pub(super) struct Deaths {
    /// When, of which project, and who.
    recent: Vec<(Timestamp, usize, Scope)>,
}

impl Deaths {
    /// A key or a project is dead from now on.
    pub(super) fn kill(
        &mut self,
        registry: &mut Registry,
        (scope, target): (Scope, Target),
        death: Death,
        now: Timestamp,
    ) -> Vec<Change> {
        let Some(died) = registry.change(scope.clone(), |it| it.kill(death, now)) else {
            return Vec::new();
        };
        self.recent.retain(|(at, ..)| at.after(WINDOW) > now);
        self.recent.push((now, target.project, scope));
        let lives = registry.living().next().is_some();
        let projects = self.recent.iter().map(|(_, project, _)| project);
        let mut changes = vec![died];
        if lives && projects.collect::<HashSet<_>>().len() < TOGETHER {
            return changes;
        }
        let together = self.recent.iter().map(|(.., scope)| scope.clone());
        changes.extend(registry.change_all(together, Health::died_with_others));
        changes
    }

    /// After the clock was set back: they may seem to lie ahead.
    pub(super) fn forget(&mut self) {
        self.recent.clear();
    }
}

/// Dead keys with what they died of; of a dead project the first one, since one look says all.
pub(super) fn dead_keys(registry: &Registry) -> impl Iterator<Item = (Fingerprint, &Health)> {
    let mut seen = HashSet::new();
    registry.roster.each_key().filter_map(move |member| {
        let project = &registry.state.project(member.project).health;
        if project.dead.is_some() {
            let is_first = seen.insert(member.project);
            return is_first.then_some((member.spec.fingerprint, project));
        }
        let key = &registry.state.key(member.key).health;
        key.dead.is_some().then_some((member.spec.fingerprint, key))
    })
}
