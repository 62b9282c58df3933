use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::command::Command;
use super::processor_setup::ProcessorSetup;

/// The inputs of the task of a processor.
#[derive(Debug)]
pub(super) struct Inbox {
    commands: mpsc::Receiver<Command>,
    setup: watch::Receiver<Arc<ProcessorSetup>>,
    is_removed: bool,
}

/// An input.
#[derive(Debug)]
pub(super) enum Incoming {
    Command(Command),
    /// The configuration, or something it refers to, changed.
    Changed(Arc<ProcessorSetup>),
    /// The configuration was removed.
    Removed,
}

impl Inbox {
    pub(super) fn new(
        commands: mpsc::Receiver<Command>,
        setup: watch::Receiver<Arc<ProcessorSetup>>,
    ) -> Self {
        Self { commands, setup, is_removed: false }
    }

    /// Returns the setup as it is now.
    pub(super) fn latest_setup(&mut self) -> Arc<ProcessorSetup> {
        Arc::clone(&self.setup.borrow_and_update())
    }

    pub(super) const fn is_removed(&self) -> bool {
        self.is_removed
    }

    /// Waits for the next input. There is none after a removal.
    pub(super) async fn next(&mut self) -> Incoming {
        if self.is_removed {
            return std::future::pending().await;
        }
        tokio::select! {
            // A command sent after a change is for the changed processor.
            biased;
            changed = self.setup.changed() => match changed {
                Ok(()) => Incoming::Changed(self.latest_setup()),
                Err(_) => self.removed(),
            },
            command = self.commands.recv() => match command {
                Some(command) => Incoming::Command(command),
                None => self.removed(),
            },
        }
    }

    fn removed(&mut self) -> Incoming {
        self.is_removed = true;
        Incoming::Removed
    }
}
