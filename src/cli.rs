//! Arguments to an [`Invocation`]. Pure: what a command does is decided by who receives it.
//!
//! Invariant: whatever cannot be understood is a [`Usage`] error of one sentence, never a guess.

pub(crate) mod dispatch;

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser};

use crate::config::mistake::shown;
use crate::config::names::nearest;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
svs-bot: a Gemini chat bot for Telegram

Usage: svs-bot [COMMAND] [OPTIONS]

Commands:
  run       answer messages (the default)
  check     look at settings and data file; says what to do
  status    say how the running bot is
  claim     print a link that makes you the owner, where there is none
  chat      talk to the bot in this terminal; needs no token
  help      print this

Options:
  -c, --config PATH   settings file, instead of /etc/svs-bot/config.toml
                      or the one in the user's config folder
  -h, --help          print this
  -V, --version       print the version

Exit codes: 0 fine, 1 failed, 2 wrong usage, 78 wrong settings
";

/// What the program was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invocation {
    pub(crate) command: Command,
    /// `--config`.
    pub(crate) config: Option<PathBuf>,
}

/// The commands of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Run,
    Check,
    Status,
    Claim,
    Chat,
    Help,
    Version,
}

/// Arguments that cannot be understood (exit code 2).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}; see svs-bot --help")]
pub(crate) struct Usage(String);

const COMMANDS: [(&str, Command); 6] = [
    ("run", Command::Run),
    ("check", Command::Check),
    ("status", Command::Status),
    ("claim", Command::Claim),
    ("chat", Command::Chat),
    ("help", Command::Help),
];

/// Commands of the design that this version does not have.
const LATER: [&str; 7] = [
    "setup", "reload", "backup", "restore", "compact", "import", "export",
];

/// Reads the arguments, the program's own name left out. `--help` and `--version` win over every
/// command, wherever they stand.
pub(crate) fn parse<I>(arguments: I) -> Result<Invocation, Usage>
where
    I: IntoIterator,
    I::Item: Into<OsString>,
{
    let mut parser = Parser::from_args(arguments.into_iter().map(Into::into));
    let mut command = None;
    let mut config = None;
    let mut informs = None;
    while let Some(argument) = parser.next().map_err(|error| usage_of(&error))? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => informs = Some(Command::Help),
            Arg::Short('V') | Arg::Long("version") => informs = Some(Command::Version),
            Arg::Short('c') | Arg::Long("config") => {
                let path = parser.value().map_err(|error| usage_of(&error))?;
                config = Some(PathBuf::from(path));
            }
            Arg::Value(word) => {
                let word = word.to_string_lossy();
                if command.is_some() {
                    return Err(Usage(format!("unexpected argument `{}`", shown(&word))));
                }
                command = Some(command_of(&word)?);
            }
            Arg::Short(_) | Arg::Long(_) => return Err(usage_of(&argument.unexpected())),
        }
    }
    Ok(Invocation {
        command: informs.or(command).unwrap_or(Command::Run),
        config,
    })
}

fn command_of(word: &str) -> Result<Command, Usage> {
    if let Some((_, command)) = COMMANDS.iter().find(|(name, _)| *name == word) {
        return Ok(*command);
    }
    if LATER.contains(&word) {
        return Err(Usage(format!("`{word}` is not in this version")));
    }
    let meant = nearest(word, COMMANDS.iter().map(|(name, _)| *name));
    let hint = meant.map_or(String::new(), |name| format!(", did you mean `{name}`?"));
    Err(Usage(format!("unknown command `{}`{hint}", shown(word))))
}

fn usage_of(error: &lexopt::Error) -> Usage {
    match error {
        lexopt::Error::MissingValue { .. } => Usage("`--config` needs a path".to_owned()),
        lexopt::Error::UnexpectedOption(option) => {
            Usage(format!("unknown option `{}`", shown(option)))
        }
        lexopt::Error::UnexpectedValue { option, .. } => {
            Usage(format!("`{}` takes no value", shown(option)))
        }
        lexopt::Error::UnexpectedArgument(_)
        | lexopt::Error::ParsingFailed { .. }
        | lexopt::Error::NonUnicodeValue(_)
        | lexopt::Error::Custom(_) => Usage("the arguments cannot be understood".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_name_a_command_and_a_settings_file() {
        for (arguments, command, config) in [
            (&[][..], Command::Run, None),
            (&["run"], Command::Run, None),
            (&["check"], Command::Check, None),
            (&["status"], Command::Status, None),
            (&["claim"], Command::Claim, None),
            (&["chat"], Command::Chat, None),
            (&["help"], Command::Help, None),
            (&["-h"], Command::Help, None),
            (&["chat", "--help"], Command::Help, None),
            (&["--version"], Command::Version, None),
            (&["-V"], Command::Version, None),
            (&["--config", "a.toml"], Command::Run, Some("a.toml")),
            (
                &["--config=a.toml", "check"],
                Command::Check,
                Some("a.toml"),
            ),
            (&["check", "-c", "a.toml"], Command::Check, Some("a.toml")),
            (&["check", "-ca.toml"], Command::Check, Some("a.toml")),
        ] {
            let config = config.map(PathBuf::from);
            let expected = Invocation { command, config };
            assert_eq!(parse(arguments), Ok(expected), "{arguments:?}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_said_in_one_sentence_with_a_way_to_help() {
        for (arguments, sentence) in [
            (
                &["chek"][..],
                "unknown command `chek`, did you mean `check`?",
            ),
            (&["Run"], "unknown command `Run`, did you mean `run`?"),
            (&["dance"], "unknown command `dance`"),
            (&["backup"], "`backup` is not in this version"),
            (&["setup"], "`setup` is not in this version"),
            (&["run", "check"], "unexpected argument `check`"),
            (&["--fast"], "unknown option `--fast`"),
            (&["-x"], "unknown option `-x`"),
            (&["--help=now"], "`--help` takes no value"),
            (&["--config"], "`--config` needs a path"),
            (
                &["1234567:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"],
                "unknown command `***`",
            ),
        ] {
            let said = parse(arguments).unwrap_err().to_string();
            assert_eq!(said, format!("{sentence}; see svs-bot --help"));
        }
    }

    #[test]
    fn the_help_names_every_command_of_this_version_and_no_other() {
        for (name, _) in COMMANDS {
            assert!(HELP.contains(&format!("\n  {name}  ")), "{name}");
        }
        for name in LATER {
            assert!(!HELP.contains(&format!("\n  {name}  ")), "{name}");
        }
        assert!(HELP.lines().all(|line| line.chars().count() <= 80));
    }
}
