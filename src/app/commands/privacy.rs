//! What is kept of a person: `/privacy` says it, `/export` hands it over, `/forget` has it forgotten.

use std::fs::{self, DirEntry};
use std::path::PathBuf;

use log::{error, info};
use tokio::task::spawn_blocking;

use super::entry::{EVERYBODY_IN_CHATS, EVERYBODY_IN_PRIVATE, Entry, Given, Reply};
use super::export::export;
use crate::app::ending::Request;
use crate::app::{Ctx, GRACE, turn};
use crate::chat::answer::Failure;
use crate::chat::{Role, UserId};
use crate::clock;
use crate::locale::commands::texts;
use crate::people::person::Held;
use crate::people::usage::DAYS_KEPT;
use crate::store::{StoreError, Walked};

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
    "forget" {
        FORGET_WHAT = "what",
        FORGET_YES = "yes",
        FORGET_NO = "no",
        FORGOTTEN = "done",
        BACKUPS = "backups",
        NOT_FORGOTTEN = "not_done",
        JUST_FORGOTTEN = "again",
    }
}

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
    if let Err(wait) = ctx.rare.may_forget(person) {
        let when = locale.span(wait);
        return Reply::say(locale.command(JUST_FORGOTTEN, &[("when", &when)]));
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
