//! What a chat keeps: messages with their edits, drafts, actions, files.

use std::time::Duration;

use serde_json::{Value, json};

use super::{TelegramClient, agent};
use crate::world::telegram::Message;
use crate::world::time_passes;

fn chat_with_the_bot() -> TelegramClient {
    let client = TelegramClient::new();
    client.service.person(7).says("hi");
    client
}

/// An edit of message 2, the first of the bot.
fn edit(fields: &Value) -> Value {
    let mut params = json!({"chat_id": 7, "message_id": 2});
    for (name, value) in fields.as_object().unwrap() {
        params[name] = value.clone();
    }
    params
}

fn keyboard(label: &str) -> Value {
    json!({"inline_keyboard": [[{"text": label, "callback_data": format!("do {label}")}]]})
}

#[test]
fn a_chat_shows_each_message_as_it_is_now() {
    let client = chat_with_the_bot();
    let person = client.service.person(7);
    let pre = json!({"type": "pre", "offset": 2, "length": 3, "language": "rust"});
    let link = json!({"type": "text_link", "offset": 6, "length": 1, "url": "https://a.b"});
    client.does(
        "sendMessage",
        &json!({"chat_id": 7, "text": "\n abc d", "entities": [link, pre],
        "reply_markup": keyboard("Stop"), "reply_parameters": {"message_id": 1}}),
    );
    let shown = &person.shows()[0];
    assert_eq!(
        (shown.id, shown.text.as_str(), shown.reply_to),
        (2, "abc d", Some(1))
    );
    let spans: Vec<(&str, usize, usize)> = shown
        .entities
        .iter()
        .map(|entity| (entity.kind.as_str(), entity.offset, entity.length))
        .collect();
    assert_eq!(spans, [("pre", 0, 3), ("text_link", 4, 1)], "shifted");
    assert_eq!(shown.entities[0].language.as_deref(), Some("rust"));
    assert_eq!(shown.entities[1].url.as_deref(), Some("https://a.b"));
    assert_eq!(shown.button("Stop").unwrap().data, "do Stop");
    client.does("editMessageText", &edit(&json!({"text": "abc"})));
    let shown = &person.shows()[0];
    assert_eq!(shown.text, "abc");
    assert!(shown.entities.is_empty() && shown.buttons.is_empty());
    client.does("deleteMessage", &edit(&json!({})));
    assert_eq!(person.shows(), []);
    let said: &[Message] = &client.service.said_to(7);
    assert!(said[0].is_deleted);
    assert_eq!(client.service.violations(), Vec::<String>::new());
}

#[test]
fn an_edit_is_refused_only_when_nothing_at_all_changes() {
    let client = chat_with_the_bot();
    let bold = json!([{"type": "bold", "offset": 0, "length": 1}]);
    client.does("sendMessage", &json!({"chat_id": 7, "text": "a"}));
    let table = [
        (json!({"text": " a "}), false),
        (json!({"text": "a", "entities": bold}), true),
        (json!({"text": "a", "entities": bold}), false),
        (
            json!({"text": "a", "entities": bold, "reply_markup": keyboard("Retry")}),
            true,
        ),
        (
            json!({"text": "a", "entities": bold, "reply_markup": keyboard("Retry")}),
            false,
        ),
        (json!({"text": "a"}), true),
        (
            json!({"text": "a", "reply_markup": {"inline_keyboard": []}}),
            false,
        ),
    ];
    for (fields, changes) in table {
        // Far apart in time, as far as the pace goes.
        client.service.forgets_the_pace();
        let (status, body) = client.call("editMessageText", &edit(&fields));
        assert_eq!(status == 200, changes, "{fields}: {body}");
        if !changes {
            assert_eq!(body["description"], "Bad Request: message is not modified");
        }
    }
    let edits = client.service.person(7).edits_of(2);
    let seen: Vec<(&str, usize, usize)> = edits
        .iter()
        .map(|edit| (edit.text.as_str(), edit.entities.len(), edit.buttons.len()))
        .collect();
    assert_eq!(seen, [("a", 1, 0), ("a", 1, 1), ("a", 0, 0)]);
    assert!(edits.is_sorted_by_key(|edit| edit.at));
}

#[test]
fn the_buttons_of_a_message_can_be_taken_away_alone() {
    let client = chat_with_the_bot();
    let text = json!({"chat_id": 7, "text": "a", "reply_markup": keyboard("Retry")});
    client.does("sendMessage", &text);
    let away = edit(&json!({}));
    client.does("editMessageReplyMarkup", &away);
    assert_eq!(
        client.is_refused("editMessageReplyMarkup", &away),
        "message is not modified"
    );
    let shown = &client.service.person(7).shows()[0];
    assert_eq!((shown.text.as_str(), shown.buttons.len()), ("a", 0));
}

#[test]
fn what_is_not_there_can_neither_be_edited_nor_deleted() {
    let client = chat_with_the_bot();
    let text = |message: i64| json!({"chat_id": 7, "message_id": message, "text": "b"});
    let gone = |message: i64| json!({"chat_id": 7, "message_id": message});
    client.does("sendMessage", &json!({"chat_id": 7, "text": "a"}));
    assert_eq!(
        client.is_refused("editMessageText", &text(1)),
        "message can't be edited"
    );
    client.does("deleteMessage", &gone(2));
    for message in [2, 9] {
        let refusal = client.is_refused("editMessageText", &text(message));
        assert_eq!(refusal, "message to edit not found");
        let refusal = client.is_refused("deleteMessage", &gone(message));
        assert_eq!(refusal, "message to delete not found");
    }
    let question = client.service.group(-5).member(7).says("hi");
    let theirs = json!({"chat_id": -5, "message_id": question});
    assert_eq!(
        client.is_refused("deleteMessage", &theirs),
        "message can't be deleted"
    );
}

#[test]
fn a_draft_lives_until_the_bot_says_something() {
    let client = chat_with_the_bot();
    let person = client.service.person(7);
    let bold = json!([{"type": "bold", "offset": 0, "length": 1}]);
    let frame = json!({"chat_id": 7, "draft_id": -5, "text": "", "can_stop": true});
    client.does("sendMessageDraft", &frame);
    let frame = json!({"chat_id": 7, "draft_id": -5, "text": "ab", "entities": bold});
    client.does("sendMessageDraft", &frame);
    let draft = person.sees_a_draft("ab");
    assert_eq!((draft.id, draft.topic, draft.is_alive), (-5, None, true));
    let frames: Vec<(&str, usize, bool)> = draft
        .frames
        .iter()
        .map(|frame| (frame.text.as_str(), frame.entities.len(), frame.can_stop))
        .collect();
    assert_eq!(frames, [("", 0, true), ("ab", 1, false)]);
    assert!(draft.frames.is_sorted_by_key(|frame| frame.at));
    assert_eq!(person.shows(), [], "a draft is no message");
    client.does("sendMessage", &json!({"chat_id": 7, "text": "abc"}));
    assert!(!person.drafts()[0].is_alive);
    assert_eq!(client.service.violations(), Vec::<String>::new());
}

#[test]
#[ignore = "takes half a minute; `.ci/full streams` runs it"]
fn a_draft_fades_thirty_seconds_after_its_last_frame_in_streams() {
    let client = chat_with_the_bot();
    let frame = json!({"chat_id": 7, "draft_id": 5, "text": "a"});
    client.does("sendMessageDraft", &frame);
    time_passes(Duration::from_secs(29));
    assert!(client.service.drafts(7)[0].is_alive);
    time_passes(Duration::from_millis(1_100));
    assert!(!client.service.drafts(7)[0].is_alive);
}

#[test]
fn drafts_are_for_private_chats_that_take_them() {
    let client = chat_with_the_bot();
    client.service.group(-5);
    let frame = |chat: i64, id: i64| json!({"chat_id": chat, "draft_id": id, "text": "a"});
    let refusal = |chat: i64| client.is_refused("sendMessageDraft", &frame(chat, 5));
    assert_eq!(refusal(-5), "TEXTDRAFT_PEER_INVALID");
    client.service.person(7).refuses_drafts();
    assert_eq!(refusal(7), "TEXTDRAFT_PEER_INVALID");
    let bob = client.service.person(8);
    bob.says("hi");
    client.does("sendMessageDraft", &frame(8, 5));
    client.service.refuses_drafts();
    assert_eq!(refusal(8), "TEXTDRAFT_PEER_INVALID");
    assert_eq!(client.service.violations(), Vec::<String>::new());
}

#[test]
fn the_number_of_a_draft_is_small_and_not_zero() {
    for (id, lawful) in [
        (1_i64, true),
        (-1, true),
        (i64::from(i32::MAX), true),
        (0, false),
        (i64::from(i32::MAX) + 1, false),
    ] {
        let client = chat_with_the_bot();
        let frame = json!({"chat_id": 7, "draft_id": id, "text": "a"});
        assert_eq!(
            client.call("sendMessageDraft", &frame).0 == 200,
            lawful,
            "{id}"
        );
        assert_eq!(client.service.violations().is_empty(), lawful, "{id}");
    }
}

#[test]
fn what_the_bot_is_doing_is_seen_where_it_does_it() {
    let client = TelegramClient::new();
    let person = client.service.person(7).in_topic(50);
    person.says("hi");
    let typing = json!({"chat_id": 7, "action": "typing", "message_thread_id": 50});
    client.does("sendChatAction", &typing);
    let action = &person.actions()[0];
    assert_eq!((action.name.as_str(), action.topic), ("typing", Some(50)));
    assert!(action.at <= crate::world::now());
}

#[test]
fn a_file_arrives_with_its_name_and_its_bytes() {
    let client = chat_with_the_bot();
    let mut form = String::new();
    for part in [
        "name=\"chat_id\"\r\n\r\n7",
        "name=\"caption\"\r\n\r\n12",
        "name=\"reply_parameters\"\r\n\r\n{\"message_id\":1}",
        "name=\"document\"; filename=\"answer.md\"\r\ncontent-type: text/plain\r\n\r\n# A\r\n",
    ] {
        form.push_str("--b\r\ncontent-disposition: form-data; ");
        form.push_str(part);
        form.push_str("\r\n");
    }
    let url = client.url("sendDocument");
    let send = |form: &str| {
        let request = agent().post(&url);
        let request = request.header("content-type", "multipart/form-data; boundary=b");
        request.send(form).unwrap().status().as_u16()
    };
    assert_eq!(send(&format!("{form}--b--\r\n")), 200);
    let message = client.service.person(7).hears();
    assert_eq!((message.text.as_str(), message.reply_to), ("12", Some(1)));
    let file = message.file.unwrap();
    assert_eq!(
        (file.name.as_str(), file.content.as_str()),
        ("answer.md", "# A\r\n")
    );
    assert_eq!(client.service.violations(), Vec::<String>::new());
    assert_eq!(send(&form), 400, "the form does not end");
    assert!(!client.service.violations().is_empty());
}
