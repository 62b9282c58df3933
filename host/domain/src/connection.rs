/// Database id of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub i64);

/// Address, credentials and trust settings of one remote system, used by many processor configurations.
///
/// It holds no secrets: they stay sealed in the store until a worker needs them.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    pub id: ConnectionId,
    /// Unique on this host.
    pub name: String,
    /// A kind that a plugin offers, such as `riser.evce/evce`.
    pub kind: String,
    /// Settings that are not secret, as a JSON object by setting key.
    pub settings_json: String,
    /// Keys of the secret settings that are set.
    pub secret_keys: Vec<String>,
    /// Rises with every change of a secret. The connection limiter forgets refusals of an older version.
    pub secret_version: i64,
}
