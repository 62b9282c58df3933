//! The columns of an actor: its kind, its name, and the EWS server of an account.

use riser_domain::Actor;

use crate::StoreError;

/// The columns `actor_kind`, `actor_name` and `actor_server`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ActorColumns {
    pub(crate) kind: String,
    pub(crate) name: Option<String>,
    pub(crate) server: Option<String>,
}

impl From<&Actor> for ActorColumns {
    fn from(actor: &Actor) -> Self {
        let columns = |kind: &str, name: Option<&String>, server: Option<&String>| Self {
            kind: kind.to_owned(),
            name: name.cloned(),
            server: server.cloned(),
        };
        match actor {
            Actor::Person(name) => columns("person", Some(name), None),
            Actor::EwsAccount { server, account } => columns("ews account", Some(account), Some(server)),
            Actor::Processor(name) => columns("processor", Some(name), None),
            Actor::CommandLine => columns("command line", None, None),
            Actor::System => columns("system", None, None),
        }
    }
}

impl ActorColumns {
    /// Returns the actor. `table` and `row` name it in the error if it is damaged.
    pub(crate) fn into_actor(self, table: &'static str, row: i64) -> Result<Actor, StoreError> {
        match (self.kind.as_str(), self.name, self.server) {
            ("person", Some(name), _) => Ok(Actor::Person(name)),
            ("ews account", Some(account), Some(server)) => Ok(Actor::EwsAccount { server, account }),
            ("processor", Some(name), _) => Ok(Actor::Processor(name)),
            ("command line", ..) => Ok(Actor::CommandLine),
            ("system", ..) => Ok(Actor::System),
            _ => Err(StoreError::damaged(table, "actor_kind", &row)),
        }
    }
}
