//! `remind`: sets a reminder. It is set by the commit that ends the turn, and the person is told of it
//! by the bot itself, with a button that takes it back.

use std::time::Duration;

use jiff::civil::DateTime;
use log::error;
use serde_json::{Value, json};

use super::{Done, Needs, Tool, Toolbox};
use crate::chat::reminder::{self, MOST, Refusal, Reminder, refusal};
use crate::chat::tool::ToolCall;
use crate::clock::{self, Timestamp};
use crate::people::zones;

pub(super) const TOOL: Tool = Tool {
    name: "remind",
    needs: Needs::OwnWordsInChat,
    description: |toolbox| {
        let now = clock::zoned(toolbox.of.now, &toolbox.of.zone);
        format!(
            "Sets a reminder: the person is sent the text at that moment. Use it whenever they ask to \
             be reminded. The clock of the person shows {} ({}) now.",
            now.strftime("%A, %Y-%m-%d %H:%M"),
            zones::called(&toolbox.of.zone, toolbox.of.now),
        )
    },
    parameters: || {
        json!({
            "type": "object",
            "properties": {
                "text": {
                    "type": "string",
                    "description": "What to remind them of, short, in their language.",
                },
                "at": {
                    "type": "string",
                    "description": "When, by the clock of the person: YYYY-MM-DDTHH:MM, without an offset.",
                },
                "in_minutes": {
                    "type": "integer",
                    "description": "Instead of `at`: how many minutes from now.",
                },
            },
            "required": ["text"],
        })
    },
    run: |toolbox, call| Box::pin(remind(toolbox, call)),
};

async fn remind(toolbox: &Toolbox<'_>, call: &ToolCall) -> Result<Done, String> {
    let of = &toolbox.of;
    let Some(person) = of.lane.person() else {
        return Err("there is nobody to remind".to_owned());
    };
    let at = moment(toolbox, call).ok_or("either `at` or `in_minutes` is needed")?;
    let text = call.text("text").unwrap_or_default();
    let stored = of.engine.store.read(move |rows| rows.reminders_of(person));
    let stored = stored.await.map_err(|error| {
        error!(err:% = error; "reminders not read");
        "reminders cannot be read right now".to_owned()
    })?;
    let known = stored.iter().chain(&toolbox.reminders);
    let known: Vec<Timestamp> = known.map(|it| it.at).collect();
    if let Some(why) = refusal(at, text, &known, of.now) {
        return Err(explained(toolbox, why));
    }
    let reminder = Reminder::new(of.lane, of.message, at, text).ok_or("it cannot be set here")?;
    let told = json!({
        "set_for": reminder::shown(reminder.at, &of.zone),
        "note": "The person is shown this moment with a button to cancel it; confirm it in one short \
                 sentence.",
    });
    Ok(Done {
        told,
        reminder: Some(reminder),
    })
}

fn moment(toolbox: &Toolbox<'_>, call: &ToolCall) -> Option<Timestamp> {
    let of = &toolbox.of;
    if let Some(minutes) = call.arguments.get("in_minutes").and_then(Value::as_f64) {
        let ahead = Duration::try_from_secs_f64(minutes * 60.0).ok()?;
        return Some(of.now.after(ahead));
    }
    // With an offset all the same, or with seconds, as models write it.
    let at = call.text("at")?.replace(' ', "T");
    if let Ok(exact) = at.parse::<jiff::Timestamp>() {
        return u64::try_from(exact.as_millisecond()).ok().map(Timestamp);
    }
    let local: DateTime = at.parse().ok()?;
    let zoned = local.to_zoned(of.zone.clone()).ok()?;
    let millis = u64::try_from(zoned.timestamp().as_millisecond()).ok()?;
    Some(Timestamp(millis))
}

fn explained(toolbox: &Toolbox<'_>, why: Refusal) -> String {
    let clock = |at| reminder::shown(at, &toolbox.of.zone);
    match why {
        Refusal::NoText => "a text is needed".to_owned(),
        Refusal::TooLong => "the text is too long".to_owned(),
        Refusal::Past => format!(
            "that moment is over: the clock of the person shows {}",
            clock(toolbox.of.now)
        ),
        Refusal::TooFar => "that is more than two years ahead, which is too far".to_owned(),
        Refusal::TooMany => {
            format!("they have {MOST} reminders already, which is the most; /remind lists them")
        }
        Refusal::TooNear(other) => format!(
            "they have a reminder on {} already, and two must be 5 minutes apart",
            clock(other)
        ),
    }
}
