//! Who has had enough of a group's day (design §3, "Fair share"): once half of it is spent, whoever
//! has had more than twice the even share goes to the smallest models, behind the others. Pure.
//!
//! A day of a key group is Google's, as its quota is. What counts are answers by Flash and Pro
//! models, of which keys have few; everybody counts as active who was answered at all.

use crate::catalog::Tier;

/// What was had of shared keys on one day: by one person, or by all together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Had {
    /// Answers by Flash and Pro models.
    pub(crate) answers: u32,
    pub(crate) people: u32,
}

impl Had {
    /// The same with one answer more by a model of this tier, of somebody who had none before or is
    /// counted already.
    pub(crate) fn with(self, tier: Tier, is_new: bool) -> Self {
        Self {
            answers: self.answers.saturating_add(u32::from(tier > Tier::Lite)),
            people: self.people.saturating_add(u32::from(is_new)),
        }
    }

    /// Whether one person's part of this is more than twice the even share.
    pub(crate) fn is_exceeded_by(self, own: Self) -> bool {
        let (own, all) = (u64::from(own.answers), u64::from(self.answers));
        own * u64::from(self.people) > 2 * all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_had_more_than_twice_the_even_share_has_had_enough() {
        let rows = [
            // (own answers, answers of all, active people, enough)
            (0, 0, 0, false),
            (0, 0, 1, false),
            (9, 9, 1, false),
            // Of two nobody has more than both together.
            (9, 9, 2, false),
            (6, 9, 3, false),
            (7, 9, 3, true),
            (9, 9, 3, true),
            (4, 20, 10, false),
            (5, 20, 10, true),
            (1, 1, 3, true),
            (0, 20, 10, false),
            (u32::MAX, u32::MAX, u32::MAX, true),
        ];
        for (own, answers, people, enough) in rows {
            let all = Had { answers, people };
            let own = Had {
                answers: own,
                people: 1,
            };
            assert_eq!(all.is_exceeded_by(own), enough, "{own:?} of {all:?}");
        }
    }

    #[test]
    fn at_an_even_share_nobody_has_had_enough() {
        for people in 1..50 {
            for each in 0..9 {
                let all = Had {
                    answers: people * each,
                    people,
                };
                for own in [each, 2 * each] {
                    let own = Had {
                        answers: own,
                        people: 1,
                    };
                    assert!(!all.is_exceeded_by(own), "{own:?} of {all:?}");
                }
            }
        }
    }
}
