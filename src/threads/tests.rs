use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use tokio::time::timeout;

use super::*;

/// Waits for something that another thread is about to do.
fn eventually(what: &str, mut look: impl FnMut() -> bool) {
    for _ in 0..3000 {
        if look() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("not within 30 s: {what}");
}

#[tokio::test]
async fn work_one_at_a_time_stays_on_one_thread() {
    let pool = Pool::new("test", 8).unwrap();
    let mut seen = HashSet::new();
    for _ in 0..100 {
        seen.insert(pool.run(|| thread::current().id()).await.unwrap());
    }
    assert_eq!(seen.len(), 1);
    assert_eq!(pool.0.state.lock().threads, 1);
}

#[tokio::test]
async fn as_much_works_at_once_as_there_are_places_and_no_more() {
    let pool = Pool::new("test", 3).unwrap();
    let (go, gate) = mpsc::channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let held: Vec<_> = (0..3)
        .map(|_| {
            let gate = Arc::clone(&gate);
            let thread = pool.try_take().unwrap();
            thread.run(move || gate.lock().recv().is_ok())
        })
        .collect();
    assert!(pool.try_take().is_none());
    drop(go);
    for held in held {
        held.await.unwrap();
    }
    assert_eq!(pool.run(|| 5).await, Ok(5));
}

#[tokio::test]
async fn a_thread_that_was_not_used_and_one_whose_work_panicked_come_back() {
    let pool = Pool::new("test", 1).unwrap();
    drop(pool.take().await);
    assert_eq!(
        pool.run(|| panic!("as asked")).await,
        Err::<(), _>(Panicked)
    );
    assert_eq!(pool.run(|| 5).await, Ok(5));
    assert_eq!(pool.0.state.lock().threads, 1);
}

#[tokio::test]
async fn work_goes_on_when_nobody_waits_and_holds_its_place_until_it_ends() {
    let pool = Pool::new("test", 1).unwrap();
    let (go, gate) = mpsc::channel::<()>();
    let (done, ended) = mpsc::channel();
    drop(pool.take().await.run(move || {
        gate.recv().ok();
        done.send(()).unwrap();
    }));
    assert_eq!(pool.free(), 0);
    drop(go);
    ended.recv().unwrap();
    eventually("the place is free", || pool.free() == 1);
}

#[tokio::test]
async fn work_is_within_the_runtime_of_the_caller() {
    let pool = Pool::new("test", 1).unwrap();
    let inside = pool.run(|| Handle::try_current().is_ok());
    assert_eq!(inside.await, Ok(true));
}

/// Threads that may still be made, for [`failing`].
static LEFT: AtomicUsize = AtomicUsize::new(2);

fn failing(home: &Arc<Shared>, number: u64, inbox: Receiver<Job>) -> io::Result<()> {
    let take = |left: usize| left.checked_sub(1);
    match LEFT.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take) {
        Ok(_) => spawn(home, number, inbox),
        Err(_none) => Err(io::ErrorKind::WouldBlock.into()),
    }
}

#[tokio::test]
async fn a_thread_that_cannot_be_made_is_a_full_place_and_is_tried_again_later() {
    let pool = Pool::spawning("test", 20, failing).unwrap();
    let (begins, running) = mpsc::channel();
    let (go, gate) = mpsc::channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let mut work = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (pool, gate, begins) = (pool.clone(), Arc::clone(&gate), begins.clone());
        work.spawn(async move {
            let held = move || {
                begins.send(()).unwrap();
                gate.lock().recv().ok();
            };
            pool.run(held).await
        });
    }
    let mut began = 0;
    for _ in 0..3000 {
        began += running.try_iter().count();
        if began == 2
            && pool
                .0
                .state
                .lock()
                .withdrawn
                .is_some_and(|lost| lost.places == 18)
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!((began, pool.0.state.lock().threads), (2, 2));
    assert!(pool.try_take().is_none());
    // The limit is lifted, and the time has come.
    LEFT.store(100, Ordering::SeqCst);
    let past = clock::instant();
    if let Some(withdrawn) = &mut pool.0.state.lock().withdrawn {
        withdrawn.until = past;
    }
    drop(go);
    while let Some(ended) = work.join_next().await {
        assert_eq!(ended.unwrap(), Ok(()));
    }
    assert_eq!(pool.free(), 20);
}

/// Whether a second thread may be made, for [`lifted_later`].
static MAY_BE_MADE: AtomicBool = AtomicBool::new(false);

fn lifted_later(home: &Arc<Shared>, number: u64, inbox: Receiver<Job>) -> io::Result<()> {
    if number == 0 || MAY_BE_MADE.load(Ordering::SeqCst) {
        return spawn(home, number, inbox);
    }
    Err(io::ErrorKind::WouldBlock.into())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn places_are_offered_again_while_the_only_thread_is_at_work() {
    let pool = Pool::spawning("test", 3, lifted_later).unwrap();
    let (go, gate) = mpsc::channel::<()>();
    let hung = pool.try_take().unwrap().run(move || gate.recv().is_err());
    let mut waiting = tokio::task::JoinSet::new();
    let taker = pool.clone();
    waiting.spawn(async move { taker.run(|| 5).await });
    eventually("every other place is withdrawn", || {
        let withdrawn = pool.0.state.lock().withdrawn;
        withdrawn.is_some_and(|withdrawn| withdrawn.places == 2)
    });
    MAY_BE_MADE.store(true, Ordering::SeqCst);
    let answered = timeout(Duration::from_secs(30), waiting.join_next()).await;
    let answered = answered.expect("the thread that hangs is waited for");
    assert_eq!(answered.unwrap().unwrap(), Ok(5));
    drop(go);
    assert_eq!(hung.await, Ok(true));
}

#[test]
fn a_pool_without_any_thread_is_not_made() {
    let never = |_: &Arc<Shared>, _: u64, _: Receiver<Job>| Err(io::ErrorKind::WouldBlock.into());
    assert!(Pool::spawning("test", 4, never).is_err());
}

#[test]
fn idle_threads_may_end_but_for_the_last() {
    let pool = Pool::new("test", 4).unwrap();
    let taken: Vec<_> = (0..3).map(|_| pool.try_take().unwrap()).collect();
    assert!(!pool.0.may_end(0), "it is at work");
    drop(taken);
    assert!(pool.0.may_end(0));
    assert!(pool.0.may_end(2));
    assert!(!pool.0.may_end(1), "it is the last");
}

#[test]
fn threads_end_with_their_pool() {
    let pool = Pool::new("test", 1).unwrap();
    let home = Arc::downgrade(&pool.0);
    drop(pool);
    eventually("nothing is held", || home.upgrade().is_none());
}

#[test]
fn a_runtimes_threads_are_made_beforehand() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(2)
        .build()
        .unwrap();
    warm_up(runtime.handle(), 2, Duration::from_secs(30)).unwrap();
    let gone = warm_up(runtime.handle(), 3, Duration::from_millis(50));
    assert!(gone.is_err(), "more than there can be");
}
