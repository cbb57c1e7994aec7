//! What a button asks for, as its `callback_data` says it. Pure. Invariant: nothing that counts is in
//! the data; what a press may do is decided by who presses it, and by the message that holds it.

use super::JobId;

/// What a button asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Callback {
    /// To have the last stale question answered.
    Held,
    /// To have the question of the answer above asked again.
    Retry,
    /// To have the answer above go on where it was cut.
    Continue,
    /// To stop this turn.
    Stop(JobId),
}

impl Callback {
    /// What the data of a button means; `None`: the button is of another version.
    pub(crate) fn parse(data: &str) -> Option<Self> {
        match data.split_once(':') {
            None if data == "held" => Some(Self::Held),
            None if data == "retry" => Some(Self::Retry),
            None if data == "continue" => Some(Self::Continue),
            Some(("stop", job)) => job.parse().ok().map(|job| Self::Stop(JobId(job))),
            None | Some(_) => None,
        }
    }

    /// The data of such a button, far below the 64 bytes of the Bot API.
    pub(crate) fn data(self) -> String {
        match self {
            Self::Held => "held".to_owned(),
            Self::Retry => "retry".to_owned(),
            Self::Continue => "continue".to_owned(),
            Self::Stop(job) => format!("stop:{job}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_button_says_is_what_it_was_made_to_say() {
        for callback in [
            Callback::Held,
            Callback::Retry,
            Callback::Continue,
            Callback::Stop(JobId(u64::MAX)),
        ] {
            let data = callback.data();
            assert!(data.len() <= 64, "{data}");
            assert_eq!(Callback::parse(&data), Some(callback));
        }
        for data in [
            "", "retry:1", "stop", "stop:", "stop:-1", "stop:x", "Retry", "stop:1:2",
        ] {
            assert_eq!(Callback::parse(data), None, "{data}");
        }
    }
}
