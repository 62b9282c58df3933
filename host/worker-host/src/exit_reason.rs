//! Why a worker ended, in words that are recorded with the run.

use std::fmt;
use std::time::Duration;

use riser_platform::{Exit, signal_name};
use riser_plugin::time_span;

/// Why a worker ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExitReason {
    /// It sent its outcome; what that was is in the outcome.
    Finished,
    /// Its process ended without an outcome.
    Exited {
        /// The exit code.
        code: i32,
    },
    /// A signal ended it that the host did not send.
    Signal {
        /// The signal's number.
        number: i32,
    },
    /// It used as much memory as it may.
    MemoryLimit {
        /// The limit, in MiB.
        mib: u32,
    },
    /// Its process gave no heartbeat: it was stopped, or starved of processor time.
    NoHeartbeat {
        /// How long the host waited.
        within: Duration,
    },
    /// Its process is well, but the plugin in it neither called the host nor waited: it hangs or loops.
    NoSignOfLife {
        /// How long the host waited.
        within: Duration,
    },
    /// It was asked to stop and did not.
    NotStopped {
        /// The grace it had.
        grace: Duration,
    },
    /// It ran longer than it may.
    TimeLimit {
        /// How long that is.
        limit: Duration,
    },
    /// The host ended it without asking.
    Killed,
    /// It closed its connection to the host.
    Disconnected,
    /// It sent what is no frame.
    NotAFrame {
        /// What was wrong with it.
        fault: String,
    },
    /// It was built from another version of Riser than the host.
    OtherProtocol {
        /// Its protocol number.
        worker: u32,
        /// The host's.
        host: u32,
    },
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finished => f.write_str("finished"),
            Self::Exited { code } => write!(f, "exited with code {code} before it was done"),
            Self::Signal { number } => write!(f, "ended with signal {number} ({})", signal_name(*number)),
            Self::MemoryLimit { mib } => write!(f, "memory limit {mib} MiB reached"),
            Self::NoHeartbeat { within } => write!(f, "no heartbeat for {}", time_span::format(*within)),
            Self::NoSignOfLife { within } => {
                write!(f, "no sign of life from the plugin for {}", time_span::format(*within))
            }
            Self::NotStopped { grace } => {
                write!(f, "did not stop within {} of being asked", time_span::format(*grace))
            }
            Self::TimeLimit { limit } => write!(f, "took longer than {}", time_span::format(*limit)),
            Self::Killed => f.write_str("ended by the host"),
            Self::Disconnected => f.write_str("closed its connection to the host before it was done"),
            Self::NotAFrame { fault } => write!(f, "sent what the host cannot read: {fault}"),
            Self::OtherProtocol { worker, host } => {
                write!(f, "is of another version of Riser (protocol {worker}, here {host}): restart the host")
            }
        }
    }
}

/// What is known when a worker's process has ended.
#[derive(Debug)]
pub(crate) struct ExitFacts {
    pub(crate) exit: Exit,
    /// Why the host ended it, when it did.
    pub(crate) end_reason: Option<ExitReason>,
    pub(crate) has_sent_outcome: bool,
    /// Its standard error said that an allocation failed.
    pub(crate) ran_out_of_memory: bool,
    pub(crate) memory_mib: u32,
}

impl ExitFacts {
    /// The one reason to record.
    pub(crate) fn reason(self) -> ExitReason {
        match (self.end_reason, self.exit) {
            // The work was done, whatever destructors or the host did after that.
            _ if self.has_sent_outcome => ExitReason::Finished,
            (Some(end_reason), _) => end_reason,
            (None, Exit::Signal(_)) if self.ran_out_of_memory => {
                ExitReason::MemoryLimit { mib: self.memory_mib }
            }
            (None, Exit::Signal(number)) => ExitReason::Signal { number },
            (None, Exit::Code(code)) => ExitReason::Exited { code },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_read_as_sentences() {
        let seconds = Duration::from_secs;
        let cases = [
            (ExitReason::Signal { number: 11 }, "ended with signal 11 (segmentation fault)"),
            (ExitReason::MemoryLimit { mib: 256 }, "memory limit 256 MiB reached"),
            (ExitReason::NoHeartbeat { within: seconds(10) }, "no heartbeat for 10 s"),
            (ExitReason::NoSignOfLife { within: seconds(60) }, "no sign of life from the plugin for 1 min"),
            (ExitReason::NotStopped { grace: seconds(10) }, "did not stop within 10 s of being asked"),
            (ExitReason::Exited { code: 3 }, "exited with code 3 before it was done"),
            (ExitReason::TimeLimit { limit: seconds(600) }, "took longer than 10 min"),
            (
                ExitReason::NotStopped { grace: Duration::from_millis(300) },
                "did not stop within 300 ms of being asked",
            ),
        ];
        for (reason, words) in cases {
            assert_eq!(reason.to_string(), words);
        }
    }

    #[test]
    fn the_reason_follows_from_end_reason_outcome_memory_and_exit_in_this_order() {
        let facts = |exit| ExitFacts {
            exit,
            end_reason: None,
            has_sent_outcome: false,
            ran_out_of_memory: false,
            memory_mib: 64,
        };
        assert_eq!(facts(Exit::Code(0)).reason(), ExitReason::Exited { code: 0 });
        assert_eq!(facts(Exit::Signal(11)).reason(), ExitReason::Signal { number: 11 });
        let starved = ExitFacts { ran_out_of_memory: true, ..facts(Exit::Signal(6)) };
        assert_eq!(starved.reason(), ExitReason::MemoryLimit { mib: 64 });
        let done = ExitFacts { has_sent_outcome: true, ..facts(Exit::Signal(11)) };
        assert_eq!(done.reason(), ExitReason::Finished);
        let killed = ExitFacts { end_reason: Some(ExitReason::Killed), ..facts(Exit::Signal(9)) };
        assert_eq!(killed.reason(), ExitReason::Killed);
    }
}
