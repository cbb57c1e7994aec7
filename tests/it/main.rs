//! World tests: the real binary as a black box over strict stand-ins for Telegram and Gemini.
//! `world` is the harness; every other file tells scenarios.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says figures on stderr"
)]

mod chat;
mod cli;
mod crash;
mod faults;
mod files;
mod keys;
mod readme;
mod restart;
mod secrets;
mod shape;
mod shutdown;
mod standins;
mod world;
