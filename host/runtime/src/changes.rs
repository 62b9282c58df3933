//! The feed of what changed, for pages and for whoever follows the host.

use std::sync::Arc;

use riser_domain::{ConfigurationId, EwsServerId, PointHandle};
use tokio::sync::broadcast;

/// Changes kept for a follower that is slow; one that falls further behind reads everything anew.
const KEPT_CHANGES: usize = 4_096;

/// Something changed.
#[derive(Clone, Debug)]
pub enum Change {
    /// The values, or their states, of these points.
    Values(Arc<[PointHandle]>),
    /// The tree of this server.
    Tree(EwsServerId),
    /// The state of this processor configuration.
    Processor(ConfigurationId),
    /// A set point's write for this point.
    SetPointWrite(PointHandle),
    /// A problem was raised or ended.
    Problems,
    /// The state of a connection.
    Connections,
    /// The configuration: what there is, and how it is called.
    Configuration,
}

/// Where changes are told.
#[derive(Clone, Debug)]
pub(crate) struct Changes {
    sender: broadcast::Sender<Change>,
}

impl Changes {
    pub(crate) fn new() -> Self {
        Self { sender: broadcast::Sender::new(KEPT_CHANGES) }
    }

    /// Tells whoever listens; nobody may.
    pub(crate) fn send(&self, change: Change) {
        let _ = self.sender.send(change);
    }

    /// A feed of what changes from now on.
    pub(crate) fn follow(&self) -> broadcast::Receiver<Change> {
        self.sender.subscribe()
    }
}
