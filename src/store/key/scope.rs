//! The scope in the key of a row of `key_state`: a version byte and a shape, as `codec` writes them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::super::StoreError;
use super::super::codec::{self, CodecError};
use super::Key;
use crate::keys::{Fingerprint, Scope};

/// What stands before every scope.
const VERSION: u8 = 1;

impl Key {
    /// Of the health of a scope.
    pub(in crate::store) fn scope(scope: &Scope) -> Result<Self, StoreError> {
        let bytes = codec::encode(VERSION, &ScopeRow::from(scope));
        bytes.map(Self).map_err(unreadable)
    }
}

/// The scope of a key.
pub(in crate::store) fn scope(key: &[u8]) -> Result<Scope, StoreError> {
    let shape = match codec::versioned(key).map_err(unreadable)? {
        (VERSION, shape) => codec::decode::<ScopeRow<'_>>(shape),
        (other, _) => Err(CodecError::Version(other)),
    };
    shape.map(Scope::from).map_err(unreadable)
}

fn unreadable(error: CodecError) -> StoreError {
    StoreError::Row {
        table: "key_state",
        error,
    }
}

/// It never changes, as another shape would be another key of the same scope; new variants come last.
#[derive(Serialize, Deserialize)]
enum ScopeRow<'n> {
    Key(Fingerprint),
    KeyModel(Fingerprint, Cow<'n, str>),
    Project(Fingerprint),
    ProjectModel(Fingerprint, Cow<'n, str>),
    Model(Cow<'n, str>),
    FreeKeys,
    Pool,
    Missing(Cow<'n, str>),
    Endpoint,
}

impl<'n> From<&'n Scope> for ScopeRow<'n> {
    fn from(noun: &'n Scope) -> Self {
        match noun {
            Scope::Key(key) => Self::Key(*key),
            Scope::KeyModel(key, model) => Self::KeyModel(*key, model.into()),
            Scope::Project(project) => Self::Project(*project),
            Scope::ProjectModel(project, model) => Self::ProjectModel(*project, model.into()),
            Scope::Model(model) => Self::Model(model.into()),
            Scope::FreeKeys => Self::FreeKeys,
            Scope::Pool => Self::Pool,
            Scope::Missing(model) => Self::Missing(model.into()),
            Scope::Endpoint => Self::Endpoint,
        }
    }
}

impl From<ScopeRow<'_>> for Scope {
    fn from(row: ScopeRow<'_>) -> Self {
        match row {
            ScopeRow::Key(key) => Self::Key(key),
            ScopeRow::KeyModel(key, model) => Self::KeyModel(key, model.into()),
            ScopeRow::Project(project) => Self::Project(project),
            ScopeRow::ProjectModel(project, model) => Self::ProjectModel(project, model.into()),
            ScopeRow::Model(model) => Self::Model(model.into()),
            ScopeRow::FreeKeys => Self::FreeKeys,
            ScopeRow::Pool => Self::Pool,
            ScopeRow::Missing(model) => Self::Missing(model.into()),
            ScopeRow::Endpoint => Self::Endpoint,
        }
    }
}
