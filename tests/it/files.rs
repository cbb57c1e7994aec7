//! The data file in every bad state (design §6, P6): a sentence of its own, an exit code, no
//! panic, and not a byte changed; and a disk that fills while the bot runs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::world::{PATIENCE, World, eventually};

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

/// Starts the bot over a data file that it must refuse; its last words.
#[track_caller]
fn refusal(world: &mut World, what: &str) -> String {
    let ended = world.run(&["run"], "");
    assert!(
        matches!(ended.code, Some(1 | 78)),
        "{what}: exit {:?}",
        ended.code
    );
    assert!(
        !ended.stderr.contains("panicked"),
        "{what}: {}",
        ended.stderr
    );
    let file = world.data_file();
    let path = file.display().to_string();
    assert!(
        ended.stderr.contains(&path),
        "{what}: the file is not named: {}",
        ended.stderr
    );
    let last = ended.stderr.lines().rfind(|line| !line.trim().is_empty());
    let last = last.unwrap_or_else(|| panic!("{what}: not a word"));
    last.replace(&path, "FILE")
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
        sentences.insert(refusal(&mut world, what));
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
    sentences.insert(refusal(&mut world, "a folder"));
    world.stop();
    assert!(sentences.len() >= 4, "too alike: {sentences:#?}");
}

#[test]
fn scribbled_pages_end_in_a_sentence_or_harm_nobody() {
    let mut bytes = used_file();
    bytes[4096..].fill(0xA5);
    let mut world = World::new().prepare();
    fs::write(world.data_file(), &bytes).unwrap();
    refusal(&mut world, "scribbled pages");
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
    refusal(&mut world, "unwritable");
    world.stop();
}

#[test]
fn a_file_that_another_bot_holds_is_left_to_it() {
    let mut world = World::new().start();
    let polls = world.telegram.calls("getUpdates").len();
    refusal(&mut world, "locked");
    assert_eq!(
        world.telegram.calls("getUpdates").len(),
        polls,
        "the second bot polled"
    );
    world.telegram.person(1).is_answered("still here");
    world.stop();
}

/// A tmpfs of a few megabytes; unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None`, with a word on stderr, where this user may not mount.
    fn mount(at: &Path, size: &str) -> Option<Self> {
        let options = format!("size={size}");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(at);
        let done = mount.output().is_ok_and(|output| output.status.success());
        if !done {
            eprintln!("NOT SHOWN: the full disk, for want of the right to mount a tmpfs");
        }
        done.then(|| Self(at.to_owned()))
    }

    /// Takes every byte that is free; the file that holds them.
    fn fill(&self) -> PathBuf {
        let ballast = self.0.join("ballast");
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
        Command::new("umount").arg("-l").arg(&self.0).status().ok();
    }
}

#[test]
fn a_full_disk_pauses_the_bot_and_it_goes_on_when_space_returns() {
    let mut world = World::new().open().prepare();
    let folder = world.data_file().parent().unwrap().to_owned();
    let Some(disk) = SmallDisk::mount(&folder, "16m") else {
        return world.stop();
    };
    world.restart();
    world.telegram.person(6).is_answered("before");
    let ballast = disk.fill();
    // Pages that are free already take some questions; the rest has to find the disk full.
    let text = "x".repeat(3000);
    let mut asked = 0;
    eventually(
        Duration::from_secs(30),
        "the log tells of the full disk",
        || {
            asked += 1;
            world
                .telegram
                .person(100 + asked)
                .says(&format!("{text} end"));
            let log = world.log().to_lowercase();
            log.contains("disk") || log.contains("space")
        },
    );
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
    eventually(PATIENCE, "all is confirmed", || world.telegram.is_drained());
    world.stop();
    drop(disk);
}
