//! What Owners do is kept, newest first, and within bounds.

use super::*;
use crate::people::audit::{Audited, Deed};

fn entry(number: u64) -> Audited {
    Audited {
        at: Timestamp(number),
        by: UserId(1),
        deed: Deed::Banned,
        whom: Some(UserId(5)),
    }
}

#[test]
fn the_newest_entries_come_first_and_page_by_page_after_a_restart_too() {
    let folder = Folder::new();
    let store = folder.open();
    for number in 1..=5 {
        done(&store, move |write| write.audit(&entry(number)));
    }
    store.close().unwrap();
    let store = folder.open();
    let page = |skip| store.read_now(move |read| read.audit(skip, 2)).unwrap();
    assert_eq!(page(0), (vec![entry(5), entry(4)], 5));
    assert_eq!(page(4), (vec![entry(1)], 5));
    assert_eq!(page(5), (Vec::new(), 5));
}

#[test]
fn the_oldest_entry_goes_when_there_are_ten_thousand() {
    let folder = Folder::new();
    let store = folder.open();
    done(&store, |write| {
        (1..=10_003).try_for_each(|number| write.audit(&entry(number)))
    });
    let (oldest, all) = store.read_now(|read| read.audit(9_999, 5)).unwrap();
    assert_eq!((oldest, all), (vec![entry(4)], 10_000));
}
