//! The registry as the Owner leafs through it: `/users` lists people and groups, newest seen first, by
//! what they are or what they are called; `/users WHO` shows the card of one.

use super::card::card;
use super::entry::{Entry, Given, OWNER, Reply};
use super::who::{meant, repeated, unread};
use crate::chat::callback::CommandCallback;
use crate::chat::{Button, Role, UserId};
use crate::clock::{self, Timestamp};
use crate::locale::commands::{Text, texts};
use crate::people::directory::{Directory, Filter, MOST_PAGES, PAGE, Page};
use crate::people::person::Person;

pub(super) const COMMANDS: &[Entry] = &[Entry {
    names: &["users"],
    rights: OWNER,
    ends: None,
    run: |given| Box::pin(users(given)),
}];

texts! {
    "users" {
        HEADING = "heading",
        FOUND = "found",
        NOBODY_HERE = "nobody_here",
        LINE = "line",
        LINE_UNSEEN = "line_unseen",
        IS_WAITING = "waiting",
        IS_BANNED = "banned",
        IS_NOTHING = "roleless",
        FILTER_ALL = "filter_all",
        FILTER_WAITING = "filter_waiting",
        FILTER_BANNED = "filter_banned",
        FILTER_GROUPS = "filter_groups",
        NEWER = "newer",
        OLDER = "older",
        NARROW = "narrow",
    }
}

/// Longest name on a button, in characters.
const LONGEST_LABEL: usize = 24;

/// What `/users [all | waiting | banned | groups] [TEXT] [+PAGE]` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Request<'a> {
    filter: Filter,
    text: &'a str,
    /// Counted from 1.
    page: usize,
}

impl<'a> Request<'a> {
    fn parse(arguments: &'a str) -> Self {
        let mut text = arguments.trim();
        let mut page = 1;
        let (before, last) = text.rsplit_once(char::is_whitespace).unwrap_or(("", text));
        if let Some(number) = last.strip_prefix('+').and_then(|page| page.parse().ok()) {
            (text, page) = (before.trim(), number);
        }
        let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let named = Filter::ALL
            .into_iter()
            .find(|filter| filter.name().eq_ignore_ascii_case(first));
        let (filter, text) = match named {
            Some(filter) => (filter, rest.trim()),
            None => (Filter::Everybody, text),
        };
        Self { filter, text, page }
    }

    /// The command that asks for this; none where it does not fit behind a button.
    fn line(self) -> Option<String> {
        let Self { filter, text, page } = self;
        let mut line = format!("/users {}", filter.name());
        for word in [text.to_owned(), format!("+{page}")] {
            if !word.is_empty() {
                line.push(' ');
                line.push_str(&word);
            }
        }
        (line.len() <= CommandCallback::LONGEST_LINE).then_some(line)
    }

    /// Whether one person is named: by id or by `@name`.
    fn is_one_person(self) -> bool {
        let is_id = self.text.parse::<i64>().is_ok();
        self.filter == Filter::Everybody && (is_id || self.text.starts_with('@'))
    }
}

async fn users(given: Given<'_>) -> Reply {
    let request = Request::parse(&given.command.arguments);
    if request.is_one_person() {
        return match meant(&given, request.text, "/users {}").await {
            Ok(id) => of_one(&given, id, None).await,
            Err(instead) => instead,
        };
    }
    let (filter, text, number) = (request.filter, request.text.to_owned(), request.page);
    let read = given.engine.store.read(move |rows| {
        let mut directory = Directory::new(filter, &text);
        rows.persons(|id, person| directory.see(id, &person))?;
        let page = directory.page(number);
        let mut people = Vec::with_capacity(page.ids.len());
        for id in &page.ids {
            people.extend(rows.person(*id)?.map(|person| (*id, person)));
        }
        Ok((page, people))
    });
    match read.await {
        Ok((page, people)) => match people.as_slice() {
            // Whoever searches for one person has found them.
            [(id, person)] if !request.text.is_empty() => card(&given, *id, person, None).await,
            people => list(&given, request, &page, people),
        },
        Err(error) => unread(&given, &error),
    }
}

/// The card of somebody; above it, what was done.
pub(super) async fn of_one(given: &Given<'_>, id: UserId, done: Option<String>) -> Reply {
    match given.engine.store.person(id).await {
        Ok(Some(person)) => card(given, id, &person, done).await,
        Ok(None) => card(given, id, &Person::unseen(clock::now()), done).await,
        Err(error) => unread(given, &error),
    }
}

fn list(
    given: &Given<'_>,
    request: Request<'_>,
    page: &Page,
    people: &[(UserId, Person)],
) -> Reply {
    let locale = given.locale;
    let now = clock::now();
    let (found, number, pages) = (
        page.found.to_string(),
        page.number.to_string(),
        page.pages.to_string(),
    );
    let text = repeated(request.text);
    let values = [
        ("found", &*found),
        ("page", &*number),
        ("pages", &*pages),
        ("text", &*text),
    ];
    let heading = if request.text.is_empty() {
        HEADING
    } else {
        FOUND
    };
    let mut lines = vec![locale.command(heading, &values)];
    if people.is_empty() {
        lines.push(locale.command(NOBODY_HERE, &[]));
    }
    let numbers = (page.number - 1) * PAGE + 1..;
    for (number, (id, person)) in numbers.zip(people) {
        lines.push(format!("{number}. {}", line(given, *id, person, now)));
    }
    if page.found > PAGE * MOST_PAGES && page.number == page.pages {
        lines.push(locale.command(NARROW, &[]));
    }
    let names = people.iter().filter_map(|(id, person)| {
        let name = person.shown_name();
        let name = if name.is_empty() {
            id.to_string()
        } else {
            name
        };
        let label = name.chars().take(LONGEST_LABEL).collect::<String>();
        given.button(label, format!("/users {id}"))
    });
    let names: Vec<Button> = names.collect();
    let buttons = names.into_iter().chain(turning(given, request, page));
    Reply::say(lines.join("\n")).with_buttons(buttons)
}

/// One line of the list.
fn line(given: &Given<'_>, id: UserId, person: &Person, now: Timestamp) -> String {
    let locale = given.locale;
    let name = match (person.shown_name(), &person.other_names.username) {
        (name, None) if name.is_empty() => id.to_string(),
        (name, None) => name,
        (name, Some(username)) => format!("{name} @{username}").trim().to_owned(),
    };
    let settings = given.engine.settings();
    let standing = match person.grant {
        _ if settings.owners.contains(&id) => locale.role(Role::Owner).to_owned(),
        _ if person.banned.is_some() => locale.command(IS_BANNED, &[]),
        Some(grant) => locale.role(grant.role_at(now)).to_owned(),
        None if person.waits() => locale.command(IS_WAITING, &[]),
        None => locale.command(IS_NOTHING, &[]),
    };
    if !person.was_seen() {
        return locale.command(LINE_UNSEEN, &[("name", &name), ("role", &standing)]);
    }
    let ago = locale.length(now.since(person.last_seen));
    locale.command(LINE, &[("name", &name), ("role", &standing), ("ago", &ago)])
}

/// The buttons that turn the page or change the filter.
fn turning(given: &Given<'_>, request: Request<'_>, page: &Page) -> Vec<Button> {
    let locale = given.locale;
    let button = |text: Text, values: &[(&str, &str)], wanted: Request<'_>| {
        given.button(locale.command(text, values), wanted.line()?)
    };
    let at = |page| Request { page, ..request };
    let newer = (page.number > 1).then(|| button(NEWER, &[], at(page.number - 1)));
    let older = (page.number < page.pages).then(|| button(OLDER, &[], at(page.number + 1)));
    let mut buttons: Vec<Button> = [newer, older].into_iter().flatten().flatten().collect();
    let labels = [FILTER_ALL, FILTER_WAITING, FILTER_BANNED, FILTER_GROUPS];
    for ((filter, label), count) in Filter::ALL.into_iter().zip(labels).zip(page.counts) {
        let is_shown = filter == request.filter && request.text.is_empty();
        if !is_shown && (count > 0 || filter == Filter::Everybody) {
            let wanted = Request {
                filter,
                text: "",
                page: 1,
            };
            buttons.extend(button(label, &[("count", &count.to_string())], wanted));
        }
    }
    buttons
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request(filter: Filter, text: &str, page: usize) -> Request<'_> {
        Request { filter, text, page }
    }

    #[test]
    fn a_list_is_asked_for_by_filter_text_and_page() {
        for (arguments, expected) in [
            ("", request(Filter::Everybody, "", 1)),
            ("  +3 ", request(Filter::Everybody, "", 3)),
            ("waiting", request(Filter::Waiting, "", 1)),
            ("BANNED +2", request(Filter::Banned, "", 2)),
            ("all Ann Lee +2", request(Filter::Everybody, "Ann Lee", 2)),
            ("Ann Lee", request(Filter::Everybody, "Ann Lee", 1)),
            ("groups garden", request(Filter::Groups, "garden", 1)),
            ("+ann", request(Filter::Everybody, "+ann", 1)),
        ] {
            assert_eq!(Request::parse(arguments), expected, "{arguments:?}");
        }
        for (arguments, is_one) in [
            ("123", true),
            ("-100123", true),
            ("@ann", true),
            ("ann", false),
            ("waiting 123", false),
            ("+2", false),
        ] {
            let request = Request::parse(arguments);
            assert_eq!(request.is_one_person(), is_one, "{arguments:?}");
        }
    }

    #[test]
    fn a_text_that_is_too_long_for_a_button_has_none() {
        assert!(request(Filter::Waiting, "王小明", 100).line().is_some());
        assert!(
            request(Filter::Waiting, &"王".repeat(20), 1)
                .line()
                .is_none()
        );
    }

    proptest! {
        #[test]
        fn what_stands_behind_a_button_asks_for_the_same(
            filter in 0_usize..4,
            text in "[a-z@]{0,8}( [a-z]{1,8})?",
            page in 1_usize..200,
        ) {
            let wanted = request(Filter::ALL[filter], text.trim(), page);
            let line = wanted.line().unwrap();
            let arguments = line.strip_prefix("/users ").unwrap();
            prop_assert_eq!(Request::parse(arguments), wanted);
        }
    }
}
