//! Time zones as people name them. Pure; the zones are compiled in.

use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::clock::{self, Timestamp};

/// Places that no zone is named after.
const PLACES: [(&str, &str); 12] = [
    ("beijing", "Asia/Shanghai"),
    ("北京", "Asia/Shanghai"),
    ("上海", "Asia/Shanghai"),
    ("中国", "Asia/Shanghai"),
    ("香港", "Asia/Hong_Kong"),
    ("台北", "Asia/Taipei"),
    ("东京", "Asia/Tokyo"),
    ("新加坡", "Asia/Singapore"),
    ("伦敦", "Europe/London"),
    ("巴黎", "Europe/Paris"),
    ("纽约", "America/New_York"),
    ("洛杉矶", "America/Los_Angeles"),
];
/// Furthest offset from UTC that has a zone of its own, in hours, west and east.
const OFFSETS: std::ops::RangeInclusive<i8> = -12..=14;

/// The name of the zone that somebody means: an IANA name or the city in one, in any case, or `UTC+8`.
pub(crate) fn named(typed: &str) -> Option<String> {
    let typed = typed.trim().trim_end_matches("时间");
    let zones = TimeZoneDatabase::bundled();
    if let Some(name) = by_offset(typed) {
        return Some(name);
    }
    let place = PLACES
        .iter()
        .find(|(place, _)| place.eq_ignore_ascii_case(typed));
    let asked = place.map_or(typed, |(_, zone)| zone).replace(' ', "_");
    if let Ok(zone) = zones.get(&asked) {
        return zone.iana_name().map(str::to_owned);
    }
    let mut names = zones.available().map(|name| name.to_string());
    names.find(|name| {
        let city = name.rsplit_once('/').map(|(_, city)| city);
        city.is_some_and(|city| city.eq_ignore_ascii_case(&asked))
    })
}

/// `UTC+8`, `GMT-3`: the zones of the database that have a fixed offset count the other way round.
fn by_offset(typed: &str) -> Option<String> {
    let front = typed.get(..3)?;
    let is_utc = front.eq_ignore_ascii_case("utc") || front.eq_ignore_ascii_case("gmt");
    let hours: i8 = typed.get(3..)?.trim().parse().ok()?;
    let sign = if hours > 0 { '-' } else { '+' };
    let has_sign = typed.get(3..)?.trim().starts_with(['+', '-']);
    (is_utc && has_sign && OFFSETS.contains(&hours)).then(|| match hours {
        0 => "UTC".to_owned(),
        _ => format!("Etc/GMT{sign}{}", hours.unsigned_abs()),
    })
}

/// The zone of a name that [`named`] has given.
pub(crate) fn zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

/// How a zone is called: by its name, or by how far it is from UTC.
pub(crate) fn called(zone: &TimeZone, now: Timestamp) -> String {
    let offset = || clock::zoned(now, zone).strftime("UTC%:z").to_string();
    match zone.iana_name() {
        Some(name) if !name.starts_with("Etc/") => name.to_owned(),
        Some(_) | None => offset(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_found_by_the_names_that_people_use() {
        for (typed, name) in [
            ("Asia/Shanghai", Some("Asia/Shanghai")),
            ("asia/shanghai", Some("Asia/Shanghai")),
            ("Shanghai", Some("Asia/Shanghai")),
            (" new york ", Some("America/New_York")),
            ("Berlin", Some("Europe/Berlin")),
            ("北京时间", Some("Asia/Shanghai")),
            ("Beijing", Some("Asia/Shanghai")),
            ("utc", Some("UTC")),
            ("UTC+0", Some("UTC")),
            ("UTC+8", Some("Etc/GMT-8")),
            ("gmt-3", Some("Etc/GMT+3")),
            ("UTC+15", None),
            ("UTC8", None),
            ("Atlantis", None),
            ("", None),
            ("上海滩", None),
        ] {
            assert_eq!(named(typed).as_deref(), name, "{typed:?}");
            if let Some(name) = name {
                assert!(zone(name).is_some(), "{name}");
            }
        }
    }

    #[test]
    fn a_zone_is_called_by_its_name_or_by_its_offset() {
        let now = Timestamp::from_secs(1_795_000_000);
        for (name, expected) in [
            ("Asia/Shanghai", "Asia/Shanghai"),
            ("UTC", "UTC"),
            ("Etc/GMT-8", "UTC+08:00"),
        ] {
            assert_eq!(called(&zone(name).unwrap(), now), expected);
        }
        let fixed = TimeZone::fixed(jiff::tz::offset(-3));
        assert_eq!(called(&fixed, now), "UTC-03:00");
    }
}
