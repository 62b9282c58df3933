use riser_domain::{Actor, RunTrigger, SetPointWrite};
use tokio::sync::oneshot;

/// A command to the task of a processor.
#[derive(Debug)]
pub(crate) enum Command {
    Start {
        trigger: RunTrigger,
        reply: Option<oneshot::Sender<Result<(), StartRefusal>>>,
    },
    Stop {
        actor: Actor,
        reply: oneshot::Sender<Result<(), StopRefusal>>,
    },
    /// Ends a quarantine.
    Release {
        actor: Actor,
        reply: oneshot::Sender<Result<(), ReleaseRefusal>>,
    },
    /// Writes to points that its class handles.
    SetPoints(Vec<SetPointWrite>),
    /// A class of the same plugin changed the tree.
    TreeChanged,
    /// A class of the same plugin succeeded, or its configuration changed. A waiting run is checked again.
    SiblingChanged,
    ShutDown,
}

/// Why a processor configuration was not started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartRefusal {
    #[error("it is disabled: set active = true in its configuration")]
    Inactive,
    #[error("it is already running")]
    Running,
    #[error("it may not be started by hand")]
    NotByHand,
    #[error("{0}")]
    Waiting(String),
    #[error("it is quarantined because it crashed too often: release it first")]
    Quarantined,
    #[error("Riser is stopping")]
    Ending,
}

/// Why a processor configuration was not released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseRefusal {
    #[error("it is not quarantined")]
    NotQuarantined,
    #[error("its release could not be stored; the problems page says why")]
    NotStored,
    #[error("Riser is stopping")]
    Ending,
}

/// Why a processor configuration was not stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StopRefusal {
    #[error("it is not running")]
    NotRunning,
    #[error("it may not be stopped by hand")]
    NotByHand,
    #[error("Riser is stopping")]
    Ending,
}
