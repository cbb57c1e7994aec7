//! What is about everybody needs a quorum (design §4): two failures in a row on keys of different
//! projects, with no success between. Pure; owned by [`super::outages`]. Invariant: one project alone
//! is believed only where no other one lives.

use crate::clock::Timestamp;

/// Failures in a row that are about everybody. Not stored: after a restart the first one is missing,
/// never one too many.
#[derive(Debug, Default)]
pub(super) struct Quorum {
    first: Option<Failure>,
    /// The second one came: what is shut now is shut because of them.
    reached: bool,
}

#[derive(Debug)]
struct Failure {
    project: usize,
    /// When its call left.
    left: Timestamp,
}

impl Quorum {
    /// One failure more of a call that left then; whether it is to be believed. `alone`: no other
    /// project lives, so the same one may say it twice.
    pub(super) fn fail(&mut self, project: usize, left: Timestamp, alone: bool) -> bool {
        match &self.first {
            None => self.first = Some(Failure { project, left }),
            Some(first) if first.project != project || alone => self.reached = true,
            Some(_) => {}
        }
        self.reached
    }

    /// A call that left then has succeeded; whether that takes back what was believed. One that left
    /// before the first failure did says nothing of now.
    pub(super) fn succeed(&mut self, left: Timestamp) -> bool {
        let is_news = self.first.as_ref().is_some_and(|first| left >= first.left);
        let taken_back = is_news && self.reached;
        if is_news {
            *self = Self::default();
        }
        taken_back
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_projects_in_a_row_are_believed_and_one_is_not() {
        let at = Timestamp::from_secs;
        let cases = [
            // (projects that fail one after another; 0 is a success; whether no other lives)
            (&[1][..], false, false),
            (&[1, 1, 1], false, false),
            (&[1, 2], false, true),
            (&[1, 1, 2], false, true),
            (&[1, 0, 2], false, false),
            (&[1, 0, 2, 1], false, true),
            (&[1, 1], true, true),
            (&[1], true, false),
        ];
        for (calls, alone, believed) in cases {
            let mut quorum = Quorum::default();
            let mut reached = false;
            for (second, &project) in (1..).zip(calls) {
                reached = match project {
                    0 => quorum.succeed(at(second)),
                    _ => quorum.fail(project, at(second), alone),
                };
            }
            assert_eq!(reached, believed, "{calls:?}, alone: {alone}");
        }
    }

    #[test]
    fn only_a_call_that_left_after_the_first_failure_takes_it_back() {
        let at = Timestamp::from_secs;
        let mut quorum = Quorum::default();
        quorum.fail(1, at(10), false);
        assert!(quorum.fail(2, at(11), false));
        assert!(!quorum.succeed(at(9)), "it left before all this");
        assert!(quorum.fail(1, at(12), false), "it stays believed");
        assert!(quorum.succeed(at(10)));
        assert!(!quorum.succeed(at(13)), "there is nothing left");
        assert!(!quorum.fail(2, at(14), false), "it begins anew");
    }
}
