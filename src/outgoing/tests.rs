use super::*;

const NOW: Timestamp = Timestamp(1_000_000);

fn head(id: u64, chat: i64, rank: Rank) -> Head {
    Head {
        id: OutboxId(id),
        chat: ChatId(chat),
        rank,
        not_before: Timestamp::default(),
    }
}

fn taken(outgoing: &mut Outgoing, now: Timestamp) -> Option<u64> {
    outgoing.next(now).map(|head| head.id.0)
}

#[test]
fn rows_of_one_chat_leave_one_at_a_time_in_order() {
    let mut outgoing = Outgoing::default();
    for id in [3, 1, 2] {
        outgoing.push(head(id, 7, Rank::Final), NOW);
    }
    for id in [1, 2, 3] {
        let sent = outgoing.next(NOW).unwrap();
        assert_eq!(sent.id.0, id);
        assert_eq!(outgoing.next(NOW), None, "the line is busy");
        outgoing.ended(sent, Ended::Gone, NOW, Duration::ZERO);
    }
    assert_eq!(outgoing.len(), 0);
    assert_eq!(outgoing.next(NOW.after(MINUTE)), None);
    assert!(outgoing.lines.is_empty(), "nothing is kept of an idle chat");
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
            if row.id.0 == 0 {
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
            assert_ne!(row.id.0, 20, "the minute is full");
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
    assert!(outgoing.groups.is_empty() && outgoing.lines.is_empty());
}

#[test]
fn while_telegram_is_silent_one_row_probes_at_growing_distances() {
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
