//! Plain snapshots of the runtime, for pages and the command line.

use std::time::Duration;

use riser_calendar::Schedule;
use riser_domain::{
    ClassId, ConfigurationId, ConnectionId, EwsServerId, Problem, RunId, RunMode, RunState, Timestamp,
};

/// The status of a processor configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessorStatus {
    pub configuration: ConfigurationId,
    pub name: String,
    pub class: ClassId,
    /// `None` while its library is not loaded.
    pub mode: Option<RunMode>,
    pub connection: Option<ConnectionId>,
    pub ews_server: EwsServerId,
    pub state: ProcessorState,
    /// The current run, or the last one.
    pub last_run: Option<LastRun>,
    /// Also one that is switched off.
    pub schedule: Option<Schedule>,
    /// The next run by schedule. In the past when the run is about to begin, or cannot begin yet.
    pub next_run_at: Option<Timestamp>,
    /// The progress of the run, such as `reading connectors`, 3 of 12.
    pub progress: Option<Progress>,
    /// When it last published a value or recorded a sample.
    pub last_activity_at: Option<Timestamp>,
    pub manually_startable: bool,
    pub manually_stoppable: bool,
}

/// The state of a processor configuration.
#[derive(Clone, Debug, PartialEq)]
pub enum ProcessorState {
    /// Switched off.
    Inactive,
    /// It does not run. Its schedule or a person starts it.
    Idle,
    /// It waits for a class that must succeed first.
    WaitingFor {
        /// The configuration that ends the wait, when there is one.
        configuration: Option<ConfigurationId>,
        /// `Waiting for EVCE Setup, which has never succeeded`.
        sentence: String,
    },
    /// A worker executes it.
    Running { since: Timestamp },
    /// It ended early and starts again.
    Retrying { attempt: u32, at: Timestamp, reason: String },
    /// It crashed too often, and starts again when a person releases it.
    Quarantined {
        since: Timestamp,
        /// Why its last run failed.
        reason: String,
    },
    /// It cannot run, and why.
    Unable { reason: String },
}

#[derive(Clone, Debug, PartialEq)]
pub struct LastRun {
    pub id: RunId,
    pub state: RunState,
    pub reason: String,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

/// A worker process that executes a run.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerStatus {
    pub configuration: ConfigurationId,
    pub run: RunId,
    pub since: Timestamp,
    pub process_id: u32,
    /// At the last heartbeat; 0 before the first one.
    pub resident_bytes: u64,
    /// `None` before the first one.
    pub last_heartbeat_at: Option<Timestamp>,
    /// Used so far; `None` if the process has just ended.
    pub processor_time: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    pub step: String,
    pub done: u64,
    /// Zero when it is not known.
    pub of: u64,
}

/// The status of a connection, from the reports of its processors.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectionStatus {
    pub connection: ConnectionId,
    pub name: String,
    pub kind: String,
    pub state: LinkState,
    /// In words, such as `credentials refused, next try 14:35`.
    pub sentence: String,
    /// The time of the last successful request.
    pub last_good_at: Option<Timestamp>,
    /// The first address among its settings. `None` while its library is not loaded.
    pub address: Option<String>,
    /// How long the last request took that got a response.
    pub response_time: Option<Duration>,
    /// When the certificate of the remote system ends. `None` without TLS, and before it was read.
    pub certificate_expires_at: Option<Timestamp>,
}

/// The status of an EWS server.
#[derive(Clone, Debug, PartialEq)]
pub struct EwsServerStatus {
    pub ews_server: EwsServerId,
    pub name: String,
    /// The address for the BMS.
    pub address: String,
    pub state: LinkState,
    /// In words, such as `no client has read yet`.
    pub sentence: String,
    pub requests: u64,
    pub last_request_at: Option<Timestamp>,
    pub last_client: Option<String>,
    pub items: usize,
}

/// The state of one segment between EVCE, Riser and BMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Data flows.
    Good,
    /// Data flows with faults, or is late.
    Degraded,
    /// No data flows.
    Down,
    /// Not tried yet.
    NotKnown,
}

/// An open problem.
#[derive(Clone, Debug, PartialEq)]
pub struct RaisedProblem {
    pub problem: Problem,
    /// The processor configuration that raised it; `None` for Riser itself.
    pub configuration: Option<ConfigurationId>,
    /// The name of the processor, or Riser.
    pub raised_by: String,
    pub since: Timestamp,
}

/// Facts about this host.
#[derive(Clone, Debug, PartialEq)]
pub struct HostFacts {
    pub version: &'static str,
    pub started_at: Timestamp,
    pub up_for: Duration,
    pub workers_running: usize,
    pub open_writes: usize,
    pub items: usize,
    pub data_dir: String,
}
