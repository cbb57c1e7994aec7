//! Whether a chat takes a call of the bot at all.

use std::time::Duration;

use serde_json::json;

use super::{Refusal, State, Telegram};
use crate::world::now;

/// A call that was under way when 429 was said is not held against the bot, however busy the
/// machine is.
pub(crate) const UNDER_WAY: Duration = Duration::from_secs(1);

/// What a chat does with the bot's calls.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) enum Mood {
    #[default]
    Welcoming,
    /// The next message, or change of one, gets 429 with this many seconds.
    AboutToFlood(u64),
    /// 429 to everything until this moment; `told` is when the bot heard of it.
    Flooded {
        told: Option<Duration>,
        until: Duration,
    },
    /// 403 from now on.
    Closed,
    /// 500 to every message, and nothing arrives.
    Failing,
    /// The next message gets a 400 that nobody has heard of.
    AboutToObject,
    /// Every message is removed as soon as it arrives.
    Moderated,
    /// The bot may read and not write.
    Muted,
}

impl State {
    pub(super) fn check_permission(&mut self, method: &str, id: i64) -> Result<(), Refusal> {
        let now = now();
        let Some(chat) = self.chats.get_mut(&id) else {
            return Err(Refusal::bad("chat not found"));
        };
        if let Some(new) = chat.moved_to {
            let mut refusal = Refusal::bad("group chat was upgraded to a supergroup chat");
            refusal.parameters = json!({"migrate_to_chat_id": new});
            return Err(refusal);
        }
        match chat.mood {
            Mood::Welcoming | Mood::Moderated => Ok(()),
            Mood::Failing | Mood::AboutToObject if method != "sendMessage" => Ok(()),
            Mood::Failing => Err(Refusal::new(500, "Internal Server Error")),
            Mood::AboutToObject => {
                chat.mood = Mood::Welcoming;
                Err(Refusal::bad("PEER_OF_TOMORROW_INVALID"))
            }
            Mood::Muted if method == "deleteMessage" => Ok(()),
            Mood::Muted => Err(Refusal::bad(
                "not enough rights to send text messages to the chat",
            )),
            Mood::Closed if id > 0 => {
                Err(Refusal::new(403, "Forbidden: bot was blocked by the user"))
            }
            Mood::Closed => {
                let text = "Forbidden: bot was kicked from the supergroup chat";
                Err(Refusal::new(403, text))
            }
            // What is not a message brings no flood control here, or the test that waits for a
            // refused message depends on how soon "typing" is shown.
            Mood::AboutToFlood(_) if matches!(method, "sendChatAction" | "sendMessageDraft") => {
                Ok(())
            }
            Mood::AboutToFlood(seconds) => {
                let (told, until) = (Some(now), now + Duration::from_secs(seconds));
                chat.mood = Mood::Flooded { told, until };
                Err(too_many(until.saturating_sub(now)))
            }
            Mood::Flooded { until, .. } if now >= until => {
                chat.mood = Mood::Welcoming;
                Ok(())
            }
            Mood::Flooded { told, until } => {
                let left = until.saturating_sub(now);
                let first = told.unwrap_or(now);
                let told = Some(first);
                chat.mood = Mood::Flooded { told, until };
                if now.saturating_sub(first) > UNDER_WAY {
                    let what = format!("{method} to {id} {left:?} before retry_after ended");
                    self.violate(&what);
                }
                Err(too_many(left))
            }
        }
    }
}

impl Telegram {
    /// From this moment on every call to a chat gets 429, for so many seconds.
    pub(crate) fn floods(&self, chat: i64, seconds: u64) {
        let until = now() + Duration::from_secs(seconds);
        self.change(|state| {
            let told = None;
            state.chats.entry(chat).or_default().mood = Mood::Flooded { told, until };
        });
    }

    /// No chat takes drafts from now on.
    pub(crate) fn refuses_drafts(&self) {
        self.change(|state| state.refuses_drafts = true);
    }
}

/// 429, in whole seconds, never less than what is left.
pub(super) fn too_many(left: Duration) -> Refusal {
    let seconds = left.as_millis().div_ceil(1000).max(1);
    let text = format!("Too Many Requests: retry after {seconds}");
    let mut refusal = Refusal::new(429, &text);
    refusal.parameters = json!({ "retry_after": u64::try_from(seconds).unwrap_or(u64::MAX) });
    refusal
}
