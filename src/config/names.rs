//! Which names are settings, and which one was probably meant. Pure.
//!
//! Invariant: every name the reader asks for is in [`SETTINGS`]; a test compares the two.

/// Every setting of the design, by the one name it has everywhere.
pub(super) const SETTINGS: &[&str] = &[
    "TELEGRAM_BOT_TOKEN",
    "GROUP_A_KEYS",
    "GROUP_B_KEYS",
    "GROUP_C_KEYS",
    "GROUP_D_KEYS",
    "GEMINI_API_KEY",
    "GEMINI_API_KEYS",
    "OWNER_IDS",
    "ACCESS",
    "GROUPS",
    "DATA_FILE",
    "HTTP_ADDR",
    "LOG_LEVEL",
    "LOG_FORMAT",
    "UI_LANGUAGE",
    "TIME_ZONE",
    "KEY_RPM",
    "KEY_DAILY_PERCENT",
    "KEY_COOLDOWN_SECS",
    "KEY_MAX_ERRORS",
    "KEY_BLACKLIST_SECS",
    "PAID_DAILY_USD",
    "VIP_SEATS",
    "VIP_IDLE_MINUTES",
    "USER_LIMITS",
    "GROUP_PARALLEL",
    "MAX_IN_FLIGHT",
    "QUEUE_LIMIT",
    "STALE_MINUTES",
    "ANSWER_DEADLINE_SECS",
    "STREAM",
    "SEND_RATE",
    "HISTORY_DAYS",
    "SYSTEM_PROMPT",
    "SYSTEM_PROMPT_FILE",
    "BACKUP_DIR",
    "BACKUP_KEEP",
    "TELEGRAM_API_URL",
    "GEMINI_API_URL",
    "TELEGRAM_PROXY",
    "GEMINI_PROXY",
    "TLS_CA_FILE",
    "IP_FAMILY",
];

/// Older names of the token, the stronger first; the proper name beats both.
const TOKEN_ALIASES: [&str; 2] = ["TELEGRAM_BOT_SVSKILO_TOKEN", "TELEGRAM_TOKEN"];

/// What a name in a settings source stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// A setting, and how weak its spelling is: within one source, rank 0 beats rank 1.
    Setting {
        name: &'static str,
        rank: usize,
    },
    /// Belonged to the old bot and is not needed.
    Leftover,
    Unknown,
}

/// Looks a name up, in capitals.
pub(super) fn recognise(name: &str) -> Named {
    if let Some(name) = SETTINGS.iter().find(|known| **known == name) {
        return Named::Setting { name, rank: 0 };
    }
    if let Some(at) = TOKEN_ALIASES.iter().position(|alias| *alias == name) {
        return Named::Setting {
            name: "TELEGRAM_BOT_TOKEN",
            rank: at + 1,
        };
    }
    let old = name.starts_with("SUPABASE_") || name.starts_with("REDIS_") || name == "DATABASE_URL";
    if old { Named::Leftover } else { Named::Unknown }
}

/// Whether the text of the setting must not be shown.
pub(super) fn is_secret(name: &str) -> bool {
    name == "TELEGRAM_BOT_TOKEN"
        || name.starts_with("GEMINI_API_KEY")
        || (name.starts_with("GROUP_") && name.ends_with("_KEYS"))
}

/// The setting that an unknown name probably means.
pub(super) fn nearest_setting(typed: &str) -> Option<&'static str> {
    nearest(typed, SETTINGS.iter().copied())
}

/// The known word with the fewest typing errors, if at most a third of its letters are wrong.
pub(crate) fn nearest<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let (errors, word) = known
        .into_iter()
        .map(|word| (distance(&typed, &word.to_lowercase()), word))
        .min_by_key(|(errors, _)| *errors)?;
    (errors <= word.chars().count().div_ceil(3)).then_some(word)
}

/// Levenshtein's distance: letters to add, drop or replace.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (at, letter) in from.chars().enumerate() {
        let mut next = vec![at + 1];
        let mut left = at + 1;
        for (pair, wanted) in row.windows(2).zip(&to) {
            let [diagonal, above] = pair else { continue };
            left = (left + 1)
                .min(above + 1)
                .min(diagonal + usize::from(letter != *wanted));
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_the_name_that_was_meant() {
        for (typed, meant) in [
            ("KEY_RPN", Some("KEY_RPM")),
            ("key_rpm", Some("KEY_RPM")),
            ("TELEGRAM_BOT_TOKN", Some("TELEGRAM_BOT_TOKEN")),
            ("GEMINI_KEYS", Some("GEMINI_API_KEYS")),
            ("OWNER_ID", Some("OWNER_IDS")),
            ("PATH", None),
            ("", None),
        ] {
            assert_eq!(nearest_setting(typed), meant, "{typed}");
        }
    }

    #[test]
    fn the_distance_counts_added_dropped_and_replaced_letters() {
        for (from, to, errors) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("chek", "check", 1),
            ("été", "ete", 2),
        ] {
            assert_eq!(distance(from, to), errors, "{from} {to}");
        }
    }

    #[test]
    fn old_services_are_leftovers_and_old_token_names_still_work() {
        assert_eq!(recognise("SUPABASE_URL"), Named::Leftover);
        assert_eq!(recognise("REDIS_HOST"), Named::Leftover);
        assert_eq!(recognise("DATABASE_URL"), Named::Leftover);
        assert_eq!(recognise("HOME"), Named::Unknown);
        assert_eq!(
            recognise("TELEGRAM_TOKEN"),
            Named::Setting {
                name: "TELEGRAM_BOT_TOKEN",
                rank: 2
            }
        );
    }
}
