//! The data file in every bad state (design §6, P6): a sentence of its own, an exit code, no
//! panic, and not a byte changed; and a disk that fills while the bot runs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use crate::world::telegram::Message;
use crate::world::{PATIENCE, World, eventually, is_full_run, setting, time_passes};

/// Bytes of a data file that has been in use.
fn used_file() -> Vec<u8> {
    let mut world = World::new().start();
    for question in ["one", "two", "three"] {
        world.telegram.person(1).is_answered(question);
    }
    world.terminate();
    let bytes = fs::read(world.data_file()).expect("a data file");
    world.stop();
    bytes
}

/// May pass by itself: systemd starts the bot again.
const FAILED: i32 = 1;
/// Somebody has to do something first.
const CONFIGURATION: i32 = 78;

/// Starts the bot over a data file that it must refuse with this exit code; its last words.
#[track_caller]
fn refusal(world: &mut World, what: &str, code: i32) -> String {
    let ended = world.run(&["run"], "");
    assert_eq!(ended.code, Some(code), "{what}: {}", ended.stderr);
    assert!(
        !ended.stderr.contains("panicked"),
        "{what}: {}",
        ended.stderr
    );
    let file = world.data_file();
    let (path, folder) = (
        file.display().to_string(),
        file.parent().unwrap().display().to_string(),
    );
    assert!(
        ended.stderr.contains(&folder),
        "{what}: no file is named: {}",
        ended.stderr
    );
    let last = ended.stderr.lines().rfind(|line| !line.trim().is_empty());
    let last = last.unwrap_or_else(|| panic!("{what}: not a word"));
    last.replace(&path, "FILE")
}

#[test]
fn rows_that_cannot_be_read_are_set_aside_and_the_bot_goes_on() {
    use redb::{Database, ReadableTable, TableDefinition};
    let mut world = World::new().start();
    for question in ["one", "two"] {
        world.telegram.person(1).is_answered(question);
    }
    world.terminate();
    let file = Database::open(world.data_file()).expect("a data file");
    let changes = file.begin_write().unwrap();
    // Where a table is empty: the key of a number.
    let any = [0, 0, 0, 0, 0, 0, 0, 1];
    let tables = [
        "inbox",
        "outbox",
        "seen",
        "chat_history",
        "by_message",
        "user_registry",
        "key_ledger",
        "key_state",
    ];
    for (at, table) in tables.into_iter().enumerate() {
        let table: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new(table);
        let mut rows = changes.open_table(table).unwrap();
        let first = rows.first().unwrap().map(|(key, _)| key.value().to_vec());
        let key = first.unwrap_or(any.to_vec());
        // Of a version to come, or scribbled.
        let row: &[u8] = if at % 2 == 0 { &[200, 1] } else { &[1, 253] };
        rows.insert(key.as_slice(), row).unwrap();
    }
    changes.commit().unwrap();
    drop(file);
    world.restart();
    world.telegram.person(1).is_answered("three");
    let told = world.run(&["status"], "");
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    let count = format!("{} unreadable rows", tables.len());
    assert!(told.stdout.contains(&count), "{}", told.stdout);
    world.stop();
}

#[test]
fn each_bad_data_file_gets_its_own_sentence_and_stays_as_it_is() {
    let good = used_file();
    let scribbled = |range: std::ops::Range<usize>| {
        let mut bytes = good.clone();
        bytes[range].fill(0xA5);
        bytes
    };
    let table = [
        ("truncated", good[..good.len() / 2].to_vec()),
        ("scribbled header", scribbled(16..4096)),
        ("empty", Vec::new()),
        (
            "foreign",
            b"PK\x03\x04 this is somebody's archive".repeat(400),
        ),
    ];
    let mut sentences = BTreeSet::new();
    for (what, bytes) in &table {
        let mut world = World::new().prepare();
        fs::write(world.data_file(), bytes).unwrap();
        sentences.insert(refusal(&mut world, what, CONFIGURATION));
        assert!(
            fs::read(world.data_file()).unwrap() == *bytes,
            "{what}: the file was changed"
        );
        assert!(
            world.telegram.calls("getUpdates").is_empty(),
            "{what}: it polled"
        );
        world.stop();
    }
    let mut world = World::new().prepare();
    fs::create_dir(world.data_file()).unwrap();
    sentences.insert(refusal(&mut world, "a folder", CONFIGURATION));
    world.stop();
    assert!(sentences.len() >= 4, "too alike: {sentences:#?}");
}

#[test]
fn scribbled_pages_end_in_a_sentence_or_harm_nobody() {
    let mut bytes = used_file();
    bytes[4096..].fill(0xA5);
    let mut world = World::new().prepare();
    fs::write(world.data_file(), &bytes).unwrap();
    refusal(&mut world, "scribbled pages", CONFIGURATION);
    assert!(
        fs::read(world.data_file()).unwrap() == bytes,
        "the file was changed"
    );
    world.stop();
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let mut world = World::new()
        .env("DATA_FILE", "/proc/svs-bot-tests/svs-bot.redb")
        .prepare();
    refusal(&mut world, "unwritable", CONFIGURATION);
    world.stop();
}

#[test]
fn a_file_that_another_bot_holds_is_left_to_it() {
    let mut world = World::new().start();
    let polls = world.telegram.calls("getUpdates").len();
    refusal(&mut world, "locked", FAILED);
    assert_eq!(
        world.telegram.calls("getUpdates").len(),
        polls,
        "the second bot polled"
    );
    world.telegram.person(1).is_answered("still here");
    world.stop();
}

/// A tmpfs of a few megabytes in place of the data folder; gone when dropped.
pub(crate) struct SmallDisk {
    /// Where this test sees it.
    pub(crate) place: PathBuf,
    is_ours_to_unmount: bool,
}

const MOUNT: &str = "mount -t tmpfs -o size=16m tmpfs";

/// A mount namespace of its own for the bot, with a small disk under its data file that this
/// script treats first; `$0` is the folder.
fn apart(world: &World, treatment: &str) -> Vec<String> {
    let folder = world.data_file().parent().unwrap().display().to_string();
    let script = format!("{MOUNT} \"$0\" && {treatment} && exec \"$@\"");
    ["unshare", "-rm", "sh", "-c", &script, &folder]
        .map(str::to_owned)
        .to_vec()
}

fn works(line: &[String]) -> bool {
    let output = Command::new(&line[0]).args(&line[1..]).output();
    output.is_ok_and(|out| out.status.success())
}

/// Where no disk can be mounted the gate fails, and a visitor's run says what it did not show.
pub(crate) fn not_shown(what: &str) {
    assert!(setting("CI").is_none(), "{what}: no right to mount a tmpfs");
    eprintln!("NOT SHOWN: {what}, for want of the right to mount a tmpfs");
}

impl SmallDisk {
    /// Mounts one where we may.
    fn mount(world: &World) -> Option<Self> {
        let place = world.data_file().parent().unwrap().to_owned();
        let line = format!("{MOUNT} {}", place.display());
        let line: Vec<String> = line.split(' ').map(str::to_owned).collect();
        works(&line).then_some(Self {
            place,
            is_ours_to_unmount: true,
        })
    }

    /// Starts the bot with a small disk under its data file: by mounting one, else by giving the
    /// bot a mount namespace of its own. `None` where neither is allowed.
    pub(crate) fn under(world: &mut World) -> Option<Self> {
        if let Some(disk) = Self::mount(world) {
            world.restart();
            return Some(disk);
        }
        let inside = apart(world, "true");
        if !works(&[&inside[..], &["true".to_owned()]].concat()) {
            return None;
        }
        let folder = world.data_file().parent().unwrap().to_owned();
        world.wrap(&inside.iter().map(String::as_str).collect::<Vec<_>>());
        world.restart();
        let root = format!("/proc/{}/root{}", world.bot_id(), folder.display());
        Some(Self {
            place: root.into(),
            is_ours_to_unmount: false,
        })
    }

    /// Takes every byte that is free; the file that holds them.
    fn fill(&self) -> PathBuf {
        let ballast = self.place.join("ballast");
        let written = fs::write(&ballast, vec![0; 64 << 20]);
        assert!(
            written.is_err(),
            "the small disk is larger than it should be"
        );
        ballast
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if self.is_ours_to_unmount {
            Command::new("umount")
                .arg("-l")
                .arg(&self.place)
                .status()
                .ok();
        }
    }
}

#[test]
fn a_full_disk_at_the_start_is_a_failure_that_may_pass() {
    let mut world = World::new().prepare();
    if let Some(disk) = SmallDisk::mount(&world) {
        disk.fill();
        refusal(&mut world, "full disk", FAILED);
        drop(disk);
        return world.stop();
    }
    let fill = "{ head -c 64m /dev/zero > \"$0/ballast\" 2>/dev/null || true; }";
    let inside = apart(&world, fill);
    if works(&[&inside[..], &["true".to_owned()]].concat()) {
        world.wrap(&inside.iter().map(String::as_str).collect::<Vec<_>>());
        refusal(&mut world, "full disk", FAILED);
    } else {
        not_shown("the full disk at the start");
    }
    world.stop();
}

#[test]
fn a_full_disk_pauses_the_bot_and_it_goes_on_when_space_returns() {
    let mut world = World::new().open().prepare();
    let Some(disk) = SmallDisk::under(&mut world) else {
        not_shown("the disk that fills");
        return world.stop();
    };
    world.telegram.person(6).is_answered("before");
    let owner = world.telegram.person(1);
    owner.is_answered("I am here");
    let (ballast, logged) = (disk.fill(), world.log().len());
    // Pages that are free already take some questions; the rest has to find the disk full.
    let text = "x".repeat(3000);
    let mut asked = 0;
    let mut ask = |world: &World| {
        asked += 1;
        let person = world.telegram.person(100 + asked);
        person.says(&format!("{text} end"));
    };
    let patience = Duration::from_secs(30);
    eventually(patience, "the log tells of the full disk", || {
        ask(&world);
        let news = world.log().split_off(logged).to_lowercase();
        news.contains("disk") || news.contains("space")
    });
    owner.hears_about("disk is full");
    for _ in 0..if is_full_run() { 25 } else { 3 } {
        ask(&world);
        time_passes(Duration::from_secs(1));
    }
    assert!(world.bot_is_running(), "a full disk ended the bot");
    let polls = world.telegram.calls("getUpdates").len();
    fs::remove_file(ballast).unwrap();
    eventually(Duration::from_mins(1), "it polls again", || {
        world.telegram.calls("getUpdates").len() > polls
    });
    eventually(Duration::from_secs(90), "everybody is answered", || {
        (1..=asked).all(|id| !world.telegram.said_to(100 + id).is_empty())
    });
    world.telegram.person(6).is_answered("after");
    owner.sees("that it is over, in the same message", |shown| {
        let of_disk = |it: &&Message| it.text.contains("My disk is full");
        let mut told = shown.iter().filter(of_disk);
        let first = told.next();
        told.next().is_none() && first.is_some_and(|it| it.text.contains("Over, after"))
    });
    eventually(PATIENCE, "all is confirmed", || world.telegram.is_drained());
    for id in 1..=asked {
        assert_eq!(world.telegram.said_to(100 + id).len(), 1, "nothing twice");
    }
    world.stop();
    drop(disk);
}

#[test]
fn a_data_file_that_is_removed_while_it_runs_is_put_back_and_the_owner_told() {
    let mut world = World::new().open().start();
    let owner = world.telegram.person(1);
    owner.is_answered("before");
    fs::remove_file(world.data_file()).unwrap();
    let mut people = (100..).map(|id| world.telegram.person(id));
    eventually(PATIENCE, "it is put back", || {
        people.next().unwrap().is_answered("are you well?");
        world.data_file().exists()
    });
    drop(people);
    owner.hears_about("put it back");
    owner.is_answered("after");
    world.kill();
    world.restart();
    assert!(owner.is_answered("and now?").contains("[2 rounds]"));
    world.stop();
}

#[test]
fn a_data_file_that_is_replaced_while_it_runs_ends_the_bot_and_ours_is_kept() {
    let mut world = World::new().open().start();
    let owner = world.telegram.person(1);
    owner.is_answered("before");
    world.terminate();
    let backup = world.folder().join("backup.redb");
    fs::copy(world.data_file(), &backup).unwrap();
    world.restart();
    owner.is_answered("after");
    fs::rename(&backup, world.data_file()).unwrap();
    let telegram = Arc::clone(&world.telegram);
    let mut people = (100..).map(|id| telegram.person(id));
    eventually(PATIENCE, "it leaves", || {
        people.next().unwrap().says("are you well?");
        !world.bot_is_running()
    });
    let ended = world.leaves(PATIENCE);
    assert_eq!(ended.code, Some(1), "systemd starts it again");
    owner.hears_about("can't rely on my data file");
    let mut kept = world.data_file().into_os_string();
    kept.push(".displaced");
    assert!(Path::new(&kept).exists());
    world.restart();
    assert!(owner.is_answered("and now?").contains("[1 rounds]"));
    world.stop();
}
