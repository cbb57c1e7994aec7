//! Which commands stand in a menu of Telegram: those that can be given there, each with what the
//! first line of its help says of it.

use super::FAMILIES;
use crate::chat::Role;
use crate::chat::command::Place;
use crate::chat::profile::MenuLine;
use crate::locale::Locale;

/// The commands that somebody of this role may give in this place, in the order of `/help`.
pub(crate) fn menu(locale: &Locale, role: Role, place: Place) -> Vec<MenuLine> {
    let entries = FAMILIES.iter().copied().flatten();
    let permitted = entries.filter(|entry| entry.rights.permit(role, place));
    permitted
        .filter_map(|entry| {
            let help = locale.command_help(entry.name())?;
            let (_, description) = help.lines().next()?.split_once(" – ")?;
            Some(MenuLine {
                command: entry.name(),
                description: description.to_owned(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locale::Language;

    #[test]
    fn a_menu_has_what_can_be_given_there_and_nothing_else() {
        let locale = Locale::of(Language::En);
        let names = |role, place| {
            let lines = menu(locale, role, place).into_iter();
            lines.map(|line| line.command).collect::<Vec<_>>()
        };
        let everybodys = names(Role::Guest, Place::Private);
        assert!(everybodys.contains(&"new") && everybodys.contains(&"help"));
        assert!(!everybodys.contains(&"grant") && !everybodys.contains(&"start"));
        let owners = names(Role::Owner, Place::Private);
        assert!(owners.starts_with(&everybodys) && owners.contains(&"keys"));
        let in_groups = names(Role::Owner, Place::Group);
        assert!(in_groups.contains(&"stop") && !in_groups.contains(&"grant"));
        let stop = menu(locale, Role::Guest, Place::Group);
        let stop = stop.iter().find(|line| line.command == "stop").unwrap();
        assert_eq!(stop.description, "stop the answer I'm working on");
    }
}
