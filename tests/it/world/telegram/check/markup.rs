//! The rules for inline buttons. Pure.

use serde_json::Value;

const FIELDS: [&str; 5] = ["text", "callback_data", "url", "style", "copy_text"];
const DEEDS: [&str; 3] = ["callback_data", "url", "copy_text"];
const STYLES: [&str; 3] = ["danger", "success", "primary"];
const MOST: usize = 100;
const MOST_IN_A_ROW: usize = 8;

/// Why the service would refuse a `reply_markup`, as it words it.
pub(in super::super) fn markup(markup: &Value) -> Result<(), &'static str> {
    if markup.is_null() {
        return Ok(());
    }
    let alone = markup.as_object().is_some_and(|fields| fields.len() == 1);
    let rows = markup["inline_keyboard"].as_array().filter(|_| alone);
    let rows = rows.ok_or("can't parse inline keyboard: one list of rows is due")?;
    let mut count = 0;
    for row in rows {
        let row = row.as_array().filter(|row| !row.is_empty());
        let row = row.ok_or("can't parse inline keyboard: a row is a list of buttons")?;
        if row.len() > MOST_IN_A_ROW {
            return Err("reply markup is too long");
        }
        row.iter().try_for_each(button)?;
        count += row.len();
    }
    if count > MOST {
        return Err("reply markup is too long");
    }
    Ok(())
}

fn button(button: &Value) -> Result<(), &'static str> {
    let fields = button
        .as_object()
        .ok_or("can't parse inline keyboard button")?;
    if fields.keys().any(|name| !FIELDS.contains(&name.as_str())) {
        return Err("can't parse inline keyboard button: an unknown field");
    }
    let label = button["text"].as_str().unwrap_or_default();
    if label.trim().is_empty() {
        return Err("inline keyboard button text must be non-empty");
    }
    if DEEDS
        .iter()
        .filter(|name| !button[**name].is_null())
        .count()
        != 1
    {
        return Err("text buttons are unallowed in the inline keyboard");
    }
    let data = &button["callback_data"];
    let fits = |data: &str| (1..=64).contains(&data.len());
    if !data.is_null() && !data.as_str().is_some_and(fits) {
        return Err("BUTTON_DATA_INVALID");
    }
    let url = &button["url"];
    let is_address = |url: &str| {
        ["https://", "http://", "tg://"]
            .iter()
            .any(|scheme| url.starts_with(scheme))
    };
    if !url.is_null() && !url.as_str().is_some_and(is_address) {
        return Err("inline keyboard button URL is invalid");
    }
    let style = &button["style"];
    if !style.is_null() && !STYLES.iter().any(|known| style == known) {
        return Err("can't parse inline keyboard button: style");
    }
    Ok(())
}
