//! The loop of a turn: the model is called, what its answer asks for is done, and it is called with
//! the results, until it asks for nothing more.
//!
//! Invariant: there is an end; and what a person may see of the answers comes in the order in which
//! they were made.

use std::sync::Arc;

use crate::app::call::{self, Called, Question};
use crate::app::engine::{Engine, Settings};
use crate::chat::Part;
use crate::chat::answer::{Answer, Failure};
use crate::chat::part::PromptPart;
use crate::store::StoreError;

/// How often the model is called in one turn at the most.
const MOST_CALLS: usize = 8;

/// Calls until there is an answer that asks for nothing, or another end.
pub(super) async fn until_answered(
    engine: &Arc<Engine>,
    settings: &Settings,
    mut question: Question<'_>,
) -> Result<Called, StoreError> {
    let (mut said, mut changes) = (Vec::new(), Vec::new());
    for _ in 0..MOST_CALLS {
        let called = call::until_answered(engine, settings, &question).await?;
        changes.extend(called.changes);
        let answer = match called.result {
            Ok(answer) => answer,
            Err(ending) => {
                let result = Err(ending);
                return Ok(Called {
                    result,
                    changes,
                    ..called
                });
            }
        };
        let results = results(&answer.parts);
        if results.is_empty() {
            said.extend(answer.parts);
            let result = Ok(Answer {
                parts: said,
                ..answer
            });
            return Ok(Called {
                result,
                changes,
                ..called
            });
        }
        question = question.goes_on(&answer, results);
        // What was signed is for the calls of this turn.
        let is_signed = |part: &Part| matches!(part, Part::Signed(_));
        said.extend(answer.parts.into_iter().filter(|part| !is_signed(part)));
    }
    Ok(Called {
        result: Err(Failure::Stopped.into()),
        changes,
        by: None,
    })
}

/// What comes of all that these parts ask for; nothing, where they ask for nothing.
fn results(parts: &[Part]) -> Vec<PromptPart> {
    parts.iter().filter_map(result).collect()
}

/// What comes of a part that asks for something: of none, until there are tools.
const fn result(_part: &Part) -> Option<PromptPart> {
    None
}

impl Question<'_> {
    /// The same question, after this answer to it and what came of what that asked for.
    fn goes_on(self, answer: &Answer, results: Vec<PromptPart>) -> Self {
        self.view.sight.clear();
        let made_all = match &self.signed_by {
            Some(model) => *model == answer.model,
            None => !self.prompt.has_answers(),
        };
        Self {
            signed_by: made_all.then(|| answer.model.clone()),
            prompt: Arc::new(self.prompt.followed_by(&answer.parts, results)),
            ..self
        }
    }
}
