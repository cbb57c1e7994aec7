//! The stand-ins themselves, seen by a tiny client: what they allow, refuse, and note.

use std::time::Duration;

use serde_json::Value;

mod gemini;
mod telegram;

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(10)));
    config.build().into()
}

/// Status and body of a POST; status 0 when no answer came.
fn post(url: &str, headers: &[(&str, &str)], body: &Value) -> (u16, String) {
    let mut request = agent().post(url).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let Ok(mut response) = request.send(body.to_string()) else {
        return (0, String::new());
    };
    let text = response.body_mut().read_to_string();
    text.map_or((0, String::new()), |text| {
        (response.status().as_u16(), text)
    })
}
