//! What happens around the calls: they leave late or not at all, keys are tested again, the process
//! is stopped, the settings change.

use super::*;
use crate::keys::limits::LearnedLimits;

impl World {
    pub(super) fn leave(&mut self, which: usize) {
        let Some(mut out) = self.take(which) else {
            return;
        };
        let counted = out.lease.at;
        let leaves = self.pool.leave(&mut out.lease, self.now);
        let bucket = (out.lease.project, out.lease.model.clone());
        let calls = self.calls.get_mut(&bucket).unwrap();
        let same =
            |it: &&mut Call| it.at == counted && it.tokens == out.lease.tokens && !it.refused;
        let call = calls.iter_mut().find(same).unwrap();
        call.at = out.lease.at;
        // The pool knows the tokens of what leaves now.
        let ledger = self.pool.ledger(bucket.0, &bucket.1);
        let today = pacific::day_of(self.now);
        let seen = calls
            .iter()
            .filter(|it| it.at >= today.began && !it.refused);
        assert!(
            ledger.day < today.number || ledger.used as usize >= seen.count(),
            "a call that left late is missing in its day"
        );
        self.ledgers.insert(bucket, ledger);
        if !leaves {
            self.refund(out);
            return;
        }
        for scope in [Scope::Key(out.lease.key), Scope::Project(out.lease.project)] {
            let health = self.healths.get(&scope);
            assert!(
                health.is_none_or(|it| it.dead.is_none()),
                "a dead key was called"
            );
        }
        self.out.push(out);
    }

    /// The service never saw it: the call is struck from its account.
    pub(super) fn refund(&mut self, out: Out) {
        let Out { lease, day, .. } = out;
        let never = Verdict {
            counted: Counted::Never,
            ..says(Effect::Innocent)
        };
        self.account(&lease, day, &never);
        let (bucket, row) = self.pool.refund(lease);
        self.ledgers.insert(bucket, row);
        self.check_money(pacific::day_of(self.now).number);
    }

    pub(super) fn retest(&mut self, which: usize, shown: Retested) {
        let dead = self.pool.dead();
        let due = self.pool.due(self.now);
        assert!(due.iter().all(|key| dead.contains(key)));
        if dead.is_empty() {
            return;
        }
        let key = dead[which % dead.len()];
        let changes = self.pool.looked_again(key, shown, None, self.now);
        let back = changes.iter().filter(|it| it.news == Some(News::Back));
        assert_eq!(back.count() > 0, shown == Retested::Accepted);
        self.store(changes);
    }

    /// The key of a refused call is looked at.
    pub(super) fn look(&mut self, call: &Attempted, how: usize, death: Death) {
        if !is_to_be_looked_at(&mut self.pool, call, self.now) {
            return;
        }
        let shown = match how % 3 {
            0 => Retested::Accepted,
            1 => Retested::Refused,
            _ => Retested::Unknown,
        };
        let changes = self.pool.looked_at(call, shown, Some(death), self.now);
        assert_eq!(
            changes.iter().any(|it| it.news == Some(News::Died(death))),
            shown == Retested::Refused
        );
        self.store(changes);
    }

    /// `kill -9`: who waited and what was under way is gone, the rows are there.
    pub(super) fn restart(&mut self) {
        self.out.clear();
        self.waiting.clear();
        let calls = self.calls.values_mut().flatten();
        calls.for_each(|call| call.before_start = true);
        let spend = self.pool.spend();
        let saved = Saved {
            ledgers: self.ledgers.clone().into_iter().collect(),
            healths: self.healths.clone().into_iter().collect(),
            spend: spend.unwrap_or_default(),
        };
        let catalog = Catalog::parse(OFFERS).unwrap();
        self.pool = Pool::new(THRIFTY, self.keys.clone(), &catalog, saved, self.now);
        assert_eq!(self.pool.spend(), spend);
        self.check_money(pacific::day_of(self.now).number);
    }

    /// One key goes, all come back, one changes its group or its project; what is known of them
    /// stays.
    pub(super) fn reconfigure(&mut self, which: usize, how: usize) {
        if self.keys.is_empty() || how == 0 {
            self.keys.clone_from(&self.all);
        }
        let which = which % self.keys.len();
        match how {
            0 => {}
            1 => drop(self.keys.remove(which)),
            2 => self.keys[which].group = REACH[which % 4].last().copied().filter(|_| which > 0),
            _ => self.keys[which].project = self.keys[0].project,
        }
        let before: Vec<Health> = self.known();
        let catalog = Catalog::parse(OFFERS).unwrap();
        self.pool.reconfigure(THRIFTY, self.keys.clone(), &catalog);
        let kept = self.known();
        let but_limits = |healths: &[Health]| -> Vec<Health> {
            let healths = healths.iter().cloned();
            healths
                .map(|it| Health {
                    learned: LearnedLimits::default(),
                    ..it
                })
                .collect()
        };
        assert_eq!(but_limits(&kept), but_limits(&before));
        // With other marks than its keys have now, a limit of a project was another account's.
        for change in self.pool.take_unsaved() {
            self.healths.insert(change.scope, change.health);
        }
        let pool = &mut self.pool;
        self.learned.retain(|((project, model), quota), _| {
            let health = pool.health(&Scope::ProjectModel(*project, model.clone()));
            health
                .learned
                .known
                .iter()
                .any(|it| it.learned.quota == *quota)
        });
        for (bucket, ledger) in &self.ledgers {
            let kept = self.pool.ledger(bucket.0, &bucket.1);
            assert!(kept.day > ledger.day || kept.used >= ledger.used.min(1));
        }
    }

    fn known(&mut self) -> Vec<Health> {
        let mut scopes: Vec<&Scope> = self.healths.keys().collect();
        scopes.sort_unstable();
        let pool = &mut self.pool;
        scopes.into_iter().map(|scope| pool.health(scope)).collect()
    }

    /// A key was just blacklisted: half of those that live are left.
    pub(super) fn check_half(&mut self) {
        let keys = self.keys.clone();
        let is_dead = |pool: &mut Pool, scope| pool.health(&scope).dead.is_some();
        // Without a trip it is the cooldown before the verdict.
        let is_listed = |it: &Health| {
            it.breaker.struck_out(&THRIFTY)
                && it.breaker.trips > 0
                && it.cooling.ends(self.now).is_some()
        };
        let pool = &mut self.pool;
        let mut living: Vec<(&KeySpec, bool)> = Vec::new();
        for key in &keys {
            let dead = is_dead(pool, Scope::Key(key.fingerprint))
                || is_dead(pool, Scope::Project(key.project));
            if !dead {
                let listed = is_listed(&pool.health(&Scope::Key(key.fingerprint)));
                living.push((key, listed));
            }
        }
        let half_is_left = |cohort: &[&(&KeySpec, bool)]| {
            let out = cohort.iter().filter(|(_, listed)| *listed).count();
            !pool.lender.registry.pardoned.is_empty() || out * 2 <= cohort.len()
        };
        for (key, _) in &living {
            let group: Vec<_> = living
                .iter()
                .filter(|(it, _)| it.group == key.group)
                .collect();
            assert!(half_is_left(&group), "too many of a group");
        }
        let all: Vec<_> = living.iter().collect();
        assert!(half_is_left(&all), "too many are kept away");
    }

    /// No new questions: the calls end, and time passes.
    pub(in super::super) fn come_to_an_end(&mut self) {
        while let Some(out) = self.take(0) {
            self.end(out, 99, None);
        }
        let mut looks = 0;
        while let Some(wakes) = self.waiting.iter().map(|(place, _)| place.wakes).min() {
            self.now = self.now.max(wakes);
            self.serve();
            while let Some(out) = self.take(0) {
                self.end(out, 99, None);
            }
            looks += 1;
            assert!(looks < 2_000, "the line does not end: {:?}", self.waiting);
        }
    }
}
