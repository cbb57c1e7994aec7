//! Finding people in the registry, which stands in the order of ids and not of names: one walk over it
//! shows each row to a [`Directory`] or a [`Lookup`]. Pure. Invariant: however many people there are,
//! what is kept of them is bounded.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::person::Person;
use crate::chat::UserId;
use crate::clock::Timestamp;

/// Rows of one page.
pub(crate) const PAGE: usize = 10;

/// Pages that can be turned to; whoever stands behind them is found by name.
pub(crate) const MOST_PAGES: usize = 100;

/// People of one name that are told apart.
pub(crate) const MOST_NAMESAKES: usize = 10;

/// Which rows are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filter {
    /// People, and channels that write in groups.
    Everybody,
    /// Those who asked to be let in and have no role.
    Waiting,
    Banned,
    Groups,
}

impl Filter {
    pub(crate) const ALL: [Self; 4] = [Self::Everybody, Self::Waiting, Self::Banned, Self::Groups];

    /// Its name in a command.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Everybody => "all",
            Self::Waiting => "waiting",
            Self::Banned => "banned",
            Self::Groups => "groups",
        }
    }

    fn shows(self, id: UserId, person: &Person) -> bool {
        match self {
            Self::Everybody => !person.is_group(id),
            Self::Waiting => person.waits(),
            Self::Banned => person.banned.is_some(),
            Self::Groups => person.is_group(id),
        }
    }
}

/// One page of the registry, newest seen first.
#[derive(Debug)]
pub(crate) struct Directory {
    filter: Filter,
    /// Lower case.
    text: String,
    /// The newest, with the one that was seen first of them on top.
    newest: BinaryHeap<Reverse<(Timestamp, UserId)>>,
    found: usize,
    counts: [usize; Filter::ALL.len()],
}

/// What a walk over the registry found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) ids: Vec<UserId>,
    /// Which page it is, counted from 1; the last one where a later one was wanted.
    pub(crate) number: usize,
    /// Pages that can be turned to.
    pub(crate) pages: usize,
    /// How many there are in all.
    pub(crate) found: usize,
    /// How many each filter shows, whatever is searched for.
    pub(crate) counts: [usize; Filter::ALL.len()],
}

impl Directory {
    /// Of the rows that the filter shows and that hold the text; all of them where it is empty.
    pub(crate) fn new(filter: Filter, text: &str) -> Self {
        Self {
            filter,
            text: text.trim().to_lowercase(),
            newest: BinaryHeap::new(),
            found: 0,
            counts: [0; Filter::ALL.len()],
        }
    }

    /// Takes in one row.
    pub(crate) fn see(&mut self, id: UserId, person: &Person) {
        for (count, filter) in self.counts.iter_mut().zip(Filter::ALL) {
            *count += usize::from(filter.shows(id, person));
        }
        if !self.filter.shows(id, person) || !holds(id, person, &self.text) {
            return;
        }
        self.found += 1;
        self.newest.push(Reverse((person.last_seen, id)));
        if self.newest.len() > PAGE * MOST_PAGES {
            self.newest.pop();
        }
    }

    /// The page of that number, or the last one.
    pub(crate) fn page(self, wanted: usize) -> Page {
        let pages = self.newest.len().div_ceil(PAGE).max(1);
        let number = wanted.clamp(1, pages);
        let newest = self.newest.into_sorted_vec();
        let ids = newest.into_iter().map(|Reverse((_, id))| id);
        Page {
            ids: ids.skip((number - 1) * PAGE).take(PAGE).collect(),
            number,
            pages,
            found: self.found,
            counts: self.counts,
        }
    }
}

/// Whether a search for this text, in lower case, finds somebody: by a part of the name or of the
/// username, or by the beginning of the id.
fn holds(id: UserId, person: &Person, text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    let username = person.other_names.username.as_deref().unwrap_or_default();
    if let Some(text) = text.strip_prefix('@') {
        return !username.is_empty() && username.to_lowercase().contains(text);
    }
    person.full_name().to_lowercase().contains(text)
        || username.to_lowercase().contains(text)
        || id.to_string().starts_with(text)
}

/// Looks for the one whom a name means.
#[derive(Debug)]
pub(crate) struct Lookup {
    /// Lower case; with an `@` it is a username.
    name: String,
    /// Those who have exactly this name.
    exact: Vec<UserId>,
    /// Those whose name holds it.
    alike: Vec<UserId>,
}

impl Lookup {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.trim().to_lowercase(),
            exact: Vec::new(),
            alike: Vec::new(),
        }
    }

    /// Takes in one row.
    pub(crate) fn see(&mut self, id: UserId, person: &Person) {
        let whole = person.full_name().to_lowercase();
        let username = person.other_names.username.as_deref();
        let (is_exact, is_alike) = match self.name.strip_prefix('@') {
            Some(name) => (
                username.is_some_and(|own| own.eq_ignore_ascii_case(name)),
                false,
            ),
            None => (
                whole == self.name || person.name.trim().to_lowercase() == self.name,
                whole.contains(&self.name),
            ),
        };
        let found = match (is_exact, is_alike) {
            (true, _) => &mut self.exact,
            (false, true) => &mut self.alike,
            (false, false) => return,
        };
        // One more than are told apart shows that there are more.
        if found.len() <= MOST_NAMESAKES {
            found.push(id);
        }
    }

    /// Whoever has the name, or, where nobody has, those whose name holds it.
    pub(crate) fn found(self) -> Vec<UserId> {
        if self.exact.is_empty() {
            self.alike
        } else {
            self.exact
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chat::OtherNames;
    use crate::chat::fixtures;
    use crate::people::knock::Knock;

    fn person(name: &str, username: Option<&str>, seen: u64) -> Person {
        let (first, last) = match name.split_once(' ') {
            Some((first, last)) => (first, Some(last.to_owned())),
            None => (name, None),
        };
        Person {
            name: first.to_owned(),
            other_names: OtherNames {
                last_name: last,
                username: username.map(str::to_owned),
            },
            ..Person::new(&fixtures::sender(1), Timestamp(seen))
        }
    }

    fn page(filter: Filter, text: &str, people: &[(i64, Person)], number: usize) -> Page {
        let mut directory = Directory::new(filter, text);
        for (id, person) in people {
            directory.see(UserId(*id), person);
        }
        directory.page(number)
    }

    fn ids(page: &Page) -> Vec<i64> {
        page.ids.iter().map(|id| id.0).collect()
    }

    #[test]
    fn a_page_has_ten_and_the_newest_seen_come_first() {
        let people: Vec<_> = (1..=23)
            .map(|id: i64| (id, person("Ann", None, id.unsigned_abs())))
            .collect();
        let of = |number| page(Filter::Everybody, "", &people, number);
        assert_eq!(ids(&of(1)), (14..=23).rev().collect::<Vec<_>>());
        assert_eq!(ids(&of(3)), [3, 2, 1]);
        assert_eq!((of(3).number, of(3).pages, of(3).found), (3, 3, 23));
        assert_eq!(of(99), of(3), "the last page stands for all behind it");
        let nobody = page(Filter::Banned, "", &people, 1);
        assert_eq!((nobody.ids.len(), nobody.pages), (0, 1));
    }

    #[test]
    fn a_filter_shows_what_it_is_for_and_each_is_counted() {
        let mut people: Vec<_> = (1..=3).map(|id| (id, person("Ann", None, 5))).collect();
        people[0].1.knock = Some(Knock::new(Timestamp(5), "hello"));
        people[1].1.knock = people[0].1.knock.clone();
        people[1].1.banned = Some(Timestamp(5));
        people.push((-7, person("Garden", None, 9)));
        let channel = Person {
            is_channel: true,
            ..person("News", None, 4)
        };
        people.push((-8, channel));
        let of = |filter| page(filter, "", &people, 1);
        assert_eq!(ids(&of(Filter::Everybody)), [3, 2, 1, -8]);
        assert_eq!(ids(&of(Filter::Waiting)), [1]);
        assert_eq!(ids(&of(Filter::Banned)), [2]);
        assert_eq!(ids(&of(Filter::Groups)), [-7]);
        assert_eq!(of(Filter::Groups).counts, [4, 1, 1, 1]);
    }

    #[test]
    fn a_search_is_by_a_part_of_the_name_or_the_beginning_of_the_id() {
        let people = [
            (71, person("Anna Smith", Some("Rose_77"), 1)),
            (712, person("王小明", None, 2)),
            (5, person("Bob", Some("anchor"), 3)),
        ];
        for (text, expected) in [
            ("AN", vec![5, 71]),
            ("na sm", vec![71]),
            ("小明", vec![712]),
            ("71", vec![712, 71]),
            ("712", vec![712]),
            ("@rose", vec![71]),
            ("@AN", vec![5]),
            ("@", vec![5, 71]),
            ("nobody", vec![]),
        ] {
            let found = page(Filter::Everybody, text, &people, 1);
            assert_eq!(ids(&found), expected, "{text}");
        }
    }

    #[test]
    fn a_name_means_whoever_has_it_or_else_those_whose_name_holds_it() {
        let people = [
            (1, person("Ann", Some("ann_k"), 1)),
            (2, person("Anna Smith", None, 2)),
            (3, person("Joanna", Some("jo"), 3)),
            (4, person("Ann Lee", None, 4)),
        ];
        for (name, expected) in [
            ("ann", vec![1, 4]),
            ("ANN LEE", vec![4]),
            ("smith", vec![2]),
            ("anna", vec![2]),
            ("oann", vec![3]),
            ("nn", vec![1, 2, 3, 4]),
            ("@ANN_K", vec![1]),
            ("@ann", vec![]),
            ("@", vec![]),
            ("Zed", vec![]),
        ] {
            let mut lookup = Lookup::new(name);
            for (id, person) in &people {
                lookup.see(UserId(*id), person);
            }
            let found: Vec<i64> = lookup.found().iter().map(|id| id.0).collect();
            assert_eq!(found, expected, "{name}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn what_is_kept_is_bounded_and_the_newest(seen in prop::collection::vec(0_u64..50, 0..3000)) {
            let mut directory = Directory::new(Filter::Everybody, "");
            let mut lookup = Lookup::new("ann");
            for (id, at) in (1..).zip(&seen) {
                let person = person("Ann", None, *at);
                directory.see(UserId(id), &person);
                lookup.see(UserId(id), &person);
            }
            prop_assert!(directory.newest.len() <= PAGE * MOST_PAGES);
            prop_assert!(lookup.found().len() <= MOST_NAMESAKES + 1);
            let page = directory.page(1);
            prop_assert_eq!(page.found, seen.len());
            let mut newest = seen.clone();
            newest.sort_unstable_by(|one, other| other.cmp(one));
            newest.truncate(PAGE);
            let shown = page.ids.iter().map(|id| usize::try_from(id.0 - 1).unwrap());
            let shown: Vec<u64> = shown.map(|at| seen[at]).collect();
            prop_assert_eq!(shown, newest);
        }
    }
}
