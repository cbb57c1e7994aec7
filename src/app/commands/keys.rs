//! The keys: `/keys` tells how each of them is doing, `/keys retest` looks again at what is dead or
//! in cooldown.

use super::entry::{Entry, Given, OWNER_AND_TERMINAL, Reply};
use crate::app::engine::Engine;
use crate::app::ticks::retest;
use crate::chat::Lane;
use crate::clock;
use crate::keys::{KeyReport, pacific};
use crate::locale::Locale;
use crate::locale::commands::texts;
use crate::locale::key_report::KeyTable;
use crate::people::audit::Deed;

pub(super) const COMMANDS: &[Entry] = &[Entry {
    names: &["keys"],
    rights: OWNER_AND_TERMINAL,
    ends: None,
    run: |given| Box::pin(keys(given)),
}];

texts! {
    "keys" { USAGE = "usage", AGAIN = "again" }
}

/// What `/keys [retest]` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    /// How each of them is doing.
    Report,
    /// A look at the dead ones, now.
    Retest,
}

/// Reads the argument; `None` when it is none that is known.
fn parse(arguments: &str) -> Option<Request> {
    match arguments.trim() {
        "" => Some(Request::Report),
        word if word.eq_ignore_ascii_case("retest") => Some(Request::Retest),
        _ => None,
    }
}

/// What a look at keys has shown is stored before it is told.
async fn keys(given: Given<'_>) -> Reply {
    let (engine, locale) = (given.engine, given.locale);
    match parse(&given.command.arguments) {
        None => Reply::say(locale.command(USAGE, &[])),
        Some(Request::Report) => Reply::say(key_table(engine, locale))
            .with_buttons(given.button(locale.command(AGAIN, &[]), "/keys retest")),
        Some(Request::Retest) => {
            let looked = Reply::say(locale.looked(&retest::look_at_all(engine).await));
            // The terminal has a data file of its own, without an audit.
            match given.lane {
                Lane::Telegram { .. } => looked.audited(given.does(Deed::RetestedKeys, None)),
                Lane::Terminal => looked,
            }
        }
    }
}

fn key_table(engine: &Engine, locale: &Locale) -> String {
    let settings = engine.settings();
    let now = clock::now();
    let (tally, reports, spend) = engine
        .lending
        .with(|pool| (pool.count(now), pool.report(now), pool.spend()));
    let has_paid = reports.iter().any(|key| key.paid);
    let most = settings.config.key_policy.paid_daily;
    let money = spend
        .filter(|_| has_paid)
        .map(|spend| (spend.on(&pacific::day_of(now)), most));
    let with_project = |report: KeyReport| {
        let entry = settings.key(&report.key);
        (report, entry.and_then(|entry| entry.project.as_deref()))
    };
    locale.key_table(&KeyTable {
        tally,
        keys: reports.into_iter().map(with_project).collect(),
        money,
        now,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_listed_or_looked_at_again_and_nothing_else() {
        let cases = [
            ("", Some(Request::Report)),
            ("  ", Some(Request::Report)),
            ("retest", Some(Request::Retest)),
            (" RETEST ", Some(Request::Retest)),
            ("retest A1", None),
            ("test", None),
            ("A1", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }
}
