//! What a button asks for, as its `callback_data` says it. Pure. Invariant: the data gives nobody a
//! right; what a press may do is decided by who presses it, and by the message that holds it.

use super::JobId;

/// What a button asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Callback {
    /// To have the last stale question answered.
    Held,
    /// To have this example asked as if it were typed.
    Example(Example),
    /// To have the question of the answer above asked again.
    Retry,
    /// To have the answer above go on where it was cut.
    Continue,
    /// To have another picture drawn like the one above, beside it.
    Again,
    /// To have the picture above changed somewhat.
    Vary,
    /// To stop this turn.
    Stop(JobId),
}

/// The questions of `/start` that can be tried by a press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Example {
    First,
    Second,
}

impl Example {
    pub(crate) const ALL: [Self; 2] = [Self::First, Self::Second];
}

impl Callback {
    /// What the data of a button means; `None`: the button is of another version.
    pub(crate) fn parse(data: &str) -> Option<Self> {
        match data.split_once(':') {
            None if data == "held" => Some(Self::Held),
            Some(("example", "1")) => Some(Self::Example(Example::First)),
            Some(("example", "2")) => Some(Self::Example(Example::Second)),
            None if data == "retry" => Some(Self::Retry),
            None if data == "continue" => Some(Self::Continue),
            None if data == "again" => Some(Self::Again),
            None if data == "vary" => Some(Self::Vary),
            Some(("stop", job)) => job.parse().ok().map(|job| Self::Stop(JobId(job))),
            None | Some(_) => None,
        }
    }

    /// Whether it asks for something more of the answer that holds it.
    pub(crate) const fn is_about_an_answer(self) -> bool {
        match self {
            Self::Retry | Self::Continue | Self::Again | Self::Vary => true,
            Self::Held | Self::Example(_) | Self::Stop(_) => false,
        }
    }

    /// The data of such a button, far below the 64 bytes of the Bot API.
    pub(crate) fn data(self) -> String {
        match self {
            Self::Held => "held".to_owned(),
            Self::Example(Example::First) => "example:1".to_owned(),
            Self::Example(Example::Second) => "example:2".to_owned(),
            Self::Retry => "retry".to_owned(),
            Self::Continue => "continue".to_owned(),
            Self::Again => "again".to_owned(),
            Self::Vary => "vary".to_owned(),
            Self::Stop(job) => format!("stop:{job}"),
        }
    }
}

/// A button that stands for a command: a press carries it out as if the presser had typed the line,
/// and the reply takes the place of the message that holds the button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommandCallback {
    /// Shows that the bot made this line for this person; [`Self::TAG`] bytes.
    pub(crate) tag: String,
    /// `/name arguments`, at most [`Self::LONGEST_LINE`] bytes.
    pub(crate) line: String,
}

impl CommandCallback {
    pub(crate) const TAG: usize = 8;
    /// `callback_data` has 64 bytes at most.
    pub(crate) const LONGEST_LINE: usize = 64 - Self::TAG;

    /// What the data of such a button means; `None` for any other data.
    pub(crate) fn parse(data: &str) -> Option<Self> {
        let (tag, line) = data.split_at_checked(Self::TAG)?;
        line.starts_with('/').then(|| Self {
            tag: tag.to_owned(),
            line: line.to_owned(),
        })
    }

    pub(crate) fn data(&self) -> String {
        let Self { tag, line } = self;
        format!("{tag}{line}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_button_says_is_what_it_was_made_to_say() {
        for callback in [
            Callback::Held,
            Callback::Example(Example::First),
            Callback::Example(Example::Second),
            Callback::Retry,
            Callback::Continue,
            Callback::Again,
            Callback::Vary,
            Callback::Stop(JobId(u64::MAX)),
        ] {
            let data = callback.data();
            assert!(data.len() <= 64, "{data}");
            assert_eq!(Callback::parse(&data), Some(callback));
        }
        for data in [
            "",
            "example:3",
            "example",
            "retry:1",
            "stop",
            "stop:",
            "stop:-1",
            "stop:x",
            "Retry",
            "stop:1:2",
        ] {
            assert_eq!(Callback::parse(data), None, "{data}");
        }
    }

    #[test]
    fn a_button_carries_the_line_of_a_command() {
        let asked = CommandCallback {
            tag: "0a1b2c3d".to_owned(),
            line: "/grant -1001234567890 premium 30".to_owned(),
        };
        assert_eq!(CommandCallback::parse(&asked.data()), Some(asked));
        for data in [
            "",
            "/new",
            "0a1b2c3/new",
            "0a1b2c3d",
            "retry",
            "stop:12345",
            "统计字数/new",
        ] {
            assert_eq!(CommandCallback::parse(data), None, "{data}");
        }
    }
}
