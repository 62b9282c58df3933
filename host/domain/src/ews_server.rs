use strum::{EnumString, IntoStaticStr};

/// Database id of an EWS server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EwsServerId(pub i64);

/// Database id of an account of an EWS server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub i64);

/// A hash algorithm of HTTP Digest (RFC 7616, section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr)]
#[strum(ascii_case_insensitive, const_into_str)]
pub enum DigestAlgorithm {
    #[strum(serialize = "SHA-256")]
    Sha256,
    /// For clients that do not support SHA-256.
    #[strum(serialize = "MD5")]
    Md5,
}

impl DigestAlgorithm {
    /// Returns the token in an HTTP header.
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }
}

/// What an EWS account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "kebab-case", const_into_str)]
pub enum AccountRights {
    /// Read items and histories.
    Read,
    /// Read items and histories, and write set points.
    ReadWrite,
}

impl AccountRights {
    /// Returns the name in configuration files and in the database.
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }
}

/// An EWS address that this host serves, with its own items and accounts.
///
/// Several servers may share one `listen` address with different paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EwsServer {
    pub id: EwsServerId,
    /// Unique on this host; also the name of the root container.
    pub name: String,
    /// Address and port, such as `127.0.0.1:51358`.
    pub listen: String,
    /// Path of the service, such as `/EcoStruxure/DataExchange`; exact to the letter.
    pub path: String,
    /// Realm of HTTP Digest.
    pub realm: String,
    /// The address in the WSDL; the address of the accepted connection when `None`.
    pub public_url: Option<String>,
    /// HTTPS with this certificate; plain HTTP when `None`. Servers with one `listen` address share it.
    pub tls: Option<EwsTls>,
    /// Most items in one page of a response, at least 100.
    pub page_size_items: u32,
    /// Digest algorithms offered, in this order; never empty.
    pub digest_order: Vec<DigestAlgorithm>,
}

/// Absolute paths of the PEM files for HTTPS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EwsTls {
    /// The certificate, followed by the certificates of its issuers.
    pub certificate: String,
    pub key: String,
}

impl EwsServer {
    /// Returns the scheme of its address.
    pub const fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// The path in the vendor's documents.
    pub const DEFAULT_PATH: &'static str = "/EcoStruxure/DataExchange";
    /// Default number of items in one page of a response.
    pub const DEFAULT_PAGE_SIZE_ITEMS: u32 = 1_000;
}
