use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::chat::{ChatId, Pressed, fixtures};

fn me() -> Me {
    Me {
        id: UserId(42),
        username: "SvsBot".to_owned(),
        can_read_all_group_messages: false,
        has_topics_enabled: false,
    }
}

fn decoded(update: &Value) -> Decoded {
    decode(UpdateId(9), &update.to_string(), &me())
}

/// A message of Ann in a private chat or a group, with `more` fields on top.
fn message(chat: &str, more: &Value) -> Value {
    let id = if chat == "private" { 7 } else { -100 };
    let mut message = json!({
        "message_id": 3,
        "from": {"id": 7, "is_bot": false, "first_name": "Ann", "language_code": "zh-hans"},
        "chat": {"id": id, "type": chat, "title": "G"},
        "date": 1_700_000_000,
    });
    let fields = more.as_object().unwrap().clone();
    message.as_object_mut().unwrap().extend(fields);
    json!({"update_id": 9, "message": message})
}

fn inbound(update: &Value) -> Inbound {
    let Decoded::Event(Event::Message(inbound)) = decoded(update) else {
        panic!("no message in {update}");
    };
    inbound
}

fn text(inbound: &Inbound) -> &str {
    match &inbound.content {
        Content::Text(text) => text,
        Content::Media { .. } => panic!("{inbound:?}"),
    }
}

fn entity(kind: &str, offset: usize, length: usize) -> Value {
    json!([{"type": kind, "offset": offset, "length": length}])
}

#[test]
fn a_private_message_is_taken_over_field_by_field() {
    let update = message("private", &json!({"text": "hi", "brand_new": {"x": 1}}));
    let expected = Inbound {
        update: UpdateId(9),
        message: MessageId(3),
        sender: Sender {
            language: Some("zh-hans".to_owned()),
            ..fixtures::sender(7)
        },
        ..fixtures::inbound(7, "hi", Timestamp(1_700_000_000_000))
    };
    assert_eq!(inbound(&update), expected);
}

#[test]
fn in_a_group_entities_decide_who_is_meant_and_our_name_is_taken_out() {
    use Addressed::{Command, Mention, No};
    for (said, entities, addressed, left) in [
        ("@svsbot, hello", entity("mention", 0, 7), Mention, "hello"),
        (
            "well @SvsBot how",
            entity("mention", 5, 7),
            Mention,
            "well how",
        ),
        ("👋 @SVSBOT hi", entity("mention", 3, 7), Mention, "👋 hi"),
        ("you @SvsBot", entity("mention", 4, 7), Mention, "you"),
        ("@SvsBot", entity("mention", 0, 7), Mention, ""),
        ("@SvsBots hi", entity("mention", 0, 8), No, "@SvsBots hi"),
        ("@SvsBot hi", json!([]), No, "@SvsBot hi"),
        ("@SvsBot hi", entity("code", 0, 7), No, "@SvsBot hi"),
        ("/start x", entity("bot_command", 0, 6), Command, "/start x"),
        (
            "/start@svsbot x",
            entity("bot_command", 0, 13),
            Command,
            "/start x",
        ),
        (
            "/start@other x",
            entity("bot_command", 0, 12),
            No,
            "/start@other x",
        ),
        ("try /help", entity("bot_command", 4, 5), No, "try /help"),
        (
            "try /help@SvsBot",
            entity("bot_command", 4, 12),
            Mention,
            "try /help",
        ),
        ("hello", json!([]), No, "hello"),
        // Entities that do not fit the text, or have a new shape, are as good as none.
        ("👋 @SvsBot", entity("mention", 1, 7), No, "👋 @SvsBot"),
        ("@SvsBot", entity("mention", 0, 70), No, "@SvsBot"),
        ("@SvsBot", entity("mention", usize::MAX, 7), No, "@SvsBot"),
        ("@SvsBot", json!({"surprise": 1}), No, "@SvsBot"),
    ] {
        let fields = json!({"text": said, "entities": entities});
        let group = inbound(&message("supergroup", &fields));
        assert_eq!((group.addressed, text(&group)), (addressed, left), "{said}");
        let private = inbound(&message("private", &fields));
        assert_eq!(private.addressed, Addressed::Private, "{said}");
    }
}

#[test]
fn a_name_that_links_to_the_bot_is_a_mention() {
    let named = |id: i64| {
        let entities =
            json!([{"type": "text_mention", "offset": 0, "length": 4, "user": {"id": id}}]);
        inbound(&message(
            "group",
            &json!({"text": "Svs, hi", "entities": entities}),
        ))
    };
    assert_eq!(named(42).addressed, Addressed::Mention);
    assert_eq!(named(43).addressed, Addressed::No);
}

#[test]
fn a_reply_to_the_bot_is_meant_for_it_unless_it_names_another() {
    let reply = |from: i64, more: Value| {
        let mut fields = json!({
            "text": "and then?",
            "reply_to_message": {
                "message_id": 2, "date": 1, "chat": {"id": -100, "type": "group"},
                "from": {"id": from, "is_bot": true}, "text": "Once upon a time",
            },
        });
        let object = fields.as_object_mut().unwrap();
        object.extend(more.as_object().unwrap().clone());
        inbound(&message("group", &fields))
    };
    let ours = reply(42, json!({}));
    assert_eq!(ours.addressed, Addressed::Reply);
    assert_eq!(ours.quote.as_deref(), Some("Once upon a time"));
    assert_eq!(reply(43, json!({})).addressed, Addressed::No);
    for (said, kind, offset, addressed) in [
        ("/x@other", "bot_command", 0, Addressed::No),
        ("try /x@other", "bot_command", 4, Addressed::No),
        ("ask @OtherBot", "mention", 4, Addressed::No),
        ("ask @other_BOT", "mention", 4, Addressed::No),
        ("ask @annabel", "mention", 4, Addressed::Reply),
        ("ask @robots", "mention", 4, Addressed::Reply),
    ] {
        let length = said.len() - offset;
        let fields = json!({"text": said, "entities": entity(kind, offset, length)});
        assert_eq!(reply(42, fields).addressed, addressed, "{said}");
    }
    for (is_bot, addressed) in [(true, Addressed::No), (false, Addressed::Reply)] {
        let user = json!({"id": 50, "is_bot": is_bot});
        let entities = json!([{"type": "text_mention", "offset": 0, "length": 3, "user": user}]);
        let fields = json!({"text": "Ann?", "entities": entities});
        assert_eq!(reply(42, fields).addressed, addressed);
    }
    let both = json!([{"type": "mention", "offset": 0, "length": 9},
        {"type": "mention", "offset": 10, "length": 7}]);
    let both = reply(42, json!({"text": "@OtherBot @SvsBot", "entities": both}));
    assert_eq!(both.addressed, Addressed::Mention);
    let mention = json!({"text": "@SvsBot hm", "entities": entity("mention", 0, 7)});
    assert_eq!(reply(42, mention).addressed, Addressed::Mention);
    let part = reply(42, json!({"quote": {"text": "a time", "position": 10}}));
    assert_eq!(part.quote.as_deref(), Some("a time"));
}

#[test]
fn the_creation_of_a_topic_is_no_reply() {
    let fields = json!({
        "text": "hi", "message_thread_id": 8, "is_topic_message": true,
        "reply_to_message": {
            "message_id": 8, "date": 1, "chat": {"id": -100, "type": "supergroup"},
            "from": {"id": 42, "is_bot": true}, "forum_topic_created": {"name": "x"},
        },
    });
    let inbound = inbound(&message("supergroup", &fields));
    assert_eq!(inbound.addressed, Addressed::No);
    assert_eq!(inbound.quote, None);
    assert_eq!(inbound.topic, Some(TopicId::Thread(8)));
}

#[test]
fn a_topic_is_one_only_when_telegram_says_so() {
    for (chat, fields, topic) in [
        (
            "supergroup",
            json!({"message_thread_id": 8, "is_topic_message": true}),
            Some(8),
        ),
        (
            "private",
            json!({"message_thread_id": 8, "is_topic_message": true}),
            Some(8),
        ),
        ("supergroup", json!({"message_thread_id": 8}), None),
        (
            "supergroup",
            json!({"message_thread_id": 1, "is_topic_message": true}),
            None,
        ),
        ("supergroup", json!({}), None),
    ] {
        let mut fields = fields;
        fields["text"] = json!("hi");
        assert_eq!(
            inbound(&message(chat, &fields)).topic,
            topic.map(TopicId::Thread)
        );
    }
}

#[test]
fn the_longest_quote_is_4096_characters() {
    let fields = json!({"text": "?", "quote": {"text": "é".repeat(5000)}});
    let quote = inbound(&message("private", &fields)).quote.unwrap();
    assert_eq!(quote, "é".repeat(4096));
}

#[test]
fn forwarded_words_are_somebody_elses_and_speak_to_nobody() {
    let by = |from: Option<&str>| Author::Forwarded {
        from: from.map(str::to_owned),
    };
    let ann = json!({"id": 9, "is_bot": false, "first_name": "Ann"});
    let news = json!({"id": -1009, "type": "channel", "title": "News"});
    for (field, origin, author) in [
        (
            "forward_origin",
            json!({"type": "hidden_user", "sender_user_name": "x", "date": 1}),
            by(Some("x")),
        ),
        (
            "forward_origin",
            json!({"type": "user", "sender_user": ann}),
            by(Some("Ann")),
        ),
        (
            "forward_origin",
            json!({"type": "chat", "sender_chat": news}),
            by(Some("News")),
        ),
        (
            "forward_origin",
            json!({"type": "channel", "chat": news}),
            by(Some("News")),
        ),
        ("forward_origin", json!({"type": "tomorrow"}), by(None)),
        ("forward_origin", json!("of another shape"), by(None)),
        ("forward_from", ann, by(Some("Ann"))),
        ("forward_from_chat", news, by(Some("News"))),
        ("forward_sender_name", json!("x"), by(Some("x"))),
        ("forward_date", json!(1_700_000_000), by(None)),
        ("forward_date", json!({"of": "another shape"}), by(None)),
    ] {
        let mut fields = json!({
            "text": "/grant@SvsBot 5", "entities": entity("bot_command", 0, 13),
        });
        fields[field] = origin;
        let private = inbound(&message("private", &fields));
        assert_eq!(private.author, author, "{fields}");
        assert_eq!(text(&private), "/grant@SvsBot 5", "as it was written");
        assert_eq!(private.quote, None);
        assert_eq!(inbound(&message("group", &fields)).addressed, Addressed::No);
    }
    let fields = json!({"text": "x", "forward_origin": null, "forward_date": null});
    assert_eq!(inbound(&message("private", &fields)).author, Author::Sender);
}

#[test]
fn a_chat_that_speaks_is_its_own_identity() {
    let fields = json!({
        "text": "hi",
        "from": {"id": 1_087_968_824, "is_bot": true, "first_name": "Group"},
        "sender_chat": {"id": -100, "type": "supergroup", "title": "Our Group"},
    });
    let expected = Sender {
        id: UserId(-100),
        name: "Our Group".to_owned(),
        language: None,
        is_chat: true,
    };
    assert_eq!(inbound(&message("supergroup", &fields)).sender, expected);
}

#[test]
fn media_is_named_by_its_field_and_keeps_its_caption() {
    for (fields, kind) in [
        (json!({"photo": [{"file_id": "x"}]}), "photo"),
        (json!({"animation": {}, "document": {}}), "animation"),
        (json!({"venue": {}, "location": {}}), "venue"),
        (json!({"document": {}}), "document"),
        (json!({"sticker": {}}), "sticker"),
        (json!({"voice": {}}), "voice"),
    ] {
        let mut fields = fields;
        fields["caption"] = json!("@svsbot what?");
        fields["caption_entities"] = entity("mention", 0, 7);
        let inbound = inbound(&message("group", &fields));
        assert_eq!(inbound.addressed, Addressed::Mention);
        let Content::Media {
            attachment,
            caption,
        } = inbound.content
        else {
            panic!("{fields}");
        };
        assert_eq!(
            (attachment.kind.as_str(), caption.as_str()),
            (kind, "what?")
        );
        let id = attachment.file.map(|file| file.id);
        assert_eq!(id.as_deref(), (kind == "photo").then_some("x"));
    }
}

#[test]
fn a_rich_message_is_read_as_its_text() {
    let blocks = json!([
        {"type": "heading", "size": 1, "text": "Title"},
        {"type": "paragraph", "text": ["ask ", {"type": "mention", "username": "SvsBot", "text": "@SvsBot"}, " ",
            {"type": "bold", "text": {"type": "italic", "text": "now"}}, " ", {"type": "custom_emoji", "alternative_text": "👋"}]},
        {"type": "list", "items": [{"label": "1.", "blocks": [{"type": "paragraph", "text": "one"}]},
            {"label": "2.", "blocks": [{"type": "mathematical_expression", "expression": "x^2"}]}]},
        {"type": "table", "cells": [[{"text": "a"}, {"text": "b"}], [{"text": "c"}, {}]]},
        {"type": "details", "summary": "more", "blocks": [{"type": "pre", "text": "let x;"}]},
        {"type": "divider"},
        {"type": "photo", "photo": [], "caption": {"text": "a cat"}},
        {"type": "hologram", "depth": 3},
    ]);
    let fields = json!({"rich_message": {"blocks": blocks}});
    let group = inbound(&message("group", &fields));
    assert_eq!(group.addressed, Addressed::Mention);
    let expected = "Title\nask now 👋\n1. one\n2. x^2\na\tb\nc\nmore\nlet x;\na cat";
    assert_eq!(text(&group), expected);
    let quoting = json!({"text": "?", "reply_to_message": {
        "message_id": 2, "chat": {"id": 7, "type": "private"}, "rich_message": {"blocks": [{"text": "old"}]},
    }});
    let quote = inbound(&message("private", &quoting)).quote;
    assert_eq!(quote.as_deref(), Some("old"));
}

#[test]
fn a_group_that_moved_is_told_from_either_side() {
    let moved = |from, to| {
        Decoded::Event(Event::Migrated {
            from: ChatId(from),
            to: ChatId(to),
        })
    };
    let old = message("group", &json!({"migrate_to_chat_id": -1001}));
    assert_eq!(decoded(&old), moved(-100, -1001));
    let new = message("supergroup", &json!({"migrate_from_chat_id": -50}));
    assert_eq!(decoded(&new), moved(-50, -100));
}

#[test]
fn a_message_in_the_inbox_of_a_channel_belongs_to_the_conversation_of_its_writer() {
    let topic = json!({"topic_id": 4_503_599_627_370_495_i64, "user": {"id": 7}});
    let mut fields = json!({"text": "@svsbot hi", "entities": entity("mention", 0, 7),
        "direct_messages_topic": topic, "message_thread_id": 3});
    let direct = TopicId::Direct(4_503_599_627_370_495);
    let read = inbound(&message("supergroup", &fields));
    assert_eq!(read.topic, Some(direct));
    fields["direct_messages_topic"] = json!("of another shape");
    assert_eq!(inbound(&message("supergroup", &fields)).topic, None);
}

#[test]
fn membership_tells_whether_the_chat_can_be_reached() {
    for (chat, member, reachable) in [
        ("private", json!({"status": "kicked"}), Some(false)),
        ("private", json!({"status": "member"}), Some(true)),
        ("group", json!({"status": "left"}), Some(false)),
        ("supergroup", json!({"status": "administrator"}), Some(true)),
        (
            "supergroup",
            json!({"status": "restricted", "is_member": true}),
            Some(true),
        ),
        (
            "supergroup",
            json!({"status": "restricted", "is_member": false}),
            Some(false),
        ),
        (
            "supergroup",
            json!({"status": "restricted", "is_member": true, "can_send_messages": false}),
            Some(false),
        ),
        (
            "supergroup",
            json!({"status": "restricted", "is_member": true, "can_send_messages": true}),
            Some(true),
        ),
        ("supergroup", json!({"status": "levitating"}), None),
        ("channel", json!({"status": "administrator"}), None),
    ] {
        let update = json!({"update_id": 9, "my_chat_member": {
            "chat": {"id": 7, "type": chat}, "from": {"id": 7}, "date": 1,
            "old_chat_member": {"status": "x"}, "new_chat_member": member,
        }});
        match (decoded(&update), reachable) {
            (Decoded::Event(event), Some(reachable)) => {
                let chat = ChatId(7);
                assert_eq!(event, Event::Reachable { chat, reachable });
            }
            (Decoded::Skipped { .. }, None) => {}
            (other, _) => panic!("{other:?} from {update}"),
        }
    }
}

#[test]
fn whoever_puts_the_bot_into_a_group_is_known() {
    let change = |kind: &str, old: Value, new: Value| {
        json!({"update_id": 9, "my_chat_member": {
            "chat": {"id": -7, "type": kind, "title": "Garden club"},
            "from": {"id": 5, "first_name": "Bob", "last_name": "Li", "username": "bob"},
            "date": 1, "old_chat_member": old, "new_chat_member": new,
        }})
    };
    let member = || json!({"status": "member"});
    let muted = json!({"status": "restricted", "is_member": true, "can_send_messages": false});
    for (kind, old, new, reachable) in [
        ("group", json!({"status": "left"}), member(), Some(true)),
        (
            "supergroup",
            json!({"status": "kicked"}),
            member(),
            Some(true),
        ),
        (
            "group",
            json!({"status": "left"}),
            json!({"status": "administrator"}),
            Some(true),
        ),
        ("group", json!({"status": "left"}), muted, Some(false)),
        ("group", member(), json!({"status": "administrator"}), None),
        ("group", member(), json!({"status": "left"}), None),
        ("group", json!({"status": "levitating"}), member(), None),
        ("private", json!({"status": "kicked"}), member(), None),
    ] {
        let update = change(kind, old, new);
        let decoded = decoded(&update);
        let Some(reachable) = reachable else {
            let is_reach = matches!(decoded, Decoded::Event(Event::Reachable { .. }));
            assert!(is_reach, "{decoded:?} from {update}");
            continue;
        };
        let added = Added {
            chat: ChatId(-7),
            title: "Garden club".to_owned(),
            reachable,
            by: Sender {
                id: UserId(5),
                name: "Bob".to_owned(),
                language: None,
                is_chat: false,
            },
            other_names: OtherNames {
                last_name: Some("Li".to_owned()),
                username: Some("bob".to_owned()),
            },
        };
        assert_eq!(decoded, Decoded::Event(Event::Added(added)), "{update}");
    }
}

#[test]
fn what_is_not_for_this_bot_is_skipped_by_name() {
    let bot = json!({"id": 50, "is_bot": true, "first_name": "B"});
    for (update, kind) in [
        (
            json!({"update_id": 9, "channel_post": {"message_id": 1}}),
            "channel_post",
        ),
        (json!({"update_id": 9, "hologram": {}}), "hologram"),
        (
            json!({"business_message": {}, "update_id": 9}),
            "business_message",
        ),
        (
            message(
                "private",
                &json!({"text": "x", "business_connection_id": "b"}),
            ),
            "business message",
        ),
        (
            message("channel", &json!({"text": "x"})),
            "neither private chat nor group",
        ),
        (
            message("hyperchat", &json!({"text": "x"})),
            "neither private chat nor group",
        ),
        (
            message("group", &json!({"text": "x", "from": bot})),
            "message of a bot",
        ),
        (
            message("group", &json!({"text": "x", "from": null})),
            "message of nobody",
        ),
        (
            message(
                "group",
                &json!({"text": "x", "via_bot": {"id": 42, "is_bot": true}}),
            ),
            "own inline result",
        ),
        (
            message("group", &json!({"new_chat_members": []})),
            "service message",
        ),
        (
            message("group", &json!({"pinned_message": {"text": "x"}})),
            "service message",
        ),
    ] {
        assert_eq!(decoded(&update), skipped(kind).into(), "{update}");
    }
}

#[test]
fn an_inline_result_of_another_bot_is_its_senders_word_and_no_command() {
    let fields = json!({"text": "/new", "entities": entity("bot_command", 0, 4),
        "via_bot": {"id": 50, "is_bot": true}});
    let private = inbound(&message("private", &fields));
    assert_eq!(text(&private), "/new");
    assert_eq!(private.author, Author::InlineBot);
    assert_eq!(inbound(&message("group", &fields)).addressed, Addressed::No);
}

#[test]
fn whatever_a_person_sends_has_a_kind_and_news_of_the_chat_have_none() {
    for (fields, kind) in [
        (json!({"giveaway": {}}), "giveaway"),
        (json!({"giveaway_winners": {}}), "giveaway_winners"),
        (json!({"dice": {}}), "dice"),
        (json!({"invoice": {}}), "invoice"),
        (json!({"hologram": {}}), "other"),
        (json!({}), "other"),
    ] {
        let inbound = inbound(&message("private", &fields));
        let Content::Media { attachment, .. } = inbound.content else {
            panic!("{fields}");
        };
        assert_eq!(attachment.kind, kind);
    }
    for field in [
        "pinned_message",
        "new_chat_title",
        "giveaway_created",
        "giveaway_completed",
        "web_app_data",
        "video_chat_started",
        "forum_topic_edited",
        "successful_payment",
    ] {
        let news = message("private", &json!({field: {}}));
        assert_eq!(decoded(&news), skipped("service message").into(), "{field}");
    }
}

#[test]
fn the_file_of_the_message_replied_to_is_named_wherever_that_is() {
    let replied = |more: Value| {
        let mut replied = json!({"message_id": 2, "date": 1,
            "chat": {"id": 7, "type": "private"}, "from": {"id": 9, "is_bot": false}});
        let fields = more.as_object().unwrap().clone();
        replied.as_object_mut().unwrap().extend(fields);
        json!({"reply_to_message": replied})
    };
    for (fields, kind) in [
        (
            replied(json!({"photo": [], "caption": "a cat"})),
            Some("photo"),
        ),
        (replied(json!({"video_note": {}})), Some("video_note")),
        (replied(json!({"text": "words"})), None),
        (replied(json!({"new_chat_photo": []})), None),
        (
            json!({"external_reply": {"origin": {}, "document": {}}}),
            Some("document"),
        ),
        (json!({"external_reply": {"origin": {}}}), None),
        (json!({"reply_to_story": {"id": 1}}), Some("story")),
    ] {
        let mut fields = fields;
        fields["text"] = json!("what is it?");
        let inbound = inbound(&message("private", &fields));
        let carried = inbound.file_of_reply.map(|carried| carried.kind);
        assert_eq!(carried.as_deref(), kind, "{fields}");
    }
    let album = json!({"photo": [], "media_group_id": "a1"});
    let album = inbound(&message("private", &album)).album;
    assert_eq!(album.as_deref(), Some("a1"));
}

#[test]
fn what_breaks_the_promised_shape_is_undecodable() {
    for json in [
        "",
        "5",
        "[]",
        "{}",
        r#"{"update_id":9}"#,
        r#"{"update_id":9,"message":null}"#,
        r#"{"update_id":9,"message":{"message_id":1}}"#,
        r#"{"update_id":9,"message":{"message_id":99999999999,"chat":{"id":1}}}"#,
        r#"{"update_id":9,"my_chat_member":{}}"#,
        r#"{"update_id":9,"message":{"message_id":1,"chat":{"id":1,"type":"private"},"from":{"id":1},"text":"\ud800"}}"#,
    ] {
        assert_eq!(
            decode(UpdateId(9), json, &me()),
            Decoded::Undecodable,
            "{json}"
        );
    }
}

#[test]
fn no_depth_of_nesting_exhausts_the_stack() {
    let head = r#"{"message_id":1,"chat":{"id":1,"type":"private"},"from":{"id":1},"text":"x","#;
    for (open, close) in [
        (format!(r#"{head}"reply_to_message":"#), "}"),
        (r#"{"a":"#.to_owned(), "}"),
        ("[".to_owned(), "]"),
    ] {
        let (open, close) = (open.repeat(9_999), close.repeat(9_999));
        let deep = format!("{open}1{close}");
        for field in ["reply_to_message", "rich_message", "new_field"] {
            let json = format!(r#"{{"update_id":9,"message":{head}"{field}":{deep}}}}}"#);
            let decoded = decode(UpdateId(9), &json, &me());
            assert!(matches!(decoded, Decoded::Event(_)), "{field} {decoded:?}");
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        prop::sample::select(vec!["mention", "bot_command", "private", "text_mention"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let fields = prop::sample::select(vec![
            "text", "type", "blocks", "items", "cells", "username", "user", "id", "chat", "caption",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((fields, inner), 0..5).prop_map(|fields| {
                Value::Object(fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_whatever_panics(value in any_json(), field in "[a-z_]{0,12}") {
        decoded(&json!({"update_id": 9, field: value}));
        decoded(&json!({"update_id": 9, "message": value}));
        decoded(&message("group", &json!({"rich_message": {"blocks": [value]}})));
        decoded(&message("group", &json!({"text": "x", "reply_to_message": value})));
        decoded(&message("group", &json!({"text": "x", "entities": value})));
    }

    #[test]
    fn no_bytes_whatever_panic(text in "\\PC{0,40}") {
        decode(UpdateId(9), &text, &me());
    }

    #[test]
    fn whatever_the_entities_cover_only_our_name_leaves_the_text(
        before in "\\PC{0,20}",
        after in "\\PC{0,20}",
        entities in prop::collection::vec((0_usize..60, 0_usize..60), 0..6),
    ) {
        let said = format!("{before}@SvsBot{after}");
        let entities: Vec<_> = entities
            .iter()
            .map(|(offset, length)| json!({"type": "mention", "offset": offset, "length": length}))
            .collect();
        let fields = json!({"text": said, "entities": entities});
        let inbound = inbound(&message("group", &fields));
        let left = if inbound.addressed == Addressed::Mention {
            said.replace("@SvsBot", "")
        } else {
            said
        };
        let dense = |text: &str| text.replace([' ', ',', ':'], "").trim().to_owned();
        let kept = dense(text(&inbound));
        prop_assert_eq!(kept, dense(&left));
    }
}

fn press(message: &Value, data: &Value) -> Value {
    json!({"update_id": 9, "callback_query": {
        "id": "c1", "chat_instance": "1", "data": data, "message": message,
        "from": {"id": 7, "is_bot": false, "first_name": "Ann", "language_code": "en"},
    }})
}

#[test]
fn a_pressed_button_tells_who_where_and_what_and_whether_it_is_there() {
    let with = |markup: Value| {
        json!({"message_id": 3, "date": 5, "chat": {"id": 7, "type": "private"},
            "reply_markup": markup})
    };
    let keyboard = |data: &str| {
        json!({"inline_keyboard": [[{"text": "a", "url": "https://example.org"}],
            [{"text": "b", "callback_data": data}]]})
    };
    for (message, is_shown) in [
        (with(Value::Null), false),
        (with(keyboard("held")), true),
        (with(keyboard("held?")), false),
        (with(json!({"inline_keyboard": []})), false),
        (with(json!({"of": "tomorrow"})), false),
    ] {
        let update = press(&message, &json!("held"));
        let expected = Pressed {
            update: UpdateId(9),
            callback: "c1".to_owned(),
            chat: ChatId(7),
            kind: ChatKind::Private,
            topic: None,
            message: MessageId(3),
            sender: Sender {
                language: Some("en".to_owned()),
                ..fixtures::sender(7)
            },
            data: "held".to_owned(),
            is_shown,
            picture: None,
        };
        let expected = Decoded::Event(Event::Pressed(expected));
        assert_eq!(decoded(&update), expected, "{update}");
    }
}

#[test]
fn a_press_that_can_do_nothing_is_an_event_all_the_same() {
    let place = |date: u64, chat: &str| json!({"message_id": 3, "date": date, "chat": {"id": 7, "type": chat}});
    for (message, data, is_old) in [
        (place(0, "private"), json!("held"), true),
        (Value::Null, json!("held"), false),
        (json!({"of": "tomorrow"}), json!("held"), false),
        (place(5, "channel"), json!("held"), false),
        (place(5, "private"), Value::Null, false),
        (place(5, "private"), json!(5), false),
    ] {
        let update = press(&message, &data);
        let Decoded::Event(Event::PressedInVain {
            callback,
            sender,
            is_old: told,
        }) = decoded(&update)
        else {
            panic!("{update}");
        };
        assert_eq!(
            (callback.as_str(), sender.id, told),
            ("c1", UserId(7), is_old)
        );
    }
}

#[test]
fn a_press_is_of_the_topic_of_its_message() {
    let thread = |id: i32| json!({"message_thread_id": id, "is_topic_message": true});
    for (chat, fields, topic) in [
        ("private", thread(4), Some(TopicId::Thread(4))),
        ("private", json!({"message_thread_id": 4}), None),
        ("supergroup", thread(1), None),
        ("supergroup", thread(9), Some(TopicId::Thread(9))),
        (
            "supergroup",
            json!({"direct_messages_topic": {"topic_id": 5}}),
            Some(TopicId::Direct(5)),
        ),
    ] {
        let mut message = json!({"message_id": 3, "date": 5, "chat": {"id": 7, "type": chat}});
        let fields = fields.as_object().unwrap().clone();
        message.as_object_mut().unwrap().extend(fields);
        let update = press(&message, &json!("held"));
        let Decoded::Event(Event::Pressed(pressed)) = decoded(&update) else {
            panic!("{update}");
        };
        assert_eq!(pressed.topic, topic, "{update}");
    }
}

#[test]
fn a_changed_message_is_read_like_a_new_one_and_dated_by_its_change() {
    let mut update = message(
        "private",
        &json!({"text": "hi there", "edit_date": 1_700_000_900}),
    );
    update["edited_message"] = update["message"].take();
    update.as_object_mut().unwrap().remove("message");
    let Decoded::Event(Event::Edited(edited)) = decoded(&update) else {
        panic!("{update}");
    };
    assert_eq!(text(&edited), "hi there");
    assert_eq!(edited.message, MessageId(3));
    assert_eq!(edited.sent, Timestamp(1_700_000_900_000));
    assert_eq!(edited.posted, Timestamp(1_700_000_000_000));
}

#[test]
fn a_stop_names_the_draft_and_counts_in_private_only() {
    let stop = |chat: &str| {
        decoded(&json!({"update_id": 9, "stopped_message_generation": {
            "chat": {"id": 7, "type": chat}, "message_thread_id": 4, "draft_id": 12}}))
    };
    let expected = Event::Stopped {
        chat: ChatId(7),
        topic: Some(TopicId::Thread(4)),
        draft: 12,
    };
    assert_eq!(stop("private"), Decoded::Event(expected));
    assert!(matches!(stop("supergroup"), Decoded::Skipped { .. }));
}

#[test]
fn only_a_reply_to_the_bot_itself_says_which_message_it_answers() {
    let reply_to = |author: i64, more: Value| {
        let mut replied = json!({"message_id": 2, "date": 1, "text": "so it is",
            "chat": {"id": 7, "type": "private"}, "from": {"id": author, "is_bot": true}});
        replied
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        inbound(&message(
            "private",
            &json!({"text": "why?", "reply_to_message": replied}),
        ))
    };
    let ours = reply_to(42, json!({}));
    assert_eq!(ours.replies_to, Some(MessageId(2)));
    assert!(!ours.chose_quote);
    assert_eq!(reply_to(43, json!({})).replies_to, None);
    let topic = reply_to(42, json!({"forum_topic_created": {"name": "t"}}));
    assert_eq!(topic.replies_to, None);
    let chosen = inbound(&message(
        "private",
        &json!({"text": "why?", "quote": {"text": "it is"}}),
    ));
    assert!(chosen.chose_quote);
}
