//! The way to the scheduler: what it can be asked, from any task.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{mpsc, oneshot};

use super::holds::{Cancelled, Hold, Release};
use crate::app::ending::Request;
use crate::chat::{JobId, Lane, UserId};
use crate::clock::Timestamp;
use crate::queue::{Share, Waiting};

/// Orders that may wait for the scheduler; beyond that the poll is slowed.
const ORDERS: usize = 256;

/// What the scheduler is asked.
pub(crate) enum Order {
    /// A question that is in the inbox.
    Ask(Waiting),
    /// Stop what this lane waits for or runs, let nothing new begin in it until it is released, and
    /// say so when it is idle.
    Cancel {
        lane: Lane,
        request: Request,
        taken: oneshot::Sender<Cancelled>,
        idle: oneshot::Sender<()>,
    },
    /// Stop the job of this lane whose draft this is, whether it waits or runs.
    Stop { lane: Lane, draft: i32 },
    /// Nothing that this person, or anybody in this group, waits for or has running is wanted any
    /// more.
    Discard { whose: UserId },
    /// The question of a job was changed: if it is being answered, that is cancelled and it is asked again.
    Reask(JobId),
    /// Tell which jobs of this lane wait or run.
    Jobs {
        lane: Lane,
        told: oneshot::Sender<Vec<JobId>>,
    },
    /// Tell when the oldest question came that nothing but a free place keeps waiting.
    Oldest(oneshot::Sender<Option<Timestamp>>),
    /// Tell what each of these people has waiting and running.
    Shares {
        persons: Vec<UserId>,
        told: oneshot::Sender<Vec<(UserId, Share)>>,
    },
}

/// What the scheduler listens to.
pub(crate) struct Orders {
    pub(super) asked: mpsc::Receiver<Order>,
    pub(super) released: mpsc::UnboundedReceiver<Release>,
}

/// Numbers others may read at any time.
#[derive(Debug, Default)]
pub(crate) struct Load {
    pub(super) waiting: AtomicUsize,
    pub(super) running: AtomicUsize,
}

/// The way to the scheduler.
#[derive(Clone)]
pub(crate) struct Desk {
    orders: mpsc::Sender<Order>,
    releases: mpsc::UnboundedSender<Release>,
    pub(super) load: Arc<Load>,
}

impl Desk {
    /// The desk, and the end of it that [`super::run()`] listens to.
    pub(crate) fn open() -> (Self, Orders) {
        let (orders, asked) = mpsc::channel(ORDERS);
        let (done, released) = mpsc::unbounded_channel();
        let desk = Self {
            orders,
            releases: done,
            load: Arc::default(),
        };
        (desk, Orders { asked, released })
    }

    /// Queues a question; waits while the scheduler is behind. After the stop it is dropped: its
    /// inbox row brings it back at the next start.
    pub(crate) async fn ask(&self, waiting: Waiting) {
        drop(self.orders.send(Order::Ask(waiting)).await);
    }

    /// Stops what waits and runs in a lane and keeps it for the one who asks: what is asked after
    /// this waits until the hold is dropped. Does not wait for the end of what runs; `request` is how
    /// that ends.
    pub(crate) async fn hold(&self, lane: Lane, request: Request) -> Hold {
        let (taken, what) = oneshot::channel();
        let (idle, ended) = oneshot::channel();
        let order = Order::Cancel {
            lane,
            request,
            taken,
            idle,
        };
        drop(self.orders.send(order).await);
        // Nothing comes once the scheduler has stopped.
        let cancelled = what.await.unwrap_or_default();
        Hold::new(lane, ended, cancelled, self.releases.clone())
    }

    /// Stops one job of a lane, by the number of its draft; says nothing in the chat.
    pub(crate) async fn stop(&self, lane: Lane, draft: i32) {
        drop(self.orders.send(Order::Stop { lane, draft }).await);
    }

    /// Ends without a word all that a person has waiting and running, or that anybody has in a group.
    pub(crate) async fn discard(&self, whose: UserId) {
        drop(self.orders.send(Order::Discard { whose }).await);
    }

    /// Has a job whose row in the inbox was changed answered from the beginning, if it runs. Other
    /// jobs of its lane are not touched.
    pub(crate) async fn cancel_job(&self, job: JobId) {
        drop(self.orders.send(Order::Reask(job)).await);
    }

    /// The jobs of a lane that wait or run; `None` once the scheduler has stopped.
    pub(crate) async fn jobs_of(&self, lane: Lane) -> Option<Vec<JobId>> {
        let (told, jobs) = oneshot::channel();
        self.orders.send(Order::Jobs { lane, told }).await.ok()?;
        jobs.await.ok()
    }

    /// When the oldest question came that waits for nothing but a free place, by the clock that is
    /// never set; `None` where there is none.
    pub(crate) async fn oldest(&self) -> Option<Timestamp> {
        let (told, oldest) = oneshot::channel();
        self.orders.send(Order::Oldest(told)).await.ok()?;
        oldest.await.ok().flatten()
    }

    /// What people have waiting and running; `None` once the scheduler has stopped.
    pub(crate) async fn shares_of(&self, persons: Vec<UserId>) -> Option<Vec<(UserId, Share)>> {
        let (told, shares) = oneshot::channel();
        let order = Order::Shares { persons, told };
        self.orders.send(order).await.ok()?;
        shares.await.ok()
    }

    /// Questions that wait for their turn.
    pub(crate) fn waiting(&self) -> usize {
        self.load.waiting.load(Ordering::Relaxed)
    }

    /// Questions accepted and not ended.
    pub(crate) fn jobs(&self) -> usize {
        self.waiting() + self.running()
    }

    /// Turns under way.
    pub(crate) fn running(&self) -> usize {
        self.load.running.load(Ordering::Relaxed)
    }
}
