//! The first owner: `/claim CODE`, which a link gives, too, makes whoever sends it the owner of a bot
//! that has none.

use log::{error, info};

use super::entry::{Entry, Given, Reply};
use crate::app::ops::claim::digest;
use crate::chat::UserId;
use crate::chat::answer::Failure;
use crate::chat::command::{Place, Rights, Who};
use crate::clock;
use crate::locale::commands::texts;
use crate::people::audit::Deed;
use crate::people::claim::Tried;
use crate::store::StoreError;

pub(super) const COMMANDS: &[Entry] = &[Entry {
    names: &["claim"],
    rights: Rights {
        who: Who::Everybody,
        places: &[Place::Private],
    },
    ends: None,
    run: |given| Box::pin(claim(given)),
}];

texts! {
    "claim" {
        DONE = "done",
        YOURS = "yours",
        OWNED = "owned",
        NO_CODE = "no_code",
        WRONG = "wrong",
        VOID = "void",
    }
}

async fn claim(given: Given<'_>) -> Reply {
    let say = |text| Reply::say(given.locale.command(text, &[]));
    let owners = &given.engine.settings().owners;
    let (code, person) = (given.command.arguments.trim(), given.lane.person());
    let Some(person) = person else {
        return say(NO_CODE);
    };
    if owners.contains(&person) {
        return say(YOURS);
    }
    if !owners.is_empty() {
        return say(OWNED);
    }
    if code.is_empty() {
        return say(NO_CODE);
    }
    match attempt(&given, person, code).await {
        Ok(Some(Tried::Right)) => {
            info!(user = person.0; "the bot has an owner");
            given.engine.is_claimed_by(person);
            if let Some(ctx) = given.bot {
                // The owner has a menu of their own.
                ctx.menus.notify_one();
            }
            say(DONE)
        }
        Ok(Some(Tried::Wrong)) => say(WRONG),
        Ok(Some(Tried::Void)) => say(VOID),
        Ok(None) => say(OWNED),
        Err(error) => {
            error!(err:% = error; "claim not stored");
            Reply::say(given.locale.failure(Failure::Unexplained))
        }
    }
}

/// Tries the code; none where somebody else was faster.
async fn attempt(
    given: &Given<'_>,
    person: UserId,
    code: &str,
) -> Result<Option<Tried>, StoreError> {
    let store = &given.engine.store;
    let (code, now) = (digest(store, code), clock::now());
    let claimed = given.does(Deed::Claimed, None);
    let tried = store.write(move |rows| {
        if rows.owner()?.is_some() {
            return Ok(None);
        }
        let tried = rows.change_claim(|claim| claim.attempt(code, now))?;
        if tried == Tried::Right {
            rows.set_owner(person)?;
            rows.audit(&claimed)?;
        }
        Ok(Some(tried))
    });
    tried.await
}
