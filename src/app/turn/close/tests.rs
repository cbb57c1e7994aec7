use tempfile::TempDir;

use super::*;
use crate::app::turn::said::payloads;
use crate::catalog::Tier;
use crate::chat::answer::Failure;
use crate::chat::fixtures::{self, round};
use crate::chat::rich::Rich;
use crate::chat::{ChatId, Part, UserId};
use crate::locale::Language;
use crate::people::usage::Usage;
use crate::render::rendered;
use crate::store::{Open, Store};

const LANE: Lane = fixtures::private(7);
const TODAY: i32 = 20_000;

fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("bot.redb"), Open::CreateIfMissing).unwrap();
    (folder, store)
}

fn question(id: u64, text: &str, basis: Basis) -> Job {
    Job {
        attempts: 1,
        task: Task::question(text.to_owned(), basis),
        ..fixtures::question(JobId(id), LANE, text)
    }
}

fn reply(text: &str, question: &str) -> Reply {
    Reply {
        round: Some(round(question, Some(text))),
        buttons: vec![Button::callback("Retry", "retry".to_owned())],
        ..Reply::say(Ending::Answered, text)
    }
}

/// An old answer in the messages 11 to 13, and the job that is to replace it.
async fn with_old_answer(store: &Store, old: StoredTurn, job: Job) {
    let written = store.write(move |rows| {
        rows.append_turn(LANE, JobId(1), &old)?;
        for (part, message) in (0..).zip(11..14) {
            rows.record_answer_message(LANE, JobId(1), part, MessageId(message))?;
        }
        rows.put_job(&job)
    });
    written.await.unwrap();
}

fn english() -> &'static Locale {
    Locale::of(Language::En)
}

fn closing<'a>(reply: &'a Reply, said: &'a [Payload], shown: Option<MessageId>) -> Close<'a> {
    Close {
        reply,
        said,
        shown,
        locale: english(),
        today: TODAY,
    }
}

async fn closed(store: &Store, job: &Job, reply: Reply) -> Vec<Outbound> {
    let job = job.clone();
    let written = store.write(move |rows| {
        close(
            rows,
            &job,
            &closing(&reply, &payloads(&reply, &job, english()), None),
        )
    });
    let (_, heads) = written.await.unwrap();
    let read = |head: Head| store.read_now(|rows| rows.outbound(head.id)).unwrap();
    heads.into_iter().map(|head| read(head).unwrap()).collect()
}

#[tokio::test]
async fn a_question_that_was_changed_meanwhile_is_not_answered() {
    let (_folder, store) = store();
    let old = question(2, "old", Basis::Newest);
    let new = question(2, "new", Basis::Newest);
    store.write(move |rows| rows.put_job(&new)).await.unwrap();
    let written = store.write(move |rows| {
        let reply = reply("answer", "old");
        close(
            rows,
            &old,
            &closing(&reply, &payloads(&reply, &old, english()), None),
        )
    });
    assert_eq!(written.await.unwrap(), (Ending::Changed, Vec::new()));
    let left = store.read_now(|rows| rows.job(JobId(2))).unwrap().unwrap();
    assert_eq!(left.attempts, 0);
    assert!(
        store
            .context(LANE, Basis::Newest, 9)
            .await
            .unwrap()
            .is_empty()
    );
    // Once more, as it is now.
    let rows = closed(
        &store,
        &question(2, "new", Basis::Newest),
        reply("answer", "new"),
    )
    .await;
    assert_eq!(rows.len(), 1);
    assert_eq!(store.read_now(|rows| rows.job(JobId(2))).unwrap(), None);
}

#[tokio::test]
async fn a_new_answer_takes_the_places_of_the_old_one_and_clears_the_rest() {
    let (_folder, store) = store();
    // The third part arrived after the job was made.
    let job = Job {
        places: vec![MessageId(11), MessageId(12)],
        ..question(2, "old?", Basis::InsteadOf(JobId(1)))
    };
    with_old_answer(&store, round("old?", Some("old")), job.clone()).await;
    let rows = closed(&store, &job, reply("new", "old?")).await;
    let [edit, second, third] = &rows[..] else {
        panic!("{rows:?}");
    };
    assert_eq!(edit.part_of, Some((LANE, JobId(2), 0)));
    assert!(
        matches!(&edit.payload, Payload::Edit { message: MessageId(11), body, buttons }
            if body.text == "new" && buttons.len() == 1),
        "{edit:?}"
    );
    for (row, gone) in [(second, 12), (third, 13)] {
        let message = MessageId(gone);
        assert_eq!(row.payload, Payload::Delete { message });
    }
    let context = store.context(LANE, Basis::Newest, 9).await.unwrap();
    assert_eq!(context.len(), 1);
    assert_eq!(context[0].answer_messages, [(0, MessageId(11))]);
    // The answer is found at once, also before it is shown.
    let found = |message| store.read_now(|rows| rows.by_message(ChatId(7), MessageId(message)));
    assert_eq!(found(11).unwrap(), Some((LANE, JobId(2))));
    assert_eq!(found(10).unwrap(), Some((LANE, JobId(2))));
    assert_eq!(found(12).unwrap(), None);
}

#[tokio::test]
async fn what_of_an_old_answer_is_a_file_is_known_and_not_guessed() {
    // The text of neither tells: one went in messages because files were not allowed.
    let long = "word ".repeat(20_000);
    for (text, files, deleted) in [
        ("short", vec![MessageId(13)], vec![13]),
        (long.as_str(), vec![], vec![]),
        (
            long.as_str(),
            vec![MessageId(12), MessageId(13)],
            vec![12, 13],
        ),
    ] {
        let (_folder, store) = store();
        let job = Job {
            places: vec![MessageId(11), MessageId(12), MessageId(13)],
            ..question(2, "old?", Basis::InsteadOf(JobId(1)))
        };
        let old = StoredTurn {
            files,
            ..round("old?", Some(text))
        };
        with_old_answer(&store, old, job.clone()).await;
        let rows = closed(&store, &job, reply(&"word ".repeat(2_000), "old?")).await;
        let mut edited = Vec::new();
        let mut gone = Vec::new();
        for row in &rows {
            if let Payload::Edit { message, .. } = row.payload {
                edited.push(message.0);
            } else if let Payload::Delete { message } = row.payload {
                gone.push(message.0);
            }
        }
        assert_eq!(gone, deleted, "{rows:?}");
        let kept: Vec<i32> = (11..14).filter(|id| !deleted.contains(id)).collect();
        assert_eq!(edited, kept);
    }
}

#[tokio::test]
async fn the_beginning_that_stays_is_rendered_when_it_is_sent_or_stored_as_it_was_shown() {
    let pieces = Rich::plain("the first half");
    for beginning in [None, Some(pieces.clone())] {
        let (_folder, store) = store();
        let job = Job {
            places: vec![MessageId(11)],
            ..question(2, "again?", Basis::InsteadOf(JobId(1)))
        };
        let old = StoredTurn {
            beginning: beginning.clone(),
            ..round("again?", Some("**old**"))
        };
        with_old_answer(&store, old, job.clone()).await;
        let written = store.write(move |rows| {
            let none = Reply::new(Ending::Discarded, Vec::new());
            close(rows, &job, &closing(&none, &[], Some(MessageId(11))))
        });
        let (_, heads) = written.await.unwrap();
        let row = store.read_now(|rows| rows.outbound(heads[0].id));
        let row = row.unwrap().unwrap();
        let Payload::Edit { message, body, .. } = rendered(row.clone()).payload else {
            panic!("{row:?}");
        };
        assert_eq!(message, MessageId(11));
        if beginning.is_some() {
            assert_eq!(body, pieces);
        } else {
            assert!(matches!(&row.payload, Payload::Restore { answer, .. } if answer == "**old**"));
            assert_eq!((body.text.as_str(), body.entities.len()), ("old", 1));
        }
    }
}

#[tokio::test]
async fn a_longer_answer_goes_on_in_new_messages_and_only_its_end_has_buttons() {
    let (_folder, store) = store();
    let job = Job {
        places: vec![MessageId(11)],
        ..question(2, "q", Basis::Newest)
    };
    let put = job.clone();
    store.write(move |rows| rows.put_job(&put)).await.unwrap();
    let long = "word ".repeat(1500);
    let rows = closed(&store, &job, reply(&long, "q")).await;
    assert_eq!(rows.len(), 2);
    assert!(matches!(&rows[0].payload, Payload::Edit { buttons, .. } if buttons.is_empty()));
    assert!(matches!(&rows[1].payload, Payload::Send { buttons, .. } if buttons.len() == 1));
}

#[test]
fn each_part_of_an_answer_is_said_in_its_order_and_signatures_are_not() {
    let text = |text: &str| Part::Text(text.to_owned());
    let reply = Reply {
        parts: vec![text("**a**"), Part::Signed(vec![1]), text("b")],
        notes: vec!["note".to_owned()],
        ..Reply::new(Ending::Answered, Vec::new())
    };
    let said = payloads(&reply, &question(2, "q", Basis::Newest), english());
    let texts = said.iter().map(|row| row.body().unwrap().text.as_str());
    assert_eq!(texts.collect::<Vec<_>>(), ["a", "b\n\nnote"]);
}

#[test]
fn below_something_new_no_old_message_is_taken_over() {
    let job = question(2, "q", Basis::Newest);
    let document = Payload::Document {
        name: "a".to_owned(),
        text: "a".to_owned(),
        reply_to: None,
    };
    let text = |text: &str| Payload::message(Rich::plain(text));
    let buttons = reply("", "").buttons;
    let shown = Shown {
        places: vec![MessageId(11), MessageId(12)],
        buttons: &buttons,
        ..Shown::default()
    };
    let said = [text("one"), document.clone(), text("two")];
    let rows = outbound(&job, &said, &shown);
    let parts: Vec<_> = rows.iter().map(|row| row.part_of.map(|of| of.2)).collect();
    assert_eq!(parts, [Some(0), Some(1), Some(2), None]);
    let last = Payload::Send {
        body: Rich::plain("two"),
        reply_to: None,
        buttons,
    };
    let payloads: Vec<_> = rows.into_iter().map(|row| row.payload).collect();
    let first = text("one").taking_over(MessageId(11));
    let surplus = Payload::Delete {
        message: MessageId(12),
    };
    assert_eq!(payloads, [first, document, last, surplus]);
}

#[tokio::test]
async fn an_apology_never_takes_the_place_of_an_answer_to_the_same_question() {
    let sorry = || Reply {
        round: Some(round("again?", None)),
        ..Reply::say(Ending::Failed(Failure::Busy), "sorry")
    };
    for (old, stays) in [
        (round("again?", Some("old")), true),
        (round("another?", Some("old")), false),
        (round("again?", None), false),
    ] {
        let (_folder, store) = store();
        let job = Job {
            places: vec![MessageId(11)],
            ..question(2, "again?", Basis::InsteadOf(JobId(1)))
        };
        with_old_answer(&store, old.clone(), job.clone()).await;
        let rows = closed(&store, &job, sorry()).await;
        let is_new = matches!(rows[0].payload, Payload::Send { .. });
        assert_eq!(is_new, stays, "{old:?}");
        let kept = store
            .read_now(|rows| rows.turns(LANE, JobId(u64::MAX), 9))
            .unwrap();
        let kept: Vec<u64> = kept.iter().map(|(job, _)| job.0).collect();
        assert_eq!(kept, if stays { [1] } else { [2] }, "{old:?}");
    }
}

#[tokio::test]
async fn a_turn_that_was_discarded_leaves_the_old_answer() {
    let (_folder, store) = store();
    let job = question(2, "again?", Basis::InsteadOf(JobId(1)));
    with_old_answer(&store, round("again?", Some("old")), job.clone()).await;
    assert_eq!(
        closed(&store, &job, Reply::new(Ending::Discarded, Vec::new())).await,
        []
    );
    assert_eq!(store.read_now(|rows| rows.job(JobId(2))).unwrap(), None);
    let context = store.context(LANE, Basis::Newest, 9).await.unwrap();
    assert_eq!(context[0].answer_messages.len(), 3);
}

#[tokio::test]
async fn an_answer_that_grew_before_the_group_moved_is_a_new_message_after_it() {
    let (_folder, store) = store();
    let (old, new) = (ChatId(-7), ChatId(-1007));
    let job = Job {
        lane: fixtures::lane(old.0, None, 7),
        kind: ChatKind::Group,
        places: vec![MessageId(20)],
        ..question(2, "q", Basis::Newest)
    };
    let asked = job.clone();
    let reply = reply("an answer", "q");
    let written = store.write(move |rows| {
        rows.put_job(&job)?;
        rows.migrate_chat(old, new)?;
        let said = payloads(&reply, &job, english());
        close(rows, &asked, &closing(&reply, &said, Some(MessageId(20))))
    });
    let (_, heads) = written.await.unwrap();
    let rows = heads.iter().map(|head| {
        let row = store
            .read_now(|rows| rows.outbound(head.id))
            .unwrap()
            .unwrap();
        assert_eq!(row.chat, new);
        row.payload
    });
    let rows: Vec<Payload> = rows.collect();
    let [Payload::Send { reply_to, .. }] = rows.as_slice() else {
        panic!("{rows:?}");
    };
    assert_eq!(*reply_to, None);
}

#[tokio::test]
async fn an_answer_counts_for_its_person_by_the_tier_that_made_it() {
    let (_folder, store) = store();
    let made_by = |tier| Reply {
        tier,
        ..reply("answer", "question")
    };
    let tiers = [Tier::Flash, Tier::Lite, Tier::Flash, Tier::Pro].map(Some);
    // The built-in model is of no tier.
    let replies = tiers.into_iter().chain([None]).map(made_by);
    for (id, reply) in (1..).zip(replies) {
        let job = question(id, "question", Basis::Newest);
        let asked = job.clone();
        let put = store.write(move |rows| rows.put_job(&asked));
        put.await.unwrap();
        closed(&store, &job, reply.clone()).await;
        // What has left the inbox is not counted a second time.
        closed(&store, &job, reply).await;
    }
    let used = Usage {
        messages: 0,
        lite: 1,
        flash: 2,
        pro: 1,
        searches: 0,
    };
    let read = |days| store.read_now(|rows| rows.usage_of(UserId(7), days));
    assert_eq!(read(0..=30_000).unwrap(), [(TODAY, used)]);
}

#[tokio::test]
async fn the_buttons_stand_under_a_picture_that_comes_last_and_its_round_keeps_no_file() {
    let (_folder, store) = store();
    let job = question(2, "draw a cat", Basis::Newest);
    let asked = job.clone();
    let put = store.write(move |rows| rows.put_job(&asked));
    put.await.unwrap();
    let picture = Part::Made {
        mime: "image/png".to_owned(),
        file: "0123".to_owned(),
    };
    let round = StoredTurn {
        answer: vec![picture.remembered("draw a cat")],
        ..round("draw a cat", None)
    };
    let drawn = Reply {
        parts: vec![Part::Text("Here it is.".to_owned()), picture],
        caption: "a cat".to_owned(),
        round: Some(round.clone()),
        ..reply("Here it is.", "draw a cat")
    };
    let rows = closed(&store, &job, drawn).await;
    let payloads: Vec<Payload> = rows.into_iter().map(|row| row.payload).collect();
    assert_eq!(
        payloads,
        [
            Payload::message(Rich::plain("Here it is.")),
            Payload::Made {
                form: crate::chat::Form::Photo,
                name: "picture.png".to_owned(),
                file: "0123".to_owned(),
                caption: "a cat".to_owned(),
                reply_to: None,
                buttons: vec![Button::callback("Retry", "retry".to_owned())],
            },
        ]
    );
    let kept = store.read_now(|rows| rows.turn(LANE, JobId(2))).unwrap();
    assert_eq!(kept.unwrap().answer, round.answer);
}
