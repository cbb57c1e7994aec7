//! How much the service takes: one chat, one group, and all chats together. What is over a limit
//! gets 429 and is counted; over the limit of a chat or group it is a violation as well, since the
//! bot knows those limits. The limit of all chats is not known, so there the bot may learn.

use std::time::Duration;

use super::permissions::{Mood, too_many};
use super::{Refusal, State, Telegram};
use crate::world::now;

mod tests;

const MINUTE: Duration = Duration::from_mins(1);
const SECOND: Duration = Duration::from_secs(1);
/// Messages and edits of one group in any minute.
const GROUP_MINUTE: usize = 20;
/// How many of them may be edits, so that answers always have room.
const GROUP_EDITS: usize = 10;
/// What leaves in time may arrive closer together on a busy machine, by this much.
const JITTER: Duration = Duration::from_millis(500);
/// One message or edit a second, five at once.
const TEXTS: Rate = Rate {
    period: SECOND,
    ahead: Duration::from_millis(4_000 + 500),
};
/// One frame in 350 ms; one of them may have been late.
const FRAMES: Rate = Rate {
    period: Duration::from_millis(350),
    ahead: Duration::from_millis(350),
};

/// What counts against a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Traffic {
    Message,
    Edit,
    Draft,
    Typing,
}

impl Traffic {
    fn of(method: &str) -> Option<Self> {
        match method {
            "sendMessage" | "sendDocument" | "sendPhoto" | "sendVoice" => Some(Self::Message),
            "editMessageText" | "editMessageReplyMarkup" => Some(Self::Edit),
            "sendMessageDraft" => Some(Self::Draft),
            "sendChatAction" => Some(Self::Typing),
            _ => None,
        }
    }

    fn is_text(self) -> bool {
        matches!(self, Self::Message | Self::Edit)
    }
}

/// A call that was let in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Passed {
    pub(crate) chat: i64,
    pub(crate) what: Traffic,
    pub(crate) at: Duration,
}

#[derive(Debug)]
struct Rate {
    period: Duration,
    /// How far ahead of the pace a call may come.
    ahead: Duration,
}

/// A pace with short bursts: when the next call would be due if all came evenly.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    due: Duration,
}

impl Bucket {
    /// How much too early a call is.
    fn early(&self, rate: &Rate, now: Duration) -> Option<Duration> {
        let early = self.due.checked_sub(now + rate.ahead)?;
        (!early.is_zero()).then_some(early)
    }

    fn take(&mut self, rate: &Rate, now: Duration) {
        self.due = self.due.max(now) + rate.period;
    }
}

/// The limit of all chats together, and what passed it.
#[derive(Debug, Default)]
pub(super) struct Gauge {
    /// Calls a second in all chats, if the service looks at that.
    a_second: Option<usize>,
    passed: Vec<Passed>,
    /// What passed before this one was sent in an earlier life of the bot.
    life: usize,
    provoked: usize,
}

impl Gauge {
    /// What passed within the last `window`, newest first.
    fn recent(&self, window: Duration, now: Duration) -> impl Iterator<Item = &Passed> {
        let young = move |passed: &&Passed| now.saturating_sub(passed.at) < window;
        self.passed[self.life..].iter().rev().take_while(young)
    }
}

impl State {
    /// Lets a call pass, or says 429 when it is one too many.
    pub(super) fn admit(&mut self, method: &str, chat: i64) -> Result<(), Refusal> {
        let Some(what) = Traffic::of(method) else {
            return Ok(());
        };
        let now = now();
        let local = self.over_a_chat(what, chat, now);
        if let Some((limit, _)) = local {
            self.violate(&format!("{method} to {chat}: over {limit}"));
        }
        let over = local.map(|(_, wait)| wait).or(self.over_all(now));
        let room = self.chats.entry(chat).or_default();
        if let Some(wait) = over {
            self.gauge.provoked += 1;
            let seconds = u64::try_from(wait.as_millis().div_ceil(1000)).expect("short");
            let wait = Duration::from_secs(seconds.max(1));
            if room.mood == Mood::Welcoming {
                let (told, until) = (Some(now), now + wait);
                room.mood = Mood::Flooded { told, until };
            }
            return Err(too_many(wait));
        }
        match what {
            Traffic::Message | Traffic::Edit => room.texts.take(&TEXTS, now),
            Traffic::Draft => room.frames.take(&FRAMES, now),
            Traffic::Typing => {}
        }
        let at = now;
        self.gauge.passed.push(Passed { chat, what, at });
        Ok(())
    }

    /// The limit of this chat that a call would pass, and how long until it would not.
    fn over_a_chat(
        &self,
        what: Traffic,
        id: i64,
        now: Duration,
    ) -> Option<(&'static str, Duration)> {
        let chat = self.chats.get(&id)?;
        if what == Traffic::Draft {
            let early = chat.frames.early(&FRAMES, now)?;
            return Some(("a draft in 350 ms", early));
        }
        if !what.is_text() {
            return None;
        }
        if let Some(early) = chat.texts.early(&TEXTS, now) {
            return Some(("a message a second", early));
        }
        if id > 0 {
            return None;
        }
        let minute = self.gauge.recent(MINUTE.saturating_sub(JITTER), now);
        let texts = minute.filter(|passed| passed.chat == id && passed.what.is_text());
        let texts: Vec<&Passed> = texts.collect();
        let wait = |oldest: &&Passed| (oldest.at + MINUTE).saturating_sub(now);
        if let Some(oldest) = texts.get(GROUP_MINUTE - 1) {
            return Some(("20 messages and edits a minute", wait(oldest)));
        }
        let mut edits = texts.iter().filter(|passed| passed.what == Traffic::Edit);
        let oldest = edits.nth(GROUP_EDITS - 1).filter(|_| what == Traffic::Edit);
        oldest.map(|oldest| ("10 edits a minute", wait(oldest)))
    }

    /// How long until all chats together would take one more.
    fn over_all(&self, now: Duration) -> Option<Duration> {
        let limit = self.gauge.a_second?;
        // A fifth more: that many come early when arrivals are squeezed by 200 ms.
        let most = limit + limit / 5;
        (self.gauge.recent(SECOND, now).count() >= most).then_some(SECOND)
    }
}

impl Telegram {
    /// From now on all chats together are served this many calls in any second (a fifth more pass,
    /// for those that were late): messages, edits, drafts and typing.
    pub(crate) fn limits_all(&self, a_second: usize) {
        self.change(|state| state.gauge.a_second = Some(a_second));
    }

    /// A new life of the bot: it cannot know what an earlier one sent.
    pub(crate) fn forgets_the_pace(&self) {
        self.change(|state| {
            state.gauge.life = state.gauge.passed.len();
            for chat in state.chats.values_mut() {
                (chat.texts, chat.frames) = (Bucket::default(), Bucket::default());
            }
        });
    }

    /// How many calls got 429 because they were over a limit.
    pub(crate) fn provoked_429s(&self) -> usize {
        self.state.lock().gauge.provoked
    }

    /// What was let in, in order.
    pub(crate) fn traffic(&self) -> Vec<Passed> {
        self.state.lock().gauge.passed.clone()
    }

    /// The most of some traffic that any sliding window saw.
    pub(crate) fn busiest(&self, window: Duration, counts: impl Fn(&Passed) -> bool) -> usize {
        let traffic = self.traffic();
        let times = traffic.iter().filter(|passed| counts(passed));
        let times: Vec<Duration> = times.map(|passed| passed.at).collect();
        let ends = times.iter().enumerate();
        let within = ends.map(|(at, end)| {
            let first = times.partition_point(|time| *time + window <= *end);
            at + 1 - first
        });
        within.max().unwrap_or(0)
    }
}
