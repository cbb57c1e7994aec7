//! The loop of a turn: the model is called, what its answer asks for is done, and it is called with
//! the results, until it asks for nothing more.
//!
//! Invariant: there is an end; what a person may see of the answers comes in the order in which they
//! were made; and what one call said stays where a later one fails, unless a filter refused that.

use std::sync::Arc;

use crate::app::call::{self, By, Called, Question, View};
use crate::app::ending::{Ending, Request};
use crate::app::engine::{Engine, Settings};
use crate::app::tools::Toolbox;
use crate::chat::Part;
use crate::chat::answer::{Answer, Failure, Finish};
use crate::chat::part::PromptPart;
use crate::keys::Change;
use crate::spool::Spooled;
use crate::store::StoreError;

/// How often the model is called in one turn at the most.
const MOST_CALLS: usize = 8;

/// Calls until there is an answer that asks for nothing, or another end.
pub(super) async fn until_answered(
    engine: &Arc<Engine>,
    settings: &Settings,
    question: Question<'_>,
    toolbox: &mut Toolbox<'_>,
) -> Result<Called, StoreError> {
    let mut rounds = Rounds {
        question,
        said: None,
        changes: Vec::new(),
        files: Vec::new(),
    };
    for _ in 0..MOST_CALLS {
        let called = call::until_answered(engine, settings, &rounds.question).await?;
        let results = match &called.result {
            Ok(answer) if answer.asks() => toolbox.run(&answer.calls).await,
            Ok(_) | Err(_) => Vec::new(),
        };
        if let Some(end) = rounds.take(called, results) {
            return Ok(end);
        }
    }
    Ok(rounds.end(Failure::Stopped.into()))
}

/// A turn between two calls.
struct Rounds<'a> {
    /// What the next call asks.
    question: Question<'a>,
    /// What the calls so far said, and what made the newest of it.
    said: Option<(Answer, Option<By>)>,
    changes: Vec<Change>,
    /// What the calls so far made.
    files: Vec<Spooled>,
}

impl Rounds<'_> {
    /// Takes what came of a call, with the results of what that asked for. The end of the turn, where
    /// there is one; `None` where another call follows.
    fn take(&mut self, called: Called, results: Vec<PromptPart>) -> Option<Called> {
        self.changes.extend(called.changes);
        self.files.extend(called.files);
        let mut answer = match called.result {
            Ok(answer) => answer,
            Err(ending) => return Some(self.end(ending)),
        };
        let is_last = results.is_empty();
        if !is_last {
            self.question.go_on(&answer, results);
        }
        if !answer.calls.is_empty() {
            // What was signed is for the calls of this turn.
            answer.parts.retain(|part| !matches!(part, Part::Signed(_)));
            answer.calls.clear();
        }
        if let Some((said, _)) = self.said.take() {
            answer.parts.splice(0..0, said.parts);
        }
        if is_last {
            return Some(self.ended(Ok(answer), called.by));
        }
        self.said = Some((answer, called.by));
        None
    }

    /// The end of a turn whose newest call has no answer: what the earlier ones said, if anything.
    fn end(&mut self, ending: Ending) -> Called {
        let said = self.said.take().filter(|(said, _)| !said.parts.is_empty());
        match said.zip(kept_as(ending, self.question.view)) {
            Some(((said, by), finish)) => self.ended(Ok(Answer { finish, ..said }), by),
            None => self.ended(Err(ending), None),
        }
    }

    fn ended(&mut self, result: Result<Answer, Ending>, by: Option<By>) -> Called {
        Called {
            result,
            changes: std::mem::take(&mut self.changes),
            by,
            files: std::mem::take(&mut self.files),
        }
    }
}

/// How an answer counts as finished of which only the earlier calls are left, because a later one
/// ended in this way; `None` where they are dropped as well.
fn kept_as(ending: Ending, view: View<'_>) -> Option<Finish> {
    let is_refused = matches!(ending, Ending::Failed(failure) if failure.withdraws());
    let is_stopped = view.cancel.requested() == Some(Request::Stopped);
    if is_refused {
        None
    } else if ending == Ending::Discarded && is_stopped {
        // The person saw nothing of this call, and perhaps something of an earlier one.
        view.sight.is_seen().then_some(Finish::Stopped)
    } else {
        ending.keeps_seen()
    }
}

impl Question<'_> {
    /// Becomes the same question after this answer to it and what came of what that asked for.
    fn go_on(&mut self, answer: &Answer, results: Vec<PromptPart>) {
        self.view.sight.goes_on();
        let made_all = match &self.signed_by {
            Some(model) => *model == answer.model,
            None => !self.prompt.has_answers(),
        };
        self.signed_by = made_all.then(|| answer.model.clone());
        self.prompt = Arc::new(self.prompt.followed_by(&answer.parts, results));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use serde_json::Map;

    use super::*;
    use crate::app::call::{Run, Sight};
    use crate::app::ending::Cancel;
    use crate::catalog::Tier;
    use crate::chat::JobId;
    use crate::chat::answer::Viewer;
    use crate::chat::prompt::{Message, Prompt, Speaker};
    use crate::chat::tool::ToolCall;
    use crate::clock;
    use crate::config::Stream;
    use crate::gemini::shape::Output;

    const ASKS: &str = "let me see?";

    /// What comes of the calls of an answer.
    fn looked_up(called: &Called) -> Vec<PromptPart> {
        let calls = called.result.iter().filter(|answer| answer.asks());
        let calls = calls.flat_map(|answer| &answer.calls);
        let result = |call: &ToolCall| PromptPart::Result(call.result(Ok("42".into())));
        calls.map(result).collect()
    }

    fn asking(parts: Vec<Part>) -> Answer {
        let call = ToolCall {
            id: None,
            name: "look".to_owned(),
            arguments: Map::new(),
        };
        Answer {
            calls: vec![call],
            ..said(parts)
        }
    }

    fn said(parts: Vec<Part>) -> Answer {
        let answer = Answer::of_text(String::new(), Finish::Complete, "m");
        Answer { parts, ..answer }
    }

    fn text(text: &str) -> Part {
        Part::Text(text.to_owned())
    }

    /// What comes of a turn whose calls end so, where the person saw the first answer grow.
    fn after(calls: Vec<Result<Answer, Ending>>, cancel: &Cancel) -> Result<Answer, Ending> {
        let sight = Sight::new();
        sight.seen.store(true, Ordering::Relaxed);
        let asked = Message {
            speaker: Speaker::Person,
            parts: vec![PromptPart::Text("how much?".to_owned())],
        };
        let question = Question {
            prompt: Arc::new(Prompt::new(String::new(), vec![asked])),
            kind: Tier::Lite.into(),
            output: Output::Text,
            signed_by: None,
            groups: Vec::new(),
            rank: 0,
            deadline: clock::instant(),
            run: Run {
                job: JobId(1),
                crashes: 0,
            },
            view: View {
                stream: Stream::Auto,
                viewer: Viewer::Nobody,
                sight: &sight,
                cancel,
            },
        };
        let mut rounds = Rounds {
            question,
            said: None,
            changes: Vec::new(),
            files: Vec::new(),
        };
        sight
            .visible
            .send_modify(|visible| visible.text.push_str(ASKS));
        for (nth, result) in calls.into_iter().enumerate() {
            assert_eq!(rounds.question.prompt.messages.len(), 1 + 2 * nth);
            let signed_by = rounds.question.signed_by.as_deref();
            assert_eq!(signed_by, (nth > 0).then_some("m"));
            assert_eq!(sight.so_far().as_deref(), Some(ASKS));
            let called = Called {
                result,
                changes: Vec::new(),
                by: None,
                files: Vec::new(),
            };
            let results = looked_up(&called);
            if let Some(end) = rounds.take(called, results) {
                return end.result;
            }
        }
        rounds.end(Failure::Stopped.into()).result
    }

    #[test]
    fn what_an_earlier_call_said_stays_whatever_comes_of_a_later_one() {
        let cancel = Cancel::default();
        let asks = || Ok(asking(vec![text(ASKS), Part::Signed(b"{}".to_vec())]));
        let then = |second| after(vec![asks(), second], &cancel);
        let broken = |finish| Answer {
            finish,
            ..said(vec![text(ASKS)])
        };
        let signed = Part::Signed(b"[]".to_vec());
        assert_eq!(
            then(Ok(said(vec![text("42"), signed.clone()]))),
            Ok(said(vec![text(ASKS), text("42"), signed]))
        );
        let refused = Err(Ending::Failed(Failure::Prohibited));
        assert_eq!(then(refused.clone()), refused);
        let failed = Err(Ending::Failed(Failure::Busy));
        assert_eq!(then(failed.clone()), Ok(broken(Finish::Broken)));
        assert_eq!(after(vec![failed.clone()], &cancel), failed);
        // It asks for ever.
        let twice = Answer {
            finish: Finish::Broken,
            ..said(vec![text(ASKS), text(ASKS)])
        };
        assert_eq!(then(asks()), Ok(twice));
        let discarded = Err(Ending::Discarded);
        assert_eq!(then(discarded.clone()), discarded);
        cancel.end(Request::Stopped);
        assert_eq!(then(discarded), Ok(broken(Finish::Stopped)));
    }

    #[test]
    fn what_an_answer_that_broke_off_asks_for_is_not_done() {
        let broken = Answer {
            finish: Finish::Broken,
            ..asking(vec![text(ASKS), Part::Signed(b"{}".to_vec())])
        };
        let end = after(vec![Ok(broken.clone())], &Cancel::default()).unwrap();
        assert_eq!((end.finish, end.parts), (broken.finish, vec![text(ASKS)]));
        assert_eq!(end.calls, []);
    }
}
