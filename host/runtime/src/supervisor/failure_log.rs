//! Selects the failed runs for the host's log. A failure that repeats is logged once and then counted:
//! the log of each run, which has every line, is on its page.

use std::time::Duration;

use riser_domain::Uptime;

/// A run that lasted this long works again.
const WORKS_AFTER: Duration = Duration::from_mins(10);
/// The lines of a repeated run that lasted this long are in the host's log again.
const QUIET_FOR: Duration = Duration::from_mins(1);
/// Time between two summaries of a failure that repeats.
const SUMMARY_INTERVAL: Duration = Duration::from_hours(1);
/// Different reasons named while the processor keeps failing; further ones wait for the summary.
const NAMED_REASONS: usize = 8;

/// Follows the failures of one processor.
#[derive(Debug, Default)]
pub(super) struct FailureLog {
    series: Option<Series>,
}

/// Failed runs without one that worked between them.
#[derive(Debug)]
struct Series {
    since: Uptime,
    runs: u32,
    named: Vec<String>,
    written_at: Uptime,
}

impl FailureLog {
    /// Notes a failed run. Returns the line for the host's log; `None` for one that only repeats.
    pub(super) fn failed(&mut self, reason: &str, now: Uptime) -> Option<String> {
        let Some(series) = &mut self.series else {
            self.series =
                Some(Series { since: now, runs: 1, named: vec![reason.to_owned()], written_at: now });
            return Some(reason.to_owned());
        };
        series.runs += 1;
        if now.since(series.written_at) >= SUMMARY_INTERVAL {
            series.written_at = now;
            let minutes = now.since(series.since).as_secs() / 60;
            return Some(format!("{} runs failed in {minutes} min, the last one: {reason}", series.runs));
        }
        if series.named.len() >= NAMED_REASONS || series.named.iter().any(|named| named == reason) {
            return None;
        }
        series.named.push(reason.to_owned());
        Some(reason.to_owned())
    }

    /// Notes a run that succeeded. Returns the line for the host's log if runs before it failed.
    pub(super) fn succeeded(&mut self) -> Option<String> {
        self.series.take().map(|series| match series.runs {
            1 => "works again after a failed run".to_owned(),
            runs => format!("works again after {runs} failed runs"),
        })
    }

    /// Notes that a run goes on. Returns the line for the host's log when it has lasted long enough after failed
    /// ones.
    pub(super) fn running(&mut self, started_at: Uptime, now: Uptime) -> Option<String> {
        if now.since(started_at) < WORKS_AFTER {
            return None;
        }
        self.succeeded()
    }

    /// Returns whether a run only repeats what the host's log has of the failed run before it.
    pub(super) fn repeats(&self, started_at: Uptime, now: Uptime) -> bool {
        self.series.is_some() && now.since(started_at) < QUIET_FOR
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Uptime {
        Uptime::from_start(Duration::from_secs(seconds))
    }

    #[test]
    fn a_failure_that_repeats_every_minute_is_named_once_and_then_counted_by_the_hour() {
        let mut log = FailureLog::default();
        let lines: Vec<String> =
            (0..=24 * 60).filter_map(|minute| log.failed("no tree", at(minute * 60))).collect();
        assert_eq!(lines.len(), 25);
        assert_eq!(lines[0], "no tree");
        assert_eq!(lines[1], "61 runs failed in 60 min, the last one: no tree");
        assert_eq!(lines[24], "1441 runs failed in 1440 min, the last one: no tree");
    }

    #[test]
    fn another_reason_is_named_and_reasons_without_end_are_not() {
        let mut log = FailureLog::default();
        let reasons = ["a", "b", "a", "b"];
        let lines: Vec<_> = reasons.iter().filter_map(|reason| log.failed(reason, at(1))).collect();
        assert_eq!(lines, ["a", "b"]);
        let more = (0..1_000).filter_map(|number| log.failed(&number.to_string(), at(2))).count();
        assert_eq!(more, NAMED_REASONS - 2);
    }

    #[test]
    fn after_a_run_that_succeeded_or_lasted_the_same_failure_is_new() {
        let mut log = FailureLog::default();
        assert_eq!(log.succeeded(), None);
        assert!(log.failed("a", at(0)).is_some());
        assert!(log.failed("a", at(1)).is_none());
        assert_eq!(log.succeeded().as_deref(), Some("works again after 2 failed runs"));
        assert!(log.failed("a", at(2)).is_some());
        assert_eq!(log.running(at(3), at(4)), None);
        let line = log.running(at(3), at(3).plus(WORKS_AFTER));
        assert_eq!(line.as_deref(), Some("works again after a failed run"));
        assert_eq!(log.running(at(3), at(4).plus(WORKS_AFTER)), None);
        assert!(log.failed("a", at(5)).is_some());
    }

    #[test]
    fn lines_of_a_repeated_run_are_left_out_until_it_has_lasted_a_minute() {
        let mut log = FailureLog::default();
        assert!(!log.repeats(at(0), at(1)));
        log.failed("a", at(1));
        assert!(log.repeats(at(2), at(3)));
        assert!(!log.repeats(at(2), at(62)));
    }
}
