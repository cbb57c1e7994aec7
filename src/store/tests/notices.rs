//! What is sent without being asked: what is kept of alerts and broadcasts, and what sending them counts.

use super::*;
use crate::alerts::Alerts;
use crate::chat::Role;
use crate::chat::broadcast::{Audience, Broadcast, Stage};

fn row(chat: i64, rank: Rank) -> Outbound {
    Outbound {
        rank,
        ..Outbound::new(ChatId(chat), None, Payload::message(Rich::plain("news")))
    }
}

fn sending() -> Broadcast {
    Broadcast {
        stage: Stage::Sending,
        to: Audience::Role(Role::Vip),
        message: Some(MessageId(7)),
        people: 3,
        cursor: UserId(5),
        put: 3,
        progress: Some(OutboxId(9)),
        ..Broadcast::new(UserId(1), "**news**".to_owned())
    }
}

fn known(store: &Store) -> Vec<(JobId, Broadcast)> {
    store.read_now(Read::broadcasts).unwrap()
}

#[test]
fn a_new_broadcast_takes_the_place_of_what_is_not_being_sent() {
    let folder = Folder::new();
    let store = folder.open();
    let first = done(&store, |write| {
        write.begin_broadcast(&Broadcast::new(UserId(1), "a".to_owned()))
    });
    let second = done(&store, |write| write.begin_broadcast(&sending()));
    assert!(second > first, "numbers are given once");
    assert_eq!(known(&store), [(second, sending())]);
    let third = done(&store, |write| {
        write.begin_broadcast(&Broadcast::new(UserId(1), "b".to_owned()))
    });
    let ids: Vec<JobId> = known(&store).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, [second, third]);
    store.close().unwrap();
    let found = done(&folder.open(), |write| write.sending());
    assert_eq!(found, Some((second, sending())));
}

#[test]
fn people_come_in_the_order_of_their_ids_a_few_at_a_time_and_groups_never() {
    let folder = Folder::new();
    let store = folder.open();
    done(&store, |write| {
        for id in [9, -7, 3, 5] {
            write.put_person(UserId(id), &person("Ann", 1))?;
        }
        Ok(())
    });
    let after = |last, most| {
        let (people, are_last) = done(&store, move |write| write.people_after(UserId(last), most));
        let ids: Vec<i64> = people.into_iter().map(|(id, _)| id.0).collect();
        (ids, are_last)
    };
    assert_eq!(after(0, 2), (vec![3, 5], false));
    assert_eq!(after(5, 2), (vec![9], true));
    assert_eq!(after(9, 2), (vec![], true));
    assert_eq!(after(0, 3), (vec![3, 5, 9], true));
}

#[test]
fn what_is_delivered_blocked_and_dropped_is_counted_once_each() {
    let folder = Folder::new();
    let store = folder.open();
    done(&store, |write| write.begin_broadcast(&sending()));
    let rows = done(&store, |write| {
        let mut ids = Vec::new();
        for (chat, rank) in [(1, Rank::Broadcast), (2, Rank::Broadcast), (2, Rank::Final)] {
            ids.push(write.put_outbound(&row(chat, rank))?);
        }
        Ok(ids)
    });
    let first = rows[0];
    // A send that was repeated is acknowledged twice.
    for _ in 0..2 {
        done(&store, move |write| {
            write.acknowledge(first, (Rank::Broadcast, Some("news")), Some(MessageId(1)))
        });
    }
    for _ in 0..2 {
        done(&store, |write| write.close_chat(ChatId(2)));
    }
    let (_, job) = known(&store).swap_remove(0);
    assert_eq!((job.delivered, job.blocked, job.lost()), (1, 1, 1));
    assert!(store.read_now(Read::outbox_heads).unwrap().is_empty());
    let dropped = done(&store, |write| {
        write.put_outbound(&row(3, Rank::Broadcast))?;
        write.put_outbound(&row(3, Rank::Final))?;
        write.drop_broadcast_rows()
    });
    assert_eq!(dropped, 1);
    assert_eq!(store.read_now(Read::outbox_heads).unwrap().len(), 1);
}

#[test]
fn an_alert_learns_its_message_when_its_row_is_acknowledged_and_is_kept() {
    let folder = Folder::new();
    let store = folder.open();
    let id = done(&store, |write| write.put_outbound(&row(1, Rank::Final)));
    done(&store, move |write| {
        let mut alerts = Alerts::default();
        alerts.take(&["clock".to_owned()], true, Timestamp(5));
        alerts.all[0].tell(UserId(1), Some(id), "news", "news");
        alerts.mute(UserId(2), true);
        write.put_alerts(&alerts)
    });
    done(&store, move |write| {
        write.acknowledge(id, (Rank::Final, Some("news")), Some(MessageId(77)))
    });
    store.close().unwrap();
    let alerts = folder.open().read_now(Read::alerts).unwrap();
    let copy = alerts.all[0].copy_of(UserId(1)).unwrap();
    assert_eq!((copy.message, copy.row), (Some(MessageId(77)), None));
    assert!(alerts.wants_none(UserId(2)));
}
