//! Reminders: by their moment, each said once, and gone with whoever set them.

use std::time::Duration;

use super::*;
use crate::chat::broadcast::Broadcast;
use crate::chat::reminder::Reminder;

const NOW: Timestamp = Timestamp::from_secs(1_795_000_000);

fn reminder(person: i64, minutes: u64, text: &str) -> Reminder {
    Reminder {
        person: UserId(person),
        chat: ChatId(person),
        topic: None,
        message: None,
        at: NOW.after(Duration::from_mins(minutes)),
        text: text.to_owned(),
    }
}

fn texts(all: &[Reminder]) -> Vec<&str> {
    all.iter().map(|it| it.text.as_str()).collect()
}

fn of(store: &Store, person: i64) -> Vec<Reminder> {
    let person = UserId(person);
    store
        .read_now(move |rows| rows.reminders_of(person))
        .unwrap()
}

fn add(store: &Store, all: &[Reminder]) {
    let all = all.to_vec();
    done(store, move |rows| {
        all.iter().try_for_each(|it| rows.add_reminder(it))
    });
}

#[test]
fn they_leave_by_their_moment_and_not_twice() {
    let folder = Folder::new();
    let store = folder.open();
    let all = [
        reminder(1, 20, "late"),
        reminder(2, 10, "early"),
        reminder(1, 10, "as early"),
        reminder(1, 90, "far"),
    ];
    add(&store, &all);
    done(&store, |rows| {
        rows.begin_broadcast(&Broadcast::new(UserId(1), "news".to_owned()))
    });
    assert_eq!(texts(&of(&store, 1)), ["as early", "late", "far"]);
    let due = |minutes: u64| {
        let now = NOW.after(Duration::from_mins(minutes));
        done(&store, move |rows| rows.take_due_reminders(now))
    };
    assert_eq!(due(9), (Vec::new(), Some(all[1].at)));
    let (said, next) = due(20);
    assert_eq!(texts(&said), ["early", "as early", "late"]);
    assert_eq!(next, Some(all[3].at));
    assert_eq!(due(20), (Vec::new(), Some(all[3].at)));
    assert_eq!(texts(&due(100).0), ["far"]);
    assert_eq!(due(100), (Vec::new(), None));
    assert_eq!(store.read_now(Read::broadcasts).unwrap().len(), 1);
}

#[test]
fn they_are_taken_back_forgotten_and_moved() {
    let folder = Folder::new();
    let store = folder.open();
    let in_group = Reminder {
        chat: ChatId(-5),
        message: Some(MessageId(7)),
        ..reminder(3, 30, "group")
    };
    let all = [
        reminder(1, 10, "a"),
        reminder(1, 20, "b"),
        reminder(2, 10, "c"),
    ];
    add(&store, &all);
    add(&store, &[in_group]);
    let at = all[0].at;
    let cancel = move |rows: &mut Write<'_>| rows.cancel_reminders(UserId(1), at);
    assert_eq!([done(&store, cancel), done(&store, cancel)], [1, 0]);
    assert_eq!(texts(&of(&store, 1)), ["b"]);
    done(&store, |rows| rows.forget_person(UserId(1), NOW));
    assert_eq!(of(&store, 1), []);
    assert_eq!(texts(&of(&store, 2)), ["c"]);
    done(&store, |rows| rows.migrate_chat(ChatId(-5), ChatId(-10)));
    let moved = &of(&store, 3)[0];
    assert_eq!((moved.chat, moved.message), (ChatId(-10), None));
}
