//! Notices for messages that ask nothing or are stale, and how often each is given.

use std::time::Duration;

use super::Sorter;
use crate::chat::{Addressed, Inbound, Notice, Task};
use crate::clock::Timestamp;
use crate::people::gate::command_of;
use crate::people::person::Held;
use crate::store::StoreError;

/// Stale messages that come within this time are of one outage, and told of once.
const ONE_OUTAGE: Duration = Duration::from_hours(1);
/// How often a group is told at most that a message cannot be read.
const UNREAD_STEP: Duration = Duration::from_hours(1);

impl Sorter<'_> {
    /// A question without words is served only where the person may be told that there are none,
    /// should no further piece bring them: in a group that is told seldom.
    pub(super) fn answerable(&mut self, inbound: &Inbound, task: Task) -> Option<Task> {
        let needs_words = matches!(task, Task::Question { .. }) && !task.asks_something();
        (!needs_words || self.may_say_unread(inbound)).then_some(task)
    }

    /// Whether this chat may be told now that a message cannot be read; it counts as told. In
    /// private, and where the bot was called by name, always: who replies with a sticker may not
    /// mean the bot.
    fn may_say_unread(&mut self, inbound: &Inbound) -> bool {
        let now = self.now;
        match inbound.addressed {
            Addressed::Private | Addressed::Mention | Addressed::Command => true,
            Addressed::Reply | Addressed::No => {
                let said = &mut self.group(inbound.chat).told_unread;
                let is_due = said.is_none_or(|said| !now.is_within(UNREAD_STEP, said));
                if is_due {
                    *said = Some(now);
                }
                is_due
            }
        }
    }

    /// The notice that is given; `None` when the chat was told lately.
    pub(super) async fn told(
        &mut self,
        inbound: &Inbound,
        notice: Notice,
    ) -> Result<Option<Notice>, StoreError> {
        match notice {
            Notice::NeedsApproval | Notice::GroupNeedsApproval => self.knocks(inbound).await?,
            Notice::StillWaiting => {
                self.knocks(inbound).await?;
                self.counts_as_told(inbound);
            }
            Notice::NotLetIn | Notice::NoOwner => self.counts_as_told(inbound),
            Notice::TooOld => return Ok(self.tell_of_stale(inbound)),
            Notice::CannotRead { .. } => {
                return Ok(self.may_say_unread(inbound).then_some(notice));
            }
            Notice::OwnersOnly
            | Notice::PrivateOnly
            | Notice::SayMore
            | Notice::GaveUp
            | Notice::Missed
            | Notice::TooMany
            | Notice::TooManyCommands
            | Notice::HiddenAccount => {}
        }
        Ok(Some(notice))
    }

    /// The stale messages of one outage are told of once; the newest question is kept for the
    /// button.
    fn tell_of_stale(&mut self, inbound: &Inbound) -> Option<Notice> {
        let now = self.now;
        let person = self.person(&inbound.sender);
        let is_recent = |told: &Timestamp| now.is_within(ONE_OUTAGE, *told);
        let before = person.held.as_ref().map(|held| held.told);
        let told = before.filter(is_recent);
        let Some(held) = held(inbound, told.unwrap_or(now)) else {
            let was_told = person.told_unread.as_ref().is_some_and(is_recent);
            person.told_unread = Some(now);
            return (!was_told).then_some(Notice::Missed);
        };
        person.held = Some(held);
        told.is_none().then_some(Notice::TooOld)
    }
}

/// The stale question, kept so that the person may still have it answered.
fn held(inbound: &Inbound, told: Timestamp) -> Option<Held> {
    let task = inbound.question();
    if !task.asks_something() || command_of(inbound).is_some() {
        return None;
    }
    let Task::Question {
        text,
        quote,
        enclosed,
        ..
    } = task
    else {
        return None;
    };
    Some(Held {
        message: inbound.message,
        topic: inbound.topic,
        text,
        quote,
        enclosed,
        sent: inbound.sent,
        told,
    })
}
