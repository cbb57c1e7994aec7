//! The shape of a locale file: one field per sentence, named after what it is said for. Pure.
//! Invariant: what a language file holds and what is listed here are the same.

use serde::Deserialize;

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident { $($field:ident),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $name {
            $(pub(crate) $field: String,)*
        }
    )*};
}

/// A whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sentences {
    pub(super) notice: Notices,
    pub(super) media: Media,
    pub(super) failure: Failures,
    pub(super) finish: Finishes,
    pub(super) help: Help,
    pub(super) start: Start,
    pub(super) command: Commands,
    pub(super) grant: Grants,
    pub(super) status: StatusLines,
    pub(super) queue: QueuePlaces,
    pub(super) note: Notes,
    pub(super) key_news: KeyNews,
    pub(super) key_report: KeyLines,
    pub(super) key_standing: Standings,
    pub(super) key_why: Whys,
    pub(super) key_verdict: Verdicts,
    pub(super) retest: Retests,
    pub(super) tier_reason: TierReasons,
    pub(super) role: RoleNames,
    pub(super) disk: Disk,
    pub(super) terminal: Terminal,
    pub(super) time: Times,
    pub(super) offline: Offline,
}

tables! {
    /// One per [`crate::chat::Notice`].
    Notices {
        needs_approval, group_needs_approval, no_owner, cannot_read, too_old, owners_only,
        private_only, say_more, gave_up, answer_held, missed,
    }

    /// Where somebody stands who waits for a key.
    QueuePlaces { next, place }

    /// Under an answer that is not by the wanted model or key.
    Notes { lite, flash, borrowed }

    /// One per [`crate::keys::Death`] as a reason, and what surrounds it.
    KeyNews {
        died, leaked, back, invalid, wrong_type, reported, suspended, denied, restricted,
    }

    /// The lines of `/keys`.
    KeyLines { money, group, everybody, paid, used, last, obstacle, obstacle_of, usage }

    /// One per [`crate::keys::Standing`], and for what is not known of it.
    Standings { available, resting, resting_unknown, blacklisted, dead, dead_for_good }

    /// One per [`crate::keys::Why`].
    Whys {
        slots, minute, resting, model, address, region, day, money, line, retries, too_large, dead,
        no_keys,
    }

    /// One per [`crate::keys::Effect`].
    Verdicts {
        healthy, innocent, kill_key, kill_project, rest_key_model, model_missing, throttled,
        rest_key, rest_project, rest_model, rest_free_keys, rest_pool, suspect, strike,
    }

    /// One per [`crate::keys::Retested`], and for when there is nothing to look at.
    Retests { back, refused, unknown, none_dead }

    /// One per [`crate::chat::TierReason`], as it follows "because".
    TierReasons { smalltalk, code, analysis, media, asked, degraded }

    /// Names of what cannot be read, by Bot API field.
    Media {
        photo, voice, audio, video, video_note, document, sticker, animation, location, contact,
        poll, other,
    }

    /// One per [`crate::chat::answer::Failure`].
    Failures {
        resting, resting_unknown, no_keys, busy, overloaded, region, too_long, file_too_large, bad_request,
        prompt_blocked, safety, prohibited, personal_data, recitation, language,
        picture_withheld, no_picture, declined, empty, stopped, too_slow, unexplained,
    }

    /// One per [`crate::chat::answer::Finish`] that needs a note.
    Finishes { length_limit, continuation, broken }

    Help { everyone, owner }

    Start { greeting, privacy, privacy_guest }

    Commands { new_conversation, stopped, nothing_to_stop, unknown }

    Grants {
        done, done_for, welcome, revoked, nothing_to_revoke, expired, expired_of, usage, revoke_usage,
        not_an_id, service_id, unknown_role, owner_role, group_too_high, bad_days,
    }

    StatusLines { version, uptime, keys, next_wake, queue, memory, answer_time, last, role }

    RoleNames { owner, vip, premium, normal, guest }

    /// One per [`super::DiskNews`].
    Disk { full, failing, fine }

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
            "photo" => &self.photo,
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
            _ => &self.other,
        }
    }
}
