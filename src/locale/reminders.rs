//! What is said of reminders, by `/remind` and under an answer that set one. Pure.

use std::time::Duration;

use super::{Locale, fill};
use crate::chat::reminder::{LONGEST, MOST, Refusal};

impl Locale {
    /// One is set, for what the clocks show then.
    pub(crate) fn reminder_set(&self, text: &str, clock: &str, ahead: Duration) -> String {
        let when = self.span(ahead);
        let values = [("text", text), ("clock", clock), ("when", &*when)];
        fill(&self.sentences.reminder.set, &values)
    }

    /// The label of the button that takes one back.
    pub(crate) fn reminder_cancel(&self) -> &str {
        &self.sentences.reminder.cancel
    }

    /// Its moment has come; `late` is what the clocks showed when it should have.
    pub(crate) fn reminder_due(&self, text: &str, late: Option<&str>) -> String {
        let texts = &self.sentences.reminder;
        let due = fill(&texts.due, &[("text", text)]);
        match late {
            Some(clock) => format!("{due}\n\n{}", fill(&texts.late, &[("clock", clock)])),
            None => due,
        }
    }

    /// Why one is not set; `clock` is what the clocks show at the moment that the refusal names.
    pub(crate) fn reminder_refused(&self, refusal: Refusal, clock: &str) -> String {
        let texts = &self.sentences.reminder;
        match refusal {
            Refusal::NoText => texts.no_text.clone(),
            Refusal::TooLong => fill(&texts.too_long, &[("most", &LONGEST.to_string())]),
            Refusal::Past => texts.past.clone(),
            Refusal::TooFar => texts.too_far.clone(),
            Refusal::TooMany => fill(&texts.too_many, &[("most", &MOST.to_string())]),
            Refusal::TooNear(_) => fill(&texts.too_near, &[("clock", clock)]),
        }
    }
}
