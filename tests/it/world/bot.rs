//! The bot as a child process: started with an environment and nothing else, signalled, killed,
//! and read to its last byte.

use std::io::{self, PipeReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::Mutex;

use super::{PATIENCE, now, pause};

/// How a process ended and what it wrote.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `None` after a signal, or when it had to be killed at its deadline.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A running process of the bot's binary. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Bot {
    child: Child,
    out: Output,
    log: Output,
}

impl Bot {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let out = Output::collect(child.stdout.take().expect("piped"));
        let log = Output::collect(child.stderr.take().expect("piped"));
        Self { child, out, log }
    }

    /// A bot whose standard error is a pipe that is full already, and that nobody reads before
    /// [`Bot::is_read`].
    pub(crate) fn start_unread(command: &mut Command) -> Self {
        let (pipe, filler) = io::pipe().expect("a pipe");
        let log = Stdio::from(filler.try_clone().expect("a pipe"));
        // Where a pipe holds less than this, the thread keeps it full.
        let filling = thread::spawn(move || {
            let mut filler = filler;
            filler.write_all(&b".".repeat((64 << 10) - 1)).ok();
            filler.write_all(b"\n").ok();
        });
        for _ in 0..100 {
            if !filling.is_finished() {
                pause();
            }
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        // The command holds an end of the pipe, which must not be the last to be open.
        command.stderr(Stdio::null());
        let out = Output::collect(child.stdout.take().expect("piped"));
        let log = Output {
            unread: Some(pipe),
            ..Output::default()
        };
        Self { child, out, log }
    }

    /// Somebody reads the log from now on.
    pub(crate) fn is_read(&mut self) {
        self.log.read();
    }

    /// Runs a command to its end, with these lines on its standard input.
    pub(crate) fn run(command: &mut Command, input: &str, patience: Duration) -> Ended {
        let mut bot = Self::start(command);
        let mut stdin = bot.child.stdin.take().expect("piped");
        // A process that has already refused to start does not read.
        stdin.write_all(input.as_bytes()).ok();
        drop(stdin);
        bot.wait(patience)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("our child").is_none()
    }

    /// What it has written to stderr so far.
    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) -> Ended {
        self.child.kill().expect("our child");
        self.wait(PATIENCE)
    }

    /// `kill -TERM`.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// `kill -NAME`.
    pub(crate) fn signal(&self, name: &str) {
        let line = format!("kill -{name} {}", self.id());
        let sent = Command::new("sh").args(["-c", &line]).status();
        assert!(sent.is_ok_and(|status| status.success()), "{line}");
    }

    /// Waits for the end; kills at the deadline.
    pub(crate) fn wait(mut self, patience: Duration) -> Ended {
        let start = now();
        while self.is_running() && now().saturating_sub(start) < patience {
            pause();
        }
        let ended = self.child.try_wait().expect("our child");
        if ended.is_none() {
            self.child.kill().expect("our child");
            self.child.wait().expect("our child");
        }
        Ended {
            code: ended.and_then(|status| status.code()),
            stdout: self.out.finish(),
            stderr: self.log.finish(),
        }
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// All that comes out of a pipe, read by a thread of its own.
#[derive(Debug, Default)]
struct Output {
    bytes: Arc<Mutex<Vec<u8>>>,
    /// A pipe that nobody reads yet.
    unread: Option<PipeReader>,
    reader: Option<JoinHandle<()>>,
}

impl Output {
    fn collect(mut pipe: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let filled = Arc::clone(&bytes);
        let reader = thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut piece) {
                filled.lock().extend_from_slice(&piece[..count]);
            }
        });
        Self {
            bytes,
            unread: None,
            reader: Some(reader),
        }
    }

    fn read(&mut self) {
        if let Some(pipe) = self.unread.take() {
            *self = Self::collect(pipe);
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock()).into_owned()
    }

    fn finish(&mut self) -> String {
        self.read();
        if let Some(reader) = self.reader.take() {
            reader.join().expect("a reader does not panic");
        }
        self.text()
    }
}
