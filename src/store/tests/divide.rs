//! A row that goes as several: the order of its chat, and the names of its round's messages.

use super::*;
use crate::chat::{Failing, Outbound};

fn done<T: Send + 'static>(
    store: &Store,
    op: impl Fn(&mut Write<'_>) -> Result<T, StoreError> + Send + 'static,
) -> T {
    store.write(op).wait().unwrap()
}

fn part(at: u16, text: &str) -> Outbound {
    Outbound {
        part_of: Some((lane(5, None, 9), JobId(1), at)),
        ..outbound(5, text)
    }
}

fn aside(row: Outbound) -> Outbound {
    Outbound {
        failing: Failing {
            is_aside: true,
            ..Failing::default()
        },
        ..row
    }
}

/// Texts and part numbers of a chat's rows, in order.
fn rows(store: &Store, chat: i64) -> Vec<(String, u16)> {
    let heads = store.read_now(Read::outbox_heads).unwrap();
    let of_chat = heads
        .into_iter()
        .filter(|(head, _)| head.chat == ChatId(chat));
    of_chat
        .map(|(head, _)| {
            let row = store.read_now(|read| read.outbound(head.id)).unwrap();
            let row = row.unwrap();
            let Payload::Send { body, .. } = row.payload else {
                panic!("{row:?}");
            };
            (body.text, row.part_of.map_or(0, |(_, _, part)| part))
        })
        .collect()
}

fn seen(rows: &[(&str, u16)]) -> Vec<(String, u16)> {
    rows.iter()
        .map(|(text, part)| ((*text).to_owned(), *part))
        .collect()
}

#[test]
fn what_stood_behind_a_divided_row_stands_behind_all_its_pieces() {
    let folder = Folder::new();
    let store = folder.open();
    let (first, behind, divided) = done(&store, |write| {
        write.append_turn(lane(5, None, 9), JobId(1), &turn("q", 10))?;
        let first = write.put_outbound(&part(0, "ab"))?;
        let second = write.put_outbound(&part(1, "c"))?;
        write.put_outbound(&outbound(6, "elsewhere"))?;
        let press = Outbound {
            rank: Rank::Acknowledge,
            ..outbound(5, "press")
        };
        write.put_outbound(&press)?;
        let waits = write.put_outbound(&aside(outbound(5, "aside")))?;
        let last = write.put_outbound(&outbound(5, "next answer"))?;
        let divided = write.divide_outbound(first, &[part(0, "a"), part(0, "b")])?;
        assert_eq!(write.divide_outbound(first, &[])?, None);
        assert!(write.remove_outbound(waits)?, "it keeps its id");
        Ok((first, vec![second, last], divided.unwrap()))
    });
    assert_eq!(divided.moved, behind);
    assert_eq!(
        rows(&store, 5),
        seen(&[
            ("press", 0),
            ("a", 0),
            ("b", 1),
            ("c", 2),
            ("next answer", 0)
        ])
    );
    assert_eq!(rows(&store, 6), seen(&[("elsewhere", 0)]));
    let known: Vec<OutboxId> = divided.heads.iter().map(|head| head.id).collect();
    assert_eq!(known.len(), 4);
    assert!(known.is_sorted() && known.iter().all(|id| *id > first));
    // A new one comes behind all of them.
    let next = done(&store, |write| write.put_outbound(&outbound(5, "new")));
    assert!(known.iter().all(|id| *id < next));
    let kept = store.read_now(|read| read.turn(lane(5, None, 9), JobId(1)));
    assert_eq!(kept.unwrap().unwrap().beginning, Some(Rich::plain("a")));
}

#[test]
fn of_a_row_that_stands_aside_only_the_numbers_behind_it_change() {
    let folder = Folder::new();
    let store = folder.open();
    let divided = done(&store, |write| {
        let lane = lane(5, None, 9);
        write.append_turn(lane, JobId(1), &turn("q", 10))?;
        write.record_answer_message(lane, JobId(1), 0, MessageId(11))?;
        let row = write.put_outbound(&aside(part(1, "ab")))?;
        write.record_answer_message(lane, JobId(1), 2, MessageId(12))?;
        write.put_outbound(&aside(part(3, "d")))?;
        let pieces = ["a", "b", "c"].map(|text| aside(part(1, text)));
        write.divide_outbound(row, &pieces)
    });
    assert_eq!(divided.unwrap().moved, []);
    assert_eq!(
        rows(&store, 5),
        seen(&[("d", 5), ("a", 1), ("b", 2), ("c", 3)])
    );
    let kept = store
        .read_now(|read| read.turn(lane(5, None, 9), JobId(1)))
        .unwrap()
        .unwrap();
    let messages = [(0, MessageId(11)), (4, MessageId(12))];
    assert_eq!(kept.answer_messages, messages);
    assert_eq!(kept.beginning, None);
}

#[test]
fn a_row_whose_chat_has_moved_is_not_divided() {
    let folder = Folder::new();
    let store = folder.open();
    let divided = done(&store, |write| {
        let row = write.put_outbound(&outbound(-5, "ab"))?;
        write.migrate_chat(ChatId(-5), ChatId(-1005))?;
        let pieces = ["a", "b"].map(|text| outbound(-5, text));
        write.divide_outbound(row, &pieces)
    });
    assert_eq!(divided, None);
    assert_eq!(rows(&store, -1005), seen(&[("ab", 0)]));
}

#[test]
fn a_file_of_an_answer_is_known_as_one() {
    let folder = Folder::new();
    let store = folder.open();
    let lane = lane(5, None, 9);
    done(&store, move |write| {
        write.append_turn(lane, JobId(1), &turn("q", 10))?;
        write.record_answer_message(lane, JobId(1), 0, MessageId(11))?;
        write.record_answer_message(lane, JobId(1), 1, MessageId(12))?;
        write.record_answer_file(lane, JobId(1), MessageId(12))?;
        write.record_answer_file(lane, JobId(1), MessageId(12))?;
        write.record_answer_file(lane, JobId(7), MessageId(13))
    });
    let kept = |store: &Store| {
        let kept = store.read_now(|read| read.turn(lane, JobId(1)));
        kept.unwrap().unwrap().files
    };
    assert_eq!(kept(&store), [MessageId(12)]);
    done(&store, move |write| {
        write.record_answer_message(lane, JobId(1), 1, MessageId(14))
    });
    assert_eq!(kept(&store), [], "it was sent anew, as a text");
}

#[test]
fn a_beginning_that_is_to_come_back_is_a_new_message_after_a_move() {
    let folder = Folder::new();
    let store = folder.open();
    let row = done(&store, |write| {
        let mut turn = turn("q", 10);
        turn.files.push(MessageId(12));
        write.append_turn(lane(-5, None, 9), JobId(1), &turn)?;
        let payload = Payload::Restore {
            message: Some(MessageId(11)),
            answer: "**old**".to_owned(),
            asked: String::new(),
            buttons: Vec::new(),
        };
        let row = Outbound {
            payload,
            ..outbound(-5, "")
        };
        let id = write.put_outbound(&row)?;
        write.migrate_chat(ChatId(-5), ChatId(-1005))?;
        Ok(id)
    });
    let row = store.read_now(|read| read.outbound(row)).unwrap().unwrap();
    let Payload::Send { body, .. } = crate::render::rendered(row).payload else {
        panic!("not a new message");
    };
    assert_eq!((body.text.as_str(), body.entities.len()), ("old", 1));
    let kept = store.read_now(|read| read.turn(lane(-1005, None, 9), JobId(1)));
    assert_eq!(kept.unwrap().unwrap().files, []);
}
