//! A Gemini chat bot for Telegram: one static binary, one data file.
//!
//! # The map
//!
//! ```text
//! Telegram - poll - decode - admit -> inbox -> queue -> turn -> render -> outbox -> deliver - Telegram
//!                                   (door in)            |  prompt                 (door out)
//!                                                        `- call: lease key - Gemini - settle key
//! ```
//!
//! Follow one message by reading these files in order:
//!
//! 1. [`telegram::poll`] asks for updates after the offset it is given; [`telegram::backoff`] says
//!    how long to wait after a failure.
//! 2. [`telegram::decode`] turns one update into an [`chat::Event`], or into nothing.
//! 3. [`people::gate`] is the gate: serve, tell, or ignore. [`chat::command`] reads what is
//!    typed as a command, and [`app::commands`] lists those there are.
//! 4. [`app::intake`] and its `intake::journal` write the job; only then does the offset move.
//!    *The single door in.* What is about an earlier question (a changed message, a button:
//!    `intake::reask`; a reply, a further piece: `intake::draft`) is decided in that same
//!    transaction, and so is whether its person holds too much already (`intake::person_limits`).
//! 5. [`queue`], driven by [`app::scheduler`], picks the next job whose lane is free, and
//!    [`app::turn::run`] begins its turn. [`app::ending`] lists what can become of it.
//! 6. [`app::turn`] loads the context (`turn::question`), and [`chat::prompt`] composes the
//!    request.
//! 7. `turn::rounds` calls the model, and calls it again with what came of its answer while that
//!    asks for something. In each call [`app::call`] borrows a key from [`keys`], asks through
//!    [`gemini`], has the end judged by [`gemini::verdict`], and settles; until there is an answer,
//!    a final failure, or the deadline. Meanwhile [`app::turn::live`] shows what there is of the
//!    answer.
//! 8. `app::turn::said` makes rows of the parts of the answer, or of the apology from [`locale`]:
//!    [`render`] formats a text and cuts it into messages.
//! 9. One commit ends the turn (`turn::close`): history grows, the job leaves the inbox, rows enter
//!    the outbox.
//! 10. [`app::deliver`] sends row by row through [`telegram::send`], in the order and at the pace
//!     of [`outgoing`]; what Telegram acknowledged leaves the outbox. *The single door out.*
//!
//! At start what is left in inbox and outbox goes first. Commands need no model and overtake:
//! [`app::commands`] runs them beside the queue.
//!
//! # The walls
//!
//! *Pure* modules do no I/O, read no clock, take no lock and write no log: [`chat`], [`people`],
//! [`render`], [`tier`], [`keys`], [`queue`], [`outgoing`], [`catalog`], [`locale`], [`offline`].
//! *Edges* speak to one outside thing each and do not know each other: [`telegram`], [`gemini`] (both
//! over [`http`]), [`store`], [`config`], [`logging`], [`threads`]. The *shell*, [`app`], knows
//! everyone, and nobody but [`cli`] knows it.
//! `simulator` (tests only) runs the pool against an oracle; [`bench`] is what `benches/` can reach.
//! [`clock`] is the only reader of clocks. `tests/it/shape.rs` holds the code to this.
//!
//! | State | Owner |
//! |---|---|
//! | inbox, outbox, history, people, counters | the data file, inside [`store`] |
//! | waiting and running questions, what each person holds of them, lanes that a command holds | [`app::scheduler`] |
//! | questions held back for a further piece | [`app::intake`] |
//! | order, pace and parking of what is sent; where the bot may not write | [`app::deliver`] |
//! | health and quota of keys, and who waits for one | [`keys::Pool`], in the one mutex of [`app::engine::lending`] |
//! | the time of day, judged by Telegram's `Date` | [`clock`]; [`app::intake`] brings the dates |
//! | Telegram's offset | [`app::intake`]; the stored copy decides after a restart |
//! | threads for calls, sends and reads | [`threads::Pool`], one each |
//! | addresses of hosts, connections | [`http`], per service |
//! | settings, catalogue, roles | [`app::engine`], an immutable snapshot that a turn takes once |

pub(crate) mod app;
#[doc(hidden)]
pub mod bench;
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
pub(crate) mod people;
pub(crate) mod queue;
pub(crate) mod render;
#[cfg(test)]
mod simulator;
pub(crate) mod store;
pub(crate) mod telegram;
pub(crate) mod threads;
pub(crate) mod tier;

/// The whole program: reads arguments and settings, does what they say, and tells how it went.
pub fn main() -> std::process::ExitCode {
    cli::dispatch::main()
}
