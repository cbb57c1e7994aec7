//! What the one is told whose message is one too many: what is left, and when it goes on. Pure.

use super::{Locale, fill};
use crate::people::limits::Refusal;

impl Locale {
    /// Why a message is not let in, in one sentence. As the answer to a press it has room for 200
    /// characters (Bot API, `answerCallbackQuery`).
    pub(crate) fn refusal(&self, refusal: Refusal) -> String {
        let texts = &self.sentences.limits;
        let (text, limit, wait, left) = match refusal {
            Refusal::AtOnce => return self.sentences.notice.too_many.clone(),
            Refusal::Minute {
                limit,
                wait,
                left_today: Some(left),
            } => (&texts.minute, limit, wait, left),
            Refusal::Minute {
                limit,
                wait,
                left_today: None,
            } => (&texts.minute_only, limit, wait, 0),
            Refusal::Day { limit, wait } => (&texts.day, limit, wait, 0),
            Refusal::Strangers { wait } => (&texts.strangers, 0, wait, 0),
        };
        let values = [
            ("limit", &*limit.to_string()),
            ("when", &*self.span(wait)),
            ("left", &*left.to_string()),
        ];
        fill(text, &values)
    }
}
