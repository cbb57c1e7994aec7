//! Sends a text of an Owner to many people: puts their rows into the outbox, a few ahead of delivery,
//! and shows the Owner how it goes.
//!
//! Invariant: the cursor moves in the commit that puts the rows, so whatever ends the process, each
//! person gets their row once.

use std::sync::Arc;
use std::time::Duration;

use log::{error, info};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::app::Ctx;
use crate::app::commands::broadcast::{is_for, progress, stop_button};
use crate::app::engine::Settings;
use crate::chat::broadcast::{Broadcast, Stage};
use crate::chat::rich::Rich;
use crate::chat::{Button, ChatId, JobId, Outbound, OutboxId, Payload, Rank, UserId};
use crate::clock::{self, Instant, Timestamp};
use crate::locale::Locale;
use crate::outgoing::Head;
use crate::render;
use crate::store::{Read, StoreError, Write};

/// Rows in the outbox at most: enough for three seconds at the pace of the bot.
const AHEAD: usize = 100;
/// People looked at in one commit, so that it is short however few of them are meant.
const SCAN: usize = 1_000;
const TICK: Duration = Duration::from_secs(1);
/// How often the Owner's message changes at most.
const TELL: Duration = Duration::from_secs(5);
/// Wait after something could not be stored.
const MISHAP: Duration = Duration::from_secs(5);

/// What is sent, in the form it is sent in.
#[derive(Clone)]
struct Letter {
    job: JobId,
    body: Rich,
    stop: Button,
    locale: &'static Locale,
}

/// One step, as it is to be stored.
struct Plan {
    letter: Option<Letter>,
    /// Rows that were put and may still wait.
    ahead: Vec<(ChatId, OutboxId)>,
    settings: Arc<Settings>,
    may_tell: bool,
    /// What the Owner's message was made to say last.
    said: Option<String>,
    now: Timestamp,
}

/// What a step has come to.
enum Step {
    /// Nothing is to be sent.
    Idle,
    /// Something else than the letter is to be sent.
    Another(JobId, Broadcast),
    Went {
        ahead: Vec<(ChatId, OutboxId)>,
        /// Rows that were taken out: Telegram keeps failing on them.
        given_up: Vec<(ChatId, OutboxId)>,
        heads: Vec<Head>,
        said: Option<String>,
        is_done: bool,
    },
}

/// Sends what is to be sent until `stop`.
pub(crate) async fn run(ctx: Arc<Ctx>, stop: CancellationToken) -> anyhow::Result<()> {
    let heads = ctx.engine.store.read(Read::outbox_heads).await?.into_iter();
    let left_over = heads.filter(|(head, _)| head.rank == Rank::Broadcast);
    let mut pump = Pump {
        ahead: left_over.map(|(head, _)| (head.chat, head.id)).collect(),
        letter: None,
        told: None,
        said: None,
        ctx,
    };
    stop.run_until_cancelled(pump.work()).await;
    Ok(())
}

struct Pump {
    ctx: Arc<Ctx>,
    letter: Option<Letter>,
    ahead: Vec<(ChatId, OutboxId)>,
    /// When the Owner's message was changed last, and to what.
    told: Option<Instant>,
    said: Option<String>,
}

impl Pump {
    async fn work(&mut self) {
        loop {
            match self.step().await {
                Ok(Step::Idle) => {
                    self.letter = None;
                    // Of one that was stopped.
                    let left = std::mem::take(&mut self.ahead);
                    self.forget(left).await;
                    self.ctx.engine.broadcasts.notified().await;
                }
                Ok(Step::Another(job, broadcast)) => {
                    self.letter = Some(self.letter_of(job, &broadcast).await);
                    self.said = None;
                }
                Ok(Step::Went {
                    ahead,
                    given_up,
                    heads,
                    said,
                    is_done,
                }) => {
                    (self.ahead, self.said) = (ahead, said);
                    self.forget(given_up).await;
                    self.ctx.mail.push(&heads).await;
                    if is_done {
                        info!("a broadcast is done");
                    } else {
                        sleep(TICK).await;
                    }
                }
                Err(StoreError::Closed) => std::future::pending().await,
                Err(error) => {
                    error!(err:% = error; "a broadcast is held up");
                    sleep(MISHAP).await;
                }
            }
        }
    }

    /// Rows that are not in the outbox any more are not sent.
    async fn forget(&self, rows: Vec<(ChatId, OutboxId)>) {
        for (chat, row) in rows {
            self.ctx.mail.forget(chat, row).await;
        }
    }

    async fn step(&mut self) -> Result<Step, StoreError> {
        let now = clock::instant();
        let told = self.told;
        let may_tell = told.is_none_or(|told| now.saturating_duration_since(told) >= TELL);
        if may_tell {
            self.told = Some(now);
        }
        let plan = Plan {
            letter: self.letter.clone(),
            ahead: self.ahead.clone(),
            settings: self.ctx.engine.settings(),
            may_tell,
            said: self.said.clone(),
            now: clock::now(),
        };
        // A write, so that it finds what was committed when it was called.
        let stored = self.ctx.engine.store.write(move |rows| plan.advance(rows));
        stored.await
    }

    async fn letter_of(&self, job: JobId, broadcast: &Broadcast) -> Letter {
        let engine = &self.ctx.engine;
        let owner = engine.store.person(broadcast.owner).await.ok().flatten();
        let locale = engine.settings().locale_of(owner.as_deref());
        Letter {
            job,
            body: render::answer(&broadcast.text, &broadcast.text),
            stop: stop_button(engine, locale, broadcast.owner),
            locale,
        }
    }
}

impl Plan {
    fn advance(&self, rows: &mut Write<'_>) -> Result<Step, StoreError> {
        let Some((id, mut job)) = rows.sending()? else {
            return Ok(Step::Idle);
        };
        let Some(letter) = self.letter.as_ref().filter(|letter| letter.job == id) else {
            return Ok(Step::Another(id, job));
        };
        let (mut ahead, mut given_up) = (Vec::new(), Vec::new());
        for &(chat, row) in &self.ahead {
            match rows.failing(row)? {
                // One that Telegram keeps failing on would hold up the end for a day.
                Some(failing) if failing.is_aside => {
                    rows.remove_outbound(row)?;
                    given_up.push((chat, row));
                }
                Some(_) => ahead.push((chat, row)),
                None => {}
            }
        }
        let before = job.clone();
        let mut heads = Vec::new();
        let room = AHEAD.saturating_sub(ahead.len());
        let was_last = self.put(rows, &mut job, (letter, room), &mut heads)?;
        ahead.extend(heads.iter().map(|head| (head.chat, head.id)));
        let is_done = was_last && ahead.is_empty();
        if is_done {
            job.stage = Stage::Done;
        }
        let mut said = self.said.clone();
        let words = progress(letter.locale, &job);
        if is_done || (self.may_tell && said.as_ref() != Some(&words)) {
            heads.extend(tell(rows, &mut job, letter, &words)?);
            said = Some(words);
        }
        if job != before {
            rows.put_broadcast(id, &job)?;
        }
        Ok(Step::Went {
            ahead,
            given_up,
            heads,
            said,
            is_done,
        })
    }

    /// Puts rows for at most so many people more; whether none is left.
    fn put(
        &self,
        rows: &mut Write<'_>,
        job: &mut Broadcast,
        (letter, room): (&Letter, usize),
        heads: &mut Vec<Head>,
    ) -> Result<bool, StoreError> {
        if room == 0 {
            return Ok(false);
        }
        let (people, are_last) = rows.people_after(job.cursor, SCAN)?;
        let gate = self.settings.gate();
        for (person, known) in people {
            if heads.len() >= room {
                return Ok(false);
            }
            job.cursor = person;
            if is_for(job, &gate, (person, &known), self.now) {
                let row = of_person(person, &letter.body);
                heads.push(Head::of(rows.put_outbound(&row)?, &row));
                job.put += 1;
            }
        }
        Ok(are_last)
    }
}

fn of_person(person: UserId, body: &Rich) -> Outbound {
    Outbound {
        rank: Rank::Broadcast,
        ..Outbound::new(ChatId(person.0), None, Payload::message(body.clone()))
    }
}

/// Brings the Owner's message up to date, in the row that does so already where that still waits.
fn tell(
    rows: &mut Write<'_>,
    job: &mut Broadcast,
    letter: &Letter,
    words: &str,
) -> Result<Option<Head>, StoreError> {
    let Some(message) = job.message else {
        return Ok(None);
    };
    let stop = (job.stage == Stage::Sending).then(|| letter.stop.clone());
    let payload = Payload::Edit {
        message,
        body: Rich::plain(words),
        buttons: stop.into_iter().collect(),
    };
    let row = Outbound::new(ChatId(job.owner.0), None, payload);
    if let Some(waiting) = job.progress
        && rows.set_outbound(waiting, &row)?
    {
        return Ok(None);
    }
    let id = rows.put_outbound(&row)?;
    job.progress = Some(id);
    Ok(Some(Head::of(id, &row)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::engine::Engine;
    use crate::chat::{Failing, MessageId};
    use crate::config::{Config, Need, Sources};
    use crate::locale::Language;
    use crate::store::{Open, Store};

    /// A broadcast that has a row for 7 and one for 8, on which Telegram keeps failing.
    async fn under_way(store: &Store) -> (JobId, [OutboxId; 2]) {
        let written = store.write(|rows| {
            let job = Broadcast {
                stage: Stage::Sending,
                message: Some(MessageId(5)),
                cursor: UserId(i64::MAX),
                put: 2,
                ..Broadcast::new(UserId(1), "Hi".to_owned())
            };
            let id = rows.begin_broadcast(&job)?;
            let body = Rich::plain("Hi");
            let one = rows.put_outbound(&of_person(UserId(7), &body))?;
            let other = rows.put_outbound(&of_person(UserId(8), &body))?;
            let failing = Failing {
                is_aside: true,
                ..Failing::default()
            };
            rows.note_failing(other, failing, None)?;
            Ok((id, [one, other]))
        });
        written.await.unwrap()
    }

    #[tokio::test]
    async fn one_that_always_fails_is_given_up_and_the_owner_reads_only_what_is_new() {
        let folder = tempfile::tempdir().unwrap();
        let sources = Sources::below(folder.path(), &[]);
        let (config, _) = Config::load(&sources, Need::Nothing).unwrap();
        let path = folder.path().join("bot.redb");
        let store = Store::open(&path, Open::CreateIfMissing).unwrap();
        let engine = Engine::new(config, store.clone()).unwrap();
        let (job, [one, other]) = under_way(&store).await;
        let plan = |ahead: &[(ChatId, OutboxId)], said: Option<String>| {
            let locale = Locale::of(Language::En);
            let letter = Letter {
                job,
                body: Rich::plain("Hi"),
                stop: stop_button(&engine, locale, UserId(1)),
                locale,
            };
            let plan = Plan {
                letter: Some(letter),
                ahead: ahead.to_vec(),
                settings: engine.settings(),
                may_tell: true,
                said,
                now: clock::now(),
            };
            store.write(move |rows| plan.advance(rows))
        };
        let (to_seven, to_eight) = ((ChatId(7), one), (ChatId(8), other));
        let Step::Went {
            ahead,
            given_up,
            heads,
            said,
            is_done: false,
        } = plan(&[to_seven, to_eight], None).await.unwrap()
        else {
            panic!("it is not done");
        };
        assert_eq!((ahead, given_up), (vec![to_seven], vec![to_eight]));
        assert_eq!(heads.len(), 1, "the Owner reads of it");
        let Step::Went { heads, said, .. } = plan(&[to_seven], said).await.unwrap() else {
            panic!("it goes on");
        };
        assert!(heads.is_empty(), "nothing is new");
        let delivered = store.write(move |rows| {
            let rank = (Rank::Broadcast, None);
            rows.acknowledge(one, rank, None)
        });
        delivered.await.unwrap();
        let Step::Went { is_done: true, .. } = plan(&[to_seven], said).await.unwrap() else {
            panic!("it is done");
        };
        let ended = store.read(Read::broadcasts).await.unwrap().pop().unwrap().1;
        assert_eq!(
            (ended.stage, ended.delivered, ended.lost()),
            (Stage::Done, 1, 1)
        );
    }
}
