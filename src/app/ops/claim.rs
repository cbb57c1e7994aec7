//! The way to a first owner (design §3): a code that is made at the start of a bot without one, and by
//! `svs-bot claim`. What it is good for is the business of `people::claim`.
//!
//! Invariant: the code itself is only ever said to whoever runs the bot; the data file has its hash.

use log::{info, warn};
use ring::rand::SecureRandom;
use serde::{Deserialize, Serialize};

use crate::app::{Ctx, engine};
use crate::clock;
use crate::config::Config;
use crate::locale::{Language, Locale};
use crate::logging;
use crate::people::claim::{Digest, GOOD_FOR};
use crate::store::{Read, Store, StoreError};
use crate::telegram::{self, Account, send};

/// Characters of a code, five random bits each.
const LENGTH: usize = 12;
/// Digits and lower-case letters without `i`, `l`, `o` and `u` (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What becomes of the wish for a code, as it travels through the control socket.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Offer {
    Made {
        code: String,
        /// The user name of the bot, where it is known.
        bot: Option<String>,
    },
    /// There is an owner already.
    Owned,
}

/// At the start of a bot without an owner: tells whoever started it how to own it.
pub(crate) async fn invite(ctx: &Ctx) {
    match offer(ctx).await {
        Ok(Offer::Made { code, bot }) => {
            info!("nobody owns this bot yet");
            let config = &ctx.engine.settings().config;
            let way = way(&code, bot.as_deref());
            logging::say(&format!("{}\n{way}", invitation(config, &way)));
        }
        Ok(Offer::Owned) => {}
        Err(error) => {
            warn!(err:% = error; "no way to own the bot could be made; `svs-bot claim` makes one");
        }
    }
}

/// A code for the running bot.
pub(crate) async fn offer(ctx: &Ctx) -> Result<Offer, StoreError> {
    if !ctx.engine.settings().owners.is_empty() {
        return Ok(Offer::Owned);
    }
    let bot = ctx.me.get().map(|me| me.username.clone());
    let code = make(&ctx.engine.store).await?;
    Ok(Offer::Made { code, bot })
}

/// A code for a bot that does not run, which has this data file.
pub(crate) async fn offer_of(config: &Config, store: &Store) -> Result<Offer, StoreError> {
    let is_owned = !config.people.owners.is_empty() || store.read_now(Read::owner)?.is_some();
    if is_owned {
        return Ok(Offer::Owned);
    }
    let code = make(store).await?;
    let bot = name_of(config);
    Ok(Offer::Made { code, bot })
}

/// The user name of the bot, if there is a token and Telegram tells it.
fn name_of(config: &Config) -> Option<String> {
    let token = config.token().ok()?.clone();
    let service = &config.telegram;
    let transport = engine::transport("telegram", service.proxy.as_ref(), config).ok()?;
    let client = Account::new(transport, &service.api_url, token).client(telegram::CALLS);
    let (me, _) = send::get_me(&client).ok()?;
    Some(me.username)
}

async fn make(store: &Store) -> Result<String, StoreError> {
    let code = new_code()?;
    let (digest, now) = (digest(store, &code), clock::now());
    let made = store.write(move |rows| rows.change_claim(|claim| claim.add(digest, now)));
    made.await?;
    Ok(code)
}

fn new_code() -> Result<String, StoreError> {
    let mut random = [0; LENGTH];
    ring::rand::SystemRandom::new()
        .fill(&mut random)
        .map_err(|error| StoreError::Io(std::io::Error::other(error.to_string())))?;
    let character = |byte: u8| ALPHABET.get(usize::from(byte % 32)).copied();
    let characters = random.into_iter().filter_map(character);
    Ok(characters.map(char::from).collect())
}

/// The hash under which a code is kept, however it is written.
pub(crate) fn digest(store: &Store, code: &str) -> Digest {
    store.fingerprint(&format!("claim {}", code.to_ascii_lowercase()))
}

/// What a person does to own the bot: opens this link, or sends the bot this.
pub(crate) fn way(code: &str, bot: Option<&str>) -> String {
    match bot.filter(|bot| !bot.is_empty()) {
        Some(bot) => format!("https://t.me/{bot}?start=claim_{code}"),
        None => format!("/claim {code}"),
    }
}

/// What is said before it.
pub(crate) fn invitation(config: &Config, way: &str) -> String {
    let locale = Locale::of(Language::pick(config.language, None));
    if way.starts_with('/') {
        locale.invitation_by_code(GOOD_FOR)
    } else {
        locale.invitation(GOOD_FOR)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_code_has_sixty_bits_and_is_another_one_each_time() {
        let codes: BTreeSet<String> = (0..1000).map(|_| new_code().unwrap()).collect();
        assert_eq!(codes.len(), 1000);
        for code in &codes {
            assert_eq!(code.len(), LENGTH);
            assert!(code.bytes().all(|byte| ALPHABET.contains(&byte)), "{code}");
        }
        let used: BTreeSet<char> = codes.iter().flat_map(|code| code.chars()).collect();
        assert_eq!(used.len(), 32, "every character comes up");
    }

    #[test]
    fn without_the_name_of_the_bot_there_is_the_code_alone() {
        assert_eq!(way("k7", Some("abot")), "https://t.me/abot?start=claim_k7");
        for unknown in [None, Some("")] {
            assert_eq!(way("k7", unknown), "/claim k7");
        }
    }
}
