//! What a message carries, by the fields that it has. Pure. Invariant: a message that holds something
//! of a person is never taken for a service message, also when its kind is newer than this bot.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// Fields of a message that carry something a person sent. `animation` comes with `document`, and
/// `venue` with `location`: the first that is there names the kind.
const CONTENT: [&str; 21] = [
    "animation",
    "venue",
    "photo",
    "voice",
    "audio",
    "video",
    "video_note",
    "document",
    "sticker",
    "live_photo",
    "paid_media",
    "story",
    "checklist",
    "contact",
    "location",
    "poll",
    "dice",
    "game",
    "giveaway",
    "giveaway_winners",
    "invoice",
];

/// The kind of a message that has none of the fields we know.
const UNKNOWN: &str = "other";

/// Fields that make a service message: it tells of an event, and nobody said anything (Bot API,
/// `Message`, everything from `new_chat_members` on).
const SERVICE: [&str; 61] = [
    "new_chat_members",
    "new_chat_member",
    "new_chat_participant",
    "left_chat_member",
    "left_chat_participant",
    "chat_owner_left",
    "chat_owner_changed",
    "new_chat_title",
    "new_chat_photo",
    "delete_chat_photo",
    "group_chat_created",
    "supergroup_chat_created",
    "channel_chat_created",
    "message_auto_delete_timer_changed",
    "pinned_message",
    "successful_payment",
    "refunded_payment",
    "user_shared",
    "users_shared",
    "chat_shared",
    "gift",
    "unique_gift",
    "gift_upgrade_sent",
    "connected_website",
    "write_access_allowed",
    "passport_data",
    "proximity_alert_triggered",
    "boost_added",
    "chat_background_set",
    "checklist_tasks_done",
    "checklist_tasks_added",
    "community_chat_added",
    "community_chat_joined",
    "community_chat_removed",
    "direct_message_price_changed",
    "forum_topic_created",
    "forum_topic_edited",
    "forum_topic_closed",
    "forum_topic_reopened",
    "general_forum_topic_hidden",
    "general_forum_topic_unhidden",
    "giveaway_created",
    "giveaway_completed",
    "managed_bot_created",
    "paid_message_price_changed",
    "suggested_post_approved",
    "suggested_post_approval_failed",
    "suggested_post_declined",
    "suggested_post_paid",
    "suggested_post_refunded",
    "poll_option_added",
    "poll_option_deleted",
    "video_chat_scheduled",
    "video_chat_started",
    "video_chat_ended",
    "video_chat_participants_invited",
    "voice_chat_scheduled",
    "voice_chat_started",
    "voice_chat_ended",
    "voice_chat_participants_invited",
    "web_app_data",
];

/// What a message without words carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carried {
    /// Something that a person sent, by the Bot API's name of the field.
    Content(&'static str),
    /// News of the chat.
    Service,
}

/// What a message carries that has no text.
pub(super) fn carried(json: &str) -> Result<Carried, serde_json::Error> {
    let fields: BTreeMap<String, &RawValue> = serde_json::from_str(json)?;
    let has = |name: &&str| fields.contains_key(*name);
    if let Some(kind) = CONTENT.into_iter().find(has) {
        return Ok(Carried::Content(kind));
    }
    let is_service = SERVICE.iter().any(has);
    Ok(if is_service {
        Carried::Service
    } else {
        Carried::Content(UNKNOWN)
    })
}

/// The kind of the file that a message carries beside its words, if it is one that we know.
pub(super) fn file_of(json: &str) -> Option<&'static str> {
    let fields: BTreeMap<String, &RawValue> = serde_json::from_str(json).ok()?;
    CONTENT.into_iter().find(|kind| fields.contains_key(*kind))
}
