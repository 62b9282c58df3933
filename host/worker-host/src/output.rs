//! Reads standard output and error of a worker, line by line. Plugins print arbitrary bytes, so each line is cut to
//! a length, converted to valid text, and its control characters are escaped.

use std::time::Duration;

use riser_domain::sanitize_line;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{mpsc, watch};

use super::process::WorkerEvent;

const LONGEST_LINE_BYTES: usize = 8 * 1024;

/// A fault that the standard library prints before it aborts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PrintedFault {
    OutOfMemory,
    StackOverflow,
}

impl PrintedFault {
    fn of(line: &str) -> Option<Self> {
        if line.starts_with("memory allocation of ") && line.ends_with(" failed") {
            Some(Self::OutOfMemory)
        } else if line.starts_with("thread '") && line.ends_with(" has overflowed its stack") {
            Some(Self::StackOverflow)
        } else {
            None
        }
    }
}

/// A line that a worker printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputLine {
    pub stream: OutputStream,
    /// One line of at most 8 KiB without control characters.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputStream {
    Out,
    Error,
}

/// After the worker has ended, its pipe is closed when no byte arrives for this long: an escaped process could hold
/// it open.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(500);

/// Sends lines as events until the stream ends. Returns the fault that a line reported.
pub(crate) async fn follow(
    mut pipe: impl AsyncRead + Unpin,
    stream: OutputStream,
    events: mpsc::Sender<WorkerEvent>,
    mut has_ended: watch::Receiver<bool>,
) -> Option<PrintedFault> {
    let mut lines = Lines::default();
    let mut chunk = vec![0; LONGEST_LINE_BYTES];
    let mut printed = None;
    loop {
        let silence = async {
            // Fails when the supervisor is gone, and with it the worker.
            let _supervisor_gone = has_ended.wait_for(|ended| *ended).await.map(drop);
            tokio::time::sleep(DRAIN_TIMEOUT).await;
        };
        let length = tokio::select! {
            read = pipe.read(&mut chunk) => read.unwrap_or(0),
            () = silence => 0,
        };
        let ready = if length == 0 { lines.finish() } else { lines.push(&chunk[..length]) };
        for text in ready {
            printed = PrintedFault::of(&text).or(printed);
            // Without a receiver the pipe is still read, because a line may decide the reason of the end.
            let _receiver_gone = events.send(WorkerEvent::Output(OutputLine { stream, text })).await;
        }
        if length == 0 {
            return printed;
        }
    }
}

/// Splits a stream of bytes into printable lines.
#[derive(Debug, Default)]
struct Lines {
    line: Vec<u8>,
    is_cut: bool,
}

impl Lines {
    fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut ready = Vec::new();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = part.strip_suffix(b"\n").map_or((part, false), |text| (text, true));
            let room = LONGEST_LINE_BYTES - self.line.len();
            self.is_cut |= text.len() > room;
            self.line.extend_from_slice(&text[..text.len().min(room)]);
            if ends {
                ready.push(self.take());
            }
        }
        ready
    }

    fn finish(&mut self) -> Vec<String> {
        if self.line.is_empty() { Vec::new() } else { vec![self.take()] }
    }

    fn take(&mut self) -> String {
        let line = std::mem::take(&mut self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        let mut text = sanitize_line(&String::from_utf8_lossy(line));
        if std::mem::take(&mut self.is_cut) {
            text.push_str(" … (cut)");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(chunks: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::default();
        let mut all: Vec<_> = chunks.iter().flat_map(|chunk| lines.push(chunk)).collect();
        all.extend(lines.finish());
        all
    }

    #[test]
    fn lines_are_complete_however_the_stream_is_split() {
        assert_eq!(lines_of(&[b"o", b"ne\ntw", b"o\r\n\nrest"]), ["one", "two", "", "rest"]);
    }

    #[test]
    fn a_line_that_is_too_long_is_cut_once() {
        let lines = lines_of(&[&b"x".repeat(3 * LONGEST_LINE_BYTES), b"x\nnext\n"]);
        assert_eq!(lines.len(), 2);
        assert!(lines[0].len() < LONGEST_LINE_BYTES + 20 && lines[0].ends_with("x … (cut)"));
        assert_eq!(lines[1], "next");
    }

    #[test]
    fn control_characters_are_escaped() {
        let lines = lines_of(&[b"a\x1b[31mb\x00c\rd\te \xff\n", "x\u{202e}y\u{85}z".as_bytes()]);
        assert_eq!(lines, ["a\\u{1b}[31mb\\u{0}c\\rd\te \u{fffd}", "x\\u{202e}y\\u{85}z"]);
    }

    #[tokio::test]
    async fn a_failed_allocation_and_a_stack_overflow_are_noticed() {
        let reported_by = |text: &'static [u8]| async move {
            let (events, mut received) = mpsc::channel(10);
            let (_worker, has_ended) = watch::channel(false);
            let seen = follow(text, OutputStream::Error, events, has_ended).await;
            received.recv().await.unwrap();
            seen
        };
        let memory = reported_by(b"memory allocation of 1048576 bytes failed\n").await;
        assert_eq!(memory, Some(PrintedFault::OutOfMemory));
        let stack = reported_by(b"thread 'main' (7) has overflowed its stack\nfatal runtime error\n").await;
        assert_eq!(stack, Some(PrintedFault::StackOverflow));
        assert_eq!(reported_by(b"an allocation failed\n").await, None);
    }
}
