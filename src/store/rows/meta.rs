//! Single facts, as `meta` keeps them under their names.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::outbox::PauseRow;
use super::{Record, plain};
use crate::chat::profile::{MenuOf, ProfileField, ProfilePart, Readers};
use crate::chat::{ChatId, MessageId, OutboxId, UserId};
use crate::clock::{Pause, Timestamp};
use crate::keys::Fingerprint;
use crate::people::claim::{Claim, Digest};
use crate::people::knock::{Cards, OpenCard, OpenCards};
use crate::people::preferences::SharedPersona;
use crate::store::StoreError;
use crate::store::key::Key;

/// The table of all of them; each also has a name of its own.
pub(in crate::store) const TABLE: &str = "meta";

macro_rules! facts {
    ($($(#[$doc:meta])* $noun:ident as $row:ident;)*) => {$(
        impl Record for $noun {
            const TABLE: &'static str = TABLE;

            type Shape<'n> = $row;
            type Key = ();

            fn key(_name: &[u8]) -> Result<(), StoreError> {
                Ok(())
            }
        }
    )*};
}

facts! {
    Offset as OffsetRow;
    Cursor as CursorRow;
    Parked as ParkedRow;
    Deaths as DeathsRow;
    Strangers as StrangersRow;
    Owner as OwnerRow;
    Claim as ClaimRow;
    Cards as CardsRow;
    OpenCards as OpenCardsRow;
    BotProfile as BotProfileRow;
    SharedPersonas as SharedPersonasRow;
}

/// Telegram's offset and when it was true.
pub(in crate::store) struct Offset(pub(in crate::store) i64, pub(in crate::store) Timestamp);

/// Where the pruning of a table goes on.
pub(in crate::store) struct Cursor(pub(in crate::store) Key);

/// How long each chat has to wait.
#[derive(Default)]
pub(in crate::store) struct Parked(pub(in crate::store) Vec<(ChatId, Pause)>);

/// When messages of strangers were let in that may still count in the minute of all together.
#[derive(Default)]
pub(in crate::store) struct Strangers(pub(in crate::store) Vec<Timestamp>);

/// The newest starts after a crash, oldest first.
#[derive(Default)]
pub(in crate::store) struct Deaths(pub(in crate::store) Vec<Timestamp>);

/// Who claimed the bot.
pub(in crate::store) struct Owner(pub(in crate::store) UserId);

/// What Telegram shows of a bot: the fingerprint of each text that was set.
pub(in crate::store) struct BotProfile {
    pub(in crate::store) bot: UserId,
    pub(in crate::store) shown: Vec<(ProfileField, Fingerprint)>,
}

/// The personas that the Owners have added.
#[derive(Default)]
pub(in crate::store) struct SharedPersonas(pub(in crate::store) Vec<SharedPersona>);

impl Deaths {
    /// Those within `span` of `now`, whichever way a clock was set since.
    pub(in crate::store) fn of_late(self, now: Timestamp, span: Duration) -> Vec<Timestamp> {
        let is_recent = |at: &Timestamp| now.since(*at) < span && at.since(now) < span;
        self.0.into_iter().filter(is_recent).collect()
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct OffsetRow(i64, u64);

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct CursorRow(Vec<u8>);

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct ParkedRow(Vec<(i64, PauseRow)>);

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct DeathsRow(Vec<u64>);

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StrangersRow(Vec<u64>);

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct OwnerRow(i64);

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct ClaimRow {
    codes: Vec<(Digest, u64)>,
    wrong: u8,
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct CardsRow {
    given: Vec<u64>,
    summary: Option<u64>,
}

/// Owner, who it is of, row, message.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct OpenCardsRow(Vec<(i64, i64, u64, Option<i32>)>);

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct BotProfileRow {
    bot: i64,
    shown: Vec<(PartRow, ReadersRow, Fingerprint)>,
}

#[derive(Serialize, Deserialize)]
enum PartRow {
    MenuOfPrivateChats,
    MenuOfGroups,
    MenuOfChat(i64),
    Description,
    ShortDescription,
}

plain! { ReadersRow is Readers { Everybody, Chinese } }

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct SharedPersonasRow(Vec<(String, String)>);

impl From<&Offset> for OffsetRow {
    fn from(noun: &Offset) -> Self {
        Self(noun.0, noun.1.0)
    }
}

impl From<OffsetRow> for Offset {
    fn from(row: OffsetRow) -> Self {
        Self(row.0, Timestamp(row.1))
    }
}

impl From<&Cursor> for CursorRow {
    fn from(noun: &Cursor) -> Self {
        Self(noun.0.to_vec())
    }
}

impl From<CursorRow> for Cursor {
    fn from(row: CursorRow) -> Self {
        Self(row.0.as_slice().into())
    }
}

impl From<&Parked> for ParkedRow {
    fn from(noun: &Parked) -> Self {
        let parked = noun.0.iter();
        Self(
            parked
                .map(|(chat, pause)| (chat.0, (*pause).into()))
                .collect(),
        )
    }
}

impl From<ParkedRow> for Parked {
    fn from(row: ParkedRow) -> Self {
        let parked = row.0.into_iter();
        Self(
            parked
                .map(|(chat, pause)| (ChatId(chat), pause.into()))
                .collect(),
        )
    }
}

impl From<&Strangers> for StrangersRow {
    fn from(noun: &Strangers) -> Self {
        Self(noun.0.iter().map(|at| at.0).collect())
    }
}

impl From<StrangersRow> for Strangers {
    fn from(row: StrangersRow) -> Self {
        Self(row.0.into_iter().map(Timestamp).collect())
    }
}

impl From<&Deaths> for DeathsRow {
    fn from(noun: &Deaths) -> Self {
        Self(noun.0.iter().map(|at| at.0).collect())
    }
}

impl From<DeathsRow> for Deaths {
    fn from(row: DeathsRow) -> Self {
        Self(row.0.into_iter().map(Timestamp).collect())
    }
}

impl From<&Owner> for OwnerRow {
    fn from(noun: &Owner) -> Self {
        Self(noun.0.0)
    }
}

impl From<OwnerRow> for Owner {
    fn from(row: OwnerRow) -> Self {
        Self(UserId(row.0))
    }
}

impl From<&BotProfile> for BotProfileRow {
    fn from(noun: &BotProfile) -> Self {
        let shown = noun.shown.iter();
        let shown = shown.map(|(field, text)| (field.part.into(), field.readers.into(), *text));
        Self {
            bot: noun.bot.0,
            shown: shown.collect(),
        }
    }
}

impl From<BotProfileRow> for BotProfile {
    fn from(row: BotProfileRow) -> Self {
        let shown = row.shown.into_iter();
        let shown = shown.map(|(part, readers, text)| {
            let (part, readers) = (part.into(), readers.into());
            (ProfileField { part, readers }, text)
        });
        Self {
            bot: UserId(row.bot),
            shown: shown.collect(),
        }
    }
}

impl From<ProfilePart> for PartRow {
    fn from(noun: ProfilePart) -> Self {
        match noun {
            ProfilePart::Menu(MenuOf::PrivateChats) => Self::MenuOfPrivateChats,
            ProfilePart::Menu(MenuOf::Groups) => Self::MenuOfGroups,
            ProfilePart::Menu(MenuOf::Chat(chat)) => Self::MenuOfChat(chat.0),
            ProfilePart::Description => Self::Description,
            ProfilePart::ShortDescription => Self::ShortDescription,
        }
    }
}

impl From<PartRow> for ProfilePart {
    fn from(row: PartRow) -> Self {
        match row {
            PartRow::MenuOfPrivateChats => Self::Menu(MenuOf::PrivateChats),
            PartRow::MenuOfGroups => Self::Menu(MenuOf::Groups),
            PartRow::MenuOfChat(chat) => Self::Menu(MenuOf::Chat(ChatId(chat))),
            PartRow::Description => Self::Description,
            PartRow::ShortDescription => Self::ShortDescription,
        }
    }
}

impl From<&Claim> for ClaimRow {
    fn from(noun: &Claim) -> Self {
        let codes = noun.codes.iter();
        Self {
            codes: codes.map(|(code, made)| (*code, made.0)).collect(),
            wrong: noun.wrong,
        }
    }
}

impl From<ClaimRow> for Claim {
    fn from(row: ClaimRow) -> Self {
        let codes = row.codes.into_iter();
        Self {
            codes: codes.map(|(code, made)| (code, Timestamp(made))).collect(),
            wrong: row.wrong,
        }
    }
}

impl From<&Cards> for CardsRow {
    fn from(noun: &Cards) -> Self {
        Self {
            given: noun.given.iter().map(|at| at.0).collect(),
            summary: noun.summary.map(|at| at.0),
        }
    }
}

impl From<CardsRow> for Cards {
    fn from(row: CardsRow) -> Self {
        Self {
            given: row.given.into_iter().map(Timestamp).collect(),
            summary: row.summary.map(Timestamp),
        }
    }
}

impl From<&OpenCards> for OpenCardsRow {
    fn from(noun: &OpenCards) -> Self {
        let cards = noun.0.iter().map(|card| {
            let message = card.message.map(|message| message.0);
            (card.owner.0, card.who.0, card.row.0, message)
        });
        Self(cards.collect())
    }
}

impl From<OpenCardsRow> for OpenCards {
    fn from(row: OpenCardsRow) -> Self {
        let cards = row
            .0
            .into_iter()
            .map(|(owner, who, row, message)| OpenCard {
                owner: UserId(owner),
                who: UserId(who),
                row: OutboxId(row),
                message: message.map(MessageId),
            });
        Self(cards.collect())
    }
}

impl From<&SharedPersonas> for SharedPersonasRow {
    fn from(noun: &SharedPersonas) -> Self {
        let all = noun.0.iter();
        Self(
            all.map(|persona| (persona.name.clone(), persona.text.clone()))
                .collect(),
        )
    }
}

impl From<SharedPersonasRow> for SharedPersonas {
    fn from(row: SharedPersonasRow) -> Self {
        let all = row.0.into_iter();
        Self(
            all.map(|(name, text)| SharedPersona { name, text })
                .collect(),
        )
    }
}
