//! Questions that are held back: stored, but not in the queue yet, because a further piece of them
//! may come.

use std::collections::HashMap;

use crate::chat::Lane;
use crate::chat::pieces::{PATIENCE, Seam};
use crate::clock::Instant;
use crate::queue::Waiting;

/// At most one question of a lane.
#[derive(Debug, Default)]
pub(super) struct HeldBack(HashMap<Lane, Held>);

#[derive(Debug)]
struct Held {
    waiting: Waiting,
    seam: Seam,
    until: Instant,
}

impl HeldBack {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Where pieces can be joined to each of them, for the journal.
    pub(super) fn seams(&self) -> HashMap<Lane, Seam> {
        let seams = self.0.iter().map(|(lane, held)| (*lane, held.seam.clone()));
        seams.collect()
    }

    /// When the first of them has waited long enough.
    pub(super) fn due(&self) -> Option<Instant> {
        self.0.values().map(|held| held.until).min()
    }

    /// Waits for all of them from now on: what came while the bot was away has not been fetched yet.
    pub(super) fn wait_from(&mut self, now: Instant) {
        for held in self.0.values_mut() {
            held.until = now + PATIENCE;
        }
    }

    /// Those that have waited long enough.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<Waiting> {
        let due = self.0.extract_if(|_, held| held.until <= now);
        due.map(|(_, held)| held.waiting).collect()
    }

    /// Takes over the state in which a batch left them; returns those that get no further piece, to
    /// be queued.
    pub(super) fn follow(&mut self, seams: &HashMap<Lane, Seam>, now: Instant) -> Vec<Waiting> {
        for (lane, held) in &mut self.0 {
            if let Some(seam) = seams.get(lane)
                && seam.job == held.seam.job
                && *seam != held.seam
            {
                held.seam = seam.clone();
                held.until = now + PATIENCE;
            }
        }
        let is_closed = |lane: &Lane, held: &mut Held| {
            let open = seams.get(lane);
            open.is_none_or(|seam| seam.job != held.seam.job)
        };
        let closed = self.0.extract_if(is_closed);
        closed.map(|(_, held)| held.waiting).collect()
    }

    /// Holds a question back; returns the one of its lane that was held back until now.
    pub(super) fn put(&mut self, waiting: Waiting, seam: Seam, now: Instant) -> Option<Waiting> {
        let until = now + PATIENCE;
        let held = Held {
            waiting,
            seam,
            until,
        };
        let before = self.0.insert(waiting.lane, held);
        before.map(|before| before.waiting)
    }
}
