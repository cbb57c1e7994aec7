//! What became of each question of a chat: its messages are held against the questions in their
//! order, and each question ends in one answer or one explanation. Pure.
//!
//! An answer is known by the mark of its question. An explanation is known by the message that it
//! replies to (groups), else by its place between answers. A repeat is the text of the message
//! before it, said again after a kill.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::world::telegram::Message;

/// A question, in the order of its chat.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// The id of its message.
    pub(crate) message: i64,
    /// Words that its answer holds, one for each part.
    pub(crate) parts: Vec<String>,
}

/// The balance of one chat.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Account {
    pub(crate) answered: usize,
    pub(crate) explained: usize,
    pub(crate) lost: usize,
    /// Repeats, by the number of kills before them.
    pub(crate) repeats: BTreeMap<usize, usize>,
    /// Explanations that are counted for a question of their own, and look like a repeat too.
    pub(crate) doubtful: usize,
    /// Messages that no rule allows.
    pub(crate) strange: Vec<String>,
}

struct Explanation<'a> {
    message: &'a Message,
    life: usize,
    looks_repeated: bool,
}

/// Goes through the messages of a chat in their order.
struct Reader<'a> {
    asked: &'a [Asked],
    /// Questions and parts of the current one that are done.
    done: usize,
    parts: usize,
    explanations: Vec<Explanation<'a>>,
    account: Account,
}

/// Balances a chat; `kills` are the moments of the kills, in their order.
pub(crate) fn balance(asked: &[Asked], heard: &[Message], kills: &[Duration]) -> Account {
    let mut reader = Reader {
        asked,
        done: 0,
        parts: 0,
        explanations: Vec::new(),
        account: Account::default(),
    };
    let life_of = |message: &Message| kills.iter().filter(|kill| **kill < message.at).count();
    let mut before: Option<&Message> = None;
    for message in heard {
        let life = life_of(message);
        let looks_repeated = before.is_some_and(|before| {
            before.text == message.text
                && before.reply_to == message.reply_to
                && life_of(before) < life
        });
        before = Some(message);
        match (reader.part_in(&message.text), looks_repeated) {
            (Some(_), true) => *reader.account.repeats.entry(life).or_default() += 1,
            (Some((question, part)), false) => reader.hear_part(question, part, &message.text),
            (None, _) => reader.explanations.push(Explanation {
                message,
                life,
                looks_repeated,
            }),
        }
    }
    reader.settle(asked.len());
    reader.account
}

impl Reader<'_> {
    /// Which part of which answer a text is.
    fn part_in(&self, text: &str) -> Option<(usize, usize)> {
        let part_of = |asked: &Asked| asked.parts.iter().position(|part| text.contains(part));
        let found = |(at, asked)| part_of(asked).map(|part| (at, part));
        self.asked.iter().enumerate().find_map(found)
    }

    fn hear_part(&mut self, question: usize, part: usize, text: &str) {
        if part == 0 && self.parts == 0 && question >= self.done {
            self.settle(question);
        }
        if (question, part) != (self.done, self.parts) || !self.explanations.is_empty() {
            let beginning: String = text.chars().take(40).collect();
            let what = format!("out of order: {beginning}");
            self.account.strange.push(what);
            return;
        }
        self.parts += 1;
        if self.parts == self.asked[question].parts.len() {
            self.account.answered += 1;
            (self.done, self.parts) = (question + 1, 0);
        }
    }

    /// The explanations heard since the last answer are those of the questions before this one.
    fn settle(&mut self, next: usize) {
        let mut left: Vec<usize> = (self.done..next).collect();
        let mut spare = self.explanations.len().saturating_sub(left.len());
        for said in std::mem::take(&mut self.explanations) {
            let own = match said.message.reply_to {
                Some(to) => left.iter().position(|at| self.asked[*at].message == to),
                None if said.looks_repeated && spare > 0 => None,
                None => (!left.is_empty()).then_some(0),
            };
            if let Some(at) = own {
                // An explanation of a later question does not excuse the earlier one.
                self.account.lost += at;
                left.drain(..=at);
                self.account.explained += 1;
                self.account.doubtful += usize::from(said.looks_repeated);
            } else if said.looks_repeated {
                spare = spare.saturating_sub(1);
                *self.account.repeats.entry(said.life).or_default() += 1;
            } else {
                let what = format!("beside every question: {}", said.message.text);
                self.account.strange.push(what);
            }
        }
        self.account.lost += left.len();
        (self.done, self.parts) = (next, 0);
    }
}

mod tests {
    use super::{Account, Asked, balance};
    use crate::world::telegram::Message;
    use std::time::Duration;

    /// Three questions: `a`, `b` in two parts, `c`; killed at 10 s.
    fn of(heard: &[(&str, Option<i64>, u64)]) -> Account {
        let asked = [("a", 1), ("b", 2), ("c", 3)].map(|(mark, message)| Asked {
            message,
            parts: match mark {
                "b" => vec!["<b1>".to_owned(), "<b2>".to_owned()],
                _ => vec![format!("<{mark}>")],
            },
        });
        let heard: Vec<Message> = heard
            .iter()
            .map(|&(text, reply_to, at)| Message {
                text: text.to_owned(),
                reply_to,
                at: Duration::from_secs(at),
                ..Message::default()
            })
            .collect();
        balance(&asked, &heard, &[Duration::from_secs(10)])
    }

    fn figures(account: &Account) -> [usize; 5] {
        let repeats = account.repeats.values().sum();
        let strange = account.strange.len();
        let Account {
            answered,
            explained,
            lost,
            ..
        } = *account;
        [answered, explained, lost, repeats, strange]
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "one table")]
    fn each_question_is_answered_explained_or_lost() {
        let told = ("sorry", None, 1);
        let again = ("sorry", None, 11);
        let table: [(&[_], [usize; 5]); 14] = [
            (&[], [0, 0, 3, 0, 0]),
            (
                &[
                    ("<a>", None, 1),
                    ("<b1>", None, 1),
                    ("<b2>", None, 1),
                    ("<c>", None, 1),
                ],
                [3, 0, 0, 0, 0],
            ),
            (&[("<a>", None, 1), told, ("<c>", None, 1)], [2, 1, 0, 0, 0]),
            (&[("<a>", None, 1), ("<c>", None, 1)], [2, 0, 1, 0, 0]),
            // Only the last message, and only after a kill, may come again.
            (
                &[("<a>", None, 1), ("<a>", None, 11), told, told],
                [1, 2, 0, 1, 0],
            ),
            (
                &[("<a>", None, 1), ("<a>", None, 1), told, told],
                [1, 2, 0, 0, 1],
            ),
            (
                &[("<a>", None, 1), told, ("<a>", None, 11), told],
                [1, 2, 0, 0, 1],
            ),
            // A doubled sentence stands for one question.
            (
                &[told, again, ("<b1>", None, 11), ("<b2>", None, 11)],
                [1, 1, 1, 1, 0],
            ),
            (
                &[told, told, ("<b1>", None, 11), ("<b2>", None, 11)],
                [1, 1, 1, 0, 1],
            ),
            // A reply tells its question.
            (
                &[
                    ("sorry", Some(1), 1),
                    ("sorry", Some(1), 11),
                    ("<c>", None, 11),
                ],
                [1, 1, 1, 1, 0],
            ),
            (
                &[
                    ("sorry", Some(1), 1),
                    ("sorry", Some(2), 11),
                    ("<c>", None, 11),
                ],
                [1, 2, 0, 0, 0],
            ),
            (
                &[
                    ("sorry", Some(1), 1),
                    ("sorry", Some(1), 2),
                    ("<c>", None, 11),
                ],
                [1, 1, 1, 0, 1],
            ),
            // Order, and halves.
            (
                &[told, ("<b2>", None, 1), ("<c>", None, 1)],
                [1, 1, 1, 0, 1],
            ),
            (&[("<c>", None, 1), ("<a>", None, 1)], [1, 0, 2, 0, 1]),
        ];
        for (heard, expected) in table {
            let account = of(heard);
            assert_eq!(figures(&account), expected, "{heard:?}: {account:?}");
        }
    }
}
