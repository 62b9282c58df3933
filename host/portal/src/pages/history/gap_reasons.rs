//! Why a history has no samples for a time.

use riser_domain::{Run, Timestamp, TreeOwner};
use riser_store::StoreError;

use crate::history_series::Gap;
use crate::state::PortalState;

/// Runs that are searched.
const RUNS: u32 = 200;

/// Adds reasons to the gaps without samples, from the runs of the processor that publishes the item. It is of a class of
/// the item's owner.
pub(crate) async fn add(
    portal: &PortalState,
    (owner, class): (Option<&TreeOwner>, &str),
    gaps: &mut [Gap],
) -> Result<(), StoreError> {
    if gaps.iter().all(|gap| !gap.reason.is_empty()) {
        return Ok(());
    }
    let system = portal.system_status();
    let publisher = owner.and_then(|owner| {
        system.processors.iter().find(|processor| {
            processor.class.plugin == owner.plugin
                && processor.class.class == class
                && processor.connection == owner.connection
                && processor.ews_server == owner.ews_server
        })
    });
    let Some(publisher) = publisher else {
        for gap in gaps.iter_mut().filter(|gap| gap.reason.is_empty()) {
            "no samples; no processor records this history".clone_into(&mut gap.reason);
        }
        return Ok(());
    };
    let runs = portal.runtime().store().list_runs_of(publisher.configuration, RUNS).await?;
    for gap in gaps.iter_mut().filter(|gap| gap.reason.is_empty()) {
        gap.reason = reason(gap, &runs, &publisher.name);
    }
    Ok(())
}

/// `runs` are the newest first.
fn reason(gap: &Gap, runs: &[Run], processor: &str) -> String {
    let spans = runs.iter().filter_map(|run| {
        let end = run.ended_at.map(Timestamp::unix_ms);
        Some((run, run.started_at?.unix_ms(), end))
    });
    let mut begun = spans.filter(|(_, start, _)| *start < gap.to_ms);
    let is_whole_gap =
        |start: i64, end: Option<i64>| start <= gap.from_ms && end.is_none_or(|end| end >= gap.to_ms);
    if begun.clone().any(|(_, start, end)| is_whole_gap(start, end)) {
        return format!("{processor} ran, but got no samples");
    }
    // The run that ended in the gap, or before a gap that begins with the span.
    match begun.find(|(_, _, end)| end.is_some_and(|end| end <= gap.to_ms)) {
        Some((run, ..)) if run.reason.is_empty() => {
            format!("{processor} did not run; its run before {}", run.state.as_str())
        }
        Some((run, ..)) => format!("{processor} did not run: {}", run.reason),
        None => format!("no samples from {processor}"),
    }
}

#[cfg(test)]
mod tests {
    use riser_domain::{ConfigurationId, RunId, RunState, RunTrigger};

    use super::*;

    fn run(state: RunState, reason: &str, start_ms: i64, end_ms: Option<i64>) -> Run {
        Run {
            id: RunId(1),
            configuration: ConfigurationId(1),
            trigger: RunTrigger::HostStart,
            state,
            reason: reason.to_owned(),
            library_sha256: None,
            queued_at: Timestamp::EPOCH,
            started_at: Some(Timestamp::from_unix_ms(start_ms)),
            ended_at: end_ms.map(Timestamp::from_unix_ms),
        }
    }

    #[test]
    fn a_gap_has_the_reason_of_the_run_that_ended_in_it() {
        let gap = Gap { from_ms: 1_000, to_ms: 2_000, reason: String::new() };
        let later = run(RunState::Running, "", 1_900, None);
        for (runs, expected) in [
            (vec![run(RunState::Running, "", 500, None)], "Logs ran, but got no samples"),
            (vec![run(RunState::Failed, "login refused", 500, Some(2_500))], "Logs ran, but got no samples"),
            (
                vec![later.clone(), run(RunState::Cancelled, "stopped by anna", 500, Some(1_100))],
                "Logs did not run: stopped by anna",
            ),
            (
                vec![later.clone(), run(RunState::Succeeded, "", 100, Some(900))],
                "Logs did not run; its run before succeeded",
            ),
            (vec![later], "no samples from Logs"),
            (vec![run(RunState::Running, "", 2_500, None)], "no samples from Logs"),
            (vec![], "no samples from Logs"),
        ] {
            assert_eq!(reason(&gap, &runs, "Logs"), expected);
        }
    }
}
