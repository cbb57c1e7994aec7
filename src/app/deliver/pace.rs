//! The bot-wide pace (`SEND_RATE`, design §5), by governor. One chat's own pace is `outgoing`'s.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use log::warn;

use crate::chat::{ChatId, Rank};
use crate::clock::Timestamp;
use crate::config::SendRate;

/// What Telegram names for bulk sending (Bot API FAQ), kept after a flood over several chats.
const BULK_RATE: NonZeroU32 = NonZeroU32::new(30).expect("not zero");
/// Floods of this many chats within `FLOOD_WINDOW` are the bot's, not a chat's (design §5).
const FLOOD_CHATS: usize = 3;
const FLOOD_WINDOW: Duration = Duration::from_secs(10);
const FLOOD_BRAKE: Duration = Duration::from_mins(10);
/// Owned by the delivery.
pub(super) struct Pace {
    rate: SendRate,
    limiter: DefaultDirectRateLimiter,
    /// Of frames and broadcasts, which stay inside the bulk rate whatever `SEND_RATE` is.
    bulk: DefaultDirectRateLimiter,
    floods: VecDeque<(Timestamp, ChatId)>,
    braked_until: Timestamp,
}

impl Pace {
    pub(super) fn new(rate: SendRate) -> Self {
        let per_second = match rate {
            SendRate::PerSecond(number) => NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN),
            SendRate::Auto | SendRate::Off => BULK_RATE,
        };
        Self {
            rate,
            limiter: evenly(per_second),
            bulk: evenly(BULK_RATE),
            floods: VecDeque::new(),
            braked_until: Timestamp::default(),
        }
    }

    /// How long the next thing of this rank has to wait; when not at all, it counts as sent.
    pub(super) fn wait(&self, rank: Rank, now: Timestamp) -> Option<Duration> {
        let is_bulk = match rank {
            Rank::Final | Rank::Acknowledge => false,
            Rank::Edit | Rank::Typing | Rank::Broadcast => true,
        };
        let is_paced = match self.rate {
            SendRate::PerSecond(_) => true,
            SendRate::Auto => now < self.braked_until,
            SendRate::Off => false,
        };
        let bulk = is_bulk.then_some(&self.bulk);
        // One for all, so that together they keep to it.
        let all = is_paced.then_some(&self.limiter);
        let refused = bulk
            .into_iter()
            .chain(all)
            .find_map(|limiter| limiter.check().err())?;
        Some(refused.wait_time_from(DefaultClock::default().now()))
    }

    /// A chat was told to wait; when several are, the bot as a whole is too fast.
    pub(super) fn flooded(&mut self, chat: ChatId, now: Timestamp) {
        self.floods
            .retain(|(at, other)| now.since(*at) < FLOOD_WINDOW && *other != chat);
        self.floods.push_back((now, chat));
        if self.floods.len() >= FLOOD_CHATS && now >= self.braked_until {
            self.braked_until = now.after(FLOOD_BRAKE);
            warn!(chats = self.floods.len(); "several chats are flooded, sending slowly for a while");
        }
    }
}

/// So many a second, spread evenly: in no second are there more.
fn evenly(per_second: NonZeroU32) -> DefaultDirectRateLimiter {
    RateLimiter::direct(Quota::per_second(per_second).allow_burst(NonZeroU32::MIN))
}
