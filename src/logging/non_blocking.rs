//! A non-blocking writer: a bounded queue of log lines, and the thread that writes them to standard
//! error. Whoever logs never waits for whoever reads; lines that find no room are dropped and
//! counted.
//!
//! Owner of the state: [`NonBlocking`]. Invariant: at most twice [`ROOM`] bytes are held, in the
//! queue and in the write under way.

use std::io::{self, Write};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use log::warn;
use parking_lot::{Condvar, Mutex};

use crate::clock;

/// Bytes of lines that wait to be written.
const ROOM: usize = 64 << 10;
/// A write and the note of what was dropped need little.
const STACK: usize = 128 << 10;

/// The queue of lines. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct NonBlocking(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: Vec<u8>,
    /// Lines that found no room since the last note of it.
    dropped: u64,
    /// Bytes are being written.
    is_writing: bool,
}

impl NonBlocking {
    /// Takes whole lines, or drops them where there is no room.
    pub(super) fn push(&self, lines: &[u8]) {
        let mut state = self.0.state.lock();
        if state.lines.len() + lines.len() > ROOM {
            state.dropped += 1;
        } else {
            state.lines.extend_from_slice(lines);
        }
        drop(state);
        self.0.changed.notify_all();
    }

    /// Waits until everything is written, and not longer than that.
    pub(super) fn flush(&self, patience: Duration) {
        let end = clock::instant() + patience;
        let mut state = self.0.state.lock();
        while state.is_writing || !state.lines.is_empty() {
            let left = end.saturating_duration_since(clock::instant());
            if left.is_zero() {
                return;
            }
            self.0.changed.wait_for(&mut state, left);
        }
    }

    /// Starts the thread that writes to `out`, for the rest of the process's life.
    pub(super) fn start(&self, out: impl Write + Send + 'static) -> io::Result<()> {
        let queue = self.clone();
        thread::Builder::new()
            .name("svs-log".to_owned())
            .stack_size(STACK)
            .spawn(move || queue.work(out))?;
        Ok(())
    }

    fn work(&self, mut out: impl Write) {
        loop {
            let (lines, dropped) = self.next();
            // Where standard error is closed, nobody is left to be told.
            drop(out.write_all(&lines));
            drop(out.flush());
            self.0.state.lock().is_writing = false;
            self.0.changed.notify_all();
            if dropped > 0 {
                // They were written, so there is room for this again.
                warn!(lines = dropped; "lines of this log were dropped: nobody read them in time");
            }
        }
    }

    /// Waits for lines, and takes all of them with the number of those dropped after them.
    fn next(&self) -> (Vec<u8>, u64) {
        let mut state = self.0.state.lock();
        while state.lines.is_empty() {
            self.0.changed.wait(&mut state);
        }
        state.is_writing = true;
        let lines = std::mem::take(&mut state.lines);
        (lines, std::mem::take(&mut state.dropped))
    }
}

impl Write for NonBlocking {
    /// The logger writes a line as a whole.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Receiver, Sender};

    use super::*;

    /// Takes a write only once it may, and passes it on.
    struct Slow {
        may: Receiver<()>,
        wrote: Sender<Vec<u8>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let closed = |_| io::Error::from(io::ErrorKind::BrokenPipe);
            self.may.recv().map_err(closed)?;
            self.wrote.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn whoever_logs_never_waits_and_what_finds_no_room_is_counted() {
        let (go, may) = mpsc::channel();
        let (wrote, written) = mpsc::channel();
        let queue = NonBlocking::default();
        queue.start(Slow { may, wrote }).unwrap();
        let line = [b'x'; 1023].map(char::from).iter().collect::<String>() + "\n";
        queue.push(line.as_bytes());
        // It takes no other line before it may write this one.
        while !queue.0.state.lock().is_writing {
            thread::yield_now();
        }
        for _ in 0..1000 {
            queue.push(line.as_bytes());
        }
        let dropped = queue.0.state.lock().dropped;
        let room = u64::try_from(ROOM / line.len()).unwrap();
        assert_eq!(dropped, 1000 - room);
        queue.flush(Duration::from_millis(50));
        for _ in 0..3 {
            go.send(()).unwrap();
        }
        let mut lines = 0;
        while lines + dropped < 1001 {
            lines += written.recv().unwrap().len() as u64 / 1024;
        }
        assert_eq!(lines + dropped, 1001);
        queue.flush(Duration::from_secs(30));
        assert_eq!(queue.0.state.lock().dropped, 0, "it was noted");
    }

    #[test]
    fn what_was_logged_is_written_in_its_order_by_the_end_of_a_flush() {
        let (go, may) = mpsc::channel();
        let (wrote, written) = mpsc::channel();
        let mut queue = NonBlocking::default();
        queue.start(Slow { may, wrote }).unwrap();
        for number in 0..10 {
            go.send(()).unwrap();
            writeln!(queue, "{number}").unwrap();
        }
        queue.flush(Duration::from_secs(30));
        let all: Vec<u8> = written.try_iter().flatten().collect();
        assert_eq!(all, b"0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    }

    #[test]
    fn a_closed_pipe_is_nobodys_trouble() {
        let (_, may) = mpsc::channel();
        let (wrote, _) = mpsc::channel();
        let queue = NonBlocking::default();
        queue.start(Slow { may, wrote }).unwrap();
        queue.push(b"line\n");
        queue.flush(Duration::from_secs(30));
        assert!(queue.0.state.lock().lines.is_empty());
    }
}
