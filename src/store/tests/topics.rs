//! The rounds of a group's topic in the order of their questions, whoever asked them: read without those
//! of others, kept in step with the rounds, and found in files from before there was such an order.

use redb::ReadableTableMetadata;

use super::faults::tamper;
use super::*;
use crate::store::key::Key;

const GROUP: i64 = -5;
/// So many people ask once each, one after the other.
const PEOPLE: i64 = 3_000;

fn asked_by(person: i64) -> (Lane, JobId) {
    let job = JobId(u64::try_from(person).unwrap());
    (lane(GROUP, Some(7), person), job)
}

/// A store with a topic in which everybody asked once.
fn crowded(folder: &Folder) -> Store {
    let store = folder.open();
    done(&store, |write| {
        for person in 1..=PEOPLE {
            let (lane, job) = asked_by(person);
            write.append_turn(lane, job, &turn(&format!("q{person}"), 1))?;
        }
        Ok(())
    });
    store
}

fn context(store: &Store, lane: Lane) -> Vec<String> {
    let read = store.read_now(|read| read.conversation(lane, JobId(u64::MAX), 10));
    let (rounds, _) = read.unwrap();
    rounds.iter().map(|(_, round)| round.asked_text()).collect()
}

fn newest(count: i64) -> Vec<String> {
    let newest = PEOPLE - count + 1..=PEOPLE;
    newest.map(|person| format!("q{person}")).collect()
}

/// Rows of the order.
fn listed(folder: &Folder) -> u64 {
    let mut rows = 0;
    tamper(&folder.file(), |txn| {
        rows = txn.open_table(tables::BY_TOPIC).unwrap().len().unwrap();
    });
    rows
}

#[test]
fn what_is_read_of_a_topic_does_not_grow_with_its_people() {
    let folder = Folder::new();
    crowded(&folder).close().unwrap();
    // Whatever else is read cannot be, and is set aside.
    tamper(&folder.file(), |txn| {
        let mut history = txn.open_table(tables::HISTORY).unwrap();
        for person in 2..=PEOPLE - 10 {
            let (lane, job) = asked_by(person);
            let key = Key::turn(key::of_lane(lane), job);
            history.insert(&*key, [9, 9].as_slice()).unwrap();
        }
    });
    let store = folder.open();
    assert_eq!(context(&store, asked_by(1).0), newest(10));
    done(&store, |write| write.set_reachable(ChatId(1), true));
    assert_eq!(store.set_aside(), 0);
}

#[test]
fn an_older_file_gets_the_order_of_its_topics() {
    let folder = Folder::new();
    let store = crowded(&folder);
    done(&store, |write| {
        write.append_turn(lane(3, None, 3), JobId(9_000), &turn("alone", 1))
    });
    store.close().unwrap();
    tamper(&folder.file(), |txn| {
        txn.delete_table(tables::BY_TOPIC).unwrap();
        let mut meta = txn.open_table(tables::META).unwrap();
        let version = 2_u32.to_le_bytes();
        meta.insert(tables::SCHEMA, version.as_slice()).unwrap();
    });
    let store = folder.open();
    assert_eq!(context(&store, asked_by(1).0), newest(10));
    store.close().unwrap();
    assert_eq!(listed(&folder), u64::try_from(PEOPLE).unwrap());
}

#[test]
fn the_order_keeps_in_step_with_the_rounds() {
    let folder = Folder::new();
    let store = crowded(&folder);
    done(&store, |write| {
        // Replaced, begun anew, forgotten: one each.
        let (lane, job) = asked_by(PEOPLE);
        write.remove_turn(lane, job)?;
        write.clear_lane(asked_by(PEOPLE - 1).0)?;
        let person = UserId(PEOPLE - 2);
        write.forget_rounds(person, &Walked::NOTHING)
    });
    let left = newest(13).into_iter().take(10);
    assert_eq!(context(&store, asked_by(1).0), left.collect::<Vec<_>>());
    done(&store, |write| {
        write.migrate_chat(ChatId(GROUP), ChatId(-1_005))
    });
    assert!(context(&store, asked_by(1).0).is_empty());
    let moved = context(&store, lane(-1_005, Some(7), 1));
    assert_eq!(moved.len(), 10);
    store.close().unwrap();
    assert_eq!(listed(&folder), u64::try_from(PEOPLE - 3).unwrap());
    let store = folder.open();
    let pruned = (0..100).map(|_| done(&store, |write| write.prune_history(Timestamp(u64::MAX))));
    assert_eq!(pruned.sum::<u64>(), u64::try_from(PEOPLE - 3).unwrap());
    store.close().unwrap();
    assert_eq!(listed(&folder), 0);
}
