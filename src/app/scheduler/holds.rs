//! Lanes that a command has taken for itself: what was asked before it is ended, what is asked after
//! it waits until its effect is on disk.
//!
//! Invariant: the commands of one lane are given it one after the other, in the order they came.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::chat::{JobId, Lane};

/// Who holds lanes; owned by the scheduler.
#[derive(Debug, Default)]
pub(super) struct Holds(HashMap<Lane, Holders>);

#[derive(Debug, Default)]
struct Holders {
    /// Commands that have not released the lane yet.
    count: usize,
    /// One of them was told that the lane is its own.
    is_given: bool,
    /// Those that wait to be told, in their order.
    waiting: VecDeque<oneshot::Sender<()>>,
}

/// A lane that is released.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Release {
    pub(super) lane: Lane,
    /// By the command that the lane was given to.
    was_given: bool,
}

impl Holds {
    pub(super) fn add(&mut self, lane: Lane, idle: oneshot::Sender<()>) {
        let holders = self.0.entry(lane).or_default();
        holders.count += 1;
        holders.waiting.push_back(idle);
    }

    /// Gives the lane, in which nothing runs, to the first command that still waits for it.
    pub(super) fn give(&mut self, lane: Lane) {
        let Some(holders) = self.0.get_mut(&lane) else {
            return;
        };
        while !holders.is_given
            && let Some(next) = holders.waiting.pop_front()
        {
            // Whoever lost patience does not listen any more.
            holders.is_given = next.send(()).is_ok();
        }
    }

    /// Whether nobody holds the lane any more.
    pub(super) fn remove(&mut self, release: Release) -> bool {
        let Some(holders) = self.0.get_mut(&release.lane) else {
            return true;
        };
        holders.count = holders.count.saturating_sub(1);
        holders.is_given &= !release.was_given;
        if holders.count == 0 {
            self.0.remove(&release.lane);
            return true;
        }
        false
    }
}

/// What a cancelled lane had: jobs that never began, and whether one was running. Their inbox rows
/// are the asker's to remove.
#[derive(Debug, Default)]
pub(crate) struct Cancelled {
    pub(crate) waiting: Vec<JobId>,
    pub(crate) running: bool,
}

/// A lane in which nothing begins until this is dropped.
#[derive(Debug)]
pub(crate) struct Hold {
    lane: Lane,
    /// Comes when nothing runs there any more, and no earlier command holds it.
    idle: oneshot::Receiver<()>,
    was_given: bool,
    cancelled: Cancelled,
    released: mpsc::UnboundedSender<Release>,
}

impl Hold {
    pub(super) fn new(
        lane: Lane,
        idle: oneshot::Receiver<()>,
        cancelled: Cancelled,
        released: mpsc::UnboundedSender<Release>,
    ) -> Self {
        Self {
            lane,
            idle,
            was_given: false,
            cancelled,
            released,
        }
    }

    /// Waits, at most so long, until the lane is idle; what was cancelled in it.
    pub(crate) async fn idle(&mut self, patience: Duration) -> Cancelled {
        self.was_given = matches!(timeout(patience, &mut self.idle).await, Ok(Ok(())));
        std::mem::take(&mut self.cancelled)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        // Told in the moment in which it was dropped.
        self.was_given |= self.idle.try_recv().is_ok();
        // Fails only once the scheduler has stopped. There are no more of these than commands.
        let _stopped = self.released.send(Release {
            lane: self.lane,
            was_given: self.was_given,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(holds: &mut Holds, released: &mpsc::UnboundedSender<Release>) -> Hold {
        let (idle, told) = oneshot::channel();
        holds.add(Lane::Terminal, idle);
        Hold::new(Lane::Terminal, told, Cancelled::default(), released.clone())
    }

    /// Whether the command is told by now that the lane is its own.
    async fn is_given(hold: &mut Hold) -> bool {
        hold.idle(Duration::ZERO).await;
        hold.was_given
    }

    #[tokio::test]
    async fn commands_of_one_lane_are_given_it_one_after_the_other() {
        let (sender, mut releases) = mpsc::unbounded_channel();
        let mut holds = Holds::default();
        let mut first = hold(&mut holds, &sender);
        let mut second = hold(&mut holds, &sender);
        assert!(!is_given(&mut first).await, "something runs there");
        holds.give(Lane::Terminal);
        holds.give(Lane::Terminal);
        assert!(is_given(&mut first).await);
        assert!(!is_given(&mut second).await);
        drop(first);
        assert!(!holds.remove(releases.recv().await.unwrap()));
        holds.give(Lane::Terminal);
        assert!(is_given(&mut second).await);
        drop(second);
        assert!(holds.remove(releases.recv().await.unwrap()));
        assert!(holds.0.is_empty());
    }

    #[tokio::test]
    async fn a_command_that_goes_before_its_turn_holds_up_nobody() {
        let (sender, mut releases) = mpsc::unbounded_channel();
        let mut holds = Holds::default();
        let mut first = hold(&mut holds, &sender);
        let gone = hold(&mut holds, &sender);
        let mut third = hold(&mut holds, &sender);
        let told_and_gone = hold(&mut holds, &sender);
        holds.give(Lane::Terminal);
        assert!(is_given(&mut first).await);
        drop(gone);
        assert!(!holds.remove(releases.recv().await.unwrap()));
        drop(first);
        assert!(!holds.remove(releases.recv().await.unwrap()));
        holds.give(Lane::Terminal);
        assert!(is_given(&mut third).await);
        drop(third);
        assert!(!holds.remove(releases.recv().await.unwrap()));
        holds.give(Lane::Terminal);
        drop(told_and_gone);
        assert!(holds.remove(releases.recv().await.unwrap()));
    }
}
