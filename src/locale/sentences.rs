//! The shape of a locale file: one field per sentence, named after what it is said for. Pure.
//! Invariant: what a language file holds and what is listed here are the same.

use std::collections::BTreeMap;

use toml::{Table, Value};

/// Derived deserialisation costs 25 KB of binary for each of these structs; this costs next to
/// nothing.
macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident { $($field:ident),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $name {
            $(pub(crate) $field: String,)*
        }

        impl $name {
            fn take(section: &mut Section<'_>) -> Self {
                Self { $($field: section.take(stringify!($field)),)* }
            }
        }
    )*};
}

macro_rules! file {
    ($($section:ident: $table:ident,)*) => {
        /// A whole file.
        #[derive(Debug)]
        pub(super) struct Sentences {
            $(pub(super) $section: $table,)*
            /// What the commands say, each sentence by the names of its command and its own, as in
            /// `grant.done`. Which there must be is known where the commands are.
            pub(super) commands: BTreeMap<String, String>,
        }

        impl Sentences {
            /// Reads a file; or what is missing, superfluous or no text.
            pub(super) fn parse(text: &str) -> Result<Self, Vec<String>> {
                let mut file: Table = text
                    .parse()
                    .map_err(|error: toml::de::Error| vec![error.message().to_owned()])?;
                let mut mistakes = Vec::new();
                let sentences = Self {
                    $($section: {
                        let mut section = Section::of(&mut file, stringify!($section), &mut mistakes);
                        let table = $table::take(&mut section);
                        section.end();
                        table
                    },)*
                    commands: take_commands(&mut file, &mut mistakes),
                };
                mistakes.extend(file.keys().cloned());
                if mistakes.is_empty() { Ok(sentences) } else { Err(mistakes) }
            }
        }
    };
}

/// One table of a file, as it is being emptied.
struct Section<'a> {
    name: &'static str,
    left: Table,
    mistakes: &'a mut Vec<String>,
}

impl<'a> Section<'a> {
    fn of(file: &mut Table, name: &'static str, mistakes: &'a mut Vec<String>) -> Self {
        let left = match file.remove(name) {
            Some(Value::Table(table)) => table,
            Some(_) | None => Table::new(),
        };
        Self {
            name,
            left,
            mistakes,
        }
    }

    fn take(&mut self, field: &str) -> String {
        if let Some(Value::String(text)) = self.left.remove(field) {
            return text;
        }
        self.mistakes.push(format!("{}.{field}", self.name));
        String::new()
    }

    fn end(self) {
        let Self {
            name,
            left,
            mistakes,
        } = self;
        mistakes.extend(left.keys().map(|field| format!("{name}.{field}")));
    }
}

/// The tables of `commands`, one for each command.
fn take_commands(file: &mut Table, mistakes: &mut Vec<String>) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    let Some(Value::Table(commands)) = file.remove("commands") else {
        mistakes.push("commands".to_owned());
        return texts;
    };
    for (command, section) in commands {
        let Value::Table(section) = section else {
            mistakes.push(format!("commands.{command}"));
            continue;
        };
        for (name, text) in section {
            if let Value::String(text) = text {
                texts.insert(format!("{command}.{name}"), text);
            } else {
                mistakes.push(format!("commands.{command}.{name}"));
            }
        }
    }
    texts
}

file! {
    notice: Notices,
    media: Media,
    failure: Failures,
    finish: Finishes,
    grant: Grants,
    unseen: UnseenFiles,
    limits: MessageLimits, claim: Claims, knock: Knocks,
    status: StatusLines,
    queue: QueuePlaces,
    seats: SeatLines,
    note: Notes,
    making: Making,
    reminder: Reminders,
    button: Buttons,
    alert: AlertTexts,
    key_death: KeyDeaths,
    key_report: KeyLines,
    key_standing: Standings,
    key_why: Whys,
    key_verdict: Verdicts,
    retest: Retests,
    tier_reason: TierReasons,
    role: RoleNames,
    profile: Profile,
    persona: Personas,
    terminal: Terminal,
    time: Times,
    offline: Offline,
}

tables! {
    /// Reminders.
    Reminders { set, cancel, due, late, no_text, too_long, past, too_far, too_many, too_near }

    /// One per [`crate::chat::Notice`].
    Notices {
        needs_approval, group_needs_approval, no_owner, cannot_read, too_old, owners_only,
        private_only, say_more, gave_up, answer_held, missed, too_many,
        too_many_commands, still_waiting, not_let_in,
        open_chat, hidden_account,
    }

    /// One per [`crate::people::limits::Refusal`] that ends by itself.
    MessageLimits { minute, minute_only, day, strangers }

    /// One per [`crate::people::media::Unseen`], what is said of a text whose end was not read, and how
    /// such a sentence stands under an answer.
    UnseenFiles {
        photos_only, too_large, day, strangers, too_much, kind, empty, damaged, bomb, pages, not_fetched,
        in_part, aside,
    }

    /// Where somebody stands who waits for a key.
    QueuePlaces { next, place, next_soon, place_soon }

    /// What a VIP is told who finds no seat, one per [`crate::people::seats::Seat`], and how many are
    /// taken.
    SeatLines { told, seated, free, full, none, kept_off, of_all }

    /// Under an answer that is not by the wanted model or key, or to a question with a file that nobody
    /// looked at, and what stands between the names of its files.
    Notes { lite, flash, fair_share, borrowed, unseen, between, sources, searched, unread_pages, no_searches, no_search }

    /// What is said of pictures and speech.
    Making { no_pictures, no_pictures_owner, words_instead, no_speech, not_spoken, voice_is_cut }

    /// Labels, one per [`crate::chat::callback::Callback`] of an answer, what "continue" asks the
    /// model, and one per [`crate::locale::Denied`].
    Buttons {
        example_1, example_2, retry, go_on, stop, again, vary, vary_request, go_on_question, not_yours, not_newest, forgotten, stale, too_many, goes_on_in_file,
    }

    /// One per [`crate::alerts::Trouble`], some in two ways, with what they are put together of: what
    /// stands where a setting is, one per [`crate::alerts::Source`]; and what an Owner is told who asks
    /// in vain.
    AlertTexts {
        over, between, in_file, in_dotenv, in_credential, in_environment, in_settings,
        dead, dead_line, more, dead_todo, leaked, unusable_group, unusable, refused, paused, spent,
        overloaded, missing, blocked, region, no_region, endpoint, spending_cap, money_soon,
        money_spent, second_poller, disk_full, disk_failing, disk_low, put_back, ended, clock, queue,
        crashed, crashed_again, resting, no_model,
    }

    /// One per [`crate::keys::Death`], as a reason.
    KeyDeaths { invalid, wrong_type, reported, suspended, denied, restricted, unlisted }

    /// The lines of `/keys`.
    KeyLines { money, group, everybody, paid, also, used, last, obstacle, obstacle_of }

    /// One per [`crate::keys::Standing`], and for what is not known of it.
    Standings { available, resting, resting_unknown, blacklisted, dead, dead_for_good }

    /// One per [`crate::keys::Why`].
    Whys {
        slots, minute, resting, model, address, region, day, missing, endpoint, spending_cap, money, line, retries, too_large, dead,
        no_keys,
    }

    /// One per [`crate::keys::Effect`].
    Verdicts {
        healthy, innocent, kill_key, kill_project, rest_key_model, model_missing, throttled,
        rest_key, rest_project, wrong_endpoint, spending_cap, rest_model, rest_free_keys, page,
        refused, suspect, strike,
    }

    /// One per [`crate::keys::Retested`], and for when there is nothing to look at.
    Retests { back, accepted, refused, died, unknown, none }

    /// One per [`crate::catalog::TierReason`], as it follows "because".
    TierReasons { smalltalk, code, analysis, media, asked, degraded }

    /// Names of what cannot be read, by Bot API field.
    Media {
        photo, voice, audio, video, video_note, document, sticker, animation, location, contact,
        poll, story, checklist, dice, game, paid, giveaway, other,
    }

    /// One per [`crate::chat::answer::Failure`].
    Failures {
        resting, resting_unknown, no_keys, misconfigured, busy, overloaded, region, over_minute, too_long, file_too_large, bad_request,
        prompt_blocked, safety, prohibited, personal_data, recitation, language,
        picture_withheld, no_picture, declined, empty, stopped, too_slow, unkept, unexplained,
        no_keys_told, misconfigured_told, region_told,
    }

    /// One per [`crate::chat::answer::Finish`] that needs a note.
    Finishes { length_limit, continuation, broken }

    /// What the Owners read of those who ask to be let in, the labels under it, and what the bot says in
    /// a group that it may answer in.
    Knocks {
        person, words, group, by, privacy, summary, see, deny, ban, leave, introduction,
    }

    /// Before the link, or the command, that makes an owner.
    Claims { invitation, invitation_by_code }

    /// Of a role that ran out.
    Grants { expired, expired_of }

    StatusLines { version, uptime, keys, next_wake, used_up, queue, memory, answer_time, last, set_aside, role, today, files }

    RoleNames { owner, vip, premium, normal, guest }

    /// What the shipped personas are called, one for each of `people::personas`.
    Personas { teacher, translator, editor, programmer, planner, friend }

    /// What Telegram shows of the bot itself.
    Profile { description, short_description }

    /// What `svs-bot chat` says of itself.
    Terminal { greeting, hint }

    Times { ahead, seconds, minutes, hours, days }

    /// What the built-in offline model can say; `banner` is the first line of `svs-bot chat`
    /// without keys.
    Offline {
        banner, greeting, about, settings, result, division_by_zero, words, recall,
        nothing_to_recall, thanks, otherwise,
    }
}

impl Media {
    /// The name of a Bot API field such as `video_note`.
    pub(super) fn get(&self, kind: &str) -> &str {
        match kind {
            "photo" | "live_photo" => &self.photo,
            "voice" => &self.voice,
            "audio" => &self.audio,
            "video" => &self.video,
            "video_note" => &self.video_note,
            "document" => &self.document,
            "sticker" => &self.sticker,
            "animation" => &self.animation,
            "location" | "venue" => &self.location,
            "contact" => &self.contact,
            "poll" => &self.poll,
            "story" => &self.story,
            "checklist" => &self.checklist,
            "dice" => &self.dice,
            "game" => &self.game,
            "paid_media" => &self.paid,
            "giveaway" | "giveaway_winners" => &self.giveaway,
            _ => &self.other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_superfluous_or_no_text_is_named() {
        let whole = include_str!("../../data/locales/en.toml");
        assert!(Sentences::parse(whole).is_ok());
        let cases = [
            (
                whole.replace("missed =", "lost ="),
                vec!["notice.missed", "notice.lost"],
            ),
            (
                whole.replace("[finish]", "[finnish]"),
                vec![
                    "finish.length_limit",
                    "finish.continuation",
                    "finish.broken",
                    "finnish",
                ],
            ),
            (format!("{whole}\n[more]\na = 'b'\n"), vec!["more"]),
            (
                whole.replace("[commands.stop]", "[commands.stop.more]"),
                vec!["commands.stop.more"],
            ),
            (
                whole.replace("nothing = \"There's", "nothing = 0 # \"There's"),
                vec!["commands.stop.nothing"],
            ),
            (
                whole.replace("division_by_zero = ", "division_by_zero = 0 # "),
                vec!["offline.division_by_zero"],
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(Sentences::parse(&text).unwrap_err(), expected);
        }
        assert!(Sentences::parse("[notice").is_err());
    }
}
