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
//! Follow one message by reading these files in order. What calls stands before what is called; where
//! the way goes back up to a caller, the step says so.
//!
//! 1. [`app::intake`] is the loop: [`telegram::poll`] asks for updates after the offset it is given,
//!    [`telegram::backoff`] says how long to wait after a failure.
//! 2. Of each update of a batch, `intake::journal` has [`telegram::decode`] make a [`chat::Event`], or
//!    nothing, and `intake::sorter` decide what it becomes: [`people::gate`] says serve, tell, or ignore; [`chat::command`] reads what is typed as a command, and [`app::commands`] lists
//!    those there are.
//! 3. `intake::journal` writes the jobs and the offset in one commit; only then is the next poll made
//!    with it. *The single door in.* In the same transaction `intake::draft` joins what belongs to an
//!    earlier message, `intake::reask` does what a changed message or a button asks for, and
//!    `intake::person_limits` refuses whose person holds too much already or has had their messages.
//! 4. Back in [`app::intake`], a question is handed to the scheduler's desk (after a short wait, where
//!    a further piece may come: `intake::held_back`); `intake::bypass` runs commands and notices beside.
//! 5. [`app::scheduler`] puts it into [`queue`], takes the next question whose lane is free from there,
//!    and lets what was running at two crashes run alone (`scheduler::suspects`). [`app::ending`] lists what can become
//!    of a question.
//! 6. [`app::turn::run`] is the frame of one turn: it calls `turn::answer` (7 to 9), then
//!    `turn::conclude` (10), and hands the rows to delivery (11). Meanwhile [`app::turn::live`] shows
//!    what there is of the answer.
//! 7. In [`app::turn`], `turn::question` finds the role (by the gate of step 2), whose rounds are
//!    loaded, and the [`tier`] (the smallest, by [`people::fair_share`], for
//!    whoever has had enough); `turn::files` has [`app::downloads`] fetch what was sent into the
//!    [`spool`] and [`media`] look into it; [`chat::prompt`] composes the request. Who asks for a
//!    picture or for speech ([`chat::wish`]) gets that from `turn::picture` and `turn::speech` instead.
//! 8. `turn::rounds` calls the model, and calls it again with what came of its answer while that
//!    asks for something. In each call [`app::call`] borrows a key from [`keys`] (through
//!    [`app::engine::lending`]), asks through [`gemini`], where `gemini::finish` judges an answer and
//!    `gemini::verdict` a refusal, and settles; until there is an answer, a final failure, or the
//!    deadline.
//! 9. `turn::reply` puts together what is said and kept: the parts of the answer with notes and
//!    buttons, or the apology from [`locale`].
//! 10. `turn::said` makes payloads of those parts: [`render`] formats a text and cuts it into messages.
//!     One commit ends the turn (`turn::close`): history grows, the job leaves the inbox, rows enter
//!     the outbox.
//! 11. [`app::deliver`] sends row by row through [`telegram::send`], in the order of [`outgoing`] and
//!     at its pace for each chat (`deliver::pace` has that of the whole bot); what Telegram
//!     acknowledged leaves the outbox. *The single door out.*
//!
//! At start what is left in inbox and outbox goes first. Beside all that, [`app::ticks`] has what happens by
//! the clock, and [`app::menus`] keeps what Telegram shows of the bot itself.
//!
//! # The walls
//!
//! *Pure* modules do no I/O, read no clock, take no lock and write no log: [`chat`], [`people`],
//! [`render`], [`tier`], [`keys`], [`queue`], [`outgoing`], [`catalog`], [`locale`], [`offline`],
//! [`alerts`], [`media`], [`voice`].
//! *Edges* speak to one outside thing each: [`telegram`] and [`gemini`] (both over [`http`]),
//! [`store`], [`spool`], [`config`], [`logging`], [`metrics`], [`threads`]; they do not know each other, but for
//! the threads they work on and the secrets of the settings. The *shell*, [`app`], knows everyone, and
//! nobody but [`cli`] knows it. `simulator` (tests only) runs the pool against an oracle; [`bench`] is what `benches/` can reach.
//! [`clock`] is the only reader of clocks. `tests/it/shape.rs` holds the code to this.
//!
//! | State | Owner |
//! |---|---|
//! | inbox, outbox, history, people, counters | the data file, inside [`store`] |
//! | media on their way | the folder beside the data file, inside [`spool`] |
//! | waiting and running questions, what each person holds of them, lanes that a command holds | [`app::scheduler`] |
//! | questions held back for a further piece, the newest of each lane, commands under way | [`app::intake`] |
//! | order, pace and parking of what is sent; where the bot may not write | [`app::deliver`] |
//! | health and quota of keys, and who waits for one | [`keys::Pool`], in the one mutex of [`app::engine::lending`] |
//! | who has a VIP seat | `app::engine::seating`; the stored copy decides after a restart |
//! | the time of day, judged by Telegram's `Date` | [`clock`]; [`app::intake`] brings the dates |
//! | Telegram's offset | [`app::intake`]; the stored copy decides after a restart |
//! | threads for calls, sends, reads and files | [`threads::Pool`], one each |
//! | addresses of hosts, connections | [`http`], per service |
//! | what is told of each alert, how far a broadcast has come | the data file; `app::ticks` decides |
//! | what poll and clock have shown, for the alerts | [`app::engine::signs`] |
//! | how long Telegram was not heard, so that presses may be old | [`app::intake`]; the stored offset has the time |
//! | settings, catalogue, roles | [`app::engine`], an immutable snapshot behind one lock |

pub(crate) mod alerts;
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
pub(crate) mod media;
pub(crate) mod metrics;
pub(crate) mod offline;
pub(crate) mod outgoing;
pub(crate) mod people;
pub(crate) mod queue;
pub(crate) mod render;
#[cfg(test)]
mod simulator;
pub(crate) mod spool;
pub(crate) mod store;
pub(crate) mod telegram;
pub(crate) mod threads;
pub(crate) mod tier;
pub(crate) mod voice;

/// The whole program: reads arguments and settings, does what they say, and tells how it went.
pub fn main() -> std::process::ExitCode {
    cli::dispatch::main()
}
