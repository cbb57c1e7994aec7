//! The search for secrets: files of a folder, bytes within bytes.

use std::fs;
use std::path::Path;

/// Every file under a folder, with its bytes.
pub(super) fn collect_files(folder: &Path, into: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect_files(&path, into);
        } else if let Ok(bytes) = fs::read(&path) {
            into.push((path.display().to_string(), bytes));
        }
    }
}

/// Whether these bytes hold the secret anywhere.
pub(super) fn holds(bytes: &[u8], secret: &[u8]) -> bool {
    // Looking for the first byte before comparing keeps this fast on large files.
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == secret[0]) {
        if rest[at..].starts_with(secret) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}
