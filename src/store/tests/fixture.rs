//! A data file with a row of every kind in the first version of its shape (`tests/fixtures/v1.redb`):
//! it opens with all its content. What stands here is what went into it.

use std::fs;
use std::time::Duration;

use redb::{Database, ReadableDatabase, ReadableTable};

use super::*;
use crate::chat::Role;
use crate::chat::command::Command;
use crate::chat::rich::{Entity, Style};
use crate::chat::{Attachment, Button, Enclosed, Failing, Notice, OtherNames, TopicId};
use crate::clock::Pause;
use crate::keys::{
    Breaker, Cause, Cooling, Death, Health, Known, Learned, LearnedLimits, Ledger, Quota, Scope,
    Spend,
};
use crate::people::person::{Grant, Held};
use crate::people::preferences::Preferences;
use crate::store::key::Key;
use crate::store::rows::{Cursor, Deaths, Offset, Parked, Record, Seen, TurnRef};

const GROUP: i64 = -1_001_234_567_890;
pub(super) const ANN: i64 = 7_000_000_001;
pub(super) const BOT: i64 = 777;

fn text(text: &str) -> String {
    text.to_owned()
}

/// A lane of every form.
pub(super) fn lanes() -> [Lane; 4] {
    let of = |chat, topic, person| Lane::Telegram {
        chat: ChatId(chat),
        topic,
        person: UserId(person),
    };
    [
        of(ANN, None, ANN),
        of(GROUP, Some(TopicId::Thread(5)), ANN),
        of(GROUP, Some(TopicId::Direct(1 << 51)), GROUP),
        Lane::Terminal,
    ]
}

fn enclosed() -> Vec<Enclosed> {
    vec![
        Enclosed::Forward {
            from: Some(text("Ben")),
            text: text("seen on the way"),
            file: Some(Attachment::of_kind("photo")),
        },
        Enclosed::Forward {
            from: None,
            text: String::new(),
            file: None,
        },
        Enclosed::File {
            attachment: Attachment::of_kind("document"),
            album: Some(text("album 1")),
        },
        Enclosed::File {
            attachment: Attachment::of_kind("video"),
            album: None,
        },
        Enclosed::FileOfReply(Attachment::of_kind("voice")),
    ]
}

fn tasks() -> Vec<Task> {
    let question = |words: &str, basis| Task::Question {
        text: text(words),
        quote: None,
        enclosed: Vec::new(),
        basis,
    };
    let mut tasks = vec![
        Task::Question {
            text: text("为什么天空是蓝色的？"),
            quote: Some(text("the sky")),
            enclosed: enclosed(),
            basis: Basis::Newest,
        },
        question("more", Basis::Round(JobId(300))),
        question("again", Basis::InsteadOf(JobId(70_000))),
    ];
    let commands = [
        "/start claim_abc",
        "/help",
        "/new",
        "/stop",
        "/status",
        "/grant 5 vip 30",
        "/revoke 5",
        "/foo",
        "/keys retest",
    ]
    .map(|typed| Command::parse(typed).unwrap());
    tasks.extend(commands.map(Task::Command));
    let notices = [
        Notice::NeedsApproval,
        Notice::CannotRead {
            kind: text("sticker"),
        },
        Notice::TooOld,
        Notice::OwnersOnly,
        Notice::GaveUp,
        Notice::GroupNeedsApproval,
        Notice::NoOwner,
        Notice::PrivateOnly,
        Notice::SayMore,
        Notice::Missed,
        Notice::TooMany,
        Notice::TooManyCommands,
    ];
    tasks.extend(notices.map(Task::Tell));
    tasks
}

/// The jobs of the inbox, numbered from 1.
pub(super) fn jobs() -> Vec<Job> {
    let origins = [
        Origin::Updates(vec![UpdateId(900_000_001), UpdateId(900_000_002)]),
        Origin::Timer(7),
        Origin::Terminal,
    ];
    let of = |(number, task): (u64, Task)| {
        let at = |count: usize| usize::try_from(number).unwrap() % count;
        let is_first = number == 1;
        let sender = Sender {
            id: UserId(ANN),
            name: text("Ann 安"),
            language: is_first.then(|| text("zh-hans")),
            is_chat: at(2) == 0,
        };
        let accepted = Timestamp(1_795_000_000_500);
        let origin = origins[at(3)].clone();
        Job {
            id: JobId(number),
            kind: [ChatKind::Private, ChatKind::Group][at(2)],
            messages: vec![MessageId(5), MessageId(70_000)],
            role: Role::ALL[at(5)],
            sent: Timestamp(1_795_000_000_000),
            attempts: if is_first { 2 } else { 0 },
            seen: is_first.then(|| text("Because the")),
            places: is_first.then_some(MessageId(71)).into_iter().collect(),
            ..Job::new(origin, lanes()[at(4)], sender, task, accepted)
        }
    };
    (1..).zip(tasks()).map(of).collect()
}

fn styles() -> Vec<Style> {
    vec![
        Style::Bold,
        Style::Italic,
        Style::Underline,
        Style::Strikethrough,
        Style::Spoiler,
        Style::Code,
        Style::Pre {
            language: Some(text("rust")),
        },
        Style::Pre { language: None },
        Style::Link {
            url: text("https://example.com/?q=1"),
        },
        Style::Quote,
        Style::LongQuote,
    ]
}

fn body() -> Rich {
    let entity = |(offset, style)| Entity {
        offset,
        length: 3,
        style,
    };
    Rich {
        text: text("a text with entities of every style — 每一种"),
        entities: (0..).zip(styles()).map(entity).collect(),
    }
}

fn buttons() -> Vec<Button> {
    vec![Button::callback("重试", text("retry:70000"))]
}

fn payloads() -> Vec<Payload> {
    let message = MessageId(71);
    vec![
        Payload::Send {
            body: body(),
            reply_to: Some(message),
            buttons: buttons(),
        },
        Payload::Edit {
            message,
            body: Rich::plain("shorter"),
            buttons: Vec::new(),
        },
        Payload::Restore {
            message: Some(message),
            answer: text("**Because**"),
            asked: text("why?"),
            buttons: buttons(),
        },
        Payload::Delete { message },
        Payload::File {
            name: text("cat.png"),
            path: text("/tmp/cat.png"),
            reply_to: None,
        },
        Payload::Document {
            name: text("answer.md"),
            text: text("# All of it\n"),
            reply_to: Some(message),
        },
        Payload::Answer {
            callback: text("4242424242"),
            text: text("done"),
        },
    ]
}

/// The parts of the outbox, numbered from 1.
pub(super) fn parts() -> Vec<Outbound> {
    let ranks = [
        Rank::Final,
        Rank::Acknowledge,
        Rank::Edit,
        Rank::Typing,
        Rank::Broadcast,
    ];
    let of = |(number, payload): (usize, Payload)| {
        let is_first = number == 0;
        let chat = ChatId(if is_first { GROUP } else { ANN });
        let topic = is_first.then_some(TopicId::Direct(1 << 51));
        Outbound {
            rank: ranks[number % 5],
            pause: is_first.then_some(PAUSE),
            failing: Failing {
                tries: if is_first { 3 } else { 0 },
                lasted: Duration::from_millis(if is_first { 90_500 } else { 0 }),
                is_aside: is_first,
            },
            part_of: is_first.then_some((lanes()[2], JobId(300), 2)),
            ..Outbound::new(chat, topic, payload)
        }
    };
    payloads().into_iter().enumerate().map(of).collect()
}

const PAUSE: Pause = Pause {
    since: Timestamp(1_795_000_000_700),
    length: Duration::from_millis(35_250),
};

/// The rounds of the history: lane, job and round.
pub(super) fn rounds() -> Vec<(Lane, JobId, StoredTurn)> {
    let reasons = [
        TierReason::Smalltalk,
        TierReason::Code,
        TierReason::Analysis,
        TierReason::Media,
        TierReason::Asked,
        TierReason::Degraded,
    ];
    let of = |(number, reason): (u64, TierReason)| {
        let is_first = number == 0;
        let message = MessageId(10 + i32::try_from(number).unwrap());
        let mut question = vec![Part::Text(format!("question {number}"))];
        let mut answer = vec![Part::Text(text("because 因为"))];
        if is_first {
            question.push(Part::Quote(text("the sky")));
            question.extend(enclosed().into_iter().map(Part::Enclosed));
            answer.insert(0, Part::Signed(vec![0, 1, 250, 251, 255]));
            answer.push(Part::File {
                file_id: text("AgACAgIAAx"),
                description: text("a cat"),
            });
        }
        let asked = Timestamp(1_795_000_000_000 + number);
        let mut turn = StoredTurn {
            model: text("gemini-4-argon"),
            reason,
            answer: if number == 5 { Vec::new() } else { answer },
            ..StoredTurn::unanswered(asked, vec![message], question)
        };
        if is_first {
            turn.answer_messages = vec![(0, MessageId(300)), (1, MessageId(301))];
            turn.files = vec![MessageId(301)];
            turn.beginning = Some(body());
        }
        let at = usize::try_from(number).unwrap() % 4;
        (lanes()[at], JobId(300 + number), turn)
    };
    (0..).zip(reasons).map(of).collect()
}

/// The registry: persons, and a group.
pub(super) fn registry() -> Vec<(UserId, Person)> {
    let of = |name: &str, role: Option<(Role, Option<u64>)>| Person {
        name: text(name),
        other_names: OtherNames::default(),
        language: None,
        banned: None,
        grant: role.map(|(role, until)| Grant {
            role,
            until: until.map(Timestamp),
        }),
        first_seen: Timestamp(1_790_000_000_000),
        last_seen: Timestamp(1_795_000_000_000),
        in_private: true,
        knock: None,
        told: None,
        left: None,
        reachable: true,
        is_channel: false,
        held: None,
        preferences: Preferences::default(),
        writes: None,
        forgotten: None,
        told_unread: None,
        told_unseated: None,
    };
    let held = Held {
        message: MessageId(9),
        topic: Some(TopicId::Thread(5)),
        text: text("are you there?"),
        quote: Some(text("the sky")),
        enclosed: enclosed(),
        sent: Timestamp(1_794_000_000_000),
        told: Timestamp(1_794_900_000_000),
    };
    let ann = Person {
        language: Some(text("en")),
        reachable: false,
        held: Some(held),
        told_unread: Some(Timestamp(1_794_900_000_001)),
        ..of("Ann 安", Some((Role::Vip, Some(1_797_000_000_000))))
    };
    vec![
        (
            UserId(GROUP),
            of("Garden club", Some((Role::Premium, None))),
        ),
        (UserId(5), of("Ben", Some((Role::Guest, None)))),
        (UserId(6), of("Cem", Some((Role::Normal, None)))),
        (UserId(7), of("Dee", Some((Role::Owner, None)))),
        (UserId(8), of("Eve", None)),
        (UserId(ANN), ann),
    ]
}

pub(super) fn ledgers() -> Vec<([u8; 16], String, Ledger)> {
    let ledger = |day, used, recent: &[u64]| Ledger {
        day,
        used,
        recent: recent.iter().copied().map(Timestamp).collect(),
    };
    vec![
        ([1; 16], text("flash"), ledger(20_775, 49, &[])),
        (
            [1; 16],
            text("gemini-4-argon"),
            ledger(20_775, 70_000, &[1_795_000_000_000, 1_795_000_000_400]),
        ),
        ([255; 16], text("flash"), ledger(-3, 0, &[])),
    ]
}

/// A health in which nothing is left out.
fn full_health() -> Health {
    let at = Timestamp(1_795_000_000_000);
    let known = |quota, limit, paid| Known {
        learned: Learned { quota, limit },
        at,
        paid,
    };
    Health {
        dead: Some((Death::Leaked, at)),
        cooling: Cooling {
            until: Some(Timestamp(1_795_000_900_000)),
            since: Some(at),
            cause: Some(Cause::Day { looks: 3 }),
            probe_at: Some(Timestamp(1_795_000_800_000)),
        },
        breaker: Breaker {
            strikes: 2,
            trips: 300,
        },
        died_together: true,
        learned: LearnedLimits {
            known: vec![
                known(Quota::RequestsPerMinute, 5, false),
                known(Quota::RequestsPerDay, 250, true),
                known(Quota::TokensPerMinute, 250_000, false),
                known(Quota::TokensPerDay, u64::MAX, false),
            ],
        },
    }
}
const DEATHS: [Death; 7] = [
    Death::Invalid,
    Death::WrongType,
    Death::Leaked,
    Death::Suspended,
    Death::ProjectDenied,
    Death::Restricted,
    Death::Unlisted,
];

/// The health of every kind of scope.
pub(super) fn states() -> Vec<(Scope, Health)> {
    let at = Timestamp(1_795_000_000_000);
    let dead = |death| Health {
        dead: Some((death, at)),
        ..Health::default()
    };
    let caused = |cause| Health {
        cooling: Cooling {
            until: Some(Timestamp(1_795_000_900_000)),
            cause: Some(cause),
            ..Cooling::default()
        },
        ..Health::default()
    };
    let missing = Cause::Missing {
        at: [9; 16],
        times: 2,
    };
    let scopes = [
        (Scope::Key([1; 16]), full_health()),
        (Scope::KeyModel([2; 16], text("flash")), Health::default()),
        (Scope::Project([3; 16]), caused(Cause::SpendingCap)),
        (
            Scope::ProjectModel([4; 16], text("flash")),
            caused(Cause::Day { looks: 0 }),
        ),
        (Scope::Model(text("gemini-4-argon")), Health::default()),
        (Scope::FreeKeys, Health::default()),
        (Scope::Pool, Health::default()),
        (Scope::Missing(text("old")), caused(missing)),
        (Scope::Endpoint, caused(Cause::Endpoint { at: [8; 16] })),
    ];
    let dead = (100..)
        .zip(DEATHS)
        .map(|(key, death)| (Scope::Key([key; 16]), dead(death)));
    scopes.into_iter().chain(dead).collect()
}

const SPEND: Spend = Spend {
    day: 20_775,
    micro_usd: 998_001,
};

pub(super) const SEEN: [(i64, Disposition); 3] = [
    (900_000_001, Disposition::Accepted),
    (900_000_003, Disposition::Skipped),
    (-1, Disposition::Dropped),
];
pub(super) const SEEN_AT: Timestamp = Timestamp(1_795_000_000_100);
/// Bytes of the inbox that were no job.
const SCRIBBLED: &[u8] = &[1, 253, 255, 255, 255, 255, 255, 255, 255, 127];

/// A copy of the fixture.
pub(super) fn copy() -> Folder {
    let folder = Folder::new();
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/v1.redb");
    fs::copy(fixture, folder.file()).unwrap();
    folder
}

fn opened() -> (Folder, Store) {
    let folder = copy();
    let store = Store::open(&folder.file(), Open::Existing).unwrap();
    (folder, store)
}

fn read<T>(op: impl FnOnce(&Read) -> Result<T, StoreError>) -> T {
    let (_folder, store) = opened();
    store.read_now(op).unwrap()
}

fn written<T: Send + 'static>(
    op: impl Fn(&mut Write<'_>) -> Result<T, StoreError> + Send + 'static,
) -> T {
    let (_folder, store) = opened();
    store.write(op).wait().unwrap()
}

#[test]
fn the_jobs_are_there_and_their_numbers_go_on() {
    assert_eq!(read(|read| read.jobs(JobId(0), 99)), jobs());
    let next = jobs().len() + 1;
    assert_eq!(
        written(|write| Ok(write.next_job_id()?.0)),
        u64::try_from(next).unwrap()
    );
}

#[test]
fn the_outgoing_parts_are_there_and_their_numbers_go_on() {
    let found = read(|read| {
        let ids = (1..).map(OutboxId).take(parts().len());
        ids.map(|id| Ok(read.outbound(id)?.unwrap())).collect()
    });
    let found: Vec<Outbound> = found;
    assert_eq!(found, parts());
    assert_eq!(read(Read::outbox_heads).len(), parts().len());
    let next = written(|write| write.put_outbound(&parts()[0]));
    assert_eq!(next.0, u64::try_from(parts().len() + 1).unwrap());
}

#[test]
fn the_rounds_are_there_and_found_by_their_messages() {
    for (lane, job, turn) in rounds() {
        assert_eq!(read(|read| read.turn(lane, job)).unwrap(), turn);
        let answers = turn.answer_messages.iter().map(|(_, message)| message);
        for message in turn.question_messages.iter().chain(answers) {
            let Some(chat) = lane.chat() else { continue };
            let found = read(|read| read.by_message(chat, *message));
            assert_eq!(found, Some((lane, job)));
        }
    }
    let (lane, newest, _) = &rounds()[5];
    let of_lane = read(|read| read.turns(*lane, JobId(u64::MAX), 9));
    assert_eq!(of_lane.last().unwrap().0, *newest);
}

#[test]
fn the_registry_is_there() {
    let mut found = Vec::new();
    read(|read| read.persons(|id, person| found.push((id, person))));
    assert_eq!(found, registry());
}

#[test]
fn what_was_seen_is_known() {
    for (update, disposition) in SEEN {
        let found = read(|read| read.was_seen(BOT, UpdateId(update)));
        assert_eq!(found, Some((SEEN_AT, disposition)));
    }
    let taken = written(|write| write.was_taken(BOT, ChatId(ANN), MessageId(5)));
    assert_eq!(taken, Some((SEEN_AT, Disposition::Accepted)));
}

#[test]
fn the_counters_of_keys_and_the_money_are_there() {
    assert_eq!(read(Read::ledgers), ledgers());
    assert_eq!(read(Read::spend), Some(SPEND));
}

#[test]
fn the_health_of_every_scope_is_there_and_found_under_its_key() {
    let mut found = read(Read::key_states);
    let mut expected = states();
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    expected.sort_by(|(one, _), (other, _)| one.cmp(other));
    assert_eq!(found, expected);
    for (scope, health) in expected {
        let found = written(move |write| write.key_state(&scope));
        assert_eq!(found, Some(health));
    }
}

#[test]
fn offsets_waits_deaths_and_cursors_are_there() {
    assert_eq!(read(|read| read.offset(BOT)), Some((900_000_004, SEEN_AT)));
    assert_eq!(read(|read| read.offset(778)), Some((-5, SEEN_AT)));
    let parked = [(ChatId(GROUP), PAUSE), (ChatId(ANN), PAUSE)];
    assert_eq!(read(Read::parked), parked);
    let deaths = |span| read(|read| read.deaths(SEEN_AT, span));
    assert_eq!(deaths(Duration::from_hours(1)), 2);
    assert_eq!(deaths(Duration::from_mins(1)), 1);
    assert_eq!(written(|write| write.prune_seen(SEEN_AT)), 0);
    assert_eq!(written(|write| write.prune_history(Timestamp(1))), 0);
}

#[test]
fn the_secret_is_the_same() {
    let (_folder, store) = opened();
    let of_a_key = [
        200, 132, 23, 190, 225, 143, 8, 192, 205, 247, 36, 196, 105, 81, 189, 188,
    ];
    assert_eq!(store.fingerprint("a key"), of_a_key);
}

#[test]
fn what_was_set_aside_is_kept() {
    let (folder, store) = opened();
    store.close().unwrap();
    let db = Database::open(folder.file()).unwrap();
    let read = db.begin_read().unwrap();
    let aside = read.open_table(tables::SET_ASIDE).unwrap();
    let key = Key::set_aside("inbox", &Key::number(5_000));
    let row = aside.get(&*key).unwrap().unwrap();
    assert_eq!(row.value(), SCRIBBLED);
}

/// Whether what is read from the rows of a table is written in the same bytes.
fn is_written_alike<R: Record>(file: &Path, keys: impl Fn(&[u8]) -> bool) {
    let db = Database::open(file).unwrap();
    let read = db.begin_read().unwrap();
    let table = read.open_table(tables::of::<R>()).unwrap();
    let mut rows = 0;
    for entry in table.iter().unwrap() {
        let (key, row) = entry.unwrap();
        if keys(key.value()) {
            let record: R = tables::decoded(row.value()).unwrap();
            assert_eq!(tables::encoded(&record).unwrap(), row.value());
            rows += 1;
        }
    }
    assert!(rows > 0, "{}", R::TABLE);
}

#[test]
fn every_row_is_written_in_the_bytes_that_are_read() {
    let folder = copy();
    let file = &*folder.file();
    let all = |_: &[u8]| true;
    is_written_alike::<Job>(file, all);
    is_written_alike::<Outbound>(file, all);
    is_written_alike::<StoredTurn>(file, all);
    is_written_alike::<TurnRef>(file, all);
    is_written_alike::<Seen>(file, all);
    is_written_alike::<Ledger>(file, all);
    is_written_alike::<Health>(file, all);
    is_written_alike::<Offset>(file, |name| name.starts_with(tables::OFFSETS.as_bytes()));
    is_written_alike::<Cursor>(file, |name| name.ends_with(b"cursor"));
    is_written_alike::<Spend>(file, |name| name == tables::SPEND);
    is_written_alike::<Parked>(file, |name| name == tables::PARKED);
    is_written_alike::<Deaths>(file, |name| name == tables::DEATHS);
    let db = Database::open(file).unwrap();
    let read = db.begin_read().unwrap();
    for (scope, _) in states() {
        let key = Key::scope(&scope).unwrap();
        let states = read.open_table(tables::KEY_STATE).unwrap();
        assert!(states.get(&*key).unwrap().is_some(), "{scope:?}");
    }
}
