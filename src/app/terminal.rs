//! `svs-bot chat`: the same engine, talking to whoever sits at the terminal. What is typed is a job
//! like any other; only the door out is standard output.
//!
//! Invariant: standard output holds the conversation and nothing else.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use crate::app::call::{Sight, View};
use crate::app::ending::{Cancel, Request};
use crate::app::engine::{Backend, Engine};
use crate::app::{close, commands, turn};
use crate::chat::Role;
use crate::chat::answer::{Failure, Viewer};
use crate::chat::command::Command;
use crate::chat::{Basis, Job, JobId, Lane, Origin, Sender, Task, UserId};
use crate::clock;
use crate::config::{Config, Stream};
use crate::locale::Locale;
use crate::queue::Past;
use crate::store::{Store, StoreError};

/// Longest question, in bytes: many times what Telegram takes, and well within a row.
const LONGEST_LINE: usize = 256 << 10;
/// Lines typed ahead.
const LINES: usize = 16;
/// Unfinished jobs looked for at start; more than one means several crashes.
const LEFT_OVER: usize = 256;

/// Talks until the input ends.
pub(crate) async fn run(config: Config, store: Store) -> anyhow::Result<()> {
    let engine = Arc::new(Engine::new(config, store)?);
    let mut terminal = Terminal {
        locale: engine.settings().locale_for(&sitter(&engine)),
        lines: typed_lines()?,
        interrupt: signal(SignalKind::interrupt()).context("signals")?,
        is_interactive: io::stdin().is_terminal() && io::stdout().is_terminal(),
        engine,
    };
    let talked = terminal.talk().await;
    let closed = close(&terminal.engine.store).await;
    match talked {
        // Whoever reads us has had enough.
        Err(error) if is_broken_pipe(&error) => Ok(()),
        talked => talked.and(Ok(closed?)),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// The one at the terminal, who owns the machine.
fn sitter(engine: &Engine) -> Sender {
    let settings = engine.settings();
    let machines = settings.config.machine_language.as_deref();
    Sender {
        id: UserId(0),
        name: String::new(),
        language: settings.tag_for(machines, None),
        is_chat: false,
    }
}

struct Terminal {
    engine: Arc<Engine>,
    locale: &'static Locale,
    lines: mpsc::Receiver<String>,
    interrupt: Signal,
    is_interactive: bool,
}

impl Terminal {
    async fn talk(&mut self) -> anyhow::Result<()> {
        self.forget_left_over().await?;
        self.greet()?;
        loop {
            self.invite()?;
            let line = tokio::select! {
                line = self.lines.recv() => line,
                _ = self.interrupt.recv() => None,
            };
            let Some(line) = line else { return Ok(()) };
            match (line.trim(), Command::parse(&line)) {
                ("", _) => {}
                (long, _) if long.len() > LONGEST_LINE => {
                    say(&self.locale.failure(Failure::TooLong))?;
                }
                ("/quit" | "/exit", _) => return Ok(()),
                (question, _) if Command::question(question).is_some() => {
                    self.ask(question.to_owned()).await?;
                }
                (_, Some(command)) => self.obey(&command).await?,
                (question, None) => self.ask(question.to_owned()).await?,
            }
        }
    }

    fn greet(&self) -> io::Result<()> {
        let [greeting, hint] = self.locale.terminal();
        say(match &self.engine.backend {
            Backend::Offline => &self.locale.offline().banner,
            Backend::Gemini { .. } => greeting,
        })?;
        say(hint)
    }

    /// A prompt, where a person would look for one.
    fn invite(&self) -> io::Result<()> {
        if self.is_interactive {
            write_now("\n> ")?;
        }
        Ok(())
    }

    async fn obey(&self, command: &Command) -> anyhow::Result<()> {
        let said = commands::run_at_terminal(&self.engine, self.locale, command).await?;
        let [_, hint] = self.locale.terminal();
        Ok(say(said.as_deref().unwrap_or(hint))?)
    }

    /// One question: the answer is printed while it grows. Ctrl-C ends it, not the conversation.
    async fn ask(&mut self, text: String) -> anyhow::Result<()> {
        let job = self.enter(text).await?;
        let cancel = Cancel::default();
        let sight = Sight::new();
        sight.seen.store(true, Ordering::Relaxed);
        let mut growing = sight.visible.subscribe();
        let view = View {
            // `STREAM` is about Telegram; whoever watches here and now sees the text grow.
            stream: Stream::Auto,
            viewer: Viewer::Watching,
            sight: &sight,
            cancel: &cancel,
        };
        let mut answer = std::pin::pin!(turn::answer(
            &self.engine,
            None,
            &job,
            Past::default(),
            view
        ));
        let mut printed = String::new();
        let finished = loop {
            tokio::select! {
                finished = &mut answer => break finished?,
                Ok(()) = growing.changed() => {
                    let fresh = growing.borrow_and_update().text.get(printed.len()..).map(str::to_owned);
                    let fresh = fresh.unwrap_or_default();
                    write_now(&fresh)?;
                    printed.push_str(&fresh);
                }
                _ = self.interrupt.recv() => cancel.end(Request::Stopped),
            }
        };
        let concluded = turn::conclude(&self.engine, &finished, None).await?;
        // What came last, a note on how it ended, or the apology instead of it all.
        match concluded.text.strip_prefix(printed.as_str()) {
            Some(rest) => Ok(say(rest)?),
            None => Ok(say(&format!("\n{}", concluded.text))?),
        }
    }

    async fn enter(&self, text: String) -> Result<Job, StoreError> {
        // Whoever sits here may have closed the lid for a night.
        clock::follow_wall();
        let now = clock::now();
        let task = Task::question(text, Basis::Newest);
        let draft = Job {
            role: Role::Owner,
            ..Job::new(
                Origin::Terminal,
                Lane::Terminal,
                sitter(&self.engine),
                task,
                now,
            )
        };
        let entered = self.engine.store.write(move |rows| {
            let job = Job {
                id: rows.next_job_id()?,
                ..draft.clone()
            };
            rows.put_job(&job)?;
            Ok(job)
        });
        entered.await
    }

    /// Nobody waits any more for what was asked before a crash.
    async fn forget_left_over(&self) -> Result<(), StoreError> {
        let jobs = self
            .engine
            .store
            .read(|rows| rows.jobs(JobId(0), LEFT_OVER))
            .await?;
        if jobs.is_empty() {
            return Ok(());
        }
        let forgotten = self.engine.store.write(move |rows| {
            jobs.iter()
                .try_for_each(|job| rows.remove_job(job.id).map(drop))
        });
        forgotten.await
    }
}

/// Standard input on a thread of its own: reading it cannot be cancelled, and must not hold the stop.
fn typed_lines() -> anyhow::Result<mpsc::Receiver<String>> {
    let (typed, lines) = mpsc::channel(LINES);
    let read = move || {
        let mut input = io::stdin().lock();
        let mut line = Vec::new();
        while input
            .read_until(b'\n', &mut line)
            .is_ok_and(|read| read > 0)
        {
            let text = String::from_utf8_lossy(&line).into_owned();
            line = Vec::new();
            if typed.blocking_send(text).is_err() {
                break;
            }
        }
    };
    std::thread::Builder::new()
        .name("svs-stdin".to_owned())
        .spawn(read)
        .context("a thread")?;
    Ok(lines)
}

fn say(text: &str) -> io::Result<()> {
    write_now(&format!("{text}\n"))
}

fn write_now(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
