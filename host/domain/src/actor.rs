use std::fmt;

use strum::{EnumString, IntoStaticStr};

/// Who made a change. Every audit entry has exactly one actor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A person with a portal account.
    Person(String),
    /// An account of an EWS server: the BMS.
    EwsAccount { server: String, account: String },
    /// A processor configuration, by name.
    Processor(String),
    /// The command line of this machine.
    CommandLine,
    /// Riser itself.
    System,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(name) => f.write_str(name),
            Self::EwsAccount { server, account } => write!(f, "BMS {account} on {server}"),
            Self::Processor(name) => write!(f, "processor {name}"),
            Self::CommandLine => f.write_str("command line"),
            Self::System => f.write_str("Riser"),
        }
    }
}

/// Permissions of a person in the portal; each role includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumString, IntoStaticStr)]
#[strum(serialize_all = "kebab-case", const_into_str)]
pub enum Role {
    /// Sees everything, changes nothing.
    Viewer,
    /// Starts and stops processors and writes set points.
    Operator,
    /// Changes the configuration.
    Admin,
}

impl Role {
    /// Returns the name used on the command line and in the database.
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }
}
