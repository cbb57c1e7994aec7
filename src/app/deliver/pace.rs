//! The bot-wide pace (`SEND_RATE`, design §5). One chat's own pace is `outgoing`'s. Pure: the caller
//! tells the time, by the monotonic clock.

use std::collections::VecDeque;
use std::time::Duration;

use crate::chat::{ChatId, Rank};
use crate::clock::Instant;
use crate::config::SendRate;

/// What Telegram names for bulk sending (Bot API FAQ), kept after a flood over several chats.
const BULK_RATE: u32 = 30;
/// Floods of this many chats within `FLOOD_WINDOW` are the bot's, not a chat's (design §5).
const FLOOD_CHATS: usize = 3;
const FLOOD_WINDOW: Duration = Duration::from_secs(10);
const FLOOD_SLOWDOWN: Duration = Duration::from_mins(10);

/// Owned by the delivery.
pub(super) struct Pace {
    rate: SendRate,
    /// Of everything, while it is paced.
    all: Evenly,
    /// Of frames and broadcasts, which stay inside the bulk rate whatever `SEND_RATE` is.
    bulk: Evenly,
    /// What broadcasts leave to everything else: with it, they stay inside the bulk rate.
    spare: Evenly,
    floods: VecDeque<(Instant, ChatId)>,
    slow_until: Option<Instant>,
}

impl Pace {
    pub(super) fn new(rate: SendRate) -> Self {
        let per_second = match rate {
            SendRate::PerSecond(number) => number,
            SendRate::Auto | SendRate::Off => BULK_RATE,
        };
        Self {
            rate,
            all: Evenly::new(per_second),
            bulk: Evenly::new(BULK_RATE),
            spare: Evenly::new(BULK_RATE),
            floods: VecDeque::new(),
            slow_until: None,
        }
    }

    /// How long the next thing of this rank has to wait; when not at all, it counts as sent.
    pub(super) fn wait(&mut self, rank: Rank, now: Instant) -> Option<Duration> {
        let is_bulk = match rank {
            Rank::Final | Rank::Acknowledge => false,
            Rank::Edit | Rank::Typing | Rank::Stranger | Rank::Broadcast => true,
        };
        let is_paced = match self.rate {
            SendRate::PerSecond(_) => true,
            SendRate::Auto => self.slow_until.is_some_and(|until| now < until),
            SendRate::Off => false,
        };
        let bulk = is_bulk.then_some(&mut self.bulk);
        // One for all, so that together they keep to it.
        let all = is_paced.then_some(&mut self.all);
        let spare = (rank == Rank::Broadcast).then_some(&mut self.spare);
        let limits = bulk.into_iter().chain(all).chain(spare);
        let mut limits: Vec<&mut Evenly> = limits.collect();
        let wait = limits.iter().map(|limit| limit.wait(now)).max();
        let wait = wait.filter(|wait| !wait.is_zero());
        if wait.is_none() {
            for limit in &mut limits {
                limit.take(now);
            }
            if rank < Rank::Broadcast && rank != Rank::Acknowledge {
                self.spare.count(now);
            }
        }
        wait
    }

    /// A chat was told to wait; when several are, the bot as a whole is too fast. Gives how many
    /// they are when it begins to go slower.
    pub(super) fn flooded(&mut self, chat: ChatId, now: Instant) -> Option<usize> {
        let is_young = |at: Instant| now.saturating_duration_since(at) < FLOOD_WINDOW;
        self.floods
            .retain(|(at, other)| is_young(*at) && *other != chat);
        self.floods.push_back((now, chat));
        let is_slow = self.slow_until.is_some_and(|until| now < until);
        if self.floods.len() < FLOOD_CHATS || is_slow {
            return None;
        }
        self.slow_until = Some(now + FLOOD_SLOWDOWN);
        Some(self.floods.len())
    }
}

/// So many a second, spread evenly: in no second are there more.
struct Evenly {
    between: Duration,
    /// When the next one may go; `None`: none has gone yet.
    next: Option<Instant>,
}

impl Evenly {
    fn new(per_second: u32) -> Self {
        Self {
            between: Duration::from_secs(1) / per_second.max(1),
            next: None,
        }
    }

    fn wait(&self, now: Instant) -> Duration {
        self.next
            .map_or(Duration::ZERO, |next| next.saturating_duration_since(now))
    }

    fn take(&mut self, now: Instant) {
        self.next = Some(now + self.between);
    }

    /// One goes without asking: those that ask wait for it, and never longer than a second.
    fn count(&mut self, now: Instant) {
        let next = self.next.map_or(now, |next| next.max(now)) + self.between;
        self.next = Some(next.min(now + Duration::from_secs(1)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    const SECOND: Duration = Duration::from_secs(1);
    const STEP: Duration = Duration::from_millis(1);

    /// How many things of these ranks, taken in turn, go within a second in which they are tried at
    /// every millisecond.
    fn go_in_a_second(pace: &mut Pace, ranks: &[Rank], from: Instant) -> Vec<usize> {
        let mut went = vec![0; ranks.len()];
        let mut now = from;
        while now < from + SECOND {
            for (rank, went) in ranks.iter().zip(&mut went) {
                *went += usize::from(pace.wait(*rank, now).is_none());
            }
            now += STEP;
        }
        went
    }

    fn slowed(now: Instant) -> Pace {
        let mut pace = Pace::new(SendRate::Auto);
        let told: Vec<_> = (1..=3)
            .map(|chat| pace.flooded(ChatId(chat), now))
            .collect();
        assert_eq!(told, [None, None, Some(3)]);
        pace
    }

    #[test]
    fn answers_leave_at_once_and_frames_thirty_a_second() {
        let now = clock::instant();
        let mut pace = Pace::new(SendRate::Auto);
        let went = go_in_a_second(&mut pace, &[Rank::Final, Rank::Edit], now);
        assert_eq!(went, [1_000, 30]);
    }

    #[test]
    fn a_broadcast_has_of_thirty_a_second_what_everything_else_leaves() {
        for (between_answers, broadcasts) in [(100, 20), (50, 10), (10, 0)] {
            let begin = clock::instant();
            let mut pace = Pace::new(SendRate::Auto);
            let mut went = 0;
            for millis in 0..10_000 {
                let now = begin + STEP * millis;
                if millis % between_answers == 0 {
                    assert_eq!(pace.wait(Rank::Final, now), None);
                }
                went += u32::from(pace.wait(Rank::Broadcast, now).is_none());
            }
            let about = broadcasts * 10;
            let is_right = went <= about + 1 && went + 10 >= about;
            assert!(
                is_right,
                "{went} beside an answer every {between_answers} ms"
            );
        }
    }

    #[test]
    fn what_one_limit_refuses_costs_the_other_nothing() {
        let now = clock::instant();
        let mut pace = slowed(now);
        assert_eq!(pace.wait(Rank::Final, now), None);
        // The common limit refuses a frame for a while; the one of frames stays untouched.
        for at in [now, now + SECOND / 50] {
            assert!(pace.wait(Rank::Edit, at).is_some());
        }
        let soon = now + SECOND / 30 + STEP;
        assert_eq!(pace.wait(Rank::Edit, soon), None);
    }

    #[test]
    fn a_wait_that_is_kept_is_long_enough() {
        let now = clock::instant();
        let mut pace = Pace::new(SendRate::PerSecond(7));
        assert_eq!(pace.wait(Rank::Broadcast, now), None);
        let wait = pace.wait(Rank::Broadcast, now).unwrap();
        assert_eq!(wait, SECOND / 7, "the longer of both");
        assert_eq!(pace.wait(Rank::Broadcast, now + wait), None);
    }

    #[test]
    fn floods_of_three_chats_slow_everybody_for_ten_minutes() {
        let now = clock::instant();
        let mut pace = slowed(now);
        let went = go_in_a_second(&mut pace, &[Rank::Final], now);
        assert_eq!(went, [30]);
        let later = now + FLOOD_SLOWDOWN;
        assert_eq!(go_in_a_second(&mut pace, &[Rank::Final], later), [1_000]);
    }

    #[test]
    fn floods_of_one_chat_or_far_apart_are_not_the_bots() {
        let now = clock::instant();
        let mut pace = Pace::new(SendRate::Auto);
        for second in 0..60 {
            let chat = if second % 10 == 0 { second } else { 0 };
            let told = pace.flooded(ChatId(chat.into()), now + SECOND * second);
            assert_eq!(told, None, "{second}");
        }
    }
}
