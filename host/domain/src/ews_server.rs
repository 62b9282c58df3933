/// The database's number of an EWS server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EwsServerId(pub i64);

/// The database's number of an account of an EWS server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub i64);

/// A hash algorithm of HTTP Digest (RFC 7616, section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DigestAlgorithm {
    /// SHA-256.
    Sha256,
    /// MD5, for clients that know nothing else.
    Md5,
}

impl DigestAlgorithm {
    /// The token in an HTTP header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Md5 => "MD5",
        }
    }

    /// The algorithm with this token, in any case.
    pub fn from_token(token: &str) -> Option<Self> {
        [Self::Sha256, Self::Md5].into_iter().find(|it| it.as_str().eq_ignore_ascii_case(token))
    }
}

/// What an EWS account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountRights {
    /// Read items and histories.
    Read,
    /// Also write set points.
    ReadWrite,
}

impl AccountRights {
    /// The word in configuration files and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::ReadWrite => "read-write",
        }
    }

    /// The rights with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Read, Self::ReadWrite].into_iter().find(|rights| rights.as_str() == word)
    }
}

/// An EWS address that this host serves, with its own items and accounts.
///
/// Several servers may share one `listen` address with different paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EwsServer {
    /// Its number.
    pub id: EwsServerId,
    /// Its name, unique on this host; also the name of its root container.
    pub name: String,
    /// Address and port it listens on, such as `127.0.0.1:51358`.
    pub listen: String,
    /// Path of the service, such as `/EcoStruxure/DataExchange`; exact to the letter.
    pub path: String,
    /// Realm of HTTP Digest.
    pub realm: String,
    /// The address clients are told in the WSDL; the accepted connection's when `None`.
    pub public_url: Option<String>,
    /// Items a page of an answer holds at most, 100 or more.
    pub page_size_items: u32,
    /// Digest algorithms offered, in this order; never empty.
    pub digest_order: Vec<DigestAlgorithm>,
}

impl EwsServer {
    /// The path that the vendor's documents name.
    pub const DEFAULT_PATH: &'static str = "/EcoStruxure/DataExchange";
    /// Items on a page when nothing else is set.
    pub const DEFAULT_PAGE_SIZE_ITEMS: u32 = 1_000;
}
