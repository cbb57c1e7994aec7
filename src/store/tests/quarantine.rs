//! Rows that cannot be read, of every kind: each counts as absent, none is lost, nobody is stopped.

use std::collections::BTreeMap;
use std::time::Duration;

use redb::{Database, ReadableDatabase, ReadableTable};

use super::faults::tamper;
use super::*;
use crate::keys::pacific;
use crate::store::key::Key;
use crate::store::tables::Definition;

const TABLES: [Definition; 8] = [
    tables::INBOX,
    tables::OUTBOX,
    tables::SEEN,
    tables::HISTORY,
    tables::BY_MESSAGE,
    tables::PERSONS,
    tables::KEY_LEDGER,
    tables::KEY_STATE,
];

/// A row that is spoilt, in one of several ways: a version to come, scribble, one byte too many.
fn spoilt(way: usize, row: &[u8]) -> Vec<u8> {
    match way % 3 {
        0 => [&[9], row.get(1..).unwrap()].concat(),
        1 => vec![1, 253, 255, 255, 255, 255, 255, 255, 255, 127],
        _ => [row, &[0]].concat(),
    }
}

/// Spoils the rows of these keys; returns their new bytes by the keys that they get in `set_aside`.
fn spoil(
    file: &Path,
    table: Definition,
    is_meant: impl Fn(usize, &[u8]) -> bool,
) -> BTreeMap<Key, Vec<u8>> {
    use redb::TableHandle;
    let mut expected = BTreeMap::new();
    tamper(file, |txn| {
        let mut rows = txn.open_table(table).unwrap();
        let mut changed = Vec::new();
        for (at, entry) in rows.iter().unwrap().enumerate() {
            let (key, row) = entry.unwrap();
            if is_meant(at, key.value()) {
                let way = changed.len();
                changed.push((Key::from(key.value()), spoilt(way, row.value())));
            }
        }
        for (key, bytes) in changed {
            rows.insert(&*key, bytes.as_slice()).unwrap();
            expected.insert(Key::set_aside(table.name(), &key), bytes);
        }
    });
    expected
}

fn spoil_facts(file: &Path) -> BTreeMap<Key, Vec<u8>> {
    let facts = [
        tables::SEEN_CURSOR,
        tables::HISTORY_CURSOR,
        tables::SPEND,
        tables::PARKED,
        tables::DEATHS,
        b"offset/777",
    ];
    let spoilt = spoil(file, tables::META, |_, name| facts.contains(&name));
    assert_eq!(spoilt.len(), facts.len());
    spoilt
}

/// What lies in `set_aside`.
fn aside(file: &Path) -> BTreeMap<Key, Vec<u8>> {
    let db = Database::open(file).unwrap();
    let read = db.begin_read().unwrap();
    let aside = read.open_table(tables::SET_ASIDE).unwrap();
    let entries = aside.iter().unwrap().map(|entry| {
        let (key, row) = entry.unwrap();
        (Key::from(key.value()), row.value().to_vec())
    });
    entries.collect()
}

/// How many rows are set aside: in memory as in the file. Not while a write is under way.
fn count(store: &Store) -> u64 {
    let count = store.read_now(Read::set_aside).unwrap();
    assert_eq!(store.set_aside(), count);
    count
}

/// Reads whatever can be read, which is never an error.
fn read_all(store: &Store) {
    let read = store.read_now(|read| {
        read.jobs(JobId(0), 99)?;
        read.outbox_heads()?;
        for (lane, _, turn) in fixture::rounds() {
            read.conversation(lane, JobId(u64::MAX), 9)?;
            for message in turn.question_messages {
                read.by_message(lane.chat().unwrap_or(ChatId(0)), message)?;
            }
            for (_, message) in turn.answer_messages {
                read.by_message(lane.chat().unwrap_or(ChatId(0)), message)?;
            }
        }
        read.persons(|_, _| {})?;
        for (update, _) in fixture::SEEN {
            read.was_seen(fixture::BOT, UpdateId(update))?;
        }
        read.ledgers()?;
        read.key_states()?;
        read.spend()?;
        read.parked()?;
        read.offset(fixture::BOT)?;
        read.deaths(fixture::SEEN_AT, Duration::from_hours(1))
    });
    read.unwrap();
}

#[test]
fn one_row_in_two_of_every_table_is_set_aside_counted_and_missed_by_nobody() {
    let folder = fixture::copy();
    let mut expected = aside(&folder.file());
    assert_eq!(expected.len(), 1);
    for table in TABLES {
        let spoilt = spoil(&folder.file(), table, |at, _| at % 2 == 0);
        assert!(spoilt.len() > 1);
        expected.extend(spoilt);
    }
    expected.extend(spoil_facts(&folder.file()));
    let store = folder.open();
    read_all(&store);
    // The messages that were taken are read by the writer alone.
    let taken =
        store.write(|write| write.was_taken(fixture::BOT, ChatId(fixture::ANN), MessageId(5)));
    taken.wait().unwrap();
    let aside_now = count(&store);
    assert_eq!(aside_now, u64::try_from(expected.len()).unwrap());
    // What was good is there, and all of it can be written.
    let registry = fixture::registry().into_iter().skip(1).step_by(2);
    let mut persons = Vec::new();
    let visited = store.read_now(|read| read.persons(|id, person| persons.push((id, person))));
    visited.unwrap();
    assert_eq!(persons, registry.collect::<Vec<_>>());
    let jobs: Vec<_> = fixture::jobs().into_iter().skip(1).step_by(2).collect();
    assert_eq!(
        store.read_now(|read| read.jobs(JobId(0), 99)).unwrap(),
        jobs
    );
    let parts: Vec<_> = fixture::parts().into_iter().skip(1).step_by(2).collect();
    let heads = store.read_now(Read::outbox_heads).unwrap();
    assert_eq!(heads.len(), parts.len());
    store.write(add_job).wait().unwrap();
    store.close().unwrap();
    assert_eq!(aside(&folder.file()), expected);
    // Nothing is set aside a second time.
    let store = folder.open();
    read_all(&store);
    store.write(add_job).wait().unwrap();
    assert_eq!(count(&store), aside_now);
}

#[test]
fn a_count_that_is_lost_is_a_day_that_is_spent() {
    let folder = fixture::copy();
    spoil(&folder.file(), tables::KEY_LEDGER, |at, _| at == 0);
    spoil_facts(&folder.file());
    let began = clock::now();
    let before = pacific::day_of(began).number;
    let store = folder.open();
    let after = pacific::day_of(clock::now()).number;
    let ledgers = store.read_now(Read::ledgers).unwrap();
    assert_eq!(ledgers.len(), fixture::ledgers().len());
    assert_eq!(ledgers[1..], fixture::ledgers()[1..]);
    let (project, model, lost) = &ledgers[0];
    assert_eq!((project, &**model), (&[1; 16], "flash"));
    assert!((before..=after).contains(&lost.day) && lost.used > 1_000_000);
    assert!(lost.used < u32::MAX / 100, "without a cap there is room");
    assert!(lost.recent.len() >= 1_000, "the minute is full");
    assert!(
        lost.recent
            .iter()
            .all(|at| (began..=clock::now()).contains(at))
    );
    let spend = store.read_now(Read::spend).unwrap().unwrap();
    assert!((before..=after).contains(&spend.day));
    assert_eq!(spend.micro_usd, u64::MAX);
}

#[test]
fn an_unreadable_row_counts_as_absent_for_readers_and_for_the_writer() {
    let folder = Folder::new();
    let store = folder.open();
    let write = store.write(|write| {
        for id in 1..=9 {
            write.put_person(UserId(id), &person("Ann", 1))?;
        }
        Ok(())
    });
    write.wait().unwrap();
    store.close().unwrap();
    let among = |at, _: &[u8]| (3..6).contains(&at);
    let expected = spoil(&folder.file(), tables::PERSONS, among);
    let store = folder.open();
    assert_eq!(count(&store), 0, "not looked for");
    let read = |id| store.read_now(move |read| read.person(UserId(id))).unwrap();
    assert_eq!(read(4), None);
    assert!(read(3).is_some());
    let met = store.write(|write| write.person(UserId(5)));
    assert_eq!(met.wait().unwrap(), None);
    // Overwritten by somebody who has not read it.
    let put = store.write(|write| write.put_person(UserId(6), &person("Ben", 2)));
    put.wait().unwrap();
    assert_eq!(read(6), Some(person("Ben", 2)));
    assert_eq!(count(&store), 3);
    store.close().unwrap();
    assert_eq!(aside(&folder.file()), expected);
}

#[test]
fn a_row_that_is_spoilt_twice_is_kept_twice() {
    let folder = Folder::new();
    let mut kept = Vec::new();
    for _ in 0..3 {
        let store = folder.open();
        let write = store.write(|write| write.put_person(UserId(1), &person("Ann", 1)));
        write.wait().unwrap();
        store.close().unwrap();
        kept.extend(spoil(&folder.file(), tables::PERSONS, |_, _| true));
        folder.open().close().unwrap();
    }
    let (place, bytes) = kept.swap_remove(0);
    let aside = aside(&folder.file());
    let places = [
        place.clone(),
        place.clone().longer(),
        place.longer().longer(),
    ];
    assert_eq!(aside, places.map(|place| (place, bytes.clone())).into());
}

#[test]
fn what_is_forgotten_is_forgotten_also_where_it_was_set_aside() {
    let folder = Folder::new();
    let (mine, other) = (lane(-7, None, 9), lane(-7, None, 10));
    let store = folder.open();
    let write = store.write(move |write| {
        for job in 1..=4 {
            write.append_turn(mine, JobId(job), &turn("q", 1))?;
            write.append_turn(other, JobId(job), &turn("q", 2))?;
        }
        Ok(())
    });
    write.wait().unwrap();
    store.close().unwrap();
    // The first and the last row, which an opening looks at, and one between them.
    spoil(&folder.file(), tables::HISTORY, |at, _| {
        [0, 2, 7].contains(&at)
    });
    let store = folder.open();
    assert_eq!(count(&store), 2);
    let clear = store.write(move |write| write.clear_lane(mine));
    assert_eq!(clear.wait().unwrap(), 3, "also the one that nobody had met");
    assert_eq!(count(&store), 1);
    let newest = store.write(move |write| write.newest_turn(other));
    assert_eq!(newest.wait().unwrap(), Some(JobId(3)));
}

#[test]
fn a_group_moves_without_what_cannot_be_read_of_it() {
    let folder = Folder::new();
    let (old, new) = (lane(-7, None, 9), lane(-1007, None, 9));
    let store = folder.open();
    let write = store.write(move |write| {
        for job in 1..=99 {
            write.append_turn(old, JobId(job), &turn("q", 1))?;
        }
        let id = write.next_job_id()?;
        write.put_job(&job(id, old))?;
        write.put_outbound(&outbound(-7, "x"))
    });
    write.wait().unwrap();
    store.close().unwrap();
    spoil(&folder.file(), tables::HISTORY, |at, _| {
        (10..90).contains(&at)
    });
    let store = folder.open();
    let migrate = store.write(|write| write.migrate_chat(ChatId(-7), ChatId(-1007)));
    migrate.wait().unwrap();
    let read = store.read_now(|read| {
        assert_eq!(read.turns(old, JobId(u64::MAX), 999)?, []);
        assert_eq!(read.turns(new, JobId(u64::MAX), 999)?.len(), 19);
        assert_eq!(read.job(JobId(1))?.unwrap().lane, new);
        let row: Outbound = read.outbound(OutboxId(1))?.unwrap();
        assert_eq!(row.chat, ChatId(-1007));
        Ok(())
    });
    read.unwrap();
    assert_eq!(count(&store), 80);
    let clear = store.write(move |write| write.clear_lane(new));
    assert_eq!(clear.wait().unwrap(), 19);
    assert_eq!(count(&store), 0, "forgotten with the others");
}

#[test]
fn a_row_that_is_met_again_and_again_is_queued_once() {
    let folder = Folder::new();
    let store = folder.open();
    let write = store.write(|write| {
        for id in 1..=3 {
            write.put_person(UserId(id), &person("Ann", 1))?;
        }
        Ok(())
    });
    write.wait().unwrap();
    store.close().unwrap();
    spoil(&folder.file(), tables::PERSONS, |at, _| at == 1);
    let store = folder.open();
    let (release, first) = occupy(&store);
    // As many as there is room for in the queue.
    for _ in 0..4096 {
        assert_eq!(store.read_now(|read| read.person(UserId(2))).unwrap(), None);
    }
    let write = store.write(add_job);
    assert!(write.queueing.is_none(), "there is room");
    drop(release);
    first.wait().unwrap();
    write.wait().unwrap();
    assert_eq!(count(&store), 1);
}

#[test]
fn a_file_whose_counters_are_scribbled_is_damaged() {
    for counter in [tables::NEXT_JOB, tables::NEXT_OUTBOX, tables::COMMITS] {
        let folder = fixture::copy();
        tamper(&folder.file(), |txn| {
            let mut meta = txn.open_table(tables::META).unwrap();
            meta.insert(counter, [7].as_slice()).unwrap();
        });
        let refused = Store::open(&folder.file(), Open::Existing).err().unwrap();
        assert!(matches!(refused, OpenError::Damaged { .. }), "{refused:?}");
    }
}
