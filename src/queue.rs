//! A priority queue of jobs: by role, with ageing (whoever waits long enough is first); one running
//! job per lane, a few lanes at once in one group chat and of one person. Pure; the scheduler owns
//! the one [`Queue`]. It holds ids and a few facts of each job, not the question, so that twenty
//! thousand waiting jobs cost a few megabytes.
//!
//! Invariants: a lane that runs or is held is never popped, nobody runs more turns than their role
//! allows, and jobs of a lane leave in the order of their ids. A job that may have crashed the bot
//! is popped by [`Queue::pop_suspect`] only, to run alone, and holds up no lane but its own.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::num::NonZeroUsize;
use std::time::Duration;

use crate::chat::Role;
use crate::chat::{ChatId, JobId, Lane, UserId};
use crate::clock::Timestamp;
pub(crate) use share::{Share, Shares};

mod share;

/// A job that waits for its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) job: JobId,
    pub(crate) lane: Lane,
    pub(crate) role: Role,
    /// When the inbox accepted it, by a clock that is not set while the process runs.
    pub(crate) since: Timestamp,
    pub(crate) past: Past,
}

impl Waiting {
    /// A job of which no turn has begun yet.
    pub(crate) fn new(job: JobId, lane: Lane, role: Role, since: Timestamp) -> Self {
        Self {
            job,
            lane,
            role,
            since,
            past: Past::default(),
        }
    }
}

/// What is known of the turns that a job had before (design §2, rule 7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Past {
    /// It was left over by an earlier run of the bot.
    pub(crate) is_recalled: bool,
    /// Crashes of the bot at which a turn of it was under way.
    pub(crate) crashes: u8,
    /// Turns of it that panicked in this run of the bot.
    pub(crate) panics: u8,
    /// Recent crashes of the bot at which no turn of it was under way.
    pub(crate) others: u8,
}

impl Past {
    /// Crashes after which a job runs alone.
    const SUSPICIOUS: u8 = 2;
    /// Panics after which it is given up.
    const MOST_PANICS: u8 = 2;
    /// Most of the other crashes that count in its favour, so that there is an end.
    const MOST_OTHERS: u8 = 3;

    /// The same with one more turn that panicked.
    pub(crate) const fn panicked(self) -> Self {
        Self {
            panics: self.panics.saturating_add(1),
            ..self
        }
    }

    /// Whether it may be what crashed the bot: then no other turn runs beside it.
    pub(crate) const fn is_suspect(self) -> bool {
        self.crashes >= Self::SUSPICIOUS
    }

    /// Whether it is given up: it ran alone when the bot crashed once more, or its turn panicked
    /// again. Crashes without it point to another cause, so as many crashes more are needed.
    pub(crate) fn is_proven(self) -> bool {
        let doubt = self.others.min(Self::MOST_OTHERS);
        self.crashes > Self::SUSPICIOUS + doubt || self.panics >= Self::MOST_PANICS
    }
}

/// As many jobs wait as may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the queue is full")]
pub(crate) struct Full;

/// Order among the jobs that wait: when it came, put off by the handicap of its role, then its id.
/// This is how waiting jobs age: what comes later gets a later moment, whatever its role.
type Place = (Timestamp, JobId);

/// The jobs that wait and the lanes that run.
#[derive(Debug)]
pub(crate) struct Queue {
    bound: usize,
    group_parallel: usize,
    shares: Shares,
    /// All that wait, each lane's in the order of their ids.
    waiting: BTreeMap<(Lane, JobId), (Role, Timestamp, Past)>,
    busy: HashSet<Lane>,
    /// Lanes in which nothing begins until they are released.
    held: HashSet<Lane>,
    /// What each person has waiting and running.
    persons: HashMap<UserId, Share>,
    /// First jobs of idle lanes that may be popped; of a group chat at most one is here.
    ready: BTreeMap<Place, Lane>,
    /// First jobs of idle lanes that are to run alone.
    suspects: BTreeMap<Place, Lane>,
    /// Group chats with a lane that waits or runs.
    groups: HashMap<ChatId, Group>,
}

#[derive(Debug, Default)]
struct Group {
    running: usize,
    /// First jobs of its idle lanes.
    heads: BTreeMap<Place, Lane>,
    /// The one of them that is in `ready`.
    listed: Option<Place>,
}

impl Queue {
    /// At most `bound` jobs wait; in one group chat at most `group_parallel` lanes run, and of one
    /// person as many as their share.
    pub(crate) fn new(bound: usize, group_parallel: NonZeroUsize, shares: Shares) -> Self {
        Self {
            bound,
            group_parallel: group_parallel.get(),
            shares,
            waiting: BTreeMap::new(),
            busy: HashSet::new(),
            held: HashSet::new(),
            persons: HashMap::new(),
            ready: BTreeMap::new(),
            suspects: BTreeMap::new(),
            groups: HashMap::new(),
        }
    }

    /// Lets a job wait; one that waits already keeps its place.
    pub(crate) fn push(&mut self, new: Waiting) -> Result<(), Full> {
        let id = (new.lane, new.job);
        if self.waiting.contains_key(&id) {
            return Ok(());
        }
        if self.waiting.len() >= self.bound {
            return Err(Full);
        }
        self.withdraw(new.lane);
        self.waiting.insert(id, (new.role, new.since, new.past));
        self.change_share(new.lane, |share| share.waits(new.lane));
        self.offer(new.lane);
        Ok(())
    }

    /// The next job; its lane runs from now until [`Queue::done`].
    pub(crate) fn pop(&mut self) -> Option<Waiting> {
        let (_, &lane) = self.ready.first_key_value()?;
        self.run(lane)
    }

    /// The next job that is to run alone; its lane runs from now until [`Queue::done`].
    pub(crate) fn pop_suspect(&mut self) -> Option<Waiting> {
        let (_, &lane) = self.suspects.first_key_value()?;
        self.run(lane)
    }

    /// Whether [`Queue::pop`] would give a job.
    pub(crate) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// When the oldest of those that [`Queue::pop`] may give was accepted. Looks at each lane that is
    /// ready.
    pub(crate) fn oldest(&self) -> Option<Timestamp> {
        let first = |lane: &Lane| self.jobs_of(*lane).next().map(|(_, (_, since, _))| *since);
        self.ready.values().filter_map(first).min()
    }

    /// Whether [`Queue::pop_suspect`] would give a job.
    pub(crate) fn has_suspects(&self) -> bool {
        !self.suspects.is_empty()
    }

    fn run(&mut self, lane: Lane) -> Option<Waiting> {
        let ((_, job), _) = self.head(lane)?;
        self.withdraw(lane);
        let (role, since, past) = self.waiting.remove(&(lane, job))?;
        self.busy.insert(lane);
        if let Some(chat) = group_of(lane) {
            self.groups.entry(chat).or_default().running += 1;
            self.list(chat);
        }
        self.change_share(lane, |share| share.runs(lane));
        for other in self.waiting_lanes_beside(lane) {
            if !self.has_turn(other) {
                self.withdraw(other);
            }
        }
        Some(Waiting {
            job,
            lane,
            role,
            since,
            past,
        })
    }

    /// The running job of the lane has ended; its next one may go.
    pub(crate) fn done(&mut self, lane: Lane) {
        if !self.busy.remove(&lane) {
            return;
        }
        if let Some(chat) = group_of(lane) {
            if let Some(group) = self.groups.get_mut(&chat) {
                group.running = group.running.saturating_sub(1);
            }
            self.list(chat);
        }
        self.change_share(lane, |share| share.ran(lane));
        for other in self.waiting_lanes_beside(lane) {
            self.offer(other);
        }
        self.offer(lane);
    }

    /// Lets nothing begin in the lane until it is released; what runs there is not touched.
    pub(crate) fn hold(&mut self, lane: Lane) {
        self.withdraw(lane);
        self.held.insert(lane);
    }

    /// Ends what [`Queue::hold`] began.
    pub(crate) fn release(&mut self, lane: Lane) {
        self.held.remove(&lane);
        self.offer(lane);
    }

    /// Takes out all that wait in the lane, in their order; a running job is not touched.
    pub(crate) fn take_lane(&mut self, lane: Lane) -> Vec<JobId> {
        self.withdraw(lane);
        let jobs: Vec<JobId> = self.waiting_in(lane).collect();
        for &job in &jobs {
            self.waiting.remove(&(lane, job));
        }
        self.change_share(lane, |share| share.waits_less(lane, jobs.len()));
        jobs
    }

    /// Takes out one that waits; tells whether it did.
    pub(crate) fn take(&mut self, lane: Lane, job: JobId) -> bool {
        self.withdraw(lane);
        let waited = self.waiting.remove(&(lane, job)).is_some();
        self.change_share(lane, |share| share.waits_less(lane, usize::from(waited)));
        self.offer(lane);
        waited
    }

    /// All that wait in lanes of a person, or in a chat.
    pub(crate) fn waiting_of(&self, whose: UserId) -> Vec<(Lane, JobId)> {
        let waiting = self.waiting.keys().copied();
        waiting.filter(|(lane, _)| lane.is_of(whose)).collect()
    }

    /// All that wait in the lane, in their order.
    pub(crate) fn waiting_in(&self, lane: Lane) -> impl Iterator<Item = JobId> {
        self.jobs_of(lane).map(|((_, job), _)| *job)
    }

    /// What a person has waiting and running.
    pub(crate) fn share_of(&self, person: UserId) -> Share {
        self.persons.get(&person).cloned().unwrap_or_default()
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// How many run.
    pub(crate) fn running(&self) -> usize {
        self.busy.len()
    }

    /// How many jobs have a better place than this one. Looks at each waiting job once (some
    /// 0.1 ms for twenty thousand): for telling a person, not for choosing.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the notice of one's place comes later")
    )]
    pub(crate) fn position(&self, lane: Lane, job: JobId) -> Option<usize> {
        let &(role, since, _) = self.waiting.get(&(lane, job))?;
        let own = place(role, since, job);
        let others = self.waiting.iter();
        let places = others.map(|(&(_, job), &(role, since, _))| place(role, since, job));
        Some(places.filter(|place| *place < own).count())
    }

    fn jobs_of(
        &self,
        lane: Lane,
    ) -> impl Iterator<Item = (&(Lane, JobId), &(Role, Timestamp, Past))> {
        let all = (lane, JobId(u64::MIN))..=(lane, JobId(u64::MAX));
        self.waiting.range(all)
    }

    fn change_share(&mut self, lane: Lane, how: impl FnOnce(&mut Share)) {
        let Some(person) = lane.person() else { return };
        let share = self.persons.entry(person).or_default();
        how(share);
        if share.is_empty() {
            self.persons.remove(&person);
        }
    }

    /// The other lanes of the lane's person in which something waits.
    fn waiting_lanes_beside(&self, lane: Lane) -> Vec<Lane> {
        let share = lane.person().and_then(|person| self.persons.get(&person));
        let mut lanes = share.map(Share::waiting_lanes).unwrap_or_default();
        lanes.retain(|other| *other != lane);
        lanes
    }

    /// Whether the lane's person may run one turn more, for the first job that waits in it.
    fn has_turn(&self, lane: Lane) -> bool {
        let first = self.jobs_of(lane).next();
        let share = lane.person().and_then(|person| self.persons.get(&person));
        let (Some((_, &(role, ..))), Some(share)) = (first, share) else {
            return true;
        };
        self.shares.may_run(role, share)
    }

    /// Place of the first job that waits in the lane, and what it has behind it.
    fn head(&self, lane: Lane) -> Option<(Place, Past)> {
        let (&(_, job), &(role, since, past)) = self.jobs_of(lane).next()?;
        Some((place(role, since, job), past))
    }

    /// Enters the lane's first job among those that may be popped, unless the lane runs or is held,
    /// or its person has as many turns as they may.
    fn offer(&mut self, lane: Lane) {
        if self.busy.contains(&lane) || self.held.contains(&lane) || !self.has_turn(lane) {
            return;
        }
        let Some((place, past)) = self.head(lane) else {
            return;
        };
        if past.is_suspect() {
            self.suspects.insert(place, lane);
            return;
        }
        match group_of(lane) {
            None => {
                self.ready.insert(place, lane);
            }
            Some(chat) => {
                let group = self.groups.entry(chat).or_default();
                group.heads.insert(place, lane);
                self.list(chat);
            }
        }
    }

    /// Undoes [`Queue::offer`], before the lane's first job changes.
    fn withdraw(&mut self, lane: Lane) {
        let Some((place, _)) = self.head(lane) else {
            return;
        };
        self.suspects.remove(&place);
        match group_of(lane) {
            None => {
                self.ready.remove(&place);
            }
            Some(chat) => {
                if let Some(group) = self.groups.get_mut(&chat) {
                    group.heads.remove(&place);
                }
                self.list(chat);
            }
        }
    }

    /// Enters the best head of a group chat into `ready`, if one more lane may run there.
    fn list(&mut self, chat: ChatId) {
        let Some(group) = self.groups.get_mut(&chat) else {
            return;
        };
        if let Some(old) = group.listed.take() {
            self.ready.remove(&old);
        }
        let room = group.running < self.group_parallel;
        if let Some((&place, &lane)) = group.heads.first_key_value().filter(|_| room) {
            group.listed = Some(place);
            self.ready.insert(place, lane);
        }
        if group.running == 0 && group.heads.is_empty() {
            self.groups.remove(&chat);
        }
    }
}

fn place(role: Role, since: Timestamp, job: JobId) -> Place {
    (since.after(handicap(role)), job)
}

/// By how much later an Owner may come than somebody of this role and still go first.
const fn handicap(role: Role) -> Duration {
    Duration::from_secs(match role {
        Role::Owner => 0,
        Role::Vip => 5,
        Role::Premium => 15,
        Role::Normal => 30,
        Role::Guest => 60,
    })
}

/// The group chat a lane belongs to; ids of groups are negative.
fn group_of(lane: Lane) -> Option<ChatId> {
    lane.chat().filter(|chat| chat.0 < 0)
}

#[cfg(test)]
mod tests;
