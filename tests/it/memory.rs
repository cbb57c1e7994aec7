//! A machine with too little memory: the kernel kills the bot again and again, systemd starts it
//! again and again, and nobody is forgotten.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::account::{Asked, balance};
use crate::world::{PATIENCE, World, eventually, now};

/// A memory cgroup of this test's own (cgroups(7), version 1 or 2), removed when dropped.
struct Cgroup {
    folder: PathBuf,
    limit: &'static str,
}

impl Cgroup {
    /// `None` where this user may make none.
    fn new() -> Option<Self> {
        let name = format!("svs-bot-test-{}", std::process::id());
        let kinds = [
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            ("/sys/fs/cgroup", "memory.max"),
        ];
        kinds.into_iter().find_map(|(parent, limit)| {
            let folder = Path::new(parent).join(&name);
            fs::create_dir(&folder).ok()?;
            let cgroup = Self { folder, limit };
            cgroup.allows(1 << 30).then_some(cgroup)
        })
    }

    /// Sets the limit; false where that is not possible.
    fn allows(&self, bytes: u64) -> bool {
        // Version 2 would swap instead; version 1 has no such file.
        fs::write(self.folder.join("memory.swap.max"), "0").ok();
        fs::write(self.folder.join(self.limit), bytes.to_string()).is_ok()
    }

    /// Starts a program inside.
    fn wrapper(&self) -> [String; 3] {
        let enter = format!(
            "echo $$ > {}/cgroup.procs && exec \"$0\" \"$@\"",
            self.folder.display()
        );
        ["sh".to_owned(), "-c".to_owned(), enter]
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        fs::remove_dir(&self.folder).ok();
    }
}

#[test]
fn killed_again_and_again_for_want_of_memory_it_forgets_nobody() {
    const PEOPLE: std::ops::Range<i64> = 100..160;
    let mut world = World::new().open().start();
    let Some(cgroup) = Cgroup::new() else {
        eprintln!("not shown here: no memory cgroup can be made");
        return world.stop();
    };
    world.telegram.person(7).is_answered("before");
    world.terminate();
    let wrapper = cgroup.wrapper();
    world.wrap(&wrapper.each_ref().map(String::as_str));
    let mut asked: BTreeMap<i64, Vec<Asked>> = BTreeMap::new();
    let mut ask = |world: &World, text: &str| {
        for id in PEOPLE {
            let message = world.telegram.person(id).says(text);
            let parts = vec![format!("]: {text}")];
            asked.entry(id).or_default().push(Asked { message, parts });
        }
    };
    ask(&world, "round 0.");
    let (mut megabytes, mut kills, began) = (12, Vec::new(), now());
    for round in 1.. {
        let is_long = now().saturating_sub(began) > PATIENCE;
        if kills.len() >= 6 || is_long && !kills.is_empty() {
            break;
        }
        assert!(cgroup.allows(megabytes << 20), "the limit cannot be set");
        world.launch();
        let newest = format!("round {}.", round - 1);
        eventually(PATIENCE, "it dies or has answered the newest", || {
            let telegram = &world.telegram;
            let holds = |id| {
                telegram
                    .said_to(id)
                    .iter()
                    .any(|said| said.text.contains(&newest))
            };
            let answered = PEOPLE.clone().all(holds);
            answered || !world.bot_is_running()
        });
        if world.bot_is_running() {
            megabytes -= 1;
            assert!(megabytes > 0, "the limit was never felt");
            world.terminate();
        } else {
            world.kill();
            kills.push(now());
        }
        ask(&world, &format!("round {round}."));
    }
    eprintln!("killed {} times, at last with {megabytes} MB", kills.len());
    assert!(cgroup.allows(1 << 30), "the limit cannot be lifted");
    world.restart();
    eventually(PATIENCE, "everybody is answered or told", || {
        asked
            .iter()
            .all(|(id, asked)| balance(asked, &world.telegram.said_to(*id), &kills).lost == 0)
    });
    world.telegram.person(7).is_answered("after");
    world.stop();
    drop(cgroup);
}
