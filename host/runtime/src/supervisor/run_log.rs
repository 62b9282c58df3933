//! The log of a run: collects lines, writes them in batches, and counts the lines above the limit.

use riser_domain::{Clock, ClockReading, LogLevel, RunId, Timestamp, Uptime, count_words, sanitize_line};
use riser_store::Store;

/// Lines written with one statement.
const BATCH_LINES: usize = 200;
/// Largest number of lines of a run per minute. More are only counted.
const LINES_PER_MINUTE: u32 = 2_000;

/// The result of adding a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Appended {
    /// Above the limit: it is counted and not kept.
    Dropped,
    /// It waits to be written.
    Waiting,
    /// It waits, and the batch is large enough to be written now.
    BatchFull,
}

/// Collects the lines of one run.
#[derive(Debug)]
pub(crate) struct RunLog {
    run: RunId,
    waiting: Vec<(Timestamp, LogLevel, String)>,
    minute_began: Uptime,
    lines_this_minute: u32,
    left_out: u32,
}

impl RunLog {
    pub(crate) fn new(run: RunId, clock: &dyn Clock) -> Self {
        Self { run, waiting: Vec::new(), minute_began: clock.uptime(), lines_this_minute: 0, left_out: 0 }
    }

    /// Takes a line.
    pub(crate) fn add(&mut self, clock: &dyn Clock, level: LogLevel, text: &str) -> Appended {
        let ClockReading { wall: now, uptime } = clock.read();
        if uptime.since(self.minute_began).as_secs() >= 60 {
            self.note_left_out(now);
            self.minute_began = uptime;
            self.lines_this_minute = 0;
        }
        if self.lines_this_minute >= LINES_PER_MINUTE {
            self.left_out += 1;
            return Appended::Dropped;
        }
        self.lines_this_minute += 1;
        self.waiting.push((now, level, sanitize_line(text)));
        if self.waiting.len() >= BATCH_LINES { Appended::BatchFull } else { Appended::Waiting }
    }

    /// Writes the collected lines. Returns whether there were any. A log that cannot be written does not end the run.
    pub(crate) async fn write(&mut self, store: &Store) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        let lines = std::mem::take(&mut self.waiting);
        if let Err(error) = store.record_run_log(self.run, &lines).await {
            tracing::error!(
                run.id = self.run.0,
                error = &error as &dyn std::error::Error,
                "run log not written"
            );
        }
        true
    }

    /// Writes the rest, when the run is over.
    pub(crate) async fn close(mut self, clock: &dyn Clock, store: &Store) {
        self.note_left_out(clock.now());
        self.write(store).await;
    }

    fn note_left_out(&mut self, now: Timestamp) {
        if self.left_out > 0 {
            let text = format!("{} left out here", count_words(self.left_out, "more line"));
            self.waiting.push((now, LogLevel::Warn, text));
            self.left_out = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_and_not_kept() {
        let clock = riser_domain::FakeClock::at(Timestamp::from_unix_ms(0));
        let mut log = RunLog::new(RunId(1), &clock);
        let taken: Vec<_> = (0..5_000).map(|_| log.add(&clock, LogLevel::Info, "again")).collect();
        assert_eq!((log.waiting.len(), log.left_out), (2_000, 3_000));
        assert!(taken[..2_000].iter().all(|taken| *taken != Appended::Dropped));
        assert!(taken[2_000..].iter().all(|taken| *taken == Appended::Dropped));
    }
}
