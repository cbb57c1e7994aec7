//! A Gemini chat bot for Telegram: one static binary, one data file.

pub(crate) mod app;
pub(crate) mod catalog;
pub(crate) mod chat;
pub(crate) mod cli;
pub(crate) mod clock;
pub(crate) mod config;
pub(crate) mod gemini;
pub(crate) mod http;
pub(crate) mod keys;
pub(crate) mod locale;
pub(crate) mod logging;
pub(crate) mod metrics;
pub(crate) mod offline;
pub(crate) mod outgoing;
pub(crate) mod queue;
pub(crate) mod store;
pub(crate) mod telegram;

/// The whole program: reads arguments and settings, does what they say, and tells how it went.
pub fn main() -> std::process::ExitCode {
    cli::dispatch::main()
}
