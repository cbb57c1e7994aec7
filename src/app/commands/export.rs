//! `/export`: one's own questions and their answers as files.
//!
//! Invariant: of one export at most one file lies in the outbox, so that it fills neither disk nor memory,
//! whatever its person has asked.

use std::time::Duration;

use log::{error, info, warn};
use serde::Serialize;
use tokio::time::sleep;

use super::entry::{Given, Reply};
use super::rare::Busy;
use crate::app::Ctx;
use crate::chat::answer::Failure;
use crate::chat::part::text_of;
use crate::chat::{ChatId, Lane, Outbound, Payload, StoredTurn, UserId};
use crate::clock;
use crate::locale::commands::texts;
use crate::outgoing::Head;
use crate::store::{OwnRounds, Read, StoreError, Walked, Write};

texts! {
    "export" {
        EXPORTED = "done",
        EXPORTED_IN_FILES = "done_in_files",
        NOTHING_TO_EXPORT = "nothing",
        UNDER_WAY = "under_way",
        OTHERS = "others",
        TOO_OFTEN = "too_often",
        NOT_TAKEN = "not_taken",
    }
}

/// Bytes of one file of an export: what the bot has of it in memory at a time.
const FILE_BYTES: usize = 1 << 20;
/// How often it is looked whether a file was delivered …
const LOOK: Duration = Duration::from_millis(500);
/// … and how long a file may take.
const PATIENCE: Duration = Duration::from_mins(10);

/// A round as it is handed over, one to a line.
#[derive(Serialize)]
struct Line<'a> {
    /// RFC 3339, in UTC.
    asked: String,
    /// Of Telegram; that of a private chat is the person's own.
    chat: i64,
    question: &'a str,
    answer: &'a str,
    model: &'a str,
}

fn line(chat: ChatId, turn: &StoredTurn) -> String {
    let (question, answer) = (turn.asked_text(), text_of(&turn.answer));
    let line = Line {
        asked: clock::rfc3339(turn.asked),
        chat: chat.0,
        question: &question,
        answer: &answer,
        model: &turn.model,
    };
    serde_json::to_string(&line).unwrap_or_default()
}

/// Where an export goes, and how far it has come.
struct Export<'a> {
    ctx: &'a Ctx,
    lane: Lane,
    day: String,
    files: usize,
    rounds: usize,
}

impl Export<'_> {
    fn file(&mut self, text: String) -> Option<Outbound> {
        let Lane::Telegram { chat, topic, .. } = self.lane else {
            return None;
        };
        self.files += 1;
        let number = match self.files {
            1 => String::new(),
            more => format!("-{more}"),
        };
        let payload = Payload::Document {
            name: format!("questions-{}{number}.jsonl", self.day),
            text,
            reply_to: None,
        };
        Some(Outbound::new(chat, topic, payload))
    }

    /// Hands over a file that is followed by others, and waits until Telegram has it.
    async fn send(&mut self, text: String) -> Result<(), Stopped> {
        let Some(row) = self.file(text) else {
            return Ok(());
        };
        let (ctx, chat) = (self.ctx, row.chat);
        let put = move |rows: &mut Write<'_>| Ok(Head::of(rows.put_outbound(&row)?, &row));
        let head = ctx.engine.store.write(put).await?;
        ctx.mail.push(&[head]).await;
        let until = clock::instant() + PATIENCE;
        let waits = move |rows: &Read| rows.has_outbound(head.id);
        while ctx.engine.store.read(waits).await? {
            if clock::instant() >= until {
                return Err(Stopped::NotTaken);
            }
            sleep(LOOK).await;
        }
        let person = ctx.engine.store.person(UserId(chat.0)).await?;
        if person.is_some_and(|person| person.reachable) {
            Ok(())
        } else {
            Err(Stopped::NotTaken)
        }
    }
}

/// Why an export ends before its last file.
enum Stopped {
    /// Telegram does not take a file.
    NotTaken,
    Store(StoreError),
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// One's own questions with their answers, as files of bounded size, of which one is on the way at a
/// time. The last is stored with the end of the command; a crash before that begins an export of several
/// files anew.
pub(super) async fn export(given: Given<'_>) -> Reply {
    let locale = given.locale;
    let (Some(ctx), Some(person)) = (given.bot, given.lane.person()) else {
        return Reply::say(locale.failure(Failure::Unexplained));
    };
    let _turn = match ctx.rare.may_export(person) {
        Ok(turn) => turn,
        Err(Busy::Own) => return Reply::say(locale.command(UNDER_WAY, &[])),
        Err(Busy::Others) => return Reply::say(locale.command(OTHERS, &[])),
        Err(Busy::Often(wait)) => {
            let when = locale.span(wait);
            return Reply::say(locale.command(TOO_OFTEN, &[("when", &when)]));
        }
    };
    let today = clock::date(clock::now(), &given.engine.settings().config.time_zone);
    let mut export = Export {
        ctx,
        lane: given.lane,
        day: today.rsplit(' ').next().unwrap_or_default().to_owned(),
        files: 0,
        rounds: 0,
    };
    let last = match collect(&mut export, person).await {
        Ok(last) => last,
        Err(Stopped::NotTaken) => {
            warn!(user = person.0, files = export.files; "export ended, as Telegram takes no file");
            return Reply::say(locale.command(NOT_TAKEN, &[]));
        }
        Err(Stopped::Store(error)) => {
            error!(user = person.0, err:% = error; "rounds not exported");
            return Reply::say(locale.failure(Failure::Unexplained));
        }
    };
    let row = export.file(last).filter(|_| export.rounds > 0);
    let Some(row) = row else {
        return Reply::say(locale.command(NOTHING_TO_EXPORT, &[]));
    };
    let (rounds, files) = (export.rounds.to_string(), export.files.to_string());
    let said = match export.files {
        1 => locale.command(EXPORTED, &[("rounds", &rounds)]),
        _ => locale.command(EXPORTED_IN_FILES, &[("rounds", &rounds), ("files", &files)]),
    };
    info!(user = person.0, rounds = export.rounds, files = export.files; "rounds exported");
    Reply::say(said).with_effect(move |store| {
        let id = store.put_outbound(&row)?;
        Ok(vec![Head::of(id, &row)])
    })
}

/// Sends off all files but the last, whose text it returns.
async fn collect(export: &mut Export<'_>, person: UserId) -> Result<String, Stopped> {
    let mut text = String::new();
    let mut walked = Some(Walked::NOTHING);
    while let Some(from) = walked {
        let store = &export.ctx.engine.store;
        let OwnRounds {
            rounds,
            walked: next,
        } = store
            .read(move |rows| rows.rounds_of(person, &from, FILE_BYTES))
            .await?;
        export.rounds += rounds.len();
        for (chat, turn) in rounds {
            let line = line(chat, &turn);
            if !text.is_empty() && text.len() + line.len() > FILE_BYTES {
                export.send(std::mem::take(&mut text)).await?;
            }
            text.push_str(&line);
            text.push('\n');
        }
        walked = next;
    }
    Ok(text)
}
