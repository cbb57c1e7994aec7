//! `time`: the date and the time of day, of the asker or anywhere.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{Needs, Tool, Toolbox};
use crate::chat::tool::ToolCall;
use crate::clock;

pub(super) const TOOL: Tool = Tool {
    name: "time",
    needs: Needs::Nothing,
    description: |_| {
        "Tells the current date and time of day, of the person or of a time zone.".to_owned()
    },
    parameters: || {
        json!({
            "type": "object",
            "properties": {
                "zone": {
                    "type": "string",
                    "description": "IANA name of a time zone, such as Asia/Shanghai. Left out: the person's own.",
                },
            },
        })
    },
    run: |toolbox, call| {
        let told = tell(toolbox, call);
        Box::pin(async move { told.map(Into::into) })
    },
};

fn tell(toolbox: &Toolbox<'_>, call: &ToolCall) -> Result<Value, String> {
    let zone = match call.text("zone") {
        Some(name) => TimeZone::get(name)
            .map_err(|_unknown| "no such time zone: use an IANA name".to_owned())?,
        None => toolbox.of.zone.clone(),
    };
    let now = clock::zoned(toolbox.of.now, &zone);
    Ok(json!({
        "date": now.strftime("%Y-%m-%d").to_string(),
        "weekday": now.strftime("%A").to_string(),
        "time": now.strftime("%H:%M").to_string(),
        "zone": zone.iana_name().unwrap_or("local"),
        "utc_offset": now.strftime("%:z").to_string(),
    }))
}
