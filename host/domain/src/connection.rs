/// The database's number of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub i64);

/// Address, credentials and trust settings of one remote system, used by many processor configurations.
///
/// Secrets are not in here: they stay sealed in the store until a worker needs them.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    /// Its number.
    pub id: ConnectionId,
    /// Its name, unique on this host.
    pub name: String,
    /// The kind that a plugin defines, such as `riser.evce/evce`.
    pub kind: String,
    /// The settings that are not secret, as a JSON object by setting key.
    pub settings_json: String,
    /// The keys of the secret settings that are set.
    pub secret_keys: Vec<String>,
    /// Counts up whenever a secret changes; what the connection gate remembers refusals by.
    pub secret_version: i64,
}
