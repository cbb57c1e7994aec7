use super::*;

const GROUP: i64 = -5;

/// A group that took these so many seconds ago, oldest first.
fn group(past: impl Iterator<Item = (Traffic, u64)>) -> State {
    let mut state = State::default();
    state.chats.entry(GROUP).or_default();
    let passed = past.map(|(what, ago)| Passed {
        chat: GROUP,
        what,
        at: now().saturating_sub(Duration::from_secs(ago)),
    });
    state.gauge.passed = passed.collect();
    state
}

fn retry_after(mut state: State, method: &str) -> Option<u64> {
    let refusal = state.admit(method, GROUP).err()?;
    assert_eq!((state.violations.len(), state.gauge.provoked), (1, 1));
    refusal.parameters["retry_after"].as_u64()
}

#[test]
fn a_group_takes_twenty_messages_and_edits_in_any_minute() {
    let past = |count: u64| {
        let traffic = [Traffic::Message, Traffic::Edit].into_iter().cycle();
        group(traffic.zip((0..count).map(move |at| 50 - at)))
    };
    for method in ["sendMessage", "sendDocument"] {
        assert_eq!(retry_after(past(19), method), None, "{method}");
        assert_eq!(retry_after(past(20), method), Some(10), "{method}");
    }
    let free = ["sendChatAction", "deleteMessage", "answerCallbackQuery"];
    for method in free {
        assert_eq!(retry_after(past(20), method), None, "{method}");
    }
}

#[test]
fn edits_take_at_most_half_of_a_groups_minute() {
    let past = |count: u64| group((0..count).map(|at| (Traffic::Edit, 50 - at)));
    for method in ["editMessageText", "editMessageReplyMarkup"] {
        assert_eq!(retry_after(past(9), method), None, "{method}");
        assert_eq!(retry_after(past(10), method), Some(10), "{method}");
    }
    assert_eq!(retry_after(past(10), "sendMessage"), None);
}

#[test]
fn what_is_older_than_a_minute_does_not_count() {
    let past = |age: u64| group((0..20).map(move |_| (Traffic::Message, age)));
    assert_eq!(retry_after(past(60), "sendMessage"), None);
    assert_eq!(retry_after(past(58), "sendMessage"), Some(2));
}

#[test]
fn a_private_chat_has_no_minute() {
    let mut state = group((0..30).map(|at| (Traffic::Edit, 50 - at)));
    for passed in &mut state.gauge.passed {
        passed.chat = 7;
    }
    state.chats.entry(7).or_default();
    assert!(state.admit("editMessageText", 7).is_ok());
}
