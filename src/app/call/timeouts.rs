//! How long one call may stay silent, and how long it may take. Pure: it is told the time.

use std::time::Duration;

use super::Visible;
use crate::clock::Instant;
use crate::config::Stream;

/// The service may think this long before its first event (design §2).
const FIRST_EVENT: Duration = Duration::from_mins(1);
/// Longest silence within an answer (design §2).
const BETWEEN_BYTES: Duration = Duration::from_secs(20);
/// How long a stream may run after its first text (design §7).
const WHOLE_STREAM: Duration = Duration::from_mins(5);
/// How long the end of the body is waited for once the model has said that it is done. What comes
/// meanwhile counts: some gateways say so early (gemini-api §5).
const AFTER_FINISH: Duration = Duration::from_secs(1);

/// The timers of one call.
pub(super) struct Timeouts {
    stream: Stream,
    begun: Instant,
    /// Until when the first text must be there.
    deadline: Instant,
    /// The newest bytes, and the newest event.
    life: Instant,
    event: Instant,
    signs: u64,
    events: u64,
    has_text: bool,
    is_finished: bool,
}

impl Timeouts {
    pub(super) const fn new(stream: Stream, now: Instant, deadline: Instant) -> Self {
        Self {
            stream,
            begun: now,
            deadline,
            life: now,
            event: now,
            signs: 0,
            events: 0,
            has_text: false,
            is_finished: false,
        }
    }

    /// Takes what has come until now.
    pub(super) fn seen(&mut self, visible: &Visible, now: Instant) {
        if visible.signs != self.signs || visible.events != self.events {
            self.life = now;
        }
        if visible.events != self.events {
            self.event = now;
        }
        self.signs = visible.signs;
        self.events = visible.events;
        self.has_text = !visible.text.is_empty();
        self.is_finished = visible.is_finished;
    }

    /// When the call is ended, if nothing more comes.
    pub(super) fn ends(&self) -> Instant {
        if self.is_finished {
            return self.event + AFTER_FINISH;
        }
        let patience = match self.stream {
            // The answer comes whole, and nothing before it.
            Stream::Off => WHOLE_STREAM,
            Stream::Auto | Stream::Edit if self.events > 0 => BETWEEN_BYTES,
            Stream::Auto | Stream::Edit => FIRST_EVENT,
        };
        let whole = if self.has_text {
            self.begun + WHOLE_STREAM
        } else {
            self.deadline
        };
        (self.life + patience).min(whole)
    }

    /// Whether the model has said that it is done.
    pub(super) const fn is_finished(&self) -> bool {
        self.is_finished
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    /// When a call ends after these have come: the second, signs, events, text, finished.
    fn ends_after(stream: Stream, seen: &[(u64, u64, u64, &str, bool)]) -> Duration {
        let begun = clock::instant();
        let mut timeouts = Timeouts::new(stream, begun, begun + secs(120));
        for &(at, signs, events, text, is_finished) in seen {
            let visible = Visible {
                text: text.to_owned(),
                signs,
                events,
                is_finished,
                queued: None,
            };
            timeouts.seen(&visible, begun + secs(at));
        }
        timeouts.ends().duration_since(begun)
    }

    #[test]
    fn each_stretch_of_a_call_has_its_patience() {
        for (seen, ends) in [
            (&[][..], 60),
            // A comment is a sign of life, and no answer.
            (&[(10, 1, 0, "", false)], 70),
            (&[(10, 1, 0, "", false), (65, 2, 0, "", false)], 120),
            (&[(10, 1, 1, "", false)], 30),
            (&[(10, 1, 1, "", false), (25, 2, 1, "", false)], 45),
            (&[(110, 1, 1, "", false)], 120),
            (&[(110, 1, 1, "a", false)], 130),
            (&[(290, 1, 1, "a", false)], 300),
            // Nothing new is no sign.
            (&[(10, 1, 1, "a", false), (20, 1, 1, "a", false)], 30),
            (&[(10, 2, 2, "a", true)], 11),
            // Comments do not keep a finished answer open; more of its text does.
            (&[(10, 2, 2, "a", true), (11, 3, 2, "a", true)], 11),
            (&[(10, 2, 2, "a", true), (11, 3, 3, "ab", true)], 12),
        ] {
            assert_eq!(ends_after(Stream::Auto, seen), secs(ends), "{seen:?}");
        }
        assert_eq!(ends_after(Stream::Off, &[]), secs(120));
    }
}
