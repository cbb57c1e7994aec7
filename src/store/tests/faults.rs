//! P6 and P8 at the opening: each fault is its own sentence, and a refused file keeps its bytes.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};

use super::*;
use crate::store::key::Key;
use crate::store::schema::Schema;

/// A file with a few hundred rows, closed cleanly.
fn filled(folder: &Folder) -> Vec<u8> {
    let store = folder.open();
    for chat in 1..=20 {
        let write = store.write(move |write| {
            for round in 1..=20_i32 {
                let id = write.next_job_id()?;
                write.append_turn(lane(chat, None, chat), id, &turn("question", round))?;
            }
            add_job(write)?;
            write.put_outbound(&outbound(chat, "text"))?;
            write.put_person(UserId(chat), &person("Ann", 1))
        });
        write.wait().unwrap();
    }
    store.close().unwrap();
    fs::read(folder.file()).unwrap()
}

fn refused(path: &Path) -> OpenError {
    let before = fs::read(path).ok();
    let error = Store::open(path, Open::CreateIfMissing).err().unwrap();
    assert_eq!(fs::read(path).ok(), before, "the file was changed: {error}");
    assert!(
        error.to_string().contains(path.to_str().unwrap()),
        "{error}"
    );
    error
}

/// Changes the file behind the store's back.
pub(super) fn tamper(path: &Path, change: impl FnOnce(&WriteTransaction)) {
    let db = Database::open(path).unwrap();
    let txn = db.begin_write().unwrap();
    change(&txn);
    txn.commit().unwrap();
}

#[test]
fn a_missing_file_is_made_only_when_asked_for() {
    let folder = Folder::new();
    let path = folder.0.path().join("a/b/bot.redb");
    assert!(matches!(
        Store::open(&path, Open::Existing),
        Err(OpenError::Missing(_))
    ));
    assert!(!folder.0.path().join("a").exists());
    let store = Store::open(&path, Open::CreateIfMissing).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    store.close().unwrap();
    Store::open(&path, Open::Existing).unwrap();
}

#[test]
fn a_place_where_no_file_can_be_is_named() {
    let folder = Folder::new();
    fs::create_dir(folder.file()).unwrap();
    assert!(matches!(refused(&folder.file()), OpenError::NotAFile(_)));
    let in_a_file = folder.0.path().join("plain");
    fs::write(&in_a_file, "text").unwrap();
    let error = refused(&in_a_file.join("sub/bot.redb"));
    assert!(
        matches!(error, OpenError::NoFolder(..) | OpenError::Io(..)),
        "{error:?}"
    );
}

#[test]
fn an_empty_or_foreign_file_is_refused() {
    let folder = Folder::new();
    let path = folder.file();
    fs::write(&path, "").unwrap();
    assert!(matches!(refused(&path), OpenError::Empty(_)));
    for text in ["x", "redb", "an ordinary text that is longer than a header"] {
        fs::write(&path, text).unwrap();
        assert!(matches!(refused(&path), OpenError::Foreign(_)), "{text}");
    }
    fs::write(&path, vec![0; 1 << 16]).unwrap();
    assert!(matches!(refused(&path), OpenError::Foreign(_)));
}

#[test]
fn the_redb_file_of_another_program_is_refused() {
    for table in ["songs", "meta"] {
        let folder = Folder::new();
        let definition: TableDefinition<'_, u64, u64> = TableDefinition::new(table);
        drop(Database::create(folder.file()).unwrap());
        tamper(&folder.file(), |txn| {
            txn.open_table(definition).unwrap().insert(1, 2).unwrap();
        });
        assert!(matches!(refused(&folder.file()), OpenError::Foreign(_)));
    }
}

#[test]
fn a_file_whose_tables_have_keys_of_other_types_is_refused() {
    let folder = Folder::new();
    drop(Database::create(folder.file()).unwrap());
    tamper(&folder.file(), |txn| {
        let definition: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
        let mut meta = txn.open_table(definition).unwrap();
        for (name, row) in [("schema", &1_u32.to_le_bytes()[..]), ("secret", &[7; 32])] {
            meta.insert(name, row).unwrap();
        }
    });
    let error = refused(&folder.file());
    assert!(matches!(error, OpenError::Foreign(_)), "{error:?}");
    for table in ["inbox", "seen", "user_registry", "set_aside"] {
        let folder = Folder::new();
        filled(&folder);
        tamper(&folder.file(), |txn| {
            let definition: TableDefinition<'_, u64, &[u8]> = TableDefinition::new(table);
            let ours: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new(table);
            txn.delete_table(ours).unwrap();
            txn.open_table(definition).unwrap();
        });
        let error = refused(&folder.file());
        assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
    }
}

#[test]
fn a_file_in_use_is_locked() {
    let folder = Folder::new();
    let store = folder.open();
    assert!(matches!(refused(&folder.file()), OpenError::Locked(_)));
    store.write(add_job).wait().unwrap();
}

#[test]
fn a_look_at_a_file_changes_no_byte_and_lets_it_go() {
    let folder = Folder::new();
    assert!(matches!(
        Store::inspect(&folder.file()),
        Err(OpenError::Missing(_))
    ));
    let store = folder.open();
    store.write(add_job).wait().unwrap();
    assert!(matches!(
        Store::inspect(&folder.file()),
        Err(OpenError::Locked(_))
    ));
    // As a power failure leaves it: to be repaired at the next start.
    let torn = Folder::new();
    fs::copy(folder.file(), torn.file()).unwrap();
    store.close().unwrap();
    for folder in [folder, torn] {
        let before = fs::read(folder.file()).unwrap();
        Store::inspect(&folder.file()).unwrap();
        assert_eq!(fs::read(folder.file()).unwrap(), before);
        assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 1);
        let store = Store::open(&folder.file(), Open::Existing).unwrap();
        assert_eq!(store.read_now(Read::inbox_len).unwrap(), 1);
    }
}

fn unfinished(folder: &Folder) -> PathBuf {
    folder.0.path().join("bot.redb.new")
}

#[test]
fn what_a_killed_start_left_unfinished_is_not_used_and_goes_away() {
    let other = filled(&Folder::new());
    let left: [&[u8]; 4] = [b"", b"an ordinary text", &other[..other.len() / 2], &other];
    for left in left {
        let folder = Folder::new();
        fs::write(unfinished(&folder), left).unwrap();
        let store = folder.open();
        assert_eq!(store.write(add_job).wait().unwrap(), JobId(1));
        assert!(!unfinished(&folder).exists());
        store.close().unwrap();
        fs::write(unfinished(&folder), left).unwrap();
        let store = folder.open();
        assert_eq!(store.read_now(Read::inbox_len).unwrap(), 1);
        assert!(!unfinished(&folder).exists());
    }
}

#[test]
fn an_unfinished_file_that_somebody_is_at_work_on_is_left_alone() {
    let folder = Folder::new();
    let at_work = Database::create(unfinished(&folder)).unwrap();
    let before = fs::read(unfinished(&folder)).unwrap();
    assert!(matches!(refused(&folder.file()), OpenError::Locked(_)));
    assert!(!folder.file().exists());
    fs::write(folder.file(), filled(&Folder::new())).unwrap();
    folder.open().close().unwrap();
    assert_eq!(fs::read(unfinished(&folder)).unwrap(), before);
    drop(at_work);
}

/// A first start to which something happens after it opened the unfinished file and before it
/// locked it.
fn interrupted(folder: &Folder, event: fn(&Path)) -> Result<Store, OpenError> {
    let path = folder.file();
    let calls = AtomicU64::new(0);
    let place = Place {
        backend: Box::new(move |file| {
            if calls.fetch_add(1, Ordering::SeqCst) == 0 {
                event(&path);
            }
            Ok(Box::new(redb::backends::FileBackend::new(file)?))
        }),
        ..Place::at(&folder.file())
    };
    Store::open_at(place, Open::CreateIfMissing)
}

#[test]
fn a_first_start_that_was_overtaken_opens_the_file_of_the_other() {
    let folder = Folder::new();
    let store = interrupted(&folder, |path| {
        let other = Store::open(path, Open::CreateIfMissing).unwrap();
        other.write(add_job).wait().unwrap();
        other.close().unwrap();
    });
    assert_eq!(store.unwrap().read_now(Read::inbox_len).unwrap(), 1);
    assert!(!unfinished(&folder).exists());
    let folder = Folder::new();
    let overtaken = interrupted(&folder, |path| {
        std::mem::forget(Store::open(path, Open::CreateIfMissing).unwrap());
    });
    assert!(matches!(overtaken.err().unwrap(), OpenError::Locked(_)));
}

#[test]
fn a_first_start_whose_unfinished_file_was_taken_away_gives_no_other_file_the_name() {
    let folder = Folder::new();
    let start = interrupted(&folder, |path| {
        let unfinished = path.with_extension("redb.new");
        fs::remove_file(&unfinished).unwrap();
        fs::write(&unfinished, "of another start").unwrap();
    });
    assert!(matches!(start.err().unwrap(), OpenError::Locked(_)));
    assert!(!folder.file().exists());
    assert_eq!(fs::read(unfinished(&folder)).unwrap(), b"of another start");
}

#[test]
fn of_several_first_starts_at_once_each_has_the_file_alone_or_is_told_that_it_is_locked() {
    for _ in 0..50 {
        let folder = Folder::new();
        let path = folder.file();
        let start = std::sync::Barrier::new(4);
        let opened: usize = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        match Store::open(&path, Open::CreateIfMissing) {
                            Ok(store) => {
                                store.write(add_job).wait().unwrap();
                                store.close().unwrap();
                                1
                            }
                            Err(OpenError::Locked(_)) => 0,
                            Err(error) => panic!("{error:?}"),
                        }
                    })
                })
                .collect();
            starts.into_iter().map(|start| start.join().unwrap()).sum()
        });
        let store = folder.open();
        assert!(opened > 0);
        assert_eq!(
            store.read_now(Read::inbox_len).unwrap(),
            u64::try_from(opened).unwrap()
        );
        assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 1);
    }
}

#[test]
fn a_truncated_file_is_damaged() {
    let folder = Folder::new();
    let whole = filled(&folder);
    for length in [9, 64, 512, 4096, 8192, whole.len() / 2, whole.len() - 4096] {
        fs::write(folder.file(), &whole[..length]).unwrap();
        let error = refused(&folder.file());
        assert!(
            matches!(error, OpenError::Damaged { .. }),
            "{length}: {error:?}"
        );
    }
}

#[test]
fn a_file_without_its_secret_is_damaged() {
    let folder = Folder::new();
    filled(&folder);
    tamper(&folder.file(), |txn| {
        let mut meta = txn.open_table(tables::META).unwrap();
        meta.remove(tables::SECRET).unwrap();
    });
    let error = refused(&folder.file());
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
}

#[test]
fn a_file_of_a_newer_version_is_refused() {
    let folder = Folder::new();
    filled(&folder);
    tamper(&folder.file(), |txn| {
        let mut meta = txn.open_table(tables::META).unwrap();
        meta.insert(tables::SCHEMA, 7_u32.to_le_bytes().as_slice())
            .unwrap();
    });
    let error = refused(&folder.file());
    let today = schema::CURRENT.version();
    assert!(matches!(
        error,
        OpenError::TooNew { found: 7, known, .. } if known == today
    ));
}

#[test]
fn unreadable_rows_of_inbox_and_outbox_are_set_aside_and_the_rest_goes_on() {
    let folder = Folder::new();
    filled(&folder);
    tamper(&folder.file(), |txn| {
        let good = tables::encoded(&outbound(1, "text")).unwrap();
        let bytes: &[u8] = &[1, 253, 255, 255, 255, 255, 255, 255, 255, 127];
        let mut inbox = txn.open_table(tables::INBOX).unwrap();
        inbox.insert(&*Key::number(5_000), bytes).unwrap();
        let mut outbox = txn.open_table(tables::OUTBOX).unwrap();
        outbox.insert(&*Key::number(1), [9].as_slice()).unwrap();
        outbox
            .insert(b"no key".as_slice(), good.as_slice())
            .unwrap();
    });
    let store = folder.open();
    assert_eq!(store.read_now(Read::inbox_len).unwrap(), 20);
    assert_eq!(
        store
            .read_now(|read| read.jobs(JobId(0), 99))
            .unwrap()
            .len(),
        20
    );
    assert_eq!(store.read_now(Read::outbox_heads).unwrap().len(), 19);
    store.close().unwrap();
    let db = Database::open(folder.file()).unwrap();
    let aside = db
        .begin_read()
        .unwrap()
        .open_table(tables::SET_ASIDE)
        .unwrap();
    let rows = aside.iter().unwrap();
    let keys: Vec<_> = rows.map(|row| Key::from(row.unwrap().0.value())).collect();
    let expected = [
        Key::set_aside("inbox", &Key::number(5_000)),
        Key::set_aside("outbox", &Key::number(1)),
        Key::set_aside("outbox", b"no key"),
    ];
    assert_eq!(keys, expected);
}

#[test]
fn a_row_that_becomes_unreadable_later_costs_only_itself() {
    let folder = Folder::new();
    filled(&folder);
    tamper(&folder.file(), |txn| {
        let mut inbox = txn.open_table(tables::INBOX).unwrap();
        let mut outbox = txn.open_table(tables::OUTBOX).unwrap();
        let first: Vec<_> = inbox.iter().unwrap().take(3).collect();
        let first: Vec<Key> = first
            .into_iter()
            .map(|row| row.unwrap().0.value().into())
            .collect();
        for key in first {
            inbox.insert(&*key, [9].as_slice()).unwrap();
        }
        outbox.insert(&*Key::number(1), [9].as_slice()).unwrap();
        let good = tables::encoded(&outbound(5, "text")).unwrap();
        outbox
            .insert(b"no key".as_slice(), good.as_slice())
            .unwrap();
    });
    // As the running store does, without the look that comes with its opening.
    let db = Database::open(folder.file()).unwrap();
    let read = Read::new(db.begin_read().unwrap());
    assert_eq!(read.jobs(JobId(0), 2).unwrap().len(), 2);
    assert_eq!(read.jobs(JobId(0), 99).unwrap().len(), 17);
    assert_eq!(read.outbox_heads().unwrap().len(), 19);
    drop(read);
    let txn = db.begin_write().unwrap();
    let mut write = Write::new(&txn);
    write.close_chat(ChatId(5)).unwrap();
    write.migrate_chat(ChatId(6), ChatId(-6)).unwrap();
    txn.commit().unwrap();
    let read = Read::new(db.begin_read().unwrap());
    let heads = read.outbox_heads().unwrap();
    assert_eq!(heads.len(), 18);
    assert!(heads.iter().any(|(head, _)| head.chat == ChatId(-6)));
}

#[test]
fn a_round_whose_key_cannot_be_read_does_not_stand_in_the_way_of_forgetting() {
    let folder = Folder::new();
    filled(&folder);
    let of = lane(3, None, 3);
    tamper(&folder.file(), |txn| {
        let mut history = txn.open_table(tables::HISTORY).unwrap();
        let longer = [&*Key::turn(key::of_lane(of), JobId(50)), &[0]].concat();
        let round = tables::encoded(&turn("question", 1)).unwrap();
        history.insert(longer.as_slice(), round.as_slice()).unwrap();
    });
    let store = folder.open();
    let read = store.read_now(|read| read.turns(of, JobId(u64::MAX), 99));
    assert_eq!(read.unwrap().len(), 20);
    let prune = || store.write(|write| write.prune_history(Timestamp(2)));
    // All but that one.
    assert_eq!(prune().wait().unwrap(), 400);
    assert_eq!(store.read_now(Read::set_aside).unwrap(), 1);
    let clear = store.write(move |write| write.clear_lane(of));
    assert_eq!(clear.wait().unwrap(), 0);
    assert_eq!(store.read_now(Read::set_aside).unwrap(), 0);
    let left = store.read_now(|read| read.turns(of, JobId(u64::MAX), 99));
    assert!(left.unwrap().is_empty());
}

fn shout(txn: &WriteTransaction) -> Result<(), StoreError> {
    let mut persons = txn.open_table(tables::PERSONS)?;
    for id in 1..=20 {
        let key = Key::person(UserId(id));
        let bytes = persons.get(&*key)?.unwrap().value().to_vec();
        let mut person: Person = tables::decoded(&bytes)?;
        person.name = person.name.to_uppercase();
        persons.insert(&*key, tables::encoded(&person)?.as_slice())?;
    }
    Ok(())
}

fn fail(txn: &WriteTransaction) -> Result<(), StoreError> {
    shout(txn)?;
    Err(StoreError::Damaged("on purpose".into()))
}

/// Today's schema and one migration more.
const SHOUTING: Schema = Schema(&[
    schema::CURRENT.0[0],
    schema::CURRENT.0[1],
    schema::CURRENT.0[2],
    shout,
]);
const FAILING: Schema = Schema(&[
    schema::CURRENT.0[0],
    schema::CURRENT.0[1],
    schema::CURRENT.0[2],
    fail,
]);

fn open_with(path: &Path, schema: Schema) -> Result<Store, OpenError> {
    let place = Place {
        schema,
        ..Place::at(path)
    };
    Store::open_at(place, Open::Existing)
}

fn name_of(store: &Store) -> String {
    let person = store.read_now(|read| read.person(UserId(3)));
    person.unwrap().unwrap().name
}

#[test]
fn an_older_file_is_migrated_and_a_copy_of_it_kept() {
    let folder = Folder::new();
    let old = filled(&folder);
    let store = open_with(&folder.file(), SHOUTING).unwrap();
    assert_eq!(name_of(&store), "ANN");
    store.close().unwrap();
    let copy = folder.0.path().join("bot.redb.v4.bak");
    assert_eq!(fs::read(&copy).unwrap(), old);
    assert_eq!(name_of(&Store::open(&copy, Open::Existing).unwrap()), "Ann");
    assert!(!folder.0.path().join("bot.redb.unfinished").exists());
    assert!(matches!(refused(&folder.file()), OpenError::TooNew { .. }));
    // The second opening finds nothing to do, the third step only its own.
    let store = open_with(&folder.file(), FAILING).unwrap();
    store.close().unwrap();
    open_with(&folder.file(), Schema(&[fail, fail, fail, shout])).unwrap();
}

#[test]
fn a_look_at_an_older_file_neither_migrates_nor_copies_it() {
    let folder = Folder::new();
    let old = filled(&folder);
    let place = Place {
        schema: SHOUTING,
        ..Place::at(&folder.file())
    };
    drop(place.inspect().unwrap());
    assert_eq!(fs::read(folder.file()).unwrap(), old);
    assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 1);
}

#[test]
fn a_migration_that_fails_leaves_the_file_at_its_version() {
    let folder = Folder::new();
    filled(&folder);
    assert!(open_with(&folder.file(), Schema(&[shout, shout, shout, fail])).is_err());
    assert_eq!(name_of(&folder.open()), "Ann");
}

/// A page of a file whose damage is met only while a row that cannot be read is moved.
#[test]
fn a_file_that_is_refused_while_rows_are_moved_keeps_every_byte() {
    let folder = Folder::new();
    let whole = filled(&folder);
    let in_use = whole.len() / 4;
    let mut refused = 0;
    for at in (in_use / 16..in_use / 8).step_by(178) {
        let mut bytes = whole.clone();
        bytes[at..at + 178].fill(0);
        fs::write(folder.file(), &bytes).unwrap();
        match Store::open(&folder.file(), Open::Existing) {
            Ok(store) => drop(store.close()),
            Err(error) => {
                refused += 1;
                let kept = fs::read(folder.file()).unwrap() == bytes;
                assert!(kept, "at {at}: {error}");
            }
        }
    }
    assert!(refused > 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_scribbled_file_never_panics_and_is_not_changed_when_refused(
        marks in prop::collection::vec((any::<prop::sample::Index>(), 1_usize..600, any::<u8>()), 1..12),
        in_use in 0_usize..3,
    ) {
        let folder = Folder::new();
        let mut bytes = filled(&folder);
        // Most of a young file is free; half the cases scribble where the rows are.
        let span = if in_use == 0 { bytes.len() } else { bytes.len() / 4 };
        for (at, length, byte) in marks {
            let at = at.index(span);
            let end = (at + length).min(bytes.len());
            bytes[at..end].fill(byte);
        }
        fs::write(folder.file(), &bytes).unwrap();
        match Store::open(&folder.file(), Open::Existing) {
            Err(error) => {
                prop_assert!(error.to_string().contains("bot.redb"));
                prop_assert!(fs::read(folder.file()).unwrap() == bytes);
            }
            Ok(store) => {
                drop(store.read_now(|read| read.jobs(JobId(0), 999)));
                drop(store.read_now(|read| read.persons(|_, _| {})));
                for chat in 1..=20 {
                    drop(store.read_now(|read| read.turns(lane(chat, None, chat), JobId(u64::MAX), 99)));
                }
                drop(store.write(add_job).wait());
                drop(store.write(|write| write.clear_lane(lane(3, None, 3))).wait());
                drop(store.close());
            }
        }
    }
}
