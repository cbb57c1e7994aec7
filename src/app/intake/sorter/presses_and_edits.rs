//! Updates that are about an earlier message: buttons and changed messages.

use std::time::Duration;

use log::debug;

use super::Sorter;
use super::seats::AskedIn;
use crate::app::commands;
use crate::app::intake::asked::Asked;
use crate::app::intake::draft::Draft;
use crate::app::intake::journal_entry::Entry;
use crate::app::intake::reask::{Edit, Press};
use crate::chat::Role;
use crate::chat::callback::{Callback, CommandCallback};
use crate::chat::command::{self, Command};
use crate::chat::{
    Basis, ChatId, ChatKind, Content, Inbound, Job, JobId, Lane, Notice, Origin, Outbound, Payload,
    Pressed, Sender, Task, TopicId, UserId,
};
use crate::locale::Denied;
use crate::outgoing::Place;
use crate::people::gate::{Admission, admit};
use crate::people::person::Held;
use crate::store::StoreError;

/// How long after a message a change may make it a question that it was not (design §5).
const FORGOTTEN_MENTION: Duration = Duration::from_mins(5);

impl Sorter<'_> {
    /// A press that can do nothing. Its message may be unknown, so the answer stands in the line of
    /// the person.
    pub(super) async fn pressed_in_vain(
        &mut self,
        callback: String,
        sender: &Sender,
        is_old: bool,
    ) -> Result<Entry, StoreError> {
        let mut acknowledge = Outbound::acknowledge(ChatId(sender.id.0), callback.clone());
        self.load_row(sender.id).await?;
        if is_old && !self.is_banned(sender, ChatId(sender.id.0), ChatKind::Private) {
            let locale = self.settings.locale_for(sender);
            let text = locale.denied(Denied::Forgotten);
            acknowledge.payload = Payload::Answer { callback, text };
        }
        let job = None;
        Ok(Entry::Pressed { acknowledge, job })
    }

    /// The native Stop of a draft. It names nobody, and is of a private chat.
    pub(super) async fn stopped(
        &mut self,
        chat: ChatId,
        topic: Option<TopicId>,
        draft: i32,
    ) -> Result<Entry, StoreError> {
        let person = UserId(chat.0);
        self.load_row(person).await?;
        let lane = Lane::Telegram {
            chat,
            topic,
            person,
        };
        let is_banned = self.known(person).is_some_and(|row| row.banned.is_some());
        Ok(if is_banned {
            Entry::Dropped
        } else {
            Entry::Stopped { lane, draft }
        })
    }

    /// Whether nobody hears this person there.
    fn is_banned(&self, sender: &Sender, chat: ChatId, kind: ChatKind) -> bool {
        let known = self.known_of(sender.id, chat, kind);
        self.settings.gate().is_banned(sender, kind, known)
    }

    /// A button is pressed by whoever has it now, so the gate is asked again.
    pub(super) async fn pressed(&mut self, mut pressed: Pressed) -> Result<Entry, StoreError> {
        self.load(pressed.sender.id, pressed.chat, pressed.kind)
            .await?;
        pressed.sender = self.spoken_to(&pressed.sender);
        let mut acknowledge = Outbound::acknowledge(pressed.chat, pressed.callback.clone());
        if self.is_banned(&pressed.sender, pressed.chat, pressed.kind) {
            let job = None;
            return Ok(Entry::Pressed { acknowledge, job });
        }
        let known = self.known_of(pressed.sender.id, pressed.chat, pressed.kind);
        let role = self
            .settings
            .gate()
            .role(&pressed.sender, pressed.kind, known, self.theirs);
        let is_stop = matches!(Callback::parse(&pressed.data), Some(Callback::Stop(_)));
        if self.before.is_behind && role.is_some() && !is_stop {
            acknowledge.payload = self.told_why_not(&pressed, Denied::Stale);
            let job = None;
            return Ok(Entry::Pressed { acknowledge, job });
        }
        if let Some(asked) = CommandCallback::parse(&pressed.data) {
            return Ok(self.asked_by_button(&pressed, role, &asked));
        }
        let wish = self.wish_of(&pressed);
        let role = match role {
            Some(role) => Some(self.served_at_press(role, wish, &pressed).await?),
            None => None,
        };
        match (wish, role) {
            (Some(wish @ (Callback::Held | Callback::Example(_))), Some(role)) => {
                Ok(self.asked(&pressed, role, wish, acknowledge))
            }
            (Some(callback @ Callback::Stop(_)), _) | (Some(callback), Some(_)) => {
                Ok(Entry::Reask(Press {
                    known: self.jobs_under_answer(&pressed).await?,
                    locale: self.settings.locale_for(&pressed.sender),
                    now: self.now,
                    pressed,
                    callback,
                    acknowledge,
                    role,
                }))
            }
            (None, _) | (Some(_), None) => Ok(Entry::Pressed {
                acknowledge,
                job: None,
            }),
        }
    }

    /// A press that asks a question, where there is one to ask.
    fn asked(
        &mut self,
        pressed: &Pressed,
        role: Role,
        wish: Callback,
        acknowledge: Outbound,
    ) -> Entry {
        match self.question_of(pressed, role, wish) {
            Some((job, held)) => Entry::Asked(Asked {
                job,
                held,
                acknowledge,
                locale: self.settings.locale_for(&pressed.sender),
            }),
            None => Entry::Pressed {
                acknowledge,
                job: None,
            },
        }
    }

    /// The role in which what a button asks for is served.
    async fn served_at_press(
        &mut self,
        role: Role,
        wish: Option<Callback>,
        pressed: &Pressed,
    ) -> Result<Role, StoreError> {
        let place = AskedIn {
            chat: pressed.chat,
            topic: pressed.topic,
            message: pressed.message,
        };
        match wish {
            Some(
                Callback::Held
                | Callback::Example(_)
                | Callback::Retry
                | Callback::Continue
                | Callback::Again
                | Callback::Vary,
            ) => self.served_as(role, &pressed.sender, place).await,
            Some(Callback::Stop(_)) | None => Ok(role),
        }
    }

    /// What the presser reads of a press that does nothing.
    fn told_why_not(&self, pressed: &Pressed, why: Denied) -> Payload {
        let locale = self.settings.locale_for(&pressed.sender);
        Payload::Answer {
            callback: pressed.callback.clone(),
            text: locale.denied(why),
        }
    }

    /// The command of a button, if it was made for the presser, is there, and is theirs to give now.
    fn asked_by_button(
        &self,
        pressed: &Pressed,
        role: Option<Role>,
        asked: &CommandCallback,
    ) -> Entry {
        let mut acknowledge = Outbound::acknowledge(pressed.chat, pressed.callback.clone());
        if !self.ctx.engine.is_for(pressed.sender.id, asked) {
            acknowledge.payload = self.told_why_not(pressed, Denied::NotYours);
            return Entry::Pressed {
                acknowledge,
                job: None,
            };
        }
        let place = command::Place::from(pressed.kind);
        let may = |role: &Role, command: &Command| {
            commands::rights(command).is_some_and(|rights| rights.permit(*role, place))
        };
        let command = Command::parse(&asked.line).filter(|_| pressed.is_shown);
        let given = command
            .zip(role)
            .filter(|(command, role)| may(role, command));
        let job = given.map(|(command, role)| {
            let lane = Lane::Telegram {
                chat: pressed.chat,
                topic: pressed.topic,
                person: pressed.sender.id,
            };
            let (origin, sender) = (
                Origin::Updates(vec![pressed.update]),
                pressed.sender.clone(),
            );
            Job {
                role,
                places: vec![pressed.message],
                ..Job::new(origin, lane, sender, Task::Command(command), self.now)
            }
        });
        Entry::Pressed { acknowledge, job }
    }

    /// What the button asks for; nothing when that is an answer that nobody there would read, or when
    /// the message has no such button. What is about a round or a job is found by that, wherever it is
    /// pressed.
    fn wish_of(&self, pressed: &Pressed) -> Option<Callback> {
        let place = Place::Topic(pressed.chat, pressed.topic);
        let is_closed = self.ctx.mail.is_closed(place);
        let callback = Callback::parse(&pressed.data)?;
        if matches!(callback, Callback::Held | Callback::Example(_)) && !pressed.is_shown {
            return None;
        }
        let is_example = matches!(callback, Callback::Example(_));
        let is_asking = is_example || callback.is_about_an_answer();
        (!(is_closed && is_asking)).then_some(callback)
    }

    /// The question that a press asks without a look at earlier rounds: the stale one that was held, if
    /// it is still there, or an example.
    fn question_of(
        &mut self,
        pressed: &Pressed,
        role: Role,
        wish: Callback,
    ) -> Option<(Job, Option<Held>)> {
        let Callback::Example(example) = wish else {
            let held = self.take_held(pressed)?;
            return Some((self.job_of(pressed, role, held.clone()), Some(held)));
        };
        let lane = Lane::Telegram {
            chat: pressed.chat,
            topic: pressed.topic,
            person: pressed.sender.id,
        };
        let locale = self.settings.locale_for(&pressed.sender);
        let task = Task::question(locale.example(example).to_owned(), Basis::Newest);
        let origin = Origin::Updates(vec![pressed.update]);
        let job = Job {
            role,
            ..Job::new(origin, lane, pressed.sender.clone(), task, self.now)
        };
        Some((job, None))
    }

    fn take_held(&mut self, pressed: &Pressed) -> Option<Held> {
        let row = self.rows.get_mut(&pressed.sender.id)?;
        let held = row.person.as_mut()?.held.take()?;
        row.is_changed = true;
        Some(held)
    }

    fn job_of(&self, pressed: &Pressed, role: Role, held: Held) -> Job {
        let lane = Lane::Telegram {
            chat: pressed.chat,
            topic: held.topic,
            person: pressed.sender.id,
        };
        let task = Task::Question {
            text: held.text,
            quote: held.quote,
            enclosed: held.enclosed,
            basis: Basis::Newest,
        };
        let origin = Origin::Updates(vec![pressed.update]);
        Job {
            messages: vec![held.message],
            role,
            sent: held.sent,
            ..Job::new(origin, lane, pressed.sender.clone(), task, self.now)
        }
    }

    /// The same gate as for a new message. Only a question can be changed, or come about by a
    /// change; nobody is told anything.
    pub(super) async fn edited(&mut self, inbound: Inbound) -> Result<Entry, StoreError> {
        if self.is_unanswerable(&inbound) {
            return Ok(Entry::Dropped);
        }
        self.load(inbound.sender.id, inbound.chat, inbound.kind)
            .await?;
        let known = self.known_of(inbound.sender.id, inbound.chat, inbound.kind);
        let gate = self.settings.gate();
        match admit(&inbound, commands::rights, &gate, known, self.theirs) {
            Admission::Serve {
                role,
                task: task @ Task::Question { .. },
            } if task.asks_something() => {
                let role = self.served(role, &inbound).await?;
                self.change_held(&inbound);
                let job = self.draft(&inbound, role, task);
                let known = self.jobs_of(job.lane).await?;
                let draft = self.drafted(&inbound, job, false).await?;
                Ok(Entry::Edited(Edit {
                    draft: Draft {
                        piece: None,
                        known,
                        ..draft
                    },
                    message: inbound.message,
                    is_soon: inbound.sent.since(inbound.posted) <= FORGOTTEN_MENTION,
                }))
            }
            Admission::Tell(Notice::TooOld) => {
                self.change_held(&inbound);
                Ok(Entry::Dropped)
            }
            Admission::Serve { .. } | Admission::Tell(_) | Admission::Ignore(_) => {
                debug!(update = inbound.update.0, chat = inbound.chat.0; "change of a message dropped");
                Ok(Entry::Dropped)
            }
        }
    }

    /// The stale question that waits for its button may be changed, too.
    fn change_held(&mut self, inbound: &Inbound) {
        let (Content::Text(text) | Content::Media { caption: text, .. }) = &inbound.content;
        let Some(row) = self.rows.get_mut(&inbound.sender.id) else {
            return;
        };
        let held = row.person.as_mut().and_then(|person| person.held.as_mut());
        if let Some(held) = held.filter(|held| held.message == inbound.message)
            && !text.is_empty()
        {
            held.text.clone_from(text);
            row.is_changed = true;
        }
    }

    /// Jobs that wait or run in the lane of the answer that holds the button.
    async fn jobs_under_answer(&self, pressed: &Pressed) -> Result<Vec<JobId>, StoreError> {
        let (chat, message) = (pressed.chat, pressed.message);
        let store = &self.ctx.engine.store;
        let round = store
            .read(move |rows| rows.by_message(chat, message))
            .await?;
        match round {
            Some((lane, _)) => self.jobs_of(lane).await,
            None => Ok(Vec::new()),
        }
    }

    /// Jobs of a lane that wait or run, or are held back. The journal has handed over all that it
    /// stored before this batch, so none is missing.
    pub(super) async fn jobs_of(&self, lane: Lane) -> Result<Vec<JobId>, StoreError> {
        // Without the scheduler nothing is decided: the batch comes again at the next start.
        let known = self.ctx.desk.jobs_of(lane).await;
        let mut known = known.ok_or(StoreError::Closed)?;
        known.extend(self.before.seams.get(&lane).map(|seam| seam.job));
        Ok(known)
    }
}
