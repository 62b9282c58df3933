//! How everything stands at one moment: what the hop strip, the overview and the live stream are made from.

use riser_domain::{ConfigurationId, Timestamp};
use riser_runtime::{
    ConnectionStatus, EwsServerStatus, HostFacts, LinkState, ProcessorState, ProcessorStatus, RaisedProblem,
};

use crate::parts::StateMark;

/// A snapshot of the runtime.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) facts: HostFacts,
    pub(crate) processors: Vec<ProcessorStatus>,
    pub(crate) connections: Vec<ConnectionStatus>,
    pub(crate) servers: Vec<EwsServerStatus>,
    pub(crate) problems: Vec<RaisedProblem>,
}

impl Standing {
    /// Nothing is set up: the pages say how to begin.
    pub(crate) fn is_empty(&self) -> bool {
        self.processors.is_empty()
    }

    pub(crate) fn processor(&self, id: ConfigurationId) -> Option<&ProcessorStatus> {
        self.processors.iter().find(|processor| processor.configuration == id)
    }

    /// The worst of the connections.
    pub(crate) fn source(&self) -> LinkState {
        worst(self.connections.iter().map(|connection| connection.state))
    }

    /// The worst of the EWS servers.
    pub(crate) fn bms(&self) -> LinkState {
        worst(self.servers.iter().map(|server| server.state))
    }

    /// Riser itself: what keeps it from its work, the worst first.
    pub(crate) fn riser(&self) -> StateMark {
        let any = |is: fn(&ProcessorState) -> bool| self.processors.iter().any(|it| is(&it.state));
        if !self.problems.is_empty() || any(|state| matches!(state, ProcessorState::Unable { .. })) {
            StateMark::new("warn", "alarm", "Needs attention")
        } else if any(|state| matches!(state, ProcessorState::Retrying { .. })) {
            StateMark::new("warn", "retrying", "Retrying")
        } else if any(|state| matches!(state, ProcessorState::WaitingFor { .. })) {
            StateMark::new("", "waiting", "Waiting")
        } else {
            StateMark::of_link(LinkState::Good)
        }
    }

    /// What the first hop is called: the only connection's name, else what all of them are.
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

    /// When the connection that was silent longest last answered.
    pub(crate) fn source_answered_at(&self) -> Option<Timestamp> {
        self.connections.iter().map(|connection| connection.last_good_at).min().flatten()
    }

    /// When any client last asked.
    pub(crate) fn bms_asked_at(&self) -> Option<Timestamp> {
        self.servers.iter().filter_map(|server| server.last_request_at).max()
    }
}

/// The worst state wins; nothing at all is not known.
fn worst(states: impl Iterator<Item = LinkState>) -> LinkState {
    let rank = |state: &LinkState| match state {
        LinkState::Good => 0,
        LinkState::NotKnown => 1,
        LinkState::Degraded => 2,
        LinkState::Down => 3,
    };
    states.max_by_key(rank).unwrap_or(LinkState::NotKnown)
}
