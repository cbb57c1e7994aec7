use std::time::Duration;

use super::outcome::OUTAGE_CAP;
use super::*;
use crate::chat::Failing;
use crate::clock::Pause;

/// Most messages and edits in 60 seconds of one group (Bot API FAQ).
const GROUP_PER_MINUTE: usize = 20;
const MINUTE: Duration = Duration::from_mins(1);
const NOW: Timestamp = Timestamp(1_000_000);

fn head(id: u64, chat: i64, rank: Rank) -> Head {
    Head {
        id: OutboxId(id),
        chat: ChatId(chat),
        rank,
        not_before: Timestamp::default(),
        failing: Failing::default(),
    }
}

fn id(due: Due) -> u64 {
    match due.item {
        Item::Row(id) => id.0,
        Item::Frame(job) => panic!("a frame of {job}"),
    }
}

fn taken(outgoing: &mut Outgoing, now: Timestamp) -> Option<u64> {
    outgoing.next(now).map(id)
}

#[test]
fn rows_of_one_chat_leave_one_at_a_time_in_order() {
    let mut outgoing = Outgoing::default();
    for id in [3, 1, 2] {
        outgoing.push(head(id, 7, Rank::Final), NOW);
    }
    for number in [1, 2, 3] {
        let sent = outgoing.next(NOW).unwrap();
        assert_eq!(id(sent), number);
        assert_eq!(outgoing.next(NOW), None, "the queue is busy");
        outgoing.ended(sent, Ended::Gone, NOW, Duration::ZERO);
    }
    assert_eq!(outgoing.len(), 0);
    assert_eq!(outgoing.next(NOW.after(MINUTE)), None);
    assert!(
        outgoing.queues.is_empty(),
        "nothing is kept of an idle chat"
    );
}

#[test]
fn a_parked_chat_delays_nobody_else_and_not_its_own_callbacks() {
    let mut outgoing = Outgoing::default();
    outgoing.push(head(1, 7, Rank::Final), NOW);
    let first = outgoing.next(NOW).unwrap();
    let until = NOW.after(Duration::from_secs(35));
    outgoing.ended(first, Ended::Parked { until }, NOW, Duration::ZERO);
    outgoing.push(head(2, 8, Rank::Final), NOW);
    outgoing.push(head(3, 7, Rank::Acknowledge), NOW);
    outgoing.push(head(4, 7, Rank::Final), NOW);
    assert_eq!(taken(&mut outgoing, NOW), Some(2));
    assert_eq!(taken(&mut outgoing, NOW), Some(3));
    assert_eq!(taken(&mut outgoing, NOW), None);
    assert_eq!(outgoing.next_at(NOW), Some(until));
    assert_eq!(taken(&mut outgoing, Timestamp(until.0 - 1)), None);
    assert_eq!(
        taken(&mut outgoing, until),
        Some(1),
        "the parked row goes first"
    );
}

#[test]
fn parking_read_from_a_stored_row_holds() {
    let mut outgoing = Outgoing::default();
    let until = NOW.after(MINUTE);
    outgoing.push(
        Head {
            not_before: until,
            ..head(1, 7, Rank::Final)
        },
        NOW,
    );
    assert_eq!(taken(&mut outgoing, NOW), None);
    assert_eq!(taken(&mut outgoing, until), Some(1));
}

#[test]
fn a_chat_parked_with_nothing_to_send_still_waits() {
    let mut outgoing = Outgoing::default();
    outgoing.push(head(1, 7, Rank::Final), NOW);
    let row = outgoing.next(NOW).unwrap();
    let until = NOW.after(MINUTE);
    outgoing.close(ChatId(7));
    outgoing.ended(row, Ended::Parked { until }, NOW, Duration::ZERO);
    outgoing.close(ChatId(7));
    assert_eq!(outgoing.len(), 0);
}

#[test]
fn final_texts_overtake_edits_of_other_chats() {
    let mut outgoing = Outgoing::default();
    outgoing.push(head(1, 7, Rank::Edit), NOW);
    outgoing.push(head(2, 8, Rank::Final), NOW);
    assert_eq!(taken(&mut outgoing, NOW), Some(2));
}

#[test]
fn a_chat_gets_a_short_burst_and_then_one_message_a_second() {
    let mut outgoing = Outgoing::default();
    for id in 0..15 {
        outgoing.push(head(id, 7, Rank::Final), NOW);
    }
    let mut sent: Vec<u64> = Vec::new();
    let mut now = NOW;
    while sent.len() < 15 {
        if let Some(row) = outgoing.next(now) {
            sent.push(now.0 - NOW.0);
            outgoing.ended(row, Ended::Gone, now, Duration::ZERO);
        } else {
            now = outgoing.next_at(now).unwrap();
        }
    }
    assert_eq!(sent[..5], [0; 5]);
    assert_eq!(sent[5..8], [1_000, 2_000, 3_000]);
}

#[test]
fn a_group_hears_at_most_twenty_messages_in_any_minute() {
    let mut outgoing = Outgoing::default();
    for id in 0..100 {
        outgoing.push(head(id, -5, Rank::Final), NOW);
    }
    let mut sent: Vec<u64> = Vec::new();
    let mut now = NOW;
    while sent.len() < 100 {
        if let Some(row) = outgoing.next(now) {
            sent.push(now.0);
            outgoing.ended(row, Ended::Gone, now, Duration::ZERO);
        } else {
            now = outgoing.next_at(now).unwrap();
        }
    }
    for window in sent.windows(GROUP_PER_MINUTE + 1) {
        assert!(window[GROUP_PER_MINUTE] - window[0] >= 60_000, "{window:?}");
    }
}

#[test]
fn one_chat_that_never_answers_holds_up_nobody_else() {
    let mut outgoing = Outgoing::default();
    for id in 0..50 {
        outgoing.push(head(id, 100 + i64::try_from(id).unwrap(), Rank::Final), NOW);
    }
    let mut now = NOW;
    let mut sent = 0;
    while now < NOW.after(MINUTE) {
        while let Some(row) = outgoing.next(now) {
            if id(row) == 0 {
                outgoing.ended(row, Ended::Unanswered, now, Duration::ZERO);
            } else {
                sent += 1;
                outgoing.ended(row, Ended::Gone, now, Duration::ZERO);
            }
        }
        now = now.after(Duration::from_millis(50));
    }
    assert_eq!(sent, 49);
}

#[test]
fn a_button_pressed_in_a_group_does_not_empty_its_minute() {
    let mut outgoing = Outgoing::default();
    for id in 0..20 {
        outgoing.push(head(id, -5, Rank::Final), NOW);
    }
    outgoing.push(head(20, -5, Rank::Final), NOW);
    outgoing.push(head(21, -5, Rank::Acknowledge), NOW);
    let mut now = NOW;
    while now < NOW.after(Duration::from_secs(50)) {
        while let Some(row) = outgoing.next(now) {
            assert_ne!(id(row), 20, "the minute is full");
            outgoing.ended(row, Ended::Gone, now, Duration::ZERO);
        }
        now = now.after(Duration::from_millis(500));
    }
}

#[test]
fn an_idle_group_is_forgotten() {
    let mut outgoing = Outgoing::default();
    outgoing.push(head(1, -5, Rank::Final), NOW);
    let row = outgoing.next(NOW).unwrap();
    outgoing.ended(row, Ended::Gone, NOW, Duration::ZERO);
    assert_eq!(outgoing.next(NOW.after(MINUTE)), None);
    assert!(outgoing.groups.is_empty() && outgoing.queues.is_empty());
}

#[test]
fn while_telegram_does_not_answer_one_row_probes_at_growing_distances() {
    let mut outgoing = Outgoing::default();
    for id in 0..50 {
        outgoing.push(head(id, 100 + i64::try_from(id).unwrap(), Rank::Final), NOW);
    }
    let mut now = NOW;
    let mut tries = 0;
    while now < NOW.after(MINUTE) {
        if let Some(row) = outgoing.next(now) {
            if tries > 0 {
                assert_eq!(outgoing.next(now), None, "one probe at a time");
            }
            tries += 1;
            outgoing.ended(row, Ended::Unanswered, now, Duration::ZERO);
        }
        now = now.after(Duration::from_millis(50));
    }
    assert!((5..=9).contains(&tries), "{tries}");
    let row = outgoing.next(now.after(OUTAGE_CAP)).unwrap();
    outgoing.ended(row, Ended::Gone, now, Duration::ZERO);
    assert!(
        outgoing.next(now).is_some() && outgoing.next(now).is_some(),
        "all flow again"
    );
}

const SECOND: Duration = Duration::from_secs(1);

fn frame(outgoing: &mut Outgoing, now: Timestamp) -> Option<(u64, Due)> {
    let due = outgoing.next(now)?;
    match due.item {
        Item::Frame(job) => Some((job.0, due)),
        Item::Row(id) => panic!("row {id}"),
    }
}

fn shown(outgoing: &mut Outgoing, job: u64, now: Timestamp) -> bool {
    let Some((granted, due)) = frame(outgoing, now) else {
        return false;
    };
    assert_eq!(granted, job);
    outgoing.ended(due, Ended::Gone, now, Duration::ZERO);
    true
}

#[test]
fn a_row_goes_before_a_frame_and_frames_of_a_chat_take_turns() {
    let mut outgoing = Outgoing::default();
    outgoing.request_frame(ChatId(7), JobId(1), Frame::Draft, NOW);
    outgoing.request_frame(ChatId(7), JobId(2), Frame::Draft, NOW);
    outgoing.request_frame(ChatId(7), JobId(1), Frame::Draft, NOW);
    outgoing.push(head(9, 7, Rank::Final), NOW);
    let row = outgoing.next(NOW).unwrap();
    assert_eq!(id(row), 9);
    assert_eq!(outgoing.next(NOW), None, "the queue is busy");
    outgoing.ended(row, Ended::Gone, NOW, Duration::ZERO);
    assert!(shown(&mut outgoing, 1, NOW));
    let later = NOW.after(PER_DRAFT);
    assert!(shown(&mut outgoing, 2, later));
    assert_eq!(
        outgoing.next(later.after(PER_DRAFT)),
        None,
        "one request is one frame"
    );
}

#[test]
fn however_many_answers_grow_in_a_chat_its_drafts_keep_to_two_a_second_and_take_turns() {
    let mut outgoing = Outgoing::default();
    let mut times = [0; 4];
    for tenth in 0..100 {
        let now = NOW.after(SECOND / 10 * tenth);
        for job in 0..4 {
            outgoing.request_frame(ChatId(7), JobId(job), Frame::Draft, now);
        }
        let Some((job, due)) = frame(&mut outgoing, now) else {
            continue;
        };
        times[usize::try_from(job).unwrap()] += 1;
        outgoing.ended(due, Ended::Gone, now, Duration::ZERO);
    }
    assert_eq!(times, [5; 4]);
    outgoing.push(head(1, 7, Rank::Final), NOW.after(SECOND * 10));
    let last = NOW.after(SECOND * 10);
    assert_eq!(taken(&mut outgoing, last), Some(1), "a row waits for none");
}

#[test]
fn finals_of_all_chats_go_before_frames_of_any_and_frames_before_typing() {
    let mut outgoing = Outgoing::default();
    outgoing.request_frame(ChatId(1), JobId(1), Frame::Typing, NOW);
    outgoing.request_frame(ChatId(2), JobId(2), Frame::Draft, NOW);
    outgoing.push(head(5, 3, Rank::Final), NOW);
    assert_eq!(outgoing.next_rank(), Some(Rank::Final));
    assert_eq!(taken(&mut outgoing, NOW), Some(5));
    assert_eq!(outgoing.next_rank(), Some(Rank::Edit));
    assert!(shown(&mut outgoing, 2, NOW));
    assert_eq!(outgoing.next_rank(), Some(Rank::Typing));
    assert!(shown(&mut outgoing, 1, NOW));
}

#[test]
fn messages_that_grow_keep_to_one_a_second_without_a_burst() {
    let mut outgoing = Outgoing::default();
    let mut times = 0;
    for tenth in 0..100 {
        let now = NOW.after(SECOND / 10 * tenth);
        outgoing.request_frame(ChatId(7), JobId(1), Frame::Message, now);
        times += u32::from(shown(&mut outgoing, 1, now));
    }
    assert_eq!(times, 10);
}

#[test]
fn a_frame_that_met_a_flood_parks_the_chat_and_is_not_tried_again() {
    let mut outgoing = Outgoing::default();
    outgoing.request_frame(ChatId(7), JobId(1), Frame::Draft, NOW);
    let (_, due) = frame(&mut outgoing, NOW).unwrap();
    let until = NOW.after(Duration::from_secs(9));
    outgoing.ended(due, Ended::Flooded { until }, NOW, Duration::ZERO);
    outgoing.push(head(1, 7, Rank::Final), NOW);
    assert_eq!(outgoing.next_at(NOW), Some(until));
    assert_eq!(taken(&mut outgoing, until), Some(1));
    assert_eq!(outgoing.next_at(until), None);
}

#[test]
fn frames_take_their_part_of_a_groups_minute_and_answers_the_rest() {
    let mut outgoing = Outgoing::default();
    let group = ChatId(-7);
    let (mut frames, mut rows) = (Vec::new(), Vec::new());
    for second in 0..300_u32 {
        let now = NOW.after(SECOND * second);
        outgoing.request_frame(group, JobId(1), Frame::Message, now);
        if second % 4 == 0 {
            outgoing.push(head(u64::from(second), group.0, Rank::Final), now);
        }
        while let Some(due) = outgoing.next(now) {
            match due.item {
                Item::Row(_) => rows.push(now),
                Item::Frame(_) => frames.push(now),
            }
            outgoing.ended(due, Ended::Gone, now, Duration::ZERO);
        }
    }
    assert_eq!(rows.len(), 75, "answers are not held up");
    let within = |times: &[Timestamp], end: Timestamp| {
        let minute = times
            .iter()
            .filter(|at| **at <= end && end < at.after(MINUTE));
        minute.count()
    };
    for end in frames.iter().chain(&rows) {
        let (of_frames, of_rows) = (within(&frames, *end), within(&rows, *end));
        assert!(of_frames <= 10 && of_frames + of_rows <= 20);
    }
    assert!(frames.len() >= 5, "{}", frames.len());
}

/// What came of a run: which row went when, and what was to be stored of failing ones.
#[derive(Debug, Default)]
struct Run {
    sent: Vec<(u64, Timestamp)>,
    tried: Vec<(u64, Timestamp)>,
    fates: Vec<(u64, Fate)>,
}

impl Run {
    fn tries_of(&self, row: u64) -> Vec<Duration> {
        let of = self.tried.iter().filter(|(id, _)| *id == row);
        of.map(|(_, at)| at.since(NOW)).collect()
    }

    fn last_fate(&self, row: u64) -> Fate {
        let mut fates = self.fates.iter().rev();
        fates.find(|(id, _)| *id == row).unwrap().1
    }

    fn sent(&self) -> Vec<u64> {
        self.sent.iter().map(|(id, _)| *id).collect()
    }
}

/// Tries everything as its time comes, in `from..until`; each try ends as it is told, at once.
fn run(
    outgoing: &mut Outgoing,
    (from, until): (Timestamp, Timestamp),
    how: impl Fn(u64, Timestamp) -> Ended,
) -> Run {
    let mut run = Run::default();
    let mut now = from;
    while now < until {
        while let Some(due) = outgoing.next(now) {
            let row = id(due);
            let ended = how(row, now);
            run.tried.push((row, now));
            if ended == Ended::Gone {
                run.sent.push((row, now));
            }
            let fate = outgoing.ended(due, ended, now, Duration::ZERO);
            run.fates.extend(fate.map(|fate| (row, fate)));
        }
        now = outgoing.next_at(now).unwrap_or(until).max(now.after(STEP));
    }
    run
}

const STEP: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_hours(1);

/// Row 1 of chat 7 fails for ever.
fn one_fails(row: u64, _: Timestamp) -> Ended {
    if row == 1 {
        Ended::Unanswered
    } else {
        Ended::Gone
    }
}

/// A row of another chat every ten seconds.
fn others(outgoing: &mut Outgoing, from: Timestamp, length: Duration) {
    for nth in 0..u32::try_from(length.as_secs() / 10).unwrap() {
        let other = Head {
            not_before: from.after(SECOND * 10 * nth),
            ..head(1_000 + u64::from(nth), 1_000 + i64::from(nth), Rank::Final)
        };
        outgoing.push(other, from);
    }
}

#[test]
fn a_row_that_fails_while_others_are_served_is_set_aside_and_what_stands_behind_it_goes_on() {
    let mut outgoing = Outgoing::default();
    for row in [1, 2, 3] {
        outgoing.push(head(row, 7, Rank::Final), NOW);
    }
    others(&mut outgoing, NOW, HOUR);
    let ran = run(&mut outgoing, (NOW, NOW.after(HOUR)), one_fails);
    let behind = ran.sent.iter().filter(|(row, _)| [2, 3].contains(row));
    let behind: Vec<_> = behind.map(|(row, at)| (*row, at.since(NOW))).collect();
    assert_eq!(behind.len(), 2, "{behind:?}");
    for (_, after) in behind {
        assert!((MINUTE * 2..MINUTE * 3).contains(&after), "{after:?}");
    }
    let tries = ran.tries_of(1);
    let aside = tries.iter().filter(|at| **at <= MINUTE * 3).count();
    assert!(aside >= 6, "{tries:?}");
    assert!(tries.len() <= aside + 6, "at growing intervals: {tries:?}");
    assert_eq!(outgoing.len(), 1);
}

#[test]
fn a_row_that_was_set_aside_leaves_when_telegram_takes_it() {
    let mut outgoing = Outgoing::default();
    for row in [1, 2] {
        outgoing.push(head(row, 7, Rank::Final), NOW);
    }
    others(&mut outgoing, NOW, HOUR);
    let ran = run(&mut outgoing, (NOW, NOW.after(HOUR)), |row, now| {
        let is_mended = now > NOW.after(MINUTE * 5);
        if is_mended {
            Ended::Gone
        } else {
            one_fails(row, now)
        }
    });
    assert!(ran.sent().contains(&1) && ran.sent().contains(&2));
    assert_eq!(outgoing.len(), 0);
}

#[test]
fn while_telegram_serves_nobody_no_row_is_set_aside_and_order_is_kept() {
    let mut outgoing = Outgoing::default();
    for row in 1..40 {
        let chat = i64::try_from(row % 4).unwrap();
        outgoing.push(head(row, chat + 1, Rank::Final), NOW);
    }
    let back = NOW.after(HOUR * 2);
    let ran = run(&mut outgoing, (NOW, back.after(MINUTE * 10)), |_, now| {
        if now < back {
            Ended::Unanswered
        } else {
            Ended::Gone
        }
    });
    let waits = |(_, fate): &(u64, Fate)| matches!(fate, Fate::Waits(_));
    assert!(ran.fates.iter().all(waits), "{:?}", ran.fates);
    for chat in 0..4 {
        let of_chat = ran.sent().into_iter().filter(|row| row % 4 == chat);
        assert!(of_chat.is_sorted());
    }
    assert_eq!(ran.sent.len(), 39);
}

#[test]
fn in_a_quiet_bot_the_answer_to_another_call_tells_that_it_is_the_row() {
    let mut outgoing = Outgoing::default();
    for row in [1, 2] {
        outgoing.push(head(row, 7, Rank::Final), NOW);
    }
    let alone = |row, _| if row == 1 { Ended::Failed } else { Ended::Gone };
    let ran = run(&mut outgoing, (NOW, NOW.after(MINUTE * 4)), alone);
    assert_eq!(ran.sent(), [2]);
    assert!(matches!(ran.last_fate(1), Fate::Aside(..)));
}

#[test]
fn what_is_broken_on_this_machine_is_set_aside_whatever_telegram_does() {
    let mut outgoing = Outgoing::default();
    for row in [1, 2] {
        outgoing.push(head(row, 7, Rank::Final), NOW);
    }
    let broken = |row, _| if row == 1 { Ended::Broken } else { Ended::Gone };
    let ran = run(&mut outgoing, (NOW, NOW.after(MINUTE * 4)), broken);
    assert_eq!(ran.sent(), [2]);
}

/// One life of the bot after the other: what was stored of the row is all that the next one knows.
#[test]
fn a_row_goes_on_failing_where_it_stood_before_a_restart_and_is_given_up_after_a_day() {
    for downtime in [Duration::ZERO, HOUR * 30] {
        let mut failing = Failing::default();
        let mut pause: Option<Pause> = None;
        let mut now = NOW;
        let lives = (0..60).find(|life| {
            let mut outgoing = Outgoing::default();
            let left = pause.map_or(Duration::ZERO, |pause| pause.left(now));
            let row = Head {
                not_before: now.after(left),
                failing: pause.map_or(failing, |pause| failing.recalled(pause, now)),
                ..head(1, 7, Rank::Final)
            };
            outgoing.push(row, now);
            outgoing.push(head(2, 7, Rank::Final), now);
            others(&mut outgoing, now, HOUR);
            let ran = run(&mut outgoing, (now, now.after(HOUR)), one_fails);
            let behind = ran.sent.iter().find(|(row, _)| *row == 2).unwrap();
            let waited = behind.1.since(now);
            assert!(*life == 0 || waited < SECOND, "life {life}: {waited:?}");
            now = now.after(HOUR + downtime);
            let Some((_, fate)) = ran.fates.last() else {
                return false;
            };
            let since = ran.tried.iter().rfind(|(row, _)| *row == 1).unwrap().1;
            match *fate {
                Fate::Waits(_) => panic!("not set aside within an hour"),
                Fate::Aside(now, length) => {
                    (failing, pause) = (now, Some(Pause { since, length }));
                    false
                }
                Fate::GivenUp(failing) => {
                    assert!(failing.lasted >= HOUR * 24 && failing.lasted < HOUR * 29);
                    assert!(failing.tries < 40, "{failing:?}");
                    assert_eq!(outgoing.len(), 0);
                    true
                }
            }
        });
        assert!(lives.is_some(), "never given up: {failing:?}");
    }
}

#[test]
fn what_stands_aside_holds_up_no_frame() {
    let mut outgoing = Outgoing::default();
    outgoing.push(head(1, 7, Rank::Final), NOW);
    others(&mut outgoing, NOW, MINUTE * 3);
    let end = NOW.after(MINUTE * 3);
    let ran = run(&mut outgoing, (NOW, end), one_fails);
    assert!(matches!(ran.last_fate(1), Fate::Aside(..)));
    outgoing.request_frame(ChatId(7), JobId(1), Frame::Draft, end);
    assert!(shown(&mut outgoing, 1, end));
}

#[test]
fn a_row_of_a_broadcast_holds_up_neither_answer_nor_frame_of_its_chat() {
    let mut outgoing = Outgoing::default();
    for (id, rank) in [(1, Rank::Broadcast), (2, Rank::Broadcast), (3, Rank::Final)] {
        outgoing.push(head(id, 7, rank), NOW);
    }
    outgoing.push(head(4, 8, Rank::Final), NOW);
    outgoing.request_frame(ChatId(7), JobId(9), Frame::Draft, NOW);
    let mut left = Vec::new();
    while let Some(due) = outgoing.next(NOW) {
        left.push(due.item);
        outgoing.ended(due, Ended::Gone, NOW, Duration::ZERO);
    }
    let row = |id| Item::Row(OutboxId(id));
    let frame = Item::Frame(JobId(9));
    assert_eq!(left, [row(3), row(4), frame, row(1), row(2)]);
    assert_eq!(outgoing.len(), 0);
}

#[test]
fn the_count_of_rows_is_true_whatever_happens() {
    let mut rng = fastrand::Rng::with_seed(5);
    let mut outgoing = Outgoing::default();
    let mut now = NOW;
    let mut under_way: Vec<Due> = Vec::new();
    for nth in 0..20_000 {
        let chat = ChatId(rng.i64(1..6));
        match rng.u8(0..10) {
            0..4 => {
                let rank = rng.choice([Rank::Final, Rank::Acknowledge, Rank::Broadcast]);
                let rank = rank.unwrap();
                let row = rng.choice([nth, nth / 2]).unwrap();
                outgoing.push(head(row, chat.0, rank), now);
            }
            4 => outgoing.request_frame(chat, JobId(nth), Frame::Draft, now),
            5 if rng.u8(0..20) == 0 => outgoing.close(chat),
            6..8 => under_way.extend(outgoing.next(now)),
            _ => {
                let Some(due) = under_way.pop() else { continue };
                let until = now.after(SECOND);
                let ended = rng.choice([
                    Ended::Gone,
                    Ended::Unsent,
                    Ended::Changed,
                    Ended::Parked { until },
                    Ended::Flooded { until },
                    Ended::Unanswered,
                    Ended::Failed,
                    Ended::Broken,
                ]);
                outgoing.ended(due, ended.unwrap(), now, Duration::ZERO);
            }
        }
        now = now.after(SECOND * rng.u32(0..60));
        let counted = outgoing.queues.values().map(|rows| {
            let under_way = matches!(rows.under_way, Some(Item::Row(_)));
            rows.len() + usize::from(under_way)
        });
        assert_eq!(outgoing.len(), counted.sum::<usize>(), "after {nth}");
    }
}

#[test]
fn rows_that_have_other_ids_now_are_forgotten_and_cost_no_time() {
    let mut outgoing = Outgoing::default();
    for id in 1..=4 {
        outgoing.push(head(id, 7, Rank::Final), NOW);
    }
    let first = outgoing.next(NOW).unwrap();
    outgoing.push(head(5, 7, Rank::Final), NOW);
    outgoing.forget(ChatId(7), &[OutboxId(2), OutboxId(3), OutboxId(9)], NOW);
    assert_eq!(outgoing.len(), 3);
    assert_eq!(outgoing.next(NOW), None, "the queue is busy");
    outgoing.ended(first, Ended::Gone, NOW, Duration::ZERO);
    for expected in [4, 5] {
        let due = outgoing.next(NOW).unwrap();
        assert_eq!(id(due), expected);
        outgoing.ended(due, Ended::Gone, NOW, Duration::ZERO);
    }
    assert_eq!(outgoing.len(), 0);
    outgoing.forget(ChatId(9), &[OutboxId(1)], NOW);
    assert_eq!(outgoing.next(NOW.after(MINUTE)), None);
    assert!(outgoing.queues.is_empty());
}
