//! What people do, as updates tell it.

use serde_json::{Value, json};

use super::TelegramClient;

fn with_button(text: &str, label: &str) -> Value {
    json!({"chat_id": 7, "text": text, "reply_markup": {"inline_keyboard": [
        [{"text": format!("🔁 {label}"), "callback_data": format!("{label} of {text}")}]]}})
}

#[test]
fn a_press_carries_the_message_that_holds_the_button() {
    let client = TelegramClient::new();
    let person = client.service.person(7);
    let question = person.says("hi");
    client.does("sendMessage", &with_button("first", "Retry"));
    client.does("sendMessage", &with_button("second", "Retry"));
    let reply =
        json!({"chat_id": 7, "text": "third", "reply_parameters": {"message_id": question}});
    client.does("sendMessage", &reply);
    let newest = person.presses("Retry");
    let older = person.presses_on(2, "Retry");
    let made_up = person.presses_data(4, "held");
    let queries = client.updates("callback_query");
    let told = |query: &Value| {
        (
            query["id"].clone(),
            query["data"].clone(),
            query["message"]["text"].clone(),
        )
    };
    let expected = [
        (json!(newest), json!("Retry of second"), json!("second")),
        (json!(older), json!("Retry of first"), json!("first")),
        (json!(made_up), json!("held"), json!("third")),
    ];
    assert_eq!(queries.iter().map(told).collect::<Vec<_>>(), expected);
    assert_eq!(queries[2]["message"]["reply_to_message"]["text"], "hi");
    assert!(!queries[0]["message"]["reply_markup"].is_null());
    let answer = json!({"callback_query_id": newest, "text": "on it"});
    client.does("answerCallbackQuery", &answer);
    assert_eq!(person.is_told(&newest), "on it");
    assert_eq!(client.service.unanswered_presses(), 2);
    let refusal = client.is_refused("answerCallbackQuery", &answer);
    assert!(refusal.starts_with("query is too old"), "{refusal}");
}

#[test]
fn any_member_of_a_group_may_press_its_buttons() {
    let client = TelegramClient::new();
    let group = client.service.group(-5);
    group.member(7).says("hi");
    let mut message = with_button("first", "Stop");
    message["chat_id"] = json!(-5);
    client.does("sendMessage", &message);
    client.does(
        "sendChatAction",
        &json!({"chat_id": -5, "action": "typing"}),
    );
    group.member(8).presses("Stop");
    let query = &client.updates("callback_query")[0];
    assert_eq!(query["from"]["id"], 8);
    assert_eq!(query["message"]["chat"]["id"], -5);
    assert_eq!(
        group.sees("a button", |shown| shown[0].button("Stop").is_some()),
        group.shows()
    );
    let stopped = json!({"chat_id": -5, "message_id": 2, "text": "Stopped."});
    client.does("editMessageText", &stopped);
    assert_eq!(group.edits_of(2)[0].text, "Stopped.");
    assert_eq!(group.actions().len(), 1);
    assert_eq!(group.drafts(), []);
}

#[test]
fn only_a_draft_that_is_shown_with_its_button_can_be_stopped() {
    let client = TelegramClient::new();
    client.call(
        "getUpdates",
        &json!({"offset": 1, "allowed_updates": ["message", "stopped_message_generation"]}),
    );
    let person = client.service.person(7).in_topic(50);
    person.says("hi");
    let frame = |id: i64, can_stop: bool| json!({"chat_id": 7, "draft_id": id, "text": "a", "can_stop": can_stop, "message_thread_id": 50});
    assert!(!person.stops(5), "there is none");
    client.does("sendMessageDraft", &frame(5, true));
    client.does("sendMessageDraft", &frame(6, false));
    assert!(!person.stops(6), "it has no button");
    assert!(person.stops(5));
    assert!(!person.drafts()[0].is_alive, "it is hidden");
    assert!(!person.stops(5), "and can be stopped once");
    let stopped = client.updates("stopped_message_generation");
    assert_eq!(stopped.len(), 1);
    assert_eq!(stopped[0]["draft_id"], 5);
    assert_eq!(stopped[0]["chat"]["id"], 7);
    assert_eq!(stopped[0]["message_thread_id"], 50);
    assert!(stopped[0]["from"].is_null(), "nobody is named");
}

#[test]
fn a_stop_that_was_not_asked_for_is_not_told() {
    let client = TelegramClient::new();
    client.call(
        "getUpdates",
        &json!({"offset": 1, "allowed_updates": ["message"]}),
    );
    let person = client.service.person(7);
    person.says("hi");
    person.says("there");
    let frame =
        json!({"chat_id": 7, "draft_id": 5, "text": "a", "can_stop": true, "keep_on_stop": true});
    client.does("sendMessageDraft", &frame);
    assert!(person.stops(5));
    assert!(person.drafts()[0].is_alive, "it is kept");
    assert!(client.updates("stopped_message_generation").is_empty());
}

#[test]
fn an_edited_question_keeps_its_number() {
    let client = TelegramClient::new();
    let person = client.service.person(7);
    let question = person.says("/helo");
    person.edits(question, "hello @testbot");
    let edited = &client.updates("edited_message")[0];
    assert_eq!(edited["message_id"], question);
    assert_eq!(edited["text"], "hello @testbot");
    assert_eq!(edited["entities"][0]["type"], "mention");
    assert!(edited["edit_date"].is_u64());
}

#[test]
fn a_reply_never_nests_a_further_reply() {
    let client = TelegramClient::new();
    let person = client.service.person(7);
    let question = person.says("hi");
    let bold = json!([{"type": "bold", "offset": 0, "length": 6}]);
    let mut answer = with_button("answer", "Retry");
    answer["entities"] = bold.clone();
    answer["reply_parameters"] = json!({"message_id": question});
    let sent = client.does("sendMessage", &answer);
    assert_eq!(sent["reply_to_message"]["message_id"], question);
    person.replies(2, "why?");
    let reply = &client.updates("message")[1];
    let nested = &reply["reply_to_message"];
    assert_eq!(
        (&nested["text"], &nested["entities"]),
        (&json!("answer"), &bold)
    );
    assert_eq!(nested["from"]["is_bot"], true);
    assert!(nested["reply_to_message"].is_null());
}

#[test]
fn a_long_paste_comes_in_pieces_of_one_second() {
    let client = TelegramClient::new();
    let person = client.service.person(7);
    let text = format!("{}👋{}", "a".repeat(4095), "b".repeat(4500));
    let pieces = person.pastes(&text);
    assert_eq!(pieces, [1, 2, 3]);
    let messages = client.updates("message");
    let texts = messages
        .iter()
        .map(|message| message["text"].as_str().unwrap());
    assert_eq!(texts.clone().collect::<String>(), text);
    let lengths: Vec<usize> = texts.map(|text| text.encode_utf16().count()).collect();
    assert_eq!(lengths, [4095, 4096, 406], "no cut inside a character");
    assert!(
        messages
            .iter()
            .all(|message| message["date"] == messages[0]["date"])
    );
    assert_eq!(person.pastes("short"), [4]);
}

#[test]
fn a_message_that_grows_by_edits_is_heard_when_it_holds_the_word() {
    let client = TelegramClient::new();
    let person = client.service.person(7);
    person.says("hi");
    client.does("sendMessage", &json!({"chat_id": 7, "text": "hel"}));
    client.does(
        "editMessageText",
        &json!({"chat_id": 7, "message_id": 2, "text": "hello"}),
    );
    assert_eq!(person.hears_about("hello").id, 2);
    let shown = person.sees("two letters more", |shown| shown[0].text.len() == 5);
    assert_eq!(shown, person.shows());
}
