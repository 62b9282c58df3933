use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::Timestamp;
use riser_runtime::ProcessorStatus;

use crate::parts::Icon;
use crate::system_status::SystemStatus;
use crate::wall_time::{Moment, WallTime};

/// Runs that are shown.
const SHOWN: usize = 5;

/// The next scheduled runs of all processors.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/upcoming_runs.html")]
pub(crate) struct UpcomingRuns {
    pub(crate) runs: Vec<UpcomingRun>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct UpcomingRun {
    pub(crate) processor: i64,
    pub(crate) name: String,
    pub(crate) at: Moment,
    /// The time has been reached, and the run has not begun.
    pub(crate) is_due: bool,
}

impl HtmlSafe for UpcomingRuns {}

impl UpcomingRuns {
    pub(super) fn new(system: &SystemStatus, times: &WallTime) -> Self {
        let mut runs: Vec<(Timestamp, &ProcessorStatus)> = system
            .processors
            .iter()
            .flat_map(|processor| times_of(processor).map(move |at| (at, processor)))
            .collect();
        runs.sort_by_key(|(at, _)| *at);
        let shown = runs.into_iter().take(SHOWN).map(|(at, processor)| UpcomingRun {
            processor: processor.configuration.0,
            name: processor.name.clone(),
            at: times.moment(at),
            is_due: at <= times.now(),
        });
        Self { runs: shown.collect() }
    }
}

/// Returns the times of the next runs of a processor: the one that is planned, and those of its schedule after that.
fn times_of(processor: &ProcessorStatus) -> impl Iterator<Item = Timestamp> {
    let rule = processor.schedule.as_ref().and_then(|schedule| schedule.rule.known());
    let later = processor.next_run_at.zip(rule).map(|(next, rule)| rule.occurrences(next));
    processor.next_run_at.into_iter().chain(later.into_iter().flatten().take(SHOWN - 1))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::testing::examples::{empty, flowing, times};

    fn shown(system: &SystemStatus) -> Vec<(String, bool)> {
        let runs = UpcomingRuns::new(system, &times()).runs;
        runs.iter().map(|run| (format!("{} {}", run.name, run.at.render().unwrap()), run.is_due)).collect()
    }

    #[test]
    fn the_planned_run_comes_first_and_then_the_times_of_its_schedule() {
        let mut system = flowing();
        let shown_times = |system: &SystemStatus| -> Vec<String> {
            let words = |(text, _): &(String, bool)| text.split('>').nth(1).unwrap()[..5].to_owned();
            shown(system).iter().map(words).collect()
        };
        assert_eq!(shown_times(&system), ["14:45", "15:00", "15:15", "15:30", "15:45"]);
        // Two processors, of which one has no further time.
        system.processors[1].next_run_at = Some(times().now().plus(Duration::from_mins(20)));
        assert_eq!(shown_times(&system), ["14:45", "14:52", "15:00", "15:15", "15:30"]);
        assert!(shown(&system)[1].0.starts_with("EVCE Status "));
        // A run that waits is due.
        system.processors[0].next_run_at = Some(times().now().minus(Duration::from_mins(2)));
        assert!(shown(&system)[0].1 && !shown(&system)[1].1);
        assert!(shown(&empty()).is_empty());
    }
}
