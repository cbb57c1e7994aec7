//! A data file that is removed or replaced while it is open.

use std::fs;

use super::*;

/// A store that looks at its file before every commit.
fn watchful(folder: &Folder) -> Store {
    let place = Place {
        look: std::time::Duration::ZERO,
        ..Place::at(&folder.file())
    };
    Store::open_at(place, Open::CreateIfMissing).unwrap()
}

#[tokio::test]
async fn a_file_that_was_removed_is_put_back_with_all_that_was_acknowledged() {
    let folder = Folder::new();
    let store = watchful(&folder);
    let mut put_back = store.put_back();
    for id in 1..=3 {
        assert_eq!(store.write(add_job).await.unwrap(), JobId(id));
    }
    fs::remove_file(folder.file()).unwrap();
    assert_eq!(store.write(add_job).await.unwrap(), JobId(4));
    assert_eq!(*put_back.borrow_and_update(), 1);
    fs::remove_dir_all(folder.0.path()).unwrap();
    assert_eq!(store.write(add_job).await.unwrap(), JobId(5));
    assert_eq!(*put_back.borrow_and_update(), 2);
    assert_eq!(*store.condition().borrow(), Condition::Fine);
    // Nothing has to be written for that.
    fs::remove_file(folder.file()).unwrap();
    put_back.changed().await.unwrap();
    assert_eq!(*put_back.borrow_and_update(), 3);
    // As after kill -9: nothing is closed.
    let killed = Folder::new();
    fs::copy(folder.file(), killed.file()).unwrap();
    assert_eq!(killed.open().read_now(Read::inbox_len).unwrap(), 5);
    store.close().unwrap();
    assert_eq!(folder.open().read_now(Read::inbox_len).unwrap(), 5);
    assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_file_that_was_replaced_ends_the_store_and_ours_is_kept_beside() {
    let (folder, other) = (Folder::new(), Folder::new());
    let store = watchful(&folder);
    for _ in 0..3 {
        store.write(add_job).await.unwrap();
    }
    let restored = other.open();
    restored.write(add_job).await.unwrap();
    restored.close().unwrap();
    let bytes = fs::read(other.file()).unwrap();
    fs::rename(other.file(), folder.file()).unwrap();
    let refused = store.write(add_job).await;
    assert!(matches!(refused, Err(StoreError::Closed)));
    store.ended().await;
    assert_eq!(fs::read(folder.file()).unwrap(), bytes);
    let mut kept = folder.file().into_os_string();
    kept.push(".displaced");
    let kept = Store::open(Path::new(&kept), Open::Existing).unwrap();
    assert_eq!(kept.read_now(Read::inbox_len).unwrap(), 3);
    assert_eq!(folder.open().read_now(Read::inbox_len).unwrap(), 1);
}
