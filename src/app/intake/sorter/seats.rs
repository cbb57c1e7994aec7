//! A VIP's question at the door: whether they sit, and who is told that they do not.

use std::time::Duration;

use super::Sorter;
use crate::chat::rich::Rich;
use crate::chat::{ChatId, MessageId, Outbound, Payload, Role, Sender, TopicId};
use crate::people::seats::Seat;
use crate::store::StoreError;

/// Who goes on asking without a seat is told again after this long; who had one in between, at once.
const TOLD_FOR: Duration = Duration::from_hours(24);

/// The message, or the button, with which something is asked.
#[derive(Clone, Copy)]
pub(super) struct AskedIn {
    pub(super) chat: ChatId,
    pub(super) topic: Option<TopicId>,
    pub(super) message: MessageId,
}

impl Sorter<'_> {
    /// The role in which a question is served: a VIP without a seat asks as Premium, and is told so
    /// once.
    pub(super) async fn served_as(
        &mut self,
        role: Role,
        sender: &Sender,
        place: AskedIn,
    ) -> Result<Role, StoreError> {
        let engine = &self.ctx.engine;
        let served = engine.served_as(role, sender.id).await?;
        if role != Role::Vip {
            return Ok(served);
        }
        self.asked_for_seats = true;
        let told = self.known(sender.id).and_then(|row| row.told_unseated);
        if served == Role::Vip {
            if told.is_some() {
                self.person(sender).told_unseated = None;
            }
            return Ok(served);
        }
        let now = self.now;
        let is_due = told.is_none_or(|told| !now.is_within(TOLD_FOR, told));
        // Where there are no seats there is none to wait for: `/status` tells.
        if is_due && engine.seat_of(sender.id).await? != Seat::NoSeats {
            self.person(sender).told_unseated = Some(now);
            let text = self.settings.locale_for(sender).unseated().to_owned();
            self.aside.push(told_in(place, text));
        }
        Ok(served)
    }
}

/// The words in the place where somebody asked; in a group they show whom they are for.
fn told_in(place: AskedIn, text: String) -> Outbound {
    let payload = Payload::Send {
        body: Rich::plain(text),
        reply_to: (place.chat.0 < 0).then_some(place.message),
        buttons: Vec::new(),
    };
    Outbound::new(place.chat, place.topic, payload)
}
