//! What one group was sent in the minute that ends now. Pure. Invariant: however answers and frames
//! mix, no sliding minute holds more than the Bot API allows a group.

use std::collections::VecDeque;
use std::time::Duration;

use crate::clock::Timestamp;

const MINUTE: Duration = Duration::from_mins(1);
/// Most messages and edits in any 60 seconds of one group (Bot API FAQ, "Broadcasting to users").
const MOST: usize = 20;
/// Of these, edits take at most half (design §5): six frames a minute, as each answer that has grown
/// ends with one edit more, and four may grow at once …
const MOST_FRAMES: usize = 6;
/// … and leave the last ones to answers.
const MOST_WITH_FRAMES: usize = 16;

/// When something was sent, and whether it was a frame.
#[derive(Debug, Default)]
pub(super) struct GroupMinute(VecDeque<(Timestamp, bool)>);

impl GroupMinute {
    pub(super) fn push(&mut self, now: Timestamp, is_frame: bool) {
        self.0.push_back((now, is_frame));
    }

    /// Forgets what is older than a minute; whether nothing is left.
    pub(super) fn prune(&mut self, now: Timestamp) -> bool {
        while self
            .0
            .front()
            .is_some_and(|(at, _)| now >= at.after(MINUTE))
        {
            self.0.pop_front();
        }
        self.0.is_empty()
    }

    /// When there is room again for an answer, or for a frame.
    pub(super) fn free_at(&self, for_frame: bool, now: Timestamp) -> Timestamp {
        let most = if for_frame { MOST_WITH_FRAMES } else { MOST };
        let mut left = self.0.len();
        let mut frames = self.0.iter().filter(|(_, is_frame)| *is_frame).count();
        let mut free_at = now;
        for &(at, is_frame) in &self.0 {
            if left < most && (!for_frame || frames < MOST_FRAMES) {
                break;
            }
            left -= 1;
            frames -= usize::from(is_frame);
            free_at = at.after(MINUTE);
        }
        free_at
    }

    /// When the last of it leaves the minute.
    pub(super) fn forgotten_at(&self) -> Option<Timestamp> {
        self.0.back().map(|(at, _)| at.after(MINUTE))
    }
}
