//! Persons and groups, as `user_registry` keeps them.

use serde::{Deserialize, Serialize};

use super::enclosed::EnclosedRow;
use super::lane::TopicRow;
use super::{Record, Text, nouns, plain, shapes};
use crate::catalog::Tier;
use crate::chat::Role;
use crate::chat::{Language, MessageId, OtherNames, TopicId, UserId};
use crate::clock::Timestamp;
use crate::people::knock::{Knock, Stage};
use crate::people::person::{Grant, Held, Person};
use crate::people::preferences::{ChosenPersona, Preferences};
use crate::store::StoreError;
use crate::store::codec::{self, CodecError};
use crate::store::key;

impl Record for Person {
    const TABLE: &'static str = "user_registry";
    const VERSION: u8 = 3;

    type Shape<'n> = PersonRow<'n>;
    type Key = UserId;

    fn key(bytes: &[u8]) -> Result<UserId, StoreError> {
        key::person(bytes)
    }

    fn older(version: u8, body: &[u8]) -> Result<PersonRow<'static>, CodecError> {
        match version {
            1 => Ok(PersonV2::from(codec::decode::<PersonV1<'static>>(body)?).into()),
            2 => Ok(codec::decode::<PersonV2<'static>>(body)?.into()),
            _ => Err(CodecError::Version(version)),
        }
    }
}

/// Without other names, a ban, a knock: who had been told to wait was only `told`.
#[derive(Serialize, Deserialize)]
struct PersonV1<'n> {
    name: Text<'n>,
    language: Option<Text<'n>>,
    grant: Option<GrantRow>,
    first_seen: u64,
    last_seen: u64,
    told: bool,
    reachable: bool,
    held: Option<HeldRow<'n>>,
    told_unread: Option<u64>,
}

impl<'n> From<PersonV1<'n>> for PersonV2<'n> {
    fn from(older: PersonV1<'n>) -> Self {
        let PersonV1 {
            name,
            language,
            grant,
            first_seen,
            last_seen,
            told,
            reachable,
            held,
            told_unread,
        } = older;
        // Of those who were told to wait nobody was told.
        let knock = (told && grant.is_none()).then(|| KnockRow {
            since: last_seen,
            words: Text::default(),
            stage: StageRow::New,
        });
        Self {
            name,
            last_name: None,
            username: None,
            language,
            grant,
            banned: None,
            first_seen,
            last_seen,
            knock,
            told: None,
            left: None,
            // It is not known, and a try tells.
            in_private: true,
            reachable,
            held,
            told_unread,
            told_unseated: None,
            preferences: PreferencesV2::default(),
            writes: None,
            forgotten: None,
        }
    }
}

/// Without the mark of a channel, a switch for speech and a time zone.
#[derive(Serialize, Deserialize)]
struct PersonV2<'n> {
    name: Text<'n>,
    last_name: Option<Text<'n>>,
    username: Option<Text<'n>>,
    language: Option<Text<'n>>,
    grant: Option<GrantRow>,
    banned: Option<u64>,
    first_seen: u64,
    last_seen: u64,
    knock: Option<KnockRow<'n>>,
    told: Option<u64>,
    left: Option<u64>,
    in_private: bool,
    reachable: bool,
    held: Option<HeldRow<'n>>,
    told_unread: Option<u64>,
    told_unseated: Option<u64>,
    preferences: PreferencesV2<'n>,
    writes: Option<LanguageRow>,
    forgotten: Option<u64>,
}

impl<'n> From<PersonV2<'n>> for PersonRow<'n> {
    fn from(older: PersonV2<'n>) -> Self {
        let PersonV2 {
            name,
            last_name,
            username,
            language,
            grant,
            banned,
            first_seen,
            last_seen,
            knock,
            told,
            left,
            in_private,
            reachable,
            held,
            told_unread,
            told_unseated,
            preferences,
            writes,
            forgotten,
        } = older;
        Self {
            name,
            last_name,
            username,
            language,
            grant,
            banned,
            first_seen,
            last_seen,
            knock,
            told,
            left,
            in_private,
            reachable,
            held,
            told_unread,
            told_unseated,
            preferences: preferences.into(),
            writes,
            forgotten,
            // The next message shows it.
            is_channel: false,
        }
    }
}

#[derive(Default, Serialize, Deserialize)]
struct PreferencesV2<'n> {
    language: Option<LanguageRow>,
    tier: Option<TierRow>,
    persona: Option<ChosenPersonaRow<'n>>,
}

impl<'n> From<PreferencesV2<'n>> for PreferencesRow<'n> {
    fn from(older: PreferencesV2<'n>) -> Self {
        let PreferencesV2 {
            language,
            tier,
            persona,
        } = older;
        Self {
            language,
            tier,
            persona,
            ..Self::default()
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct PersonRow<'n> {
    name: Text<'n>,
    last_name: Option<Text<'n>>,
    username: Option<Text<'n>>,
    language: Option<Text<'n>>,
    grant: Option<GrantRow>,
    banned: Option<u64>,
    first_seen: u64,
    last_seen: u64,
    knock: Option<KnockRow<'n>>,
    told: Option<u64>,
    left: Option<u64>,
    in_private: bool,
    reachable: bool,
    held: Option<HeldRow<'n>>,
    told_unread: Option<u64>,
    told_unseated: Option<u64>,
    preferences: PreferencesRow<'n>,
    writes: Option<LanguageRow>,
    forgotten: Option<u64>,
    is_channel: bool,
}

#[derive(Default, Serialize, Deserialize)]
struct PreferencesRow<'n> {
    language: Option<LanguageRow>,
    tier: Option<TierRow>,
    persona: Option<ChosenPersonaRow<'n>>,
    speaks: bool,
    zone: Option<Text<'n>>,
}

#[derive(Serialize, Deserialize)]
enum ChosenPersonaRow<'n> {
    Named(Text<'n>),
    Own(Text<'n>),
}

plain! { LanguageRow is Language { En, Zh } }
plain! { TierRow is Tier { Lite, Flash, Pro } }

#[derive(Serialize, Deserialize)]
pub(super) struct GrantRow {
    role: RoleRow,
    until: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct KnockRow<'n> {
    since: u64,
    words: Text<'n>,
    stage: StageRow,
}

plain! { StageRow is Stage { New, Shown, Denied } }

plain! { RoleRow is Role { Owner, Vip, Premium, Normal, Guest } }

#[derive(Serialize, Deserialize)]
struct HeldRow<'n> {
    message: i32,
    topic: Option<TopicRow>,
    text: Text<'n>,
    quote: Option<Text<'n>>,
    enclosed: Vec<EnclosedRow<'n>>,
    sent: u64,
    told: u64,
}

impl<'n> From<&'n Person> for PersonRow<'n> {
    fn from(noun: &'n Person) -> Self {
        Self {
            name: (&noun.name).into(),
            last_name: noun.other_names.last_name.as_deref().map(Text::Borrowed),
            username: noun.other_names.username.as_deref().map(Text::Borrowed),
            language: noun.language.as_deref().map(Text::Borrowed),
            grant: noun.grant.map(GrantRow::from),
            banned: noun.banned.map(|at| at.0),
            first_seen: noun.first_seen.0,
            last_seen: noun.last_seen.0,
            knock: noun.knock.as_ref().map(KnockRow::from),
            told: noun.told.map(|at| at.0),
            left: noun.left.map(|at| at.0),
            in_private: noun.in_private,
            reachable: noun.reachable,
            held: noun.held.as_ref().map(HeldRow::from),
            told_unread: noun.told_unread.map(|at| at.0),
            told_unseated: noun.told_unseated.map(|at| at.0),
            preferences: (&noun.preferences).into(),
            writes: noun.writes.map(LanguageRow::from),
            forgotten: noun.forgotten.map(|at| at.0),
            is_channel: noun.is_channel,
        }
    }
}

impl From<PersonRow<'_>> for Person {
    fn from(row: PersonRow<'_>) -> Self {
        Self {
            name: row.name.into(),
            other_names: OtherNames {
                last_name: row.last_name.map(Text::into_owned),
                username: row.username.map(Text::into_owned),
            },
            language: row.language.map(Text::into_owned),
            grant: row.grant.map(Grant::from),
            banned: row.banned.map(Timestamp),
            first_seen: Timestamp(row.first_seen),
            last_seen: Timestamp(row.last_seen),
            knock: row.knock.map(Knock::from),
            told: row.told.map(Timestamp),
            left: row.left.map(Timestamp),
            in_private: row.in_private,
            reachable: row.reachable,
            held: row.held.map(Held::from),
            told_unread: row.told_unread.map(Timestamp),
            told_unseated: row.told_unseated.map(Timestamp),
            preferences: row.preferences.into(),
            writes: row.writes.map(Language::from),
            forgotten: row.forgotten.map(Timestamp),
            is_channel: row.is_channel,
        }
    }
}

impl<'n> From<&'n Preferences> for PreferencesRow<'n> {
    fn from(noun: &'n Preferences) -> Self {
        Self {
            language: noun.language.map(LanguageRow::from),
            tier: noun.tier.map(TierRow::from),
            persona: noun.persona.as_ref().map(ChosenPersonaRow::from),
            speaks: noun.speaks,
            zone: noun.zone.as_deref().map(Text::Borrowed),
        }
    }
}

impl From<PreferencesRow<'_>> for Preferences {
    fn from(row: PreferencesRow<'_>) -> Self {
        Self {
            language: row.language.map(Language::from),
            tier: row.tier.map(Tier::from),
            persona: row.persona.map(ChosenPersona::from),
            speaks: row.speaks,
            zone: row.zone.map(Text::into_owned),
        }
    }
}

impl<'n> From<&'n ChosenPersona> for ChosenPersonaRow<'n> {
    fn from(noun: &'n ChosenPersona) -> Self {
        match noun {
            ChosenPersona::Named(name) => Self::Named(name.into()),
            ChosenPersona::Own(text) => Self::Own(text.into()),
        }
    }
}

impl From<ChosenPersonaRow<'_>> for ChosenPersona {
    fn from(row: ChosenPersonaRow<'_>) -> Self {
        match row {
            ChosenPersonaRow::Named(name) => Self::Named(name.into()),
            ChosenPersonaRow::Own(text) => Self::Own(text.into()),
        }
    }
}

impl From<Grant> for GrantRow {
    fn from(noun: Grant) -> Self {
        Self {
            role: noun.role.into(),
            until: noun.until.map(|until| until.0),
        }
    }
}

impl From<GrantRow> for Grant {
    fn from(row: GrantRow) -> Self {
        Self {
            role: row.role.into(),
            until: row.until.map(Timestamp),
        }
    }
}

impl<'n> From<&'n Held> for HeldRow<'n> {
    fn from(noun: &'n Held) -> Self {
        Self {
            message: noun.message.0,
            topic: noun.topic.map(TopicRow::from),
            text: (&noun.text).into(),
            quote: noun.quote.as_deref().map(Text::Borrowed),
            enclosed: shapes(&noun.enclosed),
            sent: noun.sent.0,
            told: noun.told.0,
        }
    }
}

impl From<HeldRow<'_>> for Held {
    fn from(row: HeldRow<'_>) -> Self {
        Self {
            message: MessageId(row.message),
            topic: row.topic.map(TopicId::from),
            text: row.text.into(),
            quote: row.quote.map(Text::into_owned),
            enclosed: nouns(row.enclosed),
            sent: Timestamp(row.sent),
            told: Timestamp(row.told),
        }
    }
}

impl<'n> From<&'n Knock> for KnockRow<'n> {
    fn from(noun: &'n Knock) -> Self {
        Self {
            since: noun.since.0,
            words: (&noun.words).into(),
            stage: noun.stage.into(),
        }
    }
}

impl From<KnockRow<'_>> for Knock {
    fn from(row: KnockRow<'_>) -> Self {
        Self {
            since: Timestamp(row.since),
            words: row.words.into(),
            stage: row.stage.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tables;

    #[test]
    fn a_row_without_the_mark_of_a_channel_and_later_choices_is_read_without_them() {
        let person = Person {
            held: None,
            preferences: Preferences {
                tier: Some(Tier::Pro),
                ..Preferences::default()
            },
            ..crate::store::tests::person("Ann", 5)
        };
        let older = PersonV2 {
            name: "Ann".into(),
            last_name: None,
            username: None,
            language: person.language.as_deref().map(Text::Borrowed),
            grant: None,
            banned: None,
            first_seen: person.first_seen.0,
            last_seen: 5,
            knock: None,
            told: None,
            left: None,
            in_private: false,
            reachable: true,
            held: None,
            told_unread: None,
            told_unseated: None,
            preferences: PreferencesV2 {
                tier: Some(TierRow::Pro),
                ..PreferencesV2::default()
            },
            writes: None,
            forgotten: None,
        };
        let bytes = codec::encode(2, &older).unwrap();
        assert_eq!(tables::decoded::<Person>(&bytes).unwrap(), person);
    }
}
