//! What is known before a batch is sorted and stored.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::chat::pieces::Seam;
use crate::chat::{Job, Lane, UserId};
use crate::clock::Timestamp;

/// What the intake knows when a batch comes.
pub(super) struct Before {
    /// Questions that the inbox still takes.
    pub(super) room: usize,
    /// Questions that wait for a further piece.
    pub(super) seams: HashMap<Lane, Seam>,
    /// The newest question of a lane, for a while after it was asked.
    pub(super) recent: HashMap<Lane, Arc<Job>>,
    /// People who were told within a minute that they ask too much at once.
    pub(super) told: HashSet<UserId>,
    /// Telegram was not heard for so long before that presses may be old.
    pub(super) is_behind: bool,
    /// When Telegram was heard, as it is stored with the offset while more of what waited is to come.
    pub(super) heard: Timestamp,
}
