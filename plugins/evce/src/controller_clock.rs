//! The clock of the controller: validities follow it, so a jump is reported.

use std::time::{Duration, SystemTime};

use riser_plugin::{Host, HostError, LogLevel, Problem};

use crate::notices::Notices;

/// The code of the problem.
pub(crate) const CLOCK: &str = "controller-clock";
/// A larger difference from the expected time is a jump.
const JUMP: Duration = Duration::from_mins(1);

/// The last reading of the controller's clock.
#[derive(Debug, Default)]
pub(crate) struct ControllerClock {
    /// The controller's time, and the uptime of Riser then.
    last: Option<(SystemTime, Duration)>,
}

impl ControllerClock {
    /// Compares a reading with the time that has passed. Reports a jump.
    ///
    /// # Errors
    /// If the run must end.
    pub(crate) fn read(
        &mut self,
        host: &Host,
        controller_now: SystemTime,
        notices: &mut Notices,
    ) -> Result<(), HostError> {
        let uptime = host.uptime()?;
        let last = self.last.replace((controller_now, uptime));
        let Some((before, at)) = last else { return Ok(()) };
        let expected = before + uptime.saturating_sub(at);
        let (direction, by) = match controller_now.duration_since(expected) {
            Ok(ahead) => ("ahead", ahead),
            Err(behind) => ("back", behind.duration()),
        };
        if by > JUMP {
            let what = format!("the clock of the charge controller was set {direction} by {}", in_words(by));
            host.log(LogLevel::Warn, &what);
            let problem = Problem::new(CLOCK, what)
                .effect("reductions end by this clock; Riser has renewed those that it renews")
                .remedy("check the clock of the charge controller and its time server");
            notices.raise_for_a_day(host, problem)?;
        }
        Ok(())
    }
}

/// Returns a time span in its largest unit.
fn in_words(span: Duration) -> String {
    match span.as_secs() {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ ..7_200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}
