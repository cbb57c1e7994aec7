//! What is said of a message that asks nothing, and how often.

use std::time::Duration;

use log::info;

use super::Sorter;
use crate::chat::{Addressed, Inbound, Notice, Task};
use crate::clock::Timestamp;
use crate::people::gate::command_of;
use crate::people::person::Held;

/// Old mail that comes within this time is of one outage, and told of once.
const ONE_OUTAGE: Duration = Duration::from_hours(1);
/// In a group it is said this seldom that a message cannot be read.
const UNREAD_STEP: Duration = Duration::from_hours(1);

impl Sorter<'_> {
    /// A question without words is one only if words come with a further piece; in a group the bot
    /// would have to say too often that there are none.
    pub(super) fn answerable(&mut self, inbound: &Inbound, task: Task) -> Option<Task> {
        let needs_words = matches!(task, Task::Question { .. }) && !task.has_words();
        (!needs_words || self.may_say_unread(inbound)).then_some(task)
    }

    /// Whether it may be said in this chat that a message cannot be read; it counts as said. Who replies
    /// with a sticker may not mean the bot at all; who calls it by name does.
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

    /// What is told of a notice, once: `None` when it was told before.
    pub(super) fn tell(&mut self, inbound: &Inbound, notice: Notice) -> Option<Notice> {
        match notice {
            Notice::NeedsApproval | Notice::NoOwner => {
                info!(user = inbound.sender.id.0; "a stranger asks to be let in: /grant gives a role");
                self.person(&inbound.sender).told = true;
            }
            Notice::GroupNeedsApproval => self.group(inbound.chat).told = true,
            Notice::TooOld => return self.tell_of_old_mail(inbound),
            Notice::CannotRead { .. } => {
                return self.may_say_unread(inbound).then_some(notice);
            }
            Notice::OwnersOnly
            | Notice::PrivateOnly
            | Notice::SayMore
            | Notice::GaveUp
            | Notice::Missed
            | Notice::TooMany
            | Notice::TooManyCommands => {}
        }
        Some(notice)
    }

    /// Old mail of one outage is told of once; the newest question of it is kept for the button.
    fn tell_of_old_mail(&mut self, inbound: &Inbound) -> Option<Notice> {
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

/// The question of old mail, kept so that the person may still have it answered.
fn held(inbound: &Inbound, told: Timestamp) -> Option<Held> {
    let task = inbound.question();
    if !task.has_words() || command_of(inbound).is_some() {
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
