use url::Url;

/// An id that the server rejected, and its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemError {
    pub id: String,
    pub message: String,
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The connection failed. Trying again may help.
    #[error(
        "the EWS server at {url} cannot be reached; check that it runs and that the network allows the connection"
    )]
    Unreachable {
        url: Url,
        #[source]
        source: reqwest::Error,
    },
    /// The certificate of the server is not trusted.
    #[error(
        "the certificate of {url} is not trusted ({fault}); to trust it, name a PEM file with it, or with the \
         certificate of the authority that signed it"
    )]
    Untrusted { url: Url, fault: String },
    /// The trusted certificates cannot be used.
    #[error("the file has no certificate in PEM; its text begins with -----BEGIN CERTIFICATE-----")]
    Certificates,
    #[error("the EWS server rejected the login; check user name and password")]
    Refused,
    /// The server offers no login method that this client supports.
    #[error("the EWS server does not offer HTTP Digest with SHA-256 or MD5")]
    NoDigest,
    /// The address serves something other than EWS.
    #[error("the address returns HTTP status {0} and is not an EWS server; check its path and port")]
    Status(u16),
    /// The server rejected the call with this fault.
    #[error("the EWS server rejected the call: {0}")]
    Fault(String),
    /// The server rejected one item of the call.
    #[error("the EWS server rejected the item {id:?}: {message}")]
    Item { id: String, message: String },
    /// The response violates the contract or is larger than 16 MiB.
    #[error("cannot read the response of the EWS server: {0}")]
    BadResponse(&'static str),
}

impl ClientError {
    /// Returns the error for an item that is missing in a response.
    pub(super) fn item(error: Option<ItemError>) -> Self {
        match error {
            Some(ItemError { id, message }) => Self::Item { id, message },
            None => Self::BadResponse("the item is missing"),
        }
    }

    /// Whether the same call may succeed later without intervention.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Fault(reason) => reason == "TIMEOUT",
            Self::Status(status) => *status == 503,
            _ => false,
        }
    }
}
