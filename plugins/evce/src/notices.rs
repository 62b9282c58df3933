//! Problems with single objects of a site. Each is raised when its text changes and cleared when it is over.

use std::collections::BTreeMap;
use std::time::Duration;

use riser_plugin::{Host, HostError, Problem};

/// How long an event is shown that has no end, such as a removal.
const EVENT_SHOWN: Duration = Duration::from_hours(24);

/// The raised problems, by code.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    raised: BTreeMap<String, Raised>,
}

#[derive(Debug)]
struct Raised {
    problem: Problem,
    /// The uptime at which it is cleared.
    until: Option<Duration>,
}

impl Notices {
    /// Raises a problem, or clears the one with this code.
    pub(crate) fn set(&mut self, host: &Host, code: &str, problem: Option<Problem>) {
        match problem {
            Some(problem) => self.raise(host, problem, None),
            None if self.raised.remove(code).is_some() => host.clear(code),
            None => {}
        }
    }

    /// Raises a problem with an event. It is cleared after a day.
    ///
    /// # Errors
    /// If the run must end.
    pub(crate) fn raise_for_a_day(&mut self, host: &Host, problem: Problem) -> Result<(), HostError> {
        let until = host.uptime()? + EVENT_SHOWN;
        self.raise(host, problem, Some(until));
        Ok(())
    }

    /// Clears problems whose time is over.
    pub(crate) fn expire(&mut self, host: &Host, now: Duration) {
        self.raised.retain(|code, raised| {
            let is_over = raised.until.is_some_and(|until| until <= now);
            if is_over {
                host.clear(code);
            }
            !is_over
        });
    }

    /// Clears problems of an earlier run, which nobody else would clear.
    pub(crate) fn clear_all(host: &Host, codes: &[&str]) {
        for code in codes {
            host.clear(code);
        }
    }

    fn raise(&mut self, host: &Host, problem: Problem, until: Option<Duration>) {
        let is_raised = self.raised.get(&problem.code).is_some_and(|raised| raised.problem == problem);
        if !is_raised {
            host.raise(problem.clone());
        }
        self.raised.insert(problem.code.clone(), Raised { problem, until });
    }
}
