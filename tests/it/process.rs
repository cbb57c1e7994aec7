//! The bot as a process of a machine: threads that cannot be made, threads and look-ups that are not
//! needed, a log that nobody reads, signals, and proxies of the environment.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::world::{PATIENCE, World, eventually};

/// Whether a program can be run here with these arguments.
fn works(line: &[&str]) -> bool {
    let ended = Command::new(line[0]).args(&line[1..]).output();
    ended.is_ok_and(|ended| ended.status.success())
}

/// A user of this test alone, so that nobody else's processes count; `None`, with a reason on
/// standard error, where the test may not run as another one.
fn user_of_its_own(number: u32) -> Option<String> {
    let user = (40_000 + std::process::id() % 10_000 + number * 10_000).to_string();
    let line = [
        "setpriv",
        "--reuid",
        user.as_str(),
        "--clear-groups",
        "prlimit",
        "--nproc=64",
    ];
    if works(&[&line[..], &["true"]].concat()) {
        return Some(user);
    }
    eprintln!("skipped: no way to run as another user with a limit (setpriv, prlimit, root)");
    None
}

/// The bot's folder and binary for a user who is not the one of the test.
fn give_to(world: &World, user: &str) {
    let number = Some(user.parse().unwrap());
    for path in [world.folder().to_owned(), world.folder().join("data")] {
        chown(&path, number, None).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
    }
}

fn threads_of(process: u32) -> usize {
    fs::read_dir(format!("/proc/{process}/task")).map_or(0, Iterator::count)
}

#[test]
fn where_few_threads_can_be_made_a_hundred_people_are_answered_all_the_same() {
    let Some(user) = user_of_its_own(0) else {
        return;
    };
    for limit in ["64", "24"] {
        let mut world = World::new().open().prepare();
        give_to(&world, &user);
        let limited = format!("--nproc={limit}");
        world.wrap(&[
            "setpriv",
            "--reuid",
            &user,
            "--clear-groups",
            "prlimit",
            &limited,
        ]);
        world.gemini.works_for(Duration::from_millis(200));
        world.restart();
        for id in 100..200 {
            world.telegram.person(id).says("hello");
        }
        for id in 100..200 {
            world.telegram.person(id).hears_about("hello");
        }
        let most: usize = limit.parse().unwrap();
        assert!(threads_of(world.bot_id()) <= most);
        let log = world.log();
        assert!(log.contains("threads can be made here"), "it says so");
        world.stop();
    }
}

#[test]
fn a_limit_that_closes_in_while_the_bot_runs_costs_slots_and_no_answer() {
    let Some(user) = user_of_its_own(1) else {
        return;
    };
    let mut world = World::new().open().prepare();
    give_to(&world, &user);
    world.wrap(&["setpriv", "--reuid", &user, "--clear-groups"]);
    world.gemini.works_for(Duration::from_millis(50));
    world.restart();
    world.telegram.person(7).is_answered("first");
    let bot = world.bot_id().to_string();
    let lower = ["prlimit", "--pid", &bot, "--nproc=1:1"];
    assert!(works(
        &[&["setpriv", "--reuid", &user, "--clear-groups"], &lower[..]].concat()
    ));
    for id in 100..130 {
        world.telegram.person(id).says("hello");
    }
    for id in 100..130 {
        world.telegram.person(id).hears_about("hello");
    }
    assert!(world.log().contains("no thread can be made"));
    world.stop();
}

#[test]
fn a_hundred_messages_over_warm_connections_make_no_thread_and_no_look_up() {
    const MESSAGES: i64 = 100;
    /// A thread may be made for two things that happen to be sent at once; three for a message were
    /// the fault. A look-up is due once a minute and service.
    const BY_CHANCE: usize = 10;
    if !works(&["strace", "-D", "-f", "-o", "/dev/null", "true"]) {
        eprintln!("skipped: strace is not here, or may not trace");
        return;
    }
    let mut world = World::new().open().prepare();
    for setting in ["TELEGRAM_API_URL", "GEMINI_API_URL"] {
        let port = world.port_of(setting);
        world.sets(setting, &format!("http://localhost:{port}"));
    }
    let trace = world.folder().join("trace");
    let path = trace.display().to_string();
    let calls = "trace=clone,clone3,open,openat";
    world.wrap(&[
        "strace",
        "-D",
        "-f",
        "-qq",
        "-e",
        "signal=none",
        "-e",
        calls,
        "-o",
        &path,
    ]);
    world.restart();
    let count = |what: &[&str]| {
        let text = fs::read_to_string(&trace).unwrap_or_default();
        let is_meant = |line: &&str| what.iter().any(|what| line.contains(what));
        text.lines().filter(is_meant).count()
    };
    for id in 100..120 {
        world.telegram.person(id).is_answered("warm up");
    }
    let look = || (count(&["clone(", "clone3("]), count(&["/etc/hosts"]));
    let (threads, names) = look();
    assert!(
        threads > 5 && names > 0,
        "{threads} {names}: nothing is traced"
    );
    for id in 0..MESSAGES {
        world.telegram.person(1000 + id).is_answered("hello");
    }
    let (threads, names) = (look().0 - threads, look().1 - names);
    eprintln!("{MESSAGES} messages: {threads} threads made, {names} look-ups");
    assert!(threads <= BY_CHANCE, "{threads} threads");
    assert!(names <= BY_CHANCE, "{names} look-ups");
    world.stop();
}

#[test]
fn a_log_that_nobody_reads_stops_nothing() {
    let mut world = World::new().open().prepare();
    world.launch_unread();
    for id in 100..140 {
        world.telegram.person(id).is_answered("hello");
    }
    world.terminate();
    // Somebody comes to read it only when there was more than the bot keeps.
    world.launch_unread();
    for id in 200..400 {
        world.telegram.person(id).says("hello");
    }
    for id in 200..400 {
        world.telegram.person(id).hears_about("hello");
    }
    world.log_is_read();
    eventually(
        PATIENCE,
        "what had room is read, and the rest is counted",
        || {
            let log = world.log();
            log.contains("started") && log.contains("lines of this log were dropped")
        },
    );
    world.stop();
}

#[test]
fn a_hangup_is_noted_and_ignored() {
    let mut world = World::new().open().start();
    world.telegram.person(7).is_answered("before");
    world.signal("HUP");
    eventually(PATIENCE, "it is noted", || world.log().contains("SIGHUP"));
    world.telegram.person(7).is_answered("after");
    assert!(world.bot_is_running());
    world.stop();
}

/// An HTTP proxy that connects to loopback, whatever host is asked for. It wants a password.
fn proxy(connections: &Arc<AtomicUsize>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::clone(connections);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            connections.fetch_add(1, Ordering::Relaxed);
            thread::spawn(move || tunnel(stream));
        }
    });
    port
}

fn tunnel(stream: TcpStream) -> io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        lines.read_line(&mut head)?;
    }
    let mut stream = stream;
    // me:hunter2
    if !head.contains("Basic bWU6aHVudGVyMg==") {
        return stream.write_all(b"HTTP/1.1 407 Who are you\r\ncontent-length: 0\r\n\r\n");
    }
    let target = head.split_whitespace().nth(1).unwrap_or_default();
    let port = target.rsplit_once(':').map_or("", |(_, port)| port);
    let service = TcpStream::connect(format!("127.0.0.1:{port}"))?;
    stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
    let (mut up, mut down) = (service.try_clone()?, service);
    let mut back = stream.try_clone()?;
    thread::spawn(move || {
        io::copy(&mut down, &mut back).ok();
        back.shutdown(Shutdown::Both).ok();
    });
    io::copy(&mut lines, &mut up).ok();
    up.shutdown(Shutdown::Both)
}

#[test]
fn the_proxy_of_the_environment_is_followed_and_named_without_its_password() {
    let connections = Arc::new(AtomicUsize::new(0));
    let port = proxy(&connections);
    let mut world = World::new().open().prepare();
    for (setting, host) in [
        ("TELEGRAM_API_URL", "telegram"),
        ("GEMINI_API_URL", "gemini"),
    ] {
        let port = world.port_of(setting);
        // No resolver knows them: the proxy does.
        world.sets(setting, &format!("http://{host}.invalid:{port}"));
    }
    world.sets("HTTP_PROXY", &format!("http://me:hunter2@127.0.0.1:{port}"));
    world.restart();
    world.telegram.person(7).is_answered("hello");
    assert!(connections.load(Ordering::Relaxed) >= 2);
    let log = world.log();
    let named = log
        .lines()
        .filter(|line| line.contains("reached through a proxy"));
    let named: Vec<&str> = named.collect();
    assert_eq!(named.len(), 2, "{named:?}");
    assert!(
        named
            .iter()
            .all(|line| line.contains("HTTP_PROXY") && line.contains("***@127"))
    );
    world.terminate();
    assert!(
        !world.log().contains("hunter2"),
        "the password is in the log"
    );
    // Switched off, the names lead nowhere.
    world.sets("TELEGRAM_PROXY", "none");
    world.launch();
    eventually(PATIENCE, "it tries", || {
        world
            .log()
            .matches("the host's name was not resolved")
            .count()
            > 0
    });
    world.stop();
}

#[test]
fn a_proxy_of_ones_own_is_followed_for_each_service() {
    let mut world = World::new().open().prepare();
    let counts = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
    for (service, count) in ["TELEGRAM", "GEMINI"].into_iter().zip(&counts) {
        let address = format!("{service}_API_URL");
        let port = world.port_of(&address);
        let host = service.to_lowercase();
        world.sets(&address, &format!("http://{host}.invalid:{port}"));
        let proxy = proxy(count);
        world.sets(
            &format!("{service}_PROXY"),
            &format!("http://me:hunter2@127.0.0.1:{proxy}"),
        );
    }
    world.restart();
    let counted = || counts.each_ref().map(|count| count.load(Ordering::Relaxed));
    let [telegram, gemini] = counted();
    assert!(telegram > 0 && gemini == 0, "nobody has asked yet");
    world.telegram.person(7).is_answered("hello");
    assert!(counted()[1] > 0, "the question went by the other");
    world.stop();
}
