//! The shapes of what lies in the data file, apart from the nouns: a noun may change freely, a shape
//! that was ever written may not. Pure. Each record has one version number, which stands in the first
//! byte of its rows; a row of an older version is brought to the newest when it is read.
//!
//! To change a shape: keep the old struct under the name of its version (`JobV1`), write today's
//! beside it with a `From<JobV1>`, raise [`Record::VERSION`], and let [`Record::older`] read the old
//! one and take each step to today's. A new entry in `schema::CURRENT`, which need do nothing, has a
//! copy of the file kept, and an older program refuse it; a fixture shows that the old one opens.
//! The place of a variant in its enum is what is written, so new variants come last; that alone needs
//! no version, but a program that does not know the variant sets its rows aside.

mod alerts;
mod audit;
mod enclosed;
mod history;
mod inbox;
mod jobs;
mod keys;
mod lane;
mod meta;
mod outbox;
mod people;
mod rich;
mod seen;
mod sessions;
mod usage;

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use super::codec::{self, CodecError};
use crate::clock::Timestamp;

pub(super) use self::history::{AskedBy, TurnRef};
pub(super) use self::meta::{
    BotProfile, Cursor, Deaths, Offset, Owner, Parked, SharedPersonas, Strangers, TABLE as META,
};
pub(super) use self::seen::Seen;

/// Something that a table keeps as bytes.
pub(super) trait Record: Sized + 'static {
    /// The name of its table.
    const TABLE: &'static str;

    /// The version of today's shape.
    const VERSION: u8 = 1;

    /// Today's shape. It borrows long texts from the noun that is written.
    type Shape<'n>: Serialize + DeserializeOwned + From<&'n Self> + Into<Self>;

    /// What the key of its row says.
    type Key;

    /// Reads a key of its table.
    fn key(bytes: &[u8]) -> Result<Self::Key, StoreError>;

    /// Reads what an older version wrote after the version byte, and brings it to today's shape step
    /// by step.
    fn older(version: u8, _body: &[u8]) -> Result<Self::Shape<'static>, CodecError> {
        Err(CodecError::Version(version))
    }

    /// What stands in the place of a row that cannot be read, where nothing would say too much.
    fn instead(_now: Timestamp) -> Option<Self> {
        None
    }
}

/// The bytes of a row.
pub(super) fn encode<R: Record>(record: &R) -> Result<Vec<u8>, CodecError> {
    codec::encode(R::VERSION, &R::Shape::from(record))
}

/// The record of a row.
pub(super) fn decode<R: Record>(bytes: &[u8]) -> Result<R, CodecError> {
    let (version, body) = codec::versioned(bytes)?;
    let shape: R::Shape<'static> = if version == R::VERSION {
        codec::decode(body)?
    } else {
        R::older(version, body)?
    };
    Ok(shape.into())
}

/// A text of a noun, borrowed when it is written.
type Text<'n> = Cow<'n, str>;

/// The shapes of several nouns.
fn shapes<'n, N, S: From<&'n N>>(nouns: &'n [N]) -> Vec<S> {
    nouns.iter().map(S::from).collect()
}

/// The nouns of several shapes.
fn nouns<S: Into<N>, N>(shapes: Vec<S>) -> Vec<N> {
    shapes.into_iter().map(S::into).collect()
}

/// The shape of an enum whose variants hold nothing, and the ways from the noun and back.
macro_rules! plain {
    ($row:ident is $noun:ident { $($variant:ident),* $(,)? }) => {
        #[derive(serde::Serialize, serde::Deserialize)]
        pub(super) enum $row {
            $($variant,)*
        }

        impl From<$noun> for $row {
            fn from(noun: $noun) -> Self {
                match noun {
                    $($noun::$variant => Self::$variant,)*
                }
            }
        }

        impl From<$row> for $noun {
            fn from(row: $row) -> Self {
                match row {
                    $($row::$variant => Self::$variant,)*
                }
            }
        }
    };
}
use plain;

/// The same for an enum some of whose variants hold a text.
macro_rules! with_texts {
    ($row:ident is $noun:ident { $($variant:ident $({ $text:ident })?),* $(,)? }) => {
        #[derive(serde::Serialize, serde::Deserialize)]
        pub(super) enum $row<'n> {
            $($variant $({ $text: $crate::store::rows::Text<'n> })?,)*
        }

        impl<'n> From<&'n $noun> for $row<'n> {
            fn from(noun: &'n $noun) -> Self {
                match noun {
                    $($noun::$variant $({ $text })? => Self::$variant $({ $text: $text.into() })?,)*
                }
            }
        }

        impl From<$row<'_>> for $noun {
            fn from(row: $row<'_>) -> Self {
                match row {
                    $($row::$variant $({ $text })? => Self::$variant $({ $text: $text.into() })?,)*
                }
            }
        }
    };
}
use with_texts;

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    /// A record in its third version.
    #[derive(Debug, PartialEq)]
    struct Cat {
        name: String,
        lives: u8,
        owner: Option<String>,
    }

    #[derive(Serialize, Deserialize)]
    struct CatV1 {
        name: String,
    }

    #[derive(Serialize, Deserialize)]
    struct CatV2 {
        name: String,
        lives: u8,
    }

    #[derive(Serialize, Deserialize)]
    struct CatRow<'n> {
        owner: Option<Text<'n>>,
        name: Text<'n>,
        lives: u8,
    }

    impl Record for Cat {
        const TABLE: &'static str = "cats";
        const VERSION: u8 = 3;

        type Shape<'n> = CatRow<'n>;
        type Key = ();

        fn key(_bytes: &[u8]) -> Result<(), StoreError> {
            Ok(())
        }

        fn older(version: u8, body: &[u8]) -> Result<CatRow<'static>, CodecError> {
            match version {
                1 => Ok(CatV2::from(codec::decode::<CatV1>(body)?).into()),
                2 => Ok(codec::decode::<CatV2>(body)?.into()),
                _ => Err(CodecError::Version(version)),
            }
        }
    }

    impl From<CatV1> for CatV2 {
        fn from(older: CatV1) -> Self {
            let CatV1 { name } = older;
            Self { name, lives: 9 }
        }
    }

    impl From<CatV2> for CatRow<'_> {
        fn from(older: CatV2) -> Self {
            Self {
                owner: None,
                name: older.name.into(),
                lives: older.lives,
            }
        }
    }

    impl<'n> From<&'n Cat> for CatRow<'n> {
        fn from(noun: &'n Cat) -> Self {
            Self {
                owner: noun.owner.as_deref().map(Text::Borrowed),
                name: (&noun.name).into(),
                lives: noun.lives,
            }
        }
    }

    impl From<CatRow<'_>> for Cat {
        fn from(row: CatRow<'_>) -> Self {
            Self {
                name: row.name.into(),
                lives: row.lives,
                owner: row.owner.map(Text::into_owned),
            }
        }
    }

    fn cat(lives: u8, owner: Option<&str>) -> Cat {
        Cat {
            name: "Tom".to_owned(),
            lives,
            owner: owner.map(str::to_owned),
        }
    }

    #[test]
    fn a_row_of_any_version_is_brought_to_the_newest() {
        let name = || "Tom".to_owned();
        let first = codec::encode(1, &CatV1 { name: name() }).unwrap();
        let second = CatV2 {
            name: name(),
            lives: 7,
        };
        let second = codec::encode(2, &second).unwrap();
        let third = encode(&cat(3, Some("Ann"))).unwrap();
        assert_eq!(third[0], 3);
        assert_eq!(decode::<Cat>(&first), Ok(cat(9, None)));
        assert_eq!(decode::<Cat>(&second), Ok(cat(7, None)));
        assert_eq!(decode::<Cat>(&third), Ok(cat(3, Some("Ann"))));
    }

    #[test]
    fn each_version_of_a_record_has_a_migration() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/rows");
        let mut older = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
            for line in source.lines().filter(|line| line.contains("const VERSION")) {
                let (_, version) = line.split_once("u8 = ").unwrap();
                let version: usize = version.trim_end_matches(';').parse().unwrap();
                older += version - 1;
            }
        }
        let migrations = crate::store::schema::CURRENT.0.len();
        assert!(
            older <= migrations,
            "{older} steps, {migrations} migrations"
        );
    }

    #[test]
    fn a_row_of_an_unknown_version_or_with_a_wrong_body_is_refused() {
        for version in [0, 4, 255] {
            let row = codec::encode(
                version,
                &CatV1 {
                    name: String::new(),
                },
            );
            let refused = decode::<Cat>(&row.unwrap());
            assert_eq!(refused, Err(CodecError::Version(version)));
        }
        let trailing = decode::<Cat>(&[1, 0, 0]);
        assert_eq!(trailing, Err(CodecError::Trailing(1)));
        assert_eq!(decode::<Cat>(&[]), Err(CodecError::Empty));
        let cut_off = decode::<Cat>(&[2, 1]);
        assert!(matches!(cut_off, Err(CodecError::Malformed(_))));
    }
}
