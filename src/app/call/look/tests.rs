use std::cell::{Cell, RefCell};

use super::*;
use crate::chat::answer::Failure;
use crate::keys::{Cooldown, Counted, Next, Verdict};

fn failed(effect: Effect) -> Result<(), Judgement> {
    let verdict = Verdict {
        effect,
        next: Next::AnotherKey,
        learned: Vec::new(),
        counted: Counted::Yes,
        tokens: None,
    };
    Err(Judgement {
        verdict,
        failure: Failure::Unexplained,
    })
}

#[test]
fn only_a_refusal_of_the_key_or_its_project_keeps_it_dead() {
    let refused = |death| (Retested::Refused, Some(death));
    let nothing = (Retested::Unknown, None);
    let cases = [
        (Ok(()), (Retested::Accepted, None)),
        (
            failed(Effect::KillKey(Death::Leaked)),
            refused(Death::Leaked),
        ),
        (
            failed(Effect::KillProject(Death::ProjectDenied)),
            refused(Death::ProjectDenied),
        ),
        (
            failed(Effect::Refused(Death::Unlisted)),
            refused(Death::Unlisted),
        ),
        (failed(Effect::Innocent), nothing),
        (failed(Effect::Strike(Cooldown::Configured)), nothing),
        (failed(Effect::Unserved), nothing),
        (failed(Effect::Page), nothing),
    ];
    for (answer, expected) in cases {
        assert_eq!(meaning(&answer), expected, "{answer:?}");
    }
}

#[test]
fn a_model_that_was_shut_down_is_no_reason_to_leave_a_key_dead() {
    let missing = || failed(Effect::ModelMissing(Cooldown::Configured));
    let refused = || failed(Effect::KillKey(Death::Invalid));
    let cases = [
        (vec![missing(), Ok(()), refused()], Some(Ok(()))),
        (vec![missing(), refused(), Ok(())], Some(refused())),
        (vec![missing(), missing()], Some(missing())),
        (vec![], None),
    ];
    for (answers, expected) in cases {
        assert_eq!(first_that_is_there(answers.into_iter()), expected);
    }
}

#[test]
fn all_models_of_one_look_share_its_patience() {
    let second = Duration::from_secs(1);
    let (clock, asked) = (Cell::new(clock::instant()), RefCell::new(Vec::new()));
    let models = ["a", "b", "c"].map(str::to_owned);
    let ask = |model: &String, patience: Duration| {
        asked.borrow_mut().push((model.clone(), patience));
        clock.set(clock.get() + patience.min(5 * second));
        failed(Effect::ModelMissing(Cooldown::Configured))
    };
    let answer = first_within(8 * second, || clock.get(), &models, ask);
    assert_eq!(meaning(&answer.unwrap()), NOTHING);
    let expected = [("a".to_owned(), 8 * second), ("b".to_owned(), 3 * second)];
    assert_eq!(*asked.borrow(), expected);
}
