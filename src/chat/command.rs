//! Text to [`Command`]. Pure.

use serde::{Deserialize, Serialize};

/// A command the bot knows, with its arguments still as typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Command {
    Start { payload: String },
    Help,
    New,
    Stop,
    Status,
    Grant { arguments: String },
    Revoke { arguments: String },
    Unknown { name: String },
}
