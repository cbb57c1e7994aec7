//! Every sentence a person can read, in their language: typed views of `data/locales`. Decides
//! wording and nothing else; what happened comes in as a value. Pure. Invariant: a sentence that is
//! missing, extra or has other placeholders in one language fails the tests, not a chat.

use std::sync::LazyLock;
use std::time::Duration;

use crate::chat::Role;
use crate::chat::answer::{Failure, Finish, Obstacle};
use crate::chat::language::is_han;
use crate::chat::{Notice, UserId};
use crate::render::defused;

pub(crate) mod alerts;
mod buttons;
pub(crate) mod commands;
pub(crate) mod key_report;
mod keys;
mod limits;
mod reminders;
mod seats;
mod sentences;
pub(crate) mod status;
mod unseen;

pub(crate) use crate::chat::Language;
pub(crate) use buttons::Denied;
pub(crate) use sentences::Knocks;
pub(crate) use sentences::Offline;
use sentences::Sentences;

/// `UI_LANGUAGE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UiLanguage {
    /// The language of the person's app.
    Auto,
    En,
    Zh,
}

impl Language {
    /// The language for somebody whose app has this IETF tag.
    pub(crate) fn pick(ui: UiLanguage, tag: Option<&str>) -> Self {
        let is_chinese = |tag: &str| {
            let primary = tag.split(['-', '_']).next().unwrap_or_default();
            primary.eq_ignore_ascii_case("zh")
        };
        match ui {
            UiLanguage::Zh => Self::Zh,
            UiLanguage::Auto if tag.is_some_and(is_chinese) => Self::Zh,
            UiLanguage::Auto | UiLanguage::En => Self::En,
        }
    }
}

impl UiLanguage {
    /// The language that the settings have the bot speak with everybody.
    const fn of_everybody(self) -> Option<Language> {
        match self {
            Self::Auto => None,
            Self::En => Some(Language::En),
            Self::Zh => Some(Language::Zh),
        }
    }

    /// The IETF tag of the language in which somebody is spoken to: the one they chose, else that of the
    /// settings, else that of their app, else the one they write in.
    pub(crate) fn tag_for(
        self,
        chosen: Option<Language>,
        app: Option<&str>,
        written: Option<Language>,
    ) -> Option<String> {
        let named = chosen.or(self.of_everybody()).map(Language::tag);
        let tag = named.or(app).or(written.map(Language::tag));
        tag.map(str::to_owned)
    }
}

static ENGLISH: LazyLock<Locale> = LazyLock::new(|| compiled_in(Language::En));
static CHINESE: LazyLock<Locale> = LazyLock::new(|| compiled_in(Language::Zh));

const fn source(language: Language) -> &'static str {
    match language {
        Language::En => include_str!("../data/locales/en.toml"),
        Language::Zh => include_str!("../data/locales/zh.toml"),
    }
}

#[expect(
    clippy::expect_used,
    reason = "the texts are compiled in and a test parses both"
)]
fn compiled_in(language: Language) -> Locale {
    let sentences = Sentences::parse(source(language)).expect("a shipped locale parses");
    Locale { sentences }
}

/// The sentences of one language.
#[derive(Debug)]
pub(crate) struct Locale {
    sentences: Sentences,
}

impl Locale {
    /// The sentences of that language.
    pub(crate) fn of(language: Language) -> &'static Self {
        match language {
            Language::En => &ENGLISH,
            Language::Zh => &CHINESE,
        }
    }

    /// What the bot says of itself.
    pub(crate) fn notice(&self, notice: &Notice, id: UserId) -> String {
        let texts = &self.sentences.notice;
        let with_id = |text: &str| fill(text, &[("id", &id.0.to_string())]);
        match notice {
            Notice::NeedsApproval => with_id(&texts.needs_approval),
            Notice::GroupNeedsApproval => with_id(&texts.group_needs_approval),
            Notice::NoOwner => texts.no_owner.clone(),
            Notice::CannotRead { kind } => {
                let kind = self.sentences.media.get(kind);
                fill(&texts.cannot_read, &[("kind", kind)])
            }
            Notice::TooOld => texts.too_old.clone(),
            Notice::OwnersOnly => texts.owners_only.clone(),
            Notice::PrivateOnly => texts.private_only.clone(),
            Notice::SayMore => texts.say_more.clone(),
            Notice::GaveUp => texts.gave_up.clone(),
            Notice::Missed => texts.missed.clone(),
            Notice::TooMany => texts.too_many.clone(),
            Notice::TooManyCommands => texts.too_many_commands.clone(),
            Notice::StillWaiting => texts.still_waiting.clone(),
            Notice::NotLetIn => texts.not_let_in.clone(),
            Notice::HiddenAccount => texts.hidden_account.clone(),
        }
    }

    /// Why there is no answer, and what the person can do.
    pub(crate) fn failure(&self, failure: Failure) -> String {
        let texts = &self.sentences.failure;
        let text = match failure {
            Failure::CoolingDown { wakes: Some(wait) } => {
                return fill(&texts.resting, &[("when", &self.span(wait))]);
            }
            Failure::CoolingDown { wakes: None } => &texts.resting_unknown,
            Failure::Misconfigured => &texts.misconfigured,
            Failure::NoKeys => &texts.no_keys,
            Failure::Overloaded { wakes: Some(wait) } => {
                return fill(&texts.overloaded, &[("when", &self.span(wait))]);
            }
            Failure::Busy | Failure::Overloaded { wakes: None } => &texts.busy,
            Failure::Region => &texts.region,
            Failure::OverMinute { limit } => {
                let values = [
                    ("limit", &*limit.to_string()),
                    ("words", &*(limit / 2).to_string()),
                ];
                return fill(&texts.over_minute, &values);
            }
            Failure::TooLong => &texts.too_long,
            Failure::FileTooLarge => &texts.file_too_large,
            Failure::BadRequest => &texts.bad_request,
            Failure::PromptBlocked => &texts.prompt_blocked,
            Failure::Safety => &texts.safety,
            Failure::Prohibited => &texts.prohibited,
            Failure::PersonalData => &texts.personal_data,
            Failure::Recitation => &texts.recitation,
            Failure::Language => &texts.language,
            Failure::PictureWithheld => &texts.picture_withheld,
            Failure::NoPicture => &texts.no_picture,
            Failure::Declined => &texts.declined,
            Failure::Empty => &texts.empty,
            Failure::Stopped => &texts.stopped,
            Failure::TooSlow => &texts.too_slow,
            Failure::Unkept => &texts.unkept,
            Failure::Unexplained => &texts.unexplained,
        };
        text.clone()
    }

    /// The same where an Owner has read of what is in the way.
    pub(crate) fn failure_told(&self, obstacle: Obstacle) -> &str {
        let texts = &self.sentences.failure;
        match obstacle {
            Obstacle::Keys => &texts.no_keys_told,
            Obstacle::Endpoint => &texts.misconfigured_told,
            Obstacle::Region => &texts.region_told,
        }
    }

    /// The note under an answer that is not whole; a person who pressed stop needs none.
    pub(crate) fn finish(&self, finish: Finish) -> Option<&str> {
        let texts = &self.sentences.finish;
        match finish {
            // Whoever stops an answer knows why it ends there; of an unnamed reason there is nothing
            // to tell.
            Finish::Complete | Finish::Stopped | Finish::Unnamed => None,
            Finish::LengthLimit => Some(&texts.length_limit),
            Finish::Continuation => Some(&texts.continuation),
            Finish::Broken => Some(&texts.broken),
        }
    }

    /// What a shipped persona is called; nothing for one that is not shipped.
    pub(crate) fn persona(&self, name: &str) -> &str {
        let texts = &self.sentences.persona;
        match name {
            "teacher" => &texts.teacher,
            "translator" => &texts.translator,
            "editor" => &texts.editor,
            "programmer" => &texts.programmer,
            "planner" => &texts.planner,
            "friend" => &texts.friend,
            _ => "",
        }
    }

    /// What Telegram shows of the bot: in an empty chat, and on its profile page.
    pub(crate) fn profile(&self) -> [&str; 2] {
        let texts = &self.sentences.profile;
        [&texts.description, &texts.short_description]
    }

    /// What `svs-bot chat` begins with, and how to use it.
    pub(crate) fn terminal(&self) -> [&str; 2] {
        [
            &self.sentences.terminal.greeting,
            &self.sentences.terminal.hint,
        ]
    }

    /// Why nothing can be drawn; for an Owner, what it takes.
    pub(crate) fn no_pictures(&self, is_owner: bool) -> String {
        let texts = &self.sentences.making;
        if is_owner {
            texts.no_pictures_owner.clone()
        } else {
            texts.no_pictures.clone()
        }
    }

    /// Under what a model said that was to draw a picture.
    pub(crate) fn words_instead(&self) -> &str {
        &self.sentences.making.words_instead
    }

    /// Why nothing can be spoken.
    pub(crate) fn no_speech(&self) -> &str {
        &self.sentences.making.no_speech
    }

    /// Under an answer that was to be spoken as well.
    pub(crate) fn not_spoken(&self) -> &str {
        &self.sentences.making.not_spoken
    }

    /// Under a voice message that does not hold all of its text.
    pub(crate) fn voice_is_cut(&self) -> &str {
        &self.sentences.making.voice_is_cut
    }

    /// On the button that leads from a group to the private chat.
    pub(crate) fn open_chat(&self) -> &str {
        &self.sentences.notice.open_chat
    }

    /// What is said of those who ask to be let in.
    pub(crate) const fn knocks(&self) -> &Knocks {
        &self.sentences.knock
    }

    /// In one line, what the bot is there for in a group.
    pub(crate) fn introduction(&self) -> &str {
        &self.sentences.knock.introduction
    }

    /// Stands before the link with which somebody comes to own the bot, for whoever started it.
    pub(crate) fn invitation(&self, good_for: Duration) -> String {
        let text = &self.sentences.claim.invitation;
        fill(text, &[("length", &self.length(good_for))])
    }

    /// The same before a command that is to be sent to the bot.
    pub(crate) fn invitation_by_code(&self, good_for: Duration) -> String {
        let text = &self.sentences.claim.invitation_by_code;
        fill(text, &[("length", &self.length(good_for))])
    }

    /// Told to the person whose role ran out; `now` is what they have from here on.
    pub(crate) fn role_expired(&self, before: Role, now: Role) -> String {
        fill(
            &self.sentences.grant.expired,
            &[("before", self.role(before)), ("now", self.role(now))],
        )
    }

    /// Told to the Owner about somebody else's role that ran out.
    pub(crate) fn role_expired_of(&self, whom: &str, before: Role, now: Role) -> String {
        fill(
            &self.sentences.grant.expired_of,
            &[
                ("whom", whom),
                ("before", self.role(before)),
                ("now", self.role(now)),
            ],
        )
    }

    /// A role's name.
    pub(crate) fn role(&self, role: Role) -> &str {
        let names = &self.sentences.role;
        match role {
            Role::Owner => &names.owner,
            Role::Vip => &names.vip,
            Role::Premium => &names.premium,
            Role::Normal => &names.normal,
            Role::Guest => &names.guest,
        }
    }

    /// What stands before the sources of an answer, and before what was searched for.
    pub(crate) fn sources(&self) -> [&str; 2] {
        let texts = &self.sentences.note;
        [&texts.sources, &texts.searched]
    }

    /// The note under an answer for which pages could not be opened.
    pub(crate) fn unread_pages(&self, pages: &[String]) -> String {
        let pages: Vec<String> = pages.iter().map(|page| defused(page)).collect();
        let texts = &self.sentences.note;
        fill(&texts.unread_pages, &[("pages", &pages.join(", "))])
    }

    /// Whoever asks to search has used up the searches of their day, or has none.
    pub(crate) fn no_searches(&self, limit: u32, wait: Duration) -> String {
        if limit == 0 {
            return self.sentences.note.no_search.clone();
        }
        let values = [("limit", &*limit.to_string()), ("when", &*self.span(wait))];
        fill(&self.sentences.note.no_searches, &values)
    }

    /// How far ahead: "in 2 h 10 min".
    pub(crate) fn span(&self, ahead: Duration) -> String {
        fill(
            &self.sentences.time.ahead,
            &[("length", &self.length(ahead))],
        )
    }

    /// How long, in the two largest units, rounded up so that nobody comes back too early.
    pub(crate) fn length(&self, length: Duration) -> String {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 60 * MINUTE;
        const DAY: u64 = 24 * HOUR;
        let texts = &self.sentences.time;
        let seconds = length.as_millis().div_ceil(1000).max(1);
        let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
        let up_to = |unit: u64| seconds.div_ceil(unit).saturating_mul(unit);
        let (large, small) = if seconds < MINUTE {
            ((&texts.seconds, seconds), None)
        } else if up_to(MINUTE) < HOUR {
            ((&texts.minutes, up_to(MINUTE) / MINUTE), None)
        } else if up_to(MINUTE) < DAY {
            let whole = up_to(MINUTE);
            let minutes = (&texts.minutes, whole % HOUR / MINUTE);
            ((&texts.hours, whole / HOUR), Some(minutes))
        } else {
            let whole = up_to(HOUR);
            let hours = (&texts.hours, whole % DAY / HOUR);
            ((&texts.days, whole / DAY), Some(hours))
        };
        let said = |(text, number): (&String, u64)| fill(text, &[("n", &number.to_string())]);
        match small {
            Some(small) if small.1 > 0 => format!("{} {}", said(large), said(small)),
            Some(_) | None => said(large),
        }
    }

    /// The words of the built-in offline model.
    pub(crate) const fn offline(&self) -> &Offline {
        &self.sentences.offline
    }
}

/// Puts values in the place of `{name}`; what a value contains is never looked at again. Where Chinese
/// meets Latin script or a number at its edges there is one space, and none where Chinese meets Chinese.
pub(crate) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    let mut is_edge = false;
    while let Some((before, after)) = rest.split_once('{') {
        push(&mut filled, before, is_edge);
        let value = after.split_once('}').and_then(|(name, after)| {
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            Some((*value, after))
        });
        is_edge = value.is_some();
        if let Some((value, after)) = value {
            push(&mut filled, value, true);
            rest = after;
        } else {
            filled.push('{');
            rest = after;
        }
    }
    push(&mut filled, rest, is_edge);
    filled
}

/// Appends a text; at the edge of a value, with the space that belongs there.
fn push(filled: &mut String, text: &str, is_edge: bool) {
    let before = filled.trim_end_matches(' ');
    let after = text.trim_start_matches(' ');
    let meeting = (before.chars().next_back(), after.chars().next());
    if is_edge && let (Some(last), Some(next)) = meeting {
        let gap = match (is_han(last), is_han(next)) {
            (true, true) => Some(""),
            (true, false) if next.is_ascii_alphanumeric() => Some(" "),
            (false, true) if last.is_ascii_alphanumeric() => Some(" "),
            (_, _) => None,
        };
        if let Some(gap) = gap {
            filled.truncate(before.len());
            filled.push_str(gap);
            filled.push_str(after);
            return;
        }
    }
    filled.push_str(text);
}

#[cfg(test)]
mod tests;
