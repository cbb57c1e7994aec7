//! How far back from its end a growing answer is held for a mark that is still open. Pure.

/// For how many characters an open mark is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// Marks that mostly stand for themselves: the `$` of a price, `&`.
    Short,
    Usual,
    /// Formulas on lines of their own.
    Long,
}

impl Bound {
    /// Whether the mark at `start` is still waited for.
    pub(super) fn keeps(self, source: &str, start: usize) -> bool {
        start >= self.first(source)
    }

    /// Where a mark must stand at least to be waited for.
    pub(super) fn first(self, source: &str) -> usize {
        let length: usize = match self {
            Self::Short => 60,
            Self::Usual => 400,
            Self::Long => 2000,
        };
        let mut chars = source.char_indices().rev();
        chars.nth(length - 1).map_or(0, |(at, _)| at)
    }
}
