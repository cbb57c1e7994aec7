//! What a person sees of an answer while it is made: that the bot thinks, the place in the line,
//! the growing text. This half decides when something is to be shown; `deliver::frame` sends what
//! there is by then.
//!
//! Owns what is on the screen. Invariants: nothing is shown after [`Live::close`], and a message
//! that was sent for an answer is either taken over by it or deleted.

mod frames;
mod screen;

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep_until, timeout};

use crate::app::Ctx;
use crate::app::call::{Queued, Sight, Visible};
use crate::chat::callback::Callback;
use crate::chat::rich::Rich;
use crate::chat::wish::Wish;
use crate::chat::{Button, ChatId, ChatKind, Job, JobId, Lane, MessageId, Task, TopicId, draft_of};
use crate::clock::{self, Instant};
use crate::config::Stream;
use crate::locale::Locale;
use crate::outgoing::Frame;
use crate::render;
use crate::telegram::send::Activity;
use frames::FrameKind;
pub(crate) use frames::Medium;
pub(crate) use screen::Content;
use screen::{Phase, Screen};

/// So little is not told as a time.
const NEARLY_OVER: Duration = Duration::from_secs(1);
/// How long the end of a turn waits for a message that is being sent for the first time: less than
/// a stop leaves to a turn. All other frames are over before the answer can be sent, as they stand
/// in one line with it.
const CLOSE_PATIENCE: Duration = Duration::from_secs(2);

/// One growing answer.
pub(crate) struct Live {
    pub(crate) job: JobId,
    pub(crate) chat: ChatId,
    pub(crate) topic: Option<TopicId>,
    /// In a group, the question that it answers.
    pub(crate) reply_to: Option<MessageId>,
    asked: String,
    /// What is shown as long as there is no text.
    pub(crate) activity: Activity,
    locale: &'static Locale,
    visible: watch::Receiver<Visible>,
    /// Whether the person has seen a part of the text.
    seen: Arc<AtomicBool>,
    screen: Mutex<Screen>,
    /// A frame has ended, or has to be shown in another medium.
    pub(crate) nudge: Notify,
}

/// What [`Live::begin`] hands out to be sent.
pub(crate) struct Begun {
    pub(crate) medium: Medium,
    pub(crate) message: Option<MessageId>,
    pub(crate) content: Content,
}

impl Begun {
    /// Whether this puts a message into the chat that was not there before.
    pub(crate) fn is_new_message(&self) -> bool {
        self.medium == Medium::Message
            && self.message.is_none()
            && self.content != Content::Thinking
    }
}

impl Live {
    /// For a question whose answer may grow in a chat.
    pub(crate) fn of(ctx: &Ctx, job: &Job, sight: &Sight) -> Option<Arc<Self>> {
        let settings = ctx.engine.settings();
        let (Lane::Telegram { chat, topic, .. }, Task::Question { text, .. }) =
            (job.lane, &job.task)
        else {
            return None;
        };
        let activity = match job.task.wish() {
            Wish::Answer => Activity::Writing,
            Wish::Picture { .. } => Activity::Drawing,
            Wish::Speech { .. } => Activity::Speaking,
        };
        let medium = match (settings.config.answers.stream, job.kind) {
            // What takes over an old message grows in its place.
            (Stream::Auto, ChatKind::Private)
                if job.places.is_empty()
                    && activity == Activity::Writing
                    && !ctx.mail.refuses_drafts(chat) =>
            {
                Medium::Draft
            }
            // Without streaming there is no text to grow, but there are signs of life.
            (Stream::Auto | Stream::Edit | Stream::Off, _) => Medium::Message,
        };
        let reply_to = match job.kind {
            ChatKind::Private => None,
            ChatKind::Group => job.messages.first().copied(),
        };
        Some(Arc::new(Self {
            job: job.id,
            chat,
            topic,
            reply_to,
            asked: text.clone(),
            activity,
            locale: settings.locale_for(&job.sender),
            visible: sight.visible.subscribe(),
            seen: Arc::clone(&sight.seen),
            screen: Mutex::new(Screen {
                medium,
                message: job.places.first().copied(),
                grown: None,
                is_full: false,
                is_touched: false,
                shown: None,
                awaits_id: false,
                phase: Phase::Open,
                failed: 0,
            }),
            nudge: Notify::new(),
        }))
    }

    /// Requests frames as the answer grows; never ends by itself.
    pub(crate) async fn run(self: &Arc<Self>, ctx: &Ctx) -> Infallible {
        let begun = clock::instant();
        let mut visible = self.visible.clone();
        let mut kind = FrameKind::of(&visible.borrow_and_update());
        let mut since = begun;
        let mut requested: Option<Instant> = None;
        let mut is_new = true;
        let mut medium = self.screen.lock().medium;
        loop {
            let latched = self.screen.lock().medium;
            if latched != medium {
                (medium, requested) = (latched, None);
            }
            let due = match requested {
                None => since + kind.grace(),
                Some(at) if is_new => {
                    let age = clock::instant().duration_since(begun);
                    at + kind.pause(medium, self.chat.0 < 0, age)
                }
                Some(at) => at + kind.age(medium),
            };
            tokio::select! {
                changed = visible.changed() => {
                    if changed.is_err() {
                        return pending().await;
                    }
                    let now = FrameKind::of(&visible.borrow_and_update());
                    if now != kind {
                        (kind, since, requested) = (now, clock::instant(), None);
                    }
                    is_new = true;
                }
                () = self.nudge.notified() => {}
                () = sleep_until(due) => {
                    if let Some(frame) = self.frame(kind) {
                        ctx.mail.wish(self, frame).await;
                    }
                    (requested, is_new) = (Some(clock::instant()), false);
                }
            }
        }
    }

    fn frame(&self, kind: FrameKind) -> Option<Frame> {
        let screen = self.screen.lock();
        let frame = match (screen.medium, kind) {
            (Medium::Draft, _) => Some(Frame::Draft),
            (Medium::Message, FrameKind::Thinking) => {
                screen.grown.is_none().then_some(Frame::Typing)
            }
            (Medium::Message, FrameKind::Text) if screen.is_full => Some(Frame::Typing),
            (Medium::Message, FrameKind::Queued | FrameKind::Text) => Some(Frame::Message),
        };
        let is_inbox = self.topic.and_then(TopicId::direct).is_some();
        // The inbox of a channel takes no chat actions.
        frame.filter(|frame| !(is_inbox && *frame == Frame::Typing))
    }

    /// Takes what there is to show now; `None` when it is on the screen already, costs more than
    /// what was granted, or the answer has ended. Renders: for a thread that may block.
    pub(crate) fn begin(&self, granted: Frame) -> Option<Begun> {
        // Rendering takes its time: nobody waits for the screen meanwhile.
        let medium = self.screen.lock().medium;
        let (content, is_full) = self.content(medium);
        let mut screen = self.screen.lock();
        screen.is_full = is_full && screen.grown.as_ref() == Some(&content);
        let content = if screen.is_full {
            // A message cannot move on to its next part: all that is left to show is that there is
            // more.
            Content::Thinking
        } else {
            content
        };
        let frame = match (screen.medium, &content) {
            (Medium::Draft, _) => Frame::Draft,
            (Medium::Message, Content::Thinking) => Frame::Typing,
            (Medium::Message, Content::Notice(_) | Content::Text(_)) => Frame::Message,
        };
        if frame != granted {
            return None;
        }
        if screen.phase != Phase::Open || screen.shows(&content) {
            return None;
        }
        screen.awaits_id = frame == Frame::Message && screen.message.is_none();
        screen.is_touched |= frame == Frame::Message;
        Some(Begun {
            medium: screen.medium,
            message: screen.message,
            content,
        })
    }

    /// A frame was sent, as this message if it is one. Gives back a message that nobody waits for
    /// any more.
    pub(crate) fn sent(&self, content: Content, message: Option<MessageId>) -> Option<MessageId> {
        let mut screen = self.screen.lock();
        screen.awaits_id = false;
        screen.failed = 0;
        if matches!(content, Content::Text(_)) {
            self.seen.store(true, Ordering::Relaxed);
        }
        screen.shown = Some(clock::instant());
        if content != Content::Thinking {
            screen.grown = Some(content);
        }
        let orphan =
            message.filter(|new| screen.phase == Phase::Abandoned && screen.message != Some(*new));
        if orphan.is_none() {
            screen.message = message.or(screen.message);
        }
        drop(screen);
        self.nudge.notify_waiters();
        orphan
    }

    /// A frame was not sent; whether the chat takes no more drafts.
    pub(crate) fn failed(&self, mishap: Mishap) -> bool {
        const MOST_FAILED: u8 = 3;
        let mut screen = self.screen.lock();
        screen.awaits_id = false;
        match (mishap, screen.medium) {
            (Mishap::Later, _) | (Mishap::Failed, Medium::Message) => {}
            (Mishap::NoDrafts, _) => screen.medium = Medium::Message,
            // For this answer only: nothing says that the chat takes no drafts.
            (Mishap::Failed | Mishap::Refused, medium) => {
                screen.failed += 1;
                if screen.failed >= MOST_FAILED {
                    screen.failed = 0;
                    match medium {
                        Medium::Draft => screen.medium = Medium::Message,
                        Medium::Message => screen.phase = screen.phase.max(Phase::Closed),
                    }
                }
            }
            // Who deletes it does not want another one for each frame.
            (Mishap::MessageGone, _) => {
                screen.message = None;
                screen.phase = screen.phase.max(Phase::Closed);
            }
            (Mishap::Closed, _) => screen.phase = screen.phase.max(Phase::Closed),
        }
        drop(screen);
        self.nudge.notify_waiters();
        mishap == Mishap::NoDrafts
    }

    /// Shows nothing more; the message in which the answer has grown, if it may have
    /// changed one.
    pub(crate) async fn close(&self, ctx: &Ctx) -> Option<MessageId> {
        let ended = async {
            loop {
                let nudged = self.nudge.notified();
                if !self.screen.lock().awaits_id {
                    return;
                }
                nudged.await;
            }
        };
        self.screen.lock().phase = Phase::Closed;
        ctx.mail.over(self.chat, self.job).await;
        // A message that arrives after that is deleted.
        drop(timeout(CLOSE_PATIENCE, ended).await);
        let mut screen = self.screen.lock();
        screen.phase = Phase::Abandoned;
        screen.message.filter(|_| screen.is_touched)
    }

    /// Shows nothing more, at once.
    pub(crate) fn abandon(&self) {
        self.screen.lock().phase = Phase::Abandoned;
    }

    /// What there is to show, and whether it is a part that is full.
    fn content(&self, medium: Medium) -> (Content, bool) {
        // Whoever publishes further text waits as long as this is borrowed.
        let visible = self.visible.borrow().clone();
        if let Some(queued) = visible.queued {
            let notice = Rich::plain(self.place_in_line(queued));
            return (Content::Notice(notice), false);
        }
        let text = visible.text;
        let text = match medium {
            Medium::Draft => text.as_str(),
            // A message notifies with what it begins with.
            Medium::Message => whole_words(&text),
        };
        let body = render::answer(render::stable_prefix(text), &self.asked);
        let mut parts = render::parts(&body);
        let is_full = medium == Medium::Message && parts.len() > 1;
        let part = match medium {
            // The end is where something happens.
            Medium::Draft => parts.pop(),
            Medium::Message => parts.into_iter().next(),
        };
        (part.map_or(Content::Thinking, Content::Text), is_full)
    }

    fn place_in_line(&self, queued: Queued) -> String {
        let wait = queued.wakes.since(clock::steady());
        // A call that ends at some time frees a key: nobody knows when.
        let wait = Some(wait).filter(|wait| *wait > NEARLY_OVER);
        self.locale.queued(queued.ahead, wait)
    }

    /// Under a message that grows.
    pub(crate) fn stop_button(&self) -> Button {
        self.locale.button(Callback::Stop(self.job))
    }

    /// The number under which its draft grows.
    pub(crate) fn draft(&self) -> i32 {
        draft_of(self.job)
    }
}

/// Why a frame was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// The next one may go.
    Later,
    /// The service failed; after three such drafts in a row this answer grows by edits.
    Failed,
    /// What it held was refused; after three such drafts in a row this answer grows by edits, after
    /// three such messages not at all.
    Refused,
    /// The chat takes messages only.
    NoDrafts,
    /// The message in which it grew is gone.
    MessageGone,
    /// Nothing more can be shown in this chat.
    Closed,
}

/// Without a last word that may go on.
fn whole_words(text: &str) -> &str {
    let is_open = text.ends_with(|c: char| c.is_alphanumeric() && c.is_ascii());
    match text.rfind(char::is_whitespace).filter(|_| is_open) {
        Some(at) => text.get(..at).unwrap_or_default(),
        None if is_open => "",
        None => text,
    }
}
