//! What pages and the command line read of the runtime: plain snapshots, made when asked for.

use std::time::Duration;

use riser_domain::{
    ClassId, ConfigurationId, ConnectionId, EwsServerId, Problem, RunId, RunMode, RunState, Timestamp,
};

/// How a processor configuration stands.
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
    /// The run that goes on, or the last one.
    pub last_run: Option<LastRun>,
    /// The next run by schedule.
    pub next_run_at: Option<Timestamp>,
    /// What the run does now, such as `reading connectors`, with how many of how many.
    pub progress: Option<Progress>,
    /// When it last published or recorded something.
    pub last_activity_at: Option<Timestamp>,
    pub manually_startable: bool,
    pub manually_stoppable: bool,
}

/// What a processor configuration does at present.
#[derive(Clone, Debug, PartialEq)]
pub enum ProcessorState {
    /// Switched off.
    Inactive,
    /// Nothing runs; its schedule or a person starts it.
    Idle,
    /// A class that must have succeeded once has not.
    WaitingFor {
        /// The configuration that ends the wait, when there is one.
        configuration: Option<ConfigurationId>,
        /// `Waiting for EVCE Setup, which has never succeeded`.
        sentence: String,
    },
    /// A worker executes it.
    Running { since: Timestamp },
    /// It ended early and is started again.
    Retrying { attempt: u32, at: Timestamp, reason: String },
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

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    pub step: String,
    pub done: u64,
    /// Zero when it is not known.
    pub of: u64,
}

/// How a connection stands, from what its processors report.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectionStatus {
    pub connection: ConnectionId,
    pub name: String,
    pub kind: String,
    pub state: LinkState,
    /// In words: `answering`, `credentials refused, next try 14:35`.
    pub sentence: String,
    /// When a request last went well.
    pub last_good_at: Option<Timestamp>,
}

/// How an EWS server stands.
#[derive(Clone, Debug, PartialEq)]
pub struct EwsServerStatus {
    pub ews_server: EwsServerId,
    pub name: String,
    /// The address to type into the BMS.
    pub address: String,
    pub state: LinkState,
    /// In words: `2 clients`, `no client has read yet`, `port 51358 is taken`.
    pub sentence: String,
    pub requests: u64,
    pub last_request_at: Option<Timestamp>,
    pub last_client: Option<String>,
    pub items: usize,
}

/// One hop between EVCE, Riser and BMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Data flows.
    Good,
    /// It flows with faults, or is late.
    Degraded,
    /// Nothing flows.
    Down,
    /// Nobody has tried yet.
    NotKnown,
}

/// A problem that stands.
#[derive(Clone, Debug, PartialEq)]
pub struct RaisedProblem {
    pub problem: Problem,
    /// The processor configuration that raised it; `None` for Riser itself.
    pub configuration: Option<ConfigurationId>,
    /// Who raised it, in words.
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
