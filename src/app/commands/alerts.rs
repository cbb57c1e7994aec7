//! What an Owner is told without asking: `/alerts` shows what lasts now, `/alerts off` keeps what is
//! new from this Owner, `/alerts on` tells of it again.

use super::entry::{Entry, Given, OWNER, Reply};
use crate::alerts::Alerts;
use crate::chat::UserId;
use crate::clock::{self, Timestamp};
use crate::locale::Locale;
use crate::locale::commands::texts;
use crate::people::audit::Deed;
use crate::store::Read;

pub(super) const COMMANDS: &[Entry] = &[Entry {
    names: &["alerts"],
    rights: OWNER,
    ends: None,
    run: |given| Box::pin(alerts(given)),
}];

texts! {
    "alerts" {
        USAGE = "usage", NONE = "none", SINCE = "since", ON = "on", OFF = "off",
        TURN_ON = "turn_on", TURN_OFF = "turn_off", NOT_NOW = "not_now",
    }
}

/// What `/alerts [on|off]` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    Show,
    Turn { is_on: bool },
}

/// Reads the argument; `None` when it is none that is known.
fn parse(arguments: &str) -> Option<Request> {
    match arguments.trim().to_ascii_lowercase().as_str() {
        "" => Some(Request::Show),
        "on" => Some(Request::Turn { is_on: true }),
        "off" => Some(Request::Turn { is_on: false }),
        _ => None,
    }
}

async fn alerts(given: Given<'_>) -> Reply {
    let (locale, engine) = (given.locale, given.engine);
    let request = parse(&given.command.arguments);
    let (Some(request), Some(owner)) = (request, given.lane.person()) else {
        return Reply::say(locale.command(USAGE, &[]));
    };
    let Ok(mut alerts) = engine.store.read(Read::alerts).await else {
        return Reply::say(locale.command(NOT_NOW, &[]));
    };
    if let Request::Turn { is_on } = request {
        alerts.mute(owner, !is_on);
    }
    let is_on = !alerts.wants_none(owner);
    let (label, line) = if is_on {
        (TURN_OFF, "/alerts off")
    } else {
        (TURN_ON, "/alerts on")
    };
    let shown = Reply::say(lasting(locale, &alerts, owner, clock::now()))
        .with_buttons(given.button(locale.command(label, &[]), line));
    match request {
        Request::Show => shown,
        Request::Turn { .. } => {
            let deed = if is_on {
                Deed::AlertsOn
            } else {
                Deed::AlertsOff
            };
            let turned = shown.with_effect(move |rows| {
                let mut alerts = rows.alerts()?;
                alerts.mute(owner, !is_on);
                rows.put_alerts(&alerts)?;
                Ok(Vec::new())
            });
            turned.audited(given.does(deed, None))
        }
    }
}

/// What lasts now, since when, and whether the Owner hears of what is new.
fn lasting(locale: &Locale, alerts: &Alerts, owner: UserId, now: Timestamp) -> String {
    let line = |trouble: &str, length| {
        let values = [("trouble", trouble), ("length", &*locale.length(length))];
        locale.command(SINCE, &values)
    };
    let known = alerts.lasting().filter_map(|alert| {
        let copy = alert.copy_of(owner)?;
        Some(line(&copy.trouble, alert.length(now)))
    });
    let mut lines: Vec<String> = known.collect();
    if lines.is_empty() {
        lines.push(locale.command(NONE, &[]));
    }
    let is_on = !alerts.wants_none(owner);
    lines.push(locale.command(if is_on { ON } else { OFF }, &[]));
    lines.join("\n\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::chat::OutboxId;
    use crate::locale::Language;

    #[test]
    fn alerts_are_shown_or_turned_on_or_off_and_nothing_else() {
        let cases = [
            ("", Some(Request::Show)),
            (" ON ", Some(Request::Turn { is_on: true })),
            ("off", Some(Request::Turn { is_on: false })),
            ("of", None),
            ("on off", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_lasts_is_listed_with_its_time_and_what_is_over_is_not() {
        let owner = UserId(1);
        let now = Timestamp(1_000_000_000);
        for language in [Language::En, Language::Zh] {
            let locale = Locale::of(language);
            let mut alerts = Alerts::default();
            assert!(lasting(locale, &alerts, owner, now).contains(&locale.command(NONE, &[])));
            alerts.take(&["a".to_owned(), "b".to_owned()], true, now);
            for alert in &mut alerts.all {
                let trouble = format!("trouble {}", alert.cause);
                alert.tell(owner, Some(OutboxId(1)), &trouble, &trouble);
            }
            alerts.take(&["b".to_owned()], true, now);
            alerts.mute(owner, true);
            let said = lasting(locale, &alerts, owner, now.after(Duration::from_mins(5)));
            assert!(said.contains("trouble b") && said.contains('5'), "{said}");
            assert!(!said.contains("trouble a"), "{said}");
            assert!(said.ends_with(&locale.command(OFF, &[])), "{said}");
        }
    }
}
