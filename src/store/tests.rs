//! The store as its callers see it, on real files.

mod audit;
mod disk;
mod divide;
mod faults;
mod fixture;
mod forget;
mod notices;
mod quarantine;
mod reminders;
mod rows;
mod standing;
mod topics;
mod unseen;
mod usage;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;

use tempfile::TempDir;
use tokio::task::JoinSet;

use super::*;
use crate::catalog::TierReason;
use crate::chat::StoredTurn;
use crate::chat::fixtures::{self, lane};
use crate::chat::rich::Rich;
use crate::chat::{
    Basis, ChatId, ChatKind, Job, JobId, MessageId, Origin, Outbound, OutboxId, Part, Payload,
    Rank, Sender, Task, UpdateId,
};
use crate::clock::Timestamp;

pub(super) struct Folder(TempDir);

impl Folder {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn file(&self) -> PathBuf {
        self.0.path().join("bot.redb")
    }

    pub(super) fn open(&self) -> Store {
        Store::open(&self.file(), Open::CreateIfMissing).unwrap()
    }
}

pub(super) fn job(id: JobId, lane: Lane) -> Job {
    Job {
        origin: Origin::Updates(vec![UpdateId(70), UpdateId(71)]),
        kind: ChatKind::Group,
        messages: vec![MessageId(5)],
        sender: Sender {
            language: Some("zh-hans".into()),
            ..fixtures::sender(9)
        },
        sent: Timestamp(1_000),
        accepted: Timestamp(2_000),
        ..fixtures::question(id, lane, "why?")
    }
}

pub(super) fn turn(question: &str, message: i32) -> StoredTurn {
    StoredTurn {
        question_messages: vec![MessageId(message)],
        model: "flash".into(),
        reason: TierReason::Code,
        answer: vec![Part::Signed(vec![1, 2]), Part::Text("because".into())],
        ..fixtures::round(question, None)
    }
}

pub(super) fn person(name: &str, last_seen: u64) -> Person {
    Person {
        name: name.into(),
        last_seen: Timestamp(last_seen),
        ..Person::new(&fixtures::sender(9), Timestamp(1))
    }
}

pub(super) fn outbound(chat: i64, text: &str) -> Outbound {
    Outbound {
        part_of: Some((lane(chat, None, 9), JobId(1), 0)),
        ..Outbound::message(ChatId(chat), None, text.to_owned())
    }
}

/// What an operation gives, once it is written.
fn done<T: Send + 'static>(
    store: &Store,
    op: impl Fn(&mut Write<'_>) -> Result<T, StoreError> + Send + 'static,
) -> T {
    store.write(op).wait().unwrap()
}

/// Writes a new job and returns its number.
pub(super) fn add_job(write: &mut Write<'_>) -> Result<JobId, StoreError> {
    let id = write.next_job_id()?;
    write.put_job(&job(id, Lane::Terminal))?;
    Ok(id)
}

impl<T> Pending<T> {
    /// Waits outside of a runtime.
    pub(super) fn wait(self) -> Result<T, StoreError> {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.build().unwrap().block_on(self)
    }
}

/// Keeps the writer busy until the returned sender is dropped.
fn occupy(store: &Store) -> (mpsc::Sender<()>, Pending<()>) {
    let (release, held) = mpsc::channel::<()>();
    let (begun, is_begun) = mpsc::channel();
    let held = parking_lot::Mutex::new(held);
    let pending = store.write(move |_| {
        begun.send(()).unwrap();
        assert!(held.lock().recv().is_err());
        Ok(())
    });
    is_begun.recv().unwrap();
    (release, pending)
}

fn commits(store: &Store) -> u64 {
    store.read_now(Read::commits).unwrap()
}

#[test]
fn writes_are_committed_in_the_order_of_the_calls() {
    let folder = Folder::new();
    let store = folder.open();
    let pending: Vec<_> = (0..600).map(|_| store.write(add_job)).collect();
    let ids: Vec<_> = pending.into_iter().map(|p| p.wait().unwrap().0).collect();
    assert_eq!(ids, (1..=600).collect::<Vec<_>>());
}

#[test]
fn what_waits_together_shares_one_commit() {
    let folder = Folder::new();
    let store = folder.open();
    let before = commits(&store);
    let (release, first) = occupy(&store);
    let waiting: Vec<_> = (0..100).map(|_| store.write(add_job)).collect();
    drop(release);
    first.wait().unwrap();
    for pending in waiting {
        pending.wait().unwrap();
    }
    assert_eq!(commits(&store), before + 2);
}

#[test]
fn a_write_that_can_wait_rides_along_with_the_next_one() {
    let folder = Folder::new();
    let store = folder.open();
    let before = commits(&store);
    let (release, first) = occupy(&store);
    let soon = store.write_soon(add_job);
    let now = store.write(add_job);
    drop(release);
    first.wait().unwrap();
    assert_eq!(soon.wait().unwrap(), JobId(1));
    assert_eq!(now.wait().unwrap(), JobId(2));
    assert_eq!(commits(&store), before + 2);
    assert_eq!(store.write_soon(add_job).wait().unwrap(), JobId(3));
}

#[test]
fn an_operation_that_fails_takes_nobody_along_and_leaves_nothing() {
    let folder = Folder::new();
    let store = folder.open();
    let (release, first) = occupy(&store);
    let good = store.write(add_job);
    let panics = store.write(|write| -> Result<(), _> {
        add_job(write)?;
        panic!("on purpose")
    });
    let fails = store.write(|write| -> Result<(), _> {
        add_job(write)?;
        Err(StoreError::Damaged("on purpose".into()))
    });
    let also_good = store.write(add_job);
    drop(release);
    first.wait().unwrap();
    assert_eq!(good.wait().unwrap(), JobId(1));
    assert!(matches!(panics.wait(), Err(StoreError::Panicked)));
    assert!(matches!(fails.wait(), Err(StoreError::Damaged(_))));
    assert_eq!(also_good.wait().unwrap(), JobId(2));
    assert_eq!(store.read_now(Read::inbox_len).unwrap(), 2);
}

#[test]
fn a_write_takes_place_even_when_nobody_waits_for_it() {
    let folder = Folder::new();
    let store = folder.open();
    drop(store.write(add_job));
    store.close().unwrap();
    let store = folder.open();
    assert_eq!(store.read_now(Read::inbox_len).unwrap(), 1);
}

#[test]
fn closing_commits_what_waits_and_then_refuses() {
    let folder = Folder::new();
    let store = folder.open();
    let waiting: Vec<_> = (0..50).map(|_| store.write_soon(add_job)).collect();
    let secret_of = store.fingerprint("a key");
    store.close().unwrap();
    for pending in waiting {
        pending.wait().unwrap();
    }
    assert!(matches!(
        store.write(add_job).wait(),
        Err(StoreError::Closed)
    ));
    assert!(matches!(
        store.read_now(Read::inbox_len),
        Err(StoreError::Closed)
    ));
    store.close().unwrap();
    let again = folder.open();
    assert_eq!(again.read_now(Read::inbox_len).unwrap(), 50);
    assert_eq!(again.write(add_job).wait().unwrap(), JobId(51));
    assert_eq!(again.fingerprint("a key"), secret_of);
    assert_ne!(again.fingerprint("another"), secret_of);
    let other = Folder::new();
    assert_ne!(other.open().fingerprint("a key"), secret_of);
}

#[test]
fn the_file_is_closed_with_its_last_handle() {
    let folder = Folder::new();
    drop(folder.open());
    let reopened = (0..100_000).any(|_| {
        std::thread::yield_now();
        Store::open(&folder.file(), Open::Existing).is_ok()
    });
    assert!(reopened);
}

#[test]
fn more_waiting_writes_than_the_queue_holds_wait_for_room_and_keep_their_order() {
    let folder = Folder::new();
    let store = folder.open();
    let (release, first) = occupy(&store);
    let pending: Vec<_> = (0..5000).map(|_| store.write(add_job)).collect();
    let outside = |pending: &&Pending<_>| pending.queueing.is_some();
    assert_eq!(pending.iter().filter(outside).count(), 5000 - 4096);
    assert!(pending.iter().take(4096).all(|pending| !outside(&pending)));
    drop(release);
    first.wait().unwrap();
    let ids: Vec<_> = pending.into_iter().map(|p| p.wait().unwrap().0).collect();
    assert_eq!(ids, (1..=5000).collect::<Vec<_>>());
}

#[tokio::test]
async fn who_waits_for_room_is_told_when_the_store_closes() {
    let folder = Folder::new();
    let store = folder.open();
    let (release, first) = occupy(&store);
    let queued: Vec<_> = (0..4096).map(|_| store.write(add_job)).collect();
    let mut outside = store.write(add_job);
    let mut context = Context::from_waker(std::task::Waker::noop());
    assert!(Pin::new(&mut outside).poll(&mut context).is_pending());
    store.0.shared.waiting.begin_close();
    assert!(matches!(outside.await, Err(StoreError::Closed)));
    drop(release);
    first.await.unwrap();
    for (pending, id) in queued.into_iter().zip(1..) {
        assert_eq!(pending.await.unwrap(), JobId(id));
    }
    store.close().unwrap();
    assert_eq!(folder.open().read_now(Read::inbox_len).unwrap(), 4096);
}

#[test]
fn a_panic_inside_a_read_is_an_error() {
    let folder = Folder::new();
    let store = folder.open();
    let answer = store.read_now(|_| -> Result<(), _> { panic!("on purpose") });
    assert!(matches!(answer, Err(StoreError::Panicked)));
    assert_eq!(store.read_now(Read::inbox_len).unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_cache_never_serves_what_is_older_than_an_answered_write() {
    const WRITES: u64 = 300;
    let folder = Folder::new();
    let store = folder.open();
    let written = Arc::new(AtomicU64::new(0));
    let lane = lane(-5, None, 9);
    let mut readers = JoinSet::new();
    for _ in 0..4 {
        let (store, written) = (store.clone(), Arc::clone(&written));
        readers.spawn(async move {
            loop {
                let least = written.load(Ordering::SeqCst);
                let found = store.person(UserId(9)).await.unwrap();
                assert!(found.map_or(0, |person| person.last_seen.0) >= least);
                let window = store.context(lane, Basis::Newest, 10).await.unwrap();
                assert!(window.len() as u64 >= least.min(10));
                let newest = window.last().map_or(0, |turn| turn.asked.0);
                assert!(newest >= least, "{newest} < {least}");
                if least == WRITES {
                    return;
                }
                tokio::task::yield_now().await;
            }
        });
    }
    for count in 1..=WRITES {
        let write = store.write(move |write| {
            write.put_person(UserId(9), &person("Ann", count))?;
            let mut turn = turn("q", 1);
            turn.asked = Timestamp(count);
            write.append_turn(lane, JobId(count), &turn)
        });
        write.await.unwrap();
        written.store(count, Ordering::SeqCst);
    }
    while let Some(reader) = readers.join_next().await {
        reader.unwrap();
    }
}

#[tokio::test]
async fn a_context_is_the_newest_rounds_oldest_first() {
    let folder = Folder::new();
    let store = folder.open();
    let lane = lane(7, None, 7);
    assert!(
        store
            .context(lane, Basis::Newest, 3)
            .await
            .unwrap()
            .is_empty()
    );
    let write = store.write(move |write| {
        for (number, question) in (1..).zip(["a", "b", "c", "d"]) {
            write.append_turn(lane, JobId(number), &turn(question, 1))?;
        }
        Ok(())
    });
    write.await.unwrap();
    for _ in 0..2 {
        let window = store.context(lane, Basis::Newest, 3).await.unwrap();
        let questions: Vec<_> = window.iter().map(|turn| turn.question.clone()).collect();
        assert_eq!(
            questions,
            ["b", "c", "d"].map(|text| vec![Part::Text(text.into())])
        );
    }
    assert_eq!(
        store.context(lane, Basis::Newest, 0).await.unwrap().len(),
        0
    );
    assert_eq!(store.person(UserId(1)).await.unwrap(), None);
}
