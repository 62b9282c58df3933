//! Why a worker ended. The text is recorded with the run.

use std::fmt;
use std::time::Duration;

use riser_platform::{Exit, signal_name};
use riser_plugin::time_span;
use riser_worker_protocol::frames::EXIT_CONNECTION_LOST;

use super::output::PrintedFault;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExitReason {
    /// It sent its outcome, which may be a failure.
    Finished,
    /// Its process ended without an outcome.
    Exited {
        code: i32,
    },
    /// A signal that the host did not send killed it.
    Signal {
        number: i32,
    },
    MemoryLimit {
        mib: u32,
    },
    ThreadLimit {
        threads: u32,
    },
    /// One of its threads called functions deeper than its stack allows.
    StackOverflow,
    /// Its process sent no heartbeat: it was suspended, or got no processor time.
    NoHeartbeat {
        within: Duration,
    },
    /// Its process sent heartbeats, but the plugin neither called the host nor waited: it hangs or loops.
    NoSignOfLife {
        within: Duration,
    },
    /// It did not stop within the grace period.
    NotStopped {
        grace: Duration,
    },
    TimeLimit {
        limit: Duration,
    },
    /// The host killed it without a request to stop.
    Killed,
    /// It closed its connection to the host.
    Disconnected,
    /// It sent bytes that are not a frame.
    NotAFrame {
        fault: String,
    },
    /// It belongs to another version of Riser than the host.
    OtherProtocol {
        worker: u32,
        host: u32,
    },
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finished => f.write_str("finished"),
            Self::Exited { code } => write!(f, "exited with code {code} before it finished"),
            Self::Signal { number } => write!(f, "ended with signal {number} ({})", signal_name(*number)),
            Self::MemoryLimit { mib } => write!(f, "memory limit {mib} MiB reached"),
            Self::ThreadLimit { threads } => write!(f, "limit of {threads} threads exceeded"),
            Self::StackOverflow => {
                f.write_str("ended with a stack overflow: its functions called each other too deeply")
            }
            Self::NoHeartbeat { within } => write!(f, "no heartbeat for {}", time_span::format(*within)),
            Self::NoSignOfLife { within } => {
                write!(f, "no sign of life from the plugin for {}", time_span::format(*within))
            }
            Self::NotStopped { grace } => {
                write!(f, "did not stop within {} of being asked", time_span::format(*grace))
            }
            Self::TimeLimit { limit } => write!(f, "took longer than {}", time_span::format(*limit)),
            Self::Killed => f.write_str("killed by the host"),
            Self::Disconnected => f.write_str("closed its connection to the host before it finished"),
            Self::NotAFrame { fault } => write!(f, "sent an invalid frame: {fault}"),
            Self::OtherProtocol { worker, host } => {
                write!(
                    f,
                    "belongs to another version of Riser (worker protocol {worker}, host protocol {host}): restart the host"
                )
            }
        }
    }
}

/// Facts about a worker whose process has ended.
#[derive(Debug)]
pub(crate) struct ExitFacts {
    pub(crate) exit: Exit,
    /// Why the host killed it, if it did.
    pub(crate) end_reason: Option<ExitReason>,
    pub(crate) has_sent_outcome: bool,
    /// The fault that the standard library printed before it aborted.
    pub(crate) printed: Option<PrintedFault>,
    pub(crate) memory_mib: u32,
}

impl ExitFacts {
    /// Returns the reason to record.
    pub(crate) fn reason(self) -> ExitReason {
        match (self.end_reason, self.exit) {
            // The work was finished, whatever destructors or the host did after that.
            _ if self.has_sent_outcome => ExitReason::Finished,
            (Some(end_reason), _) => end_reason,
            (None, Exit::Signal(number)) => match self.printed {
                Some(PrintedFault::OutOfMemory) => ExitReason::MemoryLimit { mib: self.memory_mib },
                Some(PrintedFault::StackOverflow) => ExitReason::StackOverflow,
                None => ExitReason::Signal { number },
            },
            (None, Exit::Code(code)) if code == i32::from(EXIT_CONNECTION_LOST) => ExitReason::Disconnected,
            (None, Exit::Code(code)) => ExitReason::Exited { code },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_complete_a_sentence_about_the_worker() {
        let seconds = Duration::from_secs;
        let cases = [
            (ExitReason::Signal { number: 11 }, "ended with signal 11 (segmentation fault)"),
            (ExitReason::MemoryLimit { mib: 256 }, "memory limit 256 MiB reached"),
            (ExitReason::NoHeartbeat { within: seconds(10) }, "no heartbeat for 10 s"),
            (ExitReason::NoSignOfLife { within: seconds(60) }, "no sign of life from the plugin for 1 min"),
            (ExitReason::NotStopped { grace: seconds(10) }, "did not stop within 10 s of being asked"),
            (ExitReason::Exited { code: 3 }, "exited with code 3 before it finished"),
            (ExitReason::TimeLimit { limit: seconds(600) }, "took longer than 10 min"),
            (
                ExitReason::NotStopped { grace: Duration::from_millis(300) },
                "did not stop within 300 ms of being asked",
            ),
        ];
        for (reason, text) in cases {
            assert_eq!(reason.to_string(), text);
        }
    }

    #[test]
    fn an_outcome_precedes_the_reason_of_the_host_then_memory_then_the_exit_status() {
        let facts = |exit| ExitFacts {
            exit,
            end_reason: None,
            has_sent_outcome: false,
            printed: None,
            memory_mib: 64,
        };
        assert_eq!(facts(Exit::Code(0)).reason(), ExitReason::Exited { code: 0 });
        assert_eq!(facts(Exit::Signal(11)).reason(), ExitReason::Signal { number: 11 });
        let starved = ExitFacts { printed: Some(PrintedFault::OutOfMemory), ..facts(Exit::Signal(6)) };
        assert_eq!(starved.reason(), ExitReason::MemoryLimit { mib: 64 });
        let deep = ExitFacts { printed: Some(PrintedFault::StackOverflow), ..facts(Exit::Signal(6)) };
        assert_eq!(deep.reason(), ExitReason::StackOverflow);
        let disconnected = facts(Exit::Code(EXIT_CONNECTION_LOST.into()));
        assert_eq!(disconnected.reason(), ExitReason::Disconnected);
        let done = ExitFacts { has_sent_outcome: true, ..facts(Exit::Signal(11)) };
        assert_eq!(done.reason(), ExitReason::Finished);
        let killed = ExitFacts { end_reason: Some(ExitReason::Killed), ..facts(Exit::Signal(9)) };
        assert_eq!(killed.reason(), ExitReason::Killed);
    }
}
