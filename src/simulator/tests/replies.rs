use super::super::replies::{DISOWNED, REFUSED, said};
use super::*;
use crate::gemini::{self, Judgement};
use crate::keys::{Cooldown, Effect};

fn judged(reply: Reply, key: usize) -> Judgement {
    let said = said(reply, key, "gemini-3.8-flash").unwrap();
    let reply = (said.status, said.content_type, said.body.as_str());
    gemini::judged("gemini-3.8-flash", reply, 1)
}

fn effect(reply: Reply) -> Effect {
    judged(reply, 0).verdict.effect
}

#[test]
fn an_answer_is_no_refusal() {
    assert_eq!(said(Reply::Answer, 0, "gemini-3.8-flash"), None);
}

#[test]
fn replies_are_written_so_that_they_mean_what_they_are() {
    let retry = Duration::from_millis(12_345);
    let minute = Reply::MinuteQuota { limit: 5, retry };
    assert_eq!(effect(minute), Effect::CoolKeyModel(Cooldown::For(retry)));
    assert_eq!(judged(minute, 0).verdict.learned[0].limit, 5);
    let day = Reply::DayQuota { limit: 20, retry };
    let until_midnight = Effect::CoolKeyModel(Cooldown::UntilPacificMidnight);
    assert_eq!(effect(day), until_midnight);
    assert_eq!(judged(day, 0).verdict.learned[0].limit, 20);
    assert!(matches!(effect(Reply::Throttled), Effect::Throttled(_)));
    assert!(matches!(effect(Reply::Overloaded), Effect::Overloaded(_)));
    assert!(matches!(effect(Reply::Internal), Effect::Suspect(_)));
    assert!(matches!(effect(Reply::Unexplained), Effect::Strike(_)));
    assert!(matches!(effect(Reply::Missing), Effect::ModelMissing(_)));
}

#[test]
fn every_refusal_that_a_table_lists_kills_its_key() {
    for (key, words) in REFUSED.iter().enumerate() {
        let effect = judged(Reply::Refused, key).verdict.effect;
        assert!(matches!(effect, Effect::KillKey(_)), "{words:?}");
    }
}

#[test]
fn every_refusal_in_other_words_has_its_key_looked_at() {
    for (key, words) in DISOWNED.iter().enumerate() {
        let effect = judged(Reply::Disowned, key).verdict.effect;
        assert!(matches!(effect, Effect::Refused(_)), "{words:?}");
    }
}

#[test]
fn pages_are_nobodys_and_a_country_is_no_keys() {
    for reply in [Reply::Page, Reply::Blocked] {
        assert_eq!(effect(reply), Effect::Page, "{reply:?}");
    }
    assert_eq!(effect(Reply::Region), Effect::Unserved);
}
