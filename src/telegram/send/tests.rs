use serde_json::json;

use super::*;
use crate::telegram::tests::{Reply, Server, body, says};

const SENT: &str = r#"{"ok":true,"result":{"message_id":77,"date":1,"chat":{"id":5,"type":"x"}}}"#;
const TRUE: &str = r#"{"ok":true,"result":true}"#;

fn row(payload: Payload) -> Outbound {
    Outbound::new(ChatId(5), None, payload)
}

/// What `send` gives, and the request it made.
fn sent(reply: Reply, row: &Outbound) -> (Result<Option<MessageId>, CallError>, String) {
    let server = Server::start([reply]);
    let outcome = send(&server.client(), row, None);
    (outcome, server.requests().remove(0))
}

fn refused(description: &str) -> Reply {
    let body = json!({"ok": false, "error_code": 400, "description": description});
    says(400, &body.to_string())
}

#[test]
fn a_message_goes_to_its_topic_as_a_reply_without_previews() {
    let mut row = row(Payload::Send {
        body: Rich::plain("hi 👋"),
        reply_to: Some(MessageId(3)),
        buttons: Vec::new(),
    });
    row.topic = Some(TopicId::Thread(9));
    let (outcome, request) = sent(says(200, SENT), &row);
    assert_eq!(outcome, Ok(Some(MessageId(77))));
    assert!(request.contains("/sendMessage "), "{request}");
    let expected = json!({
        "chat_id": 5,
        "message_thread_id": 9,
        "text": "hi 👋",
        "link_preview_options": {"is_disabled": true},
        "reply_parameters": {"message_id": 3, "allow_sending_without_reply": true},
    });
    assert_eq!(body(&request), expected);
}

#[test]
fn what_goes_to_the_inbox_of_a_channel_names_the_conversation() {
    let mut text = row(Payload::Send {
        body: Rich::plain("hi"),
        reply_to: None,
        buttons: Vec::new(),
    });
    text.topic = Some(TopicId::Direct(1 << 51));
    let (_, request) = sent(says(200, SENT), &text);
    let expected = json!({
        "chat_id": 5,
        "direct_messages_topic_id": 1_i64 << 51,
        "text": "hi",
        "link_preview_options": {"is_disabled": true},
    });
    assert_eq!(body(&request), expected);
    let mut file = row(Payload::Document {
        name: "answer.md".to_owned(),
        text: "hi".to_owned(),
        reply_to: None,
    });
    file.topic = text.topic;
    let (_, request) = sent(says(200, SENT), &file);
    let field = format!(
        "name=\"direct_messages_topic_id\"\r\n\r\n{}\r\n",
        1_i64 << 51
    );
    assert!(request.contains(&field), "{request}");
    assert!(!request.contains("message_thread_id"), "{request}");
}

#[test]
fn a_message_that_somebody_removed_at_once_is_sent() {
    let description =
        "Internal Server Error: sent message was immediately deleted and can't be returned";
    let failed = json!({"ok": false, "error_code": 500, "description": description});
    let text = row(Payload::Send {
        body: Rich::plain("hi"),
        reply_to: None,
        buttons: Vec::new(),
    });
    let file = row(Payload::Document {
        name: "answer.md".to_owned(),
        text: "hi".to_owned(),
        reply_to: None,
    });
    for row in [text, file] {
        let (outcome, _) = sent(says(500, &failed.to_string()), &row);
        assert_eq!(outcome, Ok(None));
    }
}

#[test]
fn an_edit_that_changes_nothing_is_done() {
    let row = row(Payload::Edit {
        message: MessageId(3),
        body: Rich::plain("new"),
        buttons: Vec::new(),
    });
    for reply in [
        says(200, SENT),
        refused("Bad Request: message is not modified: specified new …"),
    ] {
        let (outcome, request) = sent(reply, &row);
        assert_eq!(outcome, Ok(Some(MessageId(3))));
        assert!(request.contains("/editMessageText "), "{request}");
        assert_eq!(body(&request)["message_id"], 3);
        assert_eq!(body(&request)["text"], "new");
    }
    let (outcome, _) = sent(refused("Bad Request: message to edit not found"), &row);
    assert_eq!(outcome, Err(Refusal::Gone.into()));
}

#[test]
fn deleting_what_is_gone_is_done() {
    let row = row(Payload::Delete {
        message: MessageId(3),
    });
    for reply in [
        says(200, TRUE),
        refused("Bad Request: message to delete not found"),
    ] {
        let (outcome, request) = sent(reply, &row);
        assert_eq!(outcome, Ok(None));
        assert_eq!(body(&request), json!({"chat_id": 5, "message_id": 3}));
    }
}

#[test]
fn a_button_is_answered_in_at_most_200_characters_and_may_be_too_old() {
    let row = row(Payload::Answer {
        callback: "cb".to_owned(),
        text: "é".repeat(300),
    });
    for reply in [
        says(200, TRUE),
        refused("Bad Request: query is too old and response timeout expired"),
    ] {
        let (outcome, request) = sent(reply, &row);
        assert_eq!(outcome, Ok(None));
        assert_eq!(body(&request)["text"], "é".repeat(200));
    }
}

#[test]
fn a_file_is_one_part_of_a_form_under_the_name_it_is_given() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spool");
    std::fs::write(&path, "line\r\n").unwrap();
    let row = row(Payload::File {
        name: "the \"answer\".md".to_owned(),
        path: path.to_str().unwrap().to_owned(),
        reply_to: Some(MessageId(3)),
    });
    let (outcome, request) = sent(says(200, SENT), &row);
    assert_eq!(outcome, Ok(Some(MessageId(77))));
    assert!(request.contains("/sendDocument "), "{request}");
    let (_, boundary) = request.split_once("boundary=").unwrap();
    let (boundary, _) = boundary.split_once("\r\n").unwrap();
    let (_, form) = request.split_once("\r\n\r\n").unwrap();
    let expected = "--B\r\ncontent-disposition: form-data; name=\"chat_id\"\r\n\r\n5\r\n\
        --B\r\ncontent-disposition: form-data; name=\"reply_parameters\"\r\n\r\n\
        {\"allow_sending_without_reply\":true,\"message_id\":3}\r\n\
        --B\r\ncontent-disposition: form-data; name=\"document\"; \
        filename=\"the _answer_.md\"\r\n\
        content-type: application/octet-stream\r\n\r\nline\r\n\r\n--B--\r\n";
    assert_eq!(form.replace(boundary, "B"), expected);
}

#[test]
fn a_file_that_is_missing_or_too_large_is_not_sent() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spool");
    let row = row(Payload::File {
        name: "a".to_owned(),
        path: path.to_str().unwrap().to_owned(),
        reply_to: None,
    });
    let server = Server::start([]);
    let missing = CallError::Local(io::ErrorKind::NotFound);
    assert_eq!(send(&server.client(), &row, None), Err(missing));
    let file = std::fs::File::create(&path).unwrap();
    file.set_len((50 << 20) + 1).unwrap();
    let outcome = send(&server.client(), &row, None);
    assert_eq!(outcome, Err(Refusal::FileTooLarge.into()));
    assert!(server.requests().is_empty());
}

#[test]
fn get_me_tells_who_the_bot_is_and_what_it_may() {
    let answer = r#"{"ok":true,"result":{"id":42,"is_bot":true,"first_name":"S","username":"SvsBot","can_read_all_group_messages":true}}"#;
    let server = Server::start([says(200, answer)]);
    let (me, _) = get_me(&server.client()).unwrap();
    server.requests();
    let expected = Me {
        id: crate::chat::UserId(42),
        username: "SvsBot".to_owned(),
        can_read_all_group_messages: true,
        has_topics_enabled: false,
    };
    assert_eq!(me, expected);
}

#[test]
fn a_webhook_is_deleted_with_its_updates_kept() {
    let server = Server::start([says(200, TRUE)]);
    delete_webhook(&server.client()).unwrap();
    let requests = server.requests();
    assert_eq!(body(&requests[0]), json!({"drop_pending_updates": false}));
}

#[test]
fn what_the_model_made_goes_in_its_form_and_a_large_picture_as_a_document() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("made");
    let file = std::fs::File::create(&path).unwrap();
    for (form, bytes, method, field) in [
        (Form::Photo, 7, "sendPhoto", "photo"),
        (Form::Photo, MAX_PHOTO + 1, "sendDocument", "document"),
        (Form::Voice, 7, "sendVoice", "voice"),
        (Form::Document, 7, "sendDocument", "document"),
    ] {
        file.set_len(bytes).unwrap();
        let row = row(Payload::Made {
            form,
            name: "a.png".to_owned(),
            file: "made".to_owned(),
            caption: "a cat".to_owned(),
            reply_to: Some(MessageId(3)),
            buttons: vec![Button::callback("Again", "again".to_owned())],
        });
        let server = Server::start([says(200, SENT)]);
        let client = server.client();
        let missing = CallError::Local(io::ErrorKind::NotFound);
        assert_eq!(send(&client, &row, None), Err(missing));
        let outcome = send(&client, &row, Some(&path));
        assert_eq!(outcome, Ok(Some(MessageId(77))));
        let request = &server.requests()[0];
        assert!(request.contains(&format!("/{method} ")), "{form:?} {bytes}");
        for part in [
            format!("name=\"{field}\"; filename=\"a.png\""),
            "name=\"caption\"\r\n\r\na cat".to_owned(),
            "\"message_id\":3".to_owned(),
            "\"callback_data\":\"again\"".to_owned(),
        ] {
            assert!(request.contains(&part), "{part} in {form:?} {bytes}");
        }
    }
}
