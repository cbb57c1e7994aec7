//! The files that a model made, between its answer and the commit that names them.

use log::error;
use tokio::task::spawn_blocking;

use crate::chat::Part;
use crate::spool::Spooled;

/// Has the files of these parts outlive the process, so that a row may name them. One that cannot is left
/// out, and files that no part names are gone.
pub(super) async fn kept(parts: Vec<Part>, files: Vec<Spooled>) -> Vec<Part> {
    if files.is_empty() {
        return parts;
    }
    // It waits for the disk.
    let kept = spawn_blocking(move || keep(parts, files)).await;
    kept.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

fn keep(mut parts: Vec<Part>, files: Vec<Spooled>) -> Vec<Part> {
    let mut kept = Vec::new();
    for file in files {
        let is_named = parts.iter().any(|part| part.made() == Some(file.name()));
        if !is_named {
            continue;
        }
        match file.keep() {
            Ok(name) => kept.push(name),
            Err(error) => error!(err:% = error; "a file that the model made cannot be kept"),
        }
    }
    parts.retain(|part| match part.made() {
        Some(file) => kept.iter().any(|name| name == file),
        None => true,
    });
    parts
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::io::{self, Write as _};

    use super::*;
    use crate::spool::Spool;

    #[tokio::test]
    async fn what_a_part_names_is_kept_and_everything_else_goes() {
        let folder = tempfile::tempdir().unwrap();
        let open = || {
            Spool::open(folder.path().join("spool"), || {
                Ok::<_, io::Error>(HashSet::new())
            })
        };
        let spool = open().unwrap();
        let file = async || {
            let mut draft = spool.room(10).await.unwrap().create().unwrap();
            draft.write_all(b"drawn").unwrap();
            draft.finish()
        };
        let (drawn, other) = (file().await, file().await);
        let made = |file: &str| Part::Made {
            mime: "image/png".to_owned(),
            file: file.to_owned(),
        };
        let parts = vec![
            Part::Text("here".to_owned()),
            made(drawn.name()),
            made("gone"),
        ];
        let expected = parts[..2].to_vec();
        let (path, lost) = (drawn.path(), other.path());
        assert_eq!(kept(parts.clone(), vec![drawn, other]).await, expected);
        assert!(path.exists() && !lost.exists());
        assert_eq!(kept(parts.clone(), Vec::new()).await, parts);
    }
}
