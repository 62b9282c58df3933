use serde::{Deserialize, Serialize};

use crate::{Connection, Host, Outcome, Settings};

/// How a class runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Ends by itself; a schedule, a person or a set point starts it.
    Scheduled,
    /// Runs until it is stopped; started again when it ends early.
    LongRunning,
}

/// The description of a processor class.
#[derive(Clone, Copy, Debug)]
pub struct Class {
    /// Id within the plugin, such as `status`; never changes.
    pub id: &'static str,
    /// Name on pages.
    pub name: &'static str,
    /// When it ends.
    pub mode: Mode,
    /// The kind of connection it needs, by the id within this plugin.
    pub connection: Option<&'static str>,
    /// The class that must succeed once before this one.
    pub requires: Option<&'static str>,
    /// The created items, in words: `zones, stations, connectors`.
    pub creates: &'static str,
    /// The purpose, in a sentence.
    pub about: &'static str,
    /// Whether it handles set point writes.
    pub accepts_writes: bool,
}

impl Class {
    /// Returns a class that ends by itself.
    pub const fn scheduled(id: &'static str, name: &'static str) -> Self {
        Self::new(id, name, Mode::Scheduled)
    }

    /// Returns a class that runs until it is stopped.
    pub const fn long_running(id: &'static str, name: &'static str) -> Self {
        Self::new(id, name, Mode::LongRunning)
    }

    const fn new(id: &'static str, name: &'static str, mode: Mode) -> Self {
        Self {
            id,
            name,
            mode,
            connection: None,
            requires: None,
            creates: "",
            about: "",
            accepts_writes: false,
        }
    }

    /// Sets the connection kind that the class needs. [`Host::connection`] returns the connection.
    #[must_use]
    pub const fn needs<C: Connection>(mut self) -> Self {
        self.connection = Some(C::ID);
        self
    }

    /// Sets the class that must succeed once, for the same connection and EWS server, before this one runs.
    #[must_use]
    pub const fn requires(mut self, class: &'static str) -> Self {
        self.requires = Some(class);
        self
    }

    /// Sets the text about the created items.
    #[must_use]
    pub const fn creates(mut self, what: &'static str) -> Self {
        self.creates = what;
        self
    }

    /// Sets the sentence about the purpose.
    #[must_use]
    pub const fn about(mut self, sentence: &'static str) -> Self {
        self.about = sentence;
        self
    }

    /// Declares that the class handles set point writes. They arrive as [`crate::Wake::Write`].
    #[must_use]
    pub const fn accepts_writes(mut self) -> Self {
        self.accepts_writes = true;
        self
    }
}

/// A unit of work that a plugin offers.
pub trait Processor: Send + 'static {
    /// Its settings.
    type Settings: Settings;

    /// The description of the class.
    const CLASS: Class;

    /// Does the work. [run thread, running] Called once; may block without limit.
    ///
    /// # Errors
    /// A [`Failure`](crate::Failure), usually by `?`. A run that returns the `Stop` of a service counts as cancelled.
    fn run(&self, host: &Host, settings: Self::Settings) -> Outcome;
}
