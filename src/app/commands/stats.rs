//! `/stats`: what somebody has used of the bot today and in a week, by the size of the models that
//! answered; in private the Owner sees the same of everybody, with a chart.

use log::error;
use tokio::task::spawn_blocking;

use super::entry::{EVERYBODY_IN_CHATS, Entry, Given, Reply};
use crate::chat::answer::Failure;
use crate::chat::{ChatKind, Lane, Outbound, Payload, Role, UserId};
use crate::clock::{self, Day};
use crate::locale::Locale;
use crate::locale::commands::texts;
use crate::outgoing::Head;
use crate::people::usage::Usage;
use crate::render::chart::{self, Bar};
use crate::store::StoreError;

pub(super) const COMMANDS: &[Entry] = &[Entry {
    names: &["stats"],
    rights: EVERYBODY_IN_CHATS,
    ends: None,
    run: |given| Box::pin(stats(given)),
}];

texts! {
    "stats" {
        YOURS = "yours",
        EVERYBODYS = "everybodys",
        TODAY = "today",
        WEEK = "week",
        CHART = "chart",
    }
}

/// Days of a week, today among them.
const WEEK_DAYS: i32 = 7;
/// Days that the chart shows.
const CHART_DAYS: i32 = 14;

/// What was used each day, by its number.
type Days = Vec<(i32, Usage)>;

async fn stats(given: Given<'_>) -> Reply {
    match told(&given).await {
        Ok(reply) => reply,
        Err(error) => {
            error!(err:% = error; "what was used is not read");
            Reply::say(given.locale.failure(Failure::Unexplained))
        }
    }
}

async fn told(given: &Given<'_>) -> Result<Reply, StoreError> {
    let (engine, locale) = (given.engine, given.locale);
    // A chat has a person in each lane.
    let by = engine.counted_as(given.lane).await?.unwrap_or(UserId(0));
    let today = engine.settings().today(clock::now()).number;
    let week = today - WEEK_DAYS + 1..=today;
    let own = engine
        .store
        .read(move |rows| rows.usage_of(by, week))
        .await?;
    let own = format!(
        "{}\n{}",
        locale.command(YOURS, &[]),
        lines(locale, &own, today)
    );
    if given.role != Role::Owner || given.lane.kind() != ChatKind::Private {
        return Ok(Reply::say(own));
    }
    let days = today - CHART_DAYS + 1..=today;
    let all = engine
        .store
        .read(move |rows| rows.usage_of_all(days))
        .await?;
    let people = all.iter().find(|(day, ..)| *day == today);
    let people = people.map_or(0, |(_, _, people)| *people).to_string();
    let all: Days = all
        .into_iter()
        .map(|(day, usage, _)| (day, usage))
        .collect();
    let heading = locale.command(EVERYBODYS, &[("people", &people)]);
    let text = format!("{own}\n\n{heading}\n{}", lines(locale, &all, today));
    let Some(chart) = chart_of(given, &all, today).await else {
        return Ok(Reply::say(text));
    };
    Ok(Reply::say(text).with_effect(move |store| {
        let id = store.put_outbound(&chart)?;
        Ok(vec![Head::of(id, &chart)])
    }))
}

/// A line for today and one for the week.
fn lines(locale: &Locale, days: &Days, today: i32) -> String {
    let sum = |since: i32| {
        let mut sum = Usage::default();
        for (_, usage) in days.iter().filter(|(day, _)| *day >= since) {
            sum += *usage;
        }
        sum
    };
    let line = |text, usage: Usage| {
        let values = [usage.messages, usage.lite, usage.flash, usage.pro];
        let [messages, lite, flash, pro] = values.map(|value| value.to_string());
        let values = [
            ("messages", messages.as_str()),
            ("lite", &lite),
            ("flash", &flash),
            ("pro", &pro),
        ];
        locale.command(text, &values)
    };
    let week = sum(today - WEEK_DAYS + 1);
    format!("{}\n{}", line(TODAY, sum(today)), line(WEEK, week))
}

/// The chart as a message; none where there is nothing to show.
async fn chart_of(given: &Given<'_>, all: &Days, today: i32) -> Option<Outbound> {
    let Lane::Telegram { chat, topic, .. } = given.lane else {
        return None;
    };
    if all.is_empty() {
        return None;
    }
    let bar = |day: i32| Bar {
        date: Day::date_of(day),
        usage: all
            .iter()
            .find(|(known, _)| *known == day)
            .map(|(_, usage)| *usage)
            .unwrap_or_default(),
    };
    let bars: Vec<Bar> = (today - CHART_DAYS + 1..=today).map(bar).collect();
    let png = spawn_blocking(move || chart::png(&bars)).await.ok()??;
    let caption = given.locale.command(CHART, &[]);
    Some(Outbound::new(chat, topic, Payload::Photo { png, caption }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Language;

    #[test]
    fn a_week_is_today_and_the_six_days_before() {
        let of = |day, messages| {
            let usage = Usage {
                messages,
                lite: 1,
                ..Usage::default()
            };
            (day, usage)
        };
        let days = vec![of(93, 100), of(94, 20), of(99, 4), of(100, 3)];
        let told = lines(Locale::of(Language::En), &days, 100);
        let (today, week) = told.split_once('\n').unwrap();
        assert_eq!(
            today,
            "Messages today: 3 (answers: small 1, middle 0, large 0)"
        );
        assert_eq!(
            week,
            "Messages in 7 days: 27 (answers: small 3, middle 0, large 0)"
        );
    }
}
