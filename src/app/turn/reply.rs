//! What comes of a turn before it is stored: what the person gets and what is kept of it, and what
//! is left of that where it cannot be stored.

use std::sync::atomic::Ordering;

use log::info;

use super::files::Looked;
use super::question::Asked;
use super::sum_up::SumUp;
use crate::app::call::By;
use crate::app::ending::Ending;
use crate::app::engine::Engine;
use crate::catalog::{Tier, TierReason};
use crate::chat::answer::{Answer, Failure, Obstacle};
use crate::chat::callback::Callback;
use crate::chat::enclosed::unseen;
use crate::chat::grounding::Grounding;
use crate::chat::reminder::{self, Reminder};
use crate::chat::wish::Wish;
use crate::chat::{Button, ChatKind, Job, Lane, Part, StoredTurn};
use crate::clock;
use crate::keys::{Change, GroupDay, Unusable};
use crate::people::zones;
use crate::store::StoreError;
use crate::tier::Choice;

/// What the person gets, and what is kept of it.
#[derive(Clone)]
pub(super) struct Reply {
    pub(super) ending: Ending,
    /// What is to be seen: the model's parts, in order, or the bot's own words. None where nothing
    /// is said.
    pub(super) parts: Vec<Part>,
    /// Under the files among them.
    pub(super) caption: String,
    /// Sentences of the bot under the answer.
    pub(super) notes: Vec<String>,
    /// The round, where it is remembered.
    pub(super) round: Option<StoredTurn>,
    pub(super) buttons: Vec<Button>,
    pub(super) changes: Vec<Change>,
    /// The tier of the model that made it, to be counted.
    pub(super) tier: Option<Tier>,
    /// The day of the keys that it is a share of.
    pub(super) shared: Option<GroupDay>,
    /// What is set with an answer.
    pub(super) reminders: Vec<Reminder>,
    /// Where an answer has its facts from.
    pub(super) grounding: Grounding,
    /// What is to be summed up once it is answered.
    pub(super) sum_up: Option<SumUp>,
}

impl Reply {
    /// These parts and nothing more.
    pub(super) fn new(ending: Ending, parts: Vec<Part>) -> Self {
        Self {
            ending,
            parts,
            caption: String::new(),
            notes: Vec::new(),
            round: None,
            buttons: Vec::new(),
            changes: Vec::new(),
            tier: None,
            shared: None,
            reminders: Vec::new(),
            grounding: Grounding::default(),
            sum_up: None,
        }
    }

    /// These words and nothing more.
    pub(super) fn say(ending: Ending, text: impl Into<String>) -> Self {
        Self::new(ending, vec![Part::Text(text.into())])
    }
}

/// How a question came to its answer.
pub(super) struct Answered<'a> {
    pub(super) choice: Choice,
    /// What it would be if every tier had its whole day left.
    pub(super) ceiling: Tier,
    pub(super) by: Option<By>,
    /// Whether the round is remembered.
    pub(super) is_kept: bool,
    /// The day of the keys that it is a share of.
    pub(super) shared: Option<GroupDay>,
    /// The person has had enough of that day's larger models.
    pub(super) has_had_enough: bool,
    /// What there was of the files.
    pub(super) looked: &'a Looked,
}

impl Answered<'_> {
    /// The tier of what made it.
    fn tier(&self) -> Option<Tier> {
        self.by.and_then(|by| by.kind.tier())
    }

    fn reason(&self) -> TierReason {
        match self.tier() {
            Some(tier) if tier < self.choice.tier => TierReason::Degraded,
            Some(_) | None => self.choice.reason,
        }
    }
}

impl Asked<'_> {
    /// An answer, whole or as far as it came.
    pub(super) fn answered(&self, answer: Answer, answered: &Answered<'_>) -> Reply {
        self.engine
            .metrics
            .answered(clock::now().since(self.job.accepted));
        let reason = answered.reason();
        info!(job = self.job.id.0, model = answer.model.as_str(), reason:?; "answered");
        let goes_on = answer.finish.goes_on().then_some(Callback::Continue);
        let buttons = [Callback::Retry].into_iter().chain(goes_on);
        let buttons = buttons.filter(|_| answered.is_kept);
        Reply {
            notes: self.notes(&answer, answered),
            buttons: buttons.map(|button| self.locale.button(button)).collect(),
            round: answered.is_kept.then(|| self.round(&answer, reason)),
            tier: answered.tier(),
            shared: answered.shared,
            grounding: answer.grounding,
            ..Reply::new(answer.finish.into(), answer.parts)
        }
    }

    /// The same with what it sets, each told with a button to take it back.
    pub(super) fn setting(&self, mut reply: Reply, reminders: Vec<Reminder>) -> Reply {
        let (zone, now) = (self.zone(), clock::now());
        for reminder in &reminders {
            let clock = reminder::shown(reminder.at, &zone);
            let clock = format!("{clock}, {}", zones::called(&zone, now));
            let ahead = reminder.at.since(now);
            let told = self.locale.reminder_set(&reminder.text, &clock, ahead);
            reply.notes.push(told);
            let label = self.locale.reminder_cancel();
            reply
                .buttons
                .push(self.engine.reminder_button(reminder, label));
        }
        Reply { reminders, ..reply }
    }

    /// Why there is no answer.
    pub(super) fn failed(&self, failure: Failure, is_kept: bool) -> Reply {
        self.engine.metrics.failures.fetch_add(1, Ordering::Relaxed);
        info!(job = self.job.id.0, failure:?; "not answered");
        let said = Reply::say(Ending::Failed(failure), self.words_for(failure));
        self.without_answer(said, is_kept, failure.may_pass())
    }

    /// Whether an Owner asks, where nobody else reads it.
    pub(super) fn is_owner_in_private(&self) -> bool {
        match self.job.lane {
            Lane::Terminal => true,
            Lane::Telegram { .. } => {
                let is_private = self.job.kind == ChatKind::Private;
                is_private && self.settings.owners.contains(&self.job.sender.id)
            }
        }
    }

    /// An Owner in private hears what to do, and others that an Owner has been told, where one has
    /// read it.
    fn words_for(&self, failure: Failure) -> String {
        let is_owner = self.is_owner_in_private();
        let words = is_owner.then(|| self.words_for_owner(failure)).flatten();
        let is_told = |obstacle: &Obstacle| self.engine.signs.is_read(*obstacle);
        let told = failure.obstacle().filter(is_told);
        let told = told.map(|obstacle| self.locale.failure_told(obstacle).to_owned());
        words
            .or(told)
            .unwrap_or_else(|| self.locale.failure(failure))
    }

    fn words_for_owner(&self, failure: Failure) -> Option<String> {
        let keys = self.engine.lending.with(|pool| pool.count(clock::now()));
        let of_first = self.settings.config.gemini.keys.first();
        let group = of_first.and_then(|key| key.groups.first().copied().flatten());
        let keys = Unusable {
            group,
            dead: keys.dead,
            blacklisted: keys.blacklisted,
            spent: keys.waiting,
        };
        let places = self.settings.places();
        self.locale.failure_of_owner(failure, &keys, &places)
    }

    /// A question that got no answer is kept all the same, to be found when it is asked again.
    pub(super) fn without_answer(&self, said: Reply, is_kept: bool, may_pass: bool) -> Reply {
        let button = (is_kept && may_pass).then(|| self.locale.button(Callback::Retry));
        Reply {
            buttons: button.into_iter().collect(),
            round: is_kept.then(|| self.unanswered()),
            ..said
        }
    }

    /// An answer that is not whole says so, one by another model or key than the wanted one, one to a
    /// question with a file that nobody looked at, and one in the place of a picture.
    fn notes(&self, answer: &Answer, answered: &Answered<'_>) -> Vec<String> {
        let is_borrowed = answered.by.is_some_and(|by| by.borrowed);
        let by = match answered.tier() {
            Some(tier) if tier < answered.ceiling && answered.has_had_enough => {
                Some(self.locale.has_had_enough())
            }
            Some(tier) if tier < answered.ceiling => Some(self.locale.degraded(tier)),
            Some(_) | None => is_borrowed.then(|| self.locale.borrowed()),
        };
        let finish = self.locale.finish(answer.finish);
        let said = finish.into_iter().chain(by).map(str::to_owned);
        let is_picture = matches!(self.job.task.wish(), Wish::Picture { .. });
        let pictures = is_picture.then(|| self.no_pictures());
        let unread = &answer.grounding.unread;
        let unread = (!unread.is_empty()).then(|| self.locale.unread_pages(unread));
        said.chain(self.note_on_files())
            .chain(self.notes_on(answered.looked))
            .chain(pictures)
            .chain(unread)
            .collect()
    }

    /// The round as the next questions will see it.
    pub(super) fn round(&self, answer: &Answer, reason: TierReason) -> StoredTurn {
        StoredTurn {
            model: answer.model.clone(),
            reason,
            answer: answer
                .parts
                .iter()
                .map(|part| part.remembered(self.text))
                .collect(),
            ..self.unanswered()
        }
    }

    fn unanswered(&self) -> StoredTurn {
        let quote = self.quote.map(|quote| Part::Quote(quote.to_owned()));
        let enclosed = self.job.task.enclosed().iter();
        let enclosed = enclosed.cloned().map(Part::Enclosed);
        let text = Part::Text(self.text.to_owned());
        let question = quote.into_iter().chain(enclosed).chain([text]).collect();
        StoredTurn::unanswered(self.job.accepted, self.job.messages.clone(), question)
    }

    /// Why files were not looked at, or not to their end.
    pub(super) fn notes_on(&self, looked: &Looked) -> Vec<String> {
        let mut said = self.locale.unseen_because(&looked.unseen);
        said.extend(looked.is_cut.then(|| self.locale.read_in_part().to_owned()));
        said.iter().map(|said| self.locale.aside(said)).collect()
    }

    /// What stands under an answer to a question with things that cannot be looked at.
    pub(super) fn note_on_files(&self) -> Option<String> {
        self.locale.unseen(&unseen(self.job.task.enclosed()))
    }
}

/// A job with what came of it, to be concluded.
#[derive(Clone)]
pub(crate) struct Finished {
    pub(super) job: Job,
    pub(super) reply: Reply,
}

impl Finished {
    /// What is to be summed up once it is stored.
    pub(crate) fn sum_up(&self) -> Option<SumUp> {
        self.reply.sum_up.clone()
    }

    /// A turn that cannot go on because of an error that does not pass.
    pub(crate) fn apology(engine: &Engine, job: &Job, error: &StoreError) -> Self {
        let locale = engine.settings().locale_for(&job.sender);
        let reason = reason(error);
        Self {
            job: job.clone(),
            reply: Reply::say(Ending::Failed(reason), locale.failure(reason)),
        }
    }

    /// The same turn with less to store, after an error that does not pass: an apology in place of
    /// the answer, then words and nothing else. `None` where there is nothing less.
    pub(crate) fn lesser(&self, engine: &Engine, error: &StoreError) -> Option<Self> {
        let Self { job, reply } = self;
        let answered = match reply.ending {
            Ending::Answered | Ending::Broken | Ending::Stopped => reply.round.clone(),
            Ending::Failed(_) | Ending::GivenUp | Ending::Told => None,
            Ending::Unkept(_)
            | Ending::Discarded
            | Ending::Gone
            | Ending::Changed
            | Ending::Panicked
            | Ending::NotStored
            | Ending::Interrupted => return None,
        };
        let mut lesser = Self::apology(engine, job, error);
        lesser.reply.changes.clone_from(&reply.changes);
        match answered {
            Some(round) => {
                let locale = engine.settings().locale_for(&job.sender);
                lesser.reply.buttons = vec![locale.button(Callback::Retry)];
                lesser.reply.round = Some(round.without_answer());
            }
            None => lesser.reply.ending = Ending::Unkept(reason(error)),
        }
        Some(lesser)
    }
}

/// What the person is told of an error that does not pass.
const fn reason(error: &StoreError) -> Failure {
    if error.is_too_large() {
        Failure::Unkept
    } else {
        Failure::Unexplained
    }
}
