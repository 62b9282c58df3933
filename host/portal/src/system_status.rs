//! A snapshot of the whole system, from which the connection bar, the overview and the live parts are made.

use riser_domain::{ConfigurationId, RunMode, Timestamp};
use riser_runtime::{
    ConnectionStatus, EwsServerStatus, HostFacts, LinkState, ProcessorState, ProcessorStatus, RaisedProblem,
};

use crate::parts::{Icon, StateMark};

/// The state of processors, connections, EWS servers and problems at one moment.
#[derive(Clone, Debug)]
pub(crate) struct SystemStatus {
    pub(crate) facts: HostFacts,
    pub(crate) processors: Vec<ProcessorStatus>,
    pub(crate) connections: Vec<ConnectionStatus>,
    pub(crate) servers: Vec<EwsServerStatus>,
    pub(crate) problems: Vec<RaisedProblem>,
}

impl SystemStatus {
    /// Returns whether no processor is configured. Pages then explain the first steps.
    pub(crate) fn is_empty(&self) -> bool {
        self.processors.is_empty()
    }

    pub(crate) fn processor(&self, id: ConfigurationId) -> Option<&ProcessorStatus> {
        self.processors.iter().find(|processor| processor.configuration == id)
    }

    /// Returns the worst state of all connections.
    pub(crate) fn source(&self) -> LinkState {
        worst(self.connections.iter().map(|connection| connection.state))
    }

    /// Returns the worst state of all EWS servers.
    pub(crate) fn bms(&self) -> LinkState {
        let is_read = |server: &&EwsServerStatus| server.state != LinkState::NotKnown;
        // A server that nobody uses yet does not hide the others.
        worst(self.servers.iter().filter(is_read).map(|server| server.state))
    }

    /// Returns the state of Riser itself: the most serious obstacle, or Good.
    pub(crate) fn riser(&self) -> StateMark {
        let any = |is: fn(&ProcessorState) -> bool| self.processors.iter().any(|it| is(&it.state));
        if !self.problems.is_empty()
            || any(|state| {
                matches!(state, ProcessorState::Unable { .. } | ProcessorState::Quarantined { .. })
            })
        {
            StateMark::new("warn", Icon::Alarm, "Needs attention")
        } else if any(|state| matches!(state, ProcessorState::Retrying { .. })) {
            StateMark::new("warn", Icon::Retrying, "Retrying")
        } else if any(|state| matches!(state, ProcessorState::WaitingFor { .. })) {
            StateMark::new("", Icon::Waiting, "Waiting")
        } else if let Some(stopped) = self.stopped().next() {
            StateMark::new("warn", Icon::Stop, format!("{} is not running", stopped.name))
        } else {
            StateMark::of_link(LinkState::Good)
        }
    }

    /// Returns the name for the source side: the connection's name if there is one, else their common kind.
    pub(crate) fn source_name(&self) -> String {
        let kind = |connection: &ConnectionStatus| {
            connection.kind.rsplit('/').next().unwrap_or_default().to_uppercase()
        };
        match self.connections.as_slice() {
            [] => "Source".to_owned(),
            [only] => only.name.clone(),
            [first, others @ ..] if others.iter().all(|other| kind(other) == kind(first)) => kind(first),
            _ => "Sources".to_owned(),
        }
    }

    pub(crate) fn running(&self) -> impl Iterator<Item = &ProcessorStatus> {
        self.processors.iter().filter(|processor| matches!(processor.state, ProcessorState::Running { .. }))
    }

    /// Returns the processors that should run all the time and do not.
    pub(crate) fn stopped(&self) -> impl Iterator<Item = &ProcessorStatus> {
        self.processors.iter().filter(|processor| {
            processor.mode == Some(RunMode::LongRunning) && matches!(processor.state, ProcessorState::Idle)
        })
    }

    /// Returns the oldest time of the last response over all connections.
    pub(crate) fn last_source_response_at(&self) -> Option<Timestamp> {
        self.connections.iter().map(|connection| connection.last_good_at).min().flatten()
    }

    /// Returns the time of the latest request of any EWS client.
    pub(crate) fn last_bms_request_at(&self) -> Option<Timestamp> {
        self.servers.iter().filter_map(|server| server.last_request_at).max()
    }
}

/// Returns the worst state; `NotKnown` if there is none.
fn worst(states: impl Iterator<Item = LinkState>) -> LinkState {
    let rank = |state: &LinkState| match state {
        LinkState::Good => 0,
        LinkState::NotKnown => 1,
        LinkState::Degraded => 2,
        LinkState::Down => 3,
    };
    states.max_by_key(rank).unwrap_or(LinkState::NotKnown)
}
