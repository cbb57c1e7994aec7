//! The five roles of people (design §3). Pure.

/// The five roles, highest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Role {
    Owner,
    Vip,
    Premium,
    Normal,
    Guest,
}

impl Role {
    /// Its place in the line for a key: lower goes first.
    pub(crate) const fn rank(self) -> u8 {
        match self {
            Self::Owner => 0,
            Self::Vip => 1,
            Self::Premium => 2,
            Self::Normal => 3,
            Self::Guest => 4,
        }
    }

    /// Highest first.
    pub(crate) const ALL: [Self; 5] = [
        Self::Owner,
        Self::Vip,
        Self::Premium,
        Self::Normal,
        Self::Guest,
    ];

    /// Its name in settings and commands, lower case.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Vip => "vip",
            Self::Premium => "premium",
            Self::Normal => "normal",
            Self::Guest => "guest",
        }
    }

    /// The role of that name, in any case.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|role| name.eq_ignore_ascii_case(role.name()))
    }

    /// This role, or `ceiling` when it is higher than that.
    pub(crate) fn at_most(self, ceiling: Self) -> Self {
        self.max(ceiling)
    }

    /// The higher of the two.
    pub(crate) fn or_better(self, other: Self) -> Self {
        self.min(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_roles_are_read_in_any_case() {
        for role in Role::ALL {
            assert_eq!(Role::parse(&role.name().to_uppercase()), Some(role));
        }
        assert_eq!(Role::parse("king"), None);
    }
}
