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
    last: Option<Reading>,
}

/// Three clocks at one moment.
#[derive(Clone, Copy, Debug)]
struct Reading {
    controller: SystemTime,
    uptime: Duration,
    /// The clock of Riser's machine.
    wall: SystemTime,
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
        uptime: Duration,
        notices: &mut Notices,
    ) -> Result<(), HostError> {
        let now = Reading { controller: controller_now, uptime, wall: host.now() };
        let Some(before) = self.last.replace(now) else { return Ok(()) };
        let (direction, by) =
            apart(now.controller, before.controller + now.uptime.saturating_sub(before.uptime));
        // A machine that slept has an uptime that stood still, while both other clocks went on.
        let slept = now.wall.duration_since(before.wall).unwrap_or_default();
        let is_asleep = apart(now.controller, before.controller + slept).1 <= JUMP;
        if by > JUMP && !is_asleep {
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

/// Returns how far a time is ahead of the expected one, or back.
fn apart(time: SystemTime, expected: SystemTime) -> (&'static str, Duration) {
    match time.duration_since(expected) {
        Ok(ahead) => ("ahead", ahead),
        Err(behind) => ("back", behind.duration()),
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
