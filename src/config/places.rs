//! Defaults that depend on the machine: folders, the time zone.
//!
//! Invariant: nothing is created here, only looked at.

use std::fs;
use std::path::PathBuf;

use super::parse::Remedy;
use super::raw::Sources;

/// The folder for data files: systemd's state folder, else the system's when it is there, else the
/// user's. None for a user without a home.
pub(super) fn state_folder(sources: &Sources) -> Option<PathBuf> {
    // With several state directories systemd joins them with colons; the first is ours.
    let systemds = sources.variable("STATE_DIRECTORY");
    if let Some(folder) = systemds.and_then(|all| all.split(':').next()) {
        return Some(PathBuf::from(folder));
    }
    let system = sources.root.join("var/lib/svs-bot");
    if system.is_dir() {
        return Some(system);
    }
    sources.user.as_ref().map(|user| user.data.clone())
}

/// A path as it is written in a setting: a leading `~/` or `$HOME/` is the user's home, as in a shell,
/// which does not read `.env` files and units.
pub(super) fn path(sources: &Sources, text: &str) -> Result<PathBuf, Remedy> {
    let within = ["~", "$HOME", "${HOME}"].iter().find_map(|home| {
        let rest = text.strip_prefix(home)?;
        (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/'))
    });
    let Some(within) = within else {
        return Ok(PathBuf::from(text));
    };
    let home = sources.variable("HOME").map(PathBuf::from);
    let home = home.ok_or("must be a full path: HOME is not set, so ~ means nothing")?;
    Ok(if within.is_empty() {
        home
    } else {
        home.join(within)
    })
}

/// The language that a terminal of this machine speaks, as an IETF tag: the first of `LC_ALL`,
/// `LC_MESSAGES` and `LANG` that says anything decides, as for every program; none where that is no
/// language (`C`, `POSIX`).
pub(super) fn language(sources: &Sources) -> Option<String> {
    let mut variables = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter();
    let locale = variables.find_map(|name| sources.variable(name))?;
    let tag = locale.split(['.', '@']).next()?.replace('_', "-");
    (!matches!(tag.as_str(), "" | "C" | "POSIX")).then_some(tag)
}

/// The name of the machine's time zone: `TZ`, else where `/etc/localtime` points to, else UTC.
pub(super) fn time_zone(sources: &Sources) -> jiff::tz::TimeZone {
    let variable = sources.variable("TZ").map(str::to_owned);
    let link = || {
        let target = fs::read_link(sources.root.join("etc/localtime")).ok()?;
        Some(target.to_string_lossy().into_owned())
    };
    variable
        .or_else(link)
        .and_then(|place| {
            let place = place.trim_start_matches(':');
            let name = place
                .rsplit_once("zoneinfo/")
                .map_or(place, |(_, name)| name);
            jiff::tz::TimeZone::get(name).ok()
        })
        .unwrap_or(jiff::tz::TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_of_the_machine_is_that_of_its_first_variable() {
        type Variables = &'static [(&'static str, &'static str)];
        let cases: [(Variables, Option<&str>); 6] = [
            (&[], None),
            (&[("LANG", "zh_CN.UTF-8")], Some("zh-CN")),
            (
                &[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "de_DE@euro")],
                Some("de-DE"),
            ),
            (&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "")], Some("zh-CN")),
            (&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C.UTF-8")], None),
            (&[("LANG", "POSIX")], None),
        ];
        let folder = tempfile::tempdir().unwrap();
        for (environment, expected) in cases {
            let sources = Sources::below(folder.path(), environment);
            assert_eq!(language(&sources).as_deref(), expected, "{environment:?}");
        }
    }
}
