//! What each role gives, from `data/roles.toml` (design §3). Pure.

use std::num::NonZeroU32;

use serde::Deserialize;

use crate::catalog::Tier;
use crate::chat::Role;
use crate::keys::Group;

/// The shipped table; the config file may override any line of it.
pub(crate) const DEFAULT_ROLES: &str = include_str!("../../data/roles.toml");

/// What a role gives: one column of the table in design §3.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Terms {
    /// Earlier questions, each with its answer, that a turn sees.
    pub(crate) rounds: u16,
    /// Whose keys come first.
    pub(crate) group: Group,
    pub(crate) highest_tier: Tier,
    /// Messages a minute.
    pub(crate) per_minute: Limit,
    /// Messages a day.
    pub(crate) per_day: Limit,
    /// Turns at once, over all lanes of the person.
    pub(crate) parallel: NonZeroU32,
    /// Jobs that may wait beside them.
    pub(crate) waiting: u32,
    pub(crate) media: MediaKinds,
    pub(crate) media_per_day: Limit,
    /// Largest medium.
    pub(crate) media_megabytes: NonZeroU32,
    /// Searches of the web, and questions for which pages are opened.
    pub(crate) searches_per_day: Allowance,
}

impl Terms {
    /// The key groups that serve this role: its own, then those it may borrow from; nobody borrows
    /// upward.
    pub(crate) fn groups(&self) -> impl Iterator<Item = Group> {
        let own = self.group;
        [Group::A, Group::B, Group::C, Group::D]
            .into_iter()
            .filter(move |group| *group >= own)
    }
}

/// A number, or `"none"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected a number from 1 or \"none\"")]
pub(crate) enum Limit {
    AtMost(NonZeroU32),
    Unlimited(NoLimit),
}

/// A number that may be none at all, or `"none"` for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected a number or \"none\"")]
pub(crate) enum Allowance {
    AtMost(u32),
    Unlimited(NoLimit),
}

impl Allowance {
    /// The number, where there is a limit.
    pub(crate) const fn number(self) -> Option<u32> {
        match self {
            Self::AtMost(number) => Some(number),
            Self::Unlimited(NoLimit::None) => None,
        }
    }
}

/// The word for the absence of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum NoLimit {
    None,
}

impl Limit {
    /// The number, where there is one.
    pub(crate) const fn number(self) -> Option<u32> {
        match self {
            Self::AtMost(number) => Some(number.get()),
            Self::Unlimited(NoLimit::None) => None,
        }
    }
}

/// What a role may send besides text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MediaKinds {
    Any,
    Photos,
}

/// The terms of all five roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Roles {
    owner: Terms,
    vip: Terms,
    premium: Terms,
    normal: Terms,
    guest: Terms,
}

/// What is wrong with a table of roles.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RolesError {
    #[error("the table of roles is not TOML: {0}")]
    Syntax(String),
    #[error("`roles.{0}` is not a role (owner, vip, premium, normal, guest)")]
    UnknownRole(String),
    #[error("`roles.{0}` has to be a table such as [roles.{0}]")]
    NotATable(&'static str),
    #[error("`roles.{role}`: {reason}")]
    Terms { role: &'static str, reason: String },
}

impl Roles {
    /// Reads the table, with single lines replaced by those of `[roles.*]` in the config file.
    pub(crate) fn parse(text: &str, changes: Option<&toml::Table>) -> Result<Self, RolesError> {
        let mut table: toml::Table = text
            .parse()
            .map_err(|err: toml::de::Error| RolesError::Syntax(err.message().to_owned()))?;
        for (name, change) in changes.into_iter().flatten() {
            let role = Role::parse(name).ok_or_else(|| RolesError::UnknownRole(name.to_owned()))?;
            let change = change
                .as_table()
                .ok_or(RolesError::NotATable(role.name()))?;
            if let Some(terms) = table.get_mut(role.name()).and_then(|t| t.as_table_mut()) {
                terms.extend(change.clone());
            }
        }
        let mut take = |role| terms(&mut table, role);
        Ok(Self {
            owner: take(Role::Owner)?,
            vip: take(Role::Vip)?,
            premium: take(Role::Premium)?,
            normal: take(Role::Normal)?,
            guest: take(Role::Guest)?,
        })
    }

    /// What this role gives.
    pub(crate) const fn terms(&self, role: Role) -> &Terms {
        match role {
            Role::Owner => &self.owner,
            Role::Vip => &self.vip,
            Role::Premium => &self.premium,
            Role::Normal => &self.normal,
            Role::Guest => &self.guest,
        }
    }
}

fn terms(table: &mut toml::Table, role: Role) -> Result<Terms, RolesError> {
    let role = role.name();
    let value = table.remove(role).ok_or(RolesError::NotATable(role))?;
    value
        .try_into()
        .map_err(|err: toml::de::Error| RolesError::Terms {
            role,
            reason: err.message().to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> Roles {
        Roles::parse(DEFAULT_ROLES, None).unwrap()
    }

    fn changed(text: &str) -> Result<Roles, RolesError> {
        Roles::parse(DEFAULT_ROLES, Some(&text.parse().unwrap()))
    }

    #[test]
    fn the_shipped_table_is_the_one_of_the_design() {
        let rows = [
            (Role::Owner, "10 A Pro - - 4 20 - 20"),
            (Role::Vip, "7 A Pro 20 500 2 5 100 20"),
            (Role::Premium, "5 B Flash 12 200 2 3 50 20"),
            (Role::Normal, "3 C Flash 8 100 1 2 20 10"),
            (Role::Guest, "0 D Lite 4 20 1 1 3 5"),
        ];
        let said = |limit: Limit| limit.number().map_or("-".to_owned(), |n| n.to_string());
        let roles = shipped();
        for (role, row) in rows {
            let terms = roles.terms(role);
            let told = [
                terms.rounds.to_string(),
                format!("{:?}", terms.group),
                format!("{:?}", terms.highest_tier),
                said(terms.per_minute),
                said(terms.per_day),
                terms.parallel.to_string(),
                terms.waiting.to_string(),
                said(terms.media_per_day),
                terms.media_megabytes.to_string(),
            ];
            assert_eq!(told.join(" "), row, "{role:?}");
        }
        let searches = Role::ALL.map(|role| roles.terms(role).searches_per_day.number());
        assert_eq!(searches, [None, Some(50), Some(30), Some(10), Some(0)]);
        assert_eq!(roles.terms(Role::Guest).media, MediaKinds::Photos);
        assert_eq!(roles.terms(Role::Normal).media, MediaKinds::Any);
    }

    #[test]
    fn keys_are_borrowed_downward_only() {
        use Group::{A, B, C, D};

        let groups = |role| shipped().terms(role).groups().collect::<Vec<_>>();
        assert_eq!(groups(Role::Owner), [A, B, C, D]);
        assert_eq!(groups(Role::Premium), [B, C, D]);
        assert_eq!(groups(Role::Normal), [C, D]);
        assert_eq!(groups(Role::Guest), [D]);
    }

    #[test]
    fn the_config_file_changes_single_lines_in_any_case_of_the_name() {
        let roles = changed("[VIP]\nrounds = 9\nper_day = \"none\"").unwrap();
        assert_eq!(roles.terms(Role::Vip).rounds, 9);
        assert_eq!(roles.terms(Role::Vip).per_day.number(), None);
        assert_eq!(roles.terms(Role::Vip).waiting, 5);
        assert_eq!(roles.terms(Role::Guest), shipped().terms(Role::Guest));
    }

    #[test]
    fn a_bad_line_is_named_with_its_role() {
        let cases = [
            ("[king]\nrounds = 1", "`roles.king` is not a role"),
            ("vip = 3", "`roles.vip` has to be a table"),
            ("[vip]\nrounds = -1", "`roles.vip`: "),
            ("[vip]\nround = 1", "`roles.vip`: unknown field `round`"),
            ("[vip]\nparallel = 0", "`roles.vip`: "),
            (
                "[vip]\nper_day = \"many\"",
                "`roles.vip`: expected a number from 1 or \"none\"",
            ),
            ("[vip]\nper_day = 0", "`roles.vip`: expected a number"),
        ];
        for (text, start) in cases {
            let told = changed(text).unwrap_err().to_string();
            assert!(told.starts_with(start), "{text:?} gave {told:?}");
        }
        let broken = Roles::parse("[owner", None).unwrap_err();
        assert!(matches!(broken, RolesError::Syntax(_)));
    }
}
