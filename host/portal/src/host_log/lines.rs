use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use riser_domain::{LogLevel, Timestamp, sanitize_line};
use riser_store::RunLogLine;
use tokio::sync::watch;

use super::Component;

/// Lines kept in memory.
const KEPT_LINES: usize = 5_000;
/// Their length together, in bytes.
const KEPT_BYTES: usize = 4 << 20;

/// The newest lines of the host's log. Clones share them.
#[derive(Clone, Debug)]
pub struct LogLines {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    kept: Mutex<Kept>,
    /// The number of the newest line.
    newest: watch::Sender<i64>,
}

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<Line>,
    bytes: usize,
    /// Numbers begin with 1.
    newest: i64,
}

#[derive(Debug)]
struct Line {
    number: i64,
    at: Timestamp,
    level: LogLevel,
    component: Component,
    text: String,
}

/// Selects lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LogFilter {
    /// `None` selects all levels.
    pub(crate) lowest: Option<LogLevel>,
    /// `None` selects all components.
    pub(crate) component: Option<Component>,
    /// In upper or lower case. An empty text selects all lines.
    pub(crate) text: String,
}

impl Default for LogLines {
    fn default() -> Self {
        Self { shared: Arc::new(Shared { kept: Mutex::default(), newest: watch::Sender::new(0) }) }
    }
}

impl LogLines {
    /// Adds a line, and removes the oldest ones if there are too many. `target` is the target of its event.
    pub fn add(&self, at: Timestamp, level: LogLevel, target: &str, text: &str) {
        let text = sanitize_line(text);
        let mut kept = self.shared.kept.lock();
        kept.newest += 1;
        kept.bytes += text.len();
        let line = Line { number: kept.newest, at, level, component: Component::of_target(target), text };
        kept.lines.push_back(line);
        while kept.lines.len() > KEPT_LINES || kept.bytes > KEPT_BYTES {
            let Some(oldest) = kept.lines.pop_front() else { break };
            kept.bytes -= oldest.text.len();
        }
        let newest = kept.newest;
        drop(kept);
        self.shared.newest.send_replace(newest);
    }

    /// Returns the newest `count` lines between two numbers, both excluded, that a filter selects, oldest first.
    pub(crate) fn find(
        &self,
        filter: &LogFilter,
        (after, before): (i64, i64),
        count: usize,
    ) -> Vec<RunLogLine> {
        let text = filter.text.to_lowercase();
        let kept = self.shared.kept.lock();
        let mut found: Vec<RunLogLine> = kept
            .lines
            .iter()
            .rev()
            .take_while(|line| line.number > after)
            .filter(|line| line.number < before && line.is_selected(filter, &text))
            .take(count)
            .map(Line::shown)
            .collect();
        found.reverse();
        found
    }

    /// Returns the time of the oldest line, and whether older ones were removed.
    pub(crate) fn oldest(&self) -> Option<(Timestamp, bool)> {
        let kept = self.shared.kept.lock();
        kept.lines.front().map(|line| (line.at, line.number > 1))
    }

    /// Follows the number of the newest line.
    pub(crate) fn newest(&self) -> watch::Receiver<i64> {
        self.shared.newest.subscribe()
    }
}

impl Line {
    fn is_selected(&self, filter: &LogFilter, lower_text: &str) -> bool {
        filter.lowest.is_none_or(|lowest| self.level >= lowest)
            && filter.component.is_none_or(|component| self.component == component)
            && (lower_text.is_empty() || self.text.to_lowercase().contains(lower_text))
    }

    fn shown(&self) -> RunLogLine {
        let line = format!("{}: {}", self.component.as_str(), self.text);
        RunLogLine { number: self.number, at: self.at, level: self.level, line }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_unix_ms(1_805_981_529_000);
    const ALL: (i64, i64) = (0, i64::MAX);

    fn texts(lines: &[RunLogLine]) -> Vec<&str> {
        lines.iter().map(|line| line.line.as_str()).collect()
    }

    #[test]
    fn lines_are_selected_by_level_component_text_and_number() {
        let lines = LogLines::default();
        lines.add(AT, LogLevel::Info, "riser_ews::server", "one\u{1b}[2J\ntwo");
        lines.add(AT, LogLevel::Warn, "riser_runtime", "The Plugin is gone");
        lines.add(AT, LogLevel::Error, "riser_ews", "last");
        let find = |filter: LogFilter, range| lines.find(&filter, range, 9);
        let filter = LogFilter::default;
        assert_eq!(
            texts(&find(filter(), ALL)),
            ["ews: one\\u{1b}[2J\\ntwo", "runtime: The Plugin is gone", "ews: last"]
        );
        assert_eq!(find(LogFilter { lowest: Some(LogLevel::Warn), ..filter() }, ALL).len(), 2);
        assert_eq!(find(LogFilter { component: Some(Component::Ews), ..filter() }, ALL).len(), 2);
        assert_eq!(
            texts(&find(LogFilter { text: "PLUGIN".to_owned(), ..filter() }, ALL)),
            ["runtime: The Plugin is gone"]
        );
        assert_eq!(texts(&find(filter(), (1, 3))), ["runtime: The Plugin is gone"]);
        assert_eq!(texts(&lines.find(&filter(), ALL, 1)), ["ews: last"]);
        assert_eq!(*lines.newest().borrow(), 3);
    }

    #[test]
    fn the_oldest_lines_make_room() {
        let lines = LogLines::default();
        for number in 0..KEPT_LINES + 10 {
            lines.add(AT, LogLevel::Info, "riser", &number.to_string());
        }
        let kept = lines.find(&LogFilter::default(), ALL, usize::MAX);
        assert_eq!((kept.len(), kept[0].line.as_str()), (KEPT_LINES, "host: 10"));
        for _ in 0..1_000 {
            lines.add(AT, LogLevel::Info, "riser", &"x".repeat(7_000));
        }
        let kept = lines.find(&LogFilter::default(), ALL, usize::MAX);
        assert!(kept.iter().map(|line| line.line.len()).sum::<usize>() <= KEPT_BYTES + kept.len() * 6);
        assert_eq!(lines.oldest(), Some((AT, true)));
    }
}
