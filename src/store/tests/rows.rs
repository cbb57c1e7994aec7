//! Row operations: what goes in comes out, and nothing else changes.

use std::time::Duration;

use super::*;
use crate::chat::Failing;
use crate::chat::Role;
use crate::chat::command::Command;
use crate::clock::Pause;
use crate::keys::{Death, Health, Ledger, Scope};
use crate::people::person::Grant;
use crate::people::seats::Session;

const PAUSE: Pause = Pause {
    since: Timestamp(77),
    length: Duration::from_secs(5),
};

#[test]
fn a_job_is_kept_counted_and_ended() {
    let folder = Folder::new();
    let store = folder.open();
    let id = done(&store, add_job);
    let kept = store.read_now(|read| read.job(id)).unwrap().unwrap();
    assert_eq!(kept, job(id, Lane::Terminal));
    let runs = |store: &Store| {
        let job = store.read_now(|read| read.job(id)).unwrap().unwrap();
        (job.attempts, job.seen)
    };
    done(&store, move |write| write.set_attempts(id, 2));
    done(&store, move |write| write.set_attempts(id, 2));
    assert_eq!(runs(&store), (2, None));
    done(&store, move |write| write.interrupt_job(id, 1, Some("One")));
    assert_eq!(runs(&store), (1, Some("One".to_owned())));
    done(&store, move |write| write.set_attempts(id, 2));
    assert_eq!(runs(&store), (2, Some("One".to_owned())));
    done(&store, move |write| write.forget_attempts(id));
    assert_eq!(runs(&store), (0, None));
    assert!(done(&store, move |write| write.remove_job(id)));
    assert!(!done(&store, move |write| write.remove_job(id)));
    done(&store, move |write| write.set_attempts(id, 1));
    assert_eq!(done(&store, |write| write.inbox_len()), 0);
    assert_eq!(done(&store, add_job), JobId(2));
}

#[test]
fn deaths_of_late_are_counted_and_only_a_few_are_kept() {
    let folder = Folder::new();
    let store = folder.open();
    let minute = Duration::from_mins(1);
    let at = |secs: u64| Timestamp::from_secs(1_000_000 + secs);
    let died = |secs| done(&store, move |write| write.note_death(at(secs), minute));
    assert_eq!([died(0), died(10), died(59)], [1, 2, 3]);
    let of_late = |secs| {
        store
            .read_now(|read| read.deaths(at(secs), minute))
            .unwrap()
    };
    assert_eq!([of_late(59), of_late(65), of_late(600)], [3, 2, 0]);
    assert_eq!(died(65), 3, "the first is too long ago");
    // A clock that was set back by an hour, and by a second.
    assert_eq!(died(5_000), 1);
    assert_eq!([died(1_000), died(999), died(1_000)], [1, 2, 3]);
    let many = (0..40).map(|_| died(1_000)).max();
    assert_eq!(many, Some(16));
    assert!(!store.was_repaired());
}

#[test]
fn waiting_jobs_come_in_order_and_page_by_page() {
    let folder = Folder::new();
    let store = folder.open();
    for _ in 0..5 {
        done(&store, add_job);
    }
    let page = |after, limit| {
        let jobs = store.read_now(|read| read.jobs(JobId(after), limit));
        jobs.unwrap().iter().map(|job| job.id.0).collect::<Vec<_>>()
    };
    assert_eq!(page(0, 3), [1, 2, 3]);
    assert_eq!(page(3, 3), [4, 5]);
    assert_eq!(page(5, 3), [0; 0]);
}

#[test]
fn pruning_walks_through_all_of_seen_in_bounded_steps() {
    let folder = Folder::new();
    let store = folder.open();
    done(&store, |write| {
        for update in 0..2500 {
            // Ids restarted: the old ones are the high ones.
            let at = Timestamp(if update < 1500 { 50 } else { 10 });
            write.mark_seen(1, UpdateId(update), at, Disposition::Accepted)?;
        }
        write.mark_seen(2, UpdateId(-1), Timestamp(10), Disposition::Dropped)
    });
    let removed: Vec<_> = (0..4)
        .map(|_| done(&store, |write| write.prune_seen(Timestamp(50))))
        .collect();
    assert_eq!(removed, [1000, 1, 0, 0]);
    let seen = |bot, update| store.read_now(move |read| read.was_seen(bot, UpdateId(update)));
    assert_eq!(
        seen(1, 1499).unwrap(),
        Some((Timestamp(50), Disposition::Accepted))
    );
    assert_eq!(seen(1, 1500).unwrap(), None);
    assert_eq!(seen(2, -1).unwrap(), None);
    let within = done(&store, |write| write.was_seen(1, UpdateId(3)));
    assert_eq!(within, Some((Timestamp(50), Disposition::Accepted)));
}

#[test]
fn a_taken_message_is_known_by_bot_chat_and_number_until_it_is_pruned() {
    let folder = Folder::new();
    let store = folder.open();
    let place = (ChatId(-7), MessageId(3));
    done(&store, move |write| {
        write.mark_seen(1, UpdateId(i64::MAX), Timestamp(99), Disposition::Skipped)?;
        write.mark_taken(1, place, Timestamp(10), Disposition::Dropped)
    });
    store.close().unwrap();
    let store = folder.open();
    let taken = |bot, chat, message| {
        done(&store, move |write| {
            write.was_taken(bot, ChatId(chat), MessageId(message))
        })
    };
    assert_eq!(taken(1, -7, 3), Some((Timestamp(10), Disposition::Dropped)));
    for (bot, chat, message) in [(2, -7, 3), (1, 7, 3), (1, -7, 4)] {
        assert_eq!(taken(bot, chat, message), None);
    }
    assert_eq!(done(&store, |write| write.prune_seen(Timestamp(50))), 1);
    assert_eq!(taken(1, -7, 3), None);
    let seen = done(&store, |write| write.was_seen(1, UpdateId(i64::MAX)));
    assert_eq!(seen, Some((Timestamp(99), Disposition::Skipped)));
}

#[test]
fn where_an_answer_grows_is_noted_for_the_chat_of_its_job_alone() {
    let folder = Folder::new();
    let store = folder.open();
    done(&store, |write| {
        let id = write.next_job_id()?;
        write.put_job(&job(id, lane(-7, None, 9)))?;
        write.note_place(id, ChatId(-1007), MessageId(4))?;
        write.note_place(id, ChatId(-7), MessageId(5))
    });
    let job = store.read_now(|read| read.job(JobId(1))).unwrap().unwrap();
    assert_eq!(job.places, [MessageId(5)]);
}

#[test]
fn a_pruning_that_finds_nothing_old_goes_on_there_the_next_time() {
    let folder = Folder::new();
    let store = folder.open();
    done(&store, |write| {
        for update in 0..51_000 {
            let at = Timestamp(if update < 50_500 { 50 } else { 10 });
            write.mark_seen(1, UpdateId(update), at, Disposition::Accepted)?;
        }
        Ok(())
    });
    let removed: Vec<_> = (0..3)
        .map(|_| done(&store, |write| write.prune_seen(Timestamp(50))))
        .collect();
    assert_eq!(removed, [0, 500, 0]);
}

#[tokio::test]
async fn old_rounds_are_forgotten_with_their_messages_also_in_memory() {
    let folder = Folder::new();
    let store = folder.open();
    let (lane, other) = (lane(-7, None, 9), lane(-8, None, 9));
    let write = store.write(move |write| {
        for (number, asked) in [(1, 10), (2, 49), (3, 50)] {
            let mut turn = turn("q", number);
            turn.asked = Timestamp(asked);
            write.append_turn(lane, JobId(asked), &turn)?;
        }
        write.record_answer_message(lane, JobId(10), 0, MessageId(60))?;
        write.append_turn(Lane::Terminal, JobId(1), &turn("q", 1))?;
        let mut young = turn("q", 1);
        young.asked = Timestamp(99);
        write.append_turn(other, JobId(5), &young)
    });
    write.await.unwrap();
    assert_eq!(
        store.context(lane, Basis::Newest, 10).await.unwrap().len(),
        3
    );
    let pruned = store.write(|write| write.prune_history(Timestamp(50)));
    assert_eq!(pruned.await.unwrap(), 3);
    let window = store.context(lane, Basis::Newest, 10).await.unwrap();
    let asked: Vec<_> = window.iter().map(|turn| turn.asked.0).collect();
    assert_eq!(asked, [50]);
    assert!(
        store
            .context(Lane::Terminal, Basis::Newest, 1)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        store.context(other, Basis::Newest, 10).await.unwrap().len(),
        1
    );
    let named = |chat, message| {
        let found = store.read_now(|read| read.by_message(ChatId(chat), MessageId(message)));
        found.unwrap().is_some()
    };
    assert_eq!(
        [1, 2, 60, 3].map(|id| named(-7, id)),
        [false, false, false, true]
    );
    assert!(named(-8, 1));
    let again = store.write(|write| write.prune_history(Timestamp(50)));
    assert_eq!(again.await.unwrap(), 0);
}

#[test]
fn a_long_history_is_pruned_in_bounded_steps_that_go_round() {
    let folder = Folder::new();
    let store = folder.open();
    let chat = |chat| lane(chat, None, chat);
    for of in 1..=4 {
        done(&store, move |write| {
            let mut turn = turn(&"x".repeat(700_000), 1);
            turn.asked = Timestamp(if of == 4 { 10 } else { 90 });
            write.append_turn(chat(of), JobId(1), &turn)
        });
    }
    let prune = || done(&store, |write| write.prune_history(Timestamp(50)));
    // Two rounds fill a step.
    assert_eq!([prune(), prune()], [0, 1]);
    done(&store, move |write| {
        write.append_turn(chat(0), JobId(1), &turn("q", 1))
    });
    assert_eq!(prune(), 1);
}

#[test]
fn the_outbox_keeps_its_order_and_gives_up_one_chat_at_a_time() {
    let folder = Folder::new();
    let store = folder.open();
    for (chat, text) in [(1, "a"), (2, "b"), (1, "c")] {
        done(&store, move |write| {
            write.put_outbound(&outbound(chat, text))
        });
    }
    let heads = || store.read_now(Read::outbox_heads).unwrap();
    let order: Vec<_> = heads()
        .iter()
        .map(|(head, _)| (head.id.0, head.chat.0))
        .collect();
    assert_eq!(order, [(1, 1), (2, 2), (3, 1)]);
    let later = Outbound {
        pause: Some(PAUSE),
        ..outbound(2, "b")
    };
    let set = later.clone();
    assert!(done(&store, move |write| write.set_outbound(OutboxId(2), &set)));
    done(&store, |write| write.close_chat(ChatId(1)));
    assert_eq!(heads().len(), 1);
    assert_eq!(heads()[0].1, Some(PAUSE));
    let kept = store.read_now(|read| read.outbound(OutboxId(2))).unwrap();
    assert_eq!(kept, Some(later.clone()));
    assert!(done(&store, |write| write.remove_outbound(OutboxId(2))));
    let set = move |write: &mut Write<'_>| write.set_outbound(OutboxId(2), &later);
    assert!(!done(&store, set), "a part that is gone does not come back");
    assert!(heads().is_empty());
}

#[test]
fn a_command_is_kept_as_it_was_typed() {
    let folder = Folder::new();
    let store = folder.open();
    for typed in [
        "/start claim",
        "/help",
        "/help me",
        "/reset",
        "/keys retest",
        "/roll",
        "/Roll@bot 2  dice",
    ] {
        let mut command = job(JobId(1), Lane::Terminal);
        command.task = Task::Command(Command::parse(typed).unwrap());
        let kept = command.clone();
        done(&store, move |write| write.put_job(&command));
        let found = store.read_now(|read| read.job(JobId(1))).unwrap();
        assert_eq!(found, Some(kept), "{typed}");
    }
}

#[test]
fn a_group_that_closes_leaves_no_question_that_nobody_would_read_the_answer_of() {
    let folder = Folder::new();
    let store = folder.open();
    let (group, other, private) = (lane(-7, None, 9), lane(-8, None, 9), lane(9, None, 9));
    let mut kept = Vec::new();
    for lane in [group, other, private] {
        let command = Task::Command(Command::parse("/new").unwrap());
        for task in [None, Some(command)] {
            let is_kept = lane != group || task.is_some();
            let id = done(&store, move |write| {
                let id = write.next_job_id()?;
                let mut job = job(id, lane);
                job.task = task.clone().unwrap_or(job.task);
                write.put_job(&job).map(|()| id)
            });
            kept.extend(is_kept.then_some(id));
        }
    }
    for chat in [ChatId(-7), ChatId(9)] {
        done(&store, move |write| {
            write.put_outbound(&outbound(chat.0, "x"))?;
            write.close_chat(chat)
        });
    }
    let left = store.read_now(|read| read.jobs(JobId(0), 99)).unwrap();
    let left: Vec<JobId> = left.iter().map(|job| job.id).collect();
    assert_eq!(left, kept);
    assert!(store.read_now(Read::outbox_heads).unwrap().is_empty());
}

#[test]
fn the_failed_tries_of_a_part_outlive_a_restart() {
    let folder = Folder::new();
    let store = folder.open();
    let failing = Failing {
        tries: 7,
        lasted: Duration::from_mins(3),
        is_aside: true,
    };
    let pause = Pause {
        since: Timestamp(9),
        length: Duration::from_mins(2),
    };
    let id = done(&store, |write| write.put_outbound(&outbound(1, "a")));
    for id in [id, OutboxId(99)] {
        let note = move |write: &mut Write<'_>| write.note_failing(id, failing, Some(pause));
        done(&store, note);
    }
    store.close().unwrap();
    let store = folder.open();
    let heads = store.read_now(Read::outbox_heads).unwrap();
    let [(head, stored)] = heads[..] else {
        panic!("{heads:?}");
    };
    assert_eq!((head.id, head.failing, stored), (id, failing, Some(pause)));
    let kept = store.read_now(|read| read.outbound(id)).unwrap().unwrap();
    assert_eq!(kept.payload, outbound(1, "a").payload);
}

#[test]
fn a_round_is_found_by_the_messages_of_both_sides() {
    let folder = Folder::new();
    let store = folder.open();
    let lane = lane(-7, Some(3), 9);
    done(&store, move |write| {
        write.append_turn(lane, JobId(4), &turn("q", 50))
    });
    for (part, message) in [(1, 61), (0, 60), (1, 62)] {
        assert!(done(&store, move |write| write.record_answer_message(
            lane,
            JobId(4),
            part,
            MessageId(message)
        )));
    }
    assert!(!done(&store, move |write| write.record_answer_message(
        lane,
        JobId(5),
        0,
        MessageId(70)
    )));
    let kept = store.read_now(|read| read.turn(lane, JobId(4))).unwrap();
    assert_eq!(
        kept.unwrap().answer_messages,
        [(0, MessageId(60)), (1, MessageId(62))]
    );
    for message in [50, 60, 62] {
        let found = store.read_now(|read| read.by_message(ChatId(-7), MessageId(message)));
        assert_eq!(found.unwrap(), Some((lane, JobId(4))));
    }
    let missing = store.read_now(|read| read.by_message(ChatId(-7), MessageId(70)));
    assert_eq!(missing.unwrap(), None);
}

#[test]
fn clearing_a_lane_forgets_its_rounds_and_no_others() {
    let folder = Folder::new();
    let store = folder.open();
    let (mine, other_topic, other_person) =
        (lane(-7, None, 9), lane(-7, Some(1), 9), lane(-7, None, 10));
    done(&store, move |write| {
        for round in 1..=200_i32 {
            let id = JobId(u64::from(round.unsigned_abs()));
            write.append_turn(mine, id, &turn("q", round))?;
        }
        write.append_turn(other_topic, JobId(300), &turn("q", 300))?;
        write.append_turn(other_person, JobId(301), &turn("q", 301))
    });
    assert_eq!(done(&store, move |write| write.clear_lane(mine)), 200);
    let left = |lane| {
        store
            .read_now(|read| read.turns(lane, JobId(u64::MAX), 10))
            .unwrap()
            .len()
    };
    assert_eq!(
        [left(mine), left(other_topic), left(other_person)],
        [0, 1, 1]
    );
    let found = |message| {
        let found = store.read_now(|read| read.by_message(ChatId(-7), MessageId(message)));
        found.unwrap().is_some()
    };
    assert_eq!(
        [found(1), found(200), found(300), found(301)],
        [false, false, true, true]
    );
}

#[tokio::test]
async fn a_group_that_became_a_supergroup_takes_its_rounds_and_jobs_along() {
    let folder = Folder::new();
    let store = folder.open();
    let (old, new) = (lane(-7, Some(2), 9), lane(-1007, Some(2), 9));
    let bystander = lane(-8, None, 9);
    let write = store.write(move |write| {
        for round in 1..=150_i32 {
            let id = JobId(u64::from(round.unsigned_abs()));
            write.append_turn(old, id, &turn("q", round))?;
        }
        write.append_turn(bystander, JobId(400), &turn("q", 1))?;
        let id = write.next_job_id()?;
        write.put_job(&job(id, old))?;
        write.put_outbound(&Outbound {
            part_of: Some((old, JobId(2), 0)),
            ..outbound(-7, "x")
        })?;
        write.put_outbound(&outbound(-8, "y"))
    });
    write.await.unwrap();
    let remembered = async |lane| {
        let context = store.context(lane, Basis::Newest, 10).await;
        context.unwrap().len()
    };
    assert_eq!(remembered(old).await, 10);
    assert_eq!(remembered(new).await, 0);
    let migrate = store.write(|write| write.migrate_chat(ChatId(-7), ChatId(-1007)));
    migrate.await.unwrap();
    assert_eq!(remembered(old).await, 0);
    assert_eq!(remembered(new).await, 10);
    let check = store.read_now(|read| {
        assert_eq!(read.turns(new, JobId(u64::MAX), 999)?.len(), 150);
        assert_eq!(read.turns(bystander, JobId(u64::MAX), 9)?.len(), 1);
        // A supergroup numbers its messages anew: an old number would mean another message.
        for chat in [-7, -1007] {
            assert_eq!(read.by_message(ChatId(chat), MessageId(3))?, None);
        }
        for (_, turn) in read.turns(new, JobId(u64::MAX), 999)? {
            assert_eq!(turn.question_messages, []);
            assert_eq!(turn.answer_messages, []);
        }
        assert_eq!(read.job(JobId(1))?.unwrap().lane, new);
        let moved = read.outbound(OutboxId(1))?.unwrap();
        assert_eq!(moved.chat, ChatId(-1007));
        assert_eq!(moved.part_of, Some((new, JobId(2), 0)));
        assert_eq!(read.outbound(OutboxId(2))?.unwrap().chat, ChatId(-8));
        Ok(())
    });
    check.unwrap();
    let nothing = store.write(|write| write.migrate_chat(ChatId(-8), ChatId(-8)));
    nothing.await.unwrap();
    assert_eq!(
        store
            .context(bystander, Basis::Newest, 10)
            .await
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn what_waits_for_a_group_that_became_a_supergroup_names_no_message_of_the_old_one() {
    let folder = Folder::new();
    let store = folder.open();
    done(&store, |write| {
        let (message, body) = (MessageId(6), Rich::plain("z"));
        let reply_to = Some(message);
        let buttons = Vec::new();
        let payloads = [
            Payload::Edit {
                message,
                body: body.clone(),
                buttons: buttons.clone(),
            },
            Payload::Delete { message },
            Payload::Send {
                body,
                reply_to,
                buttons,
            },
            Payload::Document {
                name: "a.md".into(),
                text: "b".into(),
                reply_to,
            },
        ];
        for payload in payloads {
            let row = outbound(-7, "");
            write.put_outbound(&Outbound { payload, ..row })?;
        }
        let id = write.next_job_id()?;
        let places = vec![message];
        write.put_job(&Job {
            places,
            ..job(id, lane(-7, None, 9))
        })?;
        write.migrate_chat(ChatId(-7), ChatId(-1007))
    });
    let check = store.read_now(|read| {
        let payload = |id| Ok::<_, StoreError>(read.outbound(OutboxId(id))?.map(|row| row.payload));
        let anew = Payload::Send {
            body: Rich::plain("z"),
            reply_to: None,
            buttons: Vec::new(),
        };
        assert_eq!(payload(1)?, Some(anew.clone()), "instead of an edit");
        assert_eq!(payload(2)?, None, "nothing to delete");
        assert_eq!(payload(3)?, Some(anew));
        let document = Payload::Document {
            name: "a.md".into(),
            text: "b".into(),
            reply_to: None,
        };
        assert_eq!(payload(4)?, Some(document));
        let job = read.job(JobId(1))?.unwrap();
        assert_eq!((job.messages, job.places), (vec![], vec![]));
        Ok(())
    });
    check.unwrap();
}

#[tokio::test]
async fn a_group_that_became_a_supergroup_keeps_its_grant() {
    let granted = |role| Some(Grant { role, until: None });
    let (vip, premium) = (granted(Role::Vip), granted(Role::Premium));
    let told = |name, grant, told: Option<u64>| Person {
        grant,
        told: told.map(Timestamp),
        ..person(name, 5)
    };
    let cases = [
        (
            Some(told("old", vip, Some(3))),
            None,
            Some(told("old", vip, Some(3))),
        ),
        (
            Some(told("old", vip, Some(3))),
            Some(told("new", None, None)),
            Some(told("new", vip, Some(3))),
        ),
        (
            Some(told("old", vip, None)),
            Some(told("new", premium, None)),
            Some(told("new", premium, None)),
        ),
        (
            None,
            Some(told("new", premium, Some(3))),
            Some(told("new", premium, Some(3))),
        ),
        (None, None, None),
    ];
    for (old, new, expected) in cases {
        let folder = Folder::new();
        let store = folder.open();
        let (old_id, new_id) = (UserId(-7), UserId(-1007));
        let write = store.write(move |write| {
            for (id, person) in [(old_id, &old), (new_id, &new)] {
                if let Some(person) = person {
                    write.put_person(id, person)?;
                }
            }
            Ok(())
        });
        write.await.unwrap();
        // Both are in memory when the group moves.
        store.person(old_id).await.unwrap();
        store.person(new_id).await.unwrap();
        for _ in 0..2 {
            let migrate = store.write(|write| write.migrate_chat(ChatId(-7), ChatId(-1007)));
            migrate.await.unwrap();
            assert_eq!(store.person(old_id).await.unwrap(), None);
            assert_eq!(
                store.person(new_id).await.unwrap().as_deref(),
                expected.as_ref()
            );
        }
    }
}

#[test]
fn persons_offsets_and_keys_come_back_after_a_restart() {
    let folder = Folder::new();
    let store = folder.open();
    let scope = Scope::KeyModel([3; 16], "flash".into());
    let mut health = Health {
        dead: Some((Death::Leaked, Timestamp(5))),
        ..Health::default()
    };
    health.breaker.strikes = 2;
    let ledger = Ledger {
        day: 20_000,
        used: 7,
        recent: vec![Timestamp(1), Timestamp(2)],
    };
    let (put_scope, put_health, put_ledger) = (scope.clone(), health.clone(), ledger.clone());
    done(&store, move |write| {
        write.put_person(UserId(4), &person("Ann", 1))?;
        write.put_person(UserId(-5), &person("Channel", 2))?;
        write.set_offset(11, 900, Timestamp(33))?;
        write.put_ledger(&[1; 16], "flash", &put_ledger)?;
        write.put_key_state(&put_scope, &put_health)?;
        assert_eq!(write.person(UserId(4))?, Some(person("Ann", 1)));
        assert_eq!(write.ledger(&[1; 16], "flash")?.as_ref(), Some(&put_ledger));
        assert_eq!(write.ledger(&[1; 16], "pro")?, None);
        assert_eq!(write.key_state(&put_scope)?.as_ref(), Some(&put_health));
        Ok(())
    });
    store.close().unwrap();
    let store = folder.open();
    let check = store.read_now(|read| {
        let mut names = Vec::new();
        read.persons(|id, person| names.push((id.0, person.name)))?;
        assert_eq!(names, [(-5, "Channel".into()), (4, "Ann".into())]);
        assert_eq!(read.offset(11)?, Some((900, Timestamp(33))));
        assert_eq!(read.offset(1)?, None);
        assert_eq!(read.ledgers()?, [([1; 16], "flash".into(), ledger)]);
        assert_eq!(read.key_states()?, [(scope, health)]);
        Ok(())
    });
    check.unwrap();
}

#[test]
fn a_row_that_is_too_large_is_refused_and_nothing_is_written() {
    let folder = Folder::new();
    let store = folder.open();
    let write = store.write(|write| {
        let huge = turn(&"x".repeat(3 << 20), 1);
        write.append_turn(Lane::Terminal, JobId(1), &huge)
    });
    assert!(matches!(
        write.wait(),
        Err(StoreError::Row {
            table: "chat_history",
            ..
        })
    ));
    let kept = store.read_now(|read| read.turn(Lane::Terminal, JobId(1)));
    assert_eq!(kept.unwrap(), None);
}

#[tokio::test]
async fn a_question_builds_on_the_answered_rounds_before_its_place() {
    let folder = Folder::new();
    let store = folder.open();
    let lane = lane(5, None, 5);
    let written = store.write(move |write| {
        for round in 1..=12 {
            let mut turn = turn(&format!("q{round}"), round);
            if round == 11 {
                turn.answer.clear();
            }
            write.append_turn(lane, JobId(u64::try_from(round).unwrap()), &turn)?;
        }
        Ok(())
    });
    written.await.unwrap();
    let cases: [(Basis, usize, &[i32]); 7] = [
        (Basis::Newest, 3, &[9, 10, 12]),
        (Basis::Newest, 0, &[]),
        (Basis::Round(JobId(4)), 3, &[2, 3, 4]),
        (Basis::Round(JobId(11)), 2, &[9, 10]),
        (Basis::InsteadOf(JobId(12)), 2, &[9, 10]),
        (Basis::InsteadOf(JobId(1)), 5, &[]),
        // Its round was replaced meanwhile.
        (Basis::Round(JobId(99)), 1, &[12]),
    ];
    // The second time the newest come from memory.
    for (basis, rounds, expected) in cases.into_iter().chain(cases) {
        let context = store.context(lane, basis, rounds).await.unwrap();
        let seen: Vec<_> = context.iter().map(|turn| turn.asked_text()).collect();
        let expected: Vec<_> = expected.iter().map(|round| format!("q{round}")).collect();
        assert_eq!(seen, expected, "{basis:?}, {rounds}");
    }
}

#[tokio::test]
async fn in_a_group_a_question_builds_on_what_everybody_said_in_its_topic_since_they_began_anew() {
    let folder = Folder::new();
    let store = folder.open();
    let (ann, ben) = (lane(-5, Some(7), 1), lane(-5, Some(7), i64::MAX));
    let elsewhere = [
        lane(-5, Some(8), 1),
        lane(-5, None, 1),
        lane(-6, Some(7), 1),
    ];
    // They ask turn and turn about, but for the last but one.
    let is_anns = |round: u64| round.is_multiple_of(2) || round == 39;
    let written = store.write(move |write| {
        for round in 1..=40 {
            let of = if is_anns(round) { ann } else { ben };
            write.append_turn(of, JobId(round), &turn(&format!("q{round}"), 1))?;
            for other in elsewhere {
                write.append_turn(other, JobId(100 + round), &turn("elsewhere", 2))?;
            }
        }
        Ok(())
    });
    written.await.unwrap();
    let asked = async |of, basis, rounds| {
        let context = store.context(of, basis, rounds).await.unwrap();
        let seen = context
            .iter()
            .map(|turn| (turn.person.0, turn.asked_text()));
        seen.collect::<Vec<_>>()
    };
    let said = |rounds: std::ops::RangeInclusive<u64>| -> Vec<_> {
        let who = |round| if is_anns(round) { 1 } else { i64::MAX };
        rounds
            .map(|round| (who(round), format!("q{round}")))
            .collect()
    };
    assert_eq!(asked(ben, Basis::Newest, 10).await, said(31..=40));
    assert_eq!(asked(ann, Basis::Newest, 3).await, said(38..=40));
    assert_eq!(asked(ben, Basis::Round(JobId(20)), 10).await, said(11..=20));
    let anew = store.write(move |write| {
        // Numbers go on after those of the rounds.
        while write.next_job_id()?.0 < 50 {}
        write.begin_anew(ben, Timestamp(9))
    });
    anew.await.unwrap();
    assert_eq!(asked(ben, Basis::Newest, 10).await, []);
    let anns = |rounds: Vec<u64>| -> Vec<_> {
        rounds
            .into_iter()
            .map(|round| (1, format!("q{round}")))
            .collect()
    };
    let kept = anns(vec![24, 26, 28, 30, 32, 34, 36, 38, 39, 40]);
    assert_eq!(asked(ann, Basis::Newest, 10).await, kept);
    let more = store.write(move |write| write.append_turn(ann, JobId(60), &turn("q60", 1)));
    more.await.unwrap();
    assert_eq!(asked(ben, Basis::Newest, 10).await, anns(vec![60]));
}

#[test]
fn a_round_that_is_replaced_leaves_no_name_and_no_unsent_part() {
    let folder = Folder::new();
    let store = folder.open();
    let lane = lane(5, None, 9);
    let left = done(&store, move |write| {
        write.append_turn(lane, JobId(1), &turn("old", 10))?;
        write.append_turn(lane, JobId(2), &turn("newest", 20))?;
        write.record_answer_message(lane, JobId(2), 0, MessageId(21))?;
        let part = |job| Outbound {
            part_of: Some((lane, job, 1)),
            ..outbound(5, "part")
        };
        let kept = write.put_outbound(&part(JobId(1)))?;
        write.put_outbound(&part(JobId(2)))?;
        assert_eq!(write.newest_turn(lane)?, Some(JobId(2)));
        let removed = write.remove_turn(lane, JobId(2))?.unwrap();
        assert_eq!(removed.asked_text(), "newest");
        assert_eq!(write.remove_turn(lane, JobId(2))?, None);
        Ok(kept)
    });
    let found = |message| store.read_now(|read| read.by_message(ChatId(5), MessageId(message)));
    assert_eq!(found(10).unwrap(), Some((lane, JobId(1))));
    assert_eq!(found(20).unwrap(), None);
    assert_eq!(found(21).unwrap(), None);
    let heads = store.read_now(Read::outbox_heads).unwrap();
    assert_eq!(
        heads.iter().map(|(head, _)| head.id).collect::<Vec<_>>(),
        [left]
    );
    let newest = done(&store, move |write| write.newest_turn(lane));
    assert_eq!(newest, Some(JobId(1)));
}

#[test]
fn a_part_that_was_sent_anew_is_found_by_its_new_message_only() {
    let folder = Folder::new();
    let store = folder.open();
    let lane = lane(5, None, 9);
    done(&store, move |write| {
        write.append_turn(lane, JobId(1), &turn("q", 10))?;
        write.record_answer_message(lane, JobId(1), 0, MessageId(11))?;
        write.record_answer_message(lane, JobId(1), 0, MessageId(11))?;
        write.record_answer_message(lane, JobId(1), 0, MessageId(12))
    });
    let found = |message| store.read_now(|read| read.by_message(ChatId(5), MessageId(message)));
    assert_eq!(found(11).unwrap(), None);
    assert_eq!(found(12).unwrap(), Some((lane, JobId(1))));
    let kept = store.read_now(|read| read.turn(lane, JobId(1))).unwrap();
    assert_eq!(kept.unwrap().answer_messages, [(0, MessageId(12))]);
}

#[test]
fn seats_are_written_as_a_whole_and_come_back_after_a_restart() {
    let folder = Folder::new();
    let store = folder.open();
    let seated = |secs| Session::Seated {
        since: Timestamp::from_secs(secs),
        active: Timestamp::from_secs(secs + 60),
    };
    let kept_off = Session::KeptOff {
        since: Timestamp::from_secs(500),
    };
    let first = vec![(UserId(7), seated(1)), (UserId(8), seated(2))];
    let second = vec![(UserId(8), seated(2)), (UserId(9), kept_off)];
    done(&store, move |write| write.put_sessions(&first));
    let again = second.clone();
    done(&store, move |write| write.put_sessions(&again));
    store.close().unwrap();
    let store = folder.open();
    assert_eq!(store.read_now(Read::sessions).unwrap(), second);
}

#[test]
fn a_walk_through_the_registry_finds_each_grant_that_is_over_once() {
    let folder = Folder::new();
    let store = folder.open();
    let now = Timestamp::from_secs(1000);
    let until = move |id: i64| match id % 3 {
        0 => Some(now.before(Duration::from_secs(1))),
        1 => Some(now.after(Duration::from_secs(1))),
        _ => None,
    };
    done(&store, move |write| {
        for id in -10..90 {
            let mut person = Person::new(&fixtures::sender(id), now);
            person.grant = Some(Grant {
                role: Role::Vip,
                until: until(id),
            });
            write.put_person(UserId(id), &person)?;
        }
        Ok(())
    });
    for looked in [1, 7, 100, 1000] {
        let (mut from, mut found, mut steps) = (None, Vec::new(), 0);
        loop {
            let read = store.read_now(|read| read.grants_over(from, looked, now));
            let GrantsOver { over, next } = read.unwrap();
            found.extend(over.into_iter().map(|(id, _)| id.0));
            steps += 1;
            from = next;
            if from.is_none() {
                break;
            }
        }
        let expected: Vec<i64> = (-10..90).filter(|id| id % 3 == 0).collect();
        assert_eq!(found, expected, "{looked}");
        assert_eq!(steps, 100_usize.div_ceil(looked));
    }
}
