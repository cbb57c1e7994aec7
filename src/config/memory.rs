//! How many model calls fit in this machine's memory (`MAX_IN_FLIGHT=auto`). The reckoning is
//! pure; two readers of the kernel's files feed it.
//!
//! Invariant: whatever the files say, there are at least [`FEWEST`] and at most [`MOST`] slots.

use std::fs;
use std::path::Path;

/// What the program needs before the first call: code, caches, buffers.
const BASE: u64 = 24 << 20;
/// What one call over TLS needs, rounded up from what was measured (about 0.35 MB).
const PER_CALL: u64 = 360 << 10;
const FEWEST: usize = 4;
const MOST: usize = 256;
/// Where neither number can be read: a quarter of the most.
const UNKNOWN: usize = MOST / 4;

/// Model calls that may be in flight together, from bytes.
pub(crate) fn slots(cgroup_limit: Option<u64>, available: Option<u64>) -> usize {
    let Some(bytes) = cgroup_limit.into_iter().chain(available).min() else {
        return UNKNOWN;
    };
    let calls = bytes.saturating_sub(BASE) / PER_CALL;
    usize::try_from(calls).map_or(MOST, |calls| calls.clamp(FEWEST, MOST))
}

/// The tightest memory limit of the control groups this process is in, in bytes; `root` is `/`.
pub(super) fn cgroup_limit(root: &Path) -> Option<u64> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    groups
        .lines()
        .filter_map(|line| limit_of_line(root, line))
        .min()
}

/// One line of `/proc/self/cgroup`: `0::/path` (version 2) or `4:memory:/path` (version 1). A limit
/// on any group up the tree binds; a group's own folder may be missing inside a container.
fn limit_of_line(root: &Path, line: &str) -> Option<u64> {
    let mut fields = line.splitn(3, ':');
    let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
    let (base, file) = if controllers.is_empty() {
        ("sys/fs/cgroup", "memory.max")
    } else if controllers.split(',').any(|name| name == "memory") {
        ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
    } else {
        return None;
    };
    let path = Path::new(path.trim_start_matches('/'));
    path.ancestors()
        .filter_map(|group| fs::read_to_string(root.join(base).join(group).join(file)).ok())
        .filter_map(|text| text.trim().parse().ok())
        .min()
}

/// Memory that can be had without swapping (`MemAvailable`), in bytes; `root` is `/`.
pub(super) fn available(root: &Path) -> Option<u64> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MB: u64 = 1 << 20;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn the_smaller_of_limit_and_available_memory_decides() {
        for (limit, available, expected) in [
            (None, None, 64),
            (Some(0), None, 4),
            (Some(24 * MB), None, 4),
            (Some(60 * MB), None, 102),
            (Some(60 * MB), Some(8000 * MB), 102),
            (Some(8000 * MB), Some(60 * MB), 102),
            (Some(128 * MB), None, 256),
            (None, Some(u64::MAX), 256),
        ] {
            assert_eq!(slots(limit, available), expected, "{limit:?} {available:?}");
        }
    }

    #[test]
    fn the_tightest_group_up_the_tree_is_the_limit() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        write(root, "proc/self/cgroup", "0::/system.slice/bot.service\n");
        let group = "sys/fs/cgroup/system.slice";
        write(root, &format!("{group}/bot.service/memory.max"), "max\n");
        assert_eq!(cgroup_limit(root), None);
        write(root, &format!("{group}/memory.max"), "134217728\n");
        assert_eq!(cgroup_limit(root), Some(128 * MB));
        write(root, "sys/fs/cgroup/memory.max", "67108864\n");
        assert_eq!(cgroup_limit(root), Some(64 * MB));
    }

    #[test]
    fn version_one_and_missing_files_are_understood() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        assert_eq!(cgroup_limit(root), None);
        assert_eq!(available(root), None);
        write(root, "proc/self/cgroup", "5:cpu,cpuacct:/a\n4:memory:/a\n");
        write(
            root,
            "sys/fs/cgroup/memory/memory.limit_in_bytes",
            "33554432",
        );
        assert_eq!(cgroup_limit(root), Some(32 * MB));
        write(
            root,
            "proc/meminfo",
            "MemTotal: 9 kB\nMemAvailable:     2048 kB\n",
        );
        assert_eq!(available(root), Some(2 * MB));
    }

    proptest! {
        #[test]
        fn more_memory_never_gives_fewer_slots(bytes: u64, more: u64) {
            let few = slots(Some(bytes), None);
            prop_assert!((4..=256).contains(&few));
            prop_assert!(slots(Some(bytes.saturating_add(more)), None) >= few);
        }
    }
}
