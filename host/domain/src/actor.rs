use std::fmt;

/// Who made a change: every write has exactly one actor in the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A person with a portal account.
    Person(String),
    /// An account of an EWS server: the BMS.
    EwsAccount {
        /// The EWS server's name.
        server: String,
        /// The account's name.
        account: String,
    },
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

/// What a person may do in the portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Looks at everything, changes nothing.
    Viewer,
    /// Also starts and stops processors and writes set points.
    Operator,
    /// Also changes the configuration.
    Admin,
}

impl Role {
    /// The word on the command line and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Viewer, Self::Operator, Self::Admin].into_iter().find(|role| role.as_str() == word)
    }
}
