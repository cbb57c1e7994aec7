//! One's own rounds in all chats: found without those of others, and forgotten with all that there is
//! of a person beside their rights.

use std::collections::BTreeSet;

use super::*;
use crate::chat::Role;
use crate::people::person::{Grant, Held};
use crate::people::preferences::{ChosenPersona, Preferences};
use crate::store::key::Key;

const ANN: UserId = UserId(700);
const NOW: Timestamp = Timestamp(9_000);

fn lanes_of_ann() -> [Lane; 6] {
    [
        lane(-1_000, None, 700),
        lane(-1_000, Some(3), 700),
        lane(-50, Some(9), 700),
        lane(-50, None, 700),
        lane(700, None, 700),
        lane(700, Some(4), 700),
    ]
}

/// Lanes of others, before, between and behind those of Ann.
fn lanes_of_others() -> Vec<Lane> {
    let people = [1, 699, 701, i64::MAX];
    let in_groups = [
        (-2_000, None),
        (-1_000, None),
        (-1_000, Some(3)),
        (-50, None),
        (-7, Some(1)),
    ];
    let in_groups = in_groups
        .into_iter()
        .flat_map(|(chat, topic)| people.map(|person| lane(chat, topic, person)));
    let in_private = people.map(|person| lane(person, None, person));
    in_groups
        .chain(in_private)
        .chain([Lane::Terminal])
        .collect()
}

/// A store with so many rounds in each of those lanes.
fn filled(folder: &Folder, each: u64) -> Store {
    let store = folder.open();
    let lanes = (1..).zip(lanes_of_ann().into_iter().chain(lanes_of_others()));
    for (at, lane) in lanes {
        done(&store, move |write| {
            for number in 0..each {
                let (job, message) = (
                    JobId(at * 1_000 + number),
                    i32::try_from(at * 1_000 + number),
                );
                write.append_turn(lane, job, &turn("q", message.unwrap_or_default()))?;
            }
            Ok(())
        });
    }
    store
}

/// The chats of all rounds of somebody, page by page.
fn chats_of(store: &Store, person: UserId, bytes: usize) -> Vec<ChatId> {
    let mut found = Vec::new();
    let mut walked = Some(Walked::NOTHING);
    while let Some(from) = walked {
        let page = store.read_now(|read| read.rounds_of(person, &from, bytes));
        let page = page.unwrap();
        found.extend(page.rounds.into_iter().map(|(chat, _)| chat));
        walked = page.walked;
    }
    found
}

fn forget_all_rounds(store: &Store, person: UserId) -> usize {
    let mut steps = 0;
    let mut walked = Some(Walked::NOTHING);
    while let Some(from) = walked {
        steps += 1;
        walked = done(store, move |write| write.forget_rounds(person, &from));
    }
    steps
}

#[test]
fn ones_own_rounds_are_found_in_every_chat_whatever_the_size_of_a_page() {
    let folder = Folder::new();
    let store = filled(&folder, 3);
    for bytes in [1, 500, usize::MAX] {
        let chats = chats_of(&store, ANN, bytes);
        assert_eq!(chats.len(), 18, "{bytes}");
        let distinct: BTreeSet<i64> = chats.iter().map(|chat| chat.0).collect();
        assert_eq!(distinct, [-1_000, -50, 700].into());
    }
    assert_eq!(chats_of(&store, UserId(702), usize::MAX), []);
    assert_eq!(chats_of(&store, UserId(i64::MAX), usize::MAX).len(), 18);
}

#[test]
fn forgotten_rounds_are_gone_step_by_step_and_nobody_elses() {
    let folder = Folder::new();
    let store = filled(&folder, 30);
    let others = [1, 699, 701, i64::MAX].map(UserId);
    let before = others.map(|person| chats_of(&store, person, usize::MAX));
    // 180 rounds, 64 in a step.
    assert_eq!(forget_all_rounds(&store, ANN), 3);
    assert_eq!(chats_of(&store, ANN, usize::MAX), []);
    assert_eq!(
        others.map(|person| chats_of(&store, person, usize::MAX)),
        before
    );
    let named = |chat, message| {
        let round = store.read_now(|read| read.by_message(ChatId(chat), MessageId(message)));
        round.unwrap().is_some()
    };
    assert!(
        !named(-1_000, 1_000),
        "no message leads to a round that is gone"
    );
    assert!(named(-2_000, 7_000));
    assert_eq!(forget_all_rounds(&store, ANN), 1);
}

/// Gives Ann a row of the registry, a question in the inbox and parts in the outbox; her question, and
/// one of another.
fn with_traces_of_ann(store: &Store) -> (JobId, JobId) {
    let known = Person {
        grant: Some(Grant {
            role: Role::Vip,
            until: None,
        }),
        banned: Some(Timestamp(5)),
        held: Some(Held {
            message: MessageId(1),
            topic: None,
            text: "held".to_owned(),
            quote: None,
            enclosed: Vec::new(),
            sent: Timestamp(1),
            told: Timestamp(2),
        }),
        ..person("Ann", 7)
    };
    let own = |id, task: &str| Job {
        sender: fixtures::sender(700),
        task: Task::question(task.to_owned(), Basis::Newest),
        ..job(id, lane(-50, None, 700))
    };
    done(store, move |write| {
        let mut known = known.clone();
        known.preferences.persona = Some(ChosenPersona::Own("pirate".to_owned()));
        write.put_person(ANN, &known)?;
        let mine = write.next_job_id()?;
        write.put_job(&own(mine, "mine"))?;
        let others = write.next_job_id()?;
        write.put_job(&job(others, lane(-50, None, 9)))?;
        write.put_outbound(&outbound(700, "to her"))?;
        let part_of = Some((lane(-50, None, 700), JobId(1), 0));
        write.put_outbound(&Outbound {
            part_of,
            ..outbound(-50, "to her in a group")
        })?;
        write.put_outbound(&outbound(-50, "to another"))?;
        Ok((mine, others))
    })
}

#[test]
fn of_a_person_who_is_forgotten_their_rights_stay_and_nothing_else() {
    let folder = Folder::new();
    let store = filled(&folder, 1);
    let (mine, others) = with_traces_of_ann(&store);
    done(&store, |write| write.forget_person(ANN, NOW));
    let (jobs, parts, left) = store
        .read_now(|read| {
            let jobs: Vec<JobId> = read.jobs(JobId(0), 9)?.iter().map(|job| job.id).collect();
            Ok((jobs, read.outbox_heads()?.len(), read.person(ANN)?))
        })
        .unwrap();
    assert!(jobs.contains(&others) && !jobs.contains(&mine), "{jobs:?}");
    assert_eq!(parts, 1);
    assert_eq!(chats_of(&store, ANN, usize::MAX), []);
    let left = left.unwrap();
    assert_eq!(left.forgotten, Some(NOW));
    assert_eq!(
        (left.name.as_str(), left.banned),
        ("Ann", Some(Timestamp(5)))
    );
    assert!(left.grant.is_some() && left.held.is_none());
    assert_eq!(left.preferences, Preferences::default());
    // Nothing is left of the name of whom no right was given or taken.
    done(&store, |write| {
        write.put_person(UserId(701), &person("Ben", 7))?;
        write.forget_person(UserId(701), NOW)
    });
    let left = store.read_now(|read| read.person(UserId(701))).unwrap();
    assert_eq!(left.unwrap().name, "");
}

#[test]
fn rounds_that_were_set_aside_are_forgotten_with_the_others() {
    let folder = Folder::new();
    drop(filled(&folder, 2).close());
    // One round of Ann's and one of another cannot be read.
    let (anns, others) = (lane(-50, None, 700), lane(-50, None, 701));
    scribble(&folder, anns);
    scribble(&folder, others);
    let store = folder.open();
    chats_of(&store, ANN, usize::MAX);
    chats_of(&store, UserId(701), usize::MAX);
    // The writer sets them aside; whatever is written next comes after it.
    done(&store, |write| write.set_reachable(ChatId(1), true));
    assert_eq!(store.set_aside(), 2);
    forget_all_rounds(&store, ANN);
    done(&store, |write| write.forget_person(ANN, NOW));
    assert_eq!(store.set_aside(), 1);
}

/// Writes nonsense into the first round of a lane.
fn scribble(folder: &Folder, lane: Lane) {
    let db = redb::Database::open(folder.file()).unwrap();
    let txn = db.begin_write().unwrap();
    let mut history = txn.open_table(tables::HISTORY).unwrap();
    let key = tables::range(&history, &key::turns_of(lane))
        .unwrap()
        .next()
        .map(|entry| Key::from(entry.unwrap().0.value()));
    history
        .insert(&*key.unwrap(), [9, 9, 9].as_slice())
        .unwrap();
    drop(history);
    txn.commit().unwrap();
}
