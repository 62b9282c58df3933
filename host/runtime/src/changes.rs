//! The feed of changes, for pages and other followers of the host.

use std::sync::Arc;

use riser_domain::{ConfigurationId, EwsServerId, PointHandle, RunId};
use tokio::sync::broadcast;

/// Changes kept for a slow follower. One that falls further behind reads everything again.
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
    /// Lines were added to the log of this run.
    RunLog(RunId),
    /// A set point's write for this point.
    SetPointWrite(PointHandle),
    /// A problem was raised or ended.
    Problems,
    /// The state of a connection.
    Connections,
    /// The configuration: objects and their names.
    Configuration,
}

/// Sends changes to all followers.
#[derive(Clone, Debug)]
pub(crate) struct Changes {
    sender: broadcast::Sender<Change>,
}

impl Changes {
    pub(crate) fn new() -> Self {
        Self { sender: broadcast::Sender::new(KEPT_CHANGES) }
    }

    /// Sends a change; it is dropped if there are no followers.
    pub(crate) fn send(&self, change: Change) {
        let _ = self.sender.send(change);
    }

    /// Returns a feed of the changes from now on.
    pub(crate) fn follow(&self) -> broadcast::Receiver<Change> {
        self.sender.subscribe()
    }
}
