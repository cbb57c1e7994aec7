//! What is kept of a person: `/privacy` says it, `/export` hands over their own questions and answers,
//! `/forget` has it forgotten.

use std::fs::{self, DirEntry};
use std::path::PathBuf;

use log::{error, info};
use serde::Serialize;
use tokio::task::spawn_blocking;

use super::entry::{EVERYBODY_IN_CHATS, EVERYBODY_IN_PRIVATE, Entry, Given, Reply};
use crate::app::ending::Request;
use crate::app::{Ctx, GRACE, turn};
use crate::chat::answer::Failure;
use crate::chat::part::text_of;
use crate::chat::{ChatId, Lane, Outbound, Payload, Role, StoredTurn, UserId};
use crate::clock;
use crate::locale::commands::texts;
use crate::outgoing::Head;
use crate::people::person::Held;
use crate::people::usage::DAYS_KEPT;
use crate::store::{OwnRounds, StoreError, Walked, Write};

pub(super) const COMMANDS: &[Entry] = &[
    Entry {
        names: &["privacy"],
        rights: EVERYBODY_IN_CHATS,
        ends: None,
        run: |given| privacy(&given).at_once(),
    },
    Entry {
        names: &["export"],
        rights: EVERYBODY_IN_PRIVATE,
        ends: None,
        run: |given| Box::pin(export(given)),
    },
    Entry {
        names: &["forget"],
        rights: EVERYBODY_IN_PRIVATE,
        ends: None,
        run: |given| Box::pin(forget(given)),
    },
];

texts! {
    "privacy" {
        KEPT = "kept",
        KEPT_OF_A_GUEST = "kept_of_a_guest",
        ALSO_KEPT = "also_kept",
        GOOGLE = "google",
        YOURS = "yours",
    }
    "export" { EXPORTED = "done", EXPORTED_IN_FILES = "done_in_files", NOTHING_TO_EXPORT = "nothing" }
    "forget" {
        FORGET_WHAT = "what",
        FORGET_YES = "yes",
        FORGET_NO = "no",
        FORGOTTEN = "done",
        BACKUPS = "backups",
        NOT_FORGOTTEN = "not_done",
    }
}

/// Bytes of one file of an export: what the bot has of it in memory at a time.
const FILE_BYTES: usize = 1 << 20;

/// What is stored, for how long, and who else reads it (design §6).
fn privacy(given: &Given<'_>) -> Reply {
    let locale = given.locale;
    let days = given.engine.settings().config.data.history_days.to_string();
    let kept = match given.role {
        Role::Guest => locale.command(KEPT_OF_A_GUEST, &[]),
        Role::Owner | Role::Vip | Role::Premium | Role::Normal => {
            locale.command(KEPT, &[("days", &days)])
        }
    };
    let held = (Held::KEPT.as_secs() / 86_400).to_string();
    let also_kept = locale.command(ALSO_KEPT, &[("held", &held)]);
    let say = |text| locale.command(text, &[]);
    let said = [kept, also_kept, say(GOOGLE), say(YOURS)].join("\n\n");
    Reply::say(said)
}

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

/// Where an export goes, and what it is called.
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

    /// Hands over a file that is followed by others.
    async fn send(&mut self, text: String) -> Result<(), StoreError> {
        let Some(row) = self.file(text) else {
            return Ok(());
        };
        let put = move |rows: &mut Write<'_>| Ok(Head::of(rows.put_outbound(&row)?, &row));
        let head = self.ctx.engine.store.write(put).await?;
        self.ctx.mail.push(&[head]).await;
        Ok(())
    }
}

/// One's own questions with their answers, as files of bounded size. The last is stored with the end
/// of the command; a crash before that begins an export of several files anew.
async fn export(given: Given<'_>) -> Reply {
    let locale = given.locale;
    let (Some(ctx), Some(person)) = (given.bot, given.lane.person()) else {
        return Reply::say(locale.failure(Failure::Unexplained));
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
        Err(error) => {
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
async fn collect(export: &mut Export<'_>, person: UserId) -> Result<String, StoreError> {
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

/// Asks first; then everything goes. A crash in between leaves the command in the inbox, and the next
/// start goes on.
async fn forget(given: Given<'_>) -> Reply {
    let locale = given.locale;
    let (Some(ctx), Some(person)) = (given.bot, given.lane.person()) else {
        return Reply::say(locale.failure(Failure::Unexplained));
    };
    match given.command.arguments.as_str() {
        "yes" => {}
        "no" => return Reply::say(locale.command(NOT_FORGOTTEN, &[])),
        _ => {
            let yes = given.button(locale.command(FORGET_YES, &[]), "/forget yes");
            let no = given.button(locale.command(FORGET_NO, &[]), "/forget no");
            return Reply::say(locale.command(FORGET_WHAT, &[]))
                .with_buttons([yes, no].into_iter().flatten());
        }
    }
    if let Err(error) = forget_rounds(ctx, person).await {
        error!(user = person.0, err:% = error; "rounds not forgotten");
        return Reply::say(locale.failure(Failure::Unexplained));
    }
    info!(user = person.0; "forgotten on their own wish");
    let mut said = locale.command(FORGOTTEN, &[]);
    let settings = given.engine.settings();
    let data = &settings.config.data;
    if has_backups(data.backup_dir.clone()).await {
        let days = data.backup_keep.to_string();
        said.push(' ');
        said.push_str(&locale.command(BACKUPS, &[("days", &days)]));
    }
    let now = clock::now();
    let today = settings.today(now).number;
    Reply::say(said).with_effect(move |store| {
        store.forget_person(person, now)?;
        // Those of today stay: they are what limits go by.
        store.forget_days_of(person, today - DAYS_KEPT..today)?;
        Ok(Vec::new())
    })
}

/// Whether there is a file in the folder of the backups.
async fn has_backups(folder: PathBuf) -> bool {
    let is_file = |entry: DirEntry| entry.file_type().is_ok_and(|kind| kind.is_file());
    let look = move || {
        let mut entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.any(is_file)
    };
    spawn_blocking(look).await.unwrap_or_default()
}

/// Ends what the person has waiting and running anywhere, and forgets their rounds.
async fn forget_rounds(ctx: &Ctx, person: UserId) -> Result<(), StoreError> {
    let store = &ctx.engine.store;
    let lanes = store.read(move |rows| rows.lanes_of(person)).await?;
    let mut holds = Vec::new();
    for lane in lanes {
        holds.push(ctx.desk.hold(lane, Request::Discarded).await);
    }
    for hold in &mut holds {
        let waiting = hold.idle(GRACE).await.waiting;
        let settings = ctx.engine.settings();
        let undone = store.write(move |rows| {
            let undone = waiting
                .iter()
                .map(|job| turn::discard(rows, &settings, *job));
            undone.collect::<Result<Vec<_>, StoreError>>()
        });
        ctx.mail.push(&undone.await?.concat()).await;
    }
    let mut walked = Some(Walked::NOTHING);
    while let Some(from) = walked {
        walked = store
            .write(move |rows| rows.forget_rounds(person, &from))
            .await?;
    }
    Ok(())
}
