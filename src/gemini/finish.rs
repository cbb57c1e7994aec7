//! Decides how a call ended that was answered with status 200: with an answer, whole or cut, or
//! with a reason why there is none (gemini-api §7). Pure.
//!
//! Owns nothing. Invariant: what was read where nothing can be taken back ([`Shown::Text`]) is never
//! asked for again; it ends as an [`Answer`], or as the sentence that follows when a filter withdrew it.

use super::gathered::Gathered;
use super::judgement::Judgement;
use super::verdict::{self, Shown};
use crate::chat::answer::{Answer, Failure, Finish, Usage};
use crate::http::Fault;
use crate::keys::{Counted, Death, Effect, Next, Repair, Verdict};

/// How a call ended, and what the pool has to learn from it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) result: Result<Answer, Failure>,
    /// `next` is [`Next::Done`] exactly when there is an answer.
    pub(crate) verdict: Verdict,
}

impl From<Judgement> for Outcome {
    fn from(judgement: Judgement) -> Self {
        Self {
            result: Err(judgement.failure),
            verdict: judgement.verdict,
        }
    }
}

/// What the end of a call makes of its parts.
enum End {
    Whole(Finish),
    /// Broken off: what was shown is kept.
    Cut(Judgement),
    /// A filter's decision: what was shown is withdrawn.
    Withheld(Judgement),
}

/// `body` tells how reading the response ended, `asked` is the model that was asked.
pub(super) fn of(
    gathered: Gathered,
    body: Result<(), Fault>,
    shown: Shown,
    asked: &str,
    estimated: u64,
) -> Outcome {
    let tokens = spent(&gathered.usage);
    let outcome = match end_of(&gathered, body, shown, (asked, estimated)) {
        End::Whole(finish) => answered(gathered, finish, Effect::Healthy, asked),
        End::Cut(judgement) => match shown {
            Shown::Text => Outcome {
                verdict: Verdict {
                    next: Next::Done,
                    ..judgement.verdict
                },
                ..answered(gathered, Finish::Broken, Effect::Innocent, asked)
            },
            Shown::Nothing => judgement.into(),
        },
        End::Withheld(judgement) => verdict::stay_if(shown, judgement).into(),
    };
    let verdict = Verdict {
        tokens,
        ..outcome.verdict
    };
    Outcome { verdict, ..outcome }
}

/// Input and output of a call, as far as the service counted them.
fn spent(usage: &Usage) -> Option<(u64, u64)> {
    let output = usage.answer.saturating_add(usage.thoughts);
    (usage.prompt > 0).then_some((usage.prompt, output))
}

fn answered(gathered: Gathered, finish: Finish, effect: Effect, asked: &str) -> Outcome {
    Outcome {
        result: Ok(Answer {
            parts: gathered.parts,
            calls: gathered.calls,
            grounding: gathered.grounding,
            finish,
            model: asked.to_owned(),
            usage: gathered.usage,
        }),
        verdict: Verdict {
            effect,
            next: Next::Done,
            learned: Vec::new(),
            counted: Counted::Yes,
            tokens: None,
        },
    }
}

fn end_of(
    gathered: &Gathered,
    body: Result<(), Fault>,
    shown: Shown,
    (asked, estimated): (&str, u64),
) -> End {
    if let Some(error) = &gathered.error {
        return End::Cut(verdict::of_error(error, shown, asked, estimated));
    }
    if gathered.block_reason.is_some() {
        return End::Withheld(healthy(Next::Nowhere, Failure::PromptBlocked));
    }
    match (&gathered.finish_reason, body) {
        // A connection that breaks after the last chunk takes nothing away.
        (Some(_), _) if gathered.has_lost_a_file && !gathered.shows_anything() => {
            End::Cut(healthy(Next::Nowhere, Failure::Unkept))
        }
        (Some(reason), _) => {
            let is_something = gathered.shows_anything() || !gathered.calls.is_empty();
            by_reason(reason, is_something)
        }
        (None, Err(fault)) => End::Cut(verdict::of_fault(fault, shown)),
        (None, Ok(())) => End::Cut(verdict::of_fault(Fault::Closed, shown)),
    }
}

/// `is_something` tells whether there is anything that a chat could be sent, or that is to be done.
fn by_reason(reason: &str, is_something: bool) -> End {
    let whole = |finish, otherwise| {
        if is_something {
            End::Whole(finish)
        } else {
            End::Cut(healthy(otherwise, Failure::Empty))
        }
    };
    let withheld = |failure| End::Withheld(healthy(Next::Nowhere, failure));
    let slip = |repair| End::Cut(healthy(Next::Repaired(repair), Failure::Stopped));
    match reason {
        "STOP" => whole(Finish::Complete, Next::AnotherKey),
        "MAX_TOKENS" => whole(Finish::LengthLimit, Next::Repaired(Repair::LessThinking)),
        "CONTINUATION" => whole(Finish::Continuation, Next::Repaired(Repair::LessThinking)),
        "SAFETY" => withheld(Failure::Safety),
        "PROHIBITED_CONTENT" | "BLOCKLIST" => withheld(Failure::Prohibited),
        "SPII" => withheld(Failure::PersonalData),
        "LANGUAGE" => withheld(Failure::Language),
        "ESCALATION" => withheld(Failure::Declined),
        "IMAGE_SAFETY" | "IMAGE_PROHIBITED_CONTENT" => withheld(Failure::PictureWithheld),
        "RECITATION" | "IMAGE_RECITATION" => {
            let next = Next::Repaired(Repair::OwnWords);
            End::Withheld(healthy(next, Failure::Recitation))
        }
        "IMAGE_OTHER" | "NO_IMAGE" => {
            let next = Next::Repaired(Repair::InsistOnPicture);
            End::Cut(healthy(next, Failure::NoPicture))
        }
        "MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL" | "MALFORMED_RESPONSE" => {
            slip(Repair::Same)
        }
        "TOO_MANY_TOOL_CALLS" => slip(Repair::NoTools),
        "MISSING_THOUGHT_SIGNATURE" => slip(Repair::PlainSignatures),
        "PUP_LIMITED_DISABLED" => End::Cut(Judgement::new(
            Effect::KillKey(Death::Suspended),
            Next::AnotherKey,
            Failure::NoKeys,
        )),
        // `OTHER`, and whatever Google invents: as far as anybody knows, the answer is whole.
        _ if is_something => End::Whole(Finish::Unnamed),
        _ => End::Cut(healthy(Next::AnotherKey, Failure::Stopped)),
    }
}

/// The key worked: its strikes are forgotten, whatever became of the answer.
const fn healthy(next: Next, failure: Failure) -> Judgement {
    Judgement::new(Effect::Healthy, next, failure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::part::{Part, text_of};
    use crate::keys::Cooldown;

    fn ended(reason: Option<&str>, text: &str) -> Gathered {
        Gathered {
            parts: vec![Part::Text(text.to_owned())],
            finish_reason: reason.map(str::to_owned),
            ..Gathered::default()
        }
    }

    fn outcome(reason: &str, text: &str, shown: Shown) -> Outcome {
        of(ended(Some(reason), text), Ok(()), shown, "asked", 10)
    }

    #[test]
    fn answers_say_whether_they_are_whole() {
        for (reason, finish) in [
            ("STOP", Finish::Complete),
            ("MAX_TOKENS", Finish::LengthLimit),
            ("CONTINUATION", Finish::Continuation),
            ("OTHER", Finish::Unnamed),
            ("INVENTED_IN_2027", Finish::Unnamed),
        ] {
            for shown in [Shown::Text, Shown::Nothing] {
                assert_eq!(
                    outcome(reason, "hi", shown),
                    outcome(reason, "hi", Shown::Text)
                );
            }
            let found = outcome(reason, "hi", Shown::Nothing);
            let answer = found.result.unwrap();
            assert_eq!(
                (answer.finish, text_of(&answer.parts).as_str()),
                (finish, "hi")
            );
            assert_eq!(answer.model, "asked");
            assert_eq!(found.verdict.effect, Effect::Healthy);
            assert_eq!(found.verdict.next, Next::Done);
        }
    }

    #[test]
    fn every_other_reason_has_its_sentence_and_its_next_attempt() {
        let again = Next::Repaired;
        let insist = again(Repair::InsistOnPicture);
        for (reason, next, failure) in [
            ("STOP", Next::AnotherKey, Failure::Empty),
            ("MAX_TOKENS", again(Repair::LessThinking), Failure::Empty),
            ("CONTINUATION", again(Repair::LessThinking), Failure::Empty),
            ("SAFETY", Next::Nowhere, Failure::Safety),
            ("PROHIBITED_CONTENT", Next::Nowhere, Failure::Prohibited),
            ("BLOCKLIST", Next::Nowhere, Failure::Prohibited),
            ("SPII", Next::Nowhere, Failure::PersonalData),
            ("RECITATION", again(Repair::OwnWords), Failure::Recitation),
            (
                "IMAGE_RECITATION",
                again(Repair::OwnWords),
                Failure::Recitation,
            ),
            ("LANGUAGE", Next::Nowhere, Failure::Language),
            ("IMAGE_SAFETY", Next::Nowhere, Failure::PictureWithheld),
            (
                "IMAGE_PROHIBITED_CONTENT",
                Next::Nowhere,
                Failure::PictureWithheld,
            ),
            ("IMAGE_OTHER", insist, Failure::NoPicture),
            ("NO_IMAGE", insist, Failure::NoPicture),
            (
                "MALFORMED_FUNCTION_CALL",
                again(Repair::Same),
                Failure::Stopped,
            ),
            (
                "UNEXPECTED_TOOL_CALL",
                again(Repair::Same),
                Failure::Stopped,
            ),
            ("MALFORMED_RESPONSE", again(Repair::Same), Failure::Stopped),
            (
                "TOO_MANY_TOOL_CALLS",
                again(Repair::NoTools),
                Failure::Stopped,
            ),
            (
                "MISSING_THOUGHT_SIGNATURE",
                again(Repair::PlainSignatures),
                Failure::Stopped,
            ),
            ("ESCALATION", Next::Nowhere, Failure::Declined),
            ("OTHER", Next::AnotherKey, Failure::Stopped),
            ("INVENTED_IN_2027", Next::AnotherKey, Failure::Stopped),
        ] {
            let found = outcome(reason, " \n\u{200b}", Shown::Nothing);
            assert_eq!(found.result, Err(failure), "{reason}");
            assert_eq!(found.verdict.next, next, "{reason}");
            assert_eq!(found.verdict.effect, Effect::Healthy, "{reason}");
        }
    }

    #[test]
    fn an_account_that_is_limited_loses_its_key() {
        let found = outcome("PUP_LIMITED_DISABLED", "", Shown::Nothing);
        assert_eq!(found.verdict.effect, Effect::KillKey(Death::Suspended));
        assert_eq!(found.verdict.next, Next::AnotherKey);
    }

    #[test]
    fn a_filter_withdraws_what_was_shown_and_asks_no_other_key() {
        for (reason, failure) in [
            ("SAFETY", Failure::Safety),
            ("RECITATION", Failure::Recitation),
        ] {
            let found = outcome(reason, "half", Shown::Text);
            assert_eq!(found.result, Err(failure));
            assert_eq!(found.verdict.next, Next::Nowhere);
        }
    }

    #[test]
    fn a_blocked_prompt_is_the_questions_fault() {
        let blocked = Gathered {
            block_reason: Some("PROHIBITED_CONTENT".to_owned()),
            ..Gathered::default()
        };
        let found = of(blocked, Ok(()), Shown::Nothing, "asked", 10);
        assert_eq!(found.result, Err(Failure::PromptBlocked));
        assert_eq!(found.verdict.next, Next::Nowhere);
        assert_eq!(found.verdict.effect, Effect::Healthy);
    }

    #[test]
    fn what_broke_is_kept_when_it_was_shown_and_tried_again_when_not() {
        let suspect = Effect::Suspect(Cooldown::Configured);
        let unavailable = Gathered {
            error: Some(r#"{"code":503,"status":"UNAVAILABLE"}"#.to_owned()),
            ..ended(None, "Hel")
        };
        for (gathered, body, effect) in [
            (ended(None, "Hel"), Ok(()), suspect),
            (ended(None, "Hel"), Err(Fault::Closed), suspect),
            (ended(None, "Hel"), Err(Fault::TimedOut), suspect),
            (
                unavailable,
                Ok(()),
                Effect::Overloaded(Cooldown::Configured),
            ),
            (
                ended(Some("MALFORMED_RESPONSE"), "Hel"),
                Ok(()),
                Effect::Healthy,
            ),
        ] {
            let hidden = Gathered {
                parts: Vec::new(),
                error: gathered.error.clone(),
                finish_reason: gathered.finish_reason.clone(),
                ..Gathered::default()
            };
            let shown = of(gathered, body, Shown::Text, "asked", 10);
            let answer = shown.result.unwrap();
            assert_eq!(
                (answer.finish, text_of(&answer.parts).as_str()),
                (Finish::Broken, "Hel")
            );
            assert_eq!(shown.verdict.next, Next::Done);
            assert_eq!(shown.verdict.effect, effect);

            let hidden = of(hidden, body, Shown::Nothing, "asked", 10);
            assert!(hidden.result.is_err());
            assert!(matches!(
                hidden.verdict.next,
                Next::AnotherKey | Next::AnotherModel | Next::Repaired(Repair::Same)
            ));
            assert_eq!(hidden.verdict.effect, effect);
        }
    }

    #[test]
    fn a_connection_that_breaks_after_the_last_chunk_takes_nothing_away() {
        let whole = of(
            ended(Some("STOP"), "hi"),
            Err(Fault::Closed),
            Shown::Text,
            "asked",
            10,
        );
        assert_eq!(whole.result.unwrap().finish, Finish::Complete);
        assert_eq!(whole.verdict.effect, Effect::Healthy);
    }
}
