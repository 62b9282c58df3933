//! EVCE Logs: records the present values at multiples of its interval.

use std::collections::HashSet;
use std::time::{SystemTime, UNIX_EPOCH};

use riser_plugin::Served;
use riser_plugin::prelude::*;

use crate::connection::EvceConnection;
use crate::points::{LOGS, POLLED, SETUP};

/// Settings of Logs.
#[derive(Settings)]
pub(crate) struct LogsSettings {
    /// Time between two samples. Samples are taken at multiples of it since midnight UTC.
    #[setting(default = "15 min", min = "1 min", max = "24 h")]
    interval: Duration,
}

/// Time between two attempts at the first sample after the start.
const FIRST_SAMPLE_RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Records the histories of a site.
pub(crate) struct Logs;

/// A history and the value it records.
struct Recorded {
    history: Point,
    value: u32,
}

/// The histories of a site.
struct Histories {
    recorded: Vec<Recorded>,
    /// A value that every poll of Status publishes.
    polled: Option<u32>,
}

impl Processor for Logs {
    type Settings = LogsSettings;
    const CLASS: Class = Class::long_running(LOGS, "EVCE Logs")
        .needs::<EvceConnection>()
        .requires(SETUP)
        .creates("samples of the histories of zones and stations")
        .about("Records currents, powers and energies of zones and stations.");

    fn run(&self, host: &Host, settings: LogsSettings) -> Outcome {
        let mut histories = histories_of(&host.points()?);
        // Status may not have polled yet: the first sample waits for the first known value.
        let mut flowing = HashSet::new();
        record(host, &histories, &mut flowing, host.now())?;
        let mut has_sample = !flowing.is_empty();
        let mut due = next_multiple(host.now(), settings.interval);
        loop {
            let left = due.duration_since(host.now()).unwrap_or(Duration::ZERO);
            match host.wait(if has_sample { left } else { left.min(FIRST_SAMPLE_RETRY_INTERVAL) })? {
                Wake::TreeChanged => histories = histories_of(&host.points()?),
                Wake::Write(set_point) => set_point.reject("histories are not writable"),
                _ => {}
            }
            let now = host.now();
            if now >= due {
                // A clock that was set ahead has passed several.
                let at = due.max(next_multiple(now, settings.interval) - settings.interval);
                record(host, &histories, &mut flowing, at)?;
            } else if !has_sample {
                record(host, &histories, &mut flowing, now)?;
            }
            has_sample |= !flowing.is_empty();
            // Computed again each time: the clock may have been set back.
            due = next_multiple(host.now(), settings.interval);
        }
    }
}

fn histories_of(points: &Points) -> Histories {
    let recorded = points
        .iter()
        .filter(|stored| stored.is_history() && *stored.published_by() == *LOGS)
        .filter_map(|stored| Some(Recorded { history: stored.point(), value: stored.recorded()? }))
        .collect();
    Histories { recorded, polled: points.find(POLLED).map(Point::handle) }
}

/// Records the present values with one time stamp. Unknown values leave a gap, which begins with one sample
/// of the last value. Values that the last poll only kept are not recorded. `flowing` contains the values that are not
/// in a gap.
fn record(
    host: &Host,
    histories: &Histories,
    flowing: &mut HashSet<u32>,
    at: SystemTime,
) -> Result<(), HostError> {
    let handles: Vec<u32> =
        histories.recorded.iter().map(|recorded| recorded.value).chain(histories.polled).collect();
    let served = host.latest(&handles)?;
    let polled_at = histories.polled.and(served.last()).and_then(Option::as_ref).map(|it| it.source_time);
    let is_kept = |served: &Served| {
        served.state == ValueState::Uncertain && polled_at.is_some_and(|polled| served.source_time < polled)
    };
    let samples: Vec<Sample> = histories
        .recorded
        .iter()
        .zip(served)
        .filter_map(|(recorded, served)| {
            let served = served.filter(|served| served.is_known && !is_kept(served))?;
            let is_gap = matches!(served.state, ValueState::Offline | ValueState::Error);
            let was_flowing =
                if is_gap { flowing.remove(&recorded.value) } else { !flowing.insert(recorded.value) };
            (was_flowing || !is_gap).then(|| recorded.history.sample(served.value, served.state, at))
        })
        .collect();
    if samples.is_empty() { Ok(()) } else { host.record(&samples) }
}

/// Returns the next multiple of the interval since 1970; midnight UTC is one for every divisor of a day.
fn next_multiple(now: SystemTime, interval: Duration) -> SystemTime {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let interval_ms = interval.as_millis().max(1);
    let next_ms = (since.as_millis() / interval_ms + 1) * interval_ms;
    UNIX_EPOCH + Duration::from_millis(u64::try_from(next_ms).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_fall_on_multiples_of_the_interval() {
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let quarter = Duration::from_mins(15);
        assert_eq!(next_multiple(at(1_739_352_610), quarter), at(1_739_353_500));
        assert_eq!(next_multiple(at(1_739_353_500), quarter), at(1_739_354_400));
        assert_eq!(next_multiple(at(1_739_352_610), Duration::from_hours(24)), at(1_739_404_800));
    }
}
