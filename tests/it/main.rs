//! World tests: the real binary as a black box over strict stand-ins for Telegram and Gemini.
//! `world` is the harness and `standins` its own tests; every other file tells scenarios.
//!
//! `SVS_BOT_BIN=path` tests another binary than the one just built (the static one);
//! `SVS_BOT_FULL=1` makes outages, bans and crash runs as long as they are in life;
//! `SVS_BOT_SEED=n` repeats a crash run.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says figures on stderr"
)]

mod account;
mod alerts;
mod between_calls;
mod breakers;
mod broadcast;
mod broken;
mod chat;
mod claim;
mod cli;
mod clock;
mod crash;
mod crash_loops;
mod desk;
mod door;
mod evening;
mod faults;
mod files;
mod groups;
mod intake;
mod keys;
mod keys_command;
mod limits;
mod line;
mod media;
mod memory;
mod menus;
mod personal;
mod pictures;
mod pool;
mod pool_world;
mod priority;
mod process;
mod queue;
mod readme;
mod reask;
mod refusals;
mod reminders;
mod restart;
mod rights;
mod routes;
mod rude;
mod search;
mod seats;
mod secrets;
mod settings;
mod shape;
mod share;
mod shutdown;
mod standins;
mod streams;
mod tools;
mod undocumented;
mod voices;
mod world;
