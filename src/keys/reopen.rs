//! What `/keys retest` looks at and opens again: everything that rests, not dead keys alone (design
//! §4). Pure. Invariant: what only a call can show is opened for one call, and a minute's limit that
//! the service has named is waited for.

use std::time::Duration;

use super::missing::without_news;
use super::pool::Told;
use super::roster::Member;
use super::{Cause, Change, Death, Fingerprint, Health, Pool, Retested, Scope};
use crate::clock::Timestamp;

/// No rest that the service names in seconds is longer: it ends by itself.
const SHORT: Duration = Duration::from_mins(2);

impl Pool {
    /// Opens what rests for many keys, and forgets the limits that were learned; returns what must be
    /// stored. The Owner asked for it, so nothing of it is news.
    pub(crate) fn reopen(&mut self, now: Timestamp) -> Vec<Change> {
        self.notice(now);
        let models = self.offers.iter().map(|offer| offer.model.id.clone());
        let of_model = |id: String| [Scope::Model(id.clone()), Scope::Missing(id)];
        let mut scopes: Vec<Scope> = models.flat_map(of_model).collect();
        scopes.extend([Scope::Endpoint, Scope::Pool, Scope::FreeKeys]);
        let cleared = scopes
            .into_iter()
            .filter_map(|scope| self.change(scope, Health::clear));
        let changes = cleared.map(without_news).collect();
        // What was heard of them counts no more, and what comes back is news again.
        self.forget_voices();
        self.told = Told::default();
        self.absent.is_told = false;
        for seat in self.seats() {
            self.forget_limits(seat, |_| false);
        }
        self.limit_all();
        changes
    }

    /// Keys that are dead, blacklisted or rest with some model for longer than a minute's limit; of a
    /// dead project the first one, since one look says all.
    pub(crate) fn to_look_at(&self, now: Timestamp) -> Vec<Fingerprint> {
        let dead = self.dead();
        let wanted = |member: &&Member| {
            let lives = !self.is_dead(member.seat(0));
            dead.contains(&member.spec.fingerprint) || (lives && self.rests_long(member, now))
        };
        let keys = self.each_key().filter(wanted);
        keys.map(|member| member.spec.fingerprint).collect()
    }

    fn rests_long(&self, member: &Member, now: Timestamp) -> bool {
        let key = &self.state.key(member.key).health;
        let project = &self.state.project(member.seat(0).project).health;
        let shared = [key, project].into_iter();
        let of_models = self.offers.iter().flat_map(|offer| {
            let seat = member.seat(offer.place);
            [self.state.pair(seat), &self.state.bucket(seat).health]
        });
        shared.chain(of_models).any(|health| is_long(health, now))
    }

    /// Learns from the look at a key that the Owner asked for; returns what must be stored.
    pub(crate) fn looked_again(
        &mut self,
        key: Fingerprint,
        shown: Retested,
        death: Option<Death>,
        now: Timestamp,
    ) -> Vec<Change> {
        let member = self.roster.iter().find(|it| it.spec.fingerprint == key);
        let Some((place, seat)) = member.map(|it| (it.key, it.seat(0))) else {
            return Vec::new();
        };
        if self.is_dead(seat) {
            return self.retested(key, shown, now);
        }
        let now = self.notice(now).now;
        let changes = match (shown, death) {
            (Retested::Accepted, _) => {
                self.verdicts.retain(|open| open.key != place);
                self.open_key(key, now)
            }
            (Retested::Refused, Some(death)) => {
                let killed = self.change(Scope::Key(key), |health| health.kill(death, now));
                killed.into_iter().collect()
            }
            (Retested::Refused, None) | (Retested::Unknown, _) => Vec::new(),
        };
        self.line.stir();
        self.reconsider(now);
        changes
    }

    /// The key is accepted: it, its project and their models are asked again.
    fn open_key(&mut self, key: Fingerprint, now: Timestamp) -> Vec<Change> {
        let member = self.roster.iter().find(|it| it.spec.fingerprint == key);
        let Some(project) = member.map(|member| member.spec.project) else {
            return Vec::new();
        };
        let mut scopes = vec![Scope::Key(key), Scope::Project(project)];
        for offer in &self.offers {
            let id = &offer.model.id;
            scopes.push(Scope::KeyModel(key, id.clone()));
            scopes.push(Scope::ProjectModel(project, id.clone()));
        }
        let open = |health: &mut Health| {
            if is_long(health, now) {
                health.open(now);
            }
        };
        let changes = scopes.into_iter();
        changes
            .filter_map(|scope| self.change(scope, open))
            .collect()
    }
}

/// Whether a rest is worth a look.
fn is_long(health: &Health, now: Timestamp) -> bool {
    let rest = health.resting(now);
    health.cause.is_some() || rest.is_some_and(|until| until > now.after(SHORT))
}

impl Health {
    /// Opens a rest: where only a call shows how it stands, for one. Strikes stay, so whoever has
    /// them together is on trial.
    fn open(&mut self, now: Timestamp) {
        match self.cause {
            Some(Cause::Day { .. }) => self.probe_at = self.probe_at.map(|due| due.min(now)),
            Some(Cause::Missing { .. } | Cause::Endpoint { .. }) => self.clear(),
            Some(Cause::SpendingCap) | None => {
                self.rests_until = None;
                self.rests_since = None;
            }
        }
    }
}
