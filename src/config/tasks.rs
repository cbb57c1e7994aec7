//! How many threads can still be made here: the limit on processes of this user (`RLIMIT_NPROC`), and
//! that of the control groups (`pids.max`, which systemd calls `TasksMax`). The reckoning is pure;
//! readers of the kernel's files feed it.
//!
//! Invariant: there is at least one slot, whatever the files say.

use std::fs;
use std::path::Path;

/// Threads beside those of model calls, sends and reads: the process itself, two workers, the
/// runtime's blocking threads, the poll and the one that may replace it, the writer of the data file,
/// the log, and one for names of each service; some are left to the operator.
const FIXED: usize = 16;
/// Sends and reads of the store at once, at the most.
const BESIDE_CALLS: usize = 24;

/// Model calls that may be in flight together, of so many that are wanted, where so many threads can
/// be made. Sends and reads make theirs when they need them; where there are few, they share.
pub(super) fn slots(wanted: usize, threads: Option<usize>) -> usize {
    let Some(threads) = threads else {
        return wanted;
    };
    let spare = threads.saturating_sub(FIXED);
    let fits = spare.saturating_sub(BESIDE_CALLS).max(spare / 3);
    wanted.min(fits.max(1))
}

/// Threads that can still be made; `None` where no limit is known. `root` is `/`.
pub(super) fn left(root: &Path) -> Option<usize> {
    let user = of_user(root);
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok();
    let groups = groups.as_deref().map(str::lines).into_iter().flatten();
    let groups = groups.filter_map(|line| of_group(root, line));
    user.into_iter().chain(groups).min()
}

/// What the user's limit leaves. It does not bind root.
fn of_user(root: &Path) -> Option<usize> {
    let own = fs::read_to_string(root.join("proc/self/status")).ok()?;
    let user = user_of(&own)?;
    if user == "0" {
        return None;
    }
    let limits = fs::read_to_string(root.join("proc/self/limits")).ok()?;
    let limit = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max processes"))?;
    let limit: usize = limit.split_whitespace().next()?.parse().ok()?;
    let processes = fs::read_dir(root.join("proc")).ok()?;
    let threads = processes.filter_map(|process| {
        let path = process.ok()?.path();
        let number = path.file_name()?.to_str()?;
        number.parse::<u32>().ok()?;
        let status = fs::read_to_string(path.join("status")).ok()?;
        (user_of(&status)? == user)
            .then(|| field(&status, "Threads:")?.parse::<usize>().ok())
            .flatten()
    });
    Some(limit.saturating_sub(threads.sum()))
}

/// The real user id, by which the kernel counts.
fn user_of(status: &str) -> Option<&str> {
    field(status, "Uid:")
}

fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()
}

/// One line of `/proc/self/cgroup`, as in [`super::memory`]: what the tightest group up the tree
/// leaves.
fn of_group(root: &Path, line: &str) -> Option<usize> {
    let mut fields = line.splitn(3, ':');
    let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
    let base = if controllers.is_empty() {
        "sys/fs/cgroup"
    } else if controllers.split(',').any(|name| name == "pids") {
        "sys/fs/cgroup/pids"
    } else {
        return None;
    };
    let path = Path::new(path.trim_start_matches('/'));
    let number = |group: &Path, file| {
        let text = fs::read_to_string(root.join(base).join(group).join(file)).ok()?;
        text.trim().parse::<usize>().ok()
    };
    path.ancestors()
        .filter_map(|group| {
            let limit = number(group, "pids.max")?;
            Some(limit.saturating_sub(number(group, "pids.current").unwrap_or(0)))
        })
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn few_threads_are_few_slots_and_never_none() {
        for (wanted, threads, slots_found) in [
            (256, None, 256),
            (256, Some(100_000), 256),
            (256, Some(63), 23),
            (10, Some(63), 10),
            (256, Some(40), 8),
            (256, Some(22), 2),
            (256, Some(3), 1),
            (256, Some(0), 1),
        ] {
            assert_eq!(slots(wanted, threads), slots_found, "{wanted} {threads:?}");
        }
    }

    #[test]
    fn the_users_limit_counts_all_threads_of_the_user() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        assert_eq!(left(root), None);
        let status = |user: u32, threads: u32| {
            format!("Name:\tx\nUid:\t{user}\t0\t0\t0\nThreads:\t{threads}\n")
        };
        write(root, "proc/self/status", &status(1000, 2));
        write(
            root,
            "proc/self/limits",
            "Limit  Soft Limit Hard Limit Units\nMax processes             64                   128                  processes \n",
        );
        write(root, "proc/17/status", &status(1000, 2));
        write(root, "proc/18/status", &status(1000, 10));
        write(root, "proc/19/status", &status(1001, 30));
        assert_eq!(left(root), Some(52));
        write(root, "proc/self/status", &status(0, 2));
        assert_eq!(left(root), None);
        write(root, "proc/self/status", &status(1000, 2));
        write(
            root,
            "proc/self/limits",
            "Max processes  unlimited  unlimited  processes\n",
        );
        assert_eq!(left(root), None);
    }

    #[test]
    fn the_tightest_group_of_either_version_decides() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        write(root, "proc/self/cgroup", "8:pids:/a/b\n0::/c\n");
        write(root, "sys/fs/cgroup/pids/a/b/pids.max", "max\n");
        assert_eq!(left(root), None);
        write(root, "sys/fs/cgroup/pids/a/pids.max", "100\n");
        write(root, "sys/fs/cgroup/pids/a/pids.current", "30\n");
        assert_eq!(left(root), Some(70));
        write(root, "sys/fs/cgroup/c/pids.max", "50\n");
        write(root, "sys/fs/cgroup/c/pids.current", "60\n");
        assert_eq!(left(root), Some(0));
    }

    proptest! {
        #[test]
        fn more_threads_never_give_fewer_slots(wanted in 1..1024_usize, threads: u16, more: u16) {
            let (threads, more) = (usize::from(threads), usize::from(more));
            let few = slots(wanted, Some(threads));
            prop_assert!(few >= 1 && few <= wanted);
            prop_assert!(slots(wanted, Some(threads + more)) >= few);
        }
    }
}
