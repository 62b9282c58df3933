use url::Url;

use super::answers::ItemError;

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No connection, or none that lasted. Trying again may help.
    #[error("the EWS server at {url} cannot be reached")]
    Unreachable {
        url: Url,
        #[source]
        source: reqwest::Error,
    },
    /// The server did not accept name and password.
    #[error("the EWS server refused the login: wrong user name or password")]
    Refused,
    /// The server asks for a login that this client cannot do.
    #[error("the EWS server offers no login by HTTP Digest with SHA-256 or MD5")]
    NoDigest,
    /// Nothing speaks EWS there.
    #[error("the address answers with HTTP status {0}, not as an EWS server: check its path and port")]
    Status(u16),
    /// The server refused the call, with the contract's word for it.
    #[error("the EWS server refused the call: {0}")]
    Fault(String),
    /// The server refused one item that the call was about.
    #[error("the EWS server refused the item {id:?}: {message}")]
    Item { id: String, message: String },
    /// The answer is not of the contract, or larger than 16 MiB.
    #[error("the EWS server's answer cannot be read: {0}")]
    BadAnswer(&'static str),
}

impl ClientError {
    /// The error for an item that a server left out of its answer.
    pub(super) fn item(error: Option<ItemError>) -> Self {
        match error {
            Some(ItemError { id, message }) => Self::Item { id, message },
            None => Self::BadAnswer("the item is missing"),
        }
    }

    /// Whether the same call may succeed later without anyone's doing.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Fault(reason) => reason == "TIMEOUT",
            Self::Status(status) => *status == 503,
            _ => false,
        }
    }
}
