//! What is about everybody needs more than one voice (design §4): two failures in a row on keys of
//! different projects, with no success between. Pure; owned by the pool. Invariant: one project
//! alone is believed only where no other one lives.

use crate::clock::Timestamp;

/// Failures in a row that are about everybody. Not stored: after a restart the first voice is
/// missing, never one too many.
#[derive(Debug, Default)]
pub(super) struct Voices {
    first: Option<Voice>,
    /// The second one was heard: what rests now rests because of them.
    believed: bool,
}

#[derive(Debug)]
struct Voice {
    project: usize,
    /// When its call left.
    left: Timestamp,
}

impl Voices {
    /// One failure more of a call that left then; whether it is to be believed. `alone`: no other
    /// project lives, so the same one may say it twice.
    pub(super) fn hear(&mut self, project: usize, left: Timestamp, alone: bool) -> bool {
        match &self.first {
            None => self.first = Some(Voice { project, left }),
            Some(first) if first.project != project || alone => self.believed = true,
            Some(_) => {}
        }
        self.believed
    }

    /// A call that left then has succeeded; whether that takes back what was believed. One that left
    /// before the first voice did says nothing of now.
    pub(super) fn contradict(&mut self, left: Timestamp) -> bool {
        let is_news = self.first.as_ref().is_some_and(|first| left >= first.left);
        let taken_back = is_news && self.believed;
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
            let mut voices = Voices::default();
            let mut heard = false;
            for (second, &project) in (1..).zip(calls) {
                heard = match project {
                    0 => voices.contradict(at(second)),
                    _ => voices.hear(project, at(second), alone),
                };
            }
            assert_eq!(heard, believed, "{calls:?}, alone: {alone}");
        }
    }

    #[test]
    fn only_a_call_that_left_after_the_first_voice_takes_it_back() {
        let at = Timestamp::from_secs;
        let mut voices = Voices::default();
        voices.hear(1, at(10), false);
        assert!(voices.hear(2, at(11), false));
        assert!(!voices.contradict(at(9)), "it left before all this");
        assert!(voices.hear(1, at(12), false), "it stays believed");
        assert!(voices.contradict(at(10)));
        assert!(!voices.contradict(at(13)), "there is nothing left");
        assert!(!voices.hear(2, at(14), false), "it begins anew");
    }
}
