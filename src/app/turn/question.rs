//! A question with all that is known of it when its turn comes: who asks and as what, what belongs
//! to it, which tier it gets, and what the model is shown.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use log::warn;

use super::sum_up::SumUp;
use crate::app::call::{Question, Run, View};
use crate::app::downloads::Downloads;
use crate::app::engine::{Engine, Settings};
use crate::app::tools::{Circumstances, Toolbox};
use crate::catalog::{Kind, Tier, TierReason, ToolKind};
use crate::chat::answer::Failure;
use crate::chat::enclosed::unseen;
use crate::chat::prompt::{self, Earlier, Facts, Prompt};
use crate::chat::speakers::{self, Named};
use crate::chat::tool::Toolset;
use crate::chat::{
    Basis, ChatId, ChatKind, Enclosed, Files, Job, Lane, Notice, OtherNames, Remembered, Role,
    StoredTurn, UserId,
};
use crate::clock;
use crate::config::{Stream, UserLimits};
use crate::gemini::shape::Output;
use crate::keys::{Group, GroupDay};
use crate::locale::Locale;
use crate::people::gate::Known;
use crate::people::person::Person;
use crate::people::personas;
use crate::people::preferences::Preferences;
use crate::people::roles::Terms;
use crate::store::{Read, StoreError};
use crate::tier::need::Need;
use crate::tier::{self, Choice, Day, Left};

/// Tokens of context a question carries at the most: enough for ten long rounds, and a small part
/// of a free key's minute.
const CONTEXT_TOKENS: u64 = 24_000;

/// What the model is shown.
pub(super) struct Composed {
    pub(super) prompt: Prompt,
    /// The one model that made all of the history, if it was one.
    pub(super) signed_by: Option<String>,
    /// What of the history is to be summed up.
    pub(super) sum_up: Option<SumUp>,
}

/// A question with all that is known of it.
pub(super) struct Asked<'a> {
    pub(super) engine: &'a Arc<Engine>,
    pub(super) settings: &'a Settings,
    pub(super) locale: &'static Locale,
    pub(super) job: &'a Job,
    pub(super) text: &'a str,
    pub(super) quote: Option<&'a str>,
    pub(super) basis: Basis,
    pub(super) preferences: Preferences,
}

/// With what a question is answered.
pub(super) struct Means<'a> {
    pub(super) terms: &'a Terms,
    /// By which files come; none at the terminal.
    pub(super) downloads: Option<&'a Downloads>,
    /// In the line for a key.
    pub(super) rank: u8,
    pub(super) run: Run,
    pub(super) view: View<'a>,
}

impl<'a> Means<'a> {
    pub(super) const fn of(
        (terms, role): (&'a Terms, Role),
        downloads: Option<&'a Downloads>,
        (run, view): (Run, View<'a>),
    ) -> Self {
        Self {
            terms,
            downloads,
            rank: role.rank(),
            run,
            view,
        }
    }

    /// Whether the round is remembered.
    pub(super) const fn is_kept(&self) -> bool {
        self.terms.rounds > 0
    }
}

impl Asked<'_> {
    /// A question for a model that makes something else than an answer; it depends on no history.
    pub(super) fn question<'q>(
        &self,
        kind: Kind,
        output: Output,
        prompt: Arc<Prompt>,
        means: &Means<'q>,
    ) -> Question<'q> {
        Question {
            prompt,
            kind,
            output,
            signed_by: None,
            groups: means.terms.groups().collect(),
            rank: means.rank,
            deadline: clock::instant() + self.settings.config.limits.answer_deadline,
            run: means.run,
            // A file comes whole.
            view: View {
                stream: Stream::Off,
                ..means.view
            },
        }
    }

    /// The role of this moment: a grant may have ended, or been taken back, while the job waited.
    pub(super) async fn role_now(&self) -> Result<Option<Role>, StoreError> {
        let job = self.job;
        let Lane::Telegram { chat, .. } = job.lane else {
            return Ok(Some(job.role));
        };
        let [person, group] = self.rows(chat).await?;
        let known = Known {
            person: person.as_deref(),
            group: group.as_deref(),
        };
        let gate = self.settings.gate();
        let role = gate.role(&job.sender, job.kind, known, clock::now());
        match role {
            Some(role) => self.served_as(role).await.map(Some),
            None => Ok(None),
        }
    }

    /// The same for a VIP: they may have lost their seat, or one may be free, since the door.
    async fn served_as(&self, role: Role) -> Result<Role, StoreError> {
        let served = self.engine.served_as(role, self.job.sender.id).await?;
        if role == Role::Vip {
            let engine = Arc::clone(self.engine);
            // Nothing waits for it: a restart finds the question in the inbox, and asks again.
            drop(
                self.engine
                    .store
                    .write_soon(move |rows| engine.put_seats(rows)),
            );
        }
        Ok(served)
    }

    /// The rows of the asker and of the group.
    async fn rows(&self, chat: ChatId) -> Result<[Option<Arc<Person>>; 2], StoreError> {
        let store = &self.engine.store;
        let group = match self.job.kind {
            ChatKind::Private => None,
            ChatKind::Group => store.person(UserId(chat.0)).await?,
        };
        Ok([store.person(self.job.sender.id).await?, group])
    }

    /// How the bot is to be in this turn: by its own rules, and the persona that the person chose.
    async fn persona(&self) -> Result<String, StoreError> {
        let rules = self.settings.persona();
        let Some(chosen) = &self.preferences.persona else {
            return Ok(rules.to_owned());
        };
        let shared = self.engine.store.read(Read::shared_personas).await?;
        let text = personas::text_of(chosen, &shared);
        Ok(text.map_or_else(
            || rules.to_owned(),
            |text| personas::instructions(rules, text),
        ))
    }

    /// What is said of an album or of forwards to which no words came; nothing of a question that
    /// can be asked.
    pub(super) fn unreadable(&self) -> Option<String> {
        if self.job.task.asks_something() {
            return None;
        }
        let kind = unseen(self.job.task.enclosed()).first().copied();
        let kind = kind.unwrap_or_default().to_owned();
        let notice = Notice::CannotRead { kind };
        Some(self.locale.notice(&notice, self.job.sender.id))
    }

    /// What the question needs, and its words.
    fn need(&self) -> (Need, &str) {
        tier::need::of(self.text)
    }

    /// What the model is offered for it.
    async fn tools(&self, terms: &Terms, toolbox: &Toolbox<'_>) -> Result<Toolset, String> {
        let (need, _) = self.need();
        match need.kind {
            ToolKind::Functions => Ok(toolbox.declared()),
            ToolKind::Code => Ok(Toolset::Code),
            // No page is opened where somebody else may have written the address.
            ToolKind::Pages if self.job.task.is_untrusted() => Ok(toolbox.declared()),
            ToolKind::Search | ToolKind::Pages => match self.may_search(terms).await {
                Err(sentence) if need.is_asked => Err(sentence),
                Err(_) => Ok(toolbox.declared()),
                Ok(()) if need.kind == ToolKind::Pages => Ok(Toolset::Pages),
                Ok(()) => Ok(Toolset::Search),
            },
        }
    }

    /// Whether the asker may search once more today, or why not.
    async fn may_search(&self, terms: &Terms) -> Result<(), String> {
        let limit = match self.settings.config.people.user_limits {
            UserLimits::On => terms.searches_per_day.number(),
            UserLimits::Off => None,
        };
        let (Some(limit), Some(person)) = (limit, self.job.lane.person()) else {
            return Ok(());
        };
        let today = self.settings.today(clock::now());
        let days = today.number..=today.number;
        let store = &self.engine.store;
        let used = store.read(move |rows| rows.usage_of(person, days)).await;
        let used = used.map_err(|error| {
            warn!(err:% = error; "searches of a day not read");
            self.locale.failure(Failure::Unexplained)
        })?;
        let used: u32 = used.iter().map(|(_, usage)| usage.searches).sum();
        if used < limit {
            return Ok(());
        }
        let wait = today.ends.since(clock::now());
        Err(self.locale.no_searches(limit, wait))
    }

    /// What the model may have done for it.
    pub(super) fn toolbox(&self, terms: &Terms, context: &[Remembered]) -> Toolbox<'_> {
        // What others wrote is no less theirs when it is shown again (design §10).
        let is_theirs = context.iter().any(|round| round.is_untrusted());
        Toolbox::new(Circumstances {
            engine: self.engine,
            lane: self.job.lane,
            message: self.job.messages.first().copied(),
            now: clock::now(),
            zone: self.zone(),
            is_untrusted: is_theirs || self.job.task.is_untrusted(),
            has_history: terms.rounds > 0,
        })
    }

    /// What the clock of the asker shows.
    pub(super) fn zone(&self) -> TimeZone {
        self.settings.zone_of(&self.preferences)
    }

    /// All words of others that the question is about.
    fn words_of_others(&self) -> Option<String> {
        let forwarded = self.job.task.enclosed().iter().filter_map(Enclosed::words);
        let words: Vec<&str> = self.quote.into_iter().chain(forwarded).collect();
        (!words.is_empty()).then(|| words.join("\n"))
    }

    /// The day of the keys that the person shares with others; none where shares do not count.
    pub(super) fn shared(&self, terms: &Terms) -> Option<GroupDay> {
        match self.settings.config.people.user_limits {
            UserLimits::On => {
                let lending = &self.engine.lending;
                Some(lending.with(|pool| pool.group_day(terms.group, clock::now())))
            }
            UserLimits::Off => None,
        }
    }

    /// Whether the person has had more than their fair share of that day, and half of it is spent.
    /// The Owner's share is what they like.
    pub(super) async fn has_had_enough(
        &self,
        role: Role,
        shared: Option<GroupDay>,
    ) -> Result<bool, StoreError> {
        let shared = shared.filter(|day| day.is_half_spent && role != Role::Owner);
        let counted_as = self.engine.counted_as(self.job.lane).await?;
        let (Some(person), Some(day)) = (counted_as, shared) else {
            return Ok(false);
        };
        let store = &self.engine.store;
        let had = store.read(move |rows| rows.had(day.number, day.pot, person));
        let (own, all) = had.await?;
        Ok(all.is_exceeded_by(own))
    }

    /// The tier for the question, and the highest one that the role and its keys offer. Whoever has
    /// had enough gets the smallest.
    pub(super) fn choose(
        &self,
        terms: &Terms,
        context: &[Remembered],
        has_had_enough: bool,
    ) -> (Choice, Tier) {
        let groups: Vec<Group> = terms.groups().collect();
        let now = clock::now();
        let left = |tier| {
            let lending = &self.engine.lending;
            lending.with(|pool| pool.left(tier, &groups, now))
        };
        let days = [Tier::Lite, Tier::Flash, Tier::Pro].map(|tier| (tier, left(tier)));
        let offered = days.iter().filter(|(_, day)| day.is_some());
        let highest = offered.map(|(tier, _)| *tier).max().unwrap_or(Tier::Lite);
        let highest = highest.min(terms.highest_tier);
        let [lite, flash, pro] = days.map(|(tier, day)| {
            let is_kept = has_had_enough && tier > Tier::Lite;
            day.filter(|_| !is_kept).unwrap_or(Day::Gone)
        });
        let reasons: Vec<TierReason> = context.iter().map(|turn| turn.reason).collect();
        let quote = self.words_of_others();
        let enclosed = self.job.task.enclosed().iter();
        let attachments =
            enclosed.filter(|one| one.attachment().is_some_and(|one| one.file.is_some()));
        let facts = tier::Facts {
            text: self.need().1,
            quote: quote.as_deref(),
            attachments: attachments.count(),
            context: &reasons,
            highest,
            wish: self.preferences.tier,
            left: Left { lite, flash, pro },
        };
        (tier::choose(&facts), highest)
    }

    /// How those who talk are called; nobody in private.
    async fn speakers(
        &self,
        context: &[Remembered],
    ) -> Result<BTreeMap<UserId, String>, StoreError> {
        let mut people = BTreeMap::new();
        let job = self.job;
        match job.kind {
            ChatKind::Private => return Ok(BTreeMap::new()),
            ChatKind::Group => {}
        }
        for id in context
            .iter()
            .map(|round| round.person)
            .chain([job.sender.id])
        {
            let person = self.engine.store.person(id).await?;
            let named = person.map(|person| Named {
                first: person.name.clone(),
                other_names: person.other_names.clone(),
            });
            people.extend(named.map(|named| (id, named)));
        }
        let asker = people.entry(job.sender.id).or_insert_with(|| Named {
            first: String::new(),
            other_names: OtherNames::default(),
        });
        asker.first.clone_from(&job.sender.name);
        Ok(speakers::names(&people))
    }

    /// What the model is shown and offered; or what the asker is told who asks for more than they have.
    pub(super) async fn composed(
        &self,
        terms: &Terms,
        (context, files): (&[Remembered], &Files),
        toolbox: &Toolbox<'_>,
    ) -> Result<Result<Composed, String>, StoreError> {
        let tools = match self.tools(terms, toolbox).await {
            Ok(tools) => tools,
            Err(sentence) => return Ok(Err(sentence)),
        };
        let shown = match tools {
            // A page may tell the model what to do with what it knows.
            Toolset::Pages => &[],
            Toolset::None | Toolset::Functions(_) | Toolset::Search | Toolset::Code => context,
        };
        let (persona, speakers) = (self.persona().await?, self.speakers(shown).await?);
        let mut prompt = Prompt {
            tools,
            ..self.compose(&persona, (shown, &speakers), files)
        };
        prompt.system.push_str(toolbox.told());
        let groups = terms.groups().collect();
        Ok(Ok(Composed {
            signed_by: StoredTurn::only_model(shown),
            sum_up: SumUp::of(self.job.lane, shown, prompt.dropped, groups),
            prompt,
        }))
    }

    fn compose(
        &self,
        persona: &str,
        (context, speakers): (&[Remembered], &BTreeMap<UserId, String>),
        files: &Files,
    ) -> Prompt {
        let speaker = |person: UserId| speakers.get(&person).map(String::as_str);
        let facts = Facts {
            persona,
            today: &clock::date(clock::now(), &self.zone()),
            language: self.job.sender.language.as_deref(),
            budget: CONTEXT_TOKENS,
            files,
        };
        let question = prompt::Question {
            text: self.need().1,
            quote: self.quote,
            enclosed: self.job.task.enclosed(),
            speaker: speaker(self.job.sender.id),
        };
        let earlier = context.iter().map(|round| Earlier {
            turn: &round.turn,
            speaker: speaker(round.person),
        });
        let context: Vec<Earlier<'_>> = earlier.collect();
        prompt::build(&facts, &context, &question)
    }
}
