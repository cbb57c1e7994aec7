//! How a test sets the wall clock of one process: debug builds add the seconds that stand in the file
//! which `SVS_BOT_CLOCK_SHIFT` names. Release builds have no such hook.

#[cfg(debug_assertions)]
use std::ffi::OsString;
#[cfg(debug_assertions)]
use std::sync::LazyLock;

use super::Timestamp;

#[cfg(not(debug_assertions))]
pub(super) const fn shifted(real: Timestamp) -> Timestamp {
    real
}

#[cfg(debug_assertions)]
pub(super) fn shifted(real: Timestamp) -> Timestamp {
    static FILE: LazyLock<Option<OsString>> = LazyLock::new(file);
    let Some(file) = FILE.as_ref() else {
        return real;
    };
    let seconds = std::fs::read_to_string(file).unwrap_or_default();
    let millis = seconds.trim().parse::<i64>().unwrap_or_default() * 1000;
    Timestamp(real.0.saturating_add_signed(millis))
}

#[cfg(debug_assertions)]
#[expect(
    clippy::disallowed_methods,
    reason = "no setting of the bot: a hook of its tests"
)]
fn file() -> Option<OsString> {
    std::env::var_os("SVS_BOT_CLOCK_SHIFT")
}
