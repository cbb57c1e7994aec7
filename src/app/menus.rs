//! Keeps what Telegram shows of the bot itself as it should be: the menus of commands for private
//! chats, groups and the chat of each Owner, and its descriptions, in each language.
//!
//! Invariant: what is shown is noted in the data file, and a call is made only for what differs:
//! Telegram limits these calls by the day, with waits of up to a day.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use log::{info, warn};
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::app::Ctx;
use crate::app::commands::menu;
use crate::app::engine::Settings;
use crate::chat::command::Place;
use crate::chat::profile::{MenuOf, ProfileField, ProfilePart, ProfileText, Readers};
use crate::chat::{ChatId, Role, UserId};
use crate::keys::Fingerprint;
use crate::locale::{Language, Locale};
use crate::telegram::verdict::Refusal;
use crate::telegram::{CallError, profile};

/// Wait after a call that failed, for the first time; it doubles …
const RETRY: Duration = Duration::from_mins(1);
/// … up to this: an Owner who never opened the chat has no menu, and need not be tried often.
const LONGEST_RETRY: Duration = Duration::from_hours(6);

/// What is to be done with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Change {
    Set(ProfileText),
    Remove(MenuOf),
}

/// Keeps the profile up to date until `stop`: from when it is known who the bot is, and again
/// whenever that bell rings.
pub(crate) async fn run(ctx: Arc<Ctx>, stop: CancellationToken) -> anyhow::Result<()> {
    stop.run_until_cancelled(keep(&ctx)).await;
    Ok(())
}

async fn keep(ctx: &Arc<Ctx>) {
    loop {
        ctx.menus.notified().await;
        let Some(me) = ctx.me.get() else { continue };
        let mut retry = RETRY;
        while let Err(error) = bring_up_to_date(ctx, me.id).await {
            let asked = error.downcast_ref().map_or(Duration::ZERO, told_to_wait);
            warn!(err:% = format!("{error:#}"), wait_s = retry.max(asked).as_secs(); "menus not all set yet");
            sleep(asked).await;
            tokio::select! {
                () = sleep(retry.saturating_sub(asked)) => {}
                // What has changed may be what was missing.
                () = ctx.menus.notified() => {}
            }
            retry = (retry * 2).min(LONGEST_RETRY);
        }
    }
}

const fn told_to_wait(error: &CallError) -> Duration {
    match error {
        CallError::Refused(Refusal::Flood(wait)) => *wait,
        CallError::Refused(_) | CallError::Fault(_) | CallError::Garbled | CallError::Local(_) => {
            Duration::ZERO
        }
    }
}

/// Makes a call for each field that differs. A field that Telegram refuses by itself does not keep
/// the others from being set; what befalls any call ends it at once.
async fn bring_up_to_date(ctx: &Arc<Ctx>, bot: UserId) -> anyhow::Result<()> {
    let settings = ctx.engine.settings();
    let wanted = wanted(&settings);
    let shown = ctx.engine.store.read(move |rows| rows.profile(bot)).await?;
    let fingerprint = |text: &ProfileText| ctx.engine.store.fingerprint(&format!("{text:?}"));
    let mut refused = Ok(());
    for (field, change) in changes(wanted, &shown, fingerprint) {
        let now = match &change {
            Change::Set(text) => Some(fingerprint(text)),
            Change::Remove(_) => None,
        };
        match call(ctx, field, change).await? {
            Err(CallError::Refused(refusal)) if refusal.is_about_the_call() && now.is_some() => {
                refused = Err(CallError::Refused(refusal)).context(format!("{field:?}"));
            }
            // A menu that cannot be taken back is in a chat that the bot cannot reach.
            Err(CallError::Refused(refusal)) if refusal.is_about_the_call() => {
                note(ctx, bot, field, now).await?;
            }
            Err(error) => return Err(error.into()),
            Ok(()) => {
                info!(field:? = field; "shown by Telegram from now on");
                note(ctx, bot, field, now).await?;
            }
        }
    }
    refused
}

async fn call(
    ctx: &Arc<Ctx>,
    field: ProfileField,
    change: Change,
) -> anyhow::Result<Result<(), CallError>> {
    let ctx = Arc::clone(ctx);
    let called = spawn_blocking(move || match &change {
        Change::Set(text) => profile::set(&ctx.telegram, field.readers, text),
        Change::Remove(of) => profile::remove_menu(&ctx.telegram, field.readers, *of),
    });
    Ok(called.await?)
}

async fn note(
    ctx: &Ctx,
    bot: UserId,
    field: ProfileField,
    shows: Option<Fingerprint>,
) -> anyhow::Result<()> {
    let store = &ctx.engine.store;
    let noted = store.write_soon(move |rows| rows.note_profile(bot, field, shows));
    Ok(noted.await?)
}

/// Everything that should be shown.
fn wanted(settings: &Settings) -> Vec<(ProfileField, ProfileText)> {
    let texts = |readers: Readers| {
        let locale = Locale::of(Language::pick(settings.config.language, readers.language()));
        let menu_for = |of, role, place| ProfileText::Menu(of, menu(locale, role, place));
        let [description, short] = locale.profile();
        let owners = settings.owners.iter();
        let owners = owners.map(|owner| {
            let of = MenuOf::Chat(ChatId(owner.0));
            menu_for(of, Role::Owner, Place::Private)
        });
        let everybodys = [
            menu_for(MenuOf::PrivateChats, Role::Guest, Place::Private),
            menu_for(MenuOf::Groups, Role::Guest, Place::Group),
            ProfileText::Description(description.to_owned()),
            ProfileText::ShortDescription(short.to_owned()),
        ];
        let texts = everybodys.into_iter().chain(owners);
        texts
            .map(|text| {
                let part = text.part();
                (ProfileField { part, readers }, text)
            })
            .collect::<Vec<_>>()
    };
    Readers::ALL.into_iter().flat_map(texts).collect()
}

/// What differs from what is shown: texts that have changed, and menus of people who are Owners no
/// more.
fn changes(
    wanted: Vec<(ProfileField, ProfileText)>,
    shown: &[(ProfileField, Fingerprint)],
    fingerprint: impl Fn(&ProfileText) -> Fingerprint,
) -> Vec<(ProfileField, Change)> {
    let gone = shown.iter().filter_map(|(field, _)| match field.part {
        ProfilePart::Menu(of) if wanted.iter().all(|(known, _)| known != field) => {
            Some((*field, Change::Remove(of)))
        }
        ProfilePart::Menu(_) | ProfilePart::Description | ProfilePart::ShortDescription => None,
    });
    let gone: Vec<_> = gone.collect();
    let differs =
        |(field, text): &(ProfileField, ProfileText)| !shown.contains(&(*field, fingerprint(text)));
    let new = wanted.into_iter().filter(differs);
    new.map(|(field, text)| (field, Change::Set(text)))
        .chain(gone)
        .collect()
}
