use super::*;
use crate::chat::{Attachment, Lane, MessageId, Origin, UpdateId, UserId, fixtures};

fn question(id: i32, text: &str, second: u64) -> Job {
    Job {
        origin: Origin::Updates(vec![UpdateId(id.into())]),
        messages: vec![MessageId(id)],
        sent: Timestamp::from_secs(second),
        accepted: Timestamp::from_secs(second),
        ..fixtures::question(JobId(1), Lane::Terminal, text)
    }
}

fn text(job: &Job) -> &str {
    match &job.task {
        Task::Question { text, .. } => text,
        Task::Command(_) | Task::Tell(_) => panic!("{job:?}"),
    }
}

#[test]
fn pieces_are_joined_where_the_app_cut_them() {
    let (full, line) = ("x".repeat(4096), "x".repeat(4000));
    for (first, second, between) in [
        (full, "rest", ""),
        (format!("{line} "), "rest", ""),
        (line.clone(), "\nrest", ""),
        (line, "rest", "\n"),
        ("漢".repeat(4096), "rest", ""),
        ("👋".repeat(2047), "rest", "\n"),
    ] {
        let mut job = question(1, &first, 10);
        let seam = Seam::of(&job).unwrap();
        let next = seam.join(&mut job, &question(2, second, 11), &Piece::Text);
        assert_eq!(next, Ok(None));
        assert_eq!(text(&job), format!("{first}{between}{second}"));
        assert_eq!(job.messages, [MessageId(1), MessageId(2)]);
        let updates = Origin::Updates(vec![UpdateId(1), UpdateId(2)]);
        assert_eq!(job.origin, updates);
    }
}

#[test]
fn a_short_message_is_never_held_back() {
    for short in ["hi".to_owned(), "x".repeat(3799), "👋".repeat(1899)] {
        assert_eq!(Seam::of(&question(1, &short, 10)), None);
    }
    assert!(Seam::of(&question(1, &"👋".repeat(1900), 10)).is_some());
}

#[test]
fn what_comes_later_or_from_somebody_else_is_a_question_of_its_own() {
    let mut job = question(1, &"x".repeat(4096), 10);
    let whole = job.clone();
    let seam = Seam::of(&job).unwrap();
    let late = seam
        .clone()
        .join(&mut job, &question(2, "late", 13), &Piece::Text);
    assert_eq!(late, Err(Apart));
    let mut other = question(2, "mine", 10);
    other.sender.id = UserId(8);
    assert_eq!(seam.join(&mut job, &other, &Piece::Text), Err(Apart));
    assert_eq!(job, whole);
}

#[test]
fn a_full_piece_waits_for_the_next_up_to_ten() {
    let mut job = question(1, &"x".repeat(4096), 10);
    let mut seam = Seam::of(&job);
    let mut pieces = 1;
    while let Some(open) = seam {
        pieces += 1;
        let piece = question(pieces, &"y".repeat(4096), 10);
        seam = open.join(&mut job, &piece, &Piece::Text).unwrap();
    }
    assert_eq!(pieces, 10);
    assert_eq!(units(text(&job)), 40_960);
}

fn forward(id: i32, text: &str, second: u64) -> Job {
    let mut job = question(id, "", second);
    if let Task::Question { enclosed, .. } = &mut job.task {
        enclosed.push(Enclosed::Forward {
            from: Some("Bob".to_owned()),
            text: text.to_owned(),
            file: None,
        });
    }
    job
}

fn item(id: i32, album: &str, caption: &str) -> Job {
    let mut job = question(id, caption, 10);
    if let Task::Question { enclosed, .. } = &mut job.task {
        enclosed.push(Enclosed::File {
            attachment: Attachment::of_kind("photo"),
            album: Some(album.to_owned()),
        });
    }
    job
}

fn forwarded(job: &Job) -> Vec<&str> {
    job.task
        .enclosed()
        .iter()
        .filter_map(Enclosed::words)
        .collect()
}

#[test]
fn forwards_wait_for_each_other_and_for_their_comment() {
    let mut job = forward(1, "one", 10);
    let seam = Seam::of(&job).unwrap();
    assert_eq!(
        Seam::recalled(&job),
        Some(seam.clone()),
        "also over a restart"
    );
    let next = seam.join(&mut job, &forward(2, "two", 11), &Piece::Forward);
    let seam = next.unwrap().unwrap();
    let closed = seam
        .clone()
        .join(&mut job, &question(3, "who is right?", 12), &Piece::Text);
    assert_eq!(closed, Ok(None), "the comment ends it");
    assert_eq!(text(&job), "who is right?");
    assert_eq!(forwarded(&job), ["one", "two"]);
    assert_eq!(job.messages, [1, 2, 3].map(MessageId));
    // A second text is no comment, but a further forward still belongs to the first.
    let second = question(4, "and what else?", 12);
    assert_eq!(seam.join(&mut job, &second, &Piece::Text), Err(Apart));
    assert_eq!(forward_to(&mut job, &forward(5, "three", 12)), Ok(()));
    assert_eq!(forwarded(&job), ["one", "two", "three"]);
}

#[test]
fn a_forward_belongs_to_the_comment_of_the_same_moment_and_person() {
    let comment = question(1, "is that so?", 10);
    assert_eq!(Seam::of(&comment), None, "a short text waits for nothing");
    for second in [8, 10, 12] {
        let mut job = comment.clone();
        assert_eq!(forward_to(&mut job, &forward(2, "one", second)), Ok(()));
        assert_eq!(text(&job), "is that so?");
        assert_eq!(forwarded(&job), ["one"]);
    }
    let mut other = forward(2, "one", 10);
    other.sender.id = UserId(8);
    let mut go_on = comment.clone();
    go_on.messages.clear();
    for (mut job, next) in [
        (comment.clone(), forward(2, "one", 13)),
        (comment.clone(), forward(2, "one", 7)),
        (comment, other),
        (forward(1, "zero", 10), forward(2, "one", 10)),
        (go_on, forward(2, "one", 10)),
    ] {
        let whole = job.clone();
        assert_eq!(forward_to(&mut job, &next), Err(Apart));
        assert_eq!(job, whole);
    }
}

#[test]
fn a_long_comment_takes_its_rest_or_forwards() {
    let mut job = question(1, &"x".repeat(4096), 10);
    let seam = Seam::of(&job).unwrap();
    assert_eq!(Seam::recalled(&job), None, "not over a restart");
    let seam = seam
        .join(&mut job, &forward(2, "one", 10), &Piece::Forward)
        .unwrap()
        .unwrap();
    assert!(
        seam.join(&mut job, &forward(3, "two", 10), &Piece::Forward)
            .is_ok()
    );
    assert_eq!(forwarded(&job), ["one", "two"]);
}

#[test]
fn the_items_of_an_album_are_one_question_with_its_words() {
    let mut job = item(1, "a", "");
    let mut seam = Seam::of(&job).unwrap();
    for (id, caption) in [(2, "which is best?"), (3, ""), (4, "or this?")] {
        let next = item(id, "a", caption);
        let album = Piece::Album("a".to_owned());
        seam = seam.join(&mut job, &next, &album).unwrap().unwrap();
    }
    assert_eq!(text(&job), "which is best?\nor this?");
    assert_eq!(job.task.enclosed().len(), 4);
    for (next, piece) in [
        (item(5, "b", ""), Piece::Album("b".to_owned())),
        (question(5, "a text", 10), Piece::Text),
        (forward(5, "one", 10), Piece::Forward),
    ] {
        assert_eq!(seam.clone().join(&mut job, &next, &piece), Err(Apart));
    }
}

#[test]
fn a_question_holds_a_hundred_forwards_and_no_more() {
    let mut job = forward(1, "one", 10);
    let mut seam = Seam::of(&job);
    let mut messages = 1;
    while let Some(open) = seam {
        messages += 1;
        let next = forward(messages, "more", 10);
        seam = open.join(&mut job, &next, &Piece::Forward).unwrap();
    }
    assert_eq!(messages, 100);
    let mut long = forward(1, &"x".repeat(60_000), 10);
    let open = Seam::of(&long).unwrap();
    let next = forward(2, &"x".repeat(60_000), 10);
    assert_eq!(open.join(&mut long, &next, &Piece::Forward), Err(Apart));
}

#[test]
fn the_words_are_of_one_message_when_the_others_were_forwarded() {
    let comment = forward(1, "one", 10);
    assert!(is_of_one_message(2, comment.task.enclosed()));
    assert!(is_of_one_message(1, &[]));
    assert!(!is_of_one_message(2, &[]));
    assert!(!is_of_one_message(3, comment.task.enclosed()));
}
