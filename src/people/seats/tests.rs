use proptest::prelude::*;

use super::*;

const RULES: Rules = Rules {
    seats: 3,
    idle: Duration::from_mins(30),
};

fn minute(minutes: u64) -> Timestamp {
    Timestamp::from_secs(1_795_000_000 + minutes * 60)
}

/// Those of the first five people who sit after each of them has asked in turn.
fn all_ask(seats: &mut Seats, now: Timestamp) -> Vec<i64> {
    let asks = |id: &i64| seats.ask(UserId(*id), RULES, now);
    (1..=5).filter(asks).collect()
}

fn seated(seats: &mut Seats, rules: Rules, now: Timestamp) -> Vec<i64> {
    let occupants = seats.occupants(rules, now).into_iter();
    occupants.map(|occupant| occupant.person.0).collect()
}

#[test]
fn the_first_three_sit_and_the_others_wait() {
    let mut seats = Seats::default();
    assert_eq!(seats.seat_of(UserId(4), RULES, minute(0)), Seat::Free);
    assert_eq!(all_ask(&mut seats, minute(0)), [1, 2, 3]);
    assert_eq!(all_ask(&mut seats, minute(1)), [1, 2, 3]);
    assert_eq!(seats.seat_of(UserId(1), RULES, minute(1)), Seat::Held);
    assert_eq!(seats.seat_of(UserId(4), RULES, minute(1)), Seat::Full);
}

#[test]
fn a_seat_is_lost_after_half_an_hour_without_a_question_and_not_before() {
    let mut seats = Seats::default();
    all_ask(&mut seats, minute(0));
    assert!(seats.ask(UserId(1), RULES, minute(29)));
    assert!(!seats.ask(UserId(4), RULES, minute(29)));
    // 2 and 3 are gone, and the next two to ask sit.
    assert!(seats.ask(UserId(5), RULES, minute(30)));
    assert!(seats.ask(UserId(4), RULES, minute(30)));
    assert!(!seats.ask(UserId(2), RULES, minute(30)));
    assert_eq!(seated(&mut seats, RULES, minute(58)), [1, 4, 5]);
    assert_eq!(seated(&mut seats, RULES, minute(59)), [4, 5]);
    assert_eq!(seated(&mut seats, RULES, minute(60)), [0i64; 0]);
    assert_eq!(seats, Seats::default(), "nothing is kept of it");
}

#[test]
fn who_is_kicked_loses_the_seat_at_once_and_gets_none_for_ten_minutes() {
    let mut seats = Seats::default();
    all_ask(&mut seats, minute(0));
    assert!(!seats.kick(UserId(4), RULES, minute(1)), "did not sit");
    assert!(seats.kick(UserId(2), RULES, minute(1)));
    assert!(!seats.kick(UserId(2), RULES, minute(1)), "sits no more");
    let kept_off = Seat::KeptOff(Duration::from_mins(7));
    assert_eq!(seats.seat_of(UserId(2), RULES, minute(4)), kept_off);
    assert!(!seats.ask(UserId(2), RULES, minute(10)));
    assert_eq!(seated(&mut seats, RULES, minute(10)), [1, 3]);
    // A restart is no way back.
    seats = Seats::recalled(seats.sessions());
    assert!(!seats.ask(UserId(2), RULES, minute(10)));
    assert!(seats.ask(UserId(2), RULES, minute(11)));
}

#[test]
fn who_has_no_right_to_a_seat_makes_room_at_once() {
    let mut seats = Seats::default();
    all_ask(&mut seats, minute(0));
    seats.leave(UserId(1));
    assert!(seats.ask(UserId(5), RULES, minute(0)));
}

#[test]
fn without_seats_nobody_sits_and_of_fewer_the_most_active_keep_theirs() {
    let mut seats = Seats::default();
    all_ask(&mut seats, minute(0));
    seats.ask(UserId(1), RULES, minute(2));
    seats.ask(UserId(3), RULES, minute(3));
    let of = |seats| Rules { seats, ..RULES };
    assert_eq!(seated(&mut seats.clone(), of(2), minute(4)), [1, 3]);
    assert_eq!(seated(&mut seats.clone(), of(1), minute(4)), [3]);
    assert_eq!(seated(&mut seats, of(0), minute(4)), [0i64; 0]);
    assert!(!seats.ask(UserId(1), of(0), minute(4)));
    let seat = seats.seat_of(UserId(1), of(0), minute(4));
    assert_eq!(seat, Seat::NoSeats);
}

#[test]
fn a_clock_that_goes_back_frees_no_seat_and_freezes_none() {
    let later = 60 * 24 * 400;
    let mut seats = Seats::default();
    all_ask(&mut seats, minute(later));
    seats.kick(UserId(3), RULES, minute(later));
    seats.ask(UserId(4), RULES, minute(later));
    // Right again, or wrong now, and a restart in between.
    seats = Seats::recalled(seats.sessions());
    assert_eq!(seated(&mut seats, RULES, minute(0)), [1, 2, 4]);
    assert!(!seats.ask(UserId(3), RULES, minute(9)));
    assert!(seats.ask(UserId(1), RULES, minute(9)));
    assert_eq!(seated(&mut seats, RULES, minute(29)), [1, 2, 4]);
    assert_eq!(seated(&mut seats, RULES, minute(30)), [1]);
    assert!(seats.ask(UserId(3), RULES, minute(30)));
}

/// What may happen to seats.
#[derive(Debug, Clone)]
enum Act {
    Ask(i64),
    Kick(i64),
    Leave(i64),
    Restart,
    /// Minutes, back when negative.
    Clock(i64),
    Seats(usize),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let person = || 1i64..8;
    let act = prop_oneof![
        12 => person().prop_map(Act::Ask),
        2 => person().prop_map(Act::Kick),
        1 => person().prop_map(Act::Leave),
        1 => Just(Act::Restart),
        6 => (0i64..12).prop_map(Act::Clock),
        1 => (-1000i64..1000).prop_map(Act::Clock),
        1 => (0usize..5).prop_map(Act::Seats),
    ];
    prop::collection::vec(act, 1..120)
}

proptest! {
    #[test]
    fn never_more_sit_than_there_are_seats_and_who_is_active_keeps_theirs(acts in acts()) {
        let mut seats = Seats::default();
        let mut rules = RULES;
        let mut now = minute(1_000_000);
        for act in acts {
            let before = seated(&mut seats, rules, now);
            match act {
                Act::Ask(id) => {
                    let sits = seats.ask(UserId(id), rules, now);
                    let after = seated(&mut seats, rules, now);
                    prop_assert_eq!(sits, after.contains(&id));
                    // Nobody else loses a seat by that.
                    prop_assert!(before.iter().all(|id| after.contains(id)));
                    if before.contains(&id) {
                        prop_assert!(sits);
                    }
                }
                Act::Kick(id) => {
                    prop_assert_eq!(seats.kick(UserId(id), rules, now), before.contains(&id));
                    prop_assert!(!seats.ask(UserId(id), rules, now) || !before.contains(&id));
                }
                Act::Leave(id) => seats.leave(UserId(id)),
                Act::Restart => {
                    seats = Seats::recalled(seats.sessions());
                    prop_assert_eq!(&seated(&mut seats, rules, now), &before);
                }
                Act::Clock(minutes) => {
                    let span = Duration::from_mins(minutes.unsigned_abs());
                    now = if minutes < 0 { now.before(span) } else { now.after(span) };
                    let after = seated(&mut seats, rules, now);
                    if span < rules.idle && minutes < 0 {
                        prop_assert_eq!(after.len(), before.len(), "going back frees nobody");
                    }
                }
                Act::Seats(number) => rules.seats = number,
            }
            prop_assert!(seated(&mut seats, rules, now).len() <= rules.seats);
        }
        // However it came about, whoever wants it has a seat in the end.
        rules.seats = 1;
        now = now.after(rules.idle);
        prop_assert!(seats.ask(UserId(9), rules, now));
    }
}
